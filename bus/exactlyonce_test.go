package bus_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"millrace/bus"
)

const eoParts, eoRecords = 4, 12_000

// maxEpochs is how many epochs are committed between two kills at most.
const maxEpochs = 200

// TestExactlyOnceOverKills copies a topic in transactions that carry the input offsets as an epoch
// record, as jobs do, while the broker is killed again and again. Whatever the outcome of a commit
// was, the next attempt goes on from the last committed epoch: the copy has every record once.
func TestExactlyOnceOverKills(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	c := startBroker(t, dir, "127.0.0.1:0")
	b := opener(c.addr)(t, bus.Config{})
	for topic, parts := range map[string]int{"in": eoParts, "out": eoParts, "epochs": 1} {
		if _, err := b.Ensure(ctx, topic, parts, nil); err != nil {
			t.Fatal(err)
		}
	}
	recs := make([]bus.Record, eoRecords)
	for i := range recs {
		recs[i] = bus.Record{Topic: "in", Value: strconv.AppendInt(nil, int64(i), 10)}
		bus.ToPartition(&recs[i], int32(i%eoParts))
	}
	if err := b.Append(ctx, recs); err != nil {
		t.Fatal(err)
	}

	job := &copier{b: b}
	done := make(chan error, 1)
	go func() { done <- job.run(ctx) }()
	kills := 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	// Kills follow the work, so that a fast machine sees as many as a slow one.
	for next, running := rand.Int64N(maxEpochs), true; running; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		case <-tick.C:
			if at := job.epochs.Load(); at >= next {
				c.kill()
				c = startBroker(t, dir, c.addr)
				kills++
				next = at + 1 + rand.Int64N(maxEpochs)
			}
		}
	}
	got := readAll(t, ctx, b, "out")
	slices.Sort(got)
	for i := range eoRecords {
		if i >= len(got) || got[i] != i {
			t.Fatalf("the copy has %d records; at %d it is wrong", len(got), i)
		}
	}
	t.Logf("%d kills, %d epochs; attempts ended %v", kills, job.epochs.Load(), job.ends)
	if kills < 3 {
		t.Errorf("only %d kills: the test was too short to say anything", kills)
	}
}

// copier copies topic in to topic out.
type copier struct {
	b      *bus.Bus
	rest   *bus.Fetch
	epochs atomic.Int64
	ends   map[string]int // how attempts ended
}

func (j *copier) run(ctx context.Context) error {
	j.ends = map[string]int{}
	for ctx.Err() == nil {
		finished, outcome, err := j.attempt(ctx)
		if finished {
			return nil
		}
		j.ends[outcome]++
		if err == nil {
			return fmt.Errorf("an attempt ended without an error")
		}
	}
	return ctx.Err()
}

// attempt takes the job over, finds the last epoch and copies on from there.
func (j *copier) attempt(ctx context.Context) (finished bool, outcome string, err error) {
	txn, err := j.b.OpenTransaction(ctx, "copier", bus.TransactionConfig{})
	if err != nil {
		return false, "open", err
	}
	defer txn.Close()
	j.rest = nil
	at := make([]int64, eoParts)
	last, found, err := j.b.LastCommitted(ctx, "epochs", "copier")
	if err != nil {
		return false, "last", err
	}
	if found {
		if _, err := fmt.Sscan(string(last.Value), &at[0], &at[1], &at[2], &at[3]); err != nil {
			return false, "parse", err
		}
	}
	r, err := j.b.NewReader(bus.ReaderConfig{Committed: true})
	if err != nil {
		return false, "reader", err
	}
	rctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(rctx) }()
	defer func() { stop(); <-done; r.Close() }()
	for id, offset := range at {
		r.Add("in", int32(id), offset)
	}
	for {
		if err := txn.Begin(); err != nil {
			return false, "begin", err
		}
		if err := j.copy(ctx, r, txn, at); err != nil {
			return false, "copy", err
		}
		epoch := bus.Record{Topic: "epochs", Key: []byte("copier"), Value: fmt.Append(nil, at[0], " ", at[1], " ", at[2], " ", at[3])}
		if err := txn.Produce(ctx, []bus.Record{epoch}); err != nil {
			return false, "produce", err
		}
		if outcome, err := txn.Commit(ctx); err != nil {
			return false, outcome.String(), err
		}
		j.epochs.Add(1)
		if at[0]+at[1]+at[2]+at[3] == eoRecords {
			return true, "", nil
		}
	}
}

// copy copies a few records, so that there are many epochs.
func (j *copier) copy(ctx context.Context, r *bus.Reader, txn *bus.Transaction, at []int64) (err error) {
	if j.rest == nil {
		if j.rest, err = r.Poll(ctx); err != nil {
			return err
		}
	}
	f := j.rest
	var recs []bus.Record
	for len(recs) < 10 {
		if !f.Next() {
			j.rest = nil
			at[f.Partition] = f.After
			break
		}
		at[f.Partition] = f.Raw.Offset + 1
		out := bus.Record{Topic: "out", Value: slices.Clone(f.Raw.Value)}
		bus.ToPartition(&out, int32(rand.IntN(eoParts)))
		recs = append(recs, out)
	}
	if f.Err() != nil {
		return f.Err()
	}
	return txn.Produce(ctx, recs)
}

func readAll(t *testing.T, ctx context.Context, b *bus.Bus, topic string) []int {
	t.Helper()
	ends, err := b.StableOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.NewReader(bus.ReaderConfig{Committed: true})
	if err != nil {
		t.Fatal(err)
	}
	rctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(rctx) }()
	defer func() { stop(); <-done; r.Close() }()
	for id, end := range ends {
		if end > 0 {
			r.Add(topic, id, 0)
		} else {
			delete(ends, id)
		}
	}
	var values []int
	for len(ends) > 0 {
		f, err := r.Poll(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for f.Next() {
			n, err := strconv.Atoi(string(f.Raw.Value))
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, n)
		}
		if f.After >= ends[f.Partition] {
			delete(ends, f.Partition)
		}
	}
	return values
}
