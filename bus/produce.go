package bus

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Append writes records and returns once the bus has all of them, on every replica that is in sync.
// Records of one partition keep their order. After an error some may be there: the caller repeats
// all of them or tells its own caller so. The slice and what it points to must not change before
// Append returns, and may be used again after. Without a broker it ends at the deadline of ctx or after
// deliveryTimeout, and not before: one caller that goes away must not fail the records of others in the same batches.
func (b *Bus) Append(ctx context.Context, recs []Record) error {
	err := ctx.Err()
	if err == nil {
		sending, cancel := deadlineOf(ctx)
		defer cancel()
		p := pending{stats: &b.stats}
		p.produce(sending, b.cl, recs)
		err = p.wait(sending, nil)
	}
	if err != nil {
		return wrap(err, "append %d records to %s", len(recs), topicsOf(recs))
	}
	return nil
}

// deadlineOf returns a context that ends at the deadline of ctx, after deliveryTimeout at the latest, and at nothing else.
func deadlineOf(ctx context.Context) (context.Context, context.CancelFunc) {
	out := context.WithoutCancel(ctx)
	if at, ok := ctx.Deadline(); ok && time.Until(at) < deliveryTimeout {
		return context.WithDeadline(out, at)
	}
	return context.WithTimeout(out, deliveryTimeout)
}

// Producer writes records through the shared client of the Bus without waiting for each. Several
// goroutines may use it; Flush is about what was produced before it was called.
type Producer struct {
	b *Bus
	p pending
}

// NewProducer returns a producer. It holds nothing that must be closed.
func (b *Bus) NewProducer() *Producer { return &Producer{b: b, p: pending{stats: &b.stats}} }

// Produce hands records over. It waits only while the buffer of the client is full. The records, and
// what they point to, must not change before Flush has returned.
func (p *Producer) Produce(ctx context.Context, recs []Record) error {
	p.p.produce(ctx, p.b.cl, recs)
	return p.p.failure("produce to", recs)
}

// Flush returns when the bus has all records that were produced, or with the error of the first that
// it does not have. The producer can be used on after either.
func (p *Producer) Flush(ctx context.Context) error {
	if err := p.p.wait(ctx, p.b.cl); err != nil {
		return wrap(err, "flush producer")
	}
	return nil
}

// pending counts records that are under way. One promise serves them all, so that a record costs no
// allocation of its own.
type pending struct {
	stats *stats

	mu    sync.Mutex // guards the fields below
	left  int
	err   error         // of the first record that failed since the last wait
	empty chan struct{} // closed when left is 0; nil while nobody waits
}

func (p *pending) produce(ctx context.Context, cl *kgo.Client, recs []Record) {
	p.mu.Lock()
	p.left += len(recs)
	p.mu.Unlock()
	done := p.done
	for i := range recs {
		cl.Produce(ctx, &recs[i], done)
	}
}

// done is the promise of every record. The client calls it from one goroutine at a time.
func (p *pending) done(_ *Record, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left--
	if err != nil {
		p.stats.failed.Add(1)
		if p.err == nil {
			p.err = err
		}
	}
	if p.left == 0 && p.empty != nil {
		close(p.empty)
		p.empty = nil
	}
}

// wait returns when nothing is under way, with the first error since the last wait. With a client
// given, that sends at once what is lingering.
func (p *pending) wait(ctx context.Context, cl *kgo.Client) error {
	if cl != nil {
		if err := cl.Flush(ctx); err != nil {
			return err
		}
	}
	p.mu.Lock()
	var empty chan struct{}
	if p.left > 0 {
		if p.empty == nil {
			p.empty = make(chan struct{})
		}
		empty = p.empty
	}
	p.mu.Unlock()
	if empty != nil {
		// The client fails records whose context ends, so this ends, too.
		<-empty
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.err
	p.err = nil
	return err
}

// failure returns the first error so far, and leaves it for wait.
func (p *pending) failure(what string, recs []Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return wrap(p.err, "%s %s", what, topicsOf(recs))
	}
	return nil
}

// topicsOf names the topic of records for an error text.
func topicsOf(recs []Record) string {
	if len(recs) == 0 {
		return "no topic"
	}
	for i := range recs {
		if recs[i].Topic != recs[0].Topic {
			return recs[0].Topic + " and others"
		}
	}
	return recs[0].Topic
}

// keep puts an error back that wait has returned, so that the end of the transaction sees it, too.
func (p *pending) keep(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
}
