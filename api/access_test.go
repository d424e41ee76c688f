package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

func TestWhoami(t *testing.T) {
	open := newBench(t)
	want := map[string]any{"name": "anyone", "role": "admin", "open": true}
	if diff := cmp.Diff(want, open.want(200, open.ask("GET", "/api/whoami", ""))); diff != "" {
		t.Error(diff)
	}
	b := newBench(t, withTokens)
	b.want(401, b.ask("GET", "/api/whoami", ""))
	b.want(401, b.ask("GET", "/api/whoami", "", "Authorization: Bearer wrong"))
	for token, name := range map[string]string{viewerToken: "v", ingestToken: "i", adminToken: "a"} {
		got := b.want(200, b.ask("GET", "/api/whoami", "", "Authorization: Bearer "+token))
		if got["name"] != name || got["open"] != false {
			t.Errorf("%v", got)
		}
	}
}

// pushRoutes are paths of InfluxDB's clients.
func pushRoutes(d *Deps) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, pattern := range []string{"POST /write", "POST /api/v2/write", "GET /ping"} {
		d.Ingest[pattern] = answer
	}
}

func TestTokensOfInfluxDBClients(t *testing.T) {
	b := newBench(t, withTokens, pushRoutes)
	basic := func(password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("telegraf:"+password))
	}
	f := func(method, path string, status int, headers ...string) {
		t.Helper()
		if w := b.ask(method, path, "m v=1", headers...); w.Code != status {
			t.Errorf("%s %s %v: %d, want %d", method, path, headers, w.Code, status)
		}
	}
	f("POST", "/write?db=a", 401)
	f("POST", "/write?db=a", 204, basic(ingestToken))
	f("POST", "/write?db=a", 401, basic("wrong"))
	f("POST", "/write?db=a", 403, basic(viewerToken))
	f("POST", "/write?db=a&u=telegraf&p="+ingestToken, 204)
	f("POST", "/write?db=a&u=telegraf&p=wrong", 401)
	f("POST", "/api/v2/write?org=o&bucket=b", 204, "Authorization: Token "+ingestToken)
	f("POST", "/api/v2/write?org=o&bucket=b", 204, "Authorization: Token telegraf:"+ingestToken)
	f("GET", "/ping", 204)
	// Elsewhere neither is a token.
	f("GET", "/api/status", 401, basic(adminToken))
	f("GET", "/api/status?p="+adminToken, 401)
	if strings.Contains(b.log.String(), ingestToken) || strings.Contains(b.log.String(), "p=wrong") {
		t.Error("a token is in the log")
	}
}

func TestRates(t *testing.T) {
	b := newBench(t, withTokens, pushRoutes, func(d *Deps) { d.Security.RequestsPerSecond = 1 })
	ask := func(path, token string) int {
		w := b.ask("GET", path, "", "Authorization: Bearer "+token)
		if w.Code == 429 && w.Header().Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
		}
		return w.Code
	}
	burst := func(path, token string) (last int) {
		for range 11 {
			last = ask(path, token)
		}
		return last
	}
	if got := burst("/api/status", viewerToken); got != 429 {
		t.Errorf("the eleventh request at once: %d", got)
	}
	if got := ask("/api/status", editorToken); got != 200 {
		t.Errorf("another token: %d", got)
	}
	if got := burst("/api/status", "wrong"); got != 429 {
		t.Errorf("guesses from one address: %d", got)
	}
	for range 20 {
		if w := b.ask("GET", "/healthz", ""); w.Code != 200 {
			t.Fatalf("health: %d", w.Code)
		}
	}
	var last int
	for range 11 {
		last = b.ask("POST", "/write", "m v=1", "Authorization: Token "+ingestToken).Code
	}
	if last != 503 {
		t.Errorf("the eleventh write of an InfluxDB 1 client: %d", last)
	}
	if op := b.s.doc.Paths["/api/status"].Get; op.Responses["429"] == nil {
		t.Error("429 is not in the document")
	}
}

func TestRatesComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRates(5)
		for range r.burst {
			if r.wait("a", time.Now()) != 0 {
				t.Fatal("the burst is refused")
			}
		}
		wait := r.wait("a", time.Now())
		if wait <= 0 || wait > 200*time.Millisecond {
			t.Errorf("wait %v", wait)
		}
		time.Sleep(wait) // of the bubble's clock
		if r.wait("a", time.Now()) != 0 {
			t.Error("refused after the wait")
		}
		for i := range maxRates + 100 {
			r.wait(big.NewInt(int64(i)).String(), time.Now())
		}
		if len(r.of) > maxRates {
			t.Errorf("%d callers are remembered", len(r.of))
		}
		time.Sleep(time.Hour)
		r.wait("b", time.Now())
		if len(r.of) != 1 {
			t.Errorf("%d callers are remembered after an hour", len(r.of))
		}
	})
	if newRates(0) != nil {
		t.Error("0 bounds")
	}
}

func TestLiveClientsOfAToken(t *testing.T) {
	b := newBench(t, withTokens, func(d *Deps) { d.Security.LiveClients = 1 })
	b.listen()
	url := "ws" + strings.TrimPrefix(b.web.URL, "http") + "/ws/realtime"
	connect := func(token string) *websocket.Conn {
		t.Helper()
		c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + token}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.CloseNow() })
		return c
	}
	first := connect(viewerToken)
	if _, _, err := first.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, err := connect(viewerToken).Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
		t.Errorf("a second client of the token: %v", err)
	}
	if _, _, err := connect(editorToken).Read(t.Context()); err != nil {
		t.Errorf("a client of another token: %v", err)
	}
}

func TestPreflight(t *testing.T) {
	b := newBench(t, withTokens, func(d *Deps) { d.Security.Origins = []string{"https://good.example"} })
	w := b.ask("OPTIONS", "/api/log-level", "", "Origin: https://good.example", "Access-Control-Request-Method: PUT",
		"Access-Control-Request-Headers: authorization,x-request-id")
	h := w.Header()
	if w.Code != 204 || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PUT") || !strings.HasPrefix(h.Get("Access-Control-Allow-Headers"), "Authorization, ") ||
		!strings.HasSuffix(h.Get("Access-Control-Allow-Headers"), ", *") || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Vary") != "Origin" {
		t.Errorf("%d %v", w.Code, h)
	}
	// A refusal can be read by the page, too.
	w = b.ask("GET", "/api/status", "", "Origin: https://good.example", "Sec-Fetch-Site: cross-site")
	if w.Code != 401 || w.Header().Get("Access-Control-Allow-Origin") == "" || !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "Millrace-Truncated") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// writeCertificate makes a certificate for 127.0.0.1 with a serial number.
func writeCertificate(t *testing.T, dir string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	cert := writeCertificate(t, dir, 1)
	config, err := LoadTLS(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(d *Deps) { d.Security.TLS = config })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.s.Serve(ctx, ln) }()
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	client := http.Client{Transport: transport, Timeout: 10 * time.Second}
	resp, err := client.Get("https://" + ln.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || resp.ProtoMajor != 2 {
		t.Errorf("status %d by %s", resp.StatusCode, resp.Proto)
	}
	c, _, err := websocket.Dial(t.Context(), "wss://"+ln.Addr().String()+"/ws/realtime", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.CloseNow()
	client.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, 1)
	c := &certificate{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"), log: slog.New(slog.DiscardHandler)}
	if err := c.read(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	f := func(at time.Time, serial int64) {
		t.Helper()
		if c.refresh(at); c.pair.Leaf.SerialNumber.Int64() != serial {
			t.Errorf("serial %v, want %d", c.pair.Leaf.SerialNumber, serial)
		}
	}
	f(now, 1)
	writeCertificate(t, dir, 22)
	later := time.Now().Add(time.Hour) // the clock of the file system may be coarse
	if err := os.Chtimes(c.certFile, later, later); err != nil {
		t.Fatal(err)
	}
	f(now.Add(time.Second), 1)
	f(now.Add(certificateCheck), 22)
	if err := os.WriteFile(c.certFile, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	f(now.Add(3*certificateCheck), 22)
	if _, err := LoadTLS(c.certFile, c.keyFile, c.log); err == nil {
		t.Error("a broken file is taken")
	}
}
