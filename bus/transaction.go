package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/fault"
	"millrace/internal/failpoint"
)

// DefaultTransactionTimeout is how long a transaction may be open before the cluster aborts it: that
// long an owner that hangs can hold readers of committed records up.
const DefaultTransactionTimeout = 10 * time.Second

// Outcome is how the end of a transaction came out.
type Outcome uint8

// The outcomes. After Unknown the transaction may be either: whoever needs to know opens the
// transactional id again, which ends what is open, and reads what was committed.
const (
	Unknown Outcome = iota
	Committed
	Aborted
)

// String returns the outcome in lower case.
func (o Outcome) String() string { return [...]string{"unknown", "committed", "aborted"}[o] }

// Transaction is the transactional producer of one job: one transaction after the other, under one
// id. Whoever opens the id again fences this one. One goroutine begins and ends transactions; between
// Begin and the end several may Produce and Flush.
//
//	t.Begin(); t.Produce(ctx, recs); …; outcome, err := t.Commit(ctx)
//
// Input offsets are not part of the transaction: a job keeps them in the epoch record that it
// produces, which is, and tells its group afterwards by Bus.CommitOffsets, for people and tools to
// look at. So one fact decides, and a broker that loses staged offsets cannot make two of it.
type Transaction struct {
	id      string
	timeout time.Duration
	cl      *kgo.Client
	log     *slog.Logger
	p       pending
	open    bool
	dead    error // why it cannot go on

	until    time.Time // when the cluster aborts what is open
	caller   context.Context
	sending  context.Context // caller's, until then
	releases []func()
}

// TransactionConfig says how a Transaction works. The zero value of a field means its default.
type TransactionConfig struct {
	// Timeout is when the cluster aborts an open transaction; DefaultTransactionTimeout by default.
	// It must be well above the time between Begin and Commit.
	Timeout time.Duration
}

// OpenTransaction takes a transactional id over: an owner before us is fenced, and what it had open
// is aborted, before this returns.
func (b *Bus) OpenTransaction(ctx context.Context, id string, cfg TransactionConfig) (*Transaction, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTransactionTimeout
	}
	opts := []kgo.Opt{
		kgo.TransactionalID(id), kgo.TransactionTimeout(cfg.Timeout), kgo.AllowAutoTopicCreation(),
	}
	cl, err := b.client(opts...)
	if err != nil {
		return nil, err
	}
	failpoint.Hit("bus.takeover.before")
	if _, _, err := cl.ProducerID(ctx); err != nil {
		cl.Close()
		return nil, wrap(err, "open transactional id %s", id)
	}
	failpoint.Hit("bus.takeover.after")
	return &Transaction{id: id, timeout: cfg.Timeout, cl: cl, log: b.log, p: pending{stats: &b.stats}}, nil
}

// ID returns the transactional id.
func (t *Transaction) ID() string { return t.id }

// Begin starts a transaction. Nothing is sent before the first record is.
func (t *Transaction) Begin() error {
	if t.dead != nil {
		return t.dead
	}
	if err := t.cl.BeginTransaction(); err != nil {
		return t.die(err, "begin transaction %s", t.id)
	}
	t.open, t.until = true, time.Now().Add(t.timeout)
	return nil
}

// Produce hands records over. It waits only while the buffer of the client is full. The records, and
// what they point to, must not change before Flush, Commit or Abort has returned. After an error the
// transaction can only be aborted.
func (t *Transaction) Produce(ctx context.Context, recs []Record) error {
	if !t.open {
		return fmt.Errorf("produce in transaction %s: none is open", t.id)
	}
	t.p.produce(t.inTime(ctx), t.cl, recs)
	return t.p.failure("produce to", recs)
}

// inTime returns ctx until the transaction's time is over: what cannot be written within it cannot be committed
// either. The client's own timeout goes by the timestamps of records, which may be old.
func (t *Transaction) inTime(ctx context.Context) context.Context {
	if t.sending == nil || t.caller != ctx {
		sending, release := context.WithDeadline(ctx, t.until)
		t.caller, t.sending, t.releases = ctx, sending, append(t.releases, release)
	}
	return t.sending
}

// ended notes that nothing is open any more.
func (t *Transaction) ended() {
	for _, release := range t.releases {
		release()
	}
	t.open, t.caller, t.sending, t.releases = false, nil, nil, nil
}

// Flush returns when all records produced are on the bus, still uncommitted. After an error the
// transaction can only be aborted.
func (t *Transaction) Flush(ctx context.Context) error {
	if err := t.p.wait(ctx, t.cl); err != nil {
		t.p.keep(err)
		return t.fenced(err, "flush transaction %s", t.id)
	}
	return nil
}

// Commit writes what is buffered and commits. With Committed the error is nil. With Aborted it says
// why; the same Transaction can begin anew, unless the error is ErrFenced. With Unknown it must be
// closed.
//
// The end of ctx stops the writing of records, but not the commit once that is under way: cutting it
// off would make its outcome unknown.
func (t *Transaction) Commit(ctx context.Context) (Outcome, error) {
	if !t.open {
		return Aborted, fmt.Errorf("commit transaction %s: none is open", t.id)
	}
	if err := t.p.wait(ctx, t.cl); err != nil {
		return Aborted, errors.Join(t.fenced(err, "commit transaction %s", t.id), t.abort(ctx))
	}
	ectx, cancel := t.ending(ctx)
	defer cancel()
	failpoint.Hit("bus.commit.before")
	err := t.cl.EndTransaction(ectx, kgo.TryCommit)
	failpoint.Hit("bus.commit.after")
	if err == nil {
		t.ended()
		return Committed, nil
	}
	// Only these two say that the commit was not tried, or was refused as a whole.
	if errors.Is(err, kerr.OperationNotAttempted) || errors.Is(err, kerr.TransactionAbortable) {
		return Aborted, errors.Join(t.fenced(err, "commit transaction %s", t.id), t.abort(ctx))
	}
	t.ended()
	return Unknown, t.die(err, "commit transaction %s", t.id)
}

// Abort drops what was produced since Begin. Whatever happens, it will not be committed. After an
// error the Transaction must be closed.
func (t *Transaction) Abort(ctx context.Context) error {
	if !t.open {
		return nil
	}
	return t.abort(ctx)
}

func (t *Transaction) abort(ctx context.Context) error {
	t.open = false
	defer t.ended()
	ctx, cancel := t.ending(ctx)
	defer cancel()
	err := t.cl.AbortBufferedRecords(ctx)
	if err == nil {
		_ = t.p.wait(ctx, nil) // their records were failed on purpose
		failpoint.Hit("bus.abort.before")
		err = t.cl.EndTransaction(ctx, kgo.TryAbort)
	}
	if err != nil {
		return t.die(err, "abort transaction %s", t.id)
	}
	return nil
}

// ending returns a context for the end of a transaction, which ends some time after the cluster's
// own patience, however ctx fares.
func (t *Transaction) ending(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), t.timeout+5*time.Second)
}

// Close ends the connection. What is open is aborted by the next owner, or by its timeout.
func (t *Transaction) Close() {
	t.dead = fmt.Errorf("transaction %s is closed", t.id)
	t.open = false
	t.cl.UnsafeAbortBufferedRecords() // nobody will commit them
	t.cl.Close()
}

func (t *Transaction) die(err error, format string, args ...any) error {
	t.dead = t.fenced(err, format, args...)
	return t.dead
}

// fenced wraps an error, as ErrFenced if that is what it means. Fencing is no fault that goes away:
// another owner is at work.
func (t *Transaction) fenced(err error, format string, args ...any) error {
	if isFenced(err) {
		return fault.New(fault.Conflict, format+": %w", append(args, fmt.Errorf("%w: %w", ErrFenced, err))...)
	}
	return wrap(err, format, args...)
}
