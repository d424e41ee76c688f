package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"millrace/bus"
)

// compactAbove is the size of a compacted partition from which compacting it at a start is worth the
// time; reading that much takes a few milliseconds.
const compactAbove = 4 << 20

// compactedName is where a compacted segment is written, and doneName says that it is whole: from
// then on it replaces all others.
const (
	compactedName = "compacted"
	doneName      = "compacted.done"
)

// compact rewrites a partition of a topic with cleanup.policy=compact so that it keeps the batches
// that hold the last record of some key, and no tombstones. It happens before the broker serves: no
// transaction is open then, so nothing is dropped for a record that is aborted later. (kfake's own
// compaction does both wrongly, and loses the partition if it is killed meanwhile.)
func (l *partitionLog) compact() error {
	if !strings.Contains(l.topic.Configs["cleanup.policy"], "compact") || len(l.open) > 0 || l.size() < compactAbove {
		return nil
	}
	last, err := l.lastOfKeys()
	if err != nil {
		return err
	}
	w := compactor{next: l.segments[0].BaseOffset}
	err = l.eachBatch(func(p []byte, b batch) error {
		if b.control() || l.isAborted(b) {
			return nil
		}
		keep := false
		err := eachKey(p, func(key string, offset int64, tombstone bool) {
			keep = keep || last[key] == offset && !tombstone
		})
		if keep || err != nil { // what cannot be read is left to whoever wrote it
			w.add(p, b)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.pad(l.end)
	if err := l.replaceBy(w.data); err != nil {
		return err
	}
	l.segments = []segmentEntry{{BaseOffset: l.segments[0].BaseOffset, Size: int64(len(w.data))}}
	l.aborted = nil
	return nil
}

func (l *partitionLog) size() (n int64) {
	for _, s := range l.segments {
		n += s.Size
	}
	return n
}

func (l *partitionLog) isAborted(b batch) bool {
	if !b.transactional() {
		return false
	}
	for _, a := range l.aborted {
		if a.ProducerID == b.producer && a.FirstOffset <= b.base && b.base <= a.LastOffset {
			return true
		}
	}
	return false
}

// lastOfKeys returns the offset of the last record of each key.
func (l *partitionLog) lastOfKeys() (map[string]int64, error) {
	last := map[string]int64{}
	err := l.eachBatch(func(p []byte, b batch) error {
		if b.control() || l.isAborted(b) {
			return nil
		}
		_ = eachKey(p, func(key string, offset int64, _ bool) { last[key] = offset }) // such a batch stays
		return nil
	})
	return last, err
}

// eachBatch reads the segments again. They were sound a moment ago.
func (l *partitionLog) eachBatch(fn func(p []byte, b batch) error) error {
	for _, s := range l.segments {
		data, err := os.ReadFile(segmentFile(l.dir, s.BaseOffset))
		if err != nil {
			return err
		}
		for pos := int64(0); pos < int64(len(data)); {
			b, ok := nextBatch(data, pos, 0)
			if !ok {
				return fmt.Errorf("compact partition %s-%d: segment %d changed meanwhile", l.topic.Name, l.partition, s.BaseOffset)
			}
			if err := fn(data[pos:pos+b.size], b); err != nil {
				return err
			}
			pos += b.size
		}
	}
	return nil
}

// eachKey calls fn for the records of a batch. Records without a key have none to be superseded by,
// and do not belong into such a topic: they are dropped.
func eachKey(p []byte, fn func(key string, offset int64, tombstone bool)) error {
	f := bus.NewFetch("", 0, p)
	for f.Next() {
		if f.Raw.Key != nil {
			fn(string(f.Raw.Key), f.Raw.Offset, f.Raw.Value == nil)
		}
	}
	return f.Err()
}

// compactor collects the batches that stay.
type compactor struct {
	data []byte
	next int64
}

// pad makes the log go on at offset: a blank stands for what was dropped before it.
func (w *compactor) pad(offset int64) {
	w.data = appendBlank(w.data, w.next, offset)
	w.next = max(w.next, offset)
}

// add appends a batch, without its producer: its transaction is committed, and the marker that says so
// is dropped.
func (w *compactor) add(p []byte, b batch) {
	w.pad(b.base)
	at := len(w.data)
	w.data = append(w.data, p...)
	p = w.data[at:]
	binary.BigEndian.PutUint16(p[attributesAt:], uint16(b.attrs&^attrTransactional))
	binary.BigEndian.PutUint64(p[producerAt:], ^uint64(0))
	binary.BigEndian.PutUint16(p[prodEpochAt:], ^uint16(0))
	binary.BigEndian.PutUint32(p[sequenceAt:], ^uint32(0))
	seal(p)
	w.next = b.last + 1
}

// replaceBy makes data the only segment of the partition, such that a kill at any moment leaves the old
// segments or the new one.
func (l *partitionLog) replaceBy(data []byte) error {
	if err := replaceFile(filepath.Join(l.dir, compactedName), data); err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(l.dir, doneName), nil); err != nil {
		return err
	}
	return finishCompaction(l.dir)
}

// finishCompaction puts a compacted segment that is whole into the place of all others, and removes
// one that is not. It may have been interrupted anywhere.
func finishCompaction(dir string) error {
	compacted, done := filepath.Join(dir, compactedName), filepath.Join(dir, doneName)
	if _, err := os.Stat(done); errors.Is(err, fs.ErrNotExist) {
		return removeIfThere(compacted)
	}
	bases, err := segmentBases(dir)
	if err != nil || len(bases) == 0 {
		return errors.Join(err, removeIfThere(done))
	}
	_, err = os.Stat(compacted)
	if err == nil { // else it has its place already, as the first segment
		err = errors.Join(os.Rename(compacted, segmentFile(dir, bases[0])), removeIfThere(indexFile(dir, bases[0])))
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	for _, base := range bases[1:] {
		err = errors.Join(err, os.Remove(segmentFile(dir, base)), removeIfThere(indexFile(dir, base)))
	}
	if err = errors.Join(err, syncDir(dir)); err != nil {
		return err
	}
	return os.Remove(done)
}

// rewriteIndex makes the index of the segments from the batches.
func (l *partitionLog) rewriteIndex() error {
	var index []byte
	if err := l.eachBatch(func(_ []byte, b batch) error {
		index = appendIndexEntry(index, b)
		return nil
	}); err != nil {
		return err
	}
	return replaceFile(indexFile(l.dir, l.segments[0].BaseOffset), index)
}
