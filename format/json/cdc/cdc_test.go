package cdc

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/format"
	"millrace/format/formattest"
	"millrace/format/json"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func specs() []format.Spec { return []format.Spec{Debezium(), Canal(), Maxwell(), Ogg()} }

func TestConformance(t *testing.T) {
	broken := map[string][]string{
		"debezium-json": {
			`{"after":{},"op":"x"}`, `{"after":{}}`, `{"after":{},"op":null}`, `{"after":null,"op":"c"}`, `{"op":"c"}`, `{"after":[],"op":"c"}`, `{"before":null,"after":{},"op":"u"}`,
			`{"before":{},"op":"u"}`, `{"after":{},"op":"d"}`, `{"before":{},"after":{"cf":"x"},"op":"u"}`, `{"before":{"cf":"x"},"after":{},"op":"u"}`,
		},
		"ogg-json": {`{"after":{},"op_type":"c"}`, `{"after":{},"op_type":"U"}`, `{"after":{},"op_type":"D"}`},
		"canal-json": {
			`{"data":[{}],"type":"QUERY"}`, `{"data":[{}]}`, `{"data":null,"type":"INSERT"}`, `{"data":{},"type":"INSERT"}`, `{"data":[{},null],"type":"INSERT"}`, `{"data":[{},{}],"old":[{}],"type":"UPDATE"}`,
			`{"data":[{}],"old":null,"type":"UPDATE"}`, `{"data":[{}],"type":"UPDATE"}`, `{"data":[{},{"cf":"x"}],"type":"DELETE"}`, `{"data":[{}],"old":[{"cf":"x"}],"type":"UPDATE"}`,
		},
		"maxwell-json": {`{"data":{},"type":"bootstrap-start"}`, `{"data":{},"type":"update"}`, `{"data":[],"type":"insert"}`, `{"data":{},"old":{"cf":"x"},"type":"update"}`},
	}
	every := []string{`null`, `5`, `[]`, `{`, `{}`, `{"op":"c","after":{}} x`, `{"type":"insert","data":{"ca":1,}}`, `{"a":1 "b":2}`, `{"a" 1}`, `{1:2}`, "{\"a\":\"\xff\"}"}
	for _, s := range specs() {
		t.Run(s.Name, func(t *testing.T) {
			formattest.Run(t, formattest.Suite{Spec: s, Rows: formattest.Everything(), Broken: append(broken[s.Name], every...)})
		})
		t.Run(s.Name+", short", func(t *testing.T) {
			formattest.Run(t, formattest.Suite{Spec: s, Rows: formattest.Everything(), Options: option.Values{"encode.ignore-null-fields": "true", "timestamp-format.standard": "ISO-8601"}})
		})
	}
}

func products() *schema.Schema {
	return schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.Int).Required()},
		schema.Field{Name: "name", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "weight", Type: schema.Of(schema.Double)})
}

func decoderOf(t testing.TB, s format.Spec, v option.Values) format.Decoder {
	t.Helper()
	v, err := option.Check(s.Name, s.Options, v)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.NewDecoder(products(), v)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rows decodes records and prints the rows, each as its kind and JSON.
func rows(t testing.TB, d format.Decoder, s *schema.Schema, records ...string) []string {
	t.Helper()
	dst := vec.NewBuilder(s)
	for _, r := range records {
		if err := d.Decode([]byte(r), dst); err != nil {
			t.Fatalf("decode %s: %v", r, err)
		}
	}
	return printed(t, dst.Batch())
}

func printed(t testing.TB, b *vec.Batch) []string {
	t.Helper()
	e, err := json.Spec().NewEncoder(b.Schema, option.Values{"encode.ignore-null-fields": "true"})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range b.N {
		text, err := e.Append([]byte(b.Kind(i).String()+" "), b, i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

func TestDebezium(t *testing.T) {
	records := []string{
		`{"before":null,"after":{"id":101,"name":"scooter","description":"Small","weight":3.14},"source":{"version":"1.1","db":"inventory","table":"products"},"op":"r","ts_ms":1589355606100,"transaction":null}`,
		`{"op":"c","after":{"id":102,"name":"car battery","weight":8.1}}`,
		`{"before":{"id":102,"name":"car battery","weight":8.1},"after":{"id":102,"name":null,"weight":8},"op":"u"}`,
		``,
		`{"before":{"id":101,"name":"scooter","weight":3.14},"after":null,"op":"d"}`,
		` `,
	}
	want := []string{
		`+I {"id":101,"name":"scooter","weight":3.14}`,
		`+I {"id":102,"name":"car battery","weight":8.1}`,
		`-U {"id":102,"name":"car battery","weight":8.1}`,
		`+U {"id":102,"weight":8.0}`,
		`-D {"id":101,"name":"scooter","weight":3.14}`,
	}
	if diff := cmp.Diff(want, rows(t, decoderOf(t, Debezium(), nil), products(), records...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, r := range records {
		if strings.TrimSpace(r) != "" {
			records[i] = `{"schema":{"type":"struct","op":"x","fields":[{"before":1}]},"op":"x","payload":` + r + `}`
		}
	}
	if diff := cmp.Diff(want, rows(t, decoderOf(t, Debezium(), option.Values{"schema-include": "true"}), products(), records...)); diff != "" {
		t.Errorf("with schema (-want +got):\n%s", diff)
	}
	if _, err := Debezium().NewEncoder(products(), option.Values{"schema-include": "true"}); err == nil {
		t.Error("writes with schema-include")
	}
}

func TestOgg(t *testing.T) {
	got := rows(t, decoderOf(t, Ogg(), nil), products(),
		`{"after":{"id":1,"name":"a"},"op_type":"I","table":"P.PRODUCTS"}`,
		`{"before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"},"op_type":"U"}`,
		`{"before":{"id":1,"name":"b"},"op_type":"D"}`)
	want := []string{`+I {"id":1,"name":"a"}`, `-U {"id":1,"name":"a"}`, `+U {"id":1,"name":"b"}`, `-D {"id":1,"name":"b"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCanal(t *testing.T) {
	records := []string{
		`{"data":[{"id":"101","name":"scooter","weight":"3.14"},{"id":"102","name":"car battery","weight":null}],"database":"inventory","es":1589373515000,"isDdl":false,"old":null,"pkNames":["id"],"table":"products2","ts":1589373515477,"type":"INSERT"}`,
		`{"data":[{"id":"101","name":"a","weight":"5"},{"id":"102","name":null,"weight":"6"}],"database":"inventory","old":[ {"weight":"3.14"}, {"name":"b","weight":null} ],"table":"products2","type":"UPDATE"}`,
		`{"data":null,"database":"inventory","isDdl":true,"old":null,"sql":"CREATE TABLE x","table":"user02","type":"CREATE"}`,
		`{"data":[{"id":"9"}],"database":"other","table":"products2","type":"INSERT"}`,
		`{"data":[{"id":"101","name":"a"}],"database":"inventory","old":null,"table":"products2","type":"DELETE"}`,
		`{"data":[],"database":"inventory","old":[],"table":"products2","type":"UPDATE"}`,
	}
	want := []string{
		`+I {"id":101,"name":"scooter","weight":3.14}`,
		`+I {"id":102,"name":"car battery"}`,
		`-U {"id":101,"name":"a","weight":3.14}`,
		`+U {"id":101,"name":"a","weight":5.0}`,
		`-U {"id":102,"name":"b"}`,
		`+U {"id":102,"weight":6.0}`,
		`+I {"id":9}`,
		`-D {"id":101,"name":"a"}`,
	}
	if diff := cmp.Diff(want, rows(t, decoderOf(t, Canal(), nil), products(), records...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	filtered := append(append([]string(nil), want[:6]...), want[7])
	d := decoderOf(t, Canal(), option.Values{"database.include": "inv.*", "table.include": "products[0-9]|user02"})
	if diff := cmp.Diff(filtered, rows(t, d, products(), records...)); diff != "" {
		t.Errorf("filtered (-want +got):\n%s", diff)
	}
	if got := rows(t, decoderOf(t, Canal(), option.Values{"table.include": "products"}), products(), records...); got != nil {
		t.Errorf("half a name matches: %v", got)
	}
	if err := d.Decode([]byte(`{"data":[{"id":"9"}],"type":"INSERT"}`), vec.NewBuilder(products())); err == nil {
		t.Error("a record without a database passes the filter")
	}
	if _, err := Canal().NewDecoder(products(), option.Values{"table.include": "("}); err == nil {
		t.Error("takes a broken expression")
	}
}

func TestMaxwell(t *testing.T) {
	got := rows(t, decoderOf(t, Maxwell(), nil), products(),
		`{"database":"test","table":"product","type":"insert","ts":1596684883,"xid":7125,"data":{"id":101,"name":"scooter","weight":3.14},"primary_key_columns": ["id"]}`,
		`{"type":"update","data":{"id":101,"name":"x","weight":5.1},"old":{"weight":3.14},"ts":1596684897}`,
		`{"type":"update","data":{"id":101,"name":"y","weight":5.1},"old":{"name":null}}`,
		`{"type":"update","data":{"id":101,"name":"y"},"old":{}}`,
		`{"type":"delete","data":{"id":101,"name":"y","weight":5.1}}`)
	want := []string{
		`+I {"id":101,"name":"scooter","weight":3.14}`,
		`-U {"id":101,"name":"x","weight":3.14}`,
		`+U {"id":101,"name":"x","weight":5.1}`,
		`-U {"id":101,"weight":5.1}`,
		`+U {"id":101,"name":"y","weight":5.1}`,
		`-U {"id":101,"name":"y"}`,
		`+U {"id":101,"name":"y"}`,
		`-D {"id":101,"name":"y","weight":5.1}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEncode(t *testing.T) {
	b := vec.NewBuilder(products())
	for _, k := range []vec.RowKind{vec.Insert, vec.UpdateBefore, vec.UpdateAfter, vec.Delete} {
		b.SetInt(0, 1)
		b.SetString(1, "a")
		b.EndRow(k)
	}
	want := map[string][2]string{
		"debezium-json": {`{"before":null,"after":{"id":1,"name":"a","weight":null},"op":"c"}`, `{"before":{"id":1,"name":"a","weight":null},"after":null,"op":"d"}`},
		"canal-json":    {`{"data":[{"id":1,"name":"a","weight":null}],"type":"INSERT"}`, `{"data":[{"id":1,"name":"a","weight":null}],"type":"DELETE"}`},
		"maxwell-json":  {`{"data":{"id":1,"name":"a","weight":null},"type":"insert"}`, `{"data":{"id":1,"name":"a","weight":null},"type":"delete"}`},
		"ogg-json":      {`{"before":null,"after":{"id":1,"name":"a","weight":null},"op_type":"I"}`, `{"before":{"id":1,"name":"a","weight":null},"after":null,"op_type":"D"}`},
	}
	for _, s := range specs() {
		e, err := s.NewEncoder(products(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range []int{0, 1, 0, 1} {
			got, err := e.Append(nil, b.Batch(), i)
			if err != nil || string(got) != want[s.Name][k] {
				t.Errorf("%s, row %d: %s, %v", s.Name, i, got, err)
			}
		}
	}
	e, err := Debezium().NewEncoder(products(), option.Values{"encode.ignore-null-fields": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := e.Append(nil, b.Batch(), 0); string(got) != `{"after":{"id":1,"name":"a"},"op":"c"}` {
		t.Errorf("without NULLs: %s", got)
	}
}

func TestAllOrNothing(t *testing.T) {
	update := []byte(`{"before":{"id":1},"after":{"id":2},"op":"u"}`)
	d := decoderOf(t, Debezium(), nil)
	dst := vec.NewBuilderSize(products(), 3)
	if err := d.Decode(update, dst); err != nil || dst.Len() != 2 {
		t.Fatalf("%d rows, %v", dst.Len(), err)
	}
	if err := d.Decode(update, dst); !errors.Is(err, format.ErrFull) || dst.Len() != 2 {
		t.Fatalf("half an update fits: %d rows, %v", dst.Len(), err)
	}
	var bad *format.Error
	if err := d.Decode(update, vec.NewBuilderSize(products(), 1)); !errors.As(err, &bad) {
		t.Errorf("an update that never fits: %v", err)
	}
	d = decoderOf(t, Debezium(), option.Values{"ignore-parse-errors": "true"})
	dst.Reset()
	for _, r := range []string{`{"before":{"id":1},"after":{"id":null},"op":"u"}`, `{"before":{},"after":{"id":1},"op":"u"}`, `{"after":{"id":1},"op":"x"}`, `{`, `{"op":"d"}`} {
		if err := d.Decode([]byte(r), dst); err != nil || dst.Len() != 0 {
			t.Errorf("%s, errors ignored: %d rows, %v", r, dst.Len(), err)
		}
	}
	if got := rows(t, d, products(), `{"before":{"id":1,"weight":"x"},"after":{"id":2},"op":"u"}`); len(got) != 2 {
		t.Errorf("a bad field is no NULL: %v", got)
	}
}

func TestMetadata(t *testing.T) {
	f := func(s format.Spec, v option.Values, columns map[string]string, record string, want ...string) {
		t.Helper()
		wide := schema.New(schema.Field{Name: "$topic", Type: schema.Of(schema.VarChar)})
		wide.Fields = append(wide.Fields, products().Fields...)
		for name, key := range columns {
			wide.Fields = append(wide.Fields, schema.Field{Name: name, Type: s.Metadata[key]})
		}
		d := decoderOf(t, s, v)
		if err := d.(format.MetadataDecoder).ReadMetadata(columns); err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(wide)
		for range 2 { // the second time with what the first left behind
			dst.Reset()
			dst.SetString(0, "t")
			if err := d.Decode([]byte(record), dst); err != nil {
				t.Fatalf("decode %s: %v", record, err)
			}
			if diff := cmp.Diff(want, printed(t, dst.Batch())); diff != "" {
				t.Errorf("%s (-want +got):\n%s", s.Name, diff)
			}
		}
	}
	update := `{"before":{"id":1},"after":{"id":2},"op":"u","ts_ms":1589355606100,"source":{"ts_ms":1589355606000,"db":"i\"v","table":"products"}}`
	f(Debezium(), nil, map[string]string{"at": "ingestion-timestamp"}, update,
		`-U {"$topic":"t","id":1,"at":"2020-05-13 07:40:06.1Z"}`, `+U {"$topic":"t","id":2,"at":"2020-05-13 07:40:06.1Z"}`)
	f(Debezium(), nil, map[string]string{"name of it": "source.table"}, update,
		`-U {"$topic":"t","id":1,"name of it":"products"}`, `+U {"$topic":"t","id":2,"name of it":"products"}`)
	f(Debezium(), nil, map[string]string{"x": "source.database"}, update, `-U {"$topic":"t","id":1,"x":"i\"v"}`, `+U {"$topic":"t","id":2,"x":"i\"v"}`)
	f(Debezium(), nil, map[string]string{"x": "source.timestamp"}, `{"after":{"x":5,"id":2},"op":"c","source":null}`, `+I {"$topic":"t","id":2}`)
	f(Debezium(), nil, map[string]string{"x": "source.schema"}, `{"after":{"x":5,"id":2},"op":"c"}`, `+I {"$topic":"t","id":2}`)
	f(Debezium(), option.Values{"schema-include": "true"}, map[string]string{"x": "schema"}, `{"schema":{"a": [1]},"payload":{"after":{"id":2},"op":"c","schema":1}}`, `+I {"$topic":"t","id":2,"x":"{\"a\":[1]}"}`)
	f(Canal(), nil, map[string]string{"es": "event-timestamp"}, `{"data":[{"id":1},{"id":2}],"type":"INSERT","es":1589373515000}`,
		`+I {"$topic":"t","id":1,"es":"2020-05-13 12:38:35Z"}`, `+I {"$topic":"t","id":2,"es":"2020-05-13 12:38:35Z"}`)
	f(Maxwell(), nil, map[string]string{"at": "ingestion-timestamp"}, `{"data":{"id":1},"type":"insert","ts":1596684883}`, `+I {"$topic":"t","id":1,"at":"2020-08-06 03:34:43Z"}`)
	f(Debezium(), nil, map[string]string{"p": "source.properties"}, `{"after":{"id":2},"op":"c","source":{"db":"i","ts_ms":5,"snapshot":false,"x":null}}`, `+I {"$topic":"t","id":2,"p":{"db":"i","ts_ms":"5","x":null,"snapshot":"false"}}`)
	f(Canal(), nil, map[string]string{"k": "pk-names"}, `{"data":[{"id":1}],"old":[{"id":2}],"type":"UPDATE","pkNames":["id","b"]}`, `-U {"$topic":"t","id":2,"k":["id","b"]}`, `+U {"$topic":"t","id":1,"k":["id","b"]}`)
	f(Canal(), nil, map[string]string{"s": "sql-type"}, `{"data":[{"id":1}],"type":"INSERT","sqlType":{"id":4}}`, `+I {"$topic":"t","id":1,"s":{"id":4}}`)
	f(Maxwell(), nil, map[string]string{"k": "primary-key-columns"}, `{"data":{"id":1},"type":"insert"}`, `+I {"$topic":"t","id":1}`)
	if err := decoderOf(t, Maxwell(), nil).(format.MetadataDecoder).ReadMetadata(map[string]string{"x": "y"}); err == nil {
		t.Error("takes unknown metadata")
	}
}

func TestUpdatesAllocateNothing(t *testing.T) {
	for _, s := range specs() {
		d := decoderOf(t, s, nil)
		if err := d.(format.MetadataDecoder).ReadMetadata(map[string]string{"tab": "table"}); err != nil && s.Name != "debezium-json" {
			t.Fatal(err)
		}
		wide := products()
		wide.Fields = append(wide.Fields, schema.Field{Name: "tab", Type: schema.Of(schema.VarChar)})
		dst := vec.NewBuilder(wide)
		record := []byte(map[string]string{
			"debezium-json": `{"before":{"id":1,"name":"a"},"after":{"id":2},"op":"u","source":{"table":"t"}}`,
			"canal-json":    `{"data":[{"id":1,"name":"a"}],"old":[{"name":"b"}],"type":"UPDATE","table":"t"}`,
			"maxwell-json":  `{"data":{"id":1,"name":"a"},"old":{"name":"b"},"type":"update","table":"t"}`,
			"ogg-json":      `{"before":{"id":1,"name":"a"},"after":{"id":2},"op_type":"U","table":"t"}`,
		}[s.Name])
		decode := func() {
			if dst.Free() < 2 {
				dst.Reset()
			}
			if err := d.Decode(record, dst); err != nil {
				t.Fatal(err)
			}
		}
		for range vec.MaxRows {
			decode()
		}
		if n := testing.AllocsPerRun(100, decode); n != 0 {
			t.Errorf("%s: an update allocates %v times", s.Name, n)
		}
	}
}

// FuzzDecode holds that no text breaks a decoder, that a refused record leaves nothing, and that what is
// accepted can be written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"before":{"id":1,"name":"a"},"after":{"id":2},"op":"u","source":{"table":"t"}}`, `{"payload":{"after":{"id":1},"op":"c"}}`,
		`{"data":[{"id":1,"name":"a"},{"id":2}],"old":[{"name":"b"},{}],"type":"UPDATE","table":"t","ts":5}`, `{"data":{"id":1},"old":{"id":2 },"type":"update"}`, `{"before":{"id":"1"},"op_type":"D"}`, `{"\u006fp":"c","after":{ }}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, s := range specs() {
			for _, v := range []option.Values{nil, {"schema-include": "true"}, {"ignore-parse-errors": "true"}} {
				if v["schema-include"] != "" && s.Name != "debezium-json" {
					continue
				}
				check(t, s, v, msg)
			}
		}
	})
}

func check(t *testing.T, s format.Spec, v option.Values, msg []byte) {
	d := decoderOf(t, s, v)
	wide := products()
	columns := map[string]string{}
	for key, typ := range s.Metadata {
		wide.Fields = append(wide.Fields, schema.Field{Name: "m " + key, Type: typ})
		columns["m "+key] = key
	}
	if err := d.(format.MetadataDecoder).ReadMetadata(columns); err != nil {
		t.Fatal(err)
	}
	dst := vec.NewBuilder(wide)
	dst.EndRow(vec.Insert)
	if err := d.Decode(msg, dst); err != nil {
		var bad *format.Error
		if dst.Len() != 1 || !errors.As(err, &bad) && !errors.Is(err, format.ErrFull) {
			t.Fatalf("%s: %q: %v, %d rows", s.Name, msg, err, dst.Len()-1)
		}
		return
	}
	e, err := s.NewEncoder(products(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, back := decoderOf(t, s, nil), vec.NewBuilder(products())
	b := dst.Batch()
	for i := 1; i < b.N; i++ {
		text, err := e.Append(nil, b, i)
		if err != nil {
			t.Fatal(err)
		}
		back.Reset()
		if err := again.Decode(text, back); err != nil {
			t.Fatalf("%s: wrote %s: %v", s.Name, text, err)
		}
		if want, got := fmt.Sprint(formattest.Row(b, i)[:3]), fmt.Sprint(formattest.Row(back.Batch(), 0)); want != got {
			t.Fatalf("%s: %s came back as %s, was %s", s.Name, text, got, want)
		}
	}
}
