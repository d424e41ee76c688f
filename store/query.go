package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"millrace/fault"
)

// QueryLimits bound one Query; zero means the default.
type QueryLimits struct {
	Rows    int           // 10,000; more are cut off, and Result says so
	Bytes   int64         // of values, about: 64 MiB; likewise
	Timeout time.Duration // 30 s, waiting for a free engine included
}

func (l *QueryLimits) fillIn() {
	setDefault(&l.Rows, 10_000)
	setDefault(&l.Bytes, 64<<20)
	setDefault(&l.Timeout, 30*time.Second)
}

// ResultColumn is a column of a Result.
type ResultColumn struct {
	Name string
	Type string // in DuckDB's SQL: "DOUBLE", "DECIMAL(18,3)", "VARCHAR[]"
}

// Result is the answer to a query, whole.
type Result struct {
	Columns []ResultColumn
	// Rows have values that JSON can tell: nil, bool, int64, float64, string, time.Time (UTC), []any,
	// map[string]any. A NaN or an infinity is nil, an integer beyond int64 a string.
	Rows      [][]any
	Truncated bool // there were more rows
	// Partial means that rows are missing which are in the bucket; Warnings say which.
	Partial  bool
	Warnings []string
	Elapsed  time.Duration
}

// Query answers one SELECT in DuckDB's SQL over the measurements, each a view of its name: one called
// a.b is "a.b" and a.b. The query sees each row that was appended before it, once. It can read nothing
// else: no files, no network, no settings to change. args are bound to its parameters.
//
// What the query does wrong is a fault.Invalid with DuckDB's message, an unknown measurement a
// fault.NotFound, too much memory, time or waiting a fault.Limit.
func (s *Store) Query(ctx context.Context, text string, limits QueryLimits, args ...any) (*Result, error) {
	limits.fillIn()
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limits.Timeout)
	defer cancel()
	res, err := s.query(ctx, text, limits, args)
	elapsed := time.Since(began)
	s.mu.Lock()
	s.counters.queries++
	s.counters.queryTime += elapsed
	if err != nil {
		s.counters.queryErrors++
	}
	s.mu.Unlock()
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, fault.New(fault.Limit, "query: it took longer than %s", limits.Timeout).
				WithHint("narrow the time range, or aggregate less at once")
		}
		return nil, fmt.Errorf("query: %w", err)
	}
	res.Elapsed = elapsed
	return res, nil
}

func (s *Store) query(ctx context.Context, text string, limits QueryLimits, args []any) (res *Result, err error) {
	e, err := s.engines.take(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { s.engines.give(e, err) }()
	names, keepable, err := e.read(ctx, s, text)
	if err != nil {
		return nil, err
	}
	key := ""
	if keepable {
		key = queryKey(text, names, limits, args)
		if kept := s.results.get(s, key); kept != nil {
			again := *kept.(*Result) // its rows are shared, and not written to
			return &again, nil
		}
	}
	snaps, err := s.snapshot(names...)
	if err != nil {
		return nil, err
	}
	defer s.release(snaps)
	got, err := s.gather(ctx, e, text, snaps, args)
	if err != nil {
		return nil, err
	}
	defer got.release()
	if err := e.show(ctx, snaps); err != nil {
		return nil, err
	}
	defer e.hide()
	rows, err := e.run(ctx, text, limits.Rows+1, args)
	if err != nil {
		return nil, err
	}
	res, err = collectRows(rows, limits)
	if err := errors.Join(err, rows.Close()); err != nil {
		return nil, err
	}
	for i, snap := range snaps {
		got.lost[i].warn(snap.name, &res.Partial, &res.Warnings)
	}
	if keepable && !res.Partial {
		s.keepResult(key, res, snaps)
	}
	out := *res
	return &out, nil
}

// collectRows reads rows up to the limits.
func collectRows(rows *sql.Rows, limits QueryLimits) (*Result, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, refusal(err)
	}
	res := &Result{Rows: [][]any{}}
	for _, t := range types {
		res.Columns = append(res.Columns, ResultColumn{t.Name(), t.DatabaseTypeName()})
	}
	cells := make([]any, len(types))
	into := make([]any, len(types))
	for i := range cells {
		into[i] = &cells[i]
	}
	var bytes int64
	for rows.Next() {
		if len(res.Rows) >= limits.Rows || bytes > limits.Bytes {
			res.Truncated = true
			break
		}
		if err := rows.Scan(into...); err != nil {
			return nil, refusal(err)
		}
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = plain(c)
			bytes += weight(row[i])
		}
		res.Rows = append(res.Rows, row)
	}
	if err := rows.Err(); err != nil && !res.Truncated {
		return nil, refusal(err)
	}
	return res, nil
}

// weight is about how many bytes a value takes.
func weight(v any) int64 {
	switch v := v.(type) {
	case string:
		return int64(len(v)) + 16
	case []any:
		n := int64(24)
		for _, x := range v {
			n += weight(x)
		}
		return n
	case map[string]any:
		n := int64(48)
		for k, x := range v {
			n += int64(len(k)) + weight(x)
		}
		return n
	}
	return 16
}

// refusal turns DuckDB's error into a fault. Its text stays: it has the line and a caret.
func refusal(err error) error {
	if err == nil || fault.KindOf(err) != 0 || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	kind, hint := fault.Invalid, ""
	switch text := err.Error(); {
	case strings.HasPrefix(text, "Out of Memory"):
		kind, hint = fault.Limit, "narrow the time range, or aggregate before sorting or joining"
	case strings.HasPrefix(text, "FATAL"), strings.HasPrefix(text, "INTERNAL"):
		kind = fault.Unavailable
	}
	f := fault.New(kind, "%w", err)
	if hint != "" {
		return f.WithHint("%s", hint)
	}
	return f
}
