package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
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
	pollEvery  = 50 * time.Millisecond
	startUp    = 30 * time.Second
	shutDown   = 20 * time.Second
	settle     = 60 * time.Second
	perRequest = 15 * time.Second
)

// platform is one data folder and the process that works on it, if one runs.
type platform struct {
	t       *testing.T
	data    string
	listen  string // host:port of HTTP
	kafka   string // host:port of the embedded broker
	args    []string
	cmd     *exec.Cmd
	exited  chan error
	started time.Time
	logPath string
	client  *http.Client
}

// start runs the binary on an empty data folder and returns when it is ready.
func start(t *testing.T, args ...string) *platform {
	t.Helper()
	p := prepare(t, args...)
	p.start()
	p.awaitReady()
	return p
}

// prepare chooses a folder and ports, and cleans up when the test ends.
func prepare(t *testing.T, args ...string) *platform {
	t.Helper()
	dir := t.ArtifactDir() // go test -artifacts keeps it
	p := &platform{
		t:       t,
		data:    filepath.Join(dir, "data"),
		listen:  port.Free(t),
		kafka:   port.Free(t),
		args:    args,
		logPath: filepath.Join(dir, "log"),
		client:  &http.Client{Timeout: perRequest},
	}
	t.Cleanup(func() {
		p.kill()
		p.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("end of the platform's log:\n%s", p.logTail())
		}
	})
	return p
}

// start starts the process; its output is added to the log.
func (p *platform) start() {
	p.t.Helper()
	out, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	args := append([]string{"up", "--data", p.data, "--listen", p.listen, "--kafka", p.kafka}, p.args...)
	p.cmd = exec.Command(binary, args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env, p.cmd.SysProcAttr = plainEnv(), boundToTest(false)
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan<- error) { exited <- cmd.Wait() }(p.cmd, p.exited)
}

// plainEnv is the environment without settings of the platform: whoever runs the tests may have some.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "MILLRACE_") })
}

// awaitReady returns when the process says that it is ready, and fails if it ends before.
func (p *platform) awaitReady() {
	p.t.Helper()
	deadline := time.After(startUp)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if status, _, err := p.try("GET", "/readyz", "", nil); err == nil && status == http.StatusOK {
			return
		}
		select {
		case err := <-p.exited:
			p.cmd = nil
			p.t.Fatalf("the process ended while starting: %v", err)
		case <-deadline:
			p.t.Fatalf("not ready after %s", startUp)
		case <-tick.C:
		}
	}
}

// kill ends the process as a power cut would, if it runs.
func (p *platform) kill() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill()
	<-p.exited
	p.cmd = nil
}

// stop asks the process to end as Ctrl-C does, and fails unless it ends well in time.
func (p *platform) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.exited:
		p.cmd = nil
		if err != nil {
			p.t.Fatalf("after SIGINT: %v, want exit code 0", err)
		}
	case <-time.After(shutDown):
		p.t.Fatalf("still running %s after SIGINT", shutDown)
	}
}

// restart kills the process and starts another on the same data.
func (p *platform) restart() {
	p.t.Helper()
	p.kill()
	p.start()
	p.awaitReady()
}

func (p *platform) logTail() string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "")
}

func (p *platform) url(path string) string { return "http://" + p.listen + path }

// try makes one request and returns its status and body.
func (p *platform) try(method, path, contentType string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(method, p.url(path), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// getJSON fetches path into out; anything but status 200 is an error.
func (p *platform) getJSON(path string, out any) error {
	return p.requestJSON("GET", path, nil, out)
}

// postJSON sends in to path and reads the answer into out; anything but status 200 is an error.
func (p *platform) postJSON(path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return p.requestJSON("POST", path, body, out)
}

func (p *platform) requestJSON(method, path string, body []byte, out any) error {
	status, answer, err := p.try(method, path, "application/json", body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s %s: status %d: %s", method, path, status, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w in %s", method, path, err, answer)
	}
	return nil
}

// sqlRows asks the store in SQL; numbers come as json.Number, so that none is rounded.
func (p *platform) sqlRows(sql string) ([][]any, error) {
	body, err := json.Marshal(map[string]any{"sql": sql, "limit": 100_000})
	if err != nil {
		return nil, err
	}
	status, answer, err := p.try("POST", "/api/sql", "application/json", body)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("sql %q: status %d: %s", sql, status, answer)
	}
	var result struct {
		Rows      [][]any `json:"rows"`
		Truncated bool    `json:"truncated"`
	}
	dec := json.NewDecoder(bytes.NewReader(answer))
	dec.UseNumber()
	if err := dec.Decode(&result); err != nil {
		return nil, fmt.Errorf("sql %q: %w", sql, err)
	}
	if result.Truncated {
		return nil, fmt.Errorf("sql %q: truncated after %d rows", sql, len(result.Rows))
	}
	return result.Rows, nil
}

// eventually polls until check returns nil, and fails with its last error when that takes too long.
func eventually(t *testing.T, within time.Duration, check func() error) {
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
			t.Fatalf("not within %s: %v", within, err)
		}
		<-tick.C
	}
}

// millrace runs another subcommand of the binary and returns what it wrote, and its exit code.
func millrace(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env, cmd.SysProcAttr = plainEnv(), boundToTest(false)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
