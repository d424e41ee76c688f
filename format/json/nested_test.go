package json

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func listOf(id schema.TypeID, parts ...schema.Type) schema.Type {
	t := schema.Type{ID: id}
	for i, p := range parts {
		f := schema.Field{Type: p}
		if id == schema.Row {
			f.Name = string(rune('a' + i))
		}
		t.Fields = append(t.Fields, f)
	}
	return t
}

func TestNestedValues(t *testing.T) {
	text, integer, boolean := schema.Of(schema.VarChar), schema.Of(schema.Int), schema.Of(schema.Boolean)
	ints, counts, bag := listOf(schema.Array, integer), listOf(schema.Map, text, integer), listOf(schema.Multiset, text)
	row := listOf(schema.Row, integer, text, ints)
	strict, lenient, missing := option.Values{}, option.Values{"ignore-parse-errors": "true"}, option.Values{"fail-on-missing-field": "true"}
	f := func(typ schema.Type, v option.Values, value, want string) {
		t.Helper()
		got, err := decode(t, typ, v, `{"y": [{}], "x": `+value+` }`)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s as %s: %s; want %s", value, typ, got, want)
		}
	}
	f(ints, strict, ` [ 1 , "2" , 3.9 ,null] `, `[1,2,3,null]`)
	f(ints, strict, `[]`, `[]`)
	f(ints, strict, `null`, `null`)
	f(ints, strict, `[1,"x"]`, `field "x[]": "x" is no INT`)
	f(ints, strict, `{"a":1}`, `field "x": "{\"a\":1}" is no ARRAY<INT>`)
	f(ints, strict, `"[1]"`, `field "x": "\"[1]\"" is no ARRAY<INT>`)
	f(ints, lenient, `[1,"x",3000000000,{"a":[]},5]`, `[1,null,null,null,5]`)
	f(ints, lenient, `{"a":1}`, `null`)
	f(ints, lenient, `7`, `null`)
	f(ints, lenient, `[1,`, ``)
	f(listOf(schema.Array, text), strict, `["\u0041\n", 1.50, true, {"a": [1, 2.50]}, [ ]]`, `["A\n","1.50","true","{\"a\":[1,2.5]}","[]"]`)
	f(listOf(schema.Array, boolean), strict, `[true,"TRUE","x",1,null]`, `[true,true,false,false,null]`)
	f(listOf(schema.Array, ints), strict, `[[1],[],null,[2,3]]`, `[[1],[],null,[2,3]]`)
	f(listOf(schema.Array, ints), lenient, `[[1],5,["x"],{}]`, `[[1],null,[null],null]`)

	f(counts, strict, `{ "b" : 2 , "a":"1", "\u0063":null}`, `{"a":1,"c":null,"b":2}`)
	f(counts, strict, `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`)
	f(counts, strict, `[]`, `field "x": "[]" is no MAP<STRING, INT>`)
	f(counts, lenient, `{"a":"x","b":2}`, `{"a":null,"b":2}`)
	f(listOf(schema.Map, text, counts), strict, `{"a":{"b":1,"b":2},"c":{}}`, `{"a":{"b":2},"c":{}}`)
	f(bag, strict, `{"x":2,"y":1}`, `{"x":2,"y":1}`)
	f(bag, strict, `{"x":1000000000}`, `{"x":1000000000}`)
	f(bag, strict, `{"x":null}`, `field "x[]": is NOT NULL, but null`)
	f(bag, lenient, `{"x":null}`, `null`)

	f(row, strict, `{"c":[1],"z":{"a":5},"a":1,"b":"x"}`, `{"a":1,"b":"x","c":[1]}`)
	f(row, strict, `{}`, `{"a":null,"b":null,"c":null}`)
	f(row, strict, `{"a":1,"c":[1,2],"a":2,"c":[3]}`, `{"a":2,"b":null,"c":[3]}`)
	f(row, strict, `{"\u0061":1}`, `{"a":1,"b":null,"c":null}`)
	f(row, strict, `{"a":1,"c":[true]}`, `field "x.c[]": "true" is no INT`)
	f(row, strict, `[1]`, `field "x": "[1]" is no ROW<`+"`a` INT, `b` STRING, `c` ARRAY<INT>>")
	f(row, lenient, `{"a":"?","b":{"k":1},"c":7}`, `{"a":null,"b":"{\"k\":1}","c":null}`)
	f(row, missing, `{"a":1,"b":null,"c":[]}`, `{"a":1,"b":null,"c":[]}`)
	f(row, missing, `{"a":1,"c":[]}`, `field "x.b": is missing`)
	f(row, missing, `null`, `null`)

	// What must not be NULL takes what is around it along.
	hard := listOf(schema.Row, listOf(schema.Array, integer.Required()), integer)
	f(hard, strict, `{"a":[1,null]}`, `field "x.a[]": is NOT NULL, but null`)
	f(hard, lenient, `{"a":[1,null,2],"b":1}`, `{"a":null,"b":1}`)
	f(hard, lenient, `{"a":[1,"x",2],"b":1}`, `{"a":null,"b":1}`)
	hard.Fields[1].Type.NotNull = true
	f(hard, strict, `{"a":[1]}`, `field "x.b": is NOT NULL, but missing`)
	f(hard, lenient, `{"a":[1]}`, `null`)
	f(listOf(schema.Array, hard), lenient, `[{"a":[1],"b":1},{"a":[2]},{"b":3}]`, `[{"a":[1],"b":1},null,{"a":null,"b":3}]`)
	f(listOf(schema.Array, hard).Required(), lenient, `5`, ``)
}

// TestManyKeys has a map with so many equal keys that comparing each with each would take too long.
func TestManyKeys(t *testing.T) {
	var b strings.Builder
	for i := range 1 << 17 {
		fmt.Fprintf(&b, `,"k%d":%d`, i%(1<<16), i)
	}
	got, err := decode(t, listOf(schema.Map, schema.Of(schema.VarChar), schema.Of(schema.Int)), nil, `{"x":{`+b.String()[1:]+`}}`)
	if err != nil || !strings.Contains(got, `"k0":65536,`) || !strings.Contains(got, `"k65535":131071,`) || strings.Count(got, ":") != 1<<16 {
		t.Errorf("%.100s, %v", got, err)
	}
}

// TestTooManyValues has a short record that would take much memory.
func TestTooManyValues(t *testing.T) {
	wide := schema.Type{ID: schema.Row}
	for i := range 1000 {
		wide.Fields = append(wide.Fields, schema.Field{Name: fmt.Sprint("f", i), Type: schema.Of(schema.Decimal).WithPrecision(38)})
	}
	for _, element := range []string{"{},", "null,", "1,"} {
		msg := `{"x":[` + strings.Repeat(element, 10_000) + `null]}`
		for _, v := range []option.Values{nil, {"ignore-parse-errors": "true"}} {
			got, err := decode(t, listOf(schema.Array, wide), v, msg)
			if err == nil && got != "" {
				t.Errorf("%s many times: %.100s", element, got)
			}
		}
	}
}

func TestNullKeys(t *testing.T) {
	text, integer := schema.Of(schema.VarChar), schema.Of(schema.Int)
	n := func(v int64) any { return vec.Value{I: v} }
	s := func(v string) any { return vec.Value{S: v} }
	b := formattest.Nested([]schema.Type{listOf(schema.Map, text, integer), listOf(schema.Map, text, listOf(schema.Map, text, integer))},
		[]any{
			[]any{formattest.Pair{Key: s("a"), Value: n(1)}, formattest.Pair{Key: nil, Value: n(2)}, formattest.Pair{Key: s("null"), Value: n(3)}},
			[]any{formattest.Pair{Key: s("m"), Value: []any{formattest.Pair{Key: nil, Value: n(4)}}}},
		})
	for _, c := range []struct{ mode, literal, want string }{
		{"DROP", "null", `{"ca":{"a":1,"null":3},"cb":{"m":{}}}`},
		{"LITERAL", "none", `{"ca":{"a":1,"none":2,"null":3},"cb":{"m":{"none":4}}}`},
		{"LITERAL", "null", `{"ca":{"a":1,"null":3},"cb":{"m":{"null":4}}}`},
		{"LITERAL", "a", `{"ca":{"a":2,"null":3},"cb":{"m":{"a":4}}}`},
		{"FAIL", "null", `encode JSON: a key of a MAP is NULL, which map-null-key.mode refuses`},
		{"", "", `encode JSON: a key of a MAP is NULL, which map-null-key.mode refuses`},
	} {
		e, err := newEncoder(b.Schema, option.Values{"map-null-key.mode": c.mode, "map-null-key.literal": c.literal})
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Append([]byte("before"), b, 0)
		got := strings.TrimPrefix(string(out), "before")
		if err != nil {
			if got != "" || fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v: after %v stands %q", c, err, out)
			}
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %s", c, got)
		}
	}
}

func TestNullsOfRowsAreLeftOut(t *testing.T) {
	integer := schema.Of(schema.Int)
	row := listOf(schema.Row, integer, listOf(schema.Map, schema.Of(schema.VarChar), integer), listOf(schema.Array, integer))
	s := schema.New(schema.Field{Name: "x", Type: row}, schema.Field{Name: "y", Type: row})
	d, err := newDecoder(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	dst := vec.NewBuilder(s)
	if err := d.Decode([]byte(`{"x":{"b":{"k":null},"c":[null]}}`), dst); err != nil {
		t.Fatal(err)
	}
	e, err := newEncoder(s, option.Values{"encode.ignore-null-fields": "true"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Append(nil, dst.Batch(), 0)
	if want := `{"x":{"b":{"k":null},"c":[null]}}`; err != nil || string(out) != want {
		t.Errorf("%s, %v; want %s", out, err, want)
	}
}

func TestKeysMustBeText(t *testing.T) {
	integer := schema.Of(schema.Int)
	for _, typ := range []schema.Type{listOf(schema.Map, integer, integer), listOf(schema.Multiset, integer), listOf(schema.Array, listOf(schema.Row, listOf(schema.Map, integer, integer)))} {
		s := schema.New(schema.Field{Name: "x", Type: typ})
		if _, err := newDecoder(s, nil); err == nil || !strings.Contains(err.Error(), `column "x" has type `+typ.String()) {
			t.Error(err)
		}
		if _, err := newEncoder(s, nil); err == nil {
			t.Errorf("the encoder takes %s", typ)
		}
	}
}

// FuzzNested reads anything: a valid record is one row if errors are ignored, and what is written is read back.
func FuzzNested(f *testing.F) {
	for _, seed := range []string{
		`{"ca":[1,null],"cb":["x"],"cc":{"a":1},"cd":{"x":2},"ce":{"ca":"t"},"cf":[{}],"cg":[[1]],"ch":{"k":{"l":1}},"ci":{"fa":[1],"fb":{"fa":{}},"fc":[{"fa":"x","fb":{"y":1}}]}}`,
		`{"cc":{"a":1,"a":2},"ca":{},"ca":[],"ci":{"fa":[],"fa":[1]}}`, `{"cf":[{"cg":[}]}`, `{"ch":{"":{}},"cd":{"x":null}}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	s := formattest.EverythingNested().Schema
	f.Fuzz(func(t *testing.T, msg []byte, ignore bool) {
		d, err := newDecoder(s, option.Values{"ignore-parse-errors": fmt.Sprint(ignore)})
		if err != nil {
			t.Fatal(err)
		}
		e, err := newEncoder(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		err = d.Decode(msg, dst)
		valid := json.Valid(msg) && utf8.Valid(msg)
		if rows, rest := rowsIn(msg); ignore && valid && !rest && dst.Len() != rows {
			t.Fatalf("%q is %d rows, want %d", msg, dst.Len(), rows)
		}
		if !valid && dst.Len() > 0 || err != nil && dst.Len() > 0 {
			t.Fatalf("%q is %d rows, %v", msg, dst.Len(), err)
		}
		for i, n := 0, dst.Len(); i < n && !dst.Full(); i++ {
			b := dst.Batch()
			want := formattest.Row(b, i)
			text, err := e.Append(nil, b, i)
			if err != nil || !json.Valid(text) {
				t.Fatalf("wrote %q, %v", text, err)
			}
			if err := d.Decode(text, dst); err != nil {
				t.Fatalf("%q was written as %q: %v", msg, text, err)
			}
			if diff := cmp.Diff(want, formattest.Row(dst.Batch(), dst.Len()-1)); diff != "" {
				t.Fatalf("%q was written as %q (-want +got):\n%s", msg, text, diff)
			}
		}
	})
}
