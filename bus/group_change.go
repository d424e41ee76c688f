package bus

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/fault"
)

// Target is where a reset puts a group. The zero Target is the beginning.
type Target struct {
	kind targetKind
	n    int64 // an offset, milliseconds since 1970, or by how much
}

type targetKind uint8

const (
	toEarliest targetKind = iota
	toLatest
	toOffset
	toTime
	shiftBy
)

// targetHint says what ParseTarget takes.
const targetHint = "one of earliest, latest, an offset (1200), a time (2026-11-20T10:00:00Z), a time back (10m), or a step (+100, -100)"

// ParseTarget reads a target: earliest, latest, an offset, a time in RFC 3339 or a duration back from now, or a step with
// its sign.
func ParseTarget(text string, now time.Time) (Target, error) {
	switch text {
	case "earliest":
		return Target{}, nil
	case "latest":
		return Target{kind: toLatest}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if text[0] == '+' || text[0] == '-' {
			return Target{shiftBy, n}, nil
		}
		return Target{toOffset, n}, nil
	}
	at, err := ParseTime(text, now)
	if err != nil {
		return Target{}, fault.New(fault.Invalid, "%q is no place in a topic", text).WithHint(targetHint)
	}
	return Target{toTime, at.UnixMilli()}, nil
}

// ParseTime reads a time in RFC 3339, or a duration as 10m or 24h, which is so long before now.
func ParseTime(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "%q is no time", text).WithHint("a time as 2026-11-20T10:00:00Z, or how long ago as 10m or 24h")
}

// Reset says how to move a group.
type Reset struct {
	Group      string
	Topic      string  // "": all topics that the group has committed in
	Partitions []int32 // none: all of the topic; others need Topic
	To         Target
	DryRun     bool // only tell
}

// Moved is a partition that a reset moves.
type Moved struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Before    int64  `json:"before"` // -1: nothing was committed
	After     int64  `json:"after"`
	Lag       int64  `json:"lag"` // after the reset
}

// ResetGroup moves what a group has committed, within what its partitions hold, and returns what that is, by topic and
// partition. The group must have no members, which is a fault of kind Conflict: they would go on from where they are
// and commit that again. A group that does not exist is made, if a topic is given.
func (b *Bus) ResetGroup(ctx context.Context, r Reset) ([]Moved, error) {
	if r.Topic == "" && len(r.Partitions) > 0 {
		return nil, fault.New(fault.Invalid, "reset group %s: partitions of which topic?", r.Group).WithHint("name the topic, too")
	}
	if err := b.atRest(ctx, "reset", r.Group, r.Topic != ""); err != nil {
		return nil, err
	}
	before, err := b.GroupOffsets(ctx, r.Group)
	if err != nil {
		return nil, err
	}
	moves, err := b.plan(ctx, r, before)
	if err != nil || r.DryRun {
		return moves, err
	}
	var to kadm.Offsets
	for _, m := range moves {
		to.AddOffset(m.Topic, m.Partition, m.After, -1)
	}
	if err := b.adm.CommitAllOffsets(ctx, r.Group, to); err != nil {
		return nil, busyGroup(err, "reset", r.Group)
	}
	return moves, nil
}

// plan says where a reset moves each partition.
func (b *Bus) plan(ctx context.Context, r Reset, before []Position) ([]Moved, error) {
	at := map[string]map[int32]int64{}
	for _, p := range before {
		if at[p.Topic] == nil {
			at[p.Topic] = map[int32]int64{}
		}
		at[p.Topic][p.Partition] = p.Offset
	}
	topics := slices.Sorted(maps.Keys(at))
	if r.Topic != "" {
		topics = []string{r.Topic}
	}
	if len(topics) == 0 {
		return nil, fault.New(fault.Invalid, "reset group %s: it has committed nothing", r.Group).WithHint("name the topic that it is to read")
	}
	var moves []Moved
	for _, topic := range topics {
		ids := r.Partitions
		if r.Topic == "" {
			ids = slices.Sorted(maps.Keys(at[topic]))
		}
		of, err := b.planTopic(ctx, r, topic, ids, at[topic])
		if err != nil {
			return nil, err
		}
		moves = append(moves, of...)
	}
	return moves, nil
}

// planTopic plans partitions of a topic; no ids are all.
func (b *Bus) planTopic(ctx context.Context, r Reset, topic string, ids []int32, at map[int32]int64) ([]Moved, error) {
	start, err := b.StartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	end, err := b.EndOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	found := map[int32]int64{}
	if r.To.kind == toTime {
		if found, err = b.OffsetsAt(ctx, topic, time.UnixMilli(r.To.n)); err != nil {
			return nil, err
		}
	}
	if len(ids) == 0 {
		ids = slices.Collect(maps.Keys(end))
	}
	var moves []Moved
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if _, ok := end[id]; !ok {
			return nil, fault.New(fault.NotFound, "reset group %s: topic %s has no partition %d", r.Group, topic, id)
		}
		m := Moved{Topic: topic, Partition: id, Before: -1}
		if before, ok := at[id]; ok {
			m.Before = before
		}
		switch r.To.kind {
		case toEarliest:
			m.After = start[id]
		case toLatest:
			m.After = end[id]
		case toOffset:
			m.After = r.To.n
		case toTime:
			m.After = found[id]
		case shiftBy:
			if m.Before < 0 {
				return nil, fault.New(fault.Invalid, "reset group %s: it has committed nothing in %s-%d that could be shifted", r.Group, topic, id).
					WithHint("name the partitions that it has, or give a place instead of a step")
			}
			m.After = m.Before + r.To.n
		}
		m.After = max(start[id], min(end[id], m.After))
		m.Lag = end[id] - m.After
		moves = append(moves, m)
	}
	return moves, nil
}

// atRest checks that a group has no members, and that it exists unless absent is fine.
func (b *Bus) atRest(ctx context.Context, what, group string, absent bool) error {
	list, err := b.listGroups(ctx)
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Name != group {
			continue
		}
		if g.Kind != ClassicGroup && g.Kind != ConsumerGroup {
			return fault.New(fault.Invalid, "%s group %s: it is a group of kind %s, whose places Kafka keeps in another way", what, group, g.Kind)
		}
		if g.State != "Empty" && g.State != "Dead" {
			return hasMembers(what, group, g.State)
		}
		return nil
	}
	if absent {
		return nil
	}
	return noGroup(what, group)
}

func hasMembers(what, group, state string) error {
	return fault.New(fault.Conflict, "%s group %s: it has members (it is %s)", what, group, state).
		WithHint("stop them first; the members of the group are listed with their clients and hosts")
}

// busyGroup is an error of a change, which says that a member came in between, or that a topic is still read, in those
// words.
func busyGroup(err error, what, group string) error {
	for _, busy := range []error{kerr.NonEmptyGroup, kerr.UnknownMemberID, kerr.GroupSubscribedToTopic, kerr.RebalanceInProgress, kerr.StaleMemberEpoch, kerr.IllegalGeneration} {
		if errors.Is(err, busy) {
			return hasMembers(what, group, "in use")
		}
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return noGroup(what, group)
	}
	return wrap(err, "%s group %s", what, group)
}

// DeleteGroup forgets a group and what it has committed. It must have no members, which is a fault of kind Conflict.
func (b *Bus) DeleteGroup(ctx context.Context, group string) error {
	if _, err := b.adm.DeleteGroup(ctx, group); err != nil {
		return busyGroup(err, "delete", group)
	}
	return nil
}

// DeleteGroupOffsets forgets what a group has committed in a topic, and returns in how many partitions. A member that
// reads the topic makes it a fault of kind Conflict.
func (b *Bus) DeleteGroupOffsets(ctx context.Context, group, topic string) (int, error) {
	at, err := b.GroupOffsets(ctx, group)
	if err != nil {
		return 0, err
	}
	set := kadm.TopicsSet{}
	n := 0
	for _, p := range at {
		if p.Topic == topic {
			set.Add(topic, p.Partition)
			n++
		}
	}
	if n == 0 {
		return 0, fault.New(fault.NotFound, "delete offsets of group %s: it has committed nothing in topic %s", group, topic)
	}
	r, err := b.adm.DeleteOffsets(ctx, group, set)
	if err == nil {
		err = r.Error()
	}
	if err != nil {
		return 0, busyGroup(err, "delete offsets of", group)
	}
	return n, nil
}
