package nats_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsserver "github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/connector/nats"
	"millrace/fault"
	"millrace/option"
)

// server is a NATS server in this process that can be stopped and started again.
type server struct {
	*testing.T
	opts *natsserver.Options
	srv  *natsserver.Server
}

func startNats(t *testing.T, change func(*natsserver.Options)) *server {
	t.Helper()
	s := &server{T: t, opts: &natsserver.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir()}}
	if change != nil {
		change(s.opts)
	}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *server) start() {
	s.Helper()
	var err error
	if s.srv, err = natsserver.NewServer(s.opts.Clone()); err != nil {
		s.Fatal(err)
	}
	s.srv.Start()
	if !s.srv.ReadyForConnections(10 * time.Second) {
		s.Fatal("NATS does not start")
	}
	s.opts.Port = s.port()
}

func (s *server) port() (port int) {
	_, err := fmt.Sscanf(s.srv.Addr().String()[strings.LastIndex(s.srv.Addr().String(), ":"):], ":%d", &port)
	s.must(err)
	return port
}

func (s *server) stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}

func (s *server) addr() string { return fmt.Sprint("127.0.0.1:", s.opts.Port) }

func (s *server) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// client calls use with a connection.
func (s *server) client(use func(*natsgo.Conn, jetstream.JetStream)) {
	s.Helper()
	nc, err := natsgo.Connect("nats://" + s.addr())
	s.must(err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	s.must(err)
	use(nc, js)
}

func (s *server) create(cfg jetstream.StreamConfig) {
	s.Helper()
	s.client(func(_ *natsgo.Conn, js jetstream.JetStream) {
		_, err := js.CreateOrUpdateStream(s.Context(), cfg)
		s.must(err)
	})
}

// durable makes a consumer of the stream LINES that does not wait long for acknowledgements.
func (s *server) durable(name, batch string) {
	s.Helper()
	s.client(func(_ *natsgo.Conn, js jetstream.JetStream) {
		n, err := strconv.Atoi(batch)
		s.must(err)
		_, err = js.CreateConsumer(s.Context(), "LINES", jetstream.ConsumerConfig{
			Durable: name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: 300 * time.Millisecond, MaxAckPending: 2 * n,
		})
		s.must(err)
	})
}

// publish sends v<from> to v<upto-1> to a stream.
func (s *server) publish(subject string, from, upto int) {
	s.Helper()
	s.client(func(_ *natsgo.Conn, js jetstream.JetStream) {
		for i := from; i < upto; i++ {
			_, err := js.PublishAsync(subject, fmt.Append(nil, "v", i))
			s.must(err)
		}
		<-js.PublishAsyncComplete()
	})
}

func collectorOf(t *testing.T, s *server, v option.Values) connector.Collector {
	t.Helper()
	all := option.Values{"servers": s.addr()}
	for k, x := range v {
		all[k] = x
	}
	all, err := option.Check("nats", nats.Spec().Options, all)
	if err != nil {
		t.Fatal(err)
	}
	c, err := nats.Spec().Collect(all)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func took(site *connectortest.Site, n int) func() bool {
	return func() bool { return len(site.Taken("nats.raw")) >= n }
}

// once checks that v0 to v(n-1) came once each, in order if so wanted.
func once(t *testing.T, site *connectortest.Site, n int, ordered bool) {
	t.Helper()
	seen := map[string]int{}
	all := site.Taken("nats.raw")
	for i, r := range all {
		seen[string(r.Value)]++
		if ordered && string(r.Value) != fmt.Sprint("v", i) {
			t.Fatalf("record %d is %s", i, r.Value)
		}
	}
	for i := range n {
		if c := seen[fmt.Sprint("v", i)]; c != 1 {
			t.Fatalf("v%d came %d times; %d records", i, c, len(all))
		}
	}
}

// TestStreamOnce reads through cuts, refusals of the bus and a restart of the server.
func TestStreamOnce(t *testing.T) {
	for name, test := range map[string]struct {
		retention jetstream.RetentionPolicy
		v         option.Values
	}{
		"Position":  {jetstream.LimitsPolicy, option.Values{}},
		"Durable":   {jetstream.LimitsPolicy, option.Values{"durable": "millrace", "batch": "300"}},
		"WorkQueue": {jetstream.WorkQueuePolicy, option.Values{"durable": "millrace", "batch": "300"}},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 6000
			s := startNats(t, nil)
			s.create(jetstream.StreamConfig{Name: "LINES", Subjects: []string{"line.>"}, Retention: test.retention})
			s.publish("line.1", 0, n/2)
			if test.v.Has("durable") {
				s.durable("millrace", test.v["batch"])
			}
			test.v["stream"] = "LINES"
			c := collectorOf(t, s, test.v)
			site := &connectortest.Site{Fail: connectortest.FailEvery(4)}
			connectortest.Again(t, c, site, 60*time.Millisecond, took(site, n/4))

			site.Fail = nil
			ended := make(chan error, 1)
			go func() { ended <- c.Collect(t.Context(), site) }()
			s.must(site.Await(t.Context(), took(site, n/3)))
			s.stop()
			if err := <-ended; !errors.Is(err, fault.Unavailable) {
				t.Errorf("ended with %v", err)
			}
			if err := c.Collect(t.Context(), site); !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "listens there") {
				t.Errorf("without a server: %v", err)
			}
			s.start()
			s.publish("line.2", n/2, n)
			site.Fail = connectortest.FailEvery(9)
			connectortest.Again(t, c, site, 200*time.Millisecond, took(site, n))
			site.Fail = nil
			connectortest.Again(t, c, site, 0, func() bool { return site.Lag() == 0 })
			once(t, site, n, name == "Position")
			if w := site.Warnings(); len(w) > 0 {
				t.Errorf("warnings %v", w)
			}
			if name == "WorkQueue" {
				s.empties(c, site)
			}
		})
	}
}

// empties collects until the work queue is empty.
func (s *server) empties(c connector.Collector, site *connectortest.Site) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- c.Collect(ctx, site) }()
	for left := uint64(1); left > 0; {
		s.client(func(_ *natsgo.Conn, js jetstream.JetStream) {
			stream, err := js.Stream(ctx, "LINES")
			s.must(err)
			left = stream.CachedInfo().State.Msgs
		})
	}
	cancel()
	s.must(<-ended)
}

// TestDurableLostAcks takes records and then fails, so that the acknowledgements are never sent.
func TestDurableLostAcks(t *testing.T) {
	const n = 1000
	s := startNats(t, nil)
	s.create(jetstream.StreamConfig{Name: "LINES", Subjects: []string{"line.>"}})
	s.durable("d", "50")
	s.publish("line.1", 0, n)
	c := collectorOf(t, s, option.Values{"stream": "LINES", "durable": "d", "batch": "50"})
	site := &connectortest.Site{}
	for range 5 {
		if err := c.Collect(t.Context(), &forgetful{Site: site}); !errors.Is(err, connectortest.ErrFull) {
			t.Fatal(err)
		}
	}
	connectortest.Again(t, c, site, 0, took(site, n))
	connectortest.Again(t, c, site, 0, func() bool {
		idle := false
		s.client(func(_ *natsgo.Conn, js jetstream.JetStream) {
			d, err := js.Consumer(t.Context(), "LINES", "d")
			s.must(err)
			idle = d.CachedInfo().NumAckPending == 0
		})
		return idle
	})
	once(t, site, n, false)
}

// forgetful takes records, and then says that it failed.
type forgetful struct{ *connectortest.Site }

func (f *forgetful) AppendAt(ctx context.Context, topic string, b connector.Batch) error {
	if err := f.Site.AppendAt(ctx, topic, b); err != nil {
		return err
	}
	return connectortest.ErrFull
}

// TestDurableIsMade reads with a consumer that was not there.
func TestDurableIsMade(t *testing.T) {
	s := startNats(t, nil)
	s.create(jetstream.StreamConfig{Name: "JOBS", Subjects: []string{"job.>"}, Retention: jetstream.WorkQueuePolicy})
	s.publish("job.1", 0, 3)
	if _, err := nats.Spec().Collect(option.Values{}); err == nil {
		t.Error("no settings are enough")
	}
	err := collectorOf(t, s, option.Values{"stream": "JOBS"}).Collect(t.Context(), &connectortest.Site{})
	if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.HintOf(err), "'durable'") {
		t.Errorf("a work queue without a durable consumer: %v", err)
	}
	site := &connectortest.Site{}
	connectortest.Again(t, collectorOf(t, s, option.Values{"stream": "JOBS", "durable": "d", "subjects": "job.*"}), site, 0, took(site, 3))
	once(t, site, 3, true)
}

func TestStart(t *testing.T) {
	s := startNats(t, nil)
	s.create(jetstream.StreamConfig{Name: "LINES", Subjects: []string{"line.*", "other"}})
	s.publish("line.1", 0, 3)
	for _, v := range []option.Values{
		{"start": "new"},
		{"start": "time", "start_time": time.Now().Add(time.Hour).Format(time.RFC3339)},
	} {
		v["stream"], v["subjects"] = "LINES", "line.*"
		c := collectorOf(t, s, v)
		site := &connectortest.Site{}
		connectortest.Again(t, c, site, 0, func() bool { p, _ := site.Position(t.Context()); return p != nil })
		if v["start"] == "time" {
			continue // of the future: nothing comes
		}
		s.publish("other", 10, 11)
		s.publish("line.1", 3, 4) // while nobody reads
		connectortest.Again(t, c, site, 0, took(site, 1))
		if got := string(site.Taken("nats.raw")[0].Value); got != "v3" {
			t.Errorf("%v: read %s", v, got)
		}
	}
}

// TestGap warns of messages that were deleted unread, but not of those of other subjects.
func TestGap(t *testing.T) {
	s := startNats(t, nil)
	s.create(jetstream.StreamConfig{Name: "LINES", Subjects: []string{"line.>"}, MaxMsgs: 10})
	s.publish("line.1", 0, 5)
	c := collectorOf(t, s, option.Values{"stream": "LINES"})
	site := &connectortest.Site{}
	connectortest.Again(t, c, site, 0, took(site, 5))
	s.publish("line.1", 5, 30)
	connectortest.Again(t, c, site, 0, took(site, 15))
	if w := site.Warnings(); len(w) != 1 || !strings.Contains(w[0].Error(), "15 messages behind 5") {
		t.Errorf("warnings %v", w)
	}
	s.client(func(_ *natsgo.Conn, js jetstream.JetStream) { s.must(js.DeleteStream(t.Context(), "LINES")) })
	s.create(jetstream.StreamConfig{Name: "LINES", Subjects: []string{"line.>"}})
	s.publish("line.1", 30, 31)
	connectortest.Again(t, c, site, 0, took(site, 16))
	if w := site.Warnings(); len(w) != 2 || !strings.Contains(w[1].Error(), "made anew") {
		t.Errorf("warnings %v", w)
	}
}

func TestRecord(t *testing.T) {
	s := startNats(t, nil)
	s.create(jetstream.StreamConfig{Name: "LINES", Subjects: []string{"line.>"}})
	s.client(func(_ *natsgo.Conn, js jetstream.JetStream) {
		_, err := js.PublishMsg(t.Context(), &natsgo.Msg{Subject: "line.1", Header: natsgo.Header{"A": {"b", "c"}, "Nats-Msg-Id": {"7"}}})
		s.must(err)
	})
	site := &connectortest.Site{}
	connectortest.Again(t, collectorOf(t, s, option.Values{"stream": "LINES"}), site, 0, took(site, 1))
	r := site.Taken("nats.raw")[0]
	var got []string
	for _, h := range r.Headers {
		got = append(got, h.Name+"="+string(h.Value))
	}
	want := []string{"millrace.source=test", "nats.subject=line.1", "nats.stream=LINES", "nats.sequence=1", "A=b", "A=c", "Nats-Msg-Id=7"}
	if diff := cmp.Diff(want, got); diff != "" || string(r.Key) != "line.1" || time.Since(r.Time) > time.Minute || r.Value == nil {
		t.Errorf("%s%+v", diff, r)
	}
}

// TestSubjects listens, alone and as one of a group, and ends when the server goes.
func TestSubjects(t *testing.T) {
	const n = 5000
	s := startNats(t, nil)
	one, two := &connectortest.Site{}, &connectortest.Site{}
	ended := make(chan error, 2)
	for _, site := range []*connectortest.Site{one, two} {
		c := collectorOf(t, s, option.Values{"subjects": "line.*,hall.>", "queue_group": "g"})
		go func() { ended <- c.Collect(t.Context(), site) }()
	}
	for deadline := time.Now().Add(10 * time.Second); !subscribed(s); {
		if time.Now().After(deadline) {
			t.Fatal("nobody listens")
		}
	}
	s.client(func(nc *natsgo.Conn, _ jetstream.JetStream) {
		for i := range n {
			s.must(nc.Publish([]string{"line.1", "hall.a.b"}[i%2], fmt.Append(nil, "v", i)))
		}
		s.must(nc.Flush())
	})
	both := func() int { return len(one.Taken("nats.raw")) + len(two.Taken("nats.raw")) }
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for both() < n && ctx.Err() == nil {
		wait, end := context.WithTimeout(ctx, 100*time.Millisecond)
		_ = one.Await(wait, func() bool { return both() >= n })
		end()
	}
	if both() != n || len(one.Taken("nats.raw")) == 0 || len(two.Taken("nats.raw")) == 0 {
		t.Errorf("%d and %d records", len(one.Taken("nats.raw")), len(two.Taken("nats.raw")))
	}
	s.stop()
	for range 2 {
		if err := <-ended; !errors.Is(err, fault.Unavailable) {
			t.Errorf("ended with %v", err)
		}
	}
}

// subscribed says whether all members of the group of TestSubjects listen.
func subscribed(s *server) bool {
	z, err := s.srv.Subsz(&natsserver.SubszOptions{Subscriptions: true})
	if err != nil {
		return false
	}
	n := 0
	for _, sub := range z.Subs {
		if sub.Queue == "g" {
			n++
		}
	}
	return n == 4
}

func TestPreview(t *testing.T) {
	s := startNats(t, nil)
	s.create(jetstream.StreamConfig{Name: "LINES", Subjects: []string{"line.>"}})
	s.create(jetstream.StreamConfig{Name: "JOBS", Subjects: []string{"job.>"}, Retention: jetstream.WorkQueuePolicy})
	s.publish("line.1", 0, 50)
	s.publish("job.1", 0, 50)
	for _, v := range []option.Values{{"stream": "LINES", "start": "new"}, {"stream": "JOBS", "durable": "d", "subjects": "job.1"}} {
		enough := errors.New("enough")
		n := 0
		site := &connectortest.Site{Look: true, Fail: func(_ string, records []connector.Record) error { n += len(records); return enough }}
		if err := collectorOf(t, s, v).Collect(t.Context(), site); !errors.Is(err, enough) || n != 10 {
			t.Errorf("%v: preview of %d: %v", v, n, err)
		}
		s.client(func(_ *natsgo.Conn, js jetstream.JetStream) {
			stream, err := js.Stream(t.Context(), v["stream"])
			s.must(err)
			if i := stream.CachedInfo(); i.State.Consumers != 0 || i.State.Msgs != 50 {
				t.Errorf("%v: left %+v", v, i.State)
			}
		})
	}
}

func TestTest(t *testing.T) {
	s := startNats(t, func(o *natsserver.Options) {
		o.Users = []*natsserver.User{
			{Username: "ann", Password: "right"},
			{Username: "bob", Password: "right", Permissions: &natsserver.Permissions{Subscribe: &natsserver.SubjectPermission{Deny: []string{"secret.>"}}}},
		}
	})
	plain := startNats(t, func(o *natsserver.Options) { o.JetStream = false })
	token := startNats(t, func(o *natsserver.Options) { o.Authorization = "hunter2" })
	f := func(kind fault.Kind, hint string, v option.Values) {
		t.Helper()
		err := collectorOf(t, s, v).(connector.Tester).Test(t.Context())
		if fault.KindOf(err) != kind || !strings.Contains(fault.HintOf(err), hint) {
			t.Errorf("%v: %v, hint %q", v, err, fault.HintOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "hunter") {
			t.Errorf("the password is in %v", err)
		}
	}
	f(0, "", option.Values{"subjects": "a", "user": "ann", "password": "right"})
	f(fault.Denied, "'password'", option.Values{"subjects": "a", "user": "ann", "password": "hunter3"})
	f(fault.Denied, "'password'", option.Values{"subjects": "a"})
	f(fault.Denied, "subscribe", option.Values{"subjects": "secret.a", "user": "bob", "password": "right"})
	f(fault.NotFound, "create the stream", option.Values{"stream": "none", "user": "ann", "password": "right"})
	f(fault.Invalid, "with JetStream", option.Values{"stream": "none", "servers": plain.addr()})
	f(0, "", option.Values{"subjects": "a", "servers": token.addr(), "token": "hunter2"})
	f(fault.Denied, "'token'", option.Values{"subjects": "a", "servers": token.addr(), "token": "hunter3"})
	f(fault.Unavailable, "listens there", option.Values{"subjects": "a", "servers": "127.0.0.1:1"})
	f(0, "", option.Values{"subjects": "a", "servers": "127.0.0.1:1," + plain.addr()})
}

func TestSettings(t *testing.T) {
	f := func(want string, v option.Values) {
		t.Helper()
		v, err := option.Check("nats", nats.Spec().Options, v)
		if err == nil {
			_, err = nats.Spec().Collect(v)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", v, err, want)
		}
	}
	f("is needed", option.Values{})
	f("are of a stream", option.Values{"subjects": "a", "durable": "d"})
	f("not of a stream", option.Values{"stream": "a", "queue_group": "d"})
	f("only of use together", option.Values{"stream": "a", "start": "time"})
	f("is no time", option.Values{"stream": "a", "start": "time", "start_time": "noon"})
	f("more than one", option.Values{"stream": "a", "user": "a", "token": "b"})
	f("nkey_file", option.Values{"stream": "a", "nkey_file": "/nowhere"})
}
