package api

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxRates bounds how many callers are remembered; with more of them at once, those that have asked least
// recently begin anew.
const maxRates = 10_000

// rates bounds how often each caller may ask: a token, or an address that brings none. nil is no bound.
type rates struct {
	limit rate.Limit
	burst int

	mu    sync.Mutex // guards what follows
	of    map[string]*callerRate
	swept time.Time
}

type callerRate struct {
	*rate.Limiter
	last time.Time
}

func newRates(perSecond float64) *rates {
	if perSecond <= 0 {
		return nil
	}
	// A page begins with a handful of requests at once.
	return &rates{limit: rate.Limit(perSecond), burst: max(10, int(math.Ceil(2*perSecond))), of: map[string]*callerRate{}}
}

// wait returns how long the caller must wait, 0 if it may go on.
func (r *rates) wait(who string, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.of[who]
	if c == nil {
		r.sweep(now)
		c = &callerRate{Limiter: rate.NewLimiter(r.limit, r.burst)}
		r.of[who] = c
	}
	c.last = now
	if c.AllowN(now, 1) {
		return 0
	}
	missing := 1 - c.TokensAt(now)
	return time.Duration(missing / float64(r.limit) * float64(time.Second))
}

// sweep forgets callers whose allowance is whole again, and makes room if there are too many. The
// caller holds mu.
func (r *rates) sweep(now time.Time) {
	full := time.Duration(float64(r.burst) / float64(r.limit) * float64(time.Second))
	if len(r.of) < maxRates && now.Sub(r.swept) < full+time.Minute {
		return
	}
	r.swept = now
	oldest, when := "", now
	for who, c := range r.of {
		if now.Sub(c.last) > full {
			delete(r.of, who)
			continue
		}
		if !c.last.After(when) {
			oldest, when = who, c.last
		}
	}
	if len(r.of) >= maxRates {
		delete(r.of, oldest)
	}
}

// v1Write is the write path of InfluxDB 1, whose clients drop points on a 429 and keep them on a 503.
const v1Write = "POST /write"

// tooMany returns the refusal of a caller that asks too often, or nil. What everyone may have, the screen and
// health, is free, but for live connections.
func (s *Server) tooMany(pattern string, need Role, who caller) *Problem {
	if s.rates == nil || need == Everyone && pattern != realtimePattern {
		return nil
	}
	key := "token " + who.name
	if who.role == Everyone || s.guard.open() {
		key = "address " + who.client
	}
	wait := s.rates.wait(key, time.Now())
	if wait == 0 {
		return nil
	}
	p := newProblem(http.StatusTooManyRequests, "too many requests: "+strconv.FormatFloat(float64(s.rates.limit), 'g', -1, 64)+" a second are allowed")
	if pattern == v1Write {
		p = newProblem(http.StatusServiceUnavailable, p.Detail)
	}
	p.Hint = "send more with each request, or have limits.requests_per_second raised"
	p.retryAfter = max(1, int(math.Ceil(wait.Seconds())))
	return p
}
