// Package notifytest has what the tests of all channels share: notices, a server that keeps what it is sent, and
// Run, which holds a channel over HTTP to the contract of notify.Notifier.
package notifytest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// Now is the time of the test notices, and of signatures made in tests: 2023-11-14 22:13:20 UTC.
func Now() time.Time { return time.Unix(1_700_000_000, 0).UTC() }

// Deps returns the Deps of tests: a client, the clock at Now, and UTC.
func Deps() notify.Deps {
	return notify.Deps{Client: notify.NewClient(), Now: Now, Zone: time.UTC}
}

// Alert returns an alert of the rule cpu_usage on a host, at 1.6 times its threshold.
func Alert(host string) notify.Alert {
	return notify.Alert{
		ID: "id-" + host, Rule: "cpu_usage", Labels: map[string]string{"host": host}, Status: notify.Firing, Level: notify.Critical,
		Value: 128, Threshold: 80, Op: ">", Since: Now().Add(-90 * time.Second), Summary: "cpu_usage 128 > 80",
	}
}

// Notice returns a notice of one alert that fires.
func Notice() notify.Notice {
	return notify.Notice{
		ID: "n1", Group: "g1", Channel: "ops", Status: notify.Firing, Labels: map[string]string{"rule": "cpu_usage"},
		Alerts: []notify.Alert{Alert("a")}, Link: "http://millrace.test/alerts", At: Now(),
	}
}

// Recovered returns the notice that the alert of Notice is over.
func Recovered() notify.Notice {
	n := Notice()
	n.ID, n.Status = "n2", notify.Resolved
	n.Alerts[0].Status, n.Alerts[0].ResolvedAt = notify.Resolved, Now()
	return n
}

// Crowd returns a notice of so many alerts with long labels that try to be more than text.
func Crowd(alerts int) notify.Notice {
	n := Notice()
	n.Alerts = nil
	for i := range alerts {
		a := Alert(fmt.Sprintf("host-%d [x](http://evil.test) <b>@all</b> \"'\\ %s", i, strings.Repeat("长", 40)))
		n.Alerts = append(n.Alerts, a)
	}
	return n
}

// Request is what a Server was sent.
type Request struct {
	Method string
	URL    string // path and query
	Host   string
	Header http.Header
	Body   string
}

// Server is an HTTP server that keeps requests and gives one answer.
type Server struct {
	URL string

	mu       sync.Mutex // guards what follows
	requests []Request
	answer   http.HandlerFunc
}

// NewServer returns a Server that answers 200 with body, until the test ends.
func NewServer(t testing.TB, body string) *Server {
	s := &Server{}
	s.Answer(http.StatusOK, body)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Answer sets the answer.
func (s *Server) Answer(code int, body string, header ...string) {
	s.AnswerBy(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body) // the client may be gone
	})
}

// AnswerBy sets what answers. The body of the request has been read.
func (s *Server) AnswerBy(f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a request that breaks off fails the test by what is missing
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.Method, r.URL.RequestURI(), r.Host, r.Header, string(body)})
	answer := s.answer
	s.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	answer(w, r)
}

// Requests returns what was sent.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Last returns the newest request, and fails the test if there is none.
func (s *Server) Last(t testing.TB) Request {
	t.Helper()
	all := s.Requests()
	if len(all) == 0 {
		t.Fatal("nothing was sent")
	}
	return all[len(all)-1]
}

// New makes a notifier of spec from checked options.
func New(t testing.TB, spec notify.Spec, v option.Values) notify.Notifier {
	t.Helper()
	checked, err := option.Check("channel "+spec.Name, spec.Options, v)
	if err != nil {
		t.Fatal(err)
	}
	n, err := spec.New(checked, Deps())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Channel is a kind of channel over HTTP as Run wants to know it.
type Channel struct {
	Spec    notify.Spec
	Options func(url string) option.Values // settings that lead to a server
	OK      string                         // the body of an answer that takes a message
	Secrets []string                       // what errors must not show
}

// Run holds a channel to the contract: what is tried again, and that errors name the operation without secrets.
func Run(t *testing.T, c Channel) {
	t.Helper()
	ctx := context.Background()
	server := NewServer(t, c.OK)
	n := New(t, c.Spec, c.Options(server.URL))
	notices := func(id string) []notify.Notice {
		all := []notify.Notice{Notice(), Recovered(), Crowd(200)}
		for i := range all {
			all[i].ID += id
		}
		return all
	}
	for _, notice := range notices("taken") {
		if err := n.Notify(ctx, notice); err != nil {
			t.Errorf("a notice that is taken: %v", err)
		}
	}
	refuse := func(name string, retryable bool, after time.Duration) {
		t.Helper()
		for _, notice := range notices(name) {
			err := n.Notify(ctx, notice)
			if err == nil || notify.Retryable(err) != retryable || notify.RetryAfter(err) != after || fault.KindOf(err) == 0 {
				t.Errorf("%s: error %v, retryable %v, after %s; want %v, %s", name, err, notify.Retryable(err), notify.RetryAfter(err), retryable, after)
				continue
			}
			if len(err.Error()) > 1000 || strings.HasPrefix(err.Error(), ":") {
				t.Errorf("%s: error of %d bytes: %.100s", name, len(err.Error()), err)
			}
			for _, s := range c.Secrets {
				if strings.Contains(err.Error(), s) || strings.Contains(fault.HintOf(err), s) {
					t.Errorf("%s: the error shows secret %q: %v", name, s, err)
				}
			}
		}
	}
	server.AnswerBy(echo(http.StatusInternalServerError))
	refuse("status 500", true, 0)
	server.AnswerBy(echo(http.StatusBadRequest))
	refuse("status 400", false, 0)
	server.Answer(http.StatusTooManyRequests, strings.Repeat("slow down ", 100_000), "Retry-After", "7")
	refuse("status 429", true, 7*time.Second)
	server.Answer(http.StatusFound, "", "Location", server.URL+"/elsewhere")
	before := len(server.Requests())
	refuse("a redirect", false, 0)
	if got := len(server.Requests()); got > before+3 {
		t.Errorf("a redirect was followed: %d requests", got-before)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	n = New(t, c.Spec, c.Options(gone.URL))
	refuse("no server", true, 0)

	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := n.Notify(stopped, Notice()); err == nil {
		t.Error("a cancelled notice was sent")
	}
}

// echo answers with what it was sent, as proxies and debugging servers do.
func echo(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		body, _ := io.ReadAll(r.Body)                                                               // in memory
		_, _ = fmt.Fprintf(w, "%s %s %s %v", r.Method, r.URL, body[:min(len(body), 500)], r.Header) // the client may be gone
	}
}
