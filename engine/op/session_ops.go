package op

import (
	"sync/atomic"
	"time"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// sessionClock tells the time of rows in sessions and which have ended.
type sessionClock struct {
	window  plan.Window
	wall    wall
	byClock bool
	call    *function.Call
	reached int64 // the watermark, or the clock's time - 1
	late    *atomic.Int64
	times   []int64
}

func newSessionClock(w plan.Window, in *schema.Schema, zone *time.Location, call *function.Call, late *atomic.Int64) sessionClock {
	f := in.Fields[w.Time]
	return sessionClock{window: w, wall: newWall(f.Type, zone), byClock: f.Time == schema.ProcTime, call: call, reached: minWatermark, late: late}
}

// read reads the times of rows as the wall shows them.
func (c *sessionClock) read(b *vec.Batch, rows vec.Rows) error {
	c.times = c.times[:0]
	now := int64(0)
	if c.byClock {
		// A clock that was put back does not open again what has ended.
		now = c.wall.local(max(c.call.Now.UnixMilli(), c.reached+1))
	}
	times := &b.Cols[c.window.Time]
	for k := range rows.Len() {
		if c.byClock {
			c.times = append(c.times, now)
			continue
		}
		i := rows.At(k)
		if times.IsNull(i) {
			return noTime()
		}
		c.times = append(c.times, c.wall.local(times.I64[i]))
	}
	return nil
}

// SessionAggregate aggregates by key and by session: windows of rows that follow each other within a gap. It
// emits a session once the watermark, or the clock, has reached its end. A row that belongs to a session that was
// emitted, and to none that is open, is late.
//
// State grows with the keys that have open sessions.
type SessionAggregate struct {
	node *plan.WindowAggregate
	sessionClock
	sessions *sessions
	out      vec.Batch
}

// NewSessionAggregate returns the operator. Late rows are added to late; zone is the session's, and call tells the time.
func NewSessionAggregate(n *plan.WindowAggregate, h vec.Hasher, zone *time.Location, call *function.Call, late *atomic.Int64) *SessionAggregate {
	s := &SessionAggregate{
		node: n, sessionClock: newSessionClock(n.Window, n.Input.Out(), zone, call, late),
		out: vec.Batch{Schema: n.Schema, Cols: make([]vec.Column, n.Schema.Len())},
	}
	s.sessions = newSessions(h, n.Window, s.wall, keyTypes(n), n.Aggs, n.Changing())
	return s
}

// Process implements Operator.
func (s *SessionAggregate) Process(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	if err := s.read(b, rows); err != nil {
		return err
	}
	late, err := s.sessions.add(b, s.node.Keys, rows, s.times, s.reached, s.node.Changing())
	s.late.Add(late)
	return err
}

// Advance implements Advancer: it emits the sessions that end by the watermark, earliest first.
func (s *SessionAggregate) Advance(watermark int64, out Out) error {
	if s.byClock {
		return nil
	}
	return s.reach(watermark, out)
}

// Tick implements Clocked: it emits the sessions of processing time that have ended.
func (s *SessionAggregate) Tick(now time.Time, out Out) error {
	if !s.byClock {
		return nil
	}
	return s.reach(now.UnixMilli()-1, out)
}

func (s *SessionAggregate) reach(time int64, out Out) error {
	s.reached = max(s.reached, time)
	t := s.sessions
	ended := t.ended(s.reached)
	var some []int32
	for _, at := range ended {
		if t.rows[at] > 0 {
			some = append(some, at)
		}
	}
	for from := 0; from < len(some); from += vec.MaxRows {
		if err := s.emit(some[from:min(from+vec.MaxRows, len(some))], out); err != nil {
			return err
		}
	}
	t.shut(ended)
	return nil
}

func (s *SessionAggregate) emit(part []int32, out Out) error {
	t := s.sessions
	keys := make([]int32, len(part))
	for i, at := range part {
		keys[i] = t.key[at]
	}
	s.out.N = len(part)
	for c := range t.keys.Keys {
		gather(&s.out.Cols[c], &t.keys.Keys[c], keys)
	}
	first := len(s.node.Keys)
	for a := range s.node.Aggs {
		if err := t.acc.finish(a, vec.Rows{N: len(t.key), Sel: part}, &s.out.Cols[first+a]); err != nil {
			return err
		}
	}
	first += len(s.node.Aggs)
	for i, c := range s.node.WindowCols {
		col := &s.out.Cols[first+i]
		col.Reset(s.node.Schema.Fields[first+i].Type, len(part))
		for k, at := range part {
			col.I64[k] = [...]int64{plan.WindowStart: t.start[at], plan.WindowEnd: t.end[at], plan.WindowTime: s.wall.windowTime(t.end[at])}[c]
		}
	}
	return out.Emit(&s.out)
}

// Groups is how many sessions are open.
func (s *SessionAggregate) Groups() int { return s.sessions.count }

// Snapshot implements Stateful.
func (s *SessionAggregate) Snapshot(w *state.Writer) error {
	w.Int(s.reached)
	s.sessions.snapshot(w)
	return nil
}

// Restore implements Stateful.
func (s *SessionAggregate) Restore(r *state.Reader, share Share) error {
	s.reached = max(s.reached, r.Int())
	return s.sessions.restore(r, share)
}

// SessionAssign adds to every row the window columns of its session, once that has ended (the SESSION function without
// an aggregation behind it). Rows of any kind go through as they are.
type SessionAssign struct {
	node *plan.WindowTVF
	sessionClock
	sessions *sessions
	in       vec.Batch // with the kinds as a column
	out      *vec.Builder
}

// NewSessionAssign returns the operator. Late rows are added to late; zone is the session's, and call tells the time.
func NewSessionAssign(n *plan.WindowTVF, h vec.Hasher, zone *time.Location, call *function.Call, late *atomic.Int64) *SessionAssign {
	in := n.Input.Out()
	s := &SessionAssign{node: n, sessionClock: newSessionClock(n.Window, in, zone, call, late), out: vec.NewBuilder(n.Schema)}
	all := plan.Agg{Filter: -1, Overload: &function.AggregateOverload{Keep: &function.Keep{Nulls: true}}}
	for c, f := range in.Fields {
		all.Args, all.Overload.Args = append(all.Args, c), append(all.Overload.Args, f.Type)
	}
	all.Args, all.Overload.Args = append(all.Args, in.Len()), append(all.Overload.Args, schema.Of(schema.TinyInt).Required())
	var keys []schema.Type
	for _, p := range n.Window.Partition {
		keys = append(keys, in.Fields[p].Type)
	}
	s.sessions = newSessions(h, n.Window, s.wall, keys, []plan.Agg{all}, false)
	return s
}

// Process implements Operator.
func (s *SessionAssign) Process(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	if err := s.read(b, rows); err != nil {
		return err
	}
	width := len(b.Cols)
	kinds := vec.Column{}
	if len(s.in.Cols) > width {
		kinds = s.in.Cols[width]
	}
	kinds.Reset(schema.Of(schema.TinyInt).Required(), b.N)
	for i := range b.N {
		kinds.I8[i] = int8(b.Kind(i))
	}
	s.in = vec.Batch{Cols: append(append(s.in.Cols[:0], b.Cols...), kinds), N: b.N, Sel: b.Sel}
	late, err := s.sessions.add(&s.in, s.node.Window.Partition, rows, s.times, s.reached, false)
	s.late.Add(late)
	return err
}

// Advance implements Advancer: it emits the rows of the sessions that end by the watermark, earliest first.
func (s *SessionAssign) Advance(watermark int64, out Out) error {
	if s.byClock {
		return nil
	}
	return s.reach(watermark, out)
}

// Tick implements Clocked: it emits the rows of the sessions of processing time that have ended.
func (s *SessionAssign) Tick(now time.Time, out Out) error {
	if !s.byClock {
		return nil
	}
	return s.reach(now.UnixMilli()-1, out)
}

func (s *SessionAssign) reach(time int64, out Out) error {
	s.reached = max(s.reached, time)
	t := s.sessions
	ended := t.ended(s.reached)
	rows := t.acc.folds[0].kept
	width := len(rows.cols) - 1
	for _, at := range ended {
		for e := rows.first[at]; e >= 0; e = rows.next[e] {
			if s.out.Full() {
				if err := drain(s.out, out); err != nil {
					return err
				}
			}
			for c := range width {
				s.out.CopyValue(c, &rows.cols[c], int(e))
			}
			s.out.SetInt(width, t.start[at])
			s.out.SetInt(width+1, t.end[at])
			s.out.SetInt(width+2, s.wall.windowTime(t.end[at]))
			s.out.EndRow(vec.RowKind(rows.cols[width].I8[e]))
		}
	}
	t.shut(ended)
	return drain(s.out, out)
}

// Snapshot implements Stateful.
func (s *SessionAssign) Snapshot(w *state.Writer) error {
	w.Int(s.reached)
	s.sessions.snapshot(w)
	return nil
}

// Restore implements Stateful.
func (s *SessionAssign) Restore(r *state.Reader, share Share) error {
	s.reached = max(s.reached, r.Int())
	return s.sessions.restore(r, share)
}
