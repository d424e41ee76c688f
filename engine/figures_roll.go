package engine

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Rates and shares are over the last seconds. Once a second the figures of all tasks are copied to a ring of samples;
// what is shown is the difference of the newest and the oldest, divided by the time between them.

const (
	rollEvery   = time.Second
	rollSamples = 6 // so that figures are over five seconds, as Flink's are
)

// rolling keeps the samples of the tasks of one run.
type rolling struct {
	mu      sync.Mutex // guards what follows
	tasks   []*taskFigures
	samples [rollSamples]sample
	taken   int
}

// sample is what all tasks had measured at a moment.
type sample struct {
	at    time.Time
	tasks []taskSample
}

type taskSample struct {
	spent   []int64
	stalled int64
	flows   []flowed // the task's flows
	ports   [2]flowed
	written flowed
}

type flowed struct{ rows, bytes int64 }

func (f *flow) load() flowed { return flowed{f.rows.Load(), f.bytes.Load()} }

func (f flowed) minus(o flowed) flowed { return flowed{f.rows - o.rows, f.bytes - o.bytes} }
func (f flowed) plus(o flowed) flowed  { return flowed{f.rows + o.rows, f.bytes + o.bytes} }

// add takes a task in, before the run begins.
func (r *rolling) add(f *taskFigures) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tasks = append(r.tasks, f)
}

// run takes samples until ctx ends.
func (r *rolling) run(ctx context.Context) error {
	r.take(time.Now())
	tick := time.NewTicker(rollEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			r.take(now)
		case <-ctx.Done():
			return nil
		}
	}
}

// take notes what the tasks have measured by now.
func (r *rolling) take(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.samples[r.taken%rollSamples].fill(now, r.tasks)
	r.taken++
}

// fill reuses the memory of an older sample.
func (s *sample) fill(now time.Time, tasks []*taskFigures) {
	s.at = now
	if s.tasks == nil {
		s.tasks = make([]taskSample, len(tasks))
		for i, t := range tasks {
			s.tasks[i] = taskSample{spent: make([]int64, len(t.spent)), flows: make([]flowed, len(t.flows))}
		}
	}
	for i, t := range tasks {
		t.sample(&s.tasks[i], now)
	}
}

// sample copies what the task has measured, with what it is at now.
func (f *taskFigures) sample(to *taskSample, now time.Time) {
	standing := f.standing.Load()
	for i := range f.spent {
		to.spent[i] = f.spent[i].Load()
	}
	to.stalled = f.stalled.Load()
	if d := int64(now.Sub(f.began)) - standing>>placeBits; d > 0 {
		at, stalled := f.charge(int(standing&lastPlace), d)
		to.spent[at] += d
		if stalled {
			to.stalled += d
		}
	}
	for i := range f.flows {
		to.flows[i] = f.flows[i].load()
	}
	to.ports = [2]flowed{f.ports[0].load(), f.ports[1].load()}
	to.written = f.written.load()
}

// recent is what happened between two samples, or since the run began.
type recent struct {
	over  time.Duration
	tasks []recentTask
	now   sample
}

// recentTask has the shares of a task's time by place, between 0 and 1, and what passed in the meantime.
type recentTask struct {
	share   []float64
	stalled float64
	flows   []flowed
	ports   [2]flowed
	written flowed
}

// look returns the tasks, what they have measured in all, and what of that over the last seconds; over is 0 while
// there is nothing to compare with.
func (r *rolling) look(now time.Time) ([]*taskFigures, recent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out recent
	out.now.fill(now, r.tasks)
	if r.taken == 0 {
		return r.tasks, out
	}
	// A look shortly behind the newest sample would be over a short time if there were no other: take an older one.
	oldest := &r.samples[max(0, r.taken-rollSamples+1)%rollSamples]
	out.over = now.Sub(oldest.at)
	if out.over <= 0 {
		out.over = 0
		return r.tasks, out
	}
	for i := range r.tasks {
		was, is := &oldest.tasks[i], &out.now.tasks[i]
		t := recentTask{share: make([]float64, len(is.spent)), flows: slices.Clone(is.flows)}
		for p := range is.spent {
			t.share[p] = shareOfTime(is.spent[p]-was.spent[p], out.over)
		}
		t.stalled = shareOfTime(is.stalled-was.stalled, out.over)
		for p := range t.flows {
			t.flows[p] = is.flows[p].minus(was.flows[p])
		}
		t.ports = [2]flowed{is.ports[0].minus(was.ports[0]), is.ports[1].minus(was.ports[1])}
		t.written = is.written.minus(was.written)
		out.tasks = append(out.tasks, t)
	}
	return r.tasks, out
}

// shareOfTime is between 0 and 1: samples are taken while tasks work, so that a moment may be counted in the next one.
func shareOfTime(spent int64, of time.Duration) float64 {
	return min(1, max(0, float64(spent)/float64(of)))
}

// late is how many rows the tasks dropped as late.
func (r *rolling) late() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := int64(0)
	for _, t := range r.tasks {
		n += t.late.Load()
	}
	return n
}

// state is how many bytes the operators held at the last checkpoint.
func (r *rolling) state() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := int64(0)
	for _, t := range r.tasks {
		n += t.bytes.Load()
	}
	return n
}

// reset forgets the tasks and returns how many rows they dropped as late.
func (r *rolling) reset() int64 {
	late := r.late()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tasks, r.samples, r.taken = nil, [rollSamples]sample{}, 0
	return late
}
