package node

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
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
	events *arrivals
	pool   sync.Pool // of *[]bus.Record
}

func newIntake(b *bus.Bus, name string, events *arrivals) *intake {
	return &intake{bus: b, name: name, events: events, pool: sync.Pool{New: func() any { return new([]bus.Record) }}}
}

// Append implements connector.Out.
func (in *intake) Append(ctx context.Context, topic string, records []connector.Record) error {
	buf := in.pool.Get().(*[]bus.Record)
	defer in.pool.Put(buf)
	recs := (*buf)[:0]
	for i := range records {
		r := &records[i]
		recs = append(recs, recordOf(topic, r))
	}
	*buf = recs
	if err := in.bus.Append(ctx, recs); err != nil {
		return err
	}
	if strings.HasSuffix(topic, connector.DeadSuffix) {
		in.events.refused.Add(int64(len(records)))
		return nil
	}
	in.events.seen(in.name, len(records))
	return nil
}

// arrivals remembers when each source last delivered.
type arrivals struct {
	counts  telemetry.CounterSet
	refused atomic.Int64 // records that could not be read

	mu   sync.Mutex // guards last
	last map[string]time.Time
}

// activeFor is how long after its last record a source counts as active.
const activeFor = time.Minute

func (s *arrivals) seen(name string, n int) {
	s.counts.With(name).Add(float64(n))
	if name == platformSource {
		return // its own figures are no data of anyone's
	}
	s.mu.Lock()
	s.last[name] = time.Now()
	s.mu.Unlock()
}

// active counts the sources that delivered within activeFor, and forgets the others.
func (s *arrivals) active() int {
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
func collect(ctx context.Context, log *slog.Logger, c connector.Collector, at *site) {
	const first, last = time.Second, time.Minute
	defer at.close()
	wait := first
	for {
		began := time.Now()
		at.figures.runs(true)
		err := c.Collect(ctx, at)
		at.figures.runs(false)
		if err == nil && ctx.Err() == nil {
			at.figures.end()
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		if time.Since(began) > last {
			wait = first
		}
		at.figures.failed(err)
		log.Warn("source stopped and is tried again", "source", at.label, "error", err, "wait", wait)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, last)
	}
}
