package broker

import (
	"math"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// guardFor is how long a guard stays before it is replaced: kfake keeps the last request of every
// connection that a guard has seen, for as long as the guard.
const guardFor = 10 * time.Minute

// guard looks at requests before kfake does, where kfake would do harm:
//
//   - A topic that kfake makes by itself, because a client asked for it, is written down only at a
//     clean stop: after a kill it would be gone with all its records. So the guard makes it.
//   - kfake takes topics of any name.
//   - Where a fetch ends at the limit of the whole answer, kfake does not name the aborted transactions
//     of the partition it stands in, and readers take their records for committed.
//
// Each call replaces the guards of the call before.
func (b *Broker) guard() {
	turn := b.guards.Add(1)
	watch := func(key kmsg.Key, look func(kmsg.Request) kmsg.Response) {
		b.cluster.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
			if b.guards.Load() != turn {
				b.cluster.DropControl()
				return nil, nil, false
			}
			resp := look(req)
			if resp != nil {
				b.cluster.KeepControl()
			}
			return resp, nil, resp != nil
		})
	}
	watch(kmsg.Metadata, b.makeTopics)
	watch(kmsg.CreateTopics, refuseNames)
	watch(kmsg.Fetch, limitPartitions)
}

// makeTopics makes the topics that a client asks for and that are not there. The answer is kfake's.
func (b *Broker) makeTopics(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.MetadataRequest)
	if !req.AllowAutoTopicCreation {
		return nil
	}
	for _, t := range req.Topics {
		if t.Topic == nil || t.TopicID != [16]byte{} || !validName(*t.Topic) || b.cluster.TopicInfo(*t.Topic) != nil {
			continue
		}
		// One that cannot be made is not there: that is what the client is told.
		if err := b.cluster.CreateTopic(*t.Topic, -1, nil); err != nil {
			b.cfg.Logger.Warn("make a topic that a client asked for", "topic", *t.Topic, "error", err)
		}
	}
	return nil
}

// refuseNames answers a request that would create a topic of a bad name. None of its topics is made.
func refuseNames(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.CreateTopicsRequest)
	bad := false
	for _, t := range req.Topics {
		bad = bad || !validName(t.Topic)
	}
	if !bad {
		return nil
	}
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewCreateTopicsResponseTopic()
		rt.Topic, rt.ErrorCode = t.Topic, kerr.InvalidRequest.Code
		rt.ErrorMessage = kmsg.StringPtr("another topic of the request has a name that is not allowed")
		if !validName(t.Topic) {
			rt.ErrorCode = kerr.InvalidTopicException.Code
			rt.ErrorMessage = kmsg.StringPtr("a name has up to 249 letters, digits, dots, underscores and dashes")
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// minShare is the least that a partition may send in an answer to a fetch of committed records.
const minShare = 16 << 10

// limitPartitions bounds an answer of committed records by its partitions: each gets its share of what
// the whole may have, and the limit of the whole is lifted.
func limitPartitions(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.FetchRequest)
	if req.IsolationLevel != 1 {
		return nil
	}
	count := 0
	for i := range req.Topics {
		count += len(req.Topics[i].Partitions)
	}
	share := max(minShare, req.MaxBytes/int32(max(1, count)))
	for i := range req.Topics {
		for j := range req.Topics[i].Partitions {
			p := &req.Topics[i].Partitions[j]
			p.PartitionMaxBytes = min(p.PartitionMaxBytes, share)
		}
	}
	req.MaxBytes = math.MaxInt32
	return nil
}

// validName says whether Kafka would take a topic of that name.
func validName(topic string) bool {
	if topic == "" || topic == "." || topic == ".." || len(topic) > 249 {
		return false
	}
	for _, c := range []byte(topic) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// lookAtDisk notes whether the disk is nearly full, and sees to it that records are then refused.
func (b *Broker) lookAtDisk() {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(b.cfg.Dir, &fs); err != nil {
		return
	}
	free := int64(fs.Bavail) * int64(fs.Bsize)
	full := free < b.cfg.MinFree
	if b.full.Swap(full) == full {
		return
	}
	if full {
		b.cfg.Logger.Error("the disk is nearly full: the broker refuses records", "free_bytes", free, "min_free_bytes", b.cfg.MinFree)
		b.refuseRecords()
	} else {
		b.cfg.Logger.Info("the disk has room again: the broker takes records", "free_bytes", free)
	}
}

// refuseRecords answers produce requests with a storage error while the disk is nearly full. Such an
// error is retried by clients. Markers of transactions still fit, so that what is open can end: kfake
// itself would acknowledge a commit that it could not write.
func (b *Broker) refuseRecords() {
	b.cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if !b.full.Load() {
			b.cluster.DropControl()
			return nil, nil, false
		}
		b.cluster.KeepControl()
		req := r.(*kmsg.ProduceRequest)
		resp := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range req.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, kerr.KafkaStorageError.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}
