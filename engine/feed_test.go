package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"millrace/catalog"
	"millrace/connector"
	"millrace/engine/state"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// A feed is a source that does what a test tells it: each split is a list of steps, and each Read does
// the next one. It remembers nothing between two lives of a job but what tests keep in their steps.
type feed struct {
	splits map[string][]step
	// before is called by every Read before its step; nil is nothing.
	before func(ctx context.Context, split string, at int) error
	// lag is what a reader says of the records that wait; nil: the steps that are left.
	lag func(split string, at int) int64
}

// step is what one Read gives. The zero step has no rows.
type step []event

// event is a row of a feed: an event time in ms, a key and a value.
type event struct {
	ts int64
	k  string
	v  int64
}

// errQuiet of before makes a Read without rows.
var errQuiet = errors.New("nothing to read yet")

// follow ends no split: a Read behind the last step waits for MaxWait.
const follow = "follow"

func (f *feed) spec() connector.Spec {
	return connector.Spec{Name: "feed", SQL: true, Options: []option.Option{{Name: follow, Kind: option.Bool, Default: "false"}}, Source: func(t connector.Table) (connector.Source, error) {
		return feedSource{f, t}, nil
	}}
}

type feedSource struct {
	feed  *feed
	table connector.Table
}

func (s feedSource) Splits(context.Context) ([]connector.Split, error) {
	var splits []connector.Split
	for name := range s.feed.splits {
		splits = append(splits, connector.Split(name))
	}
	slices.Sort(splits)
	return splits, nil
}

func (s feedSource) Open(_ context.Context, split connector.Split, from connector.Offset, _ format.Decoder) (connector.Reader, error) {
	at, err := strconv.Atoi("0" + string(from))
	return &feedReader{feedSource: s, split: string(split), at: at}, err
}

func (s feedSource) Close() error { return nil }

type feedReader struct {
	feedSource
	split string
	at    int
}

func (r *feedReader) Read(ctx context.Context, dst *connector.Rows) error {
	if before := r.feed.before; before != nil {
		switch err := before(ctx, r.split, r.at); {
		case errors.Is(err, errQuiet):
			return pause(ctx, connector.MaxWait)
		case err != nil:
			return err
		}
	}
	steps := r.feed.splits[r.split]
	if r.at == len(steps) {
		if !r.table.Options.Bool(follow) {
			return io.EOF
		}
		return pause(ctx, connector.MaxWait)
	}
	for _, e := range steps[r.at] {
		for c, f := range r.table.Schema.Fields {
			switch f.Name {
			case "ts":
				dst.SetI64(c, e.ts)
			case "k":
				dst.SetString(c, e.k)
			case "v":
				dst.SetI64(c, e.v)
			}
		}
		dst.EndRow(vec.Insert)
	}
	r.at++
	return nil
}

func (r *feedReader) Offset() connector.Offset { return connector.Offset(strconv.Itoa(r.at)) }

func (r *feedReader) Lag() int64 {
	if r.feed.lag != nil {
		return r.feed.lag(r.split, r.at)
	}
	return int64(len(r.feed.splits[r.split]) - r.at)
}

func (r *feedReader) Close() error { return nil }

// sink is the connector that writes to a ledger, rows as text.
func sink(l *testLedger) connector.Spec {
	return connector.Spec{Name: "ledger", SQL: true, Takes: func(option.Values) format.Changes { return format.All }, Sink: func(connector.Table) (connector.Sink, error) { return ledgerSink{l}, nil }}
}

type ledgerSink struct{ *testLedger }

func (s ledgerSink) Open(context.Context, connector.Task, format.Encoder) (connector.Writer, error) {
	return ledgerWriter(s), nil
}

type ledgerWriter struct{ *testLedger }

func (w ledgerWriter) Write(ctx context.Context, b *vec.Batch) error {
	if w.writing != nil {
		if err := w.writing(ctx); err != nil {
			return err
		}
	}
	rows := b.Rows()
	for k := range rows.Len() {
		var row []string
		if kind := b.Kind(rows.At(k)); kind != vec.Insert {
			row = append(row, kind.String())
		}
		for c := range b.Cols {
			row = append(row, printed(&b.Cols[c], rows.At(k)))
		}
		w.collect(strings.Join(row, " "))
	}
	return nil
}

func printed(c *vec.Column, i int) string {
	if c.IsNull(i) {
		return "NULL"
	}
	if c.Type.ID == schema.Timestamp {
		return fmt.Sprint(c.I64[i])
	}
	return string(function.AppendPrinted(nil, c, i, nil))
}

func (w ledgerWriter) Flush(context.Context) error { return nil }

func (w ledgerWriter) Close() error { return nil }

func (s ledgerSink) Close() error { return nil }

// testLedger commits to memory: rows are seen once their epoch is committed, and vanish with a run
// that did not commit them.
type testLedger struct {
	writing    func(context.Context) error
	committing func(*Epoch) error

	mu        sync.Mutex // guards what follows
	pending   []string
	committed []string
	epochs    []Epoch
	closed    int
}

func (l *testLedger) collect(row string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, row)
}

// rows are those that are committed, in order.
func (l *testLedger) rows() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.committed)
}

func (l *testLedger) Last(context.Context) (*Epoch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = nil
	if len(l.epochs) == 0 {
		return nil, nil
	}
	last := l.epochs[len(l.epochs)-1]
	return &last, nil
}

func (l *testLedger) Txn() connector.Txn { return nil }

func (l *testLedger) Refuse(context.Context, *plan.Scan, []connector.Refused) error { return nil }

func (l *testLedger) Commit(_ context.Context, e *Epoch) error {
	if l.committing != nil {
		if err := l.committing(e); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.committed = append(l.committed, l.pending...)
	l.pending = nil
	l.epochs = append(l.epochs, *e)
	return nil
}

func (l *testLedger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed++
	return nil
}

// setting is a job made of SQL over the table e (ts, k, v) of a feed, that writes to a ledger.
type setting struct {
	stateDir string // where its snapshots are
	env      *Env
	spec     Spec
	ledger   *testLedger
}

const tableE = `CREATE TABLE e (ts TIMESTAMP(3), k STRING, v BIGINT, WATERMARK FOR ts AS ts)
WITH ('connector' = 'feed'%s);
CREATE TABLE o (%s) WITH ('connector' = 'ledger');
INSERT INTO o `

// windows sums v by k in windows of 10 s.
const windows = `SELECT window_start, k, SUM(v) FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;`

const windowColumns = "ws TIMESTAMP(3), k STRING, s BIGINT"

func setUp(t *testing.T, f *feed, options, columns, query string) *setting {
	t.Helper()
	l := &testLedger{}
	connectors := []connector.Spec{f.spec(), sink(l)}
	job, err := planned(connectors, fmt.Sprintf(tableE, options, columns)+query)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &setting{ledger: l, stateDir: filepath.Join(dir, "test"), spec: SpecOf("test", job), env: &Env{
		Connectors: map[string]connector.Spec{}, Formats: map[string]format.Spec{}, Log: slog.New(slog.DiscardHandler),
		Snapshots: state.Folders(dir), Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, LedgerOf) (Ledger, error) { return l, nil },
	}}
	for _, c := range connectors {
		s.env.Connectors[c.Name] = c
	}
	s.spec.Settings.Parallelism = 1
	return s
}

// want compares the committed rows, in any order.
func (s *setting) want(t *testing.T, rows ...string) {
	t.Helper()
	got := s.ledger.rows()
	slices.Sort(got)
	slices.SortFunc(rows, cmp.Compare[string])
	if !slices.Equal(got, rows) {
		t.Errorf("rows are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(rows, "\n"))
	}
}

// planned returns the job of the last statement.
func planned(connectors []connector.Spec, text string) (*plan.Job, error) {
	var job *plan.Job
	err := plan.NewPlanner(catalog.New(), connectors, nil).Script(text, func(_ ast.Statement, r *plan.Result) error { job = r.Job; return nil })
	return job, err
}
