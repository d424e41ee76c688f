// Package stack runs the real binary as it is deployed: with a real Kafka, Redis, InfluxDB 2.7, MinIO and
// Mailpit, alone and as three replicas, while those servers and replicas are stopped, killed and started again.
//
// MILLRACE_BIN names the binary to test; without it one is built first. MILLRACE_LONG=1 makes outages and load as
// long as make check-all wants them; without it the tests are quick enough for make test. A server that
// is not installed skips the test, or fails it in a build (CI is set). A test that fails shows the end of the logs.
package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// program is the binary under test.
type program struct {
	path string
	long bool
}

// under is set by TestMain, before any test runs.
var under program

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	under.long = os.Getenv("MILLRACE_LONG") != ""
	if path := os.Getenv("MILLRACE_BIN"); path != "" {
		under.path = path
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "millrace-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	under.path = filepath.Join(dir, "millrace")
	build := exec.Command("go", "build", "-trimpath", "-o", under.path, "./cmd/millrace")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// either is what a test takes in a quick run and in a long one.
func either[T any](quick, long T) T {
	if under.long {
		return long
	}
	return quick
}

// outage is how long a server is away.
func outage() time.Duration { return either(8*time.Second, 30*time.Second) }
