package flinktest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"millrace/internal/port"
)

// Cluster is a real Flink: JobManager, TaskManager and SQL Gateway, each a process.
type Cluster struct {
	// Gateway and JobManager are the URLs of their REST APIs.
	Gateway, JobManager string

	t      *testing.T
	script string
	dir    string
	ports  []string // gateway, rest, rpc
	parts  map[string]*process
}

type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

// patience is how long a Flink may take to start or a part of it to stop.
const patience = 3 * time.Minute

// The parts of a Cluster.
const (
	JobManager  = "jobmanager"
	TaskManager = "taskmanager"
	Gateway     = "gateway"
)

// StartCluster starts a real Flink, which ends with the test. It is put together the first time, by
// test/real/flink/install.sh, into the user's cache folder; where that does not work the test is skipped, but in a build
// (CI is set) it fails.
func StartCluster(t *testing.T) *Cluster {
	t.Helper()
	scripts := filepath.Join(root(t), "test", "real", "flink")
	if out, err := exec.Command(filepath.Join(scripts, "install.sh")).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("install Flink: %v\n%s", err, out)
		}
		t.Skipf("no Flink: test/real/flink/install.sh: %v\n%s", err, out)
	}
	c := &Cluster{t: t, script: filepath.Join(scripts, "server.sh"), dir: t.TempDir(), parts: map[string]*process{}}
	for range 3 {
		c.ports = append(c.ports, port.Number(t))
	}
	c.Gateway, c.JobManager = "http://127.0.0.1:"+c.ports[0], "http://127.0.0.1:"+c.ports[1]
	t.Cleanup(func() {
		for _, part := range []string{Gateway, TaskManager, JobManager} {
			c.Stop(part)
		}
		if t.Failed() {
			c.showLogs()
		}
	})
	for _, part := range []string{JobManager, TaskManager, Gateway} {
		c.Start(part)
	}
	c.AwaitReady()
	return c
}

// Start starts a part; AwaitReady waits until it answers.
func (c *Cluster) Start(part string) {
	c.t.Helper()
	log, err := os.OpenFile(filepath.Join(c.dir, part+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	p := &process{cmd: exec.Command(c.script, append([]string{part, c.dir}, c.ports...)...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = log, log, boundToTest()
	if err := p.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // it was told to end, or its log says why
	}()
	c.parts[part] = p
}

// Stop ends a part in its own way.
func (c *Cluster) Stop(part string) {
	p := c.parts[part]
	if p == nil {
		return
	}
	delete(c.parts, part)
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// Output is the file of what a part has written to its standard output, which print tables of a TaskManager do.
func (c *Cluster) Output(part string) string { return filepath.Join(c.dir, part+".out") }

// AwaitReady waits until gateway and JobManager answer and there is a TaskManager.
func (c *Cluster) AwaitReady() {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		err := c.ready()
		if err == nil {
			return
		}
		for part, p := range c.parts {
			select {
			case <-p.exited:
				c.t.Fatalf("Flink's %s ended", part)
			default:
			}
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("Flink is not ready after %s: %v", patience, err)
		}
	}
}

func (c *Cluster) ready() error {
	for url, want := range map[string]string{c.Gateway + "/v1/info": "Flink", c.JobManager + "/overview": `"taskmanagers":1`} {
		if text, err := get(url); err != nil || !strings.Contains(text, want) {
			return fmt.Errorf("%s: %q, %w", url, text, err)
		}
	}
	return nil
}

func get(url string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text := make([]byte, 64<<10)
	n, _ := resp.Body.Read(text)
	return string(text[:n]), nil
}

// showLogs shows what the parts wrote last.
func (c *Cluster) showLogs() {
	files, _ := filepath.Glob(filepath.Join(c.dir, "*.out"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			text = []byte(err.Error())
		}
		c.t.Logf("end of %s:\n%s", filepath.Base(file), text[max(0, len(text)-4000):])
	}
}

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
