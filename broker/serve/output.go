package serve

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"millrace/broker/partition"
)

// output writes answers to a connection. Sections of logs go from their files to the socket without passing through this process, where the
// system can do that and they are large enough for it to pay.
type output struct {
	buf  []byte // of the answer, but for the sections
	cuts []cut  // where sections stand in it
	size int    // of the sections

	nc     net.Conn
	direct *splicer // nil: the system cannot
	chunk  []byte   // what is to be written next
	hold   *[]byte  // of chunk
	from   *[]byte  // of buf
	wrote  func()
}

// cut is a section that stands before buf[at].
type cut struct {
	at      int
	section partition.Section
}

const (
	// chunkSize is how much is copied before it is written.
	chunkSize = 64 << 10
	// maxWrite is how much is written at once, so that a slow reader is seen to make progress.
	maxWrite = 256 << 10
	// copyBelow is the size of a section below which copying it costs less than to have the system send it: BenchmarkSection.
	copyBelow = 32 << 10
)

// to says where answers are written. wrote is called whenever the peer has taken a part.
func (o *output) to(nc net.Conn, wrote func()) {
	o.nc, o.wrote = nc, wrote
	o.direct = newSplicer(nc)
}

// begin starts an answer, with room for its size.
func (o *output) begin(b *buffers) {
	o.from = b.get(1 << smallest)
	o.buf, o.cuts, o.size = (*o.from)[:0], o.cuts[:0], 0
}

// end drops the answer.
func (o *output) end(b *buffers) {
	if o.from == nil {
		return
	}
	*o.from = o.buf
	b.put(o.from)
	o.from, o.buf = nil, nil
	clear(o.cuts)
	if cap(o.cuts) > 1024 {
		o.cuts = nil
	}
}

// splice puts the bytes of a view at the end of the answer.
func (o *output) splice(v *partition.View) {
	for _, s := range v.Sections {
		o.cuts = append(o.cuts, cut{len(o.buf), s})
	}
	o.size += v.Size
}

// flush writes the answer. An error means that the connection is of no more use.
func (c *conn) flush() error {
	o := &c.out
	total := len(o.buf) + o.size
	binary.BigEndian.PutUint32(o.buf, uint32(total-4))
	c.s.counts.out.Add(int64(total))
	c.writing.Store(c.clock())
	defer c.writing.Store(0)
	if err := o.write(c.s.buffers); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// progress notes that the peer reads.
func (c *conn) progress() { c.writing.Store(c.clock()) }

func (o *output) write(b *buffers) error {
	if len(o.cuts) == 0 {
		for p := o.buf; len(p) > 0; {
			n, err := o.nc.Write(p[:min(len(p), maxWrite)])
			if err != nil {
				return err
			}
			p = p[n:]
			o.wrote()
		}
		return nil
	}
	o.hold = b.get(chunkSize)
	o.chunk = (*o.hold)[:0]
	defer func() {
		b.put(o.hold)
		o.hold, o.chunk = nil, nil
	}()
	at := 0
	for i := range o.cuts {
		cut := &o.cuts[i]
		if err := o.copied(o.buf[at:cut.at]); err != nil {
			return err
		}
		at = cut.at
		if err := o.section(&cut.section); err != nil {
			return err
		}
	}
	if err := o.copied(o.buf[at:]); err != nil {
		return err
	}
	return o.emit(false)
}

// copied puts bytes into the chunk.
func (o *output) copied(p []byte) error {
	for len(p) > 0 {
		n := copy(o.chunk[len(o.chunk):cap(o.chunk)], p)
		o.chunk = o.chunk[:len(o.chunk)+n]
		if p = p[n:]; len(p) > 0 {
			if err := o.emit(true); err != nil {
				return err
			}
		}
	}
	return nil
}

// section sends a section, or puts it into the chunk.
func (o *output) section(s *partition.Section) error {
	if o.direct != nil && s.OS != nil && s.Size >= copyBelow {
		if err := o.emit(true); err != nil {
			return err
		}
		return o.direct.send(s.OS, s.Offset, s.Size, o.wrote)
	}
	for at, left := s.Offset, s.Size; left > 0; {
		if len(o.chunk) == cap(o.chunk) {
			if err := o.emit(true); err != nil {
				return err
			}
		}
		room := o.chunk[len(o.chunk):min(cap(o.chunk), len(o.chunk)+left)]
		n, err := readAt(s, room, at)
		if n < len(room) {
			return fmt.Errorf("read log at %d: %w", at, err)
		}
		o.chunk = o.chunk[:len(o.chunk)+n]
		at += int64(n)
		left -= n
	}
	return nil
}

func readAt(s *partition.Section, p []byte, at int64) (int, error) {
	if s.OS != nil {
		n, err := s.OS.ReadAt(p, at)
		if n < len(p) && err == nil {
			err = io.ErrUnexpectedEOF
		}
		return n, err
	}
	return s.At.ReadAt(p, at)
}

// emit writes the chunk. more says that something follows at once.
func (o *output) emit(more bool) error {
	if len(o.chunk) == 0 {
		return nil
	}
	var err error
	if more && o.direct != nil {
		err = o.direct.write(o.chunk)
	} else {
		_, err = o.nc.Write(o.chunk)
	}
	o.chunk = o.chunk[:0]
	o.wrote()
	return err
}
