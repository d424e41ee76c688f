package lint

import (
	"go/ast"
	"path"
	"regexp"
	"strings"
	"testing"
)

// emptyNames say nothing about what a package or file holds.
var emptyNames = map[string]bool{
	"util": true, "utils": true, "common": true, "helper": true, "helpers": true, "base": true,
	"core": true, "misc": true, "shared": true, "interfaces": true,
}

// emptyPackageNames add what is fine for a file but not for a package.
var emptyPackageNames = map[string]bool{"types": true, "models": true, "lib": true}

// emptySuffixes say of a type only that it does something.
var emptySuffixes = []string{"Manager", "Handler", "Service", "Processor", "Impl", "Helper", "Factory"}

func TestPackagesAndFilesAreNamedForWhatTheyHold(t *testing.T) {
	tr := load(t)
	for dir := range tr.packages() {
		if name := path.Base(dir); emptyNames[name] || emptyPackageNames[name] {
			t.Errorf("%s: %q says nothing: name the package for what it provides, or move its parts to their owners", dir, name)
		}
	}
	for _, f := range tr.files {
		if name := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.name), ".go"), "_test"); emptyNames[name] {
			t.Errorf("%s: %q says nothing: name the file for the noun or verb it holds", f.name, name)
		}
	}
}

func TestTypesAreNamedForWhatTheyAre(t *testing.T) {
	tr := load(t)
	tr.each(func(_ *file, n ast.Node) {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return
		}
		for _, suffix := range emptySuffixes {
			if strings.HasSuffix(spec.Name.Name, suffix) {
				t.Errorf("%s: type %s: %q says nothing: take the noun of the trade (an alert.Evaluator, not an AlertHandler)",
					tr.at(spec.Pos()), spec.Name.Name, suffix)
			}
		}
	})
}

// later finds a note to oneself and the issue it names.
var later = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b(\(#\d+\):)?`)

func TestNotesNameAnIssue(t *testing.T) {
	tr := load(t)
	for _, f := range tr.files {
		if f.dir == "internal/lint" {
			continue // names the words it looks for
		}
		for _, group := range f.ast.Comments {
			for _, c := range group.List {
				if m := later.FindStringSubmatch(c.Text); m != nil && (m[1] != "TODO" || m[2] == "") {
					t.Errorf("%s: %s without an issue: do it, or file it and write TODO(#123): and why", tr.at(c.Pos()), m[1])
				}
			}
		}
	}
}
