package datagen

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func table(t *testing.T, s *schema.Schema, opts option.Values) connector.Table {
	t.Helper()
	v, err := option.Check("connector datagen", options(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return connector.Table{Name: "t", Schema: s, Options: v}
}

func fields(types ...schema.Type) *schema.Schema {
	s := schema.New()
	for i, typ := range types {
		s.Fields = append(s.Fields, schema.Field{Name: string(rune('a' + i)), Type: typ})
	}
	return s
}

func TestSource(t *testing.T) {
	tab := table(t, fields(schema.Of(schema.BigInt), schema.Of(schema.Double), schema.Of(schema.VarChar)), option.Values{
		"rows-per-second": "10000000", "fields.a.kind": "sequence", "fields.a.start": "5", "fields.a.end": "304", "fields.c.length": "20",
	})
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.Open(t.Context(), "rows", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	// The first offset fixes the seed, which the suite's readers must share.
	connectortest.RunSource(t, connectortest.Source{Source: seeded{src, r.Offset()}, Table: tab, Rows: 300})
}

// seeded is a source whose readers begin with one seed.
type seeded struct {
	connector.Source
	start connector.Offset
}

func (s seeded) Open(ctx context.Context, split connector.Split, from connector.Offset, d format.Decoder) (connector.Reader, error) {
	if from == "" {
		from = s.start
	}
	return s.Source.Open(ctx, split, from, d)
}

func TestValuesKeepTheirBounds(t *testing.T) {
	s := fields(schema.Of(schema.TinyInt), schema.Of(schema.Int), schema.Of(schema.Double), schema.Type{ID: schema.Decimal, Precision: 6, Scale: 2},
		schema.Of(schema.VarChar), schema.Of(schema.Char).WithPrecision(5), schema.Of(schema.Boolean), schema.Of(schema.Timestamp).WithPrecision(3), schema.Of(schema.Float), schema.Of(schema.BigInt))
	tab := table(t, s, option.Values{
		"rows-per-second": "1000000000", "number-of-rows": "1000", "fields.b.min": "10", "fields.b.max": "12", "fields.c.min": "-1", "fields.c.max": "1.5",
		"fields.e.length": "8", "fields.e.var-len": "true", "fields.h.max-past": "10 s", "fields.j.null-rate": "0.5",
	})
	src, err := newSource(tab)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.Open(t.Context(), "rows", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := connectortest.Rows(tab, 1000)
	for err == nil {
		err = r.Read(t.Context(), rows)
	}
	if !errors.Is(err, io.EOF) || rows.Len() != 1000 {
		t.Fatalf("%d rows, %v", rows.Len(), err)
	}
	b, now := rows.Batch(), time.Now().UnixMilli()
	nulls, ints, lengths := 0, map[int32]int{}, map[int]int{}
	for i := range b.N {
		ints[b.Cols[1].I32[i]]++
		lengths[len(b.Cols[4].Bytes(i))]++
		if x := b.Cols[2].F64[i]; x < -1 || x > 1.5 {
			t.Fatalf("double %v", x)
		}
		if x := vec.At(&b.Cols[3], i); x.Null || int64(x.D.Lo) > 999999 || int64(x.D.Lo) < -999999 {
			t.Fatalf("decimal %+v", x)
		}
		if len(b.Cols[5].Bytes(i)) != 5 {
			t.Fatalf("char %q", b.Cols[5].Bytes(i))
		}
		if ts := b.Cols[7].I64[i]; ts > now || ts < now-11_000 {
			t.Fatalf("timestamp %d, now %d", ts, now)
		}
		if b.Cols[9].IsNull(i) {
			nulls++
		}
	}
	if len(ints) != 3 || len(lengths) != 8 || nulls < 400 || nulls > 600 {
		t.Errorf("integers %v, lengths %v, %d NULLs", ints, lengths, nulls)
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := table(t, fields(schema.Of(schema.Int)), option.Values{"rows-per-second": "50"})
		src, err := newSource(tab)
		if err != nil {
			t.Fatal(err)
		}
		r, err := src.Open(t.Context(), "rows", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, n := connectortest.Rows(tab, 1000), 0
		for began := time.Now(); time.Since(began) < 10*time.Second; {
			rows.Reset()
			if err := r.Read(t.Context(), rows); err != nil {
				t.Fatal(err)
			}
			n += rows.Len()
		}
		if n < 500 || n > 502 {
			t.Errorf("%d rows in 10 s, want 500", n)
		}
	})
}

func TestWrongOptionsAreRefused(t *testing.T) {
	f := func(opts option.Values, types ...schema.Type) {
		t.Helper()
		if _, err := newSource(table(t, fields(types...), opts)); err == nil {
			t.Errorf("%v is accepted", opts)
		}
	}
	f(option.Values{"fields.a.kind": "sequence"}, schema.Of(schema.Int))
	f(option.Values{"fields.a.kind": "sequence", "fields.a.start": "1", "fields.a.end": "2"}, schema.Of(schema.Boolean))
	f(option.Values{"fields.a.kind": "rising"}, schema.Of(schema.Int))
	f(option.Values{"fields.a.mim": "1"}, schema.Of(schema.Int))
	f(option.Values{"fields.a.min": "x"}, schema.Of(schema.Int))
	f(option.Values{"fields.a.min": "3", "fields.a.max": "2"}, schema.Of(schema.Int))
	f(option.Values{"rows-per-second": "0"}, schema.Of(schema.Int))
	f(nil, schema.Type{ID: schema.Row})
}
