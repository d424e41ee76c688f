package stack

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"millrace/internal/port"
)

// redisServer is a real Redis that keeps nothing on disk: after a stop it comes back empty.
type redisServer struct {
	t    *testing.T
	addr string
	cmd  *exec.Cmd
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("no Redis: apt-get install redis-server")
	}
	s := &redisServer{t: t, addr: port.Free(t)}
	t.Cleanup(s.Stop)
	s.Start()
	return s
}

// Start starts the server and waits until it answers.
func (s *redisServer) Start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", "--port", s.port(), "--bind", "127.0.0.1", "--save", "", "--dir", s.t.TempDir())
	s.cmd.SysProcAttr = boundToTest(false)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, startUp, "Redis listens", func() error {
		c, err := net.DialTimeout("tcp", s.addr, time.Second)
		if err == nil {
			_ = c.Close() // nothing was written
		}
		return err
	})
}

// Stop kills the server.
func (s *redisServer) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()         // says that it was killed
	s.cmd = nil
}

func (s *redisServer) port() string {
	_, port, _ := net.SplitHostPort(s.addr) // our own
	return port
}

// do runs a command as redis-cli would.
func (s *redisServer) do(words ...string) (rueidis.RedisResult, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.addr}, DisableCache: true})
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), perRequest)
	defer cancel()
	return c.Do(ctx, c.B().Arbitrary(words...).Build()), nil
}
