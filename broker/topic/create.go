package topic

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// maxAtOnce is how many partitions one request may make.
const maxAtOnce = 10_000

// CreateTopics makes topics. Each is made whole or not at all.
func (t *Topics) CreateTopics(ctx context.Context, c *access.Caller, req *kmsg.CreateTopicsRequest) *kmsg.CreateTopicsResponse {
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	times := map[string]int{}
	for i := range req.Topics {
		times[req.Topics[i].Topic]++
	}
	t.change.Lock()
	defer t.change.Unlock()
	s := &creation{t: t, caller: c, names: map[string]bool{}}
	var plans []*plan
	var at []int
	for i := range req.Topics {
		r := &req.Topics[i]
		if times[r.Topic] > 1 && times[r.Topic] != told2 {
			times[r.Topic] = told2
			resp.Topics = append(resp.Topics, createRefused(r.Topic, refuse(kerr.InvalidRequest, "Duplicate topic name.")))
		}
		if times[r.Topic] == told2 {
			continue
		}
		p, err := s.plan(r)
		if err != nil {
			resp.Topics = append(resp.Topics, createRefused(r.Topic, err))
			continue
		}
		plans, at = append(plans, p), append(at, len(resp.Topics))
		resp.Topics = append(resp.Topics, t.created(c, p, req.ValidateOnly))
	}
	if req.ValidateOnly || len(plans) == 0 {
		return resp
	}
	if wait := c.Mutate(s.partitions); wait > 0 {
		resp.ThrottleMillis = int32(wait.Milliseconds())
		for _, i := range at {
			resp.Topics[i] = createRefused(resp.Topics[i].Topic, kerr.ThrottlingQuotaExceeded)
		}
		return resp
	}
	for i, err := range t.make(ctx, plans) {
		if err != nil {
			t.log.Error("make a topic", "topic", plans[i].name, "error", err)
			resp.Topics[at[i]] = createRefused(plans[i].name, err)
		}
	}
	return resp
}

// told2 marks a name that was refused because it came twice.
const told2 = -1

func createRefused(name string, err error) kmsg.CreateTopicsResponseTopic {
	r := kmsg.NewCreateTopicsResponseTopic()
	r.Topic = name
	r.ErrorCode, r.ErrorMessage = told(err)
	return r
}

// created is the answer for a topic that is made.
func (t *Topics) created(c *access.Caller, p *plan, validateOnly bool) kmsg.CreateTopicsResponseTopic {
	r := kmsg.NewCreateTopicsResponseTopic()
	r.Topic = p.name
	if !validateOnly {
		r.TopicID = p.id
	}
	if !may(c, kmsg.ACLOperationDescribeConfigs, p.name) {
		r.ConfigErrorCode = kerr.TopicAuthorizationFailed.Code
		return r
	}
	r.NumPartitions, r.ReplicationFactor = int32(p.total), 1
	r.Configs = []kmsg.CreateTopicsResponseTopicConfig{}
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, s := range t.table.list {
		v := t.values(s, p.set)[0]
		cfg := kmsg.NewCreateTopicsResponseTopicConfig()
		cfg.Name, cfg.Value, cfg.Source = s.name, &v.text, int8(v.source)
		r.Configs = append(r.Configs, cfg)
	}
	return r
}

// creation checks the topics of one request, in Kafka's order (ControllerApis.createTopics, ReplicationControlManager.createTopic).
type creation struct {
	t          *Topics
	caller     *access.Caller
	names      map[string]bool // of topics that are planned
	partitions int             // of them
}

func (s *creation) plan(r *kmsg.CreateTopicsRequestTopic) (*plan, error) {
	if r.Topic == "__cluster_metadata" {
		return nil, refuse(kerr.InvalidRequest, "Creation of internal topic __cluster_metadata is prohibited.")
	}
	if !s.caller.May(kmsg.ACLOperationCreate, aclCluster, access.Cluster) && !may(s.caller, kmsg.ACLOperationCreate, r.Topic) {
		return nil, refuse(kerr.TopicAuthorizationFailed, textForbidden)
	}
	set := map[string]string{}
	for _, cfg := range r.Configs {
		if cfg.Value == nil {
			return nil, refuse(kerr.InvalidConfig, "Null value not supported for topic configs: "+cut(cfg.Name))
		}
		if _, twice := set[cfg.Name]; twice {
			return nil, refuse(kerr.InvalidRequest, "Setting "+cut(cfg.Name)+" is given twice.")
		}
		set[cfg.Name] = *cfg.Value
	}
	n, err := countOf(r, s.t.cfg.Partitions)
	if err != nil {
		return nil, err
	}
	return s.planTopic(r.Topic, n, set)
}

// planTopic is what remains to be checked of a topic with a known number of partitions.
func (s *creation) planTopic(name string, partitions int, set map[string]string) (*plan, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if _, _, there := s.t.Lookup(name); there {
		return nil, refuse(kerr.TopicAlreadyExists, "Topic '"+name+"' already exists.")
	}
	other := s.t.collides(name)
	for planned := range s.names {
		if alike(planned) == alike(name) {
			other = planned
		}
	}
	if other != "" {
		return nil, refuse(kerr.InvalidTopicException, "Topic '"+name+"' collides with existing topic: "+other)
	}
	kept, err := s.t.checkSet(set)
	if err != nil {
		return nil, err
	}
	if err := s.t.sweep(name); err != nil {
		return nil, err
	}
	topics, have := s.t.count()
	switch {
	case topics+len(s.names) >= s.t.cfg.MaxTopics:
		return nil, refuse(kerr.PolicyViolation, fmt.Sprintf("there are %d topics, and there may be no more: delete some, or raise the broker's limit", topics))
	case s.partitions+partitions > maxAtOnce:
		return nil, refuse(kerr.PolicyViolation, fmt.Sprintf("Excessively large number of partitions per request: at most %d", maxAtOnce))
	case have+s.partitions+partitions > s.t.cfg.MaxPartitions:
		return nil, refuse(kerr.PolicyViolation, fmt.Sprintf("there are %d partitions, and there may be %d: delete topics, or raise the broker's limit", have, s.t.cfg.MaxPartitions))
	}
	s.names[name] = true
	s.partitions += partitions
	return &plan{name: name, id: newID(), set: kept, total: partitions}, nil
}

// newID makes a topic's id: random, and neither that of no topic nor that of the metadata log.
func newID() (id ID) {
	for {
		_, _ = rand.Read(id[:]) // does not fail
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		if id != (ID{}) && id != (ID{15: 1}) && id[0]&0x80 == 0 { // Kafka keeps ids that its tools would print with a leading dash out
			return id
		}
	}
}

// countOf returns how many partitions a topic of a request is to have.
func countOf(r *kmsg.CreateTopicsRequestTopic, std int) (int, error) {
	if len(r.ReplicaAssignment) > 0 {
		return assignedCount(r)
	}
	switch {
	case r.NumPartitions == 0 || r.NumPartitions < -1:
		return 0, refuse(kerr.InvalidPartitions, "Number of partitions was set to an invalid non-positive value.")
	case r.ReplicationFactor == 0 || r.ReplicationFactor < -1:
		return 0, refuse(kerr.InvalidReplicationFactor, "Replication factor was set to an invalid non-positive value.")
	case r.ReplicationFactor > 1:
		return 0, refuse(kerr.InvalidReplicationFactor, fmt.Sprintf("Unable to replicate the partition %d time(s): The target replication factor of %[1]d "+
			"cannot be reached because only 1 broker(s) are registered.", r.ReplicationFactor))
	case r.NumPartitions > 0:
		return int(r.NumPartitions), nil
	}
	return std, nil
}

func assignedCount(r *kmsg.CreateTopicsRequestTopic) (int, error) {
	switch {
	case r.ReplicationFactor != -1:
		return 0, refuse(kerr.InvalidRequest, "A manual partition assignment was specified, but replication factor was not set to -1.")
	case r.NumPartitions != -1:
		return 0, refuse(kerr.InvalidRequest, "A manual partition assignment was specified, but numPartitions was not set to -1.")
	}
	seen := map[int32]bool{}
	for _, a := range r.ReplicaAssignment {
		if seen[a.Partition] {
			return 0, refuse(kerr.InvalidReplicaAssignment, fmt.Sprintf("Found multiple manual partition assignments for partition %d", a.Partition))
		}
		seen[a.Partition] = true
		if err := checkReplicas(a.Replicas); err != nil {
			return 0, err
		}
	}
	for i := range r.ReplicaAssignment {
		if !seen[int32(i)] {
			return 0, refuse(kerr.InvalidReplicaAssignment, "partitions should be a consecutive 0-based integer sequence")
		}
	}
	return len(seen), nil
}

// checkReplicas says what is wrong with where a partition is to be: here, and only here, is right.
func checkReplicas(replicas []int32) error {
	if len(replicas) == 0 {
		return refuse(kerr.InvalidReplicaAssignment, "The manual partition assignment includes an empty replica list.")
	}
	for i, node := range replicas {
		switch {
		case node != Node:
			return refuse(kerr.InvalidReplicaAssignment, fmt.Sprintf("The manual partition assignment includes broker %d, but no such broker is registered.", node))
		case i > 0:
			return refuse(kerr.InvalidReplicaAssignment, fmt.Sprintf("The manual partition assignment includes the broker %d more than once.", node))
		}
	}
	return nil
}
