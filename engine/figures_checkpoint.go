package engine

import (
	"sync"
	"time"
)

// checkpointsShown bounds the history of a job's checkpoints.
const checkpointsShown = 20

// The parts of a checkpoint, in their order.
const (
	waitPart     = iota // until no source task is between two batches
	drainPart           // until the barrier has passed every exchange
	snapshotPart        // the state is written
	flushPart           // the sinks have all they got
	commitPart          // the epoch is committed
	checkpointPartCount
)

// CheckpointStatus describes a checkpoint of a job. Times are in milliseconds.
type CheckpointStatus struct {
	Epoch      int64     `json:"epoch"`
	At         time.Time `json:"at"` // when it began
	DurationMS float64   `json:"duration_ms"`
	// WaitMS is until every source task stands between two batches, DrainMS until all operators have taken what
	// was on the way, SnapshotMS for the state, FlushMS for the sinks, CommitMS for the transaction.
	WaitMS     float64 `json:"wait_ms"`
	DrainMS    float64 `json:"drain_ms"`
	SnapshotMS float64 `json:"snapshot_ms"`
	FlushMS    float64 `json:"flush_ms"`
	CommitMS   float64 `json:"commit_ms"`
	// Bytes is what was written: what has changed since the checkpoint before. StateBytes is all that the
	// operators held.
	Bytes      int64 `json:"bytes"`
	StateBytes int64 `json:"state_bytes"`
	// Error is why it failed; "" for one that is committed.
	Error string `json:"error,omitempty"`
}

// checkpointParts is the stopwatch of one checkpoint.
type checkpointParts struct {
	began, last time.Time
	took        [checkpointPartCount]time.Duration
}

func newCheckpointParts() *checkpointParts {
	now := time.Now()
	return &checkpointParts{began: now, last: now}
}

// next ends a part.
func (p *checkpointParts) next(part int) {
	now := time.Now()
	p.took[part] = now.Sub(p.last)
	p.last = now
}

func (p *checkpointParts) status(epoch int64) CheckpointStatus {
	return CheckpointStatus{
		Epoch: epoch, At: p.began.UTC(), DurationMS: milliseconds(time.Since(p.began)),
		WaitMS: milliseconds(p.took[waitPart]), DrainMS: milliseconds(p.took[drainPart]), SnapshotMS: milliseconds(p.took[snapshotPart]),
		FlushMS: milliseconds(p.took[flushPart]), CommitMS: milliseconds(p.took[commitPart]),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// checkpointHistory keeps the last checkpoints of a job, over its restarts.
type checkpointHistory struct {
	mu   sync.Mutex         // guards what follows
	list []CheckpointStatus // oldest first
	last CheckpointStatus   // that was committed
}

func (h *checkpointHistory) done(epoch int64, p *checkpointParts, size, held int64) {
	s := p.status(epoch)
	s.Bytes, s.StateBytes = size, held
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = s
	h.add(s)
}

func (h *checkpointHistory) failed(epoch int64, p *checkpointParts, err error) {
	s := p.status(epoch)
	s.Error = err.Error()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.add(s)
}

// add appends; mu is held.
func (h *checkpointHistory) add(s CheckpointStatus) {
	if len(h.list) == checkpointsShown {
		copy(h.list, h.list[1:])
		h.list = h.list[:checkpointsShown-1]
	}
	h.list = append(h.list, s)
}

// newest returns the last one committed, the zero value before the first, and all that are kept, the newest first.
func (h *checkpointHistory) newest() (CheckpointStatus, []CheckpointStatus) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]CheckpointStatus, len(h.list))
	for i, s := range h.list {
		all[len(all)-1-i] = s
	}
	return h.last, all
}
