// Package influx takes what clients of InfluxDB write: line protocol by the API of version 2 and by that of
// version 1, so that Telegraf and the client libraries work as they are, with another URL.
//
// A line becomes a point: its measurement is the metric, its fields and tags are the point's. A good line
// goes to the bus; a bad one goes to the dead letters, and the answer names the first of them. Databases,
// buckets, organizations, retention policies and consistency are taken and have no meaning here. Times are
// microseconds: nanoseconds are rounded down. The client is answered after the bus has all lines, so that
// what it is told is written is never lost; one that gets no answer sends again, and a line may then stand
// twice in the topic.
//
// Clients give up on what is answered with 4xx, so only what could never be written is: a bus that is
// away or full is 503.
package influx

import (
	"net/http"
	"sync"
	"time"

	"millrace/connector"
	"millrace/ingest"
	"millrace/option"
)

// by is who refuses lines, as dead letters say it.
const by = "ingest influx"

// version is what clients hear who ask which InfluxDB this is: the first version of the 1.x line that has both
// APIs.
const version = "1.8.0-millrace"

// Limits of a request.
const (
	maxBodyBytes = 32 << 20 // unpacked
	maxLines     = 100_000
	maxKept      = 4 << 20 // size of a body above which its memory is not kept for the next request
)

// Spec returns the protocol.
func Spec() ingest.Spec {
	return ingest.Spec{
		Name: "influx",
		Doc:  "Line protocol as InfluxDB takes it, by POST /api/v2/write and POST /write: for Telegraf and InfluxDB's client libraries.",
		Options: []option.Option{
			{Name: "topic", Default: "metrics.push", Doc: "The topic that takes the points; what is refused goes to the topic with .dead behind its name."},
		},
		Routes: routes,
	}
}

func routes(out connector.Out, v option.Values) (map[string]http.Handler, error) {
	shared := &sync.Pool{New: func() any { return new(batch) }}
	topic := v.String("topic")
	life := &life{began: time.Now()}
	return map[string]http.Handler{
		"POST /api/v2/write": &endpoint{out: out, topic: topic, batches: shared, dialect: v2{}},
		"POST /write":        &endpoint{out: out, topic: topic, batches: shared, dialect: v1{}},

		"POST /api/v2/query": http.HandlerFunc(answerFlux),
		"POST /query":        http.HandlerFunc(answerQuery),
		"GET /query":         http.HandlerFunc(answerQuery),

		"GET /ping":          http.HandlerFunc(answerPing),
		"GET /health":        http.HandlerFunc(life.health),
		"GET /ready":         http.HandlerFunc(life.ready),
		"GET /api/v2/health": http.HandlerFunc(life.health),
		"GET /api/v2/ready":  http.HandlerFunc(life.ready),
	}, nil
}
