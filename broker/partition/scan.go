package partition

import (
	"errors"
	"io"

	"millrace/fault"
)

// scanBytes is how much of a file a scan of headers reads at once; firstScanBytes, the first time.
const (
	scanBytes      = 32 << 10
	firstScanBytes = 512
)

var (
	errHeader   = errors.New("it does not look like a batch")
	errShort    = errors.New("the batch is longer than the file")
	errChecksum = errors.New("the checksum of the batch is wrong")
	errOrder    = errors.New("the offset of the batch is out of order")
)

// scanner reads whole batches of a file one after the other and checks their sums.
type scanner struct {
	file io.ReaderAt
	pos  int64 // of the next batch
	upto int64

	buf   []byte // grows to the largest batch
	at    int64  // where buf[:have] begins in the file
	have  int
	bytes int // how much to read at once; 0: 1 MiB
}

// next returns the next batch, valid until the call after it. io.EOF at the end; errHeader, errShort and errChecksum say what is wrong at pos.
func (s *scanner) next() (h header, batch []byte, err error) {
	left := s.upto - s.pos
	if left == 0 {
		return h, nil, io.EOF
	}
	if left < headerSize {
		return h, nil, errShort
	}
	p, err := s.need(headerSize)
	if err != nil {
		return h, nil, err
	}
	if h = readHeader(p); !h.plausible() {
		return h, nil, errHeader
	}
	if int64(h.size) > left {
		return h, nil, errShort
	}
	if p, err = s.need(h.size); err != nil {
		return h, nil, err
	}
	batch = p[:h.size]
	if checksum(batch) != h.crc {
		return h, nil, errChecksum
	}
	s.pos += int64(h.size)
	return h, batch, nil
}

// need returns at least n bytes from pos on; the file has them.
func (s *scanner) need(n int) ([]byte, error) {
	off := s.pos - s.at
	if off >= 0 && off+int64(n) <= int64(s.have) {
		return s.buf[off:s.have], nil
	}
	if s.bytes == 0 {
		s.bytes = 1 << 20
	}
	want := int(min(int64(max(n, s.bytes)), s.upto-s.pos))
	if cap(s.buf) < want {
		s.buf = make([]byte, want)
	}
	s.at, s.have = s.pos, 0
	if _, err := readFull(s.file, s.buf[:want], s.pos); err != nil {
		return nil, err
	}
	s.have = want
	return s.buf[:want], nil
}

// headers is headersBelow for a closed segment.
func (l *Log) headers(s *segment, f io.ReaderAt, from, upto int64, do func(pos int64, h *header) bool) error {
	return l.headersBelow(s.end, s, f, from, upto, do)
}

// headersBelow hands the headers of a file between two positions to do until that returns false. It reads no records, so it does not see damage in them. No
// batch may reach bound. Only what compaction or a salvage has written may have gaps between offsets.
func (l *Log) headersBelow(bound int64, s *segment, f io.ReaderAt, from, upto int64, do func(pos int64, h *header) bool) error {
	buf, _ := l.env.buffers.Get().(*[]byte)
	if buf == nil {
		p := make([]byte, scanBytes)
		buf = &p
	}
	defer l.env.buffers.Put(buf)
	// The index often says exactly where to look, so begin with little.
	chunk := int64(firstScanBytes)
	at, have, end := from, 0, s.base
	for pos := from; pos < upto; {
		if pos+headerSize > upto {
			return l.damaged(s, pos, errShort)
		}
		if pos+headerSize > at+int64(have) {
			at, have = pos, int(min(chunk, upto-pos))
			chunk = scanBytes
			if _, err := readFull(f, (*buf)[:have], at); err != nil {
				return l.damaged(s, pos, err)
			}
		}
		h := readHeader((*buf)[pos-at : have])
		if !h.plausible() {
			return l.damaged(s, pos, errHeader)
		}
		if pos+int64(h.size) > upto {
			return l.damaged(s, pos, errShort)
		}
		gap := h.base > end && s.generation == 0 && (pos > from || from == 0)
		if h.base < end || gap || h.last() >= bound {
			return l.damaged(s, pos, errOrder)
		}
		end = h.last() + 1
		if !do(pos, &h) {
			return nil
		}
		pos += int64(h.size)
	}
	return nil
}

// damaged is the fault of a segment that does not check at a position.
func (l *Log) damaged(s *segment, pos int64, err error) error {
	return fault.New(fault.Corrupt, "read %s at byte %d: %w", l.path(s.logName()), pos, err).WithHint(
		"restore the folder from a copy, or accept the loss: the damaged file is kept aside, and what can be read of it stays in the log")
}
