package topic

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// Metadata answers a MetadataRequest; like the other requests below, for a Caller who sees what he may.
// Topics that are asked for by name and are not there are made, if the request allows it and the caller may.
func (t *Topics) Metadata(ctx context.Context, c *access.Caller, req *kmsg.MetadataRequest) *kmsg.MetadataResponse {
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	resp.Brokers = []kmsg.MetadataResponseBroker{{NodeID: Node, Host: t.cfg.Host, Port: t.cfg.Port}}
	resp.ClusterID, resp.ControllerID = &t.cfg.ClusterID, Node
	resp.AuthorizedOperations = noBits
	if req.IncludeClusterAuthorizedOperations {
		resp.AuthorizedOperations = c.Operations(aclCluster, access.Cluster)
	}
	resp.Topics = []kmsg.MetadataResponseTopic{}
	add := func(r kmsg.MetadataResponseTopic) {
		if r.ErrorCode == 0 && req.IncludeTopicAuthorizedOperations {
			r.AuthorizedOperations = c.Operations(aclTopic, *r.Topic)
		}
		resp.Topics = append(resp.Topics, r)
	}
	if req.Topics == nil || req.Version == 0 && len(req.Topics) == 0 {
		for _, x := range t.all() {
			if may(c, kmsg.ACLOperationDescribe, x.name) {
				add(x.metadata())
			}
		}
		return resp
	}
	asked := t.askedFor(ctx, c, req)
	for _, r := range req.Topics {
		switch {
		case r.TopicID != ID{}:
			add(t.metadataByID(c, r.TopicID))
		case r.Topic == nil:
			add(metadataError(r.Topic, r.TopicID, kerr.InvalidTopicException))
		default:
			if err := asked[*r.Topic]; err != nil {
				add(metadataError(r.Topic, ID{}, err))
			} else if x, ok := t.view(*r.Topic); ok {
				add(x.metadata())
			} else {
				add(metadataError(r.Topic, ID{}, kerr.UnknownTopicOrPartition))
			}
			asked[*r.Topic] = nil
		}
	}
	return resp
}

func (t *Topics) metadataByID(c *access.Caller, id ID) kmsg.MetadataResponseTopic {
	name := t.Name(id)
	if x, ok := t.view(name); ok && x.id == id && may(c, kmsg.ACLOperationDescribe, name) {
		return x.metadata()
	}
	return metadataError(nil, id, kerr.UnknownTopicID)
}

// askedFor returns why topics that are asked for by name are not shown. It makes those that are to be made.
func (t *Topics) askedFor(ctx context.Context, c *access.Caller, req *kmsg.MetadataRequest) map[string]error {
	why := map[string]error{}
	var make []string
	for _, r := range req.Topics {
		if r.Topic == nil || r.TopicID != (ID{}) {
			continue
		}
		name := *r.Topic
		_, _, there := t.Lookup(name)
		switch {
		case !may(c, kmsg.ACLOperationDescribe, name):
			why[name] = kerr.TopicAuthorizationFailed
		case there:
		case checkName(name) != nil:
			why[name] = kerr.InvalidTopicException
		case t.cfg.NoAutoCreate || !req.AllowAutoTopicCreation && req.Version >= 4:
			why[name] = kerr.UnknownTopicOrPartition
		case !c.May(kmsg.ACLOperationCreate, aclCluster, access.Cluster) && !may(c, kmsg.ACLOperationCreate, name):
			why[name] = kerr.TopicAuthorizationFailed
		default:
			make = append(make, name)
		}
	}
	if len(make) > 0 {
		t.autoCreate(ctx, c, make, why)
	}
	return why
}

// autoCreate makes topics with the broker's settings and says in why which could not be made. A client asks again.
func (t *Topics) autoCreate(ctx context.Context, c *access.Caller, names []string, why map[string]error) {
	t.change.Lock()
	defer t.change.Unlock()
	s := &creation{t: t, caller: c, names: map[string]bool{}}
	var plans []*plan
	for _, name := range names {
		if s.names[name] {
			continue
		}
		p, err := s.planTopic(name, t.cfg.Partitions, nil)
		code, _ := told(err)
		switch code {
		case 0:
			plans = append(plans, p)
		case kerr.TopicAlreadyExists.Code: // made a moment ago
		case kerr.InvalidTopicException.Code:
			why[name] = kerr.InvalidTopicException
		default:
			t.log.Warn("do not make a topic that a client asks for", "topic", name, "error", err)
			why[name] = kerr.UnknownTopicOrPartition
		}
	}
	if len(plans) == 0 {
		return
	}
	if c.Mutate(s.partitions) > 0 {
		for _, p := range plans {
			why[p.name] = kerr.UnknownTopicOrPartition
		}
		return
	}
	for i, err := range t.make(ctx, plans) {
		if err != nil {
			t.log.Error("make a topic that a client asks for", "topic", plans[i].name, "error", err)
			why[plans[i].name] = kerr.KafkaStorageError
		}
	}
}

func metadataError(name *string, id ID, err error) kmsg.MetadataResponseTopic {
	r := kmsg.NewMetadataResponseTopic()
	r.Topic, r.TopicID = name, id
	r.ErrorCode, _ = told(err)
	r.Partitions = []kmsg.MetadataResponseTopicPartition{}
	r.AuthorizedOperations = noBits
	return r
}

func (x *topic) metadata() kmsg.MetadataResponseTopic {
	r := kmsg.NewMetadataResponseTopic()
	r.Topic, r.TopicID, r.IsInternal, r.AuthorizedOperations = &x.name, x.id, internal(x.name), noBits
	r.Partitions = make([]kmsg.MetadataResponseTopicPartition, len(x.logs))
	for i, l := range x.logs {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Leader, p.LeaderEpoch = int32(i), Node, l.Epoch()
		p.Replicas, p.ISR, p.OfflineReplicas = []int32{Node}, []int32{Node}, []int32{}
		r.Partitions[i] = p
	}
	return r
}
