// Package flink runs the real binary beside a real Kafka and a real Flink: pipelines that Flink runs, and that
// give there what they give here. It is heavy, so that it stands apart: `make flink-test`.
//
// MILLRACE_BIN names the binary to test; without it one is built first. A server that is not installed skips the test,
// or fails it in a build (CI is set). A test that fails shows the end of the logs.
package flink

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the binary under test.
type program struct {
	path string
}

// under is set by TestMain, before any test runs.
var under program

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
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
