package influx

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

// taken is an Out that keeps copies.
type taken struct {
	mu      sync.Mutex // guards byTopic
	byTopic map[string][]string
	fail    error
}

// Append implements connector.Out.
func (o *taken) Append(_ context.Context, topic string, records []connector.Record) error {
	if o.fail != nil {
		return o.fail
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byTopic == nil {
		o.byTopic = map[string][]string{}
	}
	for _, r := range records {
		line := string(r.Key) + "|" + string(r.Value)
		for _, h := range r.Headers {
			line += "|" + h.Name + "=" + string(h.Value)
		}
		o.byTopic[topic] = append(o.byTopic[topic], line)
	}
	return nil
}

// serve returns the protocol's routes as the api has them.
func serve(t testing.TB, out connector.Out) http.Handler {
	t.Helper()
	spec := Spec()
	v, err := option.Check("ingest influx", spec.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := spec.Routes(out, v)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, h := range routes {
		mux.Handle(pattern, h)
	}
	return mux
}

func ask(t testing.TB, h http.Handler, method, path string, body []byte, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(method, path, bytes.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const (
	good = "cpu,host=a idle=97.5,up=t 1795168800000000000\n"
	temp = "temp,room=b value=21.5 1795168800000000000\n"

	goodRecord = `cpu|{"timestamp":"2026-11-20T10:00:00Z","metric":"cpu","fields":{"idle":97.5,"up":true},"tags":{"host":"a"}}`
	tempRecord = `temp|{"timestamp":"2026-11-20T10:00:00Z","metric":"temp","value":21.5,"tags":{"room":"b"}}`
)

func TestWrite(t *testing.T) {
	f := func(path string, body []byte, encoding string, wantStatus int, wantAnswer string, want ...string) {
		t.Helper()
		out := &taken{}
		rec := ask(t, serve(t, out), "POST", path, body, "Content-Encoding", encoding, "Content-Type", "text/plain; charset=utf-8")
		if rec.Code != wantStatus || !strings.Contains(rec.Body.String(), wantAnswer) || wantAnswer == "" && rec.Body.Len() > 0 {
			t.Errorf("%s: %d %s, want %d %s", path, rec.Code, rec.Body, wantStatus, wantAnswer)
		}
		if rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%s: not JSON: %s", path, rec.Body)
		}
		if diff := cmp.Diff(want, out.byTopic["metrics.push"]); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
	}
	const second, first = "/api/v2/write?org=o&bucket=b", "/write?db=telegraf&rp=&consistency=any"
	for _, path := range []string{second, first} {
		f(path, []byte(good+temp), "", 204, "", goodRecord, tempRecord)
		f(path, zipped(t, good), "gzip", 204, "", goodRecord)
		f(path, nil, "", 204, "")
		f(path, []byte("# nothing\n"), "", 204, "")
		f(path, []byte(good), "gzip", 400, "gzip")
		f(path, []byte(good), "zstd", 415, "not known")
		f(path, bytes.Repeat([]byte("m v=1\n"), maxLines+1), "", 413, "more than 100000 lines")
		f(path, []byte(strings.Repeat(" ", 11<<20)), "", 413, "larger than")
		f(path, []byte(good+"cpu,host=a idle=none\n\nbad\n"+temp), "", 400,
			`"partial write: unable to parse 'cpu,host=a idle=none': invalid value \"none\": text goes in quotes (line 2); points written: 2, dropped=2`, goodRecord, tempRecord)
		f(path, []byte("bad\n"), "", 400, `"unable to parse 'bad': missing fields (line 1); they are in the dead letters"`)
		f(path+"&precision=days", []byte(good), "", 400, "invalid precision")
	}
	f(second+"&precision=s", []byte("temp,room=b value=21.5 1795168800"), "", 204, "", tempRecord)
	f(first+"&precision=h", []byte("temp,room=b value=21.5 498658"), "", 204, "", tempRecord)
	f(second+"&precision=h", []byte("temp,room=b value=21.5 498658"), "", 400, "invalid precision")
	f(second, []byte("bad"), "", 400, `{"code":"invalid","message":"unable to parse`)
	f(first, []byte("bad"), "", 400, `{"error":"unable to parse`)
}

func TestDeadLetters(t *testing.T) {
	out := &taken{}
	ask(t, serve(t, out), "POST", "/write?db=x", []byte(good+"cpu idle=\"\xff\"\ncpu time=1"))
	const rest = "|millrace.topic=metrics.push|millrace.offset=|millrace.pipeline=ingest influx"
	want := []string{
		"|cpu idle=\"\xff\"|millrace.error=it is not UTF-8" + rest,
		`|cpu time=1|millrace.error=field "fields": "time" is a column of every measurement: choose another name` + rest + "|millrace.field=fields",
	}
	if diff := cmp.Diff(want, out.byTopic["metrics.push.dead"]); diff != "" {
		t.Error(diff)
	}
}

// TestBusFails wants answers that make clients send again, in words that Telegraf does not take for a reason
// to drop what it has.
func TestBusFails(t *testing.T) {
	f := func(err error, wantStatus int, wantRetry string) {
		t.Helper()
		for _, path := range []string{"/api/v2/write", "/write"} {
			rec := ask(t, serve(t, &taken{fail: err}), "POST", path, []byte(good+"bad\n"))
			if rec.Code != wantStatus || rec.Header().Get("Retry-After") != wantRetry || !json.Valid(rec.Body.Bytes()) {
				t.Errorf("%s, %v: %d %s", path, err, rec.Code, rec.Body)
			}
			for _, phrase := range []string{"partial write", "unable to parse", "points beyond retention policy", "hinted handoff", "database not found"} {
				if strings.Contains(rec.Body.String(), phrase) {
					t.Errorf("%s, %v: %s", path, err, rec.Body)
				}
			}
		}
	}
	f(fault.New(fault.Unavailable, "broker 1 is away"), 503, "1")
	f(fault.New(fault.Limit, "too much at once"), 503, "1")
	f(context.DeadlineExceeded, 503, "1")
	f(errors.New("broken"), 500, "")
}

func TestHello(t *testing.T) {
	h := serve(t, &taken{})
	for _, method := range []string{"GET", "HEAD"} {
		if rec := ask(t, h, method, "/ping", nil); rec.Code != 204 || rec.Header().Get("X-Influxdb-Version") != version {
			t.Errorf("%s /ping: %d %v", method, rec.Code, rec.Header())
		}
	}
	f := func(path, want string) {
		t.Helper()
		if rec := ask(t, h, "GET", path, nil); rec.Code != 200 || !json.Valid(rec.Body.Bytes()) || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
	f("/ping?verbose=true", `"version"`)
	f("/health", `"status":"pass"`)
	f("/api/v2/health", `"status":"pass"`)
	f("/ready", `"status":"ready"`)
	f("/api/v2/ready", `"status":"ready"`)
}

func TestQuery(t *testing.T) {
	h := serve(t, &taken{})
	f := func(q string, wantStatus int, want string) {
		t.Helper()
		form := url.Values{"q": {q}}.Encode()
		for _, rec := range []*httptest.ResponseRecorder{
			ask(t, h, "GET", "/query?"+form, nil),
			ask(t, h, "POST", "/query?"+form, nil),
			ask(t, h, "POST", "/query", []byte(form), "Content-Type", "application/x-www-form-urlencoded"),
		} {
			if rec.Code != wantStatus || !strings.Contains(rec.Body.String(), want) {
				t.Errorf("%s: %d %s, want %d %s", q, rec.Code, rec.Body, wantStatus, want)
			}
		}
	}
	f(`CREATE DATABASE "telegraf"`, 200, `{"results":[{"statement_id":0}]}`)
	f(`create database tele_graf1`, 200, `{"results":[{"statement_id":0}]}`)
	f(`CREATE DATABASE "a\"b" WITH DURATION 30d REPLICATION 1;CREATE DATABASE b;`, 200, `{"results":[{"statement_id":0},{"statement_id":1}]}`)
	f(`SELECT * FROM cpu`, 400, `SQL by POST /api/sql`)
	f(`CREATE DATABASE a; DROP DATABASE b`, 400, `DROP DATABASE b`)
	f(``, 400, `missing required parameter`)
	if rec := ask(t, h, "POST", "/api/v2/query", []byte(`from(bucket:"b")`)); rec.Code != 501 || !strings.Contains(rec.Body.String(), "POST /api/query") {
		t.Errorf("Flux: %d %s", rec.Code, rec.Body)
	}
}

// TestAtOnce looks for memory that requests share.
func TestAtOnce(t *testing.T) {
	out := &taken{}
	h := serve(t, out)
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			for i := range 20 {
				body := fmt.Sprintf("m\\ %d,c=%d value=%d\nn s=\"a\\\"%d\"\nbad %d\n", c, c, i, c, i)
				if rec := ask(t, h, "POST", "/write", []byte(body)); rec.Code != 400 {
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
			}
		})
	}
	clients.Wait()
	seen := map[string]int{}
	for _, line := range out.byTopic["metrics.push"] {
		key, value, _ := strings.Cut(line, "|")
		var p struct {
			Metric string
			Value  float64
			Tags   map[string]string
			Fields map[string]string
		}
		if err := json.Unmarshal([]byte(value), &p); err != nil || p.Metric != key {
			t.Errorf("%s: %v", line, err)
		}
		if key == "n" {
			seen[p.Fields["s"]]++
		} else if key != "m "+p.Tags["c"] {
			t.Error(line)
		}
	}
	if len(seen) != 8 || len(out.byTopic["metrics.push"]) != 320 || len(out.byTopic["metrics.push.dead"]) != 160 {
		t.Errorf("%v, %d points, %d dead letters", seen, len(out.byTopic["metrics.push"]), len(out.byTopic["metrics.push.dead"]))
	}
}

func BenchmarkWrite(b *testing.B) {
	const lines = 1000
	body := zipped(b, cpuLines(lines))
	h := serve(b, nowhere{})
	b.ReportAllocs()
	for b.Loop() {
		if rec := ask(b, h, "POST", "/api/v2/write", body, "Content-Encoding", "gzip"); rec.Code != 204 {
			b.Fatal(rec.Body)
		}
	}
	b.ReportMetric(lines*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(5*lines*float64(b.N)/b.Elapsed().Seconds(), "values/s")
}

// nowhere is an Out that is as quick as can be.
type nowhere struct{}

// Append implements connector.Out.
func (nowhere) Append(_ context.Context, _ string, records []connector.Record) error {
	if len(records) == 0 {
		return fmt.Errorf("append: no records")
	}
	return nil
}
