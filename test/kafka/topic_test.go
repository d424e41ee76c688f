package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// connect is a client of the test itself.
func connect(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// createTopic makes a topic named after the test and what it is for.
func createTopic(t *testing.T, addr, what string, partitions int) string {
	t.Helper()
	name := strings.NewReplacer("/", ".", " ", "-", "#", "-").Replace(t.Name()) + "." + what
	admin := kadm.NewClient(connect(t, addr))
	if _, err := admin.CreateTopic(t.Context(), int32(partitions), 1, nil, name); err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
	// Kafka's own broker is told by its controller, some time after.
	eventually(t, settle, func() error {
		listed, err := admin.ListEndOffsets(t.Context(), name)
		if err == nil {
			err = listed.Error()
		}
		if n := len(listed[name]); err == nil && n != partitions {
			err = fmt.Errorf("topic %s has %d partitions, want %d", name, n, partitions)
		}
		return err
	})
	return name
}

// values are the records of a topic from its beginning to its end, with those of aborted transactions if all.
func values(t *testing.T, addr, topic string, all bool) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settle)
	defer cancel()
	opts := []kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords(), kgo.FetchMaxWait(200 * time.Millisecond)}
	if !all {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	cl := connect(t, addr, opts...)
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	starts, err := kadm.NewClient(cl).ListStartOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{} // the end of each partition that is not read to its end
	ends.Each(func(o kadm.ListedOffset) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if start, found := starts.Lookup(topic, o.Partition); found && start.Offset < o.Offset {
			left[o.Partition] = o.Offset
		}
	})
	var out []*kgo.Record
	for len(left) > 0 {
		found := cl.PollFetches(ctx)
		if err := found.Err(); err != nil {
			t.Fatalf("read %s: %v; %d records so far, not read to these ends: %v", topic, err, len(out), left)
		}
		found.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() {
				out = append(out, r)
			}
		})
	}
	return out
}

// inTopic is what a topic holds for readers of committed records, or for all.
func inTopic(t *testing.T, addr, topic string, all bool) (out []record) {
	t.Helper()
	for _, r := range values(t, addr, topic, all) {
		id, err := idOf(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, record{id, r.Partition, r.Offset})
	}
	return out
}

// holds is nil if the topic holds what the ledger says.
func (l *ledger) holds(t *testing.T, addr, topic string) error {
	t.Helper()
	if err := l.check(inTopic(t, addr, topic, false)); err != nil {
		return fmt.Errorf("%s: %w", topic, err)
	}
	return nil
}
