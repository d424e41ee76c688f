package partition

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// cleaner sees to it that nothing is cleaned after a log was closed.
type cleaner struct {
	mu     sync.Mutex // held by Clean and Trim
	halted atomic.Bool
}

// begin starts cleaning; false: the log is closed, or about to be.
func (c *cleaner) begin() bool {
	c.mu.Lock()
	if c.halted.Load() {
		c.mu.Unlock()
		return false
	}
	return true
}

// going is asked now and then while cleaning goes on: an error ends it.
func (c *cleaner) going(ctx context.Context) error {
	if c.halted.Load() {
		return errShut
	}
	return ctx.Err()
}

// end ends cleaning for good and returns when it has. The caller calls what it returns when the log is closed.
func (c *cleaner) end() (closed func()) {
	c.halted.Store(true)
	c.mu.Lock()
	return c.mu.Unlock
}

// Clean does what is due now: closes an old segment, deletes by retention, compacts, forgets producers. It returns the bytes that it freed. It
// does not stand in the way of reads and appends for longer than a moment, and it may be called at any time, by one goroutine at once; Close ends it early. kerr.NotLeaderForPartition: the log is closed.
func (l *Log) Clean(ctx context.Context) (freed int64, err error) {
	if !l.cleaner.begin() {
		return 0, errShut
	}
	defer l.cleaner.mu.Unlock()
	cfg, now := l.config(), l.now()
	if err = l.rest(); err == nil && cfg.Compact {
		err = l.closeLagging(cfg, now)
	}
	if err == nil {
		freed, err = l.retain(cfg, now)
	}
	if cfg.Compact && err == nil {
		var more int64
		more, err = l.compact(ctx, cfg, now)
		freed += more
	}
	if err != nil {
		err = fmt.Errorf("clean %s: %w", l.dir, err)
	}
	return freed, err
}

// Trim deletes the oldest segments, all but the active one, until about bytes are freed, whatever the settings say: for a bound over all logs.
func (l *Log) Trim(bytes int64) (freed int64, err error) {
	if !l.cleaner.begin() {
		return 0, errShut
	}
	defer l.cleaner.mu.Unlock()
	n, sum := 0, int64(0)
	for _, s := range l.closedSegments() {
		if sum >= bytes {
			break
		}
		sum += s.size
		n++
	}
	if freed, err = l.drop(n); err != nil {
		return freed, fmt.Errorf("trim %s: %w", l.dir, err)
	}
	return freed, nil
}
