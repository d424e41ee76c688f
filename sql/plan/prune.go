package plan

import (
	"slices"

	"millrace/schema"
)

// pruneNothing is prune for a node that needs all columns of its inputs.
func pruneNothing(n Node) (Node, []int) {
	n = n.with(each(n, func(in Node) Node {
		need := make([]bool, in.Out().Len())
		for i := range need {
			need[i] = true
		}
		in, at := in.prune(need)
		return pick(in, at)
	}))
	return n, everything(n)
}

func (n *Sink) prune([]bool) (Node, []int) { return pruneNothing(n) }

func (n *Filter) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	require(need, n.Cond)
	input, at := n.Input.prune(need)
	return &Filter{Input: input, Cond: moved(n.Cond, at)}, at
}

func (n *Limit) prune(need []bool) (Node, []int) {
	input, at := n.Input.prune(need)
	return n.with([]Node{input}), at
}

// require marks the columns of e as needed.
func require(need []bool, e Expr) {
	columns(e, func(c *Column) { need[c.Index] = true })
}

func everything(n Node) []int {
	at := make([]int, n.Out().Len())
	for i := range at {
		at[i] = i
	}
	return at
}

// kept numbers the needed columns and lists them.
func kept(need []bool) (at, old []int) {
	at = make([]int, len(need))
	for i, needed := range need {
		at[i] = -1
		if needed {
			at[i] = len(old)
			old = append(old, i)
		}
	}
	return at, old
}

// pick returns a node whose columns are those of n at the given places. A place of -1 is left out.
func pick(n Node, at []int) Node {
	var exprs []Expr
	s := &schema.Schema{}
	for _, i := range at {
		if i < 0 {
			continue
		}
		f := n.Out().Fields[i]
		exprs = append(exprs, &Column{Index: i, Name: f.Name, Of: f.Type})
		s.Fields = append(s.Fields, f)
	}
	if identity(exprs, n.Out()) {
		return n
	}
	return &Project{Input: n, Exprs: exprs, Schema: s}
}

// atLeastOne keeps one column of rows that are only counted: a batch without columns has no rows.
func atLeastOne(need []bool) []bool {
	if len(need) == 0 || slices.Contains(need, true) {
		return need
	}
	need = slices.Clone(need)
	need[0] = true
	return need
}

func (n *Scan) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	if w := n.Watermark; w != nil {
		need[w.Column] = true
		require(need, w.Expr)
	}
	if n.updates() {
		for _, k := range n.Key {
			need[k] = true
		}
	}
	at, old := kept(atLeastOne(need))
	read := make([]bool, n.Read.Len())
	for i, f := range n.Read.Fields {
		// A record without a NOT NULL column is bad, whether the query uses the column or not.
		_, meta := n.Meta[i]
		inKey := n.KeyFormat != nil && slices.Contains(n.KeyFormat.Columns, f.Name)
		read[i] = (f.Type.NotNull || n.AllColumns || inKey && n.KeyFormat.AllColumns) && !meta
	}
	for _, i := range old {
		require(read, n.Exprs[i])
	}
	readAt, readOld := kept(atLeastOne(read))
	s := *n
	s.Schema = n.Schema.Select(old)
	s.Read = n.Read.Select(readOld)
	s.Meta = nil
	for i, was := range readOld {
		if key, ok := n.Meta[was]; ok {
			if s.Meta == nil {
				s.Meta = map[int]string{}
			}
			s.Meta[i] = key
		}
	}
	s.Exprs = make([]Expr, len(old))
	for i, was := range old {
		s.Exprs[i] = moved(n.Exprs[was], readAt)
	}
	if s.Key = nil; n.updates() {
		s.Key = places(n.Key, at)
	}
	if w := n.Watermark; w != nil {
		mark := *w
		mark.Column, mark.Expr = at[w.Column], moved(w.Expr, at)
		s.Watermark = &mark
	}
	return &s, at
}

func (n *Project) prune(need []bool) (Node, []int) {
	at, old := kept(atLeastOne(need))
	below := make([]bool, n.Input.Out().Len())
	for _, i := range old {
		require(below, n.Exprs[i])
	}
	input, inputAt := n.Input.prune(below)
	p := &Project{Input: input, Schema: n.Schema.Select(old)}
	for _, i := range old {
		p.Exprs = append(p.Exprs, moved(n.Exprs[i], inputAt))
	}
	return p, at
}

func places(columns, at []int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = at[c]
	}
	return out
}

func (n *Union) prune(need []bool) (Node, []int) {
	need = atLeastOne(need)
	at, old := kept(need)
	u := &Union{Schema: n.Schema.Select(old)}
	for _, s := range n.Sources {
		source, sourceAt := s.prune(need)
		u.Sources = append(u.Sources, pick(source, places(old, sourceAt)))
	}
	return u, at
}

func (n *Values) prune(need []bool) (Node, []int) {
	at, old := kept(atLeastOne(need))
	v := &Values{Schema: n.Schema.Select(old)}
	for _, row := range n.Rows {
		var out []Expr
		for _, i := range old {
			out = append(out, row[i])
		}
		v.Rows = append(v.Rows, out)
	}
	return v, at
}
