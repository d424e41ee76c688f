package deploy

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// composed is what docker compose makes of a file, as far as the tests look at it.
type composed struct {
	Services map[string]struct {
		Build       *struct{ Target, Context, Dockerfile string }
		Environment map[string]*string
		DependsOn   map[string]struct{ Condition string } `json:"depends_on"`
		Healthcheck *struct{ Test []string }
		Profiles    []string
		ReadOnly    bool     `json:"read_only"`
		CapDrop     []string `json:"cap_drop"`
		Ports       []struct {
			Target          int
			Published, Mode string
			HostIP          string `json:"host_ip"`
		}
		Volumes []struct{ Type, Source, Target string }
	}
	Volumes map[string]any
}

// secrets is the file that deploy/secrets.sh makes, in a folder of the test's.
func secrets(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(dir, "secrets.sh")
	if err := os.WriteFile(script, []byte(read(t, inDeploy(t, "secrets.sh"))), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, errs, err := command(t, plainEnv(), "sh", script); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errs)
	}
	return filepath.Join(dir, ".env")
}

// compose is the configuration that docker compose reads, with more arguments before "config".
func compose(t testing.TB, file, env string, more ...string) composed {
	t.Helper()
	args := append([]string{"-f", inDeploy(t, file), "--env-file", env}, more...)
	out, errs, err := command(t, plainEnv(), tool(t, "docker-compose"), append(args, "config", "--format", "json")...)
	if err != nil {
		t.Fatalf("docker-compose config of %s: %v\n%s", file, err, errs)
	}
	if strings.TrimSpace(errs) != "" {
		t.Errorf("docker-compose warns about %s:\n%s", file, errs)
	}
	var c composed
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComposeStack(t *testing.T) {
	t.Parallel()
	c := compose(t, "docker-compose.yml", secrets(t))
	if diff := cmp.Diff([]string{"api", "frontend", "influxdb", "kafka", "redis"}, slices.Sorted(maps.Keys(c.Services))); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	api := c.Services["api"]
	for name, want := range map[string]string{
		"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "REDIS_HOST": "redis", "INFLUXDB_URL": "http://influxdb:8086",
		"INFLUXDB_ORG": "myorg", "INFLUXDB_BUCKET": "mybucket",
		"INFLUXDB_TOKEN": *c.Services["influxdb"].Environment["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"],
	} {
		if got := api.Environment[name]; got == nil || *got != want {
			t.Errorf("api: %s is not %q", name, want)
		}
	}
	for _, on := range []string{"kafka", "redis", "influxdb"} {
		if api.DependsOn[on].Condition != "service_healthy" || c.Services[on].Healthcheck == nil {
			t.Errorf("api does not wait until %s is well", on)
		}
	}
	if c.Services["frontend"].DependsOn["api"].Condition != "service_healthy" {
		t.Error("frontend does not wait for api")
	}
	if !api.ReadOnly || !cmp.Equal(api.CapDrop, []string{"ALL"}) {
		t.Errorf("api: read only %v, dropped %v", api.ReadOnly, api.CapDrop)
	}
	checkCompose(t, c)
}

// checkCompose holds what all compose files must have.
func checkCompose(t *testing.T, c composed) {
	t.Helper()
	dockerfile := read(t, filepath.Join(root(t), "Dockerfile"))
	for name, s := range c.Services {
		if s.Build != nil && (s.Build.Context != root(t) || !strings.Contains(dockerfile, " AS "+s.Build.Target+"\n")) {
			t.Errorf("%s is built from %+v", name, s.Build)
		}
		for _, v := range s.Volumes {
			if _, ok := c.Volumes[v.Source]; v.Type != "volume" || !ok {
				t.Errorf("%s: %v is no named volume", name, v)
			}
		}
		for _, p := range s.Ports {
			// What asks for no token is for this machine only.
			open := name == "frontend" || p.Target == 8000
			if (p.HostIP == "127.0.0.1") == open {
				t.Errorf("%s: port %s is published on %q", name, p.Published, p.HostIP)
			}
		}
		if s.Build != nil && s.Environment["MILLRACE_INSECURE"] != nil {
			t.Errorf("%s is open to everyone", name)
		}
	}
}

func TestComposeWithBucket(t *testing.T) {
	t.Parallel()
	env := secrets(t)
	var text strings.Builder
	for line := range strings.Lines(read(t, env)) {
		if !strings.HasPrefix(line, "# ") { // those are words, not settings
			text.WriteString(strings.TrimPrefix(line, "#"))
		}
	}
	if err := os.WriteFile(env, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := compose(t, "docker-compose.yml", env, "--profile", "bucket")
	minio, api := c.Services["minio"], c.Services["api"]
	if len(minio.Profiles) != 1 || *minio.Environment["MINIO_ROOT_PASSWORD"] != *api.Environment["AWS_SECRET_ACCESS_KEY"] || *api.Environment["AWS_SECRET_ACCESS_KEY"] == "" {
		t.Error("MinIO and the platform do not share a key")
	}
	if got := *api.Environment["MILLRACE_BUCKET_URL"]; got != "s3://millrace?endpoint=http://minio:9000&region=us-east-1&path_style=true" {
		t.Errorf("bucket %s", got)
	}
	checkCompose(t, c)
}

func TestComposeSingle(t *testing.T) {
	t.Parallel()
	c := compose(t, "docker-compose.single.yml", secrets(t))
	if len(c.Services) != 1 {
		t.Errorf("%d services, want 1", len(c.Services))
	}
	checkCompose(t, c)
}

// Without secrets nothing starts, and what is to be done is said.
func TestComposeNeedsSecrets(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"docker-compose.yml", "docker-compose.single.yml"} {
		_, errs, err := command(t, plainEnv(), tool(t, "docker-compose"), "-f", inDeploy(t, file), "--env-file", os.DevNull, "config", "-q")
		if err == nil || !strings.Contains(errs, "run deploy/secrets.sh first") {
			t.Errorf("%s without secrets: %v\n%s", file, err, errs)
		}
	}
}

// Secrets are made once, for nobody else to read, and differ.
func TestSecrets(t *testing.T) {
	t.Parallel()
	env := secrets(t)
	first := read(t, env)
	if info, err := os.Stat(env); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	script := filepath.Join(filepath.Dir(env), "secrets.sh")
	if _, _, err := command(t, plainEnv(), "sh", script); err != nil || read(t, env) != first {
		t.Errorf("a second run changed them: %v", err)
	}
	if read(t, secrets(t)) == first {
		t.Error("secrets are the same everywhere")
	}
	if ignored := read(t, inDeploy(t, ".gitignore")); !strings.Contains(ignored, "/.env\n") {
		t.Error("secrets are not kept out of version control")
	}
}
