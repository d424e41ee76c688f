package http

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/fault"
	"millrace/option"
)

// patience is how long anything may take. Only a broken collector waits for it.
const patience = 20 * time.Second

// newTest makes a collector that asks often, of settings in turn: name, value.
func newTest(t *testing.T, settings ...string) *collector {
	t.Helper()
	c, err := configured(settings...)
	if err != nil {
		t.Fatal(err)
	}
	c.interval, c.firstBackoff, c.mostBackoff = 2*time.Millisecond, 5*time.Millisecond, 20*time.Millisecond
	return c
}

func configured(settings ...string) (*collector, error) {
	vals := option.Values{"topic": "rows"}
	for i := 0; i < len(settings); i += 2 {
		vals[settings[i]] = settings[i+1]
	}
	vals, err := option.Check("http", options(), vals)
	if err != nil {
		return nil, err
	}
	return newCollector(vals)
}

func await(t *testing.T, site *connectortest.Site, until func() bool) {
	t.Helper()
	site.AwaitFor(t, patience, "rows", until)
}

func taken(site *connectortest.Site) (out []string) {
	for _, r := range site.Taken("rows") {
		out = append(out, string(r.Value))
	}
	return out
}

// reaches waits until a counter does.
func reaches(t *testing.T, counter *atomic.Int64, n int64) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); counter.Load() < n; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d, not %d", counter.Load(), n)
		}
	}
}

// serve answers with what handle says.
func serve(t *testing.T, handle func(w nethttp.ResponseWriter, r *nethttp.Request)) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(nethttp.HandlerFunc(handle))
	t.Cleanup(s.Close)
	return s
}

func TestRows(t *testing.T) {
	const answer = `{"data": {"items": [{"id": 1.50, "at":"2026-11-20T10:00:00Z"}, {"id":"b","p":[1,2]}], "a.b": [[1],[2]], "n": 7}, "": 1}`
	f := func(path string, want ...string) {
		t.Helper()
		c := &collector{url: nil}
		var err error
		if c.rows, err = parsePath(path); err != nil {
			t.Fatal(err)
		}
		if c.url, err = parseURL("http://a/b"); err != nil {
			t.Fatal(err)
		}
		var a answerOf
		if err := c.take(&a, []byte(answer)); err != nil {
			a.rows = append(a.rows, []byte("!"+err.Error()))
		}
		var got []string
		for _, r := range a.rows {
			got = append(got, string(r))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	items := []string{`{"id": 1.50, "at":"2026-11-20T10:00:00Z"}`, `{"id":"b","p":[1,2]}`}
	f("/data/items", items...)
	f("data.items", items...)
	f("$.data.items[*]", items...)
	f("data.items[1]", items[1])
	f("/data/items/0", items[0])
	f("data.items[*].id", "1.50", `"b"`)
	f("data['a.b'][*]", "[1]", "[2]")
	f("/data/a.b", "[1]", "[2]")
	f("data.n", "7")
	f("/", "1")
	f("data.items[*].p", "[1,2]"[1:2], "2")
	f("data.nothing", `!rows of the answer of http://a/b: there is no member "nothing"`)
	f("data.items[7]", `!rows of the answer of http://a/b: there is no element 7`)
	f("data[*]", `!rows of the answer of http://a/b: here should be an array`)
	f("data.n.x", `!rows of the answer of http://a/b: there is no object with "x" here`)
	for _, bad := range []string{"a..b", "a[", "a[x]", "a[-1]", "/a~2", ".", "a[0]b", strings.Repeat("/a", 65)} {
		if _, err := parsePath(bad); err == nil {
			t.Errorf("%q is a path", bad)
		}
	}
}

type answerOf = answer

func TestRecords(t *testing.T) {
	var polls atomic.Int64
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		polls.Add(1)
		if r.Header.Get("X-Key") != "k1" || r.URL.Query().Get("token") != "q1" || r.URL.Query().Get("a") != "b" || r.Header.Get("Authorization") != "Bearer t1" {
			nethttp.Error(w, "who are you", nethttp.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, "\ufeff", `[{"id":1, "v":1.2300000000000000000001, "t":1763632800}, {"id":2,"t":"soon"}, {"id":null,"t":null}, {"id":3}]`)
		z.Close()
	})
	c := newTest(t, "url", s.URL+"/x?a=b", "headers.X-Key", "k1", "query.token", "q1", "token", "t1", "id", "/id", "key", "id", "time", "t")
	site := &connectortest.Site{}
	stop := connectortest.Start(t, c, site)
	await(t, site, func() bool { return len(site.Taken("rows")) == 2 && len(site.Refused("rows")) == 2 })
	stop()
	if d := cmp.Diff([]string{`{"id":1, "v":1.2300000000000000000001, "t":1763632800}`, `{"id":3}`}, taken(site)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r := site.Taken("rows")[0]; string(r.Key) != "1" || !r.Time.Equal(time.Unix(1763632800, 0)) {
		t.Errorf("key %s, time %s", r.Key, r.Time)
	}
	if r := site.Refused("rows"); !strings.Contains(r[0].Reason.Error(), `field "time"`) || !strings.Contains(r[1].Reason.Error(), "there is no id") || string(r[0].Headers[0].Value) != "test" {
		t.Errorf("refused %v", r)
	}
	if err := c.Test(t.Context()); err != nil {
		t.Errorf("test: %v", err)
	}
	polls.Store(0)
	connectortest.Start(t, c, site) // the same rows are known from the position
	reaches(t, &polls, 10)
	if len(site.Taken("rows")) != 2 || len(site.Refused("rows")) != 2 {
		t.Errorf("rows come again: %v", taken(site))
	}
}

func TestBadAnswersDoNotEndIt(t *testing.T) {
	var n atomic.Int64
	var askedAt [16]atomic.Int64
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/again" {
			nethttp.Redirect(w, r, "/again", nethttp.StatusFound)
			return
		}
		i := n.Add(1)
		if i < 16 {
			askedAt[i].Store(time.Now().UnixNano())
		}
		switch i {
		case 1:
			nethttp.Error(w, "down, and here is your s3cret", nethttp.StatusInternalServerError)
		case 2:
			fmt.Fprint(w, "<html>")
		case 3:
			fmt.Fprint(w, strings.Repeat("[", 2000))
		case 4:
			c, _, err := w.(nethttp.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
		case 5:
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "not packed")
		case 6:
			nethttp.Redirect(w, r, "/again", nethttp.StatusFound)
		case 7:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(nethttp.StatusTooManyRequests)
		case 8:
			fmt.Fprint(w, `{"ok":true}`)
		default:
			w.WriteHeader(nethttp.StatusNoContent)
		}
	})
	site := &connectortest.Site{}
	connectortest.Start(t, newTest(t, "url", s.URL, "password", "s3cret", "max_body", "1000"), site)
	await(t, site, func() bool { return len(site.Taken("rows")) == 1 })
	var texts []string
	for _, w := range site.Warnings() {
		texts = append(texts, w.Error())
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{"500 Internal Server Error: down, and here is your ******", "is no JSON: byte 0", "longer than 1000 bytes", "EOF", "unpack it", "redirects more than 5 times", "429"} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning has %q:\n%s", want, all)
		}
	}
	if len(site.Refused("rows")) != 1 || string(site.Refused("rows")[0].Value) != "<html>" {
		t.Errorf("refused %v", site.Refused("rows"))
	}
	if wait := time.Duration(askedAt[8].Load() - askedAt[7].Load()); wait < 900*time.Millisecond {
		t.Errorf("asked again after %s in spite of Retry-After", wait)
	}
}

func TestBackoff(t *testing.T) {
	c, err := configured("url", "http://a")
	if err != nil {
		t.Fatal(err)
	}
	f := func(errors int, asked, least, most time.Duration) {
		t.Helper()
		p := &polling{collector: c, errors: errors}
		if got := p.backoff(&badAnswer{wait: asked}); got < least || got > most {
			t.Errorf("after %d errors %s, not between %s and %s", errors, got, least, most)
		}
	}
	f(1, 0, 4*time.Second, 6*time.Second)
	f(2, 0, 8*time.Second, 12*time.Second)
	f(5, 0, 64*time.Second, 96*time.Second)
	f(7, 0, 4*time.Minute, 6*time.Minute)
	f(1000, 0, 4*time.Minute, 6*time.Minute)
	f(1, time.Minute, time.Minute, time.Minute)
	f(1, 30*time.Hour, time.Hour, time.Hour)
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	if got := retryAfter("Fri, 20 Nov 2026 10:00:30 GMT", now); got != 30*time.Second {
		t.Errorf("date: %s", got)
	}
}

// TestUnchangedAnswersAreTakenOnce restarts the collector and fails its transactions.
func TestUnchangedAnswersAreTakenOnce(t *testing.T) {
	var version, unchanged atomic.Int64
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		tag := fmt.Sprintf(`"v%d"`, version.Load())
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			unchanged.Add(1)
			w.WriteHeader(nethttp.StatusNotModified)
			return
		}
		fmt.Fprintf(w, "{\"v\":%d}\n{\"v\":%[1]d.5}\n", version.Load())
	})
	var fails atomic.Bool
	site := &connectortest.Site{Fail: func(string, []connector.Record) error {
		if fails.Load() {
			return errors.New("the bus is away")
		}
		return nil
	}}
	stop := connectortest.Start(t, newTest(t, "url", s.URL), site)
	await(t, site, func() bool { return len(site.Taken("rows")) == 2 })
	stop()
	fails.Store(true)
	version.Store(1)
	if err := newTest(t, "url", s.URL).Collect(t.Context(), site); err == nil || err.Error() != "the bus is away" {
		t.Fatalf("collect: %v", err)
	}
	fails.Store(false)
	connectortest.Start(t, newTest(t, "url", s.URL), site)
	await(t, site, func() bool { return len(site.Taken("rows")) == 4 })
	before := unchanged.Load()
	reaches(t, &unchanged, before+3)
	if d := cmp.Diff([]string{`{"v":0}`, `{"v":0.5}`, `{"v":1}`, `{"v":1.5}`}, taken(site)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// Of another request the tag says nothing.
	other := newTest(t, "url", s.URL+"/other")
	stop = connectortest.Start(t, other, site)
	await(t, site, func() bool { return len(site.Taken("rows")) >= 6 })
	stop()
}

// TestManyRows collects 50,000 rows of a window that moves on, through failing transactions.
func TestManyRows(t *testing.T) {
	const rows, window = 50_000, 2_500
	var upto atomic.Int64
	s := serve(t, func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		end := min(upto.Add(window/2), rows)
		fmt.Fprint(w, `{"rows":[`)
		for n := max(end-window, 0); n < end; n++ {
			fmt.Fprintf(w, `{"id":"row-%d"},`, n)
		}
		fmt.Fprint(w, `{"id":"row-0"}]}`)
	})
	var calls int
	bus := errors.New("the bus is away")
	site := &connectortest.Site{Fail: func(string, []connector.Record) error {
		if calls++; calls%7 == 0 {
			upto.Add(-window / 2) // the window has not moved on much
			return bus
		}
		return nil
	}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		_ = site.Await(ctx, func() bool { return len(site.Taken("rows")) >= rows })
		cancel()
	}()
	for ctx.Err() == nil {
		if err := newTest(t, "url", s.URL, "rows", "rows", "id", "id", "id_polls", "10").Collect(ctx, site); err != nil && !errors.Is(err, bus) {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	for _, v := range taken(site) {
		seen[v]++
	}
	delete(seen, `{"id":"row-0"}`)
	twice := 0
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	if len(seen) != rows-1 || twice > 0 {
		t.Errorf("%d of %d rows, %d twice", len(seen), rows-1, twice)
	}
}

func TestSecretsStayWithTheHost(t *testing.T) {
	var got atomic.Pointer[nethttp.Request]
	other := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		got.Store(r)
		fmt.Fprint(w, "{}")
	})
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		nethttp.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), nethttp.StatusFound)
	})
	c := newTest(t, "url", s.URL, "headers.X-Key", "k1", "query.token", "q1", "username", "u", "password", "p")
	if err := c.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := got.Load()
	if r.Header.Get("X-Key")+r.Header.Get("Authorization")+r.Header.Get("Referer")+r.URL.RawQuery != "" {
		t.Errorf("sent on: %v %s", r.Header, r.URL)
	}
	away := newTest(t, "url", "http://127.0.0.1:1/x?a=b", "query.token", "q1secret")
	if err := away.Test(t.Context()); err == nil || strings.Contains(err.Error(), "q1secret") || strings.Contains(err.Error(), "a=b") {
		t.Errorf("error %v", err)
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) { fmt.Fprint(w, "{}") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newTest(t, "url", s.URL, "ca_file", ca).Test(t.Context()); err != nil {
		t.Errorf("trusted: %v", err)
	}
	if err := newTest(t, "url", s.URL, "insecure_skip_verify", "true").Test(t.Context()); err != nil {
		t.Errorf("not checked: %v", err)
	}
	var unknown *tls.CertificateVerificationError
	if err := newTest(t, "url", s.URL).Test(t.Context()); err == nil || errors.As(err, &unknown) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown: %v", err)
	}
}

func TestTest(t *testing.T) {
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		switch r.URL.Path {
		case "/denied":
			w.WriteHeader(nethttp.StatusForbidden)
		case "/gone":
			w.WriteHeader(nethttp.StatusNotFound)
		case "/page":
			fmt.Fprint(w, "<html>")
		default:
			fmt.Fprint(w, `{"rows":[{"id":1}]}`)
		}
	})
	f := func(kind fault.Kind, path string, settings ...string) {
		t.Helper()
		err := newTest(t, append([]string{"url", s.URL + path}, settings...)...).Test(t.Context())
		if got := fault.KindOf(err); got != kind || kind != 0 && kind != fault.Invalid && fault.HintOf(err) == "" {
			t.Errorf("%s %v: %v (%s), want %s", path, settings, err, got, kind)
		}
	}
	f(0, "/")
	f(0, "/", "rows", "rows", "id", "id", "key", "/id")
	f(fault.Denied, "/denied")
	f(fault.NotFound, "/gone")
	f(fault.Invalid, "/page")
	f(fault.Invalid, "/", "rows", "items")
	f(fault.Invalid, "/", "rows", "rows", "id", "key")
	f(fault.Invalid, "/", "rows", "rows", "key", "name")
	f(fault.Invalid, "/", "rows", "rows", "time", "id", "time_format", "%Y")
}

func TestSettings(t *testing.T) {
	f := func(want string, settings ...string) {
		t.Helper()
		if _, err := configured(settings...); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v: %v, want %q", settings, err, want)
		}
	}
	f("begins with http", "url", "ftp://a")
	f("has a user", "url", "http://a:s3cret@b")
	f("is no address", "url", "http://a:s3cret@b:x%")
	f("shorter than", "url", "http://a", "interval", "1 ms")
	f("token and a user", "url", "http://a", "token", "s3cret", "username", "a")
	f("body with GET", "url", "http://a", "body", "{}")
	f("may be several", "url", "http://a", "id", "a[*]")
	f("one of", "url", "http://a", "cert_file", "x")
	f("no such file", "url", "http://a", "ca_file", "/nothing")
	f("is no header", "url", "http://a", "headers.A B", "x")
	f("time zone", "url", "http://a", "time_zone", "Mars/Olympus")
}

// TestNginx polls a file that a real nginx serves, with its ETag.
func TestNginx(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("nginx is not installed")
		}
		t.Skip("nginx is not installed: apt-get install -y nginx-light")
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	// The master changes user for its workers, which may not enter every folder for temporary files.
	conf := fmt.Sprintf(`daemon off; user root; pid %[1]s/pid; error_log %[1]s/error.log; events {}
http { access_log off; gzip on; gzip_types application/json; gzip_min_length 10; types { application/json json; }
 client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
 server { listen %[2]s; root %[1]s/www; } }`, dir, addr)
	put := func(text string) {
		t.Helper()
		err := errors.Join(os.MkdirAll(dir+"/www", 0o755), os.WriteFile(dir+"/www/new", []byte(text), 0o644), os.Rename(dir+"/www/new", dir+"/www/rows.json"))
		if err != nil {
			t.Fatal(err)
		}
	}
	put(`[{"n":1},{"n":2}]`)
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) { // its workers are another user
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir+"/nginx.conf", []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-p", dir, "-c", dir+"/nginx.conf", "-e", dir+"/error.log")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	site := &connectortest.Site{}
	stop := connectortest.Start(t, newTest(t, "url", "http://"+addr+"/rows.json"), site) // also before it listens
	await(t, site, func() bool { return len(site.Taken("rows")) >= 2 })
	put(`[{"n":3}]  `)
	await(t, site, func() bool { return len(site.Taken("rows")) >= 3 })
	stop()
	connectortest.Start(t, newTest(t, "url", "http://"+addr+"/rows.json"), site)
	put(`[{"n":4.0}] ` + "\n") // its ETag is made of time and size
	await(t, site, func() bool { return len(site.Taken("rows")) >= 4 })
	if d := cmp.Diff([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`, `{"n":4.0}`}, taken(site)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func FuzzPath(f *testing.F) {
	f.Add("data.items[*].id", []byte(`{"data":{"items":[{"id":1},{"x":2}]}}`))
	f.Add("/a~1b/0/~0", []byte(`{"a/b":[{"~":"x"}]}`))
	f.Add("$['a'][2]", []byte(`{"\u0061":[1,2,[3]]}`))
	f.Fuzz(func(t *testing.T, text string, body []byte) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		values, err := texts(body)
		if err != nil {
			return
		}
		for _, v := range values {
			p.find(v, func(found []byte) {
				if again, err := texts(found); err != nil || len(again) != 1 {
					t.Fatalf("%q in %q finds %q: %v", text, body, found, err)
				}
			}, func([]byte, string) {})
			_, _ = p.scalar(v)
		}
	})
}

func FuzzPosition(f *testing.F) {
	m := &memory{about: 1, last: validators{`"a"`, "b"}, ids: map[uint64]int64{1: 1, 2: 2}}
	f.Add(m.position())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := recall(b, 1)
		if err != nil {
			return
		}
		again, err := recall(m.position(), 1)
		if err != nil || len(again.ids) != len(m.ids) || again.last != m.last {
			t.Fatalf("%v is read again as %v: %v", m, again, err)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	m := &memory{last: validators{strings.Repeat("e", maxValidator), strings.Repeat("m", maxValidator)}, ids: map[uint64]int64{}}
	for n := range 2 * maxIDs {
		m.poll = int64(n / 1000)
		m.meet(fmt.Append(nil, n))
	}
	if !m.forget(1000) || len(m.ids) != maxIDs || len(m.position()) > 64<<10 {
		t.Errorf("%d ids, %d bytes", len(m.ids), len(m.position()))
	}
	if !m.meet(fmt.Append(nil, 2*maxIDs-1)) || m.meet([]byte("0")) {
		t.Error("the newest are not those that are remembered")
	}
	m.poll += 50
	m.meet([]byte("new"))
	if m.forget(10); len(m.ids) != 1 {
		t.Errorf("%d ids are remembered for too long", len(m.ids))
	}
}
