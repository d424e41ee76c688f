package partition

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/internal/failpoint"
)

// Log is an open partition.
type Log struct {
	dir string
	env *Env
	cfg atomic.Pointer[Config]

	// Locks are taken in this order. writer is held by who appends, closes the active segment or writes a checkpoint; manifestMu by who replaces the manifest;
	// mu for moments only, never while a file is read or written.
	cleaner    cleaner // its lock comes first
	writer     sync.Mutex
	manifestMu sync.Mutex
	manifest   *manifest // what is on disk
	mu         sync.Mutex

	// Guarded by mu. What says "writer" changes under both, so that one of them suffices to read it.
	closed    []*segment // oldest first; the list is replaced, never changed
	active    *segment   // writer; nil before the first append
	tail      *index     // writer; of the active segment, nil while it is only on disk
	file      *file      // writer; of the active segment, nil while nothing is appended
	size      int64      // writer; of the active segment
	born      int64      // writer; when the active segment got its first record, in milliseconds; 0: it is empty
	start     int64
	cleaned   int64        // up to where compaction has gone
	epochs    []epochStart // never empty
	end       int64        // writer
	synced    int64        // what is durable
	high      int64
	highPos   int64      // where high is in the active segment
	producers *producers // writer
	recent    recent
	failed    error // writer; nothing may be appended any more
	shut      bool  // writer
	flushing  bool  // the goroutine of flush runs
	changed   chan struct{}
	progress  chan struct{} // closed when synced has moved or failed was set
	stop      chan struct{} // closed by Close
	running   sync.WaitGroup

	// Guarded by writer.
	touched  bool  // appended to since the last rest
	checked  int64 // the last checkpoint, and where it is in the active segment
	checkPos int64
	snapshot int64 // the last snapshot of producers
	newEpoch bool  // the last leader epoch is not in the manifest
	cut      bool  // Open has cut off a torn tail

	appended atomic.Int64
	read     atomic.Int64
}

func (l *Log) path(name string) string { return filepath.Join(l.dir, name) }
func (l *Log) config() *Config         { return l.cfg.Load() }
func (l *Log) now() int64              { return l.env.Now().UnixMilli() }

// SetConfig changes the settings; what follows from them happens at the next Clean.
func (l *Log) SetConfig(cfg Config) { l.cfg.Store(&cfg) }

// Close writes what makes the next Open quick, and lets go of the files. Readers that have a View keep it.
func (l *Log) Close() error { return l.close(true) }

func (l *Log) close(keep bool) error {
	defer l.cleaner.end()()
	l.writer.Lock()
	defer l.writer.Unlock()
	if l.shut {
		return nil
	}
	var err error
	if keep && l.failed == nil {
		err = l.checkpoint()
	}
	l.mu.Lock()
	l.shut = true
	close(l.stop)
	l.wake()
	l.advance()
	l.mu.Unlock()
	l.running.Wait()
	l.letGo()
	for _, s := range l.closed {
		l.env.files.forget(&s.file)
		l.env.indexes.forget(&s.index)
	}
	if err != nil {
		return fmt.Errorf("close log %s: %w", l.dir, err)
	}
	return nil
}

// letGo closes what is kept of the active segment. The caller has writer.
func (l *Log) letGo() {
	l.mu.Lock()
	f, s := l.file, l.active
	l.file, l.tail = nil, nil
	l.mu.Unlock()
	if f != nil {
		f.release()
	}
	if s != nil {
		l.env.files.forget(&s.file)
		l.env.indexes.forget(&s.index)
	}
}

// removedSuffix ends the name of the folder of a log that is being deleted.
const removedSuffix = ".removed"

// Remove closes the log and deletes its folder: renamed first, so that a crash leaves no half of it. What a crash leaves of a folder whose name ends in
// ".removed" may be deleted at any time.
func (l *Log) Remove() error {
	if err := l.close(false); err != nil {
		return err
	}
	gone := l.dir + removedSuffix
	err := l.env.FS.RemoveAll(gone)
	if err == nil {
		failpoint.Hit("partition.remove.rename.before")
		err = l.env.FS.Rename(l.dir, gone)
		failpoint.Hit("partition.remove.rename.after")
	}
	if err == nil {
		err = l.env.FS.SyncDir(filepath.Dir(l.dir))
	}
	if err == nil {
		failpoint.Hit("partition.remove.synced")
		err = l.env.FS.RemoveAll(gone)
	}
	if err != nil && !isMissing(err) {
		return fmt.Errorf("remove log %s: %w", l.dir, err)
	}
	return nil
}

// Changed returns a channel that is closed when the high watermark or the stable offset has next moved, or the log is closed. Ask before Read.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
		if l.shut {
			close(l.changed)
		}
	}
	return l.changed
}

// wake tells those who asked Changed. The caller has mu.
func (l *Log) wake() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
		if l.shut {
			l.changed = make(chan struct{})
			close(l.changed)
		}
	}
}

// DeleteBefore forgets the records before an offset (-1: the high watermark), durably, and returns where the log begins then. kerr.OffsetOutOfRange.
func (l *Log) DeleteBefore(ctx context.Context, offset int64) (int64, error) {
	l.mu.Lock()
	start, high := l.start, l.high
	shut := l.shut
	l.mu.Unlock()
	if offset == -1 {
		offset = high
	}
	switch {
	case shut:
		return -1, errShut
	case offset < 0 || offset > high:
		return -1, fmt.Errorf("delete records before %d of [%d, %d): %w", offset, start, high, kerr.OffsetOutOfRange)
	case offset <= start:
		return start, nil
	}
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	// The log may not begin beyond what is durable: after a power loss it would end before it begins.
	if err := l.sync(offset); err != nil {
		return -1, err
	}
	if err := l.startAt(offset); err != nil {
		return -1, fmt.Errorf("delete records of %s: %w: %w", l.dir, kerr.KafkaStorageError, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.start, nil
}

// startAt makes the log begin at an offset, durably, and deletes the closed segments before it.
func (l *Log) startAt(offset int64) error {
	closed := l.closedSegments()
	n := 0
	for n < len(closed) && closed[n].end <= offset {
		n++
	}
	gone := closed[:n:n]
	return l.commit(false, func(m *manifest) {
		m.start = max(m.start, offset)
		m.segments = splice(m.segments, gone, nil)
	}, func() {
		l.start = max(l.start, offset)
		l.closed = splice(l.closed, gone, nil)
	}, gone)
}

// Stats describes the log now.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Stats{
		Start: l.start, Stable: l.producers.stable(l.high), High: l.high, End: l.end, Bytes: l.size, Segments: len(l.closed),
		Appended: l.appended.Load(), Read: l.read.Load(),
	}
	if l.active != nil {
		s.Segments++
	}
	for _, c := range l.closed {
		s.Bytes += c.size
	}
	s.Dirty = l.dirty(s.Bytes)
	return s
}

// dirty is the share of the bytes that compaction has not seen. The caller has mu.
func (l *Log) dirty(total int64) float64 {
	if total == 0 {
		return 0
	}
	dirty := l.size
	for i := len(l.closed) - 1; i >= 0 && l.closed[i].base >= l.cleaned; i-- {
		dirty += l.closed[i].size
	}
	return float64(dirty) / float64(total)
}

// Producers lists the producers that the log remembers, by id.
func (l *Log) Producers() []Producer {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Producer, 0, len(l.producers.byID))
	for _, p := range l.producers.byID {
		out = append(out, Producer{
			ID: p.id, Epoch: p.epoch, LastSeq: p.lastSeq(), LastTime: time.UnixMilli(p.lastTime), TxnStart: p.txnStart, Coordinator: p.coordinator,
		})
	}
	slices.SortFunc(out, func(a, b Producer) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out
}

// Epoch is the leader epoch of the log. It grows when the log has lost its end, so that clients notice (KIP-320).
func (l *Log) Epoch() int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epochs[len(l.epochs)-1].epoch
}

// EpochEnd answers OffsetForLeaderEpoch: the largest epoch at or below the one asked for and where it ends; -1, -1: none.
func (l *Log) EpochEnd(epoch int32) (int32, int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.epochs) - 1; i >= 0; i-- {
		if l.epochs[i].epoch > epoch {
			continue
		}
		if i == len(l.epochs)-1 {
			if epoch > l.epochs[i].epoch {
				return -1, -1
			}
			return l.epochs[i].epoch, l.high
		}
		return l.epochs[i].epoch, l.epochs[i+1].start
	}
	return -1, -1
}

// errShut is what a closed log answers: clients ask again where the partition is.
var errShut = fmt.Errorf("use a log: it is closed: %w", kerr.NotLeaderForPartition)

// storage makes an error of the disk one that a client is told.
func (l *Log) storage(what string, err error) error {
	if errors.Is(err, kerr.KafkaStorageError) {
		return err
	}
	return fmt.Errorf("%s %s: %w: %w", what, l.dir, kerr.KafkaStorageError, err)
}

// told is storage for errors that may be meant for the client already.
func (l *Log) told(what string, err error) error {
	var known *kerr.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return l.storage(what, err)
}

// Close lets go of the files.
func (v *View) Close() {
	if v.file != nil {
		v.file.release()
		v.file = nil
	}
}
