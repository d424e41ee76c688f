package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"millrace/fault"
)

const (
	requestTimeout = 15 * time.Second
	maxAnswer      = 64 << 10         // bytes of an answer that are read: they all say "ok" or why not
	maxSaid        = 300              // bytes of an answer that an error quotes
	maxRetryAfter  = 30 * time.Minute // so that a strange header does not silence a channel
	shortestSecret = 8                // parts of an address that are shorter tell nothing and are common words
)

// NewClient returns the client for outgoing messages: it gives up in time, goes through the proxy of the
// environment, and does not follow redirects, since an address with a token must not be sent elsewhere.
func NewClient() *http.Client {
	return &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  requestTimeout,
			MaxResponseHeaderBytes: maxAnswer,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        90 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Web makes the requests of one notifier. Its errors hold no secret: not the address, not what was named to
// NewWeb.
type Web struct {
	client  *http.Client
	what    string
	secrets []string
}

// NewWeb returns a Web whose errors begin with what ("send to DingTalk") and never show the secrets.
func NewWeb(d Deps, what string, secrets ...string) *Web {
	return &Web{client: d.Client, what: what, secrets: secrets}
}

// Request is what Send sends. No Method is POST.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Answer is what came back, its body cut at 64 KiB.
type Answer struct {
	Code   int
	Header http.Header
	Body   []byte
}

// Send makes a request. It returns an error only if there is no answer; what the answer means is the
// caller's, with Refused for what its status says.
func (w *Web) Send(ctx context.Context, r Request) (Answer, error) {
	method := r.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return Answer{}, fault.New(fault.Invalid, "%s: the address is no URL", w.what)
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	// HTTP has no header for it: net/http takes the host from a field of its own.
	if host := r.Header.Get("Host"); host != "" {
		req.Host = host
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Millrace")
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return Answer{}, w.unreachable(req.URL, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Answer{}, w.unreachable(req.URL, err)
	}
	return Answer{resp.StatusCode, resp.Header, body}, nil
}

// PostJSON sends body as JSON and returns the answer.
func (w *Web) PostJSON(ctx context.Context, address string, body any) (Answer, error) {
	text, err := JSON(body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", w.what, err)
	}
	return w.Send(ctx, Request{URL: address, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: text})
}

// JSON encodes a body without escaping <, > and &, which no reader of it needs and which makes long texts longer.
func JSON(body any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// unreachable says why there is no answer, without the address that net/http puts in front.
func (w *Web) unreachable(u *url.URL, err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "%s: %s: no answer in time", w.what, u.Host)
	}
	// The cause is made text: its chain may hold what is hidden here.
	return fault.New(fault.Unavailable, "%s: %s: %s", w.what, u.Host, w.hide(u, err.Error()))
}

// Refused returns what the status of an answer says: nil for 2xx.
func (w *Web) Refused(r Request, a Answer) error {
	if a.Code >= 200 && a.Code < 300 {
		return nil
	}
	u, _ := url.Parse(r.URL)
	said := w.Said(r, a)
	kind := fault.Invalid
	switch {
	case a.Code == http.StatusTooManyRequests, a.Code == http.StatusServiceUnavailable && a.Header.Get("Retry-After") != "":
		return Later(retryAfter(a.Header.Get("Retry-After")), "%s: status %d%s", w.what, a.Code, said)
	case a.Code >= 500, a.Code == http.StatusRequestTimeout, a.Code == http.StatusTooEarly:
		kind = fault.Unavailable
	case a.Code >= 300 && a.Code < 400:
		return fault.New(fault.Invalid, "%s: status %d, a redirect", w.what, a.Code).
			WithHint("redirects are not followed: set the address it leads to")
	case a.Code == http.StatusUnauthorized, a.Code == http.StatusForbidden:
		kind = fault.Denied
	case a.Code == http.StatusNotFound, a.Code == http.StatusGone:
		kind = fault.NotFound
	}
	err := fault.New(kind, "%s: status %d%s", w.what, a.Code, said)
	if u != nil && kind == fault.NotFound {
		err = err.WithHint("see whether the address on %s is still valid", u.Host)
	}
	return err
}

// Said returns the beginning of an answer's body as the end of an error's text, without secrets, or "".
func (w *Web) Said(r Request, a Answer) string {
	u, _ := url.Parse(r.URL)
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(a.Body), "?")), " ")
	if text = Cut(w.hide(u, text), maxSaid); text == "" {
		return ""
	}
	return ": " + text
}

// Hide returns a text without the secrets of a request.
func (w *Web) Hide(r Request, text string) string {
	u, _ := url.Parse(r.URL)
	return w.hide(u, text)
}

func (w *Web) hide(u *url.URL, text string) string {
	for _, s := range w.secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "******")
		}
	}
	if u == nil {
		return text
	}
	parts := []string{u.String(), u.RequestURI()}
	parts = append(parts, strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	if password, ok := u.User.Password(); ok {
		parts = append(parts, password)
	}
	for _, p := range parts {
		if len(p) >= shortestSecret {
			text = strings.ReplaceAll(text, p, "******")
			text = strings.ReplaceAll(text, url.QueryEscape(p), "******")
		}
	}
	return text
}

// retryAfter reads the header in its usual form, seconds; a date is rare, and a minute is fine then.
func retryAfter(header string) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(header), 64)
	if err != nil || n != n || n < 0 {
		return time.Minute
	}
	if n > maxRetryAfter.Seconds() {
		return maxRetryAfter
	}
	return time.Duration(n * float64(time.Second))
}

// Address checks the address of an option: http or https with a host.
func Address(name, value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fault.New(fault.Invalid, "option %q is no address", name).WithHint("it begins with https:// or http:// and has a host")
	}
	return nil
}

// Cut returns the first bytes of a text, at most n of them with an ellipsis if something is left off, never half
// a character.
func Cut(s string, n int) string {
	const more = "…"
	if len(s) <= n {
		return s
	}
	end := max(n-len(more), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	if n < len(more) {
		return ""
	}
	return s[:end] + more
}
