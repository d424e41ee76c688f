package partition

import (
	"context"
	"errors"
	"slices"
)

// rewriteBytes is how much compaction collects before it writes.
const rewriteBytes = 1 << 20

// errStop ends a scan that has seen enough.
var errStop = errors.New("stop")

// dirtyPart is what a compaction is about: offsets [from, upto) have keys that may supersede earlier ones.
type dirtyPart struct {
	from, upto int64
	ratio      float64 // of the bytes that may be compacted
	first      *segment
}

// compact keeps the last record of each key, pass by pass until no dirty part is left that is worth it.
func (l *Log) compact(ctx context.Context, cfg *Config, now int64) (freed int64, err error) {
	for {
		d := l.dirtyPart(cfg, now)
		if d.from >= d.upto {
			return freed, nil
		}
		due := d.ratio > cfg.DirtyRatio
		if !due {
			due, err = l.overdue(d, cfg, now)
		}
		before := l.closedSegments()
		if due && err == nil {
			var n int64
			n, err = l.compactPass(ctx, d, cfg, now)
			freed += n
		}
		switch {
		case err != nil && isMissing(err) && !slices.Equal(before, l.closedSegments()):
			return freed, nil // DeleteBefore has taken a segment away: the next Clean goes on
		case err != nil || !due:
			return freed, err
		}
	}
}

// closeLagging closes the active segment when its first record has waited for compaction as long as it may: only closed ones are compacted.
func (l *Log) closeLagging(cfg *Config, now int64) error {
	l.mu.Lock()
	due := l.size > 0 && l.born > 0 && cfg.MaxCompactLag > 0 && now-l.born >= cfg.MaxCompactLag.Milliseconds()
	l.mu.Unlock()
	if !due {
		return nil
	}
	return l.closeActive()
}

// overdue says that the first record of the dirty part waits longer than it may.
func (l *Log) overdue(d dirtyPart, cfg *Config, now int64) (bool, error) {
	if cfg.MaxCompactLag <= 0 {
		return false, nil
	}
	f, err := l.openSegment(d.first)
	if err != nil {
		return false, err
	}
	defer f.release()
	oldest := int64(noTime)
	err = l.headers(d.first, f, 0, d.first.size, func(_ int64, h *header) bool {
		if h.last() < d.from {
			return true
		}
		if oldest = h.firstTime; h.logTime() || h.hasHorizon() {
			oldest = h.maxTime
		}
		return false
	})
	return oldest >= 0 && now-oldest >= cfg.MaxCompactLag.Milliseconds(), err
}

// dirtyPart looks what may be compacted: closed segments, up to the last stable offset, that have no record younger than MinCompactLag.
func (l *Log) dirtyPart(cfg *Config, now int64) dirtyPart {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := dirtyPart{from: max(l.cleaned, l.start), upto: l.producers.stable(l.high)}
	var clean, dirty int64
	for _, s := range l.closed {
		if s.end <= d.from {
			clean += s.size
			continue
		}
		if s.base >= d.upto {
			break
		}
		if cfg.MinCompactLag > 0 && now-s.maxTime < cfg.MinCompactLag.Milliseconds() {
			d.upto = s.base
			break
		}
		if dirty += s.size; d.first == nil {
			d.first = s
		}
	}
	if end := l.closedEnd(); d.upto > end {
		d.upto = end
	}
	if dirty > 0 {
		d.ratio = float64(dirty) / float64(clean+dirty)
	}
	return d
}

// closedEnd is where the closed segments end. The caller has mu.
func (l *Log) closedEnd() int64 {
	if n := len(l.closed); n > 0 {
		return l.closed[n-1].end
	}
	return l.start
}

// compactPass takes as much of the dirty part as there is memory for, and writes all segments up to its end anew.
func (l *Log) compactPass(ctx context.Context, d dirtyPart, cfg *Config, now int64) (freed int64, err error) {
	s := &sieve{now: now, horizon: now + cfg.DeleteRetention.Milliseconds(), keys: newKeyTable(l.env.keys)}
	defer s.unpack.close()
	if s.txns, err = l.outcomes(); err != nil {
		return 0, err
	}
	if s.upto, err = l.lastOfKeys(ctx, d, s); err != nil {
		return 0, err
	}
	s.last = l.lastOfProducers()
	groups := l.groups(s.upto, cfg)
	for i, old := range groups {
		cleaned := int64(-1)
		if i == len(groups)-1 {
			cleaned = s.upto
		}
		n, err := l.rewriteGroup(ctx, old, s, cleaned)
		freed += n
		if err != nil {
			return freed, err
		}
	}
	l.env.Log.Debug("log was compacted", "dir", l.dir, "from", d.from, "upto", s.upto, "keys", s.keys.count, "dropped", s.dropped, "freed", freed)
	if s.unkeyed > 0 || s.unread > 0 {
		l.env.Log.Warn("log is compacted and has records that do not fit: those without a key were dropped, batches that cannot be read were kept",
			"dir", l.dir, "without_key", s.unkeyed, "unread_batches", s.unread)
	}
	return freed, nil
}

// lastOfKeys fills the table of keys from the dirty part, and returns where it ends: before the batch for which there was no memory.
func (l *Log) lastOfKeys(ctx context.Context, d dirtyPart, s *sieve) (upto int64, err error) {
	upto = d.upto
	for _, seg := range l.closedSegments() {
		if seg.end <= d.from || seg.base >= d.upto {
			continue
		}
		x, err := l.indexOf(seg)
		if err != nil {
			return 0, err
		}
		err = l.scan(seg, x.floor(d.from-seg.base), seg.size, func(_ int64, h *header, batch []byte) error {
			switch {
			case h.last() < d.from:
				return nil
			case h.base >= d.upto:
				return errStop
			case s.keys.count > 0 && s.keys.count+int(h.count) > s.keys.max:
				upto = h.base
				return errStop
			}
			s.note(h, batch)
			return l.cleaner.going(ctx)
		})
		if err != nil && !errors.Is(err, errStop) {
			return 0, err
		}
		if upto < d.upto {
			break
		}
	}
	return upto, nil
}

// note puts the keys of a batch into the table. A batch that cannot be read supersedes nothing.
func (s *sieve) note(h *header, batch []byte) {
	if h.control() || h.count == 0 || s.txns.wasAborted(h) {
		return
	}
	records, err := s.unpack.plain(batch)
	if err != nil {
		return
	}
	if n, err := countRecords(records); err != nil || n != h.count {
		return
	}
	for len(records) > 0 {
		var rec record
		if rec, records, err = readRecord(records); err != nil {
			return
		}
		if rec.key != nil {
			s.keys.put(rec.key, h.base+rec.offsetDelta)
		}
	}
}

func countRecords(p []byte) (n int32, err error) {
	for ; len(p) > 0; n++ {
		if _, p, err = readRecord(p); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// lastOfProducers returns where the last batch of each producer ends.
func (l *Log) lastOfProducers() map[int64]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := make(map[int64]int64, len(l.producers.byID))
	for id, p := range l.producers.byID {
		if p.n > 0 {
			last[id] = p.window[p.n-1].last
		}
	}
	return last
}

// groups are neighbours among the closed segments before an offset that fit into one segment together.
func (l *Log) groups(upto int64, cfg *Config) (groups [][]*segment) {
	closed := l.closedSegments()
	var size int64
	for i, s := range closed {
		if s.base >= upto {
			break
		}
		n := len(groups) - 1
		if n >= 0 && size+s.size <= cfg.SegmentBytes && s.end-groups[n][0].base <= maxRelative {
			groups[n] = closed[i-len(groups[n]) : i+1]
			size += s.size
			continue
		}
		groups = append(groups, closed[i:i+1])
		size = s.size
	}
	return groups
}

// rewriteGroup writes a group anew and puts the result into its place. Where nothing would change it is left as it is.
func (l *Log) rewriteGroup(ctx context.Context, old []*segment, s *sieve, cleaned int64) (freed int64, err error) {
	r, err := l.newRewrite(old)
	if err != nil {
		return 0, err
	}
	changed, err := l.siftInto(ctx, r, old, s)
	if err != nil {
		r.discard()
		return 0, err
	}
	if !changed && len(old) == 1 {
		r.discard()
		if cleaned < 0 {
			return 0, nil
		}
		return 0, l.replace(nil, nil, cleaned)
	}
	next, err := r.finish(old[len(old)-1].end)
	if err != nil {
		return 0, err
	}
	if err := l.replace(old, []*segment{next}, cleaned); err != nil {
		return 0, err
	}
	if !slices.Contains(l.closedSegments(), next) {
		l.unlink(next) // all that it replaces was deleted meanwhile
	}
	for _, o := range old {
		freed += o.size
	}
	return freed - next.size, nil
}

// siftInto writes what is to be kept of segments, and says whether that is less than, or other than, what they hold.
func (l *Log) siftInto(ctx context.Context, r *rewrite, old []*segment, s *sieve) (changed bool, err error) {
	var buf []byte
	s.keptTxns = s.keptTxns[:0]
	for _, seg := range old {
		err := l.scan(seg, 0, seg.size, func(_ int64, h *header, batch []byte) error {
			out := s.sift(h, batch)
			changed = changed || len(out) != len(batch) || &out[0] != &batch[0]
			if len(buf) > 0 && len(buf)+len(out) > rewriteBytes {
				if err := r.append(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
			buf = append(buf, out...)
			return l.cleaner.going(ctx)
		})
		if err != nil {
			return false, err
		}
	}
	if len(buf) > 0 {
		err = r.append(buf)
	}
	for _, a := range s.keptTxns {
		r.keepAborted(a)
	}
	return changed, err
}
