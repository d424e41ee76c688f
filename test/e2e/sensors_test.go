package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// Times in records and results: the article's form, UTC.
const (
	eventTimeForm  = "2006-01-02 15:04:05.000"
	windowTimeForm = "2006-01-02 15:04:05"
	windowSize     = 10 * time.Second
)

// disorder is how far an event time may lie before one that came earlier. The pipeline waits 5 s.
const disorder = 1900 * time.Millisecond

// reading is one line for sensors.raw and what a batch computation knows of it.
type reading struct {
	line    string
	bad     string // the field that is to blame, "json" for what is no JSON object, "" for a good one
	id      string
	at      time.Time
	celsius *float64
}

// odd are the ways in which one reading in twenty departs from the article's shape. A template gets
// the id, the temperature, the event time and a number that makes the line unique.
var odd = []struct {
	bad      string
	noDegree bool // good, but without a temperature
	template string
}{
	{"", true, `{"id": "%[1]s", "temperature": null, "humidity": 40, "value": %[4]d, "event_time": "%[3]s"}`},
	{"", true, `{"id": "%[1]s", "humidity": 40, "value": %[4]d, "event_time": "%[3]s"}`},
	{"", false, `{"id": "%[1]s", "temperature": %[2]s, "humidity": null, "value": %[4]d, "event_time": "%[3]s"}`},
	{"", false, `{"id": "%[1]s", "temperature": %[2]s, "value": null, "note": "%[4]d", "event_time": "%[3]s"}`},
	{"", false, `{"id": "%[1]s", "temperature": "%[2]s", "humidity": 41, "value": %[4]d, "event_time": "%[3]s"}`},
	{"", false, `{"event_time":"%[3]s","value":%[4]d,"extra":{"a":[1,{"b":null}]},"temperature":%[2]s,"id":"%[1]s"}`},
	{"temperature", false, `{"id": "%[1]s", "temperature": "hot", "humidity": 40, "value": %[4]d, "event_time": "%[3]s"}`},
	{"temperature", false, `{"id": "%[1]s", "temperature": true, "humidity": 40, "value": %[4]d, "event_time": "%[3]s"}`},
	{"temperature", false, `{"id": "%[1]s", "temperature": {}, "humidity": 40, "value": %[4]d, "event_time": "%[3]s"}`},
	{"humidity", false, `{"id": "%[1]s", "temperature": %[2]s, "humidity": "湿", "value": %[4]d, "event_time": "%[3]s"}`},
	{"value", false, `{"id": "%[1]s", "temperature": %[2]s, "humidity": %[4]d, "value": "n/a", "event_time": "%[3]s"}`},
	{"id", false, `{"temperature": %[2]s, "humidity": 40, "value": %[4]d, "event_time": "%[3]s"}`},
	{"id", false, `{"id": null, "temperature": %[2]s, "humidity": 40, "value": %[4]d, "event_time": "%[3]s"}`},
	{"event_time", false, `{"id": "%[1]s", "temperature": %[2]s, "humidity": 40, "value": %[4]d}`},
	{"event_time", false, `{"id": "%[1]s", "temperature": %[2]s, "humidity": 40, "value": %[4]d, "event_time": null}`},
	{"event_time", false, `{"id": "%[1]s", "temperature": %[2]s, "humidity": 40, "value": %[4]d, "event_time": "yesterday"}`},
	{"json", false, `{"id": "%[1]s", "temperature": %[2]s, "humidity": 40, "value": %[4]d, "event_ti`},
	{"json", false, `{"id": "%[1]s", "temperature": %[2]s,, "value": %[4]d, "event_time": "%[3]s"}`},
	{"json", false, `id=%[1]s temperature=%[2]s value=%[4]d event_time=%[3]s`},
	{"json", false, `<reading id="%[1]s" value="%[4]d" at="%[3]s">%[2]s</reading>`},
}

// sensorReadings makes count readings of 20 sensors, 12 ms apart, one in twenty of them odd. The same
// seed makes the same readings.
func sensorReadings(seed uint64, count int) []reading {
	rnd := rand.New(rand.NewPCG(seed, 1))
	first := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	readings := make([]reading, count)
	for i := range readings {
		r := &readings[i]
		r.id = fmt.Sprintf("s%03d", 1+rnd.IntN(20))
		early := time.Duration(rnd.Int64N(int64(disorder))).Truncate(time.Millisecond)
		r.at = first.Add(time.Duration(i)*12*time.Millisecond - early)
		// Sixteenths of nine make degrees Celsius that a float64 holds exactly, so that a sum does
		// not depend on the order of its terms and averages can be compared with ==.
		sixteenths := float64(30 + rnd.IntN(80))
		fahrenheit := strconv.FormatFloat(32+9*sixteenths/16, 'f', -1, 64)
		celsius := 5 * sixteenths / 16
		r.celsius = &celsius
		at := r.at.Format(eventTimeForm)
		if rnd.IntN(20) != 0 {
			r.line = fmt.Sprintf(`{"id": "%s", "temperature": %s, "humidity": %d, "value": %d.5, "event_time": "%s"}`,
				r.id, fahrenheit, 20+rnd.IntN(60), i, at)
			continue
		}
		shape := odd[rnd.IntN(len(odd))]
		r.line = fmt.Sprintf(shape.template, r.id, fahrenheit, at, i)
		r.bad = shape.bad
		if shape.noDegree {
			r.celsius = nil
		}
	}
	return readings
}

// window is one row of sensors.stats but for processed_at.
type window struct {
	ID    string
	Start string
	End   string
	Count int64
	Avg   string // as text, "NULL" if there was no temperature
	Min   string
	Max   string
}

// batchWindows is what sensors.stats must hold, computed the plain way.
func batchWindows(readings []reading) map[window]int {
	type key struct {
		id    string
		start time.Time
	}
	type sums struct {
		count, degrees int64
		sum, low, high float64
	}
	groups := map[key]*sums{}
	for _, r := range readings {
		if r.bad != "" {
			continue
		}
		k := key{r.id, r.at.Truncate(windowSize)}
		g := groups[k]
		if g == nil {
			g = &sums{}
			groups[k] = g
		}
		g.count++
		if r.celsius == nil {
			continue
		}
		if g.degrees == 0 {
			g.low, g.high = *r.celsius, *r.celsius
		}
		g.degrees++
		g.sum += *r.celsius
		g.low = min(g.low, *r.celsius)
		g.high = max(g.high, *r.celsius)
	}
	windows := map[window]int{}
	for k, g := range groups {
		w := window{
			ID:    k.id,
			Start: k.start.Format(windowTimeForm),
			End:   k.start.Add(windowSize).Format(windowTimeForm),
			Count: g.count,
			Avg:   "NULL", Min: "NULL", Max: "NULL",
		}
		if g.degrees > 0 {
			w.Avg, w.Min, w.Max = number(g.sum/float64(g.degrees)), number(g.low), number(g.high)
		}
		windows[w]++
	}
	return windows
}

// number writes a float64 so that equal ones, and only those, look alike.
func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
