package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// connect returns a client that is quick to see a broker that is back.
func connect(addr string, opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(addr), kgo.MetadataMinAge(100 * time.Millisecond), kgo.MetadataMaxAge(2 * time.Second), kgo.DialTimeout(2 * time.Second),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }), kgo.UnknownTopicRetries(-1),
	}, opts...)...)
}

// topicOf is a topic that a test makes.
type topicOf struct {
	name       string
	partitions int32
	configs    map[string]*string
}

func set(pairs ...string) map[string]*string {
	m := map[string]*string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &pairs[i+1]
	}
	return m
}

// createTopics makes topics, those that are there already included.
func createTopics(t *testing.T, addr string, topics ...topicOf) {
	t.Helper()
	cl, err := connect(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, topic := range topics {
		_, err := kadm.NewClient(cl).CreateTopic(ctx, topic.partitions, 1, topic.configs, topic.name)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			t.Fatalf("create topic %s: %v", topic.name, err)
		}
	}
}

// place is where a record is.
type place struct {
	topic     string
	partition int32
}

// record is one of a topic.
type record struct {
	offset     int64
	key, value []byte
	headers    []kgo.RecordHeader
}

// history is what readers of committed records have seen of topics, each time from the beginning. It holds I4: what is
// at an offset stays, offsets increase, nothing goes.
type history struct {
	addr string
	seen map[place][]record
	f    *findings
}

func newHistory(addr string, f *findings) *history {
	return &history{addr: addr, seen: map[place][]record{}, f: f}
}

// readFor is how long reading a topic may take.
const readFor = time.Minute

// read reads all committed records of topics again and returns them by topic, partition after partition.
func (h *history) read(ctx context.Context, topics ...string) (map[string][]record, error) {
	ctx, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	now, err := readCommitted(ctx, h.addr, topics)
	if err != nil {
		return nil, err
	}
	out := map[string][]record{}
	var places []place
	for at, recs := range now {
		h.compare(at, recs)
		h.seen[at] = recs
		places = append(places, at)
	}
	slices.SortFunc(places, func(a, b place) int { return int(a.partition) - int(b.partition) })
	for _, at := range places {
		out[at.topic] = append(out[at.topic], now[at]...)
	}
	return out, nil
}

func (h *history) compare(at place, now []record) {
	before := h.seen[at]
	for i := range now {
		if i > 0 && now[i].offset <= now[i-1].offset {
			h.f.add("I4: %s-%d: offset %d comes after %d", at.topic, at.partition, now[i].offset, now[i-1].offset)
		}
	}
	if len(now) < len(before) {
		h.f.add("I4: %s-%d had %d committed records and has %d", at.topic, at.partition, len(before), len(now))
		return
	}
	for i, b := range before {
		if n := now[i]; n.offset != b.offset || !bytes.Equal(n.key, b.key) || !bytes.Equal(n.value, b.value) {
			h.f.add("I4: %s-%d: what was %q at offset %d is %q at %d", at.topic, at.partition, b.value, b.offset, n.value, n.offset)
			return
		}
	}
}

// readCommitted reads topics from their beginning to where they are stable now. One that is not there has no records.
func readCommitted(ctx context.Context, addr string, topics []string) (map[place][]record, error) {
	cl, err := connect(addr, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	known, err := adm.ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	topics = slices.DeleteFunc(slices.Clone(topics), func(name string) bool { return !known.Has(name) })
	out := map[place][]record{}
	if len(topics) == 0 {
		return out, nil
	}
	ends, err := adm.ListCommittedOffsets(ctx, topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("list offsets of %s: %w", strings.Join(topics, ", "), err)
	}
	left := map[place]int64{}
	from := map[string]map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		at := place{o.Topic, o.Partition}
		out[at] = nil
		if o.Offset > 0 {
			left[at] = o.Offset
			if from[o.Topic] == nil {
				from[o.Topic] = map[int32]kgo.Offset{}
			}
			from[o.Topic][o.Partition] = kgo.NewOffset().At(0)
		}
	})
	if len(from) > 0 {
		cl.AddConsumePartitions(from)
	}
	for len(left) > 0 {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("read %s: %w; not at their ends: %v", strings.Join(topics, ", "), ctx.Err(), left)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			at := place{r.Topic, r.Partition}
			if !r.Attrs.IsControl() && r.Offset < left[at] {
				out[at] = append(out[at], record{r.Offset, r.Key, r.Value, r.Headers})
			}
			if upto, ok := left[at]; ok && r.Offset+1 >= upto {
				delete(left, at)
				cl.PauseFetchPartitions(map[string][]int32{at.topic: {at.partition}})
			}
		})
	}
	return out, nil
}
