package main

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
	"regexp"
	"strings"
	"time"

	"millrace/internal/port"
)

const flinkScripts = "test/real/flink"

// flinkVersion is the version that the scripts install, as their list says.
func flinkVersion() string {
	text, err := os.ReadFile(filepath.Join(flinkScripts, "pom.xml"))
	if err != nil {
		return ""
	}
	if m := regexp.MustCompile(`<flink.version>(.*)</flink.version>`).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

// flinkCluster is a real Flink: JobManager, TaskManager and SQL Gateway. The gateway, which plans, is not counted.
type flinkCluster struct {
	dir     string
	gateway string // URL
	rest    string
	parts   map[string]*exec.Cmd
	release []func() // of ports
	http    http.Client
	set     map[string]string
	addr    string
	w       workload
}

func flinkWith(reuse bool) func(context.Context, string, workload) (engineRun, error) {
	return func(ctx context.Context, addr string, w workload) (engineRun, error) {
		f, err := startFlink(ctx, map[string]string{"parallelism.default": "2", "pipeline.object-reuse": fmt.Sprint(reuse)})
		if err != nil {
			return nil, err
		}
		f.addr, f.w = addr, w
		return f, nil
	}
}

// startFlink starts a cluster; its sessions have the given settings.
func startFlink(ctx context.Context, set map[string]string) (f *flinkCluster, err error) {
	if out, err := exec.Command(filepath.Join(flinkScripts, "install.sh")).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("install Flink: %w\n%s", err, out)
	}
	f = &flinkCluster{http: http.Client{Timeout: time.Minute}, parts: map[string]*exec.Cmd{}, set: map[string]string{"table.dml-sync": "true", "table.local-time-zone": "UTC"}}
	for k, v := range set {
		f.set[k] = v
	}
	defer func() {
		if err != nil {
			f.stop()
		}
	}()
	if f.dir, err = os.MkdirTemp("", "millrace-bench-"); err != nil {
		return f, err
	}
	var ports []string
	for range 3 {
		addr, release, err := port.Take()
		if err != nil {
			return f, err
		}
		f.release = append(f.release, release)
		ports = append(ports, port.Of(addr))
	}
	f.gateway, f.rest = "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	for _, part := range []string{"jobmanager", "taskmanager", "gateway"} {
		log, err := os.Create(filepath.Join(f.dir, part+".out"))
		if err != nil {
			return f, err
		}
		cmd := exec.Command(filepath.Join(flinkScripts, "server.sh"), append([]string{part, f.dir}, ports...)...)
		cmd.Stdout, cmd.Stderr = log, log
		cmd.Env = append(os.Environ(), "FLINK_TM_MEM=2500m")
		err = cmd.Start()
		log.Close()
		if err != nil {
			return f, err
		}
		f.parts[part] = cmd
	}
	return f, f.await(ctx)
}

// await waits until gateway and JobManager answer and there is a TaskManager.
func (f *flinkCluster) await(ctx context.Context) error {
	const patience = 3 * time.Minute
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		var overview struct{ Taskmanagers int }
		err := f.call(ctx, http.MethodGet, f.rest+"/overview", nil, &overview)
		if err == nil && overview.Taskmanagers > 0 {
			if err = f.call(ctx, http.MethodGet, f.gateway+"/v1/info", nil, nil); err == nil {
				return nil
			}
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return fmt.Errorf("start Flink: it was not ready after %s: %w", patience, errors.Join(err, ctx.Err()))
		}
	}
}

// run implements engineRun.
func (f *flinkCluster) run(ctx context.Context, topic, out string) (peerSample, error) {
	tables, insert := f.w.script(f.addr, topic, out)
	return f.timed(ctx, tables, insert)
}

// timed runs statements in a session of their own and measures the last.
func (f *flinkCluster) timed(ctx context.Context, before []string, measured string) (s peerSample, err error) {
	var opened struct{ SessionHandle string }
	if err := f.call(ctx, http.MethodPost, f.gateway+"/v3/sessions", map[string]any{"properties": f.set}, &opened); err != nil {
		return s, err
	}
	session := f.gateway + "/v3/sessions/" + opened.SessionHandle
	defer func() { err = errors.Join(err, f.call(ctx, http.MethodDelete, session, nil, nil)) }()
	for _, statement := range before {
		if err := f.statement(ctx, session, statement); err != nil {
			return s, err
		}
	}
	cpu, err := f.cpu()
	if err != nil {
		return s, err
	}
	began := time.Now()
	if err := f.statement(ctx, session, measured); err != nil {
		return s, err
	}
	s.wall = time.Since(began)
	after, err := f.cpu()
	s.cpu = after - cpu
	return s, err
}

// statement runs a statement to its end.
func (f *flinkCluster) statement(ctx context.Context, session, text string) error {
	var op struct{ OperationHandle string }
	if err := f.call(ctx, http.MethodPost, session+"/statements", map[string]any{"statement": text}, &op); err != nil {
		return err
	}
	next := "/v3" + strings.TrimPrefix(session, f.gateway+"/v3") + "/operations/" + op.OperationHandle + "/result/0"
	for next != "" {
		var r struct {
			ResultType    string
			NextResultURI string `json:"nextResultUri"`
		}
		if err := f.call(ctx, http.MethodGet, f.gateway+next, nil, &r); err != nil {
			return err
		}
		if r.NextResultURI != "" {
			next = r.NextResultURI
		} else if r.ResultType != "NOT_READY" {
			next = ""
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// counted are the parts that do the work.
func (f *flinkCluster) counted() []*exec.Cmd {
	return []*exec.Cmd{f.parts["jobmanager"], f.parts["taskmanager"]}
}

func (f *flinkCluster) cpu() (total time.Duration, err error) {
	for _, cmd := range f.counted() {
		n, err := treeCPU(cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// peak implements engineRun.
func (f *flinkCluster) peak() (total int64, err error) {
	for _, cmd := range f.counted() {
		n, err := peakOf(cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// stop implements engineRun.
func (f *flinkCluster) stop() {
	for _, part := range []string{"gateway", "taskmanager", "jobmanager"} {
		endProcess(f.parts[part])
	}
	for _, release := range f.release {
		release()
	}
	_ = os.RemoveAll(f.dir)
}

func (f *flinkCluster) call(ctx context.Context, method, url string, body, answer any) error {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, in)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := f.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		const shown = 3000
		return fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, text[:min(shown, len(text))])
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
