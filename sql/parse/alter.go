package parse

import "millrace/sql/ast"

func (p *parser) alter() ast.Statement {
	start := p.start()
	p.expect("ALTER")
	switch {
	case p.accept("TABLE"):
		return p.alterTable(start)
	case p.accept("VIEW"):
		return p.alterView(start)
	case p.accept("DATABASE"):
		d := &ast.AlterDatabase{Name: p.databaseName()}
		p.expect("SET")
		d.Options = p.options()
		d.Span = p.since(start)
		return d
	}
	p.unexpected("TABLE, VIEW or DATABASE")
	return nil
}

func (p *parser) alterView(start ast.Pos) ast.Statement {
	v := &ast.AlterView{Name: p.objectName("view")}
	switch {
	case p.accept("RENAME"):
		p.expect("TO")
		to := p.objectName("view")
		v.To = &to
	case p.accept("AS"):
		v.Query = p.query()
	default:
		p.unexpected("RENAME TO or AS")
	}
	v.Span = p.since(start)
	return v
}

func (p *parser) alterTable(start ast.Pos) ast.Statement {
	t := &ast.AlterTable{IfExists: p.accept("IF", "EXISTS")}
	t.Name = p.objectName("table")
	t.Action = p.alterAction()
	t.Span = p.since(start)
	return t
}

func (p *parser) alterAction() ast.AlterAction {
	start := p.start()
	switch {
	case p.accept("ADD"):
		p.notPartition("IF")
		return p.alterParts(start, false)
	case p.accept("MODIFY"):
		p.notPartition()
		return p.alterParts(start, true)
	case p.accept("DROP"):
		p.notPartition("IF")
		return p.alterDrop(start)
	case p.accept("RENAME"):
		return p.alterRename(start)
	case p.accept("SET"):
		o := p.options()
		return &ast.SetOptions{Span: p.since(start), Options: o}
	case p.accept("RESET"):
		p.expect("(")
		var keys []ast.Text
		if !p.at(")") {
			keys = commas(p, p.alterKey)
		}
		p.closeParen()
		return &ast.ResetOptions{Span: p.since(start), Keys: keys}
	}
	p.unexpected("ADD, MODIFY, DROP, RENAME, SET or RESET")
	return nil
}

func (p *parser) alterKey() ast.Text {
	start := p.start()
	key := p.text("the key of an option")
	return ast.Text{Span: p.since(start), Text: key}
}

// notPartition refuses [IF [NOT] EXISTS] PARTITION (…).
func (p *parser) notPartition(before ...string) {
	if at := p.peek(); p.at("PARTITION") || p.atAny(before...) {
		p.fail(at.Span, "a table's partitions come with its data", "the catalog keeps no partitions of tables")
	}
}

func (p *parser) alterRename(start ast.Pos) ast.AlterAction {
	if p.accept("TO") {
		to := p.objectName("table")
		return &ast.RenameTable{Span: p.since(start), To: to}
	}
	from := p.alterColumnName()
	p.expect("TO")
	to := p.alterColumnName()
	return &ast.RenameColumn{Span: p.since(start), From: from, To: to}
}

// alterColumnName reads the name of a column, not of a field within it: Flink cannot change these either.
func (p *parser) alterColumnName() ast.Ident {
	p.notField()
	return p.columnName()
}

func (p *parser) notField() {
	if at := p.peek(); isName(at) && p.second().word == "." {
		p.fail(at.Span, "MODIFY the whole column", "a field of a ROW column cannot be changed alone")
	}
}

func (p *parser) alterDrop(start ast.Pos) ast.AlterAction {
	switch {
	case p.accept("PRIMARY", "KEY"):
		return &ast.DropPart{Span: p.since(start), What: "PRIMARY KEY"}
	case p.accept("WATERMARK"):
		return &ast.DropPart{Span: p.since(start), What: "WATERMARK"}
	case p.accept("CONSTRAINT"):
		name := p.ident("the name of a constraint")
		return &ast.DropPart{Span: p.since(start), What: "CONSTRAINT", Constraint: &name}
	}
	var columns []ast.Ident
	if p.at("(") {
		columns = parenthesized(p, p.alterColumnName)
	} else {
		columns = []ast.Ident{p.alterColumnName()}
	}
	return &ast.DropColumns{Span: p.since(start), Columns: columns}
}

func (p *parser) alterParts(start ast.Pos, modify bool) ast.AlterAction {
	a := &ast.AlterParts{Modify: modify}
	if p.accept("(") {
		p.alterPart(a)
		for p.accept(",") {
			p.alterPart(a)
		}
		p.closeParen()
	} else {
		p.alterPart(a)
	}
	a.Span = p.since(start)
	seen := make(map[string]bool, len(a.Columns))
	for _, c := range a.Columns {
		name := c.Column.Name
		if seen[name.Name] {
			p.fail(name.Span, "", "column %q comes twice", name.Name)
		}
		seen[name.Name] = true
	}
	return a
}

func (p *parser) alterPart(a *ast.AlterParts) {
	at := p.peek()
	switch at.word {
	case "WATERMARK":
		if a.Watermark != nil {
			p.fail(at.Span, "", "a table has one WATERMARK at most")
		}
		a.Watermark = p.watermark()
		return
	case "PRIMARY", "CONSTRAINT", "UNIQUE":
		if a.PrimaryKey != nil {
			p.fail(at.Span, "", "a table has one PRIMARY KEY at most")
		}
		a.PrimaryKey = p.primaryKey()
		return
	}
	p.notField()
	c := ast.PlacedColumn{Column: p.columnDef()}
	if c.Column.PrimaryKey && a.PrimaryKey != nil {
		p.fail(c.Column.Span, "", "a table has one PRIMARY KEY at most")
	}
	switch {
	case p.accept("FIRST"):
		c.First = true
	case p.accept("AFTER"):
		after := p.alterColumnName()
		c.After = &after
	}
	c.Span = p.since(at.Pos)
	a.Columns = append(a.Columns, c)
}
