package api

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLogLevel(t *testing.T) {
	b := newBench(t)
	if diff := cmp.Diff(map[string]any{"level": "info"}, b.want(200, b.ask("GET", "/api/log-level", ""))); diff != "" {
		t.Error(diff)
	}
	set := func(level string, status int) {
		t.Helper()
		b.want(status, b.ask("PUT", "/api/log-level", `{"level": "`+level+`"}`))
	}
	set("error", 200)
	if b.level.Level() != slog.LevelError || !strings.Contains(b.log.String(), `"from":"info","to":"error","who":"anyone"`) {
		t.Errorf("%v\n%s", b.level, b.log)
	}
	b.ask("GET", "/api/nothing", "")
	set("debug", 200)
	if !strings.Contains(b.log.String(), `"from":"error","to":"debug"`) {
		t.Errorf("%s", b.log)
	}
	b.ask("GET", "/api/status", "")
	if !strings.Contains(b.log.String(), `"level":"DEBUG","logger":"millrace","message":"request"`) {
		t.Errorf("%s", b.log)
	}
	set("loud", 422)
	b.want(400, b.ask("PUT", "/api/log-level", ""))
	b.want(415, b.ask("PUT", "/api/log-level", `{"level": "info"}`, "Content-Type: text/csv"))

	closed := newBench(t, withTokens)
	closed.want(403, closed.ask("PUT", "/api/log-level", `{"level": "debug"}`, "Authorization: Bearer "+editorToken))
	closed.want(403, closed.ask("GET", "/api/config", "", "Authorization: Bearer "+editorToken))
	closed.want(200, closed.ask("GET", "/api/log-level", "", "Authorization: Bearer "+viewerToken))
}

func TestConfigStorageReplicas(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/config", ""))
	if got["yaml"] != "influx:\n  url: http://u:******@h:8086\n" {
		t.Errorf("%v", got)
	}
	w := b.ask("GET", "/api/storage", "")
	got = b.want(200, w)
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%s", w.Body)
	}
	want := map[string]any{"name": "cpu_usage", "rows": 5.0, "bytes": 0.0, "retention": "", "rollups": []any{}}
	if diff := cmp.Diff(want, got["measurements"].([]any)[0]); diff != "" {
		t.Error(diff)
	}
	got = b.want(200, b.ask("GET", "/api/replicas", ""))
	want = map[string]any{"name": "a", "address": "", "started_at": "0001-01-01T00:00:00Z", "shares": []any{}, "self": true}
	if diff := cmp.Diff(want, got["replicas"].([]any)[0]); diff != "" {
		t.Error(diff)
	}
}

// TestPartsThatAreNotThere asks a node that has none of the parts for all of them.
func TestPartsThatAreNotThere(t *testing.T) {
	b := newBench(t, func(d *Deps) {
		d.Sources, d.DeadLetters, d.Analysis, d.Views, d.LogLevel, d.Config, d.Storage, d.Replicas = nil, nil, nil, nil, nil, nil, nil, nil
		d.Alerts, d.Connectors = nil, nil
	})
	for _, pattern := range b.s.routes {
		method, path, _ := strings.Cut(pattern, " ")
		f := func(prefix, body string) {
			if !strings.HasPrefix(path, prefix) {
				return
			}
			path := strings.NewReplacer("{name}", "x", "{topic}", "x", "{id}", "x").Replace(path)
			if method == "GET" || method == "DELETE" {
				body = ""
			}
			if p := b.want(404, b.ask(method, path, body)); !strings.HasPrefix(p["detail"].(string), "this node has no ") {
				t.Errorf("%s: %v", pattern, p)
			}
		}
		switch {
		case strings.HasSuffix(path, "/replay"):
			f("/api/dead-letters", `{"all": true}`)
		case strings.HasPrefix(path, "/api/alerts/silences"):
			f("/api/alerts", `{"matchers": {"rule": "a"}, "duration": "1h"}`)
		default:
			f("/api/dead-letters", "")
			f("/api/sources", `{"name": "x", "connector": "mqtt", "options": {}}`)
			f("/api/analyze", `{"measurement": "cpu", "fields": ["value"]}`)
			f("/api/views", `{"name": "x", "page": "explore", "state": ""}`)
			f("/api/alerts/rules", `{"name": "x", "metric": "m", "threshold": 1}`)
			f("/api/alerts/channels", `{"name": "x", "kind": "mqtt", "options": {}}`)
			f("/api/log-level", `{"level": "info"}`)
			f("/api/storage", "")
			f("/api/replicas", "")
			f("/api/config", "")
		}
	}
	b.want(200, b.ask("GET", "/api/connectors", ""))
	b.want(200, b.ask("GET", "/api/notifiers", ""))
	b.want(404, b.ask("GET", "/api/alerts", ""))
}
