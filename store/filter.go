package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"millrace/fault"
)

// Op is a comparison.
type Op string

// The comparisons of a Filter. In holds if the column equals one of the values.
const (
	In  Op = "in"
	Eq  Op = "eq"
	Ne  Op = "ne"
	Gt  Op = "gt"
	Gte Op = "gte"
	Lt  Op = "lt"
	Lte Op = "lte"
)

// Filter compares a column, tag or field, with values. NULL satisfies none.
type Filter struct {
	Column string
	Op     Op
	// Values are strings, numbers (float64, int, int64, json.Number), bools or time.Time, one unless Op
	// is In. Text is taken for a number, bool or RFC 3339 time where the column is one.
	Values []any
}

// boundFilter is a Filter whose values have the column's type.
type boundFilter struct {
	col  Column
	op   Op
	text []string
	num  []float64
	int  []int64 // BIGINT and TIMESTAMP
	bit  []bool
}

func (snap *snapshot) bind(f Filter) (boundFilter, error) {
	c, err := snap.column(f.Column)
	if err != nil {
		return boundFilter{}, err
	}
	b := boundFilter{col: c, op: f.Op}
	switch f.Op {
	case In:
	case Eq, Ne, Gt, Gte, Lt, Lte:
		if len(f.Values) != 1 {
			return b, fault.New(fault.Invalid, "filter on %q: %q takes one value, not %d", f.Column, f.Op, len(f.Values))
		}
	default:
		return b, fault.New(fault.Invalid, "filter on %q: comparison %q is not known", f.Column, f.Op).
			WithHint("it knows: in, eq, ne, gt, gte, lt, lte")
	}
	for _, v := range f.Values {
		if err := b.take(v); err != nil {
			return b, fault.New(fault.Invalid, "filter on %q: %w", f.Column, err)
		}
	}
	return b, nil
}

// take adds a value, in the type of the column.
func (b *boundFilter) take(v any) error {
	var err error
	switch b.col.Type {
	case VarChar:
		var s string
		if s, err = textOf(v); err == nil {
			b.text = append(b.text, s)
		}
	case Boolean:
		var t bool
		if t, err = TruthOf(v); err == nil {
			b.bit = append(b.bit, t)
		}
	case Timestamp:
		var t time.Time
		if t, err = timeOf(v); err == nil {
			b.int = append(b.int, t.UnixMicro())
		}
	default: // numbers compare as DOUBLE, and integers that are given as such exactly
		var f float64
		if f, err = numberOf(v); err == nil {
			b.num = append(b.num, f)
		}
		if n, ok := integerOf(v); ok && b.col.Type == BigInt {
			b.int = append(b.int, n)
		}
	}
	return err
}

func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, float64, int, int64, json.Number:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("%v is no text", v)
}

// TruthOf reads a value of a Filter that is compared with a column of BOOLEAN: true, false, or their text.
func TruthOf(v any) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		if t, err := strconv.ParseBool(v); err == nil {
			return t, nil
		}
	}
	return false, fmt.Errorf("%v is neither true nor false", v)
}

func timeOf(v any) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return v, nil
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02"} {
			if t, err := time.Parse(layout, v); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%v is no time like 2026-11-20T10:00:00Z", v)
}

func numberOf(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case json.Number:
		return v.Float64()
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f, nil
		}
	}
	return 0, fmt.Errorf("%v is no number", v)
}

func integerOf(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// on returns the test for the rows of a block, or nil if none of them can match.
func (f *boundFilter) on(b *block) func(row int) bool {
	v := b.column(f.col.ID)
	if v == nil {
		return nil
	}
	var test func(int) bool
	switch {
	case v.tag:
		return f.onTag(v)
	case v.typ == VarChar:
		test = func(i int) bool { return holds(f.op, string(v.bytes(i)), f.text) }
	case v.typ == Boolean:
		test = func(i int) bool { return holds(f.op, order(v.bits[i]), orders(f.bit)) }
	case v.typ == Timestamp, v.typ == BigInt && len(f.int) == len(f.num):
		test = func(i int) bool { return holds(f.op, v.i64[i], f.int) }
	default:
		test = func(i int) bool { return holds(f.op, v.float(i), f.num) }
	}
	if v.null == nil {
		return test
	}
	return func(i int) bool { return !v.null[i] && test(i) }
}

// onTag tests each string once instead of each row.
func (f *boundFilter) onTag(v *values) func(row int) bool {
	match := make([]bool, len(v.dict))
	some := false
	for i, s := range v.dict {
		match[i] = holds(f.op, s, f.text)
		some = some || match[i]
	}
	if !some {
		return nil
	}
	return func(i int) bool { return !v.isNull(i) && match[v.code[i]] }
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

func orders(bits []bool) []int {
	out := make([]int, len(bits))
	for i, b := range bits {
		out[i] = order(b)
	}
	return out
}

// holds compares x with the values of a filter.
func holds[T cmp.Ordered](op Op, x T, with []T) bool {
	for _, y := range with {
		switch op {
		case In, Eq:
			if x == y {
				return true
			}
		case Ne:
			return x != y
		case Gt:
			return x > y
		case Gte:
			return x >= y
		case Lt:
			return x < y
		case Lte:
			return x <= y
		}
	}
	return false
}
