package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"millrace/fault"
)

// State is where a job is in its life.
type State string

// The states of a job, in Flink's words where it has one.
const (
	Starting   State = "starting"
	Running    State = "running"
	Restarting State = "restarting"
	Paused     State = "paused"
	Failed     State = "failed"
	Finished   State = "finished"
)

// Status is what a job shows of itself.
type Status struct {
	Name     string    `json:"name"`
	State    State     `json:"state"`
	Error    string    `json:"error,omitempty"`
	Hint     string    `json:"hint,omitempty"`
	Restarts int64     `json:"restarts"`
	Started  time.Time `json:"started"`
	// RecordsIn and BytesIn count what was decoded, RecordsOut what was written, since the process
	// started; DeadLetters what was refused, Late rows behind the watermark, Dropped rows that broke
	// a NOT NULL of the sink.
	RecordsIn   int64 `json:"records_in"`
	BytesIn     int64 `json:"bytes_in"`
	RecordsOut  int64 `json:"records_out"`
	DeadLetters int64 `json:"dead_letters"`
	Late        int64 `json:"late"`
	Dropped     int64 `json:"dropped"`
	// Lag is how many records wait in all splits; -1 if no split knows.
	Lag int64 `json:"lag"`
	// Watermark is the lowest of the splits that are not idle, in RFC 3339; "" before the first.
	Watermark  string           `json:"watermark,omitempty"`
	Checkpoint CheckpointStatus `json:"last_checkpoint"`
	Splits     []SplitStatus    `json:"splits"`
}

// CheckpointStatus describes the last checkpoint of a job.
type CheckpointStatus struct {
	Epoch      int64     `json:"epoch"`
	At         time.Time `json:"at"`
	DurationMS float64   `json:"duration_ms"`
	// Bytes is what was written: what has changed since the checkpoint before.
	Bytes int64 `json:"bytes"`
}

// SplitStatus is what one split shows.
type SplitStatus struct {
	Split     string `json:"split"`
	Lag       int64  `json:"lag"`
	Watermark string `json:"watermark,omitempty"`
	Idle      bool   `json:"idle"`
	// Waiting: it is too far ahead of others that it is aligned with.
	Waiting bool `json:"waiting,omitempty"`
}

// counters collect the figures of a job over its restarts. Tasks add to them without a lock.
type counters struct {
	rowsIn, bytesIn, rowsOut, refused, dropped, lateRows, restarts atomic.Int64

	mu         sync.Mutex // guards what follows
	state      State
	err        error
	started    time.Time
	checkpoint CheckpointStatus
	splits     []*sourceTask
}

// written counts what sinks and dead letters have got so far.
func (c *counters) written() int64 { return c.rowsOut.Load() + c.refused.Load() }

func (c *counters) setState(s State, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.err = s, err
	if s == Running {
		c.started = time.Now().UTC()
	}
}

func (c *counters) add(t *sourceTask) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.shown.lag.Store(-1)
	t.shown.watermark.Store(startWatermark)
	c.splits = append(c.splits, t)
}

func (c *counters) checkpointed(epoch int64, at time.Time, took time.Duration, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checkpoint = CheckpointStatus{Epoch: epoch, At: at.UTC(), DurationMS: float64(took.Microseconds()) / 1000, Bytes: size}
}

// begin forgets the splits of the run before.
func (c *counters) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.splits = nil
}

func (c *counters) status(name string) Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{
		Name: name, State: c.state, Restarts: c.restarts.Load(), Started: c.started,
		RecordsIn: c.rowsIn.Load() + c.refused.Load(), BytesIn: c.bytesIn.Load(), RecordsOut: c.rowsOut.Load(),
		DeadLetters: c.refused.Load(), Dropped: c.dropped.Load(), Late: c.lateRows.Load(), Lag: -1, Checkpoint: c.checkpoint,
	}
	if c.err != nil {
		s.Error, s.Hint = c.err.Error(), fault.HintOf(c.err)
	}
	low := int64(maxWatermark)
	for _, t := range c.splits {
		one := SplitStatus{Split: string(t.split), Lag: t.shown.lag.Load(), Watermark: formatTime(t.shown.watermark.Load()), Idle: t.shown.idle.Load(), Waiting: t.shown.waiting.Load()}
		s.Splits = append(s.Splits, one)
		if one.Lag >= 0 {
			s.Lag = max(s.Lag, 0) + one.Lag
		}
		if !one.Idle {
			low = min(low, t.shown.watermark.Load())
		}
	}
	s.Watermark = formatTime(low)
	return s
}

func formatTime(ms int64) string {
	if ms == startWatermark || ms == maxWatermark {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
