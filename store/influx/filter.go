package influx

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"millrace/fault"
	"millrace/store"
)

// condition is what InfluxQL is asked for: all must hold. Texts stand in it as parameters.
type condition struct {
	all    []string
	params map[string]string
}

// param makes a text a parameter.
func (c *condition) param(text string) string {
	if c.params == nil {
		c.params = map[string]string{}
	}
	name := fmt.Sprintf("p%d", len(c.params))
	c.params[name] = text
	return "$" + name
}

// maxValues is how many values a filter may have: InfluxDB reads them as one long expression.
const maxValues = 1000

// filter adds a filter. It refuses what the built-in store refuses.
func (sel *selection) filter(f store.Filter) error {
	c, err := sel.layout.column(f.Column)
	if err != nil {
		return err
	}
	switch f.Op {
	case store.In:
		if len(f.Values) > maxValues {
			return fault.New(fault.Limit, "filter on %q: InfluxDB is asked for %d values at most, not %d", f.Column, maxValues, len(f.Values))
		}
	case store.Eq, store.Ne, store.Gt, store.Gte, store.Lt, store.Lte:
		if len(f.Values) != 1 {
			return fault.New(fault.Invalid, "filter on %q: %q takes one value, not %d", f.Column, f.Op, len(f.Values))
		}
	default:
		return fault.New(fault.Invalid, "filter on %q: comparison %q is not known", f.Column, f.Op).WithHint("it knows: in, eq, ne, gt, gte, lt, lte")
	}
	switch c.typ {
	case store.Timestamp:
		times, err := values(f, microsOf)
		if err != nil {
			return err
		}
		return sel.filterTime(f, times)
	case store.VarChar:
		texts, err := values(f, textOf)
		if err != nil {
			return err
		}
		for _, t := range texts {
			if f.Op != store.In && f.Op != store.Eq && f.Op != store.Ne && len(t) > maxOrdered {
				return fault.New(fault.Limit, "filter on %q: InfluxDB orders texts of %d bytes at most", f.Column, maxOrdered)
			}
		}
		sel.filterText(c, f.Op, texts)
	case store.Boolean:
		bits, err := values(f, store.TruthOf)
		if err != nil {
			return err
		}
		sel.filterTruth(c, f.Op, bits)
	default:
		numbers, err := values(f, numberOf)
		if err != nil {
			return err
		}
		sel.either(numbers, func(n string) string { return c.ref() + " " + operators[f.Op] + " " + n })
	}
	return nil
}

var operators = map[store.Op]string{
	store.In: "=", store.Eq: "=", store.Ne: "!=", store.Gt: ">", store.Gte: ">=", store.Lt: "<", store.Lte: "<=",
}

// values reads the values of a filter.
func values[T any](f store.Filter, read func(any) (T, error)) ([]T, error) {
	out := make([]T, 0, len(f.Values))
	for _, v := range f.Values {
		t, err := read(v)
		if err != nil {
			return nil, fault.New(fault.Invalid, "filter on %q: %w", f.Column, err)
		}
		out = append(out, t)
	}
	return out, nil
}

// either adds that one of some comparisons holds.
func (sel *selection) either(values []string, compare func(string) string) {
	if len(values) == 0 {
		sel.none = true
		return
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = compare(v)
	}
	sel.where.all = append(sel.where.all, "("+strings.Join(parts, " OR ")+")")
}

// filterText adds a comparison of texts. InfluxQL compares them only for equality: what comes before or
// after a text is a regular expression.
func (sel *selection) filterText(c columnType, op store.Op, texts []string) {
	if c.tag && op != store.In && op != store.Eq {
		// A series without the tag has it empty, and NULL satisfies no filter.
		sel.where.all = append(sel.where.all, c.ref()+" != ''")
	}
	switch op {
	case store.In, store.Eq, store.Ne:
		usable := texts[:0:0]
		for _, t := range texts {
			// No tag is empty, and no text is anything but UTF-8.
			if utf8.ValidString(t) && (t != "" || !c.tag) {
				usable = append(usable, t)
			}
		}
		if len(usable) == 0 && op == store.Ne {
			sel.where.all = append(sel.where.all, sel.present(c))
			return
		}
		sel.either(usable, func(t string) string { return c.ref() + " " + operators[op] + " " + sel.where.param(t) })
	default:
		sel.where.all = append(sel.where.all, "("+c.ref()+" =~ /"+ordered(op, texts[0])+"/)")
	}
}

// maxOrdered is how long a text may be that others are before or after: an expression nests as deep.
const maxOrdered = 200

// present holds where a text is not NULL.
func (sel *selection) present(c columnType) string {
	if c.tag {
		return "(" + c.ref() + " != '')"
	}
	return "(" + c.ref() + " =~ /^/)"
}

// filterTruth adds a comparison of booleans, of which InfluxQL has no order: false is before true.
func (sel *selection) filterTruth(c columnType, op store.Op, bits []bool) {
	var match []string
	for _, v := range []bool{false, true} {
		for _, with := range bits {
			if compareTruth(op, v, with) {
				match = append(match, strconv.FormatBool(v))
				break
			}
		}
	}
	sel.either(match, func(v string) string { return c.ref() + " = " + v })
}

func compareTruth(op store.Op, x, y bool) bool {
	switch op {
	case store.Ne:
		return x != y
	case store.Gt:
		return x && !y
	case store.Gte:
		return x || !y
	case store.Lt:
		return !x && y
	case store.Lte:
		return !x || y
	}
	return x == y
}

// ordered is a regular expression for the texts that are before or after a text, in the order of their
// bytes, which for UTF-8 is that of their characters. Every character stands in it by its number, so
// that nothing can end the expression or mean something else.
func ordered(op store.Op, with string) string {
	chars := []rune(strings.ToValidUTF8(with, "\uFFFD"))
	// After its characters, a longer text is greater and the same text is equal.
	end := map[store.Op]string{store.Gt: `[\x{0}-\x{10FFFF}]`, store.Gte: ``, store.Lt: `[^\x{0}-\x{10FFFF}]`, store.Lte: `$`}[op]
	for i := len(chars) - 1; i >= 0; i-- {
		c := chars[i]
		same := fmt.Sprintf(`\x{%x}`, c)
		var other string
		switch {
		case op == store.Gt || op == store.Gte:
			if c < utf8.MaxRune {
				other = fmt.Sprintf(`[\x{%x}-\x{10FFFF}]`, c+1)
			}
		default:
			other = `$`
			if c > 0 {
				other = fmt.Sprintf(`$|[\x{0}-\x{%x}]`, c-1)
			}
		}
		if other == "" {
			end = same + "(?:" + end + ")"
		} else {
			end = other + "|" + same + "(?:" + end + ")"
		}
	}
	return "^(?:" + end + ")"
}

func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, float64, int, int64, json.Number:
		return fmt.Sprint(v), nil
	case time.Time:
		return v.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano), nil
	}
	return "", fmt.Errorf("%v is no text", v)
}

// numberOf writes a number as InfluxQL reads it: without an exponent.
func numberOf(v any) (string, error) {
	var f float64
	var err error
	switch n := v.(type) {
	case float64:
		f = n
	case int:
		return strconv.Itoa(n), nil
	case int64:
		return strconv.FormatInt(n, 10), nil
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return strconv.FormatInt(i, 10), nil
		}
		f, err = n.Float64()
	case string:
		if i, err := strconv.ParseInt(n, 10, 64); err == nil {
			return strconv.FormatInt(i, 10), nil
		}
		f, err = strconv.ParseFloat(n, 64)
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return "", fmt.Errorf("%v is no number", v)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0" // a number of many digits would be taken for an integer that does not fit
	}
	return text, nil
}

func microsOf(v any) (int64, error) {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMicro(), nil
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02"} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UnixMicro(), nil
			}
		}
	}
	return 0, fmt.Errorf("%v is no time like 2026-11-20T10:00:00Z", v)
}
