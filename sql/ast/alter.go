package ast

// AlterTable is ALTER TABLE [IF EXISTS] name and what is to be done with it.
type AlterTable struct {
	Span
	IfExists bool
	Name     ObjectName
	Action   AlterAction
}

// AlterView is ALTER VIEW name RENAME TO other, or AS query: exactly one of To and Query is set.
type AlterView struct {
	Span
	Name  ObjectName
	To    *ObjectName
	Query *Query
}

// AlterAction is what AlterTable does: AlterParts, DropColumns, DropPart, RenameColumn, RenameTable,
// SetOptions or ResetOptions.
type AlterAction interface {
	Node
	alter()
}

// AlterParts is ADD or MODIFY (…): columns, a watermark, a primary key. One part may stand without parentheses.
type AlterParts struct {
	Span
	Modify     bool
	Columns    []PlacedColumn
	Watermark  *Watermark
	PrimaryKey *PrimaryKey
}

// PlacedColumn is a column of AlterParts and where it comes to stand.
type PlacedColumn struct {
	Span
	Column ColumnDef
	First  bool
	After  *Ident // nil: at the end, or where it was
}

// DropColumns is DROP column or DROP (column, …).
type DropColumns struct {
	Span
	Columns []Ident
}

// DropPart is DROP PRIMARY KEY, DROP CONSTRAINT name or DROP WATERMARK.
type DropPart struct {
	Span
	What       string // PRIMARY KEY, CONSTRAINT, WATERMARK
	Constraint *Ident // of CONSTRAINT
}

// RenameColumn is RENAME column TO another.
type RenameColumn struct {
	Span
	From, To Ident
}

// RenameTable is RENAME TO another table.
type RenameTable struct {
	Span
	To ObjectName
}

// SetOptions is SET ('key' = 'value', …).
type SetOptions struct {
	Span
	Options []Option
}

// ResetOptions is RESET ('key', …).
type ResetOptions struct {
	Span
	Keys []Text
}

func (*AlterTable) statement() {}
func (*AlterView) statement()  {}
func (*AlterParts) alter()     {}
func (*DropColumns) alter()    {}
func (*DropPart) alter()       {}
func (*RenameColumn) alter()   {}
func (*RenameTable) alter()    {}
func (*SetOptions) alter()     {}
func (*ResetOptions) alter()   {}

func (p *printer) alterTable(s *AlterTable) {
	p.text("ALTER TABLE ")
	p.flag(s.IfExists, "IF EXISTS ")
	p.object(s.Name)
	p.text(" ")
	switch a := s.Action.(type) {
	case *AlterParts:
		p.alterParts(a)
	case *DropColumns:
		p.text("DROP ")
		p.idents(a.Columns)
	case *DropPart:
		p.text("DROP ", a.What)
		if a.Constraint != nil {
			p.text(" ")
			p.ident(*a.Constraint)
		}
	case *RenameColumn:
		p.text("RENAME ")
		p.ident(a.From)
		p.text(" TO ")
		p.ident(a.To)
	case *RenameTable:
		p.text("RENAME TO ")
		p.object(a.To)
	case *SetOptions:
		p.text("SET (")
		list(p, a.Options, p.option)
		p.text(")")
	case *ResetOptions:
		p.text("RESET (")
		list(p, a.Keys, func(k Text) { p.quote(k.Text) })
		p.text(")")
	}
}

func (p *printer) alterParts(a *AlterParts) {
	p.flag(a.Modify, "MODIFY (")
	p.flag(!a.Modify, "ADD (")
	separator := ""
	next := func() {
		p.text(separator)
		separator = ", "
	}
	for _, c := range a.Columns {
		next()
		p.columnDef(c.Column)
		p.flag(c.First, " FIRST")
		if c.After != nil {
			p.text(" AFTER ")
			p.ident(*c.After)
		}
	}
	if a.Watermark != nil {
		next()
		p.watermark(a.Watermark)
	}
	if a.PrimaryKey != nil {
		next()
		p.primaryKey(a.PrimaryKey)
	}
	p.text(")")
}

func (p *printer) alterView(s *AlterView) {
	p.text("ALTER VIEW ")
	p.object(s.Name)
	if s.To != nil {
		p.text(" RENAME TO ")
		p.object(*s.To)
		return
	}
	p.text(" AS ")
	p.query(s.Query)
}
