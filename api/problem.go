package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/sql/parse"
)

// Problem is the one shape of an error: RFC 9457, and a hint where the platform knows how to mend it.
type Problem struct {
	Type   string              `json:"type,omitempty" format:"uri-reference" doc:"about:blank, if anything: the status says it all"`
	Title  string              `json:"title" doc:"What kind of error it is" example:"Not Found"`
	Status int                 `json:"status" doc:"The HTTP status code" example:"404"`
	Detail string              `json:"detail" doc:"What happened" example:"measurement \"cpu_usge\" does not exist"`
	Hint   string              `json:"hint,omitempty" doc:"How to mend it" example:"did you mean \"cpu_usage\"?"`
	Errors []*huma.ErrorDetail `json:"errors,omitempty" nullable:"false" doc:"Each thing that is wrong with the request"`

	retryAfter int // seconds; 0: no such header
}

// problemType is the media type of a Problem.
const problemType = "application/problem+json"

// Error returns the detail, for errors that travel through huma.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the status code; huma asks for it by this name.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns headers that go with the problem; huma asks for them by this name.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return h
}

// ContentType returns the media type of a problem; huma asks for it by this name.
func (p *Problem) ContentType(string) string { return problemType }

func newProblem(status int, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// retryAfter is how many seconds a client should wait for a dependency or for its turn.
const retryAfter = 2

// problemOf turns an error into what the client is told. What is not the client's to know, because
// it is a mistake of ours, is logged instead.
func problemOf(log *slog.Logger, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if p = scriptProblem(err); p != nil {
		return p
	}
	var tooLarge *http.MaxBytesError
	switch kind := fault.KindOf(err); {
	case errors.As(err, &tooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	case errors.Is(err, context.Canceled):
		return newProblem(statusClientGone, "the client went away")
	case errors.Is(err, context.DeadlineExceeded) && kind == 0:
		p = newProblem(http.StatusServiceUnavailable, "the answer took too long")
		p.Hint = "ask for less: a shorter time range, fewer rows"
	case kind == 0 || kind == fault.Corrupt:
		log.Error("request failed", "cause", err)
		p = newProblem(http.StatusInternalServerError, "something broke in the platform; its log has the details")
		if kind == fault.Corrupt {
			p.Detail = err.Error()
		}
	default:
		p = newProblem(statusOf(kind), err.Error())
	}
	if hint := fault.HintOf(err); hint != "" {
		p.Hint = hint
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		p.retryAfter = retryAfter
	}
	return p
}

// scriptProblem tells what is wrong with a script, statement by statement, or returns nil.
func scriptProblem(err error) *Problem {
	var one *parse.Error
	if !errors.As(err, &one) {
		return nil
	}
	var all parse.Errors
	if !errors.As(err, &all) {
		all = parse.Errors{one}
	}
	p := newProblem(http.StatusUnprocessableEntity, err.Error())
	if len(all) > 0 {
		p.Detail, p.Hint = fmt.Sprintf("line %d, column %d: %s", all[0].Pos.Line, all[0].Pos.Column, all[0].Message), all[0].Hint
	}
	for _, e := range all {
		p.Errors = append(p.Errors, &huma.ErrorDetail{
			Message:  e.Message,
			Location: fmt.Sprintf("body.sql, line %d, column %d", e.Pos.Line, e.Pos.Column),
			Value:    e.Snippet(),
		})
	}
	return p
}

// statusClientGone is what nginx logs for a client that did not wait; nobody receives it.
const statusClientGone = 499

func statusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Limit:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// writeProblem answers a request that huma does not see.
func writeProblem(w http.ResponseWriter, p *Problem) {
	text, err := json.Marshal(p)
	if err != nil { // a Problem holds nothing that JSON lacks, unless a value of a request does
		p.Errors = nil
		text, _ = json.Marshal(p)
	}
	h := w.Header()
	for k, v := range p.GetHeaders() {
		h[k] = v
	}
	h.Set("Content-Type", problemType)
	h.Del("Content-Encoding")
	h.Del("Etag")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n')) // the client may be gone
}

// maxEchoBytes bounds what of a request is sent back in an error.
const maxEchoBytes = 200

// ownProblem is a huma transformer: it turns huma's own error model into ours.
func ownProblem(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &Problem{Title: m.Title, Status: m.Status, Detail: m.Detail, Errors: m.Errors}
	for _, e := range p.Errors {
		e.Message = cut(e.Message)
		if s, ok := e.Value.(string); ok {
			e.Value = cut(s)
		} else if text, err := json.Marshal(e.Value); err != nil || len(text) > maxEchoBytes {
			e.Value = nil
		}
		if p.Hint == "" {
			p.Hint = hintFor(e.Location)
		}
	}
	if p.Status == http.StatusUnsupportedMediaType {
		p.Detail = "the body is not JSON by its Content-Type"
	}
	return p, nil
}

// cut shortens text, at a character's end.
func cut(s string) string {
	if len(s) <= maxEchoBytes {
		return s
	}
	n := maxEchoBytes
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// hintFor says what may stand at a place of a request, where a schema alone is hard to read.
func hintFor(location string) string {
	switch {
	case strings.HasPrefix(location, "body.time_range"), location == "body.start", location == "body.end":
		return timeHint
	case strings.HasPrefix(location, "body.filters"):
		return filterHint
	}
	return ""
}
