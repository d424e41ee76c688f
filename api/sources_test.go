package api

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/option"
)

// fakeKinds are two kinds, of which one has a secret.
func fakeKinds() []Kind {
	return []Kind{
		{Name: "mqtt", Doc: "MQTT.", Options: []option.Option{
			{Name: "url", Required: true, Doc: "Where it is."},
			{Name: "qos", Kind: option.Int, Default: "1", OneOf: []string{"0", "1", "2"}},
			{Name: "password", Secret: true},
			{Name: "clean", Kind: option.Bool},
		}},
		{Name: "empty"},
	}
}

// fakeSources keeps sources in memory. Its mu guards the rest.
type fakeSources struct {
	mu      sync.Mutex
	list    []Source
	tried   SourceDraft
	tryErr  error
	preview Preview
}

func newFakeSources() *fakeSources {
	return &fakeSources{list: []Source{
		{Name: "yard", Connector: "mqtt", Origin: "api", State: "running", Options: option.Values{"url": "mqtt://u:secret1@yard:1883", "password": "secret2"}, Lag: -1, LastError: "login with secret2 refused"},
		{Name: "fixed", Connector: "mqtt", Origin: "config", State: "running", Options: option.Values{"url": "mqtt://h"}},
		{Name: "old", Connector: "gone", Origin: "api", State: "failed", Options: option.Values{"token": "secret3"}},
	}}
}

func (f *fakeSources) List(context.Context) ([]Source, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list), nil
}

func (f *fakeSources) Apply(_ context.Context, s SourceDraft) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(one Source) bool { return one.Name == s.Name })
	f.list = append(f.list, Source{Name: s.Name, Connector: s.Connector, Options: s.Options, Origin: "api", State: "running"})
	return nil
}

func (f *fakeSources) Test(ctx context.Context, s SourceDraft) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tried = s
	return f.tryErr
}

func (f *fakeSources) Preview(_ context.Context, s SourceDraft, limit int) (Preview, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tried = s
	return f.preview, f.tryErr
}

func (f *fakeSources) change(name, state string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		if f.list[i].Name != name {
			continue
		}
		if f.list[i].Origin == "config" {
			return fault.New(fault.Conflict, "source %q is configured in the file", name).WithHint("change it there")
		}
		f.list[i].State = state
		return nil
	}
	return fault.New(fault.NotFound, "source %q does not exist", name)
}

func (f *fakeSources) Pause(_ context.Context, name string) error { return f.change(name, "paused") }

func (f *fakeSources) Resume(_ context.Context, name string) error { return f.change(name, "running") }

func (f *fakeSources) Drop(_ context.Context, name string) error { return f.change(name, "dropped") }

func TestConnectorsAreShownAsForms(t *testing.T) {
	b := newBench(t)
	list := b.want(200, b.ask("GET", "/api/connectors", ""))["connectors"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["name"] != "empty" {
		t.Fatalf("%v", list)
	}
	got := list[1].(map[string]any)["options"].([]any)[1]
	want := map[string]any{"name": "qos", "kind": "int", "default": "1", "doc": "", "one_of": []any{"0", "1", "2"}, "secret": false, "required": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSourcesHideSecrets(t *testing.T) {
	b := newBench(t)
	w := b.ask("GET", "/api/sources", "")
	list := b.want(200, w)["sources"].([]any)
	for _, secret := range []string{"secret1", "secret2", "secret3"} {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	if names := []any{list[0].(map[string]any)["name"], list[1].(map[string]any)["name"]}; names[0] != "fixed" || names[1] != "old" {
		t.Errorf("%v", names)
	}
	yard := list[2].(map[string]any)
	if diff := cmp.Diff(map[string]any{"url": "mqtt://u:******@yard:1883", "password": "******"}, yard["options"]); diff != "" {
		t.Error(diff)
	}
	if yard["last_error"] != "login with ****** refused" {
		t.Errorf("%v", yard["last_error"])
	}
}

func TestApplySource(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("POST", "/api/sources", `{"name": "yard", "connector": "mqtt",
		"options": {"url": "mqtt://u:******@yard:1883", "password": "******", "qos": 2, "clean": true}}`))
	if got["name"] != "yard" || got["options"].(map[string]any)["password"] != "******" {
		t.Errorf("%v", got)
	}
	i := slices.IndexFunc(b.sources.list, func(s Source) bool { return s.Name == "yard" })
	want := option.Values{"url": "mqtt://u:secret1@yard:1883", "password": "secret2", "qos": "2", "clean": "true"}
	if diff := cmp.Diff(want, b.sources.list[i].Options); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(b.log.String(), `"logger":"audit","message":"source applied"`) || strings.Contains(b.log.String(), "secret2") {
		t.Errorf("log %s", b.log)
	}

	f := func(status int, body string, wants ...string) {
		t.Helper()
		w := b.ask("POST", "/api/sources", body)
		b.want(status, w)
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %s, want %q in it", body, w.Body, want)
			}
		}
	}
	f(422, `{"name": "x", "connector": "mqt", "options": {}}`, "mqt", `did you mean \"mqtt\"`)
	f(422, `{"name": "x", "connector": "mqtt", "options": {}}`, "url", "missing", "Where it is.")
	f(422, `{"name": "x", "connector": "mqtt", "options": {"url": "u", "qos": 7}}`, "qos")
	f(422, `{"name": "x", "connector": "mqtt", "options": {"url": "u", "pasword": "p"}}`, `did you mean \"password\"`)
	f(422, `{"name": "x", "connector": "mqtt", "options": {"url": "u", "password": "******"}}`, "there is none")
	f(422, `{"name": "old", "connector": "mqtt", "options": {"url": "u", "password": "******"}}`, "there is none") // of another connector
	f(422, `{"name": "yard", "connector": "mqtt", "options": {"url": "mqtt://mine", "password": "******"}}`, "url", "has changed")
	f(422, `{"name": "yard", "connector": "mqtt", "options": {"url": "mqtt://u:******@mine:1883"}}`, "there is none")
	f(422, `{"name": "x", "connector": "mqtt", "options": {"url": {"a": 1}}}`)
	f(422, `{"name": "../x", "connector": "mqtt", "options": {"url": "u"}}`)
	f(422, `{"name": "x", "connector": "mqtt"}`, "options")
}

func TestSourceStates(t *testing.T) {
	b := newBench(t)
	if got := b.want(200, b.ask("POST", "/api/sources/yard/pause", "")); got["state"] != "paused" {
		t.Errorf("%v", got)
	}
	b.want(200, b.ask("POST", "/api/sources/yard/resume", ""))
	if p := b.want(409, b.ask("DELETE", "/api/sources/fixed", "")); p["hint"] == nil {
		t.Errorf("%v", p)
	}
	b.want(404, b.ask("POST", "/api/sources/nothing/pause", ""))
	b.want(204, b.ask("DELETE", "/api/sources/yard", ""))
	b.want(422, b.ask("DELETE", "/api/sources/a%20b", ""))
}

func TestTrySource(t *testing.T) {
	b := newBench(t)
	body := `{"name": "yard", "connector": "mqtt", "options": {"url": "mqtt://u:******@yard:1883", "password": "******"}}`
	got := b.want(200, b.ask("POST", "/api/sources/test", body))
	if _, ok := got["took_ms"].(float64); !ok || got["ok"] != true || got["error"] != nil {
		t.Errorf("%v", got)
	}
	if b.sources.tried.Options["password"] != "secret2" {
		t.Errorf("%v", b.sources.tried)
	}
	b.sources.tryErr = fault.New(fault.Denied, "login as u with secret2: not authorized").WithHint("see the password")
	got = b.want(200, b.ask("POST", "/api/sources/test", body))
	if got["ok"] != false || got["error"] != "login as u with ******: not authorized" || got["hint"] != "see the password" {
		t.Errorf("%v", got)
	}
	b.sources.tryErr = context.DeadlineExceeded
	if got = b.want(200, b.ask("POST", "/api/sources/test", body)); got["error"] != "it took too long" {
		t.Errorf("%v", got)
	}
	b.want(422, b.ask("POST", "/api/sources/test", `{"connector": "other", "options": {}}`))
}

func TestPreviewSource(t *testing.T) {
	b := newBench(t)
	b.sources.preview = Preview{
		Records: []Record{{Key: []byte("k"), Value: []byte(`{"a": 1}`), Time: time.Unix(1, 0)}, {Value: []byte("b")}, {Value: []byte("c")}},
		Refused: []Unreadable{{[]byte("\xff{"), "not JSON"}},
	}
	b.sources.tryErr = errors.New("connection lost")
	got := b.want(200, b.ask("POST", "/api/sources/preview", `{"connector": "mqtt", "options": {"url": "u"}, "limit": 2, "seconds": 1}`))
	records := got["records"].([]any)
	if len(records) != 2 || records[0].(map[string]any)["key"] != "k" || got["error"] != "connection lost" {
		t.Errorf("%v", got)
	}
	if diff := cmp.Diff([]any{map[string]any{"value": "\uFFFD{", "error": "not JSON"}}, got["refused"]); diff != "" {
		t.Error(diff)
	}
	b.want(422, b.ask("POST", "/api/sources/preview", `{"connector": "mqtt", "options": {"url": "u"}, "seconds": 31}`))
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"a": "x", "b": 1.50, "c": true, "d": null}`))
	f.Add([]byte(`{"a": {"b": 1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Settings
		if json.Unmarshal(data, &s) != nil {
			return
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again Settings
		if err := json.Unmarshal(text, &again); err != nil || !cmp.Equal(s, again) {
			t.Errorf("%s becomes %s: %v", data, text, err)
		}
	})
}
