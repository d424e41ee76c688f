package store

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// keepable reports whether the query gives the same answer whenever it is asked over the same rows: it calls
// nothing that tells the time or throws dice, and takes no sample.
func (w *walk) keepable(e *engine) bool {
	if w.sampled {
		return false
	}
	for name := range w.functions {
		// current_timestamp and its like stand in a query as if they were columns.
		if e.fickle[name] || strings.HasPrefix(name, "current_") || strings.HasPrefix(name, "local") {
			return false
		}
	}
	return true
}

// learnFickle asks DuckDB which of its functions are not the same for the same arguments.
func (e *engine) learnFickle(ctx context.Context) error {
	rows, err := e.conn.QueryContext(ctx, "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE coalesce(stability, 'CONSISTENT') <> 'CONSISTENT' OR function_type = 'macro'")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // the error is that of Err
	e.fickle = map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		e.fickle[name] = true
	}
	return rows.Err()
}

// queryKey is what an answer is kept under. The names are those that the text means now: another measurement
// may come to be the one that it means.
func queryKey(text string, names []string, limits QueryLimits, args []any) string {
	return fmt.Sprintf("q%d %d %q %T%#v %s", limits.Rows, limits.Bytes, names, args, args, text)
}

// keepResult keeps the answer of a query over snapshots.
func (s *Store) keepResult(key string, res *Result, snaps []*snapshot) {
	var on []dependence
	for _, snap := range snaps {
		on = append(on, dependence{snap.name, snap.version, math.MaxInt64})
	}
	var bytes int64
	for _, row := range res.Rows {
		bytes += 24
		for _, v := range row {
			bytes += weight(v) + 16
		}
	}
	s.results.put(key, res, bytes, on...)
}
