package group_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/disk"
	"millrace/broker/group"
	"millrace/broker/keyed"
	"millrace/broker/partition"
	"millrace/broker/serve"
	"millrace/broker/topic"
	"millrace/broker/txn"
)

// serveGroups runs a whole broker and returns where it listens.
func serveGroups(t *testing.T) (addr string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, quiet := t.TempDir(), slog.New(slog.NewTextHandler(io.Discard, nil))
	store, err := keyed.Open(disk.OS(), filepath.Join(dir, "state"), keyed.Options{})
	must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	port := int32(l.Addr().(*net.TCPAddr).Port)
	topics, err := topic.Open(t.Context(), store.Space("topics"), topic.Config{
		Dir: filepath.Join(dir, "logs"), Env: &partition.Env{FS: disk.OS(), Now: time.Now, Log: quiet, Every: time.Second, Clean: true},
		Host: "127.0.0.1", Port: port, Partitions: 1, ClusterID: "groups", RetainBytes: -1,
	})
	must(err)
	groups, err := group.Open(store.Space("groups"), topics, group.Config{Heartbeat: 100 * time.Millisecond})
	must(err)
	txns, err := txn.Open(t.Context(), store.Space("txns"), topics, groups, txn.Config{})
	must(err)
	s := serve.New(serve.Config{Topics: topics, Groups: groups, Txns: txns, ClusterID: "groups", Host: "127.0.0.1", Port: port, Logger: quiet})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(ctx, l) })
	for _, run := range []func(context.Context) error{topics.Run, groups.Run, txns.Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		must(topics.Close())
		must(store.Close())
	})
	for _, name := range []string{"events", "copies"} {
		req := kmsg.NewPtrCreateTopicsRequest()
		rt := kmsg.NewCreateTopicsRequestTopic()
		rt.Topic, rt.NumPartitions, rt.ReplicationFactor = name, 6, 1
		req.Topics = append(req.Topics, rt)
		if code := topics.CreateTopics(t.Context(), nil, req).Topics[0].ErrorCode; code != 0 {
			t.Fatalf("create topic %s: code %d", name, code)
		}
	}
	return l.Addr().String()
}

// TestClientsShareRecords has clients of franz-go come and go in one group while records are produced: nobody misses any, and who
// comes last goes on where the others have stopped.
func TestClientsShareRecords(t *testing.T) {
	for name, opts := range map[string][]kgo.Opt{
		"range":       {kgo.Balancers(kgo.RangeBalancer())},
		"cooperative": {kgo.Balancers(kgo.CooperativeStickyBalancer())},
		"KIP-848":     {kgo.ServerSideBalancer()},
	} {
		t.Run(name, func(t *testing.T) {
			addr := serveGroups(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			producer, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("events"))
			if err != nil {
				t.Fatal(err)
			}
			defer producer.Close()
			h := &readers{t: t, addr: addr, opts: opts, seen: map[string]int{}, got: make(chan struct{}, 1)}
			sent := 0
			produce := func() {
				for range 60 {
					sent++
					if err := producer.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(sent))).FirstErr(); err != nil {
						t.Fatal(err)
					}
				}
			}
			first := h.start(ctx)
			produce()
			h.await(ctx, sent)
			same(t, "kind of group", kindOf(ctx, t, producer, "readers"), map[bool]string{true: "consumer", false: "classic"}[name == "KIP-848"])
			second, third := h.start(ctx), h.start(ctx)
			produce()
			h.await(ctx, sent)
			second()
			produce()
			h.await(ctx, sent)
			first()
			third()
			before := h.total()
			produce()
			last := h.start(ctx)
			h.await(ctx, sent)
			last()
			if again := h.total() - before; again != 60 {
				t.Errorf("who came last read %d records, want 60", again)
			}
		})
	}
}

// kindOf asks for the kind of a group.
func kindOf(ctx context.Context, t *testing.T, cl *kgo.Client, name string) string {
	t.Helper()
	req := kmsg.NewPtrListGroupsRequest()
	req.TypesFilter = []string{"classic", "consumer"}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range resp.Groups {
		if g.Group == name {
			return g.GroupType
		}
	}
	return ""
}

// readers count what members of a group read.
type readers struct {
	t    *testing.T
	addr string
	opts []kgo.Opt

	mu   sync.Mutex
	seen map[string]int
	got  chan struct{}
}

// start adds a member; stop has it commit and leave.
func (h *readers) start(ctx context.Context) (stop func()) {
	h.t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(h.addr), kgo.ConsumerGroup("readers"), kgo.ConsumeTopics("events"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks(), kgo.HeartbeatInterval(100 * time.Millisecond), kgo.BlockRebalanceOnPoll(), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.OnPartitionsRevoked(func(ctx context.Context, cl *kgo.Client, _ map[string][]int32) {
			if err := cl.CommitMarkedOffsets(ctx); err != nil {
				h.t.Errorf("commit what is given away: %v", err)
			}
		}),
	}, h.opts...)...)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			fetches := cl.PollFetches(ctx)
			fetches.EachRecord(func(r *kgo.Record) {
				h.mu.Lock()
				h.seen[string(r.Value)]++
				h.mu.Unlock()
			})
			cl.MarkCommitRecords(fetches.Records()...)
			cl.AllowRebalance()
			select {
			case h.got <- struct{}{}:
			default:
			}
		}
	}()
	return func() {
		cancel()
		<-done
		if err := cl.CommitMarkedOffsets(context.Background()); err != nil {
			h.t.Errorf("commit: %v", err)
		}
		cl.CloseAllowingRebalance()
	}
}

func (h *readers) total() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, times := range h.seen {
		n += times
	}
	return n
}

// await waits until n different records were read.
func (h *readers) await(ctx context.Context, n int) {
	h.t.Helper()
	for {
		h.mu.Lock()
		have := len(h.seen)
		h.mu.Unlock()
		if have == n {
			return
		}
		select {
		case <-h.got:
		case <-ctx.Done():
			h.t.Fatalf("%d of %d records were read", have, n)
		}
	}
}

// TestTransactionsMoveRecordsAndOffsetsTogether copies a topic by transactions of which every other one is aborted: each record is there once.
func TestTransactionsMoveRecordsAndOffsetsTogether(t *testing.T) {
	addr := serveGroups(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	producer, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("events"))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	const sent = 60
	for i := range sent {
		if err := producer.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(i))).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	copied := 0
	for turn := 0; copied < sent; turn++ {
		s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(addr), kgo.TransactionalID("copier"), kgo.ConsumerGroup("copiers"), kgo.ConsumeTopics("events"),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
			kgo.FetchMaxWait(100*time.Millisecond), kgo.DefaultProduceTopic("copies"))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 2 && copied < sent; n++ {
			fetches := s.PollRecords(ctx, 7)
			if err := fetches.Err(); err != nil {
				t.Fatal(err)
			}
			if err := s.Begin(); err != nil {
				t.Fatal(err)
			}
			fetches.EachRecord(func(r *kgo.Record) { s.Produce(ctx, &kgo.Record{Value: r.Value}, nil) })
			committed, err := s.End(ctx, kgo.TransactionEndTry(turn%2 == 0))
			if err != nil {
				t.Fatal(err)
			}
			if committed {
				copied += fetches.NumRecords()
			}
		}
		s.Close()
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("copies"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	seen := map[string]int{}
	for len(seen) < sent {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("%d of %d copies: %v", len(seen), sent, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { seen[string(r.Value)]++ })
	}
	for value, times := range seen {
		if times != 1 {
			t.Errorf("%s was copied %d times", value, times)
		}
	}
}
