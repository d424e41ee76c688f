package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// door is one line of doors.txt.
type door struct {
	module string
	where  []string
	reason string
}

// The three columns stand two spaces or more apart, so that a reason may have spaces.
var doorColumns = regexp.MustCompile(`\s{2,}`)

func readDoors(t *testing.T) []door {
	t.Helper()
	var doors []door
	for _, line := range tableLines(t, "doors.txt") {
		parts := doorColumns.Split(line, -1)
		if len(parts) < 3 {
			t.Fatalf("doors.txt: %q: write module, packages and reason, two spaces apart", line)
		}
		last := len(parts) - 1
		where := strings.Fields(strings.Join(parts[1:last], " "))
		doors = append(doors, door{module: parts[0], where: where, reason: parts[last]})
	}
	return doors
}

// covers reports whether an import path lies in the door's module. The longest such module counts,
// since modules may lie inside each other.
func (d door) covers(importPath string) bool {
	return importPath == d.module || strings.HasPrefix(importPath, d.module+"/")
}

// findDoor is the index of the door of an import, or -1.
func findDoor(doors []door, importPath string) int {
	best := -1
	for i, d := range doors {
		// "log" must not stand for "log/slog": packages of the standard library are meant exactly.
		exact := d.module == importPath
		if (exact || !isStandard(d.module) && d.covers(importPath)) && (best < 0 || len(d.module) > len(doors[best].module)) {
			best = i
		}
	}
	return best
}

// isStandard reports whether an import path belongs to the standard library: no dot in its first part.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func TestOutsideModulesHaveOneDoor(t *testing.T) {
	tr, doors := load(t), readDoors(t)
	used := make([]bool, len(doors))
	for _, f := range tr.files {
		for _, spec := range f.ast.Imports {
			importPath := unquote(spec.Path.Value)
			i := findDoor(doors, importPath)
			if i < 0 {
				ours := importPath == tr.module || strings.HasPrefix(importPath, tr.module+"/")
				if !ours && !isStandard(importPath) {
					t.Errorf("%s: %s is in no line of internal/lint/doors.txt: use what is there, or add it with its reason", tr.at(spec.Pos()), importPath)
				}
				continue
			}
			used[i] = true
			if !f.test && !isTestSupport(f.dir) && !matches(doors[i].where, f.dir) {
				t.Errorf("%s: %s imports %s, whose door is %s: call that package instead",
					tr.at(spec.Pos()), f.dir, importPath, strings.Join(doors[i].where, " "))
			}
		}
	}
	for i, d := range doors {
		if !used[i] && !isStandard(d.module) {
			t.Errorf("doors.txt: nothing imports %s: delete the line, and the module from go.mod", d.module)
		}
	}
}

// directRequire finds the modules go.mod names for our own sake.
var directRequire = regexp.MustCompile(`(?m)^(?:require)?\s+(\S+) v\S+$`)

func TestDirectRequirementsHaveADoor(t *testing.T) {
	tr, doors := load(t), readDoors(t)
	mod, err := os.ReadFile(filepath.Join(tr.root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range directRequire.FindAllStringSubmatch(string(mod), -1) {
		if findDoor(doors, m[1]) < 0 && !holdsDoor(doors, m[1]) {
			t.Errorf("go.mod: %s is required directly and in no line of internal/lint/doors.txt: run go mod tidy, or add it with its reason", m[1])
		}
	}
}

// holdsDoor reports whether a door is a package inside a module.
func holdsDoor(doors []door, module string) bool {
	for _, d := range doors {
		if strings.HasPrefix(d.module, module+"/") {
			return true
		}
	}
	return false
}

func TestFindDoor(t *testing.T) {
	doors := []door{{module: "example.org/a"}, {module: "example.org/a/b"}, {module: "log"}}
	f := func(importPath string, want int) {
		t.Helper()
		if got := findDoor(doors, importPath); got != want {
			t.Errorf("findDoor(%s) = %d, want %d", importPath, got, want)
		}
	}
	f("example.org/a", 0)
	f("example.org/a/c", 0)
	f("example.org/a/b/c", 1)
	f("example.org/ab", -1)
	f("log", 2)
	f("log/slog", -1)
}
