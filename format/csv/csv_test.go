package csv

import (
	"fmt"
	"strings"
	"testing"

	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func TestConformance(t *testing.T) {
	comma := strings.Repeat(",", 17)
	broken := []string{`"ann`, `"ann"x` + comma, `ann` + comma + `,`, "\xff" + comma, `ann,abc,true,300`, `ann,abc,true,x`, `ann,abc,true,1,2,3,4,warm`}
	for _, v := range []option.Values{{"null-literal": "NULL"}, {"null-literal": `\N`, "field-delimiter": "|", "quote-character": "'"}, {"null-literal": "~", "field-delimiter": `\t`, "escape-character": `\`}} {
		if v["field-delimiter"] != "" {
			broken = nil
		}
		formattest.Run(t, formattest.Suite{Spec: Spec(), Options: v, Rows: formattest.Everything(), Broken: broken})
	}
	broken = []string{`"x;y`, `1;x`, `1,x,1`, `1,x,1;y;z`, `1,x,1;y,true;x;3`, `1,x,1;y,,?`}
	for _, v := range []option.Values{{"null-literal": "NULL"}, {"null-literal": `\N`, "array-element-delimiter": "§", "write-bigdecimal-in-scientific-notation": "false"}} {
		if v["array-element-delimiter"] != "" {
			broken = nil
		}
		formattest.Run(t, formattest.Suite{Spec: Spec(), Options: v, Rows: lists(), Broken: broken})
	}
}

// lists is rows of what CSV takes: lists and rows of plain values, none of them NULL.
func lists() *vec.Batch {
	of := func(id schema.TypeID, parts ...schema.Type) schema.Type {
		t := schema.Type{ID: id}
		for i, p := range parts {
			t.Fields = append(t.Fields, schema.Field{Name: "f" + string(rune('a'+i)), Type: p})
		}
		return t
	}
	integer, text := schema.Of(schema.Int), schema.Of(schema.VarChar)
	s := func(v string) any { return vec.Value{S: v} }
	n := func(v int64) any { return vec.Value{I: v} }
	d := func(v uint64) any { return vec.Value{D: vec.Decimal128{Lo: v}} }
	list := func(parts ...any) []any { return parts }
	return formattest.Nested([]schema.Type{
		of(schema.Array, integer), of(schema.Array, text), of(schema.Row, integer, text), of(schema.Row, schema.Of(schema.Boolean), schema.Of(schema.Double), schema.Of(schema.Date)),
		of(schema.Array, schema.Of(schema.VarBinary)), of(schema.Array, schema.Type{ID: schema.Decimal, Precision: 10, Scale: 2}), of(schema.Array, schema.Of(schema.Timestamp)),
	},
		list(list(n(1), nil, n(-3)), list(s("a b"), s("c,d"), s(`"e"`), nil), list(n(7), s("x")), list(n(1), vec.Value{F: 2.5}, n(20777)), list(s("\x00\xff"), nil), list(d(150), d(100000), nil), list(n(1_795_168_800_123_456))),
		list(list(), list(), list(nil, nil), list(nil, nil, nil), list(), list(), list()),
		list(list(n(9)), list(s("z")), list(n(0), s("")), list(n(0), vec.Value{F: 1e300}, n(-1)), list(s("text")), list(nil), list(nil, nil)))
}

func TestListsAndRows(t *testing.T) {
	text, integer := schema.Field{Name: "s", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "n", Type: schema.Of(schema.Int)}
	s := schema.New(
		schema.Field{Name: "a", Type: schema.Type{ID: schema.Array, Fields: []schema.Field{text}}},
		schema.Field{Name: "b", Type: schema.Type{ID: schema.Array, Fields: []schema.Field{integer}}},
		schema.Field{Name: "r", Type: schema.Type{ID: schema.Row, Fields: []schema.Field{text, integer}}},
	)
	f := func(opts map[string]string, line, want string) {
		t.Helper()
		d, err := newDecoder(s, values(t, opts))
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		got := ""
		if err := d.Decode([]byte(line), dst); err != nil {
			got = err.Error()
		} else if dst.Len() > 0 {
			e, err := newEncoder(s, values(t, map[string]string{"null-literal": "NULL", "array-element-delimiter": "/", "disable-quote-character": "true"}))
			if err != nil {
				t.Fatal(err)
			}
			text, _ := e.Append(nil, dst.Batch(), 0)
			got = string(text)
		}
		if got != want {
			t.Errorf("%q is %s, want %s", line, got, want)
		}
	}
	ignore, null := map[string]string{"ignore-parse-errors": "true"}, map[string]string{"null-literal": "n/a"}
	f(nil, `a;b c;,1; 2 ,x;7`, `a/b c/,1/2,x/7`)
	f(nil, `"a;""b"";c,d",5,"y z;8"`, `a/"b"/c,d,5,y z/8`)
	f(nil, ` ,,`, `,,NULL`)
	f(nil, `a`, `a,NULL,NULL`)
	f(nil, `a,1;x,`, `field "b": "x" is no INT`)
	f(nil, `a,1,x`, `field "r": has fewer values than the ROW has fields`)
	f(nil, `a,1,x;1;2`, `field "r": has more values than the ROW has fields`)
	f(ignore, `a,1;x;3,x;1;2`, `a,1/NULL/3,x/1`)
	f(ignore, `a,1,x`, `a,1,x/NULL`)
	f(ignore, `a,1,x;y`, `a,1,x/NULL`)
	f(null, `n/a,1;n/a,n/a;n/a`, `NULL,1/NULL,NULL/NULL`)
	f(null, `n/a;n/a,,x;n/a`, `NULL/NULL,,x/NULL`)
	f(map[string]string{"array-element-delimiter": "§"}, `a-b§c,1§2,x§1`, `a-b/c,1/2,x/1`)
	for _, typ := range []schema.Type{{ID: schema.Map, Fields: []schema.Field{text, text}}, {ID: schema.Array, Fields: []schema.Field{s.Fields[0]}}, {ID: schema.Row, Fields: []schema.Field{s.Fields[0]}}} {
		if _, err := newDecoder(schema.New(schema.Field{Name: "x", Type: typ}), values(t, nil)); err == nil || !strings.Contains(err.Error(), typ.String()) {
			t.Error(err)
		}
	}
	if _, err := newDecoder(s, values(t, map[string]string{"array-element-delimiter": "--"})); err == nil {
		t.Error("a delimiter of two characters is taken")
	}
}

func values(t *testing.T, opts map[string]string) option.Values {
	t.Helper()
	v, err := option.Check("format csv", options(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestLines(t *testing.T) {
	s := schema.New(
		schema.Field{Name: "a", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "n", Type: schema.Of(schema.Int)},
		schema.Field{Name: "ok", Type: schema.Of(schema.Boolean)}, schema.Field{Name: "ts", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
	)
	f := func(opts map[string]string, line, want string) {
		t.Helper()
		d, err := newDecoder(s, values(t, opts))
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		got := ""
		if err := d.Decode([]byte(line), dst); err != nil {
			got = err.Error()
		} else {
			e, err := newEncoder(s, values(t, map[string]string{"null-literal": "NULL"}))
			if err != nil {
				t.Fatal(err)
			}
			for i := range dst.Len() {
				text, _ := e.Append(nil, dst.Batch(), i)
				got += string(text)
			}
		}
		if got != want {
			t.Errorf("%q is %s, want %s", line, got, want)
		}
	}
	f(nil, "ann, 1 ,true,2026-11-20 10:00:00.5\r\n", `ann,1,true,"2026-11-20 10:00:00.5"`)
	f(nil, `"a ""b"", c",1,0,2026-11-20 10:00:00`, `"a ""b"", c",1,false,"2026-11-20 10:00:00"`)
	f(nil, `ann`, `ann,NULL,NULL,NULL`)
	f(nil, ``, `,NULL,NULL,NULL`)
	f(nil, `ann,`, `field "n": "" is no INT`)
	f(map[string]string{"null-literal": ""}, `,,,`, `NULL,NULL,NULL,NULL`)
	f(nil, `ann,3000000000`, `field "n": 3000000000 does not fit INT`)
	f(nil, `ann,1,true,2026-11-20 10:00:00,x`, `the line has more fields than the table has columns`)
	f(map[string]string{"ignore-parse-errors": "true"}, `ann,x,true,soon`, `ann,NULL,true,NULL`)
	f(map[string]string{"ignore-parse-errors": "true"}, `"ann`, ``)
	f(map[string]string{"allow-comments": "true"}, `# ann,1`, ``)
	f(map[string]string{"escape-character": `\`}, `a\,b,1`, `"a,b",1,NULL,NULL`)
	f(nil, `a text of more than twenty-four characters,1`, `"a text of more than twenty-four characters",1,NULL,NULL`)
}

// TestFlink holds what Flink 2.3 printed for these lines with ignore-parse-errors.
func TestFlink(t *testing.T) {
	s := schema.New(
		schema.Field{Name: "s", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "n", Type: schema.Of(schema.Int)},
		schema.Field{Name: "d", Type: schema.Of(schema.Double)}, schema.Field{Name: "ok", Type: schema.Of(schema.Boolean)},
		schema.Field{Name: "dt", Type: schema.Of(schema.Date)}, schema.Field{Name: "tm", Type: schema.Of(schema.Time)},
		schema.Field{Name: "ts", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
	)
	f := func(line, want string) {
		t.Helper()
		d, err := newDecoder(s, values(t, map[string]string{"ignore-parse-errors": "true"}))
		if err != nil {
			t.Fatal(err)
		}
		e, err := newEncoder(s, values(t, map[string]string{"null-literal": "null", "field-delimiter": " ", "disable-quote-character": "true"}))
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		if err := d.Decode([]byte(line), dst); err != nil {
			t.Fatal(err)
		}
		got := ""
		if dst.Len() > 0 {
			text, _ := e.Append(nil, dst.Batch(), 0)
			got = string(text)
		}
		if got != want {
			t.Errorf("%q is %s, want %s", line, got, want)
		}
	}
	f(`full,1,1.5,true,2026-11-20,10:00:00,2026-11-20 10:00:00.5`, `full 1 1.5 true 2026-11-20 10:00:00 2026-11-20 10:00:00.5`)
	f(`"x ""y"" , z" ,3,2.5,0`, `x "y" , z 3 2.5 false null null null`)
	f(` a , 4 , 1.5 , TRUE ,2026-11-20`, ` a  4 1.5 true 2026-11-20 null null`)
	f(`"a"b,6`, ``)
	f(`surplus,7,1.5,true,2026-11-20,10:00:00,2026-11-20 10:00:00,more`, ``)
	f(`,8,,,,,`, ` 8 null false null null null`)
	f(`bad,x,y,z,2026-02-30,25:00,soon`, `bad null null false 2026-03-02 null null`)
	f(`lead, "q" ,10`, `lead null 10.0 null null null null`)
	f(`T,11,1d,yes,2026-11-20,10:00,2026-11-20T10:00:00`, `T 11 1.0 false 2026-11-20 10:00:00 null`)
	f(`last,12,0x10,1,,,`, `last 12 null false null null null`)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`"a,b",1,true`), false)
	f.Add([]byte(`a\,b,"x""y`), true)
	s := schema.New(schema.Field{Name: "a", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "b", Type: schema.Of(schema.VarChar)})
	f.Fuzz(func(t *testing.T, line []byte, escape bool) {
		opts := map[string]string{"null-literal": "NULL"}
		if escape {
			opts["escape-character"] = `\`
		}
		d, err := newDecoder(s, values(t, opts))
		if err != nil {
			t.Fatal(err)
		}
		e, err := newEncoder(s, values(t, opts))
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		if d.Decode(line, dst) != nil || dst.Len() == 0 {
			return
		}
		text, err := e.Append(nil, dst.Batch(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) == 0 || strings.HasSuffix(string(text), "\n") || strings.HasSuffix(string(text), "\r") {
			return // no line
		}
		if err := d.Decode(text, dst); err != nil || dst.Len() != 2 {
			t.Fatalf("%q was written as %q, which gives %v", line, text, err)
		}
		b := dst.Batch()
		for c := range b.Cols {
			if vec.At(&b.Cols[c], 0) != vec.At(&b.Cols[c], 1) {
				t.Fatalf("%q was written as %q: column %d differs", line, text, c)
			}
		}
	})
}

func FuzzLists(f *testing.F) {
	f.Add([]byte(`1;2,a;b c,7;x,true;1.5;2026-11-20`), true)
	f.Add([]byte(`NULL,";",;,`), false)
	s := lists().Schema
	f.Fuzz(func(t *testing.T, line []byte, ignore bool) {
		opts := map[string]string{"null-literal": "NULL", "ignore-parse-errors": fmt.Sprint(ignore)}
		d, err := newDecoder(s, values(t, opts))
		if err != nil {
			t.Fatal(err)
		}
		e, err := newEncoder(s, values(t, opts))
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		if d.Decode(line, dst) != nil || dst.Len() == 0 {
			return
		}
		want := formattest.Row(dst.Batch(), 0)
		text, err := e.Append(nil, dst.Batch(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(string(text), "\n") || strings.HasSuffix(string(text), "\r") {
			return // no line
		}
		// What NULL is written as has too few values for a ROW.
		if d, err = newDecoder(s, values(t, map[string]string{"null-literal": "NULL", "ignore-parse-errors": "true"})); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(text, dst); err != nil || dst.Len() != 2 {
			t.Fatalf("%q was written as %q, which gives %v", line, text, err)
		}
		for c, got := range formattest.Row(dst.Batch(), 1) {
			if got != want[c] && !want[c].Null { // a NULL array comes back as [NULL], a NULL row as one of NULLs
				t.Fatalf("%q was written as %q: column %d is %v, want %v", line, text, c, got, want[c])
			}
		}
	})
}
