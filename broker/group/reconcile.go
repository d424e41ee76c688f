package group

import "github.com/twmb/franz-go/pkg/kmsg"

// owned is what a member says it has; nil: it says nothing.
type owned map[slot]struct{}

func ownedOf(topics []kmsg.ConsumerGroupHeartbeatRequestTopic) owned {
	if topics == nil {
		return nil
	}
	o := owned{}
	for _, t := range topics {
		for _, p := range t.Partitions {
			o[slot{t.TopicID, p}] = struct{}{}
		}
	}
	return o
}

// within says whether everything owned is on a list.
func (o owned) within(list map[slot]int32) bool {
	for at := range o {
		if _, ok := list[at]; !ok {
			return false
		}
	}
	return true
}

// some says whether anything on a list is owned; who says nothing may own all of it.
func (o owned) some(list map[slot]int32) bool {
	if o == nil {
		return len(list) > 0
	}
	for at := range list {
		if _, ok := o[at]; ok {
			return true
		}
	}
	return false
}

// reconcile brings a member one step nearer to its target, and says whether it has other partitions now. It first lets go of what is
// not its own any more, at its old epoch; once it says that it has, it comes to the target's epoch and takes what nobody else still has.
func (g *group) reconcile(s *subscriber, has owned) (moved bool) {
	c := g.consumer
	switch s.phase {
	case settled:
		if s.epoch == c.targetEpoch {
			return false
		}
	case unrevoked:
		if has == nil || has.some(s.revoking) {
			return false
		}
		c.release(s, s.revoking)
		s.revoking = map[slot]int32{}
		c.changed[s.id] = true
	}
	kept, gone := map[slot]int32{}, map[slot]int32{}
	for at, since := range s.assigned {
		if _, ok := s.target[at]; ok {
			kept[at] = since
		} else {
			gone[at] = since
		}
	}
	moved = len(gone) > 0
	if has.some(gone) {
		s.assigned, s.revoking, s.phase = kept, gone, unrevoked
		s.revokeBy = g.now().Add(s.balance)
		c.changed[s.id] = true
		return moved
	}
	c.release(s, gone)
	next := settled
	for at := range s.target {
		if _, ok := kept[at]; ok {
			continue
		}
		if owner, taken := c.owners[at]; taken && owner != s.id {
			next = unreleased
			continue
		}
		kept[at], c.owners[at] = c.targetEpoch, s.id
		moved = true
	}
	if moved || s.phase != next || s.epoch != c.targetEpoch {
		c.changed[s.id] = true
	}
	s.assigned, s.phase = kept, next
	if s.epoch != c.targetEpoch {
		s.previous, s.epoch = s.epoch, c.targetEpoch
	}
	return moved
}
