// Package redis shares the newest values of all series between replicas through Redis: the latest value
// of each and a short ring of its last points.
//
// The values in this process (store/hot) come first. The storing loop writes to them and to nothing else,
// so that Redis can neither slow it nor stop it. Run takes what changed from them several times a second
// and writes it to Redis; while Redis is away the marks of what changed stay, bounded by the number of
// series, and when it is back the newest values of all of them are written. A Redis that comes back empty
// is filled again. Readers get the newest of both, and what this process has while Redis is away.
//
// A write compares times in Redis, in a script: an older value never takes the place of a newer one,
// whichever replica writes it and when. Everything lives only for Config.Keep.
//
// Keys, where p is Config.Prefix and {m} the metric, in braces so that a cluster keeps them together:
//
//	p:latest:{m}       hash: tags -> "time value"
//	p:ring:{m}:tags    sorted set by time of "time value"
//	p:metrics          sorted set of the metrics, by when they were last written, in ms
//	p:filled:replica   there while what this replica has written is still there
package redis

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"millrace/fault"
	"millrace/store/hot"
)

// Config are the settings. The zero value of each means the default in its comment.
type Config struct {
	// Address is redis://[user][:password]@host:port/db, rediss:// for TLS, host:port or host.
	Address string
	// Keep is how long values live after the last write: 10 minutes. Give hot.Options the same.
	Keep time.Duration
	// MaxPoints is how many points the ring of a series has in Redis: 120. Redis keeps a sorted set
	// of up to 128 small entries in a tenth of the memory of a larger one.
	MaxPoints int
	// Prefix is what the keys begin with: "millrace:hot".
	Prefix string
	// Every is how often what changed is written: 200 ms.
	Every time.Duration
	// Timeout bounds a write: 2 s. ReadTimeout bounds a read, after which the values of this process
	// are all there is: 250 ms.
	Timeout     time.Duration
	ReadTimeout time.Duration
	// Log gets when Redis goes away and comes back; nil discards it.
	Log *slog.Logger
	// Now tells the time, for tests; nil is time.Now.
	Now func() time.Time
}

func (c *Config) fillIn() {
	setDefault(&c.Keep, 10*time.Minute)
	setDefault(&c.MaxPoints, 120)
	setDefault(&c.Prefix, "millrace:hot")
	setDefault(&c.Every, 200*time.Millisecond)
	setDefault(&c.Timeout, 2*time.Second)
	setDefault(&c.ReadTimeout, 250*time.Millisecond)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Hot is the values of this process together with those in Redis. Open makes it; its owner calls Run.
type Hot struct {
	cfg     Config
	addr    address
	local   *hot.Hot
	replica string

	mu      sync.Mutex // guards what follows
	client  rueidis.Client
	away    error // nil: the last operation went well
	written int64
	errors  int64
	fills   int64
	reads   int64
	missed  int64

	pending atomic.Int64 // series taken and not acknowledged
}

var _ hot.Reader = (*Hot)(nil)

// Stats are figures since Open. The queue is the account of changed series.
type Stats struct {
	Queued  int   // series with points that Redis does not have yet
	Dropped int64 // points that left the ring of this process before Redis had them
	Written int64 // points
	Errors  int64 // failed operations
	Fills   int64 // times that everything was written, as Redis was empty
	Reads   int64
	Missed  int64 // reads answered from this process alone, as Redis was away
}

// Open checks the settings; it does not connect. local must have been made with Options.Track.
func Open(cfg Config, local *hot.Hot) (*Hot, error) {
	cfg.fillIn()
	addr, err := parseAddress(cfg.Address)
	if err != nil {
		return nil, err
	}
	h := &Hot{cfg: cfg, addr: addr, local: local, replica: rand.Text()}
	h.away = fault.New(fault.Unavailable, "redis %s: not connected yet", addr.host)
	return h, nil
}

// Reachable returns why Redis is away, or nil.
func (h *Hot) Reachable() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.away
}

// Stats returns the figures of now.
func (h *Hot) Stats() Stats {
	local := h.local.Stats()
	h.mu.Lock()
	defer h.mu.Unlock()
	return Stats{
		Queued: local.Changed + int(h.pending.Load()), Dropped: local.Missed, Written: h.written,
		Errors: h.errors, Fills: h.fills, Reads: h.reads, Missed: h.missed,
	}
}

// Backoff between attempts to connect or to write: doubling, with jitter, so that replicas do not come
// all at once.
const (
	firstWait   = 100 * time.Millisecond
	longestWait = 5 * time.Second
)

// Run connects, writes what changes and removes what has stopped, until ctx ends.
func (h *Hot) Run(ctx context.Context) error {
	client, err := h.connect(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.client = client
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		h.client = nil
		h.away = fault.New(fault.Unavailable, "redis %s: stopped", h.addr.host)
		h.mu.Unlock()
		client.Close()
	}()
	return newWriter(h, client).run(ctx)
}

func (h *Hot) connect(ctx context.Context) (rueidis.Client, error) {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		client, err := rueidis.NewClient(h.options())
		h.note(err)
		if err == nil {
			return client, nil
		}
		if err := sleep(ctx, jittered(wait)); err != nil {
			return nil, err
		}
	}
}

func (h *Hot) options() rueidis.ClientOption {
	return rueidis.ClientOption{
		InitAddress: []string{h.addr.host}, Username: h.addr.user, Password: h.addr.password.Reveal(),
		SelectDB: h.addr.db, TLSConfig: h.addr.tls, ClientName: "millrace",
		Dialer:           net.Dialer{Timeout: h.cfg.Timeout, KeepAlive: time.Second},
		ConnWriteTimeout: h.cfg.Timeout,
		// Values change all the time: caching them on this side would only cost invalidations.
		DisableCache: true,
		// What is retried, and how long, is decided here: readers do not wait, the writer goes on.
		DisableRetry: true,
	}
}

// note keeps account of how an operation went.
func (h *Hot) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		if h.away != nil {
			h.cfg.Log.Info("redis is reached", "address", h.addr.host)
		}
		h.away = nil
		return
	}
	if h.away == nil {
		h.cfg.Log.Warn("redis is away: latest values are those of this replica", "address", h.addr.host, "error", err)
	}
	h.errors++
	h.away = fault.New(fault.Unavailable, "redis %s: %w", h.addr.host, err)
}

func jittered(d time.Duration) time.Duration { return d/2 + mathrand.N(d) }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
