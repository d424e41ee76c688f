// Package formattest holds the tests that every format passes: what is written is read back, NULLs
// included; a builder that is full and a record that is broken leave everything as it was; nothing is
// allocated per record.
package formattest

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// Suite is a format to be tested. Spec has both directions.
type Suite struct {
	Spec    format.Spec
	Options option.Values
	// Rows are written and read back. Everything is a good choice where the format takes all types.
	Rows *vec.Batch
	// Broken are records that must be refused.
	Broken []string
}

// Run runs the suite.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("round trip", s.roundTrip)
	t.Run("metadata columns are left alone", s.metadata)
	t.Run("full builder", s.full)
	t.Run("broken records", s.broken)
	t.Run("allocations", s.allocations)
}

func (s *Suite) decoder(t *testing.T) format.Decoder {
	t.Helper()
	d, err := s.Spec.NewDecoder(s.Rows.Schema, s.options(t))
	if err != nil {
		t.Fatalf("new decoder: %v", err)
	}
	return d
}

func (s *Suite) options(t *testing.T) option.Values {
	t.Helper()
	v, err := option.Check("format "+s.Spec.Name, s.Spec.Options, s.Options)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// records are the rows as the format writes them.
func (s *Suite) records(t *testing.T) [][]byte {
	t.Helper()
	e, err := s.Spec.NewEncoder(s.Rows.Schema, s.options(t))
	if err != nil {
		t.Fatalf("new encoder: %v", err)
	}
	var out [][]byte
	for i := range s.Rows.N {
		rec, err := e.Append([]byte("before"), s.Rows, i)
		if err != nil {
			t.Fatalf("encode row %d: %v", i, err)
		}
		rest, kept := bytes.CutPrefix(rec, []byte("before"))
		if !kept {
			t.Fatalf("encode row %d: what was in dst is lost: %q", i, rec)
		}
		out = append(out, rest)
	}
	return out
}

func (s *Suite) roundTrip(t *testing.T) {
	d, dst := s.decoder(t), vec.NewBuilder(s.Rows.Schema)
	records := s.records(t)
	for i, r := range records {
		if err := d.Decode(r, dst); err != nil {
			t.Fatalf("decode %q: %v", r, err)
		}
		if dst.Len() != i+1 {
			t.Fatalf("decode %q: %d rows, want %d", r, dst.Len(), i+1)
		}
	}
	got := dst.Batch()
	for i, r := range records {
		if diff := cmp.Diff(Row(s.Rows, i), Row(got, i), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("row %d, written as %q, came back different (-want +got):\n%s", i, r, diff)
		}
	}
}

func (s *Suite) metadata(t *testing.T) {
	wide := schema.New(schema.Field{Name: "$offset", Type: schema.Of(schema.BigInt)})
	wide.Fields = append(wide.Fields, s.Rows.Schema.Fields...)
	wide.Fields = append(wide.Fields, schema.Field{Name: "$topic", Type: schema.Of(schema.VarChar)})
	d, dst := s.decoder(t), vec.NewBuilder(wide)
	last := wide.Len() - 1
	for i, r := range s.records(t) {
		dst.SetI64(0, int64(i))
		dst.SetString(last, "t")
		if err := d.Decode(r, dst); err != nil {
			t.Fatalf("decode %q: %v", r, err)
		}
	}
	got := dst.Batch()
	for i := range got.N {
		row := Row(got, i)
		want := append(append([]vec.Value{{I: int64(i)}}, Row(s.Rows, i)...), vec.Value{S: "t"})
		if diff := cmp.Diff(want, row, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

func (s *Suite) full(t *testing.T) {
	d, dst := s.decoder(t), vec.NewBuilderSize(s.Rows.Schema, 1)
	r := s.records(t)[0]
	if err := d.Decode(r, dst); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(r, dst); !errors.Is(err, format.ErrFull) {
		t.Fatalf("into a full builder: %v, want ErrFull", err)
	}
	if dst.Len() != 1 {
		t.Fatalf("a full builder has %d rows", dst.Len())
	}
	dst.Reset()
	if err := d.Decode(r, dst); err != nil || dst.Len() != 1 {
		t.Fatalf("after it was emptied: %d rows, %v", dst.Len(), err)
	}
}

func (s *Suite) broken(t *testing.T) {
	d, dst := s.decoder(t), vec.NewBuilder(s.Rows.Schema)
	good := s.records(t)[0]
	n := 0
	for _, text := range s.Broken {
		err := d.Decode([]byte(text), dst)
		var reason *format.Error
		if !errors.As(err, &reason) {
			t.Errorf("decode %q: error %v, want a *format.Error", text, err)
		}
		if dst.Len() != n {
			t.Fatalf("decode %q: left %d rows, had %d", text, dst.Len(), n)
		}
		if err := d.Decode(good, dst); err != nil {
			t.Fatalf("decode %q after a broken record: %v", good, err)
		}
		n++
	}
	got := dst.Batch()
	for i := range got.N {
		if diff := cmp.Diff(Row(s.Rows, 0), Row(got, i), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("a broken record marked the row behind it (-want +got):\n%s", diff)
		}
	}
}

func (s *Suite) allocations(t *testing.T) {
	d, dst := s.decoder(t), vec.NewBuilder(s.Rows.Schema)
	records := s.records(t)
	decode := func() {
		for _, r := range records {
			if dst.Full() {
				dst.Reset()
			}
			if err := d.Decode(r, dst); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range vec.MaxRows {
		decode() // until the builder has seen a whole batch
	}
	if n := testing.AllocsPerRun(20, decode); n != 0 {
		t.Errorf("decoding %d records allocates %v times", len(records), n)
	}
	e, err := s.Spec.NewEncoder(s.Rows.Schema, s.options(t))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 0, 1<<16)
	encode := func() {
		for i := range s.Rows.N {
			if _, err := e.Append(out, s.Rows, i); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(20, encode); n != 0 {
		t.Errorf("encoding %d rows allocates %v times", s.Rows.N, n)
	}
}

// Row returns the values of row i; those of nested types as a text of their parts.
func Row(b *vec.Batch, i int) []vec.Value {
	var out []vec.Value
	for c := range b.Cols {
		col := &b.Cols[c]
		if l := col.Layout(); (l == vec.LayoutList || l == vec.LayoutRow) && !col.IsNull(i) {
			out = append(out, vec.Value{S: nestedText(col, i)})
			continue
		}
		out = append(out, vec.At(col, i))
	}
	return out
}

// Everything is rows with a column of every type that is not nested: usual values, extremes, and NULL
// in every column.
func Everything() *vec.Batch {
	s := schema.New()
	for _, t := range []schema.Type{
		schema.Of(schema.VarChar), schema.Of(schema.Char).WithPrecision(3), schema.Of(schema.Boolean),
		schema.Of(schema.TinyInt), schema.Of(schema.SmallInt), schema.Of(schema.Int), schema.Of(schema.BigInt),
		schema.Of(schema.Float), schema.Of(schema.Double),
		{ID: schema.Decimal, Precision: 10, Scale: 2},
		{ID: schema.Decimal, Precision: 38, Scale: 18},
		schema.Of(schema.VarBinary), schema.Of(schema.Date), schema.Of(schema.Time),
		schema.Of(schema.Timestamp).WithPrecision(3), schema.Of(schema.Timestamp), schema.Of(schema.Timestamp).WithPrecision(9),
		schema.Of(schema.TimestampLTZ).WithPrecision(3),
	} {
		s.Fields = append(s.Fields, schema.Field{Name: "c" + string(rune('a'+len(s.Fields))), Type: t})
	}
	b := vec.NewBuilder(s)
	large := vec.Decimal128{Lo: 0x098a223fffffffff, Hi: 0x4b3b4ca85a86c47a} // 10^38-1
	row := func(values ...vec.Value) {
		for c, v := range values {
			b.SetValue(c, v)
		}
		b.EndRow(vec.Insert)
	}
	i := func(n int64) vec.Value { return vec.Value{I: n} }
	f := func(x float64) vec.Value { return vec.Value{F: x} }
	text := func(v string) vec.Value { return vec.Value{S: v} }
	row(text("ann"), text("abc"), i(1), i(1), i(2), i(3), i(4), f(1.5), f(25), vec.Value{D: vec.Decimal128{Lo: 1234}}, vec.Value{D: vec.Decimal128{Lo: 1}},
		text("bytes"), i(20777), i(36_000_123), i(1_795_168_800_123), i(1_795_168_800_123_456), i(1_795_168_800_123_456_789), i(1_795_168_800_000))
	row(text("größe 温度 \U0001F321"), text("x y"), i(0), i(-128), i(-32768), i(math.MinInt32), i(math.MinInt64), f(math.MaxFloat32), f(-math.MaxFloat64),
		vec.Value{D: vec.Decimal128{Lo: ^uint64(99) + 1, Hi: -1}}, vec.Value{D: large}, text("\x00\xff\n"), i(-1), i(0), i(-1), i(-1), i(-1), i(-62_135_596_800_000))
	row(text("a,\"b\";\\c\n\t\x01|"), text(""), i(1), i(127), i(32767), i(math.MaxInt32), i(math.MaxInt64), f(math.SmallestNonzeroFloat32), f(math.SmallestNonzeroFloat64),
		vec.Value{D: vec.Decimal128{}}, vec.Value{D: vec.Decimal128{Lo: 1 << 63}}, text(""), i(0), i(86_399_999), i(0), i(1), i(1), i(253_402_300_799_999))
	row(text(" "), text("end"), i(0), i(0), i(0), i(0), i(0), f(0.1), f(25.555555555555557), vec.Value{D: vec.Decimal128{Lo: 100}}, vec.Value{D: vec.Decimal128{}},
		text("b"), i(-719_162), i(1), i(1), i(1000), i(1000), i(1))
	for c := range s.Fields {
		b.SetNull(c)
	}
	b.EndRow(vec.Insert)
	return b.Batch()
}
