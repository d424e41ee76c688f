package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"millrace/connector"
	"millrace/option"
)

// taken is an Out that keeps copies.
type taken struct {
	connector.Site // only Append is used

	topics  map[string]int
	keys    []string
	values  []string
	headers []string
	times   []time.Time // of each Append
	fail    error
}

func (o *taken) Append(_ context.Context, topic string, records []connector.Record) error {
	if o.fail != nil {
		return o.fail
	}
	if o.topics == nil {
		o.topics = map[string]int{}
	}
	o.topics[topic] += len(records)
	o.times = append(o.times, time.Now())
	for _, r := range records {
		o.keys = append(o.keys, string(r.Key))
		o.values = append(o.values, string(r.Value))
		o.headers = append(o.headers, fmt.Sprintf("%s=%s", r.Headers[0].Name, r.Headers[0].Value))
	}
	return nil
}

// reading is the article's shape; a pointer is nil for null and absent.
type reading struct {
	ID          *string  `json:"id"`
	Temperature *float64 `json:"temperature"`
	Humidity    *float64 `json:"humidity"`
	Value       *float64 `json:"value"`
	EventTime   *string  `json:"event_time"`
}

func TestCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := newGenerator("sensors.raw", func() bool { return time.Since(start) > 100*time.Second }, rand.New(rand.NewPCG(7, 7)))
		out := &taken{}
		if err := g.Collect(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if n := out.topics["sensors.raw"]; n < 1900 || n > 2100 || len(out.topics) != 1 {
			t.Errorf("%v records in 100 s, want 20 a second in sensors.raw", out.topics)
		}
		c := count{ids: map[string]int{}}
		for i, value := range out.values {
			if out.headers[i] != Header+"=1" {
				t.Fatalf("record %d has header %s", i, out.headers[i])
			}
			c.judge(t, out.keys[i], value, out.times[i/perTick])
		}
		if len(c.ids) != sensorCount || c.ids["demo-01"] < 200 || c.ids["demo-08"] < 200 {
			t.Errorf("readings by sensor: %v", c.ids)
		}
		if odd := c.nulls + c.refused; c.nulls == 0 || c.refused == 0 || odd < 10 || odd > 100 {
			t.Errorf("%d with nulls, %d that a decoder refuses, of %d: want about 40", c.nulls, c.refused, len(out.values))
		}
	})
}

// count says how many records are of which sort.
type count struct {
	ids            map[string]int
	nulls, refused int
}

func (c *count) judge(t *testing.T, key, value string, now time.Time) {
	t.Helper()
	var r reading
	if json.Unmarshal([]byte(value), &r) != nil || r.ID == nil || r.EventTime == nil {
		c.refused++
		return
	}
	c.ids[*r.ID]++
	if key != *r.ID {
		t.Errorf("key %s of %s", key, value)
	}
	at, err := time.Parse(eventTimeForm, *r.EventTime)
	if age := now.Sub(at); err != nil || age < 0 || age > jitter+time.Millisecond {
		t.Errorf("event_time of %s at %s is %s old, %v", value, now, age, err)
	}
	if r.Temperature == nil || r.Humidity == nil || r.Value == nil {
		c.nulls++
		return
	}
	if *r.Temperature < coldest || *r.Temperature > hottest || *r.Humidity < driest || *r.Humidity > wettest || *r.Value < 0 || *r.Value > 10 {
		t.Errorf("out of its range: %s", value)
	}
}

// TestTemperaturesMoveSlowly walks through a day and looks for jumps and for sensors that stand still.
func TestTemperaturesMoveSlowly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	sensors := newSensors(rnd)
	for i := range sensors {
		s := &sensors[i]
		at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		s.step(at, rnd)
		least, most := s.temperature, s.temperature
		for range 86400 * 5 / 2 / 8 {
			before := s.temperature
			at = at.Add(8 * 400 * time.Millisecond)
			s.step(at, rnd)
			if d := s.temperature - before; d > 1 || d < -1 {
				t.Fatalf("%s jumps by %v degrees", s.id, d)
			}
			least, most = min(least, s.temperature), max(most, s.temperature)
		}
		if most-least < 4 {
			t.Errorf("%s moves only from %v to %v in a day", s.id, least, most)
		}
	}
}

func TestCollectEnds(t *testing.T) {
	come := func() bool { return true }
	g := newGenerator("x", come, rand.New(rand.NewPCG(1, 1)))
	out := &taken{}
	if err := g.Collect(t.Context(), out); err != nil || len(out.values) > 0 {
		t.Errorf("with real data: %v, %d records", err, len(out.values))
	}

	g.realData = func() bool { return false }
	out.fail = errors.New("bus is away")
	if err := g.Collect(t.Context(), out); !errors.Is(err, out.fail) {
		t.Errorf("without a bus: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Collect(ctx, out); err != nil {
		t.Errorf("after cancel: %v", err)
	}
}

func TestSpec(t *testing.T) {
	spec := Spec(func() bool { return true })
	v, err := option.Check("connector", spec.Options, option.Values{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := spec.Collect(v)
	if err != nil {
		t.Fatal(err)
	}
	if g := c.(*generator); g.topic != "sensors.raw" || !strings.HasPrefix(string(g.sensors[0].id), "demo-") {
		t.Errorf("made %+v", g)
	}
}

func TestTickAllocatesNothing(t *testing.T) {
	g := newGenerator("x", nil, rand.New(rand.NewPCG(1, 1)))
	g.tick()
	if n := testing.AllocsPerRun(1000, func() { g.tick() }); n > 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
