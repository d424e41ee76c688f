package differ

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/builtin"
	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// way is one of the ways in which Millrace runs a script.
type way struct {
	rows        int // of a batch
	parallelism int
	crashes     bool
}

func (w way) String() string {
	return fmt.Sprintf("batches of %d, parallelism %d, crashes %t", w.rows, w.parallelism, w.crashes)
}

// ways are the straight one and one more that depends on the seed.
func ways(s *Script) []way {
	more := []way{{1, 1, false}, {3, 3, false}, {1, 1, true}, {2, 3, true}, {vec.MaxRows, 3, false}, {2, 1, true}}
	return []way{{vec.MaxRows, 1, false}, more[s.Seed%uint64(len(more))]}
}

// write writes the files of a script.
func write(dir string, s *Script) error {
	for _, f := range s.Files {
		text := strings.Join(f.Lines, "\n")
		if text != "" {
			text += "\n"
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// run gives the rows of a script's query. A panic is an error.
func (w way) run(t *testing.T, s *Script) (rows []string, err error) {
	t.Helper()
	dir := t.TempDir()
	if err := write(dir, s); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("a query has not ended within a minute"))
	defer cancel()
	var printed bytes.Buffer
	connectors := builtin.Connectors(nil, &printed, &printed)
	env := &engine.Env{
		Connectors: map[string]connector.Spec{}, Formats: map[string]format.Spec{},
		Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(), Snapshots: state.Folders(t.TempDir()),
	}
	for _, c := range connectors {
		env.Connectors[c.Name] = c
	}
	for _, f := range builtin.Formats() {
		env.Formats[f.Name] = f
	}
	planner := plan.NewPlanner(catalog.New(), connectors, builtin.Formats())
	if planner.Settings, err = plan.NewSettings(map[string]string{"table.local-time-zone": "UTC"}); err != nil {
		t.Fatal(err)
	}
	err = planner.Script(strings.Join(s.Statements(dir), ";\n")+";\n", func(_ ast.Statement, r *plan.Result) error {
		if r.Job == nil {
			return nil
		}
		var err error
		rows, err = w.job(ctx, env, r.Job)
		return err
	})
	return rows, err
}

// maxLives is more than any script needs.
const maxLives = 1000

func (w way) job(ctx context.Context, env *engine.Env, j *plan.Job) ([]string, error) {
	l := &ledger{changed: make(chan struct{})}
	spec := engine.SpecOf("job", j)
	spec.Settings.BatchRows, spec.Settings.Parallelism = w.rows, w.parallelism
	spec.Collect = func(b *vec.Batch) error {
		rows := b.Rows()
		for k := range rows.Len() {
			l.collect(tsv(b, rows.At(k), spec.Settings.Zone))
		}
		return nil
	}
	e := *env
	e.OpenLedger = func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return l, nil }
	if !w.crashes {
		err := engine.NewJob(&e, spec).RunOnce(ctx)
		return l.committed, err
	}
	e.Connectors = map[string]connector.Spec{}
	for name, c := range env.Connectors {
		e.Connectors[name] = crashing(c, l)
	}
	spec.Settings.Checkpoint = 200 * time.Microsecond
	for n := range maxLives {
		l.begin(n)
		if err := engine.NewJob(&e, spec).RunOnce(ctx); err == nil || !errors.Is(err, errCrash) {
			return l.committed, err
		}
	}
	return nil, fmt.Errorf("the job has not finished after %d lives", maxLives)
}

var escapes = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n")

// tsv is a row as `millrace sql --output tsv` prints it.
func tsv(b *vec.Batch, i int, zone *time.Location) string {
	var s strings.Builder
	s.WriteString(b.Kind(i).String())
	for c := range b.Cols {
		s.WriteByte('\t')
		if b.Cols[c].IsNull(i) {
			s.WriteString("<NULL>")
			continue
		}
		s.WriteString(escapes.Replace(string(function.AppendPrinted(nil, &b.Cols[c], i, zone))))
	}
	return s.String()
}

// errCrash ends a life of a job: what is not committed is lost.
var errCrash = errors.New("crash")

// ledger commits the rows of a job to memory. Lives of a job in turn end by a lost commit and by a crash of a
// source that had its first batches committed.
type ledger struct {
	mu        sync.Mutex // guards what follows
	pending   []string
	committed []string
	last      *engine.Epoch
	changed   chan struct{} // closed at each commit
	life      int
	commits   int // in this life
}

func (l *ledger) begin(life int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.life, l.commits, l.pending = life, 0, nil
}

func (l *ledger) collect(row string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, row)
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
	if l.commits++; l.commits == 1 && l.life%3 == 1 {
		return errCrash
	}
	next := *e
	l.committed = append(l.committed, l.pending...)
	l.pending, l.last = nil, &next
	close(l.changed)
	l.changed = make(chan struct{})
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

// crashing is a connector whose readers have every batch committed before the next, and crash in each life.
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
	return &crashingReader{Reader: r, ledger: s.ledger, split: split, life: s.ledger.life}, nil
}

type crashingReader struct {
	connector.Reader
	ledger *ledger
	split  connector.Split
	life   int
	reads  int
}

// Read implements connector.Reader.
func (r *crashingReader) Read(ctx context.Context, dst *connector.Rows) error {
	if r.reads > 0 {
		if err := r.ledger.holds(ctx, r.split, r.Offset()); err != nil {
			return err
		}
		if r.reads > 2+r.life%5 {
			return errCrash
		}
	}
	r.reads++
	return r.Reader.Read(ctx, dst)
}
