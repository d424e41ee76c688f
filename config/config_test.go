package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/parser"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExampleIsTheDefaults(t *testing.T) {
	got, err := Load(write(t, string(Example)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestExampleNamesEveryKey(t *testing.T) {
	file, err := parser.ParseBytes(Example, 0)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, l := range leaves(reflect.ValueOf(new(Config)).Elem(), nil) {
		node := file.Docs[0].Body
		found := true
		for _, key := range l.path {
			found = false
			for _, p := range pairs(node) {
				if p.Key.GetToken().Value == key {
					node, found = p.Value, true
					break
				}
			}
			if !found {
				break
			}
		}
		named[strings.Join(l.path, ".")] = found
	}
	for key, found := range named {
		if !found {
			t.Errorf("example.yaml lacks %s", key)
		}
	}
}

func TestNoFileIsTheDefaults(t *testing.T) {
	for _, path := range []string{"", write(t, ""), write(t, "# nothing\n")} {
		got, err := Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Default(), got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLaterPlacesWin(t *testing.T) {
	path := write(t, "listen: 127.0.0.1:1\ndata: file\nkafka: {partitions: 12}\nstore: {retention: {cpu_usage: 7 d}}\n")
	environ := []string{
		"MILLRACE_LISTEN=127.0.0.1:2", "MILLRACE_DEMO=false", "KAFKA_BOOTSTRAP_SERVERS=k1:9092, k2:9092",
		"MILLRACE_CORS_ORIGINS=https://a.example,https://b.example", "MILLRACE_SQL_MEMORY=512 mb",
		"MILLRACE_PIPELINES=[{name: a, file: a.sql}]", "HOME=/nowhere",
	}
	c, err := Load(path, environ, func(c *Config) { c.Listen = "127.0.0.1:3" })
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen, want.Data, want.Demo, want.Kafka.Partitions = "127.0.0.1:3", "file", Off, 12
	want.Kafka.Bootstrap = []string{"k1:9092", "k2:9092"}
	want.CORS.Origins = []string{"https://a.example", "https://b.example"}
	want.SQL.Memory = 512 << 20
	want.Pipelines = []Pipeline{{Name: "a", File: "a.sql"}}
	want.Store.Retention["cpu_usage"] = Duration(7 * 24 * time.Hour)
	if diff := cmp.Diff(want, c, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestMillraceNameWinsOverTheArticles(t *testing.T) {
	c, err := Load("", []string{"KAFKA_BOOTSTRAP_SERVERS=a:1", "MILLRACE_KAFKA_BOOTSTRAP=b:2"})
	if err != nil || !cmp.Equal(c.Kafka.Bootstrap, []string{"b:2"}) {
		t.Errorf("bootstrap %v, %v", c.Kafka.Bootstrap, err)
	}
}

func TestWarnings(t *testing.T) {
	c, err := Load("", []string{
		"REDIS_HOST=redis", "REDIS_PORT=tcp://10.0.0.1:6379", "INFLUXDB_URL=http://influx:8086", "MILLRACE_LISTN=x",
		"MILLRACE_SERVICE_HOST=10.0.0.1", "MILLRACE_PORT_8000_TCP=tcp://10.0.0.1:8000", "MILLRACE_URL=http://x",
	})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(c.Warnings, "\n")
	if c.Redis.URL.Reveal() != "redis" || c.InfluxDB.URL.Reveal() != "http://influx:8086" {
		t.Errorf("redis %q, influxdb %q", c.Redis.URL.Reveal(), c.InfluxDB.URL.Reveal())
	}
	if len(c.Warnings) != 1 || !strings.Contains(all, "MILLRACE_LISTEN?") {
		t.Errorf("warnings:\n%s", all)
	}
}

func TestRefusedFiles(t *testing.T) {
	f := func(text string, wants ...string) {
		t.Helper()
		path := write(t, text)
		_, err := Load(path, nil)
		if err == nil {
			t.Errorf("%q is taken", text)
			return
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q in it", text, err, want)
			}
		}
	}
	f("listn: x", "line 1", `"listn"`, `"listen"`)
	f("data: x\n\nkafka:\n  partition: 3\n", "line 4", "kafka.partition", "kafka.partitions")
	f("retention: 3 d", "store.retention")
	f("pipelines:\n  - name: a\n    fil: b\n", "line 3", "pipelines.fil", "pipelines.file")
	f("listn: x\ndmo: on", "listen", "demo")
	f("listen: 1\nlisten: 2", "line 2", "listen")
	f("kafka: [1]", "line 1", "kafka", "bootstrap")
	f("kafka: {partitions: many}", "line 1", "kafka.partitions", "many")
	f("listen: {a: b}", "line 1", "listen")
	f("pipelines: 3", "line 1", "pipelines")
	f("x", "line 1")
	f("demo: perhaps", "line 1: demo", "perhaps", "on nor off")
	f("listen: localhost", "listen", "HOST:PORT")
	f("listen: 0.0.0.0:8000", "token", "insecure")
	f("tokens: [{name: a, role: reader, token: 0123456789abcdef}]", "reader", "viewer")
	f("tokens: [{name: a, role: admin, token: short}]", "16 characters")
	f("tokens: [{name: a, role: admin, token_file: nowhere}]", `token "a"`)
	f("log: {level: verbose}", "verbose", "debug")
	f("log: {format: jsn}", "json")
	f("cors: {origins: [example.org]}", "https://example.org")
	f("sources: {host: {interval: 1}}", "line 1: sources.host.interval", "no unit")
	f("sources: {host: {interval: 1 ms}}", "sources.host.interval")
	f("store: {topics: [{topic: a b, layout: row}]}", "a b")
	f("store: {topics: [{topic: a, layout: rows}]}", "row?")
	f("store: {retention: soon}", "soon")
	f("store: {retention: {default: soon}}", "soon")
	f("sql: {memory: 1 kb}", "64 mb")
	f("a: [", "line 1")
	f("--- \na: 1\n---\nb: 2", "document")
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "millrace.yaml")
	text := "listen: 0.0.0.0:8000\ntokens:\n  - {name: a, role: admin, token_file: secret}\n  - {name: b, role: viewer, token: fedcba9876543210}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Tokens[0].Token.Reveal() != "0123456789abcdef" || c.Tokens[1].Token.Reveal() != "fedcba9876543210" {
		t.Errorf("tokens are not read")
	}
	if strings.Contains(c.Tokens[1].Token.String(), "fedc") {
		t.Error("a token is shown")
	}
}

func TestRetention(t *testing.T) {
	c, err := Load(write(t, "store:\n  retention:\n    cpu_*: 1 d\n    cpu_core_*: 2 d\n    cpu_usage: 0\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := func(measurement string, days int) {
		t.Helper()
		if got := c.Store.Retention.For(measurement); got != time.Duration(days)*24*time.Hour {
			t.Errorf("%s is kept for %v, want %d days", measurement, got, days)
		}
	}
	f("cpu_usage", 0)
	f("cpu_other", 1)
	f("cpu_core_usage", 2)
	f("memory_usage", 30)
	one, err := Load("", []string{"MILLRACE_STORE_RETENTION=90d"})
	if err != nil || one.Store.Retention.For("any") != 90*24*time.Hour {
		t.Errorf("%v, %v", one.Store.Retention, err)
	}
}

func FuzzFile(f *testing.F) {
	f.Add(string(Example))
	f.Add("a: &a {b: *a}")
	f.Add("kafka: {bootstrap: [a:1]}\nstore: {retention: 1d}")
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		if c.merge([]byte(text)) == nil {
			_ = c.Check()
		}
	})
}
