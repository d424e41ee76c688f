// Package ledger kills the platform at every named point (internal/failpoint) and at random moments, and holds it to its
// books: what was acknowledged is there once, what was refused is not there, transactions are whole, and what pipelines
// have written equals what a batch computation gives. docs/testing.md says what that proves and how to run it.
//
// The binary under test is built with -tags failpoints; MILLRACE_LEDGER_BIN names one that is built already.
//
//	MILLRACE_LEDGER_KILLS=200   kills at random moments; 6 without it
//	MILLRACE_LEDGER_POINTS=all  kills at every named point; without it at some of them, others each time
//	MILLRACE_LEDGER_SEED=N      chooses what was chosen in the run that showed the seed N
package ledger

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// binary is the path of the program under test, set by TestMain.
var binary string

// How much is tested.
var (
	seed      = uint64(time.Now().UnixNano())
	kills     = 6
	everyKill = false // at each point
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if err := settings(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if binary = os.Getenv("MILLRACE_LEDGER_BIN"); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "millrace-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "millrace")
	build := exec.Command("go", "build", "-trimpath", "-tags", "failpoints", "-o", binary, "./cmd/millrace")
	build.Dir = root()
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func settings() error {
	if text := os.Getenv("MILLRACE_LEDGER_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fmt.Errorf("MILLRACE_LEDGER_SEED is %q: it wants a number", text)
		}
		seed = n
	}
	if text := os.Getenv("MILLRACE_LEDGER_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fmt.Errorf("MILLRACE_LEDGER_KILLS is %q: it wants a number", text)
		}
		kills = n
	}
	everyKill = os.Getenv("MILLRACE_LEDGER_POINTS") == "all"
	return nil
}

// root is the top of the repository: tests run in their own folder.
func root() string { return filepath.Join("..", "..") }
