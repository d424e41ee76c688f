package api

import (
	"net/http"
	"strings"
	"testing"
)

// TestQueryIsAPageToo wants browsers to get the screen where clients of InfluxDB ask.
func TestQueryIsAPageToo(t *testing.T) {
	b := newBench(t, withTokens, func(d *Deps) {
		d.Ingest[influxQueryPattern] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		})
		d.Ingest["GET /ping"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	})
	w, page := b.ask("GET", "/query?sql=SELECT", "", "Accept: text/html,*/*;q=0.8"), b.ask("GET", "/", "", "Accept: text/html")
	if w.Code != http.StatusOK || w.Body.String() != page.Body.String() || !strings.Contains(w.Body.String(), "<") {
		t.Errorf("the page of /query is %d %q, that of / %q", w.Code, w.Body, page.Body)
	}
	f := func(method, path string, want int) {
		t.Helper()
		if w := b.ask(method, path, ""); w.Code != want {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	f("GET", "/query?q=SELECT", http.StatusTeapot)
	f("HEAD", "/ping", http.StatusNoContent)
}
