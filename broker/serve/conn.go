package serve

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"millrace/broker/access"
)

// conn is a connection.
type conn struct {
	s       *Server
	nc      net.Conn
	ip      string
	trusted bool
	in      *bufio.Reader
	out     output // of the writing goroutine

	// who is set by the writing goroutine, and read by the other while there is nothing unhandled.
	who    *access.Session
	caller *access.Caller
	known  atomic.Bool // the caller has said who it is

	client     string // the client's name for itself in the latest request; of the reading goroutine
	introduced bool   // who and caller know the name

	queue     chan task
	unhandled atomic.Int32 // requests in queue, or being handled, that were not handled by the reading goroutine
	inflight  atomic.Int32 // requests that were read and not answered

	// polls ends when the peer is gone or the server drains: of requests that wait for events.
	polls context.Context
	leave context.CancelFunc

	draining atomic.Bool
	begun    time.Time
	used     atomic.Int64 // when a request last came or went; nanoseconds since begun
	reading  atomic.Int64 // since when a request is half read; 0: none is
	writing  atomic.Int64 // since when the peer does not take an answer; 0: there is none to take
	muted    time.Time    // until when nothing is read, of the reading goroutine
	throttle atomic.Int64 // nanoseconds to be muted for, as the writing goroutine found

	produce produceState // of whichever goroutine appends
	fetch   fetchState   // of the writing goroutine
}

// task is a request on its way to the writing goroutine: one that was appended, or one that is still to be handled.
type task struct {
	client   string
	frame    *frame
	appended *produced
}

func newConn(s *Server, nc net.Conn, ip string, trusted bool) *conn {
	c := &conn{s: s, nc: nc, ip: ip, trusted: trusted, begun: time.Now(), queue: make(chan task, s.cfg.Pipeline)}
	c.polls, c.leave = context.WithCancel(s.life)
	return c
}

// readBuffer is what a connection holds while nothing comes.
const readBuffer = 4 << 10

// run serves the connection until it ends.
func (c *conn) run() {
	defer c.leave()
	defer c.nc.Close()
	if !c.greet() {
		return
	}
	c.in = bufio.NewReaderSize(c.nc, readBuffer)
	c.out.to(c.nc, c.progress)
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.handleAll()
	}()
	err := c.readAll()
	close(c.queue)
	if !c.draining.Load() {
		c.leave()
	}
	<-written
	var bad *malformed
	switch {
	case errors.As(err, &bad):
		c.s.counts.malformed.Add(1)
		c.s.bad.note("connection closed: "+bad.why, "remote", c.nc.RemoteAddr())
	case err != nil:
		c.s.cfg.Logger.Debug("kafka: connection ended", "remote", c.nc.RemoteAddr(), "error", err)
	}
}

// greet encrypts the connection if it has to be, and learns who is there as far as that is known before the first request.
func (c *conn) greet() bool {
	if c.trusted {
		c.caller = &access.Caller{User: access.Anonymous, Host: c.ip}
		c.known.Store(true)
		return true
	}
	var state *tls.ConnectionState
	if c.s.cfg.TLS != nil {
		secure := tls.Server(c.nc, c.s.cfg.TLS)
		ctx, cancel := context.WithTimeout(c.polls, c.s.cfg.Handshake)
		defer cancel()
		if err := secure.HandshakeContext(ctx); err != nil {
			c.s.counts.malformed.Add(1)
			c.s.bad.note("TLS handshake failed", "remote", c.nc.RemoteAddr(), "error", err)
			return false
		}
		c.nc = secure
		now := secure.ConnectionState()
		state = &now
	}
	if c.s.cfg.Access == nil {
		c.caller = &access.Caller{User: access.Anonymous, Host: c.ip}
		c.known.Store(true)
		return true
	}
	c.who = c.s.cfg.Access.Accept(c.nc.RemoteAddr(), state)
	caller, ok, failed := c.who.Caller()
	c.caller = caller
	c.known.Store(ok)
	return !failed
}

// readAll reads requests until the connection ends, which is an error, or drains.
func (c *conn) readAll() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked(p)
		}
	}()
	for f := (*frame)(nil); ; {
		if err := c.hold(); err != nil {
			return err
		}
		if f == nil {
			f = new(frame)
		}
		if err := c.next(f); err != nil {
			if c.draining.Load() && errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) && c.in.Buffered() == 0 {
				return nil
			}
			return err
		}
		c.s.counts.in.Add(int64(f.size))
		c.inflight.Add(1)
		t := task{client: c.clientName(f), frame: f}
		if f.key == keyProduce && c.known.Load() && c.unhandled.Load() == 0 {
			t.frame = nil
			if t.appended, err = c.appendProduce(f, t.client); err != nil {
				return err
			}
		} else {
			c.unhandled.Add(1)
			f = nil
		}
		c.queue <- t
	}
}

// hold waits for as long as the client is to be held back.
func (c *conn) hold() error {
	if d := c.throttle.Swap(0); d > 0 {
		c.muted = time.Now().Add(time.Duration(d))
	}
	if c.muted.IsZero() {
		return nil
	}
	wait := time.NewTimer(time.Until(c.muted))
	defer wait.Stop()
	c.muted = time.Time{}
	select {
	case <-wait.C:
		return nil
	case <-c.polls.Done():
		return c.polls.Err()
	}
}

// clientName returns the client's name for itself, which mostly is that of the request before.
func (c *conn) clientName(f *frame) string {
	if string(f.client) != c.client {
		c.client = string(f.client)
		if !c.introduced && c.unhandled.Load() == 0 {
			c.introduced = true
			c.introduce()
		}
	}
	return c.client
}

// introduce notes the client's name: before the first request that has one is handled.
func (c *conn) introduce() {
	if c.who != nil {
		c.who.Client(c.client)
	} else {
		c.caller.Client = c.client
	}
}

// next reads a request into f. It waits until there is memory for it.
func (c *conn) next(f *frame) error {
	c.reading.Store(0)
	if _, err := c.in.Peek(1); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	c.touch()
	c.reading.Store(c.clock())
	head, err := c.in.Peek(headLen)
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	size := int(int32(binary.BigEndian.Uint32(head)))
	*f = frame{key: int16(binary.BigEndian.Uint16(head[4:])), version: int16(binary.BigEndian.Uint16(head[6:])), size: size + 4}
	r := c.s.routes.find(f.key)
	if err := c.acceptable(r, f, size); err != nil {
		return err
	}
	f.pooled = r.pooled
	f.flexible = r.flexible(f.version)
	budget := c.s.asked
	if f.weight = int64(size) * r.swell; f.key == keyProduce {
		budget = c.s.produced
	} else {
		f.weight = min(f.weight, c.s.cfg.RequestMemory)
	}
	c.reading.Store(0) // it is not the peer that we wait for
	if err := budget.Acquire(c.polls, f.weight); err != nil {
		return fmt.Errorf("wait for memory: %w", err)
	}
	c.reading.Store(c.clock())
	defer c.reading.Store(0)
	if f.pooled {
		f.buf = c.s.buffers.get(size)
	} else {
		made := make([]byte, size)
		f.buf = &made
	}
	if _, err = c.in.Discard(4); err == nil {
		err = c.fill(*f.buf)
	}
	if err == nil {
		if err = f.parseHead(*f.buf); err != nil {
			err = malformedf("request %d: %v", f.key, err)
		}
	}
	if err != nil {
		c.release(f)
		return err
	}
	return nil
}

// acceptable says what is wrong with a request by its first bytes.
func (c *conn) acceptable(r *route, f *frame, size int) error {
	limit := c.s.cfg.MaxRequest
	switch {
	case r == nil && size >= headLen-4 && size <= limit:
		return malformedf("request of unknown key %d", f.key)
	case r == nil:
		return malformedf("not a Kafka request (its size would be %d)", size)
	case f.key == keyProduce:
		limit = c.s.cfg.MaxProduce
	case !c.known.Load():
		limit = min(limit, 512<<10)
	}
	switch {
	case size < headLen-4:
		return malformedf("%s request of %d bytes is too short", r.name, size)
	case size > limit:
		return malformedf("%s request of %d bytes is larger than the %d that are allowed", r.name, size, limit)
	case (f.version < r.min || f.version > r.max) && f.key != keyApiVersions:
		return malformedf("%s request of version %d; known are %d to %d", r.name, f.version, r.min, r.max)
	}
	return nil
}

// release gives back the memory of a request. It may be called twice.
func (c *conn) release(f *frame) {
	if f.weight > 0 {
		if f.key == keyProduce {
			c.s.produced.Release(f.weight)
		} else {
			c.s.asked.Release(f.weight)
		}
		f.weight = 0
	}
	if f.pooled && f.buf != nil {
		c.s.buffers.put(f.buf)
	}
	f.buf, f.body, f.client = nil, nil, nil
}

// handleAll handles requests and writes answers until there are no more.
func (c *conn) handleAll() {
	defer func() {
		// Whatever ended this, nobody reads the queue but us.
		c.leave()
		c.nc.Close()
		for t := range c.queue {
			if t.frame != nil {
				c.release(t.frame)
			}
		}
	}()
	for t := range c.queue {
		if err := c.handle(t); err != nil {
			var bad *malformed
			if errors.As(err, &bad) {
				c.s.counts.malformed.Add(1)
				c.s.bad.note("connection closed: "+bad.why, "remote", c.nc.RemoteAddr())
			} else {
				c.s.cfg.Logger.Debug("kafka: connection ended", "remote", c.nc.RemoteAddr(), "error", err)
			}
			return
		}
	}
}

// handle handles a request and answers it.
func (c *conn) handle(t task) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked(p)
		}
		if t.frame != nil {
			c.release(t.frame)
			c.unhandled.Add(-1)
		}
		c.inflight.Add(-1)
		c.touch()
	}()
	if t.appended == nil && t.frame.key == keyProduce {
		if err := c.mayAsk(t.frame.key); err != nil {
			return err
		}
		if t.appended, err = c.appendProduce(t.frame, t.client); err != nil {
			return err
		}
	}
	if t.appended != nil {
		return c.answerProduce(t.appended)
	}
	if err := c.mayAsk(t.frame.key); err != nil {
		return err
	}
	switch t.frame.key {
	case keyFetch:
		return c.answerFetch(t.frame, t.client)
	case keyApiVersions:
		return c.answerVersions(t.frame)
	}
	return c.answer(t.frame, t.client)
}

// mayAsk says whether the caller, who may still have to say who it is, may send a request of this kind.
func (c *conn) mayAsk(key int16) error {
	if c.known.Load() || key == keyApiVersions || key == keySASLHandshake || key == keySASLAuthenticate {
		return nil
	}
	return malformedf("%s request before the client has authenticated", c.s.routes[key].name)
}

func (c *conn) panicked(p any) error {
	c.s.counts.panics.Add(1)
	c.s.cfg.Logger.Error("kafka: panic while handling a request: the connection is closed",
		"remote", c.nc.RemoteAddr(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return fmt.Errorf("panic: %v", p)
}

// clock returns nanoseconds since the connection began, never 0.
func (c *conn) clock() int64 { return int64(time.Since(c.begun)) | 1 }

func (c *conn) touch() { c.used.Store(c.clock()) }

// overdue says why the connection is to be closed, if it is.
func (c *conn) overdue(now time.Time) string {
	at := int64(now.Sub(c.begun))
	late := func(since int64, limit time.Duration) bool { return since > 0 && at-since > int64(limit) }
	switch {
	case late(c.reading.Load(), c.s.cfg.Stall):
		return "a request was begun and not sent to its end"
	case late(c.writing.Load(), c.s.cfg.Stall):
		return "the client does not read its answer"
	case !c.known.Load() && late(1, c.s.cfg.Handshake):
		return "the client did not say who it is"
	case c.inflight.Load() == 0 && late(c.used.Load()|1, c.s.cfg.Idle) && !c.trusted:
		return "idle"
	}
	return ""
}

// drain lets what was read be answered, and then ends the connection.
func (c *conn) drain() {
	c.draining.Store(true)
	c.leave()
	c.nc.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // a connection without deadlines ends with the grace
}

// abort ends the connection now.
func (c *conn) abort() {
	c.leave()
	c.nc.Close()
}
