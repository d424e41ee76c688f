package ledger

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// points reads the names of all points from the source of the program, sorted. A name that is no constant, or that
// stands in two places, is an error.
func points(t *testing.T) []string {
	t.Helper()
	where := map[string]string{}
	err := filepath.WalkDir(root(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "ui" || name == "test" || name == "bench" || name == "internal" || name != ".." && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "Hit" {
				return true
			}
			if x, ok := s.X.(*ast.Ident); !ok || x.Name != "failpoint" {
				return true
			}
			at := set.Position(call.Pos()).String()
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the name of a point is to be a string constant", at)
				return true
			}
			name, err := strconv.Unquote(lit.Value)
			if err != nil || where[name] != "" {
				t.Errorf("%s: point %s is at %s, too", at, lit.Value, where[name])
			}
			where[name] = at
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range where {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// pointsOf are the points of some packages.
func pointsOf(t *testing.T, packages ...string) []string {
	t.Helper()
	return slices.DeleteFunc(points(t), func(name string) bool {
		pkg, _, _ := strings.Cut(name, ".")
		return !slices.Contains(packages, pkg)
	})
}

// The parts of the program whose points the tests come to.
var (
	brokerParts   = []string{"partition", "keyed", "txn", "group", "topic"}
	pipelineParts = []string{"engine", "state", "bus", "store"}
	bucketParts   = []string{"bucket"} // only where replicas share their snapshots
)

// TestPointsAreTested wants every point to be one that a test comes to.
func TestPointsAreTested(t *testing.T) {
	t.Parallel()
	all := points(t)
	if known := pointsOf(t, slices.Concat(brokerParts, pipelineParts, bucketParts)...); !slices.Equal(all, known) {
		t.Errorf("there are points of packages that no test here comes to:\n%v\nknown are\n%v", all, known)
	}
	if len(all) < 60 {
		t.Errorf("%d points were found; some are not seen", len(all))
	}
}
