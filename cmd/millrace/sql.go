package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"millrace/builtin"
	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/parse"
	"millrace/sql/plan"
	"millrace/sql/wasm"
	"millrace/telemetry"
	"millrace/vec"
)

type sqlCommand struct {
	File   string `short:"f" required:"" help:"The script; - is standard input." placeholder:"FILE"`
	Output string `enum:"table,json,tsv" default:"table" help:"How rows are printed: table, json (one object a row) or tsv (as Flink prints them)."`
}

// Run executes the statements of the script in order. A bounded query or INSERT runs to its end, an
// unbounded one until Ctrl-C.
func (c *sqlCommand) Run(w *world) error {
	text, err := readScript(c.File, w)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w.out)
	defer out.Flush()
	log := telemetry.NewLogger(w.errs, telemetry.LogOptions{Format: telemetry.AutoFormat, Level: quiet()})
	connectors := builtin.Connectors(nil, flushing{out}, w.errs)
	planner := plan.NewPlanner(catalog.New(), connectors, builtin.Formats())
	planner.Modules = wasm.Anywhere(wasm.DefaultLimits().Module)
	env := &engine.Env{
		Connectors: byName(connectors, func(s connector.Spec) string { return s.Name }),
		Formats:    byName(builtin.Formats(), func(s format.Spec) string { return s.Name }),
		Log:        log, Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return engine.MemoryLedger{}, nil },
	}
	err = planner.Script(text, func(st ast.Statement, r *plan.Result) error {
		if r.Job == nil {
			return printResult(out, c.Output, r)
		}
		return runJob(w.ctx, env, r.Job, out, c.Output)
	})
	if err != nil {
		return located(w, err)
	}
	return out.Flush()
}

func readScript(file string, w *world) (string, error) {
	if file == "-" {
		data, err := readAll(w.in, maxScript)
		return string(data), err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read script: %w", err)
	}
	return string(data), nil
}

// maxScript bounds a script from standard input.
const maxScript = 16 << 20

// runJob runs one planned statement to its end.
func runJob(ctx context.Context, env *engine.Env, j *plan.Job, out *bufio.Writer, output string) error {
	spec := engine.SpecOf("script", j)
	if j.Sinks[0].Connector == "" {
		p := newRowPrinter(out, output, j.Sinks[0].Schema, j.Settings.Zone())
		if err := p.begin(); err != nil {
			return err
		}
		spec.Collect = p.rows
		defer p.end()
	}
	return engine.NewJob(env, spec).RunOnce(ctx)
}

// located prints where in the script an error is, if it has a place.
func located(w *world, err error) error {
	var all parse.Errors
	if errors.As(err, &all) {
		for _, e := range all {
			fmt.Fprintln(w.errs, e.Snippet())
		}
		return err
	}
	var one *parse.Error
	if errors.As(err, &one) {
		fmt.Fprintln(w.errs, one.Snippet())
	}
	return err
}

func byName[T any](list []T, name func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, v := range list {
		m[name(v)] = v
	}
	return m
}

// flushing writes through a buffer and empties it: what print writes is seen at once.
type flushing struct{ w *bufio.Writer }

// Write implements io.Writer.
func (f flushing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = f.w.Flush()
	}
	return n, err
}

// quiet lets warnings and errors through: what a script does is seen in its rows.
func quiet() *slog.LevelVar {
	v := new(slog.LevelVar)
	v.Set(slog.LevelWarn)
	return v
}
