package op

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"millrace/fault"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// maxLinks bounds the rows of all partial matches of a task, each counted as often as it is part of one.
const maxLinks = 8 << 20

// Match finds the runs of rows that a pattern fits (MATCH_RECOGNIZE), key by key. By event time rows are looked at
// in order when the watermark has passed them, those that it had passed before they came are dropped and counted; by
// processing time as they come.
//
// State: the rows that wait for the watermark, and the partial matches with their rows.
type Match struct {
	node    *plan.Match
	by      ordering
	byClock bool
	late    *atomic.Int64
	call    *function.Call

	rows   *RowTable // Mark is the place of a row in the order of its key's, -1 while it waits
	refs   []int32   // by row: links that hold it, and one while it waits or is at hand
	keys   []matchKey
	due    schedule[int32] // keys by the time of what comes next for them
	match  *matcher
	values []matchValue // of the output, behind the keys
	steps  []matchStep

	watermark int64
	numbered  int64 // rows looked at so far
	table     vec.Batch
	into      []int32 // zeros: the only group of an aggregate
	list      []int32
	touched   []int32 // keys of the batch at hand
	out       *vec.Builder
	sink      Out   // for the time of a call
	now       int64 // the time of the row at hand
}

// matchKey is what is known of one key.
type matchKey struct {
	search
	waiting []int32 // rows in order
}

// NewMatch returns the operator. Late rows are added to late; call tells the time.
func NewMatch(n *plan.Match, h vec.Hasher, call *function.Call, late *atomic.Int64) (*Match, error) {
	o := &Match{
		node: n, by: ordering(n.Order), byClock: n.Time == schema.ProcTime && !n.AtEnd, late: late, call: call,
		rows: NewRowTable(h, typesOf(n.Input.Out()), n.Keys), match: newMatcher(n), watermark: minWatermark, out: vec.NewBuilder(n.Schema),
		into: make([]int32, vec.MaxRows),
	}
	o.match.fits, o.match.found, o.match.number = o.fits, o.found, o.number
	o.match.keep, o.match.free = func(row int32) { o.refs[row]++ }, o.unref
	o.values = newMatchValues(h, n.Values)
	for i, s := range n.Pattern {
		step, err := newMatchStep(h, s, i)
		if err != nil {
			return nil, err
		}
		o.steps = append(o.steps, step)
	}
	return o, nil
}

func tooManyLinks(limit int) error {
	return fault.New(fault.Invalid, "MATCH_RECOGNIZE: more than %d rows are in partial matches", limit).
		WithHint("add WITHIN INTERVAL … behind PATTERN, PARTITION BY, or a condition in DEFINE by which rows of an open quantifier end")
}

// eventTime says whether the first column of the order is the event time.
func (o *Match) eventTime() bool { return o.node.Time == schema.RowTime }

// Process implements Operator. Its input is insert-only.
func (o *Match) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	hashes := o.rows.Hash(b, o.node.Keys, rows)
	o.sink = out
	o.touched = o.touched[:0]
	for k := range rows.Len() {
		i := rows.At(k)
		if o.eventTime() {
			t := &b.Cols[o.by[0].Column]
			if t.IsNull(i) {
				return noEventTime()
			}
			if t.I64[i] <= o.watermark {
				o.late.Add(1)
				continue
			}
		}
		row, g := o.rows.Add(o.rows.Find(hashes[k], b, o.node.Keys, i), hashes[k], b, i, -1)
		for int(g) >= len(o.keys) {
			o.keys = append(o.keys, matchKey{})
		}
		o.refs = append(o.refs, 1)
		o.wait(g, row)
		if !o.byClock {
			continue
		}
		if len(o.by) == 1 {
			if err := o.given(g, math.MaxInt64, o.call.Now.UnixMilli()); err != nil {
				return err
			}
		} else if len(o.keys[g].waiting) == 1 {
			o.touched = append(o.touched, g)
		}
	}
	// The rows of a batch came at one time: those of one key are put in order by the rest of it.
	for _, g := range o.touched {
		if err := o.given(g, math.MaxInt64, o.call.Now.UnixMilli()); err != nil {
			return err
		}
	}
	o.tidy()
	return drain(o.out, out)
}

// wait puts a row among those of its key that are not looked at yet.
func (o *Match) wait(g, row int32) {
	k := &o.keys[g]
	n := len(k.waiting)
	for n > 0 && o.by.compare(o.rows.Cols, int(k.waiting[n-1]), o.rows.Cols, int(row)) > 0 {
		n--
	}
	k.waiting = slices.Insert(k.waiting, n, row)
	if n == 0 && !o.byClock {
		o.due.add(o.timeOf(row), g)
	}
}

// timeOf is when a row is to be looked at.
func (o *Match) timeOf(row int32) int64 {
	if !o.eventTime() {
		return math.MaxInt64 // in batch mode rows may have no time
	}
	return o.rows.Cols[o.by[0].Column].I64[row]
}

// Advance implements Advancer.
func (o *Match) Advance(watermark int64, out Out) error {
	if o.byClock || watermark <= o.watermark || o.node.AtEnd && watermark != math.MaxInt64 {
		return nil
	}
	o.watermark = watermark
	return o.run(watermark, out)
}

// Tick implements Clocked: partial matches may be too old by the clock.
func (o *Match) Tick(now time.Time, out Out) error {
	if !o.byClock {
		return nil
	}
	return o.run(now.UnixMilli(), out)
}

// run looks at what is due.
func (o *Match) run(now int64, out Out) error {
	o.sink = out
	for {
		item, ok := o.due.next(now)
		if !ok {
			o.tidy()
			return drain(o.out, out)
		}
		if err := o.given(item.of, now, now); err != nil {
			return err
		}
	}
}

// given looks at the rows of a key that waited for a time, and lets partial matches go that are too old then. By the
// clock the rows come now.
func (o *Match) given(g int32, upto, now int64) error {
	o.match.begin(&o.keys[g].search)
	n, last := 0, int64(minWatermark)
	for ; n < len(o.keys[g].waiting); n++ {
		row := o.keys[g].waiting[n]
		at := now
		if !o.byClock {
			at = o.timeOf(row)
		}
		if at > upto {
			break
		}
		if err := o.look(g, row, at, at != last); err != nil {
			return err
		}
		last = at
	}
	k := &o.keys[g]
	k.waiting = slices.Delete(k.waiting, 0, n)
	if len(k.waiting) > 0 {
		o.due.add(o.timeOf(k.waiting[0]), g)
	}
	return o.match.advance(&k.search, now)
}

// look lets the pattern see the next row of a key.
func (o *Match) look(g, row int32, at int64, fresh bool) error {
	s := &o.keys[g].search
	if fresh {
		if err := o.match.advance(s, at); err != nil {
			return err
		}
	}
	for i := range o.steps {
		o.steps[i].known = false
	}
	o.rows.SetMark(row, o.numbered)
	o.now = at
	begun, err := o.match.row(s, row, o.numbered, at)
	if err != nil {
		return err
	}
	o.numbered++
	if begun && o.match.within > 0 {
		o.due.add(at+o.match.within, g)
	}
	o.unref(row)
	return nil
}

func (o *Match) number(row int32) int64 { return o.rows.Mark[row] }

// unref lets go of a row.
func (o *Match) unref(row int32) {
	if o.refs[row]--; o.refs[row] == 0 {
		o.rows.Remove(row)
	}
}
