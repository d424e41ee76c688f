package sources

import (
	"context"
	"fmt"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"millrace/internal/port"
)

// TestNATS reads a JetStream stream by its sequence, and a work queue with a durable consumer.
func TestNATS(t *testing.T) {
	t.Parallel()
	s := startNats(t)
	s.stream(jetstream.StreamConfig{Name: "READINGS", Subjects: []string{"readings.>"}})
	s.stream(jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Retention: jetstream.WorkQueuePolicy})
	flow := func(stream, name string) *flow {
		return &flow{
			name: name, connector: "nats", once: true, lag: true,
			options: map[string]string{"servers": s.addr(), "user": "millrace", "password": "right", "stream": stream, "topic": name},
			publish: func(from, upto int) error { return s.publish(name+".new", from, upto) },
			bad:     func() error { return s.send(name+".new", tooLarge()) },
			bads:    1, reason: "the record has",
			wrong: []wrong{
				{map[string]string{"password": "not-this-one"}, "'password'"},
				{map[string]string{"servers": port.Free(t)}, "no servers available"},
				{map[string]string{"stream": "NONE"}, "stream not found"},
			},
		}
	}
	bySequence, queue := flow("READINGS", "readings"), flow("ORDERS", "orders")
	queue.byAPI, queue.options["durable"] = true, "millrace"
	queue.preview = map[string]string{"stream": "READINGS"} // the queue may be empty
	collect(t, s, bySequence, queue)
}

// TestNATSSubjects listens to subjects: all that is sent while it listens is there, once.
func TestNATSSubjects(t *testing.T) {
	t.Parallel()
	s := startNats(t)
	p := prepare(t)
	f := &flow{name: "live", connector: "nats", options: map[string]string{
		"servers": s.addr(), "user": "millrace", "password": "right", "subjects": "live.>", "topic": "live",
	}}
	p.configure(f)
	p.start()
	l := openLedger(t, p, "live", numbered)
	eventually(t, startUp, func() error {
		if n := s.srv.NumSubscriptions(); n == 0 {
			return fmt.Errorf("%d subscriptions", n)
		}
		return s.srvHas("live.new")
	})
	began := time.Now()
	for from := 0; from < records; from += 1000 {
		s.core("live.new", from, from+1000)
		l.await(from+1000, none)
	}
	doubled := l.settle(records)
	t.Logf("live (nats, subjects): %d records, no kill, %d doubled, %.1f s", len(l.seen), doubled, time.Since(began).Seconds())
	if doubled > 0 {
		t.Errorf("%d records are there twice, want none", doubled)
	}
}

// natsServer is NATS in this process; it keeps its streams when it is stopped.
type natsServer struct {
	t    *testing.T
	opts *natsserver.Options
	srv  *natsserver.Server
}

func startNats(t *testing.T) *natsServer {
	t.Helper()
	s := &natsServer{t: t, opts: &natsserver.Options{
		Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(), Username: "millrace", Password: "right",
	}}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *natsServer) start() {
	s.t.Helper()
	var err error
	if s.srv, err = natsserver.NewServer(s.opts.Clone()); err != nil {
		s.t.Fatal(err)
	}
	s.srv.Start()
	if !s.srv.ReadyForConnections(startUp) {
		s.t.Fatal("NATS does not start")
	}
	if _, err := fmt.Sscan(port.Of(s.srv.Addr().String()), &s.opts.Port); err != nil {
		s.t.Fatal(err)
	}
}

func (s *natsServer) stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}

func (s *natsServer) addr() string { return fmt.Sprint("127.0.0.1:", s.opts.Port) }

// srvHas wants a subscriber of a subject.
func (s *natsServer) srvHas(subject string) error {
	found, err := s.srv.Subsz(&natsserver.SubszOptions{Subscriptions: true, Test: subject})
	if err == nil && found.Total == 0 {
		err = fmt.Errorf("nobody listens to %s", subject)
	}
	return err
}

func (s *natsServer) connect() (*nats.Conn, error) {
	return nats.Connect("nats://"+s.addr(), nats.UserInfo("millrace", "right"))
}

func (s *natsServer) stream(cfg jetstream.StreamConfig) {
	s.t.Helper()
	nc, err := s.connect()
	if err != nil {
		s.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err == nil {
		_, err = js.CreateStream(s.t.Context(), cfg)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// publish sends records to a stream and returns when it has them.
func (s *natsServer) publish(subject string, from, upto int) error {
	all := make([]string, 0, upto-from)
	for id := from; id < upto; id++ {
		all = append(all, line(id))
	}
	return s.send(subject, all...)
}

func (s *natsServer) send(subject string, all ...string) error {
	nc, err := s.connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(1000))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	var waiting []jetstream.PubAckFuture
	for _, text := range all {
		ack, err := js.PublishAsync(subject, []byte(text), jetstream.WithStallWait(settle))
		if err != nil {
			return err
		}
		waiting = append(waiting, ack)
	}
	for _, ack := range waiting {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// core sends records to whoever listens.
func (s *natsServer) core(subject string, from, upto int) {
	s.t.Helper()
	nc, err := s.connect()
	if err != nil {
		s.t.Fatal(err)
	}
	defer nc.Close()
	for id := from; id < upto; id++ {
		if err := nc.Publish(subject, []byte(line(id))); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		s.t.Fatal(err)
	}
}
