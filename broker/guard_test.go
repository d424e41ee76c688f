package broker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/broker"
)

// TestSmallFetchesHideAbortedRecords reads partitions that hold an aborted transaction and a committed
// one, with answers so small that they end in the middle of any partition.
func TestSmallFetchesHideAbortedRecords(t *testing.T) {
	b := open(t, broker.Config{Dir: t.TempDir()})
	const partitions, each = 4, 40
	cl := client(t, b.Addr(), kgo.TransactionalID("writer"), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.AllowAutoTopicCreation(), kgo.ProducerBatchMaxBytes(1<<10), kgo.ProducerBatchCompression(kgo.NoCompression()))
	for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		var recs []*kgo.Record
		for i := range partitions * each {
			value := fmt.Sprintf("committed %v %s", end, strings.Repeat("x", 300))
			recs = append(recs, &kgo.Record{Topic: "log", Partition: int32(i % partitions), Value: []byte(value)})
		}
		if err := cl.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}

	reader := client(t, b.Addr(), kgo.ConsumeTopics("log"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxBytes(12<<10), kgo.FetchMaxPartitionBytes(4<<10), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for n := 0; n < partitions*each; {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d records: %v", n, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			n++
			if !strings.HasPrefix(string(r.Value), "committed true") {
				t.Fatalf("partition %d, offset %d: %.20s", r.Partition, r.Offset, r.Value)
			}
		})
	}
}
