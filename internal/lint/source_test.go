package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// file is one parsed Go file of the repository.
type file struct {
	name string // path below the repository's root
	dir  string // its package, as deps.txt writes it: "sql/plan"
	test bool
	ast  *ast.File
}

// tree is the whole repository. All files share one file set.
type tree struct {
	root   string
	module string
	fset   *token.FileSet
	files  []*file
}

// source parses the repository once for all tests of this package.
var source = sync.OnceValues(readTree)

func load(t *testing.T) *tree {
	t.Helper()
	tr, err := source()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func readTree() (*tree, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return nil, err
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	tr := &tree{root: root, module: modulePath(string(mod)), fset: token.NewFileSet()}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipFolder(name == root, name)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		return tr.add(name)
	})
	return tr, err
}

// skipFolder leaves out what the go command leaves out, other modules among it, and the front end's packages.
func skipFolder(isRoot bool, folder string) error {
	if isRoot {
		return nil
	}
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	name := filepath.Base(folder)
	if name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return filepath.SkipDir
	}
	return nil
}

func (tr *tree) add(name string) error {
	parsed, err := parser.ParseFile(tr.fset, name, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(tr.root, name)
	if err != nil {
		return err
	}
	rel = filepath.ToSlash(rel)
	if ast.IsGenerated(parsed) {
		return nil
	}
	tr.files = append(tr.files, &file{
		name: rel,
		dir:  path.Dir(rel),
		test: strings.HasSuffix(rel, "_test.go"),
		ast:  parsed,
	})
	return nil
}

// at is a position as "file:line", which editors open.
func (tr *tree) at(pos token.Pos) string {
	p := tr.fset.Position(pos)
	rel, err := filepath.Rel(tr.root, p.Filename)
	if err != nil {
		rel = p.Filename
	}
	return filepath.ToSlash(rel) + ":" + strconv.Itoa(p.Line)
}

// packages are the folders that hold Go files which are not tests.
func (tr *tree) packages() map[string][]*file {
	byDir := map[string][]*file{}
	for _, f := range tr.files {
		if !f.test {
			byDir[f.dir] = append(byDir[f.dir], f)
		}
	}
	return byDir
}

// each calls visit for every node of every file.
func (tr *tree) each(visit func(f *file, n ast.Node)) {
	for _, f := range tr.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if n != nil {
				visit(f, n)
			}
			return true
		})
	}
}

// imported says under which name a file knows an import path, and "" if it does not import it.
func (f *file) imported(importPath string) string {
	for _, spec := range f.ast.Imports {
		if unquote(spec.Path.Value) != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// isSelector reports whether n is pkg.name of the package at importPath in file f.
func (f *file) isSelector(n ast.Node, importPath, name string) bool {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	// An identifier that resolves to something in the file is a variable that hides the package.
	return ok && x.Obj == nil && x.Name == f.imported(importPath)
}

func unquote(literal string) string {
	s, err := strconv.Unquote(literal)
	if err != nil {
		return literal
	}
	return s
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+(\S+)`)

func modulePath(goMod string) string {
	m := moduleLine.FindStringSubmatch(goMod)
	if m == nil {
		return ""
	}
	return m[1]
}

// isTestSupport reports whether a package is x/xtest, the test support of package x.
func isTestSupport(dir string) bool {
	return path.Dir(dir) != "." && path.Base(dir) == path.Base(path.Dir(dir))+"test"
}

// matches reports whether a package is meant by one of the patterns.
func matches(patterns []string, dir string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, dir); err == nil && ok {
			return true
		}
	}
	return false
}

// tableLines are the lines of a text file without comments and empty ones.
func tableLines(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}
