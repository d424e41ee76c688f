// Package influx keeps points in an InfluxDB 2.7 as the warm store, and answers queries from it.
//
// # Writing
//
// Write takes rows as store.Append does and returns when InfluxDB has acknowledged them, so that its
// caller may then commit its position: nothing is lost. Rows are written as line protocol, gathered over
// all callers by rows, bytes and time, compressed, and tried again with backoff until InfluxDB answers.
// A row is known by its series and time, so that writing it again changes nothing. Rows that InfluxDB
// refuses for good, as their field has another type there, are found in their batch and returned, and all
// others are written.
//
// # Reading
//
// Select gives the answers of store.Select. It asks in InfluxQL, which InfluxDB 2.7 answers beside Flux,
// because a query here wants rows: InfluxQL joins the fields of a row and filters it by all of them where
// it lies, and takes the newest rows from the end. In Flux that is a pivot, which holds the whole range in
// the server's memory before the first filter. Values go as parameters, names are quoted.
//
// # Caveats
//
//   - Two rows of the same measurement, tags and time are one row: tags must tell rows apart.
//   - Integers are written as such until the field turns out to be a float; then they are floats. A float
//     without a fraction is written to a field that is an integer.
//   - Instants that are fields are text, as InfluxDB has none: in RFC 3339, as JSON has them.
//   - An empty tag is none, NaN and infinities are NULL, names and values of tags cannot end in a
//     backslash, times are of the years 1677 to 2262. A row that would be lost by it is refused.
//   - Names of columns are told apart by case when they are written, and are found in any case.
//
// There is no client library: three requests by net/http are all there is to it, and the rows come as
// columns, which a library would want as objects.
package influx

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/fault"
	"millrace/telemetry"
)

// Config are the settings. The zero value of each means the default in its comment.
type Config struct {
	// URL is http(s)://[user:password@]host:port, with ?org=…&bucket=… if they are not given apart.
	URL string
	// Token is an API token that may read and write the bucket. Without it, user and password of the
	// URL sign in and make one.
	Token telemetry.Secret
	// Org may be left out if the token's owner has only one; so may Bucket, if there is only one or
	// none: then it is "millrace", which is made.
	Org, Bucket string
	// BatchRows and BatchBytes bound one request: 5,000 rows, 1 MiB. Linger is how long rows wait for
	// others: 20 ms. Senders is how many requests run at a time: 2.
	BatchRows, BatchBytes int
	Linger                time.Duration
	Senders               int
	// WriteTimeout bounds one attempt of a request to write: 10 s. QueryTimeout bounds a Select: 30 s.
	WriteTimeout, QueryTimeout time.Duration
	// LongestWait bounds the backoff between attempts: 10 s.
	LongestWait time.Duration
	// SchemaFor is how long names of columns that others write may be unknown here: 5 s.
	SchemaFor time.Duration
	// Log gets when InfluxDB goes away and comes back; nil discards it.
	Log *slog.Logger
}

func (c *Config) fillIn() {
	setDefault(&c.BatchRows, 5000)
	setDefault(&c.BatchBytes, 1<<20)
	setDefault(&c.Linger, 20*time.Millisecond)
	setDefault(&c.Senders, 2)
	setDefault(&c.WriteTimeout, 10*time.Second)
	setDefault(&c.QueryTimeout, 30*time.Second)
	setDefault(&c.LongestWait, 10*time.Second)
	setDefault(&c.SchemaFor, 5*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// DB is an InfluxDB. Open makes it; its owner calls Run. All methods may be called concurrently.
type DB struct {
	cfg     Config
	server  server
	http    *http.Client
	queue   chan *parcel
	stopped chan struct{} // closed when Run has ended
	kinds   kinds
	schemas schemas

	mu   sync.Mutex // guards what follows
	away error      // nil: the last request went well
	home home

	written, refused, retries, requests, queries atomic.Int64
	pending                                      atomic.Int64
}

// home is where points are kept, as far as it is known.
type home struct {
	token       telemetry.Secret
	orgID       string
	org, bucket string
}

// Stats are figures since Open.
type Stats struct {
	Pending  int64 // rows that wait to be acknowledged
	Written  int64 // rows
	Refused  int64 // rows
	Requests int64 // to write
	Retries  int64
	Queries  int64
}

// Open checks the settings; it does not connect.
func Open(cfg Config) (*DB, error) {
	cfg.fillIn()
	srv, err := parseURL(&cfg)
	if err != nil {
		return nil, err
	}
	db := &DB{
		cfg: cfg, server: srv, http: newHTTP(cfg), queue: make(chan *parcel), stopped: make(chan struct{}),
		home:    home{token: cfg.Token, org: cfg.Org, bucket: cfg.Bucket},
		kinds:   kinds{floats: map[fieldKey]bool{}},
		schemas: schemas{known: map[string]*schemaEntry{}},
	}
	db.away = fault.New(fault.Unavailable, "influxdb %s: not connected yet", srv.host)
	return db, nil
}

// Reachable returns why InfluxDB is away or refuses us, or nil.
func (db *DB) Reachable() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.away
}

// Stats returns the figures of now.
func (db *DB) Stats() Stats {
	return Stats{
		Pending: db.pending.Load(), Written: db.written.Load(), Refused: db.refused.Load(),
		Requests: db.requests.Load(), Retries: db.retries.Load(), Queries: db.queries.Load(),
	}
}

// Run finds or makes the bucket and sends what Write hands over, until ctx ends. It is called once.
func (db *DB) Run(ctx context.Context) error {
	defer close(db.stopped)
	wait := backoff{longest: db.cfg.LongestWait}
	for {
		err := db.Ensure(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		db.note(err)
		if err == nil {
			break
		}
		if err := wait.sleep(ctx, 0); err != nil {
			return err
		}
	}
	batches := make(chan *batch)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return db.gather(ctx, batches) })
	for range db.cfg.Senders {
		g.Go(func() error { return newSender(db).run(ctx, batches) })
	}
	g.Go(func() error { return db.watch(ctx) })
	return g.Wait()
}

// watchEvery is how often InfluxDB is asked for its health, so that Reachable is right while nothing is
// written.
const watchEvery = 5 * time.Second

func (db *DB) watch(ctx context.Context) error {
	for {
		if err := sleep(ctx, watchEvery); err != nil {
			return err
		}
		err := db.ping(ctx)
		if ctx.Err() == nil && (err != nil || isAway(db.Reachable())) {
			db.note(err)
		}
	}
}

// note keeps account of how a request went.
func (db *DB) note(err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err == nil {
		if db.away != nil {
			db.cfg.Log.Info("influxdb is reached", "address", db.server.host)
		}
		db.away = nil
		return
	}
	if db.away == nil {
		db.cfg.Log.Warn("influxdb is away: what is to be written waits", "address", db.server.host, "error", err)
	}
	db.away = fmt.Errorf("influxdb %s: %w", db.server.host, err)
}

func (db *DB) where() home {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.home
}
