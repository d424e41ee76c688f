package deploy

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// fromChart starts the platform as a pod of the chart does: its arguments, its configuration, its GOMEMLIMIT. Only what is
// outside differs: the bus is embedded, the bucket a folder, addresses and token files are of the test.
func fromChart(t testing.TB) (url string) {
	t.Helper()
	in := render(t)
	c := get[*apps.StatefulSet](t, in, "StatefulSet/millrace").Spec.Template.Spec.Containers[0]
	text := get[*core.ConfigMap](t, in, "ConfigMap/millrace").Data["millrace.yaml"]
	dir := t.TempDir()
	for name, value := range map[string]string{
		"millrace.yaml": strings.ReplaceAll(text, "/etc/millrace/tokens", dir),
		"admin":         token + "\n", "metrics": "metrics-" + token,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"up", "--data", filepath.Join(dir, "data"), "--listen"}
	address := freeAddress(t)
	args = append(args, address)
	for _, a := range c.Args {
		args = append(args, strings.ReplaceAll(a, "/etc/millrace/config", dir))
	}
	url = "http://" + address
	server(t, url+c.ReadinessProbe.HTTPGet.Path, plainEnv(
		"GOMEMLIMIT="+env(c, "GOMEMLIMIT"), "MILLRACE_REPLICA=millrace-0", "MILLRACE_KAFKA_BOOTSTRAP=", "MILLRACE_KAFKA_LISTEN=127.0.0.1:0",
		"MILLRACE_KAFKA_PARTITIONS=4", "MILLRACE_BUCKET_URL=file://"+filepath.Join(dir, "bucket"),
	), binary(t), args...)
	return url
}

// ask makes one request with a token, if there is one, and returns the answer and its body.
func ask(t testing.TB, method, url, token, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// The chart's configuration is one that the platform takes, and means what the values say.
func TestPlatformTakesTheChart(t *testing.T) {
	t.Parallel()
	url := fromChart(t)
	c := get[*apps.StatefulSet](t, render(t), "StatefulSet/millrace").Spec.Template.Spec.Containers[0]
	for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if resp, text := ask(t, http.MethodGet, url+probe.HTTPGet.Path, "", ""); resp.StatusCode != http.StatusOK {
			t.Errorf("probe %s: %s %s", probe.HTTPGet.Path, resp.Status, text)
		}
	}
	if resp, _ := ask(t, http.MethodGet, url+"/api/status", "", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s, want 401", resp.Status)
	}
	_, text := ask(t, http.MethodGet, url+"/api/config", token, "", "Accept", "application/json")
	var answer struct{ YAML string }
	if err := yaml.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Replica, Demo string
		SQL           struct {
			Memory  string
			Threads int
		}
		Store struct {
			QueryCache string `json:"query_cache"`
		}
		Bucket struct{ Snapshots bool }
		Log    struct{ Format string }
	}
	if err := yaml.Unmarshal([]byte(answer.YAML), &got); err != nil {
		t.Fatal(err)
	}
	want := got
	want.Replica, want.Demo, want.SQL.Memory, want.SQL.Threads, want.Store.QueryCache = "millrace-0", "off", "256 mb", 2, "51 mb"
	want.Bucket.Snapshots, want.Log.Format = true, "json"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings in force (-want +got):\n%s\nof %s", diff, text)
	}
	checkRuleMetrics(t, url)
}

// checkRuleMetrics holds that the rules ask for metrics that there are, with the token that Prometheus has.
func checkRuleMetrics(t *testing.T, url string) {
	t.Helper()
	resp, text := ask(t, http.MethodGet, url+"/metrics", "metrics-"+token, "")
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %s %s", resp.Status, text)
	}
	for _, name := range ruleMetrics(t) {
		if !regexp.MustCompile(`(?m)^` + name + `[ {]`).MatchString(text) {
			t.Errorf("the rules ask for %s, which /metrics has not", name)
		}
	}
}
