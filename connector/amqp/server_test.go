package amqp_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	rabbit "github.com/rabbitmq/amqp091-go"

	"millrace/internal/port"
)

// server is a real RabbitMQ with a folder and an Erlang port mapper of its own. It takes some seconds to start, so all
// tests share one.
type server struct {
	t    *testing.T
	addr string
	env  []string
	log  string
	cmd  *exec.Cmd
}

// program is RabbitMQ itself: what stands on the path on Debian asks for another user.
const program = "/usr/lib/rabbitmq/bin/rabbitmq-server"

func startRabbit(t *testing.T) *server {
	t.Helper()
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("rabbitmq-server is not installed")
		}
		t.Skip("apt-get install rabbitmq-server")
	}
	ports := [3]string{port.Number(t), port.Number(t), port.Number(t)}
	dir := t.TempDir()
	conf := fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%s\ndefault_user = millrace\ndefault_pass = right\n", ports[0])
	if err := os.WriteFile(filepath.Join(dir, "rabbitmq.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, addr: fmt.Sprintf("127.0.0.1:%s", ports[0]), log: filepath.Join(dir, "log")}
	s.env = append(os.Environ(), "HOME="+dir, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT="+ports[1], "RABBITMQ_DIST_PORT="+ports[2],
		"RABBITMQ_NODENAME=millrace@localhost", "RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "data"), "RABBITMQ_LOG_BASE="+dir, "RABBITMQ_LOGS=-",
		"RABBITMQ_PID_FILE="+filepath.Join(dir, "pid"), "RABBITMQ_ENABLED_PLUGINS_FILE="+filepath.Join(dir, "plugins"),
		"RABBITMQ_CONFIG_FILE="+filepath.Join(dir, "rabbitmq"), "RABBITMQ_CONF_ENV_FILE="+filepath.Join(dir, "none"))

	mapper := exec.Command("epmd", "-port", ports[1])
	mapper.Env = s.env
	if err := mapper.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mapper.Process.Kill(); _ = mapper.Wait() })
	s.await("127.0.0.1:"+ports[1], func(addr string) error {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err
	})
	t.Cleanup(func() { s.stop(syscall.SIGKILL) })
	s.start()
	return s
}

func (s *server) await(addr string, try func(string) error) {
	s.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		err := try(addr)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			log, _ := os.ReadFile(s.log)
			s.t.Fatalf("%s does not answer: %v\n%s", addr, err, log)
		}
	}
}

func (s *server) start() {
	s.t.Helper()
	log, err := os.Create(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(program)
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = s.env, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.await(s.addr, func(string) error {
		conn, err := s.dial()
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// stop ends the server and all processes it has started.
func (s *server) stop(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, sig)
	_ = s.cmd.Wait()
	s.cmd = nil
}

func (s *server) dial() (*rabbit.Connection, error) {
	return rabbit.DialConfig("amqp://"+s.addr, rabbit.Config{SASL: []rabbit.Authentication{&rabbit.PlainAuth{Username: "millrace", Password: "right"}}, Vhost: "/"})
}

// channel calls use with a channel.
func (s *server) channel(use func(ch *rabbit.Channel) error) {
	s.t.Helper()
	conn, err := s.dial()
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err == nil {
		err = use(ch)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) declare(queue, kind string) {
	s.t.Helper()
	s.channel(func(ch *rabbit.Channel) error {
		_, err := ch.QueueDeclare(queue, true, false, false, false, rabbit.Table{"x-queue-type": kind})
		return err
	})
}

// publish sends messages v<from> to v<upto-1>, with ids if so wanted, and waits until RabbitMQ has them.
func (s *server) publish(exchange, key string, from, upto int, ids bool) {
	s.t.Helper()
	s.channel(func(ch *rabbit.Channel) error {
		if err := ch.Confirm(false); err != nil {
			return err
		}
		var last *rabbit.DeferredConfirmation
		for i := from; i < upto; i++ {
			m := rabbit.Publishing{DeliveryMode: rabbit.Persistent, Body: fmt.Append(nil, "v", i), Timestamp: time.Unix(1700000000, 0), Headers: rabbit.Table{"n": int32(i), "site": "a"}}
			if ids {
				m.MessageId = fmt.Sprint("id", i)
			}
			var err error
			if last, err = ch.PublishWithDeferredConfirm(exchange, key, false, false, m); err != nil {
				return err
			}
		}
		last.Wait()
		return nil
	})
}

// name makes the name of a queue of a test.
func name(t *testing.T) string { return strings.ReplaceAll(t.Name(), "/", ".") }
