package api

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/alert"
	"millrace/fault"
	"millrace/notify"
	"millrace/option"
	"millrace/telemetry"
)

// fakeWatch is what is behind the evaluator of alerts: metrics, SQL and one notifier. Its mu guards all of it.
type fakeWatch struct {
	mu      sync.Mutex
	sent    []notify.Notice
	options option.Values // that the last notifier was made of
	sendErr error
	table   fakeTable
}

// evaluator watches with no rules but those of the test, and one channel of the configuration.
func (f *fakeWatch) evaluator(t *testing.T) *alert.Evaluator {
	t.Helper()
	post := notify.Spec{
		Name: "post", Doc: "Posts.",
		Options: []option.Option{{Name: "url", Required: true}, {Name: "password", Secret: true}},
		New: func(vals option.Values, _ notify.Deps) (notify.Notifier, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.options = vals
			return f, nil
		},
	}
	e, err := alert.New(alert.Deps{
		Table: &f.table, Source: f, Notifiers: []notify.Spec{post}, Log: telemetry.NewLogger(t.Output(), telemetry.LogOptions{}),
	}, alert.Settings{
		Timing: alert.DefaultTiming(), NoDefaults: true,
		Channels: []alert.Channel{{Name: "fixed", Kind: "post", Options: option.Values{"url": "http://h"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Latest implements alert.Source.
func (f *fakeWatch) Latest(_ context.Context, metric string) ([]alert.Point, error) {
	if metric != "cpu_usage" {
		return nil, nil
	}
	return []alert.Point{{Labels: map[string]string{"host": "a"}, Value: 96, At: time.Now()}, {Labels: map[string]string{"host": "b"}, Value: 20, At: time.Now()}}, nil
}

// Query implements alert.Source.
func (f *fakeWatch) Query(context.Context, string, int) ([]string, [][]any, error) {
	return nil, nil, fault.New(fault.Invalid, "line 1: no column x").WithHint("did you mean y?")
}

// Notify implements notify.Notifier.
func (f *fakeWatch) Notify(_ context.Context, n notify.Notice) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, n)
	return f.sendErr
}

func TestAlertsAreEmptyAtFirst(t *testing.T) {
	b := newBench(t)
	if diff := cmp.Diff(map[string]any{"alerts": []any{}, "evaluated_at": nil}, b.want(200, b.ask("GET", "/api/alerts", ""))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"events": []any{}}, b.want(200, b.ask("GET", "/api/alerts/history?rule=cpu_high&limit=5", ""))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"notices": []any{}}, b.want(200, b.ask("GET", "/api/alerts/notices", ""))); diff != "" {
		t.Error(diff)
	}
	b.want(422, b.ask("GET", "/api/alerts/history?limit=1001", ""))
}

// TestAlertsFire lets the evaluator run, and finds its alert in every list.
func TestAlertsFire(t *testing.T) {
	b := newBench(t)
	b.want(200, b.ask("POST", "/api/alerts/rules", `{"name": "cpu_high", "metric": "cpu_usage", "threshold": 80, "interval": "1s", "summary": "CPU of {host} at {value} %"}`))
	b.want(200, b.ask("POST", "/api/alerts/channels", `{"name": "ops", "kind": "post", "options": {"url": "http://u:pw@h"}, "group_wait": "0s"}`))
	b.alerts.sendErr = fault.New(fault.Invalid, "post http://u:pw@h: refused")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.s.deps.Alerts.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	f := func(path, key string) map[string]any {
		t.Helper()
		for deadline := time.Now().Add(patience); ; {
			w := b.ask("GET", path, "")
			if list := b.want(200, w)[key].([]any); len(list) > 0 {
				if strings.Contains(w.Body.String(), "pw@") {
					t.Errorf("a password is shown: %s", w.Body)
				}
				return list[0].(map[string]any)
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s stays empty", path)
			}
			<-time.After(10 * time.Millisecond)
		}
	}
	a := f("/api/alerts", "alerts")
	if a["rule"] != "cpu_high" || a["state"] != "firing" || a["value"] != 96.0 || a["level"] != "warning" || a["summary"] != "CPU of a at 96 %" ||
		!cmp.Equal(a["labels"], map[string]any{"host": "a"}) || !cmp.Equal(a["silenced_by"], []any{}) {
		t.Errorf("%v", a)
	}
	if e := f("/api/alerts/history?rule=cpu_high", "events"); e["to"] != "firing" || e["id"] != a["id"] {
		t.Errorf("%v", e)
	}
	if n := f("/api/alerts/notices", "notices"); n["status"] != "firing" || n["alerts"] != 1.0 {
		t.Errorf("%v", n)
	}
	if r := f("/api/alerts/rules", "rules"); r["state"].(map[string]any)["firing"] != 1.0 {
		t.Errorf("%v", r)
	}
}

func TestAlertRules(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("POST", "/api/alerts/rules", `{"name": "cpu_high", "metric": "cpu_usage", "threshold": 80, "recover": 70, "for": "30 s"}`))
	want := map[string]any{
		"name": "cpu_high", "enabled": true, "metric": "cpu_usage", "op": ">", "threshold": 80.0, "recover": 70.0, "for": "30s", "keep_firing_for": "0s",
		"interval": "10s", "stale_after": "5m", "no_data": "keep", "group_by": []any{"rule"}, "origin": "api",
		"state": map[string]any{"last_evaluated_at": nil, "took_ms": 0.0, "firing": 0.0, "pending": 0.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if list := b.want(200, b.ask("GET", "/api/alerts/rules", ""))["rules"].([]any); len(list) != 1 || !cmp.Equal(list[0], any(want)) {
		t.Errorf("%v", list)
	}
	got = b.want(200, b.ask("POST", "/api/alerts/rules/test", `{"name": "x", "metric": "cpu_usage", "threshold": 50}`))
	if diff := cmp.Diff([]any{map[string]any{"labels": map[string]any{"host": "a"}, "value": 96.0, "threshold": 50.0, "level": "critical"}}, got["conditions"]); diff != "" {
		t.Error(diff)
	}
	got = b.want(200, b.ask("POST", "/api/alerts/rules/test", `{"name": "x", "sql": "SELECT x"}`))
	if !strings.Contains(got["error"].(string), "no column x") || got["hint"] != "did you mean y?" || !cmp.Equal(got["conditions"], []any{}) {
		t.Errorf("%v", got)
	}
	b.want(204, b.ask("DELETE", "/api/alerts/rules/cpu_high", ""))
	b.want(404, b.ask("DELETE", "/api/alerts/rules/cpu_high", ""))
	for _, word := range []string{"alert rule applied", "alert rule dropped", `"function":"(*Server).addAlertRules`} {
		if !strings.Contains(b.log.String(), word) {
			t.Errorf("no %s in %s", word, b.log)
		}
	}

	f := func(rest string, wants ...string) {
		t.Helper()
		w := b.ask("POST", "/api/alerts/rules", `{"name": "x"`+rest+`}`)
		b.want(422, w)
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %s, want %q in it", rest, w.Body, want)
			}
		}
	}
	f(``, "metric")
	f(`, "metric": "a"`, "threshold")
	f(`, "metric": "a", "threshold": 1, "op": "=="`, "op")
	f(`, "metric": "a", "threshold": 1, "for": "soon"`, "soon")
	f(`, "metric": "a", "threshold": 1, "interval": "1ms"`, "interval")
	f(`, "metric": "a", "threshold": 1, "recover": 2`, "wrong side")
	f(`, "metric": "a", "threshold": 1, "level": "fatal"`, "level")
	f(`, "metric": "a", "threshold": 1, "channels": ["fixd"]`, "fixd", "fixed")
	f(`, "sql": "SELECT x"`, "no column x")
}

func TestSilences(t *testing.T) {
	b := newBench(t)
	f := func(body string, status int) map[string]any {
		t.Helper()
		return b.want(status, b.ask("POST", "/api/alerts/silences", body))
	}
	id, _ := f(`{"matchers": {"rule": "cpu*"}, "duration": "2h", "comment": "disks"}`, 200)["id"].(string)
	if again := f(`{"id": "`+id+`", "matchers": {"rule": "cpu*"}, "duration": "3h"}`, 200)["id"]; id == "" || again != id {
		t.Errorf("%q becomes %v", id, again)
	}
	list := b.want(200, b.ask("GET", "/api/alerts/silences", ""))["silences"].([]any)
	one := list[0].(map[string]any)
	if len(list) != 1 || one["by"] != "anyone" || !cmp.Equal(one["matchers"], map[string]any{"rule": "cpu*"}) {
		t.Errorf("%v", list)
	}
	f(`{"matchers": {}, "duration": "2h"}`, 422)
	f(`{"matchers": {"": "x"}, "duration": "2h"}`, 422)
	f(`{"matchers": {"rule": "a"}}`, 422)
	f(`{"matchers": {"rule": "a"}, "duration": "2h", "ends_at": "2030-01-01T00:00:00Z"}`, 422)
	f(`{"matchers": {"rule": "a"}, "ends_at": "2020-01-01T00:00:00Z"}`, 422)
	f(`{"matchers": {"rule": "a"}, "duration": "800 d"}`, 422)
	f(`{"matchers": {"rule": "a"}, "duration": "long"}`, 422)
	f(`{"id": "nothing", "matchers": {"rule": "a"}, "duration": "1h"}`, 404)
	b.want(204, b.ask("DELETE", "/api/alerts/silences/"+id, ""))
	b.want(404, b.ask("DELETE", "/api/alerts/silences/"+id, ""))
}

func TestChannels(t *testing.T) {
	b := newBench(t)
	notifiers := b.want(200, b.ask("GET", "/api/notifiers", ""))["notifiers"].([]any)
	if len(notifiers) != 1 || notifiers[0].(map[string]any)["name"] != "post" {
		t.Errorf("%v", notifiers)
	}
	f := func(path, body string, status int) map[string]any {
		t.Helper()
		w := b.ask("POST", path, body)
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("a secret is shown: %s", w.Body)
		}
		return b.want(status, w)
	}
	const all, test = "/api/alerts/channels", "/api/alerts/channels/test"
	got := f(all, `{"name": "ops", "kind": "post", "options": {"url": "http://h", "password": "secret"}, "levels": ["critical", "error"], "repeat_interval": "1h"}`, 200)
	if !cmp.Equal(got["levels"], []any{"critical", "error"}) || got["send_resolved"] != true || got["repeat_interval"] != "1h" || got["origin"] != "api" {
		t.Errorf("%v", got)
	}
	if diff := cmp.Diff(map[string]any{"url": "http://h", "password": "******"}, got["options"]); diff != "" {
		t.Error(diff)
	}
	f(all, `{"name": "ops", "kind": "post", "options": {"url": "http://h", "password": "******"}}`, 200)
	f(all, `{"name": "ops", "kind": "post", "options": {"url": "h"}, "levels": ["fatal"]}`, 422)
	f(all, `{"name": "ops", "kind": "pigeon", "options": {}}`, 422)
	f(all, `{"name": "fixed", "kind": "post", "options": {"url": "http://h"}}`, 409)
	f(all, `{"name": "../a", "kind": "post", "options": {"url": "http://h"}}`, 422)
	list := b.want(200, b.ask("GET", all, ""))["channels"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["origin"] != "config" {
		t.Errorf("%v", list)
	}

	if got := f(all+"/ops/test", "", 200); got["ok"] != true || b.alerts.options["password"] != "secret" {
		t.Errorf("%v", got)
	}
	b.alerts.sendErr = fault.New(fault.Unavailable, "post http://u:pw@h: refused").WithHint("is it there?")
	got = f(test, `{"name": "ops", "kind": "post", "options": {"url": "http://h", "password": "******"}}`, 200)
	if text, _ := got["error"].(string); got["ok"] != false || !strings.Contains(text, "http://u:******@h: refused") || got["hint"] != "is it there?" {
		t.Errorf("%v", got)
	}
	if len(b.alerts.sent) != 2 {
		t.Errorf("%d notices", len(b.alerts.sent))
	}
	f(all+"/other/test", "", 404)
	b.want(204, b.ask("DELETE", all+"/ops", ""))
	b.want(404, b.ask("DELETE", all+"/ops", ""))
	b.want(409, b.ask("DELETE", all+"/fixed", ""))
}
