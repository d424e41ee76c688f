package amqp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rabbit "github.com/rabbitmq/amqp091-go"

	"millrace/connector"
	"millrace/connector/amqp"
	"millrace/connector/connectortest"
	"millrace/fault"
	"millrace/option"
)

func collectorOf(t *testing.T, s *server, v option.Values) connector.Collector {
	t.Helper()
	all := option.Values{"servers": s.addr, "user": "millrace", "password": "right"}
	for k, x := range v {
		all[k] = x
	}
	all, err := option.Check("amqp", amqp.Spec().Options, all)
	if err != nil {
		t.Fatal(err)
	}
	c, err := amqp.Spec().Collect(all)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRabbit runs the tests that need a server on one, as it starts slowly.
func TestRabbit(t *testing.T) {
	s := startRabbit(t)
	for name, test := range map[string]func(*testing.T, *server){
		"OnceWithIds": onceWithIds, "AllWithoutIds": allWithoutIds, "Quorum": quorum, "LostAcks": lostAcks,
		"Bind": bind, "Record": record, "Preview": preview, "Test": settings, "QueueDeleted": queueDeleted,
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			test(t, s)
		})
	}
	t.Run("Restart", func(t *testing.T) {
		s.t = t
		restart(t, s)
	})
	s.t = t
}

func tally(site *connectortest.Site) (map[string]int, int) {
	seen := map[string]int{}
	all := site.Taken("amqp.raw")
	for _, r := range all {
		seen[string(r.Value)]++
	}
	return seen, len(all)
}

// arrived checks that v0 to v(n-1) came, and each once if so wanted.
func arrived(t *testing.T, site *connectortest.Site, n int, once bool) {
	t.Helper()
	seen, all := tally(site)
	for i := range n {
		if c := seen[fmt.Sprint("v", i)]; c == 0 || once && c > 1 {
			t.Fatalf("v%d came %d times; %d records", i, c, all)
		}
	}
	t.Logf("%d messages, %d records", n, all)
}

// drained returns whether all came; Again asks it.
func drained(site *connectortest.Site, n int) func() bool {
	return func() bool { seen, _ := tally(site); return len(seen) >= n }
}

func onceWithIds(t *testing.T, s *server) {
	const n = 5000
	q := name(t)
	s.declare(q, "classic")
	s.publish("", q, 0, n, true)
	site := &connectortest.Site{Fail: connectortest.FailEvery(6)}
	connectortest.Again(t, collectorOf(t, s, option.Values{"queue": q, "prefetch": "200"}), site, 150*time.Millisecond, drained(site, n))
	arrived(t, site, n, true)
}

func allWithoutIds(t *testing.T, s *server) {
	const n = 2000
	q := name(t)
	s.declare(q, "classic")
	s.publish("", q, 0, n, false)
	site := &connectortest.Site{Fail: connectortest.FailEvery(6)}
	connectortest.Again(t, collectorOf(t, s, option.Values{"queue": q, "prefetch": "200"}), site, 150*time.Millisecond, drained(site, n))
	arrived(t, site, n, false)
}

func quorum(t *testing.T, s *server) {
	const n = 1000
	q := name(t)
	site := &connectortest.Site{}
	c := collectorOf(t, s, option.Values{"queue": q, "prefetch": "100", "declare": "true", "queue_type": "quorum"})
	s.declare(q, "quorum")
	s.publish("", q, 0, n, true)
	connectortest.Again(t, c, site, 150*time.Millisecond, drained(site, n))
	arrived(t, site, n, true)
}

// lostAcks ends Collect after the bus has the records and before RabbitMQ has the acknowledgement, as a kill may do it.
func lostAcks(t *testing.T, s *server) {
	const n = 1000
	q := name(t)
	s.declare(q, "classic")
	s.publish("", q, 0, n, true)
	site := &connectortest.Site{}
	c := collectorOf(t, s, option.Values{"queue": q, "prefetch": "100"})
	for range 5 {
		if err := c.Collect(t.Context(), &forgetful{Site: site}); !errors.Is(err, connectortest.ErrFull) {
			t.Fatal(err)
		}
	}
	_, before := tally(site)
	if before == 0 || before == n {
		t.Fatalf("%d records before", before)
	}
	connectortest.Again(t, c, site, 0, drained(site, n))
	arrived(t, site, n, true)
	connectortest.Again(t, c, site, 0, func() bool { return site.Lag() == 0 })
}

// forgetful takes records, and then says that it failed.
type forgetful struct {
	*connectortest.Site
	calls int
}

func (f *forgetful) AppendAt(ctx context.Context, topic string, b connector.Batch) error {
	f.calls++
	if err := f.Site.AppendAt(ctx, topic, b); err != nil || f.calls < 2 {
		return err
	}
	return connectortest.ErrFull
}

// restart stops and starts the server under a running Collect.
func restart(t *testing.T, s *server) {
	const n = 5000
	q := name(t)
	s.declare(q, "classic")
	s.publish("", q, 0, n/2, true)
	c := collectorOf(t, s, option.Values{"queue": q, "prefetch": "50"})
	site := &connectortest.Site{}
	ended := make(chan error, 1)
	go func() { ended <- c.Collect(t.Context(), site) }()
	if err := site.Await(t.Context(), func() bool { _, all := tally(site); return all > n/5 }); err != nil {
		t.Fatal(err)
	}
	s.stop(syscall.SIGTERM)
	if err := <-ended; !errors.Is(err, fault.Unavailable) {
		t.Errorf("ended with %v", err)
	}
	if err := c.Collect(t.Context(), site); !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "listens there") {
		t.Errorf("without a server: %v", err)
	}
	s.start()
	s.publish("", q, n/2, n, true)
	connectortest.Again(t, c, site, 300*time.Millisecond, drained(site, n))
	arrived(t, site, n, true)
}

func bind(t *testing.T, s *server) {
	q := name(t)
	s.channel(func(ch *rabbit.Channel) error {
		return ch.ExchangeDeclare("plant", "topic", true, false, false, false, nil)
	})
	c := collectorOf(t, s, option.Values{"queue": q, "declare": "true", "exchange": "plant", "binding_keys": "line.*, hall.#"})
	site := &connectortest.Site{}
	connectortest.Again(t, c, site, 0, func() bool { return site.Lag() == 0 && len(site.Warnings()) == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := c.Collect(ctx, site); err != nil {
		t.Fatal(err)
	}
	s.publish("plant", "line.1", 0, 1, true)
	s.publish("plant", "other", 5, 6, true)
	s.publish("plant", "hall.1.a", 1, 2, true)
	connectortest.Again(t, c, site, 0, drained(site, 2))
	arrived(t, site, 2, true)
}

func record(t *testing.T, s *server) {
	q := name(t)
	s.declare(q, "classic")
	s.publish("", q, 0, 1, true)
	site := &connectortest.Site{}
	connectortest.Again(t, collectorOf(t, s, option.Values{"queue": q}), site, 0, drained(site, 1))
	r := site.Taken("amqp.raw")[0]
	got := map[string]string{"key": string(r.Key), "time": r.Time.UTC().Format(time.RFC3339)}
	for _, h := range r.Headers {
		got[h.Name] = string(h.Value)
	}
	want := map[string]string{
		"key": q, "time": "2023-11-14T22:13:20Z", "millrace.source": "test", "amqp.exchange": "", "amqp.routing_key": q,
		"amqp.message_id": "id0", "n": "0", "site": "a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func preview(t *testing.T, s *server) {
	q := name(t)
	s.declare(q, "classic")
	s.publish("", q, 0, 30, true)
	enough := errors.New("enough")
	n := 0
	site := &connectortest.Site{Look: true, Fail: func(_ string, records []connector.Record) error { n += len(records); return enough }}
	if err := collectorOf(t, s, option.Values{"queue": q, "declare": "true"}).Collect(t.Context(), site); !errors.Is(err, enough) || n == 0 || n > 10 {
		t.Errorf("preview of %d: %v", n, err)
	}
	err := collectorOf(t, s, option.Values{"queue": "none", "declare": "true"}).Collect(t.Context(), &connectortest.Site{Look: true})
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("preview of no queue: %v", err)
	}
	after := &connectortest.Site{}
	connectortest.Again(t, collectorOf(t, s, option.Values{"queue": q}), after, 0, drained(after, 30))
	arrived(t, after, 30, true)
}

func settings(t *testing.T, s *server) {
	q := name(t)
	s.declare(q, "classic")
	f := func(kind fault.Kind, hint string, v option.Values) {
		t.Helper()
		if !v.Has("queue") {
			v["queue"] = q
		}
		err := collectorOf(t, s, v).(connector.Tester).Test(t.Context())
		if fault.KindOf(err) != kind || !strings.Contains(fault.HintOf(err), hint) {
			t.Errorf("%v: %v, hint %q", v, err, fault.HintOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in %v", err)
		}
	}
	f(0, "", option.Values{})
	f(fault.Denied, "'password'", option.Values{"password": "hunter2"})
	f(fault.Denied, "'vhost'", option.Values{"vhost": "none"})
	f(fault.NotFound, "'declare'", option.Values{"queue": "none"})
	f(0, "", option.Values{"queue": "none", "declare": "true"})
	f(fault.NotFound, "exchange", option.Values{"exchange": "none"})
	f(fault.Unavailable, "listens there", option.Values{"servers": "127.0.0.1:1"})
	f(0, "", option.Values{"servers": "127.0.0.1:1," + s.addr})
	err := collectorOf(t, s, option.Values{"queue": q, "declare": "true", "queue_type": "quorum"}).Collect(t.Context(), &connectortest.Site{})
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("another type: %v", err)
	}
}

func queueDeleted(t *testing.T, s *server) {
	q := name(t)
	s.declare(q, "classic")
	s.publish("", q, 0, 1, true)
	site := &connectortest.Site{}
	ended := make(chan error, 1)
	go func() { ended <- collectorOf(t, s, option.Values{"queue": q}).Collect(t.Context(), site) }()
	if err := site.Await(t.Context(), drained(site, 1)); err != nil {
		t.Fatal(err)
	}
	s.channel(func(ch *rabbit.Channel) error { _, err := ch.QueueDelete(q, false, false, false); return err })
	if err := <-ended; !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "deleted") {
		t.Errorf("ended with %v", err)
	}
}
