package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/internal/failpoint"
	"millrace/sql/plan"
)

// EpochTopic is where jobs commit their epochs: the last record of a job's name is its last epoch.
// It has one partition and is compacted.
const EpochTopic = "__millrace_epochs"

// BusLedgers opens ledgers on a bus. deadLetters names the topic for the bad records of a topic.
func BusLedgers(b *bus.Bus, deadLetters func(topic string) string) func(context.Context, LedgerOf) (Ledger, error) {
	return func(ctx context.Context, of LedgerOf) (Ledger, error) {
		if _, err := b.Ensure(ctx, EpochTopic, 1, map[string]string{"cleanup.policy": "compact"}); err != nil {
			return nil, err
		}
		l := &busLedger{bus: b, job: of.Job, deadLetters: deadLetters}
		if !of.ExactlyOnce {
			l.plain = b.NewProducer()
			return l, nil
		}
		txn, err := b.OpenTransaction(ctx, "millrace-"+of.Job, bus.TransactionConfig{
			// It is open from one checkpoint to the next, and a checkpoint may be late.
			Timeout: max(bus.DefaultTransactionTimeout, 3*of.Every),
		})
		if err != nil {
			return nil, err
		}
		l.txn = txn
		return l, nil
	}
}

// busLedger commits epochs to EpochTopic: in the job's transaction if the job is exactly once, else
// after its output.
type busLedger struct {
	bus         *bus.Bus
	job         string
	deadLetters func(string) string
	txn         *bus.Transaction // nil: at least once
	plain       *bus.Producer

	mu sync.Mutex // guards plain, which is for one goroutine
}

func (l *busLedger) Last(ctx context.Context) (*Epoch, error) {
	rec, found, err := l.bus.LastCommitted(ctx, EpochTopic, l.job)
	if err != nil {
		return nil, err
	}
	failpoint.Hit("engine.epoch.read")
	if l.txn != nil {
		if err := l.txn.Begin(); err != nil {
			return nil, err
		}
	}
	if !found || len(rec.Value) == 0 {
		return nil, nil
	}
	return decodeEpoch(l.job, rec.Offset, rec.Value)
}

func decodeEpoch(job string, offset int64, value []byte) (*Epoch, error) {
	e := &Epoch{}
	if err := json.Unmarshal(value, e); err != nil {
		return nil, fault.New(fault.Corrupt, "read the last epoch of job %s (topic %s, offset %d): %w", job, EpochTopic, offset, err)
	}
	return e, nil
}

func (l *busLedger) Txn() connector.Txn {
	if l.txn == nil {
		return nil
	}
	return l.txn
}

func (l *busLedger) Refuse(ctx context.Context, scan *plan.Scan, bad []connector.Refused) error {
	recs := make([]bus.Record, len(bad))
	for i := range bad {
		recs[i] = l.deadLetter(scan, &bad[i])
	}
	return l.produce(ctx, recs)
}

func (l *busLedger) produce(ctx context.Context, recs []bus.Record) error {
	if l.txn != nil {
		return l.txn.Produce(ctx, recs)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.plain.Produce(ctx, recs)
}

// deadLetter is the record that tells of a bad one; it owns its memory.
func (l *busLedger) deadLetter(scan *plan.Scan, r *connector.Refused) bus.Record {
	topic, partition := scan.Table, ""
	if scan.Options.Has("topic") {
		if at := strings.LastIndexByte(string(r.Split), '/'); at >= 0 {
			topic, partition = string(r.Split[:at]), string(r.Split[at+1:])
		}
	}
	rec := bus.Record{Topic: l.deadLetters(topic), Key: clone(r.Key), Value: clone(r.Value)}
	letter := connector.DeadLetter{Reason: r.Reason, By: l.job, Topic: topic, Read: true, Partition: partition, Offset: string(r.Offset)}
	for _, h := range letter.Headers() {
		rec.Headers = append(rec.Headers, bus.Header{Key: h.Name, Value: h.Value})
	}
	return rec
}

func (l *busLedger) Commit(ctx context.Context, e *Epoch) error {
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode epoch: %w", err)
	}
	recs := []bus.Record{{Topic: EpochTopic, Key: []byte(l.job), Value: value}}
	if l.txn == nil {
		if err := l.plain.Flush(ctx); err != nil {
			return err
		}
		return l.bus.Append(ctx, recs)
	}
	if err := l.produceEpoch(ctx, recs); err != nil {
		return err
	}
	failpoint.Hit("engine.epoch.produced")
	outcome, err := l.txn.Commit(ctx)
	if err != nil {
		return fmt.Errorf("commit epoch %d: %s: %w", e.Number, outcome, err)
	}
	if failpoint.Planted("epoch-outside-transaction") {
		if err := l.bus.Append(ctx, recs); err != nil {
			return err
		}
	}
	if e.Finished {
		return nil
	}
	return l.txn.Begin()
}

// produceEpoch puts the epoch record into the transaction; a test may want it elsewhere.
func (l *busLedger) produceEpoch(ctx context.Context, recs []bus.Record) error {
	switch {
	case failpoint.Planted("offsets-before-output"):
		return l.bus.Append(ctx, recs)
	case failpoint.Planted("epoch-outside-transaction"):
		return nil
	}
	return l.txn.Produce(ctx, recs)
}

func (l *busLedger) Close() error {
	if l.txn == nil {
		return nil
	}
	err := l.txn.Abort(context.Background())
	l.txn.Close()
	return err
}

// Forget makes a job start anew, from its configured start, when it is next run.
func Forget(ctx context.Context, b *bus.Bus, job string) error {
	return b.Append(ctx, []bus.Record{{Topic: EpochTopic, Key: []byte(job)}})
}

// MemoryLedger keeps epochs in memory, for scripts that run to their end in one process: what breaks
// is not started again.
type MemoryLedger struct{}

// Last implements Ledger: a script begins at the beginning.
func (MemoryLedger) Last(context.Context) (*Epoch, error) { return nil, nil }

// Txn implements Ledger: there is none.
func (MemoryLedger) Txn() connector.Txn { return nil }

// Refuse implements Ledger. Scripts have no dead letters.
func (MemoryLedger) Refuse(_ context.Context, scan *plan.Scan, bad []connector.Refused) error {
	return fault.New(fault.Invalid, "read table %s: %w", scan.Table, bad[0].Reason)
}

// Commit implements Ledger.
func (MemoryLedger) Commit(context.Context, *Epoch) error { return nil }

// Close implements Ledger.
func (MemoryLedger) Close() error { return nil }

func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}
