package api

import (
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// register adds an operation: its route, its part of the document, and errors in the one shape.
func register[I, O any](s *Server, api huma.API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	op = s.operation(op, api.OpenAPI().Components.Schemas)
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, problemOf(s.log, err)
		}
		return out, nil
	})
}

// sample is a request body to begin with, for those who try an operation from the docs.
func sample(body map[string]any) *huma.RequestBody {
	return &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: body}}}
}

// schemaOf returns a reference to the schema of T, which it adds to the document.
func schemaOf[T any](r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, reflect.TypeFor[T]().Name())
}
