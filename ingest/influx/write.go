package influx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"millrace/connector"
	"millrace/fault"
	"millrace/ingest"
	"millrace/point"
)

// endpoint takes lines by one of the two APIs.
type endpoint struct {
	out     connector.Out
	topic   string
	batches *sync.Pool // of *batch
	dialect dialect
}

// dialect is what the two APIs differ in.
type dialect interface {
	// unit returns the unit of timestamps of a request.
	unit(precision string) (unit, bool)
	// refuse answers that nothing, or not all, was written.
	refuse(w http.ResponseWriter, e *refusal)
}

// refusal says why nothing, or not all, of a request was written.
type refusal struct {
	status int
	text   string
}

// batch is what one request sends, on its way to the bus. It is used again by later requests.
type batch struct {
	dec      decoder
	body     []byte
	points   point.Batch
	firstBad int // number of the first line that was refused
}

// ServeHTTP takes the lines of one request to the bus.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := e.batches.Get().(*batch)
	defer e.release(b)
	if why := e.take(b, w, r); why != nil {
		if why.status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		e.dialect.refuse(w, why)
		return
	}
	w.Header().Set("X-Influxdb-Version", version)
	w.WriteHeader(http.StatusNoContent)
}

// take reads, checks and appends.
func (e *endpoint) take(b *batch, w http.ResponseWriter, r *http.Request) *refusal {
	precision := r.URL.Query().Get("precision")
	u, ok := e.dialect.unit(precision)
	if !ok {
		return &refusal{http.StatusBadRequest, fmt.Sprintf("invalid precision %.20q: it is ns, us, ms or s", precision)}
	}
	var err error
	if b.body, err = ingest.ReadBody(w, r, b.body, maxBodyBytes); err != nil {
		var bad *ingest.BodyError
		if errors.As(err, &bad) {
			return &refusal{bad.Status, bad.Detail}
		}
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	if !b.parse(u, time.Now().UnixMicro()) {
		return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request has more than %d lines", maxLines)}
	}
	if err := b.points.Send(r.Context(), e.out, e.topic, by); err != nil {
		return fromBus(err)
	}
	return b.unparsed()
}

// parse reads the lines of the body. It reports false if they are too many.
func (b *batch) parse(u unit, nowMicros int64) bool {
	body := bytes.TrimPrefix(b.body, []byte("\xef\xbb\xbf"))
	b.dec.reset(body, u, nowMicros)
	b.firstBad = 0
	for {
		raw, p, bad := b.dec.next()
		if raw == nil {
			return true
		}
		if b.points.Len() == maxLines {
			return false
		}
		before := len(b.points.Refused())
		if bad != nil {
			b.points.Refuse(raw, bad)
		} else {
			b.points.Add(raw, p)
		}
		if before == 0 && len(b.points.Refused()) == 1 {
			b.firstBad = 1 + bytes.Count(body[:b.dec.at-len(raw)], []byte("\n"))
		}
	}
}

// unparsed is the answer where lines were refused, in the words that clients look for; nil if none was.
func (b *batch) unparsed() *refusal {
	refused := b.points.Refused()
	if len(refused) == 0 {
		return nil
	}
	first := &refused[0]
	text := fmt.Sprintf("unable to parse '%s': %s (line %d)", excerpt(first.Raw), first.Why, b.firstBad)
	if good := b.points.Good(); good > 0 {
		text = fmt.Sprintf("partial write: %s; points written: %d, dropped=%d", text, good, len(refused))
	} else if len(refused) > 1 {
		text += fmt.Sprintf("; points dropped=%d", len(refused))
	}
	return &refusal{http.StatusBadRequest, text + "; they are in the dead letters"}
}

// excerpt is the beginning of a line, as text.
func excerpt(raw []byte) string {
	const most = 200
	if len(raw) > most {
		return strings.ToValidUTF8(string(raw[:most]), "\ufffd") + "..."
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

// fromBus is the answer when the bus may not have the lines. Its words must not be those of unparsed:
// Telegraf takes them for a reason to drop the lines, whatever the status.
func fromBus(err error) *refusal {
	switch kind := fault.KindOf(err); {
	case kind == fault.Unavailable, kind == fault.Limit, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &refusal{http.StatusServiceUnavailable, "the bus is not available, send the same again in a moment: " + err.Error()}
	case kind == fault.Invalid:
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	return &refusal{http.StatusInternalServerError, err.Error()}
}

func (e *endpoint) release(b *batch) {
	if cap(b.body) > maxKept {
		return
	}
	b.dec.b = nil
	b.body = b.body[:0]
	b.points.Reset()
	e.batches.Put(b)
}
