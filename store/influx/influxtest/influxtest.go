// Package influxtest runs a real InfluxDB 2.7 for tests. It is built once, by
// test/real/influxdb/install.sh, into the user's cache folder; tests do not build it, as that takes
// minutes.
package influxtest

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Organisation, bucket, token and user of a Server.
const (
	Org      = "o"
	Bucket   = "b"
	Token    = "test-token"
	User     = "admin"
	Password = "adminpassword"
)

// version is that of install.sh.
const version = "v2.7.12"

// Server is a real InfluxDB that a test starts and stops.
type Server struct {
	URL string

	t       testing.TB
	addr    string
	dir     string
	program string
	cmd     *exec.Cmd
}

// Start starts a server with an empty bucket. It is stopped when the test ends. Where InfluxDB is not
// built the test is skipped, or fails if the environment says CI.
func Start(t testing.TB) *Server {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, dir: t.TempDir(), program: filepath.Join(cache, "millrace", "real", "influxdb-"+version, "influxd")}
	if _, err := os.Stat(s.program); err != nil {
		const what = "InfluxDB is not built: run test/real/influxdb/install.sh"
		if os.Getenv("CI") == "true" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.URL = "http://" + s.addr
	t.Cleanup(s.Stop)
	s.Start()
	s.Post("/api/v2/setup", map[string]any{
		"username": User, "password": Password, "org": Org, "bucket": Bucket, "token": Token, "retentionPeriodSeconds": 0,
	})
	return s
}

// Start starts the server again, with its data.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.Command(s.program, "--bolt-path", filepath.Join(s.dir, "bolt"), "--sqlite-path", filepath.Join(s.dir, "sqlite"),
		"--engine-path", filepath.Join(s.dir, "engine"), "--http-bind-address", s.addr, "--reporting-disabled", "--ui-disabled")
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.After(time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !s.healthy() {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatal("InfluxDB does not answer within a minute")
		}
	}
}

func (s *Server) healthy() bool {
	resp, err := http.Get(s.URL + "/health")
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // only read
	return resp.StatusCode == http.StatusOK
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended by itself
	_ = s.cmd.Wait()         // as it was killed
	s.cmd = nil
}

// Process is the server's process, for signals.
func (s *Server) Process() *os.Process { return s.cmd.Process }

// Post calls the v2 API as the owner of all and returns the answer.
func (s *Server) Post(path string, body any) map[string]any {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.Do(http.MethodPost, path, string(text))
}

// Do makes a request as the owner of all and returns the answer; any but a success ends the test.
func (s *Server) Do(method, path, body string) map[string]any {
	s.t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Token "+Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	var answer map[string]any
	err = json.NewDecoder(resp.Body).Decode(&answer)
	if resp.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s: %v", method, path, resp.Status, answer)
	}
	if err != nil && resp.StatusCode != http.StatusNoContent {
		s.t.Fatal(err)
	}
	return answer
}

// NewBucket makes a bucket, with an expiry of so many seconds if that is not 0.
func (s *Server) NewBucket(name string, expiry int) {
	s.t.Helper()
	orgs := s.Do(http.MethodGet, "/api/v2/orgs?org="+url.QueryEscape(Org), "")["orgs"].([]any)
	rules := []any{}
	if expiry > 0 {
		rules = append(rules, map[string]any{"type": "expire", "everySeconds": expiry})
	}
	s.Post("/api/v2/buckets", map[string]any{"orgID": orgs[0].(map[string]any)["id"], "name": name, "retentionRules": rules})
}
