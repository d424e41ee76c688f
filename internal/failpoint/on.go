//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// logged bounds how often a point is written to the log of hits.
const logged = 100

// plan is what the environment asks for. It belongs to the process, as its end does.
type plan struct {
	name, action string
	at           int
	plant        string
	log          *os.File // nil: none

	mu       sync.Mutex // guards what follows
	hits     map[string]int
	unsynced []string
}

var planned = sync.OnceValue(func() *plan {
	p := &plan{plant: os.Getenv("MILLRACE_PLANT"), hits: map[string]int{}}
	if text := os.Getenv("MILLRACE_FAILPOINT"); text != "" {
		if err := p.parse(text); err != nil {
			panic(fmt.Sprintf("MILLRACE_FAILPOINT=%s: %v; want NAME:N[:ACTION]", text, err))
		}
	}
	if path := os.Getenv("MILLRACE_FAILPOINT_LOG"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			panic(fmt.Sprintf("MILLRACE_FAILPOINT_LOG: %v", err))
		}
		p.log = f
	}
	return p
})

func (p *plan) parse(text string) error {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) < 2 {
		return fmt.Errorf("no number of the hit")
	}
	at, err := strconv.Atoi(parts[1])
	if err != nil || at < 1 {
		return fmt.Errorf("%q is no number from 1 on", parts[1])
	}
	p.name, p.at, p.action = parts[0], at, "kill"
	if len(parts) == 3 {
		p.action = parts[2]
	}
	if wait, ok := strings.CutPrefix(p.action, "sleep="); ok {
		_, err := time.ParseDuration(wait)
		return err
	}
	switch p.action {
	case "kill", "stop", "panic":
		return nil
	}
	return fmt.Errorf("action %q is not known", p.action)
}

// Hit says that the program has come to a point.
func Hit(name string) {
	p := planned()
	p.mu.Lock()
	p.hits[name]++
	n := p.hits[name]
	if p.log != nil && n <= logged {
		_, _ = p.log.WriteString(name + "\n") // a test that misses it says so
	}
	p.mu.Unlock()
	if name == p.name && n == p.at {
		p.act()
	}
}

func (p *plan) act() {
	switch {
	case p.action == "kill":
		p.losePower()
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing after the point is done
	case p.action == "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case p.action == "panic":
		panic("failpoint " + p.name)
	default:
		wait, _ := time.ParseDuration(strings.TrimPrefix(p.action, "sleep="))
		time.Sleep(wait)
	}
}

// Unsynced says that the bytes of a file were not forced to disk: of the last of these, a kill at a point leaves what a
// loss of power could.
func Unsynced(path string) {
	p := planned()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsynced = append(p.unsynced, path)
	p.unsynced = p.unsynced[max(0, len(p.unsynced)-100):]
}

func (p *plan) losePower() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, path := range p.unsynced {
		_ = os.Truncate(path, 0) // it may be gone
	}
}

// Planted reports whether the program is to do the thing of this name wrong.
func Planted(name string) bool { return planned().plant == name }
