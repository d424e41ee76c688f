package node

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"millrace/bus"
	"millrace/connector"
	"millrace/telemetry"
)

// intake is the door through which collectors and ingest protocols hand records to the bus. It counts
// what comes in, by source.
type intake struct {
	bus    *bus.Bus
	name   string
	events *sources
	pool   sync.Pool // of *[]bus.Record
}

func newIntake(b *bus.Bus, name string, events *sources) *intake {
	return &intake{bus: b, name: name, events: events, pool: sync.Pool{New: func() any { return new([]bus.Record) }}}
}

// Append implements connector.Out.
func (in *intake) Append(ctx context.Context, topic string, records []connector.Record) error {
	buf := in.pool.Get().(*[]bus.Record)
	defer in.pool.Put(buf)
	recs := (*buf)[:0]
	for i := range records {
		r := &records[i]
		rec := bus.Record{Topic: topic, Key: r.Key, Value: r.Value, Timestamp: r.Time}
		for _, h := range r.Headers {
			rec.Headers = append(rec.Headers, bus.Header{Key: h.Name, Value: h.Value})
		}
		recs = append(recs, rec)
	}
	*buf = recs
	if err := in.bus.Append(ctx, recs); err != nil {
		return err
	}
	in.events.seen(in.name, len(records))
	return nil
}

// sources remembers when each source last delivered.
type sources struct {
	counts telemetry.CounterSet

	mu   sync.Mutex // guards last
	last map[string]time.Time
}

// activeFor is how long after its last record a source counts as active.
const activeFor = time.Minute

func (s *sources) seen(name string, n int) {
	s.counts.With(name).Add(float64(n))
	s.mu.Lock()
	s.last[name] = time.Now()
	s.mu.Unlock()
}

// active counts the sources that delivered within activeFor, and forgets the others.
func (s *sources) active() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, at := range s.last {
		if time.Since(at) > activeFor {
			delete(s.last, name)
		}
	}
	return len(s.last)
}

// collect runs one collector until ctx ends or it is done for good, and again, with backoff and
// jitter, whenever it breaks.
func collect(ctx context.Context, log *slog.Logger, name string, c connector.Collector, out connector.Out) {
	const first, last = time.Second, time.Minute
	wait := first
	for {
		began := time.Now()
		err := c.Collect(ctx, out)
		if err == nil || ctx.Err() != nil {
			return
		}
		if time.Since(began) > last {
			wait = first
		}
		log.Warn("source stopped and is tried again", "source", name, "error", err, "wait", wait)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, last)
	}
}
