package kafka

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the binary under test.
type program struct{ path string }

// under is set by TestMain, before any test runs.
var under program

// brokers are the brokers to work on.
var brokers = flag.String("on", "millrace", "brokers, by comma: millrace, broker, kafka, HOST:PORT")

// First arguments that make this test binary a process of a test.
const (
	brokerArg = "broker-process"
	franzArg  = "franz-go"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case brokerArg:
			os.Exit(serveBroker(os.Args[2], os.Args[3]))
		case franzArg:
			os.Exit(playFranz(os.Args[2], os.Args[3]))
		}
	}
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if path := os.Getenv("MILLRACE_BIN"); path != "" || !strings.Contains(*brokers, "millrace") {
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
	build.Dir = root()
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// root is the top of the repository: tests run in their own folder.
func root() string { return filepath.Join("..", "..") }
