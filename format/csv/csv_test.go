package csv

import (
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
