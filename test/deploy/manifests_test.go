package deploy

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kustomize is what kubectl apply -k would send.
func kustomize(t testing.TB, folder string) objects {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), inDeploy(t, "kubernetes", folder))
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, string(text))
}

func TestManifests(t *testing.T) {
	t.Parallel()
	in := kustomize(t, "base")
	checkReplicas(t, in, "millrace")
	if n := get[*apps.StatefulSet](t, in, "StatefulSet/millrace").Spec.Replicas; n == nil || *n != 3 {
		t.Errorf("%v replicas, want 3", n)
	}
	for key := range in {
		if strings.HasPrefix(key, "Secret/") {
			t.Errorf("%s is in version control", key)
		}
	}
	for _, name := range []string{"serviceaccount", "service", "statefulset", "poddisruptionbudget"} {
		if len(decode(t, read(t, inDeploy(t, "kubernetes", "base", name+".yaml")))) == 0 {
			t.Errorf("%s.yaml is empty", name)
		}
	}
}

func TestManifestsWithAutoscaling(t *testing.T) {
	t.Parallel()
	in := kustomize(t, "autoscaling")
	checkReplicas(t, in, "millrace")
	if n := get[*apps.StatefulSet](t, in, "StatefulSet/millrace").Spec.Replicas; n != nil {
		t.Errorf("%d replicas are set: each apply would set them back", *n)
	}
	scaler := get[*autoscaling.HorizontalPodAutoscaler](t, in, "HorizontalPodAutoscaler/millrace")
	chart := get[*autoscaling.HorizontalPodAutoscaler](t, render(t), "HorizontalPodAutoscaler/millrace")
	if diff := cmp.Diff(chart.Spec, scaler.Spec); diff != "" {
		t.Errorf("the autoscaler is not the chart's (-chart +here):\n%s", diff)
	}
}

// The plain manifests are what the chart makes of its default values.
func TestManifestsAreTheChart(t *testing.T) {
	t.Parallel()
	plain, chart := kustomize(t, "base"), render(t)
	a, b := get[*apps.StatefulSet](t, plain, "StatefulSet/millrace").Spec, get[*apps.StatefulSet](t, chart, "StatefulSet/millrace").Spec
	// The name has a hash here; there, an annotation has it.
	var configMap string
	for i, v := range a.Template.Spec.Volumes {
		if v.ConfigMap != nil {
			configMap = v.ConfigMap.Name
			a.Template.Spec.Volumes[i].ConfigMap.Name = "millrace"
		}
	}
	a.Template.Annotations, b.Template.Annotations = nil, nil
	for _, key := range slices.Collect(maps.Keys(b.Template.Labels)) {
		if _, ok := a.Template.Labels[key]; !ok {
			delete(b.Template.Labels, key) // of Helm
		}
	}
	a.VolumeClaimTemplates[0].Labels = b.VolumeClaimTemplates[0].Labels // of kustomize
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("the set is not the chart's (-chart +here):\n%s", diff)
	}
	for _, key := range []string{"Service/millrace", "Service/millrace-replicas"} {
		if diff := cmp.Diff(get[*core.Service](t, chart, key).Spec, get[*core.Service](t, plain, key).Spec); diff != "" {
			t.Errorf("%s is not the chart's (-chart +here):\n%s", key, diff)
		}
	}
	settings := func(in objects, name string) (out map[string]any) {
		if err := yaml.Unmarshal([]byte(get[*core.ConfigMap](t, in, "ConfigMap/"+name).Data["millrace.yaml"]), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if diff := cmp.Diff(settings(chart, "millrace"), settings(plain, configMap)); diff != "" {
		t.Errorf("the configuration is not the chart's (-chart +here):\n%s", diff)
	}
}
