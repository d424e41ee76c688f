package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
)

// tableCall plans TABLE(TUMBLE(…)) and the other windows.
func (b *binder) tableCall(t *ast.TableCall) *relation {
	kind, ok := windowKind(t.Call.Name)
	if !ok {
		b.fail(t.Call, "the table functions are TUMBLE, HOP, CUMULATE and SESSION", "table function %q not found", t.Call.Name)
	}
	args := b.windowArgs(t.Call, kind)
	in, names := b.windowInput(args["DATA"])
	w := Window{Kind: kind, Time: b.timeColumn(t.Call, in, args["TIMECOL"])}
	b.windowSizes(t.Call, &w, args)
	s := &schema.Schema{Fields: slices.Clone(in.node.Out().Fields)}
	time := s.Fields[w.Time]
	s.Fields[w.Time].Time = schema.NoTime
	for _, c := range []WindowCol{WindowStart, WindowEnd, WindowTime} {
		s.Fields = append(s.Fields, windowField(c, time))
	}
	if err := s.Check(); err != nil {
		b.check(t.Call, err)
	}
	r := named(&WindowTVF{Input: in.node, Window: w, Schema: s}, "")
	copy(r.names, names)
	if t.Alias != nil {
		r = b.renamed(&relation{node: r.node}, t.Alias)
	}
	return r
}

func windowKind(name ast.ObjectName) (WindowKind, bool) {
	kind, ok := map[string]WindowKind{"TUMBLE": Tumble, "HOP": Hop, "CUMULATE": Cumulate, "SESSION": Session}[strings.ToUpper(name.Last())]
	return kind, ok && len(name.Parts) == 1
}

// windowField describes a column that a window adds; time is the attribute that it cuts.
func windowField(c WindowCol, time schema.Field) schema.Field {
	plain := schema.Of(schema.Timestamp).WithPrecision(3).Required()
	switch c {
	case WindowStart:
		return schema.Field{Name: "window_start", Type: plain}
	case WindowEnd:
		return schema.Field{Name: "window_end", Type: plain}
	}
	f := schema.Field{Name: "window_time", Type: time.Type.WithPrecision(3).Required(), Time: schema.RowTime}
	if time.Time == schema.ProcTime {
		f.Time = schema.ProcTime
	}
	return f
}

// windowParams are the arguments of each window function, in order.
var windowParams = map[WindowKind][]string{
	Tumble:   {"DATA", "TIMECOL", "SIZE", "OFFSET"},
	Hop:      {"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"},
	Cumulate: {"DATA", "TIMECOL", "STEP", "SIZE", "OFFSET"},
	Session:  {"DATA", "TIMECOL", "GAP"},
}

// windowArgs sorts positional and named arguments by name.
func (b *binder) windowArgs(c *ast.Call, kind WindowKind) map[string]ast.Expr {
	params := windowParams[kind]
	usage := c.Name.Last() + "(" + strings.Join(params, ", ") + ")"
	args := map[string]ast.Expr{}
	for i, x := range c.Args {
		name := ""
		if i < len(params) {
			name = params[i]
		}
		if n, ok := x.(*ast.NamedArg); ok {
			name, x = strings.ToUpper(n.Name.Name), n.Value
		}
		if !slices.Contains(params, name) {
			b.fail(x, "write "+usage, "%s does not take this argument", c.Name)
		}
		if _, twice := args[name]; twice {
			b.fail(x, "write "+usage, "argument %s of %s is given twice", name, c.Name)
		}
		args[name] = x
	}
	for _, p := range params {
		if _, ok := args[p]; !ok && p != "OFFSET" {
			b.fail(c, "write "+usage, "argument %s of %s is missing", p, c.Name)
		}
	}
	return args
}

func (b *binder) windowInput(x ast.Expr) (*relation, []columnName) {
	var r *relation
	switch x := x.(type) {
	case *ast.TableArg:
		if x.Query != nil {
			r = b.query(x.Query)
		} else {
			r = b.table(&ast.Table{Span: x.Span, Name: x.Name})
		}
		if len(x.OrderBy) > 0 {
			b.unsupported(x, "ORDER BY of a table argument")
		}
	case *ast.Subquery:
		r = b.query(x.Query)
	default:
		b.fail(x, "write TABLE and its name", "want a table, not %s", ast.Format(x))
	}
	if r.node.updates() {
		b.unsupported(x, "a window over rows that change")
	}
	return r, r.names
}

// timeColumn returns the time attribute that DESCRIPTOR names.
func (b *binder) timeColumn(c *ast.Call, in *relation, x ast.Expr) int {
	d, ok := x.(*ast.Descriptor)
	if !ok || len(d.Columns) != 1 {
		b.fail(x, "", "want DESCRIPTOR(column), not %s", ast.Format(x))
	}
	name := d.Columns[0]
	i := b.resolve(in, &ast.Column{Span: name.Span, Parts: []ast.Ident{name}})
	b.checkTime(c, name, in.node.Out().Fields[i])
	return i
}

// checkTime insists on a time attribute, with Flink's words.
func (b *binder) checkTime(c *ast.Call, at ast.Node, f schema.Field) {
	switch {
	case f.Time == schema.ProcTime && b.Settings.Batch():
		b.unsupported(at, "a window over processing time in batch mode")
	case f.Time == schema.ProcTime, isTimeAttribute(f), b.Settings.Batch() && f.Type.IsInstant() && f.Type.Precision == 3:
		return
	case !f.Type.IsInstant():
		b.fail(at, "", "the window function %s requires the timecol to be TIMESTAMP or TIMESTAMP_LTZ, but is %s; "+
			"besides, the timecol must be a time attribute type in streaming mode", c.Name, f.Type.Nullable())
	case b.Settings.Batch():
		b.fail(at, fmt.Sprintf("CAST(%s AS %s)", f.Name, f.Type.WithPrecision(3).Nullable()),
			"the window function %s requires milliseconds, but %q is %s", c.Name, f.Name, f.Type.Nullable())
	}
	b.fail(at, fmt.Sprintf("declare WATERMARK FOR %s AS %s - INTERVAL '5' SECOND in CREATE TABLE; an expression over a time attribute is none",
		f.Name, f.Name), "the window function %s requires the timecol to be a time attribute, but %q has no watermark", c.Name, f.Name)
}

// windowSizes fills in the milliseconds of a window.
func (b *binder) windowSizes(c *ast.Call, w *Window, args map[string]ast.Expr) {
	size := args["SIZE"]
	if w.Kind == Session {
		size = args["GAP"]
	}
	w.Size = b.duration(size)
	w.Slide = w.Size
	if w.Kind == Hop || w.Kind == Cumulate {
		name := "SLIDE"
		if w.Kind == Cumulate {
			name = "STEP"
		}
		w.Slide = b.duration(args[name])
		if w.Slide > 0 && w.Size%w.Slide != 0 {
			b.fail(size, "", "%s requires SIZE to be an integral multiple of %s, but they are %d ms and %d ms", c.Name, name, w.Size, w.Slide)
		}
	}
	if w.Size <= 0 || w.Slide <= 0 {
		b.fail(c, "", "%s requires intervals above zero", c.Name)
	}
	if x, ok := args["OFFSET"]; ok {
		w.Offset = b.duration(x)
	}
}

// duration returns a constant interval in milliseconds.
func (b *binder) duration(x ast.Expr) int64 {
	s := &scope{binder: b, in: nothing(), clause: "a window"}
	lit, ok := s.expr(x).(*Literal)
	if !ok || lit.Of.ID != schema.IntervalDay || lit.Value.Null {
		b.fail(x, "write INTERVAL '10' SECOND", "want a constant interval of days or less, not %s", ast.Format(x))
	}
	return lit.Value.I
}

// trace follows a column down to the window that it comes from.
func trace(n Node, i int) (*WindowTVF, WindowCol, bool) {
	switch n := n.(type) {
	case *WindowTVF:
		col := i - n.Input.Out().Len()
		return n, WindowCol(max(col, 0)), col >= 0
	case *Filter:
		return trace(n.Input, i)
	case *Project:
		if c, ok := n.Exprs[i].(*Column); ok {
			return trace(n.Input, c.Index)
		}
	}
	return nil, 0, false
}

// findWindow makes the aggregation one by windows if it is grouped by the start and the end of one.
func (g *grouping) findWindow(b *binder, at ast.Node, in *relation) {
	g.in = in
	found := map[*WindowTVF][]int{}
	for i, k := range g.keys {
		c, ok := k.expr.(*Column)
		if !ok {
			continue
		}
		if tvf, col, ok := trace(in.node, c.Index); ok {
			g.keys[i].col = col
			found[tvf] = append(found[tvf], i)
		}
	}
	for tvf, keys := range found {
		has := func(col WindowCol) bool {
			return slices.ContainsFunc(keys, func(i int) bool { return g.keys[i].col == col })
		}
		if !has(WindowStart) || !has(WindowEnd) {
			continue
		}
		if g.window != nil {
			b.fail(at, "", "a query groups by one window only")
		}
		w := tvf.Window
		g.window, g.tvf = &w, tvf
		for _, i := range keys {
			g.keys[i].window = true
			g.addWindowCol(g.keys[i].col)
		}
	}
}

// strip takes the window function out from under the aggregation, which assigns windows itself. It
// returns how expressions over the old input are said over the new one.
func (g *grouping) strip(b *binder, at ast.Node, in *relation) func(Expr) Expr {
	if g.tvf == nil {
		return func(e Expr) Expr { return e }
	}
	node, places, time := b.stripNode(at, in.node, g.tvf)
	g.in = named(node, "")
	g.window.Time = time
	return func(e Expr) Expr {
		b.checkStripped(at, e, places)
		return moved(e, places)
	}
}

func (b *binder) checkStripped(at ast.Node, e Expr, places []int) {
	columns(e, func(c *Column) {
		if places[c.Index] < 0 {
			b.unsupported(at, fmt.Sprintf("an expression over %s below the aggregation of its window", c.Name))
		}
	})
}

// stripNode returns n without tvf, where its columns are, and where the time attribute is.
func (b *binder) stripNode(at ast.Node, n Node, tvf *WindowTVF) (out Node, places []int, time int) {
	switch n := n.(type) {
	case *Filter:
		input, places, time := b.stripNode(at, n.Input, tvf)
		b.checkStripped(at, n.Cond, places)
		return &Filter{Input: input, Cond: moved(n.Cond, places)}, places, time
	case *Project:
		return b.stripProject(at, n, tvf)
	case *WindowTVF:
		places := everything(n)
		for i := n.Input.Out().Len(); i < len(places); i++ {
			places[i] = -1
		}
		return n.Input, places, n.Window.Time
	}
	panic(fmt.Sprintf("plan: window below %T", n))
}

func (b *binder) stripProject(at ast.Node, n *Project, tvf *WindowTVF) (Node, []int, int) {
	input, below, time := b.stripNode(at, n.Input, tvf)
	p := &Project{Input: input, Schema: &schema.Schema{}}
	places := make([]int, len(n.Exprs))
	timeAt := -1
	for i, e := range n.Exprs {
		gone := false
		columns(e, func(c *Column) { gone = gone || below[c.Index] < 0 })
		if places[i] = -1; gone {
			continue
		}
		e = moved(e, below)
		places[i] = len(p.Exprs)
		p.Exprs = append(p.Exprs, e)
		f := n.Schema.Fields[i]
		if c, ok := e.(*Column); ok {
			f.Time = input.Out().Fields[c.Index].Time
			if c.Index == time && timeAt < 0 {
				timeAt = places[i]
			}
		}
		p.Schema.Fields = append(p.Schema.Fields, f)
	}
	if timeAt < 0 {
		timeAt = len(p.Exprs)
		f := input.Out().Fields[time]
		p.Exprs = append(p.Exprs, &Column{Index: time, Name: f.Name, Of: f.Type})
		p.Schema.Fields = append(p.Schema.Fields, f)
		for i, name := range uniquify(p.Schema.Names()) {
			p.Schema.Fields[i].Name = name
		}
	}
	return p, places, timeAt
}

// legacyWindow takes GROUP BY TUMBLE(ts, INTERVAL '1' HOUR), the older form of windows.
func (g *grouping) legacyWindow(s *scope, x *ast.Call) bool {
	kind, ok := windowKind(x.Name)
	if !ok || kind == Cumulate {
		return false
	}
	if g.window != nil {
		s.fail(x, "", "a query groups by one window only")
	}
	params := slices.DeleteFunc(slices.Clone(windowParams[kind]), func(p string) bool { return p == "DATA" || p == "OFFSET" })
	if len(x.Args) != len(params) {
		s.fail(x, "", "%s takes %s", x.Name, strings.Join(params, ", "))
	}
	time, ok := s.expr(x.Args[0]).(*Column)
	if !ok {
		s.fail(x.Args[0], "", "%s wants a time attribute first", x.Name)
	}
	s.checkTime(x, x.Args[0], g.in.node.Out().Fields[time.Index])
	w := Window{Kind: kind, Time: time.Index}
	args := map[string]ast.Expr{}
	for i, p := range params {
		args[p] = x.Args[i]
	}
	s.windowSizes(x, &w, args)
	g.window = &w
	return true
}

// auxiliary says which column of the window TUMBLE_START(…) and the like mean.
func (g *grouping) auxiliary(x *ast.Call) (WindowCol, bool) {
	name := strings.ToUpper(x.Name.Last())
	if g.window == nil || !auxiliaryName(name) {
		return 0, false
	}
	switch {
	case strings.HasSuffix(name, "_START"):
		return WindowStart, true
	case strings.HasSuffix(name, "_END"):
		return WindowEnd, true
	}
	return WindowTime, true
}

func auxiliaryName(name string) bool {
	kind, what, ok := strings.Cut(name, "_")
	return ok && (kind == "TUMBLE" || kind == "HOP" || kind == "SESSION") && (what == "START" || what == "END" || what == "ROWTIME" || what == "PROCTIME")
}
