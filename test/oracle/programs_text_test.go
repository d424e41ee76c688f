//go:build oracle

package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/vec"
)

// javaRow is a row as Java prints it: +I[1, null, 2020-10-10T00:00].
func javaRow(b *vec.Batch, i int) string {
	cells := make([]string, len(b.Cols))
	for c := range b.Cols {
		cells[c] = javaCell(&b.Cols[c], i)
	}
	return b.Kind(i).String() + "[" + strings.Join(cells, ", ") + "]"
}

func javaCell(c *vec.Column, i int) string {
	if c.IsNull(i) {
		return "null"
	}
	switch c.Type.ID {
	case schema.Timestamp, schema.TimestampLTZ:
		per := c.Type.PerSecond()
		second, part := c.I64[i]/per, c.I64[i]%per
		if part < 0 {
			second, part = second-1, part+per
		}
		at := time.Unix(second, part*(int64(time.Second)/per)).UTC()
		if c.Type.ID == schema.TimestampLTZ {
			return at.Format("2006-01-02T15:04:05") + javaFraction(at.Nanosecond()) + "Z"
		}
		return javaTime(at)
	case schema.Boolean:
		return strings.ToLower(string(function.AppendText(nil, c, i, time.UTC)))
	case schema.Row:
		cells := make([]string, len(c.Kids))
		for k := range c.Kids {
			cells[k] = javaCell(&c.Kids[k], i)
		}
		return "+I[" + strings.Join(cells, ", ") + "]"
	case schema.Array, schema.Map, schema.Multiset:
		return javaList(c, i)
	}
	return string(function.AppendText(nil, c, i, time.UTC))
}

func javaList(c *vec.Column, i int) string {
	var items []string
	for j := int(c.Off[i]); j < int(c.Off[i+1]); j++ {
		item := javaCell(&c.Kids[0], j)
		if c.Type.ID == schema.Map {
			item += "=" + javaCell(&c.Kids[1], j)
		}
		items = append(items, item)
	}
	if c.Type.ID == schema.Array {
		return "[" + strings.Join(items, ", ") + "]"
	}
	slices.Sort(items)
	return "{" + strings.Join(items, ", ") + "}"
}

// javaTime is LocalDateTime.toString, which leaves out seconds that are zero.
func javaTime(at time.Time) string {
	if at.Second() == 0 && at.Nanosecond() == 0 {
		return at.Format("2006-01-02T15:04")
	}
	return at.Format("2006-01-02T15:04:05") + javaFraction(at.Nanosecond())
}

// javaFraction has 3, 6 or 9 digits, or is empty.
func javaFraction(nano int) string {
	switch {
	case nano == 0:
		return ""
	case nano%1_000_000 == 0:
		return fmt.Sprintf(".%03d", nano/1_000_000)
	case nano%1000 == 0:
		return fmt.Sprintf(".%06d", nano/1000)
	}
	return fmt.Sprintf(".%09d", nano)
}

// javaRows are expected rows as Java prints them.
func javaRows(rows []programRow) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.Kind+"["+strings.Join(javaValues(r.Fields), ", ")+"]")
	}
	return out
}

func javaValues(raws []json.RawMessage) []string {
	texts := make([]string, len(raws))
	for i, raw := range raws {
		texts[i] = javaText(raw)
	}
	return texts
}

func javaText(raw json.RawMessage) string {
	if string(raw) == "null" {
		return "null"
	}
	var v struct {
		javaValue
		Kind   string
		Fields []json.RawMessage
	}
	if json.Unmarshal(raw, &v) == nil {
		switch {
		case v.Kind != "":
			return v.Kind + "[" + strings.Join(javaValues(v.Fields), ", ") + "]"
		case v.V != nil && v.V[0] != '[' && v.V[0] != '{':
			return v.text()
		case v.V != nil:
			raw = v.V
		}
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) == nil {
		return "[" + strings.Join(javaValues(items), ", ") + "]"
	}
	var entries map[string]json.RawMessage
	if json.Unmarshal(raw, &entries) == nil {
		var texts []string
		for key, value := range entries {
			texts = append(texts, key+"="+javaText(value))
		}
		slices.Sort(texts)
		return "{" + strings.Join(texts, ", ") + "}"
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
