// Package ingest is the border with what others push to us over HTTP: one folder a protocol, the list
// of them in builtin.
//
// A protocol decodes what its clients send, checks it, and hands records to the bus; it answers its
// client only after the bus has them. The api mounts the routes and guards them.
package ingest

import (
	"net/http"

	"millrace/connector"
	"millrace/option"
)

// Spec is a protocol as users see it. Its routes get the role ingest by themselves, but for the
// greetings that api/roles.go names; its options have their defaults, as no setting reaches them yet. Its
// OpenAPI text stands in api/ingest.go.
type Spec struct {
	Name    string
	Doc     string
	Options []option.Option
	// Routes are its handlers by net/http pattern ("POST /api/write"). out takes the records.
	Routes func(out connector.Out, v option.Values) (map[string]http.Handler, error)
}
