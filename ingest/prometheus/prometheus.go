// Package prometheus takes what Prometheus and its agents write by remote write, version 1.0 and 2.0.
//
// A sample becomes a point: the name of its series is the metric, its labels are tags. A label called time
// or value, which are columns of every measurement, gets "exported_" before its name, as Prometheus does
// with labels that collide. Of a native histogram its count and sum are kept, as metrics of its name with
// _count and _sum behind it. Exemplars and metadata are not kept.
//
// A stale marker says that a series has ended, and not-a-number and infinity cannot be stored: they are
// passed over on purpose, counted by reason, and told to the sender as taken, which would call them failed
// otherwise. A series that is wrong goes to the dead letters while the others are kept: the answer is then 400,
// which is never sent again. All that may go better later is 503, even a bus that is full: senders do not
// repeat 429 unless told to. The sender is answered after the bus has the points; one that gets no answer
// sends again, and a sample may then stand twice in the topic.
package prometheus

import (
	"net/http"
	"sync"

	"millrace/connector"
	"millrace/ingest"
	"millrace/option"
)

// by is who refuses series, as dead letters say it.
const by = "ingest prometheus"

// Limits of a request. Few bytes can stand for many: labels are said once for all samples of a series.
const (
	maxBodyBytes   = 32 << 20 // unpacked
	maxSamples     = 100_000
	maxPointsBytes = 128 << 20 // of the points, as the bus has them
	maxSymbols     = 1 << 20
	maxKept        = 4 << 20 // size of a body above which its memory is not kept for the next request
)

// Dropped hears how many samples were passed over on purpose, and why: "stale", "nan", "infinite".
type Dropped func(reason string, samples int)

// Spec returns the protocol. dropped may be nil.
func Spec(dropped Dropped) ingest.Spec {
	return ingest.Spec{
		Name: "prometheus",
		Doc:  "Remote write of Prometheus, 1.0 and 2.0, by POST /api/v1/write.",
		Options: []option.Option{
			{Name: "topic", Default: "metrics.push", Doc: "The topic that takes the points; what is refused goes to the topic with .dead behind its name."},
		},
		Routes: func(out connector.Out, v option.Values) (map[string]http.Handler, error) {
			e := &endpoint{out: out, topic: v.String("topic"), dropped: dropped, batches: sync.Pool{New: func() any { return new(batch) }}}
			return map[string]http.Handler{"POST /api/v1/write": e}, nil
		},
	}
}
