package influx

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/influxdata/influxql"
	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"millrace/schema"
	"millrace/store"
)

// FuzzLine writes a row and reads it with InfluxData's decoder. Where that takes \n for a line break in
// names and tags, and takes no control characters in them, InfluxDB itself does otherwise: such are left
// out here, and tried on a real server.
func FuzzLine(f *testing.F) {
	f.Add("cpu", "host", "a", "usage", `text "x" \ `, 1.5, int64(3), true, int64(1_700_000_000_000_000))
	f.Add("a,b c", "t=x", `v\x, y=`, "f=1,2 ", "line\nbreak", -1e-300, int64(-1), false, int64(-1))
	f.Fuzz(func(t *testing.T, measurement, key, value, name, text string, num float64, n int64, flag bool, micros int64) {
		if regexp.MustCompile(`\\[abfnrtv\\]|[\x00-\x1f\x7f]`).MatchString(measurement+"|"+key+"|"+value+"|"+name) || !utf8.ValidString(value+"|"+text) {
			return
		}
		fields := []schema.Field{times(), field(key, schema.VarChar), field(name, schema.VarChar), field("n", schema.BigInt), field("num", schema.Double), field("flag", schema.Boolean)}
		seen := map[string]bool{}
		for _, fd := range fields {
			if seen[strings.ToLower(fd.Name)] {
				return
			}
			seen[strings.ToLower(fd.Name)] = true
		}
		g := table(t, measurement, []string{key}, fields, []any{time.UnixMicro(micros), value, text, int(n), num, flag})
		l := &lines{}
		if refused := encode(l, 0, &g, func(string, string) number { return asItIs }); refused != nil {
			return
		}
		dec := lineprotocol.NewDecoderWithBytes(l.text)
		if !dec.Next() {
			t.Fatalf("%q: no line", l.text)
		}
		m, err := dec.Measurement()
		if err != nil || string(m) != measurement {
			t.Fatalf("%q: measurement %q, %v", l.text, m, err)
		}
		for {
			k, v, err := dec.NextTag()
			if err != nil {
				t.Fatalf("%q: %v", l.text, err)
			}
			if k == nil {
				break
			}
			if string(k) != key || string(v) != value {
				t.Fatalf("%q: tag %q=%q", l.text, k, v)
			}
		}
		want := map[string]any{name: text, "n": n, "num": num, "flag": flag}
		for {
			k, v, err := dec.NextField()
			if err != nil {
				t.Fatalf("%q: %v", l.text, err)
			}
			if k == nil {
				break
			}
			if v.Interface() != want[string(k)] {
				t.Fatalf("%q: field %q=%v", l.text, k, v)
			}
			delete(want, string(k))
		}
		at, err := dec.Time(lineprotocol.Nanosecond, time.Time{})
		if err != nil || at.UnixNano() != micros*1000 || dec.Next() {
			t.Fatalf("%q: time %v, %v", l.text, at, err)
		}
		if delete(want, "num"); len(want) > 0 {
			t.Fatalf("%q: %v is missing", l.text, want)
		}
	})
}

// FuzzStatement makes queries of any names and values and has InfluxData's parser read them: it finds one
// SELECT of the columns and the measurement that were meant, and nothing else.
func FuzzStatement(f *testing.F) {
	f.Add("cpu", "host", "a", "usage", byte(0))
	f.Add(`x"; DROP MEASUREMENT "cpu`, "a'b", `' OR 1=1 --`, "f\\", byte(3))
	f.Add("m\n", "$p0", "/; DROP", "é", byte(4))
	f.Fuzz(func(t *testing.T, measurement, tag, value, name string, op byte) {
		for _, s := range []string{measurement, tag, name} {
			// What InfluxDB has as names came from it, and the name of a measurement is looked up before.
			if s == "" || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
				return
			}
		}
		l := &layout{name: measurement, columns: []columnType{{tag, true, store.VarChar, "tag"}, {name, false, store.VarChar, "string"}}}
		ops := []store.Op{store.In, store.Eq, store.Ne, store.Gt, store.Gte, store.Lt, store.Lte}
		q := store.Query{Measurement: measurement, Filters: []store.Filter{{Column: tag, Op: ops[int(op)%len(ops)], Values: []any{value}}}}
		sel, err := newSelection(l, q)
		if err != nil {
			return
		}
		s := sel.statement()
		p := influxql.NewParser(strings.NewReader(s.text))
		params := map[string]any{}
		for k, v := range s.params {
			params[k] = v
		}
		p.SetParams(params)
		parsed, err := p.ParseQuery()
		if err != nil || len(parsed.Statements) != 1 {
			t.Fatalf("%s: %v, %v", s.text, parsed, err)
		}
		sole, isSelect := parsed.Statements[0].(*influxql.SelectStatement)
		if !isSelect || len(sole.Sources) != 1 || sole.Sources[0].(*influxql.Measurement).Name != measurement || sole.Limit != 10_001 {
			t.Fatalf("%s became %s", s.text, parsed)
		}
		var columns []string
		for _, c := range sole.Fields {
			columns = append(columns, c.Expr.(*influxql.VarRef).Val)
		}
		if !slices.Equal(columns, []string{name, tag}) {
			t.Fatalf("%s has the columns %q", s.text, columns)
		}
		used := map[string]bool{}
		influxql.WalkFunc(sole.Condition, func(n influxql.Node) {
			if v, ok := n.(*influxql.VarRef); ok {
				used[v.Val] = true
			}
		})
		delete(used, "time")
		if delete(used, tag); len(used) > 0 {
			t.Fatalf("%s has a condition on %v", s.text, used)
		}
	})
}

// FuzzOrdered compares the expressions for texts before and after a text with the order of texts.
func FuzzOrdered(f *testing.F) {
	f.Add("abc", "abd")
	f.Add("", "a")
	f.Add("ü\x00", "ü")
	f.Add("\U0010FFFF", "\U0010FFFFa")
	f.Fuzz(func(t *testing.T, with, text string) {
		if !utf8.ValidString(with) || !utf8.ValidString(text) || len(with) > maxOrdered {
			return
		}
		for op, want := range map[store.Op]bool{store.Gt: text > with, store.Gte: text >= with, store.Lt: text < with, store.Lte: text <= with} {
			expr := ordered(op, with)
			if strings.Contains(expr, "/") {
				t.Fatalf("%q ends early", expr)
			}
			if got := regexp.MustCompile(expr).MatchString(text); got != want {
				t.Errorf("%q %s %q: %v by %s", text, op, with, got, expr)
			}
		}
	})
}

// FuzzDecode reads any answer: it is an error or has whole rows.
func FuzzDecode(f *testing.F) {
	f.Add(`{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v","t"],"values":[[1,2.5,"x"],[2,null,null]]}]}]}`)
	f.Add(`{"results":[{"error":"no"}]}`)
	f.Add(`{"results":[{"series":[{"columns":["time"],"values":[[1`)
	l := &layout{name: "m", columns: []columnType{{"t", true, store.VarChar, "tag"}, {"v", false, store.Double, "float"}}}
	f.Fuzz(func(t *testing.T, answer string) {
		results, err := decode(strings.NewReader(answer))
		if err != nil {
			return
		}
		sel, err := newSelection(l, store.Query{Measurement: "m"})
		if err != nil {
			t.Fatal(err)
		}
		if points, err := sel.points(results); err == nil {
			for _, p := range points.Points {
				if p.Field != "v" || p.Value == nil {
					t.Fatalf("%+v", p)
				}
			}
		}
		if _, err := layouts(results); err != nil {
			return
		}
	})
}

func FuzzParseURL(f *testing.F) {
	f.Add("http://u:p@h:8086/x?org=o&bucket=b&token=t")
	f.Add("influxdb:8086")
	f.Fuzz(func(t *testing.T, text string) {
		cfg := Config{URL: text, Token: "t"}
		s, err := parseURL(&cfg)
		if err == nil && (s.host == "" || !strings.HasPrefix(s.base, "http") || strings.HasSuffix(s.base, "/")) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}

func TestParseURL(t *testing.T) {
	f := func(text string, want Config, base, user, password string) {
		t.Helper()
		cfg := Config{URL: text}
		s, err := parseURL(&cfg)
		if err != nil || cfg.Org != want.Org || cfg.Bucket != want.Bucket || cfg.Token != want.Token || s.base != base || s.user != user || s.password.Reveal() != password {
			t.Errorf("%q: %+v %+v %v", text, cfg, s, err)
		}
	}
	f("http://influxdb:8086?token=t", Config{Token: "t"}, "http://influxdb:8086", "", "")
	f("influxdb:8086?token=t", Config{Token: "t"}, "http://influxdb:8086", "", "")
	f("https://h/path/?token=t&org=my+org&bucket=b", Config{Token: "t", Org: "my org", Bucket: "b"}, "https://h/path", "", "")
	f("http://admin:p%40ss@h:1", Config{}, "http://h:1", "admin", "p@ss")
	for _, bad := range []string{"", "http://", "http://h", "ftp://u:p@h", "http://u:p@h?x=1"} {
		if _, err := parseURL(&Config{URL: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
