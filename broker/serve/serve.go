// Package serve speaks the Kafka protocol: it reads requests from connections, hands them to whoever owns what they ask for,
// and writes the answers. Produce, Fetch, and what is asked of a log by offset it answers itself.
//
// A connection has two goroutines. One reads requests and appends what producers send; the other handles all other
// requests, waits until appended records are durable, and writes the answers, in order. So the produce requests of a
// connection share an fsync, a waiting request holds only its own connection, and a peer that is gone is noticed while one
// waits. Between the two is a queue of Config.Pipeline requests; memory of requests is bounded over all connections.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"millrace/broker/access"
	"millrace/broker/group"
	"millrace/broker/topic"
	"millrace/broker/txn"
)

// Config says what is served, and the bounds. The zero value of a bound means its default.
type Config struct {
	Topics *topic.Topics
	Groups *group.Groups
	Txns   *txn.Coordinator
	// Access decides who may do what; nil: everybody may do everything.
	Access *access.Access
	// TLS encrypts the connections that Serve accepts; nil: they are plain.
	TLS *tls.Config
	// ClusterID, Host and Port are what clients are told.
	ClusterID string
	Host      string
	Port      int32
	Logger    *slog.Logger

	MaxConns      int           // connections at a time; 10,000
	MaxConnsPerIP int           // of one address; MaxConns
	MaxProduce    int           // bytes of one Produce request; 100 MiB
	MaxRequest    int           // bytes of any other request; 8 MiB
	ProduceMemory int64         // bytes of all Produce requests that are being read or appended; 256 MiB, at least MaxProduce
	RequestMemory int64         // bytes of all other requests, as they are in memory; 256 MiB
	Pipeline      int           // requests of one connection that are read ahead; 64
	MaxFetch      int           // bytes of one answer to Fetch, but for its first batch; 55 MiB
	MaxSessions   int           // fetch sessions (KIP-227); 1,000
	Idle          time.Duration // a connection without requests is closed; 10 min
	Stall         time.Duration // so is one whose peer neither sends the rest of a request nor reads an answer; 30 s
	Handshake     time.Duration // time to say who one is; 10 s
	Grace         time.Duration // time that requests get to finish when Serve ends; 5 s
}

func (c Config) withDefaults() Config {
	defaultTo(&c.MaxConns, 10_000)
	defaultTo(&c.MaxConnsPerIP, c.MaxConns)
	defaultTo(&c.MaxProduce, 100<<20)
	defaultTo(&c.MaxRequest, 8<<20)
	defaultTo(&c.ProduceMemory, 256<<20)
	defaultTo(&c.RequestMemory, 256<<20)
	defaultTo(&c.Pipeline, 64)
	defaultTo(&c.MaxFetch, 55<<20)
	defaultTo(&c.MaxSessions, 1000)
	defaultTo(&c.Idle, 10*time.Minute)
	defaultTo(&c.Stall, 30*time.Second)
	defaultTo(&c.Handshake, 10*time.Second)
	defaultTo(&c.Grace, 5*time.Second)
	c.ProduceMemory = max(c.ProduceMemory, int64(c.MaxProduce))
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func defaultTo[N int | int64 | time.Duration](field *N, value N) {
	if *field == 0 {
		*field = value
	}
}

// Server serves connections. Its methods may be called from any goroutine.
type Server struct {
	cfg      Config
	routes   routes
	versions apiVersions
	sessions *sessions
	buffers  *buffers
	produces producedPool
	produced *semaphore.Weighted // bytes of Produce requests in memory
	asked    *semaphore.Weighted // bytes of other requests in memory
	counts   counts
	bad      notices

	life context.Context // of requests that do not wait for events; ends when the grace is over
	kill context.CancelFunc

	mu     sync.Mutex // guards what follows
	conns  map[*conn]struct{}
	perIP  map[string]int
	ending bool
	open   sync.WaitGroup // goroutines of connections
}

// New returns a server that serves nothing yet.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg:      cfg,
		sessions: newSessions(cfg.MaxSessions),
		buffers:  newBuffers(),
		produced: semaphore.NewWeighted(cfg.ProduceMemory),
		asked:    semaphore.NewWeighted(cfg.RequestMemory),
		conns:    map[*conn]struct{}{},
		perIP:    map[string]int{},
	}
	s.bad.log = cfg.Logger
	s.life, s.kill = context.WithCancel(context.Background())
	s.routes = s.table()
	s.versions = s.routes.versions()
	return s
}

// Serve accepts connections until ctx ends. Then it lets requests that were read finish, for Config.Grace at most, closes all connections,
// those of Dial too, and returns nil. The server cannot be used again. It returns an error, after the same, if the listener fails.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	watching, done := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(watching) })
	err := s.accept(ctx, l)
	l.Close()
	s.end()
	done()
	watch.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("accept connections at %s: %w", l.Addr(), err)
}

// accept takes connections until the listener is closed or broken.
func (s *Server) accept(ctx context.Context, l net.Listener) error {
	for pause := time.Millisecond; ; {
		nc, err := l.Accept()
		if err == nil {
			pause = time.Millisecond
			s.admit(nc, false)
			continue
		}
		var temporary interface{ Temporary() bool }
		if ctx.Err() != nil || !errors.As(err, &temporary) || !temporary.Temporary() {
			return err
		}
		// Too many open files: some connection will be closed.
		s.cfg.Logger.Warn("accept a connection", "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, time.Second)
	}
}

// Dial connects from within the process. The connection does not pass through the network stack, is never encrypted, and may do
// everything: it is the broker's own. It can be given to clients as their dialer, whatever address they ask for.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	near, far := s.pipe()
	if err := s.admit(far, true); err != nil {
		near.Close()
		return nil, err
	}
	return near, nil
}

// errFull is why a connection is refused.
var errFull = errors.New("the broker has as many connections as it may")

// admit serves a connection on goroutines of its own, or closes it. trusted: it is from within the process.
func (s *Server) admit(nc net.Conn, trusted bool) error {
	ip := hostOf(nc.RemoteAddr())
	s.mu.Lock()
	switch {
	case s.ending:
		s.mu.Unlock()
		nc.Close()
		return net.ErrClosed
	case len(s.conns) >= s.cfg.MaxConns, !trusted && s.perIP[ip] >= s.cfg.MaxConnsPerIP:
		s.mu.Unlock()
		s.counts.refused.Add(1)
		s.bad.note("connection refused: too many", "remote", nc.RemoteAddr())
		nc.Close()
		return errFull
	}
	c := newConn(s, nc, ip, trusted)
	s.conns[c] = struct{}{}
	s.perIP[ip]++
	s.open.Add(1)
	s.mu.Unlock()
	s.counts.total.Add(1)
	go func() {
		defer s.open.Done()
		defer s.forget(c)
		c.run()
	}()
	return nil
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.perIP[c.ip]--; s.perIP[c.ip] == 0 {
		delete(s.perIP, c.ip)
	}
}

// end closes all connections: in order within the grace, and then whatever they do.
func (s *Server) end() {
	s.mu.Lock()
	s.ending = true
	for c := range s.conns {
		c.drain()
	}
	s.mu.Unlock()
	late := time.AfterFunc(s.cfg.Grace, func() {
		s.kill()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			c.abort()
		}
	})
	s.open.Wait()
	late.Stop()
	s.kill()
}

// watch closes connections that stall or idle, until ctx ends. One timer for all costs less than deadlines that move with every request.
func (s *Server) watch(ctx context.Context) {
	tick := time.NewTicker(max(min(s.cfg.Stall, s.cfg.Handshake, s.cfg.Idle)/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.mu.Lock()
			for c := range s.conns {
				if why := c.overdue(now); why != "" {
					s.counts.overdue.Add(1)
					s.bad.note("connection closed: "+why, "remote", c.raw.RemoteAddr())
					c.abort()
				}
			}
			s.mu.Unlock()
		}
	}
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// notices are log lines that peers can cause: one a second at most, which says how many were left out.
type notices struct {
	log     *slog.Logger
	last    atomic.Int64
	skipped atomic.Int64
}

func (n *notices) note(text string, args ...any) {
	now, last := time.Now().UnixNano(), n.last.Load()
	if now-last < int64(time.Second) || !n.last.CompareAndSwap(last, now) {
		n.skipped.Add(1)
		return
	}
	n.log.Warn("kafka: "+text, append(args, "more", n.skipped.Swap(0))...)
}
