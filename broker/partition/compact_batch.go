package partition

import (
	"encoding/binary"
)

// sieve decides what compaction keeps of batches, as Kafka's cleaner does.
type sieve struct {
	keys    *keyTable
	upto    int64 // what stands from here on is not looked at
	now     int64
	horizon int64           // when tombstones may go that are met now for the first time
	txns    *outcomes       //
	last    map[int64]int64 // the offset of the last batch of each producer, which has its sequence number
	unpack  unpacker
	pack    compressor

	out      []byte // the batch that was made last
	body     []byte
	unkeyed  int64 // records without a key that were dropped
	unread   int64 // batches that could not be read and were kept whole
	dropped  int64 // records
	keptTxns []aborted
}

// sift returns what is to be kept of a batch: the batch itself, another one, or nothing. What it returns is good until the next call.
func (s *sieve) sift(h *header, batch []byte) []byte {
	if h.base >= s.upto {
		if h.control() {
			s.keepTxn(h)
		}
		return batch
	}
	if h.control() {
		return s.siftMarker(h, batch)
	}
	s.txns.meet(h)
	if s.txns.wasAborted(h) {
		s.dropped += int64(h.count)
		return s.emptied(h)
	}
	if h.count == 0 {
		if s.isLast(h) {
			return batch
		}
		return nil
	}
	records, err := s.unpack.plain(batch)
	if err != nil {
		s.unread++
		return batch
	}
	keep, tombs, err := s.judge(h, records)
	switch {
	case err != nil:
		s.unread++
		return batch
	case keep == 0:
		return s.emptied(h)
	case keep == int(h.count) && (!tombs || h.hasHorizon()):
		return batch
	}
	out, err := s.rebuild(h, records, tombs)
	if err != nil {
		s.unread++
		return batch
	}
	return out
}

func (h *header) hasHorizon() bool { return h.attrs&attrHorizon != 0 }

// isLast says that a batch is the last one of its producer: without it nobody would know the sequence number that comes next.
func (s *sieve) isLast(h *header) bool {
	last, ok := s.last[h.producer]
	return h.producer >= 0 && ok && last == h.last()
}

// emptied is what is left of a batch without records.
func (s *sieve) emptied(h *header) []byte {
	if !s.isLast(h) {
		return nil
	}
	e := *h
	e.attrs &^= attrCodec | attrHorizon
	e.count, e.firstTime = 0, h.maxTime
	s.out = appendHeader(s.out[:0], &e)
	finish(s.out)
	return s.out
}

// siftMarker keeps a marker as long as a batch of its transaction is there, and for DeleteRetention after: a reader that has
// read such a batch must find it.
func (s *sieve) siftMarker(h *header, batch []byte) []byte {
	if h.count == 0 {
		return nil
	}
	if _, _, ok := readMarker(batch); !ok {
		return batch // of a kind we do not know
	}
	if !s.txns.meet(h) {
		s.keepTxn(h)
		return batch
	}
	if !h.hasHorizon() {
		if out, err := s.rebuild(h, batch[headerSize:], true); err == nil {
			return out
		}
		return batch
	}
	if h.firstTime > s.now {
		return batch
	}
	s.dropped++
	return nil
}

func (s *sieve) keepTxn(h *header) {
	if a, ok := s.txns.endedBy(h); ok {
		s.keptTxns = append(s.keptTxns, a)
	}
}

// judge counts the records to keep, and says whether one of them is a tombstone.
func (s *sieve) judge(h *header, records []byte) (keep int, tombs bool, err error) {
	var rec record
	n, dropped, unkeyed := int32(0), int64(0), int64(0)
	for ; len(records) > 0 && err == nil; n++ {
		if rec, records, err = readRecord(records); err != nil {
			return 0, false, err
		}
		if !s.keeps(h, &rec) {
			dropped++
			if rec.key == nil {
				unkeyed++
			}
			continue
		}
		keep++
		tombs = tombs || rec.value == nil
	}
	if n != h.count {
		return 0, false, errRecord
	}
	s.dropped += dropped
	s.unkeyed += unkeyed
	return keep, tombs, nil
}

// keeps says whether a record stays: the last one of its key does, but a tombstone only until its time has come.
func (s *sieve) keeps(h *header, rec *record) bool {
	if h.control() {
		return true
	}
	if rec.key == nil || s.keys.superseded(rec.key, h.base+rec.offsetDelta) {
		return false
	}
	return rec.value != nil || !h.hasHorizon() || h.firstTime > s.now
}

// rebuild makes a batch of the records that stay, with the offsets, the sequence numbers and the producer of the old one. Where tombs says so and it has none, it
// gets the time from which on its tombstones may go: that is its first timestamp, from which those of its records are counted (KIP-534).
func (s *sieve) rebuild(h *header, records []byte, tombs bool) ([]byte, error) {
	n := *h
	n.count = 0
	shift := int64(0)
	if tombs && !h.hasHorizon() {
		n.attrs |= attrHorizon
		n.firstTime = s.horizon
		shift = h.firstTime - s.horizon
	} else if !tombs && h.hasHorizon() { // the tombstones have gone; the timestamps are counted from there still
		n.attrs &^= attrHorizon
	}
	if !h.logTime() {
		n.maxTime = noTime
	}
	s.body = s.body[:0]
	for len(records) > 0 {
		all := records
		rec, rest, err := readRecord(records)
		if err != nil {
			return nil, err
		}
		records = rest
		if !s.keeps(h, &rec) {
			continue
		}
		n.count++
		if !h.logTime() {
			n.maxTime = max(n.maxTime, h.firstTime+rec.timeDelta)
		}
		if shift == 0 {
			s.body = append(s.body, all[:rec.size]...)
			continue
		}
		s.body = appendShifted(s.body, all[:rec.size], shift)
	}
	packed, err := s.pack.compress(s.body, n.codec())
	if err != nil {
		return nil, err
	}
	s.out = append(appendHeader(s.out[:0], &n), packed...)
	finish(s.out)
	return s.out, nil
}

// appendShifted appends a record whose time delta is greater by shift.
func appendShifted(dst, rec []byte, shift int64) []byte {
	_, n := binary.Varint(rec) // the length
	attrs, rest := rec[n], rec[n+1:]
	delta, w := binary.Varint(rest)
	rest = rest[w:]
	delta += shift
	var buf [binary.MaxVarintLen64]byte
	w = binary.PutVarint(buf[:], delta)
	dst = binary.AppendVarint(dst, int64(1+w+len(rest)))
	dst = append(dst, attrs)
	dst = append(dst, buf[:w]...)
	return append(dst, rest...)
}
