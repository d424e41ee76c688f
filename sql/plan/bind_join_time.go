package plan

import (
	"millrace/sql/ast"
)

// joinByTable plans the joins that what stands on the right side decides: UNNEST, a version of a table at some
// time. It returns nil for all others.
func (b *binder) joinByTable(j *ast.Join, x *relation) *relation {
	switch y := j.Y.(type) {
	case *ast.Unnest:
		return b.joinUnnest(j, x, y)
	}
	return nil
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
		b.unsupported(j.On, "a condition of LEFT JOIN UNNEST other than TRUE")
	}
	return &relation{node: filtered(r.node, []Expr{cond}), names: r.names}
}

// joinByTime returns the node of a join whose condition binds the times of both sides to each other, and nil
// for all others. The schema of n still has the time attributes of both.
func (b *binder) joinByTime(at ast.Node, n *Join) Node {
	return nil
}
