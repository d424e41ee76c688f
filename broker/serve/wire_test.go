package serve

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/partition"
)

// answered runs do with an output and returns what it wrote, without the head.
func answered(t *testing.T, correlation int32, flexible bool, do func(o *output)) []byte {
	t.Helper()
	b := newBuffers()
	near, far := net.Pipe()
	done := make(chan []byte)
	go func() {
		all, err := io.ReadAll(near)
		if err != nil {
			t.Errorf("read answer: %v", err)
		}
		done <- all
	}()
	c := &conn{s: &Server{buffers: b}, nc: far}
	c.out.to(far, c.progress)
	c.out.begin(b)
	c.out.head(correlation, flexible)
	do(&c.out)
	if err := c.flush(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	got := <-done
	c.out.end(b)
	head := 8
	if flexible {
		head = 9
	}
	if size := int(kmsgInt32(got)); size != len(got)-4 {
		t.Fatalf("the answer says it has %d bytes, it has %d", size, len(got)-4)
	}
	if id := kmsgInt32(got[4:]); id != correlation {
		t.Fatalf("correlation id %d, want %d", id, correlation)
	}
	return got[head:]
}

func kmsgInt32(p []byte) int32 {
	return int32(p[0])<<24 | int32(p[1])<<16 | int32(p[2])<<8 | int32(p[3])
}

func view(parts ...string) *partition.View {
	v := &partition.View{Start: 3, High: 100, Stable: 90, Aborted: []partition.Aborted{{Producer: 7, First: 80}, {Producer: 9, First: 82}}}
	for _, p := range parts {
		v.Sections = append(v.Sections, partition.Section{At: bytes.NewReader([]byte("xx" + p)), Offset: 2, Size: len(p)})
		v.Size += len(p)
	}
	return v
}

// TestFetchAnswers holds our encoder against kmsg's, in all versions.
func TestFetchAnswers(t *testing.T) {
	for version := int16(4); version <= 18; version++ {
		for _, committed := range []bool{false, true} {
			q := &fetchRequest{version: version, committed: committed, usesIDs: version >= 13}
			told := toldParts(q)
			got := answered(t, 77, version >= 12, func(o *output) {
				o.encodeFetch(q, 0, 5, 1234, told, node{"h", 9})
			})
			want := kmsg.NewPtrFetchResponse()
			want.Version = version
			if err := want.ReadFrom(got); err != nil {
				t.Fatalf("version %d: %v", version, err)
			}
			if again := want.AppendTo(nil); !bytes.Equal(again, got) {
				t.Errorf("version %d: kmsg writes what it read as\n%x, we wrote\n%x", version, again, got)
			}
			checkFetch(t, q, want)
		}
	}
}

func toldParts(q *fetchRequest) []*fetching {
	key := func(topic byte, part int32) fetchPart {
		k := partKey{topic: string(topic), part: part}
		if q.usesIDs {
			k = partKey{id: [16]byte{topic}, part: part}
		}
		return fetchPart{partKey: k}
	}
	large := string(bytes.Repeat([]byte("0123456789"), 20_000))
	out := &fetching{fetchPart: key('b', 2)}
	out.fail(kerr.OffsetOutOfRange)
	diverged := &fetching{fetchPart: key('c', 0), high: 8, stable: 7, start: 6, diverged: true, divergedEpoch: 4, divergedEnd: 44}
	return []*fetching{
		{fetchPart: key('a', 0), high: 100, stable: 90, start: 3, view: view("records", "more")},
		{fetchPart: key('a', 1), high: 100, stable: 90, start: 3, view: view()},
		{fetchPart: key('b', 1), high: 100, stable: 90, start: 3, view: view(large)},
		out,
		diverged,
	}
}

func checkFetch(t *testing.T, q *fetchRequest, got *kmsg.FetchResponse) {
	t.Helper()
	var names, records []string
	for _, topic := range got.Topics {
		names = append(names, topic.Topic+string(bytes.Trim(topic.TopicID[:], "\x00")))
		for _, p := range topic.Partitions {
			records = append(records, string(p.RecordBatches))
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Errorf("version %d: topics: %s", q.version, diff)
	}
	first := got.Topics[0].Partitions[0]
	if string(first.RecordBatches) != "recordsmore" || len(records[2]) != 200_000 || records[1] != "" {
		t.Errorf("version %d: wrong records", q.version)
	}
	if first.HighWatermark != 100 || first.LastStableOffset != 90 || (q.version >= 5 && first.LogStartOffset != 3) {
		t.Errorf("version %d: offsets: %+v", q.version, first)
	}
	if n := len(first.AbortedTransactions); q.committed != (n == 2) || q.committed && first.AbortedTransactions[1].FirstOffset != 82 {
		t.Errorf("version %d: aborted transactions: %+v", q.version, first.AbortedTransactions)
	}
	if q.version >= 7 && got.SessionID != 1234 || got.ThrottleMillis != 5 {
		t.Errorf("version %d: session %d, throttle %d", q.version, got.SessionID, got.ThrottleMillis)
	}
	if code := got.Topics[1].Partitions[1].ErrorCode; code != kerr.OffsetOutOfRange.Code {
		t.Errorf("version %d: code %d", q.version, code)
	}
	if d := got.Topics[2].Partitions[0].DivergingEpoch; q.version >= 12 && (d.Epoch != 4 || d.EndOffset != 44) {
		t.Errorf("version %d: diverging epoch %+v", q.version, d)
	}
}

// TestFetchRequests holds our decoder against kmsg's encoder.
func TestFetchRequests(t *testing.T) {
	for version := int16(4); version <= 18; version++ {
		req := kmsg.NewPtrFetchRequest()
		req.Version, req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.IsolationLevel = version, 11, 12, 13, 1
		req.SessionID, req.SessionEpoch, req.Rack, req.ReplicaState.ID = 21, 22, "rack", 5
		for i := range 2 {
			rt := kmsg.NewFetchRequestTopic()
			rt.Topic, rt.TopicID = string(rune('a'+i)), [16]byte{byte(i + 1)}
			for j := range 2 {
				p := kmsg.NewFetchRequestTopicPartition()
				p.Partition, p.FetchOffset, p.PartitionMaxBytes = int32(j), int64(100*i+j), 1000
				p.CurrentLeaderEpoch, p.LastFetchedEpoch, p.HighWatermark = 3, 2, 99
				rt.Partitions = append(rt.Partitions, p)
			}
			req.Topics = append(req.Topics, rt)
		}
		gone := kmsg.NewFetchRequestForgottenTopic()
		gone.Topic, gone.TopicID, gone.Partitions = "z", [16]byte{26}, []int32{4, 5}
		req.ForgottenTopics = append(req.ForgottenTopics, gone)

		var q fetchRequest
		for range 2 { // the second time it has something to use again
			if err := q.decode(version, req.AppendTo(nil)); err != nil {
				t.Fatalf("version %d: %v", version, err)
			}
		}
		want := fetchRequest{version: version, wait: 11, minBytes: 12, maxBytes: 13, committed: true, epoch: -1, usesIDs: version >= 13}
		key := func(n byte, part int32) partKey {
			if version >= 13 {
				return partKey{id: [16]byte{n}, part: part}
			}
			return partKey{topic: string('a' + n - 1), part: part}
		}
		for i := range byte(2) {
			for j := range int32(2) {
				p := fetchPart{partKey: key(i+1, j), offset: int64(100*int(i) + int(j)), epoch: -1, fetched: -1, max: 1000}
				if version >= 9 {
					p.epoch = 3
				}
				if version >= 12 {
					p.fetched = 2
				}
				want.asked = append(want.asked, p)
			}
		}
		if version >= 7 {
			want.session, want.epoch = 21, 22
			want.forgotten = []partKey{key(26, 4), key(26, 5)}
		}
		if diff := cmp.Diff(want, q, cmp.AllowUnexported(fetchRequest{}, fetchPart{}, partKey{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("version %d: %s", version, diff)
		}
	}
}

// TestProduceAnswers holds our encoder against kmsg's, in all versions.
func TestProduceAnswers(t *testing.T) {
	for version := int16(3); version <= 13; version++ {
		a := &produced{version: version, throttle: 5e6, names: []byte("topicother")}
		a.topics = []producedTopic{{span{0, 5}, [16]byte{1}, 0, 2}, {span{5, 10}, [16]byte{2}, 2, 1}}
		a.parts = []producedPart{
			{id: 0, base: 10, time: -1, start: 2},
			{id: 1, base: 20, time: 12345, start: 3},
			{id: 4, base: -1, time: -1, start: -1, code: kerr.MessageTooLarge.Code, message: "too large"},
		}
		got := answered(t, 5, version >= 9, func(o *output) { o.buf = a.encode(o.buf, node{"h", 9}) })
		resp := kmsg.NewPtrProduceResponse()
		resp.Version = version
		if err := resp.ReadFrom(got); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		if again := resp.AppendTo(nil); !bytes.Equal(again, got) {
			t.Errorf("version %d: kmsg writes what it read as\n%x, we wrote\n%x", version, again, got)
		}
		p := resp.Topics[0].Partitions[1]
		if p.Partition != 1 || p.BaseOffset != 20 || p.LogAppendTime != 12345 || resp.ThrottleMillis != 5 || (version >= 5 && p.LogStartOffset != 3) {
			t.Errorf("version %d: %+v", version, resp)
		}
		refused := resp.Topics[1].Partitions[0]
		if refused.ErrorCode != kerr.MessageTooLarge.Code || version >= 8 && (refused.ErrorMessage == nil || *refused.ErrorMessage != "too large") {
			t.Errorf("version %d: %+v", version, refused)
		}
		if name := resp.Topics[1].Topic; version < 13 && name != "other" || version >= 13 && resp.Topics[1].TopicID != [16]byte{2} {
			t.Errorf("version %d: topic %q %x", version, name, resp.Topics[1].TopicID)
		}
	}
}

// TestProduceRequests holds our decoder against kmsg's encoder.
func TestProduceRequests(t *testing.T) {
	for version := int16(3); version <= 13; version++ {
		req := kmsg.NewPtrProduceRequest()
		req.Version, req.Acks, req.TransactionID = version, -1, kmsg.StringPtr("txn")
		for i := range 2 {
			rt := kmsg.NewProduceRequestTopic()
			rt.Topic, rt.TopicID = string(rune('a'+i)), [16]byte{byte(i + 1)}
			for j := range 2 {
				p := kmsg.NewProduceRequestTopicPartition()
				p.Partition, p.Records = int32(j), bytes.Repeat([]byte{byte(10*i + j)}, 61)
				p.Records[batchAttributes+1] = byte(i) << 4
				rt.Partitions = append(rt.Partitions, p)
			}
			req.Topics = append(req.Topics, rt)
		}
		var q produceRequest
		for range 2 {
			if err := q.decode(version, req.AppendTo(nil)); err != nil {
				t.Fatalf("version %d: %v", version, err)
			}
		}
		if q.acks != -1 || q.transactionalID != "txn" || !q.transactional || len(q.topics) != 2 || len(q.parts) != 4 {
			t.Fatalf("version %d: %+v", version, q)
		}
		last := q.parts[q.topics[1].first+1]
		if last.id != 1 || !bytes.Equal(last.records, req.Topics[1].Partitions[1].Records) {
			t.Errorf("version %d: %+v", version, last)
		}
		if name := q.topics[1].name; version < 13 && name != "b" || version >= 13 && q.topics[1].id != [16]byte{2} {
			t.Errorf("version %d: topic %q %x", version, name, q.topics[1].id)
		}
		if transactional(q.parts[1].records) || !transactional(q.parts[2].records) {
			t.Errorf("version %d: transactional wrong", version)
		}
	}
}

// TestTruncatedRequests checks that no cut of a request is taken for one.
func TestTruncatedRequests(t *testing.T) {
	req := kmsg.NewPtrProduceRequest()
	req.Version = 9
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = "a"
	rt.Partitions = append(rt.Partitions, kmsg.NewProduceRequestTopicPartition())
	rt.Partitions[0].Records = []byte("records")
	req.Topics = append(req.Topics, rt)
	whole := req.AppendTo(nil)
	for n := range whole {
		var q produceRequest
		if err := q.decode(9, whole[:n]); err == nil {
			t.Errorf("a request cut to %d of %d bytes was read", n, len(whole))
		}
	}
}
