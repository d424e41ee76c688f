package lint

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

func TestNoInit(t *testing.T) {
	tr := load(t)
	tr.each(func(_ *file, n ast.Node) {
		if d, ok := n.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
			t.Errorf("%s: func init: make a value in a function and list it in builtin, or pass it in", tr.at(d.Pos()))
		}
	})
}

func TestNoBlankImports(t *testing.T) {
	tr := load(t)
	for _, f := range tr.files {
		for _, spec := range f.ast.Imports {
			if spec.Name != nil && spec.Name.Name == "_" && unquote(spec.Path.Value) != "embed" {
				t.Errorf("%s: blank import of %s: call its constructor and pass the value", tr.at(spec.Pos()), spec.Path.Value)
			}
		}
	}
}

// global is a name of another package through which two nodes in one process would share state.
type global struct {
	importPath, name, instead string
	allowed                   []string // packages, as in doors.txt
}

var globals = []global{
	{"os", "Getenv", "take the value as an argument; config reads the environment that cmd hands it", []string{"cmd/*", "internal/failpoint"}},
	{"os", "LookupEnv", "take the value as an argument; config reads the environment that cmd hands it", []string{"cmd/*"}},
	{"os", "Environ", "take the value as an argument; config reads the environment that cmd hands it", []string{"cmd/*", "bench"}},
	{"os", "Exit", "return an error; cmd turns it into an exit code", []string{"cmd/*", "bench"}},
	{"log/slog", "Default", "take a *slog.Logger as an argument", nil},
	{"log/slog", "SetDefault", "take a *slog.Logger as an argument", []string{"cmd/*"}},
	{"log/slog", "Debug", "take a *slog.Logger as an argument", nil},
	{"log/slog", "Info", "take a *slog.Logger as an argument", nil},
	{"log/slog", "Warn", "take a *slog.Logger as an argument", nil},
	{"log/slog", "Error", "take a *slog.Logger as an argument", nil},
	{"net/http", "Handle", "register on a mux that the caller owns", nil},
	{"net/http", "HandleFunc", "register on a mux that the caller owns", nil},
	{"net/http", "DefaultServeMux", "register on a mux that the caller owns", nil},
	{"net/http", "DefaultClient", "make an http.Client with a timeout", nil},
	{"net/http", "Get", "make an http.Client with a timeout", nil},
	{"net/http", "Post", "make an http.Client with a timeout", nil},
	{"github.com/prometheus/client_golang/prometheus", "MustRegister", "register on the node's own registry, in telemetry", nil},
	{"github.com/prometheus/client_golang/prometheus", "DefaultRegisterer", "use the node's own registry, in telemetry", nil},
}

func TestNoGlobals(t *testing.T) {
	tr := load(t)
	tr.each(func(f *file, n ast.Node) {
		if f.test || isTestSupport(f.dir) {
			return
		}
		for _, g := range globals {
			if f.isSelector(n, g.importPath, g.name) && !matches(g.allowed, f.dir) {
				t.Errorf("%s: %s.%s: %s", tr.at(n.Pos()), f.imported(g.importPath), g.name, g.instead)
			}
		}
	})
}

func TestTestsDoNotSleep(t *testing.T) {
	tr := load(t)
	tr.each(func(f *file, n ast.Node) {
		// Inside testing/synctest time is virtual, and sleeping is how it moves.
		if f.test && f.isSelector(n, "time", "Sleep") && f.imported("testing/synctest") == "" {
			t.Errorf("%s: time.Sleep in a test: poll with a deadline, or use testing/synctest", tr.at(n.Pos()))
		}
	})
}

func TestConstructorsStartNoGoroutines(t *testing.T) {
	tr := load(t)
	tr.each(func(f *file, n ast.Node) {
		d, ok := n.(*ast.FuncDecl)
		if !ok || f.test || d.Body == nil || !strings.HasPrefix(d.Name.Name, "New") {
			return
		}
		ast.Inspect(d.Body, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: %s starts a goroutine: do it in Run(ctx) error, which blocks, so that an owner waits for it",
					tr.at(g.Pos()), d.Name.Name)
			}
			return true
		})
	})
}

// TestPackageVariablesAreNotWritten finds package-level variables that a function assigns to. Taking an
// address or calling a method is not seen: the parser knows no types.
func TestPackageVariablesAreNotWritten(t *testing.T) {
	tr := load(t)
	vars := packageVariables(tr)
	tr.each(func(f *file, n ast.Node) {
		if f.test || isTestSupport(f.dir) {
			return
		}
		for _, target := range assigned(n) {
			id := rootIdent(target)
			if id == nil || id.Name == "_" || !vars[f.dir][id.Name] {
				continue
			}
			// A local of the same name resolves to something declared inside a function.
			if id.Obj != nil && f.ast.Scope.Lookup(id.Name) != id.Obj {
				continue
			}
			t.Errorf("%s: package variable %s is written: keep it in a struct that its owner makes", tr.at(id.Pos()), id.Name)
		}
	})
}

func packageVariables(tr *tree) map[string]map[string]bool {
	vars := map[string]map[string]bool{}
	for dir, files := range tr.packages() {
		vars[dir] = map[string]bool{}
		for _, f := range files {
			for _, decl := range f.ast.Decls {
				group, ok := decl.(*ast.GenDecl)
				if !ok || group.Tok != token.VAR {
					continue
				}
				for _, spec := range group.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						vars[dir][name.Name] = true
					}
				}
			}
		}
	}
	return vars
}

// assigned are the expressions that a statement writes to.
func assigned(n ast.Node) []ast.Expr {
	switch s := n.(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			return s.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{s.X}
	}
	return nil
}

// rootIdent is x in x, x.f, x[i] and *x.
func rootIdent(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}
