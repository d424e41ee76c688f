package plan

import (
	"slices"

	"millrace/catalog"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// alterTable changes the CREATE TABLE of a table and puts it back, if it is right as a whole.
func (b *binder) alterTable(st *ast.AlterTable) {
	name := b.objectName(st.Name)
	object, ok := b.Catalog.Lookup(name)
	switch {
	case !ok && st.IfExists:
		return
	case !ok:
		b.noObject(st.Name, name)
	case object.Kind == catalog.View:
		b.fail(st.Name, "use ALTER VIEW", "%q is a view", name)
	}
	if rename, ok := st.Action.(*ast.RenameTable); ok {
		b.rename(object, rename.To)
		return
	}
	statement, err := parse.Statement(object.SQL)
	b.check(st.Name, err)
	table := statement.(*ast.CreateTable)
	b.ownKey(table)
	a := alteration{binder: b, table: table}
	a.act(st.Action)
	b.replaceAltered(st, object, table)
}

// ownKey turns a PRIMARY KEY beside a column into one of the table.
func (b *binder) ownKey(t *ast.CreateTable) {
	for i, c := range t.Columns {
		if c.PrimaryKey {
			t.PrimaryKey = &ast.PrimaryKey{Span: c.Span, Constraint: c.Constraint, Columns: []ast.Ident{c.Name}, NotEnforced: true}
			t.Columns[i].PrimaryKey, t.Columns[i].Constraint = false, ""
		}
	}
}

// replaceAltered binds the altered table as a whole. What is wrong with it may stand in what it was before:
// then the error is about what was done to it.
func (b *binder) replaceAltered(st *ast.AlterTable, object catalog.Object, table *ast.CreateTable) {
	if len(table.Columns) == 0 {
		b.fail(st.Action, "", "table %q would have no columns", object.Name)
	}
	inner := &binder{Planner: b.Planner.within(object.Within), source: b.source}
	altered, err := bound(func() catalog.Object { return inner.tableObject(table, object.Temporary) })
	if wrong, ok := err.(*parse.Error); ok {
		span := st.Action.Extent()
		if wrong.Pos.Offset < span.Pos.Offset || wrong.End.Offset > span.End.Offset {
			b.fail(st.Action, wrong.Hint, "%s", wrong.Message)
		}
		panic(wrong)
	}
	altered.Name, altered.Database = object.Name, object.Database
	b.check(st.Name, b.Catalog.Replace(altered))
}

// rename gives a table or view another name, in the same database.
func (b *binder) rename(object catalog.Object, to ast.ObjectName) {
	database := object.Database
	if len(to.Parts) > 1 {
		database = b.database(to.Parts[:len(to.Parts)-1])
	}
	if database != object.Database {
		b.fail(to, "create it there", "a %s stays in its database", object.Kind)
	}
	from := object.Name
	object.Name = inDatabase(database, to.Last())
	statement, err := parse.Statement(object.SQL)
	b.check(to, err)
	name := ast.ObjectName{Parts: to.Parts[len(to.Parts)-1:]}
	switch st := statement.(type) {
	case *ast.CreateTable:
		st.Name = name
	case *ast.CreateView:
		st.Name = name
	}
	object.SQL = ast.Format(statement)
	b.check(to, b.Catalog.Rename(from, object))
}

// alterView renames a view or gives it another query.
func (b *binder) alterView(st *ast.AlterView) {
	object := b.lookup(st.Name)
	if object.Kind != catalog.View {
		b.fail(st.Name, "use ALTER TABLE", "%q is a table", object.Name)
	}
	if st.To != nil {
		b.rename(object, *st.To)
		return
	}
	statement, err := parse.Statement(object.SQL)
	b.check(st.Name, err)
	view := statement.(*ast.CreateView)
	view.Query, view.Columns = st.Query, nil
	altered := b.viewObject(view, object.Temporary)
	altered.Name, altered.Database = object.Name, object.Database
	b.check(st.Name, b.Catalog.Replace(altered))
}

// An alteration changes a CREATE TABLE.
type alteration struct {
	*binder
	table *ast.CreateTable
}

func (a alteration) act(action ast.AlterAction) {
	switch action := action.(type) {
	case *ast.AlterParts:
		if action.Modify {
			a.modify(action)
		} else {
			a.add(action)
		}
	case *ast.DropColumns:
		a.dropColumns(action)
	case *ast.DropPart:
		a.dropPart(action)
	case *ast.RenameColumn:
		a.renameColumn(action)
	case *ast.SetOptions:
		a.setOptions(action)
	case *ast.ResetOptions:
		a.resetOptions(action)
	}
}

// column returns the position of a column that must exist.
func (a alteration) column(name ast.Ident) int {
	var names []string
	for i, c := range a.table.Columns {
		if c.Name.Name == name.Name {
			return i
		}
		names = append(names, c.Name.Name)
	}
	a.fail(name, didYouMean(name.Name, names), "column %q not found in %q", name.Name, a.table.Name.Last())
	return -1
}

func (a alteration) has(name string) bool {
	return slices.ContainsFunc(a.table.Columns, func(c ast.ColumnDef) bool { return c.Name.Name == name })
}

func (a alteration) add(parts *ast.AlterParts) {
	for _, c := range parts.Columns {
		if a.has(c.Column.Name.Name) {
			a.fail(c.Column.Name, "use MODIFY", "column %q exists", c.Column.Name.Name)
		}
		a.place(c, len(a.table.Columns))
	}
	if w := parts.Watermark; w != nil {
		if a.table.Watermark != nil {
			a.fail(w, "use MODIFY, or DROP it first", "table %q has a watermark", a.table.Name.Last())
		}
		a.table.Watermark = w
	}
	if k := a.newKey(parts); k != nil {
		if a.table.PrimaryKey != nil {
			a.fail(k, "use MODIFY, or DROP it first", "table %q has a primary key", a.table.Name.Last())
		}
		a.table.PrimaryKey = k
	}
}

func (a alteration) modify(parts *ast.AlterParts) {
	for _, c := range parts.Columns {
		at := a.column(c.Column.Name)
		a.table.Columns = slices.Delete(a.table.Columns, at, at+1)
		a.place(c, at)
	}
	if w := parts.Watermark; w != nil {
		if a.table.Watermark == nil {
			a.fail(w, "use ADD", "table %q has no watermark", a.table.Name.Last())
		}
		a.table.Watermark = w
	}
	if k := a.newKey(parts); k != nil {
		if a.table.PrimaryKey == nil {
			a.fail(k, "use ADD", "table %q has no primary key", a.table.Name.Last())
		}
		a.table.PrimaryKey = k
	}
}

// newKey returns the primary key of parts, which may stand beside a column.
func (a alteration) newKey(parts *ast.AlterParts) *ast.PrimaryKey {
	k := parts.PrimaryKey
	for _, c := range parts.Columns {
		if !c.Column.PrimaryKey {
			continue
		}
		if k != nil {
			a.fail(c, "", "a table has one PRIMARY KEY at most")
		}
		k = &ast.PrimaryKey{Span: c.Span, Constraint: c.Column.Constraint, Columns: []ast.Ident{c.Column.Name}, NotEnforced: true}
	}
	return k
}

// place puts a column where it says, or at a position.
func (a alteration) place(c ast.PlacedColumn, at int) {
	switch {
	case c.First:
		at = 0
	case c.After != nil:
		at = a.column(*c.After) + 1
	}
	column := c.Column
	column.PrimaryKey, column.Constraint = false, ""
	a.table.Columns = slices.Insert(a.table.Columns, at, column)
}

func (a alteration) dropColumns(action *ast.DropColumns) {
	for _, name := range action.Columns {
		at := a.column(name)
		a.table.Columns = slices.Delete(a.table.Columns, at, at+1)
	}
	// Only what is left may need them: columns that are dropped together may rest on each other.
	for _, name := range action.Columns {
		a.unused(name, "dropped")
		if k := a.table.PrimaryKey; k != nil && containsIdent(k.Columns, name.Name) {
			a.fail(name, "DROP PRIMARY KEY first", "column %q cannot be dropped: the primary key has it", name.Name)
		}
	}
}

func containsIdent(names []ast.Ident, name string) bool {
	return slices.ContainsFunc(names, func(n ast.Ident) bool { return n.Name == name })
}

// unused refuses to go on with a column that something else rests on.
func (a alteration) unused(name ast.Ident, what string) {
	t := a.table
	for _, c := range t.Columns {
		if c.Computed != nil && uses(c.Computed, name.Name) {
			a.fail(name, "", "column %q cannot be %s: column %q is computed from it", name.Name, what, c.Name.Name)
		}
	}
	if w := t.Watermark; w != nil && (w.Column[0].Name == name.Name || uses(w.X, name.Name)) {
		a.fail(name, "DROP WATERMARK first", "column %q cannot be %s: the watermark is made from it", name.Name, what)
	}
	if containsIdent(t.PartitionedBy, name.Name) {
		a.fail(name, "", "column %q cannot be %s: PARTITIONED BY has it", name.Name, what)
	}
	if t.Distribution != nil && containsIdent(t.Distribution.Columns, name.Name) {
		a.fail(name, "", "column %q cannot be %s: DISTRIBUTED BY has it", name.Name, what)
	}
}

func uses(x ast.Expr, name string) bool {
	found := false
	ast.Walk(x, func(x ast.Expr) bool {
		if c, ok := x.(*ast.Column); ok && c.Parts[0].Name == name {
			found = true
		}
		return !found
	})
	return found
}

func (a alteration) dropPart(action *ast.DropPart) {
	t := a.table
	switch {
	case action.What == "WATERMARK" && t.Watermark == nil:
		a.fail(action, "", "table %q has no watermark", t.Name.Last())
	case action.What == "WATERMARK":
		t.Watermark = nil
		return
	case t.PrimaryKey == nil:
		a.fail(action, "", "table %q has no primary key", t.Name.Last())
	case action.Constraint != nil && action.Constraint.Name != constraintName(t.PrimaryKey):
		a.fail(action.Constraint, didYouMean(action.Constraint.Name, []string{constraintName(t.PrimaryKey)}),
			"constraint %q not found: the primary key is called %q", action.Constraint.Name, constraintName(t.PrimaryKey))
	}
	t.PrimaryKey = nil
}

// constraintName is the name that Flink gives to a primary key without one.
func constraintName(k *ast.PrimaryKey) string {
	if k.Constraint != "" {
		return k.Constraint
	}
	name := "PK"
	for _, c := range k.Columns {
		name += "_" + c.Name
	}
	return name
}

func (a alteration) renameColumn(action *ast.RenameColumn) {
	at := a.column(action.From)
	if a.has(action.To.Name) {
		a.fail(action.To, "", "column %q exists", action.To.Name)
	}
	a.unused(action.From, "renamed")
	a.table.Columns[at].Name = action.To
	if m := a.table.Columns[at].Metadata; m != nil && m.From == "" {
		// The key of the metadata was the column's old name.
		m.From = action.From.Name
	}
	if k := a.table.PrimaryKey; k != nil {
		for i, c := range k.Columns {
			if c.Name == action.From.Name {
				k.Columns[i] = action.To
			}
		}
	}
}

func (a alteration) setOptions(action *ast.SetOptions) {
	if len(action.Options) == 0 {
		a.fail(action, "", "SET wants an option")
	}
	for _, o := range action.Options {
		own := slices.IndexFunc(a.table.Options, func(x ast.Option) bool { return x.Key == o.Key })
		if own < 0 {
			a.table.Options = append(a.table.Options, o)
		} else {
			a.table.Options[own] = o
		}
	}
}

func (a alteration) resetOptions(action *ast.ResetOptions) {
	if len(action.Keys) == 0 {
		a.fail(action, "", "RESET wants the key of an option")
	}
	for _, k := range action.Keys {
		if k.Text == "connector" {
			a.fail(k, "", "a table cannot be without a connector")
		}
		a.table.Options = slices.DeleteFunc(a.table.Options, func(o ast.Option) bool { return o.Key == k.Text })
	}
}
