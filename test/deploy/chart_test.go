package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// single are the values for one replica with all that it has built in.
var single = []string{"--set", "replicas=1,autoscaling.enabled=false,kafka.bootstrap=null,redis.host=,bucket.url="}

// helm runs helm with folders of its own.
func helm(t testing.TB, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	home := t.TempDir()
	return command(t, plainEnv("HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home), tool(t, "helm"), args...)
}

// render is the chart as helm template writes it.
func render(t testing.TB, values ...string) objects {
	t.Helper()
	out, errs, err := helm(t, append([]string{"template", "millrace", inDeploy(t, "helm", "millrace"), "--namespace", "data"}, values...)...)
	if err != nil {
		t.Fatalf("helm template %v: %v\n%s", values, err, errs)
	}
	return decode(t, out)
}

func TestChartLint(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{nil, single} {
		out, errs, err := helm(t, append([]string{"lint", "--strict", inDeploy(t, "helm", "millrace")}, values...)...)
		if err != nil || strings.Contains(out, "[ERROR]") || strings.Contains(out, "[WARNING]") {
			t.Errorf("helm lint --strict %v: %v\n%s%s", values, err, out, errs)
		}
	}
}

func TestChart(t *testing.T) {
	t.Parallel()
	in := render(t)
	want := []string{
		"ConfigMap/millrace", "HorizontalPodAutoscaler/millrace", "PodDisruptionBudget/millrace", "Secret/millrace-tokens",
		"Service/millrace", "Service/millrace-replicas", "ServiceAccount/millrace", "StatefulSet/millrace",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(in))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	checkReplicas(t, in, "millrace")
	set := get[*apps.StatefulSet](t, in, "StatefulSet/millrace")
	if *set.Spec.Replicas != 3 {
		t.Errorf("%d replicas, want 3", *set.Spec.Replicas)
	}
	scaler := get[*autoscaling.HorizontalPodAutoscaler](t, in, "HorizontalPodAutoscaler/millrace")
	if ref := scaler.Spec.ScaleTargetRef; ref.Kind != "StatefulSet" || ref.Name != set.Name || ref.APIVersion != "apps/v1" {
		t.Errorf("the autoscaler scales %v", ref)
	}
	if *scaler.Spec.MinReplicas != 3 || scaler.Spec.MaxReplicas < 3 || scaler.Spec.Metrics[0].Resource.Name != core.ResourceCPU {
		t.Errorf("autoscaler: %v", scaler.Spec)
	}
	// Whatever names a secret can be resolved: by the chart, or by one that its values name.
	tokens := get[*core.Secret](t, in, "Secret/millrace-tokens")
	for name, value := range tokens.Data {
		if len(value) < 32 {
			t.Errorf("token %s has %d characters", name, len(value))
		}
	}
	again := get[*core.Secret](t, render(t), "Secret/millrace-tokens")
	if string(tokens.Data["admin"]) == string(again.Data["admin"]) || string(tokens.Data["admin"]) == string(tokens.Data["metrics"]) {
		t.Error("tokens are not random")
	}
	// Another configuration is another pod.
	other := get[*apps.StatefulSet](t, render(t, "--set", "config.log.level=debug"), "StatefulSet/millrace")
	if sum := "checksum/config"; set.Spec.Template.Annotations[sum] == other.Spec.Template.Annotations[sum] {
		t.Error("pods stay as they are when the configuration changes")
	}
}

func TestChartOfOneReplica(t *testing.T) {
	t.Parallel()
	in := render(t, single...)
	if in["HorizontalPodAutoscaler/millrace"] != nil {
		t.Error("one replica is scaled")
	}
	set := get[*apps.StatefulSet](t, in, "StatefulSet/millrace")
	c := set.Spec.Template.Spec.Containers[0]
	if *set.Spec.Replicas != 1 || env(c, "REDIS_HOST") != "" || len(c.EnvFrom) > 0 {
		t.Errorf("replicas %d, environment %v, from %v", *set.Spec.Replicas, c.Env, c.EnvFrom)
	}
}

// What replicas need is asked for before anything is installed.
func TestChartRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ values, says string }{
		"replicas without Kafka":      {"kafka.bootstrap=null", "bootstrap"},
		"replicas without a bucket":   {"bucket.url=", "bucket"},
		"replicas on a folder":        {"bucket.url=file:///shared", "bucket"},
		"scaling without Kafka":       {"replicas=1,kafka.bootstrap=null", "bootstrap"},
		"fewer than the least":        {"replicas=9", "maxReplicas"},
		"more than partitions":        {"kafka.partitions=3", "partitions"},
		"a word that is no setting":   {"replica=3", "replica"},
		"a role that is none":         {"tokens[0].role=root", "role"},
		"no tokens":                   {"tokens=null", "tokens"},
		"a limit that nobody can add": {"resources.limits.memory=1.5Gi", "memory"},
		"memory given away":           {"memory.go=60,memory.sql=35", "memory"},
		"scraped without a token":     {"serviceMonitor.enabled=true,tokens[1].name=grafana", "tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errs, err := helm(t, "template", "millrace", inDeploy(t, "helm", "millrace"), "--set", c.values)
			if err == nil {
				t.Fatalf("--set %s was taken:\n%s", c.values, out)
			}
			if !strings.Contains(errs, c.says) {
				t.Errorf("--set %s: no %q in\n%s", c.values, c.says, errs)
			}
		})
	}
}

func TestChartToggles(t *testing.T) {
	t.Parallel()
	values := filepath.Join(t.TempDir(), "values.yaml")
	err := os.WriteFile(values, []byte(`
fullnameOverride: stream
tokenSecret: {existingSecret: mine}
persistence: {enabled: false}
networkPolicy:
  enabled: true
  from: [{podSelector: {matchLabels: {app: gateway}}}]
  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]
serviceMonitor: {enabled: true, labels: {release: prometheus}}
prometheusRule: {enabled: true}
influxdb: {url: "http://influxdb:8086", org: myorg, bucket: mybucket, existingSecret: influx}
redis: {existingSecret: redis}
podAnnotations: {a: b}
podLabels: {team: data}
priorityClassName: high
nodeSelector: {disk: ssd}
tolerations: [{key: dedicated, operator: Exists}]
extraEnv: [{name: MILLRACE_LOG_LEVEL, value: debug}]
extraVolumes: [{name: ca, secret: {secretName: ca}}]
extraVolumeMounts: [{name: ca, mountPath: /etc/ca}]
image: {repository: registry.example.org/millrace, tag: "1.0"}
imagePullSecrets: [{name: pull}]
service: {type: ClusterIP, port: 8080}
resources: {limits: {memory: 4Gi}}
config: {store: {retention: {default: 90 d}}}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	in := render(t, "--values", values)
	set := get[*apps.StatefulSet](t, in, "StatefulSet/stream")
	pod := set.Spec.Template.Spec
	if env(pod.Containers[0], "GOMEMLIMIT") != "1843MiB" {
		t.Errorf("GOMEMLIMIT %s, want 45%% of 4Gi", env(pod.Containers[0], "GOMEMLIMIT"))
	}
	if pod.Containers[0].Image != "registry.example.org/millrace:1.0" || len(set.Spec.VolumeClaimTemplates) > 0 || in["Secret/stream-tokens"] != nil {
		t.Errorf("image %s, claims %v, a secret of the chart's: %v", pod.Containers[0].Image, set.Spec.VolumeClaimTemplates, in["Secret/stream-tokens"])
	}
	for _, v := range pod.Volumes {
		if v.Name == "tokens" && v.Secret.SecretName != "mine" || v.Name == "data" && v.EmptyDir == nil {
			t.Errorf("volume %s: %v", v.Name, v.VolumeSource)
		}
	}
	net := get[*networking.NetworkPolicy](t, in, "NetworkPolicy/stream")
	if !labels.SelectorFromSet(net.Spec.PodSelector.MatchLabels).Matches(labels.Set(set.Spec.Template.Labels)) || len(net.Spec.PolicyTypes) != 2 ||
		net.Spec.Ingress[0].Ports[0].Port.IntVal != 8000 || len(net.Spec.Ingress[0].From) != 1 || len(net.Spec.Egress) != 2 {
		t.Errorf("network policy: %v", net.Spec)
	}
	monitor := get[*monitoring.ServiceMonitor](t, in, "ServiceMonitor/stream")
	end := monitor.Spec.Endpoints[0]
	if end.Path != "/metrics" || end.Port != "http" || end.Authorization.Credentials.Name != "mine" || end.Authorization.Credentials.Key != "metrics" {
		t.Errorf("service monitor: %v", end)
	}
	for name, scraped := range map[string]bool{"Service/stream-replicas": true, "Service/stream": false} {
		if got := labels.SelectorFromSet(monitor.Spec.Selector.MatchLabels).Matches(labels.Set(get[*core.Service](t, in, name).Labels)); got != scraped {
			t.Errorf("%s is scraped: %v, want %v", name, got, scraped)
		}
	}
	if rules := get[*monitoring.PrometheusRule](t, in, "PrometheusRule/stream"); len(rules.Spec.Groups) != 1 || len(rules.Spec.Groups[0].Rules) < 5 {
		t.Errorf("rules: %v", rules.Spec)
	}
	checkMounts(t, in, set, pod.Containers[0])
	var config struct {
		Store    struct{ Retention map[string]string }
		InfluxDB struct{ Org string }
	}
	if err := yaml.Unmarshal([]byte(get[*core.ConfigMap](t, in, "ConfigMap/stream").Data["millrace.yaml"]), &config); err != nil {
		t.Fatal(err)
	}
	if config.Store.Retention["default"] != "90 d" || config.InfluxDB.Org != "myorg" {
		t.Errorf("configuration: %v", config)
	}
}

// The notes say what is missing.
func TestChartNotes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values []string
		says   []string
	}{
		"several": {nil, []string{"3 replicas", "EXTERNAL-IP", "get secret millrace-tokens", "{.data.admin}"}},
		"one":     {single, []string{"1 replica ", "kafka.bootstrap is empty", "bucket.url is empty"}},
	} {
		out, errs, err := helm(t, append([]string{"install", "millrace", inDeploy(t, "helm", "millrace"), "--dry-run=client", "--namespace", "data"}, c.values...)...)
		if err != nil {
			t.Fatalf("%v\n%s", err, errs)
		}
		_, notes, _ := strings.Cut(out, "NOTES:")
		for _, want := range c.says {
			if !strings.Contains(notes, want) {
				t.Errorf("%s: no %q in\n%s", name, want, notes)
			}
		}
	}
}
