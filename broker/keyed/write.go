package keyed

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"millrace/broker/disk"
	"millrace/fault"
	"millrace/internal/failpoint"
)

// writer is what the goroutine that writes the file has to itself.
type writer struct {
	file    disk.File
	at      int64  // where the next write goes in file
	written int64  // as a position of store.end
	spare   []byte // the buffer that pending takes next
	making  *rewriting
}

// run writes what was put until close.
func (s *store) run() {
	defer close(s.done)
	var tick <-chan time.Time
	if !s.opts.Sync && s.opts.Every > 0 {
		t := time.NewTicker(s.opts.Every)
		defer t.Stop()
		tick = t.C
	}
	for {
		var made <-chan struct{}
		if s.writer.making != nil {
			made = s.writer.making.done
		}
		select {
		case <-s.wake:
			s.flush(s.opts.Sync)
			s.beginRewrite()
		case <-tick:
			s.flush(true)
		case <-made:
			s.endRewrite()
		case <-s.stop:
			s.abandonRewrite()
			s.flush(true)
			return
		}
	}
}

// flush writes what is pending, and forces all to disk if sync says so, then lets go of those who wait.
func (s *store) flush(sync bool) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	data, r, dirty := s.pending, s.next, s.synced < s.end
	s.pending, s.next = s.spare[:0], newRound()
	s.room.Broadcast()
	s.mu.Unlock()
	err := s.write(data, sync && dirty)
	if s.spare = data; cap(data) > maxPending/8 {
		s.spare = nil // a rare crowd
	}
	if err != nil {
		s.refuse(fault.New(fault.Unavailable, "keep %s, which is refused until the broker is started again: %w", s.path, err).
			WithHint("mend the disk or free space on it, then start again: what is in the file is known only then"))
	}
	r.err = s.failure()
	close(r.done)
}

func (s *store) write(data []byte, sync bool) error {
	if len(data) > 0 {
		failpoint.Hit("keyed.write.before")
		n, err := s.file.WriteAt(data, s.at)
		failpoint.Hit("keyed.write.after")
		if err == nil && n < len(data) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		s.at += int64(n)
		s.written += int64(n)
	}
	if sync {
		failpoint.Hit("keyed.sync.before")
		if err := s.file.Sync(); err != nil {
			return fmt.Errorf("force to disk: %w", err)
		}
		failpoint.Hit("keyed.sync.after")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(data) > 0 {
		s.count.Writes++
	}
	if sync {
		s.synced = s.written
	}
	return nil
}

// failure is why every Put fails, nil if none does.
func (s *store) failure() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.err
}

// refuse makes every later Put fail, and those who wait now.
func (s *store) refuse(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = cause
	if !s.closed {
		s.log().Error("the broker's state can no longer be written: topics, groups and transactions refuse every change until the broker is started again",
			slog.String("file", s.path), slog.Any("error", cause), slog.String("hint", fault.HintOf(cause)))
	}
	s.next.err = cause
	close(s.next.done)
	s.room.Broadcast()
}

func (s *store) close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.stop)
	}
	<-s.done
	if !first {
		return nil
	}
	err := s.failure()
	s.refuse(fault.New(fault.Unavailable, "keep %s: it was closed", s.path))
	return errors.Join(err, s.file.Close())
}
