package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outside runs a program that is not ours and returns its standard output. When it takes too long it is
// ended together with what it has started.
func outside(t *testing.T, within time.Duration, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = boundToTest(true)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// python is a program of the folder that make deps fills.
func python(t *testing.T, program string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, "millrace", "venv", "bin", program)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	return path
}

func TestKafkaPythonGroup(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	got := outside(t, 2*time.Minute, nil, python(t, "python"), "clients/kafka_group.py", p.kafka, "clients.test", "500")
	if want := `{"first": 250, "second": 250, "distinct": 500}`; got != want {
		t.Errorf("kafka-python saw %s, want %s", got, want)
	}
}

func TestPythonWebSocket(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	got := outside(t, time.Minute, nil, python(t, "python"), "clients/realtime.py", "ws://"+p.listen+"/ws/realtime")
	if want := `{"base": 3, "metrics": ["cpu_core_usage"]}`; got != want {
		t.Errorf("websockets saw %s, want %s", got, want)
	}
}

// TestOpenAPI lets schemathesis make requests from the OpenAPI document, good ones and bad ones, and
// hold every answer against it.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	out := outside(t, 5*time.Minute, []string{"NO_COLOR=1"}, python(t, "st"),
		"--config-file", filepath.Join("clients", "schemathesis.toml"), "run", p.url("/openapi.json"),
		"--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--seed", "1",
		"--generation-database", "none", "--request-timeout", "20", "--exclude-path", "/ws/realtime")
	t.Log(out[max(0, len(out)-1500):])
	if status, _, err := p.try("GET", "/readyz", "", nil); err != nil || status != 200 {
		t.Errorf("not ready afterwards: status %d, %v", status, err)
	}
}

// TestScreen runs the browser tests of the screen against the binary, and so the screen that is in it.
func TestScreen(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join(root(), "ui", "test", "e2e", "*.mjs"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts for the browser: %v", err)
	}
	p := start(t)
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".mjs")
		if name == "browser" || name == "run" {
			continue // what the others share, and what runs them without us
		}
		t.Run(name, func(t *testing.T) {
			script, err := filepath.Abs(script)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(outside(t, 5*time.Minute, []string{"BASE_URL=" + p.url("")}, "node", script))
		})
	}
}
