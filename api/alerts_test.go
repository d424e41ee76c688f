package api

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/option"
)

// fakeAlerts is what is behind the resources of alerts. Its mu guards all of it.
type fakeAlerts struct {
	mu       sync.Mutex
	rules    []AlertRuleState
	silences []Silence
	channels []Channel
	sent     []Channel
	sendErr  error
}

func newFakeAlerts() *fakeAlerts {
	return &fakeAlerts{channels: []Channel{{
		Name: "ops", Kind: "mqtt", Options: option.Values{"url": "http://h", "password": "secret"}, Origin: "api", State: ChannelState{LastError: "login with secret"},
	}}}
}

func (f *fakeAlerts) Active(context.Context) (AlertList, error) {
	return AlertList{Alerts: []Alert{{ID: "1", Rule: "cpu_high", Level: "error", State: "firing", Value: math.Inf(1), Threshold: 80}}}, nil
}

func (f *fakeAlerts) History(_ context.Context, rule string, limit int) ([]AlertEvent, error) {
	return []AlertEvent{{Rule: rule, From: "pending", To: "firing"}}, nil
}

func (f *fakeAlerts) Notices(context.Context, int) ([]Notice, error) {
	return []Notice{{Channel: "ops", Status: "firing", Outcome: "sent", Alerts: 2, Attempts: 1}}, nil
}

type fakeRules struct{ *fakeAlerts }

func (f fakeRules) List(context.Context) ([]AlertRuleState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.rules), nil
}

func (f fakeRules) Apply(_ context.Context, r AlertRule) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, AlertRuleState{AlertRule: r})
	return nil
}

func (f fakeRules) Drop(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.rules)
	if f.rules = slices.DeleteFunc(f.rules, func(r AlertRuleState) bool { return r.Name == name }); len(f.rules) == n {
		return fault.New(fault.NotFound, "rule %q does not exist", name)
	}
	return nil
}

func (f fakeRules) Test(_ context.Context, r AlertRule) ([]Condition, error) {
	if r.SQL != "" {
		return nil, fault.New(fault.Invalid, "no column value").WithHint("name one value")
	}
	return []Condition{{Value: 90, Threshold: *r.Threshold, Level: "warning"}}, nil
}

type fakeSilences struct{ *fakeAlerts }

func (f fakeSilences) List(context.Context) ([]Silence, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.silences), nil
}

func (f fakeSilences) Add(_ context.Context, s Silence) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.ID = "s1"
	f.silences = append(f.silences, s)
	return s.ID, nil
}

func (f fakeSilences) Drop(_ context.Context, id string) error {
	if id != "s1" {
		return fault.New(fault.NotFound, "silence %q does not exist", id)
	}
	return nil
}

type fakeChannels struct{ *fakeAlerts }

func (f fakeChannels) List(context.Context) ([]Channel, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.channels), nil
}

func (f fakeChannels) Apply(_ context.Context, c Channel) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.channels = append(slices.DeleteFunc(f.channels, func(one Channel) bool { return one.Name == c.Name }), c)
	return nil
}

func (f fakeChannels) Drop(_ context.Context, name string) error {
	if name != "ops" {
		return fault.New(fault.NotFound, "channel %q does not exist", name)
	}
	return nil
}

func (f fakeChannels) Test(_ context.Context, c Channel) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, c)
	return f.sendErr
}

func TestAlerts(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/alerts", ""))
	one := got["alerts"].([]any)[0].(map[string]any)
	if one["labels"] == nil || one["silenced_by"] == nil || one["value"] != 0.0 || got["evaluated_at"] != nil {
		t.Errorf("%v", got)
	}
	got = b.want(200, b.ask("GET", "/api/alerts/history?rule=cpu_high&limit=5", ""))
	if e := got["events"].([]any)[0].(map[string]any); e["rule"] != "cpu_high" || e["to"] != "firing" {
		t.Errorf("%v", got)
	}
	got = b.want(200, b.ask("GET", "/api/alerts/notices", ""))
	if n := got["notices"].([]any)[0].(map[string]any); n["channel"] != "ops" || n["alerts"] != 2.0 {
		t.Errorf("%v", got)
	}
	b.want(422, b.ask("GET", "/api/alerts/history?limit=1001", ""))
}

func TestAlertRules(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("POST", "/api/alerts/rules", `{"name": "cpu_high", "metric": "cpu_usage", "threshold": 80, "recover": 70}`))
	delete(got, "state")
	want := map[string]any{
		"name": "cpu_high", "enabled": true, "metric": "cpu_usage", "op": ">", "threshold": 80.0, "recover": 70.0, "for": "0s", "keep_firing_for": "0s",
		"interval": "10s", "no_data": "keep", "group_by": []any{"rule"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	list := b.want(200, b.ask("GET", "/api/alerts/rules", ""))["rules"].([]any)
	if state, ok := list[0].(map[string]any)["state"].(map[string]any); len(list) != 1 || !ok || state["firing"] != 0.0 {
		t.Errorf("%v", list)
	}
	got = b.want(200, b.ask("POST", "/api/alerts/rules/test", `{"name": "x", "metric": "cpu_usage", "threshold": 80}`))
	if c := got["conditions"].([]any)[0].(map[string]any); c["value"] != 90.0 || c["labels"] == nil {
		t.Errorf("%v", got)
	}
	got = b.want(200, b.ask("POST", "/api/alerts/rules/test", `{"name": "x", "sql": "SELECT 1"}`))
	if got["error"] != "no column value" || got["hint"] != "name one value" {
		t.Errorf("%v", got)
	}
	b.want(204, b.ask("DELETE", "/api/alerts/rules/cpu_high", ""))
	b.want(404, b.ask("DELETE", "/api/alerts/rules/cpu_high", ""))

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
	f(``, "metric or sql")
	f(`, "metric": "a", "sql": "SELECT 1", "threshold": 1`, "one of them")
	f(`, "metric": "a"`, "threshold is missing")
	f(`, "metric": "a", "threshold": 1, "op": "=="`, "op")
	f(`, "metric": "a", "threshold": 1, "for": "soon"`, "for", "soon")
	f(`, "metric": "a", "threshold": 1, "interval": "1ms"`, "interval")
	f(`, "metric": "a", "threshold": 1, "recover": 2`, "wrong side")
	f(`, "metric": "a", "threshold": 1, "op": "<", "recover": 0`, "wrong side")
	f(`, "sql": "SELECT 1", "aggregate": "avg"`, "aggregate")
	f(`, "metric": "a", "threshold": 1, "level": "fatal"`, "level")
}

func TestSilences(t *testing.T) {
	b := newBench(t)
	f := func(body string, status int) map[string]any {
		t.Helper()
		return b.want(status, b.ask("POST", "/api/alerts/silences", body))
	}
	if got := f(`{"matchers": {"rule": "cpu*"}, "duration": "2h", "comment": "disks"}`, 200); got["id"] != "s1" {
		t.Errorf("%v", got)
	}
	s := b.alerts.silences[0]
	if d := s.EndsAt.Sub(s.StartsAt); d != 2*time.Hour || s.By != "anyone" || s.Comment != "disks" {
		t.Errorf("%+v", s)
	}
	list := b.want(200, b.ask("GET", "/api/alerts/silences", ""))["silences"].([]any)
	if len(list) != 1 {
		t.Errorf("%v", list)
	}
	f(`{"matchers": {}, "duration": "2h"}`, 422)
	f(`{"matchers": {"": "x"}, "duration": "2h"}`, 422)
	f(`{"matchers": {"rule": "a"}}`, 422)
	f(`{"matchers": {"rule": "a"}, "duration": "2h", "ends_at": "2030-01-01T00:00:00Z"}`, 422)
	f(`{"matchers": {"rule": "a"}, "ends_at": "2020-01-01T00:00:00Z"}`, 422)
	f(`{"matchers": {"rule": "a"}, "duration": "800 d"}`, 422)
	f(`{"matchers": {"rule": "a"}, "duration": "long"}`, 422)
	b.want(204, b.ask("DELETE", "/api/alerts/silences/s1", ""))
	b.want(404, b.ask("DELETE", "/api/alerts/silences/s2", ""))
}

func TestChannels(t *testing.T) {
	b := newBench(t)
	w := b.ask("GET", "/api/alerts/channels", "")
	b.want(200, w)
	if strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "login with ******") {
		t.Errorf("%s", w.Body)
	}
	got := b.want(200, b.ask("POST", "/api/alerts/channels", `{"name": "ops", "kind": "mqtt", "options": {"url": "http://h", "password": "******"}, "levels": ["critical", "error"]}`))
	if diff := cmp.Diff([]any{"critical", "error"}, got["levels"]); diff != "" || got["send_resolved"] != true {
		t.Errorf("%v", got)
	}
	if b.alerts.channels[0].Options["password"] != "secret" {
		t.Errorf("%v", b.alerts.channels)
	}
	b.want(422, b.ask("POST", "/api/alerts/channels", `{"name": "ops", "kind": "mqtt", "options": {"url": "h"}, "levels": ["fatal"]}`))
	b.want(422, b.ask("POST", "/api/alerts/channels", `{"name": "ops", "kind": "pigeon", "options": {}}`))

	if got := b.want(200, b.ask("POST", "/api/alerts/channels/ops/test", "")); got["ok"] != true {
		t.Errorf("%v", got)
	}
	b.alerts.sendErr = fault.New(fault.Unavailable, "post http://u:secret@h: refused")
	got = b.want(200, b.ask("POST", "/api/alerts/channels/test", `{"name": "ops", "kind": "mqtt", "options": {"url": "http://h", "password": "******"}}`))
	if got["ok"] != false || got["error"] != "post http://u:******@h: refused" {
		t.Errorf("%v", got)
	}
	if len(b.alerts.sent) != 2 || b.alerts.sent[1].Options["password"] != "secret" {
		t.Errorf("%v", b.alerts.sent)
	}
	b.want(404, b.ask("POST", "/api/alerts/channels/other/test", ""))
	b.want(204, b.ask("DELETE", "/api/alerts/channels/ops", ""))
	b.want(404, b.ask("DELETE", "/api/alerts/channels/other", ""))
}
