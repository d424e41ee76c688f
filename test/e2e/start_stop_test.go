package e2e

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"millrace/internal/port"
)

// refused runs the binary where it must give up, and returns what it says.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startUp)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{"up", "--data", t.TempDir()}, args...)...)
	cmd.Env, cmd.SysProcAttr = plainEnv(), boundToTest(false)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%q: still running after %s:\n%s", args, startUp, out)
	}
	if err == nil {
		t.Fatalf("%q: exit code 0, want an error:\n%s", args, out)
	}
	if strings.Contains(string(out), "panic") || strings.Contains(string(out), "goroutine ") {
		t.Errorf("%q: a stack trace, want a sentence:\n%s", args, out)
	}
	return string(out)
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	f := func(args ...string) {
		t.Helper()
		out := refused(t, args...)
		if !strings.Contains(out, taken) || !strings.Contains(out, "in use") && !strings.Contains(out, "taken") {
			t.Errorf("%q: want it to say that %s is taken:\n%s", args, taken, out)
		}
	}
	f("--listen", taken, "--kafka", port.Free(t))
	f("--listen", port.Free(t), "--kafka", taken)
}

func TestOpenAddressNeedsToken(t *testing.T) {
	t.Parallel()
	out := refused(t, "--listen", "0.0.0.0:"+port.Number(t), "--kafka", port.Free(t))
	if !strings.Contains(out, "token") {
		t.Errorf("want it to ask for a token:\n%s", out)
	}
}

func TestWrongArgument(t *testing.T) {
	t.Parallel()
	if out := refused(t, "--demo=perhaps"); !strings.Contains(out, "demo") {
		t.Errorf("want it to name the argument:\n%s", out)
	}
}

// TestStopAndStart ends the process as Ctrl-C does, with the demo and open connections, and finds what
// was there before.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	p := start(t)
	eventually(t, settle, func() error {
		_, err := p.query(map[string]any{"measurement": "cpu_usage", "time_range": "-15m", "filters": map[string]any{}})
		return err
	})
	p.mustProduce("kept", []string{"one", "two"})
	began := time.Now()
	p.stop()
	t.Logf("stopped in %s", time.Since(began).Round(time.Millisecond))

	p.start()
	p.awaitReady()
	if got := p.consume("kept"); len(got) != 2 {
		t.Errorf("%d records after a clean stop, want 2: %v", len(got), got)
	}
}
