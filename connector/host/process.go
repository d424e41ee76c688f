package host

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// shownProcesses is how many of the busiest processes have metrics.
const shownProcesses = 5

// tasks are the processes. All of them are read every so often, and the figures repeated in between.
type tasks struct {
	every  time.Duration
	read   time.Time
	known  map[int32]*task
	round  int
	points points
}

// task is a process as last read.
type task struct {
	process *process.Process
	name    string
	seconds float64 // CPU time so far
	usage   float64 // percent of a core since the reading before
	round   int
}

func (t *tasks) sample(ctx context.Context, now time.Time, out *points) {
	// The second round follows the first at once, as usage needs two.
	if elapsed := now.Sub(t.read); t.round < 2 || elapsed >= t.every {
		t.look(ctx, elapsed)
		t.read = now
	}
	*out = append(*out, t.points...)
}

func (t *tasks) look(ctx context.Context, elapsed time.Duration) {
	pids, err := process.PidsWithContext(ctx)
	if err != nil {
		return
	}
	t.round++
	if t.known == nil {
		t.known = make(map[int32]*task, len(pids))
	}
	for _, pid := range pids {
		t.update(ctx, pid, elapsed)
	}
	var busy []*task
	for pid, p := range t.known {
		switch {
		case p.round != t.round:
			delete(t.known, pid) // gone
		case p.usage > 0:
			busy = append(busy, p)
		}
	}
	t.points = t.points[:0]
	t.points.add("process_count", float64(len(t.known)))
	slices.SortFunc(busy, func(a, b *task) int {
		return cmp.Or(cmp.Compare(b.usage, a.usage), cmp.Compare(a.process.Pid, b.process.Pid))
	})
	for _, p := range busy[:min(len(busy), shownProcesses)] {
		t.show(ctx, p)
	}
}

// update reads the CPU time of a process. Less than before means that the number was given to another.
func (t *tasks) update(ctx context.Context, pid int32, elapsed time.Duration) {
	p := t.known[pid]
	if p == nil {
		// process.NewProcess would read more than is needed of every process.
		p = &task{process: &process.Process{Pid: pid}, seconds: -1}
	}
	times, err := p.process.TimesWithContext(ctx)
	if err != nil {
		return // it has ended
	}
	seconds := times.User + times.System
	if seconds < p.seconds {
		p = &task{process: &process.Process{Pid: pid}, seconds: -1}
	}
	p.usage = 0
	if p.seconds >= 0 && elapsed > 0 {
		p.usage = 100 * (seconds - p.seconds) / elapsed.Seconds()
	}
	p.seconds, p.round = seconds, t.round
	t.known[pid] = p
}

func (t *tasks) show(ctx context.Context, p *task) {
	if p.name == "" {
		name, err := p.process.NameWithContext(ctx)
		if err != nil {
			return
		}
		p.name = name
	}
	pid := strconv.Itoa(int(p.process.Pid))
	t.points.add("process_cpu", p.usage, "pid", pid, "name", p.name)
	if m, err := p.process.MemoryInfoWithContext(ctx); err == nil && m != nil {
		t.points.add("process_memory_bytes", float64(m.RSS), "pid", pid, "name", p.name)
	}
}
