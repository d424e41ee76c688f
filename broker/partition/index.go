package partition

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"sort"

	"millrace/internal/failpoint"
)

const (
	// maxEntries bounds the index of a segment: when it is full every other entry goes and the distance between them doubles.
	maxEntries = 4096
	// maxAborted bounds the aborted transactions of a segment: beyond it the segment is closed.
	maxAborted = 1 << 16

	indexMagic   = "MRLIX001"
	indexHead    = len(indexMagic) + 8 + 8 + 8 + 4 + 4
	entryBytes   = 16
	abortedBytes = 32
)

var errIndex = errors.New("read index: it does not check")

// entry says that a batch begins at a position, and how late the records before it are.
type entry struct {
	relative uint32 // offset of its first record, less the base of the segment
	pos      uint32
	maxTime  int64 // of all batches of the segment before it; noTime: none
}

// aborted is a transaction that ended in a segment without being committed.
type aborted struct {
	producer int64
	first    int64 // its first record
	last     int64 // its marker
	stable   int64 // where the last stable offset was when it had ended
}

// index is what is kept of a segment beside its batches, all of it found again by a scan. One that is loaded for a closed segment does
// not change; that of the active segment is guarded as the log says.
type index struct {
	every   int64 // bytes between entries
	covers  int64 // bytes of the segment that it describes
	maxTime int64
	entries []entry
	aborted []aborted
}

func newIndex(every int64) *index { return &index{every: max(every, 1), maxTime: noTime} }

// add tells of a batch at the end of what the index covers.
func (x *index) add(base int64, h *header) {
	pos := x.covers
	if n := len(x.entries); n == 0 || pos-int64(x.entries[n-1].pos) >= x.every {
		if n == maxEntries {
			x.thin()
		}
		x.entries = append(x.entries, entry{uint32(h.base - base), uint32(pos), x.maxTime})
	}
	x.maxTime = max(x.maxTime, h.maxTime)
	x.covers += int64(h.size)
}

func (x *index) thin() {
	kept := x.entries[:0]
	for i := 0; i < len(x.entries); i += 2 {
		kept = append(kept, x.entries[i])
	}
	x.entries = kept
	// Batches may be farther apart than every: without regard to that, old entries would be thinned again and again.
	x.every = max(2*x.every, x.covers/int64(len(kept)))
}

// floor returns the position of the last entry at or before a relative offset.
func (x *index) floor(relative int64) int64 { return int64(x.floorEntry(relative).pos) }

// floorEntry returns that entry; the zero one, which is the beginning of the segment, if there is none.
func (x *index) floorEntry(relative int64) entry {
	i := sort.Search(len(x.entries), func(i int) bool { return int64(x.entries[i].relative) > relative })
	if i == 0 {
		return entry{}
	}
	return x.entries[i-1]
}

// boundary returns the last entry in (from, upto], and false if there is none.
func (x *index) boundary(from, upto int64) (entry, bool) {
	i := sort.Search(len(x.entries), func(i int) bool { return int64(x.entries[i].pos) > upto })
	if i == 0 || int64(x.entries[i-1].pos) <= from {
		return entry{}, false
	}
	return x.entries[i-1], true
}

// before returns a position before which no record is as late as a time.
func (x *index) before(ms int64) int64 {
	i := sort.Search(len(x.entries), func(i int) bool { return x.entries[i].maxTime >= ms })
	if i == 0 {
		return 0
	}
	return int64(x.entries[i-1].pos)
}

// clone returns a copy that may be changed.
func (x *index) clone() *index {
	c := *x
	c.entries = append(make([]entry, 0, len(x.entries)+16), x.entries...)
	c.aborted = append([]aborted(nil), x.aborted...)
	return &c
}

func (x *index) cost() int64 {
	return int64(len(x.entries))*entryBytes + int64(len(x.aborted))*abortedBytes + 128
}

func (x *index) encode() []byte {
	p := make([]byte, 0, indexHead+len(x.entries)*entryBytes+len(x.aborted)*abortedBytes+4)
	p = append(p, indexMagic...)
	p = binary.BigEndian.AppendUint64(p, uint64(x.every))
	p = binary.BigEndian.AppendUint64(p, uint64(x.covers))
	p = binary.BigEndian.AppendUint64(p, uint64(x.maxTime))
	p = binary.BigEndian.AppendUint32(p, uint32(len(x.entries)))
	p = binary.BigEndian.AppendUint32(p, uint32(len(x.aborted)))
	for _, e := range x.entries {
		p = binary.BigEndian.AppendUint32(p, e.relative)
		p = binary.BigEndian.AppendUint32(p, e.pos)
		p = binary.BigEndian.AppendUint64(p, uint64(e.maxTime))
	}
	for _, a := range x.aborted {
		for _, v := range [...]int64{a.producer, a.first, a.last, a.stable} {
			p = binary.BigEndian.AppendUint64(p, uint64(v))
		}
	}
	return binary.BigEndian.AppendUint32(p, crc32.Checksum(p, castagnoli))
}

func decodeIndex(p []byte) (*index, error) {
	if len(p) < indexHead+4 || string(p[:len(indexMagic)]) != indexMagic ||
		crc32.Checksum(p[:len(p)-4], castagnoli) != binary.BigEndian.Uint32(p[len(p)-4:]) {
		return nil, errIndex
	}
	p = p[len(indexMagic) : len(p)-4]
	x := &index{
		every:   int64(binary.BigEndian.Uint64(p)),
		covers:  int64(binary.BigEndian.Uint64(p[8:])),
		maxTime: int64(binary.BigEndian.Uint64(p[16:])),
	}
	entries, gone := int(binary.BigEndian.Uint32(p[24:])), int(binary.BigEndian.Uint32(p[28:]))
	p = p[32:]
	if x.every < 1 || entries*entryBytes+gone*abortedBytes != len(p) {
		return nil, errIndex
	}
	x.entries = make([]entry, entries)
	for i := range x.entries {
		x.entries[i] = entry{binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:]), int64(binary.BigEndian.Uint64(p[8:]))}
		p = p[entryBytes:]
	}
	x.aborted = make([]aborted, gone)
	for i := range x.aborted {
		at := func(n int) int64 { return int64(binary.BigEndian.Uint64(p[8*n:])) }
		x.aborted[i] = aborted{at(0), at(1), at(2), at(3)}
		p = p[abortedBytes:]
	}
	return x, nil
}

// writeIndex writes the index of a segment beside it. It need not be durable: a bad one is made again.
func (l *Log) writeIndex(s *segment, x *index) error {
	name := l.path(s.indexName())
	if err := l.writeFile(name+".tmp", x.encode(), false); err != nil {
		return err
	}
	failpoint.Hit("partition.index.rename.before")
	return l.env.FS.Rename(name+".tmp", name)
}

// readIndex reads the index of a segment that describes at most size bytes of it.
func (l *Log) readIndex(s *segment, size int64) (*index, error) {
	p, err := l.readFile(l.path(s.indexName()))
	if err != nil {
		return nil, err
	}
	x, err := decodeIndex(p)
	if err != nil {
		return nil, err
	}
	if x.covers > size {
		return nil, errIndex
	}
	return x, nil
}

// writeFile makes or replaces a small file.
func (l *Log) writeFile(name string, p []byte, sync bool) error {
	f, err := l.env.FS.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if err == nil && sync {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// readFile reads a small file whole.
func (l *Log) readFile(name string) ([]byte, error) {
	f, err := l.env.FS.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSmallFile {
		return nil, fmt.Errorf("read %s: %d bytes are more than such a file can have", name, info.Size())
	}
	p := make([]byte, info.Size())
	if _, err := readFull(f, p, 0); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return p, nil
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
