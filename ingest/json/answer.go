package json

import (
	"context"
	encjson "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"millrace/fault"
	"millrace/ingest"
)

// maxListed is how many rejected points an answer names.
const maxListed = 100

const example = `{"timestamp":"2026-11-20T10:00:00Z","metric":"room_temperature","value":21.5,"tags":{"room":"a"}}`

// problem is an answer that says no, in the shape of RFC 9457.
type problem struct {
	Type   string   `json:"type"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail"`
	Errors []mishap `json:"errors,omitempty"`
	Hint   string   `json:"hint,omitempty"`

	retryAfter int // seconds; 0: there is no use in it
}

// mishap is one thing that is wrong with the body.
type mishap struct {
	Message  string `json:"message"`
	Location string `json:"location"`
	Value    string `json:"value,omitempty"`
}

// accepted is the answer that says yes.
type accepted struct {
	Accepted int       `json:"accepted"`
	Rejected []refusal `json:"rejected"`
	Total    int       `json:"rejected_total,omitempty"` // only if not all are listed
}

// refusal names a point that was not accepted.
type refusal struct {
	Index  int    `json:"index"`
	Reason string `json:"reason"`
}

func badRequest(detail, hint string) *problem {
	return &problem{Status: http.StatusBadRequest, Title: "Bad request", Detail: detail, Hint: hint}
}

// nothingValid is the answer to a request without a good point.
func (b *batch) nothingValid() *problem {
	rejected := b.points.Refused()
	if len(rejected) == 0 {
		return badRequest("there is no point in the body", "send a DataPoint, a list of them, or one on each line: "+example)
	}
	p := badRequest(rejected[0].Why.Error(), "a point looks like this: "+example)
	if n := len(rejected); n > 1 {
		p.Detail = fmt.Sprintf("none of %d points is valid; the first: %s", n, p.Detail)
	}
	for i := range rejected[:min(len(rejected), maxListed)] {
		r := &rejected[i]
		location := "body"
		if b.points.Len() > 1 {
			location += "[" + strconv.Itoa(r.Index) + "]"
		}
		if r.Why.Field != "" {
			location += "." + r.Why.Field
		}
		p.Errors = append(p.Errors, mishap{Message: r.Why.Reason, Location: location, Value: shown(r.Raw)})
	}
	return p
}

// fromBus is the answer when the bus may not have the points.
func fromBus(err error) *problem {
	p := &problem{
		Status: http.StatusInternalServerError, Title: "Points not written", Detail: err.Error(),
		Hint: "look into the log of the platform; the same points may be sent again",
	}
	switch kind := fault.KindOf(err); {
	case kind == fault.Unavailable, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Title, p.retryAfter = http.StatusServiceUnavailable, "Bus not available", 1
		p.Hint = "send the same points again in a moment"
	case kind == fault.Limit:
		p.Status, p.Title, p.retryAfter = http.StatusTooManyRequests, "Too many points at once", 1
		p.Hint = "send the same points again in a moment, fewer at a time"
	case kind == fault.Invalid:
		p.Status, p.Title = http.StatusBadRequest, "Bad request"
	case kind == fault.Denied:
		p.Status, p.Title = http.StatusForbidden, "Not allowed"
	}
	if hint := fault.HintOf(err); hint != "" {
		p.Hint = hint
	}
	return p
}

// fromBody is the answer to a body that could not be read.
func fromBody(err error) *problem {
	var e *ingest.BodyError
	if !errors.As(err, &e) {
		return badRequest(err.Error(), "send the whole body")
	}
	return &problem{Status: e.Status, Title: e.Title, Detail: e.Detail, Hint: e.Hint}
}

func tooManyPoints() *problem {
	return &problem{
		Status: http.StatusRequestEntityTooLarge, Title: "Too many points",
		Detail: fmt.Sprintf("the request has more than %d points", maxPoints),
		Hint:   "send the points in several requests",
	}
}

// shown is the beginning of a rejected point.
func shown(raw []byte) string {
	const most = 64
	if len(raw) <= most {
		return string(raw)
	}
	return strings.ToValidUTF8(string(raw[:most]), "") + "..."
}

func (p *problem) write(w http.ResponseWriter) {
	p.Type = "about:blank"
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	writeJSON(w, "application/problem+json", p.Status, p)
}

// answer says how many points were accepted and which were not.
func (b *batch) answer(w http.ResponseWriter) {
	a := accepted{Accepted: b.points.Good(), Rejected: []refusal{}}
	rejected := b.points.Refused()
	listed := rejected[:min(len(rejected), maxListed)]
	for i := range listed {
		a.Rejected = append(a.Rejected, refusal{listed[i].Index, listed[i].Why.Error()})
	}
	if len(listed) < len(rejected) {
		a.Total = len(rejected)
	}
	writeJSON(w, "application/json", http.StatusOK, &a)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, body any) {
	text, err := encjson.Marshal(body)
	if err != nil {
		panic("encode an answer of plain fields: " + err.Error())
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone; the server notices by itself
}
