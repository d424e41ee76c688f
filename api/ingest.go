package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Routes of push protocols that are known here.
const (
	writePattern       = "POST /api/write"
	influxWritePattern = "POST /api/v2/write"
	influxOnePattern   = "POST /write"
	influxQueryPattern = "GET /query" // and a page of the screen
	remoteWritePattern = "POST /api/v1/write"
)

// addIngest mounts the routes of push protocols. They read bodies, compressed ones too, and answer by
// themselves.
func (s *Server) addIngest(routes map[string]http.Handler) {
	for _, pattern := range slices.Sorted(maps.Keys(routes)) {
		serve := routes[pattern].ServeHTTP
		if pattern == influxQueryPattern {
			serve = s.pageOr(serve)
		}
		s.HandleFunc(pattern, serve)
	}
	document := map[string]func(){
		writePattern: s.documentWrite, influxWritePattern: s.documentInfluxWrite, influxOnePattern: s.documentInfluxOne,
		remoteWritePattern: s.documentRemoteWrite,
	}
	for _, pattern := range slices.Sorted(maps.Keys(document)) {
		if _, ok := routes[pattern]; ok {
			document[pattern]()
		}
	}
}

// pageOr lets the screen answer a browser that opens the page of the same path.
func (s *Server) pageOr(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			serve(w, r)
			return
		}
		page := r.Clone(r.Context())
		page.URL.Path = "/"
		s.mux.ServeHTTP(w, page)
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

// The members of a point of which it has one.
const (
	valueName  = "value"
	fieldsName = "fields"
)

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
			"named and left out, and go to the dead letters; if none is right, nothing is written. The body may be gzipped. " +
			"Times are kept in microseconds: finer ones are rounded down.",
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

// Texts that the two APIs of InfluxDB share.
const (
	lineProtocolExample = "cpu,host=a usage_idle=97.5,state=\"ok\",up=true 1795168800000000000\n"
	lineProtocolText    = "Takes line protocol as InfluxDB does, for Telegraf and InfluxDB's client libraries as they are. The measurement " +
		"is the metric; its fields and tags are the point's. Answers after the bus has the lines. Good lines are written also where " +
		"others are bad: those go to the dead letters, and the answer is 400 and names the first. 503 asks for the same again. " +
		"The body may be gzipped. Databases, buckets and organizations are taken and have no meaning. Times are kept in " +
		"microseconds: nanoseconds are rounded down."
)

// documentLines describes a route of ingest/influx.
func (s *Server) documentLines(id, path, summary, text string, params []*huma.Param, refusal *huma.Schema) {
	answer := func(what string) *huma.Response {
		return &huma.Response{Description: what, Content: map[string]*huma.MediaType{"application/json": {Schema: refusal}}}
	}
	s.documentPush(huma.Operation{
		OperationID: id, Path: path, Summary: summary, Description: text, Parameters: params,
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{
			"text/plain": {Schema: &huma.Schema{Type: huma.TypeString, Description: "Line protocol"}, Example: lineProtocolExample},
		}},
	}, map[string]*huma.Response{
		"204": {Description: "All lines are written"}, "400": answer("Nothing, or not all, is written"),
		"413": answer("Too large"), "415": answer("The content encoding is not known"), "503": answer("The bus is not there: send the same again"),
	})
}

// documentPush adds an operation that has answers in the words of its protocol.
func (s *Server) documentPush(op huma.Operation, own map[string]*huma.Response) {
	op.Method, op.Tags = http.MethodPost, []string{"data"}
	op = s.operation(op, s.doc.Components.Schemas)
	maps.Copy(op.Responses, own)
	s.doc.AddOperation(&op)
}

func (s *Server) documentInfluxWrite() {
	s.documentLines("writeInflux", "/api/v2/write", "Write line protocol, as InfluxDB 2", lineProtocolText,
		[]*huma.Param{
			query("precision", "The unit of timestamps", "ns", "us", "ms", "s"), query("org", "Has no meaning here"), query("bucket", "Has no meaning here"),
		},
		&huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"code": {Type: huma.TypeString}, "message": {Type: huma.TypeString}}})
}

func (s *Server) documentInfluxOne() {
	s.documentLines("writeInflux1", "/write", "Write line protocol, as InfluxDB 1", lineProtocolText+" The token may be the password, as Basic authentication or as p.",
		[]*huma.Param{
			query("precision", "The unit of timestamps", "n", "ns", "u", "us", "ms", "s", "m", "h"), query("db", "Has no meaning here"),
			query("rp", "Has no meaning here"), query("u", "Any name"), query("p", "The token"),
		},
		&huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"error": {Type: huma.TypeString}}})
}

func query(name, doc string, oneOf ...string) *huma.Param {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, v := range oneOf {
		schema.Enum = append(schema.Enum, v)
	}
	return &huma.Param{Name: name, In: "query", Description: doc, Schema: schema}
}

// documentRemoteWrite describes what ingest/prometheus reads.
func (s *Server) documentRemoteWrite() {
	text := func(what string) *huma.Response {
		return &huma.Response{Description: what, Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
	s.documentPush(huma.Operation{
		OperationID: "writePrometheus", Path: "/api/v1/write",
		Summary: "Remote write of Prometheus, 1.0 and 2.0",
		Description: "Takes what Prometheus writes with remote_write. A sample becomes a point: the name of its series is the metric, its labels are " +
			"tags. Of native histograms the count and the sum are kept. Answers after the bus has the points; series that are wrong go to the " +
			"dead letters while the others are written.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/x-protobuf": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "prometheus.WriteRequest, or io.prometheus.write.v2.Request where the content type says so; packed with snappy"}},
		}},
	}, map[string]*huma.Response{
		"204": {Description: "All is written"}, "400": text("Nothing, or not all, is written; do not send it again"), "413": text("Too large"),
		"415": text("The content type or encoding is not known"), "503": text("The bus is not there: send the same again"),
	})
}

// dataPoint is the schema of one point, as ingest/json reads it.
func dataPoint() *huma.Schema {
	const plain = `[^\x00-\x1f\x7f-\x9f]`
	one, longest, most, mostFields := 1, 255, 64, 512
	first, end := -62135596800.0, 253402300800e9 // the year 1 in seconds, the year 10000 in nanoseconds
	s := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"metric"}, AdditionalProperties: true,
		OneOf:       []*huma.Schema{{Required: []string{valueName}}, {Required: []string{fieldsName}}},
		Description: "One value, or several named fields, of one metric at one time",
		Properties: map[string]*huma.Schema{
			"timestamp": {
				Description: "When it was measured: RFC 3339, or a number since 1970 (seconds, ms, µs or ns, told apart by their size). When it arrived, if left out.",
				AnyOf:       []*huma.Schema{{Type: huma.TypeString, Format: "date-time"}, {Type: huma.TypeNumber, Minimum: &first, ExclusiveMaximum: &end}, {Type: "null"}},
				Examples:    []any{"2026-11-20T10:00:00Z"},
			},
			"metric":  {Type: huma.TypeString, MinLength: &one, MaxLength: &longest, Pattern: "^" + plain + "+$", Examples: []any{"room_temperature"}},
			valueName: {Type: huma.TypeNumber, Examples: []any{21.5}},
			fieldsName: {
				Description: "Instead of a value: what was measured together. Numbers become DOUBLE columns, texts VARCHAR, truth values BOOLEAN; " +
					"null is as good as absent. A single number called value is the same as value. None may be called time, or like a tag of the point.",
				Type: huma.TypeObject, MinProperties: &one, MaxProperties: &mostFields,
				AdditionalProperties: &huma.Schema{AnyOf: []*huma.Schema{
					{Type: huma.TypeNumber}, {Type: huma.TypeString}, {Type: huma.TypeBoolean}, {Type: "null"},
				}},
				Not: &huma.Schema{AdditionalProperties: &huma.Schema{Type: "null"}},
				Extensions: map[string]any{"propertyNames": map[string]any{
					"minLength": one, "maxLength": longest, "pattern": "^" + plain + "+$",
					"not": map[string]any{"pattern": "^[tT][iI][mM][eE]$"},
				}},
				Examples: []any{map[string]any{"usage_idle": 97.5, "state": "ok", "up": true}},
			},
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
