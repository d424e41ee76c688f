package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"millrace/api"
	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/option"
	"millrace/telemetry"
)

// counter is a collector that counts from its position on; every tenth number is refused. It breaks now and then,
// before and after its batches are committed.
type counter struct {
	topic  string
	upto   int
	breaks *atomic.Int64
}

func (c *counter) Collect(ctx context.Context, site connector.Site) error {
	text, err := site.Position(ctx)
	if err != nil {
		return err
	}
	next, _ := strconv.Atoi(string(text))
	for next < c.upto {
		var b connector.Batch
		for range 7 {
			value := []byte(strconv.Itoa(next))
			if next++; next%10 == 0 {
				b.Refused = append(b.Refused, connector.Unread{Record: connector.Record{Value: value}, Reason: errors.New("every tenth")})
				continue
			}
			b.Records = append(b.Records, connector.Record{Value: value})
		}
		b.Position = strconv.AppendInt(nil, int64(next), 10)
		broken := c.breaks.Add(1)
		if broken%5 == 0 {
			return errors.New("broken before the commit")
		}
		if err := site.AppendAt(ctx, c.topic, b); err != nil {
			return err
		}
		if broken%7 == 0 {
			return errors.New("broken behind the commit")
		}
	}
	<-ctx.Done()
	return nil
}

// runSources is what a node has of sources; stop ends it, as a restart would.
func runSources(t *testing.T, b *bus.Bus, specs ...connector.Spec) (s *sources, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	table, err := b.OpenTable(ctx, objectTopic, 0)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w := newWork(b, true, log)
	events := &arrivals{counts: telemetry.NewMetrics("test").Counter("node", "source_records_total", "", "source"), last: map[string]time.Time{}}
	s = newSources(b, table, w, specs, events, "here", log)
	s.partitions, s.elsewhere = 1, (&replicas{}).source
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{table.Run, w.run, s.run} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	return s, func() { cancel(); running.Wait() }
}

func counting(breaks *atomic.Int64) connector.Spec {
	return connector.Spec{
		Name:    "counter",
		Options: []option.Option{{Name: "topic", Required: true}, {Name: "upto", Kind: option.Int, Default: "100"}},
		Collect: func(v option.Values) (connector.Collector, error) {
			return &counter{v.String("topic"), int(v.Int("upto")), breaks}, nil
		},
	}
}

func values(t *testing.T, b *bus.Bus, topic string) map[string]int {
	t.Helper()
	got := map[string]int{}
	err := b.Each(t.Context(), topic, nil, func(r bus.Record) error { got[string(r.Value)]++; return nil })
	if err != nil && !errors.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	return got
}

// TestSourcesCollectOnce breaks a source before and behind its commits, pauses it and restarts the node: each
// record comes once, each refused one is one dead letter.
func TestSourcesCollectOnce(t *testing.T) {
	b, breaks, ctx := openTestBus(t), &atomic.Int64{}, t.Context()
	s, stop := runSources(t, b, counting(breaks))
	draft := api.SourceDraft{Name: "numbers", Connector: "counter", Options: option.Values{"topic": "n", "upto": "35"}}
	if err := s.Apply(ctx, draft); err != nil {
		t.Fatal(err)
	}
	until(t, "a part of the numbers", func() bool { return len(values(t, b, "n")) > 5 })
	if err := s.Pause(ctx, "numbers"); err != nil {
		t.Fatal(err)
	}
	stop()

	s, stop = runSources(t, b, counting(breaks))
	defer func() { stop() }()
	until(t, "the paused source after a restart", func() bool {
		list, _ := s.List(ctx)
		return len(list) == 1 && list[0].State == "paused"
	})
	if err := s.Resume(ctx, "numbers"); err != nil {
		t.Fatal(err)
	}
	until(t, "all numbers", func() bool { return len(values(t, b, "n")) == 32 && len(values(t, b, "n.dead")) == 3 })
	for topic := range map[string]bool{"n": true, "n.dead": true} {
		for v, times := range values(t, b, topic) {
			if times != 1 {
				t.Errorf("%s is %d times in %s", v, times, topic)
			}
		}
	}
	if err := s.Drop(ctx, "numbers"); err != nil {
		t.Fatal(err)
	}
	if err := s.Pause(ctx, "numbers"); !errors.Is(err, fault.NotFound) {
		t.Errorf("pause what was dropped: %v", err)
	}
	// Dropped and made anew, it begins at the beginning.
	if err := s.Apply(ctx, draft); err != nil {
		t.Fatal(err)
	}
	until(t, "the numbers again", func() bool { return values(t, b, "n")["0"] == 2 })
}

func TestSourcesRefuseWhatCannotRun(t *testing.T) {
	s, stop := runSources(t, openTestBus(t), counting(&atomic.Int64{}))
	defer stop()
	if err := s.configure([]sourceEntry{{Name: "fixed", Connector: "counter", Options: option.Values{"topic": "f"}}}); err != nil {
		t.Fatal(err)
	}
	for want, d := range map[string]api.SourceDraft{
		"name":          {Name: "../x", Connector: "counter", Options: option.Values{"topic": "t"}},
		"countr":        {Name: "x", Connector: "countr"},
		"topic":         {Name: "x", Connector: "counter"},
		"configuration": {Name: "fixed", Connector: "counter", Options: option.Values{"topic": "t"}},
	} {
		if err := s.Apply(t.Context(), d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if err := s.Drop(t.Context(), "fixed"); !errors.Is(err, fault.Conflict) {
		t.Errorf("drop a source of the configuration: %v", err)
	}
}

func TestPreviewLeavesNothing(t *testing.T) {
	b := openTestBus(t)
	s, stop := runSources(t, b, counting(&atomic.Int64{}))
	defer stop()
	p, err := s.Preview(t.Context(), api.SourceDraft{Connector: "counter", Options: option.Values{"topic": "p"}}, 14)
	if err != nil || len(p.Records)+len(p.Refused) != 14 || len(p.Refused) != 1 {
		t.Fatalf("%d records, %d refused, %v", len(p.Records), len(p.Refused), err)
	}
	if got := values(t, b, "p"); len(got) > 0 {
		t.Errorf("the preview wrote %v", got)
	}
}

// TestReplayOfDeadLetters sends dead letters again: all that are pending once, named ones whenever asked.
func TestReplayOfDeadLetters(t *testing.T) {
	b, ctx := openTestBus(t), t.Context()
	if _, err := b.Ensure(ctx, "in", 2, nil); err != nil {
		t.Fatal(err)
	}
	send := func(from, upto int) {
		t.Helper()
		var recs []bus.Record
		for i := from; i < upto; i++ {
			r := deadLetter("test", "in", int32(i%2), int64(i), fmt.Append(nil, i), fmt.Errorf("reason %d", i%3))
			recs = append(recs, r)
		}
		if err := b.Append(ctx, recs); err != nil {
			t.Fatal(err)
		}
	}
	send(0, 2500)
	d := deadLetters{b, &pipelines{}}
	topics, err := d.Topics(ctx)
	if err != nil || len(topics) != 1 || topics[0].Pending != 2500 || topics[0].Origin != "in" || len(topics[0].Reasons) != 3 {
		t.Fatalf("%+v, %v", topics, err)
	}
	if r, err := d.Replay(ctx, "in.dead", api.Replay{All: true, DryRun: true}); err != nil || r.Replayed != 2500 || len(values(t, b, "in")) > 0 {
		t.Errorf("dry run: %+v, %v", r, err)
	}
	for _, want := range []int64{2500, 0} {
		if r, err := d.Replay(ctx, "in.dead", api.Replay{All: true}); err != nil || r.Replayed != want {
			t.Errorf("replay: %+v, %v; want %d", r, err, want)
		}
	}
	send(2500, 2503)
	if r, err := d.Replay(ctx, "in.dead", api.Replay{All: true}); err != nil || r.Replayed != 3 {
		t.Errorf("replay of what came since: %+v, %v", r, err)
	}
	got := values(t, b, "in")
	for i := range 2503 {
		if n := got[strconv.Itoa(i)]; n != 1 {
			t.Errorf("%d was sent %d times", i, n)
		}
	}

	// Page by page, each once, the newest first; then one of them by name.
	seen, next := 0, ""
	var last api.DeadLetter
	for {
		list, more, err := d.Records(ctx, "in.dead", next, 700)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(list)
		last = list[len(list)-1]
		if !last.Replayed {
			t.Error("a replayed letter is not marked")
		}
		if next = more; more == "" {
			break
		}
	}
	if seen != 2503 {
		t.Errorf("%d letters on all pages", seen)
	}
	named := api.Replay{Records: []api.RecordAt{{Partition: last.Partition, Offset: last.Offset}, {Partition: 0, Offset: 1 << 40}}}
	if r, err := d.Replay(ctx, "in.dead", named); err != nil || r.Replayed != 1 || r.Skipped != 1 {
		t.Errorf("replay by name: %+v, %v", r, err)
	}
	if n := values(t, b, "in")[string(last.Value)]; n != 2 {
		t.Errorf("it was sent %d times", n)
	}
	if _, _, err := d.Records(ctx, "in.dead", "0-x", 1); !errors.Is(err, fault.Invalid) {
		t.Errorf("a position that is none: %v", err)
	}
}
