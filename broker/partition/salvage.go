package partition

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"millrace/fault"
)

// salvage puts a damaged log together from what can be read of it: batches that check, in the order of their offsets. A file that is not whole is kept as
// damaged-<name>, and what is good of it written anew. No offset that was recorded is given out again. It leaves a log that Open finds in order.
func (l *Log) salvage() error {
	l.abandon()
	files, err := l.list()
	if err != nil {
		return err
	}
	m, err := l.readManifest(files)
	listed := err == nil
	if err != nil {
		if !errors.Is(err, fault.Corrupt) {
			return err
		}
		m = newManifest()
	}
	segments := m.segments
	if !listed {
		segments = segmentsIn(files)
		if len(segments) > 0 {
			m.start = segments[0].base
		}
	}
	l.adopt(m)
	l.active, l.closed = nil, nil
	offset := int64(0)
	var aside []string
	for _, s := range segments {
		size, ok := files[s.logName()]
		if !ok {
			l.env.Log.Warn("segment is missing and is left out", "file", l.path(s.logName()))
			continue
		}
		kept, end, err := l.salvageSegment(s, size, offset)
		if err != nil {
			return err
		}
		if kept != s {
			aside = append(aside, s.logName())
		}
		if kept != nil {
			l.closed, offset = append(l.closed, kept), end
		}
	}
	l.end = max(offset, m.end, m.start)
	l.size, l.checkPos = 0, 0
	return l.finishSalvage(m, aside)
}

// finishSalvage writes down what salvage has found, then moves the damaged files aside.
func (l *Log) finishSalvage(m *manifest, aside []string) error {
	gone := map[*segment][]aborted{}
	ps, err := l.replay(nil, func(s *segment, a aborted) { gone[s] = append(gone[s], a) })
	if err != nil {
		return err
	}
	for s, list := range gone {
		s.minAborted = earliest(list)
		if err := l.env.FS.Remove(l.path(s.indexName())); err != nil && !isMissing(err) {
			return err
		}
	}
	l.producers = ps
	l.bumpEpoch()
	snapshot, err := l.writeSnapshot()
	if err != nil {
		return err
	}
	next := *m
	next.segments, next.hasActive, next.born = l.closed, false, 0
	next.end, next.check, next.checkPos, next.snapshot, next.epochs = l.end, l.end, 0, snapshot, slices.Clone(l.epochs)
	if err := l.env.FS.SyncDir(l.dir); err != nil {
		return err
	}
	for _, name := range aside {
		// Copied, not renamed: until the manifest names the new files, the old ones must be there.
		if err := l.copyAside(name); err != nil {
			return err
		}
	}
	l.abandon()
	return l.writeManifest(&next)
}

// copyAside copies a damaged file; Open deletes the original when the manifest no longer names it.
func (l *Log) copyAside(name string) error {
	in, err := l.env.FS.OpenFile(l.path(name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := l.env.FS.OpenFile(l.path(damagedPrefix+name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}

// segmentsIn makes segments of the files of a folder, the newest generation of each base.
func segmentsIn(files map[string]int64) []*segment {
	newest := map[int64]uint32{}
	for name := range files {
		if base, generation, ok := parseLogName(name); ok {
			newest[base] = max(newest[base], generation)
		}
	}
	var out []*segment
	for base, generation := range newest {
		out = append(out, newSegment(base, generation))
	}
	slices.SortFunc(out, func(a, b *segment) int { return int(min(max(a.base-b.base, -1), 1)) })
	return out
}

// salvageSegment reads all of a segment, from an offset on. A whole one is returned as it is; of another the good batches are written anew; nil: there are none.
// end is the offset after the last batch, or where the segment was known to end.
func (l *Log) salvageSegment(s *segment, size, offset int64) (kept *segment, end int64, err error) {
	f, err := l.openSegment(s)
	if err != nil {
		return nil, 0, err
	}
	defer f.release()
	end = max(offset, s.base)
	r, err := l.newRewrite([]*segment{s})
	if err != nil {
		return nil, 0, err
	}
	whole := true
	// Where a batch must begin: right behind the one before it, but after compaction or damage.
	next := int64(-1)
	if s.generation == 0 {
		next = s.base
	}
	sc := scanner{file: f, upto: size}
	for {
		h, batch, err := sc.next()
		if err == io.EOF {
			break
		}
		if err == nil && next >= 0 && h.base != next {
			// Its sum is good and it lies where it was written: only the offset, which the sum does not cover, was damaged.
			l.env.Log.Warn("offset of a batch is mended", "file", l.path(s.logName()), "at", sc.pos-int64(h.size), "offset", h.base, "mended", next)
			setBase(batch, next, h.epoch)
			h, whole = readHeader(batch), false
		}
		if err == nil && next >= 0 {
			next = h.last() + 1
		}
		if err == nil && (h.base < end || h.last()-s.base > maxRelative) {
			whole = false
			continue // it is in the segment before this one
		}
		if err == nil {
			if err = r.append(batch); err == nil {
				end = h.last() + 1
				continue
			}
		}
		if !errors.Is(err, errHeader) && !errors.Is(err, errShort) && !errors.Is(err, errChecksum) {
			r.discard()
			return nil, 0, err
		}
		whole, next = false, -1
		from := sc.pos
		if sc.pos, err = findBatch(f, from+1, size, end); err != nil {
			r.discard()
			return nil, 0, err
		}
		l.env.Log.Warn("damaged part of log is left out", "file", l.path(s.logName()), "from", from, "bytes", sc.pos-from)
	}
	if r.index.covers == 0 {
		r.discard()
		return nil, max(end, s.end), nil
	}
	if whole {
		r.discard()
		s.size, s.maxTime, s.minAborted = r.index.covers, r.index.maxTime, math.MaxInt64
		s.end = max(s.end, end)
		return s, s.end, nil
	}
	kept, err = r.finish(max(end, s.end))
	if err != nil {
		return nil, 0, fmt.Errorf("write what is left of %s: %w", s.logName(), err)
	}
	return kept, kept.end, nil
}
