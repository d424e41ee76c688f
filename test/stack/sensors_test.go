package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Times in records and results of the article's pipeline, UTC.
const (
	eventTimeForm  = "2006-01-02 15:04:05.000"
	windowTimeForm = "2006-01-02 15:04:05"
	windowSize     = 10 * time.Second
)

// reading is one line for sensors.raw and what a batch computation knows of it.
type reading struct {
	line    string
	bad     bool // no JSON
	id      string
	at      time.Time
	celsius float64
}

// sensorReadings makes readings of 20 sensors, 12 ms apart and slightly out of order; one in fifty is broken.
func sensorReadings(seed uint64, count int) []reading {
	rnd := rand.New(rand.NewPCG(seed, 1))
	begin := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	readings := make([]reading, count)
	for i := range readings {
		early := time.Duration(rnd.Int64N(int64(1900 * time.Millisecond))).Truncate(time.Millisecond)
		r := &readings[i]
		r.id, r.at = fmt.Sprintf("s%03d", 1+rnd.IntN(20)), begin.Add(time.Duration(i)*12*time.Millisecond-early)
		// Sixteenths of nine make degrees Celsius that a float64 holds exactly, so that a sum does not depend on the
		// order of its terms.
		sixteenths := float64(30 + rnd.IntN(80))
		r.celsius = 5 * sixteenths / 16
		r.line = fmt.Sprintf(`{"id": %q, "temperature": %v, "humidity": 40, "value": %d, "event_time": %q}`, r.id, 32+9*sixteenths/16, i, r.at.Format(eventTimeForm))
		if r.bad = rnd.IntN(50) == 0; r.bad {
			r.line = r.line[:len(r.line)-3]
		}
	}
	return readings
}

// window is one row of sensors.stats but for processed_at.
type window struct {
	ID, Start, End string
	Count          int
	Avg, Min, Max  float64
}

// batchWindows is what sensors.stats must hold, computed the plain way.
func batchWindows(readings []reading) map[window]int {
	type key struct {
		id    string
		start time.Time
	}
	groups := map[key][]float64{}
	for _, r := range readings {
		if !r.bad {
			k := key{r.id, r.at.Truncate(windowSize)}
			groups[k] = append(groups[k], r.celsius)
		}
	}
	windows := map[window]int{}
	for k, degrees := range groups {
		w := window{ID: k.id, Start: k.start.Format(windowTimeForm), End: k.start.Add(windowSize).Format(windowTimeForm), Count: len(degrees)}
		w.Min, w.Max = degrees[0], degrees[0]
		for _, d := range degrees {
			w.Avg, w.Min, w.Max = w.Avg+d, min(w.Min, d), max(w.Max, d)
		}
		w.Avg /= float64(len(degrees))
		windows[w]++
	}
	return windows
}

// topicWindows are the rows in the records of sensors.stats.
func topicWindows(records []string) (map[window]int, error) {
	windows := map[window]int{}
	for _, text := range records {
		var row struct {
			ID    string  `json:"id"`
			Start string  `json:"window_start"`
			End   string  `json:"window_end"`
			Count int     `json:"cnt"`
			Avg   float64 `json:"avg_celsius"`
			Min   float64 `json:"min_celsius"`
			Max   float64 `json:"max_celsius"`
		}
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		windows[window(row)]++
	}
	return windows, nil
}

// storedWindows are the same rows in the store of a node.
func (n *node) storedWindows() (map[window]int, error) {
	rows, _, err := n.sql(`SELECT id, strftime(window_start, '%Y-%m-%d %H:%M:%S'), strftime(window_end, '%Y-%m-%d %H:%M:%S'), cnt,
		avg_celsius, min_celsius, max_celsius FROM "sensors.stats"`)
	if err != nil {
		return nil, err
	}
	windows := map[window]int{}
	for _, row := range rows {
		w := window{ID: fmt.Sprint(row[0]), Start: fmt.Sprint(row[1]), End: fmt.Sprint(row[2]), Count: whole(row[3])}
		for i, to := range []*float64{&w.Avg, &w.Min, &w.Max} {
			if *to, err = strconv.ParseFloat(fmt.Sprint(row[4+i]), 64); err != nil {
				return nil, err
			}
		}
		windows[w]++
	}
	return windows, nil
}

// compareCounts says how a multiset differs from what it should be.
func compareCounts[K comparable](got, want map[K]int) error {
	few, many := 0, 0
	var example K
	for k, n := range want {
		if got[k] < n {
			few, example = few+1, k
		}
	}
	for k, n := range got {
		if n > want[k] {
			many, example = many+1, k
		}
	}
	if few+many > 0 {
		return fmt.Errorf("%d of %d are too few and %d too many, as %v: %d times, want %d", few, len(want), many, example, got[example], want[example])
	}
	return nil
}

// produce sends lines to a topic with kcat and returns once Kafka has acknowledged them all.
func produce(kafka, topic string, lines []string, more ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kcat", append([]string{"-P", "-b", kafka, "-t", topic, "-X", "acks=all"}, more...)...)
	cmd.SysProcAttr = boundToTest(false)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("elivery failed")) {
		return fmt.Errorf("kcat: %w: %s", err, out)
	}
	return nil
}

// consume reads a topic from its beginning to its present end, committed records only.
func consume(kafka, topic string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kcat", "-C", "-J", "-q", "-b", kafka, "-t", topic, "-o", "beginning", "-e", "-X", "isolation.level=read_committed")
	cmd.SysProcAttr = boundToTest(false)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kcat -t %s: %w: %s", topic, err, errs.String())
	}
	var values []string
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var r struct{ Payload string }
		switch err := dec.Decode(&r); {
		case errors.Is(err, io.EOF):
			return values, nil
		case err != nil:
			return nil, fmt.Errorf("kcat -J: %w", err)
		}
		values = append(values, r.Payload)
	}
}
