package serve

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipe returns the two ends of a connection within the process. Each direction holds at most pipeSize bytes, in a buffer that it has only
// while it holds any.
func (s *Server) pipe() (near, far net.Conn) {
	up, down := newStream(s.buffers), newStream(s.buffers)
	return &pipeEnd{in: down, out: up}, &pipeEnd{in: up, out: down}
}

// pipeSize is how much one end may be ahead of the other.
const pipeSize = 256 << 10

// pipeEnd is one end of a pipe. Its methods may be called from any goroutine.
type pipeEnd struct{ in, out *stream }

// Read returns what the other end has written; io.EOF after that has closed.
func (e *pipeEnd) Read(p []byte) (int, error) { return e.in.read(p) }

// Write returns when the last of p is in the buffer.
func (e *pipeEnd) Write(p []byte) (int, error) { return e.out.write(p) }

// Close ends both directions. What was written before can still be read by the other end.
func (e *pipeEnd) Close() error {
	e.in.abandon()
	e.out.end()
	return nil
}

// LocalAddr returns the address of all pipes.
func (e *pipeEnd) LocalAddr() net.Addr { return pipeAddr{} }

// RemoteAddr returns the address of all pipes.
func (e *pipeEnd) RemoteAddr() net.Addr { return pipeAddr{} }

// SetDeadline bounds Read and Write.
func (e *pipeEnd) SetDeadline(t time.Time) error {
	e.in.setReadDeadline(t)
	e.out.setWriteDeadline(t)
	return nil
}

// SetReadDeadline bounds Read.
func (e *pipeEnd) SetReadDeadline(t time.Time) error {
	e.in.setReadDeadline(t)
	return nil
}

// SetWriteDeadline bounds Write.
func (e *pipeEnd) SetWriteDeadline(t time.Time) error {
	e.out.setWriteDeadline(t)
	return nil
}

type pipeAddr struct{}

// Network returns "pipe".
func (pipeAddr) Network() string { return "pipe" }

// String returns "in-process".
func (pipeAddr) String() string { return "in-process" }

// stream is one direction of a pipe: a ring.
type stream struct {
	buffers *buffers

	mu       sync.Mutex
	ring     *[]byte // nil: it is empty
	from, n  int     // what it holds
	ended    bool    // the writer has closed
	orphaned bool    // the reader has closed

	reader, writer turn
}

// turn is one of the two who wait for the other.
type turn struct {
	wake     chan struct{} // holds one token when there may be something to do
	deadline time.Time
	timer    *time.Timer
}

func newStream(b *buffers) *stream {
	return &stream{buffers: b, reader: turn{wake: make(chan struct{}, 1)}, writer: turn{wake: make(chan struct{}, 1)}}
}

func (t *turn) call() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// wait lets the lock go until it is called or its deadline has passed.
func (t *turn) wait(mu *sync.Mutex) {
	if !t.deadline.IsZero() {
		left := time.Until(t.deadline)
		if t.timer == nil {
			t.timer = time.AfterFunc(left, t.call)
		} else {
			t.timer.Reset(left)
		}
		defer t.timer.Stop()
	}
	mu.Unlock()
	<-t.wake
	mu.Lock()
}

func (t *turn) late() bool { return !t.deadline.IsZero() && !time.Now().Before(t.deadline) }

func (s *stream) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.n == 0 {
		switch {
		case s.orphaned:
			return 0, net.ErrClosed
		case s.ended:
			return 0, io.EOF
		case s.reader.late():
			return 0, os.ErrDeadlineExceeded
		}
		s.reader.wait(&s.mu)
	}
	if s.reader.late() {
		return 0, os.ErrDeadlineExceeded
	}
	ring := *s.ring
	got := 0
	for got < len(p) && s.n > 0 {
		m := copy(p[got:], ring[s.from:min(s.from+s.n, len(ring))])
		got += m
		s.n -= m
		s.from = (s.from + m) % len(ring)
	}
	if s.n == 0 {
		s.buffers.put(s.ring)
		s.ring, s.from = nil, 0
	}
	s.writer.call()
	return got, nil
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	put := 0
	for {
		switch {
		case s.ended:
			return put, net.ErrClosed
		case s.orphaned:
			return put, io.ErrClosedPipe
		case s.writer.late():
			return put, os.ErrDeadlineExceeded
		case put == len(p):
			return put, nil
		}
		if s.n == pipeSize {
			s.writer.wait(&s.mu)
			continue
		}
		if s.ring == nil {
			s.ring = s.buffers.get(pipeSize)
		}
		ring := *s.ring
		for put < len(p) && s.n < len(ring) {
			at := (s.from + s.n) % len(ring)
			m := copy(ring[at:min(at+len(ring)-s.n, len(ring))], p[put:])
			put += m
			s.n += m
		}
		s.reader.call()
	}
}

// end says that nothing more is written.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.reader.call()
	s.writer.call()
}

// abandon says that nothing more is read.
func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orphaned = true
	if s.ring != nil {
		s.buffers.put(s.ring)
		s.ring, s.n = nil, 0
	}
	s.reader.call()
	s.writer.call()
}

func (s *stream) setReadDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reader.deadline = t
	s.reader.call()
}

func (s *stream) setWriteDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer.deadline = t
	s.writer.call()
}
