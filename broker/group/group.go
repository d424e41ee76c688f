// Package group coordinates consumer groups, of the classic protocol and of KIP-848, and keeps their offsets.
//
// A classic group is a barrier: members join (join.go), the broker closes a generation (rebalance.go), the leader hands out an
// assignment that the broker does not read (sync.go), and everybody beats until something changes. In a group of KIP-848 the
// broker assigns (consumer.go, beat.go, assign.go): each change of members, subscriptions or topics is an epoch with a target, and
// each member goes to it by itself, giving away before it takes (reconcile.go). Offsets are the same for both (commit.go,
// fetch.go, staged.go).
//
// What is known is in one keyed.Space (record.go, load.go): members too, so that a restart of the broker is no rebalance. A generation, an epoch
// or an offset is durable before anybody is told. Semantics and error codes are those of Kafka 4's group
// coordinator; KIP-62, 345, 394, 447, 496, 814, 848, 1251.
//
// Locks: Groups.mu guards the map of groups, group.mu all of one group; group.mu is taken first, and no lock is held while the disk is waited for.
package group

import (
	"context"
	"sync"
	"time"

	"millrace/broker/keyed"
)

// topicID is a topic's id (KIP-516), of package topic.
type topicID = [16]byte

// Topics is what groups need to know of topics; *topic.Topics has it.
type Topics interface {
	Lookup(name string) (id topicID, partitions int, ok bool)
	Name(id topicID) string
	Names() []string
	Changed() <-chan struct{}
}

// Config bounds groups. The zero value of a field means its default, which is Kafka's.
type Config struct {
	Now             func() time.Time
	OffsetRetention time.Duration // of groups without members; 7 days
	MinSession      time.Duration // 6 s
	MaxSession      time.Duration // 30 min
	InitialDelay    time.Duration // how long a new group waits for more members; 0 here, one machine needs none
	MaxMembers      int           // of one group; 1,000
	MaxGroups       int           // 10,000
	Heartbeat       time.Duration // of KIP-848; 5 s
	Session         time.Duration // of KIP-848; 45 s
}

// Limits that no setting changes.
const (
	maxMetadata    = 4096             // bytes of an offset's metadata (offset.metadata.max.bytes)
	maxGroupBytes  = 4 << 20          // of what the members of one group say, and of what its leader hands out
	checkOffsets   = 10 * time.Minute // how often old offsets are looked for (offsets.retention.check.interval.ms)
	forgetGroup    = 10 * time.Minute // a group without members and offsets is kept for so long
	maxNameLength  = 1 << 15          // of a group, member or instance: what a string of the protocol may have
	defaultBalance = 5 * time.Minute  // of KIP-848 members that say no rebalance timeout that holds
)

func (c Config) filled() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	fill := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	fill(&c.OffsetRetention, 7*24*time.Hour)
	fill(&c.MinSession, 6*time.Second)
	fill(&c.MaxSession, 30*time.Minute)
	fill(&c.Heartbeat, 5*time.Second)
	fill(&c.Session, 45*time.Second)
	if c.MaxMembers == 0 {
		c.MaxMembers = 1000
	}
	if c.MaxGroups == 0 {
		c.MaxGroups = 10_000
	}
	return c
}

// Groups are all groups. The methods may be called from any goroutine. Each request that a group answers has a method that takes (context.Context,
// *access.Caller, *kmsg.XRequest) and returns *kmsg.XResponse: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit, OffsetFetch, OffsetDelete, TxnOffsetCommit, DescribeGroups,
// ListGroups, DeleteGroups, ConsumerGroupHeartbeat, ConsumerGroupDescribe. What changes offsets returns after they are durable. JoinGroup and
// SyncGroup wait for other members; their context ends when the connection does. WithClientID says who the client is.
type Groups struct {
	store  *keyed.Space
	topics Topics
	cfg    Config
	agenda agenda

	mu     sync.RWMutex
	groups map[string]*group
}

// Open reads the groups. Run has to be called for sessions to end.
func Open(store *keyed.Space, topics Topics, cfg Config) (*Groups, error) {
	gs := &Groups{
		store: store, topics: topics, cfg: cfg.filled(), groups: map[string]*group{},
		agenda: agenda{wake: make(chan struct{}, 1)},
	}
	if err := gs.load(); err != nil {
		return nil, err
	}
	return gs, nil
}

// clientKey is the key of a client's name in a context.
type clientKey struct{}

// WithClientID says by what name (client.id) the client that sent a request calls itself: it becomes part of the ids of members, and
// tools show it.
func WithClientID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, clientKey{}, id)
}

func clientID(ctx context.Context) string {
	id, _ := ctx.Value(clientKey{}).(string)
	return id
}

// lock returns a group, locked, or nil if there is none. Where make is set it is made, unless there are too many. The caller gives it back by unlock.
func (gs *Groups) lock(name string, make bool) *group {
	for {
		gs.mu.RLock()
		g := gs.groups[name]
		gs.mu.RUnlock()
		if g == nil {
			if !make {
				return nil
			}
			if g = gs.add(name); g == nil {
				return nil
			}
		}
		g.mu.Lock()
		if !g.dead {
			return g
		}
		g.mu.Unlock()
		gs.forget(g)
	}
}

func (gs *Groups) add(name string) *group {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if g := gs.groups[name]; g != nil {
		return g
	}
	if len(gs.groups) >= gs.cfg.MaxGroups {
		return nil
	}
	g := newGroup(gs, name)
	gs.groups[name] = g
	return g
}

// forget takes a dead group off the map.
func (gs *Groups) forget(g *group) {
	gs.mu.Lock()
	if gs.groups[g.name] == g {
		delete(gs.groups, g.name)
	}
	gs.mu.Unlock()
	gs.agenda.drop(g)
}

// unlock gives back a group of lock. One that was made for a request that came to nothing goes again.
func (gs *Groups) unlock(g *group) {
	if !g.stored && g.vacant() {
		g.dead = true
	}
	dead, due := g.dead, time.Time{}
	if !dead {
		due = g.due()
	}
	if !dead && !due.IsZero() {
		gs.agenda.by(g, due)
	}
	g.mu.Unlock()
	if dead {
		gs.forget(g)
	}
}

// all returns the groups there are, in no order.
func (gs *Groups) all() []*group {
	gs.mu.RLock()
	defer gs.mu.RUnlock()
	list := make([]*group, 0, len(gs.groups))
	for _, g := range gs.groups {
		list = append(list, g)
	}
	return list
}
