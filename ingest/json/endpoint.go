package json

import (
	"net/http"
	"sync"
	"time"

	"millrace/connector"
	"millrace/ingest"
)

// Limits of a request.
const (
	maxBodyBytes = 10 << 20 // unpacked
	maxPoints    = 100_000
)

// maxKept is the size of a body above which a batch is not kept for the next request.
const maxKept = 4 << 20

// endpoint answers POST /api/write.
type endpoint struct {
	out     connector.Out
	topic   string
	batches sync.Pool // of *batch
}

// ServeHTTP takes the points of one request to the bus.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := e.batches.Get().(*batch)
	defer e.release(b)
	if p := e.take(b, w, r); p != nil {
		p.write(w)
		return
	}
	b.answer(w)
}

// take reads, checks and appends.
func (e *endpoint) take(b *batch, w http.ResponseWriter, r *http.Request) *problem {
	var err error
	if b.body, err = ingest.ReadBody(w, r, b.body, maxBodyBytes); err != nil {
		return fromBody(err)
	}
	if p := b.parse(r.Header.Get("Content-Type"), time.Now().UnixMicro()); p != nil {
		return p
	}
	if err := b.points.Send(r.Context(), e.out, e.topic, by); err != nil {
		return fromBus(err)
	}
	if b.points.Good() == 0 {
		return b.nothingValid()
	}
	return nil
}

func (e *endpoint) release(b *batch) {
	if cap(b.body) > maxKept {
		return
	}
	b.body = b.body[:0]
	b.points.Reset()
	e.batches.Put(b)
}
