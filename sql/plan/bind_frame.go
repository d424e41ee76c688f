package plan

import (
	"slices"
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
)

// window returns a window with what it takes over from one that WINDOW names.
func (b *binder) window(sel *ast.Select, w *ast.Window, through []string) *ast.Window {
	if w.Name == "" {
		return w
	}
	if slices.Contains(through, w.Name) {
		b.fail(w, "", "window %q is part of itself", w.Name)
	}
	i := slices.IndexFunc(sel.Windows, func(d ast.NamedWindow) bool { return d.Name.Name == w.Name })
	if i < 0 {
		var names []string
		for _, d := range sel.Windows {
			names = append(names, d.Name.Name)
		}
		b.fail(w, didYouMean(w.Name, names), "window %q not found", w.Name)
	}
	base := *b.window(sel, sel.Windows[i].Window, append(through, w.Name))
	if len(w.PartitionBy) > 0 {
		b.fail(w, "", "PARTITION BY cannot be added to window %q", w.Name)
	}
	if len(w.OrderBy) > 0 {
		if len(base.OrderBy) > 0 {
			b.fail(w, "", "window %q has an ORDER BY already", w.Name)
		}
		base.OrderBy = w.OrderBy
	}
	if w.Frame != nil {
		if base.Frame != nil {
			b.fail(w, "", "window %q has a frame already", w.Name)
		}
		base.Frame = w.Frame
	}
	return &base
}

var overFuncs = map[string]OverFunc{
	"ROW_NUMBER": OverRowNumber, "RANK": OverRank, "DENSE_RANK": OverDenseRank, "PERCENT_RANK": OverPercentRank,
	"CUME_DIST": OverCumeDist, "NTILE": OverNtile, "LAG": OverLag, "LEAD": OverLead,
}

// frame reads ROWS or RANGE. Functions that look at places in the order have no frame of their own.
func (b *binder) frame(s *scope, c *ast.Call, w *ast.Window, o *overSpec) Frame {
	f := Frame{Start: FrameBound{Unbounded: true}}
	kind := overFuncs[strings.ToUpper(c.Name.Last())]
	switch {
	case kind == OverRowNumber:
		f.Rows = true
		return f
	case kind != OverAggregate:
		return f
	case w.Frame == nil:
		f.End.Unbounded = len(o.order) == 0
		return f
	}
	f.Rows = w.Frame.Rows
	f.Start = b.frameBound(s, w.Frame.Start, f.Rows, o)
	if w.Frame.End != nil {
		f.End = b.frameBound(s, w.Frame.End, f.Rows, o)
	}
	if !f.Rows && len(o.order) == 0 {
		f.Start.Unbounded, f.End.Unbounded = true, true
	}
	if f.Start.Unbounded && w.Frame.Start.Kind == "FOLLOWING" || f.End.Unbounded && w.Frame.End != nil && w.Frame.End.Kind == "PRECEDING" ||
		!f.Start.Unbounded && !f.End.Unbounded && f.Start.Offset > f.End.Offset {
		b.fail(w.Frame, "", "a frame cannot end before it starts")
	}
	return f
}

func (b *binder) frameBound(s *scope, bound *ast.Bound, rows bool, o *overSpec) FrameBound {
	if bound.Kind == "CURRENT ROW" {
		return FrameBound{}
	}
	if bound.Offset == nil {
		return FrameBound{Unbounded: true}
	}
	lit, ok := s.expr(bound.Offset).(*Literal)
	if !ok || lit.Value.Null {
		b.fail(bound, "", "a frame wants a constant, not %s", ast.Format(bound.Offset))
	}
	n := lit.Value.I
	if rows {
		if !lit.Of.IsInteger() {
			b.fail(bound, "", "ROWS wants a number of rows, not %s", lit.Of.Nullable())
		}
	} else {
		n = b.rangeOffset(bound, lit, o)
	}
	if n < 0 {
		b.fail(bound, "", "a frame wants an offset of zero or more")
	}
	if bound.Kind == "PRECEDING" {
		n = -n
	}
	return FrameBound{Offset: n}
}

// rangeOffset returns an offset of RANGE in units of the one order key.
func (b *binder) rangeOffset(bound *ast.Bound, lit *Literal, o *overSpec) int64 {
	if len(o.by) != 1 {
		b.fail(bound, "", "RANGE with an offset wants one ORDER BY key")
	}
	key := o.by[0].Type()
	const day = 24 * 60 * 60 * 1000
	switch {
	case lit.Of.ID == schema.IntervalDay && key.IsInstant():
		if per := key.PerSecond(); per < 1000 {
			return lit.Value.I / (1000 / per)
		}
		return lit.Value.I * (key.PerSecond() / 1000)
	case lit.Of.ID == schema.IntervalDay && key.ID == schema.Date:
		return lit.Value.I / day
	case lit.Of.ID == schema.IntervalDay && key.ID == schema.Time, lit.Of.IsInteger() && key.IsInteger():
		return lit.Value.I
	case lit.Of.IsInteger() && (key.ID == schema.Double || key.ID == schema.Float):
		return lit.Value.I
	}
	b.fail(bound, "", "RANGE with an offset of %s cannot be ordered by %s", lit.Of.Nullable(), key.Nullable())
	return 0
}
