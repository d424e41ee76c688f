package schema

import (
	"strings"

	"millrace/fault"
)

// TimeAttribute says whether a field carries the time that windows and joins go by.
type TimeAttribute uint8

// The kinds of time attributes: none, event time (a watermark follows it), processing time.
const (
	NoTime TimeAttribute = iota
	RowTime
	ProcTime
)

// Field is a named column of a row.
type Field struct {
	Name string
	Type Type
	Time TimeAttribute
}

// Schema is the fields of a row, in order. Names are case-sensitive and unique.
type Schema struct {
	Fields []Field
}

// New returns the schema of fields.
func New(fields ...Field) *Schema { return &Schema{Fields: fields} }

// Len is the number of fields.
func (s *Schema) Len() int { return len(s.Fields) }

// Index returns the position of the field called name, or -1.
func (s *Schema) Index(name string) int {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// Names returns the names of the fields in order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Fields))
	for i := range s.Fields {
		names[i] = s.Fields[i].Name
	}
	return names
}

// Select returns the schema of the fields at the given positions, in that order.
func (s *Schema) Select(at []int) *Schema {
	out := &Schema{Fields: make([]Field, len(at))}
	for i, j := range at {
		out.Fields[i] = s.Fields[j]
	}
	return out
}

// Check refuses two fields of one name and a field without one.
func (s *Schema) Check() error {
	seen := make(map[string]bool, len(s.Fields))
	for _, f := range s.Fields {
		if f.Name == "" {
			return fault.New(fault.Invalid, "a column has no name")
		}
		if seen[f.Name] {
			return fault.New(fault.Invalid, "column %q stands twice", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// String returns the schema as a column list: "`id` STRING NOT NULL, `n` BIGINT".
func (s *Schema) String() string {
	var b strings.Builder
	for i, f := range s.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("`" + f.Name + "` " + f.Type.String())
		switch f.Time {
		case RowTime:
			b.WriteString(" *ROWTIME*")
		case ProcTime:
			b.WriteString(" *PROCTIME*")
		}
	}
	return b.String()
}
