package plan

import (
	"slices"

	"millrace/catalog"
	"millrace/sql/ast"
)

// within returns a planner like p in which unqualified names belong to another database.
func (p *Planner) within(database string) *Planner {
	if p.Database == database {
		return p
	}
	other := *p
	other.Database = database
	return &other
}

// database returns the database that a name says, or the current one: empty for the default one.
func (b *binder) database(parts []ast.Ident) string {
	switch len(parts) {
	case 0:
		return b.Database
	case 2:
		b.theCatalog(parts[0])
	}
	last := parts[len(parts)-1]
	if last.Name == DefaultDatabase {
		return ""
	}
	if _, ok := b.Catalog.Database(last.Name); !ok {
		names := []string{DefaultDatabase}
		for _, d := range b.Catalog.Databases() {
			names = append(names, d.Name)
		}
		hint := didYouMean(last.Name, names)
		if hint == "" {
			hint = "use CREATE DATABASE, or leave it out"
		}
		b.fail(last, hint, "database %q not found", last.Name)
	}
	return last.Name
}

// theCatalog insists on the name of the only catalog there is.
func (b *binder) theCatalog(name ast.Ident) {
	if name.Name != DefaultCatalog {
		b.fail(name, "leave it out", "catalog %q not found: the only one is %s", name.Name, DefaultCatalog)
	}
}

// objectName returns what the catalog calls a table or view.
func (b *binder) objectName(n ast.ObjectName) string {
	return inDatabase(b.database(n.Parts[:len(n.Parts)-1]), n.Last())
}

func inDatabase(database, name string) string {
	if database == "" {
		return name
	}
	return database + "." + name
}

// shortName is an object's name within its database.
func shortName(o catalog.Object) string {
	if o.Database == "" {
		return o.Name
	}
	return o.Name[len(o.Database)+1:]
}

// lookup returns a table or view of the catalog.
func (b *binder) lookup(n ast.ObjectName) catalog.Object {
	name := b.objectName(n)
	object, ok := b.Catalog.Lookup(name)
	if !ok {
		b.noObject(n, name)
	}
	return object
}

func (b *binder) noObject(n ast.ObjectName, name string) {
	database := b.database(n.Parts[:len(n.Parts)-1])
	var near, elsewhere []string
	for _, o := range b.Catalog.List() {
		switch {
		case o.Database == database:
			near = append(near, shortName(o))
		case shortName(o) == n.Last():
			elsewhere = append(elsewhere, o.Database)
		}
	}
	hint := didYouMean(n.Last(), near)
	if hint == "" && len(elsewhere) > 0 {
		other := elsewhere[0]
		if other == "" {
			other = DefaultDatabase
		}
		hint = "did you mean " + ast.Quote(other) + "." + ast.Quote(n.Last()) + "?"
	}
	b.fail(n, hint, "table %q not found", name)
}

// named returns the objects of a database, of one kind or, if it is empty, of all.
func (b *binder) objects(database string, kind catalog.Kind) []catalog.Object {
	return slices.DeleteFunc(b.Catalog.List(), func(o catalog.Object) bool {
		return o.Database != database || kind != "" && o.Kind != kind
	})
}
