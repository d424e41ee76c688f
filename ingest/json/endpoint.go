package json

import (
	"net/http"
	"sync"
	"time"

	"millrace/connector"
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

// take reads, checks and appends. The dead letters go first: if the bus fails between the two, the
// client sends all again, and a letter twice does less harm than a point twice.
func (e *endpoint) take(b *batch, w http.ResponseWriter, r *http.Request) *problem {
	if p := b.read(w, r); p != nil {
		return p
	}
	if p := b.parse(r.Header.Get("Content-Type"), time.Now().UnixMicro()); p != nil {
		return p
	}
	if len(b.rejected) > 0 {
		if err := e.out.Append(r.Context(), e.topic+deadSuffix, b.letters(e.topic)); err != nil {
			return fromBus(err)
		}
	}
	if len(b.good) == 0 {
		return b.nothingValid()
	}
	if err := e.out.Append(r.Context(), e.topic, b.records()); err != nil {
		return fromBus(err)
	}
	return nil
}

func (e *endpoint) release(b *batch) {
	if cap(b.body) > maxKept {
		return
	}
	b.reset()
	e.batches.Put(b)
}
