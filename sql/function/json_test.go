package function

import (
	"os"
	"strings"
	"testing"

	"millrace/schema"
	"millrace/vec"
)

// jsonDocument is what the paths of testdata/json_paths.tsv were followed in.
const jsonDocument = `{"a":{"b":1.50,"c":[1,{"x":2},null,"s"]},"n":null,"e":1e3,"z":-0,"z2":-0.0,"a":{"q":[{"p":1},{"p":2}]},` +
	`"big":12345678901234567890,"t":true,"s":"x\u00e9\n","b c":5}`

// TestJSONPaths holds paths against what Flink 2.3 (SqlJsonUtils) answers: path, JSON_VALUE, JSON_QUERY,
// JSON_EXISTS.
func TestJSONPaths(t *testing.T) {
	table, err := os.ReadFile("testdata/json_paths.tsv")
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) JSONBehavior {
		return JSONBehavior{"DEFAULT", Arg{Type: char(int32(len(s))), Const: &vec.Value{S: s}}}
	}
	for line := range strings.Lines(string(table)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		path := Arg{Type: char(int32(max(1, len(cells[0])))).Required(), Const: &vec.Value{S: cells[0]}}
		args := []Arg{{Type: varchar}, path}
		for i, c := range []JSONClauses{
			{OnEmpty: text("EMPTY"), OnError: text("ERROR")},
			{OnEmpty: JSONBehavior{Kind: "EMPTY ARRAY"}, OnError: JSONBehavior{Kind: "EMPTY OBJECT"}},
			{OnError: JSONBehavior{Kind: "UNKNOWN"}},
		} {
			name := []string{"JSON_VALUE", "JSON_QUERY", "JSON_EXISTS"}[i]
			o, err := JSON(name, args, c)
			if err != nil {
				t.Fatal(err)
			}
			v, err := o.Evaluate(&Call{}, vec.Value{S: jsonDocument})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(v.S, "\n", `\n`)
			switch {
			case v.Null:
				got = "null"
			case i == 2:
				got = []string{"false", "true"}[v.I]
			}
			if want := cells[i+1]; got != want && got != strings.ReplaceAll(want, "\n", `\n`) {
				t.Errorf("%s %q: got %s, want %s", name, cells[0], got, want)
			}
		}
	}
}

func TestFirstJSON(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "1 2": "1", "{} x": "{}", "[1] ]": "[1]", "1a": "", `"a"b`: `"a"`, "": "", " ": "", "nul": "", "true x": "true", "truex": "",
		"01": "", "-": "", "1.": "", "[1,]": "", `{"a":1,}`: "", `{"a":1}}`: `{"a":1}`, "'a'": "", "NaN": "", "{a:1}": "", "\"a\tb\"": "",
		`1"`: "", "1,2": "", "1.0f": "", "+1": "", ".5": "", "[}": "", "1e400": "1E+400", "1e5": "1E+5", "-0": "0", "1.10": "1.10",
		"0.000000012": "1.2E-8", "0.00": "0.00", "1.5e-7": "1.5E-7", "12.5e1": "125", "0e3": "0E+3",
	} {
		v, ok := firstJSON([]byte(text))
		got := ""
		if ok {
			got = string(v.appendJSON(nil))
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestJSONUnquote(t *testing.T) {
	for in, want := range map[string]string{
		`"A"`: "A", `"\ud83d\ude00"`: "\U0001F600", `"\ud83d x"`: "? x", `"a" "b"`: `a" "b`, `"\q"`: `"\q"`,
		`"a\u00zz"`: `"a\u00zz"`, `[1]`: `[1]`, `"`: `"`, `""x\"`: `"x\`,
	} {
		got, err := appendJSONUnquote(nil, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", in, got, err, want)
		}
	}
}

// FuzzJSONPath follows any path in any text: it may be wrong, but must not panic, and what it finds is JSON.
func FuzzJSONPath(f *testing.F) {
	f.Add("lax $.a[*]['b c'].x", `{"a":[{"b c":{"x":1}}]}`)
	f.Add("$..a[?(@.p > 1 && @.q == 'x')].length()", `[{"a":[{"p":2,"q":"x"}]}]`)
	f.Add("strict $[-1:2][0,1]", `[[1,2],[3]]`)
	f.Fuzz(func(t *testing.T, path, text string) {
		if strings.Count(path, "..") > 2 || len(text) > 1000 {
			return
		}
		v, ok := parseJSONPath(path).read([]byte(text))
		if !ok || v == nil {
			return
		}
		if _, ok := firstJSON(v.appendJSON(nil)); !ok {
			t.Errorf("%q in %q: %q is no JSON", path, text, v)
		}
	})
}

func TestJSONClausesAreChecked(t *testing.T) {
	path := Arg{Type: char(1).Required(), Const: &vec.Value{S: "$"}}
	for name, c := range map[string]JSONClauses{
		"JSON_EXISTS": {OnError: JSONBehavior{Kind: "NULL"}}, "JSON_VALUE": {Returning: schema.Of(schema.Date)}, "JSON_QUERY": {OnEmpty: JSONBehavior{Kind: "DEFAULT"}},
	} {
		if _, err := JSON(name, []Arg{{Type: varchar}, path}, c); err == nil {
			t.Errorf("%s with %+v is accepted", name, c)
		}
	}
}
