package ast

// CreateDatabase is CREATE DATABASE.
type CreateDatabase struct {
	Span
	IfNotExists bool
	Name        ObjectName
	Comment     string
	Options     []Option
}

// DropDatabase is DROP DATABASE name [RESTRICT|CASCADE].
type DropDatabase struct {
	Span
	IfExists bool
	Name     ObjectName
	Cascade  bool
}

// AlterDatabase is ALTER DATABASE name SET ('key' = 'value', …).
type AlterDatabase struct {
	Span
	Name    ObjectName
	Options []Option
}

// Use is USE database or USE CATALOG catalog.
type Use struct {
	Span
	Catalog bool
	Name    ObjectName
}

func (*CreateDatabase) statement() {}
func (*DropDatabase) statement()   {}
func (*AlterDatabase) statement()  {}
func (*Use) statement()            {}

func (p *printer) createDatabase(s *CreateDatabase) {
	p.create(false, false, "DATABASE ", s.IfNotExists, s.Name)
	if s.Comment != "" {
		p.text(" COMMENT ")
		p.quote(s.Comment)
	}
	if len(s.Options) > 0 {
		p.text(" WITH (")
		list(p, s.Options, p.option)
		p.text(")")
	}
}

func (p *printer) database(s Statement) {
	switch s := s.(type) {
	case *CreateDatabase:
		p.createDatabase(s)
	case *DropDatabase:
		p.text("DROP DATABASE ")
		p.flag(s.IfExists, "IF EXISTS ")
		p.object(s.Name)
		p.flag(s.Cascade, " CASCADE")
	case *AlterDatabase:
		p.text("ALTER DATABASE ")
		p.object(s.Name)
		p.text(" SET (")
		list(p, s.Options, p.option)
		p.text(")")
	case *Use:
		p.text("USE ")
		p.flag(s.Catalog, "CATALOG ")
		p.object(s.Name)
	}
}
