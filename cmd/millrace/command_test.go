package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakePlatform answers requests by method and path, and notes their bodies.
type fakePlatform struct {
	t   *testing.T
	web *httptest.Server

	mu      sync.Mutex // guards what follows
	answers map[string]string
	asked   []string
}

func newFakePlatform(t *testing.T, answers map[string]string) *fakePlatform {
	p := &fakePlatform{t: t, answers: answers}
	p.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		what := r.Method + " " + r.URL.RequestURI()
		p.asked = append(p.asked, strings.TrimSpace(what+" "+string(body)))
		answer, ok := p.answers[what]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"title": "Not Found", "status": 404, "detail": "there is no such thing", "hint": "look elsewhere"}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(p.web.Close)
	return p
}

// run runs a command line, holds its exit code, and returns what it printed and what was asked.
func (p *fakePlatform) run(code int, args ...string) (stdout, stderr string, asked []string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	p.mu.Lock()
	p.asked = nil
	p.mu.Unlock()
	if got := run(p.t.Context(), append(args, "--url", p.web.URL), strings.NewReader(""), &out, &errs, nil); got != code {
		p.t.Fatalf("%v: exit code %d, want %d: %s%s", args, got, code, out.String(), errs.String())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return out.String(), errs.String(), p.asked
}

// holds reports which of the wanted texts are missing.
func holds(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "things.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDeadLetterCommands(t *testing.T) {
	p := newFakePlatform(t, map[string]string{
		"GET /api/dead-letters": `{"topics": [{"topic": "raw.dead", "origin": "raw", "records": 3, "pending": 2, "reasons": [{"reason": "no number", "count": 2}]}]}`,
		"GET /api/dead-letters/raw.dead/records?limit=3": `{"next": "c/1", "records": [
			{"partition": 1, "offset": 7, "error": "no number", "field": "celsius", "topic": "raw", "source_partition": "0", "source_offset": "77", "value": "half \n {", "encoding": "text"},
			{"partition": 1, "offset": 6, "error": "no \u001b[31mJSON", "value": {"a": 1}, "encoding": "json", "replayed": true}]}`,
		"GET /api/dead-letters/raw.dead/records?limit=1&before=c%2F1": `{"records": [{"partition": 0, "offset": 5, "error": "late", "value": null, "encoding": "json"}]}`,
		"POST /api/dead-letters/raw.dead/replay":                      `{"replayed": 2, "skipped": 1, "to": ["raw"]}`,
	})
	out, _, _ := p.run(0, "dead-letter", "list")
	holds(t, out, "raw.dead", "2 × no number")
	out, _, _ = p.run(0, "dead-letter", "show", "raw.dead", "-n", "3")
	holds(t, out, "1:7", `half \n {`, "raw 0:77", `{"a": 1}`, "0:5", "late")
	if strings.Contains(out, "\x1b") {
		t.Error("a record drives the terminal")
	}
	out, _, _ = p.run(0, "dead-letter", "show", "raw.dead", "-n", "3", "--output", "json")
	if n := strings.Count(out, `{"partition"`); n != 3 {
		t.Errorf("%d records:\n%s", n, out)
	}
	out, _, asked := p.run(0, "dead-letter", "replay", "raw.dead", "--all")
	holds(t, out, "2 sent again to raw, 1 skipped")
	if diff := cmp.Diff([]string{`POST /api/dead-letters/raw.dead/replay {"all":true,"dry_run":false}`}, asked); diff != "" {
		t.Error(diff)
	}
	out, _, asked = p.run(0, "dead-letter", "replay", "raw.dead", "--record", "1:7", "--record", "0:5", "--dry-run")
	holds(t, out, "would be")
	holds(t, asked[0], `"dry_run":true`, `"records":[{"offset":7,"partition":1},{"offset":5,"partition":0}]`)
	p.run(1, "dead-letter", "replay", "raw.dead")
	p.run(1, "dead-letter", "replay", "raw.dead", "--record", "x")
	p.run(2, "dead-letter", "replay", "raw.dead", "--record", "1:7", "--all")
	_, errs, _ := p.run(1, "dead-letter", "show", "other")
	holds(t, errs, "there is no such thing", "hint: look elsewhere")
}

func TestSourceCommands(t *testing.T) {
	yard := `{"name": "yard", "connector": "mqtt", "state": "running", "origin": "api", "options": {"url": "mqtt://h", "password": "******"}, "lag": -1}`
	p := newFakePlatform(t, map[string]string{
		"GET /api/sources":             `{"sources": [` + yard + `]}`,
		"POST /api/sources":            yard,
		"POST /api/sources/test":       `{"ok": true, "took_ms": 12}`,
		"POST /api/sources/preview":    `{"records": [{"key": "k", "value": {"a": 1}}, {"key": null, "value": "b"}], "refused": [{"value": "{", "error": "no JSON"}]}`,
		"POST /api/sources/yard/pause": yard,
		"DELETE /api/sources/yard":     "",
	})
	out, _, _ := p.run(0, "source", "list")
	holds(t, out, "yard", "mqtt", "running", "-1")
	out, _, _ = p.run(0, "source", "list", "--output", "json")
	if !json.Valid([]byte(out)) {
		t.Errorf("no JSON: %s", out)
	}
	one := file(t, "name: yard\nconnector: mqtt\noptions:\n  url: mqtt://h\n  qos: 1\n")
	out, _, asked := p.run(0, "source", "apply", one)
	holds(t, out, "source yard is running")
	if diff := cmp.Diff([]string{`POST /api/sources {"connector":"mqtt","name":"yard","options":{"qos":1,"url":"mqtt://h"}}`}, asked); diff != "" {
		t.Error(diff)
	}
	_, _, asked = p.run(0, "source", "apply", file(t, `{"sources": [{"name": "a"}, {"name": "b"}]}`))
	if len(asked) != 2 {
		t.Errorf("%v", asked)
	}
	out, _, _ = p.run(0, "source", "test", one)
	holds(t, out, "source yard works (12 ms)")
	_, _, asked = p.run(0, "source", "test", "yard")
	holds(t, asked[1], `"name":"yard"`, `"password":"******"`)
	out, _, asked = p.run(0, "source", "preview", "yard", "-n", "3", "--seconds", "2")
	holds(t, out, `{"a": 1}`, "refused", "no JSON")
	holds(t, asked[1], `"limit":3`, `"seconds":2`)
	p.run(0, "source", "pause", "yard")
	p.run(0, "source", "drop", "yard")
	p.run(1, "source", "resume", "yard")
	p.run(1, "source", "test", "nowhere")

	p.answers["POST /api/sources/test"] = `{"ok": false, "took_ms": 12, "error": "connection refused", "hint": "is it running?"}`
	_, errs, _ := p.run(1, "source", "test", one)
	holds(t, errs, "source yard does not work: connection refused", "is it running?")
	f := func(text, want string) {
		t.Helper()
		_, errs, asked := p.run(1, "source", "apply", file(t, text))
		if holds(t, errs, want); len(asked) > 0 {
			t.Errorf("%v", asked)
		}
	}
	f("", "there are no sources")
	f("sources: 5", "no list of sources")
	f("source:\n  - name: a", `"source" is no list of sources`)
	f("- connector: mqtt", "number 1 of sources has no name")
	f("a: [", "")
}

func TestAlertCommands(t *testing.T) {
	p := newFakePlatform(t, map[string]string{
		"GET /api/alerts": `{"alerts": [{"rule": "cpu_high", "level": "error", "state": "firing", "value": 96.5, "threshold": 80, "labels": {"host": "a", "core": "1"}, "silenced_by": []}], "error": "no data"}`,
		"GET /api/alerts/rules": `{"rules": [{"name": "cpu_high", "enabled": true, "metric": "cpu_usage", "op": ">", "threshold": 80, "aggregate": "avg", "state": {"firing": 1}},
			{"name": "slow", "sql": "SELECT 1", "state": {"error": "no column value"}}]}`,
		"GET /api/alerts/history?limit=50&rule=cpu_high": `{"events": [{"rule": "cpu_high", "from": "pending", "to": "firing", "value": 1e6}]}`,
		"GET /api/alerts/silences":                       `{"silences": [{"id": "s1", "matchers": {"rule": "cpu*"}, "by": "me"}]}`,
		"GET /api/alerts/channels":                       `{"channels": [{"name": "ops", "kind": "webhook", "levels": ["error", "critical"], "state": {"sent": 5}}]}`,
		"POST /api/alerts/rules":                         `{}`,
		"POST /api/alerts/channels":                      `{}`,
		"POST /api/alerts/silences":                      `{"id": "s1"}`,
		"POST /api/alerts/channels/ops/test":             `{"ok": false, "error": "refused"}`,
		"DELETE /api/alerts/silences/s1":                 "",
		"DELETE /api/alerts/rules/cpu_high":              "",
	})
	out, errs, _ := p.run(0, "alert", "list")
	holds(t, out, "cpu_high", "96.5", "core=1 host=a")
	holds(t, errs, "no data")
	out, _, _ = p.run(0, "alert", "rules")
	holds(t, out, "avg(cpu_usage) > 80", "SELECT 1", "by value", "no column value")
	out, _, _ = p.run(0, "alert", "history", "--rule", "cpu_high")
	holds(t, out, "pending", "1000000")
	out, _, _ = p.run(0, "alert", "silences")
	holds(t, out, "s1", "rule=cpu*", "me")
	out, _, _ = p.run(0, "alert", "channels")
	holds(t, out, "ops", "error critical", "5")
	out, _, asked := p.run(0, "alert", "silence", "rule=cpu*", "host=a", "--for", "2h", "--comment", "disks")
	holds(t, out, "silence s1 lasts 2h")
	holds(t, asked[0], `"matchers":{"host":"a","rule":"cpu*"}`, `"duration":"2h"`)
	p.run(0, "alert", "unsilence", "s1")
	p.run(0, "alert", "drop", "cpu_high")
	_, errs, _ = p.run(1, "alert", "test-channel", "ops")
	holds(t, errs, "channel ops does not work: refused")

	f := func(text string, want ...string) {
		t.Helper()
		_, _, asked := p.run(0, "alert", "apply", file(t, text))
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	f("name: a\nmetric: m", `POST /api/alerts/rules {"metric":"m","name":"a"}`)
	f("name: a\nkind: slack", `POST /api/alerts/channels {"kind":"slack","name":"a"}`)
	f("- name: a\n- name: b\n  kind: slack", `POST /api/alerts/channels {"kind":"slack","name":"b"}`, `POST /api/alerts/rules {"name":"a"}`)
	f("rules:\n- name: a\nchannels:\n- name: c", `POST /api/alerts/channels {"name":"c"}`, `POST /api/alerts/rules {"name":"a"}`)
	p.run(1, "alert", "silence", "cpu", "--for", "2h")
	p.run(2, "alert", "silence", "rule=cpu")
}

func TestLogLevelCommand(t *testing.T) {
	p := newFakePlatform(t, map[string]string{"GET /api/log-level": `{"level": "info"}`, "PUT /api/log-level": `{"level": "debug"}`})
	if out, _, _ := p.run(0, "log-level"); out != "info\n" {
		t.Errorf("%q", out)
	}
	out, _, asked := p.run(0, "log-level", "debug")
	if out != "debug\n" || asked[0] != `PUT /api/log-level {"level":"debug"}` {
		t.Errorf("%q, %v", out, asked)
	}
	p.run(2, "log-level", "loud")
}
