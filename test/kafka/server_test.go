package kafka

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"millrace/broker"
	"millrace/bus/bustest"
	"millrace/internal/port"
)

// Patience with a machine that does other things at the same time.
const (
	pollEvery = 50 * time.Millisecond
	startUp   = 60 * time.Second
	settle    = 90 * time.Second
)

// onEach runs a test on each broker of -on; the brokers are started one after the other, and end with it.
func onEach(t *testing.T, test func(t *testing.T, addr string)) {
	t.Helper()
	for name := range strings.SplitSeq(*brokers, ",") {
		t.Run(name, func(t *testing.T) { test(t, startServer(t, name)) })
	}
}

// startServer starts a broker with nothing in it and returns its address.
func startServer(t *testing.T, name string) string {
	t.Helper()
	switch name {
	case "millrace":
		return startMillrace(t)
	case "broker":
		addr := port.Free(t)
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		startProcess(t, answers(addr), self, brokerArg, t.TempDir(), addr)
		return addr
	case "kafka":
		return bustest.Kafka(t)
	}
	if port.Of(name) == "" {
		t.Fatalf("-on %s: want millrace, broker, kafka or HOST:PORT", name)
	}
	return name
}

// serveBroker is the process of -on broker.
func serveBroker(dir, listen string) int {
	b, err := broker.Open(broker.Config{Dir: dir, Listen: listen})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := b.Run(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := b.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// startMillrace starts the binary with nothing but a broker to do.
func startMillrace(t *testing.T) string {
	t.Helper()
	dir, listen, addr := t.TempDir(), port.Free(t), port.Free(t)
	config := filepath.Join(dir, "config.yaml")
	text := "demo: \"off\"\npipelines: []\nsources:\n  host:\n    enabled: false\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ready := func() error {
		resp, err := http.Get("http://" + listen + "/readyz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("readyz: %s", resp.Status)
		}
		return nil
	}
	startProcess(t, ready, under.path, "up", "--config", config, "--data", filepath.Join(dir, "data"), "--listen", listen, "--kafka", addr)
	return addr
}

// plainEnv is the environment without settings of the platform: whoever runs the tests may have some.
func plainEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "MILLRACE_") })
}

// server is a process that serves until the test ends.
type server struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

// startProcess starts a server and waits until it is up; it ends with the test. When the test fails the end of what it
// wrote is shown.
func startProcess(t *testing.T, up func() error, name string, args ...string) *server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := &server{cmd: exec.Command(name, args...), exited: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.Env, s.cmd.SysProcAttr = plainEnv(), boundToTest(true)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.exited)
		_ = s.cmd.Wait() // it was told to end, or its log says why
	}()
	t.Cleanup(func() {
		s.end(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", filepath.Base(name), tail(path))
		}
	})
	eventually(t, startUp, func() error {
		select {
		case <-s.exited:
			t.Fatalf("%s ended while starting:\n%s", filepath.Base(name), tail(path))
		default:
		}
		return up()
	})
	return s
}

// end ends a server and what it has started by a signal, and after some patience by a stronger one.
func (s *server) end(sig syscall.Signal) {
	_ = syscall.Kill(-s.cmd.Process.Pid, sig) // it may have ended
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.exited
	}
}

func tail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-4000):]
}

// answers is an up that is content with a connection.
func answers(addr string) func() error {
	return func() error { return dial(addr) }
}

// eventually polls until check returns nil, and fails with its last error when that takes too long.
func eventually(t *testing.T, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %v", within, err)
		}
		<-tick.C
	}
}
