package lint

import (
	"path"
	"sort"
	"strings"
	"testing"
)

// layers are the lines of deps.txt, lowest first, each a list of patterns.
type layers [][]string

func readLayers(t *testing.T) layers {
	t.Helper()
	var ls layers
	for _, line := range tableLines(t, "deps.txt") {
		ls = append(ls, strings.Fields(line))
	}
	return ls
}

// find is the number of the line a package stands on, and how many lines name it.
func (ls layers) find(dir string) (line, count int) {
	line = -1
	for i, patterns := range ls {
		if matches(patterns, dir) {
			line = i
			count++
		}
	}
	return line, count
}

// allows reports whether package from may import package to, by the rules written in deps.txt.
func (ls layers) allows(from, to string) bool {
	if isTestSupport(to) {
		return isTestSupport(from)
	}
	lower, _ := ls.find(to)
	if isTestSupport(from) {
		owner := path.Dir(from)
		upper, _ := ls.find(owner)
		return to == owner || lower < upper
	}
	upper, _ := ls.find(from)
	return lower < upper
}

func TestEveryPackageStandsOnOneLine(t *testing.T) {
	ls := readLayers(t)
	for _, dir := range sortedPackages(load(t)) {
		if isTestSupport(dir) {
			dir = path.Dir(dir)
		}
		switch _, count := ls.find(dir); count {
		case 1:
		case 0:
			t.Errorf("%s: on no line of internal/lint/deps.txt: put it on the highest line whose packages it needs nothing of", dir)
		default:
			t.Errorf("%s: on %d lines of internal/lint/deps.txt: keep one", dir, count)
		}
	}
}

func TestImportsPointDown(t *testing.T) {
	tr, ls := load(t), readLayers(t)
	for _, f := range tr.files {
		if f.test {
			continue
		}
		for _, spec := range f.ast.Imports {
			to, ours := strings.CutPrefix(unquote(spec.Path.Value), tr.module+"/")
			if !ours || ls.allows(f.dir, to) {
				continue
			}
			if isTestSupport(to) {
				t.Errorf("%s: %s imports %s, which is for tests: move what is needed into %s", tr.at(spec.Pos()), f.dir, to, path.Dir(to))
				continue
			}
			t.Errorf("%s: %s imports %s, which is not below it in internal/lint/deps.txt: "+
				"move the shared part down, or take it as an interface or a value from the caller", tr.at(spec.Pos()), f.dir, to)
		}
	}
}

func TestAllows(t *testing.T) {
	ls := layers{{"fault", "schema"}, {"format"}, {"format/*"}, {"engine/op"}, {"engine"}}
	f := func(from, to string, want bool) {
		t.Helper()
		if got := ls.allows(from, to); got != want {
			t.Errorf("allows(%s, %s) = %v, want %v", from, to, got, want)
		}
	}
	f("engine", "engine/op", true)
	f("engine/op", "engine", false)
	f("fault", "schema", false)
	f("format/json", "format/csv", false)
	f("format/json", "format", true)
	f("format/json", "format/formattest", false)
	f("format/formattest", "format", true)
	f("format/formattest", "schema", true)
	f("format/formattest", "format/json", false)
	f("engine/enginetest", "format/formattest", true)
}

func sortedPackages(tr *tree) []string {
	var dirs []string
	for dir := range tr.packages() {
		dirs = append(dirs, dir)
	}
	sort.Strings(dirs)
	return dirs
}
