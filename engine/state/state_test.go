package state

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	b := vec.NewBuilderSize(s, max(n, 1))
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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryTypeComesBack writes rows of all types, all and some of them, and reads them back.
func TestEveryTypeComesBack(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 1024, 3000} {
		b := rows(n)
		place := Folders(t.TempDir())("job")
		c := NewChain(place, Limits{})
		w, err := c.Begin(t.Context(), "a.snap")
		must(t, err)
		w.Part("first")
		w.Int(math.MinInt64)
		var all, some Track
		some.Renumber()
		w.Rows("all", &all, b.N, nil, func(rows []int32) []vec.Column {
			first, last := int(rows[0]), int(rows[len(rows)-1])+1
			var views []vec.Column
			for i := range b.Cols {
				views = append(views, b.Cols[i].View(first, last))
			}
			return views
		})
		w.Part("second")
		w.Int(7)
		odd := func(row int32) bool { return row%2 == 1 }
		w.Rows("odd", &some, b.N, odd, func(rows []int32) []vec.Column { return gathered(b.Cols, rows) })
		_, err = c.Save(w)
		must(t, err)
		s, err := Load(t.Context(), place, "a.snap")
		must(t, err)
		if got := s.Parts(); !slices.Equal(got, []string{"first", "second"}) {
			t.Fatalf("parts %q", got)
		}
		first, second := s.Part(0), s.Part(1)
		if x, y := first.Int(), second.Int(); x != math.MinInt64 || y != 7 {
			t.Errorf("numbers %d, %d", x, y)
		}
		if got := compared(t, first, "all", b); got != n {
			t.Errorf("%d rows, want %d", got, n)
		}
		if got := compared(t, second, "odd", b); got != n/2 {
			t.Errorf("%d odd rows of %d", got, n)
		}
		must(t, s.Close())
	}
}

func gathered(cols []vec.Column, rows []int32) []vec.Column {
	out := make([]vec.Column, len(cols))
	for c := range cols {
		out[c] = vec.NewColumn(cols[c].Type)
		for n, row := range rows {
			out[c].Append(n, &cols[c], int(row))
		}
	}
	return out
}

// compared returns how many rows a table has, each of which must be as in b.
func compared(t *testing.T, r *Reader, name string, b *vec.Batch) int {
	t.Helper()
	n := 0
	must(t, r.Rows(name, types(), func(numbers []int32, cols []vec.Column) error {
		for i, row := range numbers {
			n++
			for c := range cols {
				if !cols[c].Equal(i, &b.Cols[c], int(row)) {
					t.Fatalf("column %d of row %d differs", c, row)
				}
			}
		}
		return nil
	}))
	return n
}

// world is tables that change, and what they should be.
type world struct {
	tables map[string]*model
}

type model struct {
	track  Track
	values []int64 // by row; 0: there is none
}

func (m *model) set(row int, v int64) {
	for len(m.values) <= row {
		m.values = append(m.values, 0)
	}
	m.values[row] = v
	m.track.Touch(int32(row))
}

func (w *world) write(to *Writer, number int64) {
	to.Part("task")
	to.Int(number)
	for _, name := range slices.Sorted(maps.Keys(w.tables)) {
		m := w.tables[name]
		live := func(row int32) bool { return m.values[row] != 0 }
		to.Rows(name, &m.track, len(m.values), live, func(rows []int32) []vec.Column {
			col := vec.NewColumn(schema.Of(schema.BigInt))
			text := vec.NewColumn(schema.Of(schema.VarChar))
			for n, row := range rows {
				col.GrowInt(n, m.values[row])
				text.GrowString(n, fmt.Sprint("row ", m.values[row]))
			}
			return []vec.Column{col, text}
		})
	}
}

func (w *world) check(t *testing.T, s *Snapshot, number int64) {
	t.Helper()
	r := s.Part(0)
	if got := r.Int(); got != number {
		t.Fatalf("number %d, want %d", got, number)
	}
	for name, m := range w.tables {
		got := make([]int64, len(m.values))
		before := int32(-1)
		must(t, r.Rows(name, []schema.Type{schema.Of(schema.BigInt), schema.Of(schema.VarChar)}, func(rows []int32, cols []vec.Column) error {
			for i, row := range rows {
				if row <= before {
					t.Fatalf("row %d comes behind row %d", row, before)
				}
				before, got[row] = row, cols[0].I64[i]
				if want := fmt.Sprint("row ", got[row]); string(cols[1].Bytes(i)) != want {
					t.Fatalf("row %d has text %q, want %q", row, cols[1].Bytes(i), want)
				}
			}
			return nil
		}))
		if !slices.Equal(got, m.values) {
			t.Fatalf("snapshot %d: table %s differs", number, name)
		}
	}
}

// TestChainIsTheLastState changes tables at random, takes snapshots, and reads each back: what all files say together
// is what the tables are. Tables come and go, rows get new numbers, runs end between two snapshots.
func TestChainIsTheLastState(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(3, seed))
		dir := t.TempDir()
		place := Folders(dir)("job")
		limits := Limits{Small: []int64{-1, -1, 20_000}[seed%3], Files: 2 + int(seed)}
		c := NewChain(place, limits)
		w := &world{tables: map[string]*model{}}
		merged, most := 0, 0
		for number := range int64(120) {
			name := fmt.Sprintf("%09d.snap", number)
			for _, table := range []string{"a", "b", "c"}[:1+rng.IntN(3)] {
				m := w.tables[table]
				if m == nil {
					m = &model{}
					w.tables[table] = m
				}
				for range rng.IntN([]int{2, 30, 3000}[rng.IntN(3)]) {
					m.set(rng.IntN(4000), max(0, rng.Int64N(1000)-300))
				}
			}
			switch rng.IntN(12) {
			case 0:
				delete(w.tables, "b")
			case 1:
				m := w.tables["a"]
				m.values = slices.DeleteFunc(m.values, func(v int64) bool { return v == 0 })
				m.track.Renumber()
			case 2:
				c.Close()
				c = NewChain(place, limits)
				for _, m := range w.tables {
					m.track.Renumber()
				}
			}
			to, err := c.Begin(t.Context(), name)
			must(t, err)
			w.write(to, number)
			_, err = c.Save(to)
			must(t, err)
			s, err := Load(t.Context(), place, name)
			must(t, err)
			w.check(t, s, number)
			most = max(most, len(s.files))
			must(t, s.Close())
			must(t, c.Committed(t.Context()))
			if c.merge != nil && rng.IntN(4) > 0 {
				<-c.merge.done
				merged++
			}
			if names, _ := place.List(t.Context()); len(names) > 2*(limits.Files+4) {
				t.Fatalf("%d files are left", len(names))
			}
		}
		c.Close()
		if merged == 0 || most < 2 {
			t.Errorf("seed %d: %d merges, at most %d files", seed, merged, most)
		}
	}
}

// TestCostFollowsWhatChanged changes one row of many.
func TestCostFollowsWhatChanged(t *testing.T) {
	c := NewChain(Folders(t.TempDir())("job"), Limits{})
	m := &model{}
	for row := range 200_000 {
		m.set(row, int64(row)+1)
	}
	w := &world{tables: map[string]*model{"a": m}}
	sizes := []int64{}
	for number := range int64(3) {
		m.set(int(7*number), 5)
		to, err := c.Begin(t.Context(), fmt.Sprintf("%09d.snap", number))
		must(t, err)
		w.write(to, number)
		size, err := c.Save(to)
		must(t, err)
		must(t, c.Committed(t.Context()))
		sizes = append(sizes, size)
	}
	c.Close()
	if sizes[0] < 1<<20 || sizes[1] > 1000 || sizes[2] > 1000 {
		t.Errorf("snapshots of %d bytes", sizes)
	}
}

// TestFilesOfGoneTablesAreRemoved lets one table go by after the other, as windows do.
func TestFilesOfGoneTablesAreRemoved(t *testing.T) {
	place := Folders(t.TempDir())("job")
	c := NewChain(place, Limits{Small: -1, Files: 100})
	for number := range int64(20) {
		m := &model{}
		for row := range 5000 {
			m.set(row, number+1)
		}
		w := &world{tables: map[string]*model{fmt.Sprint("window ", number): m}}
		to, err := c.Begin(t.Context(), fmt.Sprintf("%09d.snap", number))
		must(t, err)
		w.write(to, number)
		_, err = c.Save(to)
		must(t, err)
		must(t, c.Committed(t.Context()))
		if c.merge != nil {
			<-c.merge.done
		}
	}
	c.Close()
	if names, err := place.List(t.Context()); err != nil || len(names) > 4 {
		t.Errorf("%q are left: %v", names, err)
	}
}

// chained writes a chain of two files and returns their names; the second is the last snapshot.
func twoFiles(t *testing.T, place Place) []string {
	t.Helper()
	c := NewChain(place, Limits{Small: -1})
	m := &model{}
	names := []string{"1.snap", "2.snap"}
	for i, name := range names {
		for row := range 100 {
			m.set(row*(i+1), int64(row)+1)
		}
		w, err := c.Begin(t.Context(), name)
		must(t, err)
		(&world{tables: map[string]*model{"a": m}}).write(w, int64(i))
		_, err = c.Save(w)
		must(t, err)
	}
	return names
}

// readAll reads all that a snapshot has.
func readAll(t *testing.T, place Place, name string) error {
	t.Helper()
	s, err := Load(t.Context(), place, name)
	if err != nil {
		return err
	}
	defer s.Close()
	r := s.Part(0)
	r.Int()
	return r.Rows("a", []schema.Type{schema.Of(schema.BigInt), schema.Of(schema.VarChar)}, func([]int32, []vec.Column) error { return nil })
}

// TestDamageIsSeen flips each bit, and cuts at each byte, of both files of a snapshot.
func TestDamageIsSeen(t *testing.T) {
	dir := t.TempDir()
	place := Folders(dir)("job")
	for _, name := range twoFiles(t, place) {
		path := filepath.Join(dir, "job", name)
		good, err := os.ReadFile(path)
		must(t, err)
		damaged := func(what string, data []byte) {
			t.Helper()
			must(t, os.WriteFile(path, data, 0o644))
			if err := readAll(t, place, "2.snap"); fault.KindOf(err) != fault.Corrupt || fault.HintOf(err) == "" || !strings.Contains(err.Error(), name) {
				t.Fatalf("%s of %s: %v", what, name, err)
			}
		}
		for at := range good {
			bad := slices.Clone(good)
			bad[at] ^= 1 << (at % 8)
			damaged(fmt.Sprintf("a flipped bit of byte %d", at), bad)
			damaged(fmt.Sprintf("the first %d bytes", at), good[:at])
		}
		damaged("one byte more", append(slices.Clone(good), 0))
		must(t, os.WriteFile(path, good, 0o644))
		must(t, readAll(t, place, "2.snap"))
	}
}

// TestOtherFilesAreSeen puts another file of the same name, of another format, or none where one of a chain was.
func TestOtherFilesAreSeen(t *testing.T) {
	dir := t.TempDir()
	place, other := Folders(dir)("job"), Folders(dir)("other")
	twoFiles(t, place)
	c := NewChain(other, Limits{})
	w, err := c.Begin(t.Context(), "1.snap")
	must(t, err)
	(&world{tables: map[string]*model{"a": {}}}).write(w, 9)
	_, err = c.Save(w)
	must(t, err)
	path := filepath.Join(dir, "job", "1.snap")
	f := func(what, want string) {
		t.Helper()
		if err := readAll(t, place, "2.snap"); fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(t, os.Rename(filepath.Join(dir, "other", "1.snap"), path))
	f("another file", "is not the one")
	must(t, os.WriteFile(path, []byte("MLRSNAP1 of an older version, which is long enough"), 0o644))
	f("another format", `it is of format '1', and this program reads format '2'`)
	must(t, os.Remove(path))
	f("no file", "it is not there")
}

// TestWrongReader asks for what was not written.
func TestWrongReader(t *testing.T) {
	place := Folders(t.TempDir())("job")
	names := twoFiles(t, place)
	number, text := schema.Of(schema.BigInt), schema.Of(schema.VarChar)
	f := func(name string, read func(r *Reader)) {
		t.Helper()
		s, err := Load(t.Context(), place, names[1])
		must(t, err)
		defer s.Close()
		r := s.Part(0)
		read(r)
		if fault.KindOf(r.Err()) != fault.Corrupt {
			t.Errorf("%s: %v", name, r.Err())
		}
		if err := r.Rows("a", []schema.Type{number, text}, nil); err == nil {
			t.Errorf("%s: a reader goes on behind its error", name)
		}
	}
	rows := func(name string, types ...schema.Type) func(r *Reader) {
		return func(r *Reader) { _ = r.Rows(name, types, func([]int32, []vec.Column) error { return nil }) }
	}
	f("a number more", func(r *Reader) { r.Int(); r.Int() })
	f("another table", rows("b", number, text))
	f("fewer columns", rows("a", number))
	f("another type", rows("a", number, number))
}

// TestPlaces checks that every kind of place keeps what Place promises.
func TestPlaces(t *testing.T) {
	mem, err := blob.Open(t.Context(), "mem://")
	must(t, err)
	for name, places := range map[string]func(job string) Place{"folder": Folders(t.TempDir()), "bucket": Buckets(mem, "snapshots/")} {
		t.Run(name, func(t *testing.T) {
			ctx, p := t.Context(), places("job")
			if names, err := p.List(ctx); err != nil || len(names) > 0 {
				t.Fatal(names, err)
			}
			for _, n := range []string{"1.snap", "2.snap"} {
				f, err := p.Create(ctx, n)
				must(t, err)
				_, err = f.Write([]byte(n))
				must(t, err)
				if _, err := p.Open(ctx, n); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("a file that is not finished can be opened: %v", err)
				}
				must(t, f.Commit())
			}
			f, err := p.Create(ctx, "3.snap")
			must(t, err)
			f.Discard()
			if names, err := places("job").List(ctx); err != nil || !slices.Equal(names, []string{"1.snap", "2.snap"}) {
				t.Fatal(names, err)
			}
			src, err := p.Open(ctx, "2.snap")
			must(t, err)
			buf := make([]byte, 3)
			if _, err := src.ReadAt(buf, 1); err != nil || src.Size() != 6 || string(buf) != ".sn" {
				t.Errorf("%q of %d bytes: %v", buf, src.Size(), err)
			}
			must(t, src.Close())
			must(t, p.Remove(ctx, "1.snap", "4.snap"))
			twoFiles(t, places("other"))
			must(t, readAll(t, places("other"), "2.snap"))
			must(t, Clear(ctx, p))
			if names, err := p.List(ctx); err != nil || len(names) > 0 {
				t.Error(names, err)
			}
			must(t, readAll(t, places("other"), "2.snap"))
		})
	}
}

// TestLaterSnapshotsOfOthersStay lets a run that has lost its job, and does not know it, go on.
func TestLaterSnapshotsOfOthersStay(t *testing.T) {
	place := Folders(t.TempDir())("job")
	step := func(c *Chain, name string) {
		t.Helper()
		w, err := c.Begin(t.Context(), name)
		must(t, err)
		(&world{tables: map[string]*model{"a": {}}}).write(w, 0)
		_, err = c.Save(w)
		must(t, err)
		must(t, c.Committed(t.Context()))
	}
	old := NewChain(place, Limits{})
	step(old, "1-a.snap")
	next := NewChain(place, Limits{})
	step(next, "2-b.snap")
	step(old, "2-a.snap")
	step(old, "3-a.snap")
	must(t, opened(t, place, "2-b.snap"))
	step(next, "3-b.snap")
	must(t, opened(t, place, "3-b.snap"))
}

func opened(t *testing.T, place Place, name string) error {
	t.Helper()
	s, err := Load(t.Context(), place, name)
	if err != nil {
		return err
	}
	return s.Close()
}

// FuzzBlock reads any bytes, as if the checksum were right: an error or rows, never a panic or memory without end.
func FuzzBlock(f *testing.F) {
	b := rows(5)
	e := &encoder{}
	e.rows([]int32{0, 1, 2, 3, 4})
	e.rows([]int32{7, 9})
	e.uvarint(uint64(len(b.Cols)))
	for c := range b.Cols {
		e.column(&b.Cols[c], b.N)
	}
	f.Add(e.buf)
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b block
		d := &decoder{buf: data, name: "a.snap"}
		decodeBlock(d, types(), &b)
		if d.err == nil {
			for c := range b.cols {
				for i := range b.puts {
					b.cols[c].Equal(i, &b.cols[c], i) // looks at all that is inside
				}
			}
		} else if fault.KindOf(d.err) != fault.Corrupt {
			t.Errorf("the error is %v", d.err)
		}
	})
}

// FuzzDirectory reads any bytes as a directory.
func FuzzDirectory(f *testing.F) {
	d := directory{older: []link{{"a", 5, 6}}, parts: []part{{name: "p", ints: []int64{-1}, tables: []table{{name: "t", whole: true, blocks: []blockAt{{8, 9, 10}}}}}}}
	e := &encoder{}
	d.encode(e)
	f.Add(e.buf)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &decoder{buf: data, name: "a.snap"}
		if decodeDirectory(d); d.err != nil && fault.KindOf(d.err) != fault.Corrupt {
			t.Errorf("the error is %v", d.err)
		}
	})
}
