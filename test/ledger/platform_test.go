package ledger

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
	pollEvery = 50 * time.Millisecond
	startUp   = 60 * time.Second
)

// platform is one data folder and the process that works on it, if one runs.
type platform struct {
	t       *testing.T
	dir     string
	listen  string // host:port of HTTP
	kafka   string // host:port of the bus
	env     []string
	cmd     *exec.Cmd
	exited  chan error
	logPath string
	hitPath string
	client  *http.Client
}

// prepare chooses a folder and ports, and cleans up when the test ends. env are settings of all its processes.
func prepare(t *testing.T, name string, env ...string) *platform {
	t.Helper()
	dir := filepath.Join(t.ArtifactDir(), name) // go test -artifacts keeps it
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := &platform{
		t: t, dir: dir, listen: port.Free(t), kafka: port.Free(t), logPath: filepath.Join(dir, "log"), hitPath: filepath.Join(dir, "hits"),
		client: &http.Client{Timeout: 30 * time.Second}, env: env,
	}
	t.Cleanup(func() {
		p.kill()
		p.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", name, p.logTail())
		}
	})
	return p
}

// configure writes the settings: no demo, no sources, one topic in the store.
func (p *platform) configure() {
	p.t.Helper()
	p.configureFloor("16mb")
}

// configureFloor is configure with what is to be free on the disk.
func (p *platform) configureFloor(minFree string) {
	p.t.Helper()
	text, err := json.Marshal(map[string]any{ // JSON is YAML
		"demo": "off", "pipelines": []any{}, "alerts": map[string]any{"enabled": "off"},
		"sources": map[string]any{"host": map[string]any{"enabled": false}},
		"broker":  map[string]any{"min_free": minFree, "segment": "1mb"},
		"store": map[string]any{"flush_interval": "300ms", "topics": []any{
			map[string]any{"topic": evenTopic, "layout": "row", "time": "ts", "tags": []string{"k"}},
		}},
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "config.yaml"), text, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// launch starts the process; its output is added to the log.
func (p *platform) launch(env ...string) {
	p.t.Helper()
	out, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(binary, "up", "--config", filepath.Join(p.dir, "config.yaml"), "--data", filepath.Join(p.dir, "data"), "--listen", p.listen, "--kafka", p.kafka)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = slices.Concat(plainEnv(), []string{"MILLRACE_FAILPOINT_LOG=" + p.hitPath}, p.env, env)
	p.cmd.SysProcAttr = boundToTest(false)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan<- error) { exited <- cmd.Wait() }(p.cmd, p.exited)
}

// start launches the process and waits until it is ready. It says whether the process was killed, by itself, before that.
func (p *platform) start(env ...string) (ready bool) {
	p.t.Helper()
	p.launch(env...)
	deadline := time.After(startUp)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if status, _, err := p.try("GET", "/readyz", nil); err == nil && status == http.StatusOK {
			return true
		}
		select {
		case err := <-p.exited:
			p.cmd = nil
			if !wasKilled(err) {
				p.t.Fatalf("the process ended while starting: %v\n%s", err, p.logTail())
			}
			return false
		case <-deadline:
			p.t.Fatalf("not ready after %s", startUp)
		case <-tick.C:
		}
	}
}

// mustStart is start where nothing is to kill the process.
func (p *platform) mustStart(env ...string) {
	p.t.Helper()
	if !p.start(env...) {
		p.t.Fatal("the process was killed while it started")
	}
}

func wasKilled(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// plainEnv is the environment without settings of the platform: whoever runs the tests may have some.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "MILLRACE_") || strings.HasPrefix(e, "KAFKA_")
	})
}

// kill ends the process as a power cut would, if it runs.
func (p *platform) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.exited
	p.cmd = nil
}

// awaitDeath waits until the process has killed itself, and says whether it did in time.
func (p *platform) awaitDeath(within time.Duration) bool {
	p.t.Helper()
	if p.cmd == nil {
		return true
	}
	select {
	case err := <-p.exited:
		p.cmd = nil
		if !wasKilled(err) {
			p.t.Errorf("the process ended: %v", err)
		}
		return true
	case <-time.After(within):
		return false
	}
}

// stop ends the process in its own way. A point may kill it meanwhile.
func (p *platform) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.exited:
		p.cmd = nil
	case <-time.After(startUp):
		p.t.Errorf("the process does not end within %s", startUp)
		p.kill()
	}
}

func (p *platform) logTail() string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "")
}

// hits are the points that the processes have come to, each as often as it was written down.
func (p *platform) hits() map[string]int {
	text, err := os.ReadFile(p.hitPath)
	if err != nil {
		p.t.Fatalf("%v: was the binary built with -tags failpoints?", err)
	}
	n := map[string]int{}
	for name := range strings.FieldsSeq(string(text)) {
		n[name]++
	}
	return n
}

// try makes one request and returns its status and body.
func (p *platform) try(method, path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(method, "http://"+p.listen+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// call sends in, if it is not nil, and reads the answer into out, if that is not nil; a status of 300 and more is an error.
func (p *platform) call(method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	status, answer, err := p.try(method, path, body)
	if err != nil {
		return err
	}
	if status >= 300 {
		return fmt.Errorf("%s %s: status %d: %s", method, path, status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w in %s", method, path, err, answer)
	}
	return nil
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
