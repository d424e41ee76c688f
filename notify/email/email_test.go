package email

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/notify"
	"millrace/notify/email/emailtest"
	"millrace/notify/notifytest"
	"millrace/option"
)

func settingsFor(host, port string) option.Values {
	return option.Values{
		"host": host, "port": port, "tls": "none", "from": "Millrace <alerts@example.org>",
		"to": "Zhang San <zhang@example.org>, ops@example.org", "language": "zh", "subject_prefix": "[生产] ",
	}
}

func TestMessageArrives(t *testing.T) {
	server := emailtest.Start(t)
	n := notifytest.New(t, Spec(), settingsFor(server.Host, server.Port))
	notices := []notify.Notice{notifytest.Notice(), notifytest.Recovered(), notifytest.Crowd(100)}
	for _, notice := range notices {
		if err := n.Notify(context.Background(), notice); err != nil {
			t.Fatal(err)
		}
	}
	got := server.Wait(t, 3)
	first := got[0]
	if first.Subject != "[生产] [严重] cpu_usage host=a" || first.From.Address != "alerts@example.org" {
		t.Errorf("subject %q from %v", first.Subject, first.From)
	}
	wantTo := []emailtest.Address{{Name: "Zhang San", Address: "zhang@example.org"}, {Address: "ops@example.org"}}
	if diff := cmp.Diff(wantTo, first.To); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	wantText := "[严重] cpu_usage host=a\n\n摘要: cpu_usage 128 > 80\n级别: 严重\n当前值: 128\n阈值: > 80\n开始时间: 2023-11-14 22:11:50 +00:00\n\n打开告警页面: http://millrace.test/alerts"
	if diff := cmp.Diff(wantText, strings.TrimSpace(strings.ReplaceAll(first.Text, "\r\n", "\n"))); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if !strings.Contains(first.HTML, `<a href="http://millrace.test/alerts">`) || !strings.Contains(first.HTML, "cpu_usage 128 &gt; 80") {
		t.Errorf("html %s", first.HTML)
	}
	if id := first.MessageID; !strings.HasPrefix(id, "millrace.") || !strings.HasSuffix(id, "@example.org") || id == got[1].MessageID {
		t.Errorf("message ids %q, %q", id, got[1].MessageID)
	}
	if a, b := first.Headers["References"], got[1].Headers["References"]; len(a) != 1 || !cmp.Equal(a, b) {
		t.Errorf("threads %v, %v", a, b)
	}
	if got[1].Subject != "[生产] [已恢复] cpu_usage host=a" {
		t.Errorf("subject %q", got[1].Subject)
	}
	if html := got[2].HTML; strings.Contains(html, "<b>") || !strings.Contains(html, "另有 50 条未列出") {
		t.Errorf("html of many alerts: %.300s", html)
	}
}

func TestEncryptionAndLogin(t *testing.T) {
	cert, key := certificate(t)
	f := func(mode string, change option.Values, want error, args ...string) {
		t.Helper()
		server := emailtest.Start(t, append([]string{"--smtp-tls-cert", cert, "--smtp-tls-key", key}, args...)...)
		v := settingsFor(server.Host, server.Port)
		v["tls"], v["ca_file"], v["username"], v["password"] = mode, cert, "user", "long-password"
		for name, value := range change {
			v[name] = value
		}
		err := notifytest.New(t, Spec(), v).Notify(context.Background(), notifytest.Notice())
		if want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s %v: %v, want %v", mode, change, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "long-password") || fault.HintOf(err) == "") {
			t.Errorf("%s %v: %v, hint %q", mode, change, err, fault.HintOf(err))
		}
		if err == nil && len(server.Wait(t, 1)) != 1 {
			t.Errorf("%s %v: not one message", mode, change)
		}
	}
	f("starttls", nil, nil, "--smtp-require-starttls")
	f("starttls", option.Values{"auth": "plain"}, nil)
	f("implicit", option.Values{"auth": "login"}, nil, "--smtp-require-tls")
	f("starttls", option.Values{"ca_file": ""}, fault.Invalid)
	plain := emailtest.Start(t)
	v := settingsFor(plain.Host, plain.Port)
	v["username"], v["password"] = "user", "long-password"
	if err := notifytest.New(t, Spec(), v).Notify(context.Background(), notifytest.Notice()); err != nil {
		t.Errorf("login in the open: %v", err)
	}
	v["tls"] = "starttls"
	if err := notifytest.New(t, Spec(), v).Notify(context.Background(), notifytest.Notice()); !errors.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("a server without STARTTLS: %v", err)
	}
}

// TestRefusals has a server that says no at a step, as no well-behaved one does on demand.
func TestRefusals(t *testing.T) {
	f := func(step, reply string, want fault.Kind, retryable bool) {
		t.Helper()
		host, port := refuser(t, step, reply)
		v := settingsFor(host, port)
		v["username"], v["password"] = "user", "long-password"
		err := notifytest.New(t, Spec(), v).Notify(context.Background(), notifytest.Notice())
		if !errors.Is(err, want) || notify.Retryable(err) != retryable || strings.Contains(err.Error(), "long-password") {
			t.Errorf("%s %q: %v (%v)", step, reply, err, fault.KindOf(err))
		}
	}
	f("AUTH", "535 5.7.8 bad long-password", fault.Denied, false)
	f("AUTH", "454 4.7.0 later", fault.Unavailable, true)
	f("MAIL", "421 4.3.2 going down", fault.Unavailable, true)
	f("RCPT", "550 5.1.1 nobody there", fault.Invalid, false)
	f("RCPT", "450 4.2.1 greylisted", fault.Unavailable, true)
	f("DATA", "552 5.2.2 mailbox full", fault.Invalid, false)
	f("EHLO", "", fault.Unavailable, true)
	closed := settingsFor("127.0.0.1", "1")
	if err := notifytest.New(t, Spec(), closed).Notify(context.Background(), notifytest.Notice()); !notify.Retryable(err) {
		t.Errorf("no server: %v", err)
	}
}

func TestCancelEndsASend(t *testing.T) {
	host, port := refuser(t, "MAIL", "silence")
	n := notifytest.New(t, Spec(), settingsFor(host, port))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := n.Notify(ctx, notifytest.Notice()); err == nil || time.Since(start) > timeout/2 {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}

func TestBadSettings(t *testing.T) {
	f := func(name, value, want string) {
		t.Helper()
		v := settingsFor("mail.test", "25")
		v[name] = value
		if _, err := Spec().New(v, notifytest.Deps()); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	f("from", "nobody", "from")
	f("to", "a@b.c, nobody", "to")
	f("to", "", "to")
	f("port", "70000", "port")
	f("ca_file", "/does/not/exist", "ca_file")
	f("subject_prefix", "a\nBcc: x@y.z", "subject_prefix")
}

// refuser is a server that gives a reply at a step, and hangs up if the reply is empty.
func refuser(t *testing.T, step, reply string) (host, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the test is over
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			converse(c, step, reply)
		}
	}()
	host, port, _ = net.SplitHostPort(l.Addr().String())
	return host, port
}

func converse(c net.Conn, step, reply string) {
	defer c.Close()
	say := func(s string) { _, _ = fmt.Fprintf(c, "%s\r\n", s) } // the client may be gone
	say("220 test")
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
		switch {
		case verb == step && reply == "":
			return
		case verb == step && reply == "silence":
		case verb == step:
			say(reply)
		case verb == "EHLO":
			say("250-test\r\n250 AUTH PLAIN")
		case verb == "AUTH":
			say("235 ok")
		case verb == "DATA":
			say("354 go on")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// certificate makes one for 127.0.0.1, signed by itself.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "EC PRIVATE KEY", private)
}
