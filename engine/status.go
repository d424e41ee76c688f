package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"millrace/connector"
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

// SplitStatus is what one split shows.
type SplitStatus struct {
	Split string `json:"split"`
	// Node is the scan that reads it, as the lines of EXPLAIN are counted.
	Node  int    `json:"node"`
	Table string `json:"table"`
	// Records were read and Refused could not be since the job was last (re)started.
	Records int64 `json:"records"`
	Refused int64 `json:"refused"`
	// Lag is how many records wait, LagSeconds how far behind now the newest one read was written while any wait;
	// -1 if that is not known.
	Lag        int64   `json:"lag"`
	LagSeconds float64 `json:"lag_seconds"`
	Watermark  string  `json:"watermark,omitempty"`
	// Timed: the table has a watermark; IdleTimeout is after how much silence it is not waited for, in seconds, 0 never.
	Timed       bool    `json:"timed"`
	IdleTimeout float64 `json:"idle_timeout_seconds"`
	Idle        bool    `json:"idle"`
	// Waiting: it is too far ahead of others that it is aligned with.
	Waiting bool `json:"waiting,omitempty"`
	Done    bool `json:"done,omitempty"` // read to its end
	// Holds: those behind wait for its watermark; Because says why that is where it is.
	Holds   bool   `json:"holds,omitempty"`
	Because string `json:"because,omitempty"`

	watermark, newest int64
}

// Why a split's watermark is where it is.
const (
	HoldsUnread  = "no_records" // it has never had a record, and is not idle
	HoldsLag     = "lag"        // its records wait to be read
	HoldsQuiet   = "quiet"      // it has been read to its end, and nothing new comes
	HoldsAligned = "aligned"    // it waits for others of its group
	HoldsTime    = "behind"     // its records are older than those of the others
	HoldsNewest  = "newest"     // no split is further, and new records come
)

// quietAfter is how old the newest record of a split is when nothing new seems to come.
const quietAfter = 5 * time.Second

// counters collect the figures of a job over its restarts. Tasks add to them without a lock.
type counters struct {
	rowsIn, bytesIn, rowsOut, refused, dropped, lateRows, restarts atomic.Int64

	checkpoints checkpointHistory
	rolling     rolling

	mu      sync.Mutex // guards what follows
	state   State
	err     error
	last    error // why it was restarted last
	started time.Time
	splits  []*sourceTask
	refusal string // why the last record was refused
}

// written counts what sinks and dead letters have got so far.
func (c *counters) written() int64 { return c.rowsOut.Load() + c.refused.Load() }

func (c *counters) setState(s State, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.err = s, err
	if err != nil {
		c.last = err
	}
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

// noteRefused keeps why a record was refused.
func (c *counters) noteRefused(r *connector.Refused) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusal = fmt.Sprintf("%s@%s: %v", r.Split, r.Offset, r.Reason)
}

// begin forgets the splits and the tasks of the run before.
func (c *counters) begin() {
	c.lateRows.Add(c.rolling.reset())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.splits = nil
}

func (c *counters) status(name string) Status {
	late := c.lateRows.Load() + c.rolling.late()
	checkpoint, _ := c.checkpoints.newest()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{
		Name: name, State: c.state, Restarts: c.restarts.Load(), Started: c.started,
		RecordsIn: c.rowsIn.Load() + c.refused.Load(), BytesIn: c.bytesIn.Load(), RecordsOut: c.rowsOut.Load(),
		DeadLetters: c.refused.Load(), Dropped: c.dropped.Load(), Late: late, Lag: -1, Checkpoint: checkpoint,
	}
	if c.err != nil {
		s.Error, s.Hint = c.err.Error(), fault.HintOf(c.err)
	}
	now := time.Now()
	for _, t := range c.splits {
		one := t.status(now)
		s.Splits = append(s.Splits, one)
		if one.Lag >= 0 {
			s.Lag = max(s.Lag, 0) + one.Lag
		}
	}
	s.Watermark = formatTime(holders(s.Splits))
	return s
}

// status is what the split shows at a moment.
func (t *sourceTask) status(now time.Time) SplitStatus {
	v := t.shown
	s := SplitStatus{
		Split: string(t.split), Records: v.rows.Load(), Refused: v.refused.Load(), Lag: v.lag.Load(), LagSeconds: -1,
		Idle: v.idle.Load(), Waiting: v.waiting.Load(), Done: v.done.Load(), Timed: t.marks != nil, watermark: v.watermark.Load(), newest: v.newest.Load(),
	}
	s.Watermark = formatTime(s.watermark)
	if t.figures != nil {
		s.Node = t.figures.nodes[0]
	}
	if t.scan != nil {
		s.Table = t.scan.Table
	}
	if t.marks != nil {
		s.IdleTimeout = t.marks.timeout.Seconds()
	}
	switch newest := v.newest.Load(); {
	case s.Lag == 0:
		s.LagSeconds = 0
	case s.Lag > 0 && newest > 0:
		s.LagSeconds = max(0, now.Sub(time.UnixMilli(newest)).Seconds())
	}
	return s
}

// holders returns the lowest watermark of the splits that are not idle, and says of those that have it why. A split
// without a watermark holds all back.
func holders(splits []SplitStatus) int64 {
	low, high := int64(maxWatermark), startWatermark
	for i := range splits {
		s := &splits[i]
		if !s.Timed {
			continue
		}
		high = max(high, s.watermark)
		if !s.Idle && !s.Done {
			low = min(low, s.watermark)
		}
	}
	if low == maxWatermark {
		return high // nobody is waited for
	}
	for i := range splits {
		s := &splits[i]
		if !s.Timed || s.Done || s.Idle || s.watermark != low {
			continue
		}
		s.Holds, s.Because = true, s.because(high)
	}
	return low
}

// because says why the watermark of a split that holds the others back is no higher.
func (s *SplitStatus) because(high int64) string {
	switch {
	case s.Waiting:
		return HoldsAligned
	case s.Lag > 0:
		return HoldsLag
	case s.watermark == startWatermark:
		return HoldsUnread
	case s.newest == 0 || time.Since(time.UnixMilli(s.newest)) > quietAfter:
		return HoldsQuiet
	case s.watermark < high:
		return HoldsTime
	}
	return HoldsNewest
}

func formatTime(ms int64) string {
	if ms == startWatermark || ms == maxWatermark {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
