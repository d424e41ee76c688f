package node

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"millrace/bus"
	"millrace/fault"
)

// figuresEvery is how often sizes and groups are asked for. Members commit every few seconds: more often shows nothing new.
const figuresEvery = 10 * time.Second

// busFigures knows the size of topics, how fast they are written and read, and how far groups are behind, as last
// asked. It holds what there is on the bus and nothing of before: a topic that goes is forgotten.
type busFigures struct {
	bus *bus.Bus
	log *slog.Logger

	mu     sync.Mutex // guards what follows
	topics map[string]topicFigures
	list   []bus.Topic
	groups []bus.Group
	sizes  map[string]map[int32]int64
	at     time.Time
	silent map[string]bool // what was complained of already
}

// topicFigures are those of a topic.
type topicFigures struct {
	end, read int64  // offsets, of all partitions and all groups
	bytes     *int64 // nil: not told
	rates     *topicRates
}

// topicRates are records in a second.
type topicRates struct{ in, out float64 }

func newBusFigures(b *bus.Bus, log *slog.Logger) *busFigures {
	return &busFigures{bus: b, log: log, topics: map[string]topicFigures{}, silent: map[string]bool{}}
}

// run asks until ctx ends. A bus that is away is asked again.
func (f *busFigures) run(ctx context.Context) error {
	tick := time.NewTicker(figuresEvery)
	defer tick.Stop()
	for {
		f.ask(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// ask takes new figures. What the bus does not tell is left out of them, and logged the first time.
func (f *busFigures) ask(ctx context.Context) {
	list, err := f.bus.Topics(ctx)
	if err != nil {
		f.complain(ctx, "topics", err)
		return
	}
	groups, err := f.bus.Groups(ctx)
	f.complain(ctx, "groups", err)
	sizes, err := f.bus.Sizes(ctx)
	f.complain(ctx, "sizes", err)
	f.take(time.Now(), list, groups, sizes)
}

func (f *busFigures) complain(ctx context.Context, what string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		delete(f.silent, what)
		return
	}
	if ctx.Err() != nil || f.silent[what] || fault.KindOf(err) == fault.Unavailable {
		return // a bus that is away is told of by those who need it
	}
	f.silent[what] = true
	f.log.Warn("figures of the bus are not told", "of", what, "error", err)
}

// take keeps figures and how they have moved.
func (f *busFigures) take(now time.Time, list []bus.Topic, groups []bus.Group, sizes map[string]map[int32]int64) {
	read := map[string]int64{}
	for i := range groups {
		for _, p := range groups[i].Partitions {
			read[p.Topic] += max(0, p.Offset)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	since := now.Sub(f.at).Seconds()
	topics := make(map[string]topicFigures, len(list))
	for _, t := range list {
		one := topicFigures{read: read[t.Name]}
		for _, p := range t.Partitions {
			one.end += p.End
		}
		if size, ok := sizes[t.Name]; ok {
			n := bus.TotalBytes(size)
			one.bytes = &n
		}
		if before, ok := f.topics[t.Name]; ok && since > 0 {
			// A topic made anew and a group put back go backwards: that is no rate.
			one.rates = &topicRates{in: max(0, float64(one.end-before.end)/since), out: max(0, float64(one.read-before.read)/since)}
		}
		topics[t.Name] = one
	}
	f.topics, f.list, f.groups, f.sizes, f.at = topics, list, groups, sizes, now
}

// of returns the figures of a topic; zero: not known.
func (f *busFigures) of(topic string) topicFigures {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.topics[topic]
}

// now are the topics, groups and sizes as last asked. They must not be written to.
func (f *busFigures) now() ([]bus.Topic, []bus.Group, map[string]map[int32]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list, f.groups, f.sizes
}
