//go:build failpoints

package failpoint

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestParse(t *testing.T) {
	for _, good := range []string{"a.b:1", "a.b:12:kill", "a:1:stop", "a:1:panic", "a:1:sleep=2s"} {
		if err := new(plan).parse(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"a", "a:", "a:0", "a:x", "a:1:die", "a:1:sleep=x"} {
		if new(plan).parse(bad) == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestKill runs this test again as a process that comes to a point three times.
func TestKill(t *testing.T) {
	if os.Getenv("MILLRACE_FAILPOINT") != "" {
		for range 3 {
			Hit("some.point")
		}
		return
	}
	log := filepath.Join(t.TempDir(), "hits")
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), "MILLRACE_FAILPOINT=some.point:2", "MILLRACE_FAILPOINT_LOG="+log)
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the process ended with %v, want it killed", err)
	}
	if hits, err := os.ReadFile(log); err != nil || string(hits) != "some.point\nsome.point\n" {
		t.Errorf("the log of hits is %q, %v", hits, err)
	}
}
