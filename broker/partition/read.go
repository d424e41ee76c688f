package partition

import (
	"fmt"
	"slices"
	"sort"

	"github.com/twmb/franz-go/pkg/kerr"
)

// reach is what a reader may see of a log at one moment.
type reach struct {
	start, high, stable int64
	upto                int64 // high, or stable
	closed              []*segment
	active              *segment
	activePos           int64 // where high is in it
	place               place // of the batch that holds the offset asked for, if it is among the last ones
	known               bool
}

// view takes a look at the log for a reader at an offset.
func (l *Log) view(offset int64, committed bool) (reach, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := reach{start: l.start, high: l.high, stable: l.producers.stable(l.high), closed: l.closed, active: l.active, activePos: l.highPos}
	if l.shut {
		return r, errShut
	}
	if r.upto = r.high; committed {
		r.upto = r.stable
	}
	if l.active != nil && offset >= l.active.base {
		r.place, r.known = l.recent.find(offset)
	}
	return r, nil
}

// segment returns the segment that holds an offset, or would, how far readers may see it, and whether it is the active one.
func (r *reach) segment(offset int64) (i int, s *segment, size int64) {
	if r.active != nil && offset >= r.active.base {
		return len(r.closed), r.active, r.activePos
	}
	i = sort.Search(len(r.closed), func(i int) bool { return r.closed[i].end > offset })
	if i < len(r.closed) {
		return i, r.closed[i], r.closed[i].size
	}
	if r.active != nil {
		return i, r.active, r.activePos
	}
	return i, nil, 0
}

// bound is the offset that no batch of a segment may reach, as far as readers see it.
func (r *reach) bound(s *segment) int64 {
	if s == r.active {
		return r.high
	}
	return s.end
}

// Read returns a View of at most maxBytes from an offset on, at least one batch if there is any; maxBytes 0 returns no records but the offsets. committed: not beyond Stable, with Aborted filled.
// kerr.OffsetOutOfRange beyond [Start, High].
func (l *Log) Read(offset int64, maxBytes int, committed bool) (v *View, err error) {
	err = l.again("read", func() error {
		v, err = l.readOnce(offset, maxBytes, committed)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// maxAgain bounds how often a reader begins anew because cleaning was faster.
const maxAgain = 16

// again does something that opens segments, and once more if one of them was deleted between the look at the log and its opening.
func (l *Log) again(what string, do func() error) error {
	for range maxAgain {
		before := l.closedSegments()
		err := do()
		if !isMissing(err) {
			return l.told(what, err)
		}
		if slices.Equal(before, l.closedSegments()) {
			return l.storage(what, err)
		}
	}
	return fmt.Errorf("%s %s: segments go faster than they can be opened: %w", what, l.dir, kerr.KafkaStorageError)
}

func (l *Log) readOnce(offset int64, maxBytes int, committed bool) (*View, error) {
	r, err := l.view(offset, committed)
	if err != nil {
		return nil, err
	}
	v := &View{Start: r.start, High: r.high, Stable: r.stable}
	if offset < r.start || offset > r.high {
		return nil, fmt.Errorf("read at %d of [%d, %d]: %w", offset, r.start, r.high, kerr.OffsetOutOfRange)
	}
	if maxBytes <= 0 {
		return v, nil
	}
	for from := offset; from < r.upto; {
		i, s, size := r.segment(from)
		if s == nil {
			break
		}
		end, err := l.fill(v, &r, s, size, from, maxBytes)
		if err != nil {
			return nil, err
		}
		if v.file == nil {
			// Compaction or a loss has left nothing from here to the end of the segment.
			if i >= len(r.closed) {
				break
			}
			from = max(s.end, from)
			continue
		}
		if committed {
			if v.Aborted, err = l.abortedIn(&r, i, offset, end); err != nil {
				v.Close()
				return nil, err
			}
		}
		l.read.Add(int64(v.Size))
		break
	}
	return v, nil
}

// fill finds the batches of a segment for a view, and the offset after the last of them. size is how much of the segment readers may see.
func (l *Log) fill(v *View, r *reach, s *segment, size, offset int64, maxBytes int) (end int64, err error) {
	f, err := l.openSegment(s)
	if err != nil {
		return 0, err
	}
	first, ok := r.place, r.known
	if !ok || s != r.active {
		if first, ok, err = l.locate(r, s, f, size, offset); err != nil {
			f.release()
			return 0, err
		}
	}
	if !ok || first.base >= r.upto {
		f.release()
		return 0, nil
	}
	from, upto, end, err := l.extent(r, s, f, size, first, maxBytes)
	if err == nil {
		err = l.inOrder(r, s, f, from, upto, end)
	}
	if err != nil {
		f.release()
		return 0, err
	}
	v.file, v.Size = f, int(upto-from)
	v.section[0] = Section{OS: f.OS(), At: f, Offset: from, Size: v.Size}
	v.Sections = v.section[:]
	return end, nil
}

// inOrder checks, once, that the headers of the batches of a view follow each other: their sums do not cover the offset.
func (l *Log) inOrder(r *reach, s *segment, f *file, from, upto, end int64) error {
	if s.checked(from, upto) {
		return nil
	}
	last := int64(0)
	err := l.headersBelow(r.bound(s), s, f, from, upto, func(_ int64, h *header) bool {
		last = h.last() + 1
		return true
	})
	if err == nil && s.generation == 0 && last != end {
		err = l.damaged(s, from, fmt.Errorf("%w: the batches up to byte %d end at offset %d, not %d", errOrder, upto, last, end))
	}
	if err == nil {
		s.check(from, upto)
	}
	return err
}

// locate finds the first batch of a segment that ends after an offset.
func (l *Log) locate(r *reach, s *segment, f *file, size, offset int64) (p place, ok bool, err error) {
	var known entry
	if err := l.withIndex(s, func(x *index) { known = x.floorEntry(offset - s.base) }); err != nil {
		return p, false, err
	}
	from, base := int64(known.pos), s.base+int64(known.relative)
	moved := false
	err = l.headersBelow(r.bound(s), s, f, from, size, func(pos int64, h *header) bool {
		if pos == from && known.relative > 0 && h.base != base {
			moved = true
			return false
		}
		if h.last() < offset {
			return true
		}
		p, ok = place{h.base, h.last() + 1, pos, h.size}, true
		return false
	})
	if err == nil && moved {
		err = l.damaged(s, from, errOrder)
	}
	if err == nil && s.generation == 0 && offset >= s.base && (!ok || p.base > offset) {
		err = l.damaged(s, p.pos, errOrder)
	}
	return p, ok, err
}

// floor returns a position from which to look for an offset, by the index.
func (l *Log) floor(s *segment, offset int64) (int64, error) {
	var pos int64
	err := l.withIndex(s, func(x *index) { pos = x.floor(offset - s.base) })
	return pos, err
}

// withIndex hands the index of a segment to use, which must be quick: for the active segment the log is locked.
func (l *Log) withIndex(s *segment, use func(*index)) error {
	l.mu.Lock()
	size := s.size
	if s == l.active {
		if l.tail != nil {
			use(l.tail)
			l.mu.Unlock()
			return nil
		}
		size = l.size
	}
	l.mu.Unlock()
	x, err := l.loadIndex(s, size)
	if err != nil {
		return err
	}
	use(x)
	return nil
}

// extent returns where a view that begins with a batch ends: between batches, not beyond what readers may see, and not beyond maxBytes unless the first batch is.
func (l *Log) extent(r *reach, s *segment, f *file, size int64, first place, maxBytes int) (from, upto, end int64, err error) {
	from, upto, end = first.pos, first.pos+int64(first.size), first.end
	limit := min(size, from+int64(maxBytes))
	last := r.bound(s)
	if limit <= upto {
		return from, upto, end, nil
	}
	if limit == size && last <= r.upto {
		return from, size, last, nil
	}
	// Begin with the last entry of the index that is within bounds, then go on by headers. With many small batches that is most of it, so the
	// rest is left for the next Read.
	var entry entry
	var ok, near bool
	err = l.withIndex(s, func(x *index) {
		entry, ok = x.boundary(upto, limit)
		ok = ok && s.base+int64(entry.relative) <= r.upto
		near = ok && limit-int64(entry.pos) <= int64(maxBytes)/4
	})
	if err != nil {
		return 0, 0, 0, err
	}
	if ok {
		upto, end = int64(entry.pos), s.base+int64(entry.relative)
		if near {
			return from, upto, end, nil
		}
	}
	err = l.headersBelow(r.bound(s), s, f, upto, size, func(pos int64, h *header) bool {
		if h.base >= r.upto || pos+int64(h.size) > limit {
			return false
		}
		upto, end = pos+int64(h.size), h.last()+1
		return true
	})
	return from, upto, end, err
}

// abortedIn lists the aborted transactions with records in [from, upto), beginning with the segment i that holds from.
func (l *Log) abortedIn(r *reach, i int, from, upto int64) ([]Aborted, error) {
	var out []Aborted
	collect := func(x *index) (done bool) {
		for _, a := range x.aborted {
			if a.first < upto && a.last >= from {
				out = append(out, Aborted{a.producer, a.first})
			}
			// All transactions that begin before upto have ended by now.
			if a.stable >= upto {
				done = true
			}
		}
		return done
	}
	for ; i < len(r.closed); i++ {
		s := r.closed[i]
		if s.minAborted >= upto {
			continue
		}
		x, err := l.indexOf(s)
		if err != nil {
			return nil, err
		}
		if collect(x) {
			return out, nil
		}
	}
	if r.active != nil {
		return out, l.withIndex(r.active, func(x *index) { collect(x) })
	}
	return out, nil
}
