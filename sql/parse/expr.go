package parse

import (
	"strings"

	"millrace/sql/ast"
)

func (p *parser) expr() ast.Expr { return p.operators(0) }

// operators reads operands and the operators between them that bind at least as tightly as least.
func (p *parser) operators(least int) ast.Expr {
	p.enter()
	defer p.leave()
	start := p.start()
	x := p.operand()
	for chain := 0; ; chain++ {
		y := p.operatorAfter(x, start, least)
		if y == nil {
			return x
		}
		if x = y; chain > maxChain {
			p.fail(p.since(start), "", "more than %d operators in a row", maxChain)
		}
	}
}

// operatorAfter reads one operator that follows x and what it applies to, or returns nil.
func (p *parser) operatorAfter(x ast.Expr, start ast.Pos, least int) ast.Expr {
	op := p.peek().word
	if op == "!=" {
		op = "<>"
	}
	switch op {
	case "IS":
		return p.is(x, start, least)
	case "NOT", "BETWEEN", "IN", "LIKE", "SIMILAR":
		if least > ast.PrecedenceBetween {
			return nil
		}
		return p.predicate(x, start)
	case "ILIKE":
		p.fail(p.peek().Span, "write LOWER(x) LIKE LOWER(pattern)", "ILIKE is not supported, as in Flink")
	case "RLIKE":
		p.fail(p.peek().Span, "write REGEXP(x, pattern)", "RLIKE is not supported, as in Flink")
	}
	prec := ast.BinaryPrecedence(op)
	if prec == 0 || prec < least {
		return nil
	}
	p.take()
	if isComparison(op) && p.atAny("SOME", "ANY", "ALL") {
		return p.quantified(x, start, op)
	}
	y := p.operators(prec + 1)
	return &ast.Binary{Span: p.since(start), Op: op, X: x, Y: y}
}

func isComparison(op string) bool {
	switch op {
	case "=", "<>", "<", "<=", ">", ">=":
		return true
	}
	return false
}

func (p *parser) quantified(x ast.Expr, start ast.Pos, op string) ast.Expr {
	all := p.take().word == "ALL"
	list, query := p.set()
	return &ast.Quantified{Span: p.since(start), X: x, Op: op, All: all, List: list, Query: query}
}

func (p *parser) is(x ast.Expr, start ast.Pos, least int) ast.Expr {
	if p.at("IS", "DISTINCT", "FROM") || p.at("IS", "NOT", "DISTINCT", "FROM") {
		if least > ast.PrecedenceComparison {
			return nil
		}
		op := "IS DISTINCT FROM"
		if !p.accept("IS", "DISTINCT", "FROM") {
			p.expect("IS", "NOT", "DISTINCT", "FROM")
			op = "IS NOT DISTINCT FROM"
		}
		y := p.operators(ast.PrecedenceComparison + 1)
		return &ast.Binary{Span: p.since(start), Op: op, X: x, Y: y}
	}
	if least > ast.PrecedenceIs {
		return nil
	}
	p.expect("IS")
	not := p.accept("NOT")
	what := p.peek().word
	switch what {
	case "NULL", "TRUE", "FALSE", "UNKNOWN":
		p.take()
	case "JSON":
		p.take()
		if p.atAny("VALUE", "SCALAR", "ARRAY", "OBJECT") {
			what += " " + p.take().word
		}
	default:
		p.unexpected("NULL, TRUE, FALSE, UNKNOWN, JSON or DISTINCT FROM")
	}
	return &ast.Is{Span: p.since(start), X: x, Not: not, What: what}
}

// predicate reads [NOT] BETWEEN, IN, LIKE or SIMILAR TO.
func (p *parser) predicate(x ast.Expr, start ast.Pos) ast.Expr {
	not := p.accept("NOT")
	const tighter = ast.PrecedenceBetween + 1
	switch {
	case p.accept("BETWEEN"):
		symmetric := p.accept("SYMMETRIC")
		if !symmetric {
			p.accept("ASYMMETRIC")
		}
		low := p.operators(tighter)
		p.expect("AND")
		high := p.operators(tighter)
		return &ast.Between{Span: p.since(start), X: x, Not: not, Symmetric: symmetric, Low: low, High: high}
	case p.accept("IN"):
		list, query := p.set()
		return &ast.In{Span: p.since(start), X: x, Not: not, List: list, Query: query}
	case p.at("LIKE"), p.at("SIMILAR", "TO"):
		op := p.take().word
		if op == "SIMILAR" {
			p.take()
			op = "SIMILAR TO"
		}
		pattern := p.operators(tighter)
		var escape ast.Expr
		if p.accept("ESCAPE") {
			escape = p.operators(tighter)
		}
		return &ast.Like{Span: p.since(start), X: x, Not: not, Op: op, Pattern: pattern, Escape: escape}
	}
	p.unexpected("BETWEEN, IN, LIKE or SIMILAR TO")
	return nil
}

// set reads ( query ) or ( expression, … ).
func (p *parser) set() ([]ast.Expr, *ast.Query) {
	p.expect("(")
	if p.atQuery() {
		q := p.query()
		p.closeParen()
		return nil, q
	}
	list := commas(p, p.expr)
	if q := p.queryOf(list); q != nil {
		p.closeParen()
		return nil, q
	}
	p.closeParen()
	return list, nil
}

// queryOf returns the query that a parenthesis holds if what was read of it so far is only
// a query in parentheses of its own: ((SELECT …) UNION (SELECT …)) begins like an expression.
func (p *parser) queryOf(read []ast.Expr) *ast.Query {
	if len(read) != 1 {
		return nil
	}
	if sub, ok := read[0].(*ast.Subquery); ok {
		return p.queryAfter(sub.Extent().Pos, bodyOf(sub.Query))
	}
	return nil
}

// operand reads a prefix operator with its operand, or a primary.
func (p *parser) operand() ast.Expr {
	start := p.start()
	switch op := p.peek().word; op {
	case "NOT":
		p.take()
		x := p.operators(ast.PrecedenceNot)
		return &ast.Unary{Span: p.since(start), Op: op, X: x}
	case "+", "-":
		p.take()
		x := p.operators(ast.PrecedenceSign)
		return &ast.Unary{Span: p.since(start), Op: op, X: x}
	}
	x := p.primary()
	for chain := 0; p.atAny("[", "."); chain++ {
		if chain > MaxDepth {
			p.fail(p.since(start), "", "nested more than %d levels deep", MaxDepth)
		}
		if p.accept("[") {
			i := p.expr()
			p.expect("]")
			x = &ast.Index{Span: p.since(start), X: x, I: i}
			continue
		}
		p.expect(".")
		name := p.ident("a field name")
		x = &ast.Field{Span: p.since(start), X: x, Name: name}
	}
	return x
}

func (p *parser) primary() ast.Expr {
	t := p.peek()
	switch t.kind {
	case integerNumber, decimalNumber, floatNumber, stringText, unicodeText, binaryText:
		return p.constant()
	case quotedName:
		return p.columnOrCall()
	case symbol:
		switch t.word {
		case "(":
			return p.parentheses()
		case "{":
			p.enter()
			defer p.leave()
			return p.escape()
		}
	case word:
		if x := p.keywordExpr(t); x != nil {
			return x
		}
		if isName(t) || p.second().word == "(" && ast.Callable(t.text) || ast.Bare(t.text) {
			return p.columnOrCall()
		}
	}
	p.unexpected("an expression")
	return nil
}

// keywordExpr reads an expression that begins with a word of its own, or returns nil.
func (p *parser) keywordExpr(t token) ast.Expr {
	start := t.Pos
	switch t.word {
	case "NULL", "TRUE", "FALSE", "UNKNOWN", "DATE", "TIME", "TIMESTAMP":
		return p.wordConstant(t)
	case "INTERVAL":
		return p.interval()
	case "CASE":
		return p.caseExpr()
	case "EXISTS":
		p.take()
		q := p.parenthesizedQuery()
		return &ast.Exists{Span: p.since(start), Query: q}
	case "DEFAULT":
		// Only a whole argument or a whole value to insert can be DEFAULT.
		if before := p.tokens[max(p.next-1, 0)]; strings.Contains("( , =>", before.word) && strings.Contains(", )", p.second().word) {
			p.take()
			return &ast.DefaultArg{Span: p.since(start)}
		}
	case "DECIMAL":
		if p.second().kind == stringText {
			return p.decimalText()
		}
	case "PERIOD":
		if p.second().word == "(" {
			p.take()
			return &ast.Row{Span: p.since(start), Items: parenthesized(p, p.expr)}
		}
	case "PREV", "NEXT":
		if p.second().word == "(" {
			p.fail(t.Span, "use LAST(x, n), which counts the rows of the match", "Flink does not support physical offsets within partition.")
		}
	case "CAST", "TRY_CAST":
		if p.second().word == "(" {
			return p.cast()
		}
	case "ROW":
		p.take()
		items := parenthesized(p, p.expr)
		return &ast.Row{Span: p.since(start), Items: items}
	case "ARRAY":
		p.take()
		items := p.brackets()
		return &ast.Array{Span: p.since(start), Items: items}
	case "MAP":
		if p.second().word == "[" {
			p.take()
			items := p.brackets()
			if len(items)%2 != 0 {
				p.fail(p.since(start), "", "MAP[...] wants keys and values in turn, not %d items", len(items))
			}
			return &ast.Map{Span: p.since(start), Items: items}
		}
	}
	return nil
}

func (p *parser) brackets() []ast.Expr {
	p.expect("[")
	if p.accept("]") {
		return nil
	}
	items := commas(p, p.expr)
	p.expect("]")
	return items
}

// parentheses reads (x), the row (x, y) or a query in the place of a value.
func (p *parser) parentheses() ast.Expr {
	start := p.start()
	p.expect("(")
	if p.atQuery() {
		q := p.query()
		p.closeParen()
		return &ast.Subquery{Span: p.since(start), Query: q}
	}
	items := commas(p, p.expr)
	if p.atSetOperator() {
		if q := p.queryOf(items); q != nil {
			p.closeParen()
			return &ast.Subquery{Span: p.since(start), Query: q}
		}
	}
	p.closeParen()
	if len(items) == 1 {
		return items[0]
	}
	return &ast.Row{Span: p.since(start), Items: items}
}

func (p *parser) caseExpr() ast.Expr {
	start := p.start()
	p.expect("CASE")
	c := &ast.Case{}
	if !p.at("WHEN") {
		c.Operand = p.expr()
	}
	for p.at("WHEN") {
		when := p.start()
		p.take()
		conds := []ast.Expr{p.expr()}
		// CASE x WHEN 1, 2 THEN … is CASE x WHEN 1 THEN … WHEN 2 THEN ….
		for c.Operand != nil && p.accept(",") {
			conds = append(conds, p.expr())
		}
		p.expect("THEN")
		then := p.expr()
		for _, cond := range conds {
			c.Whens = append(c.Whens, ast.When{Span: p.since(when), Cond: cond, Then: then})
		}
	}
	if len(c.Whens) == 0 {
		p.unexpected("WHEN")
	}
	if p.accept("ELSE") {
		c.Else = p.expr()
	}
	if !p.accept("END") {
		p.unexpected("WHEN, ELSE or END")
	}
	c.Span = p.since(start)
	return c
}

func (p *parser) cast() ast.Expr {
	start := p.start()
	try := p.take().word == "TRY_CAST"
	p.expect("(")
	x := p.expr()
	p.expect("AS")
	t := p.dataType()
	p.expect(")")
	return &ast.Cast{Span: p.since(start), X: x, Type: t, Try: try}
}

// columnOrCall reads a.b.c or f(...).
func (p *parser) columnOrCall() ast.Expr {
	start := p.start()
	t := p.peek()
	plain := t.kind == word
	if plain && ast.Reserved(t.text) {
		p.take()
		name := ast.ObjectName{Span: t.Span, Parts: []ast.Ident{{Span: t.Span, Name: t.text}}}
		if ast.Bare(t.text) {
			return &ast.Call{Span: t.Span, Name: name}
		}
		return p.call(name, t.word)
	}
	parts := p.dotted("a name")
	if !p.at("(") {
		return &ast.Column{Span: p.since(start), Parts: parts}
	}
	name := ast.ObjectName{Span: p.since(start), Parts: parts}
	if plain && len(parts) == 1 {
		return p.call(name, strings.ToUpper(t.text))
	}
	return p.call(name, "")
}
