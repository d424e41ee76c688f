package engine

import (
	"strconv"
	"strings"
	"time"
)

// Why a job gives no output, in words. The question is put to its figures: where do rows still come in, and nothing
// goes out?

// Reason is one answer to "why is there no output?".
type Reason struct {
	// Code says what it is, Params what the text in another language needs; Text is the same in English, Hint what
	// to do about it.
	Code   string            `json:"code"`
	Params map[string]string `json:"params"`
	Text   string            `json:"text"`
	Hint   string            `json:"hint,omitempty"`
	// Node is where in the plan; -1: nowhere in particular.
	Node int `json:"node"`
}

// The codes of reasons.
const (
	WhyFlows       = "flows"        // there is output
	WhyState       = "state"        // the job does not run, and nobody said that it broke
	WhyFailed      = "failed"       // it has ended for good
	WhyRestarting  = "restarting"   // it breaks again and again
	WhyNoRecords   = "no_records"   // nothing has been read yet, and nothing waits
	WhyNoNew       = "no_new"       // there was output, and nothing new to read since
	WhyNotRead     = "not_read"     // records wait, and none has been read
	WhyRefused     = "refused"      // all records went to the dead letters
	WhyFilter      = "filter"       // no row passes a condition
	WhyLate        = "late"         // all rows are behind the watermark
	WhyNoWatermark = "no_watermark" // a split has none yet
	WhyWatermark   = "watermark"    // it has not passed what is waited for
	WhyJoinSide    = "join_side"    // nothing came to one side of a join
	WhyJoinNone    = "join_none"    // no rows match
	WhyNotNull     = "not_null"     // the sink's NOT NULL lets no row through
	WhySink        = "sink_blocked" // the sink takes nothing
	WhyUncommitted = "uncommitted"  // what is written is seen with the next checkpoint
	WhyCheckpoint  = "checkpoint"   // the last checkpoint failed
	WhyHeld        = "held"         // a step has rows, and gives none yet
)

// why answers for the whole job: each sink that gives nothing has a reason. It begins with what most likely is it.
func (p *PlanStatus) why() []Reason {
	if r, ok := p.whyState(); ok {
		return []Reason{r}
	}
	var out []Reason
	flows := false
	for i := range p.Nodes {
		if p.Nodes[i].To >= 0 {
			continue
		}
		r := p.whySink(i)
		flows = flows || len(r) == 0
		out = append(out, r...)
	}
	if r, ok := p.whyUnseen(); ok {
		return append([]Reason{r}, out...)
	}
	if len(out) == 0 && flows {
		return []Reason{reason(WhyFlows, -1, "rows", text(p.RecordsOut))}
	}
	return unique(out)
}

func unique(list []Reason) []Reason {
	seen := map[string]bool{}
	out := list[:0]
	for _, r := range list {
		if !seen[r.Code+r.Text] {
			seen[r.Code+r.Text] = true
			out = append(out, r)
		}
	}
	return out
}

// whyState is about a job that does not run.
func (p *PlanStatus) whyState() (Reason, bool) {
	switch p.State {
	case Running, Finished:
		return Reason{}, false
	case Failed:
		return reason(WhyFailed, -1, "error", p.Error).hint(p.Hint), true
	case Restarting:
		return reason(WhyRestarting, -1, "error", p.Error, "restarts", text(p.Restarts)).hint(p.Hint), true
	}
	if p.Broke != "" && p.State == Starting {
		return reason(WhyRestarting, -1, "error", p.Broke, "restarts", text(p.Restarts)), true
	}
	return reason(WhyState, -1, "state", string(p.State)), true
}

// whyUnseen is about rows that are written and that nobody can see yet.
func (p *PlanStatus) whyUnseen() (Reason, bool) {
	if len(p.Checkpoints) > 0 && p.Checkpoints[0].Error != "" {
		return reason(WhyCheckpoint, -1, "epoch", text(p.Checkpoints[0].Epoch), "error", p.Checkpoints[0].Error), true
	}
	if !p.ExactlyOnce || p.RecordsOut == 0 || p.Checkpoint.Epoch > 0 {
		return Reason{}, false
	}
	return reason(WhyUncommitted, -1, "rows", text(p.RecordsOut), "every", duration(time.Duration(p.Every)*time.Millisecond)), true
}

// whySink says why a sink gets nothing; no reason: it does.
func (p *PlanStatus) whySink(sink int) []Reason {
	n := &p.Nodes[sink]
	all := n.RecordsOut == 0 // since it was started; else the last seconds are asked about
	switch {
	case n.stalled > highBackpressure && (all || n.recentOut == 0):
		return []Reason{reason(WhySink, sink, "table", n.Table, "share", percent(n.stalled))}
	case !all && (n.recentOut > 0 || p.Over == 0):
		return nil
	}
	in, _ := n.came(all)
	if in > 0 && n.Dropped > 0 {
		return []Reason{reason(WhyNotNull, sink, "table", n.Table, "rows", text(n.Dropped))}
	}
	return p.whyBelow(sink, all)
}

// came is what came to a node and what it gave, since the start or in the last seconds.
func (n *NodeStatus) came(all bool) (in, out int64) {
	if all {
		return n.RecordsIn, n.RecordsOut
	}
	return n.recentIn, n.recentOut
}

// whyBelow follows the plan down from a node that gets nothing, to the nodes where rows end.
func (p *PlanStatus) whyBelow(at int, all bool) (out []Reason) {
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if n.To != at || !n.Measured {
			continue
		}
		if in, _ := n.came(all); in > 0 {
			out = append(out, p.whyNode(n, all)...)
			continue
		}
		if n.Kind == "Scan" || n.Kind == "Values" {
			out = append(out, p.whyScan(n, all))
			continue
		}
		out = append(out, p.whyBelow(i, all)...)
	}
	return out
}

// whyScan is about a table of which nothing is read.
func (p *PlanStatus) whyScan(n *NodeStatus, all bool) Reason {
	refused, waits, read := int64(0), int64(0), int64(0)
	for _, s := range p.Splits {
		if s.Node == n.ID {
			refused, waits, read = refused+s.Refused, waits+max(0, s.Lag), read+s.Records
		}
	}
	switch {
	case refused > 0 && read == 0:
		return reason(WhyRefused, n.ID, "table", n.Table, "records", text(refused), "error", p.Refusal)
	case waits > 0:
		return reason(WhyNotRead, n.ID, "table", n.Table, "records", text(waits))
	case !all && read > 0:
		return reason(WhyNoNew, n.ID, "table", n.Table)
	}
	r := reason(WhyNoRecords, n.ID, "table", n.Table)
	if n.latest {
		return r.hint("the table begins at the newest record: send some, or set 'scan.startup.mode' = 'earliest-offset'")
	}
	return r
}

// whyNode is about a node to which rows come and that gives none.
func (p *PlanStatus) whyNode(n *NodeStatus, all bool) []Reason {
	in, _ := n.came(all)
	if n.Late > 0 && (n.Late >= n.RecordsIn || !all && n.recentIn > 0 && n.Late >= n.recentIn && n.Keys == 0) {
		return []Reason{reason(WhyLate, n.ID, "step", n.Kind, "rows", text(n.Late), "watermark", n.Watermark)}
	}
	if len(n.PortsIn) == 2 {
		if r := p.whyJoin(n, all); len(r) > 0 {
			return r
		}
	}
	if n.timed {
		if r, ok := p.whyWatermark(n); ok {
			return []Reason{r}
		}
	}
	switch n.Kind {
	case "Filter":
		return []Reason{reason(WhyFilter, n.ID, "condition", strings.TrimPrefix(n.Text, "Filter "), "rows", text(in))}
	case "Join":
		if n.inner {
			return []Reason{reason(WhyJoinNone, n.ID, "rows", text(in))}
		}
	}
	return []Reason{reason(WhyHeld, n.ID, "step", n.Kind, "rows", text(in))}
}

// whyJoin is about a join to one side of which nothing came.
func (p *PlanStatus) whyJoin(n *NodeStatus, all bool) (out []Reason) {
	if n.Kind == "Join" && !n.inner && !n.timed {
		return nil
	}
	for side := range 2 {
		if n.PortsIn[side] > 0 {
			continue
		}
		out = append(out, reason(WhyJoinSide, n.ID, "side", [2]string{"left", "right"}[side], "rows", text(n.PortsIn[1-side])))
		for i := range p.Nodes {
			if in := &p.Nodes[i]; in.To == n.ID && in.Port == side {
				if c, _ := in.came(all); c == 0 && in.Kind == "Scan" {
					out = append(out, p.whyScan(in, all))
				} else if c == 0 {
					out = append(out, p.whyBelow(i, all)...)
				} else {
					out = append(out, p.whyNode(in, all)...)
				}
			}
		}
	}
	return out
}

// whyWatermark is about a node that waits for event time.
func (p *PlanStatus) whyWatermark(n *NodeStatus) (Reason, bool) {
	var held []*SplitStatus
	timed := false
	for i := range p.Splits {
		s := &p.Splits[i]
		timed = timed || s.Timed
		if s.Holds && p.below(s.Node, n.ID) {
			held = append(held, s)
		}
	}
	if !timed {
		return Reason{}, false
	}
	params := []string{"step", n.Kind, "watermark", n.Watermark, "waits_for", n.WaitsFor}
	code := WhyWatermark
	if len(held) > 0 {
		s := held[0]
		params = append(params, "split", s.Split, "because", s.Because, "others", text(int64(len(held)-1)))
		if s.Watermark == "" {
			code = WhyNoWatermark
		}
	} else {
		params = append(params, "split", "", "because", "", "others", "0")
	}
	r := reason(code, n.ID, params...)
	if len(held) > 0 && held[0].IdleTimeout == 0 && (held[0].Because == HoldsUnread || held[0].Because == HoldsQuiet) {
		return r.hint("SET 'table.exec.source.idle-timeout' = '10 s' lets the watermark go on without splits that are silent"), true
	}
	return r, true
}

// below says whether a node's rows go to another.
func (p *PlanStatus) below(at, node int) bool {
	for at >= 0 {
		if at == node {
			return true
		}
		at = p.Nodes[at].To
	}
	return false
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

func percent(share float64) string { return strconv.Itoa(int(share*100+0.5)) + " %" }

// duration is for people: "1.5s", "3m0s".
func duration(d time.Duration) string { return d.Round(time.Millisecond).String() }
