//go:build oracle

package oracle

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"time"

	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/plan"
	"millrace/vec"
)

func keysOf[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// valuesRows are the rows of a source, those before the restore first.
type valuesRows struct {
	batch  *vec.Batch // nil: none
	kinds  []vec.RowKind
	before int
}

var kindOf = map[string]vec.RowKind{"+I": vec.Insert, "-U": vec.UpdateBefore, "+U": vec.UpdateAfter, "-D": vec.Delete}

// makeRows evaluates the rows of a source as a query, which knows all types.
func makeRows(ctx context.Context, t *programTable) (*valuesRows, error) {
	out := &valuesRows{before: len(t.DataBeforeRestore)}
	fields := make([]schema.Field, len(t.names))
	var lines []string
	for _, r := range append(t.DataBeforeRestore, t.DataAfterRestore...) {
		if len(r.Fields) < len(t.names) {
			return nil, fmt.Errorf("a row has %d values for the columns %v", len(r.Fields), t.names)
		}
		exprs := make([]string, len(t.names))
		for i := range exprs { // some rows have more, for metadata that their table does not declare
			raw := r.Fields[i]
			var ok bool
			if exprs[i], ok = literal(raw, strings.TrimSuffix(t.types[i], " NOT NULL")); !ok {
				return nil, fmt.Errorf("column %s of type %s cannot be %s", t.names[i], t.types[i], raw)
			}
		}
		lines = append(lines, "("+strings.Join(exprs, ", ")+")")
		out.kinds = append(out.kinds, kindOf[r.Kind])
	}
	if len(lines) == 0 {
		return out, nil
	}
	planner := plan.NewPlanner(catalog.New(), nil, nil)
	var err error
	if planner.Settings, err = plan.NewSettings(map[string]string{"table.local-time-zone": "UTC", "parallelism.default": "1"}); err != nil {
		return nil, err
	}
	env := &engine.Env{
		Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return engine.MemoryLedger{}, nil },
	}
	var rows *vec.Builder
	err = planner.Script("VALUES "+strings.Join(lines, ",\n"), func(_ ast.Statement, r *plan.Result) error {
		for i := range fields {
			fields[i] = schema.Field{Name: t.names[i], Type: r.Job.Sinks[0].Schema.Fields[i].Type}
		}
		rows = vec.NewBuilderSize(schema.New(fields...), len(lines))
		spec := engine.SpecOf("rows", r.Job)
		spec.Collect = func(b *vec.Batch) error {
			rows.AppendRows(b, b.Rows(), 0)
			return nil
		}
		return engine.NewJob(env, spec).RunOnce(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, strings.Join(lines, "\n"))
	}
	if rows.Len() != len(lines) {
		return nil, fmt.Errorf("%d rows instead of %d", rows.Len(), len(lines))
	}
	out.batch = rows.Batch()
	return out, nil
}

// connectors are the `values` connector of Flink's tests, for the tables of a program. l is nil while
// the program is planned.
func (p *program) connectors(l *life) []connector.Spec {
	var writable []string
	for _, t := range p.tables {
		writable = append(writable, t.meta...)
	}
	spec := connector.Spec{
		Name: "values", Doc: "the rows of a test", SQL: true, Writable: writable,
		Lookup:   lookedUp,
		Periodic: !p.restores(), // Flink's tests without a restore let the source make the watermarks
		Options:  p.valuesOptions(), Gives: gives, Takes: takes,
		Source: func(t connector.Table) (connector.Source, error) {
			return &valuesSource{life: l, table: t, from: p.tables[t.Name]}, nil
		},
		Sink: func(t connector.Table) (connector.Sink, error) { return &valuesSink{life: l, table: t}, nil },
	}
	return []connector.Spec{spec}
}

// valuesOptions are all that the program's tables set: what a source pushes down does not show in its
// rows, so that most of Flink's options for tests are only taken.
func (p *program) valuesOptions() []option.Option {
	names := map[string]bool{"has-key": true}
	for _, t := range p.tables {
		for name := range t.Options {
			names[name] = true
		}
	}
	var all []option.Option
	for name := range names {
		all = append(all, option.Option{Name: name, Doc: "of Flink's values connector"})
	}
	return all
}

// lookedUp says whether rows are looked up in a table, which is then read to its end at once.
func lookedUp(v option.Values) bool { return v.String("disable-lookup") == "false" }

// gives is the changelog-mode of a source.
func gives(v option.Values) format.Changes {
	return changesOf(v.String("changelog-mode"), format.Inserts)
}

// takes is what a sink asks for: no -U where it has a key.
func takes(v option.Values) format.Changes {
	switch {
	case v.Bool("sink-insert-only"):
		return format.Inserts
	case v.Has("sink-changelog-mode-enforced"):
		return changesOf(v.String("sink-changelog-mode-enforced"), format.All)
	case v.Bool("has-key"):
		return format.Upserts
	}
	return format.All
}

func changesOf(mode string, unset format.Changes) format.Changes {
	switch {
	case mode == "":
		return unset
	case mode == "I":
		return format.Inserts
	case strings.Contains(mode, "UA") && !strings.Contains(mode, "UB"):
		return format.Upserts
	}
	return format.All
}

// valuesSource has one split, which is named for its table.
type valuesSource struct {
	life  *life
	table connector.Table
	from  *programTable
}

// Splits implements connector.Source.
func (s *valuesSource) Splits(context.Context) ([]connector.Split, error) {
	return []connector.Split{connector.Split(s.table.Name)}, nil
}

// Open implements connector.Source.
func (s *valuesSource) Open(_ context.Context, _ connector.Split, from connector.Offset, _ format.Decoder) (connector.Reader, error) {
	at, err := strconv.Atoi("0" + string(from))
	if err != nil {
		return nil, err
	}
	r := &valuesReader{life: s.life, rows: s.from.rows, at: at, end: s.from.rows.before, due: s.life.began.Add(time.Duration(s.from.split) * time.Millisecond)}
	if s.life.inTurn {
		r.each = time.Second / 10
	}
	if s.life.last {
		r.end = len(r.rows.kinds)
	}
	if r.ends = lookedUp(s.table.Options); r.ends {
		// Flink's test gives each life rows of its own to be looked up.
		r.due, r.each = s.life.began, 0
		if s.life.last {
			r.at = s.from.rows.before
		}
	}
	for i, f := range s.table.Schema.Fields {
		name := f.Name
		if key := s.table.Meta[i]; key != "" {
			name = key
		}
		column := -1
		for n, have := range s.from.names {
			if have == f.Name || have == name && column < 0 {
				column = n
			}
		}
		if column < 0 {
			return nil, fmt.Errorf("table %s has no column %s", s.table.Name, f.Name)
		}
		r.columns = append(r.columns, column)
	}
	return r, nil
}

// Close implements connector.Source.
func (s *valuesSource) Close() error { return nil }

// valuesReader gives its rows at once when it is due; the sources of a program come one after the
// other. In the first life it then has nothing more; in the last it ends after a while, so that what
// waits for the clock has come before.
type valuesReader struct {
	life    *life
	rows    *valuesRows
	columns []int // of the rows, by column of the table
	at, end int
	due     time.Time
	each    time.Duration // between two rows; 0: all come at once
	ends    bool          // without waiting
}

// Read implements connector.Reader.
func (r *valuesReader) Read(ctx context.Context, dst *connector.Rows) error {
	if wait := time.Until(r.due); wait > 0 {
		return pause(ctx, min(wait, connector.MaxWait))
	}
	for ; r.at < r.end && !dst.Full() && (dst.Len() == 0 || r.each == 0); r.at++ {
		for c, from := range r.columns {
			dst.CopyValue(c, &r.rows.batch.Cols[from], r.at)
		}
		dst.EndRow(r.rows.kinds[r.at])
		r.due = r.due.Add(r.each)
	}
	if r.ends {
		return io.EOF
	}
	if dst.Len() > 0 {
		return nil
	}
	if r.life.last && (r.life.batch || time.Since(r.life.began) >= clockRuns) {
		r.life.endsNow()
		return io.EOF
	}
	return pause(ctx, connector.MaxWait)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Offset implements connector.Reader.
func (r *valuesReader) Offset() connector.Offset { return connector.Offset(strconv.Itoa(r.at)) }

// Lag implements connector.Reader.
func (r *valuesReader) Lag() int64 { return int64(r.end - r.at) }

// Close implements connector.Reader.
func (r *valuesReader) Close() error { return nil }

// valuesSink hands rows to the life of the job, as text.
type valuesSink struct {
	life  *life
	table connector.Table
}

// Open implements connector.Sink.
func (s *valuesSink) Open(context.Context, connector.Task, format.Encoder) (connector.Writer, error) {
	return &valuesWriter{s}, nil
}

// Close implements connector.Sink.
func (s *valuesSink) Close() error { return nil }

type valuesWriter struct{ *valuesSink }

// Write implements connector.Writer.
func (w *valuesWriter) Write(_ context.Context, b *vec.Batch) error {
	rows := b.Rows()
	for k := range rows.Len() {
		w.life.write(w.table.Name, javaRow(b, rows.At(k)))
	}
	return nil
}

// Flush implements connector.Writer.
func (w *valuesWriter) Flush(context.Context) error { return nil }
