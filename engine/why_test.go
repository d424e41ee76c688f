package engine

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhyNoOutput runs jobs that give nothing, and asks them why.
func TestWhyNoOutput(t *testing.T) {
	join := "SELECT a.ts, a.k, b.v FROM (SELECT * FROM e WHERE v < 100) a JOIN (SELECT * FROM e WHERE v >= 100) b ON a.k = b.k;"
	row := func(ts int64) step { return step{{ts, "a", 1}} }
	for name, c := range map[string]struct {
		feed    feed
		options string
		query   string
		breaks  func(*setting)
		node    string // of the first reason
		codes   []string
		params  map[string]string // some of the first reason's
	}{
		"nothing there": {feed: feed{splits: map[string][]step{"0": nil}}, query: windows, node: "Scan", codes: []string{WhyNoRecords}, params: map[string]string{"table": "e"}},
		"a filter": {
			feed: feed{splits: map[string][]step{"0": {row(1)}}}, query: "SELECT ts, k, v FROM e WHERE v > 5;", node: "Filter", codes: []string{WhyFilter},
			params: map[string]string{"rows": "1"},
		},
		"the first window is open": {
			feed: feed{splits: map[string][]step{"0": {row(1_000), row(9_000)}}}, query: windows, node: "WindowAggregate", codes: []string{WhyWatermark},
			params: map[string]string{"waits_for": "1970-01-01T00:00:09.999Z", "watermark": "1970-01-01T00:00:09.000Z", "split": "0", "because": HoldsQuiet},
		},
		"a split without records": {
			feed: feed{splits: map[string][]step{"0": {row(1_000), row(30_000)}, "1": nil}}, query: windows, node: "WindowAggregate", codes: []string{WhyNoWatermark},
			params: map[string]string{"split": "1", "because": HoldsUnread},
		},
		"one side of a join": {
			feed: feed{splits: map[string][]step{"0": {row(1)}}}, query: join, node: "Join", codes: []string{WhyJoinSide, WhyFilter}, params: map[string]string{"side": "right"},
		},
		"no match": {
			feed: feed{splits: map[string][]step{"0": {{{1, "a", 1}, {2, "b", 100}}}}}, query: join, node: "Join", codes: []string{WhyJoinNone}, params: map[string]string{"rows": "2"},
		},
		"the sink blocks": {
			feed: feed{splits: map[string][]step{"0": {row(1)}}}, query: "SELECT ts, k, v FROM e;", node: "Sink", codes: []string{WhySink}, params: map[string]string{"table": "o"},
			breaks: func(s *setting) {
				s.spec.Settings.Checkpoint = 0 // one would wait for the sink
				s.ledger.writing = func(ctx context.Context) error { return pause(ctx, time.Hour) }
			},
		},
		"it breaks": {
			feed: feed{splits: map[string][]step{"0": {row(1)}}}, query: "SELECT ts, k, v FROM e;", codes: []string{WhyRestarting}, params: map[string]string{"error": "the sink is away"},
			breaks: func(s *setting) {
				s.ledger.writing = func(context.Context) error { return errors.New("the sink is away") }
			},
		},
		"there is output": {feed: feed{splits: map[string][]step{"0": {row(1)}}}, query: "SELECT ts, k, v FROM e;", codes: []string{WhyNoNew}, node: "Scan"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := c.feed
				f.lag = func(string, int) int64 { return 0 }
				s := setUp(t, &f, ", 'follow' = 'true'"+c.options, windowColumns, c.query)
				s.spec.Settings.Checkpoint = 100 * time.Millisecond
				if c.breaks != nil {
					c.breaks(s)
				}
				live(t, s, 20*time.Second, func(j *Job) {
					p := j.Plan()
					var codes []string
					for _, r := range p.Why {
						codes = append(codes, r.Code)
					}
					if !slices.Equal(codes, c.codes) {
						t.Fatalf("the reasons are %+v, want %v; the plan is\n%s%+v", p.Why, c.codes, p.Text, p.Nodes)
					}
					first := p.Why[0]
					for name, want := range c.params {
						if first.Params[name] != want {
							t.Errorf("%s is %q, want %q; %s", name, first.Params[name], want, first.Text)
						}
					}
					if c.node != "" && p.Nodes[first.Node].Kind != c.node {
						t.Errorf("it is said of node %d of\n%s", first.Node, p.Text)
					}
				})
			})
		})
	}
}

// TestWhyByFigures asks figures as jobs have them that are hard to bring about.
func TestWhyByFigures(t *testing.T) {
	node := func(kind string, in, out int64) NodeStatus {
		return NodeStatus{Kind: kind, Text: kind + " x", Table: "t", RecordsIn: in, RecordsOut: out, Measured: true}
	}
	chain := func(nodes ...NodeStatus) []NodeStatus {
		for i := range nodes {
			nodes[i].ID, nodes[i].To = i, i-1
		}
		return nodes
	}
	f := func(want string, p PlanStatus) {
		t.Helper()
		if p.State == "" {
			p.State = Running
		}
		got := p.why()
		if len(got) != 1 || got[0].Code != want || got[0].Text == "" {
			t.Errorf("the reasons are %+v, want %s", got, want)
		}
	}
	f(WhyState, PlanStatus{Status: Status{State: Paused}})
	f(WhyFailed, PlanStatus{Status: Status{State: Failed, Error: "it is wrong"}})
	f(WhyRefused, PlanStatus{
		Status: Status{Splits: []SplitStatus{{Node: 1, Refused: 3}}}, Refusal: "e/0@7: field v: no number",
		Nodes: chain(node("Sink", 0, 0), node("Scan", 0, 0)),
	})
	f(WhyNotRead, PlanStatus{Status: Status{Splits: []SplitStatus{{Node: 1, Lag: 3}}}, Nodes: chain(node("Sink", 0, 0), node("Scan", 0, 0))})
	late := node("WindowAggregate", 4, 0)
	late.Late, late.timed = 4, true
	f(WhyLate, PlanStatus{Nodes: chain(node("Sink", 0, 0), late, node("Scan", 4, 4))})
	null := node("Sink", 4, 0)
	null.Dropped = 4
	f(WhyNotNull, PlanStatus{Nodes: chain(null, node("Scan", 4, 4))})
	f(WhyUncommitted, PlanStatus{Status: Status{RecordsOut: 4}, ExactlyOnce: true, Every: 60_000, Nodes: chain(node("Sink", 4, 4), node("Scan", 4, 4))})
	f(WhyCheckpoint, PlanStatus{Checkpoints: []CheckpointStatus{{Epoch: 2, Error: "the disk is full"}}, Nodes: chain(node("Sink", 4, 4), node("Scan", 4, 4))})
	f(WhyHeld, PlanStatus{Nodes: chain(node("Sink", 0, 0), node("Limit", 4, 0), node("Scan", 4, 4))})
	f(WhyFlows, PlanStatus{Status: Status{RecordsOut: 4}, Nodes: chain(node("Sink", 4, 4), node("Scan", 4, 4))})
}

// TestWhatHoldsTheWatermark says it of each split that has the lowest one.
func TestWhatHoldsTheWatermark(t *testing.T) {
	now := time.Now().UnixMilli()
	f := func(want string, low int64, splits ...SplitStatus) {
		t.Helper()
		for i := range splits {
			splits[i].Timed = true
		}
		if got := holders(splits); got != low {
			t.Errorf("the watermark is %d, want %d", got, low)
		}
		for i, s := range splits {
			if s.Holds != (i == 0 && want != "") || s.Holds && s.Because != want {
				t.Errorf("split %d holds: %v, because %q; want the first, because %q", i, s.Holds, s.Because, want)
			}
		}
	}
	f(HoldsUnread, startWatermark, SplitStatus{watermark: startWatermark}, SplitStatus{watermark: 5})
	f(HoldsLag, 3, SplitStatus{watermark: 3, Lag: 1}, SplitStatus{watermark: 5})
	f(HoldsQuiet, 3, SplitStatus{watermark: 3}, SplitStatus{watermark: 5})
	f(HoldsAligned, 3, SplitStatus{watermark: 3, Waiting: true, Lag: 1}, SplitStatus{watermark: 5})
	f(HoldsTime, 3, SplitStatus{watermark: 3, newest: now}, SplitStatus{watermark: 5})
	f(HoldsNewest, 5, SplitStatus{watermark: 5, newest: now}, SplitStatus{watermark: 3, Idle: true})
	f("", 5, SplitStatus{watermark: 5, Idle: true}, SplitStatus{watermark: 3, Done: true})
}
