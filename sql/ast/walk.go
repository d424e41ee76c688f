package ast

// Walk calls visit for x and, where visit says true, for the expressions within x, in the order they are
// written. It does not go into sub-queries: their names are their own.
func Walk(x Expr, visit func(Expr) bool) {
	if x == nil || !visit(x) {
		return
	}
	for _, part := range parts(x) {
		Walk(part, visit)
	}
}

// parts returns the expressions directly within x; some may be nil.
func parts(x Expr) []Expr {
	switch x := x.(type) {
	case *Unary:
		return []Expr{x.X}
	case *Binary:
		return []Expr{x.X, x.Y}
	case *Is:
		return []Expr{x.X}
	case *Between:
		return []Expr{x.X, x.Low, x.High}
	case *In:
		return append([]Expr{x.X}, x.List...)
	case *Like:
		return []Expr{x.X, x.Pattern, x.Escape}
	case *Quantified:
		return append([]Expr{x.X}, x.List...)
	case *Case:
		return caseParts(x)
	case *Cast:
		return []Expr{x.X}
	case *Call:
		return callParts(x)
	case *NamedArg:
		return []Expr{x.Value}
	case *Row:
		return x.Items
	case *Array:
		return x.Items
	case *Map:
		return x.Items
	case *Grouping:
		return x.Items
	case *Index:
		return []Expr{x.X, x.I}
	case *Field:
		return []Expr{x.X}
	}
	return nil
}

func caseParts(x *Case) []Expr {
	all := []Expr{x.Operand}
	for _, w := range x.Whens {
		all = append(all, w.Cond, w.Then)
	}
	return append(all, x.Else)
}

func callParts(x *Call) []Expr {
	all := append([]Expr(nil), x.Args...)
	for _, o := range x.OrderBy {
		all = append(all, o.X)
	}
	all = append(all, x.Filter)
	if x.Over != nil {
		all = append(all, x.Over.PartitionBy...)
		for _, o := range x.Over.OrderBy {
			all = append(all, o.X)
		}
	}
	if x.JSON != nil && x.JSON.OnEmpty != nil {
		all = append(all, x.JSON.OnEmpty.Default)
	}
	if x.JSON != nil && x.JSON.OnError != nil {
		all = append(all, x.JSON.OnError.Default)
	}
	return all
}
