package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"millrace/catalog"
	"millrace/schema"
	"millrace/sql/ast"
)

// describe lists the columns of a table or view as Flink's client does.
func (b *binder) describe(st *ast.Describe) *Result {
	object := b.lookup(st.Name)
	r := &Result{Columns: []string{"name", "type", "null", "key", "extras", "watermark"}}
	var out *schema.Schema
	if object.Kind == catalog.Table {
		out = b.definition(st.Name, object).schema
	} else {
		out = b.view(st.Name, object).node.Out()
	}
	commented := slices.ContainsFunc(object.Columns, func(c catalog.Column) bool { return c.Comment != "" })
	if commented {
		r.Columns = append(r.Columns, "comment")
	}
	watermark, expression, _ := strings.Cut(object.Watermark, " AS ")
	for i, c := range object.Columns {
		f := out.Fields[i]
		row := []string{c.Name, typeText(f), strings.ToUpper(fmt.Sprint(!f.Type.NotNull)), "", c.Extras, ""}
		if slices.Contains(object.Key, c.Name) {
			row[3] = "PRI(" + strings.Join(object.Key, ", ") + ")"
		}
		if c.Name == watermark {
			row[5] = expression
		}
		if commented {
			row = append(row, c.Comment)
		}
		r.Rows = append(r.Rows, row)
	}
	return r
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
		object := b.lookup(*st.Name)
		if want := strings.ToLower(strings.TrimPrefix(st.What, "CREATE ")); want != string(object.Kind) {
			b.fail(*st.Name, "", "%q is a %s", object.Name, object.Kind)
		}
		return &Result{Columns: []string{"result"}, Rows: [][]string{{object.SQL}}}
	case "COLUMNS":
		if st.Name == nil {
			b.fail(st, "", "SHOW COLUMNS wants FROM and a table")
		}
		r := b.describe(&ast.Describe{Span: st.Span, Name: *st.Name})
		r.Rows = slices.DeleteFunc(r.Rows, func(row []string) bool { return !matches(st, row[0]) })
		return r
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

func (b *binder) showNames(st *ast.Show) (column string, names []string) {
	switch st.What {
	case "TABLES", "VIEWS":
		for _, o := range b.Catalog.List() {
			// Flink's SHOW TABLES lists views too.
			if st.What == "TABLES" || o.Kind == catalog.View {
				names = append(names, o.Name)
			}
		}
		return strings.ToLower(strings.TrimSuffix(st.What, "S")) + " name", names
	case "FUNCTIONS":
		for _, name := range b.Functions.Names() {
			if name[0] >= 'A' && name[0] <= 'Z' && !strings.Contains(name, " ") {
				names = append(names, strings.ToLower(name))
			}
		}
		return "function name", names
	case "USER FUNCTIONS", "MODULES", "FULL MODULES", "JARS":
		return strings.ToLower(st.What), nil
	case "CATALOGS", "CURRENT CATALOG":
		return "catalog name", []string{DefaultCatalog}
	case "DATABASES", "CURRENT DATABASE":
		return "database name", []string{DefaultDatabase}
	}
	b.fail(st, "jobs belong to a running platform", "SHOW %s has no answer in a script", st.What)
	return "", nil
}

// matches says whether a name is among those that LIKE lets through.
func matches(st *ast.Show, name string) bool {
	if st.LikeOp == "" {
		return true
	}
	pattern := regexp.QuoteMeta(st.Pattern)
	pattern = strings.NewReplacer("%", ".*", "_", ".").Replace(pattern)
	if st.LikeOp == "ILIKE" {
		pattern = "(?i)" + pattern
	}
	return regexp.MustCompile("^(?s:"+pattern+")$").MatchString(name) != st.Not
}
