package api

import (
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// writePattern is the route of the platform's own push protocol.
const writePattern = "POST /api/write"

// addIngest mounts the routes of push protocols. They read bodies, compressed ones too, and answer by
// themselves.
func (s *Server) addIngest(routes map[string]http.Handler) {
	for _, pattern := range slices.Sorted(maps.Keys(routes)) {
		s.HandleFunc(pattern, routes[pattern].ServeHTTP)
	}
	if _, ok := routes[writePattern]; ok {
		s.documentWrite()
	}
}

// WriteAnswer says what became of points.
type WriteAnswer struct {
	Accepted int             `json:"accepted" doc:"Points that the bus has"`
	Rejected []RejectedPoint `json:"rejected" nullable:"false"`
	Total    int             `json:"rejected_total,omitempty" doc:"How many were rejected, where not all of them are listed"`
}

// RejectedPoint says why a point was not taken.
type RejectedPoint struct {
	Index  int    `json:"index" doc:"Its place in the request, from 0"`
	Reason string `json:"reason"`
}

// documentWrite describes what ingest/json reads, which huma does not see.
func (s *Server) documentWrite() {
	registry := s.doc.Components.Schemas
	registry.Map()["DataPoint"] = dataPoint()
	point := &huma.Schema{Ref: schemas + "DataPoint"}
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

// dataPoint is the schema of one point, as ingest/json reads it.
func dataPoint() *huma.Schema {
	const plain = `[^\x00-\x1f\x7f-\x9f]`
	one, longest, most := 1, 256, 64
	first, end := -62135596800.0, 253402300800e9 // the year 1 in seconds, the year 10000 in nanoseconds
	s := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"metric", "value"}, AdditionalProperties: true,
		Description: "One value of one metric at one time",
		Properties: map[string]*huma.Schema{
			"timestamp": {
				Description: "When it was measured: RFC 3339, or a number since 1970 (seconds, ms, µs or ns, told apart by their size). When it arrived, if left out.",
				AnyOf:       []*huma.Schema{{Type: huma.TypeString, Format: "date-time"}, {Type: huma.TypeNumber, Minimum: &first, ExclusiveMaximum: &end}, {Type: "null"}},
				Examples:    []any{"2026-11-20T10:00:00Z"},
			},
			"metric": {Type: huma.TypeString, MinLength: &one, MaxLength: &longest, Pattern: "^" + plain + "+$", Examples: []any{"room_temperature"}},
			"value":  {Type: huma.TypeNumber, Examples: []any{21.5}},
			"tags": {
				Description: "What tells its series apart. A tag of null is none; none may be called like the columns of points, time and value.",
				Type:        huma.TypeObject, Nullable: true, MaxProperties: &most,
				AdditionalProperties: &huma.Schema{AnyOf: []*huma.Schema{
					{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}, {Type: "null"},
				}},
				Extensions: map[string]any{"propertyNames": map[string]any{
					"minLength": one, "maxLength": longest, "pattern": "^" + plain + "+$",
					"not": map[string]any{"pattern": "^([tT][iI][mM][eE]|[vV][aA][lL][uU][eE])$"},
				}},
				Examples: []any{map[string]any{"room": "a"}},
			},
		},
	}
	return s
}
