package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// docFiles are the page that shows the document: self-contained, as there may be no way out to a CDN.
//
//go:embed docs
var docFiles embed.FS

// addDocs serves the OpenAPI document and the page that shows it. It must come after all operations.
func (s *Server) addDocs(api huma.API) {
	delete(api.OpenAPI().Components.Schemas.Map(), "ErrorModel") // huma's own, which ours replaces
	s.allowNull()
	text := sync.OnceValue(func() []byte {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s.doc); err != nil {
			panic(err) // the document is made of our own types
		}
		return buf.Bytes()
	})
	s.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(text()) // the client may be gone
	})
	files := newFileSet(mustSub(docFiles, "docs"))
	s.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) { files.serve(w, r, "index.html") })
	s.HandleFunc("GET /docs/{file}", func(w http.ResponseWriter, r *http.Request) {
		if !files.serve(w, r, r.PathValue("file")) {
			writeProblem(w, newProblem(http.StatusNotFound, "there is no such file"))
		}
	})
}

// addPlatformMetrics serves the platform's own metrics.
func (s *Server) addPlatformMetrics(endpoint http.Handler) {
	s.HandleFunc("GET /metrics", endpoint.ServeHTTP)
	op := s.operation(huma.Operation{
		OperationID: "platform-metrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"node"},
		Summary: "The platform's own metrics, for Prometheus",
		Responses: map[string]*huma.Response{"200": {
			Description: "Prometheus' text format, or OpenMetrics as asked for",
			Content: map[string]*huma.MediaType{
				"text/plain":                   {Schema: &huma.Schema{Type: huma.TypeString}},
				"application/openmetrics-text": {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}},
	}, s.doc.Components.Schemas)
	s.doc.AddOperation(&op)
}

// documentRealtime describes the WebSocket as far as OpenAPI can.
func (s *Server) documentRealtime() {
	registry := s.doc.Components.Schemas
	op := s.operation(huma.Operation{
		OperationID: "realtime", Method: http.MethodGet, Path: "/ws/realtime", Tags: []string{"metrics"},
		Summary: "Live messages (WebSocket)",
		Description: "Each second `{\"timestamp\": …, \"metrics\": {\"cpu\", \"memory\", \"requests_per_second\"}}`. Beyond that, send\n\n" +
			"- `{\"op\": \"subscribe\", \"id\": \"a\", \"channel\": \"metrics\", \"names\": [\"cpu_core_usage\"]}`\n" +
			"- `{\"op\": \"subscribe\", \"id\": \"b\", \"channel\": \"topic\", \"topic\": \"sensors.stats\"}`\n" +
			"- `{\"op\": \"subscribe\", \"id\": \"c\", \"channel\": \"query\", \"sql\": \"SELECT …\", \"interval_ms\": 2000}`\n" +
			"- `{\"op\": \"unsubscribe\", \"id\": \"a\"}`\n\n" +
			"Answers are `{\"op\": \"subscribed\", \"id\"}` or `{\"op\": \"error\", \"id\", \"error\": problem}`; messages carry id, channel and seq. " +
			"Where tokens are configured, the first message is `{\"op\": \"auth\", \"token\": …}`, unless the handshake had the token " +
			"in its Authorization header or as the subprotocol `bearer.<token>` beside `millrace`.",
		Responses: map[string]*huma.Response{
			"101": {Description: "The connection is a WebSocket from here on"},
			"400": problemResponse(registry, "The handshake is not right"),
			"426": problemResponse(registry, "Not a WebSocket handshake"),
		},
	}, registry)
	s.doc.AddOperation(&op)
}
