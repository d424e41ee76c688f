package sources

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	rabbit "github.com/rabbitmq/amqp091-go"

	"millrace/internal/port"
)

// TestAMQP takes messages with ids from a quorum queue, and without from a classic one. Those without may come twice.
func TestAMQP(t *testing.T) {
	t.Parallel()
	server := startRabbit(t)
	flow := func(name, kind string, ids bool) *flow {
		return &flow{
			name: name, connector: "amqp", once: ids, lag: true,
			options: map[string]string{
				"servers": server.addr, "user": "millrace", "password": "right", "queue": name, "declare": "true", "queue_type": kind, "topic": name,
			},
			publish: func(from, upto int) error { return server.publish(name, kind, from, upto, ids) },
			bad:     func() error { return server.send(name, kind, rabbit.Publishing{Body: []byte(tooLarge())}) },
			bads:    1, reason: "the record has",
			preview: map[string]string{"queue": "kept"},
			wrong: []wrong{
				{map[string]string{"password": "not-this-one"}, "'password'"},
				{map[string]string{"servers": port.Free(t)}, "connection refused"},
				{map[string]string{"queue": "none", "declare": "false"}, "'declare'"},
			},
		}
	}
	if err := server.publish("kept", "classic", 0, 10, true); err != nil {
		t.Fatal(err)
	}
	withIDs, without := flow("orders", "quorum", true), flow("readings", "classic", false)
	withIDs.byAPI = true
	collect(t, server, withIDs, without)
	if n, err := server.waiting("kept"); n != 10 {
		t.Errorf("the queue that was previewed has %d messages, want 10 (%v)", n, err)
	}
}

// rabbitmq is a server with a folder and an Erlang port mapper of its own.
type rabbitmq struct {
	*program
	addr string
}

func startRabbit(t *testing.T) *rabbitmq {
	t.Helper()
	dir, mapper, cluster := t.TempDir(), port.Free(t), port.Free(t)
	s := &rabbitmq{addr: port.Free(t)}
	write(t, filepath.Join(dir, "rabbitmq.conf"), fmt.Sprintf("listeners.tcp.1 = %s\ndefault_user = millrace\ndefault_pass = right\n", s.addr))
	env := append(os.Environ(), "HOME="+dir, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT="+port.Of(mapper), "RABBITMQ_DIST_PORT="+port.Of(cluster),
		"RABBITMQ_NODENAME=millrace@localhost", "RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "data"), "RABBITMQ_LOG_BASE="+dir, "RABBITMQ_LOGS=-",
		"RABBITMQ_PID_FILE="+filepath.Join(dir, "pid"), "RABBITMQ_ENABLED_PLUGINS_FILE="+filepath.Join(dir, "plugins"),
		"RABBITMQ_CONFIG_FILE="+filepath.Join(dir, "rabbitmq"), "RABBITMQ_CONF_ENV_FILE="+filepath.Join(dir, "none"))
	serve(t, &program{path: "epmd", args: []string{"-port", port.Of(mapper)}, env: env, up: answers(mapper), signal: syscall.SIGTERM})
	s.program = serve(t, &program{
		path: "/usr/lib/rabbitmq/bin/rabbitmq-server", // what stands on the path on Debian asks for another user
		env:  env, signal: syscall.SIGTERM, up: func() error {
			conn, err := s.dial()
			if err == nil {
				conn.Close()
			}
			return err
		},
	})
	return s
}

func (s *rabbitmq) dial() (*rabbit.Connection, error) {
	return rabbit.DialConfig("amqp://"+s.addr, rabbit.Config{SASL: []rabbit.Authentication{&rabbit.PlainAuth{Username: "millrace", Password: "right"}}, Vhost: "/"})
}

// publish makes the queue, sends records to it and returns when RabbitMQ has them.
func (s *rabbitmq) publish(queue, kind string, from, upto int, ids bool) error {
	var all []rabbit.Publishing
	for id := from; id < upto; id++ {
		m := rabbit.Publishing{DeliveryMode: rabbit.Persistent, Body: []byte(line(id)), ContentType: "application/json"}
		if ids {
			m.MessageId = fmt.Sprint("message-", id)
		}
		all = append(all, m)
	}
	return s.send(queue, kind, all...)
}

func (s *rabbitmq) send(queue, kind string, all ...rabbit.Publishing) error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err == nil {
		err = ch.Confirm(false)
	}
	if err == nil {
		_, err = ch.QueueDeclare(queue, true, false, false, false, rabbit.Table{"x-queue-type": kind})
	}
	if err != nil {
		return err
	}
	var waiting []*rabbit.DeferredConfirmation
	for _, m := range all {
		c, err := ch.PublishWithDeferredConfirm("", queue, false, false, m)
		if err != nil {
			return err
		}
		waiting = append(waiting, c)
	}
	for _, c := range waiting {
		if !c.Wait() {
			return fmt.Errorf("publish: RabbitMQ does not take message %d", c.DeliveryTag)
		}
	}
	return nil
}

// waiting is the length of a queue once nobody holds messages of it.
func (s *rabbitmq) waiting(queue string) (int, error) {
	conn, err := s.dial()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return 0, err
	}
	q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	return q.Messages, err
}
