package ast

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Query:
		p.query(s)
	case *Set:
		p.text("SET")
		if s.Key != "" {
			p.text(" ")
			p.option(Option{Key: s.Key, Value: s.Value})
		}
	case *Reset:
		p.text("RESET")
		if s.Key != "" {
			p.text(" ")
			p.quote(s.Key)
		}
	case *CreateTable:
		p.createTable(s)
	case *CreateView:
		p.createView(s)
	case *Drop:
		p.drop(s)
	case *Insert:
		p.insert(s)
	case *StatementSet:
		p.text("EXECUTE ")
		p.statementSet(s)
	case *Execute:
		p.text("EXECUTE ")
		p.statement(s.Statement)
	case *Explain:
		p.text("EXPLAIN ")
		list(p, s.Details, func(d string) { p.text(d) })
		p.flag(len(s.Details) > 0, " ")
		if set, ok := s.Statement.(*StatementSet); ok {
			p.statementSet(set)
		} else {
			p.statement(s.Statement)
		}
	case *Describe:
		p.text("DESCRIBE ")
		p.flag(s.Extended, "EXTENDED ")
		p.object(s.Name)
	case *Show:
		p.show(s)
	case *AlterTable:
		p.alterTable(s)
	case *AlterView:
		p.alterView(s)
	case *CreateDatabase, *DropDatabase, *AlterDatabase, *Use:
		p.database(s)
	case *CreateFunction, *AlterFunction, *DropFunction, *DescribeFunction:
		p.function(s)
	}
}

func (p *printer) createTable(s *CreateTable) {
	if s.Replace {
		p.text("REPLACE TABLE ")
		p.object(s.Name)
	} else {
		p.create(s.OrReplace, s.Temporary, "TABLE ", s.IfNotExists, s.Name)
	}
	p.tableElements(s)
	if s.Comment != "" {
		p.text("\nCOMMENT ")
		p.quote(s.Comment)
	}
	if d := s.Distribution; d != nil {
		p.distribution(d)
	}
	if len(s.PartitionedBy) > 0 {
		p.text("\nPARTITIONED BY ")
		p.idents(s.PartitionedBy)
	}
	if len(s.Options) > 0 {
		p.text("\nWITH (\n")
		for i, o := range s.Options {
			p.flag(i > 0, ",\n")
			p.text("  ")
			p.option(o)
		}
		p.text("\n)")
	}
	if s.Like != nil {
		p.text("\nLIKE ")
		p.object(s.Like.Name)
		if len(s.Like.Options) > 0 {
			p.text(" (")
			for i, o := range s.Like.Options {
				p.flag(i > 0, " ")
				p.text(o.Merge, " ", o.Feature)
			}
			p.text(")")
		}
	}
	if s.As != nil {
		p.text("\nAS ")
		p.query(s.As)
	}
}

func (p *printer) create(replace, temporary bool, kind string, ifNotExists bool, name ObjectName) {
	p.text("CREATE ")
	p.flag(replace, "OR REPLACE ")
	p.flag(temporary, "TEMPORARY ")
	p.text(kind)
	p.flag(ifNotExists, "IF NOT EXISTS ")
	p.object(name)
}

func (p *printer) tableElements(s *CreateTable) {
	if len(s.Names) > 0 {
		p.text(" ")
		p.idents(s.Names)
		return
	}
	if len(s.Columns) == 0 && s.Watermark == nil && s.PrimaryKey == nil {
		return
	}
	p.text(" (")
	separator := "\n  "
	next := func() {
		p.text(separator)
		separator = ",\n  "
	}
	for _, c := range s.Columns {
		next()
		p.columnDef(c)
	}
	if w := s.Watermark; w != nil {
		next()
		p.watermark(w)
	}
	if k := s.PrimaryKey; k != nil {
		next()
		p.primaryKey(k)
	}
	p.text("\n)")
}

func (p *printer) watermark(w *Watermark) {
	p.text("WATERMARK FOR ")
	p.dotted(w.Column)
	p.text(" AS ")
	p.expr(w.X)
}

func (p *printer) primaryKey(k *PrimaryKey) {
	if k.Constraint != "" {
		p.text("CONSTRAINT ")
		p.name(k.Constraint)
		p.text(" ")
	}
	p.text("PRIMARY KEY ")
	p.idents(k.Columns)
	p.flag(k.NotEnforced, " NOT ENFORCED")
}

func (p *printer) columnDef(c ColumnDef) {
	p.ident(c.Name)
	if c.Type != nil {
		p.text(" ")
		p.dataType(c.Type)
	}
	if m := c.Metadata; m != nil {
		p.text(" METADATA")
		if m.From != "" {
			p.text(" FROM ")
			p.quote(m.From)
		}
		p.flag(m.Virtual, " VIRTUAL")
	}
	if c.Computed != nil {
		p.text(" AS ")
		p.expr(c.Computed)
	}
	if c.Constraint != "" {
		p.text(" CONSTRAINT ")
		p.name(c.Constraint)
	}
	p.flag(c.PrimaryKey, " PRIMARY KEY NOT ENFORCED")
	if c.Comment != "" {
		p.text(" COMMENT ")
		p.quote(c.Comment)
	}
}

func (p *printer) distribution(d *Distribution) {
	p.text("\nDISTRIBUTED")
	if len(d.Columns) > 0 {
		p.text(" BY ")
		p.flag(d.Kind != "", d.Kind+" ")
		p.idents(d.Columns)
	}
	p.flag(d.Buckets != "", " INTO "+d.Buckets+" BUCKETS")
}

func (p *printer) createView(s *CreateView) {
	p.create(s.OrReplace, s.Temporary, "VIEW ", s.IfNotExists, s.Name)
	if len(s.Columns) > 0 {
		p.text(" ")
		p.idents(s.Columns)
	}
	if s.Comment != "" {
		p.text(" COMMENT ")
		p.quote(s.Comment)
	}
	p.text(" AS ")
	p.query(s.Query)
}

func (p *printer) drop(s *Drop) {
	p.text("DROP ")
	p.flag(s.Temporary, "TEMPORARY ")
	p.flag(s.View, "VIEW ")
	p.flag(!s.View, "TABLE ")
	p.flag(s.IfExists, "IF EXISTS ")
	p.object(s.Name)
}

func (p *printer) insert(s *Insert) {
	p.text("INSERT ")
	p.flag(s.Overwrite, "OVERWRITE ")
	p.flag(!s.Overwrite, "INTO ")
	p.object(s.Table)
	p.hints(s.Hints)
	if len(s.Partition) > 0 {
		p.text(" PARTITION (")
		list(p, s.Partition, func(v PartitionValue) {
			p.ident(v.Column)
			if v.Value != nil {
				p.text(" = ")
				p.expr(v.Value)
			}
		})
		p.text(")")
	}
	if len(s.Columns) > 0 {
		p.text(" ")
		p.idents(s.Columns)
	}
	p.text(" ")
	p.query(s.Query)
}

func (p *printer) show(s *Show) {
	p.text("SHOW ", s.What)
	if s.Name != nil {
		switch s.What {
		case "CREATE TABLE", "CREATE VIEW":
			p.text(" ")
			p.object(*s.Name)
		default:
			p.text(" FROM ")
			p.object(*s.Name)
		}
	}
	if s.LikeOp != "" {
		p.flag(s.Not, " NOT")
		p.text(" ", s.LikeOp, " ")
		p.quote(s.Pattern)
	}
}

func (p *printer) statementSet(s *StatementSet) {
	p.text("STATEMENT SET BEGIN\n")
	for _, i := range s.Inserts {
		p.insert(i)
		p.text(";\n")
	}
	p.text("END")
}
