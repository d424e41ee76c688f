package ast

func (p *printer) query(q *Query) {
	if len(q.With) > 0 {
		p.text("WITH ")
		list(p, q.With, func(c CTE) {
			p.ident(c.Name)
			if len(c.Columns) > 0 {
				p.text(" ")
				p.idents(c.Columns)
			}
			p.text(" AS ")
			p.subquery(c.Query)
		})
		p.text(" ")
	}
	p.body(q.Body)
	if len(q.OrderBy) > 0 {
		p.text(" ORDER BY ")
		list(p, q.OrderBy, p.orderItem)
	}
	if q.Limit != nil {
		p.text(" LIMIT ")
		p.expr(q.Limit)
	}
	if q.Offset != nil {
		p.text(" OFFSET ")
		p.expr(q.Offset)
		p.text(" ROWS")
	}
}

func (p *printer) body(b Body) {
	switch b := b.(type) {
	case *Query:
		p.subquery(b)
	case *Select:
		p.selectBody(b)
	case *SetOperation:
		p.setOperation(b)
	case *Values:
		p.text("VALUES ")
		list(p, b.Rows, func(r Row) {
			p.text("(")
			p.exprs(r.Items)
			p.text(")")
		})
	case *ExplicitTable:
		p.text("TABLE ")
		p.object(b.Name)
	}
}

func (p *printer) setOperation(s *SetOperation) {
	prec := setPrecedence(s)
	p.setOperand(s.X, prec)
	p.text(" ", s.Op)
	p.flag(s.All, " ALL")
	p.text(" ")
	p.setOperand(s.Y, prec+1)
}

func (p *printer) setOperand(b Body, prec int) {
	if s, ok := b.(*SetOperation); ok && setPrecedence(s) < prec {
		p.text("(")
		p.setOperation(s)
		p.text(")")
		return
	}
	p.body(b)
}

// setPrecedence is higher for INTERSECT than for UNION and EXCEPT.
func setPrecedence(s *SetOperation) int {
	if s.Op == "INTERSECT" {
		return 2
	}
	return 1
}

func (p *printer) selectBody(s *Select) {
	p.text("SELECT")
	p.hints(s.Hints)
	p.flag(s.Distinct, " DISTINCT")
	p.text(" ")
	list(p, s.Items, func(i SelectItem) {
		p.expr(i.X)
		if i.Alias != nil {
			p.text(" AS ")
			p.ident(*i.Alias)
		}
	})
	if s.From != nil {
		p.text(" FROM ")
		p.relation(s.From)
	}
	if s.Where != nil {
		p.text(" WHERE ")
		p.expr(s.Where)
	}
	if s.Group != nil {
		p.text(" GROUP BY ")
		p.exprs(s.Group.Items)
	}
	if s.Having != nil {
		p.text(" HAVING ")
		p.expr(s.Having)
	}
	if len(s.Windows) > 0 {
		p.text(" WINDOW ")
		list(p, s.Windows, func(w NamedWindow) {
			p.ident(w.Name)
			p.text(" AS ")
			// Unlike behind OVER, a name alone stands in parentheses here.
			bare := len(w.Window.PartitionBy)+len(w.Window.OrderBy) == 0 && w.Window.Frame == nil && w.Window.Name != ""
			p.flag(bare, "(")
			p.window(w.Window)
			p.flag(bare, ")")
		})
	}
	if s.Qualify != nil {
		p.text(" QUALIFY ")
		p.expr(s.Qualify)
	}
}

func (p *printer) relation(r Relation) {
	switch r := r.(type) {
	case *Table:
		p.object(r.Name)
		p.hints(r.Hints)
		if r.SystemTime != nil {
			p.text(" FOR SYSTEM_TIME AS OF ")
			p.operand(r.SystemTime, PrecedenceSum)
		}
		p.alias(r.Alias)
	case *Derived:
		p.flag(r.Lateral, "LATERAL ")
		p.subquery(r.Query)
		p.alias(r.Alias)
	case *TableCall:
		p.flag(r.Lateral, "LATERAL ")
		p.text("TABLE(")
		p.call(r.Call)
		p.text(")")
		p.alias(r.Alias)
	case *Unnest:
		p.text("UNNEST(")
		p.exprs(r.Items)
		p.text(")")
		p.flag(r.Ordinality, " WITH ORDINALITY")
		p.alias(r.Alias)
	case *Join:
		p.join(r)
	case *Match:
		p.match(r)
	}
}

func (p *printer) alias(a *Alias) {
	if a == nil {
		return
	}
	p.text(" AS ")
	p.ident(a.Name)
	if len(a.Columns) > 0 {
		p.text(" ")
		p.idents(a.Columns)
	}
}

func (p *printer) join(j *Join) {
	p.joinOperand(j.X, j.Kind != "COMMA")
	if j.Kind == "COMMA" {
		p.text(", ")
	} else {
		p.text(" ")
		p.flag(j.Natural, "NATURAL ")
		p.text(j.Kind, " JOIN ")
	}
	_, nested := j.Y.(*Join)
	// A join on the right of a comma binds tighter already.
	if nested && !(j.Kind == "COMMA" && j.Y.(*Join).Kind != "COMMA") {
		p.text("(")
		p.relation(j.Y)
		p.text(")")
	} else {
		p.relation(j.Y)
	}
	if j.On != nil {
		p.text(" ON ")
		p.expr(j.On)
	}
	if len(j.Using) > 0 {
		p.text(" USING ")
		p.idents(j.Using)
	}
}

// joinOperand writes the left side: a comma join there needs parentheses before a JOIN.
func (p *printer) joinOperand(r Relation, tight bool) {
	if j, ok := r.(*Join); ok && tight && j.Kind == "COMMA" {
		p.text("(")
		p.join(j)
		p.text(")")
		return
	}
	p.relation(r)
}
