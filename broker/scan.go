package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"millrace/fault"
)

// partitionLog is what a scan of a partition's segments finds.
type partitionLog struct {
	topic     topic
	partition int32
	dir       string

	segments   []segmentEntry
	start, end int64 // offset of the first record and of the one to come
	firstSeen  bool

	open    map[int64]openTxn // by producer: transactions without a marker
	markers map[int64]marker  // by producer: the last marker
	aborted []abortedRange
	windows map[int64]*window // by producer

	torn int64 // bytes cut off the end
}

type openTxn struct {
	first int64
	epoch int16
}

type marker struct {
	epoch  int16
	commit bool
}

// scanPartition reads every batch of a partition. The end of the last segment may be torn, which is
// what a kill leaves: it is cut off. Damage anywhere else is an error, unless acceptLoss is set: then
// the damaged segment is copied to the folder "damaged" and cut.
func scanPartition(root string, t topic, partition int32, acceptLoss bool) (*partitionLog, error) {
	l := &partitionLog{
		topic: t, partition: partition, dir: partitionDir(root, t.Name, partition),
		open: map[int64]openTxn{}, markers: map[int64]marker{}, windows: map[int64]*window{},
	}
	if err := finishCompaction(l.dir); err != nil {
		return nil, fmt.Errorf("finish the compaction of %s-%d: %w", t.Name, partition, err)
	}
	bases, err := segmentBases(l.dir)
	if err != nil {
		return nil, err
	}
	for i, base := range bases {
		if err := l.scanSegment(root, base, i == len(bases)-1, acceptLoss); err != nil {
			return nil, fmt.Errorf("recover partition %s-%d: %w", t.Name, partition, err)
		}
	}
	return l, nil
}

// segmentBases lists the first offsets of the segments in a partition's folder, ascending.
func segmentBases(dir string) ([]int64, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var bases []int64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".dat")
		if base, err := strconv.ParseInt(name, 10, 64); ok && err == nil {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	return bases, nil
}

func (l *partitionLog) scanSegment(root string, base int64, isLast, acceptLoss bool) error {
	path := segmentFile(l.dir, base)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var index []byte
	pos := int64(0)
	for pos < int64(len(data)) {
		b, ok := nextBatch(data, pos, l.end)
		// The first offset of a batch is not under its checksum, but it follows from the one before.
		if !ok || b.base != l.end && !(pos == 0 && b.base == base) {
			break
		}
		l.add(b)
		index = appendIndexEntry(index, b)
		pos += b.size
	}
	if pos < int64(len(data)) {
		middle := !isLast || soundAfter(data, pos+1, l.end)
		if middle && !acceptLoss {
			return fault.New(fault.Corrupt, "segment %s: byte %d of %d is damaged", filepath.Base(path), pos, len(data)).
				WithHint("restore the folder from a copy, or start once with loss accepted: the rest of the segment is then set aside and dropped")
		}
		if err := setAside(root, l, base, data, pos); err != nil {
			return err
		}
		if err := os.Truncate(path, pos); err != nil {
			return err
		}
		l.torn += int64(len(data)) - pos
	}
	if pos == 0 { // an empty segment tells nothing and confuses the next scan
		return errors.Join(os.Remove(path), removeIfThere(indexFile(l.dir, base)))
	}
	l.segments = append(l.segments, segmentEntry{BaseOffset: base, Size: pos})
	return mendIndex(indexFile(l.dir, base), index)
}

// nextBatch reads the batch at pos, which must not start before offset from.
func nextBatch(data []byte, pos, from int64) (batch, bool) {
	rest := data[pos:]
	if len(rest) < headerSize {
		return batch{}, false
	}
	size := batchSize(rest)
	if size == 0 || size > int64(len(rest)) {
		return batch{}, false
	}
	b, ok := parseBatch(rest[:size], pos)
	return b, ok && b.base >= from && b.last >= b.base
}

// soundAfter says whether any whole batch follows pos: then the damage before it is no torn end.
func soundAfter(data []byte, pos, from int64) bool {
	for ; pos+headerSize <= int64(len(data)); pos++ {
		if data[pos+magicAt] != 2 {
			continue
		}
		if _, ok := nextBatch(data, pos, from); ok {
			return true
		}
	}
	return false
}

// setAside copies what is about to be cut off a segment to <root>/damaged.
func setAside(root string, l *partitionLog, base int64, data []byte, pos int64) error {
	dir := filepath.Join(root, "damaged")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%d-%d", filepath.Base(l.dir), base, pos)
	return replaceFile(filepath.Join(dir, name), data[pos:])
}

// mendIndex makes an index file agree with its segment: kfake matches entries to batches by position.
func mendIndex(path string, want []byte) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() == int64(len(want)) {
		return nil
	}
	return replaceFile(path, want)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// add takes a batch into account, in the order of the log.
func (l *partitionLog) add(b batch) {
	if !l.firstSeen {
		l.start, l.firstSeen = b.base, true
	}
	l.end = b.last + 1
	switch {
	case b.control():
		if t, ok := l.open[b.producer]; ok && !b.commit {
			l.aborted = append(l.aborted, abortedRange{b.producer, t.first, b.base})
		}
		delete(l.open, b.producer)
		l.markers[b.producer] = marker{b.prodEpoch, b.commit}
	case b.transactional():
		if _, ok := l.open[b.producer]; !ok {
			l.open[b.producer] = openTxn{b.base, b.prodEpoch}
		}
	}
	if b.producer >= 0 && b.sequence >= 0 && !b.control() {
		l.remember(b)
	}
}

// maxSequence is where sequence numbers of producers start again at 0.
const maxSequence = 1<<31 - 1

func (l *partitionLog) remember(b batch) {
	w := l.windows[b.producer]
	if w == nil || w.Epoch != b.prodEpoch {
		w = &window{PID: b.producer, Topic: l.topic.Name, Part: l.partition, Epoch: b.prodEpoch, Seen: true}
		l.windows[b.producer] = w
	}
	w.NextSeq = int32((int64(b.sequence) + int64(b.count)) % maxSequence)
	w.Entries[w.At] = windowEntry{b.sequence, w.NextSeq, b.base}
	w.At = (w.At + 1) % uint8(len(w.Entries))
	w.Count = min(w.Count+1, uint8(len(w.Entries)))
}

// append writes batches of our own to the end of the log: markers and blanks.
func (l *partitionLog) append(p []byte) error {
	for len(p) > 0 {
		n := batchSize(p)
		if err := l.appendOne(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func (l *partitionLog) appendOne(p []byte) error {
	b, _ := parseBatch(p, 0)
	if len(l.segments) == 0 {
		if err := os.MkdirAll(l.dir, 0o755); err != nil {
			return err
		}
		l.segments = append(l.segments, segmentEntry{BaseOffset: b.base})
	}
	s := &l.segments[len(l.segments)-1]
	if err := appendFile(segmentFile(l.dir, s.BaseOffset), p); err != nil {
		return err
	}
	if err := appendFile(indexFile(l.dir, s.BaseOffset), appendIndexEntry(nil, b)); err != nil {
		return err
	}
	s.Size += b.size
	l.add(b)
	return nil
}

func appendFile(path string, p []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
