package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// promtool is Prometheus' own tool: from PATH, or where test/real/prometheus/install.sh puts it.
func promtool(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("promtool"); err == nil {
		return path
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, "millrace", "prometheus", "promtool")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("there is no promtool: test/real/prometheus/install.sh %s", filepath.Dir(path))
	}
	t.Skipf("there is no promtool: test/real/prometheus/install.sh %s", filepath.Dir(path))
	return ""
}

// TestMetricsForPrometheus holds /metrics of a working platform against promtool and the rule of names.
func TestMetricsForPrometheus(t *testing.T) {
	t.Parallel()
	tool := promtool(t)
	p := start(t)
	p.awaitTopic("sensors.stats")
	eventually(t, settle, func() error {
		_, err := p.query(map[string]any{"measurement": "cpu_usage", "time_range": "-15m", "filters": map[string]any{}})
		return err
	})
	status, text, err := p.try(http.MethodGet, "/metrics", "", nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("status %d, %v", status, err)
	}
	// Names that we took over from another program, as they are.
	ours := regexp.MustCompile(`(?m)^(# (HELP|TYPE) )?kafka_.*\n`).ReplaceAll(text, nil)
	cmd := exec.Command(tool, "check", "metrics")
	cmd.Stdin = bytes.NewReader(ours)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}

	// millrace_<room>_<thing>_<unit>, beside those of the Go runtime and the process. A room is a folder.
	name := regexp.MustCompile(`^(millrace_[a-z]+_[a-z0-9]+(_[a-z0-9]+)*|go_[a-z0-9_]+|process_[a-z_]+)$`)
	rooms := map[string]bool{}
	for line := range strings.Lines(string(ours)) {
		rest, ok := strings.CutPrefix(line, "# TYPE ")
		if !ok {
			continue
		}
		metric, kind, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if !name.MatchString(metric) {
			t.Errorf("metric %s is named by another rule", metric)
		}
		if strings.HasPrefix(metric, "millrace_") && (kind == "counter") != strings.HasSuffix(metric, "_total") {
			t.Errorf("%s is a %s", metric, kind)
		}
		if parts := strings.Split(metric, "_"); parts[0] == "millrace" {
			rooms[parts[1]] = true
		}
	}
	for room := range rooms {
		if info, err := os.Stat(filepath.Join(root(), room)); err != nil || !info.IsDir() {
			t.Errorf("metrics of %s, which is no folder", room)
		}
	}
	for _, room := range []string{"api", "bus", "engine", "node", "store"} {
		if !rooms[room] {
			t.Errorf("nothing of %s", room)
		}
	}
}
