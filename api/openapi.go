package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// schemas is where the document keeps its types.
const schemas = "#/components/schemas/"

func (s *Server) openAPI() huma.Config {
	registry := huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer)
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Millrace",
				Version:     s.deps.Version,
				Description: "Collect, transform, store, query and watch data in real time.",
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Tags: []*huma.Tag{
				{Name: "metrics", Description: "What is happening now"},
				{Name: "data", Description: "Write points, ask for what is stored"},
				{Name: "bus", Description: "Topics, their records, who reads them, and those that could not be read"},
				{Name: "sources", Description: "What brings records in by itself"},
				{Name: "pipelines", Description: "Flink SQL that runs"},
				{Name: "alerts", Description: "What is watched, what is wrong, and who is told"},
				{Name: "screen", Description: "What the screen keeps"},
				{Name: "node", Description: "The platform itself"},
			},
			Components: &huma.Components{Schemas: registry},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{ownProblem},
	}
	if !s.guard.open() {
		c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
			"token": {Type: "http", Scheme: "bearer", Description: "One of the tokens of the configuration"},
		}
	}
	return c
}

// operation fills in what is alike in all operations: which errors there are, in the one shape, and
// that a token is needed where one is.
func (s *Server) operation(op huma.Operation, registry huma.Registry) huma.Operation {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	codes := []int{http.StatusForbidden, http.StatusInternalServerError}
	need, _ := s.need(op.Method + " " + op.Path)
	if need != Everyone && !s.guard.open() {
		codes = append(codes, http.StatusUnauthorized)
		op.Security = []map[string][]string{{"token": {}}}
	}
	if need != Everyone && s.rates != nil {
		codes = append(codes, http.StatusTooManyRequests)
	}
	if op.Method == http.MethodPost || op.Method == http.MethodPut || op.Method == http.MethodPatch {
		codes = append(codes, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}
	for _, code := range append(codes, op.Errors...) {
		r := problemResponse(registry, http.StatusText(code))
		if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
			r.Headers = map[string]*huma.Param{"Retry-After": {
				Description: "Seconds to wait before trying again",
				Schema:      &huma.Schema{Type: huma.TypeInteger},
			}}
		}
		op.Responses[strconv.Itoa(code)] = r
	}
	op.Errors = nil // huma would describe them by its own model
	return op
}

func problemResponse(registry huma.Registry, description string) *huma.Response {
	return &huma.Response{
		Description: description,
		Content:     map[string]*huma.MediaType{problemType: {Schema: schemaOf[Problem](registry)}},
	}
}

// allowNull says in the document what is done with requests: null stands for an optional value that is left out.
// It must come after all operations.
func (s *Server) allowNull() {
	components := s.doc.Components.Schemas
	for _, path := range s.doc.Paths {
		for _, op := range []*huma.Operation{path.Post, path.Put, path.Patch} {
			if op == nil || op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
				continue
			}
			body := op.RequestBody.Content["application/json"].Schema
			if body != nil && body.Ref != "" {
				optionalNull(components.SchemaFromRef(body.Ref))
			}
		}
	}
}

func optionalNull(body *huma.Schema) {
	for name, p := range body.Properties {
		if slices.Contains(body.Required, name) || p.Ref != "" || p.Type == "" || p.Nullable {
			continue
		}
		p.Nullable = true
		if len(p.Enum) > 0 {
			p.Enum = append(slices.Clone(p.Enum), nil)
		}
	}
}
