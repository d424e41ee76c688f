package prometheus

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/snappy"

	"millrace/connector"
	"millrace/fault"
	"millrace/ingest"
)

// endpoint answers POST /api/v1/write.
type endpoint struct {
	out     connector.Out
	topic   string
	dropped Dropped
	batches sync.Pool // of *batch
}

// ServeHTTP takes the samples of one request to the bus.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := e.batches.Get().(*batch)
	defer e.release(b)
	why := e.take(b, w, r)
	if why != nil && why.status != http.StatusBadRequest || b.points.Good() == 0 && why != nil {
		b.samples, b.histograms = 0, 0 // nothing was written
	}
	h := w.Header()
	h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(b.samples))
	h.Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(b.histograms))
	h.Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	switch {
	case why == nil:
		w.WriteHeader(http.StatusNoContent)
	case why.status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
		fallthrough
	default:
		http.Error(w, why.text, why.status)
	}
}

// take reads, checks and appends.
func (e *endpoint) take(b *batch, w http.ResponseWriter, r *http.Request) *refusal {
	decode, why := b.decoder(r.Header.Get("Content-Type"))
	if why != nil {
		return why
	}
	if why := b.read(w, r); why != nil {
		return why
	}
	if why := decode(); why != nil {
		b.points.Reset() // a part of what is broken is worth nothing
		return why
	}
	if err := b.points.Send(r.Context(), e.out, e.topic, by); err != nil {
		return fromBus(err)
	}
	e.tell("stale", b.stale)
	e.tell("nan", b.nan)
	e.tell("infinite", b.infinite)
	if refused := len(b.points.Refused()); refused > 0 {
		return &refusal{http.StatusBadRequest, fmt.Sprintf("%d points written, %d refused, which are in the dead letters; the first: metric %q: %s",
			b.points.Good(), refused, b.firstWhere, b.firstWrong)}
	}
	return nil
}

func (e *endpoint) tell(reason string, n int) {
	if e.dropped != nil && n > 0 {
		e.dropped(reason, n)
	}
}

// decoder chooses the version by the content type; without one it is the first.
func (b *batch) decoder(contentType string) (func() *refusal, *refusal) {
	if contentType == "" {
		return b.version1, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err == nil && kind == "application/x-protobuf" {
		switch params["proto"] {
		case "", "prometheus.WriteRequest":
			return b.version1, nil
		case "io.prometheus.write.v2.Request":
			return b.version2, nil
		}
	}
	return nil, &refusal{http.StatusUnsupportedMediaType, fmt.Sprintf(
		"content type %.100q is not taken; it is application/x-protobuf, with proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request", contentType)}
}

// read reads the body and unpacks it.
func (b *batch) read(w http.ResponseWriter, r *http.Request) *refusal {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "snappy") {
		return &refusal{http.StatusUnsupportedMediaType, fmt.Sprintf("content encoding %.100q is not taken; it is snappy", encoding)}
	}
	var err error
	if b.sent, err = ingest.ReadSent(w, r, b.sent, ingest.MaxSentBytes); err != nil {
		var bad *ingest.BodyError
		if errors.As(err, &bad) {
			return &refusal{bad.Status, bad.Detail}
		}
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	size, err := snappy.DecodedLen(b.sent)
	if err != nil {
		return &refusal{http.StatusBadRequest, "unpack snappy: " + err.Error()}
	}
	if size > maxBodyBytes {
		return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request has more than %d bytes unpacked", maxBodyBytes)}
	}
	if b.body, err = snappy.Decode(b.body[:cap(b.body)], b.sent); err != nil {
		return &refusal{http.StatusBadRequest, "unpack snappy: " + err.Error()}
	}
	return nil
}

// fromBus is the answer when the bus may not have the points. 400 is never sent again, so only what
// can never be written is.
func fromBus(err error) *refusal {
	switch kind := fault.KindOf(err); {
	case kind == fault.Unavailable, kind == fault.Limit, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &refusal{http.StatusServiceUnavailable, "the bus is not available: " + err.Error()}
	case kind == fault.Invalid:
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	return &refusal{http.StatusInternalServerError, err.Error()}
}

func (e *endpoint) release(b *batch) {
	if cap(b.body) > maxKept || cap(b.sent) > maxKept {
		return
	}
	b.reset()
	e.batches.Put(b)
}
