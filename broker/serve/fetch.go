package serve

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/partition"
)

// fetchState is what fetching uses over and over.
type fetchState struct {
	req   fetchRequest
	alone session // of requests that have no session of their own
	told  []*fetching
	waits waits
}

// fetching is a partition that is fetched, for as long as its session.
type fetching struct {
	fetchPart
	toldHigh, toldStart int64 // what the client knows

	// What is answered now.
	log           *partition.Log
	view          *partition.View
	code          int16
	high, stable  int64
	start         int64
	changed       <-chan struct{}
	mayRead       bool
	diverged      bool
	divergedEpoch int32
	divergedEnd   int64
}

func (p *fetching) sameTopic(q *fetching) bool { return p.topic == q.topic && p.id == q.id }

// answerFetch answers Fetch, when there is enough or the time is up.
func (c *conn) answerFetch(f *frame, client string) error {
	start := time.Now()
	st := &c.fetch
	q := &st.req
	if err := q.decode(f.version, f.body); err != nil {
		return malformedf("Fetch request of version %d: %v", f.version, err)
	}
	c.release(f) // the wait is not at the cost of others
	st.waits.spent = 0
	se, code := c.s.sessions.resolve(q, &st.alone, c.user())
	if code != nil {
		return c.tellFetch(q, f.correlation, code.Code, nil, nil, client, start)
	}
	defer c.s.sessions.done(se)
	defer se.closeViews()
	c.find(se, q)
	c.await(se, q, start)
	st.told = se.news(st.told[:0])
	defer clear(st.told)
	return c.tellFetch(q, f.correlation, 0, se, st.told, client, start)
}

// user is whom a session belongs to.
func (c *conn) user() string {
	if c.caller == nil {
		return ""
	}
	return c.caller.User
}

// tellFetch writes the answer.
func (c *conn) tellFetch(q *fetchRequest, correlation int32, code int16, se *session, told []*fetching, client string, start time.Time) error {
	size, id, failed := 0, int32(0), code != 0
	if se != nil {
		id = se.id
	}
	for _, p := range told {
		failed = failed || p.code != 0
		if p.view != nil {
			size += p.view.Size
		}
	}
	throttle := max(c.charge(client, access.Fetched, float64(size)), c.chargeTime(client, time.Since(start)-c.fetch.waits.spent))
	c.out.begin(c.s.buffers)
	defer c.out.end(c.s.buffers)
	c.out.head(correlation, q.version >= 12)
	c.out.encodeFetch(q, code, int32(throttle.Milliseconds()), id, told, c.s.node())
	c.s.counts.handled(keyFetch, start, failed)
	return c.flush()
}

// find finds the logs of all partitions, and what may be read of them.
func (c *conn) find(se *session, q *fetchRequest) {
	topic, allowed := "", false
	for i := range se.parts {
		p := &se.parts[i]
		name := p.topic
		p.view, p.code, p.mayRead, p.diverged = nil, 0, false, false
		if q.usesIDs {
			name, p.log = c.s.cfg.Topics.LogByID(p.id, p.part)
		} else {
			p.log = c.s.cfg.Topics.Log(name, p.part)
		}
		if name != topic {
			topic, allowed = name, c.caller.May(kmsg.ACLOperationRead, kmsg.ACLResourceTypeTopic, name)
		}
		switch {
		case name == "" && q.usesIDs:
			p.fail(kerr.UnknownTopicID)
		case !allowed:
			p.fail(kerr.TopicAuthorizationFailed)
		case p.log == nil:
			p.fail(kerr.UnknownTopicOrPartition)
		default:
			p.checkEpoch()
		}
	}
}

// checkEpoch compares what the client knows of the leader (KIP-320).
func (p *fetching) checkEpoch() {
	now := p.log.Epoch()
	switch {
	case p.epoch >= 0 && p.epoch < now:
		p.fail(kerr.FencedLeaderEpoch)
	case p.epoch > now:
		p.fail(kerr.UnknownLeaderEpoch)
	default:
		p.mayRead = true
	}
	if !p.mayRead || p.fetched < 0 {
		return
	}
	epoch, end := p.log.EpochEnd(p.fetched)
	if end < 0 {
		p.fail(kerr.OffsetOutOfRange)
		p.mayRead = false
	} else if epoch < p.fetched || end < p.offset {
		p.diverged, p.divergedEpoch, p.divergedEnd = true, epoch, end
	}
}

func (p *fetching) fail(err *kerr.Error) {
	p.code, p.high, p.stable, p.start = err.Code, -1, -1, -1
}

// await reads until there is enough, something to tell at once, or no time left.
func (c *conn) await(se *session, q *fetchRequest, start time.Time) {
	w := &c.fetch.waits
	defer w.forget()
	limit := time.Duration(q.wait) * time.Millisecond
	for {
		size, urgent := c.read(se, q)
		left := limit - time.Since(start)
		if size >= int(q.minBytes) || urgent || left <= 0 || len(se.parts) == 0 {
			return
		}
		if !w.wait(c.polls, se, left) {
			if c.polls.Err() == nil {
				c.read(se, q)
			}
			return
		}
	}
}

// read reads all partitions, as far as the bounds of the answer allow, beginning with the one whose turn it is. urgent means that the client is to
// be answered at once, whatever it waits for.
func (c *conn) read(se *session, q *fetchRequest) (size int, urgent bool) {
	room := c.s.cfg.MaxFetch
	if q.maxBytes >= 0 {
		room = min(room, int(q.maxBytes))
	}
	for n := range se.parts {
		p := se.turn(n)
		if p.view != nil && !p.moved() {
			size += p.view.Size
			continue
		}
		p.close()
		if !p.mayRead || p.diverged {
			urgent = true
			if p.diverged {
				p.look()
			}
			continue
		}
		p.changed = p.log.Changed()
		most := max(min(room-size, int(p.max)), 0)
		if size == 0 {
			most = max(most, 1) // one batch at least
		}
		view, err := p.log.Read(p.offset, most, q.committed)
		if err != nil {
			code, known := codeOf(err)
			if !known {
				c.s.cfg.Logger.Error("kafka: read log", "error", err)
			}
			p.fail(code)
			urgent = true
			continue
		}
		p.code, p.view, p.high, p.stable, p.start = 0, view, view.High, view.Stable, view.Start
		if size > 0 && view.Size > most {
			p.trim() // its only batch is too large for what is left of this answer
		}
		size += p.view.Size
	}
	return size, urgent
}

// moved says whether the log has changed since it was read.
func (p *fetching) moved() bool {
	select {
	case <-p.changed:
		return true
	default:
		return false
	}
}

// look fills in the offsets of a log without reading it.
func (p *fetching) look() {
	st := p.log.Stats()
	p.high, p.stable, p.start = st.High, st.Stable, st.Start
}

// trim drops the records of the view and keeps what it says of the log.
func (p *fetching) trim() {
	v := &partition.View{Start: p.view.Start, High: p.view.High, Stable: p.view.Stable}
	p.close()
	p.view = v
}

func (p *fetching) close() {
	if p.view != nil {
		p.view.Close()
		p.view = nil
	}
}
