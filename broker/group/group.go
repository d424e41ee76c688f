// Package group coordinates consumer groups, of the classic protocol and of KIP-848, and keeps their offsets.
package group

import (
	"context"
	"time"

	"millrace/broker/keyed"
	"millrace/broker/topic"
)

// Topics is what groups need to know of topics; *topic.Topics has it.
type Topics interface {
	Lookup(name string) (id topic.ID, partitions int, ok bool)
	Name(id topic.ID) string
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

// Groups are all groups. The methods may be called from any goroutine. Each request that a group answers has a method that takes (context.Context,
// *access.Caller, *kmsg.XRequest) and returns *kmsg.XResponse: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit, OffsetFetch, OffsetDelete, TxnOffsetCommit, DescribeGroups,
// ListGroups, DeleteGroups, ConsumerGroupHeartbeat, ConsumerGroupDescribe. What changes offsets returns after they are durable.
type Groups struct{}

// Open reads the groups.
func Open(store *keyed.Space, topics Topics, cfg Config) (*Groups, error) { panic("not yet") }

// Run ends sessions and forgets old offsets until ctx ends.
func (g *Groups) Run(ctx context.Context) error { panic("not yet") }

// EndTransaction makes the offsets that a producer has staged (TxnOffsetCommit) in groups valid, or drops them, and returns when that is durable. It may be repeated.
func (g *Groups) EndTransaction(ctx context.Context, producer int64, epoch int16, groups []string, commit bool) error {
	panic("not yet")
}
