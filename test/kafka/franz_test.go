package kafka

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// franz is franz-go; its process is this test binary.
func franz() client {
	return client{
		name: "franz-go",
		command: func(t *testing.T) []string {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			return []string{self, franzArg}
		},
		codecs: []string{"", "gzip", "snappy", "lz4", "zstd"},
		groups: [][2]string{{"classic", "cooperative"}, {"classic", "range"}, {"consumer", ""}},
	}
}

// franzRole is a running process of franz-go.
type franzRole struct {
	settings
	mu    sync.Mutex // guards out, held
	out   *json.Encoder
	held  map[int]bool
	ended context.Context // when the test closes our input or says something
}

// playFranz is the process of a role; it returns the exit status.
func playFranz(role, text string) int {
	r := &franzRole{out: json.NewEncoder(os.Stdout), held: map[int]bool{}}
	if err := json.Unmarshal([]byte(text), &r.settings); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, stop := context.WithCancel(context.Background())
	r.ended = ctx
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		stop()
	}()
	play := map[string]func() error{"produce": r.produce, "consume": r.consume, "transact": r.transact, "hold": r.hold, "relay": r.relay}[role]
	if play == nil {
		fmt.Fprintf(os.Stderr, "no role %q\n", role)
		return 2
	}
	if err := play(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
		return 1
	}
	return 0
}

// say writes an event; its fields are those of type event, by their names in JSON.
func (r *franzRole) say(kind string, what map[string]any) {
	line := map[string]any{"kind": kind}
	maps.Copy(line, what)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Encode(line); err != nil {
		panic(err) // the test has gone
	}
}

func (r *franzRole) producing(more ...kgo.Opt) []kgo.Opt {
	codec := map[string]kgo.CompressionCodec{
		"": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[r.Codec]
	return append([]kgo.Opt{
		kgo.SeedBrokers(r.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec),
		kgo.ProducerLinger(5 * time.Millisecond), kgo.RecordDeliveryTimeout(time.Minute),
	}, more...)
}

func (r *franzRole) send(cl *kgo.Client, id int) {
	rec := &kgo.Record{
		Topic: r.Topic, Partition: int32(id % r.Partitions), Key: fmt.Appendf(nil, "k%d", id%17),
		Value:   fmt.Appendf(nil, `{"id": %d, "pad": %q}`, id, strings.Repeat("x", 64)),
		Headers: []kgo.RecordHeader{{Key: "from", Value: []byte("franz-go")}},
	}
	cl.Produce(context.Background(), rec, func(rec *kgo.Record, err error) {
		switch {
		case err == nil:
			r.say("sent", map[string]any{"id": id, "outcome": ok, "partition": rec.Partition, "offset": rec.Offset})
		case errors.As(err, new(*kerr.Error)):
			r.say("sent", map[string]any{"id": id, "outcome": failed, "error": err.Error()})
		default: // no answer
			r.say("sent", map[string]any{"id": id, "outcome": unknown, "error": err.Error()})
		}
	})
}

func (r *franzRole) produce() error {
	cl, err := kgo.NewClient(r.producing()...)
	if err != nil {
		return err
	}
	defer cl.Close()
	for id := r.First; id < r.First+r.Count; id++ {
		r.send(cl, id)
	}
	return cl.Flush(context.Background())
}

// hears tells each change of what is assigned.
func (r *franzRole) hears(lost bool) func(context.Context, *kgo.Client, map[string][]int32) {
	return func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
		for _, p := range parts[r.Topic] {
			r.held[int(p)] = !lost
		}
		now := []int{}
		for p, held := range r.held {
			if held {
				now = append(now, p)
			}
		}
		slices.Sort(now)
		r.say("assigned", map[string]any{"partitions": now})
	}
}

func (r *franzRole) consuming() []kgo.Opt {
	opts := []kgo.Opt{
		kgo.SeedBrokers(r.Addr), kgo.ConsumerGroup(r.Group), kgo.ConsumeTopics(r.Topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(200 * time.Millisecond),
		kgo.OnPartitionsAssigned(r.hears(false)), kgo.OnPartitionsRevoked(r.hears(true)), kgo.OnPartitionsLost(r.hears(true)),
	}
	if r.Isolation != "read_uncommitted" {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	switch {
	case r.Protocol == "consumer":
		opts = append(opts, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
	case r.Assignor == "range":
		opts = append(opts, kgo.Balancers(kgo.RangeBalancer()))
	}
	if r.Protocol == "classic" {
		opts = append(opts, kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(500*time.Millisecond))
	}
	return opts
}

func (r *franzRole) consume() error {
	cl, err := kgo.NewClient(r.consuming()...)
	if err != nil {
		return err
	}
	defer cl.Close() // leaves the group
	committed := 0
	for {
		found := cl.PollFetches(r.ended)
		if r.ended.Err() != nil {
			return nil
		}
		if err := found.Err(); err != nil {
			return err
		}
		for _, rec := range found.Records() {
			if err := r.got(rec); err != nil {
				return err
			}
		}
		if n := found.NumRecords(); n > 0 {
			if err := cl.CommitUncommittedOffsets(context.Background()); err != nil {
				return err
			}
			committed += n
			r.say("committed", map[string]any{"records": committed})
		}
	}
}

func (r *franzRole) got(rec *kgo.Record) error {
	id, err := idOf(rec)
	if err != nil {
		return err
	}
	r.say("got", map[string]any{
		"id": id, "key": string(rec.Key), "header": string(rec.Headers[0].Value), "partition": rec.Partition, "offset": rec.Offset,
	})
	return nil
}

func idOf(rec *kgo.Record) (int, error) {
	var v struct {
		ID  *int
		Pad string
	}
	if err := json.Unmarshal(rec.Value, &v); err != nil {
		return 0, fmt.Errorf("record at %d, %d: %w in %q", rec.Partition, rec.Offset, err, rec.Value)
	}
	if v.ID == nil {
		return 0, fmt.Errorf("record at %d, %d: no id in %q", rec.Partition, rec.Offset, rec.Value)
	}
	return *v.ID, nil
}

func (r *franzRole) transact() error {
	cl, err := kgo.NewClient(r.producing(kgo.TransactionalID(r.TxID))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx := context.Background()
	for n := range r.Count / r.Size {
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		first := r.First + n*r.Size
		for id := first; id < first+r.Size; id++ {
			r.send(cl, id)
		}
		if err := cl.Flush(ctx); err != nil {
			return err
		}
		commit := (n+1)%r.AbortEvery != 0
		if err := cl.EndTransaction(ctx, kgo.TransactionEndTry(commit)); err != nil {
			return err
		}
		outcome := map[bool]string{true: "committed", false: "aborted"}[commit]
		r.say("transaction", map[string]any{"first": first, "last": first + r.Size - 1, "outcome": outcome})
	}
	return nil
}

func (r *franzRole) hold() error {
	cl, err := kgo.NewClient(r.producing(kgo.TransactionalID(r.TxID))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	for id := r.First; id < r.First+r.Count; id++ {
		r.send(cl, id)
	}
	if err := cl.Flush(context.Background()); err != nil {
		return err
	}
	r.say("ready", nil)
	<-r.ended.Done()
	outcome, why := "committed", ""
	if err := cl.EndTransaction(context.Background(), kgo.TryCommit); err != nil {
		outcome, why = "failed", err.Error()
		if errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.ProducerFenced) {
			outcome = "fenced"
		}
	}
	r.say("transaction", map[string]any{"first": r.First, "last": r.First + r.Count - 1, "outcome": outcome, "error": why})
	return nil
}

func (r *franzRole) relay() error {
	s, err := kgo.NewGroupTransactSession(append(r.consuming(), r.producing(
		kgo.TransactionalID(r.TxID), kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)...)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		found := s.PollFetches(r.ended)
		if r.ended.Err() != nil {
			return nil
		}
		if err := found.Err(); err != nil {
			return err
		}
		if found.Empty() {
			continue
		}
		if err := s.Begin(); err != nil {
			return err
		}
		for _, rec := range found.Records() {
			s.Produce(context.Background(), &kgo.Record{Topic: r.Out, Partition: rec.Partition, Key: rec.Key, Value: rec.Value, Headers: rec.Headers}, nil)
		}
		committed, err := s.End(context.Background(), kgo.TryCommit)
		if err != nil {
			return err
		}
		if committed {
			r.say("relayed", map[string]any{"records": found.NumRecords()})
		}
	}
}
