package avro

import (
	"testing"

	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// TestMaps writes a MAP and a MULTISET, which Avro has as a map to numbers, and reads them in the order of Flink.
func TestMaps(t *testing.T) {
	text, integer := schema.Of(schema.VarChar), schema.Of(schema.Int)
	mapOf := func(v schema.Type) schema.Type {
		return schema.Type{ID: schema.Map, Fields: []schema.Field{{Type: text.Required()}, {Type: v}}}
	}
	bag := schema.Type{ID: schema.Multiset, Fields: []schema.Field{{Type: text.Required()}}}
	types := []schema.Type{mapOf(integer), bag, mapOf(bag)}
	pairs := func(keys ...string) (out []any) {
		for _, k := range keys {
			out = append(out, formattest.Pair{Key: vec.Value{S: k}, Value: vec.Value{I: int64(len(k))}})
		}
		return out
	}
	rows := func(keys ...string) *vec.Batch {
		p := pairs(keys...)
		return formattest.Nested(types, []any{p, p, []any{formattest.Pair{Key: vec.Value{S: "x"}, Value: p}}}, []any{nil, []any{}, nil})
	}
	in, want := rows("zeta", "alpha", "mid", "k1", "k2", "k10"), rows("zeta", "alpha", "k1", "k2", "mid", "k10")
	for _, encoding := range []string{"binary", "json"} {
		v := option.Values{"timestamp_mapping.legacy": "true", "encoding": encoding}
		e, err := newPlainEncoder(in.Schema, v)
		if err != nil {
			t.Fatal(err)
		}
		d, err := newPlainDecoder(in.Schema, v)
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(in.Schema)
		for i := range in.N {
			record, err := e.Append(nil, in, i)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Decode(record, dst); err != nil {
				t.Fatalf("%s: %q: %v", encoding, record, err)
			}
		}
		got := dst.Batch()
		for i := range want.N {
			equalRows(t, want, i, got, i)
		}
	}
}
