package engine

import (
	"context"
	"testing"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
)

// stagingSink writes like the sink below it, and stages something in each epoch. Its first Commit fails, as if the
// process had died before it.
type stagingSink struct {
	connector.Sink
	commits *int
}

func (s stagingSink) Open(ctx context.Context, t connector.Task, e format.Encoder) (connector.Writer, error) {
	w, err := s.Sink.Open(ctx, t, e)
	return stagingWriter{w, s.commits}, err
}

type stagingWriter struct {
	connector.Writer
	commits *int
}

func (w stagingWriter) Prepare(context.Context, int64) ([]byte, error) { return []byte("staged"), nil }

func (w stagingWriter) Commit(context.Context, []byte) error {
	if *w.commits++; *w.commits == 1 {
		return fault.New(fault.Unavailable, "the disk is away")
	}
	return nil
}

// TestPublishesWhatAnEndedJobHasStaged breaks a job between the commit of its last epoch and the publishing of what
// the sink had staged in it: the next start makes up for that.
func TestPublishesWhatAnEndedJobHasStaged(t *testing.T) {
	s := setUp(t, worked(), "", windowColumns, windows)
	commits := 0
	spec := s.env.Connectors["ledger"]
	inner := spec.Sink
	spec.Sink = func(table connector.Table) (connector.Sink, error) {
		made, err := inner(table)
		return stagingSink{made, &commits}, err
	}
	s.env.Connectors["ledger"] = spec
	if err := NewJob(s.env, s.spec).RunOnce(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("the first life ends with %v", err)
	}
	if err := NewJob(s.env, s.spec).RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if commits != 2 {
		t.Errorf("Commit was called %d times, want 2", commits)
	}
	s.want(t, workedRows...)
}
