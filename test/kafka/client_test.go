package kafka

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// settings is what a role is given. See the package comment.
type settings struct {
	Addr       string `json:"addr"`
	Topic      string `json:"topic"`
	Partitions int    `json:"partitions"`
	First      int    `json:"first"`
	Count      int    `json:"count"`
	Codec      string `json:"codec"` // none if empty
	Group      string `json:"group"`
	Protocol   string `json:"protocol"` // of groups: classic, consumer
	Assignor   string `json:"assignor"` // in the client's own words; its default if empty
	Isolation  string `json:"isolation"`
	TxID       string `json:"txid"`
	Size       int    `json:"size"`
	AbortEvery int    `json:"abort_every"`
	Out        string `json:"out"`
	Dir        string `json:"dir"`
}

// event is one thing that a client says happened.
type event struct {
	Kind       string  `json:"kind"`
	ID         int     `json:"id"`
	Outcome    outcome `json:"outcome"`
	Partition  int32   `json:"partition"`
	Offset     int64   `json:"offset"`
	Key        string  `json:"key"`
	Header     string  `json:"header"`
	Partitions []int   `json:"partitions"` // assigned now, all of them
	Records    int     `json:"records"`
	First      int     `json:"first"`
	Last       int     `json:"last"`
	Error      string  `json:"error"`
}

// client is a library that plays roles.
type client struct {
	name    string
	command func(t *testing.T) []string
	codecs  []string
	// groups are the ways in which its groups work: protocol and assignor.
	groups [][2]string
}

// actor is a client in a role: a process.
type actor struct {
	t      *testing.T
	who    string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	exited chan struct{}

	mu     sync.Mutex // guards events, junk, errs
	events []event
	junk   []string
	errs   bytes.Buffer
	err    error // of Wait, after exited
}

// play starts a client in a role; it ends with the test.
func (c client) play(t *testing.T, role string, s settings) *actor {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	command := append(c.command(t), role, string(text))
	a := &actor{t: t, who: c.name + " " + role, cmd: exec.Command(command[0], command[1:]...), exited: make(chan struct{})}
	a.cmd.Env, a.cmd.SysProcAttr = plainEnv(), boundToTest(true)
	a.cmd.Stderr = lockedWriter{a}
	if a.stdin, err = a.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go a.listen(out)
	t.Cleanup(func() {
		a.kill()
		if t.Failed() {
			a.mu.Lock()
			defer a.mu.Unlock()
			errs := a.errs.Bytes()
			t.Logf("%s said %d things, the last %+v, %q and\n%s", a.who, len(a.events), a.events[max(0, len(a.events)-3):],
				a.junk[max(0, len(a.junk)-5):], errs[max(0, len(errs)-3000):])
		}
	})
	return a
}

// lockedWriter keeps what a client writes to its standard error.
type lockedWriter struct{ a *actor }

func (w lockedWriter) Write(p []byte) (int, error) {
	w.a.mu.Lock()
	defer w.a.mu.Unlock()
	return w.a.errs.Write(p)
}

func (a *actor) listen(out io.Reader) {
	defer close(a.exited)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		err := json.Unmarshal(lines.Bytes(), &e)
		a.mu.Lock()
		if err != nil || e.Kind == "" {
			a.junk = append(a.junk, lines.Text())
		} else {
			a.events = append(a.events, e)
		}
		a.mu.Unlock()
	}
	a.err = a.cmd.Wait()
}

// said returns what has been said so far, of one kind.
func (a *actor) said(kind string) []event {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []event
	for _, e := range a.events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// done waits until the client has ended by itself, and fails if it did not end well.
func (a *actor) done() *actor {
	a.t.Helper()
	select {
	case <-a.exited:
	case <-time.After(settle):
		a.t.Fatalf("%s has not ended after %s", a.who, settle)
	}
	if a.err != nil {
		a.t.Fatalf("%s: %v", a.who, a.err)
	}
	return a
}

// leave tells a client to end well, and waits until it has.
func (a *actor) leave() *actor {
	a.t.Helper()
	a.stdin.Close()
	return a.done()
}

// kill ends the process as a power cut would.
func (a *actor) kill() {
	_ = syscall.Kill(-a.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	<-a.exited
}

// until waits until check returns nil; a client that ends before fails the test.
func (a *actor) until(check func() error) {
	a.t.Helper()
	eventually(a.t, settle, func() error {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-a.exited:
			a.t.Fatalf("%s ended (%v), and %v", a.who, a.err, err)
		default:
		}
		return err
	})
}

// assigned are the partitions that a consumer has now.
func (a *actor) assigned() []int {
	all := a.said("assigned")
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1].Partitions
}

// committed is how many records a consumer has read whose offsets it has committed.
func (a *actor) committed() int {
	all := a.said("committed")
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Records
}

// records is what a consumer has read, after it was looked at: keys and headers came as they were sent.
func (a *actor) records() (out []record) {
	for _, e := range a.said("got") {
		if want := fmt.Sprintf("k%d", e.ID%17); e.Key != want || e.Header == "" {
			a.t.Errorf("%s: record %d has key %q and header from=%q, want key %s", a.who, e.ID, e.Key, e.Header, want)
		}
		out = append(out, record{e.ID, e.Partition, e.Offset})
	}
	return out
}

// split says whether the members together have each partition once, and each has one at least.
func split(partitions int, members ...*actor) error {
	var all []int
	for _, m := range members {
		if len(m.assigned()) == 0 {
			return fmt.Errorf("%s has no partition", m.who)
		}
		all = append(all, m.assigned()...)
	}
	slices.Sort(all)
	for i := range partitions {
		if i >= len(all) || all[i] != i || len(all) != partitions {
			return fmt.Errorf("%d members have %v, want each of %d partitions once", len(members), all, partitions)
		}
	}
	return nil
}

// python is the interpreter of the folder that make deps fills.
func python(t *testing.T) string {
	t.Helper()
	return inCache(t, "venv", "bin", "python")
}

// inCache is a file in the user's cache folder that make deps puts there.
func inCache(t *testing.T, path ...string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(append([]string{cache, "millrace"}, path...)...)
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	return file
}

func dial(addr string) error {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		c.Close()
	}
	return err
}
