// Package json takes DataPoints {timestamp, metric, value or fields, tags} over HTTP: one, a list, or a
// line each (NDJSON), plain or with gzip.
//
// The api mounts POST /api/write. A point that is good goes to the bus as a record of one canonical
// form, keyed by its metric; one that is not goes to the dead-letter topic beside it as it came. The
// client is answered after the bus has all of them, so that what it is told is accepted is never lost;
// a client that gets no answer sends again, and a point may then stand twice in the topic.
package json

import (
	"net/http"
	"sync"

	"millrace/connector"
	"millrace/ingest"
	"millrace/option"
)

// by is who refuses points, as dead letters say it.
const by = "ingest json"

// Spec returns the protocol.
func Spec() ingest.Spec {
	return ingest.Spec{
		Name:    "json",
		Doc:     "DataPoints {timestamp, metric, value or fields, tags} as JSON: one, a list, or NDJSON, by POST /api/write.",
		Options: options(),
		Routes:  routes,
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: "topic", Default: "metrics.push", Doc: "The topic that takes the points; what is refused goes to the topic with .dead behind its name."},
	}
}

func routes(out connector.Out, v option.Values) (map[string]http.Handler, error) {
	return map[string]http.Handler{"POST /api/write": newEndpoint(out, v.String("topic"))}, nil
}

func newEndpoint(out connector.Out, topic string) *endpoint {
	return &endpoint{
		out:     out,
		topic:   topic,
		batches: sync.Pool{New: func() any { return new(batch) }},
	}
}
