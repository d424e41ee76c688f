package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/catalog"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/parse"
	"millrace/sql/wasm"
)

// sqlLanguage is the language of functions that are expressions; the others are WebAssembly.
const sqlLanguage = "SQL"

// What bounds the expansion of calls: two calls of a function that calls another twice are four bodies, and so on.
const (
	maxBodies  = 4096
	maxCalling = 32
)

// createFunction adds a function to the catalog. It is bound now, so that an error comes with it, not with its first
// use.
func (b *binder) createFunction(st *ast.CreateFunction) {
	f := b.functionObject(st)
	if _, taken := b.Catalog.Function(f.Name, f.Temporary, f.System); taken {
		if !st.IfNotExists {
			b.fail(st.Name, "use IF NOT EXISTS, or DROP it first", "a function %q exists", f.Name)
		}
		return
	}
	b.putFunction(st, f)
}

func (b *binder) alterFunction(st *ast.AlterFunction) {
	f := b.functionObject(st.To)
	if _, ok := b.Catalog.Function(f.Name, f.Temporary, f.System); !ok {
		if !st.IfExists {
			b.noUserFunction(st.To.Name)
		}
		return
	}
	b.putFunction(st.To, f)
}

func (b *binder) dropFunction(st *ast.DropFunction) {
	name, _ := b.functionName(st.Name, st.System)
	if _, ok := b.Catalog.Function(name, st.Temporary, st.System); !ok {
		if !st.IfExists {
			b.noUserFunction(st.Name)
		}
		return
	}
	b.check(st.Name, b.Catalog.DropFunction(name, st.Temporary, st.System))
}

func (b *binder) noUserFunction(n ast.ObjectName) {
	var names []string
	for _, f := range b.Catalog.Functions() {
		names = append(names, f.Name)
	}
	hint := didYouMean(strings.ToLower(n.Last()), names)
	if builtIn(b.Functions, n) {
		hint = "it is built in"
	}
	b.fail(n, hint, "function %q not found", n)
}

// functionName returns what the catalog calls a function, and its database. Case has no meaning in names of functions.
func (b *binder) functionName(n ast.ObjectName, system bool) (name, database string) {
	name = strings.ToLower(n.Last())
	if !system {
		database = b.database(n.Parts[:len(n.Parts)-1])
	}
	return inDatabase(database, name), database
}

// functionObject is what the catalog keeps of a function but for its module.
func (b *binder) functionObject(st *ast.CreateFunction) catalog.Function {
	f := catalog.Function{Language: st.Language, Temporary: st.Temporary, System: st.System, Within: b.Database}
	f.Name, f.Database = b.functionName(st.Name, st.System)
	if _, aggregate := b.Functions.Aggregate(f.Name); aggregate && st.System {
		b.fail(st.Name, "choose another name", "%s is a built-in aggregate, which no function can replace", strings.ToUpper(f.Name))
	}
	def := *st
	def.IfNotExists = false
	def.Name.Parts = []ast.Ident{{Span: st.Name.Span, Name: strings.ToLower(st.Name.Last())}}
	f.SQL = ast.Format(&def)
	return f
}

func (b *binder) putFunction(st *ast.CreateFunction, f catalog.Function) {
	if st.Language == sqlLanguage {
		own := &binder{Planner: b.Planner, source: b.source, calling: []string{f.Name}}
		own.checkBody(st)
		b.check(st.Name, b.Catalog.PutFunction(f, nil))
		return
	}
	module, err := wasm.Read(st.Using[0].Text, b.Modules)
	b.check(st.Using[0], err)
	compiled, err := b.WASM.Function(module, b.signature(st, b.paramTypes(st)))
	b.check(st.As, err)
	_, err = compiled.Open() // what it does when it starts can go wrong, too
	b.check(st.As, err)
	b.check(st.Name, b.Catalog.PutFunction(f, module))
}

// checkBody insists that the body of a function of SQL is right for all that the function takes.
func (b *binder) checkBody(st *ast.CreateFunction) {
	if hasQuery(st.Body) {
		b.fail(st.Body, "make it a view, and join it", "there can be no query in a function")
	}
	args := make([]Expr, len(st.Params))
	for i, t := range b.paramTypes(st) {
		args[i] = &Column{Index: i, Name: st.Params[i].Name.Name, Of: t}
	}
	if e := b.functionBody(st, args); st.Returns.NotNull && !e.Type().NotNull {
		b.fail(st.Returns, "leave NOT NULL out, or use COALESCE", "the answer of function %s can be NULL", st.Name)
	}
}

func (b *binder) paramTypes(st *ast.CreateFunction) []schema.Type {
	types := make([]schema.Type, len(st.Params))
	for i, p := range st.Params {
		types[i] = b.dataType(p.Type)
	}
	return types
}

func (b *binder) signature(st *ast.CreateFunction, params []schema.Type) wasm.Signature {
	return wasm.Signature{Name: st.Name.String(), Export: st.As.Text, Args: params, Result: b.dataType(st.Returns), OnNull: st.OnNull}
}

// userFunction returns the function that a call means, if it is none that is built in. Those of the system come
// first, then what is built in, then those of the database; temporary ones hide others.
func (b *binder) userFunction(n ast.ObjectName) (catalog.Function, bool) {
	if len(n.Parts) == 1 {
		if f, ok := b.Catalog.Function(strings.ToLower(n.Last()), true, true); ok {
			return f, true
		}
		if builtIn(b.Functions, n) {
			return catalog.Function{}, false
		}
	}
	name, _ := b.functionName(n, false)
	f, ok := b.Catalog.Function(name, true, false)
	if !ok {
		f, ok = b.Catalog.Function(name, false, false)
	}
	return f, ok
}

func builtIn(set *function.Set, n ast.ObjectName) bool {
	if len(n.Parts) > 1 {
		return false
	}
	name := strings.ToUpper(n.Last())
	switch name {
	case "IF", "NULLIF", "IFNULL", "COALESCE":
		return true
	}
	_, scalar := set.Scalar(name)
	_, aggregate := set.Aggregate(name)
	return scalar || aggregate || isJSON(name)
}

// userCall binds a call of a function that a user has defined.
func (s *scope) userCall(x *ast.Call, f catalog.Function) Expr {
	if x.Over != nil || x.Distinct || x.Filter != nil || x.OrderBy != nil || x.IgnoreNulls != "" {
		s.fail(x, "", "%s is not an aggregate: DISTINCT, FILTER, ORDER BY and OVER have no meaning", x.Name)
	}
	if slices.Contains(s.calling, f.Name) {
		s.fail(x, "write a loop as WebAssembly", "function %q calls itself", f.Name)
	}
	if s.bodies == nil {
		s.bodies = new(int)
	}
	if *s.bodies++; *s.bodies > maxBodies || len(s.calling) > maxCalling {
		s.fail(x, "", "functions that call functions make this too large: more than %d bodies, or %d deep", maxBodies, maxCalling)
	}
	for _, a := range x.Args {
		if _, ok := a.(*ast.NamedArg); ok {
			s.fail(a, "", "%s takes no named arguments", x.Name)
		}
	}
	statement, err := parse.Statement(f.SQL)
	s.check(x, err)
	def := statement.(*ast.CreateFunction)
	inner := &binder{Planner: s.Planner.within(f.Within), source: f.SQL, calling: append(slices.Clone(s.calling), f.Name), bodies: s.bodies}
	args := s.userArgs(x, inner.paramTypes(def))
	if f.Language != sqlLanguage {
		return s.wasmCall(x, f, inner.signature(def, inner.paramTypes(def)), def.NotDeterministic, args)
	}
	e, err := bound(func() Expr { return inner.inlined(def, args) })
	if err != nil {
		// Either what it rests on has changed, or these constants are wrong for it.
		s.fail(x, fault.HintOf(err), "in function %s: %s", f.Name, err)
	}
	return e
}

// userArgs binds the arguments of a call as the types of the parameters.
func (s *scope) userArgs(x *ast.Call, params []schema.Type) []Expr {
	args := s.exprs(x.Args)
	given := make([]schema.Type, len(args))
	fits := len(args) == len(params)
	for i, a := range args {
		given[i] = a.Type()
		fits = fits && function.CanCastImplicitly(given[i], params[i])
	}
	if !fits {
		s.fail(x, fmt.Sprintf("it takes (%s)", typeList(params)), "%s does not take (%s)", x.Name, typeList(given))
	}
	for i, t := range params {
		if t.NotNull && !given[i].NotNull {
			s.fail(x.Args[i], "use COALESCE", "parameter %d of %s is NOT NULL, but this can be NULL", i+1, x.Name)
		}
		t.NotNull = given[i].NotNull
		args[i] = s.implicit(x.Args[i], args[i], t)
	}
	return args
}

// inlined returns the body of a function over arguments. One that is used more than once is computed once.
func (b *binder) inlined(def *ast.CreateFunction, args []Expr) Expr {
	shared := false
	inside := slices.Clone(args)
	for i, p := range def.Params {
		if cheap(args[i]) {
			continue
		}
		shared = shared || paramUses(def.Body, p.Name.Name) > 1
	}
	if !shared {
		return b.functionBody(def, args)
	}
	call := &Call{Args: args}
	overload := &function.Overload{Lenient: true}
	for i, p := range def.Params {
		overload.Args = append(overload.Args, args[i].Type())
		if _, constant := args[i].(*Literal); !constant {
			inside[i] = &Column{Index: i, Name: p.Name.Name, Of: args[i].Type()}
		}
	}
	call.Body = b.functionBody(def, inside)
	overload.Result = call.Body.Type()
	call.Func, call.Overload = &function.Scalar{Name: def.Name.String(), Volatile: volatile(call.Body)}, overload
	return call
}

// cheap says whether to compute e again is nothing.
func cheap(e Expr) bool {
	switch e.(type) {
	case *Column, *Literal:
		return true
	}
	return false
}

// paramUses counts how often a parameter stands in a body.
func paramUses(body ast.Expr, param string) int {
	n := 0
	ast.Walk(body, func(x ast.Expr) bool {
		if c, ok := x.(*ast.Column); ok && c.Parts[0].Name == param {
			n++
		}
		return true
	})
	return n
}

// functionBody binds the body of a function of SQL with its parameters replaced.
func (b *binder) functionBody(def *ast.CreateFunction, args []Expr) Expr {
	s := &scope{binder: b, in: nothing(), clause: "a function", params: map[string]Expr{}}
	for i, p := range def.Params {
		s.params[p.Name.Name] = args[i]
	}
	e := s.expr(def.Body)
	t := b.dataType(def.Returns)
	if !function.CanCastImplicitly(e.Type(), t) {
		b.fail(def.Body, fmt.Sprintf("write CAST(... AS %s)", t.Nullable()), "function %s returns %s, not %s", def.Name, t.Nullable(), e.Type().Nullable())
	}
	t.NotNull = e.Type().NotNull
	return b.implicit(def.Body, e, t)
}

// param returns what stands for a parameter, or a field of it.
func (s *scope) param(x *ast.Column) Expr {
	e, ok := s.params[x.Parts[0].Name]
	if !ok {
		var names []string
		for name := range s.params {
			names = append(names, name)
		}
		slices.Sort(names)
		s.fail(x, didYouMean(x.Parts[0].Name, names), "parameter %q not found", x.Parts[0].Name)
	}
	for _, part := range x.Parts[1:] {
		e = s.field(part, e, part.Name)
	}
	return e
}

func (s *scope) wasmCall(x *ast.Call, f catalog.Function, sig wasm.Signature, volatile bool, args []Expr) Expr {
	module, err := s.Catalog.Module(f.Module)
	s.check(x, err)
	compiled, err := s.WASM.Function(module, sig)
	s.check(x, err)
	overload := &function.Overload{Result: sig.Result.Nullable(), Lenient: sig.OnNull, Open: compiled.Open}
	required := true
	for _, a := range args {
		overload.Args = append(overload.Args, a.Type())
		required = required && a.Type().NotNull
	}
	overload.Result.NotNull = sig.Result.NotNull && (required || sig.OnNull)
	return s.fold(x, &Call{Func: &function.Scalar{Name: f.Name, Volatile: volatile}, Overload: overload, Args: args})
}

// describeFunction says what a function is, or how it was made.
func (b *binder) describeFunction(st *ast.DescribeFunction) *Result {
	f, ok := b.userFunction(st.Name)
	switch {
	case !ok && (st.Create || !builtIn(b.Functions, st.Name)):
		b.noUserFunction(st.Name)
	case st.Create:
		return &Result{Columns: []string{"result"}, Rows: [][]string{{f.SQL}}}
	}
	r := &Result{Columns: []string{"info name", "info value"}, Rows: [][]string{
		{"is system function", boolText(!ok || f.System)}, {"is temporary", boolText(f.Temporary)},
	}}
	if ok {
		r.Rows = append(r.Rows, []string{"function language", f.Language})
	}
	if ok && st.Extended {
		r.Rows = append(r.Rows, []string{"definition", f.SQL})
		if f.Module != "" {
			r.Rows = append(r.Rows, []string{"module sha256", f.Module})
		}
	}
	return r
}

// userFunctions returns the names of the functions that users have defined and a database shows.
func (b *binder) userFunctions(database string) []string {
	var names []string
	for _, f := range b.Catalog.Functions() {
		if f.System || f.Database == database {
			names = append(names, strings.TrimPrefix(f.Name, f.Database+"."))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
