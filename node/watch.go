package node

import (
	"context"
	"strings"
	"sync"
	"time"

	"millrace/bus"
	"millrace/connector"
	"millrace/telemetry"
)

// topicWatch looks at the topics once a second: how many records have come in, and where from. What
// pipelines and dead letters write is derived, and does not count.
type topicWatch struct {
	bus   *bus.Bus
	pipes *pipelines
	rate  *telemetry.Meter

	mu     sync.Mutex // guards what follows
	topics []bus.Topic
	total  int64
	moved  map[string]time.Time // when a topic last grew
}

func newTopicWatch(b *bus.Bus, p *pipelines) *topicWatch {
	return &topicWatch{bus: b, pipes: p, rate: telemetry.NewMeter(), moved: map[string]time.Time{}}
}

func (w *topicWatch) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	ends := map[string]int64{}
	first := true
	for {
		if topics, err := w.bus.Topics(ctx); err == nil {
			w.take(topics, ends, first)
			first = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *topicWatch) take(topics []bus.Topic, ends map[string]int64, first bool) {
	derived := w.pipes.outputs()
	derived[platformTopic] = true
	w.mu.Lock()
	defer w.mu.Unlock()
	w.topics = topics
	w.total = 0
	for _, t := range topics {
		if t.Internal || strings.HasPrefix(t.Name, "__") || strings.HasSuffix(t.Name, connector.DeadSuffix) || derived[t.Name] {
			continue
		}
		end := int64(0)
		for _, p := range t.Partitions {
			end += p.End
		}
		w.total += end
		if grown := end - ends[t.Name]; grown > 0 && !first {
			w.rate.Add(int(grown))
			w.moved[t.Name] = time.Now()
		}
		ends[t.Name] = end
	}
}

// list is the topics as last seen.
func (w *topicWatch) list() []bus.Topic {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.topics
}

// figures are the records taken in so far and how many a second now.
func (w *topicWatch) figures() (total int64, rate float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.total, w.rate.Rate()
}

// external counts the topics that grew within activeFor without one of our own sources writing them.
func (w *topicWatch) external(own map[string]bool) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for topic, at := range w.moved {
		if !own[topic] && time.Since(at) < activeFor {
			n++
		}
	}
	return n
}
