package vec

import (
	"testing"

	"millrace/schema"
)

func testSchema() *schema.Schema {
	return schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "n", Type: schema.Of(schema.BigInt)},
		schema.Field{Name: "x", Type: schema.Of(schema.Double)},
		schema.Field{Name: "ok", Type: schema.Of(schema.Boolean)},
	)
}

func TestBuilderKeepsAndForgetsRows(t *testing.T) {
	b := NewBuilderSize(testSchema(), 4)
	b.SetString(0, "long text that is replaced")
	b.SetString(0, "ann")
	b.SetI64(1, 1)
	b.EndRow(Insert)
	b.SetString(0, "lost")
	b.SetF64(2, 9)
	b.AbortRow()
	b.SetF64(2, 2.5)
	b.SetBool(3, true)
	b.EndRow(Delete)
	got := b.Batch()
	if got.N != 2 || string(got.Cols[0].Bytes(0)) != "ann" || !got.Cols[0].IsNull(1) || got.Cols[1].IsNull(0) || !got.Cols[1].IsNull(1) {
		t.Fatalf("rows are wrong: %+v", got)
	}
	if got.Cols[2].F64[1] != 2.5 || !got.Cols[3].Bool(1) || got.Kind(0) != Insert || got.Kind(1) != Delete {
		t.Fatalf("values or kinds are wrong")
	}
	b.Reset()
	if b.Batch().N != 0 || b.IsSet(2) {
		t.Fatal("Reset left something")
	}
}

func TestAppendRowsFollowsSelectionAndCapacity(t *testing.T) {
	src := NewBuilderSize(testSchema(), 8)
	for i := range 8 {
		if i != 3 {
			src.SetString(0, string(rune('a'+i)))
		}
		src.SetI64(1, int64(i))
		src.EndRow(Insert)
	}
	in := src.Batch()
	in.Sel = []int32{1, 3, 5, 7}
	dst := NewBuilderSize(testSchema(), 3)
	if n := dst.AppendRows(in, in.Rows(), 0); n != 3 || !dst.Full() {
		t.Fatalf("took %d rows", n)
	}
	out := dst.Batch()
	for i, want := range []int64{1, 3, 5} {
		if out.Cols[1].I64[i] != want {
			t.Errorf("row %d is %d, want %d", i, out.Cols[1].I64[i], want)
		}
	}
	if !out.Cols[0].IsNull(1) || string(out.Cols[0].Bytes(2)) != "f" {
		t.Error("strings are wrong after a NULL")
	}
	dst.Reset()
	if n := dst.AppendRows(in, in.Rows(), 3); n != 1 || dst.Batch().Cols[1].I64[0] != 7 {
		t.Errorf("the rest: %d rows", n)
	}
}

func TestTruncate(t *testing.T) {
	b := NewBuilderSize(testSchema(), 4)
	for i := range 3 {
		b.SetString(0, "abc")
		b.SetI64(1, int64(i))
		b.EndRow(Insert)
	}
	b.Truncate(1)
	b.SetString(0, "x")
	b.EndRow(Insert)
	out := b.Batch()
	if out.N != 2 || string(out.Cols[0].Bytes(1)) != "x" || !out.Cols[1].IsNull(1) {
		t.Fatalf("after Truncate: %q", out.Cols[0].Data)
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	b := NewBuilder(testSchema())
	fillOnce := func() {
		b.Reset()
		for !b.Full() {
			b.SetString(0, "sensor-001")
			b.SetI64(1, 1)
			b.SetF64(2, 2)
			b.EndRow(Insert)
		}
		b.Batch()
	}
	fillOnce()
	if n := testing.AllocsPerRun(10, fillOnce); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

func TestBitmapAndCount(t *testing.T) {
	a, b := make(Bitmap, 2), make(Bitmap, 2)
	a.Set(3)
	a.Set(70)
	b.Set(70)
	if got := And(nil, a, b, 100); got.Count(100) != 1 || !got.Get(70) {
		t.Errorf("%v", got)
	}
	if And(nil, nil, nil, 100) != nil || And(nil, nil, a, 100).Count(71) != 2 {
		t.Error("nil is not all ones")
	}
}
