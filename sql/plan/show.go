package plan

import (
	"regexp"
	"slices"
	"strings"

	"millrace/catalog"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// nothingText is what Flink's client shows for a NULL, such as a column's key if it has none.
const nothingText = "<NULL>"

// describe lists the columns of a table or view as Flink's client does.
func (b *binder) describe(name ast.ObjectName) *Result {
	object := b.lookup(name)
	r := &Result{Columns: []string{"name", "type", "null", "key", "extras", "watermark"}}
	var out *schema.Schema
	var table *ast.CreateTable
	if object.Kind == catalog.Table {
		out = b.definition(name, object).schema
		table = b.statementOf(name, object).(*ast.CreateTable)
	} else {
		out = b.view(name, object).node.Out()
	}
	commented := slices.ContainsFunc(object.Columns, func(c catalog.Column) bool { return c.Comment != "" })
	if commented {
		r.Columns = append(r.Columns, "comment")
	}
	for i, f := range out.Fields {
		row := []string{f.Name, typeText(f), strings.ToUpper(boolText(!f.Type.NotNull)), nothingText, nothingText, nothingText}
		if slices.Contains(object.Key, f.Name) {
			row[3] = "PRI(" + strings.Join(object.Key, ", ") + ")"
		}
		if table != nil {
			if text := extras(table.Columns[i], ast.FormatQuoted); text != "" {
				row[4] = text
			}
			if w := table.Watermark; w != nil && w.Column[0].Name == f.Name {
				row[5] = ast.FormatQuoted(w.X)
			}
		}
		if commented {
			comment := nothingText
			if i < len(object.Columns) && object.Columns[i].Comment != "" {
				comment = object.Columns[i].Comment
			}
			row = append(row, comment)
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

func boolText(is bool) string {
	if is {
		return "true"
	}
	return "false"
}

// statementOf returns the CREATE statement of an object.
func (b *binder) statementOf(at ast.Node, object catalog.Object) ast.Statement {
	statement, err := parse.Statement(object.SQL)
	b.check(at, err)
	return statement
}

func typeText(f schema.Field) string {
	text := f.Type.Nullable().String()
	switch f.Time {
	case schema.RowTime:
		text += " *ROWTIME*"
	case schema.ProcTime:
		text += " *PROCTIME*"
	}
	return text
}

// show lists what SHOW asks for.
func (b *binder) show(st *ast.Show) *Result {
	switch st.What {
	case "CREATE TABLE", "CREATE VIEW":
		return b.showCreate(st)
	case "COLUMNS":
		if st.Name == nil {
			b.fail(st, "", "SHOW COLUMNS wants FROM and a table")
		}
		r := b.describe(*st.Name)
		r.Rows = slices.DeleteFunc(r.Rows, func(row []string) bool { return !matches(st, row[0]) })
		return r
	case "FULL MODULES":
		return &Result{Columns: []string{"module name", "used"}, Rows: [][]string{{"core", "TRUE"}}}
	}
	column, names := b.showNames(st)
	r := &Result{Columns: []string{column}}
	for _, name := range names {
		if matches(st, name) {
			r.Rows = append(r.Rows, []string{name})
		}
	}
	return r
}

// showCreate gives the statement that makes a table or view, with all names in full.
func (b *binder) showCreate(st *ast.Show) *Result {
	object := b.lookup(*st.Name)
	if want := strings.ToLower(strings.TrimPrefix(st.What, "CREATE ")); want != string(object.Kind) {
		b.fail(*st.Name, "use SHOW CREATE "+strings.ToUpper(string(object.Kind)), "%q is a %s", object.Name, object.Kind)
	}
	database := object.Database
	if database == "" {
		database = DefaultDatabase
	}
	var parts []ast.Ident
	for _, name := range []string{DefaultCatalog, database, shortName(object)} {
		parts = append(parts, ast.Ident{Name: name})
	}
	statement := b.statementOf(*st.Name, object)
	switch statement := statement.(type) {
	case *ast.CreateTable:
		statement.Name.Parts, statement.Temporary = parts, object.Temporary
		b.ownKey(statement)
		if k := statement.PrimaryKey; k != nil {
			k.Constraint = constraintName(k)
			for i, c := range statement.Columns {
				if c.Type != nil && containsIdent(k.Columns, c.Name.Name) {
					statement.Columns[i].Type.NotNull = true
				}
			}
		}
	case *ast.CreateView:
		statement.Name.Parts, statement.Temporary = parts, object.Temporary
	}
	return &Result{Columns: []string{"result"}, Rows: [][]string{{ast.FormatQuoted(statement)}}}
}

func (b *binder) showNames(st *ast.Show) (column string, names []string) {
	switch st.What {
	case "TABLES", "VIEWS":
		// Flink's SHOW TABLES lists views too.
		kind := catalog.Kind("")
		if st.What == "VIEWS" {
			kind = catalog.View
		}
		for _, o := range b.objects(b.shownDatabase(st), kind) {
			names = append(names, shortName(o))
		}
		return strings.ToLower(strings.TrimSuffix(st.What, "S")) + " name", names
	case "FUNCTIONS":
		names = b.userFunctions(b.shownDatabase(st))
		for _, name := range b.Functions.Names() {
			if name[0] >= 'A' && name[0] <= 'Z' && !strings.Contains(name, " ") {
				names = append(names, strings.ToLower(name))
			}
		}
		slices.Sort(names)
		return "function name", slices.Compact(names)
	case "USER FUNCTIONS":
		return "function name", b.userFunctions(b.shownDatabase(st))
	case "PROCEDURES":
		return "procedure name", nil
	case "MODELS":
		return "model name", nil
	case "JARS":
		return "jars", nil
	case "MODULES":
		return "module name", []string{"core"}
	case "CATALOGS":
		return "catalog name", []string{DefaultCatalog}
	case "CURRENT CATALOG":
		return "current catalog name", []string{DefaultCatalog}
	case "DATABASES":
		return "database name", b.showDatabases(st)
	case "CURRENT DATABASE":
		if b.Database != "" {
			return "current database name", []string{b.Database}
		}
		return "current database name", []string{DefaultDatabase}
	}
	b.fail(st, "jobs belong to a running platform", "SHOW %s has no answer in a script", st.What)
	return "", nil
}

// shownDatabase is the database that FROM or IN says, or the current one.
func (b *binder) shownDatabase(st *ast.Show) string {
	if st.Name == nil {
		return b.Database
	}
	if len(st.Name.Parts) > 2 {
		b.fail(*st.Name, "", "want a database")
	}
	return b.database(st.Name.Parts)
}

func (b *binder) showDatabases(st *ast.Show) []string {
	if st.Name != nil {
		b.theCatalog(st.Name.Parts[0])
	}
	names := []string{DefaultDatabase}
	for _, d := range b.Catalog.Databases() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// matches says whether a name is among those that LIKE lets through.
func matches(st *ast.Show, name string) bool {
	if st.LikeOp == "" {
		return true
	}
	return likePattern(st).MatchString(name) != st.Not
}

// likePattern is the pattern of LIKE or ILIKE: % is any text, _ any character, \ takes that from them.
func likePattern(st *ast.Show) *regexp.Regexp {
	var out strings.Builder
	out.WriteString("^(?s")
	if st.LikeOp == "ILIKE" {
		out.WriteString("i")
	}
	out.WriteString(":")
	escaped := false
	for _, r := range st.Pattern {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			out.WriteString(".*")
		case !escaped && r == '_':
			out.WriteString(".")
		default:
			out.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	out.WriteString(")$")
	return regexp.MustCompile(out.String())
}
