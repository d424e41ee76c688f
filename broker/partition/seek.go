package partition

import (
	"io"
)

// FindTime returns the first record whose timestamp is at or after a time in milliseconds; committed bounds it by Stable.
func (l *Log) FindTime(ms int64, committed bool) (found Found, err error) {
	err = l.again("find time in", func() error {
		found, err = l.findTime(ms, committed)
		return err
	})
	return found, err
}

func (l *Log) findTime(ms int64, committed bool) (Found, error) {
	none := Found{Offset: -1, Time: noTime, Epoch: noEpoch}
	r, err := l.view(-1, committed)
	if err != nil {
		return none, err
	}
	for i := 0; i <= len(r.closed); i++ {
		s, size := r.active, r.activePos
		if i < len(r.closed) {
			s, size = r.closed[i], r.closed[i].size
			if s.maxTime < ms || s.end <= r.start {
				continue
			}
		}
		if s == nil || s.base >= r.upto {
			break
		}
		found, ok, err := l.findIn(s, size, &r, ms)
		if err != nil {
			return none, err
		}
		if ok {
			return found, nil
		}
	}
	return none, nil
}

// FindMax returns the record with the greatest timestamp, the first of them if there are several.
func (l *Log) FindMax() (found Found, err error) {
	err = l.again("find time in", func() error {
		found, err = l.findMax()
		return err
	})
	return found, err
}

func (l *Log) findMax() (Found, error) {
	none := Found{Offset: -1, Time: noTime, Epoch: noEpoch}
	r, err := l.view(-1, false)
	if err != nil {
		return none, err
	}
	best := none
	for i := 0; i <= len(r.closed); i++ {
		s, size := r.active, r.activePos
		if i < len(r.closed) {
			s, size = r.closed[i], r.closed[i].size
			if s.maxTime <= best.Time || s.end <= r.start {
				continue
			}
		}
		if s == nil || size == 0 {
			continue
		}
		found, err := l.maxIn(s, size, &r)
		if err != nil {
			return none, err
		}
		if found.Time > best.Time {
			best = found
		}
	}
	return best, nil
}

// findIn is FindTime within a segment of which readers see size bytes.
func (l *Log) findIn(s *segment, size int64, r *reach, ms int64) (found Found, ok bool, err error) {
	var from int64
	if err := l.withIndex(s, func(x *index) { from = x.before(ms) }); err != nil {
		return found, false, err
	}
	f, err := l.openSegment(s)
	if err != nil {
		return found, false, err
	}
	defer f.release()
	for from < size && !ok {
		at, h := int64(-1), header{}
		err := l.headersBelow(r.bound(s), s, f, from, size, func(pos int64, got *header) bool {
			if got.base >= r.upto {
				return false
			}
			if got.maxTime < ms || got.last() < r.start {
				return true
			}
			at, h = pos, *got
			return false
		})
		if err != nil || at < 0 {
			return found, false, err
		}
		if found, ok, err = l.findInBatch(s, f, at, &h, r.start, ms); err != nil {
			return found, false, err
		}
		from = at + int64(h.size)
	}
	return found, ok, nil
}

// maxIn is FindMax within a segment.
func (l *Log) maxIn(s *segment, size int64, r *reach) (Found, error) {
	none := Found{Offset: -1, Time: noTime, Epoch: noEpoch}
	f, err := l.openSegment(s)
	if err != nil {
		return none, err
	}
	defer f.release()
	from := int64(0)
	if s.base >= r.start {
		// All of the segment counts, so the index knows about where its latest record is.
		err := l.withIndex(s, func(x *index) {
			if x.covers == size {
				from = x.before(x.maxTime)
			}
		})
		if err != nil {
			return none, err
		}
	} else if from, err = l.floor(s, r.start); err != nil {
		return none, err
	}
	at, h := int64(-1), header{maxTime: noTime}
	err = l.headersBelow(r.bound(s), s, f, from, size, func(pos int64, got *header) bool {
		if got.maxTime > h.maxTime && got.last() >= r.start {
			at, h = pos, *got
		}
		return true
	})
	if err != nil || at < 0 {
		return none, err
	}
	found, ok, err := l.findInBatch(s, f, at, &h, r.start, h.maxTime)
	if err != nil || ok {
		return found, err
	}
	// Its header claims a time that none of its records has.
	return Found{Offset: h.last(), Time: h.maxTime, Epoch: h.epoch}, nil
}

// findInBatch finds the first record of a batch that is not before an offset nor before a time.
func (l *Log) findInBatch(s *segment, f io.ReaderAt, pos int64, h *header, start, ms int64) (Found, bool, error) {
	batch := make([]byte, h.size)
	if _, err := readFull(f, batch, pos); err != nil {
		return Found{}, false, l.damaged(s, pos, err)
	}
	if checksum(batch) != h.crc {
		return Found{}, false, l.damaged(s, pos, errChecksum)
	}
	if h.logTime() {
		return Found{max(h.base, start), h.maxTime, h.epoch}, h.maxTime >= ms, nil
	}
	p, err := plain(batch)
	if err != nil {
		return l.unreadable(s, pos, h, start, err)
	}
	for range h.count {
		var rec record
		if rec, p, err = readRecord(p); err != nil {
			return l.unreadable(s, pos, h, start, err)
		}
		at, offset := h.firstTime+rec.timeDelta, h.base+rec.offsetDelta
		if at >= ms && offset >= start {
			return Found{offset, at, h.epoch}, true, nil
		}
	}
	return Found{}, false, nil
}

// unreadable answers for a batch that is as its producer sent it, but of which the records cannot be read: the batch as a whole is as late as it says.
func (l *Log) unreadable(s *segment, pos int64, h *header, start int64, err error) (Found, bool, error) {
	l.env.Log.Warn("records of a batch cannot be read to find a time", "file", l.path(s.logName()), "pos", pos, "err", err)
	return Found{max(h.base, start), h.maxTime, h.epoch}, true, nil
}
