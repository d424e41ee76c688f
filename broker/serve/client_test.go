package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/partition"
)

// send produces values, in order per partition, and returns when all are acknowledged.
func send(t testing.TB, cl *kgo.Client, topic string, from, to int) {
	t.Helper()
	var records []*kgo.Record
	for i := from; i < to; i++ {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(strconv.Itoa(i % 16)), Value: []byte(strconv.Itoa(i))})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal("produce:", err)
	}
}

// receive reads n records, and checks that the values of each key rise.
func receive(t testing.TB, cl *kgo.Client, n int) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seen, last := map[string]int{}, map[string]int{}
	for len(seen) < n {
		got := cl.PollFetches(ctx)
		if err := got.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(seen), n, err)
		}
		got.EachRecord(func(r *kgo.Record) {
			v, err := strconv.Atoi(string(r.Value))
			if err != nil {
				t.Fatal(err)
			}
			if before, ok := last[string(r.Key)]; ok && before >= v {
				t.Errorf("key %s: %d after %d", r.Key, v, before)
			}
			last[string(r.Key)] = v
			seen[string(r.Value)]++
		})
	}
	for v, times := range seen {
		if times != 1 {
			t.Errorf("%s was received %d times", v, times)
		}
	}
	return seen
}

func TestProduceAndConsume(t *testing.T) {
	for _, flush := range []partition.Flush{partition.FlushSystem, partition.FlushAlways} {
		for _, local := range []bool{false, true} {
			t.Run(fmt.Sprintf("flush-%d-local-%v", flush, local), func(t *testing.T) {
				w := newWorld(t, settings{flush: flush})
				w.create(t, "numbers", 4)
				var dialer []kgo.Opt
				if local {
					dialer = append(dialer, kgo.Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) { return w.Dial(ctx) }))
				}
				send(t, w.client(t, dialer...), "numbers", 0, 20_000)
				receive(t, w.client(t, append(dialer, kgo.ConsumeTopics("numbers"))...), 20_000)
			})
		}
	}
}

func TestGroupOfConsumers(t *testing.T) {
	w := newWorld(t, settings{})
	w.create(t, "numbers", 6)
	send(t, w.client(t), "numbers", 0, 6000)
	options := []kgo.Opt{kgo.ConsumerGroup("readers"), kgo.ConsumeTopics("numbers"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit()}
	first := w.client(t, options...)
	receive(t, first, 6000)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := first.CommitUncommittedOffsets(ctx); err != nil {
		t.Fatal("commit:", err)
	}
	first.CloseAllowingRebalance()
	send(t, w.client(t), "numbers", 6000, 7000)
	if got := receive(t, w.client(t, options...), 1000); got["5999"] > 0 || got["6000"] != 1 {
		t.Error("the second consumer did not go on where the first had committed")
	}
}

func TestTransactions(t *testing.T) {
	w := newWorld(t, settings{})
	w.create(t, "numbers", 3)
	cl := w.client(t, kgo.TransactionalID("writer"))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for i := range 6 {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		send(t, cl, "numbers", i*100, i*100+100)
		if err := cl.EndTransaction(ctx, kgo.TransactionEndTry(i%2 == 0)); err != nil {
			t.Fatal("end transaction:", err)
		}
	}
	committed := receive(t, w.client(t, kgo.ConsumeTopics("numbers"), kgo.FetchIsolationLevel(kgo.ReadCommitted())), 300)
	for v := range committed {
		if n, _ := strconv.Atoi(v); n/100%2 != 0 {
			t.Errorf("%s is of an aborted transaction", v)
		}
	}
	receive(t, w.client(t, kgo.ConsumeTopics("numbers")), 600)
}

// TestManyProducers checks that many clients at a time are served, of which nobody gets what is another's.
func TestManyProducers(t *testing.T) {
	w := newWorld(t, settings{flush: partition.FlushAlways})
	w.create(t, "numbers", 8)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() { send(t, w.client(t), "numbers", i*1000, i*1000+1000) })
	}
	all.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cl := w.client(t, kgo.ConsumeTopics("numbers"))
	seen := map[string]bool{}
	for len(seen) < 16_000 {
		got := cl.PollFetches(ctx)
		if err := got.Err(); err != nil {
			t.Fatal(err)
		}
		got.EachRecord(func(r *kgo.Record) { seen[string(r.Value)] = true })
	}
}

func TestListOffsets(t *testing.T) {
	w := newWorld(t, settings{})
	w.create(t, "numbers", 1)
	cl := w.client(t)
	for i := range 5 {
		r := &kgo.Record{Topic: "numbers", Timestamp: time.UnixMilli(int64(1000 * (i + 1))), Value: []byte("x")}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	nc := w.dial(t)
	list := func(version int16, at int64, epoch int32) kmsg.ListOffsetsResponseTopicPartition {
		req := kmsg.NewPtrListOffsetsRequest()
		req.Version = version
		rt := kmsg.NewListOffsetsRequestTopic()
		rt.Topic = "numbers"
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Timestamp, p.CurrentLeaderEpoch = at, epoch
		rt.Partitions = append(rt.Partitions, p)
		req.Topics = append(req.Topics, rt)
		return ask[*kmsg.ListOffsetsResponse](t, nc, req).Topics[0].Partitions[0]
	}
	for _, c := range []struct {
		version int16
		at      int64
		offset  int64
		code    int16
	}{
		{1, -1, 5, 0},
		{11, -1, 5, 0},
		{1, -2, 0, 0},
		{11, -4, 0, 0},
		{11, -5, -1, 0},
		{11, -6, -1, 0},
		{7, -3, 4, 0},
		{6, -3, -1, kerr.UnsupportedVersion.Code},
		{8, -5, -1, kerr.UnsupportedVersion.Code},
		{11, -7, -1, kerr.UnsupportedVersion.Code},
		{11, 2500, 2, 0},
		{11, 3000, 2, 0},
		{11, 9000, -1, 0},
	} {
		if got := list(c.version, c.at, -1); got.Offset != c.offset || got.ErrorCode != c.code {
			t.Errorf("version %d, time %d: offset %d, code %d; want %d, %d", c.version, c.at, got.Offset, got.ErrorCode, c.offset, c.code)
		}
	}
	if got := list(11, -1, 1000); got.ErrorCode != kerr.UnknownLeaderEpoch.Code {
		t.Errorf("an epoch of the future: code %d", got.ErrorCode)
	}
}

func TestDeleteRecords(t *testing.T) {
	w := newWorld(t, settings{})
	w.create(t, "numbers", 1)
	send(t, w.client(t), "numbers", 0, 10)
	nc := w.dial(t)
	remove := func(topic string, before int64) kmsg.DeleteRecordsResponseTopicPartition {
		req := kmsg.NewPtrDeleteRecordsRequest()
		req.Version = 2
		rt := kmsg.NewDeleteRecordsRequestTopic()
		rt.Topic = topic
		rt.Partitions = append(rt.Partitions, kmsg.DeleteRecordsRequestTopicPartition{Offset: before})
		req.Topics = append(req.Topics, rt)
		return ask[*kmsg.DeleteRecordsResponse](t, nc, req).Topics[0].Partitions[0]
	}
	if got := remove("numbers", 4); got.ErrorCode != 0 || got.LowWatermark != 4 {
		t.Errorf("before 4: %+v", got)
	}
	if got := remove("numbers", 11); got.ErrorCode != kerr.OffsetOutOfRange.Code {
		t.Errorf("before 11: %+v", got)
	}
	if got := remove("numbers", -1); got.ErrorCode != 0 || got.LowWatermark != 10 {
		t.Errorf("all: %+v", got)
	}
	if got := remove("letters", 0); got.ErrorCode != kerr.UnknownTopicOrPartition.Code {
		t.Errorf("unknown topic: %+v", got)
	}
}

func TestFindCoordinator(t *testing.T) {
	w := newWorld(t, settings{})
	nc := w.dial(t)
	for version := int16(0); version <= 6; version++ {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.Version, req.CoordinatorKey, req.CoordinatorKeys = version, "a", []string{"a", "b"}
		resp := ask[*kmsg.FindCoordinatorResponse](t, nc, req)
		if version < 4 {
			if resp.ErrorCode != 0 || resp.NodeID != 0 || resp.Host != "127.0.0.1" || resp.Port != w.cfg.Port {
				t.Errorf("version %d: %+v", version, resp)
			}
		} else if len(resp.Coordinators) != 2 || resp.Coordinators[1].Key != "b" || resp.Coordinators[1].Port != w.cfg.Port {
			t.Errorf("version %d: %+v", version, resp)
		}
	}
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.Version, req.CoordinatorType, req.CoordinatorKeys = 6, 2, []string{"share"}
	if got := ask[*kmsg.FindCoordinatorResponse](t, nc, req).Coordinators[0]; got.ErrorCode != kerr.InvalidRequest.Code || got.NodeID != -1 {
		t.Errorf("share group: %+v", got)
	}
}

// TestProduceWithoutAcks checks that nothing is answered, and that an error ends the connection.
func TestProduceWithoutAcks(t *testing.T) {
	w := newWorld(t, settings{})
	w.create(t, "numbers", 1)
	cl := w.client(t, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	send(t, cl, "numbers", 0, 100)
	receive(t, w.client(t, kgo.ConsumeTopics("numbers")), 100)

	nc := w.dial(t)
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks = 9, 0
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = "unknown"
	rt.Partitions = append(rt.Partitions, kmsg.NewProduceRequestTopicPartition())
	req.Topics = append(req.Topics, rt)
	nc.Write(framed(req, 1))
	var timeout net.Error
	if n, err := nc.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// TestProduceKeepsItsPlace checks that records come after what was asked before them, and before what is asked after them, all sent at once.
func TestProduceKeepsItsPlace(t *testing.T) {
	w := newWorld(t, settings{flush: partition.FlushAlways})
	w.create(t, "numbers", 1)
	list := kmsg.NewPtrListOffsetsRequest()
	list.Version = 5
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = "numbers"
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp = latest
	rt.Partitions = append(rt.Partitions, p)
	list.Topics = append(list.Topics, rt)
	nc := w.dial(t)
	var sent []byte
	const rounds = 50
	for range rounds {
		sent = append(sent, framed(list, 1)...)
		sent = append(sent, produceFrame("numbers", 0, batchOf(2))...)
		sent = append(sent, produceFrame("numbers", 0, batchOf(3))...)
	}
	go nc.Write(sent)
	for i := range int64(rounds) {
		for k := range int64(3) {
			_, body, err := readAnswer(nc)
			if err != nil {
				t.Fatal(err)
			}
			var offset int64
			if k == 0 {
				resp := kmsg.ListOffsetsResponse{Version: 5}
				err = resp.ReadFrom(body)
				offset = resp.Topics[0].Partitions[0].Offset
			} else {
				resp := kmsg.ProduceResponse{Version: 9}
				err = resp.ReadFrom(body[1:])
				offset = resp.Topics[0].Partitions[0].BaseOffset
			}
			if want := 5*i + max(0, 2*(k-1)); err != nil || offset != want {
				t.Fatalf("round %d, answer %d: offset %d, want %d; %v", i, k, offset, want, err)
			}
		}
	}
}
