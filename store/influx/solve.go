package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"millrace/vec"
)

// attempt is how numbers are written in lines that are being solved, and what was tried for them.
type attempt struct {
	numbers map[fieldKey]number
	tried   map[fieldNumber]bool
}

type fieldNumber struct {
	fieldKey
	number
}

// with is a with numbers of a field written in another way.
func (a attempt) with(key fieldKey, n number) attempt {
	b := attempt{maps.Clone(a.numbers), maps.Clone(a.tried)}
	if b.numbers == nil {
		b.numbers = map[fieldKey]number{}
	}
	if b.tried == nil {
		b.tried = map[fieldNumber]bool{}
	}
	b.numbers[key], b.tried[fieldNumber{key, n}] = n, true
	return b
}

// solve writes lines that were in a refused batch, apart from those to blame. It finds these by what
// InfluxDB says of them, or else by halves. Numbers are tried as floats and as integers where that loses
// nothing, as the type of a field is a matter of each shard: one field can be both.
func (w *write) solve(ctx context.Context, l *lines, a attempt) error {
	if len(l.rows) == 0 {
		return nil
	}
	p := &parcel{lines: l, alone: true, done: make(chan error, 1)}
	if err := w.hand(ctx, p); err != nil {
		return err
	}
	err := w.wait(ctx, p)
	var r *refusal
	if err == nil || !errors.As(err, &r) {
		return err
	}
	if c, ok := parseConflict(r.message); ok {
		if parts := w.separate(l, a, c); len(parts) > 0 {
			for _, part := range parts {
				if err := w.solve(ctx, part.lines, part.attempt); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if len(l.rows) == 1 || dropped(r.message) == len(l.rows) {
		w.blame(l, r)
		return nil
	}
	if bad, good := quoted(l, r.message); len(bad) > 0 {
		w.blame(l.some(bad), r)
		return w.solve(ctx, l.some(good), a)
	}
	a.tried = nil // in a half, another way may be right
	order := w.byTime(l)
	half := len(order) / 2
	if err := w.solve(ctx, l.some(order[:half]), a); err != nil {
		return err
	}
	return w.solve(ctx, l.some(order[half:]), a)
}

// byTime orders lines by their times: what is wrong with a line mostly hangs on its shard, which is a
// week, so that halves soon have all of it or nothing.
func (w *write) byTime(l *lines) []int {
	at := make([]int64, len(l.rows))
	order := make([]int, len(l.rows))
	for i, row := range l.rows {
		g := &w.groups[row.group]
		order[i] = i
		at[i] = instant(&g.Batch.Cols[g.Batch.Schema.Index(cmp.Or(g.Time, "time"))], row.row)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(at[a], at[b]) })
	return order
}

// part is lines to be solved apart.
type part struct {
	*lines
	attempt
}

// separate splits lines by their part in a conflict, with numbers written as InfluxDB has them. It
// returns nothing if that does not help.
func (w *write) separate(l *lines, a attempt, c conflict) []part {
	want := asItIs
	switch {
	case c.given == "integer" && c.has == "float":
		want = asFloat
		w.db.kinds.float(c.field)
	case c.given == "float" && c.has == "integer":
		want = asInteger
	}
	var without, suspects, mendable []int
	for i := range l.rows {
		switch col := w.column(&l.rows[i], c.field); {
		case col == nil:
			without = append(without, i)
		case want == asFloat || want == asInteger && isWhole(col, l.rows[i].row):
			mendable = append(mendable, i)
		default:
			suspects = append(suspects, i)
		}
	}
	tried := want == asItIs || a.tried[fieldNumber{c.field, want}]
	var parts []part
	add := func(indices []int, a attempt) {
		if len(indices) > 0 {
			parts = append(parts, part{l.some(indices), a})
		}
	}
	add(without, a)
	add(suspects, a)
	if tried {
		add(mendable, a)
		if len(parts) < 2 {
			return nil
		}
		return parts
	}
	if len(mendable) > 0 {
		b := a.with(c.field, want)
		again := &lines{}
		for _, i := range mendable {
			w.encodeAgain(again, l.rows[i], b)
		}
		return append(parts, part{again, b})
	}
	if len(parts) < 2 {
		return nil
	}
	return parts
}

// quoted finds the lines that the message quotes as unreadable.
func quoted(l *lines, message string) (bad, good []int) {
	for i := range l.rows {
		if strings.Contains(message, "unable to parse '"+strings.TrimSuffix(string(l.line(i)), "\n")+"'") {
			bad = append(bad, i)
		} else {
			good = append(good, i)
		}
	}
	return bad, good
}

// conflict is what InfluxDB says of a field that has another type there.
type conflict struct {
	field fieldKey
	given string // integer, float, string, boolean
	has   string
}

var (
	conflictText = regexp.MustCompile(`(?s)field type conflict: input field "(.*)" on measurement "(.*)" is type (\w+), already exists as type (\w+)`)
	droppedText  = regexp.MustCompile(`dropped=(\d+)`)
)

func parseConflict(message string) (conflict, bool) {
	m := conflictText.FindStringSubmatch(message)
	if m == nil {
		return conflict{}, false
	}
	return conflict{fieldKey{m[2], m[1]}, m[3], m[4]}, true
}

func dropped(message string) int {
	m := droppedText.FindStringSubmatch(message)
	if m == nil {
		return -1
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return -1
	}
	return n
}

// column is the column that a row has a value of, or nil.
func (w *write) column(row *lineOf, key fieldKey) *vec.Column {
	g := &w.groups[row.group]
	if g.Measurement != key.measurement {
		return nil
	}
	at := g.Batch.Schema.Index(key.field)
	if at < 0 || g.Batch.Cols[at].IsNull(row.row) {
		return nil
	}
	return &g.Batch.Cols[at]
}

// isWhole reports whether a number can be an integer in InfluxDB.
func isWhole(c *vec.Column, row int) bool {
	if c.Type.IsInteger() {
		return true
	}
	if !c.Type.IsNumeric() {
		return false
	}
	f := (&cell{Column: c}).float(row)
	return f == math.Trunc(f) && math.Abs(f) < 1<<63
}

func (w *write) encodeAgain(dst *lines, row lineOf, a attempt) {
	g := w.groups[row.group]
	batch := *g.Batch
	batch.Sel = []int32{int32(row.row)}
	g.Batch = &batch
	encode(dst, row.group, &g, func(measurement, field string) number {
		if n, ok := a.numbers[fieldKey{measurement, field}]; ok {
			return n
		}
		return w.db.number(measurement, field)
	}) // it was encoded before: nothing is refused
}

// blame refuses lines.
func (w *write) blame(l *lines, r *refusal) {
	column := ""
	if c, ok := parseConflict(r.message); ok {
		column = c.field.field
	}
	rows := map[int][]int{}
	for _, row := range l.rows {
		rows[row.group] = append(rows[row.group], row.row)
	}
	for i := range w.groups {
		if rows[i] == nil {
			continue
		}
		w.refused = append(w.refused, refuse(i, rows[i], w.groups[i].Measurement, column, fmt.Errorf("it is refused: %w", r)))
	}
}
