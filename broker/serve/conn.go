package serve

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"millrace/broker/access"
)

// conn is a connection.
type conn struct {
	s       *Server
	raw     net.Conn // as it was accepted; any goroutine may close it
	nc      net.Conn // of the two goroutines: raw, or what encrypts it
	ip      string
	trusted bool
	in      *bufio.Reader
	out     output // of the writing goroutine

	// Of the writing goroutine; the other looks at them while nothing is unhandled.
	who    *access.Session
	caller *access.Caller
	known  atomic.Bool // the caller has said who it is

	client     string // the client's name for itself in the latest request; of the reading goroutine
	introduced bool   // who and caller know the name

	queue     chan task
	unhandled atomic.Int32  // requests in queue, or being handled, that are not Produce
	idle      chan struct{} // holds a token after unhandled has come to 0
	inflight  atomic.Int32  // requests that were read and not answered

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

	produce produceState // of the reading goroutine
	fetch   fetchState   // of the writing goroutine
}

// task is a request on its way to the writing goroutine: Produce, which was appended, or another, which is still to be handled.
type task struct {
	client   string
	frame    *frame
	appended *produced
}

func newConn(s *Server, nc net.Conn, ip string, trusted bool) *conn {
	c := &conn{s: s, raw: nc, nc: nc, ip: ip, trusted: trusted, begun: time.Now(), queue: make(chan task, s.cfg.Pipeline), idle: make(chan struct{}, 1)}
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
		c.s.bad.note("connection closed: "+bad.why, "remote", c.raw.RemoteAddr())
	case err != nil:
		c.s.cfg.Logger.Debug("kafka: connection ended", "remote", c.raw.RemoteAddr(), "error", err)
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
		secure := tls.Server(c.raw, c.s.cfg.TLS)
		ctx, cancel := context.WithTimeout(c.polls, c.s.cfg.Handshake)
		defer cancel()
		if err := secure.HandshakeContext(ctx); err != nil {
			c.s.counts.malformed.Add(1)
			c.s.bad.note("TLS handshake failed", "remote", c.raw.RemoteAddr(), "error", err)
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
	c.who = c.s.cfg.Access.Accept(c.raw.RemoteAddr(), state)
	caller, ok, failed := c.who.Caller()
	c.caller = caller
	c.known.Store(ok)
	return !failed
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
				c.s.bad.note("connection closed: "+bad.why, "remote", c.raw.RemoteAddr())
			} else {
				c.s.cfg.Logger.Debug("kafka: connection ended", "remote", c.raw.RemoteAddr(), "error", err)
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
			if c.unhandled.Add(-1) == 0 {
				select {
				case c.idle <- struct{}{}:
				default:
				}
			}
		}
		c.inflight.Add(-1)
		c.touch()
	}()
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
		"remote", c.raw.RemoteAddr(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
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
	c.raw.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // a connection without deadlines ends with the grace
}

// abort ends the connection now.
func (c *conn) abort() {
	c.leave()
	c.raw.Close()
}
