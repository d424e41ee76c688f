package serve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/twmb/franz-go/pkg/kbin"
)

// buffers are pools of byte slices by size: powers of two from smallest to largest. What is larger is made and dropped.
type buffers struct {
	pools [largest - smallest + 1]sync.Pool
}

const (
	smallest = 12 // 4 KiB
	largest  = 22 // 4 MiB
)

func newBuffers() *buffers { return &buffers{} }

// get returns a buffer of length n. It is not zeroed.
func (b *buffers) get(n int) *[]byte {
	class := max(bits.Len(uint(max(n-1, 0))), smallest)
	if class > largest {
		p := make([]byte, n)
		return &p
	}
	p, _ := b.pools[class-smallest].Get().(*[]byte)
	if p == nil {
		made := make([]byte, 1<<class)
		p = &made
	}
	*p = (*p)[:n]
	return p
}

// put takes a buffer back. It may have grown.
func (b *buffers) put(p *[]byte) {
	class := bits.Len(uint(cap(*p))) - 1
	if class < smallest || class > largest {
		return
	}
	*p = (*p)[:1<<class]
	b.pools[class-smallest].Put(p)
}

// frame is a request as it came: header and body.
type frame struct {
	key, version int16
	correlation  int32
	client       []byte // the client's name for itself
	body         []byte
	flexible     bool

	buf    *[]byte // what client and body are parts of
	pooled bool    // nothing of the request may be kept longer than the frame
	weight int64   // what it weighs in Server.asked or Server.produced
	size   int     // bytes
}

// headLen is the part of a frame that says what it is: size, key, version, correlation id, length of the client id.
const headLen = 4 + 2 + 2 + 4 + 2

// malformed is an error that the peer made: the connection is closed.
type malformed struct{ why string }

// Error says what was wrong with the request.
func (m *malformed) Error() string { return m.why }

func malformedf(format string, args ...any) error { return &malformed{fmt.Sprintf(format, args...)} }

var (
	errTruncated = errors.New("request ends too early")
	errSwollen   = errors.New("request of too many parts")
)

// parseHead reads the header of a request: version 2 of it, with tags, where the request is flexible; else version 1.
func (f *frame) parseHead(payload []byte) error {
	f.key = int16(binary.BigEndian.Uint16(payload))
	f.version = int16(binary.BigEndian.Uint16(payload[2:]))
	f.correlation = int32(binary.BigEndian.Uint32(payload[4:]))
	r := reader{kbin.Reader{Src: payload[8:]}}
	f.client = r.nullableBytes16()
	if f.flexible {
		r.skipTags()
	}
	if !r.Ok() {
		return errTruncated
	}
	f.body = r.Src
	return nil
}

// reader reads fields of a request. What it returns are parts of the request, never copies.
type reader struct{ kbin.Reader }

// nullableBytes16 reads a string of the old encoding; nil if it is null.
func (r *reader) nullableBytes16() []byte {
	n := r.Int16()
	if n < 0 {
		return nil
	}
	return r.Span(int(n))
}

// text reads a string, of the compact encoding in flexible requests. Null is nil.
func (r *reader) text(flexible bool) []byte {
	if !flexible {
		return r.nullableBytes16()
	}
	n := r.Uvarint()
	if n == 0 {
		return nil
	}
	return r.Span(int(n) - 1)
}

// bytes reads bytes. Null is nil.
func (r *reader) bytes(flexible bool) []byte {
	if flexible {
		return r.text(true)
	}
	n := r.Int32()
	if n < 0 {
		return nil
	}
	return r.Span(int(n))
}

// count reads the length of an array whose elements take at least each bytes. A length that the rest of the request cannot hold is an error, so
// that nobody can make us reserve memory.
func (r *reader) count(flexible bool, each int) int {
	var n int
	if flexible {
		n = int(r.Uvarint()) - 1
	} else {
		n = int(r.Int32())
	}
	if n > len(r.Src)/each {
		r.Span(len(r.Src) + 1) // spoils the reader
		return 0
	}
	return max(n, 0)
}

// skipTags passes over tagged fields, none of which we know.
func (r *reader) skipTags() {
	for n := r.Uvarint(); n > 0 && r.Ok(); n-- {
		r.Uvarint()
		r.Span(int(r.Uvarint()))
	}
}
