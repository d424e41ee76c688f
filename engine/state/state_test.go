package state

import (
	"math"
	"testing"

	"millrace/blob"
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
	text := schema.Field{Name: "s", Type: schema.Of(schema.VarChar)}
	list := schema.Field{Name: "l", Type: schema.Type{ID: schema.Array, Fields: []schema.Field{text}}}
	row := schema.Field{Name: "r", Type: schema.Type{ID: schema.Row, Fields: []schema.Field{text, list, {Name: "b", Type: schema.Of(schema.Boolean)}}}}
	for _, t := range []schema.Type{list.Type, row.Type, {ID: schema.Map, Fields: []schema.Field{text, row}}, {ID: schema.Multiset, Fields: []schema.Field{text}}} {
		s.Fields = append(s.Fields, schema.Field{Name: "c", Type: t})
	}
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
			case vec.LayoutList, vec.LayoutRow:
				col, n := b.Nested(c)
				grow(col, n, i+c)
				b.NestedDone(c)
			default:
				b.SetInt(c, int64(i-n/2)%100)
			}
		}
		b.EndRow(vec.Insert)
	}
	return b.Batch()
}

// grow adds a value as row n of a nested column, or of a column in one; what it is follows from seed.
func grow(c *vec.Column, n, seed int) {
	if seed%7 == 0 {
		c.AppendNull(n)
		return
	}
	switch c.Layout() {
	case vec.LayoutBits:
		c.GrowBool(n, seed%2 == 0)
	case vec.LayoutI32:
		c.GrowInt(n, int64(seed))
	case vec.LayoutBytes:
		c.GrowBytes(n, make([]byte, seed%3))
	case vec.LayoutRow:
		for k := range c.Kids {
			grow(&c.Kids[k], n, seed+k)
		}
		c.GrowRow(n)
	case vec.LayoutList:
		at := int(c.Off[n])
		for e := range seed % 4 {
			for k := range c.Kids {
				grow(&c.Kids[k], at+e, seed+e+k)
			}
		}
		c.GrowList(n, at+seed%4)
	}
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
		if err := w.Save(t.Context(), Folders(dir)("job"), "a.snap"); err != nil {
			t.Fatal(err)
		}
		r, err := Load(t.Context(), Folders(dir)("job"), "a.snap")
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
	if err := w.Save(t.Context(), Folders(dir)("job"), "a.snap"); err != nil {
		t.Fatal(err)
	}
	f := func(name string, read func(r *Reader)) {
		t.Helper()
		r, err := Load(t.Context(), Folders(dir)("job"), "a.snap")
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

// TestPlaces checks that every kind of place keeps what Place promises.
func TestPlaces(t *testing.T) {
	mem, err := blob.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	for name, places := range map[string]func(job string) Place{"folder": Folders(t.TempDir()), "bucket": Buckets(mem, "snapshots/")} {
		t.Run(name, func(t *testing.T) {
			ctx, p := t.Context(), places("job")
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(p.Keep(ctx, "1.snap")) // nothing is there yet
			for _, n := range []string{"1.snap", "2.snap", "3.snap"} {
				must(p.Save(ctx, n, []byte(n)))
			}
			must(places("other").Save(ctx, "1.snap", []byte("other")))
			// A new owner finds what the old one left, and an old one leaves what is newer.
			p = places("job")
			must(p.Keep(ctx, "2.snap"))
			for n, want := range map[string]bool{"1.snap": false, "2.snap": true, "3.snap": true} {
				data, err := places("job").Load(ctx, n)
				if got := err == nil; got != want || got && string(data) != n {
					t.Errorf("%s: %q, %v", n, data, err)
				}
			}
			must(places("job").Keep(ctx, ""))
			if _, err := p.Load(ctx, "3.snap"); err == nil {
				t.Error("a snapshot is there although all were removed")
			}
			if data, err := places("other").Load(ctx, "1.snap"); err != nil || string(data) != "other" {
				t.Errorf("that of another job: %q, %v", data, err)
			}
		})
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
					cols[c].Equal(i, &cols[c], i) // looks at all that is inside
				}
			}
		}
		if r.Err() != nil && fault.KindOf(r.Err()) != fault.Corrupt {
			t.Errorf("the error is %v", r.Err())
		}
	})
}

func TestNested(t *testing.T) {
	text, number := schema.Of(schema.VarChar), schema.Of(schema.BigInt)
	types := []schema.Type{
		{ID: schema.Array, Fields: []schema.Field{{Type: text}}},
		{ID: schema.Multiset, Fields: []schema.Field{{Type: number}}},
		{ID: schema.Map, Fields: []schema.Field{{Type: text}, {Type: schema.Type{ID: schema.Row, Fields: []schema.Field{{Name: "a", Type: number}, {Name: "b", Type: text}}}}}},
	}
	const rows = 200
	cols := make([]vec.Column, len(types))
	for c, of := range types {
		cols[c] = vec.NewColumn(of)
		for i := range rows {
			if (i+c)%5 == 0 {
				cols[c].AppendNull(i)
				continue
			}
			growNested(&cols[c], i, i%4)
		}
	}
	w := NewWriter()
	views := make([]vec.Column, len(cols))
	for c := range cols {
		views[c] = cols[c].View(64, rows)
	}
	w.Columns(views, rows-64)
	place := Folders(t.TempDir())("job")
	if err := w.Save(t.Context(), place, "s"); err != nil {
		t.Fatal(err)
	}
	r, err := Load(t.Context(), place, "s")
	if err != nil {
		t.Fatal(err)
	}
	got, n := r.Columns(types)
	if r.Err() != nil || n != rows-64 {
		t.Fatal(n, r.Err())
	}
	for c := range cols {
		for i := range n {
			if !got[c].Equal(i, &cols[c], i+64) {
				t.Fatalf("column %d, row %d differs", c, i)
			}
		}
	}
}

// growNested adds a list of so many elements as row n.
func growNested(c *vec.Column, n, elements int) {
	at := int(c.Off[n])
	for e := range elements {
		for k := range c.Kids {
			kid := &c.Kids[k]
			switch kid.Layout() {
			case vec.LayoutRow:
				kid.Kids[0].GrowInt(at+e, int64(n))
				kid.Kids[1].GrowString(at+e, "row")
				kid.GrowRow(at + e)
			case vec.LayoutBytes:
				kid.GrowString(at+e, string(rune('a'+e)))
			default:
				kid.GrowInt(at+e, int64(n+e))
			}
		}
	}
	c.GrowList(n, at+elements)
}
