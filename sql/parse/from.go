package parse

import "millrace/sql/ast"

// from reads what follows FROM. A comma binds less tightly than JOIN.
func (p *parser) from() ast.Relation {
	start := p.start()
	x := p.joins()
	for chain := 0; p.accept(","); chain++ {
		if chain > maxChain {
			p.fail(p.since(start), "", "more than %d tables in a row", maxChain)
		}
		y := p.joins()
		x = &ast.Join{Span: p.since(start), Kind: "COMMA", X: x, Y: y}
	}
	return x
}

func (p *parser) joins() ast.Relation {
	p.enter()
	defer p.leave()
	start := p.start()
	x := p.relation()
	for chain := 0; ; chain++ {
		j := p.joinKind()
		if j == nil {
			return x
		}
		if chain > maxChain {
			p.fail(p.since(start), "", "more than %d joins in a row", maxChain)
		}
		j.X, j.Y = x, p.relation()
		p.joinCondition(j)
		j.Span = p.since(start)
		x = j
	}
}

// joinKind reads [NATURAL] kind JOIN, or nothing.
func (p *parser) joinKind() *ast.Join {
	j := &ast.Join{Natural: p.accept("NATURAL"), Kind: "INNER"}
	switch {
	case p.accept("JOIN"):
		return j
	case p.atAny("LEFT", "RIGHT", "FULL"):
		j.Kind = p.take().word
		p.accept("OUTER")
	case p.atAny("INNER", "CROSS"):
		j.Kind = p.take().word
	case j.Natural:
		p.unexpected("JOIN")
	default:
		return nil
	}
	p.expect("JOIN")
	return j
}

func (p *parser) joinCondition(j *ast.Join) {
	at := p.peek()
	switch {
	case p.accept("ON"):
		j.On = p.expr()
	case p.accept("USING"):
		j.Using = parenthesized(p, p.columnName)
	default:
		return
	}
	if j.Natural || j.Kind == "CROSS" {
		p.fail(at.Span, "", "a NATURAL or CROSS JOIN takes no condition")
	}
}

// relation reads one item of FROM.
func (p *parser) relation() ast.Relation {
	start := p.start()
	lateral := p.accept("LATERAL")
	switch {
	case p.accept("TABLE"):
		p.expect("(")
		c := p.tableFunction()
		p.closeParen()
		alias := p.alias()
		return &ast.TableCall{Span: p.since(start), Lateral: lateral, Call: c, Alias: alias}
	case p.at("UNNEST"):
		return p.unnest()
	case p.at("("):
		return p.parenthesizedRelation(lateral)
	}
	name := p.objectName("table")
	if p.at("(") {
		c := p.callNamed(name)
		alias := p.alias()
		return &ast.TableCall{Span: p.since(start), Lateral: lateral, Call: c, Alias: alias}
	}
	if lateral {
		p.unexpected(`"("`)
	}
	t := &ast.Table{Name: name, Hints: p.hints(true)}
	if p.accept("FOR") {
		p.expect("SYSTEM_TIME", "AS", "OF")
		t.SystemTime = p.operators(ast.PrecedenceSum)
	}
	t.Alias = p.alias()
	if at := p.peek(); p.atAny("TABLESAMPLE", "PIVOT", "UNPIVOT") {
		p.fail(at.Span, "", "%s is not supported", at.word)
	}
	t.Span = p.since(start)
	return p.matchAfter(t)
}

func (p *parser) tableFunction() *ast.Call {
	return p.callNamed(p.objectName("table function"))
}

func (p *parser) callNamed(name ast.ObjectName) *ast.Call {
	p.enter()
	defer p.leave()
	c := &ast.Call{Name: name}
	p.expect("(")
	p.plainArgs(c)
	p.closeParen()
	c.Span = p.since(name.Pos)
	return c
}

func (p *parser) unnest() ast.Relation {
	start := p.start()
	p.expect("UNNEST")
	u := &ast.Unnest{Items: parenthesized(p, p.expr)}
	u.Ordinality = p.accept("WITH", "ORDINALITY")
	u.Alias = p.alias()
	u.Span = p.since(start)
	return u
}

// parenthesizedRelation reads a query or joins in parentheses. Only what follows tells
// ((SELECT …) UNION …) from ((SELECT …) JOIN …).
func (p *parser) parenthesizedRelation(lateral bool) ast.Relation {
	p.enter()
	defer p.leave()
	start := p.start()
	p.expect("(")
	var q *ast.Query
	if p.atQuery() {
		q = p.query()
	} else {
		x := p.from()
		d, ok := x.(*ast.Derived)
		switch {
		case ok && d.Alias == nil && !d.Lateral:
			q = p.queryAfter(d.Pos, bodyOf(d.Query))
		case lateral:
			p.fail(x.Extent(), "", "LATERAL wants a query or TABLE(function)")
		default:
			p.closeParen()
			return p.aliasOf(x)
		}
	}
	p.closeParen()
	alias := p.alias()
	return p.matchAfter(&ast.Derived{Span: p.since(start), Lateral: lateral, Query: q, Alias: alias})
}

// aliasOf gives the item in parentheses the alias that follows them, as in (t) AS a.
func (p *parser) aliasOf(x ast.Relation) ast.Relation {
	at := p.peek()
	alias := p.alias()
	if alias == nil {
		return x
	}
	if t, ok := x.(*ast.Table); ok && t.Alias == nil {
		t.Alias = alias
		return t
	}
	p.fail(at.Span, "", "joined tables have no common name")
	return nil
}

// alias reads [AS] name [(column, …)], or nothing.
func (p *parser) alias() *ast.Alias {
	start := p.start()
	if !p.accept("AS") && !isName(p.peek()) {
		return nil
	}
	a := &ast.Alias{Name: p.ident("a name")}
	if p.at("(") {
		a.Columns = parenthesized(p, p.columnName)
	}
	a.Span = p.since(start)
	return a
}
