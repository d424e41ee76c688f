package parse

import "millrace/sql/ast"

func (p *parser) create() ast.Statement {
	start := p.start()
	p.expect("CREATE")
	replace := p.accept("OR", "REPLACE")
	temporary := p.accept("TEMPORARY")
	switch {
	case !replace && !temporary && p.accept("DATABASE"):
		return p.createDatabase(start)
	case p.accept("TABLE"):
		return p.createTable(start, replace, temporary)
	case p.accept("VIEW"):
		return p.createView(start, replace, temporary)
	}
	p.unexpected("TABLE, VIEW or DATABASE")
	return nil
}

// replace reads REPLACE TABLE … AS, which wants the table to exist.
func (p *parser) replace() ast.Statement {
	start := p.start()
	p.expect("REPLACE")
	p.accept("TEMPORARY")
	p.expect("TABLE")
	t := p.createTableAfter(start, &ast.CreateTable{Replace: true})
	if t.As == nil {
		p.fail(t.Span, "", "REPLACE TABLE wants AS and a query")
	}
	return t
}

func (p *parser) createView(start ast.Pos, replace, temporary bool) ast.Statement {
	v := &ast.CreateView{OrReplace: replace, Temporary: temporary}
	v.IfNotExists = p.accept("IF", "NOT", "EXISTS")
	v.Name = p.objectName("view")
	if p.at("(") {
		v.Columns = parenthesized(p, func() ast.Ident {
			name := p.columnName()
			if p.accept("COMMENT") {
				p.text("a comment")
			}
			return name
		})
	}
	if p.accept("COMMENT") {
		v.Comment = p.text("a comment")
	}
	p.expect("AS")
	v.Query = p.query()
	v.Span = p.since(start)
	return v
}

func (p *parser) createTable(start ast.Pos, replace, temporary bool) ast.Statement {
	t := &ast.CreateTable{OrReplace: replace, Temporary: temporary}
	t.IfNotExists = p.accept("IF", "NOT", "EXISTS")
	return p.createTableAfter(start, t)
}

func (p *parser) createTableAfter(start ast.Pos, t *ast.CreateTable) *ast.CreateTable {
	t.Name = p.objectName("table")
	if p.accept("(") && !p.accept(")") {
		p.tableElements(t)
		p.closeParen()
	}
	if p.accept("COMMENT") {
		t.Comment = p.text("a comment")
	}
	if p.at("DISTRIBUTED") {
		t.Distribution = p.distribution()
	}
	if p.accept("PARTITIONED") {
		p.expect("BY")
		t.PartitionedBy = parenthesized(p, p.columnName)
	}
	if p.accept("WITH") {
		t.Options = p.options()
	}
	if p.at("LIKE") {
		t.Like = p.likeClause()
	}
	if p.accept("AS") {
		t.As = p.query()
	}
	t.Span = p.since(start)
	p.checkTable(t)
	return t
}

// checkTable refuses what Flink refuses before it looks at any name.
func (p *parser) checkTable(t *ast.CreateTable) {
	seen := make(map[string]bool, len(t.Columns))
	for _, c := range t.Columns {
		if seen[c.Name.Name] {
			p.fail(c.Name.Span, "", "column %q is defined twice", c.Name.Name)
		}
		seen[c.Name.Name] = true
	}
	if len(t.Names) > 0 && t.As == nil {
		p.fail(t.Names[0].Span, "", "column %q has no type", t.Names[0].Name)
	}
	if t.Like != nil && t.As != nil {
		p.fail(t.Like.Span, "", "LIKE and AS in one CREATE TABLE")
	}
	if t.OrReplace && t.As == nil {
		p.fail(t.Span, "", "CREATE OR REPLACE TABLE wants AS and a query")
	}
}

// options reads ('key' = 'value', …).
func (p *parser) options() []ast.Option {
	p.expect("(")
	if p.accept(")") {
		return nil
	}
	seen := make(map[string]bool)
	options := commas(p, func() ast.Option {
		start := p.start()
		o := ast.Option{Key: p.text("an option")}
		p.expect("=")
		o.Value = p.text("the value")
		o.Span = p.since(start)
		if seen[o.Key] {
			p.fail(o.Span, "", "option %q is given twice", o.Key)
		}
		seen[o.Key] = true
		return o
	})
	p.closeParen()
	return options
}

func (p *parser) tableElements(t *ast.CreateTable) {
	if isName(p.peek()) && (p.second().word == "," || p.second().word == ")") {
		t.Names = commas(p, p.columnName)
		return
	}
	for {
		p.tableElement(t)
		if !p.accept(",") {
			return
		}
	}
}

func (p *parser) tableElement(t *ast.CreateTable) {
	at := p.peek()
	switch at.word {
	case "WATERMARK":
		if t.Watermark != nil {
			p.fail(at.Span, "", "a table has one WATERMARK at most")
		}
		t.Watermark = p.watermark()
	case "PRIMARY", "CONSTRAINT", "UNIQUE":
		if t.PrimaryKey != nil {
			p.fail(at.Span, "", "a table has one PRIMARY KEY at most")
		}
		t.PrimaryKey = p.primaryKey()
	default:
		c := p.columnDef()
		if c.PrimaryKey {
			if t.PrimaryKey != nil {
				p.fail(c.Span, "", "a table has one PRIMARY KEY at most")
			}
			for _, other := range t.Columns {
				if other.PrimaryKey {
					p.fail(c.Span, "write PRIMARY KEY (a, b) NOT ENFORCED after the columns", "a table has one PRIMARY KEY at most")
				}
			}
		}
		t.Columns = append(t.Columns, c)
	}
}

func (p *parser) watermark() *ast.Watermark {
	start := p.start()
	p.expect("WATERMARK", "FOR")
	w := &ast.Watermark{Column: p.dotted("a column name")}
	p.expect("AS")
	w.X = p.ownExpr()
	w.Span = p.since(start)
	return w
}

func (p *parser) primaryKey() *ast.PrimaryKey {
	start := p.start()
	k := &ast.PrimaryKey{}
	if p.accept("CONSTRAINT") {
		k.Constraint = p.ident("a name").Name
	}
	p.noUnique()
	p.expect("PRIMARY", "KEY")
	k.Columns = parenthesized(p, p.columnName)
	p.notEnforced()
	k.NotEnforced = true
	k.Span = p.since(start)
	return k
}

func (p *parser) noUnique() {
	if at := p.peek(); at.word == "UNIQUE" {
		p.fail(at.Span, "Flink knows them neither; write PRIMARY KEY ... NOT ENFORCED", "UNIQUE constraints are not supported")
	}
}

// notEnforced insists on NOT ENFORCED, as Flink does: who owns the data keeps the key unique.
func (p *parser) notEnforced() {
	if at := p.peek(); !p.accept("NOT", "ENFORCED") {
		p.fail(at.Span, "write PRIMARY KEY ... NOT ENFORCED", "a PRIMARY KEY is not checked here, and must say so")
	}
}

func (p *parser) columnDef() ast.ColumnDef {
	start := p.start()
	c := ast.ColumnDef{Name: p.columnName()}
	if p.accept("AS") {
		c.Computed = p.ownExpr()
	} else {
		c.Type = p.dataType()
		p.columnConstraints(&c)
	}
	if p.accept("COMMENT") {
		c.Comment = p.text("a comment")
	}
	c.Span = p.since(start)
	return c
}

// ownExpr reads an expression over the columns of the table alone.
func (p *parser) ownExpr() ast.Expr {
	x := p.expr()
	ast.Walk(x, func(x ast.Expr) bool {
		switch x := x.(type) {
		case *ast.Subquery, *ast.Exists:
		case *ast.In:
			if x.Query == nil {
				return true
			}
		case *ast.Quantified:
			if x.Query == nil {
				return true
			}
		default:
			return true
		}
		p.fail(x.Extent(), "", "there can be no query in a CREATE TABLE's expressions")
		return false
	})
	return x
}

func (p *parser) columnConstraints(c *ast.ColumnDef) {
	start := p.start()
	if p.accept("METADATA") {
		m := &ast.Metadata{}
		if p.accept("FROM") {
			m.From = p.text("a metadata key")
		}
		m.Virtual = p.accept("VIRTUAL")
		m.Span = p.since(start)
		c.Metadata = m
		return
	}
	if p.accept("CONSTRAINT") {
		c.Constraint = p.ident("the name of a constraint").Name
		if !p.at("PRIMARY") {
			p.noUnique()
			p.unexpected("PRIMARY KEY")
		}
	}
	p.noUnique()
	if p.accept("PRIMARY", "KEY") {
		p.notEnforced()
		c.PrimaryKey = true
	}
}

func (p *parser) distribution() *ast.Distribution {
	start := p.start()
	p.expect("DISTRIBUTED")
	d := &ast.Distribution{}
	if p.accept("BY") {
		if p.atAny("HASH", "RANGE") {
			d.Kind = p.take().word
		}
		d.Columns = parenthesized(p, p.columnName)
	}
	if p.accept("INTO") {
		d.Buckets = p.peek().text
		p.integer("a number")
		p.expect("BUCKETS")
	}
	d.Span = p.since(start)
	return d
}

func (p *parser) likeClause() *ast.LikeClause {
	start := p.start()
	p.expect("LIKE")
	l := &ast.LikeClause{Name: p.objectName("table")}
	if p.accept("(") {
		for !p.accept(")") {
			l.Options = append(l.Options, p.likeOption())
		}
	}
	l.Span = p.since(start)
	return l
}

func (p *parser) likeOption() ast.LikeOption {
	start := p.start()
	if !p.atAny("INCLUDING", "EXCLUDING", "OVERWRITING") {
		p.unexpected("INCLUDING, EXCLUDING or OVERWRITING")
	}
	o := ast.LikeOption{Merge: p.take().word}
	if !p.atAny("ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS") {
		p.unexpected("ALL, CONSTRAINTS, DISTRIBUTION, GENERATED, METADATA, OPTIONS, PARTITIONS or WATERMARKS")
	}
	o.Feature = p.take().word
	o.Span = p.since(start)
	return o
}
