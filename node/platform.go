package node

import (
	"context"
	"encoding/json"
	"time"

	"millrace/connector"
	"millrace/option"
)

// platformTopic is where the platform tells its own figures, as any other source does: so they are stored,
// charted and watched by alert rules like the rest.
const (
	platformTopic  = "metrics.platform"
	platformSource = "platform"
)

// platformSpec is the source of the platform's own figures, each as a metric with the replica as tag host:
//
//	processing_latency   ms from a record's arrival on the bus to its being served, mean over the last minute
//	error_rate           percent of the records of the last minute that could not be read or kept
//	events_per_second    records taken in, mean over the last five seconds
//	active_sources       sources that delivered within the last minute
func (n *Node) platformSpec() connector.Spec {
	return connector.Spec{
		Name: platformSource, Local: true,
		Doc: "The platform's own figures: processing_latency, error_rate, events_per_second, active_sources.",
		Options: []option.Option{
			{Name: "topic", Default: platformTopic, Doc: "The topic to fill."},
		},
		Collect: func(v option.Values) (connector.Collector, error) {
			return &platform{node: n, topic: v.String("topic")}, nil
		},
	}
}

// platform tells the node's figures once a second.
type platform struct {
	node  *Node
	topic string
	marks []tally // one a second, of the last minute
}

// tally is what was taken in and what could not be, since the process started.
type tally struct{ taken, turnedAway, failed int64 }

// Collect implements connector.Collector.
func (p *platform) Collect(ctx context.Context, out connector.Site) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		records, err := p.records(time.Now())
		if err != nil {
			return err
		}
		if err := out.Append(ctx, p.topic, records); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *platform) records(now time.Time) ([]connector.Record, error) {
	n := p.node
	s := n.summary()
	tags := map[string]string{"host": n.replica()}
	var out []connector.Record
	for _, figure := range []struct {
		name  string
		value float64
	}{
		{"processing_latency", s.LatencyMS},
		{"error_rate", p.errorRate(n.tally())},
		{"events_per_second", s.EventsPerSecond},
		{"active_sources", float64(s.ActiveSources)},
	} {
		text, err := json.Marshal(map[string]any{
			"timestamp": now.UTC().Truncate(time.Second), "metric": figure.name, "value": figure.value, "tags": tags,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, connector.Record{Key: []byte(figure.name), Value: text})
	}
	return out, nil
}

// errorRate is the share of the last minute's records that failed, in percent.
func (p *platform) errorRate(now tally) float64 {
	const minute = 60
	p.marks = append(p.marks, now)
	if len(p.marks) > minute {
		p.marks = p.marks[1:]
	}
	was := p.marks[0]
	came := now.taken - was.taken + now.turnedAway - was.turnedAway
	failed := now.turnedAway - was.turnedAway + now.failed - was.failed
	if came <= 0 || failed <= 0 {
		return 0
	}
	return min(100, 100*float64(failed)/float64(came))
}

// tally counts: turned away is what sources and protocols could not read, so that it did not get onto the
// bus; failed is what pipelines and the store could not.
func (n *Node) tally() tally {
	taken, _ := n.topics.figures()
	t := tally{taken: taken, turnedAway: n.events.refused.Load(), failed: n.storeRefused.Load()}
	for _, f := range n.jobFigures() {
		t.failed += int64(f.dead)
	}
	return t
}
