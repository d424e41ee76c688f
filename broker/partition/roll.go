package partition

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"millrace/internal/failpoint"
)

// checkpointBytes is how much is appended before Clean writes a checkpoint: about what a crash makes the next Open read.
const checkpointBytes = 64 << 20

// roll closes the active segment, if there is one, and begins the next. Everything before it is durable then, under all policies. The caller has writer.
func (l *Log) roll(now int64) error {
	old := l.active
	if old != nil {
		if err := l.syncOnce(); err != nil {
			return err
		}
		if err := l.writeIndex(old, l.tail); err != nil {
			return err
		}
		l.mu.Lock()
		old.end, old.size, old.maxTime = l.end, l.size, l.tail.maxTime
		old.minAborted = earliest(l.tail.aborted)
		l.mu.Unlock()
	}
	if old == nil {
		// The folder may be new, too.
		if err := l.env.FS.SyncDir(filepath.Dir(l.dir)); err != nil {
			return err
		}
	}
	snapshot, err := l.writeSnapshot()
	if err != nil {
		return err
	}
	s := newSegment(l.end, 0)
	s.checkOn(0)
	f, err := l.createSegment(s)
	if err != nil {
		return err
	}
	failpoint.Hit("partition.roll.created")
	tail, closedFile := newIndex(l.config().IndexInterval), l.file
	err = l.commit(true, func(m *manifest) {
		m.segments, m.hasActive, m.born = append(m.segments, s), true, 0
		m.check, m.checkPos, m.snapshot, m.epochs, m.end = l.end, 0, snapshot, slices.Clone(l.epochs), l.end
	}, func() {
		if old != nil {
			l.closed = append(slices.Clip(l.closed), old)
		}
		l.active, l.file, l.tail, l.size, l.born = s, f, tail, 0, 0
		l.synced, l.checked, l.checkPos, l.newEpoch = l.end, l.end, 0, false
		l.recent.clear()
		if l.high != l.end {
			l.high = l.end
			l.wake()
		}
		l.highPos = 0
		l.advance()
	}, nil)
	if err != nil {
		f.release()
		l.unlink(s)
		return err
	}
	if old != nil {
		closedFile.release()
	}
	l.dropSnapshots(snapshot)
	return nil
}

// createSegment makes the file of a new segment and returns it with a reference for the log.
func (l *Log) createSegment(s *segment) (*file, error) {
	f, err := l.env.FS.OpenFile(l.path(s.logName()), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	return l.env.files.put(f, &s.file), nil
}

// closeActive closes the active segment so that it may be deleted or compacted; an empty one stays as it is.
func (l *Log) closeActive() error {
	l.writer.Lock()
	defer l.writer.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	if l.active == nil || l.size == 0 {
		return nil
	}
	if err := l.wakeActive(l.config()); err != nil {
		return err
	}
	return l.roll(l.now())
}

// rest is called by Clean: it closes the active segment if it is old, writes a checkpoint where much was appended or nothing any more since the last call, and closes the
// file of a log that nobody appends to.
func (l *Log) rest() error {
	cfg, now := l.config(), l.now()
	l.mu.Lock()
	due := l.active != nil && l.size > 0 && !l.shut && l.failed == nil && l.old(cfg, now)
	l.mu.Unlock()
	if due {
		if err := l.closeActive(); err != nil {
			return err
		}
	}
	// Most of the work of a sync is done before appends have to wait for the rest.
	if err := l.syncOnce(); err != nil {
		return err
	}
	l.writer.Lock()
	defer l.writer.Unlock()
	if l.shut || l.failed != nil {
		return nil
	}
	l.mu.Lock()
	l.producers.expire(now)
	l.mu.Unlock()
	idle := !l.touched
	l.touched = false
	if l.file == nil || !idle && l.size-l.checkPos < checkpointBytes {
		return nil
	}
	if err := l.checkpoint(); err != nil {
		return err
	}
	if idle {
		l.letGo()
	}
	return nil
}

// checkpoint makes all durable and writes down what the next Open would otherwise scan for. The caller has writer.
func (l *Log) checkpoint() error {
	if l.file == nil || l.checked == l.end {
		return nil
	}
	if err := l.syncOnce(); err != nil {
		return err
	}
	if err := l.writeIndex(l.active, l.tail); err != nil {
		return err
	}
	snapshot, err := l.writeSnapshot()
	if err != nil {
		return err
	}
	err = l.commit(false, func(m *manifest) {
		m.check, m.checkPos, m.snapshot, m.born, m.epochs = l.end, l.size, snapshot, l.born, slices.Clone(l.epochs)
	}, nil, nil)
	if err != nil {
		return err
	}
	l.checked, l.checkPos, l.newEpoch = l.end, l.size, false
	l.dropSnapshots(snapshot)
	return nil
}

// noSnapshot is the offset of the snapshot of no producers.
const noSnapshot = -1

func snapshotName(offset int64) string { return fmt.Sprintf("%020d.snapshot", offset) }

// writeSnapshot writes what the log knows of producers, durably but for its name: a commit follows. The caller has writer.
func (l *Log) writeSnapshot() (int64, error) {
	if len(l.producers.byID) == 0 {
		return noSnapshot, nil
	}
	l.mu.Lock()
	p := l.producers.encode()
	l.mu.Unlock()
	name := l.path(snapshotName(l.end))
	failpoint.Hit("partition.snapshot.write.before")
	if err := l.writeFile(name+".tmp", p, true); err != nil {
		return 0, err
	}
	failpoint.Hit("partition.snapshot.rename.before")
	if err := l.env.FS.Rename(name+".tmp", name); err != nil {
		return 0, err
	}
	failpoint.Hit("partition.snapshot.rename.after")
	return l.end, l.env.FS.SyncDir(l.dir)
}

// dropSnapshots deletes the snapshot that was written before the one that counts.
func (l *Log) dropSnapshots(keep int64) {
	if l.snapshot != noSnapshot && l.snapshot != keep {
		if err := l.env.FS.Remove(l.path(snapshotName(l.snapshot))); err != nil && !isMissing(err) {
			l.env.Log.Warn("old snapshot of producers cannot be deleted", "dir", l.dir, "offset", l.snapshot, "err", err)
		}
	}
	l.snapshot = keep
}

// keepEpoch makes a new leader epoch durable before the first batch of it is written. The caller has writer.
func (l *Log) keepEpoch() error {
	if !l.newEpoch {
		return nil
	}
	err := l.commit(false, func(m *manifest) { m.epochs = slices.Clone(l.epochs) }, nil, nil)
	if err == nil {
		l.newEpoch = false
	}
	return err
}

// bumpEpoch begins a leader epoch at the end of the log.
func (l *Log) bumpEpoch() {
	last := l.epochs[len(l.epochs)-1]
	if last.epoch == math.MaxInt32 {
		return
	}
	next := epochStart{last.epoch + 1, l.end}
	if last.start == l.end {
		// Nothing of the last epoch is left: it never was.
		l.epochs = l.epochs[:len(l.epochs)-1]
	}
	l.epochs = append(l.epochs, next)
	l.epochs = l.epochs[max(0, len(l.epochs)-maxEpochs):]
	l.newEpoch = true
}
