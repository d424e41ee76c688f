package op

import (
	"slices"
	"sync/atomic"
	"time"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Over answers functions over the rows before each row, in the order of a time attribute. By event time a row is
// answered when the watermark has passed it, by processing time as it comes.
//
// Which rows are late is Flink's rule: with a frame that begins at a row or a time, those that are not newer than
// the last one answered of their group; with one that begins at the first row, those that the watermark has
// reached. They are dropped and counted.
//
// State: the rows that wait for the watermark, those in the frame of the last one answered, and the accumulators;
// for a frame from the first row on the accumulators stand for its rows.
type Over struct {
	node    *plan.Over
	byClock bool
	bounded bool
	keep    int // rows of a frame from the first row on that are kept, for LAG
	call    *function.Call
	ttl     int64
	swept   int64 // when parts were looked through last: by the clock for ttl,
	expired int64 // by the watermark for frames that are over
	late    *atomic.Int64

	rows  *RowTable
	parts keyIndex
	acc   accumulators
	group []overGroup     // by part
	due   schedule[int32] // parts by the time of the first row that waits
	track state.Track     // of parts

	watermark int64
	in        []vec.Column // keys of the batch at hand
	table     vec.Batch    // the rows as a batch
	one       [1]int32
	into      [1]int32
	answers   []vec.Column
	out       *vec.Builder
}

// overGroup is what is known of the rows of one key.
type overGroup struct {
	waiting []int32 // rows by time
	frame   []int32 // rows answered that are still needed
	given   int64   // the time of the last one answered
	count   int64   // rows answered
	touched int64
	gone    bool // removed; its number is not in use
}

// NewOver returns the operator. Late rows are added to late; groups that no row comes to for ttl are forgotten, 0
// keeps them; call tells the time.
func NewOver(n *plan.Over, h vec.Hasher, call *function.Call, ttl time.Duration, late *atomic.Int64) *Over {
	in := n.Input.Out()
	o := &Over{
		node: n, byClock: n.Time == schema.ProcTime, bounded: !n.Frame.Start.Unbounded, call: call, ttl: ttl.Milliseconds(), late: late,
		rows: NewRowTable(h, typesOf(in), n.Keys), parts: newKeyIndex(h, typesOf(in.Select(n.Keys))), watermark: minWatermark, expired: minWatermark,
		in: make([]vec.Column, len(n.Keys)), answers: make([]vec.Column, len(n.Calls)), out: vec.NewBuilder(n.Schema),
	}
	o.acc = newAccumulators(h, aggsOf(n.Calls), o.bounded)
	for _, c := range n.Calls {
		if c.Func == plan.OverLag {
			o.keep = max(o.keep, int(c.Offset)+1)
		}
	}
	return o
}

// aggsOf returns the aggregates among calls.
func aggsOf(calls []plan.OverCall) []plan.Agg {
	var aggs []plan.Agg
	for _, c := range calls {
		if c.Func == plan.OverAggregate {
			aggs = append(aggs, c.Agg)
		}
	}
	return aggs
}

func (o *Over) timeOf(cols []vec.Column, i int) int64 { return cols[o.node.Order[0].Column].I64[i] }

// Process implements Operator. Its input is insert-only.
func (o *Over) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	for c, k := range o.node.Keys {
		o.in[c] = b.Cols[k]
	}
	hashes := o.rows.Hash(b, o.node.Keys, rows)
	for k := range rows.Len() {
		i := rows.At(k)
		part := o.part(hashes[k], i)
		if o.byClock {
			if err := o.now(part, hashes[k], b, i, out); err != nil {
				return err
			}
			continue
		}
		if b.Cols[o.node.Order[0].Column].IsNull(i) {
			return noEventTime()
		}
		at, g := o.timeOf(b.Cols, i), &o.group[part]
		if o.bounded && at <= g.given || !o.bounded && at <= o.watermark {
			o.late.Add(1)
			continue
		}
		o.wait(part, o.store(hashes[k], b, i), at)
	}
	o.tidy()
	return drain(o.out, out)
}

// part returns the number of the key of row i, whose columns are at hand.
func (o *Over) part(hash uint64, i int) int32 {
	p := o.parts.find(hash, o.in, i)
	for len(o.group) < o.parts.N {
		o.group = append(o.group, overGroup{given: minWatermark})
	}
	o.acc.grow(o.parts.N)
	o.track.Touch(p)
	g := &o.group[p]
	if now := o.call.Now.UnixMilli(); o.ttl > 0 {
		if g.touched+o.ttl <= now && len(g.waiting) == 0 {
			o.forget(p)
		}
		g.touched = now
	}
	return p
}

// store keeps row i of b.
func (o *Over) store(hash uint64, b *vec.Batch, i int) int32 {
	row, _ := o.rows.Add(o.rows.Find(hash, b, o.node.Keys, i), hash, b, i, 0)
	return row
}

// wait puts a row among those of its key that the watermark has not passed.
func (o *Over) wait(part, row int32, at int64) {
	g := &o.group[part]
	n := len(g.waiting)
	for n > 0 && o.timeOf(o.rows.Cols, int(g.waiting[n-1])) > at {
		n--
	}
	g.waiting = slices.Insert(g.waiting, n, row)
	if n == 0 {
		o.due.add(at, part)
	}
}

// now answers a row as it comes.
func (o *Over) now(part int32, hash uint64, b *vec.Batch, i int, out Out) error {
	if !o.bounded && o.keep == 0 {
		o.one[0] = int32(i)
		return o.answer(part, b, o.one[:], o.call.Now.UnixMilli(), out)
	}
	row := o.store(hash, b, i)
	o.one[0] = row
	if err := o.answer(part, o.stored(), o.one[:], o.timeOf(b.Cols, i), out); err != nil {
		return err
	}
	return nil
}

// stored returns the rows kept as a batch.
func (o *Over) stored() *vec.Batch {
	o.table = vec.Batch{Cols: o.rows.Cols, N: len(o.rows.Mark)}
	return &o.table
}

// Advance implements Advancer.
func (o *Over) Advance(watermark int64, out Out) error {
	if o.byClock || watermark <= o.watermark {
		return nil
	}
	o.watermark = watermark
	for {
		item, ok := o.due.next(watermark)
		if !ok {
			o.expire()
			o.tidy()
			return drain(o.out, out)
		}
		g := &o.group[item.of]
		times := o.rows.Cols[o.node.Order[0].Column].I64
		if len(g.waiting) == 0 || times[g.waiting[0]] != item.at {
			continue // an earlier row has come, or the part was answered with it
		}
		n := 1
		for n < len(g.waiting) && times[g.waiting[n]] == item.at {
			n++
		}
		if err := o.answer(item.of, o.stored(), g.waiting[:n], item.at, out); err != nil {
			return err
		}
		if !o.bounded && o.keep == 0 {
			o.drop(g.waiting[:n])
		}
		g.waiting = slices.Delete(g.waiting, 0, n)
		if len(g.waiting) > 0 {
			o.due.add(times[g.waiting[0]], item.of)
		}
	}
}

func (o *Over) drop(rows []int32) {
	for _, row := range rows {
		o.rows.Remove(row)
	}
}

// answer answers rows of one key and time, which come next in its order.
func (o *Over) answer(part int32, b *vec.Batch, rows []int32, at int64, out Out) error {
	g := &o.group[part]
	o.track.Touch(part)
	g.given = max(g.given, at)
	if !o.node.Frame.Rows {
		if err := o.leave(part, b, at); err != nil {
			return err
		}
		if err := o.enter(part, b, rows); err != nil {
			return err
		}
		if err := o.emit(part, b, rows, out); err != nil {
			return err
		}
		g.count += int64(len(rows))
		o.trim(g)
		return nil
	}
	for k := range rows {
		if err := o.enter(part, b, rows[k:k+1]); err != nil {
			return err
		}
		if most := -o.node.Frame.Start.Offset + 1; o.bounded && int64(len(g.frame)) > most {
			if err := o.out1(part, b); err != nil {
				return err
			}
		}
		if err := o.emit(part, b, rows[k:k+1], out); err != nil {
			return err
		}
		g.count++
		o.trim(g)
	}
	return nil
}

// enter adds rows to the frame.
func (o *Over) enter(part int32, b *vec.Batch, rows []int32) error {
	g := &o.group[part]
	if o.bounded || o.keep > 0 {
		g.frame = append(g.frame, rows...)
		for _, row := range rows {
			o.rows.SetMark(row, 1)
		}
	}
	for k := range rows {
		o.into[0] = part
		if err := o.acc.add(b, vec.Rows{N: b.N, Sel: rows[k : k+1]}, o.into[:]); err != nil {
			return err
		}
	}
	return nil
}

// leave takes the rows out of a RANGE frame that are too old at a time.
func (o *Over) leave(part int32, b *vec.Batch, at int64) error {
	g := &o.group[part]
	for o.bounded && len(g.frame) > 0 && o.timeOf(o.rows.Cols, int(g.frame[0])) < at+o.node.Frame.Start.Offset {
		if err := o.out1(part, b); err != nil {
			return err
		}
	}
	return nil
}

// out1 takes the first row out of the frame.
func (o *Over) out1(part int32, b *vec.Batch) error {
	g := &o.group[part]
	o.into[0] = part
	err := o.acc.retract(b, vec.Rows{N: b.N, Sel: g.frame[:1]}, o.into[:])
	o.rows.Remove(g.frame[0])
	g.frame = slices.Delete(g.frame, 0, 1)
	return err
}

// trim forgets the rows that LAG does not reach any more.
func (o *Over) trim(g *overGroup) {
	if more := len(g.frame) - o.keep; !o.bounded && more > 0 {
		o.drop(g.frame[:more])
		g.frame = slices.Delete(g.frame, 0, more)
	}
}

// emit gives rows that have the same answers.
func (o *Over) emit(part int32, b *vec.Batch, rows []int32, out Out) error {
	g := &o.group[part]
	o.into[0] = part
	if err := finishAll(&o.acc, o.node.Calls, o.into[:], o.answers); err != nil {
		return err
	}
	for k, row := range rows {
		if o.out.Full() {
			if err := drain(o.out, out); err != nil {
				return err
			}
		}
		for c := range b.Cols {
			o.out.CopyValue(c, &b.Cols[c], int(row))
		}
		for c, call := range o.node.Calls {
			at := len(b.Cols) + c
			switch call.Func {
			case plan.OverAggregate:
				o.out.CopyValue(at, &o.answers[c], 0)
			case plan.OverRowNumber:
				o.out.SetI64(at, g.count+int64(k)+1)
			case plan.OverRank, plan.OverDenseRank:
				o.out.SetI64(at, g.count+int64(len(rows))) // over streams Flink counts peers for both
			case plan.OverLag:
				lag(o.out, at, call, b, g.frame, len(g.frame)-1, int(row))
			}
		}
		o.out.EndRow(vec.Insert)
	}
	return nil
}

// lag sets a column to the value of the row that many before list[k]; row is the one it is for. The default stands
// for NULL, too, as in Flink.
func lag(dst *vec.Builder, at int, call plan.OverCall, b *vec.Batch, list []int32, k, row int) {
	by := int(call.Offset)
	if call.Func == plan.OverLead {
		by = -by
	}
	k -= by
	there := k >= 0 && k < len(list)
	switch {
	case there && (call.Default < 0 || !b.Cols[call.Arg].IsNull(int(list[k]))):
		dst.CopyValue(at, &b.Cols[call.Arg], int(list[k]))
	case call.Default >= 0:
		dst.CopyValue(at, &b.Cols[call.Default], row)
	default:
		dst.SetNull(at)
	}
}

// tidy gives the memory of removed rows back once they are the most.
func (o *Over) tidy() {
	var to []int32
	o.rows.Compact(func(from, at int32) {
		for len(to) <= int(from) {
			to = append(to, -1)
		}
		to[from] = at
	})
	if to == nil {
		return
	}
	for p := range o.group {
		g := &o.group[p]
		for _, list := range [][]int32{g.waiting, g.frame} {
			for k, row := range list {
				list[k] = to[row]
			}
		}
	}
}
