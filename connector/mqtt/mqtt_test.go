package mqtt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/fault"
	"millrace/option"
)

func tally(site *connectortest.Site) map[string]int {
	seen := map[string]int{}
	for _, r := range site.Taken("mqtt.raw") {
		seen[string(r.Value)]++
	}
	return seen
}

func arrived(site *connectortest.Site, n int) func() bool {
	return func() bool { return len(site.Taken("mqtt.raw")) >= n && len(tally(site)) >= n }
}

func check(t *testing.T, site *connectortest.Site, n int, once bool) {
	t.Helper()
	seen := tally(site)
	for i := range n {
		if c := seen[fmt.Sprint("v", i)]; c == 0 || once && c > 1 {
			t.Fatalf("v%d came %d times", i, c)
		}
	}
	t.Logf("%d messages, %d records", n, len(site.Taken("mqtt.raw")))
}

// leaky is a site that sometimes takes records and then says that it failed, as the kill of a node does it: nothing of
// it is acknowledged.
type leaky struct{ *connectortest.Site }

func (l leaky) Append(ctx context.Context, topic string, records []connector.Record) error {
	return errors.Join(l.Site.Append(ctx, topic, records), sometimes())
}

func (l leaky) AppendAt(ctx context.Context, topic string, b connector.Batch) error {
	return errors.Join(l.Site.AppendAt(ctx, topic, b), sometimes())
}

func sometimes() error {
	if rand.IntN(8) == 0 {
		return connectortest.ErrFull
	}
	return nil
}

// leaking is a collector whose site is leaky.
type leaking struct{ c *collector }

func (l leaking) Collect(ctx context.Context, site connector.Site) error {
	return l.c.Collect(ctx, leaky{site.(*connectortest.Site)})
}

// TestSession reads through cuts, lost acknowledgements, refusals of the bus and a restart of the broker.
func TestSession(t *testing.T) {
	for _, protocol := range []string{"5", "3.1.1"} {
		for _, qos := range []byte{1, 2} {
			t.Run(fmt.Sprintf("%s/QoS%d", protocol, qos), func(t *testing.T) {
				t.Parallel()
				const n = 5000
				const cut = 200 * time.Millisecond
				s := startMosquitto(t, "")
				c := s.collector(option.Values{"topics": "plant/+/line, hall/#", "protocol": protocol, "qos": fmt.Sprint(qos)})
				site := &connectortest.Site{Fail: connectortest.FailEvery(9)}
				// The session begins: from here on nothing is lost.
				connectortest.Again(t, c, site, 0, func() bool { p, _ := site.Position(t.Context()); return strings.Contains(string(p), "hall/#") })
				if qos == 2 {
					s.warmUp(c, site)
				}
				s.publish("plant/1/line", 0, n/2, qos, false)
				connectortest.Again(t, leaking{c}, site, cut, arrived(site, n/4))

				site.Fail = nil
				ended := make(chan error, 1)
				go func() { ended <- c.Collect(t.Context(), site) }()
				if err := site.Await(t.Context(), arrived(site, n/3)); err != nil {
					t.Fatal(err)
				}
				s.stop()
				if err := <-ended; !errors.Is(err, fault.Unavailable) {
					t.Errorf("ended with %v", err)
				}
				if err := c.Collect(t.Context(), site); !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "listens there") {
					t.Errorf("without a broker: %v", err)
				}
				s.start()
				s.publish("hall/a/b", n/2, n, qos, false)
				connectortest.Again(t, leaking{c}, site, cut, arrived(site, n))
				check(t, site, n, qos == 2)
				if w := site.Warnings(); len(w) > 0 {
					t.Errorf("warnings %v", w)
				}
			})
		}
	}
}

// warmUp sends messages until it is known how the broker counts ids.
func (s *server) warmUp(c *collector, site *connectortest.Site) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	defer cancel()
	calm := &connectortest.Site{}
	noted, err := site.Position(ctx)
	if err == nil {
		err = calm.AppendAt(ctx, "", connector.Batch{Position: noted})
	}
	if err != nil {
		s.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Collect(ctx, calm) }()
	for i := 1; ; i++ {
		s.publish("hall/warm", -i, 1-i, 2, false)
		if err := calm.Await(ctx, func() bool { return len(calm.Taken("mqtt.raw")) >= i }); err != nil {
			s.Fatal(err)
		}
		if noted, err = calm.Position(ctx); err != nil || strings.Contains(string(noted), fmt.Sprintf(`"steps":%d`, enoughSteps)) {
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		s.Fatal(err)
	}
	noted, _ = calm.Position(s.Context())
	site.Fail = nil
	if err := site.AppendAt(s.Context(), "", connector.Batch{Position: noted}); err != nil {
		s.Fatal(err)
	}
	site.Fail = connectortest.FailEvery(9)
}

// TestLostSession notes nothing of a session that the broker has forgotten.
func TestLostSession(t *testing.T) {
	s := startMosquitto(t, "")
	c := s.collector(option.Values{"topics": "a", "qos": "2"})
	site := &connectortest.Site{}
	stale := state{of: c.sessionName("millrace-test"), filters: map[string]byte{"a": 2, "b": 2}, held: map[uint16]uint32{1: 5, 2: 6}}
	if err := site.AppendAt(t.Context(), "mqtt.raw", connector.Batch{Position: stale.bytes()}); err != nil {
		t.Fatal(err)
	}
	connectortest.Again(t, c, site, 0, func() bool { p, _ := site.Position(t.Context()); return strings.Contains(string(p), `{"a":2}`) })
	s.publish("a", 0, 3, 2, false)
	connectortest.Again(t, c, site, 0, arrived(site, 3))
	check(t, site, 3, true)
}

// TestRetained takes what is retained once, or not at all.
func TestRetained(t *testing.T) {
	for _, protocol := range []string{"5", "3.1.1"} {
		for _, wanted := range []string{"true", "false"} {
			t.Run(protocol+"/"+wanted, func(t *testing.T) {
				s := startMosquitto(t, "")
				s.publish("a", 0, 1, 1, true)
				c := s.collector(option.Values{"topics": "a", "protocol": protocol, "retained": wanted})
				site := &connectortest.Site{}
				connectortest.Again(t, c, site, 0, func() bool {
					p, _ := site.Position(t.Context())
					return strings.Contains(string(p), `"a"`) && (wanted == "false" || len(site.Taken("mqtt.raw")) > 0)
				})
				s.publish("a", 1, 2, 1, false)
				connectortest.Again(t, c, site, 0, func() bool { return tally(site)["v1"] > 0 })
				want := map[string]int{"v1": 1}
				if wanted == "true" {
					want["v0"] = 1
				}
				if diff := cmp.Diff(want, tally(site)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// TestFiltersChange unsubscribes what is no longer wanted.
func TestFiltersChange(t *testing.T) {
	s := startMosquitto(t, "")
	site := &connectortest.Site{}
	noted := func(text string) func() bool {
		return func() bool { p, _ := site.Position(t.Context()); return strings.Contains(string(p), text) }
	}
	connectortest.Again(t, s.collector(option.Values{"topics": "a,b"}), site, 0, noted(`{"a":1,"b":1}`))
	c := s.collector(option.Values{"topics": "b,c"})
	connectortest.Again(t, c, site, 0, noted(`{"b":1,"c":1}`))
	s.publish("a", 0, 5, 1, false)
	s.publish("b", 5, 6, 1, false)
	s.publish("c", 6, 7, 1, false)
	connectortest.Again(t, c, site, 0, arrived(site, 2))
	if diff := cmp.Diff(map[string]int{"v5": 1, "v6": 1}, tally(site)); diff != "" {
		t.Error(diff)
	}
}

// TestShared shares a topic between two sources; a preview takes nothing from them.
func TestShared(t *testing.T) {
	const n = 1000
	s := startMosquitto(t, "")
	one, two := &connectortest.Site{}, &connectortest.Site{}
	for i, site := range []*connectortest.Site{one, two} {
		c := s.collector(option.Values{"topics": "$share/g/a", "client_id": fmt.Sprint("c", i)})
		connectortest.Again(t, c, site, 0, func() bool { p, _ := site.Position(t.Context()); return p != nil })
	}
	enough := errors.New("enough")
	looked := make(chan error, 1)
	seen := make(chan struct{})
	look := &connectortest.Site{Look: true, Fail: func(_ string, records []connector.Record) error {
		if len(records) > 0 {
			close(seen)
			return enough
		}
		return nil
	}}
	s.publish("a", 0, 1, 1, true) // a preview sees what is retained at once
	go func() { looked <- s.collector(option.Values{"topics": "$share/g/a"}).Collect(t.Context(), look) }()
	<-seen
	if err := <-looked; !errors.Is(err, enough) {
		t.Errorf("preview: %v", err)
	}
	s.publish("a", 1, n, 1, false)
	for i, site := range []*connectortest.Site{one, two} {
		c := s.collector(option.Values{"topics": "$share/g/a", "client_id": fmt.Sprint("c", i)})
		connectortest.Again(t, c, site, 0, func() bool { return len(site.Taken("mqtt.raw")) >= n/2 })
	}
	a, b := tally(one), tally(two)
	for i := range n {
		if v := fmt.Sprint("v", i); a[v]+b[v] != 1 {
			t.Fatalf("%s came %d and %d times", v, a[v], b[v])
		}
	}
}

func TestQoS0(t *testing.T) {
	const n = 2000
	s := startMosquitto(t, "")
	c := s.collector(option.Values{"topics": "a", "qos": "0"})
	site := &connectortest.Site{}
	s.publish("a", n, n+1, 1, true) // tells that we are subscribed
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Collect(ctx, site) }()
	if err := site.Await(ctx, func() bool { return len(site.Taken("mqtt.raw")) == 1 }); err != nil {
		t.Fatal(err)
	}
	s.publish("a", 0, n, 0, false)
	if err := site.Await(ctx, arrived(site, n+1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	check(t, site, n, true)
}

// TestTakenOver says why when another client has the same id.
func TestTakenOver(t *testing.T) {
	s := startMosquitto(t, "")
	c := s.collector(option.Values{"topics": "a"})
	site := &connectortest.Site{}
	ended := make(chan error, 1)
	go func() { ended <- c.Collect(t.Context(), site) }()
	if err := site.Await(t.Context(), func() bool { p, _ := site.Position(t.Context()); return p != nil }); err != nil {
		t.Fatal(err)
	}
	other, err := c.connect(t.Context(), identity{client: "millrace-test", clean: true})
	if err != nil {
		t.Fatal(err)
	}
	defer other.shut()
	if err := <-ended; !strings.Contains(fault.HintOf(err), "client_id") { // Mosquitto only hangs up

		t.Errorf("ended with %v", err)
	}
}

// TestWebSocket speaks through WebSocket messages: a tunnel stands before the broker, as Debian's knows none.
func TestWebSocket(t *testing.T) {
	s := startMosquitto(t, "")
	tunnel := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"mqtt"}})
		if err != nil || r.URL.Path != "/mqtt" {
			t.Errorf("%s: %v", r.URL, err)
			return
		}
		outside := websocket.NetConn(r.Context(), ws, websocket.MessageBinary)
		inside, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Error(err)
			return
		}
		defer inside.Close()
		go func() { _, _ = io.Copy(inside, outside); inside.Close() }()
		_, _ = io.Copy(outside, inside)
	}))
	defer tunnel.Close()
	c := s.collector(option.Values{"servers": strings.Replace(tunnel.URL, "https", "wss", 1), "topics": "a", "insecure_skip_verify": "true"})
	site := &connectortest.Site{}
	s.publish("a", 0, 1, 1, true)
	connectortest.Again(t, c, site, 0, arrived(site, 1))
	if err := c.Test(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTest(t *testing.T) {
	dir := t.TempDir()
	users, rights := filepath.Join(dir, "users"), filepath.Join(dir, "rights")
	if err := os.WriteFile(users, []byte("ann:right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("mosquitto_passwd"); err == nil {
		if out, err := exec.Command("mosquitto_passwd", "-U", users).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := os.WriteFile(rights, []byte("user ann\ntopic read open/#\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startMosquitto(t, fmt.Sprintf("allow_anonymous false\npassword_file %s\nacl_file %s\n", users, rights))
	f := func(kind fault.Kind, hint string, v option.Values) {
		t.Helper()
		for _, protocol := range []string{"5", "3.1.1"} {
			v["protocol"] = protocol
			err := s.collector(v).Test(t.Context())
			if fault.KindOf(err) != kind || !strings.Contains(fault.HintOf(err), hint) {
				t.Errorf("%v: %v, hint %q", v, err, fault.HintOf(err))
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password is in %v", err)
			}
		}
	}
	f(0, "", option.Values{"topics": "open/a", "user": "ann", "password": "right"})
	f(0, "", option.Values{"topics": "open/a", "user": "ann", "password": "right", "servers": "127.0.0.1:1," + s.addr})
	f(fault.Denied, "'password'", option.Values{"topics": "open/a", "user": "ann", "password": "hunter2"})
	f(fault.Denied, "'password'", option.Values{"topics": "open/a"})
	f(fault.Unavailable, "listens there", option.Values{"topics": "a", "servers": "127.0.0.1:1"})
}

func TestSettings(t *testing.T) {
	f := func(want string, v option.Values) {
		t.Helper()
		v, err := option.Check("mqtt", Spec().Options, v)
		if err == nil {
			_, err = Spec().Collect(v)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", v, err, want)
		}
	}
	f(`"topics"`, option.Values{})
	f("# stands alone", option.Values{"topics": "a/#/b"})
	f("# stands alone", option.Values{"topics": "a#"})
	f("+ stands alone", option.Values{"topics": "a/b+"})
	f("$share/GROUP/TOPIC", option.Values{"topics": "$share/a"})
	f(`none of 0, 1, 2`, option.Values{"topics": "a", "qos": "3"})
	f("in_flight", option.Values{"topics": "a", "in_flight": "0"})
	f("keep_alive", option.Values{"topics": "a", "keep_alive": "1 d"})
	f("has a user in it", option.Values{"topics": "a", "servers": "mqtt://ann:pw@host"})
}
