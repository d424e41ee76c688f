// Package demo feeds the sensor pipeline with made-up readings until real ones come, so that a fresh
// start has something to show.
//
// Every record carries the header millrace-demo, so that nobody takes it for a measurement. Eight
// sensors send in turn, about twenty readings a second, in the article's shape and degrees Fahrenheit;
// about one in fifty is null, broken or of the wrong type, as real sensors are.
package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"millrace/connector"
	"millrace/option"
)

// Header is the name of the header that marks a made-up record; its value is "1".
const Header = "millrace-demo"

const (
	// interval and perTick make twenty readings a second, often enough for a screen that is drawn live.
	interval = 200 * time.Millisecond
	perTick  = 4

	// jitter is how far an event time lies back at most: less than the pipeline's watermark waits.
	jitter = time.Second
)

// Spec returns the generator. realData says whether the topic has got records of someone else; once it
// does, Collect returns nil and has nothing more to do.
func Spec(realData func() bool) connector.Spec {
	return connector.Spec{
		Name:    "demo",
		Doc:     "Made-up sensor readings, marked with the header millrace-demo, until real ones come.",
		Options: options(),
		Collect: func(v option.Values) (connector.Collector, error) {
			seed := uint64(time.Now().UnixNano())
			return newGenerator(v.String("topic"), realData, rand.New(rand.NewPCG(seed, 1))), nil
		},
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: "topic", Default: "sensors.raw", Doc: "The topic to fill."},
	}
}

// generator is the collector. One goroutine uses it at a time; the sensors go on where they were when
// Collect is called again.
type generator struct {
	topic    string
	realData func() bool
	now      func() time.Time
	rand     *rand.Rand
	sensors  []sensor
	next     int // the sensor whose turn it is

	headers []connector.Header
	records []connector.Record
	bytes   []byte // holds the values of records
	ends    []int  // where each value ends in bytes
}

func newGenerator(topic string, realData func() bool, rnd *rand.Rand) *generator {
	return &generator{
		topic:    topic,
		realData: realData,
		now:      time.Now,
		rand:     rnd,
		sensors:  newSensors(rnd),
		headers:  []connector.Header{{Name: Header, Value: []byte("1")}},
		records:  make([]connector.Record, perTick),
		ends:     make([]int, perTick),
	}
}

// Collect sends readings until ctx ends or real ones have come.
func (g *generator) Collect(ctx context.Context, out connector.Site) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if g.realData() {
			return nil
		}
		if err := out.Append(ctx, g.topic, g.tick()); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// tick makes the records of one tick. They are valid until the next.
func (g *generator) tick() []connector.Record {
	now := g.now().UTC()
	g.bytes = g.bytes[:0]
	for i := range g.records {
		s := &g.sensors[(g.next+i)%len(g.sensors)]
		at := now.Add(-time.Duration(g.rand.Int64N(int64(jitter))))
		s.step(now, g.rand)
		g.bytes = s.append(g.bytes, at, g.oddity())
		g.ends[i] = len(g.bytes)
		g.records[i] = connector.Record{Key: s.id, Headers: g.headers}
	}
	start := 0
	for i, end := range g.ends {
		g.records[i].Value = g.bytes[start:end:end]
		start = end
	}
	g.next = (g.next + len(g.records)) % len(g.sensors)
	return g.records
}
