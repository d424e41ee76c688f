package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"millrace/sql/function"
	"millrace/sql/plan"
)

// TestSQLReference holds docs/sql.md against the code: it names every function that SHOW FUNCTIONS lists and no
// other, and every setting that acts, with its default.
func TestSQLReference(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "sql.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("functions", func(t *testing.T) {
		var documented []string
		for line := range strings.Lines(section(t, string(text), "Functions")) {
			if strings.HasPrefix(line, "| ") {
				documented = append(documented, strings.Fields(strings.ReplaceAll(line, "`", " "))...)
			}
		}
		documented = slices.DeleteFunc(documented, func(s string) bool { return !functionName.MatchString(s) })
		have := slices.DeleteFunc(function.NewSet().Names(), func(s string) bool { return !functionName.MatchString(s) })
		var bound []string
		for _, f := range boundByPlan {
			bound = append(bound, strings.Fields(f)...)
		}
		compareNames(t, documented, append(have, bound...))
	})
	t.Run("settings", func(t *testing.T) {
		var documented, have []string
		for line := range strings.Lines(section(t, string(text), "Settings")) {
			if strings.HasPrefix(line, "| `") {
				cells := strings.Split(line, " | ")
				documented = append(documented, strings.Trim(cells[0], "| `")+"="+strings.Trim(cells[1], "`"))
			}
		}
		for _, s := range plan.KnownSettings() {
			if s.Acts {
				have = append(have, s.Name+"="+s.Default)
			}
		}
		compareNames(t, documented, have)
	})
}

// boundByPlan are the functions that the planner itself makes something of; SHOW FUNCTIONS does not list them.
var boundByPlan = []string{
	"COALESCE IF IFNULL NULLIF", "ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD",
	"GROUPING GROUPING_ID GROUP_ID", "CURRENT_DATABASE",
}

var functionName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// section returns the text below a heading of the second level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("no section %q", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

func compareNames(t *testing.T, documented, have []string) {
	t.Helper()
	for _, name := range have {
		if !slices.Contains(documented, name) {
			t.Errorf("docs/sql.md lacks %s", name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(have, name) {
			t.Errorf("docs/sql.md names %s, which the code does not have", name)
		}
	}
}
