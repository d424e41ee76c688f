package plan

import (
	"slices"

	"millrace/schema"
	"millrace/sql/ast"
)

// joinByTable plans the joins that what stands on the right side decides: UNNEST, a version of a table at some
// time. It returns nil for all others.
func (b *binder) joinByTable(j *ast.Join, x *relation) *relation {
	switch y := j.Y.(type) {
	case *ast.Unnest:
		return b.joinUnnest(j, x, y)
	case *ast.Derived:
		if y.Lateral {
			return b.joinLateral(j, x, y)
		}
	case *ast.Table:
		if y.SystemTime != nil {
			return b.joinVersion(j, x, y)
		}
	}
	return nil
}

// joinVersion plans x JOIN y FOR SYSTEM_TIME AS OF x.time.
func (b *binder) joinVersion(j *ast.Join, x *relation, y *ast.Table) *relation {
	if j.Kind != "INNER" && j.Kind != "LEFT" {
		b.fail(j, "use JOIN or LEFT JOIN", "a table FOR SYSTEM_TIME AS OF … cannot be joined by %s JOIN", j.Kind)
	}
	if j.On == nil {
		b.fail(j, "", "a table FOR SYSTEM_TIME AS OF … wants ON with its primary key")
	}
	s := &scope{binder: b, in: x, clause: "FOR SYSTEM_TIME AS OF"}
	at, ok := s.expr(y.SystemTime).(*Column)
	if !ok || x.node.Out().Fields[at.Index].Time == schema.NoTime {
		b.fail(y.SystemTime, "", "FOR SYSTEM_TIME AS OF wants a time attribute of the left table")
	}
	byClock := x.node.Out().Fields[at.Index].Time == schema.ProcTime
	now := *y
	now.SystemTime = nil
	right := b.table(&now)
	kind := map[string]JoinKind{"INNER": InnerJoin, "LEFT": LeftJoin}[j.Kind]
	r := b.joined(kind, x, right, nil)
	n := r.node.(*Join)
	n.AtEnd = false
	s = &scope{binder: b, in: r, clause: "ON"}
	n.Cond = all(b.keyable(j.On, conjuncts(s.condition(j.On))))
	if byClock {
		b.checkLookup(y, n)
		n.Time = &JoinTime{Bound: LookupBound}
		return r
	}
	n.Time = &JoinTime{Bound: VersionBound, Left: at.Index, Right: b.versionTime(y, n, right)}
	return r
}

func (b *binder) canLookUp(s *Scan) bool {
	can := b.Connectors[s.Connector].Lookup
	return can != nil && can(s.Options)
}

// checkLookup checks that rows can be looked up in the right side of a join, by equal values.
func (b *binder) checkLookup(at *ast.Table, n *Join) {
	name := at.Name.Last()
	var check func(Node)
	check = func(in Node) {
		if s, ok := in.(*Scan); ok && !b.canLookUp(s) {
			b.fail(at, "join with its version at an event time, or look up a table of files",
				"table %q cannot be joined by processing time: rows of connector %q cannot be looked up", name, s.Connector)
		}
		for _, below := range in.Inputs() {
			check(below)
		}
	}
	check(n.Right)
	if keys, _ := n.equalities(optional(n.Cond)); len(keys) == 0 {
		b.fail(at, "", "a lookup join with table %q wants at least one equality in ON", name)
	}
}

// versionTime checks that the right side of a temporal join is a table of versions that the condition asks for by
// their key, and returns the column of their time.
func (b *binder) versionTime(at *ast.Table, n *Join, right *relation) int {
	name := at.Name.Last()
	time := slices.IndexFunc(right.node.Out().Fields, func(f schema.Field) bool { return f.Time == schema.RowTime })
	if time < 0 {
		b.fail(at, "declare a WATERMARK for it", "event-time temporal join wants an event time of table %q, the time of its versions", name)
	}
	keys, _ := n.equalities(optional(n.Cond))
	asked := func(k int) bool {
		return slices.ContainsFunc(keys, func(e equality) bool { return isColumn(e.right, k) })
	}
	for _, key := range upsertKeys(right.node) {
		if !slices.ContainsFunc(key, func(k int) bool { return !asked(k) }) {
			return time
		}
	}
	b.fail(at, "declare PRIMARY KEY (…) NOT ENFORCED, and compare all of it in ON",
		"event-time temporal join wants the primary key of table %q in the equalities of ON", name)
	return 0
}

// joinUnnest plans x JOIN UNNEST(…), whose argument sees the columns of x.
func (b *binder) joinUnnest(j *ast.Join, x *relation, u *ast.Unnest) *relation {
	if j.Kind == "RIGHT" || j.Kind == "FULL" || j.Natural || len(j.Using) > 0 {
		b.fail(j, "use CROSS JOIN, LEFT JOIN or INNER JOIN … ON", "UNNEST cannot be joined by %s JOIN", j.Kind)
	}
	outer := j.Kind == "LEFT"
	r := b.unnest(x, u, outer)
	if j.On == nil {
		return r
	}
	s := &scope{binder: b, in: r, clause: "ON"}
	cond := s.condition(j.On)
	if lit, ok := cond.(*Literal); ok && !lit.Value.Null && lit.Value.I != 0 {
		return r
	}
	if outer {
		b.fail(j.On, "join ON TRUE, and take what does not meet it for NULL: CASE WHEN … THEN x END",
			"LEFT JOIN UNNEST takes no condition but TRUE")
	}
	return &relation{node: filtered(r.node, []Expr{cond}), names: r.names}
}

// joinByTime makes a join one that goes by time if its condition binds the windows or the times of both
// sides to each other. The schema of n has the time attributes of both.
func (b *binder) joinByTime(_ ast.Node, n *Join) {
	if n.Time != nil || n.Kind == MarkJoin || n.Left.updates() || n.Right.updates() || b.Settings.Batch() {
		return
	}
	if t := n.byWindow(); t != nil {
		n.Time = t
		return
	}
	if n.Kind <= FullJoin {
		n.byInterval()
	}
}

// byWindow says how a join goes by windows: its condition asks for equal starts and equal ends of the same
// windows. It returns nil if it does not.
func (n *Join) byWindow() *JoinTime {
	left, right := windowColumns(n.Left), windowColumns(n.Right)
	if left == nil || right == nil || !sameWindows(left, right) {
		return nil
	}
	var equal [3]bool
	t := &JoinTime{Bound: WindowBound, Window: left.Time}
	keys, _ := n.equalities(optional(n.Cond))
	for _, k := range keys {
		x, ok := k.left.(*Column)
		y, also := k.right.(*Column)
		if !ok || !also {
			continue
		}
		kind, ok := left.kind(x.Index)
		other, also := right.kind(y.Index)
		if ok && also && kind == other {
			equal[kind] = true
			if kind == WindowEnd {
				t.Left, t.Right = x.Index, y.Index
			}
		}
	}
	if !equal[WindowStart] || !equal[WindowEnd] {
		return nil
	}
	return t
}

// byInterval makes n an interval join if its condition bounds the difference of the two sides' times from
// both sides.
func (n *Join) byInterval() {
	t := &JoinTime{Bound: IntervalBound, Left: -1}
	var lower, upper bool
	var rest []Expr
	for _, c := range optional(n.Cond) {
		from, upto, ok := n.timeBounds(c, t)
		if !ok {
			rest = append(rest, c)
			continue
		}
		if from != nil {
			if !lower || *from > t.Lower {
				t.Lower = *from
			}
			lower = true
		}
		if upto != nil {
			if !upper || *upto < t.Upper {
				t.Upper = *upto
			}
			upper = true
		}
	}
	if lower && upper {
		n.Time, n.Cond = t, all(rest)
	}
}

// timeBounds reads a comparison of the two sides' times as bounds of left - right. It notes the time columns in
// t, and refuses others than those noted before.
func (n *Join) timeBounds(c Expr, t *JoinTime) (from, upto *int64, ok bool) {
	call, is := c.(*Call)
	if !is || len(call.Args) != 2 {
		return nil, nil, false
	}
	x, dx, okX := n.timePlus(call.Args[0])
	y, dy, okY := n.timePlus(call.Args[1])
	width := n.Left.Out().Len()
	if !okX || !okY || (x < width) == (y < width) {
		return nil, nil, false
	}
	name, gap := call.Func.Name, dy-dx // x - y <op> gap
	if x >= width {
		x, y, gap = y, x, -gap
		name = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}[name]
	}
	left, right := n.Schema.Fields[x], n.Schema.Fields[y]
	if left.Time != right.Time || left.Type.ID != right.Type.ID || t.Left >= 0 && (t.Left != x || t.Right != y-width) {
		return nil, nil, false
	}
	below, above := gap-1, gap+1
	switch name {
	case "<":
		upto = &below
	case "<=":
		upto = &gap
	case ">":
		from = &above
	case ">=":
		from = &gap
	case "=":
		from, upto = &gap, &gap
	default:
		return nil, nil, false
	}
	t.Left, t.Right, t.ByClock = x, y-width, left.Time == schema.ProcTime
	return from, upto, true
}

// timePlus reads a time attribute, or one plus or minus a constant interval, in milliseconds.
func (n *Join) timePlus(e Expr) (column int, ms int64, ok bool) {
	switch e := e.(type) {
	case *Column:
		return e.Index, 0, n.Schema.Fields[e.Index].Time != schema.NoTime && e.Of.IsInstant()
	case *Call:
		if len(e.Args) != 2 || e.Func.Name != "+" && e.Func.Name != "-" {
			break
		}
		x, y := e.Args[0], e.Args[1]
		if _, first := x.(*Literal); first && e.Func.Name == "+" {
			x, y = y, x
		}
		gap, is := y.(*Literal)
		if !is || gap.Value.Null || gap.Of.ID != schema.IntervalDay {
			break
		}
		column, ms, ok = n.timePlus(x)
		if e.Func.Name == "-" {
			return column, ms - gap.Value.I, ok
		}
		return column, ms + gap.Value.I, ok
	}
	return 0, 0, false
}
