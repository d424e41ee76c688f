// Package host collects what the machine itself does: CPU, memory, disks, network, load, file systems and
// the busiest processes. It is the source that is there without being configured.
//
// Each second, on the second, one Append brings all metrics as JSON DataPoints to one topic. What the
// machine does not tell (a container may hide nearly everything) is left out and asked for again at the
// next tick; nothing of it ends the collector. Rates need two readings, so a short first interval gives
// the first values well within a second of the start.
package host

import (
	"context"
	"os"
	"time"

	"millrace/connector"
	"millrace/option"
)

// Spec returns the connector as configuration sees it.
func Spec() connector.Spec {
	return connector.Spec{
		Name: "host",
		Doc:  "Metrics of the machine that this process runs on.",
		Options: []option.Option{
			{Name: "topic", Default: "metrics.host", Doc: "The topic that the DataPoints go to."},
			{Name: "interval", Kind: option.Duration, Default: "1 s", Doc: "How often the metrics are taken."},
			{Name: "process-interval", Kind: option.Duration, Default: "5 s", Doc: "How often processes and file systems, which cost more to read, are looked at."},
			{Name: "host", Doc: "The value of the tag host; by default the name of the machine."},
		},
		Collect: func(v option.Values) (connector.Collector, error) {
			name := v.String("host")
			if name == "" {
				var err error
				if name, err = os.Hostname(); err != nil {
					name = "localhost"
				}
			}
			return &collector{
				topic: v.String("topic"), interval: max(v.Duration("interval"), minInterval), slow: v.Duration("process-interval"), host: name,
			}, nil
		},
	}
}

const (
	// minInterval keeps a mistaken setting from burning a core.
	minInterval = 100 * time.Millisecond

	// firstInterval is long enough for CPU counters, which step 10 ms at a time, to mean something.
	firstInterval = 250 * time.Millisecond
)

// collector is a connector.Collector.
type collector struct {
	topic    string
	interval time.Duration
	slow     time.Duration
	host     string
}

// Collect implements connector.Collector.
func (c *collector) Collect(ctx context.Context, out connector.Out) error {
	s := newSampler(c.host, c.slow)
	s.sample(ctx, time.Now())
	next := time.Now().Add(firstInterval)
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		s.sample(ctx, time.Now())
		records := s.records(next)
		if ctx.Err() != nil {
			return nil // the readings may have been cut short
		}
		if err := out.Append(ctx, c.topic, records); err != nil {
			return err
		}
		// A tick that was missed, as after the machine slept, is not made up for.
		next = time.Now().Truncate(c.interval).Add(c.interval)
		timer.Reset(time.Until(next))
	}
}
