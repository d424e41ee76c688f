// Package host measures the machine it runs on: processor, memory, disks, network, load, file systems
// and processes. It is the source that needs no configuration.
//
// Each tick is one append of DataPoint records {timestamp, metric, value, tags}, keyed by metric. What
// grows (bytes, processor time) is turned into a rate since the tick before; a counter that went back,
// because a device was plugged in anew, gives no rate that once. What cannot be read, as in a container
// or without permission, is left out and said once at debug; it never stops the others.
//
// Rates are of the whole machine, also inside a container. process_cpu is in percent of one core, as top
// shows it, so that it may exceed 100. Processes and file systems are looked at every five seconds, and
// what was seen then is said again at the ticks in between.
package host

import (
	"context"
	"log/slog"
	"os"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

const (
	// firstSample is how long the first rates are measured, so that figures are there at once.
	firstSample = 250 * time.Millisecond

	// slowInterval is how often processes and file systems are looked at: a look at a few hundred
	// processes costs more than all else together.
	slowInterval = 5 * time.Second

	// shortestInterval keeps this cheap, and rates meaningful: processor time comes in steps of 10 ms.
	shortestInterval = 100 * time.Millisecond
)

// Spec returns the connector. log hears, at debug, what this machine does not tell.
func Spec(log *slog.Logger) connector.Spec {
	return connector.Spec{
		Name:    "host",
		Local:   true,
		Doc:     "Processor, memory, disks, network, load, file systems and processes of the machine itself.",
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) {
			c := collector{
				interval: v.Duration("interval"),
				topic:    v.String("topic"),
				top:      int(v.Int("processes")),
				machine:  thisMachine(),
				hostname: os.Hostname,
				now:      time.Now,
				log:      log,
			}
			if c.interval < shortestInterval {
				return nil, fault.New(fault.Invalid, "interval %s of connector %q is shorter than %s", c.interval, "host", shortestInterval)
			}
			if c.top < 0 {
				return nil, fault.New(fault.Invalid, "processes %d of connector %q is less than nothing", c.top, "host")
			}
			return &c, nil
		},
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: "interval", Kind: option.Duration, Default: "1 s", Doc: "How often to measure; ticks fall on multiples of it."},
		{Name: "topic", Default: "metrics.host", Doc: "The topic to fill."},
		{Name: "processes", Kind: option.Int, Default: "5", Doc: "How many processes to show, those that use most of the processor."},
	}
}

// collector measures in one goroutine at a time.
type collector struct {
	interval time.Duration
	topic    string
	top      int
	machine  machine
	hostname func() (string, error)
	now      func() time.Time
	log      *slog.Logger
}

// Collect measures until ctx ends or the bus fails.
func (c *collector) Collect(ctx context.Context, out connector.Site) error {
	name, err := c.hostname()
	if err != nil {
		c.log.Debug("host not measured in part", "part", "hostname", "error", err)
		name = "localhost"
	}
	m := newMeter(c.machine, c.top, c.log)
	p := newPoints(name)
	m.prime(ctx, c.now())

	timer := time.NewTimer(firstSample)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := c.now()
		p.begin(c.stamp(now))
		m.measure(ctx, now, p)
		if ctx.Err() != nil {
			return nil
		}
		if err := out.Append(ctx, c.topic, p.records()); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		timer.Reset(c.untilNext(c.now()))
	}
}

// stamp is the time that points of a tick get: the multiple of the interval if the tick came shortly
// behind it, so that points of several hosts fall together.
func (c *collector) stamp(now time.Time) time.Time {
	const late = 20 // parts of the interval
	now = now.UTC()
	if aligned := now.Truncate(c.interval); now.Sub(aligned) < c.interval/late {
		return aligned
	}
	return now
}

// untilNext is how long to wait for the next multiple of the interval. One that is too near is left
// out, as rates over so short a time mean little.
func (c *collector) untilNext(now time.Time) time.Duration {
	wait := now.Truncate(c.interval).Add(c.interval).Sub(now)
	if wait < c.interval/4 {
		wait += c.interval
	}
	return wait
}
