package serve

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// session is what a client fetches, remembered so that it need not say it again (KIP-227). One request at a time uses it.
type session struct {
	id    int32 // 0: of one request only
	epoch int32 // that the next request must have
	user  string
	ids   bool // it names topics by id
	parts []fetching
	index map[partKey]int // into parts; nil: a session of one request
	next  int             // the partition whose turn it is to be read first
	full  bool            // the client is told of all partitions

	busy bool // a request uses it
	gone bool // it was dropped while a request used it
	used time.Time
}

// sessions are all that are remembered, at most slots of them. A session that was not used for a while gives way to a new one; as long as there is none, new clients get no session.
type sessions struct {
	slots int

	mu    sync.Mutex
	byID  map[int32]*session
	parts int // of all of them
}

const (
	// stale is how long a session must not have been used to give way (Kafka's min.incremental.fetch.session.eviction.ms).
	stale = 2 * time.Minute
	// sessionParts bounds the partitions of all sessions.
	sessionParts = 1_000_000
)

func newSessions(slots int) *sessions { return &sessions{slots: slots, byID: map[int32]*session{}} }

func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}

// resolve returns the session that a request means, brought to what the request says. alone is used where there is none. done must be called for it after the answer.
func (s *sessions) resolve(q *fetchRequest, alone *session, user string) (*session, *kerr.Error) {
	const first, final = 0, -1
	if q.version < 7 || q.epoch == first || q.epoch == final {
		s.mu.Lock()
		defer s.mu.Unlock()
		if old := s.byID[q.session]; old != nil && old.user == user {
			s.drop(old)
		}
		if q.epoch == first && q.version >= 7 && len(q.asked) > 0 {
			if se := s.create(q, user); se != nil {
				return se, nil
			}
		}
		alone.set(q)
		return alone, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	se := s.byID[q.session]
	switch {
	case se == nil || se.user != user:
		return nil, kerr.FetchSessionIDNotFound
	case se.busy || se.epoch != q.epoch:
		return nil, kerr.InvalidFetchSessionEpoch
	case se.ids != q.usesIDs:
		return nil, kerr.FetchSessionTopicIDError
	}
	before := len(se.parts)
	se.update(q)
	s.parts += len(se.parts) - before
	if len(se.parts) == 0 {
		s.drop(se)
		alone.set(q)
		return alone, nil
	}
	if s.parts > sessionParts {
		s.drop(se)
	}
	se.epoch = after(se.epoch)
	se.busy, se.full, se.used = true, false, time.Now()
	return se, nil
}

// done says that the answer was written.
func (s *sessions) done(se *session) {
	if se.id == 0 {
		se.forget()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	se.busy = false
	se.used = time.Now()
}

// create makes a session if there is room for one. s.mu is held.
func (s *sessions) create(q *fetchRequest, user string) *session {
	if s.parts+len(q.asked) > sessionParts {
		return nil
	}
	if len(s.byID) >= s.slots {
		var oldest *session
		for _, se := range s.byID {
			if !se.busy && (oldest == nil || se.used.Before(oldest.used)) {
				oldest = se
			}
		}
		if oldest == nil || time.Since(oldest.used) < stale {
			return nil
		}
		s.drop(oldest)
	}
	se := &session{user: user, index: make(map[partKey]int, len(q.asked))}
	se.set(q)
	for se.id == 0 || s.byID[se.id] != nil {
		se.id = 1 + rand.Int32N(math.MaxInt32)
	}
	se.epoch, se.busy, se.used = 1, true, time.Now()
	s.byID[se.id] = se
	s.parts += len(se.parts)
	return se
}

// drop forgets a session. A request that uses it goes on. s.mu is held.
func (s *sessions) drop(se *session) {
	if se.gone {
		return
	}
	se.gone = true
	delete(s.byID, se.id)
	s.parts -= len(se.parts)
}

func after(epoch int32) int32 {
	if epoch == math.MaxInt32 {
		return 1
	}
	return epoch + 1
}

// set makes a session of all that a request asks for.
func (se *session) set(q *fetchRequest) {
	se.ids, se.full, se.next = q.usesIDs, true, 0
	se.parts = se.parts[:0]
	for i := range q.asked {
		se.put(&q.asked[i])
	}
}

// put adds a partition, or changes how it is fetched.
func (se *session) put(p *fetchPart) {
	if se.index != nil {
		if i, ok := se.index[p.partKey]; ok {
			se.parts[i].fetchPart = *p
			return
		}
		se.index[p.partKey] = len(se.parts)
	}
	se.parts = append(se.parts, fetching{fetchPart: *p, toldHigh: -1, toldStart: -1})
}

// update changes a session by what a request adds and forgets.
func (se *session) update(q *fetchRequest) {
	for i := range q.asked {
		se.put(&q.asked[i])
	}
	if len(q.forgotten) == 0 {
		return
	}
	for _, k := range q.forgotten {
		delete(se.index, k)
	}
	kept := se.parts[:0]
	for i := range se.parts {
		if _, ok := se.index[se.parts[i].partKey]; ok {
			kept = append(kept, se.parts[i])
		}
	}
	clear(se.parts[len(kept):])
	se.parts = kept
	for i := range kept {
		se.index[kept[i].partKey] = i
	}
	if se.next >= len(kept) {
		se.next = 0
	}
}

// turn returns the n-th partition to be read.
func (se *session) turn(n int) *fetching {
	if n += se.next; n >= len(se.parts) {
		n -= len(se.parts)
	}
	return &se.parts[n]
}

// news appends the partitions that the client is told of: all of them, or in later answers of a session those that have records, an error,
// or offsets that it does not know. The next request begins after the last one that had records, so that none starves.
func (se *session) news(told []*fetching) []*fetching {
	last := -1
	for n := range se.parts {
		p := se.turn(n)
		size := 0
		if p.view != nil {
			size = p.view.Size
		}
		if size > 0 {
			last = n
		}
		if se.full || size > 0 || p.code != 0 || p.diverged || p.high != p.toldHigh || p.start != p.toldStart {
			told = append(told, p)
		}
		p.toldHigh, p.toldStart = p.high, p.start
		if p.code != 0 {
			p.toldHigh = -1
		}
	}
	if last >= 0 && len(se.parts) > 0 {
		se.next = (se.next + last + 1) % len(se.parts)
	}
	return told
}

// closeViews lets go of the files.
func (se *session) closeViews() {
	for i := range se.parts {
		p := &se.parts[i]
		p.close()
		p.log, p.changed = nil, nil
	}
}

// forget empties a session of one request.
func (se *session) forget() {
	clear(se.parts)
	if cap(se.parts) > 4096 {
		se.parts = nil
	}
}
