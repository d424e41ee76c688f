package mqtt

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"millrace/connector"
	"millrace/option"
)

// server is a real Mosquitto that can be stopped and started again.
type server struct {
	*testing.T
	addr string
	conf string
	cmd  *exec.Cmd
}

func startMosquitto(t *testing.T, more string) *server {
	t.Helper()
	if _, err := exec.LookPath("mosquitto"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("mosquitto is not installed")
		}
		t.Skip("apt-get install mosquitto")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	dir := t.TempDir()
	s := &server{T: t, addr: l.Addr().String(), conf: filepath.Join(dir, "mosquitto.conf")}
	if more == "" {
		more = "allow_anonymous true\n"
	}
	user := "nobody"
	if os.Getuid() == 0 {
		user = "root" // the folder is ours
	}
	conf := fmt.Sprintf("listener %d 127.0.0.1\nuser %s\npersistence true\npersistence_location %s/\nmax_queued_messages 0\nset_tcp_nodelay true\nmax_inflight_messages 200\n%s",
		l.Addr().(*net.TCPAddr).Port, user, dir, more)
	if err := os.WriteFile(s.conf, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.start()
	return s
}

func (s *server) start() {
	s.Helper()
	s.cmd = exec.Command("mosquitto", "-c", s.conf)
	if err := s.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.Fatal(err)
		}
	}
}

// stop ends the server so that it keeps its sessions.
func (s *server) stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *server) collector(v option.Values) *collector {
	s.Helper()
	all := option.Values{"servers": s.addr}
	for k, x := range v {
		all[k] = x
	}
	all, err := option.Check("mqtt", Spec().Options, all)
	if err != nil {
		s.Fatal(err)
	}
	c, err := Spec().Collect(all)
	if err != nil {
		s.Fatal(err)
	}
	return c.(*collector)
}

// publish sends v<from> to v<upto-1> and waits until the broker has them.
func (s *server) publish(topic string, from, upto int, qos byte, kept bool) {
	s.Helper()
	c := s.collector(option.Values{"topics": "x", "protocol": "3.1.1"})
	conn, err := c.connect(s.Context(), guest())
	if err != nil {
		s.Fatal(err)
	}
	defer conn.shut()
	const window = 20
	for ; from < upto; from += window {
		var out []byte
		n := min(window, upto-from)
		for i := range n {
			b := appendText(nil, topic)
			if qos > 0 {
				b = binary.BigEndian.AppendUint16(b, uint16(i+1))
			}
			flags := qos << 1
			if kept {
				flags |= 1
			}
			out = frame(out, kindPublish, flags, fmt.Appendf(b, "v%d", from+i))
		}
		if err := conn.write(out); err != nil {
			s.Fatal(err)
		}
		s.acknowledged(conn, n, qos)
	}
}

func (s *server) acknowledged(conn *session, n int, qos byte) {
	s.Helper()
	for n > 0 && qos > 0 {
		p, err := readPacket(conn.r)
		if err != nil {
			s.Fatal(err)
		}
		switch p.kind {
		case kindPuback, kindPubcomp:
			n--
		case kindPubrec:
			release := appendAck(nil, kindPubrel, binary.BigEndian.Uint16(p.body))
			release[0] |= 2
			if err := conn.write(release); err != nil {
				s.Fatal(err)
			}
		}
	}
}

var _ connector.Collector = (*collector)(nil)
