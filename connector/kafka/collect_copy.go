package kafka

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
)

const (
	// lookEvery is how often a collector looks for new topics and partitions, and how much waits.
	lookEvery = 5 * time.Second
	// lookFor is how long the cluster may take to say that: what waits for a broker that is away shall be seen to wait.
	lookFor = 5 * time.Second
	// The bounds of one append; a fetch is read in as many as it needs.
	copyRecords = 5000
	copyBytes   = 4 << 20
	// previewed is how many records before the end a preview begins.
	previewed = 10
)

// copying is one Collect.
type copying struct {
	*collector
	site   connector.Site
	bus    *bus.Bus
	reader *bus.Reader
	at     offsetsNoted
	first  bool // no position was noted yet
	parts  []*bus.Partition
	warned map[string]bool
	looped bool // it was warned of records of our own

	records []connector.Record
	memory  []byte // of what records hold
	bytes   int
}

func (c *copying) run(ctx context.Context) error {
	if err := c.look(ctx); err != nil {
		return err
	}
	next := time.Now().Add(lookEvery)
	for {
		wait, cancel := context.WithDeadline(ctx, next)
		f, err := c.reader.Poll(wait)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			err = c.fill(ctx, f)
		case errors.Is(err, context.DeadlineExceeded):
			err = nil
		default:
			err = c.mend(err)
		}
		if err != nil {
			return err
		}
		if time.Now().After(next) {
			if err := c.look(ctx); err != nil {
				return err
			}
			next = time.Now().Add(lookEvery)
		}
	}
}

// fill appends the records of a fetch and of others that have come meanwhile.
func (c *copying) fill(ctx context.Context, f *bus.Fetch) error {
	if err := c.take(ctx, f); err != nil {
		return err
	}
	for _, p := range c.parts {
		if len(c.records) >= copyRecords/2 || c.bytes >= copyBytes/2 {
			break
		}
		if !p.Ready() {
			continue
		}
		more, err := p.Poll(ctx)
		if err == nil {
			err = c.take(ctx, more)
		} else if ctx.Err() == nil {
			err = c.mend(err)
		}
		if err != nil {
			return err
		}
	}
	return c.flush(ctx)
}

// take copies the records of a fetch, and flushes whenever there are enough.
func (c *copying) take(ctx context.Context, f *bus.Fetch) error {
	at := c.at.of(f.Topic, f.Partition)
	for f.Next() {
		raw := &f.Raw
		*at = raw.Offset + 1
		if c.own(f) {
			continue
		}
		c.records = append(c.records, connector.Record{
			Key: c.keep(raw.Key), Value: c.keep(raw.Value), Time: time.UnixMilli(raw.Time), Headers: c.headers(f),
		})
		c.bytes += len(raw.Key) + len(raw.Value)
		if len(c.records) >= copyRecords || c.bytes >= copyBytes {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	*at = f.After
	return nil
}

// own reports whether this source brought a record itself: it reads what it writes, or a mirror of it, and without a stop
// each record would come back for ever.
func (c *copying) own(f *bus.Fetch) bool {
	for name, value := range f.Raw.Headers() {
		if name != "millrace.source" || string(value) != c.site.Name() {
			continue
		}
		if !c.looped {
			c.looped = true
			c.site.Warn(fault.New(fault.Invalid, "topic %s holds records that this source brought: they are passed over", f.Topic).
				WithHint("read topics of another cluster, or fill another topic than those that are read"))
		}
		return true
	}
	return false
}

// keep copies bytes that hold until the next record only; nil stays nil, as a value of nil is a tombstone.
func (c *copying) keep(p []byte) []byte {
	if p == nil {
		return nil
	}
	start := len(c.memory)
	c.memory = append(c.memory, p...)
	return c.memory[start:len(c.memory):len(c.memory)]
}

func (c *copying) headers(f *bus.Fetch) []connector.Header {
	all := []connector.Header{
		{Name: "millrace.source", Value: []byte(c.site.Name())},
		{Name: "kafka.topic", Value: []byte(f.Topic)},
		{Name: "kafka.partition", Value: strconv.AppendInt(nil, int64(f.Partition), 10)},
		{Name: "kafka.offset", Value: strconv.AppendInt(nil, f.Raw.Offset, 10)},
	}
	for name, value := range f.Raw.Headers() {
		all = connector.AddHeader(all, name, c.keep(value))
	}
	return all
}

// flush appends what was taken together with the offsets behind it.
func (c *copying) flush(ctx context.Context) error {
	if len(c.records) == 0 {
		return nil
	}
	batch := connector.Bounded(c.records)
	batch.Position = c.at.bytes()
	if err := c.site.AppendAt(ctx, c.to, batch); err != nil {
		return err
	}
	clear(c.records)
	c.records, c.memory, c.bytes = c.records[:0], c.memory[:0], 0
	return nil
}

// mend goes on behind records that are gone. Other errors end Collect.
func (c *copying) mend(err error) error {
	var gone *bus.OutOfRange
	if !errors.As(err, &gone) {
		return err
	}
	i := slices.IndexFunc(c.parts, func(p *bus.Partition) bool { return p.Topic == gone.Topic && p.ID == gone.Partition })
	if i < 0 {
		return err
	}
	start := max(gone.Start, 0)
	c.site.Warn(fault.New(fault.NotFound, "%w; reading on at %d", gone, start).
		WithHint("the other cluster has deleted records before they were read, or the topic was made anew"))
	*c.at.of(gone.Topic, gone.Partition) = start
	c.parts[i].SeekTo(start)
	return nil
}

// look finds new topics and partitions, and how many records wait.
func (c *copying) look(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, lookFor)
	found, missing, err := c.find(asking, c.bus)
	cancel()
	switch {
	case err != nil && asking.Err() != nil && ctx.Err() == nil:
		return fault.New(fault.Unavailable, "ask Kafka at %s for its topics: no answer within %s", strings.Join(c.cfg.Seeds, ", "), lookFor).
			WithHint("check that a broker listens there")
	case err != nil:
		return err
	}
	for _, name := range missing {
		c.at.know(name)
		c.warn(name, "the cluster has no topic %s: waiting for it", name)
	}
	if len(found)+len(missing) == 0 {
		c.warn("", "the cluster has no topic that matches %s: waiting for one", c.pattern)
	}
	var lag int64
	added := false
	for _, t := range found {
		known := c.at.know(t.Name)
		for _, p := range t.Partitions {
			at := c.at.of(t.Name, p.ID)
			if *at < 0 {
				*at = c.begin(p, known)
				added = true
			}
			if !slices.ContainsFunc(c.parts, func(r *bus.Partition) bool { return r.Topic == t.Name && r.ID == p.ID }) {
				c.parts = append(c.parts, c.reader.Add(t.Name, p.ID, *at))
			}
			lag += max(0, p.Stable-*at)
		}
	}
	c.site.SetLag(lag)
	first := c.first
	c.first = false
	// Where latest was is noted at once: what comes from now on is not lost by a restart.
	if (added || first) && !c.site.Preview() {
		return c.site.AppendAt(ctx, c.to, connector.Batch{Position: c.at.bytes()})
	}
	return nil
}

// begin is where a partition is read first. One that came after the source had begun holds nothing old.
func (c *copying) begin(p bus.PartitionOffsets, known bool) int64 {
	switch {
	case c.site.Preview():
		return max(p.Start, p.Stable-previewed)
	case c.latest && !known && (c.first || c.pattern == nil):
		return p.Stable
	}
	return p.Start
}

// warn tells the site once.
func (c *copying) warn(about, format string, args ...any) {
	if !c.warned[about] {
		c.warned[about] = true
		c.site.Warn(fault.New(fault.NotFound, format, args...))
	}
}
