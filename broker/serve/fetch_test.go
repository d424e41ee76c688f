package serve

import (
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// reader asks for records as a consumer does, by hand.
type fetcher struct {
	t  *testing.T
	w  *world
	nc net.Conn
}

// part is a partition that is asked for.
type part struct {
	topic  string
	id     int32
	offset int64
	max    int32
}

func (f *fetcher) fetch(version int16, change func(*kmsg.FetchRequest), parts ...part) *kmsg.FetchResponse {
	f.t.Helper()
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxBytes, req.SessionEpoch = version, 1<<20, -1
	for _, p := range parts {
		rt := kmsg.NewFetchRequestTopic()
		rt.Topic = p.topic
		rt.TopicID, _, _ = f.w.topics.Lookup(p.topic)
		rp := kmsg.NewFetchRequestTopicPartition()
		rp.Partition, rp.FetchOffset, rp.PartitionMaxBytes = p.id, p.offset, 1<<20
		if p.max > 0 {
			rp.PartitionMaxBytes = p.max
		}
		rt.Partitions = append(rt.Partitions, rp)
		req.Topics = append(req.Topics, rt)
	}
	if change != nil {
		change(req)
	}
	return ask[*kmsg.FetchResponse](f.t, f.nc, req)
}

// partitions are those of an answer, in order.
func partitions(resp *kmsg.FetchResponse) (all []kmsg.FetchResponseTopicPartition) {
	for _, t := range resp.Topics {
		all = append(all, t.Partitions...)
	}
	return all
}

func newFetcher(t *testing.T, topics int32) *fetcher {
	w := newWorld(t, settings{})
	w.create(t, "numbers", topics)
	return &fetcher{t, w, w.dial(t)}
}

// batch produces one batch to a partition.
func (f *fetcher) batch(part int32, values ...string) {
	f.t.Helper()
	cl := f.w.client(f.t, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: "numbers", Partition: part, Value: []byte(v)})
	}
	if err := cl.ProduceSync(f.t.Context(), records...).FirstErr(); err != nil {
		f.t.Fatal(err)
	}
	cl.Close()
}

func TestFetchVersions(t *testing.T) {
	f := newFetcher(t, 1)
	f.batch(0, "a", "b", "c")
	for version := int16(4); version <= 18; version++ {
		got := partitions(f.fetch(version, nil, part{"numbers", 0, 1, 0}))
		if len(got) != 1 || got[0].ErrorCode != 0 || got[0].HighWatermark != 3 || len(got[0].RecordBatches) < batchHead {
			t.Errorf("version %d: %+v", version, got)
		}
	}
}

func TestFetchErrors(t *testing.T) {
	f := newFetcher(t, 1)
	f.batch(0, "a")
	for what, c := range map[string]struct {
		version int16
		part    part
		change  func(*kmsg.FetchRequest)
		code    *kerr.Error
	}{
		"beyond the end":    {12, part{"numbers", 0, 2, 0}, nil, kerr.OffsetOutOfRange},
		"negative":          {12, part{"numbers", 0, -5, 0}, nil, kerr.OffsetOutOfRange},
		"unknown topic":     {12, part{"letters", 0, 0, 0}, nil, kerr.UnknownTopicOrPartition},
		"unknown id":        {13, part{"letters", 0, 0, 0}, nil, kerr.UnknownTopicID},
		"unknown partition": {13, part{"numbers", 9, 0, 0}, nil, kerr.UnknownTopicOrPartition},
		"newer epoch": {16, part{"numbers", 0, 0, 0}, func(r *kmsg.FetchRequest) {
			r.Topics[0].Partitions[0].CurrentLeaderEpoch = 1000
		}, kerr.UnknownLeaderEpoch},
	} {
		req := func(r *kmsg.FetchRequest) {
			r.MaxWaitMillis, r.MinBytes = 60_000, 1 // errors are told at once
			if c.change != nil {
				c.change(r)
			}
		}
		if got := partitions(f.fetch(c.version, req, c.part)); len(got) != 1 || got[0].ErrorCode != c.code.Code || got[0].HighWatermark != -1 {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

// TestFetchWaits checks that a request without records waits for them, over few partitions and many, and that the time bounds it.
func TestFetchWaits(t *testing.T) {
	for _, n := range []int32{1, 30} {
		f := newFetcher(t, n)
		var all []part
		for i := range n {
			all = append(all, part{"numbers", i, 0, 0})
		}
		for _, p := range partitions(f.fetch(15, func(r *kmsg.FetchRequest) { r.MaxWaitMillis, r.MinBytes = 10, 1 }, all...)) {
			if p.ErrorCode != 0 || len(p.RecordBatches) > 0 {
				t.Errorf("an empty log: %+v", p)
			}
		}
		got := make(chan []kmsg.FetchResponseTopicPartition)
		go func() {
			got <- partitions(f.fetch(15, func(r *kmsg.FetchRequest) { r.MaxWaitMillis, r.MinBytes = 60_000, 1 }, all...))
		}()
		f.batch(n-1, "late")
		parts := <-got
		if last := parts[len(parts)-1]; len(parts) != int(n) || last.HighWatermark != 1 || len(last.RecordBatches) == 0 {
			t.Errorf("%d partitions: %+v", n, last)
		}
	}
}

// TestFetchEndsWithItsClient checks that nothing waits for one who is gone, and that the end of the server ends a wait.
func TestFetchEndsWithItsClient(t *testing.T) {
	f := newFetcher(t, 1)
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.SessionEpoch = 12, 3_600_000, 1, 1<<20, 0
	rt := kmsg.NewFetchRequestTopic()
	rt.Topic = "numbers"
	rt.Partitions = append(rt.Partitions, kmsg.NewFetchRequestTopicPartition())
	req.Topics = append(req.Topics, rt)
	f.nc.Write(framed(req, 1))
	f.nc.Close()
	await(t, "the connection is forgotten", func() bool { return f.w.Stats().Conns == 0 })

	nc := f.w.dial(t)
	nc.Write(framed(req, 2))
	await(t, "the request waits", func() bool { return f.w.Stats().Conns == 1 && f.w.sessions.count() == 2 })
	f.w.stop()
	if id, _, err := readAnswer(nc); id != 2 || err != nil {
		t.Errorf("a request that waits when the server ends is answered: %d, %v", id, err)
	}
}

func TestFetchBounds(t *testing.T) {
	f := newFetcher(t, 3)
	for i := range int32(3) {
		f.batch(i, string(make([]byte, 5000)))
		f.batch(i, string(make([]byte, 5000)))
	}
	all := []part{{"numbers", 0, 0, 0}, {"numbers", 1, 0, 0}, {"numbers", 2, 0, 0}}
	sizes := func(max int32, parts ...part) (sizes [3]int) {
		for _, p := range partitions(f.fetch(12, func(r *kmsg.FetchRequest) { r.MaxBytes = max }, parts...)) {
			sizes[p.Partition] = len(p.RecordBatches)
		}
		return sizes
	}
	one := sizes(1, all...)
	if one[0] < 5000 || one[0] > 6000 || one[1] != 0 || one[2] != 0 {
		t.Errorf("at most a byte: %v, want one batch", one)
	}
	if got := sizes(1, all[2], all[0]); got[2] != one[0] || got[0] != 0 {
		t.Errorf("the first that is asked for comes first: %v", got)
	}
	if got := sizes(int32(3*one[0]+100), all...); got[0] != 2*one[0] || got[1] != one[0] || got[2] != 0 {
		t.Errorf("three batches: %v", got)
	}
	all[0].max = 10
	if got := sizes(1<<20, all...); got[0] != one[0] || got[1] != 2*one[0] || got[2] != 2*one[0] {
		t.Errorf("one partition with at most 10 bytes: %v", got)
	}
}

// TestFetchSessions walks through a session of KIP-227.
func TestFetchSessions(t *testing.T) {
	for _, version := range []int16{7, 12, 17} {
		f := newFetcher(t, 3)
		session := func(id, epoch int32) func(*kmsg.FetchRequest) {
			return func(r *kmsg.FetchRequest) { r.SessionID, r.SessionEpoch = id, epoch }
		}
		first := f.fetch(version, session(0, 0), part{"numbers", 0, 0, 0}, part{"numbers", 1, 0, 0})
		id := first.SessionID
		if id == 0 || len(partitions(first)) != 2 || f.w.Stats().Sessions != 1 {
			t.Fatalf("version %d: session %d of %d partitions", version, id, len(partitions(first)))
		}
		if next := f.fetch(version, session(id, 1)); next.SessionID != id || len(partitions(next)) != 0 {
			t.Errorf("version %d: nothing has changed: %+v", version, next)
		}
		f.batch(1, "news")
		if got := partitions(f.fetch(version, session(id, 2))); len(got) != 1 || got[0].Partition != 1 || len(got[0].RecordBatches) == 0 {
			t.Errorf("version %d: after a record: %+v", version, got)
		}
		if got := partitions(f.fetch(version, session(id, 3), part{"numbers", 1, 1, 0}, part{"numbers", 2, 0, 0})); len(got) != 1 || got[0].Partition != 2 {
			t.Errorf("version %d: a partition more: %+v", version, got)
		}
		if code := f.fetch(version, session(id, 3)).ErrorCode; code != kerr.InvalidFetchSessionEpoch.Code {
			t.Errorf("version %d: an old epoch: code %d", version, code)
		}
		if code := f.fetch(version, session(id+1, 4)).ErrorCode; code != kerr.FetchSessionIDNotFound.Code {
			t.Errorf("version %d: another session: code %d", version, code)
		}
		f.batch(0, "unseen")
		forget := func(r *kmsg.FetchRequest) {
			r.SessionID, r.SessionEpoch = id, 4
			gone := kmsg.NewFetchRequestForgottenTopic()
			gone.Topic, gone.Partitions = "numbers", []int32{0}
			gone.TopicID, _, _ = f.w.topics.Lookup("numbers")
			r.ForgottenTopics = append(r.ForgottenTopics, gone)
		}
		if got := partitions(f.fetch(version, forget)); len(got) != 0 {
			t.Errorf("version %d: a forgotten partition: %+v", version, got)
		}
		if got := f.fetch(version, session(id, -1), part{"numbers", 0, 0, 0}); got.SessionID != 0 || len(partitions(got)) != 1 || f.w.Stats().Sessions != 0 {
			t.Errorf("version %d: the last request: %+v, %d sessions", version, got, f.w.Stats().Sessions)
		}
	}
}

// TestFetchSessionsTakeTurns checks that a partition with much to read does not starve the others.
func TestFetchSessionsTakeTurns(t *testing.T) {
	f := newFetcher(t, 3)
	for i := range int32(3) {
		f.batch(i, string(make([]byte, 1000)))
	}
	small := func(id, epoch int32) func(*kmsg.FetchRequest) {
		return func(r *kmsg.FetchRequest) { r.SessionID, r.SessionEpoch, r.MaxBytes = id, epoch, 100 }
	}
	resp := f.fetch(12, small(0, 0), part{"numbers", 0, 0, 0}, part{"numbers", 1, 0, 0}, part{"numbers", 2, 0, 0})
	served := map[int32]int{}
	for epoch := int32(1); epoch <= 6; epoch++ {
		for _, p := range partitions(resp) {
			if len(p.RecordBatches) > 0 {
				served[p.Partition]++ // and it stays there to be read: its offset is not moved
			}
		}
		resp = f.fetch(12, small(resp.SessionID, epoch))
	}
	if served[0] != 2 || served[1] != 2 || served[2] != 2 {
		t.Errorf("of 6 answers, the partitions had %v", served)
	}
}

func TestFetchSessionsAreBounded(t *testing.T) {
	now := time.Now()
	s := newSessions(2)
	ask := func() *session {
		q := &fetchRequest{version: 12, asked: []fetchPart{{partKey: partKey{topic: "a"}}}}
		se, code := s.resolve(q, &session{}, "me")
		if code != nil {
			t.Fatal(code)
		}
		s.done(se)
		return se
	}
	first, second := ask(), ask()
	if first.id == 0 || second.id == 0 || first.id == second.id {
		t.Fatalf("sessions %d and %d", first.id, second.id)
	}
	if third := ask(); third.id != 0 {
		t.Error("a session was dropped that is in use")
	}
	first.used = now.Add(-stale - time.Second)
	if third := ask(); third.id == 0 || s.count() != 2 {
		t.Error("an old session did not give way")
	}
	next := &fetchRequest{version: 12, session: second.id, epoch: 1}
	if _, code := s.resolve(next, &session{}, "you"); code != kerr.FetchSessionIDNotFound {
		t.Errorf("another user's session: %v", code)
	}
	if _, code := s.resolve(next, &session{}, "me"); code != nil {
		t.Error(code)
	}
	next.epoch = 2
	if _, code := s.resolve(next, &session{}, "me"); code != kerr.InvalidFetchSessionEpoch {
		t.Errorf("a session that another request uses: %v", code)
	}
	if s.parts != 2 {
		t.Errorf("%d partitions counted", s.parts)
	}
}
