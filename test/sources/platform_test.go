package sources

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
	"testing"
	"time"

	"millrace/internal/port"
)

// Patience with a machine that does other things at the same time.
const (
	pollEvery  = 50 * time.Millisecond
	startUp    = 60 * time.Second
	settle     = time.Minute
	perRequest = 40 * time.Second // a trial of settings waits 30 s
)

// platform is one data folder and the process that works on it, if one runs.
type platform struct {
	t       *testing.T
	dir     string
	listen  string // host:port of HTTP
	kafka   string // host:port of the embedded broker
	cmd     *exec.Cmd
	exited  chan error
	logPath string
	client  *http.Client
}

// prepare chooses a folder and ports, and cleans up when the test ends.
func prepare(t *testing.T) *platform {
	t.Helper()
	dir := t.ArtifactDir() // go test -artifacts keeps it
	p := &platform{
		t: t, dir: dir, listen: port.Free(t), kafka: port.Free(t), logPath: filepath.Join(dir, "log"),
		client: &http.Client{Timeout: perRequest},
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

func (p *platform) config() string { return filepath.Join(p.dir, "config.yaml") }

// configure writes the settings: nothing but sources.
func (p *platform) configure(flows ...*flow) {
	p.t.Helper()
	type source struct {
		Name      string            `json:"name"`
		Connector string            `json:"connector"`
		Options   map[string]string `json:"options"`
	}
	connect := []source{}
	for _, f := range flows {
		connect = append(connect, source{f.name, f.connector, f.options})
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text) // JSON is YAML
	enc.SetEscapeHTML(false)
	err := enc.Encode(map[string]any{
		"demo": "off", "pipelines": []any{}, "sources": map[string]any{"host": map[string]any{"enabled": false}, "connect": connect},
	})
	if err == nil {
		err = os.WriteFile(p.config(), text.Bytes(), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// start starts the process and returns when it is ready; its output is added to the log.
func (p *platform) start() {
	p.t.Helper()
	out, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(binary, "up", "--config", p.config(), "--data", filepath.Join(p.dir, "data"), "--listen", p.listen, "--kafka", p.kafka)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env, p.cmd.SysProcAttr = plainEnv(), boundToTest(false)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan<- error) { exited <- cmd.Wait() }(p.cmd, p.exited)
	p.awaitReady()
}

// plainEnv is the environment without settings of the platform: whoever runs the tests may have some.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "MILLRACE_") })
}

func (p *platform) awaitReady() {
	p.t.Helper()
	deadline := time.After(startUp)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if status, _, err := p.try("GET", "/readyz", nil); err == nil && status == http.StatusOK {
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

func (p *platform) logTail() string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "")
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

func (p *platform) mustCall(method, path string, in, out any) {
	p.t.Helper()
	if err := p.call(method, path, in, out); err != nil {
		p.t.Fatal(err)
	}
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

// millrace runs another subcommand of the binary on the platform and returns what it wrote.
func (p *platform) millrace(args ...string) string {
	p.t.Helper()
	out, err := p.tryMillrace("", args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *platform) tryMillrace(stdin string, args ...string) (string, error) {
	cmd := exec.Command(binary, append(args, "--url", "http://"+p.listen)...)
	cmd.Env, cmd.SysProcAttr = plainEnv(), boundToTest(false)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("millrace %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), err
}
