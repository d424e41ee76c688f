package point

import (
	encjson "encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/format"
)

var now = time.Date(2026, 11, 20, 10, 0, 0, 123_456_000, time.UTC)

// text is a point as one line: metric value @time key=value.
func text(p *Point) string {
	value := fmt.Sprint(p.Value)
	for i, f := range p.Fields {
		sep := ","
		if i == 0 {
			value, sep = "", ""
		}
		switch f.Kind {
		case Text:
			value += fmt.Sprintf("%s%s=%q", sep, f.Name, f.Text)
		case Truth:
			value += fmt.Sprintf("%s%s=%v", sep, f.Name, f.Truth)
		default:
			value += fmt.Sprintf("%s%s=%v", sep, f.Name, f.Number)
		}
	}
	out := fmt.Sprintf("%s %s @%s", p.Metric, value, time.UnixMicro(p.TimeMicros).UTC().Format(time.RFC3339Nano))
	for _, t := range p.Tags {
		out += fmt.Sprintf(" %s=%s", t.Key, t.Value)
	}
	return out
}

func TestDecode(t *testing.T) {
	var d Decoder
	f := func(msg, want string) {
		t.Helper()
		p, err := d.Decode([]byte(msg), now)
		if err != nil {
			t.Errorf("%s: %v", msg, err)
			return
		}
		if got := text(p); got != want {
			t.Errorf("%s:\n got %s\nwant %s", msg, got, want)
		}
	}
	const at = " @2026-11-20T10:00:00.123456Z"
	f(`{"timestamp":"2026-11-20T09:00:00Z","metric":"m","value":1.5,"tags":{"b":"2","a":"1"}}`, "m 1.5 @2026-11-20T09:00:00Z a=1 b=2")
	f(`{"metric":"m","value":-0.25}`, "m -0.25"+at)
	f("\t{ \"value\" : 12 ,\n\"tags\" : { } , \"metric\" : \"m\" }\r\n", "m 12"+at)
	f(`{"metric":"m","value":1e3,"tags":null,"timestamp":null}`, "m 1000"+at)
	f(`{"metric":"m","value":12345678901234567890123,"more":[{"a":[null,true]},"x"],"tags":{}}`, "m 1.2345678901234568e+22"+at)
	f(`{"metric":"m","value":1,"tags":{"n":1.50,"t":true,"f":false,"x":null,"e":""}}`, "m 1"+at+" e= f=false n=1.50 t=true")
	f(`{"metric":"m","value":1,"tags":{"k":"old","a":"1","k":"new"}}`, "m 1"+at+" a=1 k=new")
	f(`{"metric":"old","metric":"new","value":1,"value":2}`, "new 2"+at)
	f(`{"m\u0065tric":"caf\u00e9 \ud83d\ude00","value":1,"tags":{"a\"b":"c\\d","q":"\ud800"}}`, "café 😀 1"+at+" a\"b=c\\d q=\ufffd")
	f(`{"metric":"cpu","fields":{"usage_idle":1.50,"state":"o\"k\n","up":true,"off":false,"none":null,"usage_idle":2},"tags":{"host":"a"}}`,
		`cpu off=false,state="o\"k\n",up=true,usage_idle=2`+at+" host=a")
	f(`{"metric":"m","fields":{"value":7}}`, "m 7"+at)
	f(`{"metric":"m","fields":{"value":"7"}}`, `m value="7"`+at)
	f(`{"metric":"m","fields":{"v\u0061lue":1,"b":12345678901234567890}}`, `m b=1.2345678901234567e+19,value=1`+at)
	f(`{"metric":"温度","value":1}`, "温度 1"+at)
	f(`{"metric":"`+strings.Repeat("m", 255)+`","value":1}`, strings.Repeat("m", 255)+" 1"+at)
}

func TestTimestamps(t *testing.T) {
	var d Decoder
	f := func(timestamp, want string) {
		t.Helper()
		p, err := d.Decode([]byte(`{"metric":"m","value":1,"timestamp":`+timestamp+`}`), now)
		got := ""
		if err == nil {
			got = time.UnixMicro(p.TimeMicros).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s: %s, %v; want %s", timestamp, got, err, want)
		}
	}
	const at = "2026-11-20T10:00:00Z"
	f(`"2026-11-20T10:00:00Z"`, at)
	f(`"2026-11-20t10:00:00z"`, at)
	f(`"2026-11-20 10:00:00"`, at)
	f(`"2026-11-20T10:00"`, at)
	f(`"2026-11-20T18:00:00+08:00"`, at)
	f(`"2026-11-20T04:30:00.000-05:30"`, at)
	f(`"2026-11-20T10:00:00.1234567Z"`, "2026-11-20T10:00:00.123456Z")
	f(`"2026-11-20T10:00:00.5"`, "2026-11-20T10:00:00.5Z")
	f(`1795168800`, at)
	f(`1795168800000`, at)
	f(`1795168800000000`, at)
	f(`1795168800000000000`, at)
	f(`1795168800.123456`, "2026-11-20T10:00:00.123456Z")
	f(`1795168800000.5`, "2026-11-20T10:00:00.0005Z")
	f(`1.7951688e9`, at)
	f(`0`, "1970-01-01T00:00:00Z")
	f(`-1`, "1969-12-31T23:59:59Z")
	f(`-100000000000000001`, "1966-10-31T14:13:19.999999Z")
	f(`"yesterday"`, "")
	f(`""`, "")
	f(`"2026-11-20"`, "")
	f(`"2026-02-30T10:00:00Z"`, "")
	f(`"2026-11-20T24:00:00Z"`, "")
	f(`"2026-11-20T10:00:00+24:00"`, "")
	f(`"2026-11-20T10:00:00+0800"`, "")
	f(`"2026-11-20T10:00:00ZZ"`, "")
	f(`"2026-11-20T10:00:00.1234567890Z"`, "")
	f(`"0000-01-01T00:00:00Z"`, "")
	f(`"9999-12-31T23:59:59-01:00"`, "")
	f(`1e300`, "")
	f(`99999999999999999999`, "5138-11-16T09:46:40Z")
	f(`true`, "")
	f(`{}`, "")
}

func TestDecodeRefuses(t *testing.T) {
	var d Decoder
	f := func(msg, field, reason string) {
		t.Helper()
		_, err := d.Decode([]byte(msg), now)
		var e *format.Error
		if !errors.As(err, &e) || e.Field != field || !strings.Contains(e.Reason, reason) {
			t.Errorf("%s: %v, want %q: %s", msg, err, field, reason)
		}
	}
	f(``, "", "broken JSON at byte 0 of 0")
	f(`{`, "", "a name in quotes")
	f(`{"metric":"m","value":1`, "", "comma or the end")
	f(`{"metric":"m","value":1}}`, "", "more behind")
	f(`{"metric":"m","value":01}`, "", "broken JSON")
	f(`{"metric":"m","value":1,}`, "", "broken JSON")
	f(`{"metric":"m","value":nan}`, "", "no JSON value")
	f("{\"metric\":\"a\nb\",\"value\":1}", "", "control character")
	f("{\"metric\":\"\xff\",\"value\":1}", "", "UTF-8")
	f(`{"metric":"m","value":1,"x":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, "", "nested too deeply")
	f(`[1]`, "", "no object")
	f(`"text"`, "", "no object")
	f(`{"value":1}`, "metric", "missing")
	f(`{"metric":"","value":1}`, "metric", "empty")
	f(`{"metric":7,"value":1}`, "metric", "no text")
	f(`{"metric":"a\u0000b","value":1}`, "metric", "control character")
	f(`{"metric":"a\u0085b","value":1}`, "metric", "control character")
	f(`{"metric":"`+strings.Repeat("m", 256)+`","value":1}`, "metric", "longer than 255")
	f(`{"metric":"m"}`, "value", "missing")
	f(`{"metric":"m","value":null}`, "value", "no number")
	f(`{"metric":"m","value":"six"}`, "value", `"six" is no number`)
	f(`{"metric":"m","value":true}`, "value", "no number")
	f(`{"metric":"m","value":1e999}`, "value", "no finite number")
	f(`{"metric":"m","fields":null}`, "fields", "null is no object")
	f(`{"metric":"m","fields":{}}`, "fields", "has none")
	f(`{"metric":"m","fields":{"a":null}}`, "fields", "has none")
	f(`{"metric":"m","fields":{"a":[1]}}`, "fields", "neither a number")
	f(`{"metric":"m","fields":{"a":1e999}}`, "fields", "no finite")
	f(`{"metric":"m","fields":{"a":1},"value":1}`, "fields", "one or the other")
	f(`{"metric":"m","fields":{"Time":1}}`, "fields", "column")
	f(`{"metric":"m","fields":{"":1}}`, "fields", "empty")
	f(`{"metric":"m","fields":{"c":1,"a":1},"tags":{"d":1,"c":"x","b":2}}`, "fields", `"c" is the name of a tag`)
	f(`{"metric":"m","fields":{`+manyTags(513)+`}}`, "fields", "more than 512")
	f(`{"metric":"m","fields":{"a":tru}}`, "", "broken JSON")
	f(`{"metric":"m","value":1,"tags":[]}`, "tags", "no object")
	f(`{"metric":"m","value":1,"tags":{"a":{}}}`, "tags", "neither text")
	f(`{"metric":"m","value":1,"tags":{"":"x"}}`, "tags", "empty")
	f(`{"metric":"m","value":1,"tags":{"a\u0007":"x"}}`, "tags", "control character")
	f(`{"metric":"m","value":1,"tags":{"Value":"x"}}`, "tags", "column")
	f(`{"metric":"m","value":1,"tags":{"time":"x"}}`, "tags", "column")
	f(`{"metric":"m","value":1,"tags":{`+manyTags(65)+`}}`, "tags", "more than 64")
	if _, err := d.Decode([]byte(`{"metric":"m","value":1,"tags":{`+manyTags(64)+`}}`), now); err != nil {
		t.Error(err)
	}
}

func manyTags(n int) string {
	var tags []string
	for i := range n {
		tags = append(tags, fmt.Sprintf(`"t%02d":"x"`, (i*37)%n))
	}
	return strings.Join(tags, ",")
}

func TestDecodeAllocatesNothing(t *testing.T) {
	var d Decoder
	msg := []byte(`{"timestamp":"2026-11-20 10:00:00.123","metric":"room\ttemperature\u00e9"` +
		`,"value":21.123456789012345678,"tags":{"room":"\"a\"","floor":3,"dry":true}}`)
	msg = []byte(strings.Replace(string(msg), `\t`, ` `, 1))
	if _, err := d.Decode(msg, now); err != nil {
		t.Fatal(err)
	}
	fields := []byte(`{"timestamp":"2026-11-20T10:00:00Z","metric":"cpu","fields":{"usage":1.5,"state":"o\"k","up":true,"idle":2},"tags":{"host":"a"}}`)
	for _, msg := range [][]byte{msg, fields} {
		if _, err := d.Decode(msg, now); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(1000, func() { _, _ = d.Decode(msg, now) }); n > 0 {
			t.Errorf("%s: %v allocations a point", msg, n)
		}
	}
}

// FuzzDecode holds the decoder against encoding/json, and its canonical form against itself.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"timestamp":"2026-11-20T10:00:00+08:00","metric":"m","value":1.5,"tags":{"b":"2","a":1e3}}`))
	f.Add([]byte(`{"timestamp":1795168800.5,"metric":"\u00e9","value":-0,"tags":{"a":null,"b":"\ud83d\ude00"}}`))
	f.Add([]byte(`{"metric":"m","value":12345678901234567890,"tags":{"a":"1","a":"2"},"more":[[]]}`))
	f.Add([]byte(`{"metric":"m","fields":{"a":1.5,"s":"o\\k","up":true,"n":null},"tags":{"x":"1"}}`))
	f.Add([]byte(`{"metric":"m","fields":{"value":-0.0}}`))
	f.Add([]byte(`[{"metric":1}]`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		var d Decoder
		p, err := d.Decode(msg, now)
		if err != nil {
			var e *format.Error
			if !errors.As(err, &e) || e.Reason == "" {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		var std struct {
			Metric string                        `json:"metric"`
			Value  float64                       `json:"value"`
			Tags   map[string]encjson.RawMessage `json:"tags"`
		}
		if err := encjson.Unmarshal(msg, &std); err != nil {
			t.Fatalf("taken for a point: %v", err)
		}
		// encoding/json takes names that differ by case for the same.
		if len(p.Fields) > 0 || !d.valued {
			checkFields(t, msg, p)
		} else if !hasUpper(msg) && (std.Metric != string(p.Metric) || std.Value != p.Value || len(p.Tags) > len(std.Tags)) {
			t.Fatalf("%s is not %+v", text(p), std)
		}
		canonical := p.AppendJSON(nil)
		want := text(p)
		var again Decoder
		q, err := again.Decode(canonical, time.Time{})
		if err != nil {
			t.Fatalf("%s: %v", canonical, err)
		}
		if diff := cmp.Diff(want, text(q)); diff != "" {
			t.Fatalf("%s:\n%s", canonical, diff)
		}
		if twice := q.AppendJSON(nil); string(twice) != string(canonical) {
			t.Fatalf("%s\n%s", canonical, twice)
		}
	})
}

// checkFields holds named fields against encoding/json.
func checkFields(t *testing.T, msg []byte, p *Point) {
	t.Helper()
	var std struct {
		Fields map[string]any `json:"fields"`
	}
	if err := encjson.Unmarshal(msg, &std); err != nil {
		t.Fatalf("taken for a point: %v", err)
	}
	if hasUpper(msg) {
		return
	}
	fields := p.Fields
	if len(fields) == 0 {
		fields = []Field{{Name: []byte("value"), Number: p.Value}}
	}
	for _, f := range fields {
		var got any
		switch f.Kind {
		case Number:
			got = f.Number
		case Text:
			got = string(f.Text)
		case Truth:
			got = f.Truth
		}
		if std.Fields[string(f.Name)] != got {
			t.Fatalf("field %s is %v, not %v", f.Name, got, std.Fields[string(f.Name)])
		}
	}
}

func hasUpper(msg []byte) bool {
	for _, c := range msg {
		if c >= 'A' && c <= 'Z' || c == '\\' || c >= 0x80 {
			return true
		}
	}
	return false
}
