package syslog

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/connector"
	"millrace/connector/connectortest"
	"millrace/fault"
	"millrace/option"
)

// patience is how long anything may take. Only a broken collector waits for it.
const patience = 30 * time.Second

const topic = "logs.syslog"

func configured(settings ...string) (*collector, error) {
	vals := option.Values{}
	for i := 0; i < len(settings); i += 2 {
		vals[settings[i]] = settings[i+1]
	}
	vals, err := option.Check("syslog", options(), vals)
	if err != nil {
		return nil, err
	}
	return newCollector(vals)
}

// newTest makes a collector on a port that nobody listens on, of settings in turn: name, value.
func newTest(t *testing.T, settings ...string) *collector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := configured(append([]string{"listen", l.Addr().String(), "time_zone", "UTC"}, settings...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// listening tells when a collector has opened its sockets.
type listening struct {
	connector.Site
	once sync.Once
	now  chan struct{}
}

func (l *listening) SetLag(n int64) {
	l.once.Do(func() { close(l.now) })
	l.Site.SetLag(n)
}

func start(t *testing.T, c *collector, site connector.Site) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	l := &listening{Site: site, now: make(chan struct{})}
	go func() { done <- c.Collect(ctx, l) }()
	select {
	case <-l.now:
	case err := <-done:
		t.Fatalf("collect: %v", err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("collect: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func await(t *testing.T, site *connectortest.Site, until func() bool) {
	t.Helper()
	site.AwaitFor(t, patience, topic, until)
}

func dial(t *testing.T, c *collector, network string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, c.listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestRecords(t *testing.T) {
	c := newTest(t)
	c.now = func() time.Time { return time.Now() }
	site := &connectortest.Site{}
	start(t, c, site)
	conn := dial(t, c, "tcp")
	five := `<165>1 2003-10-11T22:14:15.003Z host app 7 ID47 [id@1 a="b"] one` + "\ntwo"
	fmt.Fprintf(conn, "%d %s<13>\x1b[1;31mred\x1b[0m and #033[32mgreen\nno priority\n<13>1 wrong\n<13>last", len(five), five)
	conn.Close()
	await(t, site, func() bool { return len(site.Taken(topic)) == 3 && len(site.Refused(topic)) == 2 })
	recs := site.Taken(topic)
	want := `{"timestamp":"2003-10-11T22:14:15.003Z","host":"host","app":"app","procid":"7","msgid":"ID47","facility":"local4","severity":"notice","severity_code":5,"structured":{"id@1":{"a":"b"}},"message":"one\ntwo"}`
	if string(recs[0].Value) != want || string(recs[0].Key) != "127.0.0.1" || recs[0].Time.Year() != 2003 {
		t.Errorf("key %s, time %s, value %s", recs[0].Key, recs[0].Time, recs[0].Value)
	}
	var v struct {
		Host, Message string
		Timestamp     time.Time
	}
	if err := json.Unmarshal(recs[1].Value, &v); err != nil || v.Message != "red and green" || v.Host != "127.0.0.1" || time.Since(v.Timestamp) > time.Minute {
		t.Errorf("%s: %v", recs[1].Value, err)
	}
	for i, why := range []string{"a message begins with one", "the header ends"} {
		if r := site.Refused(topic)[i]; !strings.Contains(r.Reason.Error(), why) || string(r.Headers[1].Value) != "127.0.0.1" {
			t.Errorf("refused %q: %v", r.Value, r.Reason)
		}
	}
}

// TestLogger sends with the real program, over UDP and TCP, in both formats and framings.
func TestLogger(t *testing.T) {
	program, err := exec.LookPath("logger")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("logger is not installed")
		}
		t.Skip("logger is not installed: apt-get install -y bsdutils")
	}
	c := newTest(t)
	site := &connectortest.Site{}
	start(t, c, site)
	host, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		t.Fatal(err)
	}
	f := func(message string, args ...string) {
		t.Helper()
		before := len(site.Taken(topic))
		args = append([]string{"-n", host, "-P", port, "-t", "shop", "-p", "local3.warning"}, args...)
		if out, err := exec.Command(program, append(args, message)...).CombinedOutput(); err != nil {
			t.Fatalf("logger %v: %v: %s", args, err, out)
		}
		await(t, site, func() bool { return len(site.Taken(topic)) > before })
		rec := site.Taken(topic)[before]
		var v map[string]any
		if err := json.Unmarshal(rec.Value, &v); err != nil {
			t.Fatal(err)
		}
		if v["message"] != message || v["app"] != "shop" || v["facility"] != "local3" || v["severity"] != "warning" || rec.Time.IsZero() {
			t.Errorf("logger %v: %s at %s", args, rec.Value, rec.Time)
		}
	}
	f("over UDP", "-d")
	f("over UDP, as of RFC 3164", "-d", "--rfc3164")
	f("over TCP, by line ends", "-T")
	f("over TCP, by octet counts", "-T", "--octet-count")
	f("over TCP, by octet counts, as of RFC 3164", "-T", "--octet-count", "--rfc3164")
	f("with structured data", "-T", "--octet-count", "--rfc5424", "--sd-id", "zoo@123", "--sd-param", `tiger="hungry"`)
	if last := site.Taken(topic)[5].Value; !bytes.Contains(last, []byte(`"zoo@123":{"tiger":"hungry"}`)) {
		t.Errorf("structured data: %s", last)
	}
	if len(site.Refused(topic)) > 0 {
		t.Errorf("refused: %v", site.Refused(topic))
	}
}

// TestLoggerManyLines sends 50,000 lines of a file while the bus is away now and then: connections wait.
func TestLoggerManyLines(t *testing.T) {
	program, err := exec.LookPath("logger")
	if err != nil {
		t.Skip("logger is not installed: apt-get install -y bsdutils")
	}
	const lines = 50_000
	path := filepath.Join(t.TempDir(), "lines")
	var text strings.Builder
	for n := range lines {
		fmt.Fprintf(&text, "line %d\n", n)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newTest(t, "protocols", "tcp")
	var calls atomic.Int64
	site := &connectortest.Site{Fail: func(string, []connector.Record) error {
		if calls.Add(1)%20 == 0 {
			return fault.New(fault.Unavailable, "the bus is away")
		}
		return nil
	}}
	start(t, c, site)
	host, port, _ := net.SplitHostPort(c.listen)
	if out, err := exec.Command(program, "-n", host, "-P", port, "-T", "--octet-count", "-t", "app", "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("logger: %v: %s", err, out)
	}
	await(t, site, func() bool { return len(site.Taken(topic)) >= lines })
	recs := site.Taken(topic)
	for n, r := range recs {
		if !bytes.HasSuffix(r.Value, fmt.Appendf(nil, `"message":"line %d"}`, n)) {
			t.Fatalf("record %d is %s", n, r.Value)
		}
	}
	if len(recs) != lines || len(site.Warnings()) == 0 {
		t.Errorf("%d records, warnings %v", len(recs), site.Warnings())
	}
}

func TestWhatWasReadIsAppendedAtTheEnd(t *testing.T) {
	c := newTest(t)
	var away atomic.Bool
	away.Store(true)
	tried := make(chan struct{})
	var once sync.Once
	site := &connectortest.Site{Fail: func(string, []connector.Record) error {
		if away.Load() {
			once.Do(func() { close(tried) })
			return fault.New(fault.Unavailable, "the bus is away")
		}
		return nil
	}}
	stop := start(t, c, site)
	fmt.Fprint(dial(t, c, "tcp"), "<13>one\n")
	<-tried
	away.Store(false)
	stop()
	if n := len(site.Taken(topic)); n != 1 {
		t.Errorf("%d records", n)
	}
}

func TestOtherErrorsEndIt(t *testing.T) {
	c := newTest(t)
	enough := errors.New("seen enough")
	site := &connectortest.Site{Look: true, Fail: func(string, []connector.Record) error { return enough }}
	l := &listening{Site: site, now: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- c.Collect(t.Context(), l) }()
	<-l.now
	quiet := dial(t, c, "tcp") // a connection that says nothing does not hold it
	fmt.Fprint(dial(t, c, "tcp"), "<13>one\n")
	select {
	case err := <-done:
		if !errors.Is(err, enough) {
			t.Errorf("collect: %v", err)
		}
	case <-time.After(patience):
		t.Error("it goes on")
	}
	quiet.Close()
}

func TestSlowBusDropsDatagramsOnly(t *testing.T) {
	c := newTest(t)
	slow := make(chan struct{})
	site := &connectortest.Site{Fail: func(string, []connector.Record) error { <-slow; return nil }}
	q := newQueue()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan error, 1)
	go func() { defer close(q.packets); received <- q.receive(conn) }()
	out, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for deadline := time.Now().Add(patience); q.dropped.Load() == 0 && time.Now().Before(deadline); sent++ {
		if _, err := fmt.Fprintf(out, "<13>%d", sent); err != nil {
			t.Fatal(err)
		}
	}
	if q.dropped.Load() == 0 || len(q.packets) != maxQueued {
		t.Errorf("%d dropped, %d wait", q.dropped.Load(), len(q.packets))
	}
	drained := make(chan error, 1)
	go func() { drained <- c.drain(t.Context(), q, site) }()
	close(slow)
	await(t, site, func() bool { return len(site.Taken(topic)) >= maxQueued && len(site.Warnings()) > 0 })
	conn.Close()
	if err := errors.Join(<-received, <-drained); err != nil {
		t.Error(err)
	}
	if q.bytes.Load() != 0 || !strings.Contains(site.Warnings()[0].Error(), "datagrams were dropped") {
		t.Errorf("%d bytes, warnings %v", q.bytes.Load(), site.Warnings())
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	c := newTest(t, "max_connections", "2")
	site := &connectortest.Site{}
	start(t, c, site)
	for n := range 2 {
		fmt.Fprintf(dial(t, c, "tcp"), "<13>%d\n", n)
	}
	await(t, site, func() bool { return len(site.Taken(topic)) == 2 })
	third := dial(t, c, "tcp")
	_ = third.SetReadDeadline(time.Now().Add(patience))
	if n, err := third.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the third connection is open: %v", err)
	}
	await(t, site, func() bool { return len(site.Warnings()) == 1 })
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	c := newTest(t)
	c.idle = 20 * time.Millisecond
	start(t, c, &connectortest.Site{})
	conn := dial(t, c, "tcp")
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
}

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	err = errors.Join(os.WriteFile(cert, certPEM, 0o600), os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return cert, key, pool
}

func TestTLS(t *testing.T) {
	cert, key, pool := certificate(t)
	c := newTest(t, "cert_file", cert, "key_file", key, "client_ca_file", cert)
	site := &connectortest.Site{}
	start(t, c, site)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", c.listen, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "7 <13>one")
	await(t, site, func() bool { return len(site.Taken(topic)) == 1 })
	fmt.Fprint(dial(t, c, "tcp"), "<13>this is not encrypted\n")
	await(t, site, func() bool { return len(site.Warnings()) == 1 })
	stranger, err := tls.Dial("tcp", c.listen, &tls.Config{RootCAs: pool})
	if err == nil {
		defer stranger.Close()
	}
	await(t, site, func() bool { return len(site.Warnings()) == 2 })
	if len(site.Taken(topic)) != 1 {
		t.Errorf("%d records", len(site.Taken(topic)))
	}
}

func TestTest(t *testing.T) {
	c := newTest(t)
	if err := c.Test(t.Context()); err != nil {
		t.Errorf("test: %v", err)
	}
	start(t, c, &connectortest.Site{})
	if err := c.Test(t.Context()); fault.KindOf(err) != fault.Conflict || fault.HintOf(err) == "" {
		t.Errorf("test beside itself: %v", err)
	}
}

func TestSettings(t *testing.T) {
	f := func(want string, settings ...string) {
		t.Helper()
		if _, err := configured(settings...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", settings, err, want)
		}
	}
	f("no address and port", "listen", "5514")
	f("no address and port", "listen", "a:b")
	f("are not between", "max_message", "1")
	f("is not between", "max_connections", "0")
	f("shorter than a second", "idle_timeout", "1 ms")
	f("time zone", "time_zone", "Mars/Olympus")
	f("together", "cert_file", "a")
	f("no such file", "cert_file", "/nothing", "key_file", "/nothing")
}

// frames takes text apart that comes in pieces of a size.
func frames(f *framer, text string, size int) (out []string) {
	from := strings.NewReader(text)
	note := func(message []byte, reason string) {
		mark := ""
		if reason != "" {
			mark = "!"
		}
		out = append(out, mark+string(message))
	}
	for {
		for message, reason, ok := f.next(); ok; message, reason, ok = f.next() {
			note(message, reason)
		}
		if err := f.fill(&pieces{from, size}); err != nil {
			break
		}
	}
	if message, reason := f.rest(); len(message) > 0 {
		note(message, reason)
	}
	return out
}

type pieces struct {
	from *strings.Reader
	size int
}

func (p *pieces) Read(b []byte) (int, error) { return p.from.Read(b[:min(len(b), p.size)]) }

func TestFrames(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		for _, size := range []int{1, 2, 7, 1000} {
			if d := cmp.Diff(want, frames(&framer{max: 10}, text, size)); d != "" {
				t.Errorf("%q by %d (-want +got):\n%s", text, size, d)
			}
		}
	}
	f("<13>a\n<13>b\r\n<13>c", "<13>a", "<13>b\r", "<13>c")
	f("5 <13>a7 <13>b\nc<13>d\n5 <13>e", "<13>a", "<13>b\nc", "<13>d", "<13>e")
	f("<13>a\x00<13>b\x00", "<13>a", "<13>b")
	f("12 <13>45678901<13>a\n", "!<13>456789", "<13>a")
	f("<13>45678901\n<13>a\n", "!<13>456789", "<13>a")
	f("9 <13>a", "!<13>a")
	f("2026 is no count\n", "!2026 is no")
	f("12345678\n5 <1>ab", "12345678", "<1>ab")
}

func FuzzFrames(f *testing.F) {
	f.Add("5 <13>a7 <13>b\nc<13>d\n", 3)
	f.Add("12 <13>45678901<13>a\n", 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 || size > 1000 {
			size = 1
		}
		whole, parts := frames(&framer{max: 10}, text, 1<<20), frames(&framer{max: 10}, text, size)
		if d := cmp.Diff(whole, parts); d != "" {
			t.Errorf("%q by %d (-whole +parts):\n%s", text, size, d)
		}
	})
}

func TestPlain(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := string(appendPlain(nil, []byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	f("\x1b[1;31mred\x1b[0m", "red")
	f("#033[31mred#033[0m #033 x", "red #033 x")
	f("a\x1b", "a")
	f("a\x1b[", "a")
	f("a\x1b[12", "a")
	f("a\x1b[1ä", "aä")
	f("\x1bcb", "cb")
}
