package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"millrace/fault"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// listen serves a bench on a port, live messages included, until the test ends. stop ends it before.
func (b *bench) listen() (stop func()) {
	b.t.Helper()
	b.web = httptest.NewServer(b.s)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
		b.web.Close()
	})
	b.t.Cleanup(stop)
	return stop
}

// socket is one live connection of a test.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

func (b *bench) dial(options *websocket.DialOptions) (*socket, *http.Response, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(b.web.URL, "http")+"/ws/realtime", options)
	if err != nil {
		return nil, resp, err
	}
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{b.t, conn}, resp, nil
}

func (b *bench) mustDial() *socket {
	b.t.Helper()
	c, _, err := b.dial(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (c *socket) send(text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *socket) read() (map[string]any, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	_, data, err := c.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(data, &m)
}

// next returns the next message that has all of the wanted values, given in pairs; "base" stands for
// the base message.
func (c *socket) next(pairs ...string) map[string]any {
	c.t.Helper()
	var seen []string
messages:
	for {
		m, err := c.read()
		if err != nil {
			c.t.Fatalf("no message with %v: %v; seen %v", pairs, err, seen)
		}
		seen = append(seen, fmt.Sprint(m))
		if pairs[0] == "base" {
			if m["op"] == nil && m["channel"] == nil {
				return m
			}
			continue
		}
		for i := 0; i < len(pairs); i += 2 {
			if fmt.Sprint(m[pairs[i]]) != pairs[i+1] {
				continue messages
			}
		}
		return m
	}
}

func TestBaseMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.listen()
	c := b.mustDial()
	var times []time.Time
	for range 3 {
		m := c.next("base")
		metrics := m["metrics"].(map[string]any)
		if len(m) != 2 || len(metrics) != 3 || metrics["cpu"] != 12.5 || metrics["memory"] != 40.25 || metrics["requests_per_second"] != 12.346 {
			t.Fatalf("%v", m)
		}
		at, err := time.Parse(time.RFC3339, m["timestamp"].(string))
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, at)
	}
	if times[2].Sub(times[1]) != time.Second || times[1].Nanosecond() != 0 {
		t.Errorf("messages at %v", times)
	}
}

func TestMissingFiguresAreNull(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fake.points = nil
	if text := b.s.live.base(time.Now()); text != nil {
		t.Errorf("at the start: %s", text)
	}
	text := b.s.live.base(time.Now().Add(2 * beatPatience))
	if !strings.Contains(string(text), `"metrics":{"cpu":null,"memory":null`) {
		t.Errorf("later: %s", text)
	}
}

func TestMetricsChannel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.listen()
	c := b.mustDial()
	c.send(`{"op": "subscribe", "id": "a", "channel": "metrics", "names": ["cpu_core_usage"]}`)
	c.next("op", "subscribed", "id", "a")
	for seq := 1; seq <= 2; seq++ {
		m := c.next("channel", "metrics", "id", "a")
		points := m["points"].([]any)
		if m["seq"] != float64(seq) || len(points) != 2 {
			t.Fatalf("%v", m)
		}
		p := points[0].(map[string]any)
		if p["metric"] != "cpu_core_usage" || p["tags"].(map[string]any)["core"] == nil {
			t.Errorf("%v", p)
		}
	}
	c.send(`{"op": "unsubscribe", "id": "a"}`)
	c.send(`{"op": "subscribe", "id": "a", "channel": "metrics", "names": ["disk_io"]}`)
	c.next("op", "subscribed", "id", "a")
	if m := c.next("channel", "metrics"); m["seq"] != 1.0 {
		t.Errorf("%v", m)
	}
}

func TestTopicChannel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.listen()
	c, other := b.mustDial(), b.mustDial()
	for _, s := range []*socket{c, other} {
		s.send(`{"op": "subscribe", "id": "b", "channel": "topic", "topic": "sensors.stats"}`)
		s.next("op", "subscribed", "id", "b")
	}
	eventually(t, func() error {
		if n := b.fake.produce("sensors.stats", Record{Partition: 2, Offset: 9, Time: time.Unix(0, 0), Key: []byte("k"), Value: []byte(`{"id":"s001"}`)}); n != 1 {
			return fmt.Errorf("%d tails, want the one that both share", n)
		}
		return nil
	})
	for _, s := range []*socket{c, other} {
		m := s.next("channel", "topic", "id", "b")
		r := m["records"].([]any)[0].(map[string]any)
		if m["dropped"] != 0.0 || m["seq"] != 1.0 || r["partition"] != 2.0 || r["offset"] != 9.0 || r["key"] != "k" ||
			r["timestamp"] != "1970-01-01T00:00:00Z" || r["value"].(map[string]any)["id"] != "s001" {
			t.Errorf("%v", m)
		}
	}
	_ = c.conn.CloseNow()
	other.send(`{"op": "unsubscribe", "id": "b"}`)
	eventually(t, func() error {
		b.fake.mu.Lock()
		defer b.fake.mu.Unlock()
		if n := len(b.fake.tails["sensors.stats"]); n != 0 {
			return fmt.Errorf("%d tails are left", n)
		}
		return nil
	})
}

func TestManyRecordsAreCoalesced(t *testing.T) {
	var w window
	for i := range 1000 {
		w.add(Record{Offset: int64(i), Value: []byte("1")})
	}
	records, dropped := w.take()
	if len(records) != maxTopicRecords || dropped != 1000-maxTopicRecords || records[len(records)-1].Offset != 999 {
		t.Errorf("%d records, %d dropped", len(records), dropped)
	}
	for range 10 {
		w.add(Record{Value: make([]byte, 60<<10)})
	}
	if records, dropped := w.take(); len(records) != 4 || dropped != 6 {
		t.Errorf("%d large records, %d dropped", len(records), dropped)
	}
}

func TestBusThatComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fake.tailErr = fault.New(fault.Unavailable, "the broker is away")
	b.listen()
	c := b.mustDial()
	c.send(`{"op": "subscribe", "id": "b", "channel": "topic", "topic": "sensors.stats"}`)
	p := c.next("op", "error", "id", "b")["error"].(map[string]any)
	if p["status"] != 503.0 || p["detail"] != "the broker is away" {
		t.Errorf("%v", p)
	}
	b.fake.mu.Lock()
	b.fake.tailErr, b.fake.tails = nil, map[string][]chan Record{}
	b.fake.mu.Unlock()
	eventually(t, func() error {
		if b.fake.produce("sensors.stats", Record{Value: []byte("1")}) == 0 {
			return errors.New("nobody tails")
		}
		return nil
	})
	c.next("channel", "topic", "id", "b")
}

func TestQueryChannel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.listen()
	c := b.mustDial()
	c.send(`{"op": "subscribe", "id": "c", "channel": "query", "sql": "SELECT 1", "interval_ms": 1000}`)
	c.next("op", "subscribed", "id", "c")
	for seq := 1; seq <= 2; seq++ {
		m := c.next("channel", "query", "id", "c")
		if m["seq"] != float64(seq) || len(m["columns"].([]any)) != 1 || len(m["rows"].([]any)) != 1 {
			t.Fatalf("%v", m)
		}
	}
	// A second client gets at once what the first has.
	d := b.mustDial()
	d.send(`{"op": "subscribe", "id": "x", "channel": "query", "sql": "SELECT 1", "interval_ms": 1000}`)
	d.next("channel", "query", "id", "x")

	b.fake.mu.Lock()
	b.fake.sqlErr = fault.New(fault.Unavailable, "the store rests")
	b.fake.mu.Unlock()
	c.next("op", "error", "id", "c")
	b.fake.mu.Lock()
	b.fake.sqlErr = nil
	b.fake.mu.Unlock()
	c.next("channel", "query", "id", "c")

	b.fake.mu.Lock()
	b.fake.sqlErr = fault.New(fault.Invalid, "no column x")
	b.fake.mu.Unlock()
	c.next("op", "error", "id", "c")
	eventually(t, func() error {
		b.s.live.mu.Lock()
		defer b.s.live.mu.Unlock()
		if n := len(b.s.live.feeds); n != 0 {
			return fmt.Errorf("%d feeds are left", n)
		}
		return nil
	})
}

func TestRefusedSubscriptions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.listen()
	c := b.mustDial()
	f := func(message, id string, status int, want string) {
		t.Helper()
		c.send(message)
		m := c.next("op", "error")
		p := m["error"].(map[string]any)
		if m["id"] != id || p["status"] != float64(status) || !strings.Contains(fmt.Sprint(p), want) {
			t.Errorf("%s: %v", message, m)
		}
	}
	f(`{`, "", 422, "not understood")
	f(`[1]`, "", 422, "not understood")
	f(`{"op": "subscribe", "channel": "metrics", "names": ["a"]}`, "", 422, "id is missing")
	f(`{"op": "subscribe", "id": "ü", "channel": "metrics", "names": ["a"]}`, "", 422, "ASCII")
	f(`{"op": "subscribe", "id": "a"}`, "a", 422, "the channels are")
	f(`{"op": "subscribe", "id": "a", "channel": "metrics"}`, "a", 422, "names")
	f(`{"op": "subscribe", "id": "a", "channel": "topic"}`, "a", 422, "topic")
	f(`{"op": "subscribe", "id": "a", "channel": "topic", "topic": "sensors.stat"}`, "a", 404, "sensors.stats")
	f(`{"op": "subscribe", "id": "a", "channel": "query"}`, "a", 422, "sql")
	f(`{"op": "subscribe", "id": "a", "channel": "query", "sql": "SELECT 1", "interval_ms": 10}`, "a", 422, "1000")
	f(`{"op": "dance", "id": "a"}`, "a", 422, "the ops are")
	c.send(`{"op": "subscribe", "id": "a\"\\", "channel": "metrics", "names": ["cpu_usage"]}`)
	c.next("op", "subscribed", "id", `a"\`)
	c.next("channel", "metrics", "id", `a"\`)
	f(`{"op": "subscribe", "id": "a\"\\", "channel": "metrics", "names": ["a"]}`, `a"\`, 409, "in use")
	for i := range maxSubscriptions - 1 {
		c.send(fmt.Sprintf(`{"op": "subscribe", "id": "m%d", "channel": "metrics", "names": ["cpu_usage"]}`, i))
	}
	f(`{"op": "subscribe", "id": "more", "channel": "metrics", "names": ["a"]}`, "more", 429, "at most 32")
}

func TestConnectionsThatAreClosed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	stop := b.listen()
	f := func(c *socket, want websocket.StatusCode) {
		t.Helper()
		for {
			if _, err := c.read(); err != nil {
				if got := websocket.CloseStatus(err); got != want {
					t.Errorf("closed with %v (%v), want %v", got, err, want)
				}
				return
			}
		}
	}
	c := b.mustDial()
	c.send(strings.Repeat(" ", maxMessageBytes+1))
	f(c, websocket.StatusMessageTooBig)

	c = b.mustDial()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageBinary, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	f(c, websocket.StatusUnsupportedData)

	c = b.mustDial()
	for range maxRequests + 1 {
		if c.conn.Write(ctx, websocket.MessageText, []byte(`{"op": "auth"}`)) != nil {
			break
		}
	}
	f(c, websocket.StatusPolicyViolation)

	c = b.mustDial()
	c.next("base")
	go stop()
	f(c, websocket.StatusGoingAway)
}

func TestSlowClientMissesMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := &client{l: b.s.live, out: make(chan []byte, 2), going: make(chan struct{})}
	f := &feed{channel: "topic", subs: map[*subscription]bool{}}
	sub := &subscription{client: c, feed: f, id: "a"}
	f.add(sub)
	f.begin(sub)
	for range 5 {
		f.publish([]byte(`"records":[]}`), 10, 0)
	}
	<-c.out
	<-c.out
	f.publish([]byte(`"records":[]}`), 10, 3)
	var m map[string]any
	if err := json.Unmarshal(<-c.out, &m); err != nil || m["seq"] != 6.0 || m["dropped"] != 33.0 {
		t.Errorf("%v, %v", m, err)
	}
}

func TestLiveOrigins(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(d *Deps) { d.Security.Origins = []string{"https://good.example"} })
	b.listen()
	f := func(origin string, status int) {
		t.Helper()
		_, resp, err := b.dial(&websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}})
		if resp == nil || resp.StatusCode != status {
			t.Errorf("origin %s: %v, %v", origin, resp, err)
		}
	}
	f("https://good.example", 101)
	f(b.web.URL, 101)
	f("https://evil.example", 403)
	f("null", 403)
	b.want(426, b.ask("GET", "/ws/realtime", ""))
}

func TestLiveTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t, withTokens)
	b.listen()
	live := func(c *socket, _ *http.Response, err error) *socket {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	live(b.dial(&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + viewerToken}}})).next("base")
	c, resp, err := b.dial(&websocket.DialOptions{Subprotocols: []string{"millrace", "bearer." + viewerToken}})
	live(c, resp, err).next("base")
	if c.conn.Subprotocol() != "millrace" {
		t.Errorf("subprotocol %q", c.conn.Subprotocol())
	}
	c = b.mustDial()
	c.send(`{"op": "auth", "token": "` + viewerToken + `"}`)
	c.next("base")

	f := func(message string) {
		t.Helper()
		c := b.mustDial()
		c.send(message)
		if m, err := c.read(); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("%s: %v, %v", message, m, err)
		}
	}
	f(`{"op": "auth", "token": "wrong"}`)
	f(`{"op": "auth", "token": "` + ingestToken + `"}`)
	f(`{"op": "subscribe", "id": "a", "channel": "metrics", "names": ["cpu_usage"]}`)
	f(`{`)
}

// eventually tries f until it succeeds.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		<-tick.C
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(`{"op": "subscribe", "id": "a", "channel": "metrics", "names": ["x"]}`)
	f.Add(`{"op": "subscribe", "id": "\u0000", "interval_ms": -1e99}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRequest([]byte(text))
		if err == nil && strings.ContainsFunc(r.ID, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Errorf("id %q", r.ID)
		}
		if d, err := r.interval(); err == nil && (d < minQueryInterval || d > maxQueryInterval) {
			t.Errorf("interval %v", d)
		}
	})
}

// BenchmarkBeat is the cost of one second with a thousand clients and one subscription shared by all,
// the writing to sockets left out.
func BenchmarkBeat(b *testing.B) {
	f := newFake()
	s := New(deps(f, slog.New(slog.DiscardHandler)))
	for range 1000 {
		c := &client{l: s.live, out: make(chan []byte, queueLength), going: make(chan struct{}), subs: map[string]*subscription{}}
		if err := s.live.join(c); err != nil {
			b.Fatal(err)
		}
		want, err := s.live.feedFor(b.Context(), &clientRequest{ID: "a", Channel: "metrics", Names: []string{"cpu_core_usage"}})
		if err != nil {
			b.Fatal(err)
		}
		sub := &subscription{client: c, id: "a"}
		if _, err := s.live.hook(sub, want); err != nil {
			b.Fatal(err)
		}
		sub.feed.begin(sub)
	}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		s.live.beat(now)
		for c := range s.live.clients {
			for len(c.out) > 0 {
				<-c.out
			}
		}
	}
}
