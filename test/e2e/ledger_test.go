package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

const (
	ledgerReadings = 100_000
	ledgerChunk    = 5_000
	// farFuture is an event time after which no window of the readings is open.
	farFuture = "2027-01-01 00:00:00.000"
	lastID    = "last"
)

// TestLedger holds the platform to its books. 100,000 readings, one in twenty of them odd, go to
// sensors.raw while the process is killed again and again. Afterwards sensors.stats and the store hold
// what a batch computation gives, and every bad record is in the dead-letter topic: each once.
func TestLedger(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	readings := sensorReadings(seed, ledgerReadings)
	p := start(t, "--demo=off")
	partitions := p.awaitTopic("sensors.raw")

	produceThroughKills(t, p, readings, rand.New(rand.NewPCG(seed, 2)))
	for i := range partitions {
		line := fmt.Sprintf(`{"id": %q, "temperature": 32, "humidity": 1, "value": -1, "event_time": %q}`, lastID, farFuture)
		p.mustProduce("sensors.raw", []string{line}, "-p", strconv.Itoa(i))
	}

	want := batchWindows(readings)
	eventually(t, settle, func() error {
		records, err := p.tryConsume("sensors.stats")
		if err == nil && len(records) < len(want) {
			err = fmt.Errorf("%d of %d windows are in sensors.stats", len(records), len(want))
		}
		return err
	})
	// A clean stop and start puts out whatever else there would be to put out.
	p.stop()
	p.start()
	p.awaitReady()
	awaitIdle(t, p)

	raw, dead, stats := p.consume("sensors.raw"), p.consume("sensors.raw.dead"), p.consume("sensors.stats")
	t.Run("sensors.raw", func(t *testing.T) { checkRaw(t, raw, readings, partitions) })
	t.Run("sensors.stats", func(t *testing.T) { compareCounts(t, topicWindows(t, stats), want) })
	t.Run("sensors.raw.dead", func(t *testing.T) { checkDead(t, dead, raw, readings) })
	t.Run("store", func(t *testing.T) { checkStore(t, p, readings, want, partitions) })
}

// produceThroughKills sends all readings in order and kills the process -kills times, in the middle of
// a chunk or just after one. What a killed broker had not taken is sent again before what follows, so
// that each line is in the topic once and in order.
func produceThroughKills(t *testing.T, p *platform, readings []reading, rnd *rand.Rand) {
	t.Helper()
	chunks := slices.Collect(slices.Chunk(readings, ledgerChunk))
	for i, chunk := range chunks {
		todo := linesOf(chunk)
		// The kills are spread evenly over the chunks.
		for range *kills*(i+1)/len(chunks) - *kills*i/len(chunks) {
			produceAndKill(p, todo, time.Duration(rnd.Int64N(int64(400*time.Millisecond))))
			todo = missing(p.consume("sensors.raw"), todo)
		}
		if len(todo) > 0 {
			p.mustProduce("sensors.raw", todo)
		}
	}
}

// produceAndKill starts to send lines, kills the process after a while, and starts it again. The
// producer ends with the process, or it would go on in the middle when the broker is back.
func produceAndKill(p *platform, lines []string, after time.Duration) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.produce(ctx, "sensors.raw", lines) }()
	<-time.After(after)
	p.kill()
	cancel()
	<-done // an error here is what the kill is for
	p.start()
	p.awaitReady()
}

func linesOf(readings []reading) []string {
	lines := make([]string, len(readings))
	for i, r := range readings {
		lines[i] = r.line
	}
	return lines
}

// missing are the lines that are in no record.
func missing(records []record, lines []string) []string {
	there := map[string]bool{}
	for _, r := range records {
		there[r.Payload] = true
	}
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return there[line] })
}

// awaitIdle returns when every pipeline has read all there is.
func awaitIdle(t *testing.T, p *platform) {
	t.Helper()
	eventually(t, settle, func() error {
		list, err := p.pipelines()
		if err != nil {
			return err
		}
		for _, pipe := range list {
			for _, job := range pipe.Jobs {
				if job.State != "running" || job.Lag != 0 {
					return fmt.Errorf("job %s is %s, %d records behind", job.Name, job.State, job.Lag)
				}
			}
		}
		return nil
	})
}

// pipeline is what GET /api/pipelines says of one.
type pipeline struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Jobs  []struct {
		Name  string `json:"name"`
		State string `json:"state"`
		Lag   int64  `json:"lag"`
	} `json:"jobs"`
}

func (p *platform) pipelines() ([]pipeline, error) {
	var list struct {
		Pipelines []pipeline `json:"pipelines"`
	}
	if err := p.getJSON("/api/pipelines", &list); err != nil {
		return nil, err
	}
	if len(list.Pipelines) == 0 {
		return nil, fmt.Errorf("no pipelines")
	}
	return list.Pipelines, nil
}

// checkRaw makes sure that the test's own input is what it should be.
func checkRaw(t *testing.T, raw []record, readings []reading, partitions int) {
	t.Helper()
	got, want := map[string]int{}, map[string]int{}
	last := 0
	for _, r := range raw {
		var known struct{ ID string }
		if json.Unmarshal([]byte(r.Payload), &known) == nil && known.ID == lastID {
			last++
			continue
		}
		got[r.Payload]++
	}
	for _, r := range readings {
		want[r.line]++
	}
	compareCounts(t, got, want)
	if last != partitions {
		t.Errorf("%d last records, want %d", last, partitions)
	}
}

// topicWindows are the rows in the records of sensors.stats.
func topicWindows(t *testing.T, stats []record) map[window]int {
	t.Helper()
	windows := map[window]int{}
	for _, r := range stats {
		var row struct {
			ID          string   `json:"id"`
			Start       string   `json:"window_start"`
			End         string   `json:"window_end"`
			Count       int64    `json:"cnt"`
			Avg         *float64 `json:"avg_celsius"`
			Min         *float64 `json:"min_celsius"`
			Max         *float64 `json:"max_celsius"`
			ProcessedAt string   `json:"processed_at"`
		}
		if err := json.Unmarshal([]byte(r.Payload), &row); err != nil {
			t.Fatalf("%s: %v", r.Payload, err)
		}
		if row.ProcessedAt == "" {
			t.Errorf("no processed_at: %s", r.Payload)
		}
		windows[window{row.ID, row.Start, row.End, row.Count, optional(row.Avg), optional(row.Min), optional(row.Max)}]++
	}
	return windows
}

func optional(f *float64) string {
	if f == nil {
		return "NULL"
	}
	return number(*f)
}

// checkDead wants every bad reading once, unchanged, with its reason and the place it came from.
func checkDead(t *testing.T, dead, raw []record, readings []reading) {
	t.Helper()
	field, want, got := map[string]string{}, map[string]int{}, map[string]int{}
	for _, r := range readings {
		if r.bad != "" {
			field[r.line] = r.bad
			want[r.line]++
		}
	}
	type place struct{ partition, offset string }
	origin := map[place]string{}
	for _, r := range raw {
		origin[place{strconv.Itoa(r.Partition), strconv.FormatInt(r.Offset, 10)}] = r.Payload
	}
	wrong := 0
	for _, r := range dead {
		got[r.Payload]++
		if complaint := judgeDead(r, field[r.Payload]); complaint != "" {
			wrong++
			if wrong <= 5 {
				t.Errorf("%s: %s: headers %q", r.Payload, complaint, r.Headers)
			}
		}
		partition, _ := r.header("millrace.partition")
		offset, _ := r.header("millrace.offset")
		if from := origin[place{partition, offset}]; from != r.Payload {
			t.Errorf("%s: says it comes from partition %s, offset %s, where there is %q", r.Payload, partition, offset, from)
		}
	}
	if wrong > 5 {
		t.Errorf("and %d more with wrong headers", wrong-5)
	}
	compareCounts(t, got, want)
}

// judgeDead says what is wrong with the headers of a dead letter, or "".
func judgeDead(r record, field string) string {
	for _, name := range []string{"millrace.error", "millrace.pipeline"} {
		if value, count := r.header(name); value == "" || count != 1 {
			return fmt.Sprintf("header %s is there %d times and is %q", name, count, value)
		}
	}
	if topic, _ := r.header("millrace.topic"); topic != "sensors.raw" {
		return fmt.Sprintf("header millrace.topic is %q", topic)
	}
	if got, _ := r.header("millrace.field"); field != "json" && got != field {
		return fmt.Sprintf("header millrace.field is %q, want %q", got, field)
	}
	return ""
}

// checkStore wants the same rows from the store as from the topics.
func checkStore(t *testing.T, p *platform, readings []reading, want map[window]int, partitions int) {
	t.Helper()
	total := 0
	for _, n := range want {
		total += n
	}
	eventually(t, settle, func() error { return p.wantNumber(`SELECT count(*) FROM "sensors.stats"`, total) })
	rows, err := p.sqlRows(`SELECT id, CAST(window_start AS VARCHAR), CAST(window_end AS VARCHAR), cnt,
		avg_celsius, min_celsius, max_celsius FROM "sensors.stats"`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[window]int{}
	for _, row := range rows {
		w, err := storedWindow(row)
		if err != nil {
			t.Fatal(err)
		}
		got[w]++
	}
	compareCounts(t, got, want)

	good := partitions
	for _, r := range readings {
		if r.bad == "" {
			good++
		}
	}
	eventually(t, settle, func() error { return p.wantNumber(`SELECT count(*) FROM "sensors.clean"`, good) })
}

// wantNumber asks the store for one number.
func (p *platform) wantNumber(sql string, want int) error {
	rows, err := p.sqlRows(sql)
	if err != nil {
		return err
	}
	if len(rows) != 1 || len(rows[0]) != 1 || fmt.Sprint(rows[0][0]) != strconv.Itoa(want) {
		return fmt.Errorf("%s: %v, want %d", sql, rows, want)
	}
	return nil
}

func storedWindow(row []any) (window, error) {
	var w window
	if len(row) != 7 {
		return w, fmt.Errorf("row of %d cells: %v", len(row), row)
	}
	var err error
	w.ID = fmt.Sprint(row[0])
	w.Start, w.End = wholeSeconds(row[1]), wholeSeconds(row[2])
	if w.Count, err = strconv.ParseInt(fmt.Sprint(row[3]), 10, 64); err != nil {
		return w, err
	}
	for i, to := range []*string{&w.Avg, &w.Min, &w.Max} {
		if *to, err = storedNumber(row[4+i]); err != nil {
			return w, err
		}
	}
	return w, nil
}

// wholeSeconds cuts the zeros of a fraction off; whatever else differs stays visible.
func wholeSeconds(cell any) string {
	text := fmt.Sprint(cell)
	if at, err := time.Parse(windowTimeForm, text); err == nil {
		return at.Format(windowTimeForm)
	}
	return text
}

func storedNumber(cell any) (string, error) {
	if cell == nil {
		return "NULL", nil
	}
	f, err := strconv.ParseFloat(fmt.Sprint(cell), 64)
	return number(f), err
}

// compareCounts compares two multisets, and shows the first differences.
func compareCounts[K comparable](t *testing.T, got, want map[K]int) {
	t.Helper()
	const shown = 5
	lost, extra := 0, 0
	for k, n := range want {
		if got[k] < n {
			lost++
			if lost <= shown {
				t.Errorf("%d times, want %d: %v", got[k], n, k)
			}
		}
	}
	for k, n := range got {
		if n > want[k] {
			extra++
			if extra <= shown {
				t.Errorf("%d times, want %d: %v", n, want[k], k)
			}
		}
	}
	if lost+extra > 0 {
		t.Errorf("in all %d too few and %d too many, of %d", lost, extra, len(want))
	}
}
