package bus

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"millrace/fault"
)

// Table is a compacted topic seen as a table: the newest value of each key, in memory, followed as it
// changes. It is how replicas share what is small and must survive them all: pipelines, sources, alert
// rules and their state. All methods may be called from any goroutine.
type Table struct {
	bus   *Bus
	topic string
	next  int64 // offset that Run begins at

	mu      sync.Mutex // guards what follows
	rows    map[string]tableRow
	version int64
	changed chan struct{}            // closed and replaced at each change
	waiting map[string]chan struct{} // Puts that wait to be read, by their mark
}

// tableRow is the newest value of a key; nil if it was deleted, which watchers must learn, too.
type tableRow struct {
	value   []byte
	version int64
}

// markHeader tells a Put its own record.
const markHeader = "millrace.mark"

// maxTableValue bounds a value, well below what a batch may have.
const maxTableValue = 900_000

// OpenTable makes the topic if it is not there, with one partition and compaction, and reads all of it. With
// forget, what was not written for that long may be gone. The owner calls Run next.
func (b *Bus) OpenTable(ctx context.Context, topic string, forget time.Duration) (*Table, error) {
	// Kafka compacts closed segments only; by default one is closed after a week.
	configs := map[string]string{"cleanup.policy": "compact", "segment.ms": ms(time.Hour)}
	if forget > 0 {
		configs["cleanup.policy"], configs["retention.ms"], configs["segment.ms"] = "compact,delete", ms(forget), ms(forget/2)
	}
	if _, err := b.Ensure(ctx, topic, 1, configs); err != nil {
		return nil, err
	}
	t := &Table{bus: b, topic: topic, rows: map[string]tableRow{}, changed: make(chan struct{}), waiting: map[string]chan struct{}{}}
	// A topic that another replica has just made is not known to every broker at once.
	const patience, between = 15 * time.Second, 200 * time.Millisecond
	for deadline := time.Now().Add(patience); ; {
		err := t.read(ctx)
		if err == nil {
			return t, nil
		}
		if k := fault.KindOf(err); k != fault.NotFound && k != fault.Unavailable || time.Now().After(deadline) {
			return nil, fmt.Errorf("read table %s: %w", topic, err)
		}
		select {
		case <-time.After(between):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// read takes in all that the topic has.
func (t *Table) read(ctx context.Context) error {
	from, err := t.bus.StartOffsets(ctx, t.topic)
	if err != nil {
		return err
	}
	upto, err := t.bus.EndOffsets(ctx, t.topic)
	if err != nil {
		return err
	}
	t.next = upto[0]
	return t.bus.readRange(ctx, t.topic, from, upto, t.apply)
}

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Run follows the topic until ctx ends, and returns nil then.
func (t *Table) Run(ctx context.Context) error {
	return t.bus.Tail(ctx, TailConfig{Topics: []string{t.topic}, From: FromOffset(t.next), Committed: true}, func(f *Fetch) error {
		t.apply(f)
		t.next = f.After
		return nil
	})
}

// apply takes in what a fetch has.
func (t *Table) apply(f *Fetch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for f.Next() {
		t.version++
		t.rows[string(f.Raw.Key)] = tableRow{bytes.Clone(f.Raw.Value), t.version}
		for name, value := range f.Raw.Headers() {
			if done := t.waiting[string(value)]; name == markHeader && done != nil {
				close(done)
				delete(t.waiting, string(value))
			}
		}
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// Get returns the value of a key, which must not be written to.
func (t *Table) Get(key string) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	row := t.rows[key]
	return row.value, row.value != nil
}

// List returns the values of all keys that begin with prefix. They must not be written to.
func (t *Table) List(prefix string) map[string][]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := map[string][]byte{}
	for key, row := range t.rows {
		if row.value != nil && strings.HasPrefix(key, prefix) {
			list[key] = row.value
		}
	}
	return list
}

// Put sets the value of a key, or deletes the key if value is nil. It returns once the bus has it and this
// Table has read it, so that a Get sees it; Run must be running. After an error it may be there or not.
func (t *Table) Put(ctx context.Context, key string, value []byte) error {
	if len(value) > maxTableValue {
		return fault.New(fault.Limit, "put %q into table %s: it has %d bytes, %d is the most", key, t.topic, len(value), maxTableValue)
	}
	mark := rand.Text()
	done := make(chan struct{})
	t.mu.Lock()
	t.waiting[mark] = done
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		delete(t.waiting, mark)
		t.mu.Unlock()
	}()
	rec := Record{Topic: t.topic, Key: []byte(key), Value: value, Headers: []Header{{Key: markHeader, Value: []byte(mark)}}}
	if err := t.bus.Append(ctx, []Record{rec}); err != nil {
		return fmt.Errorf("put %q into table %s: %w", key, t.topic, err)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "put %q into table %s: it was written, but not read back in time: %w", key, t.topic, ctx.Err())
	}
}

// Watch calls fn for every key that begins with prefix, and then again whenever the value of one has
// changed, until ctx ends; a nil value says that the key was deleted. Changes that follow each other quickly may be
// told as one. It returns nil when ctx ends, or fn's error.
func (t *Table) Watch(ctx context.Context, prefix string, fn func(key string, value []byte) error) error {
	seen := int64(-1)
	for {
		t.mu.Lock()
		rows, version, changed := maps.Clone(t.rows), t.version, t.changed
		t.mu.Unlock()
		for key, row := range rows {
			if row.version <= seen || !strings.HasPrefix(key, prefix) || (seen < 0 && row.value == nil) {
				continue
			}
			if err := fn(key, row.value); err != nil {
				return err
			}
		}
		seen = version
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}
