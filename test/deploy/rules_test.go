package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// The rules are what Prometheus takes, and fire when they should.
func TestRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, from := range map[string]string{"rules.yaml": inDeploy(t, "helm", "millrace", "rules.yaml"), "cases.yaml": "rules_test.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(read(t, from)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool := tool(t, "promtool")
	for _, args := range [][]string{{"check", "rules", filepath.Join(dir, "rules.yaml")}, {"test", "rules", filepath.Join(dir, "cases.yaml")}} {
		if out, errs, err := command(t, nil, promtool, args...); err != nil {
			t.Errorf("promtool %v: %v\n%s%s", args, err, out, errs)
		}
	}
}

// ruleMetrics are the names of metrics that the rules use.
func ruleMetrics(t testing.TB) []string {
	names := regexp.MustCompile(`millrace_[a-z_]+`).FindAllString(read(t, inDeploy(t, "helm", "millrace", "rules.yaml")), -1)
	slices.Sort(names)
	return slices.Compact(names)
}
