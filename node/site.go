package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
)

// positionTopic is where sources that can begin at a position commit it, in the transaction of the records
// before it: the last record of a source's name is its position. It is compacted.
const positionTopic = "__millrace_positions"

func ensurePositions(ctx context.Context, b *bus.Bus) error {
	_, err := b.Ensure(ctx, positionTopic, 1, map[string]string{"cleanup.policy": "compact"})
	return err
}

// maxPosition bounds what a source may note as its position.
const maxPosition = 64 << 10

// site is where a source runs. It outlives a Collect: figures go on.
type site struct {
	*intake
	label   string // the source's name
	key     string // of its position and its transactions
	figures *sourceFigures
	txn     *bus.Transaction // AppendAt's; nil before Position
}

// Name implements connector.Site.
func (s *site) Name() string { return s.label }

// Preview implements connector.Site.
func (s *site) Preview() bool { return false }

// Append implements connector.Out.
func (s *site) Append(ctx context.Context, topic string, records []connector.Record) error {
	b := connector.Bounded(records)
	if len(b.Refused) > 0 {
		if err := s.Refuse(ctx, topic, b.Refused); err != nil {
			return err
		}
	}
	if err := s.intake.Append(ctx, topic, b.Records); err != nil {
		return err
	}
	s.figures.took(len(b.Records), 0)
	return nil
}

// Position implements connector.Site. Opening the transaction first ends what an owner before us had under way.
func (s *site) Position(ctx context.Context) ([]byte, error) {
	s.close()
	if err := ensurePositions(ctx, s.bus); err != nil {
		return nil, err
	}
	txn, err := s.bus.OpenTransaction(ctx, "millrace-source-"+s.key, bus.TransactionConfig{})
	if err != nil {
		return nil, err
	}
	s.txn = txn
	last, found, err := s.bus.LastCommitted(ctx, positionTopic, s.key)
	if !found || err != nil {
		return nil, err
	}
	return last.Value, nil
}

// AppendAt implements connector.Site.
func (s *site) AppendAt(ctx context.Context, topic string, b connector.Batch) error {
	if s.txn == nil {
		return errors.New("append at a position: the position was not asked for")
	}
	if len(b.Position) > maxPosition {
		return fault.New(fault.Limit, "append at a position of %d bytes: %d is the most", len(b.Position), maxPosition)
	}
	// What the bus can never take would stop the source for good.
	bounded := connector.Bounded(b.Records)
	b.Records, b.Refused = bounded.Records, slices.Concat(b.Refused, bounded.Refused)
	recs := make([]bus.Record, 0, len(b.Records)+len(b.Refused)+1)
	for i := range b.Records {
		recs = append(recs, recordOf(topic, &b.Records[i]))
	}
	for i := range b.Refused {
		recs = append(recs, unread(s.label, topic, &b.Refused[i]))
	}
	if b.Position != nil {
		recs = append(recs, bus.Record{Topic: positionTopic, Key: []byte(s.key), Value: b.Position})
	}
	if err := commit(ctx, s.txn, recs); err != nil {
		s.close()
		return fmt.Errorf("commit records of source %s: %w", s.label, err)
	}
	s.events.seen(s.name, len(b.Records))
	s.events.refused.Add(int64(len(b.Refused)))
	s.figures.took(len(b.Records), len(b.Refused))
	return nil
}

// commit writes records in one transaction.
func commit(ctx context.Context, txn *bus.Transaction, recs []bus.Record) error {
	if err := txn.Begin(); err != nil {
		return err
	}
	err := txn.Produce(ctx, recs)
	if err == nil {
		err = txn.Flush(ctx)
	}
	if err != nil {
		return errors.Join(err, txn.Abort(context.WithoutCancel(ctx)))
	}
	switch outcome, err := txn.Commit(ctx); {
	case err != nil:
		return err
	case outcome != bus.Committed:
		return fault.New(fault.Unavailable, "the outcome of a transaction is %s", outcome)
	}
	return nil
}

// Refuse implements connector.Site.
func (s *site) Refuse(ctx context.Context, topic string, refused []connector.Unread) error {
	recs := make([]bus.Record, len(refused))
	for i := range refused {
		recs[i] = unread(s.label, topic, &refused[i])
	}
	if err := s.bus.Append(ctx, recs); err != nil {
		return err
	}
	s.events.refused.Add(int64(len(refused)))
	s.figures.took(0, len(refused))
	return nil
}

// SetLag implements connector.Site.
func (s *site) SetLag(records int64) { s.figures.lagged(records) }

// Warn implements connector.Site.
func (s *site) Warn(err error) { s.figures.failed(err) }

// close ends the transactions; a Position opens them again.
func (s *site) close() {
	if s.txn != nil {
		s.txn.Close()
		s.txn = nil
	}
}

func recordOf(topic string, r *connector.Record) bus.Record {
	return bus.Record{Topic: topic, Key: r.Key, Value: r.Value, Timestamp: r.Time, Headers: busHeaders(r.Headers)}
}

func busHeaders(headers []connector.Header) (out []bus.Header) {
	for _, h := range headers {
		out = append(out, bus.Header{Key: h.Name, Value: h.Value})
	}
	return out
}

// unread is the dead letter of a record that a source could not read.
func unread(source, topic string, u *connector.Unread) bus.Record {
	rec := recordOf(topic+connector.DeadSuffix, &u.Record)
	rec.Value = rec.Value[:min(len(rec.Value), connector.MaxRecord)] // the bus takes no more
	if rec.Value == nil {
		rec.Value = []byte{}
	}
	letter := connector.DeadLetter{Reason: u.Reason, By: "source " + source, Topic: topic}
	rec.Headers = append(rec.Headers, busHeaders(letter.Headers())...)
	return rec
}

// sourceFigures are what a source shows of itself.
type sourceFigures struct {
	mu                    sync.Mutex // guards all
	records, refused, lag int64
	restarts              int
	lastRecord, lastError time.Time
	err                   string
	running, began, done  bool
	rate                  jobRate
}

// runs notes that a Collect begins or has ended; each but the first is a restart.
func (f *sourceFigures) runs(now bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now && f.began {
		f.restarts++
	}
	f.running, f.began = now, f.began || now
}

func (f *sourceFigures) isRunning() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running
}

// end notes that the source is done for good.
func (f *sourceFigures) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = true
}

func (f *sourceFigures) took(records, refused int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records += int64(records)
	f.refused += int64(refused)
	if records > 0 {
		f.lastRecord = time.Now()
	}
}

func (f *sourceFigures) lagged(records int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lag = records
}

func (f *sourceFigures) failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.lastError = err.Error(), time.Now()
	if hint := fault.HintOf(err); hint != "" && !strings.Contains(f.err, hint) {
		f.err = fmt.Sprintf("%s (%s)", f.err, hint)
	}
}

// preview is the site of a source that is only looked at: it takes some records and ends.
type preview struct {
	name  string
	limit int
	full  context.CancelFunc

	mu      sync.Mutex // guards what follows
	taken   []connector.Record
	refused []connector.Unread
	warned  error
}

// errSeenEnough is what a preview answers when it has what it wants, so that nothing is acknowledged outside.
var errSeenEnough = errors.New("the preview has seen enough")

// Name implements connector.Site.
func (p *preview) Name() string { return p.name }

// Preview implements connector.Site.
func (p *preview) Preview() bool { return true }

// Position implements connector.Site.
func (p *preview) Position(context.Context) ([]byte, error) { return nil, nil }

// Append implements connector.Out.
func (p *preview) Append(ctx context.Context, topic string, records []connector.Record) error {
	return p.AppendAt(ctx, topic, connector.Batch{Records: records})
}

// Refuse implements connector.Site.
func (p *preview) Refuse(ctx context.Context, topic string, refused []connector.Unread) error {
	return p.AppendAt(ctx, topic, connector.Batch{Refused: refused})
}

// AppendAt implements connector.Site. The records are copied, as their memory is the collector's.
func (p *preview) AppendAt(_ context.Context, _ string, b connector.Batch) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range b.Records {
		if len(p.taken)+len(p.refused) < p.limit {
			p.taken = append(p.taken, copied(r))
		}
	}
	for _, u := range b.Refused {
		if len(p.taken)+len(p.refused) < p.limit {
			p.refused = append(p.refused, connector.Unread{Record: copied(u.Record), Reason: u.Reason})
		}
	}
	if len(p.taken)+len(p.refused) >= p.limit {
		p.full()
		return errSeenEnough
	}
	return nil
}

func copied(r connector.Record) connector.Record {
	c := connector.Record{Time: r.Time, Key: append([]byte(nil), r.Key...), Value: append([]byte(nil), r.Value...)}
	for _, h := range r.Headers {
		c.Headers = append(c.Headers, connector.Header{Name: h.Name, Value: append([]byte(nil), h.Value...)})
	}
	return c
}

// SetLag implements connector.Site.
func (p *preview) SetLag(int64) {}

// Warn implements connector.Site. A source that goes on after an error tries again much later than someone who waits for
// a preview likes to: unless records come soon, the error is the answer.
func (p *preview) Warn(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.warned == nil {
		time.AfterFunc(afterWarning, p.giveUp)
	}
	p.warned = err
}

// afterWarning is how long a preview goes on behind an error.
const afterWarning = 2 * time.Second

func (p *preview) giveUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.taken)+len(p.refused) == 0 {
		p.full()
	}
}
