package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"millrace/schema"
	"millrace/vec"
)

// TestExchangeKeepsKeysTogether sends rows to three tasks: all rows of a key go to one of them, in order,
// and none is lost.
func TestExchangeKeepsKeysTogether(t *testing.T) {
	s := schema.New(schema.Field{Name: "k", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "n", Type: schema.Of(schema.BigInt)})
	pool, h := newPool(s), vec.NewHasher()
	var to []chan message
	for range 3 {
		to = append(to, make(chan message, queueLength))
	}
	const senders, batches, perBatch = 2, 20, 700
	var sending, receiving sync.WaitGroup
	for input := range senders {
		x := &exchange{ctx: t.Context(), to: to, input: input, keys: []int{0}, hasher: h, pool: pool, last: startWatermark}
		sending.Go(func() {
			b := vec.NewBuilder(s)
			for i := range batches {
				b.Reset()
				for k := range perBatch {
					if k%97 != 0 { // some keys are NULL
						b.SetString(0, fmt.Sprint("key", k%50))
					}
					b.SetI64(1, int64(i*perBatch+k))
					b.EndRow(vec.Insert)
				}
				if err := x.Emit(b.Batch()); err != nil {
					t.Error(err)
				}
			}
			if err := x.Watermark(int64(input)); err != nil {
				t.Error(err)
			}
		})
	}
	type origin struct {
		input int
		key   string
	}
	got := make([]map[origin][]int64, 3)
	for task, queue := range to {
		got[task] = map[origin][]int64{}
		receiving.Go(func() {
			for m := range queue {
				if m.kind != rowsMessage {
					continue
				}
				b := m.rows.Batch()
				for i := range b.N {
					o := origin{m.input, printed(&b.Cols[0], i)}
					got[task][o] = append(got[task][o], b.Cols[1].I64[i])
				}
				pool.Put(m.rows)
			}
		})
	}
	sending.Wait()
	for _, queue := range to {
		close(queue)
	}
	receiving.Wait()
	owner, rows := map[string]int{}, 0
	for task := range got {
		if len(got[task]) == 0 {
			t.Errorf("task %d has no keys", task)
		}
		for o, ns := range got[task] {
			if other, known := owner[o.key]; known && other != task {
				t.Errorf("key %s went to tasks %d and %d", o.key, other, task)
			}
			owner[o.key] = task
			for i := 1; i < len(ns); i++ {
				if ns[i] <= ns[i-1] {
					t.Fatalf("key %s: row %d came after %d", o.key, ns[i], ns[i-1])
				}
			}
			rows += len(ns)
		}
	}
	if rows != senders*batches*perBatch {
		t.Errorf("%d rows came", rows)
	}
}

// TestCheckpointsWithSlowSinks commits as often as it can while sinks block and queues are full: neither
// the gate nor a barrier may wait for one another for ever.
func TestCheckpointsWithSlowSinks(t *testing.T) {
	for name, query := range map[string]string{
		"windows": windows,
		"cascade": `WITH few AS (
			SELECT k, SUM(v) AS s, window_time AS rt FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY k, window_start, window_end, window_time)
			SELECT window_start, k, SUM(s) FROM TABLE(TUMBLE(TABLE few, DESCRIPTOR(rt), INTERVAL '20' SECOND)) GROUP BY window_start, window_end, k;`,
		"union":  `SELECT ts, k, v FROM e UNION ALL SELECT ts, k, -v FROM e;`,
		"groups": `SELECT MAX(ts), k, COUNT(*) FROM e GROUP BY k;`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &feed{splits: map[string][]step{}}
			for split := range 4 {
				var steps []step
				for i := range 40 {
					var st step
					for k := range 25 {
						st = append(st, event{ts: int64(i) * 3_000, k: fmt.Sprint(k % 7), v: 1})
					}
					steps = append(steps, st)
				}
				f.splits[fmt.Sprint(split)] = steps
			}
			s := setUp(t, f, "", windowColumns, query)
			s.spec.Settings.Parallelism = 3
			s.spec.Settings.Checkpoint = 100 * time.Microsecond
			s.ledger.writing = func(ctx context.Context) error {
				return pause(ctx, rand.N(300*time.Microsecond))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := NewJob(s.env, s.spec).Run(ctx); err != nil {
				t.Fatal(err)
			}
			if ctx.Err() != nil {
				t.Fatal("the job stands still")
			}
			if len(s.ledger.epochs) < 3 || !s.ledger.epochs[len(s.ledger.epochs)-1].Finished {
				t.Errorf("%d epochs were committed", len(s.ledger.epochs))
			}
		})
	}
}
