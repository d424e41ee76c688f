package bus_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"millrace/broker"
)

// The test binary runs itself as a broker: one that can be killed, and whose CPU time is not counted
// in benchmarks.
const (
	childDir    = "MILLRACE_TEST_BROKER_DIR"
	childListen = "MILLRACE_TEST_BROKER_LISTEN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		b, err := broker.Open(broker.Config{Dir: dir, Listen: os.Getenv(childListen)})
		if err == nil {
			fmt.Println(b.Addr())
			err = b.Run(context.Background())
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child is a broker in a process of its own.
type child struct {
	addr string
	cmd  *exec.Cmd
}

func startBroker(t testing.TB, dir, listen string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childDir+"="+dir, childListen+"="+listen)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the broker did not start: %v", err)
	}
	c.addr = strings.TrimSpace(line)
	return c
}

// kill ends the process at once, as kill -9 does. It may be called twice.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may be gone already
	_ = c.cmd.Wait()         // it was killed: that is no error here
}
