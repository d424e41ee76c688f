package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// book knows which points were sent, by whom, and which of them were acknowledged. No point is sent twice:
// what was acknowledged must be stored once, what was not once or never.
type book struct {
	metric  string
	began   time.Time
	writing sync.WaitGroup
	stop    chan struct{}

	mu      sync.Mutex // guards what follows
	writers map[string]*writer
}

// writer is the account of one series.
type writer struct {
	next         int // of its points; the value of a point is its number
	acknowledged map[int]bool
	newest       int       // the newest acknowledged
	last         time.Time // of a point
	refused      int       // requests that were answered, but not with yes
	lost         int       // requests without an answer
	slowest      time.Duration
	gap, longest time.Duration // without an acknowledgement: now, at most
	acked        time.Time
}

const (
	writeBatch = 20
	writeEvery = 100 * time.Millisecond
)

func newBook(t *testing.T, metric string) *book {
	b := &book{metric: metric, began: time.Now().Add(-time.Second), stop: make(chan struct{}), writers: map[string]*writer{}}
	t.Cleanup(b.close)
	return b
}

// write begins to write through a node, under a name, until close.
func (b *book) write(n *node, name string) {
	w := &writer{acknowledged: map[int]bool{}, newest: -1, acked: time.Now()}
	b.mu.Lock()
	b.writers[name] = w
	b.mu.Unlock()
	b.writing.Go(func() {
		tick := time.NewTicker(writeEvery)
		defer tick.Stop()
		for {
			select {
			case <-b.stop:
				return
			case <-tick.C:
				b.send(n, name, w)
			}
		}
	})
}

// send sends one request of new points.
func (b *book) send(n *node, name string, w *writer) {
	var body bytes.Buffer
	b.mu.Lock()
	first := w.next
	w.next += writeBatch
	// No two points of a series have the same time: they would be one.
	if now := time.Now().UTC().Truncate(time.Microsecond); now.After(w.last) {
		w.last = now
	}
	for i := first; i < w.next; i++ {
		w.last = w.last.Add(time.Microsecond)
		fmt.Fprintf(&body, `{"timestamp":%q,"metric":%q,"value":%d,"tags":{"writer":%q}}`+"\n", w.last.Format(time.RFC3339Nano), b.metric, i, name)
	}
	b.mu.Unlock()

	began := time.Now()
	status, _, err := n.try("POST", "/api/write", "application/x-ndjson", body.Bytes())
	b.mu.Lock()
	defer b.mu.Unlock()
	w.slowest = max(w.slowest, time.Since(began))
	w.gap = time.Since(w.acked)
	w.longest = max(w.longest, w.gap)
	switch {
	case err != nil:
		w.lost++
	case status != http.StatusOK:
		w.refused++
	default:
		for i := first; i < first+writeBatch; i++ {
			w.acknowledged[i] = true
		}
		w.newest, w.acked = first+writeBatch-1, time.Now()
	}
}

// close ends all writers.
func (b *book) close() {
	b.mu.Lock()
	select {
	case <-b.stop:
	default:
		close(b.stop)
	}
	b.mu.Unlock()
	b.writing.Wait()
}

// account is a copy of what is known of each writer now.
func (b *book) account() map[string]writer {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]writer{}
	for name, w := range b.writers {
		one := *w
		one.acknowledged = make(map[int]bool, len(w.acknowledged))
		for i := range w.acknowledged {
			one.acknowledged[i] = true
		}
		out[name] = one
	}
	return out
}

// String says how it went.
func (b *book) String() string {
	var text strings.Builder
	for name, w := range b.account() {
		fmt.Fprintf(&text, "%s: %d points sent, %d acknowledged; %d requests refused, %d lost; slowest %s, longest without a yes %s. ",
			name, w.next, len(w.acknowledged), w.refused, w.lost, w.slowest.Round(time.Millisecond), w.longest.Round(time.Millisecond))
	}
	return text.String()
}

// inQuery holds the answers of POST /api/query against the book: what was acknowledged until now is there once.
func (b *book) inQuery(n *node) error {
	for name, w := range b.account() {
		points, covers, err := n.query(map[string]any{
			"measurement": b.metric, "start": b.began.UTC().Format(time.RFC3339Nano), "end": time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano),
			"filters": map[string]any{"writer": name}, "limit": 100_000,
		})
		if err != nil {
			return err
		}
		if covers.Partial {
			return fmt.Errorf("the answer is partial: %s", covers.Warnings)
		}
		stored := map[int]int{}
		for _, p := range points {
			if p.Measurement != b.metric || p.Field != "value" || p.Tags["writer"] != name || len(p.Tags) != 1 {
				return fmt.Errorf("not what was asked for: %+v", p)
			}
			stored[whole(p.Value)]++
		}
		if err := w.compare(stored); err != nil {
			return fmt.Errorf("query of %s: writer %s: %w", n.name, name, err)
		}
	}
	return nil
}

// inStore holds the store of a node against the book.
func (b *book) inStore(n *node) error {
	for name, w := range b.account() {
		rows, covers, err := n.sql(fmt.Sprintf(`SELECT CAST(value AS BIGINT), count(*) FROM %q WHERE writer = '%s' GROUP BY 1`, b.metric, name))
		if err != nil {
			return err
		}
		if covers.Partial {
			return fmt.Errorf("the answer is partial: %s", covers.Warnings)
		}
		stored := map[int]int{}
		for _, row := range rows {
			stored[whole(row[0])] += whole(row[1])
		}
		if err := w.compare(stored); err != nil {
			return fmt.Errorf("store of %s: writer %s: %w", n.name, name, err)
		}
	}
	return nil
}

// compare judges how often each point is stored. Points may have been sent since the account was made.
func (w *writer) compare(stored map[int]int) error {
	lost, double, first := 0, 0, -1
	for i := range w.next {
		switch n := stored[i]; {
		case n > 1:
			double++
		case n == 0 && w.acknowledged[i]:
			lost++
		default:
			continue
		}
		if first < 0 {
			first = i
		}
	}
	if lost+double > 0 {
		return fmt.Errorf("%d acknowledged points are missing and %d there more than once, the first %d (%d times) of %d, %d acknowledged",
			lost, double, first, stored[first], w.next, len(w.acknowledged))
	}
	return nil
}

// whole reads a number of an answer.
func whole(v any) int {
	n, ok := v.(json.Number)
	if !ok {
		return -1
	}
	f, err := n.Float64()
	if err != nil || f != float64(int(f)) {
		return -1
	}
	return int(f)
}
