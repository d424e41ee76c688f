package group

import (
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/broker/keyed"
)

// consumer is what a group of KIP-848 has.
type consumer struct {
	members     map[string]*subscriber
	static      map[string]string // instance to member
	targetEpoch int32             // group epoch that the members' targets are of
	assignor    string
	owners      map[slot]string // who has a partition, or has still to let it go
	seen        uint64          // fingerprint of the topics that the targets are of

	changed map[string]bool // members whose records are to be written
}

// subscriber is a member of a group of KIP-848.
type subscriber struct {
	id       string
	instance *string
	rack     *string
	clientID string
	host     string
	epoch    int32 // leftStatic: away for a moment
	previous int32 // epoch before, which is taken once more: an answer may have been lost
	phase    phase
	balance  time.Duration // within which it has to let partitions go
	assignor string        // that it would like; "": any

	names   []string // topics by name, sorted
	pattern string   // topics by regular expression; "": none
	regex   *regexp.Regexp
	matched []string        // what pattern matched, sorted
	stale   <-chan struct{} // closed: matched may be old; nil: it is

	// Partitions with the epoch since which the member has had them.
	assigned map[slot]int32
	revoking map[slot]int32 // it was told to let go and has not said that it has
	target   map[slot]int32 // where it shall get to; the numbers mean nothing

	expires  time.Time // of the session
	revokeBy time.Time // while phase is unrevoked
}

// phase is how a member stands to its target.
type phase byte

const (
	settled    phase = iota
	unrevoked        // it has to let partitions go first
	unreleased       // others have to let partitions go
)

// Epochs that mean something else.
const (
	leave      = -1
	leftStatic = -2
)

func newConsumer() *consumer {
	return &consumer{members: map[string]*subscriber{}, static: map[string]string{}, owners: map[slot]string{}, changed: map[string]bool{}}
}

// resume makes what is not in the records, after they were read.
func (c *consumer) resume(now time.Time, session time.Duration) {
	for _, s := range c.members {
		s.expires = now.Add(session)
		if s.phase == unrevoked {
			s.revokeBy = now.Add(s.balance)
		}
		if s.instance != nil {
			c.static[*s.instance] = s.id
		}
		for at := range s.assigned {
			c.owners[at] = s.id
		}
		for at := range s.revoking {
			c.owners[at] = s.id
		}
	}
}

func (c *consumer) sorted() []*subscriber {
	list := slices.Collect(maps.Values(c.members))
	slices.SortFunc(list, func(a, b *subscriber) int { return strings.Compare(a.id, b.id) })
	return list
}

func (c *consumer) due() time.Time {
	var due time.Time
	for _, s := range c.members {
		due = earlier(due, s.expires)
		if s.phase == unrevoked {
			due = earlier(due, s.revokeBy)
		}
	}
	return due
}

func (c *consumer) stateName(epoch int32) string {
	switch {
	case len(c.members) == 0:
		return "Empty"
	case epoch > c.targetEpoch:
		return "Assigning"
	}
	for _, s := range c.members {
		if s.phase != settled || s.epoch != c.targetEpoch {
			return "Reconciling"
		}
	}
	return "Stable"
}

// compile makes regex of pattern. As in Kafka it has to match the whole name of a topic.
func (s *subscriber) compile() (err error) {
	s.regex = nil
	if s.pattern != "" {
		s.regex, err = regexp.Compile("^(?:" + s.pattern + ")$")
	}
	return err
}

// topics lists the topics that the member reads, by name.
func (s *subscriber) topics() []string {
	if len(s.matched) == 0 {
		return s.names
	}
	all := slices.Concat(s.names, s.matched)
	slices.Sort(all)
	return slices.Compact(all)
}

// subscribed is the set of topics that the members read.
func (c *consumer) subscribed() map[string]bool {
	set := map[string]bool{}
	for _, s := range c.members {
		for _, t := range s.topics() {
			set[t] = true
		}
	}
	return set
}

// fingerprint tells the topics that members read apart from what they were: another id, or more partitions.
func (g *group) fingerprint() uint64 {
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(g.consumer.subscribed())) {
		if id, partitions, ok := g.gs.topics.Lookup(name); ok {
			e := make(encoder, 0, len(name)+24)
			e.string(name)
			e = append(e, id[:]...)
			e.uint(uint64(partitions))
			_, _ = h.Write(e)
		}
	}
	return h.Sum64()
}

// bump begins a new group epoch: members or what they read have changed.
func (g *group) bump() {
	c := g.consumer
	g.epoch++
	c.assignor = c.preferred()
	c.seen = g.fingerprint()
	c.targetEpoch = g.epoch
	partitions := map[topicID]int{}
	var claimants []claimant
	for _, s := range c.sorted() {
		one := claimant{name: s.id, had: s.target}
		if s.instance != nil {
			one.name = *s.instance
		}
		one.topics = map[topicID]bool{}
		for _, name := range s.topics() {
			if id, n, ok := g.gs.topics.Lookup(name); ok {
				one.topics[id], partitions[id] = true, n
			}
		}
		claimants = append(claimants, one)
	}
	targets := assign(c.assignor, claimants, partitions)
	for i, s := range c.sorted() {
		if !maps.Equal(s.target, targets[i]) {
			s.target = targets[i]
			c.changed[s.id] = true
		}
	}
}

// preferred is the assignor that most members would like.
func (c *consumer) preferred() string {
	votes := map[string]int{}
	best := assignors()[0]
	for _, s := range c.members {
		if s.assignor != "" {
			votes[s.assignor]++
		}
	}
	for _, name := range assignors() {
		if votes[name] > votes[best] {
			best = name
		}
	}
	return best
}

// flush writes the group and the members that have changed.
func (g *group) flush() {
	c := g.consumer
	entries := []keyed.Entry{g.record()}
	for id := range c.changed {
		if s := c.members[id]; s != nil {
			entries = append(entries, s.entry(g.name))
		} else {
			entries = append(entries, keyed.Entry{Key: memberKey(g.name, id)})
		}
	}
	clear(c.changed)
	g.put(entries...)
}

// expel takes a member off; its partitions are free.
func (c *consumer) expel(s *subscriber, now time.Time, g *group) {
	delete(c.members, s.id)
	if s.instance != nil && c.static[*s.instance] == s.id {
		delete(c.static, *s.instance)
	}
	c.release(s, s.assigned)
	c.release(s, s.revoking)
	c.changed[s.id] = true
	if len(c.members) == 0 {
		g.emptySince = now
	}
}

// release frees partitions of a member.
func (c *consumer) release(s *subscriber, list map[slot]int32) {
	for at := range list {
		if c.owners[at] == s.id {
			delete(c.owners, at)
		}
	}
}

// endSubscribers ends the sessions that are over, and those of members that do not let partitions go in time.
func (g *group) endSubscribers() {
	c, now, gone := g.consumer, g.now(), false
	for _, s := range c.sorted() {
		if !now.Before(s.expires) || (s.phase == unrevoked && !now.Before(s.revokeBy)) {
			c.expel(s, now, g)
			gone = true
		}
	}
	if gone {
		g.bump()
		g.flush()
	}
}

// followTopics begins a new epoch if the topics that members read have changed.
func (g *group) followTopics() {
	if len(g.consumer.members) > 0 && g.fingerprint() != g.consumer.seen {
		g.bump()
		g.flush()
	}
}

// mayCommit says why somebody may not commit. An epoch that is not the member's last will do for partitions that it has had since then (KIP-1251).
func (c *consumer) mayCommit(who committer, claims []claim) *kerr.Error {
	if who.generation < 0 && len(c.members) == 0 {
		return nil
	}
	s := c.members[who.member]
	switch {
	case s == nil:
		return kerr.UnknownMemberID
	case !who.transactional && who.version < 9:
		return kerr.UnsupportedVersion
	case who.generation == s.epoch:
		return nil
	case who.generation > s.epoch || who.generation < 0:
		return kerr.StaleMemberEpoch
	}
	for _, cl := range claims {
		at := slot{cl.to.topic, cl.at.partition}
		since, ok := s.assigned[at]
		if !ok {
			since, ok = s.revoking[at]
		}
		if !ok || who.generation < since {
			return kerr.StaleMemberEpoch
		}
	}
	return nil
}

// mayFetch says why a member may not fetch offsets as of an epoch.
func (c *consumer) mayFetch(id string, epoch int32) *kerr.Error {
	s := c.members[id]
	switch {
	case s == nil:
		return kerr.UnknownMemberID
	case s.epoch != epoch:
		return kerr.StaleMemberEpoch
	}
	return nil
}
