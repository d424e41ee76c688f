package sql

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"millrace/builtin"
	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

var rewrite = flag.Bool("rewrite", false, "write the expectations of the scripts anew")

// TestScripts runs every script in every way; all ways must give the same rows.
func TestScripts(t *testing.T) {
	scripts, err := All(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			if *rewrite {
				writeAnew(t, s)
				return
			}
			for _, w := range ways(s) {
				outs, err := w.run(t, s)
				check(t, w, s, outs, err)
			}
		})
	}
}

// way is one of the ways in which a script runs.
type way struct {
	rows        int // of a batch
	parallelism int
	crashes     bool
	rescales    bool // each life has another parallelism than the one before
}

func (w way) String() string {
	lives := "straight"
	if w.crashes {
		lives = "with crashes"
	}
	if w.rescales {
		lives = "with crashes, at another parallelism each time"
	}
	return fmt.Sprintf("batches of %d, parallelism %d, %s", w.rows, w.parallelism, lives)
}

// shelved says whether all state is to lie in files, which takes long.
func (w way) shelved() bool { return w.crashes && w.rows == 2 && w.parallelism == 1 }

func ways(s *Script) []way {
	var all []way
	for _, crashes := range []bool{false, true} {
		if crashes && !s.Runs(OnlyStraight) {
			continue
		}
		for _, rows := range []int{vec.MaxRows, 2, 1} {
			for _, parallelism := range []int{1, 3} {
				all = append(all, way{rows: rows, parallelism: parallelism, crashes: crashes})
			}
		}
	}
	if s.Runs(OnlyStraight) {
		all = append(all, way{rows: 2, parallelism: 3, crashes: true, rescales: true})
	}
	return all
}

func check(t *testing.T, w way, s *Script, outs [][]string, err error) {
	t.Helper()
	switch {
	case err != nil && !s.Fails:
		t.Fatalf("%s: %v", w, err)
	case err == nil && s.Fails:
		t.Fatalf("%s: it runs, but an error with %q is wanted", w, s.Error)
	case err != nil && !strings.Contains(err.Error(), s.Error):
		t.Fatalf("%s: the error is %q, which lacks %q", w, err, s.Error)
	}
	for i, o := range s.Outs {
		order := o.Order
		if order == InOrder && w.parallelism > 1 {
			order = Sorted // between tasks there is none
		}
		if diff := cmp.Diff(order.Of(o.Rows), order.Of(outs[i]), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s: rows of the statement before line %d (-want +got):\n%s", w, o.Line, diff)
		}
	}
}

func writeAnew(t *testing.T, s *Script) {
	outs, err := way{rows: vec.MaxRows, parallelism: 1}.run(t, s)
	if (err != nil) != s.Fails {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Name+scriptName, []byte(s.Rewritten(outs)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs a script once and returns what stands for each of its --out directives.
func (w way) run(t *testing.T, s *Script) ([][]string, error) {
	t.Helper()
	text, err := s.In(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	connectors := builtin.Connectors(nil, &printed, &printed)
	x := &execution{
		way: w, printed: &printed,
		planner: plan.NewPlanner(catalog.New(), connectors, builtin.Formats()),
		env: &engine.Env{
			Connectors: map[string]connector.Spec{}, Formats: map[string]format.Spec{},
			Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(), Snapshots: state.Folders(t.TempDir()),
			Chains: state.Limits{Small: -1, Files: 2}, // so that snapshots build on each other and are merged
		},
	}
	if w.shelved() {
		x.env.Memory = state.NewMemory(0, t.TempDir())
	}
	if x.planner.Settings, err = plan.NewSettings(map[string]string{"table.local-time-zone": "UTC"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range connectors {
		x.env.Connectors[c.Name] = c
	}
	for _, f := range builtin.Formats() {
		x.env.Formats[f.Name] = f
	}
	outs := make([][]string, len(s.Outs))
	err = x.planner.Script(text, func(st ast.Statement, r *plan.Result) error {
		rows, err := x.result(t.Context(), st, r)
		for i, o := range s.Outs {
			// A directive belongs to the last statement before it, which comes last here.
			if o.Line > st.Extent().End.Line {
				outs[i] = rows
			}
		}
		return err
	})
	return outs, err
}

// execution is one run of a script.
type execution struct {
	way
	planner *plan.Planner
	env     *engine.Env
	printed *bytes.Buffer
	jobs    int
}

// ofTask is how print says which of several tasks wrote a row.
var ofTask = regexp.MustCompile(`(?m)^\d+> `)

// result runs what a statement has planned and returns its rows as text. An INSERT has those that the
// print connector printed.
func (x *execution) result(ctx context.Context, st ast.Statement, r *plan.Result) ([]string, error) {
	if r.Job == nil {
		return shown(st, r), nil
	}
	x.printed.Reset()
	rows, err := x.job(ctx, r.Job)
	if r.Job.Sinks[0].Connector != "" {
		rows = strings.FieldsFunc(ofTask.ReplaceAllString(x.printed.String(), ""), func(r rune) bool { return r == '\n' })
	}
	return rows, err
}

// shown is what SHOW and DESCRIBE answer: plain text, or rows like those of a query.
func shown(st ast.Statement, r *plan.Result) []string {
	var rows []string
	for _, row := range r.Rows {
		switch st.(type) {
		case *ast.Explain:
			rows = append(rows, strings.Split(row[0], "\n")...)
		default:
			rows = append(rows, "+I\t"+strings.Join(row, "\t"))
		}
	}
	return rows
}

// job runs a planned job to its end, through as many lives as the way wants.
func (x *execution) job(ctx context.Context, j *plan.Job) ([]string, error) {
	x.jobs++
	l := &ledger{changed: make(chan struct{})}
	spec := engine.SpecOf(fmt.Sprintf("job%d", x.jobs), j)
	spec.Settings.BatchRows, spec.Settings.Parallelism = x.rows, x.parallelism
	spec.Collect = func(b *vec.Batch) error {
		rows := b.Rows()
		for k := range rows.Len() {
			l.collect(tsv(b, rows.At(k), spec.Settings.Zone))
		}
		return nil
	}
	if !x.crashes {
		return x.life(ctx, l, spec, calm)
	}
	for n := range maxLives {
		if x.rescales {
			spec.Settings.Parallelism = rescaled[n%len(rescaled)]
		}
		rows, err := x.life(ctx, l, spec, fates[n%len(fates)])
		if err == nil || !errors.Is(err, errCrash) {
			return rows, err
		}
	}
	return nil, fmt.Errorf("the job has not finished after %d lives", maxLives)
}

// rescaled are the parallelisms of the lives of a job that is rescaled.
var rescaled = []int{2, 3, 1, 4}

// maxLives is far more than any script needs.
const maxLives = 1000

func (x *execution) life(ctx context.Context, l *ledger, spec engine.Spec, f fate) ([]string, error) {
	env := *x.env
	env.OpenLedger = func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return l, nil }
	l.begin(f)
	if f.checkpoints {
		spec.Settings.Checkpoint = 200 * time.Microsecond
	}
	if x.crashes {
		env.Connectors = map[string]connector.Spec{}
		for name, c := range x.env.Connectors {
			env.Connectors[name] = crashing(c, l)
		}
	}
	err := engine.NewJob(&env, spec).RunOnce(ctx)
	return l.rows(), err
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
