package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fileScript writes a small JSON file and a script that reads it, and returns the script's path.
func fileScript(t *testing.T, query string) string {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "readings.json")
	lines := `{"id": "s001", "temperature": 77, "event_time": "2026-11-20 10:00:01.000"}
{"id": "s002", "temperature": null, "event_time": "2026-11-20 10:00:02.500"}
{"id": "s001", "temperature": 50, "event_time": "2026-11-20 10:00:12.000"}
`
	script := fmt.Sprintf(`CREATE TABLE readings (
  id          STRING,
  temperature DOUBLE,
  event_time  TIMESTAMP(3),
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'file://%s', 'format' = 'json');
%s`, data, query)
	path := filepath.Join(dir, "script.sql")
	for name, text := range map[string]string{data: lines, path: script} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

const celsiusQuery = "SELECT id, (temperature - 32) * 5 / 9 AS celsius, event_time FROM readings;\n"

func runSQL(t *testing.T, script string, args ...string) string {
	t.Helper()
	out, errs, code := millrace(t, "", append([]string{"sql", "-f", script}, args...)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	return out
}

func TestSQLAsTSV(t *testing.T) {
	t.Parallel()
	got := runSQL(t, fileScript(t, celsiusQuery), "--output", "tsv")
	want := "op\tid\tcelsius\tevent_time\n" +
		"+I\ts001\t25.0\t2026-11-20 10:00:01.000\n" +
		"+I\ts002\t<NULL>\t2026-11-20 10:00:02.500\n" +
		"+I\ts001\t10.0\t2026-11-20 10:00:12.000\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSQLAsJSON(t *testing.T) {
	t.Parallel()
	type change struct {
		Op  string         `json:"op"`
		Row map[string]any `json:"row"`
	}
	var got []change
	for line := range strings.Lines(runSQL(t, fileScript(t, celsiusQuery), "--output", "json")) {
		var c change
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		delete(c.Row, "event_time")
		got = append(got, c)
	}
	want := []change{
		{"+I", map[string]any{"id": "s001", "celsius": 25.0}},
		{"+I", map[string]any{"id": "s002", "celsius": nil}},
		{"+I", map[string]any{"id": "s001", "celsius": 10.0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSQLAsTable(t *testing.T) {
	t.Parallel()
	got := runSQL(t, fileScript(t, celsiusQuery))
	for _, want := range []string{"id", "celsius", "s001", "25.0", "s002", "10.0"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in the table:\n%s", want, got)
		}
	}
}

// TestSQLWindows ends a bounded job: windows that are open at the end of the file are put out.
func TestSQLWindows(t *testing.T) {
	t.Parallel()
	script := fileScript(t, `SELECT id, window_start, COUNT(*) AS n, AVG(temperature) AS degrees
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(event_time), INTERVAL '10' SECOND))
GROUP BY id, window_start, window_end;
`)
	lines := strings.Split(strings.TrimSpace(runSQL(t, script, "--output", "tsv")), "\n")
	slices.Sort(lines[1:])
	want := []string{
		"op\tid\twindow_start\tn\tdegrees",
		"+I\ts001\t2026-11-20 10:00:00.000\t1\t77.0",
		"+I\ts001\t2026-11-20 10:00:10.000\t1\t50.0",
		"+I\ts002\t2026-11-20 10:00:00.000\t1\t<NULL>",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestSQLErrors(t *testing.T) {
	t.Parallel()
	f := func(query string, want ...string) {
		t.Helper()
		out, errs, code := millrace(t, "", "sql", "-f", fileScript(t, query))
		if code != 1 {
			t.Errorf("%q: exit code %d, want 1: %s%s", query, code, out, errs)
		}
		for _, w := range want {
			if !strings.Contains(errs, w) {
				t.Errorf("%q: %q is not in what it says:\n%s", query, w, errs)
			}
		}
	}
	// The script's own lines begin on line 7, after the table.
	f("SELECT id FORM readings;\n", "7")
	f("SELECT\n  tempreature FROM readings;\n", "8", "tempreature", "temperature")
	f("SELECT id FROM nowhere;\n", "7", "nowhere")

	_, errs, code := millrace(t, "", "sql", "-f", filepath.Join(t.TempDir(), "absent.sql"))
	if code != 1 || !strings.Contains(errs, "absent.sql") {
		t.Errorf("a script that is not there: exit code %d, says %q", code, errs)
	}
}
