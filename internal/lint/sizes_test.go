package lint

import (
	"cmp"
	"go/ast"
	"slices"
	"testing"
)

// Sizes at which a reader starts to ask whether this is one idea. They are shown, never enforced.
const (
	longFile     = 400
	longFunction = 70
	shownAtMost  = 20
)

// sized is a file or function and its number of lines.
type sized struct {
	what  string
	lines int
}

// TestSizes reports long files and functions. Read it with go test -v -run Sizes ./internal/lint.
func TestSizes(t *testing.T) {
	tr := load(t)
	var files, funcs []sized
	total := 0
	for _, f := range tr.files {
		if f.test {
			continue
		}
		lines := tr.fset.Position(f.ast.End()).Line
		total += lines
		files = append(files, sized{f.name, lines})
		for _, decl := range f.ast.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok {
				size := tr.fset.Position(d.End()).Line - tr.fset.Position(d.Pos()).Line + 1
				funcs = append(funcs, sized{tr.at(d.Pos()) + " " + d.Name.Name, size})
			}
		}
	}
	t.Logf("%d lines in %d files and %d functions of %d packages, without tests", total, len(files), len(funcs), len(tr.packages()))
	report(t, "files", files, longFile)
	report(t, "functions", funcs, longFunction)
}

func report(t *testing.T, kind string, all []sized, limit int) {
	t.Helper()
	if len(all) == 0 {
		return
	}
	slices.SortFunc(all, func(a, b sized) int { return cmp.Compare(b.lines, a.lines) })
	long := 0
	for _, s := range all {
		if s.lines > limit {
			long++
		}
	}
	t.Logf("%s: median %d lines, %d of %d over %d", kind, all[len(all)/2].lines, long, len(all), limit)
	for _, s := range all[:min(long, shownAtMost)] {
		t.Logf("  %5d  %s", s.lines, s.what)
	}
}
