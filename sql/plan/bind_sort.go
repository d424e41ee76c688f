package plan

import (
	"strconv"

	"millrace/schema"
	"millrace/sql/ast"
)

// ordered plans the body of a query with its ORDER BY, LIMIT and OFFSET. inner says that it is part of another one,
// where an order alone has no meaning.
func (b *binder) ordered(q *ast.Query, inner bool) *relation {
	limited := q.Limit != nil || q.Offset != nil
	if len(q.OrderBy) == 0 || inner && !limited {
		r := b.body(q.Body)
		if limited {
			return b.limit(q, r, nil)
		}
		return r
	}
	r, keys, width := b.sortColumns(q)
	if limited {
		r = b.limit(q, r, keys)
	} else {
		r = &relation{node: b.sort(q, r.node, keys), names: r.names}
	}
	if width == len(r.names) {
		return r
	}
	// Columns that were only there to order by.
	exprs, names := make([]Expr, width), make([]string, width)
	for i := range exprs {
		exprs[i], names[i] = r.column(i), r.names[i].name
	}
	return project(r, exprs, names)
}

// sortColumns plans the body of a query such that all that it is ordered by is a column. What the query does not
// select itself stands behind the first width columns.
func (b *binder) sortColumns(q *ast.Query) (r *relation, keys []SortKey, width int) {
	body := q.Body
	r = b.body(body)
	width = len(r.names)
	sel, _ := body.(*ast.Select)
	var extra []ast.SelectItem
	for _, item := range q.OrderBy {
		k := sortKey(item)
		k.Column = b.sortColumn(item.X, sel, r)
		if k.Column < 0 {
			if sel == nil || sel.Distinct {
				b.fail(item.X, "order by a column of the query", "ORDER BY %s is not in the SELECT list", ast.Format(item.X))
			}
			k.Column = width + len(extra)
			extra = append(extra, ast.SelectItem{Span: item.Span, X: item.X})
		}
		keys = append(keys, k)
	}
	if len(extra) > 0 {
		widened := *sel
		widened.Items = append(sel.Items[:len(sel.Items):len(sel.Items)], extra...)
		r = b.body(&widened)
	}
	for i, k := range keys {
		b.flatOnly(q.OrderBy[i], "ORDER BY", r.column(k.Column))
	}
	return r, keys, width
}

// sortColumn returns the column of r that x means: by its place, by its name, or by saying the same; -1 if it is none.
func (b *binder) sortColumn(x ast.Expr, sel *ast.Select, r *relation) int {
	if lit, ok := x.(*ast.Literal); ok && lit.Kind == ast.IntegerLiteral {
		n, err := strconv.Atoi(lit.Text)
		if err != nil || n < 1 || n > len(r.names) {
			b.fail(x, "", "ORDER BY %s: the query has %d columns", lit.Text, len(r.names))
		}
		return n - 1
	}
	if c, ok := x.(*ast.Column); ok {
		if i, err := bound(func() int { return b.resolve(r, c) }); err == nil {
			return i
		}
	}
	if sel == nil || hasStar(sel) {
		return -1
	}
	text := ast.Format(x)
	for i, item := range sel.Items {
		if ast.Format(item.X) == text {
			return i
		}
	}
	return -1
}

func hasStar(sel *ast.Select) bool {
	for _, item := range sel.Items {
		if _, ok := item.X.(*ast.Star); ok {
			return true
		}
	}
	return false
}

// sort orders all rows: over a stream by a time attribute first.
func (b *binder) sort(q *ast.Query, n Node, keys []SortKey) Node {
	s := &Sort{Input: b.folded(n), Keys: keys, AtEnd: b.Settings.Batch(), Count: noLimit}
	if s.AtEnd {
		return s
	}
	s.Time = n.Out().Fields[keys[0].Column].Time
	if s.Time == schema.NoTime || keys[0].Desc {
		b.fail(q.OrderBy[0], "order by an ascending time attribute first, or add LIMIT", "Sort on a non-time-attribute field is not supported.")
	}
	return s
}

// limit keeps some of the rows: the first by an order, or any if there is none.
func (b *binder) limit(q *ast.Query, r *relation, keys []SortKey) *relation {
	count, offset := int64(noLimit), int64(0)
	if q.Limit != nil {
		count = b.count(q.Limit, "LIMIT")
	}
	if q.Offset != nil {
		offset = b.count(q.Offset, "OFFSET")
	}
	count = min(count, noLimit-offset)
	out := &relation{names: r.names}
	in := b.folded(r.node)
	switch {
	case b.Settings.Batch() && len(keys) > 0:
		out.node = &Sort{Input: in, Keys: keys, AtEnd: true, Count: count, Offset: offset}
	case len(keys) == 0 && !in.updates():
		out.node = &Limit{Input: in, Count: count, Offset: offset}
	case q.Limit == nil:
		b.fail(q.Offset, "add LIMIT", "FETCH is missed, which on streaming table is not supported currently.")
	case count == 0:
		out.node = &Values{Schema: r.node.Out()}
	default:
		out.node = &TopN{Input: r.node, Order: keys, From: offset + 1, To: offset + count, Schema: r.node.Out()}
	}
	return out
}

// final makes a plan ready to be run: it refuses what Flink refuses, and in batch mode leaves of a changelog only
// the rows at its end.
func (b *binder) final(at ast.Node, sink *Sink) {
	b.checkRun(at, sink)
	sink.Input = b.folded(sink.Input)
}

// folded returns what is left of the rows of n at their end, in batch mode, where nothing changes any more.
func (b *binder) folded(n Node) Node {
	if b.Settings.Batch() && n.updates() {
		return &Fold{Input: n}
	}
	return n
}
