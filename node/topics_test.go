package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/api"
	"millrace/broker"
	"millrace/bus"
	"millrace/fault"
	"millrace/telemetry"
)

// topicBench is a bus with topic notes of two partitions, ten records in each, and what looks at it.
func topicBench(t *testing.T) topics {
	t.Helper()
	br, err := broker.Open(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = br.Close() })
	b, err := bus.Open(t.Context(), bus.Config{Seeds: []string{br.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	l := topics{b, newBusFigures(b, slog.New(slog.DiscardHandler))}
	must(t, l.CreateTopic(t.Context(), api.TopicRequest{Name: "notes", Partitions: 2, Configs: map[string]string{"retention.ms": "-1"}}))
	var recs []bus.Record
	for i := range 20 {
		r := bus.Record{Topic: "notes", Key: fmt.Appendf(nil, "k%d", i), Value: fmt.Appendf(nil, `{"n": %d}`, i), Timestamp: time.UnixMilli(1_790_000_000_000 + int64(i)*1000)}
		bus.ToPartition(&r, int32(i%2))
		recs = append(recs, r)
	}
	must(t, b.Append(t.Context(), recs))
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFindRecords(t *testing.T) {
	l := topicBench(t)
	f := func(q api.RecordQuery, want ...string) {
		t.Helper()
		found, err := l.Records(t.Context(), "notes", q)
		must(t, err)
		keys := []string{}
		for _, r := range found.Records {
			keys = append(keys, string(r.Key))
		}
		if diff := cmp.Diff(want, keys); diff != "" || !found.Complete {
			t.Errorf("%+v: complete %v: %s", q, found.Complete, diff)
		}
	}
	at := func(ms int64) string { return time.UnixMilli(1_790_000_000_000 + ms).UTC().Format(time.RFC3339Nano) }
	f(api.RecordQuery{Limit: 3, Newest: true, Partition: -1}, "k17", "k18", "k19")
	f(api.RecordQuery{Limit: 3, Partition: -1}, "k0", "k1", "k2")
	f(api.RecordQuery{Limit: 3, Partition: -1, Offset: 8}, "k16", "k17", "k18")
	f(api.RecordQuery{Limit: 3, Partition: 1, From: at(10_000)}, "k11", "k13", "k15")
	f(api.RecordQuery{Limit: 9, Newest: true, Partition: -1, Upto: at(2500)}, "k0", "k1", "k2")
	f(api.RecordQuery{Limit: 9, Newest: true, Partition: -1, Text: "N\": 1"}, "k11", "k12", "k13", "k14", "k15", "k16", "k17", "k18", "k19")
	f(api.RecordQuery{Limit: 2, Partition: -1, Key: "9$", Regex: true}, "k9", "k19")
	for _, q := range []api.RecordQuery{{Limit: 1, From: "noon"}, {Limit: 1, Upto: "noon"}, {Limit: 1, Text: "(", Regex: true}} {
		if _, err := l.Records(t.Context(), "notes", q); !errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := l.Records(t.Context(), "notes", api.RecordQuery{Limit: 1, Partition: 2}); !errors.Is(err, fault.NotFound) {
		t.Errorf("a partition that is not there: %v", err)
	}
}

func TestTopicsOfThePlatformStay(t *testing.T) {
	l := topicBench(t)
	ctx := t.Context()
	const own = "__millrace_epochs"
	must(t, l.bus.Create(ctx, bus.TopicSpec{Name: own, Partitions: 1}))
	f := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, fault.Denied) || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "its own state") {
			t.Errorf("%s: %v", what, err)
		}
	}
	f("delete", l.DeleteTopic(ctx, own))
	f("change", l.ChangeTopic(ctx, own, api.TopicChange{Partitions: 2}))
	f("create", l.CreateTopic(ctx, api.TopicRequest{Name: own + "x"}))
	f("delete records", l.DeleteRecords(ctx, own, -1, -1))
	f("delete group", l.DeleteGroup(ctx, workGroup))
	_, err := l.ResetGroup(ctx, workGroup, api.GroupReset{To: "earliest"})
	f("reset", err)
	_, err = l.DeleteGroupOffsets(ctx, workGroup, own)
	f("delete offsets", err)
}

func TestTopicsAndGroupsAreShown(t *testing.T) {
	l := topicBench(t)
	ctx := t.Context()
	moved, err := l.ResetGroup(ctx, "readers", api.GroupReset{To: "4", Topic: "notes"})
	must(t, err)
	if diff := cmp.Diff([]api.MovedOffset{{Topic: "notes", Partition: 0, Before: -1, After: 4, Lag: 6}, {Topic: "notes", Partition: 1, Before: -1, After: 4, Lag: 6}}, moved); diff != "" {
		t.Error(diff)
	}
	d, err := l.Topic(ctx, "notes")
	must(t, err)
	want := []api.GroupLagOfTopic{{Group: "readers", State: "Empty", Lag: 12}}
	if diff := cmp.Diff(want, d.Readers); diff != "" || len(d.Layout) != 2 || d.Layout[1].End != 10 || d.Bytes == nil || *d.Bytes < 200 || d.Configs[0].Name != "retention.ms" {
		t.Errorf("%+v: %s", d, diff)
	}
	g, err := l.Group(ctx, "readers")
	must(t, err)
	if g.Lag != 12 || len(g.Offsets) != 2 || g.Offsets[1].Lag != 6 || cmp.Diff([]string{"notes"}, g.Topics) != "" {
		t.Errorf("%+v", g)
	}
	must(t, l.ChangeTopic(ctx, "notes", api.TopicChange{Partitions: 3}))
	must(t, l.DeleteRecords(ctx, "notes", 1, 5))
	must(t, l.DeleteRecords(ctx, "notes", 0, -1))
	d, err = l.Topic(ctx, "notes")
	must(t, err)
	if len(d.Layout) != 3 || d.Layout[0].Start != 10 || d.Layout[1].Start != 5 || d.Records != 5 {
		t.Errorf("%+v", d.Layout)
	}
	if err := l.DeleteRecords(ctx, "notes", 1, 50); !errors.Is(err, fault.Invalid) {
		t.Errorf("beyond the end: %v", err)
	}
	must(t, l.DeleteGroup(ctx, "readers"))
	must(t, l.DeleteTopic(ctx, "notes"))
}

func TestBusFigures(t *testing.T) {
	f := newBusFigures(nil, nil)
	at := time.Unix(100, 0)
	look := func(after time.Duration, end, committed, size int64) {
		at = at.Add(after)
		f.take(at,
			[]bus.Topic{{Name: "notes", Partitions: []bus.PartitionOffsets{{ID: 0, End: end, Stable: end}}}},
			[]bus.Group{{Name: "readers", Members: make([]bus.Member, 2), Partitions: []bus.PartitionLag{{Position: bus.Position{Topic: "notes", Offset: committed}, End: end, Lag: end - committed}}}},
			map[string]map[int32]int64{"notes": {0: size}})
	}
	look(0, 100, 50, 1000)
	if got := f.of("notes"); got.rates != nil || *got.bytes != 1000 {
		t.Errorf("%+v: one look tells no rate", got)
	}
	look(10*time.Second, 200, 70, 2000)
	l := topics{nil, f}
	one := l.view("notes", 1, 200, false)
	if *one.RecordsIn != 10 || *one.RecordsOut != 2 || *one.BytesIn != 100 || *one.BytesOut != 20 || *one.Bytes != 2000 {
		t.Errorf("in %v, out %v, bytes %v and %v", *one.RecordsIn, *one.RecordsOut, *one.BytesIn, *one.BytesOut)
	}
	n := &Node{figures: f}
	m := telemetry.NewMetrics("")
	n.busMetrics(m)
	w := httptest.NewRecorder()
	m.Endpoint(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`millrace_bus_topic_bytes{topic="notes"} 2000`,
		`millrace_bus_partition_end_offset{partition="0",topic="notes"} 200`,
		`millrace_bus_group_lag_records{group="readers",partition="0",topic="notes"} 130`,
		`millrace_bus_group_topic_lag_records{group="readers",topic="notes"} 130`,
		`millrace_bus_series_left_out 0`,
		`kafka_consumergroup_lag{consumergroup="readers",partition="0",topic="notes"} 130`,
		`kafka_consumergroup_lag_sum{consumergroup="readers",topic="notes"} 130`,
		`kafka_consumergroup_members{consumergroup="readers"} 2`,
		`kafka_topic_partition_current_offset{partition="0",topic="notes"} 200`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, w.Body.String())
		}
	}
	look(10*time.Second, 20, 0, 200) // made anew
	if got := f.of("notes").rates; got.in != 0 || got.out != 0 {
		t.Errorf("rates of a topic that went back: %+v", got)
	}
	f.take(at.Add(time.Second), nil, nil, nil)
	if got := f.of("notes"); got.bytes != nil || got.rates != nil {
		t.Errorf("%+v of a topic that is gone", got)
	}
}

func TestBusSeriesAreBounded(t *testing.T) {
	var b bounded
	for range maxBusSeries + 3 {
		b.add(1, "x")
	}
	if len(b.samples) != maxBusSeries || b.left != 3 {
		t.Errorf("%d samples, %d left out", len(b.samples), b.left)
	}
}
