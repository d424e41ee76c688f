package influx

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"millrace/point"
)

var now = time.Date(2026, 11, 20, 10, 0, 0, 123_456_000, time.UTC)

var nanos = unit{1, 1000}

// decoded are the points of a body as canonical JSON, and of bad lines the reasons.
func decoded(body string, u unit) (out []string) {
	var d decoder
	d.reset([]byte(body), u, now.UnixMicro())
	for {
		raw, p, bad := d.next()
		switch {
		case raw == nil:
			return out
		case bad != nil:
			out = append(out, "bad: "+bad.Error())
		default:
			out = append(out, string(p.AppendJSON(nil)))
		}
	}
}

func TestLines(t *testing.T) {
	f := func(body string, want ...string) {
		t.Helper()
		for i, w := range want {
			if !strings.HasPrefix(w, "bad: ") {
				want[i] = `{"timestamp":"2026-11-20T10:00:00.123456Z","metric":` + w + `}`
			}
		}
		if diff := cmp.Diff(want, decoded(body, nanos)); diff != "" {
			t.Errorf("%q:\n%s", body, diff)
		}
	}
	f("m value=1.50", `"m","value":1.50,"tags":{}`)
	f("m,b=2,a=1 value=1", `"m","value":1,"tags":{"a":"1","b":"2"}`)
	f("\n\r\n# a comment\n  m v=1  \r\n\tn v=2\n#last", `"m","fields":{"v":1},"tags":{}`, `"n","fields":{"v":2},"tags":{}`)
	f(`cpu,host=a idle=97.34513274336283,up=t,down=FALSE,n=-7i,u=18446744073709551615u,s="o\"k\\ \n, =x"`,
		`"cpu","fields":{"down":false,"idle":97.34513274336283,"n":-7,"s":"o\"k\\ \\n, =x","u":18446744073709551615,"up":true},"tags":{"host":"a"}`)
	f(`my\ m\,x\=y,t\ a\,g=v\ a\=l f\,1="x"`, `"my m,x\\=y","fields":{"f,1":"x"},"tags":{"t a,g":"v a=l"}`)
	f(`m,t=a\b\\c s="a\b\\c"`, `"m","fields":{"s":"a\\b\\c"},"tags":{"t":"a\\b\\\\c"}`)
	f("m s=\"two\nlines\",v=1\nn v=2", `"m","fields":{"s":"two\u000alines","v":1},"tags":{}`, `"n","fields":{"v":2},"tags":{}`)
	f("温度,房间=甲 值=1", `"温度","fields":{"值":1},"tags":{"房间":"甲"}`)
	f("m v=1e3,w=+5,x=.5,y=5.,z=1E+2,i=007i,j=+7i", `"m","fields":{"i":7,"j":7,"v":1e3,"w":5,"x":0.5,"y":5,"z":1E+2},"tags":{}`)
	f("m v=1,v=2", `"m","fields":{"v":2},"tags":{}`)
	f(`m v=""`, `"m","fields":{"v":""},"tags":{}`)

	f("m\nn v=1", "bad: missing fields", `"n","fields":{"v":1},"tags":{}`)
	f(",a=1 v=1", "bad: missing measurement")
	f("m,a v=1", "bad: missing tag value")
	f("m,a= v=1", "bad: missing tag value")
	f("m,=1 v=1", "bad: missing tag key")
	f("m,a=b=c v=1", "bad: invalid tag format: an equals sign in a value needs a backslash")
	f("m,a=1,a=2 v=1", "bad: duplicate tags")
	f("m,a=1", "bad: missing fields")
	f("m ", "bad: missing fields")
	f("m v", "bad: missing field value")
	f("m v=", "bad: missing field value")
	f("m v=,w=1", "bad: missing field value")
	f("m =1", "bad: missing field key")
	f("m v=1,", "bad: missing field key")
	f("m v=one", `bad: invalid value "one": text goes in quotes`)
	f("m v=NaN", `bad: invalid value "NaN": text goes in quotes`)
	f("m v=-Inf", `bad: invalid number "-Inf"`)
	f("m v=1e999", `bad: invalid number "1e999"`)
	f("m v=0x10", `bad: invalid number "0x10"`)
	f("m v=1.5i", `bad: invalid integer "1.5"`)
	f("m v=9223372036854775808i", `bad: invalid integer "9223372036854775808"`)
	f("m v=-1u", `bad: invalid unsigned integer "-1"`)
	f("m v=1 2 3", `bad: there is more behind the timestamp`)
	f("m v=1 later", `bad: bad timestamp "later"`)
	f("m v=1 99999999999999999999", `bad: bad timestamp "99999999999999999999"`)
	f("m v=\"a\"b", `bad: invalid field format: text goes in quotes, and fields are parted by commas`)
	f("m v=\"never ends\nn v=1", "bad: unbalanced quotes", `"n","fields":{"v":1},"tags":{}`)
	f("m time=1", `bad: field "fields": "time" is a column of every measurement: choose another name`)
	f("m,value=x v=1", `bad: field "tags": "value" is a column of every measurement: choose another name`)
	f("m,v=x v=1", `bad: field "fields": "v" is the name of a tag, too: choose another`)
	f("m v=\"\xff\"\nn v=1", "bad: it is not UTF-8", `"n","fields":{"v":1},"tags":{}`)
	f("m\x00 v=1", `bad: field "metric": "m\x00" has a control character`)
	f(strings.Repeat("x", 256)+" v=1", `bad: field "metric": "`+strings.Repeat("x", 64)+`..." is longer than 255 bytes`)
}

func TestTimes(t *testing.T) {
	f := func(precision string, v1 bool, stamp, want string) {
		t.Helper()
		u, ok := unitOf(precision, v1)
		if !ok {
			t.Fatalf("no precision %q", precision)
		}
		got := decoded("m value=1 "+stamp, u)[0]
		if at, _, ok := strings.Cut(strings.TrimPrefix(got, `{"timestamp":"`), `"`); ok && !strings.HasPrefix(got, "bad") {
			got = at
		}
		if got != want {
			t.Errorf("%s %s: %s, want %s", stamp, precision, got, want)
		}
	}
	f("", false, "1795168800123456789", "2026-11-20T10:00:00.123456Z")
	f("ns", false, "-1", "1969-12-31T23:59:59.999999Z")
	f("ns", false, "-1000", "1969-12-31T23:59:59.999999Z")
	f("us", false, "1795168800123456", "2026-11-20T10:00:00.123456Z")
	f("ms", false, "1795168800123", "2026-11-20T10:00:00.123Z")
	f("s", false, "1795168800", "2026-11-20T10:00:00Z")
	f("n", true, "1795168800123456789", "2026-11-20T10:00:00.123456Z")
	f("u", true, "1795168800123456", "2026-11-20T10:00:00.123456Z")
	f("m", true, "29919480", "2026-11-20T10:00:00Z")
	f("h", true, "498658", "2026-11-20T10:00:00Z")
	f("s", false, "9223372036854775807", `bad: bad timestamp "9223372036854775807"`)
	f("s", false, "253402300800", `bad: field "timestamp": 253402300800000000 microseconds since 1970 are not within the years 1 to 9999`)
	if _, ok := unitOf("h", false); ok {
		t.Error("version 2 knows no hours")
	}
}

func TestLinesAllocateNothing(t *testing.T) {
	body := []byte(cpuLines(100) + "m\\ x,t\\ =y s=\"a\\\"b\",n=7i,w=+5 17951688001234\n")
	var d decoder
	out := make([]byte, 0, 64<<10)
	round := func() {
		d.reset(body, nanos, 0)
		for raw, p, bad := d.next(); raw != nil; raw, p, bad = d.next() {
			if bad != nil {
				t.Fatal(bad)
			}
			out = p.AppendJSON(out[:0])
		}
	}
	round()
	if n := testing.AllocsPerRun(20, round); n > 0 {
		t.Errorf("%v allocations in 101 lines", n)
	}
}

// cpuLines are lines as Telegraf writes them for a processor's cores.
func cpuLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "cpu,cpu=cpu%d,host=server01 usage_guest=0,usage_idle=97.345132743%d,usage_iowait=0.25,usage_system=1.5,usage_user=2.7%d 1795168800%09d\n", i%16, i%1000, i%100, i)
	}
	return b.String()
}

// theirs reads a line as InfluxData's own library does.
func theirs(line []byte) (metric string, tags, fields map[string]string, at time.Time, err error) {
	d := lineprotocol.NewDecoderWithBytes(line)
	if !d.Next() {
		return "", nil, nil, at, errors.New("no line")
	}
	m, err := d.Measurement()
	if err != nil {
		return "", nil, nil, at, err
	}
	metric, tags, fields = string(m), map[string]string{}, map[string]string{}
	for {
		k, v, err := d.NextTag()
		if err != nil {
			return "", nil, nil, at, err
		}
		if k == nil {
			break
		}
		if _, twice := tags[string(k)]; twice {
			return "", nil, nil, at, errors.New("duplicate tags")
		}
		tags[string(k)] = string(v)
	}
	for {
		k, v, err := d.NextField()
		if err != nil {
			return "", nil, nil, at, err
		}
		if k == nil {
			break
		}
		fields[string(k)] = v.String()
		switch v.Kind() {
		case lineprotocol.Int:
			fields[string(k)] = fmt.Sprint(float64(v.IntV()))
		case lineprotocol.Uint:
			fields[string(k)] = fmt.Sprint(float64(v.UintV()))
		case lineprotocol.Float:
			fields[string(k)] = fmt.Sprint(v.FloatV())
		case lineprotocol.String:
			fields[string(k)] = fmt.Sprintf("%q", v.StringV())
		case lineprotocol.Bool:
			fields[string(k)] = fmt.Sprint(v.BoolV())
		}
	}
	at, err = d.Time(lineprotocol.Nanosecond, now)
	if err == nil && d.Next() {
		err = errors.New("more than a line")
	}
	return metric, tags, fields, at, err
}

// FuzzLine holds the decoder against InfluxData's own: what that takes, and does not take in another sense,
// this one must take, with the same content.
func FuzzLine(f *testing.F) {
	for _, line := range strings.Split(cpuLines(2), "\n") {
		f.Add([]byte(line))
	}
	f.Add([]byte(`my\ m\,x,t\ a\,g=v\ a\=l f\,1="x\"y\\",b=true,i=-7i,u=7u -1`))
	f.Add([]byte("# comment\nm v=\"a\nb\" 1\r\n\nn v=1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var d decoder
		d.reset(body, nanos, now.UnixMicro())
		var again point.Decoder
		seen := 0
		for {
			raw, p, bad := d.next()
			if raw == nil {
				break
			}
			if seen += len(raw); len(raw) == 0 || seen > len(body) || (p == nil) == (bad == nil) {
				t.Fatalf("%q: %v, %v", raw, p, bad)
			}
			if p == nil {
				continue
			}
			record := p.AppendJSON(nil)
			q, err := again.Decode(record, now)
			if err != nil || string(q.AppendJSON(nil)) != string(record) {
				t.Fatalf("%q: %s: %v", raw, record, err)
			}
		}
		compare(t, body)
	})
}

func compare(t *testing.T, body []byte) {
	t.Helper()
	metric, tags, fields, at, err := theirs(body)
	// Theirs reads \n in a text as a line end, as no InfluxDB does, and takes what is no UTF-8.
	if err != nil || !utf8.Valid(body) || bytes.ContainsAny(body, "\r\t\v\f") || bytes.Contains(body, []byte(`\n`)) ||
		bytes.Contains(body, []byte(`\r`)) || bytes.Contains(body, []byte(`\t`)) {
		return
	}
	var d decoder
	d.reset(body, nanos, now.UnixMicro())
	raw, p, bad := d.next()
	if bad != nil && (bad.Field != "" || strings.HasPrefix(bad.Reason, "more tags")) {
		return // a rule of ours
	}
	if raw == nil || bad != nil {
		if strings.Contains(fmt.Sprint(fields), "NaN") || strings.Contains(fmt.Sprint(fields), "Inf") || bytes.ContainsAny(body, "xX_pP") {
			return // no numbers here
		}
		t.Fatalf("%q: %v; it is %s %v %v", body, bad, metric, tags, fields)
	}
	if len(p.Fields) == 0 {
		p.Fields = []point.Field{{Name: []byte("value"), Number: p.Value}}
	}
	gotTags, gotFields := map[string]string{}, map[string]string{}
	for _, tag := range p.Tags {
		gotTags[string(tag.Key)] = string(tag.Value)
	}
	for _, f := range p.Fields {
		switch f.Kind {
		case point.Text:
			gotFields[string(f.Name)] = fmt.Sprintf("%q", f.Text)
		case point.Truth:
			gotFields[string(f.Name)] = fmt.Sprint(f.Truth)
		default:
			gotFields[string(f.Name)] = fmt.Sprint(f.Number)
		}
	}
	micros := at.UnixMicro()
	if string(p.Metric) != metric || !cmp.Equal(gotTags, tags) || !cmp.Equal(gotFields, fields) || p.TimeMicros != micros {
		t.Fatalf("%q:\n%s %v %v %d, not\n%s %v %v %d", body, p.Metric, gotTags, gotFields, p.TimeMicros, metric, tags, fields, micros)
	}
}

func BenchmarkLines(b *testing.B) {
	const lines = 1000
	body := []byte(cpuLines(lines))
	run := func(name string, read func(dst []byte) int) {
		b.Run(name, func(b *testing.B) {
			out := make([]byte, 0, 1<<20)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if n := read(out); n != lines {
					b.Fatal(n)
				}
			}
			b.ReportMetric(lines*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
	var d decoder
	run("decode", func([]byte) (n int) {
		d.reset(body, nanos, 0)
		for raw, p, _ := d.next(); raw != nil && p != nil; raw, p, _ = d.next() {
			n++
		}
		return n
	})
	run("decode+JSON", func(dst []byte) (n int) {
		d.reset(body, nanos, 0)
		for raw, p, _ := d.next(); raw != nil && p != nil; raw, p, _ = d.next() {
			dst = p.AppendJSON(dst)
			n++
		}
		return n
	})
	// InfluxData's library, without an order of tags and fields, checks of names and JSON.
	run("line-protocol/v2", func([]byte) (n int) {
		d := lineprotocol.NewDecoderWithBytes(body)
		for d.Next() {
			if _, err := d.Measurement(); err != nil {
				return -1
			}
			for k, _, err := d.NextTag(); k != nil || err != nil; k, _, err = d.NextTag() {
				if err != nil {
					return -1
				}
			}
			for k, _, err := d.NextField(); k != nil || err != nil; k, _, err = d.NextField() {
				if err != nil {
					return -1
				}
			}
			if _, err := d.Time(lineprotocol.Nanosecond, now); err != nil {
				return -1
			}
			n++
		}
		return n
	})
}
