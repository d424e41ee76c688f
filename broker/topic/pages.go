package topic

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// maxPage is how many partitions one answer describes (max.request.partition.size.limit).
const maxPage = 2000

// DescribeTopicPartitions describes topics by name, page by page (KIP-966): a page that is not the last says where the next begins.
func (t *Topics) DescribeTopicPartitions(_ context.Context, c *access.Caller, req *kmsg.DescribeTopicPartitionsRequest) *kmsg.DescribeTopicPartitionsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeTopicPartitionsResponse)
	resp.Topics = []kmsg.DescribeTopicPartitionsResponseTopic{}
	names, everything := t.pageOf(req)
	if req.Cursor != nil && req.Cursor.Partition < 0 {
		for _, name := range names {
			resp.Topics = append(resp.Topics, pageError(name, kerr.InvalidRequest))
		}
		return resp
	}
	left := maxPage
	if n := int(req.ResponsePartitionLimit); n < left {
		left = max(1, n)
	}
	for _, name := range names {
		x, there := t.view(name)
		switch {
		case !may(c, kmsg.ACLOperationDescribe, name):
			if !everything {
				resp.Topics = append(resp.Topics, pageError(name, kerr.TopicAuthorizationFailed))
			}
			continue
		case !there && everything:
			continue
		case checkName(name) != nil:
			resp.Topics = append(resp.Topics, pageError(name, kerr.InvalidTopicException))
			continue
		case !there:
			resp.Topics = append(resp.Topics, pageError(name, kerr.UnknownTopicOrPartition))
			continue
		}
		first := 0
		if req.Cursor != nil && req.Cursor.Topic == name {
			first = min(int(req.Cursor.Partition), len(x.logs))
		}
		if left == 0 {
			resp.NextCursor = nextPage(name, first)
			return resp
		}
		last := min(len(x.logs), first+left)
		resp.Topics = append(resp.Topics, x.page(c, first, last))
		left -= last - first
		if last < len(x.logs) {
			resp.NextCursor = nextPage(name, last)
			return resp
		}
	}
	return resp
}

// pageOf returns the names that are asked for from the cursor on, sorted; everything says that none was named.
func (t *Topics) pageOf(req *kmsg.DescribeTopicPartitionsRequest) (names []string, everything bool) {
	if everything = len(req.Topics) == 0; everything {
		names = t.Names()
	}
	for _, r := range req.Topics {
		names = append(names, r.Topic)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if req.Cursor != nil {
		i, _ := slices.BinarySearch(names, req.Cursor.Topic)
		names = names[i:]
	}
	return names, everything
}

func nextPage(topic string, partition int) *kmsg.DescribeTopicPartitionsResponseNextCursor {
	return &kmsg.DescribeTopicPartitionsResponseNextCursor{Topic: topic, Partition: int32(partition)}
}

func pageError(name string, err *kerr.Error) kmsg.DescribeTopicPartitionsResponseTopic {
	r := kmsg.NewDescribeTopicPartitionsResponseTopic()
	r.Topic, r.ErrorCode, r.AuthorizedOperations = &name, err.Code, noBits
	r.Partitions = []kmsg.DescribeTopicPartitionsResponseTopicPartition{}
	return r
}

func (x *topic) page(c *access.Caller, first, last int) kmsg.DescribeTopicPartitionsResponseTopic {
	r := kmsg.NewDescribeTopicPartitionsResponseTopic()
	r.Topic, r.TopicID, r.IsInternal = &x.name, x.id, internal(x.name)
	r.AuthorizedOperations = c.Operations(aclTopic, x.name)
	r.Partitions = []kmsg.DescribeTopicPartitionsResponseTopicPartition{}
	for i := first; i < last; i++ {
		p := kmsg.NewDescribeTopicPartitionsResponseTopicPartition()
		p.Partition, p.LeaderID, p.LeaderEpoch = int32(i), Node, x.logs[i].Epoch()
		p.Replicas, p.ISR = []int32{Node}, []int32{Node}
		p.EligibleLeaderReplicas, p.LastKnownELR, p.OfflineReplicas = []int32{}, []int32{}, []int32{}
		r.Partitions = append(r.Partitions, p)
	}
	return r
}
