package avro

import (
	"encoding/json"
	"fmt"

	"github.com/twmb/avro"

	"millrace/fault"
	"millrace/schema"
)

// The name of the record that a table's schema derives, as in Flink.
const (
	generatedNamespace = "org.apache.flink.avro.generated"
	generatedName      = "record"
)

// parsed is an Avro schema and the definitions of its named types.
type parsed struct {
	text  string
	root  *avro.SchemaNode
	named map[string]*avro.SchemaNode
}

// parse reads a schema, and first those that it refers to.
func parse(text string, references ...string) (*parsed, error) {
	var cache avro.SchemaCache
	p := &parsed{text: text, named: map[string]*avro.SchemaNode{}}
	for _, t := range append(references, text) {
		s, err := cache.Parse(t)
		if err != nil {
			return nil, err
		}
		p.root = s.Root()
		p.define(p.root, "")
	}
	return p, nil
}

// define notes the named types in n.
func (p *parsed) define(n *avro.SchemaNode, namespace string) {
	switch n.Type {
	case "record", "error", "enum", "fixed":
		name, inner := fullName(n, namespace)
		p.named[name] = n
		for i := range n.Fields {
			p.define(&n.Fields[i].Type, inner)
		}
	case "array":
		p.define(n.Items, namespace)
	case "map":
		p.define(n.Values, namespace)
	case "union":
		for i := range n.Branches {
			p.define(&n.Branches[i], namespace)
		}
	}
}

// resolve returns the definition that a reference stands for, or n itself. The names of kinds come first, as
// Flink calls its records record.
func (p *parsed) resolve(n *avro.SchemaNode, namespace string) *avro.SchemaNode {
	if _, ok := kindOf(n.Type); ok {
		return n
	}
	if def := p.named[namespace+"."+n.Type]; def != nil {
		return def
	}
	if def := p.named[n.Type]; def != nil {
		return def
	}
	return n
}

// fullName returns the full name of a named type and the namespace of what is inside it.
func fullName(n *avro.SchemaNode, namespace string) (name, inner string) {
	for i := len(n.Name) - 1; i >= 0; i-- {
		if n.Name[i] == '.' {
			return n.Name, n.Name[:i]
		}
	}
	if n.Namespace != "" {
		namespace = n.Namespace
	}
	if namespace == "" {
		return n.Name, ""
	}
	return namespace + "." + n.Name, namespace
}

// derived is a schema as it is written in JSON.
type derived struct {
	Type      any    `json:"type"`
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Fields    any    `json:"fields,omitempty"`
	Items     any    `json:"items,omitempty"`
	Values    any    `json:"values,omitempty"`
	Logical   string `json:"logicalType,omitempty"`
	Precision int32  `json:"precision,omitempty"`
	Scale     *int32 `json:"scale,omitempty"`
}

// derivedField is a field of a record; a nullable one has a default.
type derivedField struct {
	Name    string          `json:"name"`
	Type    any             `json:"type"`
	Default json.RawMessage `json:"default,omitempty"`
}

// derive returns the Avro schema of rows as Flink makes it.
func derive(s *schema.Schema, legacy bool) (string, error) {
	t, err := deriver{legacy}.record(s.Fields, generatedName)
	if err != nil {
		return "", err
	}
	t.Namespace = generatedNamespace
	text, err := json.Marshal(t)
	return string(text), err
}

type deriver struct{ legacy bool }

func (d deriver) record(fields []schema.Field, name string) (derived, error) {
	list := make([]derivedField, 0, len(fields))
	for _, f := range fields {
		t, err := d.typeOf(f.Type, name+"_"+f.Name)
		if err != nil {
			return derived{}, fmt.Errorf("column %q: %w", f.Name, err)
		}
		df := derivedField{Name: f.Name, Type: t}
		if !f.Type.NotNull {
			df.Default = json.RawMessage("null")
		}
		list = append(list, df)
	}
	return derived{Type: "record", Name: name, Fields: list}, nil
}

func (d deriver) typeOf(t schema.Type, name string) (any, error) {
	of, err := d.notNull(t, name)
	if err != nil || t.NotNull {
		return of, err
	}
	return []any{"null", of}, nil
}

func (d deriver) notNull(t schema.Type, name string) (any, error) {
	switch t.ID {
	case schema.Boolean:
		return "boolean", nil
	case schema.TinyInt, schema.SmallInt, schema.Int:
		return "int", nil
	case schema.BigInt:
		return "long", nil
	case schema.Float:
		return "float", nil
	case schema.Double:
		return "double", nil
	case schema.Char, schema.VarChar:
		return "string", nil
	case schema.Binary, schema.VarBinary:
		return "bytes", nil
	case schema.Decimal:
		return derived{Type: "bytes", Logical: "decimal", Precision: t.Precision, Scale: &t.Scale}, nil
	case schema.Date:
		return derived{Type: "int", Logical: "date"}, nil
	case schema.Time:
		if t.Precision > 3 {
			return nil, fault.New(fault.Invalid, "%s is finer than the milliseconds of Avro's time-millis", t.Nullable())
		}
		return derived{Type: "int", Logical: "time-millis"}, nil
	case schema.Timestamp, schema.TimestampLTZ:
		return d.instant(t)
	case schema.Row:
		return d.record(t.Fields, name)
	case schema.Array:
		items, err := d.typeOf(t.Fields[0].Type, name)
		return derived{Type: "array", Items: items}, err
	case schema.Map, schema.Multiset:
		if !isMap(t) {
			return nil, fault.New(fault.Invalid, "%s: a map of Avro has text as keys", t.Nullable())
		}
		values, err := d.typeOf(valueOf(t), name)
		return derived{Type: "map", Values: values}, err
	}
	return nil, fault.New(fault.Invalid, "Avro has no type for %s", t.Nullable())
}

func (d deriver) instant(t schema.Type) (any, error) {
	if d.legacy {
		if t.ID == schema.TimestampLTZ || t.Precision > 3 {
			return nil, fault.New(fault.Invalid, "%s has no Avro type in Flink's legacy mapping, which knows TIMESTAMP(3) only", t.Nullable()).
				WithHint("set timestamp_mapping.legacy to false, with the format's prefix")
		}
		return derived{Type: "long", Logical: "timestamp-millis"}, nil
	}
	logical := map[int64]string{1e3: "timestamp-millis", 1e6: "timestamp-micros", 1e9: "timestamp-nanos"}[t.PerSecond()]
	if t.ID == schema.Timestamp {
		logical = "local-" + logical
	}
	return derived{Type: "long", Logical: logical}, nil
}
