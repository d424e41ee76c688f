package json

import (
	"bytes"
	"compress/gzip"
	"context"
	encjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
	"millrace/point"
)

var now = time.Date(2026, 11, 20, 10, 0, 0, 123_456_000, time.UTC)

// taken is an Out that keeps copies.
type taken struct {
	mu      sync.Mutex // guards byTopic
	byTopic map[string][]string
	fail    map[string]error // by topic
}

func (o *taken) Append(_ context.Context, topic string, records []connector.Record) error {
	if err := o.fail[topic]; err != nil {
		return err
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

// reply is any answer.
type reply struct {
	status int
	header http.Header

	Accepted int
	Rejected []struct {
		Index  int
		Reason string
	}
	Total  int `json:"rejected_total"`
	Type   string
	Title  string
	Status int
	Detail string
	Errors []struct{ Message, Location, Value string }
	Hint   string
}

func route(t testing.TB, out connector.Out) http.Handler {
	t.Helper()
	spec := Spec()
	v, err := option.Check("ingest json", spec.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := spec.Routes(out, v)
	if err != nil {
		t.Fatal(err)
	}
	return routes["POST /api/write"]
}

func post(t *testing.T, out connector.Out, body io.Reader, header ...string) reply {
	t.Helper()
	req := httptest.NewRequest("POST", "/api/write", body)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	route(t, out).ServeHTTP(rec, req)
	r := reply{status: rec.Code, header: rec.Header()}
	if err := encjson.Unmarshal(rec.Body.Bytes(), &r); err != nil {
		t.Fatalf("%s: %v", rec.Body, err)
	}
	if rec.Code != http.StatusOK {
		if r.Type == "" || r.Title == "" || r.Detail == "" || r.Hint == "" || r.Status != rec.Code || rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("not a whole problem: %s", rec.Body)
		}
	}
	return r
}

const (
	jsonType  = "application/json"
	linesType = "application/x-ndjson; charset=utf-8"
)

func TestWrite(t *testing.T) {
	f := func(contentType, body string, want ...string) {
		t.Helper()
		out := &taken{}
		r := post(t, out, strings.NewReader(body), "Content-Type", contentType)
		var rejected []string
		for _, rj := range r.Rejected {
			rejected = append(rejected, fmt.Sprintf("%d %s", rj.Index, rj.Reason))
		}
		var wantGood, wantRejected []string
		for _, w := range want {
			if reason, ok := strings.CutPrefix(w, "no "); ok {
				wantRejected = append(wantRejected, reason)
			} else {
				wantGood = append(wantGood, w)
			}
		}
		if r.status != http.StatusOK || r.Accepted != len(wantGood) || !cmp.Equal(rejected, wantRejected) {
			t.Errorf("%s: %+v", body, r)
		}
		if diff := cmp.Diff(wantGood, out.byTopic["metrics.push"]); diff != "" {
			t.Errorf("%s:\n%s", body, diff)
		}
		if n := len(out.byTopic["metrics.push.dead"]); n != len(rejected) {
			t.Errorf("%s: %d dead letters", body, n)
		}
	}
	point := func(metric string) string {
		return `{"timestamp":1795168800.5,"metric":"` + metric + `","value":1.50,"tags":{"b":true,"a":"x"}}`
	}
	record := func(metric string) string {
		return metric + `|{"timestamp":"2026-11-20T10:00:00.5Z","metric":"` + metric + `","value":1.50,"tags":{"a":"x","b":"true"}}`
	}
	f(jsonType, point("m"), record("m"))
	f(jsonType, `{"timestamp":1795168800,"metric":"cpu","fields":{"up":true,"idle":1.50},"tags":{"b":1}}`,
		`cpu|{"timestamp":"2026-11-20T10:00:00Z","metric":"cpu","fields":{"idle":1.50,"up":true},"tags":{"b":"1"}}`)
	f(jsonType, `{"timestamp":1795168800,"metric":"q\"","fields":{"value":7}}`, `q"|{"timestamp":"2026-11-20T10:00:00Z","metric":"q\"","value":7,"tags":{}}`)
	f("", "\xef\xbb\xbf\n "+point("m")+"\n", record("m"))
	f(jsonType, "["+point("m")+" ,\n"+point("n")+"]\n", record("m"), record("n"))
	f(linesType, point("m")+"\n\r\n"+point("n")+"\r\n", record("m"), record("n"))
	f("text/plain", point("m")+"\n"+point("n"), record("m"), record("n"))
	f(jsonType, "{broken}\n"+point("n"), `no 0 broken JSON at byte 1 of 8: here should stand a name in quotes`, record("n"))
	f(linesType, point("m")+"\n{broken\n{\"metric\":\"x\",\"value\":\"six\"}\n"+point("n")+"\n",
		record("m"), `no 1 broken JSON at byte 1 of 7: here should stand a name in quotes`, `no 2 field "value": "six" is no number`, record("n"))
	f(linesType, point("m")+" "+point("n")+"\n"+point("o"), "no 0 broken JSON at byte 78 of 157: there is more behind the point", record("o"))
	f(jsonType, `[7,`+point("m")+`,{"value":1}]`, `no 0 7 is no object with timestamp, metric, value and tags`, record("m"), `no 2 field "metric": is missing`)
	f(jsonType, `["\u0061",`+strings.ReplaceAll(point("m"), `"m"`, `"\u006d"`)+`,`+strings.ReplaceAll(point("n"), `"n"`, `"\u006e"`)+`]`,
		`no 0 "\u0061" is no object with timestamp, metric, value and tags`, record("m"), record("n"))
	f(jsonType, "{\n\"metric\":\"m\",\n\"timestamp\":1795168800.5,\"value\":1.50,\"tags\":{\"a\":\"x\",\"b\":true}}", record("m"))
}

func TestTimeOfArrival(t *testing.T) {
	out := &taken{}
	before := time.Now().Truncate(time.Microsecond)
	post(t, out, strings.NewReader(`{"metric":"m","value":1}`))
	_, value, _ := strings.Cut(out.byTopic["metrics.push"][0], "|")
	var p struct{ Timestamp time.Time }
	if err := encjson.Unmarshal([]byte(value), &p); err != nil || p.Timestamp.Before(before) || p.Timestamp.After(time.Now()) {
		t.Errorf("%s: %v, sent after %s", value, err, before)
	}
}

func TestDeadLetters(t *testing.T) {
	out := &taken{}
	post(t, out, strings.NewReader(`[{"metric":"m","value":1},{"metric":"m", "value":"x"}]`))
	want := []string{`|{"metric":"m", "value":"x"}|millrace.error=field "value": "x" is no number|millrace.topic=metrics.push|millrace.offset=|millrace.pipeline=ingest json|millrace.field=value`}
	if diff := cmp.Diff(want, out.byTopic["metrics.push.dead"]); diff != "" {
		t.Error(diff)
	}
}

func TestNothingValid(t *testing.T) {
	f := func(contentType, body, detail string, wantDead int, locations ...string) {
		t.Helper()
		out := &taken{}
		r := post(t, out, strings.NewReader(body), "Content-Type", contentType)
		var got []string
		for _, e := range r.Errors {
			got = append(got, e.Location)
		}
		if r.status != http.StatusBadRequest || !strings.Contains(r.Detail, detail) || !cmp.Equal(got, locations) {
			t.Errorf("%s: %+v", body, r)
		}
		if n := len(out.byTopic["metrics.push.dead"]); n != wantDead || len(out.byTopic["metrics.push"]) > 0 {
			t.Errorf("%s: %v", body, out.byTopic)
		}
	}
	f(jsonType, ``, "empty", 0)
	f(jsonType, ` []`, "no point", 0)
	f(linesType, "\n\n", "empty", 0)
	f(jsonType, `{broken`, "byte 1 of 7", 0)
	f(jsonType, `[{"metric":"m","value":1},{"metric":"m"`, "byte 39 of 39", 0)
	f(jsonType, `[{"metric":"m","value":1}] []`, "more behind the list", 0)
	f(jsonType, `{"metric":"m","value":1}{"metric":"m","value":1}`, "more behind the point", 0)
	f(jsonType, `<xml/>`, "broken JSON", 0)
	f(jsonType, `{"metric":"m","timestamp":"yesterday","value":1}`, `"timestamp"`, 1, "body.timestamp")
	f(jsonType, `[{"metric":"m"},4]`, "none of 2 points", 2, "body[0].value", "body[1]")
	f(linesType, "{broken\n", "broken JSON", 1, "body")
}

func TestManyRejected(t *testing.T) {
	out := &taken{}
	r := post(t, out, strings.NewReader(`{"metric":"m","value":1}`+strings.Repeat("\n{}", 250)), "Content-Type", linesType)
	if r.Accepted != 1 || len(r.Rejected) != 100 || r.Total != 250 || len(out.byTopic["metrics.push.dead"]) != 250 {
		t.Errorf("%d accepted, %d listed of %d", r.Accepted, len(r.Rejected), r.Total)
	}
	if r = post(t, out, strings.NewReader(`[{"metric":"m","value":1},0]`)); r.Total != 0 {
		t.Errorf("rejected_total %d although all are listed", r.Total)
	}
}

func TestLimits(t *testing.T) {
	f := func(body io.Reader, encoding string, wantStatus int) {
		t.Helper()
		out := &taken{}
		if r := post(t, out, body, "Content-Encoding", encoding); r.status != wantStatus || len(out.byTopic) > 0 && wantStatus != 200 {
			t.Errorf("%s: status %d: %s, want %d", encoding, r.status, r.Detail, wantStatus)
		}
	}
	const point = `{"metric":"m","value":1}`
	unsized := func(r io.Reader) io.Reader { return io.MultiReader(r) }
	f(strings.NewReader(point+strings.Repeat(" ", maxBodyBytes-len(point))), "", 200)
	f(strings.NewReader(point+strings.Repeat(" ", maxBodyBytes)), "", 413)
	f(unsized(strings.NewReader(point+strings.Repeat(" ", maxBodyBytes))), "", 413)
	f(strings.NewReader("["+strings.Repeat("1,", maxPoints)+"1]"), "", 413)
	f(strings.NewReader(strings.Repeat("{}\n", maxPoints+1)), "", 413)
	f(zipped(t, point), "gzip", 200)
	var many strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&many, `{"metric":"m","value":%d}`+"\n", i*7919%100_003)
	}
	f(unsized(zipped(t, many.String())), "GZIP", 200)
	f(zipped(t, point+strings.Repeat(" ", 5<<20)), "gzip", 413)
	f(strings.NewReader(point), "gzip", 400)
	f(io.LimitReader(zipped(t, point), 30), "gzip", 400)
	f(strings.NewReader(point), "br", 415)
	f(strings.NewReader(point), "gzip, gzip", 415)
}

func zipped(t *testing.T, text string) io.Reader {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &buf
}

func TestBusFails(t *testing.T) {
	f := func(topic string, err error, wantStatus int, wantRetry string) {
		t.Helper()
		out := &taken{fail: map[string]error{topic: err}}
		r := postBusFails(t, out)
		if r.status != wantStatus || r.header.Get("Retry-After") != wantRetry {
			t.Errorf("%s, %v: status %d, Retry-After %q", topic, err, r.status, r.header.Get("Retry-After"))
		}
		if len(out.byTopic["metrics.push"]) > 0 {
			t.Errorf("%s, %v: %v", topic, err, out.byTopic)
		}
	}
	away := fmt.Errorf("produce: %w", fault.New(fault.Unavailable, "broker 1 is away"))
	f("metrics.push", away, 503, "1")
	f("metrics.push.dead", away, 503, "1")
	f("metrics.push", context.DeadlineExceeded, 503, "1")
	f("metrics.push", fault.New(fault.Limit, "too much at once"), 429, "1")
	f("metrics.push", errors.New("broken"), 500, "")
}

func postBusFails(t *testing.T, out connector.Out) reply {
	t.Helper()
	return post(t, out, strings.NewReader(`[{"metric":"m","value":1},0]`))
}

// TestHugePoint wants a point that Kafka would not take to leave the others alone.
func TestHugePoint(t *testing.T) {
	out := &taken{}
	r := post(t, out, strings.NewReader(`[{"metric":"m","value":1,"tags":{"a":"`+strings.Repeat("x", point.MaxBytes)+`"}},{"metric":"n","value":2}]`))
	if r.Accepted != 1 || len(r.Rejected) != 1 || r.Rejected[0].Index != 0 {
		t.Errorf("%+v", r)
	}
	if dead := out.byTopic["metrics.push.dead"]; len(dead) != 1 || len(dead[0]) > point.MaxBytes+1000 {
		t.Errorf("%d dead letters", len(dead))
	}
}

// TestAtOnce looks for memory that requests share.
func TestAtOnce(t *testing.T) {
	out := &taken{}
	server := httptest.NewServer(route(t, out))
	defer server.Close()
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			for i := range 20 {
				body := fmt.Sprintf(`[{"metric":"\u006d%d","value":%d},{"metric":"m%d","value":%d,"tags":{"a\n":1}}]`, c, i, c, i)
				resp, err := server.Client().Post(server.URL, jsonType, strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
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
		}
		if err := encjson.Unmarshal([]byte(value), &p); err != nil || p.Metric != key {
			t.Errorf("%s: %v", line, err)
		}
		seen[fmt.Sprint(p.Metric, p.Value)]++
	}
	if len(seen) != 160 || len(out.byTopic["metrics.push.dead"]) != 160 {
		t.Errorf("%d points, %d dead letters", len(seen), len(out.byTopic["metrics.push.dead"]))
	}
}

// FuzzParse wants every point of a body to be accepted or rejected, once, and every record to read back.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`[{"metric":"m","value":1},{"metric":"\u0041","value":"x"},7]`), jsonType)
	f.Add([]byte("{\"metric\":\"m\",\"value\":1}\n{broken\n\n{\"metric\":\"m\",\"value\":1}"), linesType)
	f.Add([]byte("{\"metric\":\"m\",\"value\":1}\n7"), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		b := &batch{body: body}
		if p := b.parse(contentType, now.UnixMicro()); p != nil {
			if p.Status < 400 || p.Detail == "" {
				t.Fatalf("%+v", p)
			}
			return
		}
		rejected := b.points.Refused()
		for i, r := range rejected {
			if r.Why == nil || r.Index >= b.points.Len() || i > 0 && r.Index <= rejected[i-1].Index {
				t.Fatalf("%d: %+v", i, r)
			}
		}
		var d point.Decoder
		for _, r := range b.points.Records() {
			if p, err := d.Decode(r.Value, now); err != nil || !bytes.Equal(p.Metric, r.Key) {
				t.Fatalf("%s: %v, key %q", r.Value, err, r.Key)
			}
		}
	})
}
