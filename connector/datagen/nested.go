package datagen

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

const (
	defaultElements = 3 // of an ARRAY, MAP or MULTISET
	mostOften       = 10
)

// nested reads the settings of a column with values inside: how many there are, and those of the parts, as
// fields.x.element.min, fields.x.key.length, fields.x.value.kind, or under the names of a ROW's fields.
func (c *column) nested(name string, v option.Values) error {
	known := []string{"kind", "length", "null-rate"}
	var parts []schema.Field
	switch c.typ.ID {
	case schema.Row:
		known, parts = []string{"kind", "null-rate"}, c.typ.Fields
	case schema.Map:
		parts = []schema.Field{{Name: "key", Type: c.typ.Fields[0].Type}, {Name: "value", Type: c.typ.Fields[1].Type}}
	default:
		parts = []schema.Field{{Name: "element", Type: c.typ.Fields[0].Type}}
	}
	for key := range v {
		if head, _, _ := strings.Cut(key, "."); !slices.Contains(known, key) && (head == key || !named(parts, head)) {
			return fault.New(fault.Invalid, "connector datagen: option %q is not known", "fields."+name+"."+key)
		}
	}
	if kind := v["kind"]; kind != "" && kind != "random" {
		return fault.New(fault.Invalid, "connector datagen: kind %q of column %q is not random, which %s must be", kind, name, c.typ.Nullable())
	}
	var err error
	c.length = defaultElements
	if s, ok := v["length"]; ok {
		c.length, err = strconv.Atoi(s)
	}
	if s, ok := v["null-rate"]; ok && err == nil {
		c.nullRate, err = strconv.ParseFloat(s, 64)
	}
	if err == nil && (c.length < 0 || c.length > vec.MaxRows) {
		err = fault.New(fault.Invalid, "length %d is not from 0 to %d", c.length, vec.MaxRows)
	}
	if err != nil {
		return fault.New(fault.Invalid, "connector datagen: column %q: %w", name, err)
	}
	for _, part := range parts {
		inside, err := newColumn(0, schema.Field{Name: name + "." + part.Name, Type: part.Type}, v.Under(part.Name+"."))
		if err == nil && inside.sequence {
			err = fault.New(fault.Invalid, "connector datagen: kind \"sequence\" of %q: a sequence counts rows, not values inside of them", name+"."+part.Name)
		}
		if err != nil {
			return err
		}
		c.parts = append(c.parts, inside)
	}
	if c.typ.ID == schema.Multiset {
		c.parts = append(c.parts, column{typ: schema.Of(schema.Int).Required(), maxInt: mostOften})
	}
	return nil
}

func named(fields []schema.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f schema.Field) bool { return f.Name == name })
}

// grow adds a random value as row n of a growing column.
func (c *column) grow(col *vec.Column, n int, bits uint64, now time.Time) {
	switch {
	case c.parts == nil:
		c.draw(col.Slot(n), bits, now)
	case c.null(bits):
		col.AppendNull(n)
	case c.typ.ID == schema.Row:
		for k := range c.parts {
			c.parts[k].grow(&col.Kids[k], n, mix(bits+uint64(k)+1), now)
		}
		col.GrowRow(n)
	default:
		c.growList(col, n, bits, now)
	}
}

// growList adds a list; of entries with one key the first stays.
func (c *column) growList(col *vec.Column, n int, bits uint64, now time.Time) {
	from := int(col.Off[n])
	at := from
	for range c.length {
		for k := range c.parts {
			bits = mix(bits + 1)
			c.parts[k].grow(&col.Kids[k], at, bits, now)
		}
		if len(c.parts) == 2 && repeated(&col.Kids[0], from, at) {
			for k := range col.Kids {
				col.Kids[k].Truncate(at)
			}
			continue
		}
		at++
	}
	col.GrowList(n, at)
}

// repeated reports whether row at of a column is also in the rows from from on before it.
func repeated(keys *vec.Column, from, at int) bool {
	for i := from; i < at; i++ {
		if keys.Equal(i, keys, at) {
			return true
		}
	}
	return false
}
