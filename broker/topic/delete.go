package topic

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/keyed"
	"millrace/internal/failpoint"
)

// DeleteTopics deletes topics, by name or by id (ControllerApis.deleteTopics).
func (t *Topics) DeleteTopics(ctx context.Context, c *access.Caller, req *kmsg.DeleteTopicsRequest) *kmsg.DeleteTopicsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	topics := req.Topics
	if req.Version < 6 {
		topics = nil
		for i := range req.TopicNames {
			topics = append(topics, kmsg.DeleteTopicsRequestTopic{Topic: &req.TopicNames[i]})
		}
	}
	t.change.Lock()
	defer t.change.Unlock()
	names, ids := map[string]int{}, map[ID]int{}
	for _, r := range topics {
		if r.Topic != nil {
			names[*r.Topic]++
		} else {
			ids[r.TopicID]++
		}
	}
	var gone []topic
	var at []int
	partitions := 0
	planned := map[string]bool{}
	for _, r := range topics {
		// What comes twice is answered once: below 0 it was.
		if r.Topic != nil && names[*r.Topic] < 0 || r.Topic == nil && ids[r.TopicID] < 0 {
			continue
		}
		answer := kmsg.DeleteTopicsResponseTopic{Topic: r.Topic, TopicID: r.TopicID}
		x, err := t.toDelete(c, r, &answer)
		switch {
		case r.Topic != nil && names[*r.Topic] > 1:
			err = refuse(kerr.InvalidRequest, "Duplicate topic name.")
			answer.TopicID, names[*r.Topic] = ID{}, -1
		case r.Topic == nil && r.TopicID != ID{} && ids[r.TopicID] > 1:
			err = refuse(kerr.InvalidRequest, "Duplicate topic id.")
			ids[r.TopicID] = -1
		case err == nil && planned[x.name]:
			err = refuse(kerr.InvalidRequest, "The provided topic name maps to an ID that was already supplied.")
		}
		if answer.ErrorCode, answer.ErrorMessage = told(err); err == nil {
			planned[x.name] = true
			gone, at = append(gone, x), append(at, len(resp.Topics))
			partitions += len(x.logs)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	if wait := c.Mutate(partitions); wait > 0 && len(gone) > 0 {
		resp.ThrottleMillis = int32(wait.Milliseconds())
		for _, i := range at {
			resp.Topics[i].ErrorCode, resp.Topics[i].ErrorMessage = told(kerr.ThrottlingQuotaExceeded)
		}
		return resp
	}
	if err := t.delete(ctx, gone); err != nil {
		t.log.Error("delete topics", "error", err)
		for _, i := range at {
			resp.Topics[i].ErrorCode, resp.Topics[i].ErrorMessage = told(err)
		}
	}
	return resp
}

// toDelete finds a topic that is to be deleted, and completes what the answer says of it as far as the caller may know.
func (t *Topics) toDelete(c *access.Caller, r kmsg.DeleteTopicsRequestTopic, answer *kmsg.DeleteTopicsResponseTopic) (topic, error) {
	switch {
	case r.Topic != nil && r.TopicID != ID{}:
		return topic{}, refuse(kerr.InvalidRequest, "You may not specify both topic name and topic id.")
	case r.Topic == nil && r.TopicID == ID{}:
		return topic{}, refuse(kerr.InvalidRequest, "Neither topic name nor id were specified.")
	case r.Topic == nil:
		x, ok := t.view(t.Name(r.TopicID))
		switch {
		case !ok:
			return x, refuse(kerr.UnknownTopicID, textUnknownID)
		case !may(c, kmsg.ACLOperationDescribe, x.name):
			return x, refuse(kerr.TopicAuthorizationFailed, textForbidden)
		}
		answer.Topic = &x.name
		if !may(c, kmsg.ACLOperationDelete, x.name) {
			return x, refuse(kerr.TopicAuthorizationFailed, textForbidden)
		}
		return x, nil
	}
	if !may(c, kmsg.ACLOperationDelete, *r.Topic) { // who may delete may describe
		return topic{}, refuse(kerr.TopicAuthorizationFailed, textForbidden)
	}
	x, ok := t.view(*r.Topic)
	if !ok {
		return x, refuse(kerr.UnknownTopicOrPartition, textUnknown)
	}
	answer.TopicID = x.id
	return x, nil
}

// delete deletes topics: the record that says so first, then the folders, then the record. The caller holds change.
func (t *Topics) delete(ctx context.Context, topics []topic) error {
	var begin, end []keyed.Entry
	for _, x := range topics {
		r := x.record()
		r.Gone = true
		begin, end = append(begin, put(x.name, r)), append(end, forget(x.name))
	}
	failpoint.Hit("topic.delete.before")
	if err := t.keep(ctx, begin...); err != nil {
		return err
	}
	failpoint.Hit("topic.delete.announced")
	t.hide(topics)
	var failed error
	for _, x := range topics {
		for _, l := range x.logs {
			failed = errors.Join(failed, l.Remove())
		}
	}
	if failed != nil {
		// They are gone for everybody. Their records stay until a start, or who makes them again, has deleted the folders.
		t.log.Error("delete the folders of topics", "error", failed)
		for _, x := range topics {
			t.gone[x.name] = len(x.logs)
		}
		return nil
	}
	failpoint.Hit("topic.delete.removed")
	return t.keep(ctx, end...)
}

// hide takes topics away from all that is seen.
func (t *Topics) hide(topics []topic) {
	if len(topics) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range topics {
		delete(t.names, x.name)
		delete(t.ids, x.id)
		t.partitions -= len(x.logs)
	}
	t.wake()
}
