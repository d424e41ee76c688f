package group

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// maxSubscription bounds the names of the topics that one member reads, in bytes.
const maxSubscription = 1 << 20

// refusal is an error code with what it means here.
type refusal struct {
	*kerr.Error
	text string
}

func refuse(err *kerr.Error, text string) *refusal { return &refusal{err, text} }

// beat is a ConsumerGroupHeartbeat on its way through.
type beat struct {
	req      *kmsg.ConsumerGroupHeartbeatRequest
	caller   *access.Caller
	clientID string
	host     string
}

// ConsumerGroupHeartbeat answers a ConsumerGroupHeartbeatRequest (KIP-848): joining (epoch 0), going on, leaving (-1), and being away for a moment (-2).
func (gs *Groups) ConsumerGroupHeartbeat(ctx context.Context, c *access.Caller, req *kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatResponse {
	resp := kmsg.NewPtrConsumerGroupHeartbeatResponse()
	resp.Version = req.Version
	err := checkBeat(c, req)
	if err == nil {
		err = gs.beat(&beat{req, c, clientID(ctx), hostOf(c)}, resp)
	}
	if err != nil {
		resp.Default()
		resp.ErrorCode, resp.ErrorMessage = err.Code, &err.text
		return resp
	}
	resp.HeartbeatIntervalMillis = int32(gs.cfg.Heartbeat.Milliseconds())
	return resp
}

// checkBeat says what is wrong with a request whatever the group.
func checkBeat(c *access.Caller, req *kmsg.ConsumerGroupHeartbeatRequest) *refusal {
	blank := func(s *string) bool { return s != nil && *s == "" }
	invalid := func(text string) *refusal { return refuse(kerr.InvalidRequest, text) }
	joining := req.MemberEpoch == 0
	switch {
	case !mayRead(c, req.Group):
		return refuse(kerr.GroupAuthorizationFailed, kerr.GroupAuthorizationFailed.Description)
	case req.Group == "":
		return invalid("GroupId can't be empty.")
	case req.MemberID == "" && (req.Version >= 1 || !joining):
		return invalid("MemberId can't be empty.")
	case len(req.MemberID) > maxNameLength:
		return invalid("MemberId is too long.")
	case blank(req.InstanceID):
		return invalid("InstanceId can't be empty.")
	case blank(req.RackID):
		return invalid("RackId can't be empty.")
	case req.MemberEpoch < leftStatic:
		return invalid("MemberEpoch is invalid.")
	case req.MemberEpoch == leftStatic && req.InstanceID == nil:
		return invalid("InstanceId can't be null.")
	case joining && req.RebalanceTimeoutMillis == -1:
		return invalid("RebalanceTimeoutMs must be provided in first request.")
	case joining && (req.Topics == nil || len(req.Topics) > 0):
		return invalid("TopicPartitions must be empty when (re-)joining.")
	case joining && req.SubscribedTopicNames == nil && (req.SubscribedTopicRegex == nil || blank(req.SubscribedTopicRegex)):
		return invalid("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.")
	case req.ServerAssignor != nil && !slices.Contains(assignors(), *req.ServerAssignor):
		return refuse(kerr.UnsupportedAssignor, "ServerAssignor "+*req.ServerAssignor+" is not supported. Supported assignors: range, uniform.")
	}
	size := 0
	for _, name := range req.SubscribedTopicNames {
		size += len(name) + 1
		if !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, name) {
			return refuse(kerr.TopicAuthorizationFailed, kerr.TopicAuthorizationFailed.Description)
		}
	}
	if size+len(textOf(req.SubscribedTopicRegex)) > maxSubscription {
		return invalid("The subscription is too long.")
	}
	return nil
}

func (gs *Groups) beat(b *beat, resp *kmsg.ConsumerGroupHeartbeatResponse) *refusal {
	name := b.req.Group
	g := gs.lock(name, b.req.MemberEpoch == 0)
	if g == nil {
		if b.req.MemberEpoch == 0 {
			return refuse(kerr.GroupMaxSizeReached, "There are too many groups.")
		}
		return refuse(kerr.GroupIDNotFound, "Group "+name+" not found.")
	}
	err := g.beat(b, resp)
	written := g.last
	gs.unlock(g)
	if err == nil && written.code() != 0 {
		return refuse(kerr.CoordinatorNotAvailable, "The broker cannot write.")
	}
	return err
}

// beat takes a heartbeat in.
func (g *group) beat(b *beat, resp *kmsg.ConsumerGroupHeartbeatResponse) *refusal {
	if c := g.classic; c != nil {
		if b.req.MemberEpoch != 0 || c.state != empty || len(c.promised) > 0 {
			return refuse(kerr.GroupIDNotFound, "Group "+g.name+" is not a consumer group.")
		}
		g.classic, g.consumer = nil, newConsumer() // its epoch goes on
		g.consumer.targetEpoch = g.epoch
	}
	var s *subscriber
	var err *refusal
	switch {
	case b.req.MemberEpoch < 0:
		return g.beatLast(b, resp)
	case b.req.MemberEpoch == 0:
		if err = b.regexError(); err == nil {
			s, err = g.subscribe(b)
		}
	default:
		if s, err = g.beating(b); err == nil {
			err = b.regexError()
		}
	}
	if err != nil {
		return err
	}
	g.goOn(s, b, resp)
	return nil
}

// regexError says what is wrong with the regular expression of a request.
func (b *beat) regexError() *refusal {
	try := subscriber{pattern: textOf(b.req.SubscribedTopicRegex)}
	if err := try.compile(); err != nil {
		return refuse(kerr.InvalidRegularExpression, "SubscribedTopicRegex `"+try.pattern+"` is not a valid regular expression: "+err.Error())
	}
	return nil
}

// goOn does what a heartbeat of a member brings: a new subscription, a step towards the target.
func (g *group) goOn(s *subscriber, b *beat, resp *kmsg.ConsumerGroupHeartbeatResponse) {
	c := g.consumer
	isNew := c.members[s.id] == nil
	c.members[s.id] = s
	s.expires = g.now().Add(g.gs.cfg.Session)
	other := s.update(b, c)
	if g.match(s, b.caller) || other || isNew || c.preferred() != c.assignor {
		g.bump()
	}
	behind := b.req.MemberEpoch < s.epoch
	moved := g.reconcile(s, ownedOf(b.req.Topics))
	if len(c.changed) > 0 {
		g.flush()
	}
	resp.MemberID, resp.MemberEpoch = &s.id, s.epoch
	full := b.req.RebalanceTimeoutMillis != -1 && b.req.Topics != nil && (b.req.SubscribedTopicNames != nil || b.req.SubscribedTopicRegex != nil)
	if moved || behind || full || b.req.MemberEpoch == 0 {
		resp.Assignment = &kmsg.ConsumerGroupHeartbeatResponseAssignment{}
		for _, t := range byTopic(s.assigned) {
			resp.Assignment.Topics = append(resp.Assignment.Topics, kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic{TopicID: t.id, Partitions: t.partitions})
		}
	}
}

// subscribe returns the member that joins: new, the same once more, or one that takes the place of a static member that is away.
func (g *group) subscribe(b *beat) (*subscriber, *refusal) {
	c, id := g.consumer, b.req.MemberID
	if id == "" {
		id = newMemberID(b.clientID)
	}
	old := c.members[id]
	if b.req.InstanceID != nil {
		old = c.members[c.static[*b.req.InstanceID]]
		if old != nil && old.epoch != leftStatic && old.id != id {
			return nil, refuse(kerr.UnreleasedInstanceID, "Static member "+id+" with instance id "+*b.req.InstanceID+
				" cannot join the group because the instance id is owned by "+old.id+" member.")
		}
	}
	if old == nil {
		if len(c.members) >= g.gs.cfg.MaxMembers {
			return nil, refuse(kerr.GroupMaxSizeReached, "The consumer group has reached its maximum capacity.")
		}
		s := &subscriber{id: id, instance: b.req.InstanceID, assigned: map[slot]int32{}, revoking: map[slot]int32{}, target: map[slot]int32{}}
		if s.instance != nil {
			c.static[*s.instance] = id
		}
		c.changed[id] = true
		return s, nil
	}
	if old.id == id && old.epoch != leftStatic {
		return old, nil
	}
	s := *old
	s.id, s.epoch, s.previous, s.phase = id, 0, 0, settled
	delete(c.members, old.id)
	c.changed[old.id], c.changed[id] = true, true
	c.members[id], c.static[*s.instance] = &s, id
	for at := range s.assigned {
		c.owners[at] = id
	}
	return &s, nil
}

// beating returns the member that a request of a later epoch is from.
func (g *group) beating(b *beat) (*subscriber, *refusal) {
	s, err := g.subscriberOf(b)
	if err != nil {
		return nil, err
	}
	if epoch := b.req.MemberEpoch; epoch > s.epoch || (epoch < s.epoch && !(epoch == s.previous && b.req.Topics != nil && ownedOf(b.req.Topics).within(s.assigned))) {
		return nil, refuse(kerr.FencedMemberEpoch, "The consumer group member has another member epoch than the one known by the group coordinator. The member must abandon all its partitions and rejoin.")
	}
	return s, nil
}

func (g *group) subscriberOf(b *beat) (*subscriber, *refusal) {
	c := g.consumer
	if b.req.InstanceID != nil {
		owner, ok := c.static[*b.req.InstanceID]
		if !ok {
			return nil, refuse(kerr.UnknownMemberID, "Instance id "+*b.req.InstanceID+" is unknown.")
		}
		if owner != b.req.MemberID {
			return nil, refuse(kerr.FencedInstanceID, "Static member "+b.req.MemberID+" with instance id "+*b.req.InstanceID+
				" was fenced by member "+owner+".")
		}
	}
	s := c.members[b.req.MemberID]
	if s == nil {
		return nil, refuse(kerr.UnknownMemberID, "Member "+b.req.MemberID+" is not a member of group "+g.name+".")
	}
	return s, nil
}

// beatLast lets a member go: for good, or, a static one, for a moment, for which its partitions stay its own.
func (g *group) beatLast(b *beat, resp *kmsg.ConsumerGroupHeartbeatResponse) *refusal {
	s, err := g.subscriberOf(b)
	if err != nil {
		return err
	}
	c := g.consumer
	c.changed[s.id] = true
	if b.req.MemberEpoch == leftStatic && s.instance != nil {
		c.release(s, s.revoking)
		s.epoch, s.revoking, s.phase = leftStatic, map[slot]int32{}, settled
	} else {
		c.expel(s, g.now(), g)
		g.bump()
	}
	g.flush()
	resp.MemberID, resp.MemberEpoch = &s.id, b.req.MemberEpoch
	return nil
}

// update notes what a member says about itself, and says whether it reads other topics.
func (s *subscriber) update(b *beat, c *consumer) (subscription bool) {
	note := func(changed bool) bool {
		if changed {
			c.changed[s.id] = true
		}
		return changed
	}
	if note(s.clientID != b.clientID || s.host != b.host) {
		s.clientID, s.host = b.clientID, b.host
	}
	if r := b.req.RackID; r != nil && note(textOf(s.rack) != *r) {
		s.rack = r
	}
	if ms := b.req.RebalanceTimeoutMillis; ms != -1 || s.balance == 0 {
		d := time.Duration(ms) * time.Millisecond
		if d <= 0 {
			d = defaultBalance
		}
		if note(s.balance != d) {
			s.balance = d
		}
	}
	if a := b.req.ServerAssignor; a != nil && note(s.assignor != *a) {
		s.assignor = *a
	}
	if b.req.SubscribedTopicNames != nil {
		names := slices.Compact(slices.Sorted(slices.Values(b.req.SubscribedTopicNames)))
		if note(!slices.Equal(s.names, names)) {
			s.names, subscription = names, true
		}
	}
	if r := b.req.SubscribedTopicRegex; r != nil && note(s.pattern != *r) {
		s.pattern, s.stale, subscription = *r, nil, true
		_ = s.compile() // regexError has seen it
	}
	return subscription
}

// match has the member's regular expression find topics again where they may have changed: those that its client may know of. It says whether there are others.
func (g *group) match(s *subscriber, caller *access.Caller) bool {
	if s.regex == nil {
		if len(s.matched) == 0 {
			return false
		}
		s.matched, g.consumer.changed[s.id] = nil, true
		return true
	}
	select {
	case <-s.stale:
	default:
		if s.stale != nil {
			return false
		}
	}
	s.stale = g.gs.topics.Changed()
	var matched []string
	for _, name := range g.gs.topics.Names() {
		if s.regex.MatchString(name) && caller.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, name) {
			matched = append(matched, name)
		}
	}
	slices.Sort(matched)
	if slices.Equal(s.matched, matched) {
		return false
	}
	s.matched = matched
	g.consumer.changed[s.id] = true
	return true
}
