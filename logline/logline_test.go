package logline

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/option"
)

// parser makes one of settings in turn: name, value.
func parser(t testing.TB, name string, settings ...string) Parser {
	t.Helper()
	vals := option.Values{"time_zone": "UTC"}
	for i := 0; i < len(settings); i += 2 {
		vals[settings[i]] = settings[i+1]
	}
	vals, err := option.Check("test", Options(), vals)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(name, vals)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := p.(*syslog); ok {
		s.now = func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }
	}
	return p
}

// expect reads a line. want is the object, or a part of the error behind "!".
func expect(t *testing.T, p Parser, line, want, wantTime string) {
	t.Helper()
	const before = "before"
	got, at, err := p.Append([]byte(before), []byte(line))
	if reason, bad := strings.CutPrefix(want, "!"); bad {
		if err == nil || !strings.Contains(err.Error(), reason) || string(got) != before {
			t.Errorf("%s: %s, error %v; want %s", line, got, err, reason)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	if d := cmp.Diff(before+want, string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", line, d)
	}
	if text := at.UTC().Format(time.RFC3339Nano); at.IsZero() != (wantTime == "") || wantTime != "" && text != wantTime {
		t.Errorf("%s: time %s, want %s", line, text, wantTime)
	}
}

func TestRaw(t *testing.T) {
	p := parser(t, "raw")
	expect(t, p, "a \"b\"\t\\ \x1b ä \xff", `{"message":"a \"b\"\t\\ \u001b ä `+"\ufffd"+`"}`, "")
	expect(t, p, "", "", "")
}

func TestJSON(t *testing.T) {
	p := parser(t, "json", "time_field", "ts")
	expect(t, p, ` {"a": 1.50, "ts":"2026-11-20T10:00:00+01:00"} `, `{"a": 1.50, "ts":"2026-11-20T10:00:00+01:00"}`, "2026-11-20T09:00:00Z")
	expect(t, p, `{"t\u0073":1763632800.25}`, `{"t\u0073":1763632800.25}`, "2025-11-20T10:00:00.25Z")
	expect(t, p, `{"ts":null}`, `{"ts":null}`, "")
	expect(t, p, `{}`, `{}`, "")
	expect(t, p, `{"ts":"soon"}`, `!field "ts": this is no time`, "")
	expect(t, p, `[1]`, "!this is no JSON object", "")
	expect(t, p, `{"a":}`, "!byte 5", "")
	expect(t, p, `{} {}`, "!more follows", "")
	expect(t, p, "{\"a\":\"\xff\"}", "!not UTF-8", "")
}

func TestLogfmt(t *testing.T) {
	p := parser(t, "logfmt", "types", "status:int, took:float, ok:bool", "time_field", "ts")
	expect(t, p, `level=info msg="it \"works\"\n" status=200 took=1.50 ok=yes cached ts=2026-11-20T10:00:00Z`,
		`{"level":"info","msg":"it \"works\"\n","status":200,"took":1.50,"ok":true,"cached":true,"ts":"2026-11-20T10:00:00Z"}`, "2026-11-20T10:00:00Z")
	expect(t, p, `a=1 a= b="" a=3 status=-`, `{"b":"","a":"3"}`, "")
	expect(t, p, `a=x=y path="C:\dir" e="\u00e4\x41"`, `{"a":"x=y","path":"C:\\dir","e":"äA"}`, "")
	expect(t, p, "just words", "!no name=value", "")
	expect(t, p, `a="b`, "!not closed", "")
	expect(t, p, `a="b"c`, "!a blank should follow", "")
	expect(t, p, `=b`, "!a name", "")
	expect(t, p, `status=high`, `!field "status": this is no whole number: "high"`, "")
	expect(t, p, `took=NaN`, `!field "took"`, "")
	expect(t, p, strings.Repeat("a=1 ", maxFields+1), "!more than 500", "")
}

func TestAccess(t *testing.T) {
	p := parser(t, "combined")
	expect(t, p, `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?a=b HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"`,
		`{"remote_addr":"127.0.0.1","remote_user":"frank","time":"2000-10-10T20:55:36Z","method":"GET","path":"/apache_pb.gif?a=b","protocol":"HTTP/1.0","status":200,"bytes":2326,"referer":"http://www.example.com/start.html","user_agent":"Mozilla/4.08 [en] (Win98; I ;Nav)"}`, "2000-10-10T20:55:36Z")
	expect(t, p, `::1 - - [10/Oct/2000:13:55:36 +0000] "\x16\x03\x01" 400 - "-" "a \"b\"" "10.0.0.1" 0.003`,
		`{"remote_addr":"::1","time":"2000-10-10T13:55:36Z","request":"\u0016\u0003\u0001","status":400,"user_agent":"a \"b\"","extra":"\"10.0.0.1\" 0.003"}`, "2000-10-10T13:55:36Z")
	expect(t, p, `h - a b c [10/Oct/2000:13:55:36 +0000] "-" 408 0 "-" "-"`,
		`{"remote_addr":"h","remote_user":"a b c","time":"2000-10-10T13:55:36Z","status":408,"bytes":0}`, "2000-10-10T13:55:36Z")
	expect(t, p, `h - - [32/Oct/2000:13:55:36 +0000] "-" 408 0 "-" "-"`, `!field "time"`, "")
	expect(t, p, `h - - [10/Oct/2000:13:55:36 +0000] "-" x 0 "-" "-"`, `!field "status"`, "")
	expect(t, p, `h - - [10/Oct/2000:13:55:36 +0000] "-" 200 5`, `!field "referer"`, "")
	expect(t, p, `nonsense`, `!no line like`, "")
	expect(t, parser(t, "common"), `h - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 5`,
		`{"remote_addr":"h","time":"2000-10-10T13:55:36Z","method":"GET","path":"/","protocol":"HTTP/1.1","status":200,"bytes":5}`, "2000-10-10T13:55:36Z")
}

// The examples of RFC 5424, section 6.5.
func TestSyslog5424(t *testing.T) {
	p := parser(t, "syslog")
	expect(t, p, "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8",
		`{"timestamp":"2003-10-11T22:14:15.003Z","host":"mymachine.example.com","app":"su","msgid":"ID47","facility":"auth","severity":"crit","severity_code":2,"message":"'su root' failed for lonvick on /dev/pts/8"}`, "2003-10-11T22:14:15.003Z")
	expect(t, p, `<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.`,
		`{"timestamp":"2003-08-24T12:14:15.000003Z","host":"192.0.2.1","app":"myproc","procid":"8710","facility":"local4","severity":"notice","severity_code":5,"message":"%% It's time to make the do-nuts."}`, "2003-08-24T12:14:15.000003Z")
	expect(t, p, `<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]`,
		`{"timestamp":"2003-10-11T22:14:15.003Z","host":"mymachine.example.com","app":"evntslog","msgid":"ID47","facility":"local4","severity":"notice","severity_code":5,"structured":{"exampleSDID@32473":{"iut":"3","eventSource":"Application","eventID":"1011"},"examplePriority@32473":{"class":"high"}}}`, "2003-10-11T22:14:15.003Z")
	expect(t, p, `<0>1 - - - - - [origin ip="a" x="\"\]\\\n" ip="b"][empty] m`,
		`{"facility":"kern","severity":"emerg","severity_code":0,"structured":{"origin":{"ip":["a","b"],"x":"\"]\\\\n"},"empty":{}},"message":"m"}`, "")
	expect(t, p, `<0>1 - - - - - [a b="c"`, "!structured", "")
	expect(t, p, `<0>1 - - - - - [a b="c"]m`, "!a blank should follow", "")
	expect(t, p, `<0>1 - - - - - [a][a]`, "!twice", "")
	expect(t, p, `<192>1 - - - - - -`, "!priority", "")
	expect(t, p, `<1>1 yesterday - - - - -`, `!field "timestamp"`, "")
	expect(t, p, `<1>1 - a`, `!the header ends`, "")
}

func TestSyslog3164(t *testing.T) {
	p := parser(t, "syslog")
	expect(t, p, `<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8`,
		`{"timestamp":"2026-10-11T22:14:15Z","host":"mymachine","app":"su","facility":"auth","severity":"crit","severity_code":2,"message":"'su root' failed for lonvick on /dev/pts/8"}`, "2026-10-11T22:14:15Z")
	expect(t, p, `Dec 31 23:59:59 web sshd[4711]: closed`, `{"timestamp":"2025-12-31T23:59:59Z","host":"web","app":"sshd","procid":"4711","message":"closed"}`, "2025-12-31T23:59:59Z")
	expect(t, p, `<13>Nov  2 10:00:00 me: no host`, `{"timestamp":"2026-11-02T10:00:00Z","app":"me","facility":"user","severity":"notice","severity_code":5,"message":"no host"}`, "2026-11-02T10:00:00Z")
	expect(t, p, `<13>2026-11-20T10:00:00.5+01:00 h a[1]: m`, `{"timestamp":"2026-11-20T09:00:00.5Z","host":"h","app":"a","procid":"1","facility":"user","severity":"notice","severity_code":5,"message":"m"}`, "2026-11-20T09:00:00.5Z")
	expect(t, p, `<13>*Nov  2 2025 10:00:00.123: %LINK-3-UPDOWN: down`, `{"timestamp":"2025-11-02T10:00:00.123Z","app":"%LINK-3-UPDOWN","facility":"user","severity":"notice","severity_code":5,"message":"down"}`, "2025-11-02T10:00:00.123Z")
	expect(t, p, `<13>Use the BFG!`, `{"facility":"user","severity":"notice","severity_code":5,"message":"Use the BFG!"}`, "")
	expect(t, p, `Feb 29 10:00:00 h a: m`, `{"timestamp":"2024-02-29T10:00:00Z","host":"h","app":"a","message":"m"}`, "2024-02-29T10:00:00Z")
	expect(t, p, `Nov 20 10:00:00 h last message repeated 2 times`, `{"timestamp":"2026-11-20T10:00:00Z","host":"h","message":"last message repeated 2 times"}`, "2026-11-20T10:00:00Z")
	expect(t, p, `what is this`, "!neither a priority nor a time", "")
	expect(t, p, `<999>x`, "!priority", "")
}

func TestCSV(t *testing.T) {
	p := parser(t, "csv", "csv_columns", "ts,level,,n", "csv_delimiter", "tab", "types", "n:int", "time_field", "ts", "time_format", "%d.%m.%Y %H:%M:%S.%f")
	expect(t, p, "20.11.2026 10:00:00.25\t\"a \"\"b\"\"\t c\"\tx\t007", `{"ts":"2026-11-20T10:00:00.25Z","level":"a \"b\"\t c","n":7}`, "2026-11-20T10:00:00.25Z")
	expect(t, p, "ts\tlevel\tx\tn", "", "")
	expect(t, p, "20.11.2026 10:00:00\t\t\t", `{"ts":"2026-11-20T10:00:00Z","level":""}`, "2026-11-20T10:00:00Z")
	expect(t, p, "a\tb", "!2 values for 4 columns", "")
	expect(t, p, "a\t\"b", "!not closed", "")
	expect(t, p, "a\t\"b\"c\t\t", "!the delimiter should follow", "")
	expect(t, p, "now\t\t\t1", `!field "ts"`, "")
}

func TestRegex(t *testing.T) {
	p := parser(t, "regex", "pattern", `^(?P<level>\w+) (?:n=(?P<n>\S+) )?(?P<msg>.*)$`, "types", "n:int")
	expect(t, p, `INFO n=12 hello`, `{"level":"INFO","n":12,"msg":"hello"}`, "")
	expect(t, p, `INFO hello`, `{"level":"INFO","msg":"hello"}`, "")
	expect(t, p, `INFO n=x y`, `!field "n"`, "")
	expect(t, p, `-`, `!does not match: "-"`, "")
}

func TestGrok(t *testing.T) {
	p := parser(t, "grok", "pattern", `%{IP:source.ip} %{WORD:method} (a|b)?%{NUMBER:took:float}|%{IP:[source][ip]} alone`)
	expect(t, p, `10.0.0.1 GET b0.25`, `{"source.ip":"10.0.0.1","method":"GET","took":0.25}`, "")
	expect(t, p, `10.0.0.1 alone`, `{"source.ip":"10.0.0.1"}`, "")
	expect(t, p, `x`, "!does not match", "")
	p = parser(t, "grok", "pattern", "%{COMBINEDAPACHELOG}", "time_field", "timestamp", "time_format", "%d/%b/%Y:%H:%M:%S %z")
	expect(t, p, `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "-" "curl/8"`,
		`{"source.address":"127.0.0.1","user.name":"frank","timestamp":"2000-10-10T20:55:36Z","http.request.method":"GET","url.original":"/a","http.version":"1.0","http.response.status_code":200,"http.response.body.size":2326,"user_agent.original":"curl/8"}`, "2000-10-10T20:55:36Z")
	p = parser(t, "grok", "pattern", "%{ORDER:order} %{SYSLOGTIMESTAMP:ts}", "grok_patterns", "# ours\nORDER [A-Z]{2}-%{INT}")
	expect(t, p, `AB-12 Nov 20 10:00:00`, `{"order":"AB-12","ts":"Nov 20 10:00:00"}`, "")
}

func TestSettings(t *testing.T) {
	f := func(want, name string, settings ...string) {
		t.Helper()
		vals := option.Values{}
		for i := 0; i < len(settings); i += 2 {
			vals[settings[i]] = settings[i+1]
		}
		_, err := New(name, vals)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s %v: %v, want %q", name, settings, err, want)
		}
	}
	f("not known", "xml")
	f("is missing", "csv")
	f("twice", "csv", "csv_columns", "a,a")
	f("one ASCII", "csv", "csv_columns", "a", "csv_delimiter", "ab")
	f("the same", "csv", "csv_columns", "a", "csv_delimiter", `"`)
	f("means nothing", "json", "types", "a:int")
	f("means nothing", "combined", "time_field", "a")
	f("no field and type", "logfmt", "types", "a")
	f(`type "number"`, "logfmt", "types", "a:number")
	f("time zone", "syslog", "time_zone", "Mars/Olympus")
	f("no parts of a time", "logfmt", "time_format", "when")
	f("is not known", "logfmt", "time_format", "%Q")
	f("names no field", "regex", "pattern", "(a)")
	f("missing argument", "regex", "pattern", "(?P<n>*)")
	f(`"NOPE" is not known`, "grok", "pattern", "%{NOPE:a}")
	f("in circles", "grok", "pattern", "%{A:a}", "grok_patterns", "A %{B}\nB %{A}")
	f("longer than", "grok", "pattern", "%{A:a}", "grok_patterns", "A %{B}%{B}%{B}%{B}%{B}%{B}%{B}%{B}\nB %{C}%{C}%{C}%{C}%{C}%{C}%{C}%{C}\nC %{D}%{D}%{D}%{D}%{D}%{D}%{D}%{D}\nD "+strings.Repeat("x", 1000))
	f("", "grok", "pattern", "[[:alpha:](]%{WORD:a}")
}

// TestEveryGrokPattern shows that the library's definitions can be written out for RE2.
func TestEveryGrokPattern(t *testing.T) {
	for _, name := range []string{
		"COMMONAPACHELOG", "HTTPD_ERRORLOG", "SYSLOGLINE", "SYSLOG5424LINE", "HAPROXYHTTP", "S3_ACCESS_LOG", "ELB_ACCESS_LOG",
		"JAVASTACKTRACEPART", "POSTGRESQL", "REDISLOG", "MONGO3_LOG", "RAILS3", "TIMESTAMP_ISO8601", "URI", "CISCOFW106001", "LOGLEVEL", "SQUID3",
	} {
		if _, err := New("grok", option.Values{"pattern": "%{" + name + ":all}"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClock(t *testing.T) {
	f := func(format, text, want string) {
		t.Helper()
		c, err := NewClock(format, "Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		c.now = func() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }
		got, ok := c.Parse([]byte(text))
		shown := ""
		if ok {
			shown = got.UTC().Format(time.RFC3339Nano)
		}
		if shown != want {
			t.Errorf("%s %q: %q, want %q", format, text, shown, want)
		}
	}
	f("auto", "2026-11-20T10:00:00.123456789Z", "2026-11-20T10:00:00.123456789Z")
	f("auto", "2026-11-20 10:00:00,123", "2026-11-20T09:00:00.123Z")
	f("auto", "2026/07/20 10:00:00 +0530", "2026-07-20T04:30:00Z")
	f("auto", "2026-07-20 10:00", "2026-07-20T08:00:00Z")
	f("auto", "2026-07-20T10:00:00-08", "2026-07-20T18:00:00Z")
	f("auto", "1763632800", "2025-11-20T10:00:00Z")
	f("auto", "1763632800123", "2025-11-20T10:00:00.123Z")
	f("auto", "1763632800123456", "2025-11-20T10:00:00.123456Z")
	f("auto", "1763632800123456789", "2025-11-20T10:00:00.123456789Z")
	f("auto", "1763632800.1234567891234", "2025-11-20T10:00:00.123456789Z")
	f("unix_ms", "1.5", "1970-01-01T00:00:00.0015Z")
	f("unix", "-1.5", "1969-12-31T23:59:58.5Z")
	f("unix_us", "1763632800123456", "2025-11-20T10:00:00.123456Z")
	f("unix_ns", "1763632800123456789", "2025-11-20T10:00:00.123456789Z")
	f("%Y-%m-%d %H:%M:%S", "2026-11-20 10:00:00", "2026-11-20T09:00:00Z")
	f("2006-01-02 15:04:05", "2026-11-20 10:00:00.5", "2026-11-20T09:00:00.5Z")
	f("%b %e %H:%M:%S", "Dec 31 10:00:00", "2025-12-31T09:00:00Z")
	f("%b %e %H:%M:%S", "Feb 29 10:00:00", "2024-02-29T09:00:00Z")
	for _, bad := range []string{"", "soon", "2026-02-30 10:00:00", "2026-11-20T25:00:00Z", "2026-11-20T10:00:00+1", "1e9", "12345678901234567890123", "2026-11/20 10:00:00"} {
		f("auto", bad, "")
	}
}

func TestAddField(t *testing.T) {
	f := func(object, want string) {
		t.Helper()
		if got := string(AddField([]byte(object), "file", `a"b`)); got != want {
			t.Errorf("%s: %s, want %s", object, got, want)
		}
	}
	f(`{}`, `{"file":"a\"b"}`)
	f(`{"a": {"file":1}}`, `{"a": {"file":1},"file":"a\"b"}`)
	f(`{"file":null , "b":2}`, `{"file":null , "b":2}`)
	f(`{ "fil\u0065" : 1 }`, `{ "fil\u0065" : 1 }`)
}

// TestAllocatesNothing holds for all formats but regular expressions, which need a slice for their groups.
func TestAllocatesNothing(t *testing.T) {
	for i, p := range fuzzed(t) {
		line := []byte(seeds[i])
		buf := make([]byte, 0, 4096)
		most := 0.0
		if _, ok := p.(*pattern); ok {
			most = 1
		}
		if n := testing.AllocsPerRun(100, func() {
			if _, _, err := p.Append(buf, line); err != nil {
				t.Fatal(err)
			}
		}); n > most {
			t.Errorf("%T: %v allocations for %s", p, n, line)
		}
	}
}

// seeds are lines of the parsers of fuzzed, in their order.
var seeds = []string{
	`a plain line`,
	`{"ts":"2026-11-20T10:00:00Z","a":[1,{"b":null}]}`,
	`level=info msg="it \"works\"" n=1 ts=1763632800`,
	`127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "-" "curl \x41"`,
	`<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [sdid@32473 iut="3" iut="4"] m`,
	`<34>Oct 11 22:14:15 mymachine su[1]: 'su root' failed`,
	`2026-11-20 10:00:00,"a ""b"""`,
	`INFO n=12 hello`,
	`10.0.0.1 GET 0.25`,
}

func fuzzed(t testing.TB) []Parser {
	return []Parser{
		parser(t, "raw"),
		parser(t, "json", "time_field", "ts"),
		parser(t, "logfmt", "types", "n:int", "time_field", "ts"),
		parser(t, "combined"),
		parser(t, "syslog"),
		parser(t, "syslog"),
		parser(t, "csv", "csv_columns", "ts,b", "time_field", "ts"),
		parser(t, "regex", "pattern", `^(?P<level>\w+) n=(?P<n>\S+) (?P<msg>.*)$`, "types", "n:int"),
		parser(t, "grok", "pattern", `%{IP:source.ip} %{WORD:method} %{NUMBER:took:float}`),
	}
}

// hold fuzzes a parser: what it appends is one JSON object with each name once, and dst stays as it was.
func hold(f *testing.F, which ...int) {
	for _, i := range which {
		f.Add([]byte(seeds[i]))
	}
	p := fuzzed(f)[which[0]]
	f.Fuzz(func(t *testing.T, line []byte) {
		got, at, err := p.Append([]byte("before"), line)
		if !strings.HasPrefix(string(got), "before") {
			t.Fatalf("%q: dst is changed: %q", line, got)
		}
		got = got[len("before"):]
		if err != nil || len(got) == 0 {
			if len(got) > 0 || !at.IsZero() {
				t.Fatalf("%q: error %v, but %q at %s", line, err, got, at)
			}
			return
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(got, &object); err != nil || object == nil {
			t.Fatalf("%q is no JSON object: %q: %v", line, got, err)
		}
		if len(object) > len(line)+10 {
			t.Fatalf("%q has %d fields", line, len(object))
		}
		added := AddField(got, "file", "x")
		if err := json.Unmarshal(added, &object); err != nil {
			t.Fatalf("%q with a field more: %q: %v", line, added, err)
		}
	})
}

func FuzzRaw(f *testing.F)    { hold(f, 0) }
func FuzzJSON(f *testing.F)   { hold(f, 1) }
func FuzzLogfmt(f *testing.F) { hold(f, 2) }
func FuzzAccess(f *testing.F) { hold(f, 3) }
func FuzzSyslog(f *testing.F) { hold(f, 4, 5) }
func FuzzCSV(f *testing.F)    { hold(f, 6) }
func FuzzRegex(f *testing.F)  { hold(f, 7) }
func FuzzGrok(f *testing.F)   { hold(f, 8) }

func FuzzClock(f *testing.F) {
	for _, s := range []string{"2026-11-20T10:00:00.123Z", "1763632800.5", "2026/07/20 10:00:00,1 +0530"} {
		f.Add([]byte(s))
	}
	c, err := NewClock("", "UTC")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		at, ok := c.Parse(text)
		if !ok {
			return
		}
		again, ok := c.Parse([]byte(at.UTC().Format(time.RFC3339Nano)))
		if !ok || !again.Equal(at) {
			t.Fatalf("%q is %s, and read again %s", text, at, again)
		}
	})
}
