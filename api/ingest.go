package api

import (
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// writePattern is the route of the platform's own push protocol.
const writePattern = "POST /api/write"

// maxInflatedBytes bounds what a compressed body may become: a few kilobytes can claim to be
// gigabytes.
const maxInflatedBytes = 64 << 20

// addIngest mounts the routes of push protocols. They read bodies and answer by themselves.
func (s *Server) addIngest(routes map[string]http.Handler) {
	for _, pattern := range slices.Sorted(maps.Keys(routes)) {
		s.HandleFunc(pattern, inflated(routes[pattern]))
	}
	if _, ok := routes[writePattern]; ok {
		s.documentWrite()
	}
}

// inflated decompresses a body before the handler sees it.
func inflated(h http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
		case "", "identity":
		case "gzip":
			z, err := gzip.NewReader(r.Body)
			var tooLarge *http.MaxBytesError
			switch {
			case errors.As(err, &tooLarge):
				writeProblem(w, newProblem(http.StatusRequestEntityTooLarge, "the body is too large"))
				return
			case err != nil:
				writeProblem(w, newProblem(http.StatusBadRequest, "read body: gzip: "+err.Error()))
				return
			}
			r.Body = http.MaxBytesReader(w, struct {
				io.Reader
				io.Closer
			}{z, r.Body}, maxInflatedBytes)
			r.Header.Del("Content-Encoding")
			r.ContentLength = -1
		default:
			p := newProblem(http.StatusUnsupportedMediaType, "Content-Encoding "+cut(encoding)+" is not known")
			p.Hint = "send gzip, or nothing of the kind"
			writeProblem(w, p)
			return
		}
		h.ServeHTTP(w, r)
	}
}

// DataPoint is one value of one metric at one time, as it is written.
type DataPoint struct {
	Timestamp string            `json:"timestamp,omitempty" format:"date-time" doc:"When it was measured; when it arrived, if left out"`
	Metric    string            `json:"metric" minLength:"1" maxLength:"200" pattern:"^[a-zA-Z_][a-zA-Z0-9_.:-]*$" example:"cpu_usage"`
	Value     float64           `json:"value" example:"75.5"`
	Tags      map[string]string `json:"tags,omitempty" doc:"What tells its series apart" example:"{\"host\":\"web-1\"}"`
}

// WriteAnswer says what became of points.
type WriteAnswer struct {
	Accepted int             `json:"accepted" doc:"Points that the bus has"`
	Rejected []RejectedPoint `json:"rejected" nullable:"false"`
}

// RejectedPoint says why a point was not taken.
type RejectedPoint struct {
	Index  int    `json:"index" doc:"Its place in the request, from 0"`
	Reason string `json:"reason"`
}

// documentWrite describes what ingest/json reads, which huma does not see.
func (s *Server) documentWrite() {
	registry := s.doc.Components.Schemas
	point := schemaOf[DataPoint](registry)
	one := 1
	op := s.operation(huma.Operation{
		OperationID: "write", Method: http.MethodPost, Path: "/api/write", Tags: []string{"data"},
		Summary: "Write points",
		Description: "One point, a list, or one a line (NDJSON). Answers after the bus has them. Points that are not right are " +
			"named and left out; if none is right, nothing is written. The body may be gzipped.",
		RequestBody: &huma.RequestBody{
			Required: true,
			Content: map[string]*huma.MediaType{
				"application/json":     {Schema: &huma.Schema{AnyOf: []*huma.Schema{point, {Type: huma.TypeArray, Items: point, MinItems: &one}}}},
				"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString, Description: "One point a line"}},
			},
		},
		Responses: map[string]*huma.Response{"200": {
			Description: "What was accepted and what was not",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: schemaOf[WriteAnswer](registry)}},
		}},
		Errors: []int{http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, registry)
	s.doc.AddOperation(&op)
}
