package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"millrace/sql/ast"
	"millrace/sql/plan"
)

// FuzzScript looks for scripts that make the planner panic.
func FuzzScript(f *testing.F) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil {
		f.Fatal(err)
	}
	setup := ""
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "--->") {
			for statement := range strings.SplitSeq(part, ";") {
				f.Add(statement)
				if strings.HasPrefix(strings.TrimSpace(statement), "CREATE") && !strings.Contains(statement, "SELECT") {
					setup += statement + ";"
				}
			}
		}
	}
	f.Fuzz(func(_ *testing.T, sql string) {
		p := newPlanner()
		nothing := func(ast.Statement, *plan.Result) error { return nil }
		// Some of the statements are errors on purpose: execute those that are right.
		for statement := range strings.SplitSeq(setup, ";") {
			_ = p.Script(statement, nothing)
		}
		_ = p.Script(sql, nothing)
	})
}
