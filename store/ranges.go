package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Parts in the bucket are fetched only if a query may need them. Which times it needs is read from the
// plan that DuckDB makes: the filters that it pushed into the scans of files, with now() and parameters
// worked out.

// probeFile is a part without rows that stands for those in the bucket while a query is only planned.
const probeFile = "probe.parquet"

// ranges returns for each snapshot the times that a query reads: too much if it is not clear.
func (e *engine) ranges(ctx context.Context, probe *stored, snaps []*snapshot, text string, args []any) ([]timeRange, error) {
	all := make([]timeRange, len(snaps))
	for i := range all {
		all[i] = timeRange{math.MinInt64, math.MaxInt64}
	}
	if first := strings.ToUpper(strings.TrimSpace(text)); strings.HasPrefix(first, "SUMMARIZE") || strings.HasPrefix(first, "DESCRIBE") {
		return all, nil // EXPLAIN takes no such statement
	}
	stand := make([]*snapshot, len(snaps))
	for i, snap := range snaps {
		c := *snap
		c.files = []*stored{probe}
		stand[i] = &c
	}
	defer e.hide()
	if err := e.show(ctx, stand); err != nil {
		return nil, err
	}
	var kind, plan string
	if err := e.conn.QueryRowContext(ctx, "EXPLAIN (FORMAT json) "+text, args...).Scan(&kind, &plan); err != nil {
		return nil, refusal(err)
	}
	var tree any
	if err := json.Unmarshal([]byte(plan), &tree); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	hull := timeRange{math.MaxInt64, math.MinInt64}
	if !scans(tree, &hull) {
		return all, nil
	}
	for i := range all {
		all[i] = hull // which scan is of which measurement is not told
	}
	return all, nil
}

// probe makes the file without rows, once.
func (c *coldCache) probe() (*stored, error) {
	c.probing.Lock()
	defer c.probing.Unlock()
	f := &stored{part: &partRecord{}, path: filepath.Join(c.dir, probeFile)}
	f.checked.Store(true)
	if _, err := os.Stat(f.path); err == nil {
		return f, nil
	}
	w, err := newPartWriter(f.path, []Column{timeColumn()})
	if err != nil {
		return nil, err
	}
	if _, err := w.finish(0, "", ""); err != nil {
		return nil, err
	}
	return f, nil
}

// scans widens hull by the times that each scan of files reads, and reports whether there are such scans.
func scans(node any, hull *timeRange) (found bool) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			found = scans(child, hull) || found
		}
	case map[string]any:
		if name := strings.TrimSpace(str(n["name"])); strings.HasPrefix(name, "READ_PARQUET") || strings.HasPrefix(name, "PARQUET_SCAN") {
			info, _ := n["extra_info"].(map[string]any)
			r := filtered(info["Filters"])
			hull.from, hull.upto = min(hull.from, r.from), max(hull.upto, r.upto)
			found = true
		}
		found = scans(n["children"], hull) || found
	}
	return found
}

// filtered is the range of time that the filters of a scan leave.
func filtered(filters any) timeRange {
	r := timeRange{math.MinInt64, math.MaxInt64}
	switch f := filters.(type) {
	case string:
		r.narrow(f)
	case []any:
		for _, one := range f {
			r.narrow(str(one))
		}
	}
	return r
}

// comparison is one with a constant, as DuckDB writes it in a plan.
var comparison = regexp.MustCompile(`^(?:time|\(CAST\(time AS TIMESTAMP WITH TIME ZONE\)) ?(>=|<=|>|<|=) ?'([0-9 :.+-]+)'::TIMESTAMP(?: WITH TIME ZONE\))?$`)

// narrow takes a conjunction of filters. What it does not know says nothing.
func (r *timeRange) narrow(text string) {
	terms, ok := conjuncts(text)
	if !ok {
		return
	}
	for _, term := range terms {
		m := comparison.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			continue
		}
		at, err := time.Parse("2006-01-02 15:04:05.999999", strings.TrimSuffix(m[2], "+00"))
		if err != nil {
			continue
		}
		t := at.UnixMicro()
		switch m[1] {
		case ">", ">=":
			r.from = max(r.from, t)
		case "<", "<=":
			r.upto = min(r.upto, t)
		case "=":
			r.from, r.upto = max(r.from, t), min(r.upto, t)
		}
	}
}

// conjuncts cuts text at each AND that is outside of quotes and brackets; not ok if there is an OR.
func conjuncts(text string) (terms []string, ok bool) {
	depth, begin, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted // a doubled quote ends and begins again
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(text[i:], " OR "):
			return nil, false
		case depth == 0 && strings.HasPrefix(text[i:], " AND "):
			terms = append(terms, text[begin:i])
			begin = i + len(" AND ")
		}
	}
	return append(terms, text[begin:]), !quoted && depth == 0
}
