package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/connector"
	"millrace/fault"
)

// Collect listens until ctx ends or the bus refuses what it is given.
func (c *collector) Collect(ctx context.Context, site connector.Site) error {
	outer := ctx
	l, err := c.open(ctx)
	if err != nil {
		return err
	}
	site.SetLag(-1) // what waits is in kernels
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		l.close()
		return nil
	})
	if l.tcp != nil {
		g.Go(func() error { return c.accept(ctx, l.tcp, site) })
	}
	if l.udp != nil {
		q := newQueue()
		g.Go(func() error { defer close(q.packets); return q.receive(l.udp) })
		g.Go(func() error { return c.drain(ctx, q, site) })
	}
	if err := g.Wait(); outer.Err() == nil {
		return err
	}
	return nil
}

// listeners are the open sockets; those not asked for are nil.
type listeners struct {
	tcp net.Listener
	udp *net.UDPConn
}

func (l *listeners) close() {
	if l.tcp != nil {
		_ = l.tcp.Close()
	}
	if l.udp != nil {
		_ = l.udp.Close()
	}
}

func (c *collector) open(ctx context.Context) (*listeners, error) {
	l := &listeners{}
	var config net.ListenConfig
	var err error
	if c.tcp {
		if l.tcp, err = config.Listen(ctx, "tcp", c.listen); err != nil {
			return nil, busy(err)
		}
		if c.tls != nil {
			l.tcp = tls.NewListener(l.tcp, c.tls)
		}
	}
	if c.udp {
		conn, err := config.ListenPacket(ctx, "udp", c.listen)
		if err != nil {
			l.close()
			return nil, busy(err)
		}
		l.udp = conn.(*net.UDPConn)
		if c.buffer > 0 {
			_ = l.udp.SetReadBuffer(c.buffer) // as much as the kernel allows
		}
	}
	return l, nil
}

func busy(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.New(fault.Conflict, "listen for syslog: %w", err).WithHint("another program has the port, or this source itself, if it runs already")
	case errors.Is(err, syscall.EACCES):
		return fault.New(fault.Denied, "listen for syslog: %w", err).WithHint("ports below 1024 need a permission; take 5514 and redirect 514 to it")
	}
	return fault.New(fault.Unavailable, "listen for syslog: %w", err)
}

// Test opens the sockets and closes them again.
func (c *collector) Test(ctx context.Context) error {
	l, err := c.open(ctx)
	if err != nil {
		return err
	}
	l.close()
	return nil
}

// warnEvery is how often what happens many times a second is said.
const warnEvery = 10 * time.Second

// accept takes connections until the listener is closed, and waits for them.
func (c *collector) accept(ctx context.Context, l net.Listener, site connector.Site) error {
	serving, stop := context.WithCancel(ctx)
	var open sync.WaitGroup
	defer open.Wait()
	defer stop()
	free := make(chan struct{}, c.maxConns)
	failed := make(chan error, 1)
	var warned time.Time
	for {
		conn, err := l.Accept()
		select {
		case broken := <-failed:
			if conn != nil {
				_ = conn.Close()
			}
			return broken
		default:
		}
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			if conn != nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			return fault.New(fault.Unavailable, "accept a connection: %w", err)
		}
		select {
		case free <- struct{}{}:
		default:
			_ = conn.Close()
			if now := c.now(); now.Sub(warned) >= warnEvery {
				warned = now
				site.Warn(fmt.Errorf("a connection from %s was closed: there are %d already", host(conn.RemoteAddr()), c.maxConns))
			}
			continue
		}
		open.Go(func() {
			defer func() { <-free }()
			if err := c.serve(serving, conn, site); err != nil {
				select {
				case failed <- err:
					_ = l.Close() // Accept returns
				default:
				}
			}
		})
	}
}

// host is the address of a peer without its port.
func host(a net.Addr) string {
	name, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return name
}

// handshakeTimeout is how long a client may take to begin TLS.
const handshakeTimeout = 10 * time.Second

// serve reads a connection to its end. While an append waits, it is not read: the sender waits, too.
func (c *collector) serve(ctx context.Context, conn net.Conn, site connector.Site) error {
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) }) // what was read is still sent
	defer stop()
	if secure, ok := conn.(*tls.Conn); ok {
		shaking, done := context.WithTimeout(ctx, handshakeTimeout)
		err := secure.HandshakeContext(shaking)
		if done(); err != nil {
			if ctx.Err() == nil {
				site.Warn(fmt.Errorf("TLS with %s: %w", host(conn.RemoteAddr()), err))
			}
			return nil
		}
	}
	r, err := newRecords(c, site)
	if err != nil {
		return err
	}
	f := &framer{max: c.maxMessage}
	peer := host(conn.RemoteAddr())
	for {
		for message, reason, ok := f.next(); ok; message, reason, ok = f.next() {
			r.take(message, peer, reason)
			if r.full() {
				if err := r.send(ctx); err != nil {
					return err
				}
			}
		}
		if err := r.send(ctx); err != nil {
			return err
		}
		_ = conn.SetReadDeadline(c.now().Add(c.idle))
		if ctx.Err() != nil {
			return nil
		}
		if err := f.fill(conn); err != nil {
			if message, reason := f.rest(); errors.Is(err, io.EOF) && len(message) > 0 {
				r.take(message, peer, reason)
			}
			return r.send(ctx) // a connection that breaks is the sender's to mend
		}
	}
}
