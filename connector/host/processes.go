package host

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"
)

// processes finds those that use most of the processor.
type processes struct {
	machine machine
	top     int

	at     time.Time
	times  map[int32]float64 // seconds of processor time
	before map[int32]float64
	busy   []usage
}

// usage is how much a process has used since the look before.
type usage struct {
	pid     int32
	seconds float64
}

func newProcesses(m machine, top int) *processes {
	return &processes{machine: m, top: top, times: map[int32]float64{}, before: map[int32]float64{}}
}

// read takes the processor time of all processes. One that has ended meanwhile, or may not be looked
// at, is passed over.
func (ps *processes) read(ctx context.Context) error {
	pids, err := ps.machine.pids(ctx)
	if err != nil {
		return err
	}
	ps.times, ps.before = ps.before, ps.times
	clear(ps.times)
	for _, pid := range pids {
		// Without a list to be made only their number counts.
		if ps.top == 0 {
			ps.times[pid] = 0
			continue
		}
		if seconds, err := ps.machine.cpuTime(ctx, pid); err == nil {
			ps.times[pid] = seconds
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// measure adds the number of processes and the first of them.
func (ps *processes) measure(ctx context.Context, now time.Time, out *readings) error {
	elapsed := now.Sub(ps.at).Seconds()
	ps.at = now
	if err := ps.read(ctx); err != nil {
		return err
	}
	out.add("process_count", float64(len(ps.times)), bytesDigits)
	if elapsed <= 0 {
		return nil
	}
	ps.busy = ps.busy[:0]
	for pid, seconds := range ps.times {
		// One that has used less than before is another one that got its number; like one that was
		// not there before, it has used all it has since then.
		if before, ok := ps.before[pid]; ok && before <= seconds {
			seconds -= before
		}
		if seconds > 0 {
			ps.busy = append(ps.busy, usage{pid, seconds})
		}
	}
	slices.SortFunc(ps.busy, func(a, b usage) int {
		return cmp.Or(cmp.Compare(b.seconds, a.seconds), cmp.Compare(a.pid, b.pid))
	})
	shown := 0
	for _, u := range ps.busy {
		if shown == ps.top {
			break
		}
		name, memory, err := ps.machine.process(ctx, u.pid)
		if err != nil { // it has just ended
			continue
		}
		shown++
		pid := strconv.Itoa(int(u.pid))
		out.add("process_cpu", 100*u.seconds/elapsed, percentDigits, "pid", pid, "name", name)
		out.add("process_memory_bytes", float64(memory), bytesDigits, "pid", pid, "name", name)
	}
	return nil
}
