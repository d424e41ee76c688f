package plan

import (
	"fmt"
	"slices"

	"millrace/catalog"
	"millrace/connector"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/parse"
	"millrace/sql/wasm"
)

// The only catalog, and the database that is always there: names may be qualified by them, as in scripts made
// for Flink.
const (
	DefaultCatalog  = "default_catalog"
	DefaultDatabase = "default_database"
)

// Planner is what statements are executed in: the settings and the catalog that they read and change. It
// belongs to one goroutine; several may share a catalog.
type Planner struct {
	Connectors map[string]connector.Spec
	Formats    map[string]format.Spec
	Functions  *function.Set
	Catalog    *catalog.Catalog
	Settings   Settings
	// Database is the current one; empty: the default one.
	Database string
	// Modules reads the WebAssembly module that USING names; nil: only those that stand in the script are taken.
	Modules func(name string) ([]byte, error)
	// WASM is where modules run, with their bounds.
	WASM *wasm.Host
}

// NewPlanner returns a planner with Flink's default settings.
func NewPlanner(c *catalog.Catalog, connectors []connector.Spec, formats []format.Spec) *Planner {
	s := &Planner{
		Connectors: map[string]connector.Spec{}, Formats: map[string]format.Spec{},
		Functions: function.NewSet(), Catalog: c, Settings: Settings{values: map[string]string{}},
		WASM: wasm.NewHost(wasm.DefaultLimits()),
	}
	for _, spec := range connectors {
		s.Connectors[spec.Name] = spec
	}
	for _, spec := range formats {
		s.Formats[spec.Name] = spec
	}
	return s
}

// Result is what a statement gives: a job to be run, or rows of text, or nothing but that it went well.
type Result struct {
	Job     *Job
	Columns []string
	Rows    [][]string
}

// Job is one or several sinks to be run together, with the settings at the time of the statement.
type Job struct {
	Name     string
	Sinks    []*Sink
	Settings Settings
	// Text is Explain of the sinks: stable, for EXPLAIN and for the hash that checkpoints remember.
	Text string
}

// Execute executes one statement of source, the script that it was parsed from. A query or an insert is only
// planned: the Job is the caller's to run. An error is a *parse.Error where it has a place in the script.
func (p *Planner) Execute(source string, statement ast.Statement) (*Result, error) {
	b := &binder{Planner: p, source: source}
	return bound(func() *Result { return b.execute(statement) })
}

// Script executes all statements of source and hands their results to each, in order. It stops at the
// first error, of its own or of each; if anything cannot be parsed, nothing is executed.
func (p *Planner) Script(source string, each func(ast.Statement, *Result) error) error {
	statements, err := parse.Script(source)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		r, err := p.Execute(source, statement)
		if err != nil {
			return err
		}
		if err := each(statement, r); err != nil {
			return err
		}
	}
	return nil
}

func (b *binder) execute(statement ast.Statement) *Result {
	switch st := statement.(type) {
	case *ast.Query, *ast.Insert, *ast.StatementSet:
		return &Result{Job: b.job(st)}
	case *ast.Execute:
		return b.execute(st.Statement)
	case *ast.Set:
		return b.set(st)
	case *ast.Reset:
		settings := b.Settings.clone()
		b.check(st, settings.reset(st.Key))
		b.Settings = settings
		return &Result{}
	case *ast.CreateTable:
		return b.createTable(st)
	case *ast.Explain:
		return &Result{Columns: []string{"result"}, Rows: [][]string{{b.explain(st)}}}
	case *ast.Describe:
		return b.describe(st.Name)
	case *ast.Show:
		return b.show(st)
	case *ast.DescribeFunction:
		return b.describeFunction(st)
	}
	b.change(statement)
	return &Result{}
}

// change executes a statement that changes the catalog or the current database and has nothing to show.
func (b *binder) change(statement ast.Statement) {
	switch st := statement.(type) {
	case *ast.CreateView:
		b.createView(st)
	case *ast.Drop:
		b.drop(st)
	case *ast.AlterTable:
		b.alterTable(st)
	case *ast.AlterView:
		b.alterView(st)
	case *ast.CreateDatabase:
		b.createDatabase(st)
	case *ast.DropDatabase:
		b.dropDatabase(st)
	case *ast.AlterDatabase:
		b.alterDatabase(st)
	case *ast.Use:
		b.use(st)
	case *ast.CreateFunction:
		b.createFunction(st)
	case *ast.AlterFunction:
		b.alterFunction(st)
	case *ast.DropFunction:
		b.dropFunction(st)
	default:
		panic(fmt.Sprintf("plan: statement %T", statement))
	}
}

// set changes a setting. The settings of jobs planned before stay as they were.
func (b *binder) set(st *ast.Set) *Result {
	if st.Key == "" {
		r := &Result{Columns: []string{"key", "value"}}
		for key, value := range b.Settings.values {
			r.Rows = append(r.Rows, []string{key, value})
		}
		slices.SortFunc(r.Rows, slices.Compare)
		return r
	}
	if _, err := setting(st.Key); err != nil {
		b.check(st.KeySpan, err)
	}
	settings := b.Settings.clone()
	b.check(st.ValueSpan, settings.set(st.Key, st.Value))
	b.Settings = settings
	return &Result{}
}

// job plans a query, an insert or a set of inserts.
func (b *binder) job(statement ast.Statement) *Job {
	j := &Job{Settings: b.Settings.clone()}
	var tables []string
	add := func(sink *Sink) {
		j.Sinks = append(j.Sinks, sink)
		tables = append(tables, sink.Table)
	}
	switch st := statement.(type) {
	case *ast.Query:
		r := b.query(st)
		node := optimize(r.node)
		j.Sinks = []*Sink{{Input: node, Schema: r.node.Out()}}
	case *ast.Insert:
		add(b.insert(st))
	case *ast.StatementSet:
		for _, i := range st.Inserts {
			add(b.insert(i))
		}
	case *ast.Execute:
		return b.job(st.Statement)
	default:
		b.fail(statement, "", "want a query or an INSERT")
	}
	if len(tables) > 0 && j.Settings.TypeLength() == LengthFitted && j.Settings.NestedConstraints() == NestedAll {
		b.fail(statement, "SET 'table.exec.sink.nested-constraint-enforcer' = 'ROWS'", "what lies in arrays and maps cannot be cut or filled up (TRIM_PAD)")
	}
	for _, sink := range j.Sinks {
		b.final(statement, sink)
	}
	j.Name = b.Settings.JobName(tables)
	j.Text = Explain(j.Sinks...)
	return j
}

func (b *binder) createView(st *ast.CreateView) {
	if b.creatable(st.Name, b.objectName(st.Name), st.Temporary, st.IfNotExists, st.OrReplace) {
		b.check(st.Name, b.Catalog.Replace(b.viewObject(st, st.Temporary)))
	}
}

// viewObject returns what the catalog keeps of a view. What it shows is planned now, so that an error comes
// with the view, not with its first use.
func (b *binder) viewObject(st *ast.CreateView, temporary bool) catalog.Object {
	inner := &binder{Planner: b.Planner, source: b.source, views: []string{b.objectName(st.Name)}}
	r := inner.query(st.Query)
	if len(st.Columns) > 0 {
		r = inner.renameColumns(r, "", st.Columns)
	}
	def := *st
	def.IfNotExists, def.OrReplace = false, false
	def.Name.Parts = st.Name.Parts[len(st.Name.Parts)-1:]
	o := catalog.Object{
		Name: b.objectName(st.Name), Database: b.database(st.Name.Parts[:len(st.Name.Parts)-1]), Within: b.Database,
		Kind: catalog.View, SQL: ast.Format(&def), Comment: st.Comment, Temporary: temporary,
	}
	for _, f := range r.node.Out().Fields {
		o.Columns = append(o.Columns, catalog.Column{Name: f.Name, Type: f.Type.String()})
	}
	return o
}

// creatable says whether to go on with CREATE; a name that is taken is an error unless the statement allows for it.
func (b *binder) creatable(at ast.Node, name string, temporary, ifNotExists, orReplace bool) bool {
	old, taken := b.Catalog.Get(name, temporary)
	if taken && !ifNotExists && !orReplace {
		b.fail(at, "use IF NOT EXISTS, or DROP it first", "a %s %q exists", old.Kind, name)
	}
	return !taken || orReplace
}

func (b *binder) drop(st *ast.Drop) {
	kind, name := catalog.Table, b.objectName(st.Name)
	if st.View {
		kind = catalog.View
	}
	_, permanent := b.Catalog.Get(name, false)
	_, temporary := b.Catalog.Get(name, true)
	switch found := permanent || temporary; {
	case st.IfExists && (st.Temporary && !temporary || !found):
		return
	case !found:
		b.noObject(st.Name, name)
	}
	b.check(st.Name, b.Catalog.Drop(kind, name, st.Temporary))
}
