package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
	"millrace/bus"
	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/connector/kafka"
	"millrace/fault"
	"millrace/option"
)

// collectorOf makes a collector of settings.
func collectorOf(t *testing.T, v option.Values) connector.Collector {
	t.Helper()
	v, err := option.Check("kafka", kafka.CollectSpec().Options, v)
	if err != nil {
		t.Fatal(err)
	}
	c, err := kafka.CollectSpec().Collect(v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// counted returns how often each value of a topic came.
func counted(records []connector.Record) map[string]int {
	seen := map[string]int{}
	for _, r := range records {
		seen[string(r.Value)]++
	}
	return seen
}

// onceEach checks that the values v0 to v(n-1) came once each.
func onceEach(t *testing.T, records []connector.Record, n int) {
	t.Helper()
	seen := counted(records)
	if len(seen) != n || len(records) != n {
		t.Errorf("%d records, %d different, want %d once each", len(records), len(seen), n)
	}
	for i := range n {
		if seen[fmt.Sprint("v", i)] == 0 {
			t.Fatalf("v%d is missing", i)
		}
	}
}

// TestCollectOnce reads two topics through cuts, refusals of the bus, a restart of the other cluster, an aborted
// transaction and a topic that comes later.
func TestCollectOnce(t *testing.T) {
	const n = 12_000
	dir := t.TempDir()
	br, err := broker.Open(broker.Config{Dir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	addr := br.Addr()
	other := func() *bus.Bus {
		b, err := bus.Open(t.Context(), bus.Config{Seeds: []string{addr}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	fill := func(from, upto int) {
		t.Helper()
		b := other()
		defer b.Close(context.Background())
		for topic := range 2 {
			if _, err := b.Ensure(t.Context(), fmt.Sprint("lines.", topic), 3, nil); err != nil {
				t.Fatal(err)
			}
		}
		var recs []bus.Record
		for i := from; i < upto; i++ {
			recs = append(recs, bus.Record{Topic: fmt.Sprint("lines.", i%2), Key: fmt.Append(nil, "k", i%7), Value: fmt.Append(nil, "v", i)})
		}
		if err := b.Append(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		txn, err := b.OpenTransaction(t.Context(), "other", bus.TransactionConfig{})
		if err != nil {
			t.Fatal(err)
		}
		defer txn.Close()
		if err := errors.Join(txn.Begin(), txn.Produce(t.Context(), []bus.Record{{Topic: "lines.0", Value: []byte("aborted")}}), txn.Flush(t.Context()), txn.Abort(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	fill(0, n/2)
	c := collectorOf(t, option.Values{"servers": addr, "topic_pattern": `lines\..*`})
	site := &connectortest.Site{Fail: connectortest.FailEvery(5)}
	until := func(want int) func() bool { return func() bool { return len(site.Taken("kafka.raw")) >= want } }
	connectortest.Again(t, c, site, 300*time.Millisecond, until(n/4))

	if err := br.Close(); err != nil {
		t.Fatal(err)
	}
	if br, err = broker.Open(broker.Config{Dir: dir, Listen: addr}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { br.Close() })
	fill(n/2, n)
	connectortest.Again(t, c, site, 300*time.Millisecond, until(n))
	onceEach(t, site.Taken("kafka.raw"), n)

	// Each key's records are in order, and bear where they came from.
	last := map[string]string{}
	for _, r := range site.Taken("kafka.raw") {
		h := map[string]string{}
		for _, x := range r.Headers {
			h[x.Name] = string(x.Value)
		}
		place := h["kafka.topic"] + "/" + h["kafka.partition"]
		if at := fmt.Sprintf("%012s", h["kafka.offset"]); at <= last[place] || h["millrace.source"] != "test" {
			t.Fatalf("headers %v after offset %s", h, last[place])
		} else {
			last[place] = at
		}
	}
}

// TestCollectLatest begins at the end; what came while it was away is read, and a new topic from its beginning.
func TestCollectLatest(t *testing.T) {
	b := newBench(t)
	b.topic("a", 1, "old")
	c := collectorOf(t, option.Values{"servers": b.bus.Seeds()[0], "topics": "a,b", "start": "latest"})
	site := &connectortest.Site{}
	values := func() (all []string) {
		for _, r := range site.Taken("kafka.raw") {
			all = append(all, string(r.Value))
		}
		slices.Sort(all)
		return all
	}
	connectortest.Again(t, c, site, 0, func() bool { p, _ := site.Position(t.Context()); return p != nil })
	if w := site.Warnings(); len(w) != 1 || !strings.Contains(w[0].Error(), "no topic b") {
		t.Errorf("warnings %v", w)
	}
	b.append("a", 0, "away")
	b.topic("b", 1, "new")
	connectortest.Again(t, c, site, 0, func() bool { return len(values()) >= 2 })
	if diff := cmp.Diff([]string{"away", "new"}, values()); diff != "" {
		t.Error(diff)
	}
	connectortest.Again(t, c, site, 0, func() bool { return site.Lag() == 0 })
}

// TestCollectGap goes on behind what retention has taken, and says so.
func TestCollectGap(t *testing.T) {
	b := newBench(t)
	b.topic("a", 1, "one")
	c := collectorOf(t, option.Values{"servers": b.bus.Seeds()[0], "topics": "a"})
	site := &connectortest.Site{}
	took := func(n int) func() bool { return func() bool { return len(site.Taken("kafka.raw")) >= n } }
	connectortest.Again(t, c, site, 0, took(1))
	b.append("a", 0, "two", "three", "four")
	b.must(b.bus.DeleteRecords(t.Context(), "a", 0, 3))
	connectortest.Again(t, c, site, 0, took(2))
	if got := string(site.Taken("kafka.raw")[1].Value); got != "four" {
		t.Errorf("read %s", got)
	}
	if w := site.Warnings(); len(w) != 1 || !strings.Contains(w[0].Error(), "reading on at 3") {
		t.Errorf("warnings %v", w)
	}
}

// TestCollectPassesItsOwnRecordsOver reads a topic that it fills: a record that it brought does not come again.
func TestCollectPassesItsOwnRecordsOver(t *testing.T) {
	b := newBench(t)
	b.topic("loop", 1)
	own := bus.Header{Key: "millrace.source", Value: []byte("test")}
	err := b.bus.Append(t.Context(), []bus.Record{
		{Topic: "loop", Value: []byte("v0")}, {Topic: "loop", Value: []byte("own"), Headers: []bus.Header{own}}, {Topic: "loop", Value: []byte("v1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	site := &connectortest.Site{}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- collectorOf(t, option.Values{"servers": b.bus.Seeds()[0], "topics": "loop", "topic": "loop"}).Collect(ctx, site)
	}()
	if err := site.Await(ctx, func() bool { return len(site.Taken("loop")) == 2 && len(site.Warnings()) == 1 }); err != nil {
		t.Errorf("took %v, warned %v", counted(site.Taken("loop")), site.Warnings())
	}
	stop()
	<-done
	onceEach(t, site.Taken("loop"), 2)
}

func TestCollectPreview(t *testing.T) {
	b := newBench(t)
	values := make([]string, 50)
	for i := range values {
		values[i] = fmt.Sprint("v", i)
	}
	b.topic("a", 1, values...)
	full := errors.New("enough")
	site := &connectortest.Site{Look: true, Fail: func(string, []connector.Record) error { return full }}
	if err := collectorOf(t, option.Values{"servers": b.bus.Seeds()[0], "topics": "a"}).Collect(t.Context(), site); !errors.Is(err, full) {
		t.Errorf("preview: %v", err)
	}
	if groups, err := b.bus.Groups(t.Context()); err != nil || len(groups) != 0 {
		t.Errorf("groups %v, %v", groups, err)
	}
}

func TestCollectTest(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "ann", "right"), kfake.SeedTopics(1, "a"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	f := func(kind fault.Kind, text, hint string, v option.Values) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c := collectorOf(t, v)
		err := c.(connector.Tester).Test(ctx)
		if fault.KindOf(err) != kind || kind != 0 && (!strings.Contains(err.Error(), text) || !strings.Contains(fault.HintOf(err), hint)) {
			t.Errorf("%v: %v, hint %q", v, err, fault.HintOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "wrong") {
			t.Errorf("the password is in %v", err)
		}
	}
	addr := fake.ListenAddrs()[0]
	with := func(password, topics string) option.Values {
		return option.Values{"servers": addr, "topics": topics, "user": "ann", "password": password, "sasl_mechanism": "SCRAM-SHA-256"}
	}
	f(0, "", "", with("right", "a"))
	f(fault.NotFound, "no topic b", "waits", with("right", "a,b"))
	f(fault.Unavailable, "reach Kafka", "'password'", with("wrong", "a"))                               // kfake hangs up
	fake.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) { // Kafka says why
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return resp, nil, true
	})
	f(fault.Denied, "log in", "password", with("wrong", "a"))
	f(fault.Unavailable, "reach Kafka", "asks for TLS or a user", option.Values{"servers": addr, "topics": "a"})
	f(fault.Unavailable, "reach Kafka", "listens there", option.Values{"servers": free.Addr().String(), "topics": "a"})
}

func TestCollectSettings(t *testing.T) {
	f := func(want string, v option.Values) {
		t.Helper()
		_, err := kafka.CollectSpec().Collect(v)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", v, err, want)
		}
	}
	f("is needed", option.Values{"servers": "a"})
	f("is needed", option.Values{"servers": "a", "topics": "a", "topic_pattern": "b"})
	f("topic_pattern", option.Values{"servers": "a", "topic_pattern": "("})
	f(`needs the option "user"`, option.Values{"servers": "a", "topics": "a", "sasl_mechanism": "PLAIN"})
	f(`scheme "http"`, option.Values{"servers": "http://a", "topics": "a"})
}
