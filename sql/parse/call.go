package parse

import (
	"strings"

	"millrace/sql/ast"
)

// call reads the arguments of a function and what follows them. word is its name in
// upper case if it was written as a plain word: then it may have a syntax of its own.
func (p *parser) call(name ast.ObjectName, word string) ast.Expr {
	c := &ast.Call{Name: name}
	p.expect("(")
	if !p.specialArgs(c, word) {
		p.plainArgs(c)
	}
	p.closeParen()
	p.callSuffix(c)
	c.Span = p.since(name.Pos)
	return c
}

// specialArgs reads arguments that are not just a list.
func (p *parser) specialArgs(c *ast.Call, word string) bool {
	switch word {
	case "EXTRACT":
		c.Args = []ast.Expr{p.timeUnit()}
		p.expect("FROM")
		c.Args = append(c.Args, p.expr())
	case "TIMESTAMPADD", "TIMESTAMPDIFF":
		c.Args = []ast.Expr{p.timeUnit()}
		p.expect(",")
		c.Args = append(c.Args, commas(p, p.expr)...)
	case "FLOOR", "CEIL", "CEILING":
		c.Args = commas(p, p.expr)
		if len(c.Args) == 1 && p.accept("TO") {
			c.Args = append(c.Args, p.timeUnit())
			if word == "CEILING" {
				c.Name.Parts[0].Name = "CEIL"
			}
		}
	case "TRIM":
		p.trim(c)
	case "POSITION":
		c.Args = []ast.Expr{p.operators(ast.PrecedenceBetween + 1)}
		p.expect("IN")
		c.Args = append(c.Args, p.expr())
		p.argAfter(c, "FROM")
	case "OVERLAY":
		c.Args = []ast.Expr{p.expr()}
		p.expect("PLACING")
		c.Args = append(c.Args, p.expr())
		p.expect("FROM")
		c.Args = append(c.Args, p.expr())
		p.argAfter(c, "FOR")
	case "SUBSTRING":
		c.Args = commas(p, p.expr)
		if len(c.Args) == 1 && p.at("FROM") {
			p.argAfter(c, "FROM")
			p.argAfter(c, "FOR")
		}
	case "DESCRIPTOR":
		// Only arguments of table functions may be descriptors; sql/plan says so if it is not.
		return false
	default:
		return p.jsonArgs(c, word)
	}
	return true
}

// argAfter reads one more argument if the word stands before it.
func (p *parser) argAfter(c *ast.Call, word string) {
	if p.accept(word) {
		c.Args = append(c.Args, p.expr())
	}
}

// trim reads [BOTH|LEADING|TRAILING] [characters] FROM x, or just x.
func (p *parser) trim(c *ast.Call) {
	start := p.start()
	side := &ast.Symbol{Name: "BOTH"}
	named := p.atAny("BOTH", "LEADING", "TRAILING")
	if named {
		side.Name = p.take().word
	}
	side.Span = p.since(start)
	var characters ast.Expr = &ast.Literal{Span: side.Span, Kind: ast.StringLiteral, Text: " "}
	if !named || !p.at("FROM") {
		characters = p.expr()
	}
	switch {
	case p.accept("FROM"):
	case named:
		// TRIM(BOTH x) trims blanks.
		blank := &ast.Literal{Span: side.Span, Kind: ast.StringLiteral, Text: " "}
		c.Args = []ast.Expr{side, blank, characters}
		return
	default:
		c.Args = []ast.Expr{characters}
		return
	}
	c.Args = []ast.Expr{side, characters, p.expr()}
}

// timeUnit reads DAY, EPOCH, SQL_TSI_DAY and the like.
func (p *parser) timeUnit() ast.Expr {
	t := p.peek()
	if t.kind != word {
		p.unexpected("a time unit")
	}
	name := strings.TrimPrefix(t.word, "SQL_TSI_")
	switch name {
	case "FRAC_SECOND":
		name = "MICROSECOND"
	case "NANOSECOND", "MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH",
		"QUARTER", "YEAR", "DECADE", "CENTURY", "MILLENNIUM", "DOW", "ISODOW", "DOY", "ISOYEAR", "EPOCH":
	default:
		p.unexpected("a time unit such as SECOND, DAY or YEAR")
	}
	p.take()
	return &ast.Symbol{Span: t.Span, Name: name}
}

func (p *parser) plainArgs(c *ast.Call) {
	if p.at(")") {
		return
	}
	if p.accept("DISTINCT") {
		c.Distinct = true
	} else {
		p.accept("ALL")
	}
	c.Args = commas(p, p.arg)
	if (p.at("IGNORE") || p.at("RESPECT")) && p.second().word == "NULLS" {
		c.IgnoreNulls = p.take().word + " " + p.take().word
	}
	if p.at("ORDER", "BY") {
		c.OrderBy = p.orderBy()
	}
}

// arg reads an argument: an expression, *, a table, a descriptor, a query or name => any of them.
func (p *parser) arg() ast.Expr {
	start := p.start()
	switch {
	case p.at("*"):
		p.take()
		return &ast.Star{Span: p.since(start)}
	case p.at("TABLE"):
		return p.tableArg()
	case p.at("DESCRIPTOR", "("):
		p.take()
		columns := parenthesized(p, p.columnName)
		return &ast.Descriptor{Span: p.since(start), Columns: columns}
	case isName(p.peek()) && p.second().word == "=>":
		name := p.ident("an argument name")
		p.expect("=>")
		p.enter()
		defer p.leave()
		value := p.arg()
		return &ast.NamedArg{Span: p.since(start), Name: name, Value: value}
	}
	var x ast.Expr
	if p.atQuery() {
		q := p.query()
		x = &ast.Subquery{Span: p.since(start), Query: q}
	} else {
		x = p.expr()
	}
	if sub, ok := x.(*ast.Subquery); ok && (p.at("PARTITION", "BY") || p.at("ORDER", "BY")) {
		t := &ast.TableArg{Query: sub.Query}
		p.tableArgOrder(t)
		t.Span = p.since(start)
		return t
	}
	return x
}

func (p *parser) tableArg() ast.Expr {
	start := p.start()
	p.expect("TABLE")
	t := &ast.TableArg{Name: p.objectName("table")}
	p.tableArgOrder(t)
	t.Span = p.since(start)
	return t
}

func (p *parser) tableArgOrder(t *ast.TableArg) {
	if p.accept("PARTITION", "BY") {
		t.PartitionBy = p.oneOrParenthesized()
	}
	if p.accept("ORDER", "BY") {
		if p.at("(") {
			t.OrderBy = parenthesized(p, p.orderItem)
		} else {
			t.OrderBy = []ast.OrderItem{p.orderItem()}
		}
	}
}

// oneOrParenthesized reads x or (x, y): a comma without parentheses begins the next argument.
func (p *parser) oneOrParenthesized() []ast.Expr {
	if p.at("(") {
		return parenthesized(p, p.expr)
	}
	return []ast.Expr{p.expr()}
}

// callSuffix reads what may follow the arguments of a function.
func (p *parser) callSuffix(c *ast.Call) {
	if p.at("IGNORE", "NULLS") || p.at("RESPECT", "NULLS") {
		c.IgnoreNulls = p.take().word + " " + p.take().word
	}
	if p.accept("WITHIN", "GROUP") {
		p.expect("(")
		c.OrderBy = p.orderBy()
		p.closeParen()
	}
	if p.accept("FILTER") {
		p.expect("(", "WHERE")
		c.Filter = p.expr()
		p.closeParen()
	}
	if p.accept("OVER") {
		if p.at("(") {
			c.Over = p.window()
		} else {
			name := p.ident("a window")
			c.Over = &ast.Window{Span: name.Span, Name: name.Name}
		}
	}
}

// window reads ( [name] [PARTITION BY …] [ORDER BY …] [frame] ).
func (p *parser) window() *ast.Window {
	start := p.start()
	p.expect("(")
	w := &ast.Window{}
	if isName(p.peek()) {
		w.Name = p.take().text
	}
	if p.accept("PARTITION", "BY") {
		w.PartitionBy = commas(p, p.expr)
	}
	if p.at("ORDER", "BY") {
		w.OrderBy = p.orderBy()
	}
	if p.atAny("ROWS", "RANGE") {
		w.Frame = p.frame()
	}
	if !p.accept(")") {
		p.unexpected(`PARTITION BY, ORDER BY, ROWS, RANGE or ")"`)
	}
	w.Span = p.since(start)
	return w
}

func (p *parser) frame() *ast.Frame {
	start := p.start()
	f := &ast.Frame{Rows: p.take().word == "ROWS"}
	if p.accept("BETWEEN") {
		f.Start = p.bound()
		p.expect("AND")
		f.End = p.bound()
	} else {
		f.Start = p.bound()
	}
	f.Span = p.since(start)
	return f
}

func (p *parser) bound() *ast.Bound {
	start := p.start()
	b := &ast.Bound{}
	switch {
	case p.accept("CURRENT", "ROW"):
		b.Kind = "CURRENT ROW"
	case p.accept("UNBOUNDED"):
		b.Kind = p.direction()
	default:
		b.Offset = p.operators(ast.PrecedenceSum)
		b.Kind = p.direction()
	}
	b.Span = p.since(start)
	return b
}

func (p *parser) direction() string {
	if !p.atAny("PRECEDING", "FOLLOWING") {
		p.unexpected("PRECEDING or FOLLOWING")
	}
	return p.take().word
}

// orderBy reads ORDER BY and its items.
func (p *parser) orderBy() []ast.OrderItem {
	p.expect("ORDER", "BY")
	return commas(p, p.orderItem)
}

func (p *parser) orderItem() ast.OrderItem {
	start := p.start()
	o := ast.OrderItem{X: p.expr()}
	if p.accept("DESC") {
		o.Desc = true
	} else {
		p.accept("ASC")
	}
	if p.accept("NULLS") {
		first := p.accept("FIRST")
		if !first {
			p.expect("LAST")
		}
		o.NullsFirst = &first
	}
	o.Span = p.since(start)
	return o
}
