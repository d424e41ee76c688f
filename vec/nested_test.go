package vec

import (
	"testing"

	"millrace/schema"
)

// nestedSample has the rows [x, NULL], NULL, [], [x, NULL] of ARRAY<ROW<STRING, BOOLEAN>>, where x is a row.
func nestedSample() *Column {
	row := schema.Type{ID: schema.Row, Fields: []schema.Field{{Name: "s", Type: schema.Of(schema.VarChar)}, {Name: "b", Type: schema.Of(schema.Boolean)}}}
	c := NewColumn(schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: row}}})
	one := NewColumn(row)
	one.Kids[0].AppendNull(0)
	one.Kids[0].Data = append(one.Kids[0].Data, "text"...)
	one.Kids[0].Off[1] = 4
	one.Kids[0].Valid.Set(0)
	one.Kids[1].AppendNull(0)
	for range 2 {
		n := int(c.Off[len(c.Off)-1])
		c.Kids[0].Append(n, &one, 0)
		c.Kids[0].AppendNull(n + 1)
		c.Off = append(c.Off, int32(n+2))
		c.appendValid(len(c.Off)-2, true)
		if len(c.Off) == 2 {
			c.AppendNull(1)
			c.Off = append(c.Off, c.Off[2])
			c.appendValid(2, true)
		}
	}
	return &c
}

func TestNestedRowsAreCopied(t *testing.T) {
	in := nestedSample()
	b := NewBuilderSize(schema.New(schema.Field{Name: "a", Type: in.Type}), 8)
	h := NewHasher()
	for range 3 {
		for _, i := range []int{3, 1, 2} {
			b.CopyValue(0, in, 0)
			if !b.IsSet(0) {
				t.Fatal("a value that was copied is not set")
			}
			b.SetNull(0)
			b.CopyValue(0, in, i) // the last value stands
			b.EndRow(Insert)
		}
		b.CopyValue(0, in, 0)
		b.AbortRow()
		b.EndRow(Insert)
		out := &b.Batch().Cols[0]
		for k, i := range []int{0, 1, 2, 1} {
			if !out.Equal(k, in, i) {
				t.Errorf("row %d is not row %d", k, i)
			}
			if !out.IsNull(k) && h.value(out, k) != h.value(in, i) {
				t.Errorf("row %d hashes otherwise than row %d", k, i)
			}
		}
		if out.Equal(0, in, 2) || out.Equal(2, in, 1) {
			t.Error("lists of other elements are equal")
		}
		b.Reset()
	}
}

func TestNestedViews(t *testing.T) {
	in := nestedSample()
	v := in.View(0, 3)
	if !v.Equal(0, in, 3) || v.Equal(2, in, 3) {
		t.Error("a view has other rows")
	}
	var c Column
	c.Fill(in.Type, Value{Null: true}, 3)
	if !c.IsNull(2) || c.Off[3] != 0 {
		t.Error("a column of NULLs has a value")
	}
	in.Clear()
	if len(in.Off) != 1 || len(in.Kids[0].Kids[0].Data) != 0 {
		t.Error("a cleared column is not empty")
	}
}

func TestMapsHaveNoOrder(t *testing.T) {
	entries := func(keys ...int32) *Column {
		c := NewColumn(schema.Type{ID: schema.Map, Fields: []schema.Field{{Type: schema.Of(schema.Int)}, {Type: schema.Of(schema.Int)}}})
		for i := range 2 {
			c.Kids[i].I32 = keys
		}
		c.Off = append(c.Off, int32(len(keys)))
		return &c
	}
	a, b, other := entries(1, 2), entries(2, 1), entries(1, 3)
	h := NewHasher()
	if !a.Equal(0, b, 0) || h.value(a, 0) != h.value(b, 0) {
		t.Error("the order of entries matters")
	}
	if a.Equal(0, other, 0) {
		t.Error("maps of other keys are equal")
	}
}
