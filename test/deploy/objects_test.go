package deploy

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// objects are the decoded documents of a text of YAML, by kind and name.
type objects map[string]runtime.Object

// decode reads a text of YAML into the types of Kubernetes' API, and fails on every key that they do not have.
func decode(t testing.TB, text string) objects {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, autoscaling.AddToScheme, core.AddToScheme, networking.AddToScheme, policy.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	out := objects{}
	docs := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if blank(string(doc)) {
			continue
		}
		object, kind, err := decoder.Decode(doc, nil, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		named, ok := object.(meta.Object)
		if !ok {
			t.Fatalf("a %s has no name", kind)
		}
		for _, wrong := range validation.IsDNS1123Subdomain(named.GetName()) {
			t.Errorf("%s %q: %s", kind.Kind, named.GetName(), wrong)
		}
		key := kind.Kind + "/" + named.GetName()
		if out[key] != nil {
			t.Errorf("%s is there twice", key)
		}
		out[key] = object
	}
}

// blank reports whether a document has comments only.
func blank(doc string) bool {
	for line := range strings.Lines(doc) {
		if line = strings.TrimSpace(line); line != "" && line != "---" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

// get is the object of a kind and name.
func get[T runtime.Object](t testing.TB, in objects, key string) T {
	t.Helper()
	object, ok := in[key].(T)
	if !ok {
		var have []string
		for k := range in {
			have = append(have, k)
		}
		t.Fatalf("there is no %s, but %s", key, strings.Join(have, ", "))
	}
	return object
}

// checkReplicas holds what every set of manifests for several replicas must have: the article's figures, and that what
// belongs together matches.
func checkReplicas(t *testing.T, in objects, name string) {
	t.Helper()
	set := get[*apps.StatefulSet](t, in, "StatefulSet/"+name)
	pod := set.Spec.Template.Spec
	if len(pod.Containers) != 1 {
		t.Fatalf("%d containers, want 1", len(pod.Containers))
	}
	c := pod.Containers[0]
	checkResources(t, c)
	checkSecurity(t, pod, c)
	checkProbes(t, c)
	checkService(t, in, set, name)

	template := labels.Set(set.Spec.Template.Labels)
	for what, selector := range map[string]*meta.LabelSelector{
		"the set":               set.Spec.Selector,
		"the disruption budget": get[*policy.PodDisruptionBudget](t, in, "PodDisruptionBudget/"+name).Spec.Selector,
		"the first spread":      pod.TopologySpreadConstraints[0].LabelSelector,
		"the second spread":     pod.TopologySpreadConstraints[1].LabelSelector,
	} {
		s, err := meta.LabelSelectorAsSelector(selector)
		if err != nil || s.Empty() || !s.Matches(template) {
			t.Errorf("%s selects %v (%v), which the pods' labels %v are not", what, selector, err, template)
		}
	}
	budget := get[*policy.PodDisruptionBudget](t, in, "PodDisruptionBudget/"+name)
	if *budget.Spec.MaxUnavailable != intstr.FromInt32(1) {
		t.Errorf("the budget lets %v go at once, want 1", budget.Spec.MaxUnavailable)
	}
	if set.Spec.PodManagementPolicy != apps.ParallelPodManagement {
		t.Errorf("pods are started one after the other: one that waits would hold up the others")
	}
	keep := set.Spec.PersistentVolumeClaimRetentionPolicy
	if keep == nil || keep.WhenScaled != apps.RetainPersistentVolumeClaimRetentionPolicyType {
		t.Errorf("fewer replicas lose data: %v", keep)
	}
	if in["ServiceAccount/"+pod.ServiceAccountName] == nil {
		t.Errorf("there is no service account %q", pod.ServiceAccountName)
	}
	checkMounts(t, in, set, c)
}

func checkResources(t *testing.T, c core.Container) {
	t.Helper()
	for what, pair := range map[string][2]string{
		"cpu request":    {c.Resources.Requests.Cpu().String(), "500m"},
		"memory request": {c.Resources.Requests.Memory().String(), "512Mi"},
		"cpu limit":      {c.Resources.Limits.Cpu().String(), "1"},
		"memory limit":   {c.Resources.Limits.Memory().String(), "1Gi"},
		"GOMEMLIMIT":     {env(c, "GOMEMLIMIT"), "460MiB"},
		"REDIS_HOST":     {env(c, "REDIS_HOST"), "redis-service"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s, want %s", what, pair[0], pair[1])
		}
	}
	for _, e := range c.Env {
		if e.Name == "MILLRACE_REPLICA" && e.ValueFrom != nil && e.ValueFrom.FieldRef != nil && e.ValueFrom.FieldRef.FieldPath == "metadata.name" {
			return
		}
	}
	t.Error("MILLRACE_REPLICA is not the pod's name")
}

func env(c core.Container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

func checkSecurity(t *testing.T, pod core.PodSpec, c core.Container) {
	t.Helper()
	p, s := pod.SecurityContext, c.SecurityContext
	if !*p.RunAsNonRoot || *p.RunAsUser != 65532 || *p.RunAsGroup != 65532 || *p.FSGroup != 65532 || p.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("security of the pod: %v", p)
	}
	if !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) > 0 {
		t.Errorf("security of the container: %v", s)
	}
	if pod.EnableServiceLinks == nil || *pod.EnableServiceLinks || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the pod is given what it has no use for: service links, or a token of Kubernetes")
	}
}

func checkProbes(t *testing.T, c core.Container) {
	t.Helper()
	for what, probe := range map[string]struct {
		is   *core.Probe
		path string
	}{"startup": {c.StartupProbe, "/healthz"}, "liveness": {c.LivenessProbe, "/healthz"}, "readiness": {c.ReadinessProbe, "/readyz"}} {
		if probe.is == nil || probe.is.HTTPGet == nil || probe.is.HTTPGet.Path != probe.path {
			t.Errorf("%s probe: %v, want %s", what, probe.is, probe.path)
			continue
		}
		if got := portNumber(c, probe.is.HTTPGet.Port); got != 8000 {
			t.Errorf("%s probe asks port %v, which is %d, want 8000", what, probe.is.HTTPGet.Port, got)
		}
	}
}

// portNumber is a port of a container by its name or number; 0 if it has none such.
func portNumber(c core.Container, port intstr.IntOrString) int32 {
	for _, p := range c.Ports {
		if p.Name == port.StrVal && port.Type == intstr.String || p.ContainerPort == port.IntVal {
			return p.ContainerPort
		}
	}
	return 0
}

func checkService(t *testing.T, in objects, set *apps.StatefulSet, name string) {
	t.Helper()
	c := set.Spec.Template.Spec.Containers[0]
	balanced := get[*core.Service](t, in, "Service/"+name)
	if balanced.Spec.Type != core.ServiceTypeLoadBalancer || len(balanced.Spec.Ports) != 1 || balanced.Spec.Ports[0].Port != 80 {
		t.Errorf("service %s: %v, want a LoadBalancer on port 80", name, balanced.Spec)
	}
	headless := get[*core.Service](t, in, "Service/"+set.Spec.ServiceName)
	if headless.Spec.ClusterIP != core.ClusterIPNone {
		t.Errorf("service %s has an address of its own: replicas get no names from it", headless.Name)
	}
	for _, s := range []*core.Service{balanced, headless} {
		if got := portNumber(c, s.Spec.Ports[0].TargetPort); got != 8000 {
			t.Errorf("service %s leads to port %d, want 8000", s.Name, got)
		}
		if len(s.Spec.Selector) == 0 || !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(set.Spec.Template.Labels)) {
			t.Errorf("service %s selects %v, which the pods are not", s.Name, s.Spec.Selector)
		}
	}
}

// checkMounts holds that each mount has its volume, and each volume its object.
func checkMounts(t *testing.T, in objects, set *apps.StatefulSet, c core.Container) {
	t.Helper()
	have := map[string]bool{}
	for _, claim := range set.Spec.VolumeClaimTemplates {
		have[claim.Name] = true
	}
	for _, v := range set.Spec.Template.Spec.Volumes {
		have[v.Name] = true
		if v.ConfigMap != nil && in["ConfigMap/"+v.ConfigMap.Name] == nil {
			t.Errorf("volume %s: there is no ConfigMap %s", v.Name, v.ConfigMap.Name)
		}
	}
	paths := map[string]bool{}
	for _, m := range c.VolumeMounts {
		paths[m.MountPath] = true
		if !have[m.Name] {
			t.Errorf("%s is mounted from %s, which is no volume", m.MountPath, m.Name)
		}
	}
	if !paths["/var/lib/millrace"] || !paths["/tmp"] {
		t.Errorf("mounts %v: the platform writes to /var/lib/millrace and /tmp, and the rest is read only", paths)
	}
}
