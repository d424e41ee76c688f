package parse

import "millrace/sql/ast"

// databaseName reads database or catalog.database.
func (p *parser) databaseName() ast.ObjectName {
	start := p.start()
	parts := p.dotted("a database")
	if len(parts) > 2 {
		p.fail(p.since(start), "", "the name of a database has at most two parts: catalog.database")
	}
	return ast.ObjectName{Span: p.since(start), Parts: parts}
}

func (p *parser) createDatabase(start ast.Pos) ast.Statement {
	d := &ast.CreateDatabase{IfNotExists: p.accept("IF", "NOT", "EXISTS")}
	d.Name = p.databaseName()
	if p.accept("COMMENT") {
		d.Comment = p.text("a comment")
	}
	if p.accept("WITH") {
		d.Options = p.options()
	}
	d.Span = p.since(start)
	return d
}

func (p *parser) dropDatabase(start ast.Pos) ast.Statement {
	d := &ast.DropDatabase{IfExists: p.accept("IF", "EXISTS")}
	d.Name = p.databaseName()
	if !p.accept("RESTRICT") {
		d.Cascade = p.accept("CASCADE")
	}
	d.Span = p.since(start)
	return d
}

func (p *parser) use() ast.Statement {
	start := p.start()
	p.expect("USE")
	u := &ast.Use{}
	if p.at("CATALOG") && isName(p.second()) {
		p.take()
		u.Catalog = true
		at := p.start()
		name := p.ident("a catalog")
		u.Name = ast.ObjectName{Span: p.since(at), Parts: []ast.Ident{name}}
	} else {
		u.Name = p.databaseName()
	}
	u.Span = p.since(start)
	return u
}
