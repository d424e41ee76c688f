package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"millrace/internal/port"
)

// Patience with a machine that does other things at the same time.
const (
	pollEvery = 100 * time.Millisecond
	startUp   = 90 * time.Second
	settle    = 120 * time.Second
	// perRequest is the longest that any answer may take, whatever is away.
	perRequest = 35 * time.Second
)

// node is one data folder and the process that works on it, if one runs.
type node struct {
	t       *testing.T
	name    string
	listen  string   // host:port of HTTP
	env     []string // its settings
	args    []string // of its command line, if any
	cmd     *exec.Cmd
	exited  chan error
	logPath string
	client  *http.Client
}

// prepare makes a node that is set up by variables alone, and cleans up when the test ends.
func prepare(t *testing.T, name string, env ...string) *node {
	t.Helper()
	dir := filepath.Join(t.ArtifactDir(), name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	n := &node{
		t: t, name: name, listen: port.Free(t), logPath: filepath.Join(dir, "log"),
		client: &http.Client{Timeout: perRequest, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
	}
	n.env = append([]string{
		"MILLRACE_DATA=" + filepath.Join(dir, "data"), "MILLRACE_LISTEN=" + n.listen, "MILLRACE_KAFKA_LISTEN=" + port.Free(t),
		"MILLRACE_DEMO=off", "MILLRACE_REPLICA=" + name,
	}, env...)
	t.Cleanup(func() {
		n.kill()
		n.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", name, n.logTail())
		}
	})
	return n
}

// start starts the process; its output is added to the log.
func (n *node) start() {
	n.t.Helper()
	out, err := os.OpenFile(n.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	defer out.Close()
	n.cmd = exec.Command(under.path, append([]string{"up"}, n.args...)...)
	n.cmd.Stdout, n.cmd.Stderr = out, out
	n.cmd.Env, n.cmd.SysProcAttr = append(plainEnv(), n.env...), boundToTest(false)
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan<- error) { exited <- cmd.Wait() }(n.cmd, n.exited)
}

// plainEnv is the environment without settings of the platform: whoever runs the tests may have some.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool {
		for _, prefix := range []string{"MILLRACE_", "KAFKA_", "REDIS_", "INFLUXDB_"} {
			if strings.HasPrefix(e, prefix) {
				return true
			}
		}
		return false
	})
}

// awaitReady returns when the process says that it is ready, and fails if it ends before.
func (n *node) awaitReady() {
	n.t.Helper()
	deadline := time.After(startUp)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if status, _, err := n.try("GET", "/readyz", "", nil); err == nil && status == http.StatusOK {
			return
		}
		select {
		case err := <-n.exited:
			n.cmd = nil
			n.t.Fatalf("%s ended while starting: %v", n.name, err)
		case <-deadline:
			n.t.Fatalf("%s is not ready after %s", n.name, startUp)
		case <-tick.C:
		}
	}
}

// kill ends the process as a power cut would, if it runs.
func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.exited
	n.cmd = nil
}

// restart kills the process and starts another on the same data.
func (n *node) restart() {
	n.t.Helper()
	n.kill()
	n.start()
	n.awaitReady()
}

// signal sends the process a signal.
func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) logTail() string {
	text, err := os.ReadFile(n.logPath)
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "")
}

// try makes one request and returns its status and body.
func (n *node) try(method, path, contentType string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(method, "http://"+n.listen+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := n.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// get fetches path into out; anything but status 200 is an error.
func (n *node) get(path string, out any) error { return n.ask("GET", path, nil, out) }

// post sends in to path and reads the answer into out; anything but status 200 is an error.
func (n *node) post(path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return n.ask("POST", path, body, out)
}

func (n *node) ask(method, path string, body []byte, out any) error {
	status, answer, err := n.try(method, path, "application/json", body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s %s of %s: status %d: %s", method, path, n.name, status, answer)
	}
	dec := json.NewDecoder(bytes.NewReader(answer))
	dec.UseNumber() // so that none is rounded
	if err := dec.Decode(out); err != nil {
		return fmt.Errorf("%s %s of %s: %w in %s", method, path, n.name, err, answer)
	}
	return nil
}

// coverage is what answers say of what they could not reach.
type coverage struct {
	Partial  bool
	Warnings []string
}

// point is one of the answers of POST /api/query.
type point struct {
	Time        time.Time
	Measurement string
	Field       string
	Value       any
	Tags        map[string]string
}

// query asks POST /api/query.
func (n *node) query(request map[string]any) ([]point, coverage, error) {
	var answer struct {
		Data []point
		coverage
	}
	err := n.post("/api/query", request, &answer)
	return answer.Data, answer.coverage, err
}

// sql asks the store.
func (n *node) sql(text string) ([][]any, coverage, error) {
	var answer struct {
		Rows      [][]any
		Truncated bool
		coverage
	}
	err := n.post("/api/sql", map[string]any{"sql": text, "limit": 100_000}, &answer)
	if err == nil && answer.Truncated {
		err = fmt.Errorf("sql %q: truncated after %d rows", text, len(answer.Rows))
	}
	return answer.Rows, answer.coverage, err
}

// eventually polls until check returns nil, and fails with its last error when that takes too long.
func eventually(t *testing.T, within time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s: %v", what, within, err)
		}
		<-tick.C
	}
}
