package flink

import (
	"bytes"
	"context"
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
	pollEvery = 200 * time.Millisecond
	startUp   = 90 * time.Second
	settle    = 3 * time.Minute
)

// platform is one data folder and the process that works on it, if one runs.
type platform struct {
	t       *testing.T
	listen  string // host:port of HTTP
	env     []string
	cmd     *exec.Cmd
	exited  chan struct{}
	logPath string
}

// prepare makes a platform that is set up by variables alone.
func prepare(t *testing.T, env ...string) *platform {
	t.Helper()
	dir := t.TempDir()
	p := &platform{t: t, listen: port.Free(t), logPath: filepath.Join(dir, "log")}
	p.env = append([]string{
		"MILLRACE_DATA=" + filepath.Join(dir, "data"), "MILLRACE_LISTEN=" + p.listen, "MILLRACE_DEMO=off", "MILLRACE_PIPELINES=[]",
	}, env...)
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			text, _ := os.ReadFile(p.logPath)
			t.Logf("end of the log:\n%s", text[max(0, len(text)-8000):])
		}
	})
	return p
}

// start starts the process and waits until it is ready.
func (p *platform) start() {
	p.t.Helper()
	out, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(under.path, "up")
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env, p.cmd.SysProcAttr = append(plainEnv(), p.env...), boundToTest(false)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.exited = make(chan struct{})
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // it was killed, or its log says why
	}()
	eventually(p.t, startUp, "the platform is ready", func() error {
		select {
		case <-p.exited:
			p.t.Fatal("the platform ended while it started")
		default:
		}
		return p.ask("GET", "/readyz", nil, nil)
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

// plainEnv is the environment without settings of the platform: whoever runs the tests may have some.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool {
		return slices.ContainsFunc([]string{"MILLRACE_", "KAFKA_", "REDIS_", "INFLUXDB_"}, func(prefix string) bool { return strings.HasPrefix(e, prefix) })
	})
}

// ask makes a request; anything but a status of success is an error.
func (p *platform) ask(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, "http://"+p.listen+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 5 * time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: status %d: %s", method, path, resp.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// command runs a subcommand against the platform and returns what it prints.
func (p *platform) command(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	cmd := exec.CommandContext(ctx, under.path, args...)
	cmd.Env, cmd.SysProcAttr = append(plainEnv(), "MILLRACE_URL=http://"+p.listen), boundToTest(false)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// job and pipeline are what the API says of them, as far as the tests want it.
type job struct {
	Name, State, Error, Engine, Link, Savepoint string
	FlinkJob                                    string `json:"flink_job"`
	Restarts, Lag                               int64
	RecordsIn                                   int64      `json:"records_in"`
	RecordsOut                                  int64      `json:"records_out"`
	Watermark                                   *time.Time `json:"watermark"`
	LastCheckpoint                              *struct {
		Epoch int64
		At    time.Time
	} `json:"last_checkpoint"`
}

type pipeline struct {
	Name, State, Engine, Gateway string
	Jobs                         []job
}

func (p *platform) pipeline(name string) (pipeline, error) {
	var list struct{ Pipelines []pipeline }
	if err := p.ask("GET", "/api/pipelines", nil, &list); err != nil {
		return pipeline{}, err
	}
	i := slices.IndexFunc(list.Pipelines, func(one pipeline) bool { return one.Name == name })
	if i < 0 {
		return pipeline{}, fmt.Errorf("no pipeline %s", name)
	}
	return list.Pipelines[i], nil
}

// becomes waits for a state of a pipeline.
func (p *platform) becomes(name, state string) (one pipeline) {
	p.t.Helper()
	eventually(p.t, settle, name+" is "+state, func() (err error) {
		if one, err = p.pipeline(name); err == nil && one.State != state {
			err = fmt.Errorf("it is %+v", one)
		}
		return err
	})
	return one
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

// produce sends lines to a topic with kcat and returns once Kafka has acknowledged them all.
func produce(t *testing.T, kafka, topic string, lines []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settle)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kcat", "-P", "-b", kafka, "-t", topic, "-X", "acks=all")
	cmd.SysProcAttr = boundToTest(false)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("elivery failed")) {
		t.Fatalf("kcat: %v: %s", err, out)
	}
}

// consume reads the values of a topic from its beginning to its present end, committed records only.
func consume(kafka, topic string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kcat", "-C", "-J", "-q", "-b", kafka, "-t", topic, "-o", "beginning", "-e", "-X", "isolation.level=read_committed")
	cmd.SysProcAttr = boundToTest(false)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kcat -t %s: %w: %s", topic, err, errs.String())
	}
	var values []string
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var r struct{ Payload string }
		switch err := dec.Decode(&r); {
		case errors.Is(err, io.EOF):
			return values, nil
		case err != nil:
			return nil, fmt.Errorf("kcat -J: %w", err)
		}
		values = append(values, r.Payload)
	}
}
