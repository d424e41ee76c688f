// Package emailtest starts a real Mailpit, an SMTP server that keeps what it is sent, for tests.
package emailtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"millrace/internal/port"
)

// patience is how long a test waits for a server or a message.
const patience = 30 * time.Second

// Mailpit is a running server.
type Mailpit struct {
	Host string
	Port string // of SMTP
	api  string
}

// Message is an e-mail that arrived.
type Message struct {
	ID        string
	MessageID string
	Subject   string
	From      Address
	To        []Address
	Text      string
	HTML      string
	// Headers are all of them, as they came.
	Headers map[string][]string
}

// Address is a person's.
type Address struct{ Name, Address string }

// Start starts a Mailpit until the test ends, with more arguments of its command line. It is built the first time,
// into the user's cache folder, by test/real/mailpit/install.sh; where that does not work the test is skipped, but in
// a build (CI is set) it fails.
func Start(t testing.TB, args ...string) *Mailpit {
	t.Helper()
	program := install(t)
	m := &Mailpit{Host: "127.0.0.1", Port: port.Number(t)}
	listen := "127.0.0.1:" + port.Number(t)
	m.api = "http://" + listen
	fixed := []string{"--smtp", m.Host + ":" + m.Port, "--listen", listen, "--smtp-auth-accept-any", "--disable-version-check"}
	if !slices.Contains(args, "--smtp-tls-cert") {
		fixed = append(fixed, "--smtp-auth-allow-insecure")
	}
	cmd := exec.Command(program, append(fixed, args...)...)
	logs, err := os.Create(filepath.Join(t.TempDir(), "mailpit.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = logs, logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // says that it was killed
		_ = logs.Close()       // only read
	})
	until(t, "mailpit is ready", func() bool { return m.get("/readyz", nil) == nil })
	return m
}

// Messages returns what arrived, the oldest first.
func (m *Mailpit) Messages(t testing.TB) []Message {
	t.Helper()
	var list struct{ Messages []struct{ ID string } }
	if err := m.get("/api/v1/messages?limit=500", &list); err != nil {
		t.Fatal(err)
	}
	var out []Message
	for i := len(list.Messages) - 1; i >= 0; i-- {
		var one Message
		if err := m.get("/api/v1/message/"+list.Messages[i].ID, &one); err != nil {
			t.Fatal(err)
		}
		if err := m.get("/api/v1/message/"+list.Messages[i].ID+"/headers", &one.Headers); err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	return out
}

// Wait waits until at least n messages have arrived, and returns all.
func (m *Mailpit) Wait(t testing.TB, n int) []Message {
	t.Helper()
	var out []Message
	until(t, fmt.Sprintf("%d messages have arrived", n), func() bool {
		out = m.Messages(t)
		return len(out) >= n
	})
	return out
}

func (m *Mailpit) get(path string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.api+path, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: status %d: %s", path, resp.StatusCode, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// until polls, since nobody tells when a process is ready or a message has arrived.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("it is not so in time that %s", what)
		}
		<-tick.C
	}
}

func install(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(cache, "millrace", "real", "mailpit")
	script := filepath.Join(dir, "test", "real", "mailpit", "install.sh")
	if out, err := exec.Command(script, home).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("install.sh: %v\n%s", err, out)
		}
		t.Skipf("no Mailpit: test/real/mailpit/install.sh: %v\n%s", err, out)
	}
	return filepath.Join(home, "bin", "mailpit")
}
