package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// filterHint says how filters are written.
const filterHint = `a filter is {"tag": "value"}, {"tag": ["one", "of"]} or {"field": {"gt": 5, "lte": 9}} (gt, gte, lt, lte, eq, ne); ` +
	`{"field": "name"} picks fields`

// fieldKey is the filter that picks fields instead of comparing.
const fieldKey = "field"

// Filters are the filters of a query as they were written: name to value, list or comparisons.
type Filters map[string]json.RawMessage

// Schema describes Filters.
func (Filters) Schema(huma.Registry) *huma.Schema {
	scalar := func() []*huma.Schema {
		return []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}}
	}
	one, most := 1, 1000
	list := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{AnyOf: scalar()}, MinItems: &one, MaxItems: &most}
	compare := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, MinProperties: &one, Properties: map[string]*huma.Schema{}}
	for _, op := range comparisons() {
		compare.Properties[op] = &huma.Schema{AnyOf: scalar()}
	}
	list.PrecomputeMessages()
	compare.PrecomputeMessages()
	return &huma.Schema{
		Type:                 huma.TypeObject,
		Nullable:             true,
		AdditionalProperties: &huma.Schema{AnyOf: append(scalar(), list, compare)},
		Description:          "All must hold. " + filterHint,
		Examples:             []any{map[string]any{"id": []any{"s001", "s002"}, "value": map[string]any{"gt": 5}}},
	}
}

func comparisons() []string { return []string{"eq", "gt", "gte", "lt", "lte", "ne"} }

// parse returns the comparisons, and the fields that were picked.
func (f Filters) parse() (filters []Filter, fields []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name == fieldKey {
			if fields, err = parseFields(f[name]); err != nil {
				return nil, nil, err
			}
			continue
		}
		tests, err := parseFilter(name, f[name])
		if err != nil {
			return nil, nil, err
		}
		filters = append(filters, tests...)
	}
	return filters, fields, nil
}

func badFilter(name, why string) error {
	return fault.New(fault.Invalid, "filter on %q: %s", cut(name), why).WithHint(filterHint)
}

func parseFields(raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}, nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil || len(many) == 0 {
		return nil, badFilter(fieldKey, "it is the name of a field, or a list of them")
	}
	return many, nil
}

func parseFilter(name string, raw json.RawMessage) ([]Filter, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // a tag may be a number of more digits than a float holds
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, badFilter(name, err.Error())
	}
	switch x := v.(type) {
	case string, bool, json.Number:
		return []Filter{{name, "eq", []any{x}}}, nil
	case []any:
		if len(x) == 0 {
			return nil, badFilter(name, "the list is empty, so nothing can match")
		}
		for _, item := range x {
			if !isScalar(item) {
				return nil, badFilter(name, "a list holds texts, numbers and booleans")
			}
		}
		return []Filter{{name, "in", x}}, nil
	case map[string]any:
		return parseComparisons(name, x)
	}
	return nil, badFilter(name, "null is no value to compare with")
}

func parseComparisons(name string, m map[string]any) ([]Filter, error) {
	if len(m) == 0 {
		return nil, badFilter(name, "there is no comparison")
	}
	var out []Filter
	for _, op := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(comparisons(), op) {
			why := "comparison " + cut(op) + " is not known"
			if near := fault.Near(op, comparisons()); near != "" {
				why += ", did you mean " + near + "?"
			}
			return nil, badFilter(name, why)
		}
		if !isScalar(m[op]) {
			return nil, badFilter(name, "a comparison takes a text, a number or a boolean")
		}
		out = append(out, Filter{name, op, []any{m[op]}})
	}
	return out, nil
}

func isScalar(v any) bool {
	switch v.(type) {
	case string, bool, json.Number:
		return true
	}
	return false
}

// hasNUL reports whether text has a NUL, which no name has and C code downstream takes for the end.
func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }
