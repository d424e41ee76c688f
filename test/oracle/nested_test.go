//go:build oracle

package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"millrace/sql/ast"
)

// nestedLiteral is an array, a map or a row as an SQL expression.
func nestedLiteral(raw json.RawMessage, t *ast.Type) (string, bool) {
	text := ast.Format(t)
	text = strings.TrimSuffix(text, " NOT NULL")
	if string(raw) == "null" {
		return "CAST(NULL AS " + text + ")", true
	}
	var v struct {
		T      string
		V      json.RawMessage
		Kind   string
		Fields []json.RawMessage
	}
	inside := raw
	if json.Unmarshal(raw, &v) == nil && v.V != nil {
		inside = v.V
	}
	switch t.Name {
	case "ARRAY":
		var items []json.RawMessage
		if json.Unmarshal(inside, &items) != nil {
			return "", false
		}
		exprs, ok := literals(items, slices.Repeat(t.Elems[:1], len(items)))
		return "CAST(ARRAY[" + strings.Join(exprs, ", ") + "] AS " + text + ")", ok
	case "MAP":
		var entries map[string]json.RawMessage
		if json.Unmarshal(inside, &entries) != nil {
			return "", false
		}
		var exprs []string
		for key, value := range entries {
			quoted, err := json.Marshal(key)
			if err != nil || strings.Contains(key, "@") {
				return "", false
			}
			if key == "null" {
				quoted = []byte(key)
			}
			if fields, ok := printedRow(key); ok {
				quoted = fields
			}
			pair, ok := literals([]json.RawMessage{quoted, value}, t.Elems)
			if !ok {
				return "", false
			}
			exprs = append(exprs, pair...)
		}
		return "CAST(MAP[" + strings.Join(exprs, ", ") + "] AS " + text + ")", len(exprs) > 0
	case "ROW":
		types := make([]*ast.Type, len(t.Fields))
		for i := range types {
			types[i] = t.Fields[i].Type
		}
		if len(v.Fields) != len(types) {
			return "", false
		}
		exprs, ok := literals(v.Fields, types)
		return "CAST(ROW(" + strings.Join(exprs, ", ") + ") AS " + text + ")", ok
	}
	if v.V != nil {
		return literal(raw, text)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	if t.Name == "INTERVAL" {
		of := "Integer"
		if strings.HasPrefix(s, "P") {
			of = "Period"
		}
		if strings.HasPrefix(s, "PT") {
			of = "Duration"
		}
		return literal(json.RawMessage(fmt.Sprintf(`{"t": %q, "v": %q}`, of, s)), text)
	}
	if strings.HasPrefix(t.Name, "TIMESTAMP") {
		s = strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z")
	}
	return fmt.Sprintf("CAST('%s' AS %s)", strings.ReplaceAll(s, "'", "''"), text), !strings.HasPrefix(s, "[") && !strings.HasPrefix(s, "{")
}

// printedRow is a row as it stands among the keys of a map, +I[3], in the form of other rows.
func printedRow(key string) (json.RawMessage, bool) {
	fields, ok := strings.CutPrefix(key, "+I[")
	if !ok {
		return nil, false
	}
	out, err := json.Marshal(map[string]any{"kind": "+I", "fields": strings.Split(strings.TrimSuffix(fields, "]"), ", ")})
	return out, err == nil
}

func literals(raws []json.RawMessage, types []*ast.Type) ([]string, bool) {
	var out []string
	for i, raw := range raws {
		s, ok := nestedLiteral(raw, types[i])
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// nestedText is a result as Flink prints it: [a, b], {k=v}, (a, b).
func nestedText(raw json.RawMessage) (string, bool) {
	if string(raw) == "null" {
		return "NULL", true
	}
	var v struct {
		T      string
		V      json.RawMessage
		Kind   string
		Fields []json.RawMessage
	}
	if json.Unmarshal(raw, &v) == nil {
		switch {
		case v.Kind != "":
			parts, ok := nestedTexts(v.Fields)
			return "(" + strings.Join(parts, ", ") + ")", ok
		case v.V != nil && v.V[0] != '[' && v.V[0] != '{':
			c := oneCase{Result: []json.RawMessage{raw}}
			texts, ok := c.wanted()
			if !ok {
				return "", false
			}
			return texts[0], true
		case v.V != nil:
			return nestedText(v.V)
		}
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) == nil {
		parts, ok := nestedTexts(items)
		return "[" + strings.Join(parts, ", ") + "]", ok
	}
	var entries map[string]json.RawMessage
	if json.Unmarshal(raw, &entries) == nil {
		var parts []string
		for key, value := range entries {
			text, ok := nestedText(value)
			if !ok || strings.Contains(key, "@") {
				return "", false
			}
			if key == "null" {
				key = "NULL"
			}
			if fields, ok := strings.CutPrefix(key, "+I["); ok {
				key = "(" + strings.TrimSuffix(fields, "]") + ")"
			}
			parts = append(parts, key+"="+text)
		}
		return "{" + strings.Join(parts, ", ") + "}", true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return strings.ToUpper(string(raw)), true
	}
	if text, ok := intervalText(javaValue{"Period", raw}); ok {
		return text, true
	}
	return s, !strings.Contains(s, "@")
}

func nestedTexts(raws []json.RawMessage) ([]string, bool) {
	var out []string
	for _, raw := range raws {
		s, ok := nestedText(raw)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// sorted puts the entries of maps in order, which have none in Java.
func sorted(s string) string {
	open, end := strings.LastIndex(s, "{"), 0
	if open < 0 {
		return s
	}
	if end = strings.Index(s[open:], "}"); end < 0 {
		return s
	}
	entries := strings.Split(s[open+1:open+end], ", ")
	slices.Sort(entries)
	return sorted(s[:open]+"<"+strings.Join(entries, ", ")) + s[open+end:]
}
