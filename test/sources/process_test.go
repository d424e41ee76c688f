package sources

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// program is a server that is not ours. It is ended with all that it has started.
type program struct {
	t      *testing.T
	path   string
	args   []string
	env    []string
	signal syscall.Signal // that ends it well
	up     func() error   // whether it answers
	cmd    *exec.Cmd
	log    string
}

// serve starts a server that is ended with the test.
func serve(t *testing.T, s *program) *program {
	t.Helper()
	s.t, s.log = t, filepath.Join(t.TempDir(), "log")
	var err error
	if s.path, err = exec.LookPath(s.path); err != nil {
		s.path, err = exec.LookPath(filepath.Join("/usr/sbin", s.path)) // where Debian has servers
	}
	if err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	t.Cleanup(func() {
		s.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("end of what %s said:\n%s", filepath.Base(s.path), s.said())
		}
	})
	s.start()
	return s
}

func (s *program) said() []byte {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-3000):]
}

func (s *program) start() {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(s.path, s.args...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Env, s.cmd.SysProcAttr = log, log, s.env, boundToTest(true)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, startUp, s.up)
}

func (s *program) stop() { s.end(s.signal) }

func (s *program) end(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, sig)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// answers is an up that is content with a connection.
func answers(addr string) func() error {
	return func() error {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err
	}
}

// client runs a program that reads records from its standard input and ends when the server has them.
func client(stdin, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.SysProcAttr = strings.NewReader(stdin), boundToTest(false)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: run make deps", err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out.Bytes()[max(0, out.Len()-1000):])
	}
	return nil
}

func contains(text, part string) bool { return strings.Contains(text, part) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func none() error { return nil }
