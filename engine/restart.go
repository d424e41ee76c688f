package engine

import (
	"math/rand/v2"
	"time"

	"millrace/sql/plan"
)

// A backoff says how long a job waits before it is started again, and when it is not any more: Flink's restart
// strategies, and ours where none is set. One goroutine uses it.
type backoff struct {
	plan.RestartStrategy
	wait  time.Duration
	tries int
	times []time.Time // of failures within the interval of failure-rate
}

// The waits between restarts where no strategy is set: doubling from the first to the last, with jitter, so that jobs
// that wait for one dependency do not all return at once.
const (
	firstWait = 250 * time.Millisecond
	lastWait  = 30 * time.Second
	calmAfter = time.Minute // a run this long starts the waits anew
)

// next says how long to wait after a run that lived so long has failed, and false if the job is not to be started again.
func (b *backoff) next(lived time.Duration) (time.Duration, bool) {
	switch b.Kind {
	case plan.RestartNever:
		return 0, false
	case plan.RestartFixed:
		b.tries++
		return b.Delay, b.tries <= b.Attempts
	case plan.RestartRate:
		now := time.Now()
		b.times = append(b.times, now)
		for now.Sub(b.times[0]) > b.Interval {
			b.times = b.times[1:]
		}
		return b.Delay, len(b.times) <= b.Attempts
	case plan.RestartExponential:
		if b.wait == 0 || lived > b.Reset {
			b.wait, b.tries = b.Delay, 0
		}
		b.tries++
		wait := b.wait
		b.wait = min(time.Duration(float64(b.wait)*b.Multiplier), b.Max)
		spread := 1 + b.Jitter*(2*rand.Float64()-1)
		return time.Duration(float64(wait) * spread), b.tries <= b.Attempts
	}
	if b.wait == 0 || lived > calmAfter {
		b.wait = firstWait
	}
	wait := b.wait
	b.wait = min(2*b.wait, lastWait)
	return wait/2 + rand.N(wait), true
}
