package redis_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// server is a real Redis that a test starts, stops and starts again; it keeps its data on disk.
type server struct {
	t    *testing.T
	addr string
	args []string
	cmd  *exec.Cmd
}

func startRedis(t *testing.T, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("apt-get install redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s := &server{t: t, addr: l.Addr().String(), args: append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", t.TempDir(),
	}, args...)}
	l.Close()
	t.Cleanup(s.kill)
	s.start()
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		c, err := rueidis.NewClient(s.option())
		if err == nil {
			err = c.Do(context.Background(), c.B().Ping().Build()).Error()
			c.Close()
			if said, ok := rueidis.IsRedisErr(err); err == nil || ok && said.Error()[:6] == "NOAUTH" {
				return
			}
		}
		if said, ok := rueidis.IsRedisErr(err); ok && said.Error()[:6] == "NOAUTH" {
			return
		}
	}
	s.t.Fatal("redis does not answer")
}

// kill ends the server as kill -9 does.
func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *server) option() rueidis.ClientOption {
	return rueidis.ClientOption{InitAddress: []string{s.addr}, DisableCache: true, ForceSingleClient: true, DisableRetry: true}
}

// do runs a command.
func (s *server) do(words ...string) rueidis.RedisResult {
	s.t.Helper()
	c, err := rueidis.NewClient(s.option())
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	r := c.Do(context.Background(), c.B().Arbitrary(words...).Build())
	if err := r.Error(); err != nil && !rueidis.IsRedisNil(err) {
		s.t.Fatalf("%v: %v", words, err)
	}
	return r
}

// add adds entries with the field v.
func (s *server) add(stream string, from, upto int) {
	s.t.Helper()
	c, err := rueidis.NewClient(s.option())
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	var cmds rueidis.Commands
	for i := from; i < upto; i++ {
		cmds = append(cmds, c.B().Xadd().Key(stream).Id("*").FieldValue().FieldValue("v", strconv.Itoa(i)).Build())
	}
	for _, r := range c.DoMulti(context.Background(), cmds...) {
		if err := r.Error(); err != nil {
			s.t.Fatal(err)
		}
	}
}
