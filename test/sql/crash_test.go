package sql

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"millrace/connector"
	"millrace/engine"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/plan"
)

// errCrash ends a life of a job: what is not committed is lost.
var errCrash = errors.New("crash")

// fate is what happens to one life of a job. With checkpoints a reader goes on only when what it has
// read is committed, so that there is a checkpoint between any two batches of a split.
type fate struct {
	checkpoints bool
	commit      outcome // of the first commit of the life
	reads       int     // batches of a split before a crash; 0: no crash of the source
}

// outcome is what becomes of a commit.
type outcome int

const (
	done    outcome = iota
	lost            // nothing is committed, and an error comes back
	unknown         // it is committed, and an error comes back
)

var calm = fate{}

// fates come in turn until the job has finished. Every second one makes progress.
var fates = []fate{
	{reads: 1},
	{checkpoints: true, commit: lost},
	{checkpoints: true, commit: unknown},
	{reads: 2},
	{checkpoints: true, reads: 2},
	{checkpoints: true, reads: 5},
}

// ledger commits the rows of a job to memory: rows count once their epoch is committed, and vanish if
// the job crashes before.
type ledger struct {
	mu        sync.Mutex // guards what follows
	pending   []string
	committed []string
	last      *engine.Epoch
	changed   chan struct{} // closed at each commit
	fate      fate
	commits   int // in this life
	endings   int // commits of the last epoch that were tried
}

func (l *ledger) begin(f fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fate, l.commits, l.pending = f, 0, nil
}

func (l *ledger) collect(row string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, row)
}

func (l *ledger) rows() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.committed)
}

// Last implements engine.Ledger.
func (l *ledger) Last(context.Context) (*engine.Epoch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

// Txn implements engine.Ledger.
func (l *ledger) Txn() connector.Txn { return nil }

// Refuse implements engine.Ledger.
func (l *ledger) Refuse(_ context.Context, s *plan.Scan, bad []connector.Refused) error {
	return fault.New(fault.Invalid, "read table %s: %w", s.Table, bad[0].Reason)
}

// Commit implements engine.Ledger.
func (l *ledger) Commit(_ context.Context, e *engine.Epoch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits++
	how, next := done, *e
	if l.commits == 1 {
		how = l.fate.commit
	}
	if e.Finished && l.fate != calm {
		// The last epoch is lost once, then taken for one of the ordinary checkpoints that may come
		// between the end of the input and it, then committed without the job learning of it.
		l.endings++
		how = []outcome{lost, unknown, unknown}[min(l.endings, 3)-1]
		next.Finished = l.endings > 2
	}
	if how == lost {
		return errCrash
	}
	l.committed = append(l.committed, l.pending...)
	l.pending = nil
	l.last = &next
	close(l.changed)
	l.changed = make(chan struct{})
	if how == unknown {
		return errCrash
	}
	return nil
}

// Close implements engine.Ledger.
func (l *ledger) Close() error { return nil }

// holds waits until an epoch is committed in which the split stands at offset.
func (l *ledger) holds(ctx context.Context, split connector.Split, offset connector.Offset) error {
	for {
		l.mu.Lock()
		changed, last := l.changed, l.last
		l.mu.Unlock()
		if last != nil {
			for id, s := range last.Sources {
				if strings.HasSuffix(id, "/"+string(split)) && s.Offset == offset {
					return nil
				}
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// crashing is a connector whose readers crash as the fate of the life wants.
func crashing(c connector.Spec, l *ledger) connector.Spec {
	if c.Source == nil {
		return c
	}
	open := c.Source
	c.Source = func(t connector.Table) (connector.Source, error) {
		s, err := open(t)
		return crashingSource{s, l}, err
	}
	return c
}

type crashingSource struct {
	connector.Source
	ledger *ledger
}

// Open implements connector.Source.
func (s crashingSource) Open(ctx context.Context, split connector.Split, from connector.Offset, d format.Decoder) (connector.Reader, error) {
	r, err := s.Source.Open(ctx, split, from, d)
	if err != nil {
		return nil, err
	}
	return &crashingReader{Reader: r, ledger: s.ledger, fate: s.ledger.fate, split: split}, nil
}

type crashingReader struct {
	connector.Reader
	ledger *ledger
	fate   fate
	split  connector.Split
	reads  int
}

// Read implements connector.Reader.
func (r *crashingReader) Read(ctx context.Context, dst *connector.Rows) error {
	if r.reads > 0 && r.reads == r.fate.reads {
		return errCrash
	}
	if r.fate.checkpoints && r.reads > 0 {
		if err := r.ledger.holds(ctx, r.split, r.Offset()); err != nil {
			return err
		}
	}
	r.reads++
	return r.Reader.Read(ctx, dst)
}
