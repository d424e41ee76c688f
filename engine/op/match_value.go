package op

import (
	"slices"

	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// matchValue is a value of a match, with what it is computed in.
type matchValue struct {
	plan.MatchValue
	acc    accumulators
	answer vec.Column
}

func newMatchValues(h vec.Hasher, values []plan.MatchValue) []matchValue {
	out := make([]matchValue, len(values))
	for i, v := range values {
		out[i].MatchValue = v
		if v.Kind == plan.MatchAggregate {
			out[i].acc = newAccumulators(h, []plan.Agg{v.Agg}, false)
			out[i].acc.grow(1)
		}
	}
	return out
}

// matchStep decides which rows a variable of the pattern takes.
type matchStep struct {
	cond Eval // nil: all rows
	seen []matchValue
	row  *vec.Builder // what the condition sees
	// local: the condition only sees the row at hand, so that its answer holds for all partial matches.
	local, known, passes bool
}

func newMatchStep(h vec.Hasher, s plan.MatchStep, index int) (matchStep, error) {
	if s.Cond == nil {
		return matchStep{}, nil
	}
	cond, err := Compile(s.Cond)
	step := matchStep{cond: cond, seen: newMatchValues(h, s.Seen), local: true}
	fields := &schema.Schema{}
	for _, v := range s.Seen {
		fields.Fields = append(fields.Fields, schema.Field{Name: v.Name, Type: v.Type})
		step.local = step.local && v.Kind == plan.MatchColumn && (v.Step < 0 || v.Step == index) && !v.First && v.Offset == 0
	}
	step.row = vec.NewBuilderSize(fields, 1)
	return step, err
}

// fits says whether a step takes a row behind a partial match.
func (o *Match) fits(p attempt, step, row int32) (bool, error) {
	s := &o.steps[step]
	if s.cond == nil {
		return true, nil
	}
	if s.local && s.known {
		return s.passes, nil
	}
	s.row.Reset()
	for c := range s.seen {
		if err := o.set(s.row, c, &s.seen[c], path{last: p.last, row: row, step: step}); err != nil {
			return false, err
		}
	}
	s.row.EndRow(vec.Insert)
	b := s.row.Batch()
	col, err := s.cond.Eval(o.call, b, b.Rows())
	if err != nil {
		return false, err
	}
	s.known, s.passes = true, !col.IsNull(0) && col.Bits.Get(0)
	return s.passes, nil
}

// found gives a match that ends with a link.
func (o *Match) found(last int32, at int64) error {
	if o.out.Full() {
		if err := drain(o.out, o.sink); err != nil {
			return err
		}
	}
	o.now = at
	row := o.match.links[last].row
	for c, k := range o.node.Keys {
		o.out.CopyValue(c, &o.rows.Cols[k], int(row))
	}
	for i := range o.values {
		if err := o.set(o.out, len(o.node.Keys)+i, &o.values[i], path{last: last, row: -1}); err != nil {
			return err
		}
	}
	o.out.EndRow(vec.Insert)
	return nil
}

// path is the rows up to a link, and the row at hand as one of a step; -1 is none.
type path struct {
	last, row, step int32
}

// set sets a column to a value of the rows of a path.
func (o *Match) set(dst *vec.Builder, c int, v *matchValue, p path) error {
	switch v.Kind {
	case plan.MatchColumn:
		if row := o.pick(v, p); row >= 0 {
			dst.CopyValue(c, &o.rows.Cols[v.Column], int(row))
		} else {
			dst.SetNull(c)
		}
	case plan.MatchRowtime:
		dst.SetI64(c, o.now)
	case plan.MatchProctime:
		dst.SetI64(c, o.call.Now.UnixMilli())
	case plan.MatchAggregate:
		if err := o.aggregate(v, p); err != nil {
			return err
		}
		dst.CopyValue(c, &v.answer, 0)
	}
	return nil
}

func (v *matchValue) means(step int32) bool { return v.Step < 0 || v.Step == int(step) }

// pick returns the row that a value is of, -1 if there is none.
func (o *Match) pick(v *matchValue, p path) int32 {
	if v.First {
		if list := o.rowsOf(v, p); v.Offset < len(list) {
			return list[v.Offset]
		}
		return -1
	}
	before := v.Offset
	if p.row >= 0 && v.means(p.step) {
		if before == 0 {
			return p.row
		}
		before--
	}
	for l := p.last; l >= 0; l = o.match.links[l].prev {
		if !v.means(o.match.links[l].step) {
			continue
		}
		if before == 0 {
			return o.match.links[l].row
		}
		before--
	}
	return -1
}

// rowsOf returns the rows that a value means, in order.
func (o *Match) rowsOf(v *matchValue, p path) []int32 {
	o.list = o.list[:0]
	if p.row >= 0 && v.means(p.step) {
		o.list = append(o.list, p.row)
	}
	for l := p.last; l >= 0; l = o.match.links[l].prev {
		if v.means(o.match.links[l].step) {
			o.list = append(o.list, o.match.links[l].row)
		}
	}
	slices.Reverse(o.list)
	return o.list
}

func (o *Match) aggregate(v *matchValue, p path) error {
	o.table = vec.Batch{Schema: o.node.Input.Out(), Cols: o.rows.Cols, N: len(o.rows.Mark)}
	v.acc.reset(0)
	for part := range slices.Chunk(o.rowsOf(v, p), len(o.into)) {
		if err := v.acc.add(&o.table, vec.Rows{N: o.table.N, Sel: part}, o.into[:len(part)]); err != nil {
			return err
		}
	}
	return v.acc.finish(0, vec.Rows{N: 1}, &v.answer)
}
