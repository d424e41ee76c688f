// Package e2e starts the real binary, on free ports and an empty data folder, and uses it as people
// and other programs do: HTTP, WebSocket, kcat, kafka-python, schemathesis, a browser, the command
// line, kill -9.
//
// MILLRACE_BIN names the binary to test; without it one is built first. What the tests need besides
// is installed by make deps. A test that fails shows the end of the platform's log.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// kills is how often the restart tests kill the process while it works.
var kills = flag.Int("kills", 5, "how often the restart tests kill the process")

// binary is the path of the program under test, set by TestMain.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if path := os.Getenv("MILLRACE_BIN"); path != "" {
		binary = path
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "millrace-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "millrace")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/millrace")
	build.Dir = root()
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// root is the top of the repository: tests run in their own folder.
func root() string { return filepath.Join("..", "..") }
