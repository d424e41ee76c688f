package vec

import (
	"errors"
	"testing"

	"millrace/schema"
)

// allLayouts is a ROW with a field of each layout.
func allLayouts() schema.Type {
	t := schema.Type{ID: schema.Row}
	for _, id := range []schema.TypeID{schema.Boolean, schema.TinyInt, schema.SmallInt, schema.Int, schema.BigInt, schema.Float, schema.Double, schema.Decimal, schema.VarChar, schema.VarBinary} {
		t.Fields = append(t.Fields, schema.Field{Name: string(rune('a' + len(t.Fields))), Type: schema.Of(id)})
	}
	list := schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: schema.Of(schema.VarChar)}}}
	bag := schema.Type{ID: schema.Multiset, Fields: []schema.Field{{Type: schema.Of(schema.Int)}}}
	t.Fields = append(t.Fields, schema.Field{Name: "list", Type: list}, schema.Field{Name: "bag", Type: bag})
	return t
}

// setLayout sets a value of any layout but the nested ones.
func setLayout(s Slot, l Layout, seed int) {
	switch l {
	case LayoutBits:
		s.SetBool(seed%2 == 1)
	case LayoutF32:
		s.SetF32(float32(seed))
	case LayoutF64:
		s.SetF64(float64(seed))
	case LayoutD128:
		s.SetDecimal(Decimal128{Lo: uint64(seed)})
	case LayoutBytes:
		if err := s.SetBytesBy(func([]byte) ([]byte, error) { return nil, errors.New("not this time") }); err == nil {
			panic("the error is lost")
		}
		s.SetBytes(make([]byte, seed%5))
	default:
		s.SetInt(int64(seed))
	}
}

// growRow grows row n of allLayouts; upto says how many kids before it is given up.
func growRow(col *Column, n, seed, upto int) {
	for k := range col.Kids[:upto] {
		kid := &col.Kids[k]
		if (seed+k)%4 == 0 {
			kid.AppendNull(n)
			continue
		}
		if kid.Layout() != LayoutList {
			setLayout(kid.Slot(n), kid.Layout(), seed)
			continue
		}
		at := int(kid.Off[n])
		for e := range seed % 3 {
			for i := range kid.Kids {
				setLayout(kid.Kids[i].Slot(at+e), kid.Kids[i].Layout(), seed+e)
			}
		}
		if upto == len(col.Kids) {
			kid.GrowList(n, at+seed%3)
		}
	}
	if upto == len(col.Kids) {
		col.GrowRow(n)
	}
}

func TestNestedValuesGrow(t *testing.T) {
	s := schema.New(schema.Field{Name: "r", Type: allLayouts()}, schema.Field{Name: "n", Type: schema.Of(schema.Int)})
	b, clean := NewBuilder(s), NewBuilder(s)
	kids := len(s.Fields[0].Type.Fields)
	for range 2 {
		for i := range 300 {
			col, n := b.Nested(0)
			growRow(col, n, i+1, i%kids) // given up halfway
			switch i % 4 {
			case 0:
				b.AbortRow()
			case 1:
				b.EndRow(Insert) // without a value
				b.Truncate(i)
			}
			for _, to := range []*Builder{b, clean} {
				setLayout(to.Slot(1), LayoutI32, i)
				if i%7 == 0 {
					to.Slot(1).SetNull()
				}
				if i%5 > 0 {
					col, n := to.Nested(0)
					growRow(col, n, i, kids)
					to.NestedDone(0)
				}
				to.EndRow(Insert)
			}
		}
		got, want := b.Batch(), clean.Batch()
		for c := range got.Cols {
			for i := range 300 {
				if !got.Cols[c].Equal(i, &want.Cols[c], i) {
					t.Fatalf("column %d, row %d differs", c, i)
				}
			}
		}
		if !got.Cols[0].IsNull(5) || got.Cols[0].IsNull(6) {
			t.Error("other rows are NULL")
		}
		b.Reset()
		clean.Reset()
	}
	if col := NewColumn(schema.Of(schema.Int)); !col.Slot(0).Inside() || b.Slot(1).Inside() {
		t.Error("a slot does not know where it is")
	}
}
