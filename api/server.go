package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/telemetry"
)

// Limits of a request. The largest body is a batch of points; an answer that takes longer than
// maxRequestTime is of no use to a person waiting.
const (
	maxBodyBytes      = 10 << 20
	maxHeaderBytes    = 64 << 10
	maxRequestTime    = 60 * time.Second
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 60 * time.Second
	writeTimeout      = 90 * time.Second // above maxRequestTime, so that the problem can be told
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 10 * time.Second
	maxConnections    = 16 << 10
)

// Serve answers requests on ln until ctx ends; then it lets those under way finish, closes the live
// connections and returns nil. ln is closed in any case.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(gctx) })
	g.Go(func() error {
		err := s.listen(srv, newBounded(ln, maxConnections))
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	})
	g.Go(func() error {
		<-gctx.Done()
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if err := srv.Shutdown(wait); err != nil {
			s.log.Warn("requests cut off at the end", "cause", err)
			return srv.Close()
		}
		return nil
	})
	return g.Wait()
}

// listen serves HTTPS if there are certificates, else HTTP.
func (s *Server) listen(srv *http.Server, ln net.Listener) error {
	if c := s.deps.Security.TLS; c != nil {
		srv.TLSConfig = c.Clone() // srv adds HTTP/2 to it
		return srv.ServeTLS(ln, "", "")
	}
	return srv.Serve(ln)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	a := &answer{ResponseWriter: w}
	s.meters.inFlight.Add(1)
	defer s.finish(a, r, began)
	defer s.recoverPanic(a, r)

	setSecurityHeaders(a.Header())
	if p := s.guard.checkHost(r); p != nil {
		s.refuse(a, r, p)
		return
	}
	if s.guard.answerCORS(a, r) {
		return
	}
	if p := s.guard.checkCrossSite(r); p != nil {
		s.refuse(a, r, p)
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(a, r.Body, maxBodyBytes)
	}
	s.mux.ServeHTTP(a, r)
}

// wrap puts the checks of one route around its handler.
func (s *Server) wrap(pattern string, h http.Handler) http.Handler {
	need, known := s.need(pattern)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !known {
			s.refuse(w, r, newProblem(http.StatusForbidden, "nobody may use this route"))
			return
		}
		who, p := s.guard.admit(r, need)
		if p != nil && p.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="millrace"`)
		}
		if late := s.tooMany(pattern, need, who); late != nil { // those without a right token, too
			p = late
		}
		if p != nil {
			s.refuse(w, r, p)
			return
		}
		ctx := context.WithValue(r.Context(), callerKey{}, who)
		if pattern != realtimePattern { // which lives as long as the client
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, maxRequestTime)
			defer cancel()
			c := &compressed{ResponseWriter: w, r: r, pool: &s.gzips}
			defer c.close()
			w = c
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p *Problem) {
	s.log.Warn("request refused", "status", p.Status, "detail", p.Detail, "method", r.Method, "path", cut(r.URL.Path),
		"host", cut(r.Host), "client", r.RemoteAddr)
	writeProblem(w, p)
}

func (s *Server) recoverPanic(a *answer, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	s.log.Error("request panicked", "panic", fmt.Sprint(v), "method", r.Method, "path", cut(r.URL.Path), "stack", string(debug.Stack()))
	if a.status == 0 {
		writeProblem(a, newProblem(http.StatusInternalServerError, "something broke in the platform; its log has the details"))
	}
}

func (s *Server) finish(a *answer, r *http.Request, began time.Time) {
	took := time.Since(began)
	s.meters.inFlight.Add(-1)
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	route := r.Pattern
	if route == "" {
		route = "none"
	}
	s.meters.count(route, r.Method, status, took)
	s.log.Debug("request", "method", r.Method, "path", cut(r.URL.Path), "status", status, "bytes", a.bytes,
		"duration_ms", float64(took.Microseconds())/1000, "client", r.RemoteAddr)
}

// answer notes what was answered.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap gives http.ResponseController the writer below.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// requestMeters are the figures of the API itself.
type requestMeters struct {
	requests telemetry.CounterSet
	seconds  telemetry.HistogramSet
	inFlight telemetry.Gauge
	clients  telemetry.Gauge
	messages telemetry.Counter
	skipped  telemetry.Counter
}

func newRequestMeters(m *telemetry.Metrics) requestMeters {
	return requestMeters{
		requests: m.Counter("api", "requests_total", "Requests answered.", "route", "method", "status"),
		seconds:  m.Histogram("api", "request_duration_seconds", "How long answers took.", telemetry.SecondsBuckets(), "route"),
		inFlight: m.Gauge("api", "requests_in_flight", "Requests being answered, live connections included.").With(),
		clients:  m.Gauge("api", "live_clients", "Clients of /ws/realtime.").With(),
		messages: m.Counter("api", "live_messages_total", "Live messages queued for clients.").With(),
		skipped:  m.Counter("api", "live_messages_skipped_total", "Live messages that slow clients missed.").With(),
	}
}

func (m *requestMeters) count(route, method string, status int, took time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
	default:
		method = "other" // a client can send any word: labels must stay few
	}
	m.requests.With(route, method, fmt.Sprint(status)).Inc()
	if status != http.StatusSwitchingProtocols {
		m.seconds.With(route).Observe(took.Seconds())
	}
}
