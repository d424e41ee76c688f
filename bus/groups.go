package bus

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Position is how far something has read a partition.
type Position struct {
	Topic     string
	Partition int32
	Offset    int64 // of the next record to read
}

// GroupLag is how far a consumer group is behind.
type GroupLag struct {
	Group      string
	State      string // as Kafka calls it: Stable, Empty, …
	Lag        int64  // of all partitions
	Partitions []PartitionLag
}

// PartitionLag is how far a group is behind in a partition.
type PartitionLag struct {
	Position
	End    int64
	Lag    int64  // -1: not known
	Member string // who reads it; "" for nobody
}

// GroupLags lists the consumer groups of the cluster, by name, with their lag; or only the given ones.
func (b *Bus) GroupLags(ctx context.Context, groups ...string) ([]GroupLag, error) {
	described, err := b.adm.Lag(ctx, groups...)
	if err != nil {
		return nil, wrap(err, "list the lag of groups")
	}
	var lags []GroupLag
	for _, d := range described.Sorted() {
		if d.Error() != nil {
			return nil, wrap(d.Error(), "list the lag of group %s", d.Group)
		}
		g := GroupLag{Group: d.Group, State: d.State, Lag: d.Lag.Total()}
		for _, l := range d.Lag.Sorted() {
			p := PartitionLag{Position: Position{l.Topic, l.Partition, l.Commit.At}, End: l.End.Offset, Lag: l.Lag}
			if l.Member != nil {
				p.Member = l.Member.ClientID
			}
			g.Partitions = append(g.Partitions, p)
		}
		lags = append(lags, g)
	}
	return lags, nil
}

// CommitOffsets tells a group how far its job is. It is information for people and tools: jobs go by
// their epoch record. The group must have no members.
func (b *Bus) CommitOffsets(ctx context.Context, group string, at []Position) error {
	var offsets kadm.Offsets
	for _, p := range at {
		offsets.AddOffset(p.Topic, p.Partition, p.Offset, -1)
	}
	if err := b.adm.CommitAllOffsets(ctx, group, offsets); err != nil {
		return wrap(err, "commit offsets of group %s", group)
	}
	return nil
}

// GroupOffsets returns what a group has committed; nothing for a group that does not exist.
func (b *Bus) GroupOffsets(ctx context.Context, group string) ([]Position, error) {
	found, err := b.adm.FetchOffsets(ctx, group)
	if err == nil {
		err = found.Error()
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap(err, "fetch offsets of group %s", group)
	}
	var at []Position
	found.Each(func(o kadm.OffsetResponse) {
		if o.At >= 0 {
			at = append(at, Position{o.Topic, o.Partition, o.At})
		}
	})
	slices.SortFunc(at, func(a, b Position) int {
		if a.Topic != b.Topic {
			return slices.Compare([]byte(a.Topic), []byte(b.Topic))
		}
		return int(a.Partition - b.Partition)
	})
	return at, nil
}
