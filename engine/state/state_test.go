package state

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// everything is a column of each type that operators keep.
func everything() *schema.Schema {
	var s schema.Schema
	for _, id := range []schema.TypeID{
		schema.Boolean, schema.TinyInt, schema.SmallInt, schema.Int, schema.BigInt, schema.Float, schema.Double, schema.Date, schema.Time, schema.VarChar, schema.VarBinary,
	} {
		s.Fields = append(s.Fields, schema.Field{Name: "c", Type: schema.Of(id)})
	}
	s.Fields = append(s.Fields,
		schema.Field{Name: "c", Type: schema.Of(schema.Decimal).WithPrecision(38)},
		schema.Field{Name: "c", Type: schema.Of(schema.Timestamp).WithPrecision(9)})
	return &s
}

// rows are n rows of everything; each third value is NULL.
func rows(n int) *vec.Batch {
	s := everything()
	b := vec.NewBuilder(s)
	for i := range n {
		for c, f := range s.Fields {
			if (i+c)%3 == 0 {
				continue
			}
			switch vec.LayoutOf(f.Type.ID) {
			case vec.LayoutBits:
				b.SetBool(c, i%2 == 0)
			case vec.LayoutF32:
				b.SetF32(c, float32(i)/3)
			case vec.LayoutF64:
				b.SetF64(c, math.Inf(i%2-1))
			case vec.LayoutD128:
				b.SetDecimal(c, vec.Decimal128{Lo: uint64(i), Hi: -int64(i)})
			case vec.LayoutBytes:
				b.SetString(c, string(make([]byte, i%5))+"ü")
			default:
				b.SetInt(c, int64(i-n/2)%100)
			}
		}
		b.EndRow(vec.Insert)
	}
	return b.Batch()
}

func types() []schema.Type {
	var all []schema.Type
	for _, f := range everything().Fields {
		all = append(all, f.Type)
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		b := rows(n)
		w := NewWriter()
		w.Section("first")
		w.Int(math.MinInt64)
		w.Columns(b.Cols, b.N)
		w.Section("second")
		w.Int(7)
		if err := w.Save(dir, "a.snap"); err != nil {
			t.Fatal(err)
		}
		r, err := Load(dir, "a.snap")
		if err != nil {
			t.Fatal(err)
		}
		if name := r.Next(); name != "first" {
			t.Fatalf("section %q", name)
		}
		if v := r.Int(); v != math.MinInt64 {
			t.Errorf("int %d", v)
		}
		mark := r.Mark()
		for range 2 {
			r.Back(mark)
			cols, got := r.Columns(types())
			if got != n {
				t.Fatalf("%d rows, want %d: %v", got, n, r.Err())
			}
			for c := range cols {
				for i := range n {
					if !cols[c].Equal(i, &b.Cols[c], i) {
						t.Fatalf("column %d, row %d differs", c, i)
					}
				}
			}
		}
		if name, v := r.Next(), r.Int(); name != "second" || v != 7 || r.Next() != "" || r.Err() != nil {
			t.Errorf("section %q, %d, %v", name, v, r.Err())
		}
	}
}

// TestWrongPlace reads what was not written there.
func TestWrongPlace(t *testing.T) {
	dir := t.TempDir()
	w := NewWriter()
	w.Section("s")
	w.Columns(rows(3).Cols, 3)
	if err := w.Save(dir, "a.snap"); err != nil {
		t.Fatal(err)
	}
	f := func(name string, read func(r *Reader)) {
		t.Helper()
		r, err := Load(dir, "a.snap")
		if err != nil {
			t.Fatal(err)
		}
		r.Next()
		read(r)
		if fault.KindOf(r.Err()) != fault.Corrupt {
			t.Errorf("%s: %v", name, r.Err())
		}
		if r.Next() != "" {
			t.Errorf("%s: a reader goes on behind its error", name)
		}
	}
	f("an int where columns are", func(r *Reader) { r.Int() })
	f("fewer columns", func(r *Reader) { r.Columns(types()[1:]) })
	f("another type", func(r *Reader) {
		other := types()
		other[3] = schema.Of(schema.BigInt)
		r.Columns(other)
	})
	f("beyond the end", func(r *Reader) { r.Columns(types()); r.Int() })
}

func TestKeep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"1.snap", "2.snap", "3.snap", "3.snap.tmp", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Keep(dir, "2.snap"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if !slices.Equal(left, []string{"2.snap", "notes.txt"}) {
		t.Errorf("left are %q", left)
	}
	if err := Keep(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}

// FuzzReader reads any bytes, as if the checksum were right: an error or rows, never a panic or memory without end.
func FuzzReader(f *testing.F) {
	w := NewWriter()
	w.Section("s")
	w.Int(5)
	w.Columns(rows(5).Cols, 5)
	f.Add(w.buf[len(magic):])
	f.Add([]byte("C\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Reader{buf: data, name: "a.snap"}
		for r.Next() != "" {
			r.Int()
			cols, n := r.Columns(types())
			for c := range cols {
				for i := range n {
					vec.At(&cols[c], i)
				}
			}
		}
		if r.Err() != nil && fault.KindOf(r.Err()) != fault.Corrupt {
			t.Errorf("the error is %v", r.Err())
		}
	})
}
