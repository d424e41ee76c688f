package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const (
	viewerToken = "viewer-token-0123456789"
	editorToken = "editor-token-0123456789"
	adminToken  = "admin-token-0123456789"
	ingestToken = "ingest-token-0123456789"
)

func withTokens(d *Deps) {
	d.Security = Security{Tokens: []Token{
		{"v", Viewer, viewerToken}, {"e", Editor, editorToken}, {"a", Admin, adminToken}, {"i", Ingester, ingestToken},
	}}
}

// TestEveryRouteHasARole holds the table of roles against what is registered: deny by default means
// that a forgotten route would be dead, not open.
func TestEveryRouteHasARole(t *testing.T) {
	b := newBench(t)
	for _, pattern := range b.s.routes {
		if _, ok := b.s.need(pattern); !ok {
			t.Errorf("%s has no role: add it to needs", pattern)
		}
	}
	for pattern := range needs {
		if !slices.Contains(b.s.routes, pattern) {
			t.Errorf("%s has a role but no route", pattern)
		}
	}
}

func TestARouteWithoutARoleIsRefused(t *testing.T) {
	b := newBench(t)
	b.s.HandleFunc("GET /api/forgotten", func(http.ResponseWriter, *http.Request) { t.Error("it is served") })
	b.want(403, b.ask("GET", "/api/forgotten", ""))
}

func TestTokensAndRoles(t *testing.T) {
	b := newBench(t, withTokens)
	f := func(token, method, path string, status int) {
		t.Helper()
		var headers []string
		if token != "" {
			headers = append(headers, "Authorization: Bearer "+token)
		}
		body := ""
		if method == "POST" && strings.Count(path, "/") == 2 {
			body = `{"sql": "SELECT 1", "name": "x"}`
		}
		if w := b.ask(method, path, body, headers...); w.Code != status {
			t.Errorf("%s %s as %q: %d, want %d: %s", method, path, token, w.Code, status, w.Body)
		}
	}
	f("", "GET", "/healthz", 200)
	f("", "GET", "/readyz", 200)
	f("", "GET", "/", 200)
	f("", "GET", "/openapi.json", 200)
	f("", "GET", "/docs", 200)
	for _, path := range []string{"/api/metrics/latest", "/api/status", "/api/pipelines", "/metrics", "/api/topics"} {
		f("", "GET", path, 401)
		f("wrong", "GET", path, 401)
		f(viewerToken, "GET", path, 200)
		f(editorToken, "GET", path, 200)
		f(adminToken, "GET", path, 200)
		f(ingestToken, "GET", path, 403)
	}
	f(viewerToken, "POST", "/api/pipelines/sensors/pause", 403)
	f(ingestToken, "POST", "/api/pipelines/sensors/pause", 403)
	f(editorToken, "POST", "/api/pipelines/sensors/pause", 200)
	f(adminToken, "POST", "/api/pipelines/sensors/resume", 200)
	f("", "POST", "/api/write", 401)
	f(viewerToken, "POST", "/api/write", 403)
	f(ingestToken, "POST", "/api/write", 200)
	f(editorToken, "POST", "/api/write", 200)

	w := b.ask("GET", "/api/status", "")
	if p := b.want(401, w); w.Header().Get("WWW-Authenticate") == "" || p["hint"] == nil {
		t.Errorf("%v", p)
	}
	for _, token := range []string{viewerToken, adminToken} {
		if strings.Contains(b.log.String(), token) {
			t.Error("a token is in the log")
		}
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Security  []any
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(b.ask("GET", "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if op := doc.Paths["/api/status"]["get"]; len(op.Security) != 1 || op.Responses["401"] == nil {
		t.Errorf("the document asks for no token: %+v", op)
	}
}

func TestHostNames(t *testing.T) {
	b := newBench(t, func(d *Deps) { d.Security.Hosts = []string{"Millrace.example"} })
	f := func(host string, status int) {
		t.Helper()
		if w := b.ask("GET", "/api/status", "", "Host: "+host); w.Code != status {
			t.Errorf("host %s: %d, want %d", host, w.Code, status)
		}
	}
	f("localhost:8000", 200)
	f("LOCALHOST", 200)
	f("app.localhost:80", 200)
	f("127.0.0.1:9999", 200)
	f("[::1]:8000", 200)
	f("[::1]", 200)
	f("millrace.example:8000", 200)
	f("evil.example:8000", 403)
	f("localhost.evil.example", 403)
	f("127.0.0.1.evil.example", 403)
	f("192.168.1.1:8000", 403)
	open := newBench(t, func(d *Deps) { d.Security = Security{} })
	if w := open.ask("GET", "/api/status", "", "Host: anything.example"); w.Code != 200 {
		t.Errorf("an address that is not loopback refuses a host: %d", w.Code)
	}
}

func TestOtherSites(t *testing.T) {
	const evil, good = "https://evil.example", "https://good.example"
	b := newBench(t, func(d *Deps) { d.Security.Origins = []string{good} })
	f := func(b *bench, method, origin string, status int, allow string) *httptest.ResponseRecorder {
		t.Helper()
		w := b.ask(method, "/api/sql", `{"sql": "SELECT 1"}`, "Origin: "+origin, "Sec-Fetch-Site: cross-site", "Access-Control-Request-Method: POST")
		if w.Code != status || w.Header().Get("Access-Control-Allow-Origin") != allow {
			t.Errorf("%s from %s: %d, allowed %q", method, origin, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
		}
		return w
	}
	f(b, "POST", evil, 403, "")
	f(b, "POST", good, 200, good)
	f(b, "OPTIONS", good, 204, good)
	f(b, "OPTIONS", evil, 405, "")
	all := newBench(t, func(d *Deps) { d.Security.Origins = []string{"*"} })
	f(all, "POST", evil, 200, "*")
	f(all, "OPTIONS", evil, 204, "*")
	own := newBench(t)
	f(own, "POST", evil, 403, "")
	if w := own.ask("POST", "/api/sql", `{"sql": "SELECT 1"}`, "Origin: http://127.0.0.1:8000", "Sec-Fetch-Site: same-origin"); w.Code != 200 {
		t.Errorf("the own page: %d", w.Code)
	}
}
