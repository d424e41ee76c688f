package topic

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// CreatePartitions makes topics grow (ControllerApis.createPartitions).
func (t *Topics) CreatePartitions(ctx context.Context, c *access.Caller, req *kmsg.CreatePartitionsRequest) *kmsg.CreatePartitionsResponse {
	resp := req.ResponseKind().(*kmsg.CreatePartitionsResponse)
	times := map[string]int{}
	for i := range req.Topics {
		times[req.Topics[i].Topic]++
	}
	t.change.Lock()
	defer t.change.Unlock()
	var plans []*plan
	var at []int
	more := 0
	done := map[string]bool{}
	for i := range req.Topics {
		r := &req.Topics[i]
		if done[r.Topic] {
			continue
		}
		done[r.Topic] = true
		p, err := t.growth(c, r, times[r.Topic] > 1, more)
		if err == nil {
			plans, at = append(plans, p), append(at, len(resp.Topics))
			more += p.total - len(p.logs)
		}
		resp.Topics = append(resp.Topics, grown(r.Topic, err))
	}
	if req.ValidateOnly || len(plans) == 0 {
		return resp
	}
	if wait := c.Mutate(more); wait > 0 {
		resp.ThrottleMillis = int32(wait.Milliseconds())
		for _, i := range at {
			resp.Topics[i] = grown(resp.Topics[i].Topic, kerr.ThrottlingQuotaExceeded)
		}
		return resp
	}
	for i, err := range t.make(ctx, plans) {
		if err != nil {
			t.log.Error("make partitions", "topic", plans[i].name, "error", err)
			resp.Topics[at[i]] = grown(plans[i].name, err)
		}
	}
	return resp
}

func grown(name string, err error) kmsg.CreatePartitionsResponseTopic {
	r := kmsg.CreatePartitionsResponseTopic{Topic: name}
	r.ErrorCode, r.ErrorMessage = told(err)
	return r
}

// growth plans the growth of one topic (ReplicationControlManager.createPartitions); more is how many partitions the request
// makes for others.
func (t *Topics) growth(c *access.Caller, r *kmsg.CreatePartitionsRequestTopic, twice bool, more int) (*plan, error) {
	if twice {
		return nil, refuse(kerr.InvalidRequest, "Duplicate topic name.")
	}
	if !may(c, kmsg.ACLOperationAlter, r.Topic) {
		return nil, refuse(kerr.TopicAuthorizationFailed, textForbidden)
	}
	x, ok := t.view(r.Topic)
	if !ok {
		return nil, refuse(kerr.UnknownTopicOrPartition, textUnknown)
	}
	have, want := len(x.logs), int(r.Count)
	_, all := t.count()
	switch {
	case want == have:
		return nil, refuse(kerr.InvalidPartitions, fmt.Sprintf("Topic already has %d partition(s).", have))
	case want < have:
		return nil, refuse(kerr.InvalidPartitions, fmt.Sprintf("The topic %s currently has %d partition(s); %d would not be an increase.", x.name, have, want))
	case r.Assignment != nil && len(r.Assignment) != want-have:
		return nil, refuse(kerr.InvalidReplicaAssignment, fmt.Sprintf("Attempted to add %d additional partition(s), but only %d assignment(s) were specified.", want-have, len(r.Assignment)))
	case want-have+more > maxAtOnce:
		return nil, refuse(kerr.PolicyViolation, fmt.Sprintf("Excessively large number of partitions per request: at most %d", maxAtOnce))
	case all+more+want-have > t.cfg.MaxPartitions:
		return nil, refuse(kerr.PolicyViolation, fmt.Sprintf("there are %d partitions, and there may be %d: delete topics, or raise the broker's limit", all, t.cfg.MaxPartitions))
	}
	for _, a := range r.Assignment {
		if err := checkReplicas(a.Replicas); err != nil {
			return nil, err
		}
	}
	return &plan{name: x.name, id: x.id, set: x.set, logs: x.logs, total: want}, nil
}
