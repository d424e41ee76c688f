package serve

import (
	"sync/atomic"
	"time"
)

// Stats are counters since the server was made, but for Conns, which is now.
type Stats struct {
	Conns     int   // open connections
	Total     int64 // connections accepted
	Refused   int64 // connections refused because there were too many
	Overdue   int64 // connections closed because their peer idled or stalled
	Malformed int64 // connections closed because of a request that is none
	Panics    int64 // requests that ended in a panic, which closed their connection
	Throttled int64 // answers that told a client to slow down
	In, Out   int64 // bytes of requests and answers
	Sessions  int   // fetch sessions
	// Requests are those kinds of requests that came, by their key in the protocol.
	Requests []Requests
}

// Requests counts the requests of one kind.
type Requests struct {
	Key    int16
	Name   string
	Count  int64
	Errors int64         // answered with an error, as a whole or in a part
	Time   time.Duration // spent on handling, waits included, in all
}

// counts are what Stats shows.
type counts struct {
	total, refused, overdue, malformed, panics, throttled, in, out atomic.Int64
	requests                                                       [maxKey]requestCounts
}

type requestCounts struct{ count, errors, nanos atomic.Int64 }

func (c *counts) handled(key int16, since time.Time, failed bool) {
	r := &c.requests[key]
	r.count.Add(1)
	r.nanos.Add(int64(time.Since(since)))
	if failed {
		r.errors.Add(1)
	}
}

// Stats returns the counters as they are now.
func (s *Server) Stats() Stats {
	c := &s.counts
	st := Stats{
		Total: c.total.Load(), Refused: c.refused.Load(), Overdue: c.overdue.Load(), Malformed: c.malformed.Load(),
		Panics: c.panics.Load(), Throttled: c.throttled.Load(), In: c.in.Load(), Out: c.out.Load(),
		Sessions: s.sessions.count(),
	}
	s.mu.Lock()
	st.Conns = len(s.conns)
	s.mu.Unlock()
	for key := range c.requests {
		r := &c.requests[key]
		if n := r.count.Load(); n > 0 {
			st.Requests = append(st.Requests, Requests{
				Key: int16(key), Name: s.routes[key].name, Count: n, Errors: r.errors.Load(), Time: time.Duration(r.nanos.Load()),
			})
		}
	}
	return st
}
