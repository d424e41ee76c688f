package bustest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"millrace/internal/port"
)

// Kafka starts a real Apache Kafka for the test and returns its address.
func Kafka(t *testing.T) string {
	t.Helper()
	return StartKafka(t).Addr
}

// Cluster is a real Apache Kafka, one node, that a test starts and stops.
type Cluster struct {
	Addr string // HOST:PORT

	t      *testing.T
	script string
	dir    string
	ctrl   string
	cmd    *exec.Cmd
	exited chan struct{}
}

// patience is how long a node may take to start or to stop.
const patience = 90 * time.Second

// StartKafka starts a Kafka with nothing in it. It is stopped when the test ends. The program is resolved the first time,
// by test/real/kafka/install.sh, into the user's cache folder; where that does not work the test is skipped, but in a
// build (CI is set) it fails.
func StartKafka(t *testing.T) *Cluster {
	t.Helper()
	scripts := filepath.Join(root(t), "test", "real", "kafka")
	if out, err := exec.Command(filepath.Join(scripts, "install.sh")).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("install Kafka: %v\n%s", err, out)
		}
		t.Skipf("no Kafka: test/real/kafka/install.sh: %v\n%s", err, out)
	}
	c := &Cluster{t: t, script: filepath.Join(scripts, "server.sh"), dir: t.TempDir(), Addr: port.Free(t), ctrl: port.Free(t)}
	t.Cleanup(c.Stop)
	c.Start()
	return c
}

// Start starts the node again, with its data, and waits until it is ready.
func (c *Cluster) Start() {
	c.t.Helper()
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	c.cmd = exec.Command(c.script, c.dir, port.Of(c.Addr), port.Of(c.ctrl))
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.exited = make(chan struct{})
	go func() {
		defer close(c.exited)
		_ = c.cmd.Wait() // it was told to end, or the log says why
	}()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		said, err := os.ReadFile(log.Name())
		if err != nil {
			c.t.Fatal(err)
		}
		if strings.Contains(string(said), "Kafka Server started") {
			return
		}
		select {
		case <-tick.C:
		case <-c.exited:
			c.t.Fatalf("Kafka ended:\n%s", tail(said))
		case <-deadline:
			c.t.Fatalf("Kafka is not ready after %s:\n%s", patience, tail(said))
		}
	}
}

// Stop ends the node in its own way; its data stay.
func (c *Cluster) Stop() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.exited:
	case <-time.After(patience):
		c.Kill()
	}
	c.cmd = nil
}

// Kill ends the node as a power cut would; its data stay.
func (c *Cluster) Kill() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Kill() // it may have ended
	<-c.exited
	c.cmd = nil
}

func tail(text []byte) []byte { return text[max(0, len(text)-4000):] }

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
