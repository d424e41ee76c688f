package group

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// state is where a classic group is.
type state byte

const (
	empty      state = iota // nobody is in
	preparing               // members join
	completing              // they have joined, the leader assigns
	stable
)

func (s state) String() string {
	switch s {
	case empty:
		return "Empty"
	case preparing:
		return "PreparingRebalance"
	case completing:
		return "CompletingRebalance"
	case stable:
		return "Stable"
	}
	return "Unknown"
}

// classic is what a group of the classic protocol has.
type classic struct {
	state        state
	protocolType string // what the members are ("consumer", "connect"); "": it only ever had offsets
	protocol     string // what they have chosen
	leader       string
	members      map[string]*member
	static       map[string]string    // instance to member
	promised     map[string]time.Time // ids given out by MEMBER_ID_REQUIRED, and until when they are good

	// by is when the state ends by force: joining, or waiting for SyncGroup (which may outlast completing). Zero: nobody is waited for.
	by time.Time
	// initial: preparing began with nobody in, and ends at by; limit is how far further members may move by.
	initial bool
	limit   time.Time
}

// member is a member of a classic group.
type member struct {
	id        string
	instance  *string // static membership, KIP-345
	clientID  string
	host      string
	session   time.Duration
	balance   time.Duration // rebalance timeout
	protocols []protocol    // as the client would like them, the best first

	assignment []byte
	synced     bool      // it has sent SyncGroup in this generation
	nameless   bool      // it joined without an id that it would know by now
	expires    time.Time // of the session; does not count while it waits
	joining    chan joined
	syncing    chan synced
}

type protocol struct {
	name     string
	metadata []byte
}

// joined and synced are answers, good once written.
type joined struct {
	resp    *kmsg.JoinGroupResponse
	written *write
}

type synced struct {
	code       int16
	assignment []byte
	written    *write
}

func newClassic() *classic {
	return &classic{members: map[string]*member{}, static: map[string]string{}, promised: map[string]time.Time{}}
}

// sorted lists the members by id.
func (c *classic) sorted() []*member {
	list := slices.Collect(maps.Values(c.members))
	slices.SortFunc(list, func(a, b *member) int { return strings.Compare(a.id, b.id) })
	return list
}

// due is when the next session, promise or wait ends.
func (c *classic) due() time.Time {
	due := c.by
	for _, m := range c.members {
		if m.joining == nil && m.syncing == nil {
			due = earlier(due, m.expires)
		}
	}
	for _, until := range c.promised {
		due = earlier(due, until)
	}
	return due
}

func (c *classic) resume(now time.Time) {
	for _, m := range c.members {
		m.expires = now.Add(m.session)
	}
	if c.state == completing {
		c.by = now.Add(c.longestBalance())
	}
}

func (c *classic) longestBalance() time.Duration {
	var d time.Duration
	for _, m := range c.members {
		d = max(d, m.balance)
	}
	return d
}

// bytes is about how much the members have said.
func (c *classic) bytes() int {
	n := 0
	for _, m := range c.members {
		n += len(m.assignment)
		for _, p := range m.protocols {
			n += len(p.name) + len(p.metadata)
		}
	}
	return n
}

// touch begins the session of a member anew.
func (m *member) touch(now time.Time) { m.expires = now.Add(m.session) }

// alike says whether a join says the same as the member's last.
func (m *member) alike(protocols []protocol) bool {
	return slices.EqualFunc(m.protocols, protocols, func(a, b protocol) bool {
		return a.name == b.name && bytes.Equal(a.metadata, b.metadata)
	})
}

func (m *member) metadata(name string) []byte {
	for _, p := range m.protocols {
		if p.name == name {
			return p.metadata
		}
	}
	return nil
}

// answerJoin ends the wait of a member's JoinGroup, if there is one.
func (m *member) answerJoin(now time.Time, resp *kmsg.JoinGroupResponse, w *write) {
	if m.joining == nil {
		return
	}
	m.joining <- joined{resp, w}
	m.joining = nil
	m.touch(now)
}

// answerSync ends the wait of a member's SyncGroup, if there is one.
func (m *member) answerSync(now time.Time, a synced) {
	if m.syncing == nil {
		return
	}
	m.syncing <- a
	m.syncing = nil
	m.touch(now)
}

func refuseJoin(code *kerr.Error, memberID string) *kmsg.JoinGroupResponse {
	resp := kmsg.NewPtrJoinGroupResponse()
	resp.ErrorCode, resp.Generation, resp.MemberID = code.Code, -1, memberID
	return resp
}

// supports says whether a member of a type that knows protocols can be in the group.
func (c *classic) supports(protocolType string, protocols []protocol) bool {
	if protocolType == "" || len(protocols) == 0 {
		return false
	}
	if c.state == empty || len(c.members) == 0 {
		return true
	}
	if c.protocolType != protocolType {
		return false
	}
	common := c.common()
	return slices.ContainsFunc(protocols, func(p protocol) bool { return common[p.name] })
}

// common is the set of protocols that all members know.
func (c *classic) common() map[string]bool {
	count := map[string]int{}
	for _, m := range c.members {
		seen := map[string]bool{}
		for _, p := range m.protocols {
			if !seen[p.name] {
				count[p.name]++
				seen[p.name] = true
			}
		}
	}
	common := map[string]bool{}
	for name, n := range count {
		if n == len(c.members) {
			common[name] = true
		}
	}
	return common
}

// choose has each member vote for the first of its protocols that all know; most votes win, then the order of names.
func (c *classic) choose() string {
	common, votes := c.common(), map[string]int{}
	for _, m := range c.members {
		for _, p := range m.protocols {
			if common[p.name] {
				votes[p.name]++
				break
			}
		}
	}
	best := ""
	for _, name := range slices.Sorted(maps.Keys(votes)) {
		if best == "" || votes[name] > votes[best] {
			best = name
		}
	}
	return best
}

// check says whether a request comes from a member as it is now: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, or the member.
func (c *classic) check(id string, instance *string) (*member, *kerr.Error) {
	if instance != nil {
		owner, ok := c.static[*instance]
		if !ok {
			return nil, kerr.UnknownMemberID
		}
		if owner != id {
			return nil, kerr.FencedInstanceID
		}
	}
	m := c.members[id]
	if m == nil {
		return nil, kerr.UnknownMemberID
	}
	return m, nil
}
