package partition

import (
	"context"
	"fmt"
	"time"

	"millrace/internal/failpoint"
)

// startFlush starts the goroutine that syncs what was appended, if the policy wants one and it does not run. It is one goroutine a log that lives as long as there is
// something to sync: all that is appended while one fsync runs shares the next (group commit). The caller has mu.
func (l *Log) startFlush() {
	if l.flushing || l.env.Flush == FlushSystem || l.shut {
		return
	}
	l.flushing = true
	l.running.Add(1)
	go l.flush()
}

func (l *Log) flush() {
	defer l.running.Done()
	if l.env.Flush == FlushInterval {
		timer := time.NewTimer(l.env.Every)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-l.stop:
		}
	}
	for {
		err := l.syncOnce()
		l.mu.Lock()
		if err != nil || l.synced >= l.end || l.shut || l.env.Flush == FlushInterval {
			l.flushing = false
			if err == nil && l.synced < l.end {
				l.startFlush()
			}
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
	}
}

// syncOnce makes durable what was appended before it was called. It may run beside appends and beside itself.
func (l *Log) syncOnce() error {
	l.mu.Lock()
	if l.failed != nil {
		defer l.mu.Unlock()
		return l.failed
	}
	f, s, end, size := l.file, l.active, l.end, l.size
	if f == nil || l.synced >= end {
		l.mu.Unlock()
		return nil
	}
	f.retain()
	l.mu.Unlock()
	defer f.release()
	failpoint.Hit("partition.sync.before")
	if err := f.Sync(); err != nil {
		l.fail(fmt.Errorf("sync %s: %w", s.logName(), err))
		return l.storage("sync", err)
	}
	failpoint.Hit("partition.sync.after")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed // another sync has failed meanwhile: then this one says nothing
	}
	l.synced = max(l.synced, end)
	if l.env.Flush == FlushAlways && end > l.high {
		l.high = end
		if l.active == s {
			l.highPos = size
		}
		l.wake()
	}
	l.advance()
	return nil
}

// advance tells those who wait that synced has moved, or never will. The caller has mu.
func (l *Log) advance() {
	if l.progress != nil {
		close(l.progress)
		l.progress = nil
	}
}

// sync makes everything before an offset durable, whatever the policy.
func (l *Log) sync(offset int64) error {
	l.mu.Lock()
	done := l.synced >= offset
	l.mu.Unlock()
	if done {
		return nil
	}
	return l.syncOnce()
}

// await waits until everything before an offset is durable.
func (l *Log) await(ctx context.Context, offset int64) error {
	for {
		l.mu.Lock()
		switch {
		case l.synced >= offset:
			l.mu.Unlock()
			return nil
		case l.failed != nil:
			defer l.mu.Unlock()
			return l.failed
		case l.shut:
			l.mu.Unlock()
			return errShut
		}
		if l.progress == nil {
			l.progress = make(chan struct{})
		}
		moved := l.progress
		l.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
