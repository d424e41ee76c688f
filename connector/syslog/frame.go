package syslog

import (
	"bytes"
	"fmt"
	"io"
)

// framer finds messages in what comes over a connection (RFC 6587): "12 <13>1 - ...", by counted octets, or
// lines that end with a line feed or a zero. Each message may be framed as it likes.
type framer struct {
	max  int
	buf  []byte
	from int // unread bytes are buf[from:upto]
	upto int

	skipOctets int  // what is left of a message that was too long
	skipLine   bool // up to the end of a line
}

// firstBuffer is what a connection needs as long as its messages are small.
const firstBuffer = 16 << 10

// maxHeader is how many bytes of a count are looked at.
const maxHeader = 8

// fill reads once from a connection. Nothing is left to be found by next.
func (f *framer) fill(r io.Reader) error {
	if f.from > 0 {
		f.upto = copy(f.buf, f.buf[f.from:f.upto])
		f.from = 0
	}
	if f.upto == len(f.buf) {
		grown := make([]byte, min(max(2*len(f.buf), firstBuffer), f.max+maxHeader+firstBuffer))
		f.upto = copy(grown, f.buf[:f.upto])
		f.buf = grown
	}
	n, err := r.Read(f.buf[f.upto:])
	if f.upto += n; n > 0 {
		return nil
	}
	return err
}

// next returns a message, valid until fill; ok is false if more must come. reason says why it is refused.
func (f *framer) next() (message []byte, reason string, ok bool) {
	f.skip()
	b := f.buf[f.from:f.upto]
	if len(b) == 0 || f.skipLine || f.skipOctets > 0 {
		return nil, "", false
	}
	if count, header, sure := octets(b); !sure {
		return nil, "", false
	} else if header > 0 {
		return f.counted(b, count, header)
	}
	end := bytes.IndexAny(b, "\n\x00")
	switch {
	case end > f.max || end < 0 && len(b) > f.max:
		f.from, f.skipLine = f.from+f.max, true
		return b[:f.max], f.tooLong(), true
	case end < 0:
		return nil, "", false
	}
	f.from += end + 1
	return b[:end], "", true
}

func (f *framer) tooLong() string {
	return fmt.Sprintf("it is longer than %d bytes; these are its first", f.max)
}

// skip passes over what is left of a message that was refused.
func (f *framer) skip() {
	if f.skipOctets > 0 {
		n := min(f.skipOctets, f.upto-f.from)
		f.from, f.skipOctets = f.from+n, f.skipOctets-n
	}
	if f.skipLine {
		end := bytes.IndexAny(f.buf[f.from:f.upto], "\n\x00")
		if end < 0 {
			f.from = f.upto
			return
		}
		f.from, f.skipLine = f.from+end+1, false
	}
}

// octets reads a count and the blank behind it. header 0 means that there is none: what follows must begin
// like a message, as a line may begin with a number, too. sure is false if more must come to tell.
func octets(b []byte) (count, header int, sure bool) {
	i := 0
	for ; i < len(b) && i < maxHeader && b[i]-'0' <= 9; i++ {
		count = count*10 + int(b[i]-'0')
	}
	switch {
	case i == 0 || i == maxHeader || b[0] == '0':
		return 0, 0, true
	case i == len(b):
		return 0, 0, false
	case b[i] != ' ':
		return 0, 0, true
	case i+1 == len(b):
		return 0, 0, false
	case b[i+1] != '<':
		return 0, 0, true
	}
	return count, i + 1, true
}

func (f *framer) counted(b []byte, count, header int) (message []byte, reason string, ok bool) {
	if count > f.max {
		if len(b) < header+f.max {
			return nil, "", false
		}
		f.from, f.skipOctets = f.from+header+f.max, count-f.max
		return b[header : header+f.max], f.tooLong(), true
	}
	if len(b) < header+count {
		return nil, "", false
	}
	f.from += header + count
	return b[header : header+count], "", true
}

// rest is what is left when a connection has ended: a line without its end, or a part of a counted message.
func (f *framer) rest() (message []byte, reason string) {
	f.skip()
	b := f.buf[f.from:f.upto]
	f.from = f.upto
	if _, header, _ := octets(b); header > 0 {
		return b[header:], "the connection ended inside of it"
	}
	return b, ""
}
