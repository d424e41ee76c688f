package plan

import (
	"fmt"
	"strings"
)

// columns calls visit for each column reference in e.
func columns(e Expr, visit func(*Column)) {
	if c, ok := e.(*Column); ok {
		visit(c)
		return
	}
	for _, p := range operands(e) {
		columns(p, visit)
	}
}

// operands returns the expressions directly within e.
func operands(e Expr) []Expr {
	switch e := e.(type) {
	case *Call:
		return e.Args
	case *Logic:
		return e.Args
	case *Case:
		all := make([]Expr, 0, len(e.When)+len(e.Then)+1)
		all = append(all, e.When...)
		all = append(all, e.Then...)
		return append(all, e.Else)
	}
	return nil
}

// substitute returns e with each column reference replaced. e itself stays as it is.
func substitute(e Expr, replace func(*Column) Expr) Expr {
	return rewritten(e, func(e Expr) (Expr, bool) {
		if c, ok := e.(*Column); ok {
			return replace(c), true
		}
		return nil, false
	})
}

// rewritten returns e with what replace takes replaced, which is not looked into. e itself stays as it is.
func rewritten(e Expr, replace func(Expr) (Expr, bool)) Expr {
	if out, ok := replace(e); ok {
		return out
	}
	each := func(es []Expr) []Expr {
		out := make([]Expr, len(es))
		for i, x := range es {
			out[i] = rewritten(x, replace)
		}
		return out
	}
	switch e := e.(type) {
	case *Call:
		return &Call{Func: e.Func, Overload: e.Overload, Args: each(e.Args), Body: e.Body}
	case *Logic:
		return &Logic{Or: e.Or, Args: each(e.Args)}
	case *Case:
		return &Case{When: each(e.When), Then: each(e.Then), Else: rewritten(e.Else, replace), Of: e.Of}
	}
	return e
}

// moved returns e with column i at its new place to[i].
func moved(e Expr, to []int) Expr {
	return substitute(e, func(c *Column) Expr { return &Column{Index: to[c.Index], Name: c.Name, Of: c.Of} })
}

// volatile says whether e gives another answer when it is asked again.
func volatile(e Expr) bool {
	if c, ok := e.(*Call); ok && c.Func.Volatile {
		return true
	}
	for _, p := range operands(e) {
		if volatile(p) {
			return true
		}
	}
	return false
}

// fingerprint is equal for expressions that mean the same over the same input.
func fingerprint(e Expr) string {
	var b strings.Builder
	writeFingerprint(&b, e)
	return b.String()
}

func writeFingerprint(b *strings.Builder, e Expr) {
	switch e := e.(type) {
	case *Column:
		fmt.Fprintf(b, "#%d", e.Index)
		return
	case *Literal:
		fmt.Fprintf(b, "%s:%+v", e.Of, e.Value)
		return
	case *Outer:
		fmt.Fprintf(b, "outer%p", e.Scope)
		writeFingerprint(b, e.X)
		return
	case *Call:
		fmt.Fprintf(b, "%s:%s", e.Func.Name, e.Overload.Result)
	case *Logic:
		fmt.Fprintf(b, "or=%t", e.Or)
	case *Case:
		fmt.Fprintf(b, "case%d:%s", len(e.When), e.Of)
	}
	b.WriteByte('(')
	for _, p := range operands(e) {
		writeFingerprint(b, p)
		b.WriteByte(';')
	}
	b.WriteByte(')')
}

// conjuncts splits a condition at its ANDs.
func conjuncts(e Expr) []Expr {
	if l, ok := e.(*Logic); ok && !l.Or {
		var all []Expr
		for _, a := range l.Args {
			all = append(all, conjuncts(a)...)
		}
		return all
	}
	return []Expr{e}
}

// conjunction is the opposite of conjuncts.
func conjunction(conds []Expr) Expr {
	if len(conds) == 1 {
		return conds[0]
	}
	return &Logic{Args: conds}
}
