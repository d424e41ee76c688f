package plan

import (
	"slices"

	"millrace/sql/ast"
	"millrace/sql/parse"
)

// like is how CREATE TABLE … LIKE takes over each feature of another table.
type like struct {
	*binder
	clause *ast.LikeClause
	how    map[string]string // by feature: INCLUDING, EXCLUDING, OVERWRITING
}

// mergeLike adds to t what LIKE takes from another table. By default that is everything, and the
// options that t sets itself win.
func (b *binder) mergeLike(t *ast.CreateTable, clause *ast.LikeClause) {
	object := b.lookup(clause.Name)
	statement, err := parse.Statement(object.SQL)
	b.check(clause, err)
	base, ok := statement.(*ast.CreateTable)
	if !ok {
		b.fail(clause.Name, "", "%q is a view: LIKE wants a table", object.Name)
	}
	b.ownKey(base)
	l := like{b, clause, b.likeStrategies(clause)}
	l.mergeColumns(t, base)
	if l.take("CONSTRAINTS", base.PrimaryKey != nil, len(primaryKey(t)) > 0, "a primary key") {
		t.PrimaryKey = base.PrimaryKey
	}
	if l.take("WATERMARKS", base.Watermark != nil, t.Watermark != nil, "a watermark") {
		t.Watermark = base.Watermark
	}
	if l.take("PARTITIONS", base.PartitionedBy != nil, t.PartitionedBy != nil, "PARTITIONED BY") {
		t.PartitionedBy = base.PartitionedBy
	}
	if l.take("DISTRIBUTION", base.Distribution != nil, t.Distribution != nil, "DISTRIBUTED BY") {
		t.Distribution = base.Distribution
	}
	l.mergeOptions(t, base)
}

// likeStrategies checks what a LIKE clause says and fills in the rest: ALL, or else everything.
func (b *binder) likeStrategies(clause *ast.LikeClause) map[string]string {
	how := map[string]string{"OPTIONS": "OVERWRITING"}
	features := []string{"CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "PARTITIONS", "WATERMARKS"}
	for _, f := range features {
		how[f] = "INCLUDING"
	}
	for _, o := range clause.Options {
		if o.Feature == "ALL" {
			for f := range how {
				how[f] = o.Merge
			}
		}
	}
	seen := map[string]bool{}
	for _, o := range clause.Options {
		if seen[o.Feature] {
			b.fail(o, "", "%s comes twice", o.Feature)
		}
		seen[o.Feature] = true
		switch o.Feature {
		case "ALL", "CONSTRAINTS", "PARTITIONS", "DISTRIBUTION":
			if o.Merge == "OVERWRITING" {
				b.fail(o, "use INCLUDING or EXCLUDING", "%s cannot be overwritten", o.Feature)
			}
		}
		if o.Feature != "ALL" {
			how[o.Feature] = o.Merge
		}
	}
	return how
}

// take says whether a feature comes from the base table, which may clash with the new table's own.
func (l like) take(feature string, inBase, own bool, what string) bool {
	switch {
	case !inBase || l.how[feature] == "EXCLUDING":
		return false
	case !own:
		return true
	case l.how[feature] == "INCLUDING":
		l.clash(l.clause, feature, what+" exists in the base table")
	}
	return false
}

func (l like) clash(at ast.Node, feature, message string) {
	hint := "use EXCLUDING " + feature
	if feature != "CONSTRAINTS" && feature != "PARTITIONS" && feature != "DISTRIBUTION" {
		hint += " or OVERWRITING " + feature
	}
	l.fail(at, hint, "%s", message)
}

// mergeColumns puts the base table's columns before the new ones. One that overwrites stands where the
// old one stood.
func (l like) mergeColumns(t, base *ast.CreateTable) {
	own := t.Columns
	t.Columns = nil
	for _, c := range base.Columns {
		feature := ""
		switch {
		case c.Computed != nil:
			feature = "GENERATED"
		case c.Metadata != nil:
			feature = "METADATA"
		}
		if feature != "" && l.how[feature] == "EXCLUDING" {
			continue
		}
		at := slices.IndexFunc(own, func(d ast.ColumnDef) bool { return d.Name.Name == c.Name.Name })
		switch {
		case at < 0:
			t.Columns = append(t.Columns, c)
			continue
		case feature == "":
			l.fail(own[at], "", "column %q exists in the base table", c.Name.Name)
		case l.how[feature] == "INCLUDING":
			l.clash(own[at], feature, "column \""+c.Name.Name+"\" exists in the base table")
		case (own[at].Computed != nil) != (c.Computed != nil) || (own[at].Metadata != nil) != (c.Metadata != nil):
			l.fail(own[at], "", "column %q of the base table is of another kind", c.Name.Name)
		}
		t.Columns = append(t.Columns, own[at])
		own = slices.Delete(slices.Clone(own), at, at+1)
	}
	t.Columns = append(t.Columns, own...)
}

func (l like) mergeOptions(t, base *ast.CreateTable) {
	how := l.how["OPTIONS"]
	if how == "EXCLUDING" {
		return
	}
	own := t.Options
	t.Options = nil
	for _, o := range base.Options {
		at := slices.IndexFunc(own, func(x ast.Option) bool { return x.Key == o.Key })
		if at >= 0 && how == "INCLUDING" {
			l.clash(own[at], "OPTIONS", "option \""+o.Key+"\" exists in the base table")
		}
		if at < 0 {
			t.Options = append(t.Options, o)
		}
	}
	t.Options = append(t.Options, own...)
}
