package prometheus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/client_golang/exp/api/remote"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	"google.golang.org/protobuf/proto"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
	"millrace/point"
)

// taken is an Out that keeps copies.
type taken struct {
	byTopic map[string][]string
	fail    error
}

// Append implements connector.Out.
func (o *taken) Append(_ context.Context, topic string, records []connector.Record) error {
	if o.fail != nil {
		return o.fail
	}
	if o.byTopic == nil {
		o.byTopic = map[string][]string{}
	}
	for _, r := range records {
		line := string(r.Value)
		for _, h := range r.Headers {
			line += "|" + h.Name + "=" + string(h.Value)
		}
		o.byTopic[topic] = append(o.byTopic[topic], line)
	}
	return nil
}

func route(t testing.TB, out connector.Out, dropped Dropped) http.Handler {
	t.Helper()
	spec := Spec(dropped)
	v, err := option.Check("ingest prometheus", spec.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := spec.Routes(out, v)
	if err != nil {
		t.Fatal(err)
	}
	return routes["POST /api/v1/write"]
}

// sent is a sample of the first version's messages, which are encoded by hand: the library has the second
// only.
type sent struct {
	labels    []string
	value     float64
	millis    int64
	histogram bool
}

func part(number int, body []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(number)<<3|delimited)
	return append(binary.AppendUvarint(out, uint64(len(body))), body...)
}

func double(number int, v float64) []byte {
	return binary.LittleEndian.AppendUint64([]byte{byte(number<<3 | fixed64)}, math.Float64bits(v))
}

func number(number int, v int64) []byte {
	return binary.AppendUvarint([]byte{byte(number<<3 | varint)}, uint64(v))
}

func version1(all ...sent) (out []byte) {
	for _, s := range all {
		var series []byte
		for i := 0; i < len(s.labels); i += 2 {
			series = append(series, part(1, append(part(1, []byte(s.labels[i])), part(2, []byte(s.labels[i+1]))...))...)
		}
		if s.histogram {
			series = append(series, part(4, slices.Concat(number(1, 42), double(3, s.value), []byte{4 << 3, 6}, number(15, s.millis)))...)
		} else {
			series = append(series, part(2, append(double(1, s.value), number(2, s.millis)...))...)
		}
		out = append(out, part(1, series)...)
	}
	return append(out, part(3, []byte("\x08\x01\x12\x02up"))...) // metadata
}

func post(t testing.TB, h http.Handler, body []byte, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return postPacked(h, snappy.Encode(nil, body), header...)
}

func postPacked(h http.Handler, body []byte, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest("POST", "/api/v1/write", bytes.NewReader(body))
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

const at = 1795168800123

func TestVersion1(t *testing.T) {
	out := &taken{}
	dropped := map[string]int{}
	h := route(t, out, func(reason string, n int) { dropped[reason] += n })
	job := func(name string) []string { return []string{"__name__", name, "job", "node", "instance", "a:1"} }
	rec := post(t, h, version1(
		sent{job("up"), 1, at, false},
		sent{job("load"), 0.25, -1, false},
		sent{append(job("odd"), "time", "t", "Value", "v", "empty", ""), 2, at, false},
		sent{job("up"), math.Float64frombits(staleMarker), at, false},
		sent{job("up"), math.NaN(), at, false},
		sent{job("up"), math.Inf(-1), at, false},
		sent{job("latency"), 12.5, at, true},
		sent{job("gone"), math.Float64frombits(staleMarker), at, true},
	))
	want := []string{
		`{"timestamp":"2026-11-20T10:00:00.123Z","metric":"up","value":1,"tags":{"instance":"a:1","job":"node"}}`,
		`{"timestamp":"1969-12-31T23:59:59.999Z","metric":"load","value":0.25,"tags":{"instance":"a:1","job":"node"}}`,
		`{"timestamp":"2026-11-20T10:00:00.123Z","metric":"odd","value":2,"tags":{"exported_Value":"v","exported_time":"t","instance":"a:1","job":"node"}}`,
		`{"timestamp":"2026-11-20T10:00:00.123Z","metric":"latency_count","value":42,"tags":{"instance":"a:1","job":"node"}}`,
		`{"timestamp":"2026-11-20T10:00:00.123Z","metric":"latency_sum","value":12.5,"tags":{"instance":"a:1","job":"node"}}`,
	}
	if diff := cmp.Diff(want, out.byTopic["metrics.push"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"stale": 2, "nan": 1, "infinite": 1}, dropped); diff != "" {
		t.Error(diff)
	}
	if got := written(rec); rec.Code != 204 || got != "6 2 0" {
		t.Errorf("%d %s, written %s", rec.Code, rec.Body, got)
	}
}

func written(rec *httptest.ResponseRecorder) string {
	h := rec.Header()
	return h.Get("X-Prometheus-Remote-Write-Samples-Written") + " " + h.Get("X-Prometheus-Remote-Write-Histograms-Written") + " " +
		h.Get("X-Prometheus-Remote-Write-Exemplars-Written")
}

// TestPartialWrite wants good series to be kept and bad ones to be dead letters, by an answer that is not
// sent again.
func TestPartialWrite(t *testing.T) {
	out := &taken{}
	rec := post(t, route(t, out, nil), version1(
		sent{[]string{"job", "x"}, 1, at, false},
		sent{[]string{"__name__", "up", "job", "\xff"}, 1, at, false},
		sent{[]string{"__name__", "up", "job", "x"}, 3, at, false},
		sent{[]string{"__name__", strings.Repeat("x", 300)}, 1, at, true},
		sent{[]string{"__name__", "up", "a", "1", "a", "2"}, 1, at, false},
	))
	if rec.Code != 400 || written(rec) != "1 0 0" || !strings.Contains(rec.Body.String(), `1 points written, 5 refused`) {
		t.Errorf("%d %s, written %s", rec.Code, rec.Body, written(rec))
	}
	if len(out.byTopic["metrics.push"]) != 1 || len(out.byTopic["metrics.push.dead"]) != 5 {
		t.Errorf("%v", out.byTopic)
	}
	first := `{"timestamp":"2026-11-20T10:00:00.123Z","metric":"","value":1,"tags":{"job":"x"}}|millrace.error=field "metric": is missing: the series has no label __name__` +
		"|millrace.topic=metrics.push|millrace.offset=|millrace.pipeline=ingest prometheus|millrace.field=metric"
	if diff := cmp.Diff(first, out.byTopic["metrics.push.dead"][0]); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	f := func(body []byte, wantStatus int, header ...string) {
		t.Helper()
		out := &taken{}
		rec := post(t, route(t, out, nil), body, header...)
		if rec.Code != wantStatus || len(out.byTopic) > 0 || written(rec) != "0 0 0" || rec.Body.Len() == 0 {
			t.Errorf("%d %s, written %s", rec.Code, rec.Body, written(rec))
		}
	}
	one := sent{[]string{"__name__", "up"}, 1, at, false}
	good := version1(one)
	f(good, 415, "Content-Encoding", "zstd")
	f(good, 415, "Content-Type", "application/json")
	f(good, 415, "Content-Type", "application/x-protobuf;proto=other.Message")
	f(good[:len(good)-20], 400)
	f([]byte("no message"), 400)
	f(make([]byte, maxBodyBytes+1), 413)
	samples := part(1, slices.Concat(part(1, append(part(1, []byte("__name__")), part(2, []byte("up"))...)),
		slices.Repeat(part(2, nil), maxSamples+1)))
	f(samples, 413)
	wide := part(1, slices.Concat(
		part(1, append(part(1, []byte("__name__")), part(2, []byte("up"))...)),
		part(1, append(part(1, []byte("long")), part(2, slices.Repeat([]byte("x"), 400<<10))...)),
		slices.Repeat(part(2, nil), 1000)))
	f(wide, 413)
	rec := httptest.NewRecorder()
	req := httptest.NewRequest("POST", "/api/v1/write", strings.NewReader("no snappy"))
	route(t, &taken{}, nil).ServeHTTP(rec, req)
	if rec.Code != 400 {
		t.Errorf("no snappy: %d %s", rec.Code, rec.Body)
	}
}

func TestBusFails(t *testing.T) {
	f := func(err error, wantStatus int, wantRetry string) {
		t.Helper()
		rec := post(t, route(t, &taken{fail: err}, nil), version1(sent{[]string{"__name__", "up"}, 1, at, false}))
		if rec.Code != wantStatus || rec.Header().Get("Retry-After") != wantRetry || written(rec) != "0 0 0" {
			t.Errorf("%v: %d %s, written %s", err, rec.Code, rec.Body, written(rec))
		}
	}
	f(fault.New(fault.Unavailable, "broker 1 is away"), 503, "1")
	f(fault.New(fault.Limit, "too much at once"), 503, "1")
	f(context.Canceled, 503, "1")
	f(errors.New("broken"), 500, "")
}

func request2() *writev2.Request {
	symbols := writev2.NewSymbolTable()
	labels := symbols.SymbolizeLabels([]string{"__name__", "up", "job", "node"}, nil)
	return &writev2.Request{
		Timeseries: []*writev2.TimeSeries{
			{
				LabelsRefs: labels, Samples: []*writev2.Sample{{Value: 1, Timestamp: at}, {Value: 0.5, Timestamp: at + 1000}},
				Exemplars: []*writev2.Exemplar{{LabelsRefs: labels, Value: 1}},
			},
			{LabelsRefs: symbols.SymbolizeLabels([]string{"__name__", "latency"}, nil), Histograms: []*writev2.Histogram{
				{Count: &writev2.Histogram_CountFloat{CountFloat: 2.5}, Sum: 7, Schema: -3, Timestamp: at, PositiveDeltas: []int64{1, -1}},
			}},
		},
		Symbols: symbols.Symbols(),
	}
}

// TestVersion2 writes with the client library's own sender.
func TestVersion2(t *testing.T) {
	out := &taken{}
	server := httptest.NewServer(route(t, out, nil))
	defer server.Close()
	api, err := remote.NewAPI(server.URL, remote.WithAPIPath("api/v1/write"))
	if err != nil {
		t.Fatal(err)
	}
	stats, err := api.Write(t.Context(), remote.WriteV2MessageType, request2())
	if err != nil || stats.Samples != 2 || stats.Histograms != 1 || stats.Exemplars != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	want := []string{
		`{"timestamp":"2026-11-20T10:00:00.123Z","metric":"up","value":1,"tags":{"job":"node"}}`,
		`{"timestamp":"2026-11-20T10:00:01.123Z","metric":"up","value":0.5,"tags":{"job":"node"}}`,
		`{"timestamp":"2026-11-20T10:00:00.123Z","metric":"latency_count","value":2.5,"tags":{}}`,
		`{"timestamp":"2026-11-20T10:00:00.123Z","metric":"latency_sum","value":7,"tags":{}}`,
	}
	if diff := cmp.Diff(want, out.byTopic["metrics.push"]); diff != "" {
		t.Error(diff)
	}
	out.fail = fault.New(fault.Unavailable, "broker 1 is away")
	ctx, cancel := context.WithCancel(t.Context())
	retried := remote.WithWriteRetryCallback(func(error) { cancel() })
	if _, err := api.Write(ctx, remote.WriteV2MessageType, request2(), retried); !errors.Is(err, context.Canceled) {
		t.Errorf("not tried again: %v", err)
	}
}

// FuzzVersion1 wants any message to be read without harm, and every point to read back.
func FuzzVersion1(f *testing.F) {
	f.Add(version1(sent{[]string{"__name__", "up", "time", "b"}, 1, at, false}, sent{[]string{"__name__", "h"}, 1, at, true}))
	f.Fuzz(func(t *testing.T, body []byte) {
		b := &batch{body: body}
		if why := b.version1(); why != nil {
			return
		}
		readBack(t, b)
	})
}

func readBack(t *testing.T, b *batch) {
	t.Helper()
	var d point.Decoder
	for _, r := range b.points.Records() {
		if p, err := d.Decode(r.Value, time.Time{}); err != nil || string(p.Metric) != string(r.Key) {
			t.Fatalf("%s: %v, key %q", r.Value, err, r.Key)
		}
	}
}

// FuzzVersion2 holds the decoder against the generated one.
func FuzzVersion2(f *testing.F) {
	good, err := proto.Marshal(request2())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, body []byte) {
		b := &batch{body: body}
		why := b.version2()
		if why == nil {
			readBack(t, b)
		}
		var theirs writev2.Request
		if err := proto.Unmarshal(body, &theirs); err != nil {
			return // ours looks at what it needs
		}
		if why != nil {
			if why.status == http.StatusBadRequest && !strings.Contains(why.text, "labels_refs") {
				t.Fatalf("%s: %v", why.text, &theirs)
			}
			return
		}
		samples := 0
		for _, s := range theirs.Timeseries {
			samples += len(s.Samples) + 2*len(s.Histograms)
		}
		got := b.points.Len() + b.nan + b.infinite + b.stale
		if got > samples || samples > got+b.histograms {
			t.Fatalf("%d points of %d: %v", got, samples, &theirs)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	const samples = 2000
	var all []sent
	for i := range samples {
		all = append(all, sent{[]string{
			"__name__", "node_cpu_seconds_total", "cpu", fmt.Sprint(i % 16), "instance", "server01:9100", "job", "node", "mode", "idle",
		}, float64(i) * 1.25, at + int64(i), false})
	}
	first := version1(all...)
	symbols := writev2.NewSymbolTable()
	var second writev2.Request
	for _, s := range all {
		second.Timeseries = append(second.Timeseries, &writev2.TimeSeries{
			LabelsRefs: symbols.SymbolizeLabels(s.labels, nil), Samples: []*writev2.Sample{{Value: s.value, Timestamp: s.millis}},
		})
	}
	second.Symbols = symbols.Symbols()
	packed, err := proto.Marshal(&second)
	if err != nil {
		b.Fatal(err)
	}
	h := route(b, &nowhere{}, nil)
	run := func(name string, body []byte, contentType string) {
		b.Run(name, func(b *testing.B) {
			body := snappy.Encode(nil, body)
			b.ReportAllocs()
			for b.Loop() {
				if rec := postPacked(h, body, "Content-Type", contentType); rec.Code != 204 {
					b.Fatal(rec.Body)
				}
			}
			b.ReportMetric(samples*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
		})
	}
	run("1.0", first, "application/x-protobuf")
	run("2.0", packed, "application/x-protobuf;proto=io.prometheus.write.v2.Request")
}

// nowhere is an Out that is as quick as can be.
type nowhere struct{}

// Append implements connector.Out.
func (*nowhere) Append(context.Context, string, []connector.Record) error { return nil }
