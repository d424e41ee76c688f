package telemetry

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// A Latency keeps one histogram for each latencySlot and reads the last latencySlots of them. Its
// buckets are log-linear: 16 for each power of two of a microsecond, so a percentile is right to 6 %.
const (
	latencySlot    = 5 * time.Second
	latencySlots   = 12 // one minute
	subBuckets     = 16
	latencyPowers  = 34 // up to 2³⁴·16 µs, 3 days
	latencyBuckets = subBuckets * latencyPowers
)

// Latency observes how long things took and answers for the last minute. The zero Latency is not
// ready: see NewLatency.
type Latency struct {
	start time.Time
	slots [latencySlots + 1]latencyWindow
}

type latencyWindow struct {
	tick   atomic.Int64 // which slot of time this is; 0: none yet
	sum    atomic.Int64 // µs
	counts [latencyBuckets]atomic.Uint32

	mu sync.Mutex // held to start the window anew
}

// LatencyFigures are what a Latency knows about the last minute. All durations are 0 if Count is.
type LatencyFigures struct {
	Count               int64
	Mean, P50, P95, P99 time.Duration
}

// NewLatency returns a Latency that has observed nothing.
func NewLatency() *Latency { return &Latency{start: time.Now()} }

// Observe counts one thing that took d.
func (l *Latency) Observe(d time.Duration) { l.observeAt(time.Since(l.start), d, 1) }

// ObserveN counts n things that took d each.
func (l *Latency) ObserveN(d time.Duration, n int) { l.observeAt(time.Since(l.start), d, n) }

func (l *Latency) observeAt(at, d time.Duration, n int) {
	if n <= 0 {
		return
	}
	micros := max(d.Microseconds(), 0) // clocks of two machines may disagree
	w := l.window(int64(at/latencySlot) + 1)
	w.sum.Add(micros * int64(n))
	w.counts[bucketOf(uint64(micros))].Add(uint32(n))
}

// window returns the window of a tick, started anew if it held an older one. A goroutine that
// stopped for a minute between the check and its count would count into the wrong minute; that is
// one event, and no lock on the hot path is worth it.
func (l *Latency) window(tick int64) *latencyWindow {
	w := &l.slots[tick%int64(len(l.slots))]
	if w.tick.Load() == tick {
		return w
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tick.Load() < tick {
		w.sum.Store(0)
		for i := range w.counts {
			w.counts[i].Store(0)
		}
		w.tick.Store(tick)
	}
	return w
}

// bucketOf maps microseconds to a bucket: exact below 16, then by the leading five bits.
func bucketOf(micros uint64) int {
	power := bits.Len64(micros) - 5
	if power < 0 {
		return int(micros)
	}
	return min((power+1)*subBuckets+int(micros>>power)-subBuckets, latencyBuckets-1)
}

// bucketValue is the middle of a bucket, in microseconds.
func bucketValue(bucket int) float64 {
	if bucket < subBuckets {
		return float64(bucket)
	}
	power := bucket/subBuckets - 1
	low := uint64(subBuckets+bucket%subBuckets) << power
	return float64(low) + float64(uint64(1)<<power)/2
}

// Figures returns mean and percentiles over the last minute.
func (l *Latency) Figures() LatencyFigures { return l.figuresAt(time.Since(l.start)) }

func (l *Latency) figuresAt(at time.Duration) LatencyFigures {
	now := int64(at/latencySlot) + 1
	var counts [latencyBuckets]int64
	var f LatencyFigures
	var sum int64
	for i := range l.slots {
		w := &l.slots[i]
		if tick := w.tick.Load(); tick == 0 || tick > now || now-tick > latencySlots {
			continue
		}
		sum += w.sum.Load()
		for b := range w.counts {
			n := int64(w.counts[b].Load())
			counts[b] += n
			f.Count += n
		}
	}
	if f.Count == 0 {
		return f
	}
	f.Mean = time.Duration(sum) * time.Microsecond / time.Duration(f.Count)
	f.P50 = percentile(&counts, f.Count, 0.50)
	f.P95 = percentile(&counts, f.Count, 0.95)
	f.P99 = percentile(&counts, f.Count, 0.99)
	return f
}

func percentile(counts *[latencyBuckets]int64, total int64, p float64) time.Duration {
	rank := int64(p*float64(total-1)) + 1
	var seen int64
	for b, n := range counts {
		if seen += n; seen >= rank {
			return time.Duration(bucketValue(b) * float64(time.Microsecond))
		}
	}
	return 0
}
