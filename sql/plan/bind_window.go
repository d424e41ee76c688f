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
	w := Window{Kind: kind, Time: b.timeColumn(t.Call, in, args["TIMECOL"]), Partition: b.windowPartition(kind, in, args["DATA"])}
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
		r = b.renamed(r, t.Alias)
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
			b.fail(x, "leave it out", "ORDER BY has no meaning for windows: their rows come in the order of time")
		}
	case *ast.Subquery:
		r = b.query(x.Query)
	default:
		b.fail(x, "write TABLE and its name", "want a table, not %s", ast.Format(x))
	}
	return r, r.names
}

// windowPartition returns the columns by which rows are shared out over sessions.
func (b *binder) windowPartition(kind WindowKind, in *relation, x ast.Expr) []int {
	t, ok := x.(*ast.TableArg)
	if !ok || len(t.PartitionBy) == 0 {
		return nil
	}
	if kind != Session {
		b.fail(t, "only SESSION takes it", "PARTITION BY has no meaning for windows of a fixed size")
	}
	var columns []int
	for _, x := range t.PartitionBy {
		s := &scope{binder: b, in: in, clause: "PARTITION BY"}
		c, ok := s.expr(x).(*Column)
		if !ok {
			b.fail(x, "", "PARTITION BY of a window wants columns, not %s", ast.Format(x))
		}
		if !slices.Contains(columns, c.Index) {
			columns = append(columns, c.Index)
		}
	}
	return columns
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
		b.fail(at, "use an event time", "a window over processing time has no meaning in batch mode")
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
		if w.Kind == Tumble && max(w.Offset, -w.Offset) >= w.Size {
			b.fail(x, "", "%s wants an offset smaller than the size, but they are %d ms and %d ms", c.Name, w.Offset, w.Size)
		}
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

// findWindow makes the aggregation one by windows if it is grouped by the start and the end of one.
func (g *grouping) findWindow(b *binder, at ast.Node, in *relation) {
	g.in = in
	wc := windowColumns(in.node)
	if wc == nil || g.window != nil {
		return
	}
	var columns []int
	for i, k := range g.keys {
		if c, ok := k.expr.(*Column); ok && g.always(i) {
			columns = append(columns, c.Index)
		}
	}
	if !wc.both(columns) || !g.wholeSessions(in.node, wc) {
		return
	}
	w := wc.Window
	w.Attached, w.By, w.Partition = true, wc.Time, nil
	g.window = &w
	for i, k := range g.keys {
		c, ok := k.expr.(*Column)
		if !ok {
			continue
		}
		kind, ok := wc.kind(c.Index)
		if !ok || !g.always(i) {
			continue
		}
		g.keys[i].window, g.keys[i].col = true, kind
		g.addWindowCol(kind)
		if kind == WindowStart {
			w.Start = c.Index
		} else if kind == WindowEnd {
			w.End = c.Index
		}
	}
	if n, at, tvf, ok := stripped(in.node); ok && g.survives(at) {
		g.in, g.strip = named(n.node, ""), at
		w = tvf.Window
		w.Time, w.Partition = n.time, nil
	}
}

// wholeSessions says whether groups by the sessions of a windowing function are its own: those of rows that it was
// partitioned by as they are grouped here. Others Flink does not take for windows.
func (g *grouping) wholeSessions(n Node, wc *WindowColumns) bool {
	tvf, ok := windowFunction(n)
	if !ok || wc.Window.Kind != Session {
		return true
	}
	var keys []int
	for _, k := range g.keys {
		c, ok := k.expr.(*Column)
		if !ok {
			return false
		}
		if _, window := wc.kind(c.Index); !window {
			keys = append(keys, origin(n, c.Index))
		}
	}
	slices.Sort(keys)
	return slices.Equal(slices.Compact(keys), slices.Sorted(slices.Values(tvf.Window.Partition)))
}

// windowFunction returns the windowing function below filters and projections.
func windowFunction(n Node) (*WindowTVF, bool) {
	switch n := n.(type) {
	case *Filter:
		return windowFunction(n.Input)
	case *Project:
		return windowFunction(n.Input)
	case *WindowTVF:
		return n, true
	}
	return nil, false
}

// survives says whether all that the aggregation takes is there when the windowing function is gone from below it, and
// columns are where at says.
func (g *grouping) survives(at []int) bool {
	there := true
	check := func(e Expr) {
		columns(e, func(c *Column) { there = there && at[c.Index] >= 0 })
	}
	for _, k := range g.keys {
		if !k.window {
			check(k.expr)
		}
	}
	for _, a := range g.aggs {
		for _, arg := range a.args {
			check(arg)
		}
		if a.filter != nil {
			check(a.filter)
		}
	}
	return there && (g.window.Kind != Session || g.sets == nil)
}

// origin returns the column of the windowing function below n that column i is, -1 for one that is computed.
func origin(n Node, i int) int {
	switch n := n.(type) {
	case *Filter:
		return origin(n.Input, i)
	case *Project:
		if c, ok := n.Exprs[i].(*Column); ok {
			return origin(n.Input, c.Index)
		}
		return -1
	}
	return i
}

// withoutWindow is a node without the windowing function below it, and where its time attribute is.
type withoutWindow struct {
	node Node
	time int
}

// stripped takes the windowing function out from under filters and projections, as an aggregation can assign windows
// itself. It returns where the columns of n are then, -1 for those of the window; it cannot if a filter uses these.
func stripped(n Node) (out withoutWindow, at []int, tvf *WindowTVF, ok bool) {
	switch n := n.(type) {
	case *Filter:
		input, at, tvf, ok := stripped(n.Input)
		if !ok {
			return out, nil, nil, false
		}
		columns(n.Cond, func(c *Column) { ok = ok && at[c.Index] >= 0 })
		// A filter behind SESSION acts before the sessions are made, as in Flink.
		if !ok {
			return out, nil, nil, false
		}
		return withoutWindow{&Filter{Input: input.node, Cond: moved(n.Cond, at)}, input.time}, at, tvf, true
	case *Project:
		input, below, tvf, ok := stripped(n.Input)
		if !ok {
			return out, nil, nil, false
		}
		out, at = stripProject(n, input, below)
		return out, at, tvf, true
	case *WindowTVF:
		at := everything(n)
		for i := n.Input.Out().Len(); i < len(at); i++ {
			at[i] = -1
		}
		return withoutWindow{n.Input, n.Window.Time}, at, n, true
	}
	return out, nil, nil, false
}

func stripProject(n *Project, input withoutWindow, below []int) (withoutWindow, []int) {
	p := &Project{Input: input.node, Schema: &schema.Schema{}}
	in := input.node.Out()
	at := make([]int, len(n.Exprs))
	timeAt := -1
	for i, e := range n.Exprs {
		gone := false
		columns(e, func(c *Column) { gone = gone || below[c.Index] < 0 })
		if at[i] = -1; gone {
			continue
		}
		e = moved(e, below)
		at[i] = len(p.Exprs)
		p.Exprs = append(p.Exprs, e)
		f := n.Schema.Fields[i]
		if c, ok := e.(*Column); ok {
			f.Time = in.Fields[c.Index].Time
			if c.Index == input.time && timeAt < 0 {
				timeAt = at[i]
			}
		}
		p.Schema.Fields = append(p.Schema.Fields, f)
	}
	if timeAt < 0 {
		timeAt = len(p.Exprs)
		f := in.Fields[input.time]
		p.Exprs = append(p.Exprs, &Column{Index: input.time, Name: f.Name, Of: f.Type})
		p.Schema.Fields = append(p.Schema.Fields, f)
		for i, name := range uniquify(p.Schema.Names()) {
			p.Schema.Fields[i].Name = name
		}
	}
	return withoutWindow{p, timeAt}, at
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
