// Package sources collects from real servers with the real binary: MQTT, NATS, RabbitMQ, Redis, Kafka, nginx and its logs,
// syslog. While records are sent, the server is restarted once and the platform killed twice; afterwards each record
// is on the bus, and where docs/sources.md promises exactly once, it is there once.
//
// MILLRACE_BIN names the binary to test; without it one is built first. MILLRACE_SOURCE_RECORDS says how many records
// each source gets; without it 50,000. What the tests need besides is installed by make deps; none is skipped.
package sources

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// binary is the path of the program under test, set by TestMain.
var binary string

// records is how many records each source gets.
var records = 50_000

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if text := os.Getenv("MILLRACE_SOURCE_RECORDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1000 {
			fmt.Fprintf(os.Stderr, "MILLRACE_SOURCE_RECORDS is %q: it wants a number from 1000 on\n", text)
			return 1
		}
		records = n
	}
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
