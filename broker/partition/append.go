package partition

import (
	"context"
	"errors"
	"fmt"
	"math"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/internal/failpoint"
)

// Append appends one or more batches as a producer sent them. It checks form, CRC, size, timestamps, keys (where the log is compacted) and sequence numbers, sets
// offsets (and timestamps, where the log does), and keeps batches. The caller has made sure that the transaction of a transactional batch is open and stays so until
// Append returns. Errors: kerr.CorruptMessage, MessageTooLarge, RecordListTooLarge, InvalidRecord, InvalidTimestamp, OutOfOrderSequenceNumber, InvalidProducerEpoch, InvalidTxnState,
// PolicyViolation (too many open transactions), UnsupportedCompressionType, KafkaStorageError, UnsupportedForMessageFormat, NotLeaderForPartition (closed). The bytes are changed in place.
func (l *Log) Append(batches []byte) (Append, error) {
	if l.env.MayWrite != nil {
		if err := l.env.MayWrite(); err != nil {
			return Append{}, err
		}
	}
	cfg, now := l.config(), l.now()
	records, err := l.check(batches, cfg, now)
	if err != nil {
		return Append{}, err
	}
	l.writer.Lock()
	defer l.writer.Unlock()
	if err := l.writable(); err != nil {
		return Append{}, err
	}
	out := Append{Base: l.end, Last: l.end + records - 1}
	if cfg.LogAppendTime {
		out.Time = time.UnixMilli(now)
	}
	if first := readHeader(batches); first.producer >= 0 {
		dup, isDup, err := l.producers.check(&first)
		if err != nil {
			return Append{}, err
		}
		if isDup {
			l.mu.Lock()
			out.Start = l.start
			l.mu.Unlock()
			out.Base, out.Last, out.Duplicate, out.Wait = dup.last-int64(dup.delta), dup.last, true, l.wait(dup.last+1)
			if cfg.LogAppendTime {
				out.Time = time.UnixMilli(dup.time)
			}
			return out, nil
		}
	}
	if err := l.prepare(len(batches), records, cfg, now); err != nil {
		return Append{}, l.storage("append to", err)
	}
	offset, epoch := l.end, l.epochs[len(l.epochs)-1].epoch
	for p := batches; len(p) > 0; {
		h := readHeader(p)
		setBase(p, offset, epoch)
		offset += int64(h.lastDelta) + 1
		p = p[h.size:]
	}
	failpoint.Hit("partition.append.before")
	if err := l.write(batches); err != nil {
		return Append{}, l.storage("append to", err)
	}
	failpoint.Hit("partition.append.after")
	out.Start = l.publish(batches, now)
	out.Wait = l.wait(offset)
	return out, nil
}

// EndTransaction appends the marker that commits or aborts the open transaction of a producer, with the epoch that the coordinator says. Where none is open nothing is
// written: it may be repeated. From then on batches of an older epoch are refused. It needs no leave of Env.MayWrite. Errors: kerr.InvalidProducerEpoch, TransactionCoordinatorFenced,
// KafkaStorageError, NotLeaderForPartition.
func (l *Log) EndTransaction(producer int64, epoch int16, coordinatorEpoch int32, commit bool) (Wait, error) {
	l.writer.Lock()
	defer l.writer.Unlock()
	if err := l.writable(); err != nil {
		return nil, err
	}
	p := l.producers.byID[producer]
	switch {
	case p == nil:
		return l.wait(l.end), nil
	case epoch < p.epoch:
		return nil, fmt.Errorf("end transaction of producer %d: epoch %d is older than %d: %w", producer, epoch, p.epoch, kerr.InvalidProducerEpoch)
	case coordinatorEpoch < p.coordinator:
		return nil, fmt.Errorf("end transaction of producer %d: coordinator epoch %d is older than %d: %w", producer, coordinatorEpoch, p.coordinator, kerr.TransactionCoordinatorFenced)
	case p.txnStart < 0:
		l.mu.Lock()
		p.setEpoch(epoch)
		l.mu.Unlock()
		return l.wait(l.end), nil
	}
	now := l.now()
	batch := appendMarker(make([]byte, 0, headerSize+32), producer, epoch, coordinatorEpoch, commit, now)
	if err := l.prepare(len(batch), 1, l.config(), now); err != nil {
		return nil, l.storage("end transaction in", err)
	}
	setBase(batch, l.end, l.epochs[len(l.epochs)-1].epoch)
	failpoint.Hit("partition.marker.before")
	if err := l.write(batch); err != nil {
		return nil, l.storage("end transaction in", err)
	}
	failpoint.Hit("partition.marker.after")
	l.publish(batch, now)
	return l.wait(l.end), nil
}

// writable says whether anything may be appended. The caller has writer.
func (l *Log) writable() error {
	if l.shut {
		return errShut
	}
	if l.failed != nil {
		return l.failed
	}
	return nil
}

// prepare makes sure that there is an active segment with room. The caller has writer.
func (l *Log) prepare(size int, records int64, cfg *Config, now int64) error {
	if l.active == nil {
		return l.roll(now)
	}
	if err := l.wakeActive(cfg); err != nil {
		return err
	}
	if err := l.keepEpoch(); err != nil {
		return err
	}
	if l.size == 0 {
		return nil
	}
	full := l.size+int64(size) > min(cfg.SegmentBytes, math.MaxUint32) || l.end+records-l.active.base > maxRelative ||
		len(l.tail.aborted) >= maxAborted || l.old(cfg, now)
	if !full {
		return nil
	}
	return l.roll(now)
}

// old says that the active segment has been written to long enough.
func (l *Log) old(cfg *Config, now int64) bool {
	return cfg.SegmentAge > 0 && l.born > 0 && now-l.born >= cfg.SegmentAge.Milliseconds()
}

// wakeActive opens the active segment for writing if it is not. The caller has writer.
func (l *Log) wakeActive(cfg *Config) error {
	if l.file != nil {
		return nil
	}
	x, err := l.loadIndex(l.active, l.size)
	if err != nil {
		return err
	}
	f, err := l.openSegment(l.active)
	if err != nil {
		return err
	}
	x = x.clone()
	x.every = max(x.every, cfg.IndexInterval)
	l.active.checkOn(l.size)
	l.mu.Lock()
	l.file, l.tail = f, x
	l.mu.Unlock()
	return nil
}

// write writes bytes at the end of the active segment. If that fails they are cut off again: where the disk is full the log may go on when there is room,
// after any other error it may not. The caller has writer.
func (l *Log) write(p []byte) error {
	_, err := l.file.WriteAt(p, l.size)
	if err == nil {
		return nil
	}
	cut := l.file.Truncate(l.size)
	if cut == nil && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)) {
		return err
	}
	l.fail(errors.Join(err, cut))
	return err
}

// fail stops all appends until the log is opened again: what its file holds is unknown.
func (l *Log) fail(err error) {
	l.env.Log.Error("log takes no more records until it is opened again", "dir", l.dir, "err", err)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = fmt.Errorf("append to %s: a write or fsync failed before, restart to go on: %w: %w", l.dir, kerr.KafkaStorageError, err)
	}
	l.advance()
}

// publish counts batches that were written to the end of the active segment. The caller has writer.
func (l *Log) publish(batches []byte, now int64) (start int64) {
	l.appended.Add(int64(len(batches)))
	l.touched = true
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size == 0 {
		l.born = now
	}
	for p := batches; len(p) > 0; {
		h := readHeader(p)
		l.note(&h, p[:h.size], now)
		l.recent.add(place{h.base, h.last() + 1, l.size, h.size})
		l.size += int64(h.size)
		l.end = h.last() + 1
		p = p[h.size:]
	}
	if l.env.Flush != FlushAlways {
		l.high, l.highPos = l.end, l.size
		l.wake()
	}
	l.startFlush()
	return l.start
}

// note counts a batch at the end of what the index covers: in the index, and what its producer did.
func (l *Log) note(h *header, batch []byte, now int64) {
	l.tail.add(l.active.base, h)
	if a, ok := l.producers.note(h, batch, now); ok {
		l.tail.aborted = append(l.tail.aborted, a)
	}
}

// note counts a batch of the log and returns the transaction that it aborts, if it does.
func (ps *producers) note(h *header, batch []byte, now int64) (a aborted, ok bool) {
	if h.producer < 0 {
		return a, false
	}
	if !h.control() {
		ps.add(h, now)
		return a, false
	}
	commit, coordinator, ok := readMarker(batch)
	if !ok {
		return a, false
	}
	first := ps.end(h.producer, h.prodEpoch, coordinator, h.base, h.maxTime, now)
	if commit || first < 0 {
		return a, false
	}
	return aborted{h.producer, first, h.base, ps.firstOpen(h.base + 1)}, true
}

// wait returns when everything before an offset is as durable as the policy says.
func (l *Log) wait(offset int64) Wait {
	if l.env.Flush != FlushAlways {
		return acknowledged
	}
	return func(ctx context.Context) error { return l.await(ctx, offset) }
}

func acknowledged(context.Context) error { return nil }
