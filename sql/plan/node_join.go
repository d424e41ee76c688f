package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"millrace/schema"
)

// JoinKind says which rows a join gives.
type JoinKind uint8

// The kinds of joins.
const (
	// InnerJoin gives each pair of rows that match.
	InnerJoin JoinKind = iota
	// LeftJoin, RightJoin and FullJoin also give the rows of that side, or of both, that match nothing, with
	// NULL for the other side.
	LeftJoin
	RightJoin
	FullJoin
	// SemiJoin gives the left rows that match, once each, AntiJoin those that do not.
	SemiJoin
	AntiJoin
	// MarkJoin gives every left row with a BOOLEAN more: whether Test is TRUE for one of its matches, NULL if
	// it is for none but unknown for one, else FALSE.
	MarkJoin
)

// String returns the kind as EXPLAIN shows it.
func (k JoinKind) String() string {
	return [...]string{"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "MARK"}[k]
}

// Join brings two inputs together without regard to time: both are remembered as a whole. Rows match if the
// keys are equal and Cond is TRUE. Out is the columns of the left side, then those of the right; with SemiJoin
// and AntiJoin those of the left alone, with MarkJoin the mark behind them.
type Join struct {
	Kind        JoinKind
	Left, Right Node
	// LeftKeys and RightKeys are pairs of columns that must be equal, each pair of one type. NullSafe says for
	// each whether NULL equals NULL; else it equals nothing.
	LeftKeys, RightKeys []int
	NullSafe            []bool
	// Cond is over the columns of both sides; nil if the keys say all. Test is MarkJoin's; nil is TRUE.
	Cond, Test Expr
	// Single: a left row must not match twice, as that of a sub-query which stands for a value. LeftJoin only.
	Single bool
	// AtEnd: rows are given once, at the end of both inputs (batch mode).
	AtEnd bool
	// TTL is how long rows of the left and of the right side are remembered after they were last written, 0 for
	// ever.
	TTL [2]time.Duration
	// Time is how the join goes by time; nil for a regular one.
	Time   *JoinTime
	Schema *schema.Schema
}

// Out implements Node.
func (n *Join) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

func (n *Join) updates() bool {
	if n.Time != nil {
		return n.Time.updates(n)
	}
	switch n.Kind {
	case InnerJoin, SemiJoin:
		return !n.AtEnd && (n.Left.updates() || n.Right.updates())
	}
	return !n.AtEnd
}

func (n *Join) with(in []Node) Node { c := *n; c.Left, c.Right = in[0], in[1]; return &c }
func (n *Join) merge() Node         { return mergeInputs(n) }

func (n *Join) text() string {
	left, right := n.Left.Out(), n.Right.Out()
	text := "Join " + n.Kind.String()
	if n.Time != nil {
		text += n.Time.text(left, right)
	}
	on := make([]string, len(n.LeftKeys))
	for i, k := range n.LeftKeys {
		equal := "="
		if n.NullSafe[i] {
			equal = "IS NOT DISTINCT FROM"
		}
		on[i] = fmt.Sprintf("%s %s %s", left.Fields[k].Name, equal, right.Fields[n.RightKeys[i]].Name)
	}
	if len(on) > 0 {
		text += " on=[" + strings.Join(on, ", ") + "]"
	}
	if n.Cond != nil {
		text += fmt.Sprintf(" where=%s", n.Cond)
	}
	if n.Test != nil {
		text += fmt.Sprintf(" test=%s", n.Test)
	}
	if n.Single {
		text += " single"
	}
	return text
}

// leftOnly says whether Out has no columns of the right side.
func (n *Join) leftOnly() bool { return n.Kind >= SemiJoin }

// keepsLeft and keepsRight say whether rows of that side come even if they match nothing.
func (k JoinKind) keepsLeft() bool  { return k == LeftJoin || k == FullJoin || k == MarkJoin }
func (k JoinKind) keepsRight() bool { return k == RightJoin || k == FullJoin }

// joinSchema is the columns of both sides, as the kind says.
func joinSchema(kind JoinKind, left, right *schema.Schema) *schema.Schema {
	s := &schema.Schema{}
	add := func(fields []schema.Field, padded bool) {
		for _, f := range fields {
			f.Type.NotNull = f.Type.NotNull && !padded
			s.Fields = append(s.Fields, f)
		}
	}
	add(left.Fields, kind.keepsRight())
	switch kind {
	case SemiJoin, AntiJoin:
	case MarkJoin:
		s.Fields = append(s.Fields, schema.Field{Name: "mark", Type: schema.Of(schema.Boolean)})
	default:
		add(right.Fields, kind.keepsLeft())
	}
	for i, name := range uniquify(s.Names()) {
		s.Fields[i].Name = name
	}
	return s
}

// absorbed is where conditions on a join belong: to one of its inputs, to what makes rows match, or above it.
type absorbed struct{ left, right, match, above []Expr }

// absorb shares out what the join asks of its rows and the given conditions over Out. It returns the kind of
// join that is left: conditions which a padded row cannot meet make an inner one of an outer.
func (n *Join) absorb(conds []Expr) (JoinKind, absorbed) {
	kind, a := n.simpler(conds), absorbed{}
	var match []Expr
	if n.Cond != nil {
		match = conjuncts(n.Cond)
	}
	for _, c := range conds {
		left, right := n.sides(c)
		switch {
		case isTrue(c):
		case volatile(c) || n.Single && right:
			a.above = append(a.above, c)
		case kind == InnerJoin:
			match = append(match, c)
		case left && !right && !kind.keepsRight():
			a.left = append(a.left, c)
		case right && !left && kind == RightJoin:
			a.right = append(a.right, n.overRight(c))
		default:
			a.above = append(a.above, c)
		}
	}
	for _, c := range match {
		left, right := n.sides(c)
		switch {
		case isTrue(c):
		case !volatile(c) && left && !right && (kind == InnerJoin || kind == RightJoin || kind == SemiJoin):
			a.left = append(a.left, c)
		case !volatile(c) && right && !left && !kind.keepsRight() && !n.Time.versions():
			a.right = append(a.right, n.overRight(c))
		default:
			a.match = append(a.match, c)
		}
	}
	return kind, a
}

func isTrue(e Expr) bool {
	lit, ok := e.(*Literal)
	return ok && !lit.Value.Null && lit.Value.I != 0
}

// sides says which inputs an expression takes columns from. The mark counts as the right side.
func (n *Join) sides(e Expr) (left, right bool) {
	width := n.Left.Out().Len()
	columns(e, func(c *Column) {
		left = left || c.Index < width
		right = right || c.Index >= width
	})
	return left, right
}

// overRight returns an expression over the columns of both sides as one over those of the right.
func (n *Join) overRight(e Expr) Expr { return shifted(e, -n.Left.Out().Len()) }

// shifted returns e with all columns by so many places further on.
func shifted(e Expr, by int) Expr {
	return substitute(e, func(c *Column) Expr { return &Column{Index: c.Index + by, Name: c.Name, Of: c.Of} })
}

// simpler returns the kind of join that gives the same rows as n under the given conditions.
func (n *Join) simpler(conds []Expr) JoinKind {
	if n.Single {
		return n.Kind
	}
	kind, width := n.Kind, n.Left.Out().Len()
	noLeft := slices.ContainsFunc(conds, func(e Expr) bool { return refusesNull(e, func(c *Column) bool { return c.Index < width }) })
	noRight := slices.ContainsFunc(conds, func(e Expr) bool { return refusesNull(e, func(c *Column) bool { return c.Index >= width }) })
	if noLeft && kind == FullJoin {
		kind = LeftJoin
	}
	if noLeft && kind == RightJoin || noRight && kind == LeftJoin {
		return InnerJoin
	}
	if noRight && kind == FullJoin {
		return RightJoin
	}
	return kind
}

// refusesNull says whether a condition cannot be TRUE where the given columns are NULL.
func refusesNull(e Expr, of func(*Column) bool) bool {
	switch e := e.(type) {
	case *Logic:
		refuses := func(a Expr) bool { return refusesNull(a, of) }
		if e.Or {
			return !slices.ContainsFunc(e.Args, func(a Expr) bool { return !refuses(a) })
		}
		return slices.ContainsFunc(e.Args, refuses)
	case *Call:
		if e.Func.Name == "IS NOT NULL" {
			return nullWith(e.Args[0], of)
		}
	}
	return nullWith(e, of)
}

// nullWith says whether e is NULL where the given columns are.
func nullWith(e Expr, of func(*Column) bool) bool {
	switch e := e.(type) {
	case *Column:
		return of(e)
	case *Call:
		return !e.Overload.Lenient && slices.ContainsFunc(e.Args, func(a Expr) bool { return nullWith(a, of) })
	}
	return false
}

// equality is a condition that says that something of the left side equals something of the right.
type equality struct {
	left, right Expr // each over the columns of its own side
	nullSafe    bool
}

// equalities parts what makes rows match into equalities, which become keys, and the rest.
func (n *Join) equalities(match []Expr) (keys []equality, rest []Expr) {
	for _, c := range match {
		x, y, nullSafe := equated(c)
		if x == nil || !schema.Same(x.Type(), y.Type()) {
			rest = append(rest, c)
			continue
		}
		xl, xr := n.sides(x)
		yl, yr := n.sides(y)
		switch {
		case volatile(c):
			rest = append(rest, c)
		case xl && !xr && yr && !yl:
			keys = append(keys, equality{x, n.overRight(y), nullSafe})
		case yl && !yr && xr && !xl:
			keys = append(keys, equality{y, n.overRight(x), nullSafe})
		default:
			rest = append(rest, c)
		}
	}
	return keys, rest
}

// equated returns the two sides of x = y, or of what says that they are not distinct: IS NOT DISTINCT FROM, or
// x = y OR x IS NULL AND y IS NULL. It returns nil for any other condition.
func equated(cond Expr) (x, y Expr, nullSafe bool) {
	switch e := cond.(type) {
	case *Call:
		if e.Func.Name == "=" || e.Func.Name == "IS NOT DISTINCT FROM" {
			return e.Args[0], e.Args[1], e.Func.Name != "="
		}
	case *Logic:
		if !e.Or || len(e.Args) != 2 {
			break
		}
		for i, arg := range e.Args {
			x, y, safe := equated(arg)
			if x != nil && !safe && bothNull(e.Args[1-i], x, y) {
				return x, y, true
			}
		}
	}
	return nil, nil, false
}

func bothNull(cond, x, y Expr) bool {
	and, ok := cond.(*Logic)
	if !ok || and.Or || len(and.Args) != 2 {
		return false
	}
	var null [2]string
	for i, a := range and.Args {
		if call, ok := a.(*Call); ok && call.Func.Name == "IS NULL" {
			null[i] = fingerprint(call.Args[0])
		}
	}
	return null == [2]string{fingerprint(x), fingerprint(y)} || null == [2]string{fingerprint(y), fingerprint(x)}
}

func (n *Join) push(conds []Expr) Node {
	j := *n
	kind, a := n.absorb(conds)
	j.Kind = kind
	keys, rest := j.equalities(a.match)
	j.Left, j.Right = n.Left.push(a.left), n.Right.push(a.right)
	width := n.Left.Out().Len()
	var extra [2][]Expr
	place := func(side int, e Expr, in Node) int {
		if c, ok := e.(*Column); ok {
			return c.Index
		}
		for i, known := range extra[side] {
			if fingerprint(known) == fingerprint(e) {
				return in.Out().Len() + i
			}
		}
		extra[side] = append(extra[side], e)
		return in.Out().Len() + len(extra[side]) - 1
	}
	j.LeftKeys, j.RightKeys, j.NullSafe = slices.Clone(n.LeftKeys), slices.Clone(n.RightKeys), slices.Clone(n.NullSafe)
	for _, k := range keys {
		j.LeftKeys = append(j.LeftKeys, place(0, k.left, j.Left))
		j.RightKeys = append(j.RightKeys, place(1, k.right, j.Right))
		j.NullSafe = append(j.NullSafe, k.nullSafe)
	}
	by := len(extra[0])
	j.Left, j.Right = computed(j.Left, extra[0]), computed(j.Right, extra[1])
	j.Cond, j.Test = nil, widened(n.Test, width, by)
	if len(rest) > 0 {
		j.Cond = widened(conjunction(rest), width, by)
	}
	j.Schema = joinSchema(kind, j.Left.Out(), j.Right.Out())
	j.Time.forget(&j)
	at := make([]int, n.Schema.Len())
	for i := range at {
		if at[i] = i; i >= width {
			at[i] += by
		}
	}
	return filtered(pick(&j, at), a.above)
}

// widened makes room for columns behind the left side in an expression over both.
func widened(e Expr, width, by int) Expr {
	if e == nil || by == 0 {
		return e
	}
	return substitute(e, func(c *Column) Expr {
		if c.Index < width {
			return c
		}
		return &Column{Index: c.Index + by, Name: c.Name, Of: c.Of}
	})
}

// computed returns a node with the given columns behind those of n.
func computed(n Node, extra []Expr) Node {
	if len(extra) == 0 {
		return n
	}
	var exprs []Expr
	var names []string
	r := named(n, "")
	for i, f := range n.Out().Fields {
		exprs, names = append(exprs, r.column(i)), append(names, f.Name)
	}
	for _, e := range extra {
		exprs, names = append(exprs, e), append(names, e.String())
	}
	return project(r, exprs, names).node
}

// forgetTime ends the time attributes of rows that come in no order of time.
func forgetTime(s *schema.Schema) {
	for i := range s.Fields {
		s.Fields[i].Time = schema.NoTime
	}
}

func (n *Join) prune(need []bool) (Node, []int) {
	j := *n
	width := n.Left.Out().Len()
	both := make([]bool, width+n.Right.Out().Len())
	for i := range need {
		if i < width || !n.leftOnly() {
			both[i] = need[i]
		}
	}
	for i, k := range n.LeftKeys {
		both[k], both[width+n.RightKeys[i]] = true, true
	}
	for _, e := range []Expr{n.Cond, n.Test} {
		if e != nil {
			require(both, e)
		}
	}
	n.Time.require(both, width)
	left, leftAt := pruneSide(n.Left, both[:width])
	right, rightAt := pruneSide(n.Right, both[width:])
	j.Left, j.Right = left, right
	j.LeftKeys, j.RightKeys = places(n.LeftKeys, leftAt), places(n.RightKeys, rightAt)
	at := slices.Clone(leftAt)
	for _, to := range rightAt {
		if to >= 0 {
			to += left.Out().Len()
		}
		at = append(at, to)
	}
	for _, e := range []*Expr{&j.Cond, &j.Test} {
		if *e != nil {
			*e = moved(*e, at)
		}
	}
	j.Schema, j.Time = joinSchema(n.Kind, left.Out(), right.Out()), n.Time.moved(leftAt, rightAt)
	j.Time.forget(&j)
	switch {
	case n.Kind == MarkJoin:
		return &j, append(leftAt, left.Out().Len())
	case n.leftOnly():
		return &j, leftAt
	}
	return &j, at
}

// pruneSide returns an input of a join with the needed columns and no others, as the join has to remember
// them. Rows of which nothing is needed but their number have one constant.
func pruneSide(n Node, need []bool) (Node, []int) {
	at, old := kept(need)
	in, inAt := n.prune(atLeastOne(need))
	if len(old) > 0 {
		return pick(in, places(old, inAt)), at
	}
	return project(named(in, ""), []Expr{boolean(true)}, []string{"row"}).node, at
}

// Residual returns Cond and Test over only those columns of both sides that they use, which it lists.
func (n *Join) Residual() (cond, test Expr, used []int) {
	need := make([]bool, n.Left.Out().Len()+n.Right.Out().Len())
	for _, e := range []Expr{n.Cond, n.Test} {
		if e != nil {
			require(need, e)
		}
	}
	at, used := kept(need)
	cond, test = n.Cond, n.Test
	for _, e := range []*Expr{&cond, &test} {
		if *e != nil {
			*e = moved(*e, at)
		}
	}
	return cond, test, used
}
