package parse

import "millrace/sql/ast"

// atQuery says whether a query begins here, not counting one in parentheses.
func (p *parser) atQuery() bool {
	return p.atAny("SELECT", "VALUES", "WITH") || p.at("TABLE") && p.second().word != "("
}

func (p *parser) atSetOperator() bool { return p.atAny("UNION", "INTERSECT", "EXCEPT") }

// parenthesizedQuery reads ( query ).
func (p *parser) parenthesizedQuery() *ast.Query {
	p.expect("(")
	q := p.query()
	p.closeParen()
	return q
}

// query reads [WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …] [FETCH …].
func (p *parser) query() *ast.Query {
	p.enter()
	defer p.leave()
	start := p.start()
	var with []ast.CTE
	if p.accept("WITH") {
		if at := p.peek(); at.word == "RECURSIVE" {
			p.fail(at.Span, "", "a query that reads itself is not supported, as in Flink")
		}
		with = commas(p, p.cte)
	}
	q := p.queryAfter(start, p.queryBody(0))
	q.With = with
	return q
}

func (p *parser) cte() ast.CTE {
	start := p.start()
	c := ast.CTE{Name: p.ident("the name of a query")}
	if p.at("(") {
		c.Columns = parenthesized(p, p.columnName)
	}
	p.expect("AS")
	c.Query = p.parenthesizedQuery()
	c.Span = p.since(start)
	return c
}

// queryAfter reads the rest of a query whose first operand is read already.
func (p *parser) queryAfter(start ast.Pos, first ast.Body) *ast.Query {
	q := &ast.Query{Body: p.setOperations(first, 0)}
	if p.at("ORDER", "BY") {
		q.OrderBy = p.orderBy()
	}
	if p.accept("LIMIT") && !p.accept("ALL") {
		q.Limit = p.expr()
		if p.at(",") {
			p.fail(p.peek().Span, "write LIMIT count OFFSET start", "LIMIT takes one number")
		}
	}
	if p.accept("OFFSET") {
		q.Offset = p.expr()
		p.acceptAny("ROW", "ROWS")
	}
	if at := p.peek(); p.accept("FETCH") {
		if q.Limit != nil {
			p.fail(at.Span, "", "LIMIT and FETCH in one query")
		}
		q.Limit = p.fetch()
	}
	q.Span = p.since(start)
	return q
}

func (p *parser) acceptAny(words ...string) bool {
	found := p.atAny(words...)
	if found {
		p.take()
	}
	return found
}

// fetch reads FIRST n ROWS ONLY.
func (p *parser) fetch() ast.Expr {
	if !p.acceptAny("FIRST", "NEXT") {
		p.unexpected("FIRST or NEXT")
	}
	n := p.expr()
	if !p.acceptAny("ROW", "ROWS") {
		p.unexpected("ROW or ROWS")
	}
	p.expect("ONLY")
	return n
}

// queryBody reads operands and the set operators between them that bind at least as tightly as least.
func (p *parser) queryBody(least int) ast.Body {
	p.enter()
	defer p.leave()
	return p.setOperations(p.queryOperand(), least)
}

// setOperations reads UNION, EXCEPT (level 1) and INTERSECT (level 2) after x.
func (p *parser) setOperations(x ast.Body, least int) ast.Body {
	start := x.Extent().Pos
	for chain := 0; ; chain++ {
		level := 1
		if p.at("INTERSECT") {
			level = 2
		}
		if !p.atSetOperator() || level < least {
			return x
		}
		if chain > maxChain {
			p.fail(p.since(start), "", "more than %d queries in a row", maxChain)
		}
		op := p.take().word
		all := p.accept("ALL")
		if !all {
			p.accept("DISTINCT")
		}
		y := p.queryBody(level + 1)
		x = &ast.SetOperation{Span: p.since(start), Op: op, All: all, X: x, Y: y}
	}
}

func (p *parser) queryOperand() ast.Body {
	start := p.start()
	switch {
	case p.at("("):
		return bodyOf(p.parenthesizedQuery())
	case p.at("SELECT"):
		return p.selectBody()
	case p.accept("VALUES"):
		rows := commas(p, p.valuesRow)
		return &ast.Values{Span: p.since(start), Rows: rows}
	case p.accept("TABLE"):
		name := p.objectName("table")
		return &ast.ExplicitTable{Span: p.since(start), Name: name}
	}
	p.unexpected("SELECT, VALUES or a query in parentheses")
	return nil
}

// bodyOf takes the parentheses off a query that is nothing but its body.
func bodyOf(q *ast.Query) ast.Body {
	if len(q.With) == 0 && len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil {
		return q.Body
	}
	return q
}

// valuesRow reads (a, b), ROW(a, b) or just a.
func (p *parser) valuesRow() ast.Row {
	start := p.start()
	p.accept("ROW")
	if !p.at("(") {
		x := p.expr()
		return ast.Row{Span: p.since(start), Items: []ast.Expr{x}}
	}
	items := parenthesized(p, p.expr)
	return ast.Row{Span: p.since(start), Items: items}
}

func (p *parser) selectBody() ast.Body {
	start := p.start()
	p.expect("SELECT")
	s := &ast.Select{Hints: p.hints(false)}
	if at := p.peek(); at.word == "STREAM" {
		p.fail(at.Span, "leave it out: every query here is one of a stream", "SELECT STREAM is not supported")
	}
	if p.accept("DISTINCT") {
		s.Distinct = true
	} else {
		p.accept("ALL")
	}
	s.Items = commas(p, p.selectItem)
	if p.accept("FROM") {
		s.From = p.from()
	} else if at := p.peek(); p.atAny("WHERE", "GROUP", "HAVING") {
		p.fail(at.Span, "", "%s without FROM", at.word)
	}
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	if p.at("GROUP", "BY") {
		s.Group = p.groupBy()
	}
	if p.accept("HAVING") {
		s.Having = p.expr()
	}
	if p.accept("WINDOW") {
		s.Windows = commas(p, p.namedWindow)
	}
	if p.accept("QUALIFY") {
		s.Qualify = p.expr()
	}
	p.checkHintTables(s)
	s.Span = p.since(start)
	return s
}

func (p *parser) selectItem() ast.SelectItem {
	start := p.start()
	if star := p.star(); star != nil {
		return ast.SelectItem{Span: p.since(start), X: star}
	}
	item := ast.SelectItem{X: p.expr()}
	if p.accept("AS") {
		name := p.ident("a name")
		item.Alias = &name
	} else if isName(p.peek()) {
		name := p.ident("a name")
		item.Alias = &name
	}
	item.Span = p.since(start)
	return item
}

// star reads * or t.*, or nothing.
func (p *parser) star() *ast.Star {
	start, first := p.start(), p.next
	var qualifier []ast.Ident
	for isName(p.peek()) && p.second().word == "." {
		qualifier = append(qualifier, p.ident("a name"))
		p.take()
	}
	if !p.accept("*") {
		p.next = first
		return nil
	}
	return &ast.Star{Span: p.since(start), Qualifier: qualifier}
}

func (p *parser) groupBy() *ast.GroupBy {
	start := p.start()
	p.expect("GROUP", "BY")
	if !p.accept("DISTINCT") {
		p.accept("ALL")
	}
	items := commas(p, p.grouping)
	return &ast.GroupBy{Span: p.since(start), Items: items}
}

// grouping reads an item of GROUP BY or of GROUPING SETS.
func (p *parser) grouping() ast.Expr {
	p.enter()
	defer p.leave()
	start := p.start()
	kind := ""
	switch {
	case p.at("(", ")"):
		p.expect("(", ")")
		return &ast.Row{Span: p.since(start)}
	case p.accept("GROUPING", "SETS"):
		kind = "GROUPING SETS"
	case p.at("CUBE"), p.at("ROLLUP"):
		kind = p.take().word
	default:
		return p.expr()
	}
	items := parenthesized(p, p.grouping)
	return &ast.Grouping{Span: p.since(start), Kind: kind, Items: items}
}

func (p *parser) namedWindow() ast.NamedWindow {
	start := p.start()
	name := p.ident("a window")
	p.expect("AS")
	w := p.window()
	return ast.NamedWindow{Span: p.since(start), Name: name, Window: w}
}
