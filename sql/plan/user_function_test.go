package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"millrace/catalog"
	"millrace/sql/ast"
	"millrace/sql/plan"
	"millrace/sql/wasm"
	"millrace/sql/wasm/wasmtest"
)

// TestFunctionsAreKeptWithTheCatalog: neither the script nor the file of a module is needed after a restart.
func TestFunctionsAreKeptWithTheCatalog(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "m.wasm")
	if err := os.WriteFile(file, wasmtest.Sample(), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(script string) string {
		t.Helper()
		c, err := catalog.Open(filepath.Join(folder, "data", "catalog.json"))
		if err != nil {
			t.Fatal(err)
		}
		p := plan.NewPlanner(c, nil, nil)
		p.Modules = wasm.Anywhere(1 << 20)
		text := ""
		err = p.Script(script, func(_ ast.Statement, r *plan.Result) error {
			if r.Job != nil {
				text = r.Job.Text
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	run("CREATE FUNCTION plus AS 'add(BIGINT, BIGINT) RETURNS BIGINT' LANGUAGE WASM USING JAR '" + file + "';" +
		"CREATE FUNCTION plus_two (x BIGINT) RETURNS BIGINT RETURN plus(x, 2);")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if got := run("SELECT plus_two(40)"); !strings.Contains(got, "42") {
		t.Errorf("the plan is %s, want a 42 in it", got)
	}
	run("DROP FUNCTION plus; DROP FUNCTION plus_two;")
	left, err := filepath.Glob(filepath.Join(folder, "data", "modules", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("modules left behind: %v, %v", left, err)
	}
}
