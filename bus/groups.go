package bus

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Position is how far something has read a partition.
type Position struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"` // of the next record to read
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
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return at, nil
}
