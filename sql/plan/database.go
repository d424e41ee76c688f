package plan

import (
	"millrace/catalog"
	"millrace/fault"
	"millrace/sql/ast"
)

// createDatabase adds a database to the only catalog there is.
func (b *binder) createDatabase(st *ast.CreateDatabase) {
	name := b.databaseName(st.Name)
	_, taken := b.Catalog.Database(name)
	switch {
	case !taken && name != DefaultDatabase:
		d := catalog.Database{Name: name, Comment: st.Comment, Options: map[string]string{}}
		setOptions(d.Options, st.Options)
		b.check(st.Name, b.Catalog.PutDatabase(d))
	case !st.IfNotExists:
		b.fail(st.Name, "use IF NOT EXISTS", "a database %q exists", name)
	}
}

func setOptions(to map[string]string, options []ast.Option) {
	for _, o := range options {
		to[o.Key] = o.Value
	}
}

// databaseName returns a database's name, whether it exists or not.
func (b *binder) databaseName(n ast.ObjectName) string {
	if len(n.Parts) == 2 {
		b.theCatalog(n.Parts[0])
	}
	return n.Last()
}

func (b *binder) dropDatabase(st *ast.DropDatabase) {
	name := b.databaseName(st.Name)
	switch {
	case name == DefaultDatabase:
		b.fail(st.Name, "", "the database %s cannot be dropped", DefaultDatabase)
	case name == b.Database:
		b.fail(st.Name, "USE another one before", "database %q is the current one", name)
	}
	err := b.Catalog.DropDatabase(name, st.Cascade)
	if fault.KindOf(err) == fault.NotFound {
		if st.IfExists {
			return
		}
		b.database(st.Name.Parts)
	}
	b.check(st.Name, err)
}

func (b *binder) alterDatabase(st *ast.AlterDatabase) {
	name := b.database(st.Name.Parts)
	if name == "" {
		b.fail(st.Name, "", "the database %s has no options", DefaultDatabase)
	}
	old, _ := b.Catalog.Database(name)
	d := old
	d.Options = map[string]string{}
	for key, value := range old.Options {
		d.Options[key] = value
	}
	setOptions(d.Options, st.Options)
	b.check(st.Name, b.Catalog.PutDatabase(d))
}

// use makes a database the current one. The catalog is the only one: to use it is to go back to its default.
func (b *binder) use(st *ast.Use) {
	if st.Catalog {
		b.theCatalog(st.Name.Parts[0])
		b.Planner.Database = ""
		return
	}
	b.Planner.Database = b.database(st.Name.Parts)
}
