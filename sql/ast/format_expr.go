package ast

import "strings"

func (p *printer) expr(x Expr) {
	switch x := x.(type) {
	case *Literal:
		p.literal(x)
	case *Interval:
		p.interval(x)
	case *Column:
		p.dotted(x.Parts)
	case *Star:
		p.dotted(x.Qualifier)
		p.flag(len(x.Qualifier) > 0, ".")
		p.text("*")
	case *Symbol:
		p.text(x.Name)
	case *DefaultArg:
		p.text("DEFAULT")
	case *NamedArg:
		p.ident(x.Name)
		p.text(" => ")
		p.expr(x.Value)
	case *Call:
		p.call(x)
	case *Cast:
		p.flag(x.Try, "TRY_")
		p.text("CAST(")
		p.expr(x.X)
		p.text(" AS ")
		p.dataType(x.Type)
		p.text(")")
	case *Case:
		p.caseExpr(x)
	case *Exists:
		p.text("EXISTS ")
		p.subquery(x.Query)
	case *Subquery:
		p.subquery(x.Query)
	case *Row, *Array, *Map, *Grouping, *Descriptor, *TableArg:
		p.constructor(x)
	case *Index:
		p.operand(x.X, PrecedencePrimary)
		p.text("[")
		p.expr(x.I)
		p.text("]")
	case *Field:
		p.fieldOwner(x.X)
		p.text(".")
		p.ident(x.Name)
	default:
		p.operator(x)
	}
}

// fieldOwner writes x so that .name after it is a Field, not another part of a Column.
func (p *printer) fieldOwner(x Expr) {
	switch x.(type) {
	case *Index, *Field:
		p.expr(x)
	default:
		p.text("(")
		p.expr(x)
		p.text(")")
	}
}

func (p *printer) operator(x Expr) {
	prec := Precedence(x)
	switch x := x.(type) {
	case *Unary:
		p.text(x.Op)
		// A space keeps - -1 from being a comment.
		p.text(" ")
		p.operand(x.X, prec)
	case *Binary:
		p.operand(x.X, prec)
		p.text(" ", x.Op, " ")
		p.operand(x.Y, prec+1)
	case *Is:
		p.operand(x.X, prec)
		p.text(" IS ")
		p.flag(x.Not, "NOT ")
		p.text(x.What)
	case *Between:
		p.operand(x.X, prec)
		p.flag(x.Not, " NOT")
		p.text(" BETWEEN ")
		p.flag(x.Symmetric, "SYMMETRIC ")
		p.operand(x.Low, prec+1)
		p.text(" AND ")
		p.operand(x.High, prec+1)
	case *In:
		p.operand(x.X, prec)
		p.flag(x.Not, " NOT")
		p.text(" IN ")
		p.set(x.List, x.Query)
	case *Like:
		p.operand(x.X, prec)
		p.flag(x.Not, " NOT")
		p.text(" ", x.Op, " ")
		p.operand(x.Pattern, prec+1)
		if x.Escape != nil {
			p.text(" ESCAPE ")
			p.operand(x.Escape, prec+1)
		}
	case *Quantified:
		p.operand(x.X, prec)
		p.text(" ", x.Op)
		if x.All {
			p.text(" ALL ")
		} else {
			p.text(" SOME ")
		}
		p.set(x.List, x.Query)
	}
}

func (p *printer) set(items []Expr, q *Query) {
	if q != nil {
		p.subquery(q)
		return
	}
	p.text("(")
	p.exprs(items)
	p.text(")")
}

// operand writes x, in parentheses if it binds less tightly than prec.
func (p *printer) operand(x Expr, prec int) {
	if Precedence(x) >= prec {
		p.expr(x)
		return
	}
	p.text("(")
	p.expr(x)
	p.text(")")
}

func (p *printer) subquery(q *Query) {
	p.text("(")
	p.query(q)
	p.text(")")
}

func (p *printer) literal(x *Literal) {
	switch x.Kind {
	case NullLiteral:
		p.text("NULL")
	case UnknownLiteral:
		p.text("UNKNOWN")
	case StringLiteral:
		p.quote(x.Text)
	case BinaryLiteral:
		p.text("X'", x.Text, "'")
	case DateLiteral:
		p.text("DATE ")
		p.quote(x.Text)
	case TimeLiteral:
		p.text("TIME ")
		p.quote(x.Text)
	case TimestampLiteral:
		p.text("TIMESTAMP ")
		p.quote(x.Text)
	default:
		p.text(x.Text)
	}
}

func (p *printer) interval(x *Interval) {
	p.text("INTERVAL ")
	p.flag(x.Negative, "-")
	p.quote(x.Text)
	p.text(" ", x.Unit)
	if x.To == "" {
		switch {
		case x.FractionDigits >= 0:
			p.params([]int{x.Precision, x.FractionDigits})
		case x.Precision >= 0:
			p.params([]int{x.Precision})
		}
		return
	}
	if x.Precision >= 0 {
		p.params([]int{x.Precision})
	}
	p.text(" TO ", x.To)
	if x.FractionDigits >= 0 {
		p.params([]int{x.FractionDigits})
	}
}

func (p *printer) caseExpr(x *Case) {
	p.text("CASE")
	if x.Operand != nil {
		p.text(" ")
		p.expr(x.Operand)
	}
	for _, w := range x.Whens {
		p.text(" WHEN ")
		p.expr(w.Cond)
		p.text(" THEN ")
		p.expr(w.Then)
	}
	if x.Else != nil {
		p.text(" ELSE ")
		p.expr(x.Else)
	}
	p.text(" END")
}

func (p *printer) constructor(x Expr) {
	switch x := x.(type) {
	case *Row:
		p.flag(len(x.Items) == 1, "ROW")
		p.text("(")
		p.exprs(x.Items)
		p.text(")")
	case *Array:
		p.text("ARRAY[")
		p.exprs(x.Items)
		p.text("]")
	case *Map:
		p.text("MAP[")
		p.exprs(x.Items)
		p.text("]")
	case *Grouping:
		p.text(x.Kind, "(")
		p.exprs(x.Items)
		p.text(")")
	case *Descriptor:
		p.text("DESCRIPTOR")
		p.idents(x.Columns)
	case *TableArg:
		if x.Query != nil {
			p.subquery(x.Query)
		} else {
			p.text("TABLE ")
			p.object(x.Name)
		}
		if len(x.PartitionBy) > 0 {
			p.text(" PARTITION BY (")
			p.exprs(x.PartitionBy)
			p.text(")")
		}
		if len(x.OrderBy) > 0 {
			p.text(" ORDER BY (")
			list(p, x.OrderBy, p.orderItem)
			p.text(")")
		}
	}
}

func (p *printer) call(x *Call) {
	name := x.Name.String()
	if len(x.Name.Parts) == 1 {
		word := x.Name.Parts[0].Name
		if Bare(word) && len(x.Args) == 0 {
			p.text(strings.ToUpper(word))
			return
		}
		if Callable(word) || Bare(word) {
			name = word
		}
		if p.quoted {
			name = strings.ToUpper(name)
		}
	}
	p.text(name, "(")
	if !p.specialForm(x) {
		p.flag(x.Distinct, "DISTINCT ")
		p.exprs(x.Args)
	}
	if x.JSON != nil {
		p.jsonClause(x.JSON)
	}
	p.text(")")
	p.flag(x.IgnoreNulls != "", " "+x.IgnoreNulls)
	if len(x.OrderBy) > 0 {
		p.text(" WITHIN GROUP (ORDER BY ")
		list(p, x.OrderBy, p.orderItem)
		p.text(")")
	}
	if x.Filter != nil {
		p.text(" FILTER (WHERE ")
		p.expr(x.Filter)
		p.text(")")
	}
	if x.Over != nil {
		p.text(" OVER ")
		p.window(x.Over)
	}
}

// specialForm writes the arguments of calls whose syntax is their own.
func (p *printer) specialForm(x *Call) bool {
	name := strings.ToUpper(x.Name.Last())
	switch {
	case len(x.Name.Parts) > 1:
		return false
	case name == "EXTRACT" && len(x.Args) == 2:
		p.joined(x.Args, " FROM ")
	case (name == "FLOOR" || name == "CEIL") && len(x.Args) == 2:
		p.joined(x.Args, " TO ")
	case name == "TRIM" && len(x.Args) == 3:
		p.expr(x.Args[0])
		p.text(" ")
		p.joined(x.Args[1:], " FROM ")
	case name == "POSITION" && len(x.Args) == 2:
		p.operand(x.Args[0], PrecedenceBetween+1)
		p.text(" IN ")
		p.expr(x.Args[1])
	case name == "POSITION" && len(x.Args) == 3:
		p.operand(x.Args[0], PrecedenceBetween+1)
		p.text(" IN ")
		p.joined(x.Args[1:], " FROM ")
	case name == "OVERLAY" && len(x.Args) >= 3:
		p.joined(x.Args, " PLACING ", " FROM ", " FOR ")
	case name == "JSON_OBJECT" || name == "JSON_OBJECTAGG":
		for i := 0; i+1 < len(x.Args); i += 2 {
			p.flag(i > 0, ", ")
			p.text("KEY ")
			p.expr(x.Args[i])
			p.text(" VALUE ")
			p.expr(x.Args[i+1])
		}
	default:
		return false
	}
	return true
}

// joined writes items with the given words between them, each used once, the last for the rest.
func (p *printer) joined(items []Expr, words ...string) {
	for i, item := range items {
		if i > 0 {
			p.text(words[min(i, len(words))-1])
		}
		p.expr(item)
	}
}

func (p *printer) jsonClause(c *JSONClause) {
	if c.Returning != nil {
		p.text(" RETURNING ")
		p.dataType(c.Returning)
	}
	p.flag(c.Wrapper != "", " "+c.Wrapper+" WRAPPER")
	p.flag(c.OnNull != "", " "+c.OnNull+" ON NULL")
	p.jsonBehavior(c.OnEmpty, " ON EMPTY")
	p.jsonBehavior(c.OnError, " ON ERROR")
}

func (p *printer) jsonBehavior(b *JSONBehavior, when string) {
	if b == nil {
		return
	}
	p.text(" ", b.Kind)
	if b.Default != nil {
		p.text(" ")
		p.expr(b.Default)
	}
	p.text(when)
}

func (p *printer) orderItem(o OrderItem) {
	p.expr(o.X)
	p.flag(o.Desc, " DESC")
	if o.NullsFirst != nil {
		p.flag(*o.NullsFirst, " NULLS FIRST")
		p.flag(!*o.NullsFirst, " NULLS LAST")
	}
}

func (p *printer) window(w *Window) {
	if w.Name != "" && w.PartitionBy == nil && w.OrderBy == nil && w.Frame == nil {
		p.name(w.Name)
		return
	}
	p.text("(")
	var parts []func()
	if w.Name != "" {
		parts = append(parts, func() { p.name(w.Name) })
	}
	if len(w.PartitionBy) > 0 {
		parts = append(parts, func() { p.text("PARTITION BY "); p.exprs(w.PartitionBy) })
	}
	if len(w.OrderBy) > 0 {
		parts = append(parts, func() { p.text("ORDER BY "); list(p, w.OrderBy, p.orderItem) })
	}
	if w.Frame != nil {
		parts = append(parts, func() { p.frame(w.Frame) })
	}
	for i, write := range parts {
		p.flag(i > 0, " ")
		write()
	}
	p.text(")")
}

func (p *printer) frame(f *Frame) {
	if f.Rows {
		p.text("ROWS ")
	} else {
		p.text("RANGE ")
	}
	if f.End == nil {
		p.bound(f.Start)
		return
	}
	p.text("BETWEEN ")
	p.bound(f.Start)
	p.text(" AND ")
	p.bound(f.End)
}

func (p *printer) bound(b *Bound) {
	switch {
	case b.Kind == "CURRENT ROW":
		p.text(b.Kind)
	case b.Offset == nil:
		p.text("UNBOUNDED ", b.Kind)
	default:
		// Above AND, so that the AND of BETWEEN is not taken for it.
		p.operand(b.Offset, PrecedenceSum)
		p.text(" ", b.Kind)
	}
}
