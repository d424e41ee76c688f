package filesystem_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/catalog"
	"millrace/connector"
	"millrace/connector/filesystem"
	"millrace/engine"
	"millrace/format"
	"millrace/format/csv"
	"millrace/format/json"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// script runs a script of SQL and returns the rows of its SELECTs, sorted.
func script(t *testing.T, text string) (rows []string, err error) {
	t.Helper()
	connectors, formats := []connector.Spec{filesystem.Spec()}, []format.Spec{json.Spec(), csv.Spec()}
	env := &engine.Env{
		Connectors: map[string]connector.Spec{}, Formats: map[string]format.Spec{}, Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return engine.MemoryLedger{}, nil },
	}
	for _, c := range connectors {
		env.Connectors[c.Name] = c
	}
	for _, f := range formats {
		env.Formats[f.Name] = f
	}
	err = plan.NewPlanner(catalog.New(), connectors, formats).Script(text, func(_ ast.Statement, r *plan.Result) error {
		if r.Job == nil {
			return nil
		}
		spec := engine.SpecOf("job", r.Job)
		spec.Collect = func(out *vec.Batch) error {
			for k := range out.Rows().Len() {
				var cells []string
				for c := range out.Cols {
					cells = append(cells, string(function.AppendText(nil, &out.Cols[c], out.Rows().At(k), time.UTC)))
				}
				rows = append(rows, strings.Join(cells, " "))
			}
			return nil
		}
		return engine.NewJob(env, spec).RunOnce(t.Context())
	})
	slices.Sort(rows)
	return rows, err
}

// files returns the content of all files below a folder, by folder.
func files(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		if dir, name := filepath.Split(rel); strings.HasPrefix(name, "part-") {
			rel = dir
		}
		out[rel] += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const partitioned = `
CREATE TABLE t (dt DATE, id INT, kind STRING, v DOUBLE) PARTITIONED BY (dt, kind) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = '%s'%s);
`

// TestPartitions writes a table with partitions and reads it back, with values that folders cannot be named after.
func TestPartitions(t *testing.T) {
	for name, lines := range map[string][3]string{
		"json": {`{"id":1,"v":0.5}` + "\n", `{"id":2,"v":1.5}` + "\n", `{"id":3,"v":2.5}` + "\n"},
		"csv":  {"1,0.5\n", "2,1.5\n", "3,2.5\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			table := fmt.Sprintf(partitioned, dir, name, ", 'sink.partition-commit.policy.kind' = 'success-file'")
			if _, err := script(t, table+`INSERT INTO t VALUES (DATE '2026-11-23', 1, 'a/b=c %', 0.5), (CAST(NULL AS DATE), 2, '', 1.5);
				INSERT INTO t PARTITION (dt = '2026-11-24', kind = 'x') SELECT 3, 2.5;`); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{
				"dt=2026-11-23/kind=a%2Fb%3Dc %25/": lines[0], "dt=2026-11-23/kind=a%2Fb%3Dc %25/_SUCCESS": "",
				"dt=__DEFAULT_PARTITION__/kind=__DEFAULT_PARTITION__/": lines[1], "dt=__DEFAULT_PARTITION__/kind=__DEFAULT_PARTITION__/_SUCCESS": "",
				"dt=2026-11-24/kind=x/": lines[2], "dt=2026-11-24/kind=x/_SUCCESS": "",
			}
			if diff := cmp.Diff(want, files(t, dir)); diff != "" {
				t.Error(diff)
			}
			if err := os.WriteFile(filepath.Join(dir, "stray"), []byte("?\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			f := func(query string, want ...string) {
				t.Helper()
				got, err := script(t, table+query)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
			f("SELECT * FROM t;", "2026-11-23 1 a/b=c % 0.5", "2026-11-24 3 x 2.5", "NULL 2 NULL 1.5")
			f("SELECT id FROM t WHERE kind = 'x';", "3")
			f("SELECT dt FROM t WHERE dt > DATE '2026-01-01';", "2026-11-23", "2026-11-24")
		})
	}
}

// TestOverwrite replaces partitions that rows go to, and a table without partitions as a whole.
func TestOverwrite(t *testing.T) {
	dir, whole := t.TempDir(), t.TempDir()
	table := "SET 'execution.runtime-mode' = 'batch';" + fmt.Sprintf(partitioned, dir, "json", "") +
		"CREATE TABLE all_of_it (id INT) WITH ('connector' = 'filesystem', 'path' = '" + whole + "', 'format' = 'json');"
	f := func(statements, query string, want ...string) {
		t.Helper()
		if _, err := script(t, table+statements); err != nil {
			t.Fatal(err)
		}
		got, err := script(t, table+query)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	f("INSERT INTO t VALUES (DATE '2026-11-23', 1, 'x', 0.5), (DATE '2026-11-23', 2, 'y', 0.5), (DATE '2026-11-24', 3, 'x', 0.5);",
		"SELECT id FROM t;", "1", "2", "3")
	f("INSERT OVERWRITE t VALUES (DATE '2026-11-23', 4, 'x', 0.5), (DATE '2026-11-25', 5, 'x', 0.5), (DATE '2026-11-23', 6, 'x', 0.5);",
		"SELECT id FROM t;", "2", "3", "4", "5", "6")
	f("INSERT OVERWRITE t PARTITION (dt = '2026-11-24', kind = 'x') SELECT 7, 0.5;", "SELECT id FROM t;", "2", "4", "5", "6", "7")
	f("INSERT INTO all_of_it VALUES 1, 2;", "SELECT * FROM all_of_it;", "1", "2")
	f("INSERT OVERWRITE all_of_it SELECT id FROM t WHERE dt = DATE '2026-11-25' UNION ALL SELECT 3;", "SELECT * FROM all_of_it;", "3", "5")
	f("INSERT OVERWRITE all_of_it SELECT id + 1 FROM all_of_it;", "SELECT * FROM all_of_it;", "4", "6")
	if _, err := script(t, table+"INSERT OVERWRITE all_of_it SELECT id FROM t WHERE id < 0;"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{}, files(t, whole)); diff != "" {
		t.Error(diff)
	}
}

// TestManyPartitions writes more partitions than a task has open at a time.
func TestManyPartitions(t *testing.T) {
	dir := t.TempDir()
	table := fmt.Sprintf(partitioned, dir, "json", "")
	var values []string
	for i := range 300 {
		values = append(values, fmt.Sprintf("(DATE '2026-11-23', %d, 'k%d', 1.0)", i, i%100))
	}
	if _, err := script(t, table+"INSERT INTO t VALUES "+strings.Join(values, ", ")+";"); err != nil {
		t.Fatal(err)
	}
	got, err := script(t, table+"SELECT COUNT(*), COUNT(DISTINCT kind), SUM(id) FROM t;")
	if err != nil || len(got) == 0 || !slices.Contains(got, "300 100 44850") {
		t.Errorf("got %q, %v", got[max(0, len(got)-3):], err)
	}
}

func TestPartitionsAreRefused(t *testing.T) {
	f := func(options, statement, want string) {
		t.Helper()
		_, err := script(t, fmt.Sprintf(partitioned, t.TempDir(), "json", options)+statement)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	f("", "INSERT INTO t PARTITION (id = 1) SELECT DATE '2026-11-23', 'x', 1.0;", "partitioned by")
	f("", "INSERT OVERWRITE t VALUES (DATE '2026-11-23', 1, 'x', 1.0);", "for batch mode")
	f("", "INSERT INTO t PARTITION (dt = 'x') SELECT 1, 'x', 1.0;", "")
	f(", 'sink.partition-commit.policy.kind' = 'metastore'", "INSERT INTO t VALUES (DATE '2026-11-23', 1, 'x', 1.0);", `policy "metastore" is not known`)
	f(", 'sink.partition-commit.policy.kind' = 'success-file', 'sink.partition-commit.trigger' = 'partition-time'", "INSERT INTO t VALUES (DATE '2026-11-23', 1, 'x', 1.0);", "not by their time")
}
