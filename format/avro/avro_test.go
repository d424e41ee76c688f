package avro

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	library "github.com/twmb/avro"

	"millrace/format"
	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func newMapping() option.Values { return option.Values{"timestamp_mapping.legacy": "false"} }

func TestConformance(t *testing.T) {
	broken := []string{"\x02", "\x02\x06ab", "\x04", "\x02\x07ann", "\x01", "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", strings.Repeat("\x00", 17), strings.Repeat("\x00", 19), "\x02\x02\xff" + strings.Repeat("\x00", 17), "\x00\x00\x02\x02" + strings.Repeat("\x00", 15)}
	formattest.Run(t, formattest.Suite{Spec: Spec(), Options: newMapping(), Rows: formattest.Everything(), Broken: broken})
}

func TestConformanceJSON(t *testing.T) {
	v := newMapping()
	v["encoding"] = "json"
	formattest.Run(t, formattest.Suite{Spec: Spec(), Options: v, Rows: formattest.Everything(), Broken: []string{
		`{`, `{}`, `null`, `5`, `{"ca":null}`, `{"ca":{"string":5}}`, `{"ca":"x"}`, `{"ca":{"strin":"x"}}`, `{"ca":{"string":"x"`, `[`,
	}})
}

// nested is rows with arrays, maps and rows in each other.
func nested() *vec.Batch {
	text, number := schema.Of(schema.VarChar), schema.Of(schema.BigInt)
	array := func(t schema.Type) schema.Type {
		return schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: t}}}
	}
	mapOf := func(t schema.Type) schema.Type {
		return schema.Type{ID: schema.Map, Fields: []schema.Field{{Type: text.Required()}, {Type: t}}}
	}
	row := schema.Type{ID: schema.Row, Fields: []schema.Field{{Name: "s", Type: text}, {Name: "l", Type: array(number)}, {Name: "b", Type: schema.Of(schema.Boolean).Required()}}}
	s := schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.Int).Required()},
		schema.Field{Name: "list", Type: array(text)},
		schema.Field{Name: "lists", Type: array(array(schema.Of(schema.Double).Required()))},
		schema.Field{Name: "m", Type: mapOf(schema.Type{ID: schema.Decimal, Precision: 10, Scale: 2})},
		schema.Field{Name: "r", Type: row},
		schema.Field{Name: "rows", Type: array(row.Required())},
		schema.Field{Name: "end", Type: text})
	b := vec.NewBuilder(s)
	b.SetInt(0, 1)
	col, n := b.Nested(1)
	at := int(col.Off[n])
	col.Kids[0].GrowString(at, "a")
	col.Kids[0].AppendNull(at + 1)
	col.GrowList(n, at+2)
	b.NestedDone(1)
	col, n = b.Nested(2)
	inner := &col.Kids[0]
	inner.Kids[0].GrowF64(0, 1.5)
	inner.GrowList(0, 1)
	inner.AppendNull(1)
	inner.GrowList(2, 1)
	col.GrowList(n, 3)
	b.NestedDone(2)
	col, n = b.Nested(3)
	for i := range 20 { // more than are compared each with each
		col.Kids[0].GrowString(i, fmt.Sprint("key ", i))
		col.Kids[1].GrowDecimal(i, vec.Decimal128{Lo: uint64(i) * 100})
	}
	col.GrowList(n, 20)
	b.NestedDone(3)
	growRow := func(r *vec.Column, n int) {
		r.Kids[0].GrowString(n, "größe")
		r.Kids[1].Kids[0].GrowInt(int(r.Kids[1].Off[n]), -7)
		r.Kids[1].GrowList(n, int(r.Kids[1].Off[n])+1)
		r.Kids[2].GrowBool(n, true)
		r.GrowRow(n)
	}
	col, n = b.Nested(4)
	growRow(col, n)
	b.NestedDone(4)
	col, n = b.Nested(5)
	growRow(&col.Kids[0], 0)
	growRow(&col.Kids[0], 1)
	col.GrowList(n, 2)
	b.NestedDone(5)
	b.SetString(6, "end")
	b.EndRow(vec.Insert)
	b.SetInt(0, 2)
	b.EndRow(vec.Insert)
	return b.Batch()
}

// equalRows compares rows, nested values included.
func equalRows(t *testing.T, want *vec.Batch, i int, got *vec.Batch, j int) {
	t.Helper()
	for c := range want.Cols {
		if !want.Cols[c].Equal(i, &got.Cols[c], j) {
			t.Errorf("row %d: column %q differs", i, want.Schema.Fields[c].Name)
		}
	}
}

func TestNested(t *testing.T) {
	for _, encoding := range []string{"binary", "json"} {
		b := nested()
		v := option.Values{"timestamp_mapping.legacy": "true", "encoding": encoding}
		e, err := newPlainEncoder(b.Schema, v)
		if err != nil {
			t.Fatal(err)
		}
		d, err := newPlainDecoder(b.Schema, v)
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(b.Schema)
		var records [][]byte
		for i := range b.N {
			text, err := e.Append(nil, b, i)
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, text)
		}
		for round := range 100 { // with what is left behind, too
			if round%10 == 0 {
				dst.Reset()
			}
			for _, r := range records {
				if err := d.Decode(r, dst); err != nil {
					t.Fatalf("%s: %q: %v", encoding, r, err)
				}
			}
			if err := d.Decode(records[0][:len(records[0])-1], dst); err == nil {
				t.Fatalf("%s: a record cut short is taken", encoding)
			}
		}
		got := dst.Batch()
		for j := range got.N {
			equalRows(t, b, j%2, got, j)
		}
		decode := func() {
			dst.Reset()
			for _, r := range records {
				if err := d.Decode(r, dst); err != nil {
					t.Fatal(err)
				}
			}
		}
		decode()
		if n := testing.AllocsPerRun(100, decode); n != 0 {
			t.Errorf("%s: decoding allocates %v times", encoding, n)
		}
	}
}

// TestAgainstLibrary holds what is written against what another implementation reads.
func TestAgainstLibrary(t *testing.T) {
	b := nested()
	e, err := newPlainEncoder(b.Schema, option.Values{"timestamp_mapping.legacy": "true"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := derive(b.Schema, true)
	if err != nil {
		t.Fatal(err)
	}
	record, err := e.Append(nil, b, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := library.MustParse(text)
	var got map[string]any
	if rest, err := s.Decode(record, &got); err != nil || len(rest) > 0 {
		t.Fatalf("the library leaves %d bytes: %v", len(rest), err)
	}
	inner := map[string]any{"s": "größe", "l": []any{int64(-7)}, "b": true}
	want := map[string]any{"id": int32(1), "list": []any{"a", nil}, "lists": []any{[]any{1.5}, nil, []any{}}, "r": inner, "rows": []any{inner, inner}, "end": "end"}
	delete(got, "m")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	v := option.Values{"timestamp_mapping.legacy": "true", "encoding": "json"}
	je, err := newPlainEncoder(b.Schema, v)
	if err != nil {
		t.Fatal(err)
	}
	inJSON, err := je.Append(nil, b, 0)
	if err != nil {
		t.Fatal(err)
	}
	var fromJSON, fromBinary map[string]any
	if err := s.DecodeJSON(inJSON, &fromJSON); err != nil {
		t.Fatalf("the library reads %s: %v", inJSON, err)
	}
	if _, err := s.Decode(record, &fromBinary); err != nil || !reflect.DeepEqual(fromJSON, fromBinary) {
		t.Errorf("from JSON %v, from binary %v, %v", fromJSON, fromBinary, err)
	}
}

func TestDerivedSchema(t *testing.T) {
	decimal := schema.Type{ID: schema.Decimal, Precision: 10, Scale: 2}
	s := schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.BigInt).Required()},
		schema.Field{Name: "name", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "ts", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
		schema.Field{Name: "price", Type: decimal},
		schema.Field{Name: "tags", Type: schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: schema.Of(schema.TinyInt).Required()}}, NotNull: true}},
		schema.Field{Name: "at", Type: schema.Type{ID: schema.Row, Fields: []schema.Field{{Name: "day", Type: schema.Of(schema.Date).Required()}, {Name: "clock", Type: schema.Of(schema.Time)}}}})
	want := `{"type":"record","name":"record","namespace":"org.apache.flink.avro.generated","fields":[` +
		`{"name":"id","type":"long"},{"name":"name","type":["null","string"],"default":null},` +
		`{"name":"ts","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null},` +
		`{"name":"price","type":["null",{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}],"default":null},` +
		`{"name":"tags","type":{"type":"array","items":"int"}},` +
		`{"name":"at","type":["null",{"type":"record","name":"record_at","fields":[{"name":"day","type":{"type":"int","logicalType":"date"}},` +
		`{"name":"clock","type":["null",{"type":"int","logicalType":"time-millis"}],"default":null}]}],"default":null}]}`
	if got, err := derive(s, true); err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	got, err := derive(s, false)
	if err != nil || !strings.Contains(got, "local-timestamp-millis") {
		t.Errorf("not legacy: %s, %v", got, err)
	}
	for _, typ := range []schema.Type{schema.Of(schema.Timestamp), schema.Of(schema.TimestampLTZ).WithPrecision(3), schema.Of(schema.Time).WithPrecision(6), schema.Of(schema.IntervalDay)} {
		s := schema.New(schema.Field{Name: "x", Type: typ})
		if _, err := newPlainDecoder(s, option.Values{"timestamp_mapping.legacy": "true"}); err == nil {
			t.Errorf("%s has a schema", typ)
		}
	}
}

// read decodes a record that was written with a schema into columns, and gives the rows or the reason.
func read(t *testing.T, writer string, value any, s *schema.Schema) ([]vec.Value, error) {
	t.Helper()
	record, err := library.MustParse(writer).Encode(value)
	if err != nil {
		t.Fatalf("encode %v: %v", value, err)
	}
	p, err := parse(writer)
	if err != nil {
		t.Fatal(err)
	}
	r, err := planRows(p, s, false)
	if err != nil {
		return nil, err
	}
	d := &decoder{schema: s, plans: onePlan{r}}
	dst := vec.NewBuilder(s)
	if err := d.Decode(record, dst); err != nil {
		return nil, err
	}
	return formattest.Row(dst.Batch(), 0), nil
}

func TestEvolution(t *testing.T) {
	s := schema.New(
		schema.Field{Name: "big", Type: schema.Of(schema.BigInt)}, schema.Field{Name: "double", Type: schema.Of(schema.Double)}, schema.Field{Name: "float", Type: schema.Of(schema.Float)},
		schema.Field{Name: "gone", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "text", Type: schema.Of(schema.VarChar)})
	writer := `{"type":"record","name":"com.x.User","fields":[
		{"name":"skipped","type":{"type":"record","name":"Inner","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["a","b"]}},{"name":"next","type":["null","Inner"]},{"name":"list","type":{"type":"array","items":{"type":"map","values":"double"}}},{"name":"f","type":{"type":"fixed","name":"F","size":3}}]}},
		{"name":"text","type":["int","null","E"]},{"name":"big","type":"int"},{"name":"float","type":"long"},{"name":"double","type":["float","null"]}]}`
	inner := map[string]any{"e": "b", "next": map[string]any{"e": "a", "next": nil, "list": []any{}, "f": []byte("abc")}, "list": []any{map[string]any{"k": 1.5}}, "f": []byte("xyz")}
	got, err := read(t, writer, map[string]any{"skipped": inner, "text": "b", "big": int32(-5), "float": int64(7), "double": float32(0.5)}, s)
	want := []vec.Value{{I: -5}, {F: 0.5}, {F: 7}, {Null: true}, {S: "b"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err = read(t, writer, map[string]any{"skipped": inner, "text": int32(1), "big": int32(-5), "float": int64(7), "double": nil}, s); err == nil || err.Error() != `field "text": is int, which is no STRING` {
		t.Errorf("an int as STRING: %v", err)
	}
	f := func(typ schema.Type, writer string, value any, want string) {
		t.Helper()
		got, err := read(t, `{"type":"record","name":"R","fields":[{"name":"x","type":`+writer+`}]}`, map[string]any{"x": value}, schema.New(schema.Field{Name: "x", Type: typ}))
		text := fmt.Sprint(got)
		if err != nil {
			text = err.Error()
		}
		if text != want {
			t.Errorf("%v of %s as %s: %s, want %s", value, writer, typ, text, want)
		}
	}
	decimal := schema.Type{ID: schema.Decimal, Precision: 6, Scale: 3}
	f(decimal, `{"type":"bytes","logicalType":"decimal","precision":6,"scale":1}`, []byte{0xff, 0x38}, `[{false 0 0 {18446744073709531616 -1} }]`) // -20.0
	f(decimal, `{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":6,"scale":3}`, []byte{0, 0, 0, 200}, `[{false 0 0 {200 0} }]`)
	f(decimal, `"bytes"`, []byte{0x7f, 0xff, 0xff, 0xff}, `[{true 0 0 {0 0} }]`)
	f(decimal.Required(), `"bytes"`, []byte{0x7f, 0xff, 0xff, 0xff}, `field "x": does not fit DECIMAL(6, 3)`)
	f(schema.Of(schema.Timestamp).WithPrecision(3), `{"type":"long","logicalType":"timestamp-micros"}`, int64(-1), `[{false -1 0 {0 0} }]`)
	f(schema.Of(schema.TimestampLTZ).WithPrecision(9), `{"type":"long","logicalType":"timestamp-millis"}`, int64(5), `[{false 5000000 0 {0 0} }]`)
	f(schema.Of(schema.TimestampLTZ).WithPrecision(9), `{"type":"long","logicalType":"timestamp-millis"}`, int64(1)<<60, `field "x": does not fit TIMESTAMP_LTZ(9)`)
	f(schema.Of(schema.Time), `{"type":"long","logicalType":"time-micros"}`, int64(5000), `[{false 5 0 {0 0} }]`)
	f(schema.Of(schema.Int), `"long"`, int64(5), `field "x": is long, which is no INT`)
	f(schema.Of(schema.TinyInt), `"int"`, int32(128), `field "x": does not fit TINYINT`)
	f(schema.Of(schema.VarBinary), `"string"`, "ab", `[{false 0 0 {0 0} ab}]`)
	f(schema.Of(schema.VarChar).Required(), `["null","string"]`, nil, `field "x": is NOT NULL, but null`)
	f(schema.Of(schema.Int), `["int","null"]`, nil, `[{true 0 0 {0 0} }]`)
	if _, err := read(t, `{"type":"record","name":"R","fields":[]}`, map[string]any{}, schema.New(schema.Field{Name: "x", Type: schema.Of(schema.Int).Required()})); err == nil {
		t.Error("a NOT NULL column that the writer has not is taken")
	}
	if _, err := read(t, `"int"`, int32(5), s); err == nil {
		t.Error("an int is taken as a row")
	}
}

func TestHostileRecords(t *testing.T) {
	p, err := parse(`{"type":"record","name":"R","fields":[{"name":"nulls","type":{"type":"array","items":"null"}},{"name":"next","type":["null","R"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	s := schema.New()
	r, err := planRows(p, s, false)
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{schema: s, plans: onePlan{r}}
	for _, record := range []string{"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", strings.Repeat("\x00\x02", 1<<20), "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		var bad *format.Error
		if err := d.Decode([]byte(record), vec.NewBuilder(s)); !errors.As(err, &bad) {
			t.Errorf("%.20q: %v", record, err)
		}
	}
}

// FuzzDecode holds that no bytes break the decoders and that what they accept can be written and read again.
func FuzzDecode(f *testing.F) {
	b := nested()
	plain := option.Values{"timestamp_mapping.legacy": "true"}
	e, err := newPlainEncoder(b.Schema, plain)
	if err != nil {
		f.Fatal(err)
	}
	je, err := newPlainEncoder(b.Schema, option.Values{"timestamp_mapping.legacy": "true", "encoding": "json"})
	if err != nil {
		f.Fatal(err)
	}
	for i := range b.N {
		for _, e := range []format.Encoder{e, je} {
			record, err := e.Append(nil, b, i)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(record)
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		for k, e := range []format.Encoder{e, je} {
			v := option.Values{"timestamp_mapping.legacy": "true", "encoding": []string{"binary", "json"}[k]}
			d, err := newPlainDecoder(b.Schema, v)
			if err != nil {
				t.Fatal(err)
			}
			dst := vec.NewBuilder(b.Schema)
			if err := d.Decode(msg, dst); err != nil || dst.Len() == 0 {
				if dst.Len() > 0 {
					t.Fatalf("%q: %v leaves rows", msg, err)
				}
				continue
			}
			got := dst.Batch()
			record, err := e.Append(nil, got, 0)
			if err != nil {
				t.Fatal(err)
			}
			back := vec.NewBuilder(b.Schema)
			if err := d.Decode(record, back); err != nil {
				t.Fatalf("wrote %q: %v", record, err)
			}
			equalRows(t, got, 0, back.Batch(), 0)
		}
	})
}
