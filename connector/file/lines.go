package file

import (
	"bytes"
	"fmt"
	"regexp"
	"time"
)

// multiline says which lines make a record together.
type multiline struct {
	expr     *regexp.Regexp
	negate   bool
	next     bool // lines are joined to the next one, not to the one before
	maxLines int
	flush    time.Duration
}

func (m *multiline) joins(line []byte) bool {
	return m.expr.Match(bytes.TrimSuffix(line, []byte("\r"))) != m.negate
}

// skip is what is passed over at an offset, because its beginning was refused already.
type skip uint8

const (
	skipNothing skip = iota
	skipLine         // up to the end of the line
	skipRecord       // lines that belong to the record before
)

// splitter finds records in bytes. It keeps nothing between calls: a record that is not complete is looked
// at again from its beginning.
type splitter struct {
	maxLine int
	multi   *multiline // nil: each line is one
}

// split is what a splitter found at the beginning of some bytes.
type split struct {
	text   []byte // of the record
	used   int    // how many bytes were needed; 0: more must come
	skip   skip   // how to go on behind them
	reason string // why the text is refused
}

// full is the size of a buffer in which a splitter always finds something: a record of the largest size, and
// behind it a line of which it is known that it is larger.
func (s *splitter) full() int { return 2*s.maxLine + 64<<10 }

// next finds what b begins with. flush: no more lines are waited for. final: nothing follows b, ever.
func (s *splitter) next(b []byte, skipping skip, flush, final bool) split {
	switch {
	case len(b) == 0:
		return split{skip: skipping}
	case skipping == skipLine:
		return s.passLine(b)
	case skipping == skipRecord:
		if found := s.passRecord(b, final); found.used > 0 || found.skip != skipNothing {
			return found
		}
	}
	if s.multi == nil {
		return s.line(b, final)
	}
	return s.record(b, flush, final)
}

func (s *splitter) passLine(b []byte) split {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return split{used: len(b), skip: skipLine}
	}
	return split{used: end + 1, skip: s.behindLine()}
}

// behindLine is what is passed over behind a line that was too long: those that would be joined to it.
func (s *splitter) behindLine() skip {
	if s.multi != nil && !s.multi.next {
		return skipRecord
	}
	return skipNothing
}

// passRecord passes over a line that belongs to the record before. Nothing used, and nothing to skip any
// more, means that there is none.
func (s *splitter) passRecord(b []byte, final bool) split {
	end := bytes.IndexByte(b, '\n')
	if end < 0 && final {
		return split{used: len(b)}
	}
	if end < 0 && len(b) <= s.maxLine {
		return split{skip: skipRecord}
	}
	if end < 0 || end > s.maxLine { // a line that is too long belongs to nothing
		return split{}
	}
	joins := s.multi.joins(b[:end])
	switch {
	case joins:
		return split{used: end + 1, skip: skipRecord}
	case s.multi.next:
		return split{used: end + 1}
	}
	return split{}
}

// line finds a record of one line.
func (s *splitter) line(b []byte, final bool) split {
	end := bytes.IndexByte(b, '\n')
	switch {
	case end > s.maxLine:
		return s.tooLong(b, end+1, s.behindLine())
	case end >= 0:
		return split{text: b[:end], used: end + 1}
	case len(b) > s.maxLine:
		return s.tooLong(b, len(b), skipLine)
	case final:
		return split{text: b, used: len(b)}
	}
	return split{}
}

func (s *splitter) tooLong(b []byte, used int, then skip) split {
	return split{text: b[:s.maxLine], used: used, skip: then, reason: fmt.Sprintf("it is longer than %d bytes; these are its first", s.maxLine)}
}

// record finds a record of several lines.
func (s *splitter) record(b []byte, flush, final bool) split {
	lines, end := 0, 0 // of those that belong to it
	for {
		n := bytes.IndexByte(b[end:], '\n')
		if n < 0 {
			return s.unended(b, end, flush, final)
		}
		if n > s.maxLine { // it belongs to nothing, as nobody knows whether it would while it has no end
			return s.unended(b, end, flush, final)
		}
		joins := s.multi.joins(b[end : end+n])
		if lines > 0 && !s.multi.next && !joins {
			return split{text: b[:end-1], used: end}
		}
		lines, end = lines+1, end+n+1
		then := skipRecord
		if s.multi.next && !joins {
			then = skipNothing
		}
		if end-1 > s.maxLine {
			return s.tooLong(b, end, then)
		}
		if lines > s.multi.maxLines {
			return split{text: b[:end-1], used: end, skip: then, reason: fmt.Sprintf("it has more than %d lines; these are its first", s.multi.maxLines)}
		}
		if then == skipNothing {
			return split{text: b[:end-1], used: end}
		}
	}
}

// unended decides about a record of whole lines up to end, behind which a line has no end yet.
func (s *splitter) unended(b []byte, end int, flush, final bool) split {
	last := b[end:]
	switch {
	case end == 0:
		return s.line(b, final)
	case len(last) > s.maxLine: // it is too long for itself, or with the others
		return split{text: b[:end-1], used: end}
	case final && len(last) > 0 && (s.multi.next || s.multi.joins(last)) && len(b) <= s.maxLine:
		return split{text: b, used: len(b)}
	case flush || final:
		return split{text: b[:end-1], used: end}
	}
	return split{}
}
