package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"millrace/fault"
)

// engines are DuckDB databases in memory, each used by one query at a time: so views of the same name
// do not collide, each has its own memory limit, and one that breaks is thrown away alone.
type engines struct {
	dir  string
	opts Options
	free chan *engine // nil stands for one that is not made yet
}

// engine is one DuckDB database. It keeps nothing of ours: only views, which are made anew when the
// parts behind them change.
type engine struct {
	db     *sql.DB
	conn   *sql.Conn
	views  map[string]string // name to the text it was made of
	heads  map[string]*snapshot
	schema map[string]bool
	made   int // views made so far
	// fickle are the functions that are not the same for the same arguments.
	fickle map[string]bool
}

// wornAt is how many views an engine makes before it is replaced: DuckDB keeps the metadata of every file
// that it has read, and parts come and go. Making an engine takes some 15 ms.
const wornAt = 2000

func newEngines(dir string, opts Options) *engines {
	es := &engines{dir: dir, opts: opts, free: make(chan *engine, opts.Queries)}
	for range opts.Queries {
		es.free <- nil
	}
	return es
}

// take waits for a free engine.
func (es *engines) take(ctx context.Context) (*engine, error) {
	select {
	case e := <-es.free:
		if e != nil {
			return e, nil
		}
		e, err := es.open(ctx)
		if err != nil {
			es.free <- nil
			return nil, err
		}
		return e, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// give puts an engine back after a query that ended with err. One that is worn or broken is replaced:
// after a FATAL or INTERNAL error DuckDB refuses everything else.
func (es *engines) give(e *engine, err error) {
	if e.made > wornAt || errors.Is(err, fault.Unavailable) || e.conn.PingContext(context.Background()) != nil {
		_ = e.close() // it kept nothing
		e = nil
	}
	es.free <- e
}

// close waits for the queries under way and closes all engines.
func (es *engines) close() {
	for range cap(es.free) {
		if e := <-es.free; e != nil {
			_ = e.close() // it is in memory and kept nothing
		}
	}
}

func (e *engine) close() error { return errors.Join(e.conn.Close(), e.db.Close()) }

// settings are the sandbox: what a query may use, and that it cannot change that. COPY and ATTACH
// would still write into the allowed directory, so only single SELECT statements get here, and only
// table functions that touch nothing (see sqlcheck.go).
func (es *engines) settings() []string {
	return []string{
		fmt.Sprintf("SET threads = %d", es.opts.QueryThreads),
		fmt.Sprintf("SET memory_limit = '%dB'", es.opts.QueryMemory),
		"SET temp_directory = ''", // what does not fit is refused, not spilled
		"SET TimeZone = 'UTC'",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET allow_persistent_secrets = false",
		"SET parquet_metadata_cache = true", // parts never change
		"SET allowed_directories = [" + quoteText(filepath.Join(es.dir, partsDir)) + ", " + quoteText(filepath.Join(es.dir, coldDir)) + "]",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	}
}

func (es *engines) open(ctx context.Context) (_ *engine, err error) {
	connector, err := duckdb.NewConnector("", func(conn driver.ExecerContext) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("open duckdb: %w", err)
	}
	e := &engine{db: sql.OpenDB(connector), views: map[string]string{}, schema: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open duckdb: %w", err), e.db.Close())
		}
	}()
	if e.conn, err = e.db.Conn(ctx); err != nil {
		return nil, err
	}
	if err := e.registerHead(); err != nil {
		return nil, err
	}
	for _, text := range es.settings() {
		if _, err := e.conn.ExecContext(ctx, text); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
	}
	if err := e.learnFickle(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

// show makes the views of the snapshots, as far as they are not there yet.
func (e *engine) show(ctx context.Context, snaps []*snapshot) error {
	e.heads = make(map[string]*snapshot, len(snaps))
	for _, snap := range snaps {
		e.heads[snap.name] = snap
		for _, f := range snap.files {
			if err := errors.Join(ctx.Err(), f.check()); err != nil {
				return err
			}
		}
		text := viewText(snap)
		if e.views[fold(snap.name)] == snap.name+"\x00"+text {
			continue
		}
		e.made++
		if err := e.create(ctx, snap.name, text); err != nil {
			return fmt.Errorf("make view of measurement %q: %w", snap.name, err)
		}
		e.views[fold(snap.name)] = snap.name + "\x00" + text
	}
	return nil
}

// hide lets go of the rows; the views stay.
func (e *engine) hide() { e.heads = nil }

func (e *engine) create(ctx context.Context, name, text string) error {
	if _, err := e.conn.ExecContext(ctx, "CREATE OR REPLACE VIEW main."+quoteName(name)+" AS "+text); err != nil {
		return err
	}
	space, table, dotted := strings.Cut(name, ".")
	if !dotted || strings.Contains(table, ".") || space == "" || table == "" || reservedSchema(space) {
		return nil
	}
	if !e.schema[fold(space)] {
		if _, err := e.conn.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+quoteName(space)); err != nil {
			return err
		}
		e.schema[fold(space)] = true
	}
	_, err := e.conn.ExecContext(ctx, "CREATE OR REPLACE VIEW "+quoteName(space)+"."+quoteName(table)+" AS FROM main."+quoteName(name))
	return err
}

// reservedSchema reports whether a schema is DuckDB's own.
func reservedSchema(name string) bool {
	switch fold(name) {
	case "main", "temp", "system", "memory", "information_schema", "pg_catalog":
		return true
	}
	return false
}

// viewText is the query behind a measurement's view. Parts are listed one by one, and columns are
// matched by the field ids in the files, so that no file is opened before it is read.
func viewText(snap *snapshot) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range snap.cols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoteName(c.Name))
	}
	names := b.String()
	b.Reset()
	if len(snap.files) > 0 {
		b.WriteString(names + " FROM read_parquet([")
		for i, f := range snap.files {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoteText(f.path))
		}
		b.WriteString("], schema = MAP {")
		for i, c := range snap.cols {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%d: {name: %s, type: '%s', default_value: NULL}", c.ID, quoteText(c.Name), c.Type)
		}
		b.WriteString("}) UNION ALL ")
	}
	fmt.Fprintf(&b, "%s FROM %s(%s)", names, headFunction, quoteText(snap.name))
	return b.String()
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// run starts the query. A limit around it keeps what is cut off from being computed; where that changes
// what the query means (columns of one name) it runs as it is.
func (e *engine) run(ctx context.Context, text string, atMost int, args []any) (*sql.Rows, error) {
	bare := strings.TrimRight(strings.TrimSpace(text), "; \t\r\n")
	if e.wrappable(ctx, bare) {
		rows, err := e.conn.QueryContext(ctx, fmt.Sprintf("SELECT * FROM (\n%s\n) LIMIT %d", bare, atMost), args...)
		return rows, refusal(err)
	}
	rows, err := e.conn.QueryContext(ctx, text, args...)
	return rows, refusal(err)
}

// wrappable reports whether text can stand as a subquery and has no two columns of one name.
func (e *engine) wrappable(ctx context.Context, text string) bool {
	ok := false
	err := e.conn.Raw(func(c any) error {
		prepared, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, "SELECT * FROM (\n"+text+"\n)")
		if err != nil {
			return err
		}
		outer := prepared.(*duckdb.Stmt)
		defer func() { _ = outer.Close() }() // never run
		kind, err := outer.StatementType()
		if err != nil || kind != duckdb.STATEMENT_TYPE_SELECT {
			return err
		}
		plain, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		inner := plain.(*duckdb.Stmt)
		defer func() { _ = inner.Close() }() // never run
		ok, err = sameColumns(outer, inner)
		return err
	})
	return ok && err == nil
}

func sameColumns(a, b *duckdb.Stmt) (bool, error) {
	n, err := a.ColumnCount()
	if err != nil {
		return false, err
	}
	if m, err := b.ColumnCount(); err != nil || m != n {
		return false, err
	}
	for i := range n {
		x, err := a.ColumnName(i)
		if err != nil {
			return false, err
		}
		if y, err := b.ColumnName(i); err != nil || x != y {
			return false, err
		}
	}
	return true, nil
}
