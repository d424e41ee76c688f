package partition

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"millrace/internal/failpoint"
)

// maxSmallFile bounds the files beside the segments, so that a damaged size cannot ask for all memory.
const maxSmallFile = 256 << 20

// segment is one file of batches. A closed one never changes: whoever has it may read its fields without a lock. Of the active one only base and
// generation may be read; the log has the rest of it.
type segment struct {
	base       int64  // the first offset it can hold
	generation uint32 // how often it was written anew; part of its file's name
	end        int64  // where the next segment begins
	size       int64  // bytes
	maxTime    int64  // the greatest timestamp; noTime: none
	minAborted int64  // the first offset of all aborted transactions that end in it; math.MaxInt64: none

	file  atomic.Pointer[file]
	index atomic.Pointer[index]
	// sound is from which position (upper half) up to which the headers of its batches are known to follow each other.
	sound atomic.Uint64
}

// checked says whether the headers between two positions were checked, or written by this process.
func (s *segment) checked(from, upto int64) bool {
	have := s.sound.Load()
	return from >= int64(have>>32) && upto <= int64(have&math.MaxUint32)
}

// check notes that the headers between two positions follow each other. What does not lie beside that known before takes its place.
func (s *segment) check(from, upto int64) {
	for {
		have := s.sound.Load()
		a, b := int64(have>>32), int64(have&math.MaxUint32)
		if from <= b && a <= upto {
			from, upto = min(from, a), max(upto, b)
		}
		if s.sound.CompareAndSwap(have, uint64(from)<<32|uint64(upto)) {
			return
		}
	}
}

// checkOn is check for what is, and will be, written from a position on.
func (s *segment) checkOn(from int64) { s.check(from, math.MaxUint32) }

func newSegment(base int64, generation uint32) *segment {
	return &segment{base: base, generation: generation, end: base, maxTime: noTime, minAborted: math.MaxInt64}
}

func (s *segment) stem() string {
	if s.generation == 0 {
		return fmt.Sprintf("%020d", s.base)
	}
	return fmt.Sprintf("%020d-%d", s.base, s.generation)
}

func (s *segment) logName() string   { return s.stem() + ".log" }
func (s *segment) indexName() string { return s.stem() + ".index" }

// parseLogName reads the name of a segment's file.
func parseLogName(name string) (base int64, generation uint32, ok bool) {
	stem, ok := strings.CutSuffix(name, ".log")
	if !ok {
		return 0, 0, false
	}
	stem, gen, found := strings.Cut(stem, "-")
	if found {
		g, err := strconv.ParseUint(gen, 10, 32)
		if err != nil {
			return 0, 0, false
		}
		generation = uint32(g)
	}
	base, err := strconv.ParseInt(stem, 10, 64)
	return base, generation, err == nil && len(stem) == 20 && base >= 0
}

// closedSegments returns the closed segments, oldest first. The list is not to be changed.
func (l *Log) closedSegments() []*segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// openSegment returns the file of a segment; release lets go of it.
func (l *Log) openSegment(s *segment) (*file, error) {
	return l.env.files.open(l.env.FS, l.path(s.logName()), &s.file)
}

// indexOf returns the index of a closed segment, made again by a scan if it does not check.
func (l *Log) indexOf(s *segment) (*index, error) {
	return l.loadIndex(s, s.size)
}

// loadIndex is indexOf for a segment that has size bytes.
func (l *Log) loadIndex(s *segment, size int64) (*index, error) {
	if x := s.index.Load(); x != nil && x.covers == size {
		return x, nil
	}
	x, err := l.readIndex(s, size)
	if err != nil || x.covers != size {
		if err != nil && !isMissing(err) {
			l.env.Log.Warn("index of a segment does not check and is made again", "file", l.path(s.indexName()), "err", err)
		}
		if x, err = l.rebuildIndex(s, size); err != nil {
			return nil, err
		}
		if err := l.writeIndex(s, x); err != nil {
			l.env.Log.Warn("index of a segment cannot be written", "file", l.path(s.indexName()), "err", err)
		}
	}
	s.index.Store(x)
	l.env.indexes.keep(&s.index, x)
	return x, nil
}

// rebuildIndex makes an index from the batches of a segment.
func (l *Log) rebuildIndex(s *segment, size int64) (*index, error) {
	x := newIndex(l.config().IndexInterval)
	err := l.scan(s, 0, size, func(_ int64, h *header, _ []byte) error {
		x.add(s.base, h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	active := s == l.active
	l.mu.Unlock()
	if active || s.minAborted != math.MaxInt64 {
		if x.aborted, err = l.findAborted(s); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// scan reads whole batches of a segment between two positions, checks their sums and the order of their offsets, and hands them to do, which only borrows them.
func (l *Log) scan(s *segment, from, upto int64, do func(pos int64, h *header, batch []byte) error) error {
	f, err := l.openSegment(s)
	if err != nil {
		return err
	}
	defer f.release()
	sc := scanner{file: f, pos: from, upto: upto}
	for end := s.base; ; {
		h, batch, err := sc.next()
		if err == io.EOF {
			return nil
		}
		if err == nil && h.base < end {
			err = errOrder
		}
		if err != nil {
			return l.damaged(s, sc.pos, err)
		}
		end = h.last() + 1
		if err := do(sc.pos-int64(h.size), &h, batch); err != nil {
			return err
		}
	}
}

// rewrite is a segment that replaces others.
type rewrite struct {
	log  *Log
	seg  *segment
	file interface {
		Write(p []byte) (int, error)
		Sync() error
		Close() error
	}
	index *index
}

// newRewrite begins a segment with the base of the first of old, which closedSegments has given.
func (l *Log) newRewrite(old []*segment) (*rewrite, error) {
	gen := uint32(0)
	for _, s := range old {
		gen = max(gen, s.generation)
	}
	s := newSegment(old[0].base, gen+1)
	s.checkOn(0)
	f, err := l.env.FS.OpenFile(l.path(s.logName()), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &rewrite{log: l, seg: s, file: f, index: newIndex(l.config().IndexInterval)}, nil
}

// append appends batches one after the other, complete and with ascending offsets.
func (r *rewrite) append(batches []byte) error {
	for p := batches; len(p) > 0; {
		h := readHeader(p)
		r.index.add(r.seg.base, &h)
		p = p[h.size:]
	}
	_, err := r.file.Write(batches)
	return err
}

// keepAborted carries over a transaction that ended in one of the old segments and of which records are left.
func (r *rewrite) keepAborted(a aborted) {
	r.index.aborted = append(r.index.aborted, a)
	r.seg.minAborted = min(r.seg.minAborted, a.first)
}

// finish makes the segment durable, but not yet part of the log: replace does that. end is where the next segment begins.
func (r *rewrite) finish(end int64) (*segment, error) {
	failpoint.Hit("partition.compact.sync.before")
	err := r.file.Sync()
	failpoint.Hit("partition.compact.sync.after")
	if e := r.file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = r.log.writeIndex(r.seg, r.index)
	}
	if err != nil {
		r.log.unlink(r.seg)
		return nil, err
	}
	r.seg.end, r.seg.size, r.seg.maxTime = end, r.index.covers, r.index.maxTime
	return r.seg, nil
}

// discard gives up the segment.
func (r *rewrite) discard() {
	_ = r.file.Close() // the file goes anyway
	r.log.unlink(r.seg)
}

// replace puts segments in the place of neighbouring closed ones, at once and durably; then the old files go. Readers that have them keep them. A
// crash leaves the one or the other. cleaned, if it is not negative, becomes what Log.cleaned says: up to where compaction has gone.
func (l *Log) replace(old, with []*segment, cleaned int64) error {
	return l.commit(true, func(m *manifest) {
		m.segments = splice(m.segments, old, with)
		if cleaned >= 0 {
			m.cleaned = cleaned
		}
	}, func() {
		l.closed = splice(l.closed, old, with)
		if cleaned >= 0 {
			l.cleaned = cleaned
		}
	}, old)
}

// splice returns a new list with some neighbours replaced.
func splice(list, old, with []*segment) []*segment {
	gone := map[*segment]bool{}
	for _, s := range old {
		gone[s] = true
	}
	var out []*segment
	for _, s := range list {
		if !gone[s] {
			out = append(out, s)
			continue
		}
		out = append(out, with...)
		with = nil
	}
	return out
}

// drop deletes closed segments from the oldest on, as many as n, durably; the log begins where the next one does, or later.
func (l *Log) drop(n int) (freed int64, err error) {
	closed := l.closedSegments()
	if n > len(closed) {
		n = len(closed)
	}
	if n == 0 {
		return 0, nil
	}
	old := closed[:n:n]
	for _, s := range old {
		freed += s.size
	}
	start := old[n-1].end
	err = l.commit(false, func(m *manifest) {
		m.segments = splice(m.segments, old, nil)
		m.start = max(m.start, start)
	}, func() {
		l.closed = splice(l.closed, old, nil)
		l.start = max(l.start, start)
	}, old)
	if err != nil {
		return 0, err
	}
	return freed, nil
}

// unlink deletes the files of a segment. What cannot be deleted now is at the next Open.
func (l *Log) unlink(s *segment) {
	l.env.files.forget(&s.file)
	l.env.indexes.forget(&s.index)
	for _, name := range []string{s.logName(), s.indexName()} {
		if err := l.env.FS.Remove(l.path(name)); err != nil && !isMissing(err) {
			l.env.Log.Warn("old segment cannot be deleted", "file", l.path(name), "err", err)
		}
	}
}
