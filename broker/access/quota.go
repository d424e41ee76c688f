package access

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Use is what a quota bounds.
type Use int

// The uses: bytes in, bytes out, milliseconds of this broker's time, topics or partitions made or deleted.
const (
	Produced Use = iota
	Fetched
	RequestTime
	Mutations
	uses
)

// quotaName is how requests call the quota on a use.
func quotaName(u Use) string {
	switch u {
	case Produced:
		return "producer_byte_rate"
	case Fetched:
		return "consumer_byte_rate"
	case RequestTime:
		return "request_percentage"
	case Mutations:
		return "controller_mutation_rate"
	}
	return ""
}

// name is a part of an entity: absent(), the default (all that have no quota of their own), or one name.
type name struct {
	set  bool
	std  bool
	text string
}

func named(s string) name { return name{set: true, text: s} }

func absent() name   { return name{} }
func standard() name { return name{set: true, std: true} }

// entity is what quotas are set for (KIP-55, KIP-546).
type entity struct{ user, client name }

// quotas are the quotas and how much was used of each. Uses of those that have none cost one atomic load.
type quotas struct {
	now func() time.Time
	any atomic.Bool

	mu     sync.Mutex
	limits map[entity]map[string]float64
	meters map[meterKey]meter
}

// meterKey is who shares a meter: whoever a quota for a user is about shares it over all clients, and so on.
type meterKey struct {
	entity entity
	use    Use
}

// meter is how much of a quota was used. charge returns for how long the one who uses is to be held back.
type meter interface {
	charge(now time.Time, limit, amount float64) time.Duration
	idle(now time.Time) bool
}

// maxMeters bounds how many are remembered: client ids are as clients say. Those out of use go first.
const maxMeters = 20_000

func newQuotas(now func() time.Time) *quotas {
	return &quotas{now: now, limits: map[entity]map[string]float64{}, meters: map[meterKey]meter{}}
}

// Charge notes a use and returns for how long the client is to be held back: the answer says so (throttle_time_ms) and the connection is not
// read for that time. For Mutations more than 0 says that nothing was charged: the request is to be refused.
func (a *Access) Charge(c *Caller, clientID string, use Use, amount float64) time.Duration {
	q := a.quotas
	if c == nil || !q.any.Load() {
		return 0
	}
	if use == RequestTime {
		amount /= 10 // milliseconds to percent of a second: 100 % is one processor
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	limit, who, ok := q.limit(c.User, clientID, quotaName(use))
	if !ok {
		return 0
	}
	now := q.now()
	key := meterKey{who, use}
	m := q.meters[key]
	if m == nil {
		q.makeRoom(now)
		m = newMeter(use, now)
		q.meters[key] = m
	}
	d := m.charge(now, limit, amount)
	if use == RequestTime {
		d = min(d, span)
	}
	return d
}

func newMeter(use Use, now time.Time) meter {
	if use == Mutations {
		return &bucket{last: now, full: true}
	}
	return &rate{}
}

// limit finds the quota that counts for a user and a client, in Kafka's order, and who shares it. The caller holds mu.
func (q *quotas) limit(user, client, quota string) (float64, entity, bool) {
	u, cl := named(user), named(client)
	for _, try := range [...]struct{ set, who entity }{
		{entity{u, cl}, entity{u, cl}},
		{entity{u, standard()}, entity{u, cl}},
		{entity{u, absent()}, entity{u, absent()}},
		{entity{standard(), cl}, entity{u, cl}},
		{entity{standard(), standard()}, entity{u, cl}},
		{entity{standard(), absent()}, entity{u, absent()}},
		{entity{absent(), cl}, entity{absent(), cl}},
		{entity{absent(), standard()}, entity{absent(), cl}},
	} {
		if v, ok := q.limits[try.set][quota]; ok {
			return v, try.who, true
		}
	}
	return 0, entity{}, false
}

// makeRoom keeps the meters bounded. The caller holds mu.
func (q *quotas) makeRoom(now time.Time) {
	if len(q.meters) < maxMeters {
		return
	}
	for k, m := range q.meters {
		if m.idle(now) {
			delete(q.meters, k)
		}
	}
	for k := range q.meters { // of those in use any, down to 9 in 10 so that this is rare
		if len(q.meters) < maxMeters/10*9 {
			return
		}
		delete(q.meters, k)
	}
}

// set replaces the quotas of an entity; none removes it.
func (q *quotas) set(e entity, values map[string]float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(values) == 0 {
		delete(q.limits, e)
	} else {
		q.limits[e] = values
	}
	q.any.Store(len(q.limits) > 0)
}

func (q *quotas) get(e entity) map[string]float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.limits[e]
}

// limited is an entity and its quotas.
type limited struct {
	entity entity
	values map[string]float64
}

// list returns all, sorted. The maps are not to be changed.
func (q *quotas) list() []limited {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := make([]limited, 0, len(q.limits))
	for e, v := range q.limits {
		all = append(all, limited{e, v})
	}
	slices.SortFunc(all, func(a, b limited) int {
		return cmp.Or(a.entity.user.compare(b.entity.user), a.entity.client.compare(b.entity.client))
	})
	return all
}

func (n name) compare(o name) int {
	rank := func(n name) int {
		switch {
		case !n.set:
			return 0
		case n.std:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(n), rank(o)), strings.Compare(n.text, o.text))
}
