package sources

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/internal/port"
)

// TestFile follows the access log of an nginx, which is renamed under it as logrotate does, and a log of JSON lines
// that is copied and cut.
func TestFile(t *testing.T) {
	t.Parallel()
	web := startNginx(t, "location /r/ { return 204; }")
	access := &flow{
		name: "access", connector: "file", once: true, lag: true,
		options: map[string]string{"paths": filepath.Join(web.dir, "access.log"), "topic": "logs.access", "format": "combined"},
		publish: web.visit, number: visited,
		preview: map[string]string{"paths": filepath.Join(web.dir, "access.log.*")}, // the other may have just been begun
		wrong: []wrong{
			{map[string]string{"paths": filepath.Join(web.dir, "none", "*.log")}, "no file matches"},
			{map[string]string{"format": "combind"}, "combined"},
		},
	}
	log := &appLog{path: filepath.Join(t.TempDir(), "app.log")}
	app := &flow{
		name: "app", connector: "file", once: true, lag: true, byAPI: true,
		options: map[string]string{"paths": log.path, "topic": "logs.app", "format": "json", "add_file": "true"},
		publish: log.write,
		bad: func() error {
			return log.append("this is no JSON: " + strings.Repeat("x", 1_000_000) + "\nnor is this\n")
		},
		bads: 2, reason: "no JSON object",
		preview: map[string]string{"paths": log.path + ".*"},
	}
	c := &course{platform: prepare(t), server: web, flows: []*flow{access, app}, local: true}
	log.followed = func() bool {
		s, err := c.source(app.name)
		return err == nil && s.Records > 0
	}
	c.run()
}

// visited is the number in the path of a line of an access log.
func visited(r *kgo.Record) (int, error) {
	var v struct{ Path string }
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimPrefix(v.Path, "/r/"))
}

// nginx is a web server with a folder of its own.
type nginx struct {
	*program
	addr, dir string
	rotations int
}

func startNginx(t *testing.T, locations string) *nginx {
	t.Helper()
	n := &nginx{addr: port.Free(t), dir: t.TempDir()}
	conf := filepath.Join(n.dir, "nginx.conf")
	write(t, conf, fmt.Sprintf(`daemon off; master_process on; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log %[1]s/access.log combined; keepalive_requests 1000000;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server { listen %[2]s; root %[1]s; %[3]s }
}
`, n.dir, n.addr, locations))
	n.program = serve(t, &program{path: "nginx", args: []string{"-p", n.dir, "-c", conf}, signal: syscall.SIGTERM, up: answers(n.addr)})
	return n
}

// visit makes a request for each number, and then rotates the log: rename, and USR1 to reopen it.
func (n *nginx) visit(from, upto int) error {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for id := from; id < upto; id++ {
		res, err := client.Get(fmt.Sprintf("http://%s/r/%d", n.addr, id))
		if err != nil {
			return err
		}
		if res.Body.Close(); res.StatusCode != http.StatusNoContent {
			return fmt.Errorf("nginx answers %s", res.Status)
		}
	}
	n.rotations++
	path := filepath.Join(n.dir, "access.log")
	if err := os.Rename(path, fmt.Sprintf("%s.%d", path, n.rotations)); err != nil {
		return err
	}
	if err := n.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return err
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for deadline := time.Now().Add(settle); ; <-tick.C { // until it has made the new one
		_, err := os.Stat(path)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// appLog is the log of a program that does not know of rotation.
type appLog struct {
	path      string
	rotations int
	followed  func() bool // whether lines of it have arrived
}

func (l *appLog) append(text string) error {
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// write adds lines, as a program does over time, some in two pieces, and then rotates by copy and cut, while nothing is
// written. A log that nobody has seen yet is not cut.
func (l *appLog) write(from, upto int) error {
	const piece = 50
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for at := from; at < upto; at += piece {
		text := lines(at, min(at+piece, upto))
		if err := l.append(text[:len(text)-17]); err != nil {
			return err
		}
		<-tick.C
		if err := l.append(text[len(text)-17:]); err != nil {
			return err
		}
	}
	for deadline := time.Now().Add(settle); from == 0 && !l.followed(); <-tick.C {
		if time.Now().After(deadline) {
			return errors.New("no line of the log arrives")
		}
	}
	text, err := os.ReadFile(l.path)
	if err != nil {
		return err
	}
	l.rotations++
	if err := os.WriteFile(fmt.Sprintf("%s.%d", l.path, l.rotations), text, 0o600); err != nil {
		return err
	}
	return os.Truncate(l.path, 0)
}
