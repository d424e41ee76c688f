package broker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/broker"
	"millrace/internal/port"
)

// The test binary runs itself as the process that is killed: with these set it is a broker.
const (
	childDir    = "MILLRACE_TEST_BROKER_DIR"
	childListen = "MILLRACE_TEST_BROKER_LISTEN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := serve(dir, os.Getenv(childListen)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serve(dir, listen string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b, err := broker.Open(broker.Config{Dir: dir, Listen: listen, SegmentBytes: 64 << 10, Logger: log})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return b.Run(context.Background())
}

// child is a broker in a process of its own.
type child struct {
	cmd *exec.Cmd
	err *strings.Builder
}

func startChild(t *testing.T, dir, listen string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), err: &strings.Builder{}}
	c.cmd.Env = append(os.Environ(), childDir+"="+dir, childListen+"="+listen)
	c.cmd.Stderr = c.err
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		c.kill()
		t.Fatalf("the broker did not start: %s", c.err)
	}
	return c
}

// kill ends the process at once, as kill -9 does, and waits for it.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may be gone already
	_ = c.cmd.Wait()         // it was killed: that is no error here
}

func client(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

const killPartitions = 64

// TestKillInTransactions kills the broker in the middle of transactions over many partitions and of
// plain records, again and again, and checks after every restart that transactions are whole, that
// what was acknowledged is there once, and that no offset went back.
func TestKillInTransactions(t *testing.T) {
	rounds := 6
	if n, err := strconv.Atoi(os.Getenv("MILLRACE_KILL_ROUNDS")); err == nil {
		rounds = n
	}
	dir, addr := t.TempDir(), port.Free(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rounds)*20*time.Second)
	defer cancel()
	c := startChild(t, dir, addr)
	adm := kadm.NewClient(client(t, addr))
	for topic, n := range map[string]int32{"txn": killPartitions, "plain": 4} {
		if _, err := adm.CreateTopic(ctx, n, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
	}
	w := &work{addr: addr, acked: map[int]bool{}, refused: map[int]bool{}}
	ends := map[string]int64{}
	for round := range rounds {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { w.transactions(ctx, stop) })
		wg.Go(func() { w.plain(ctx, stop) })
		after := time.NewTimer(time.Duration(150+rand.IntN(400)) * time.Millisecond)
		<-after.C
		c.kill()
		close(stop)
		c = startChild(t, dir, addr)
		wg.Wait()
		w.resolve(t, ctx)
		w.check(t, ctx, ends)
		if t.Failed() {
			t.Fatalf("round %d of %d; the broker said: %s", round+1, rounds, c.err)
		}
	}
	c.kill()
	if len(w.acked) < rounds || w.written < rounds {
		t.Fatalf("too little happened: %d transactions, %d plain records", len(w.acked), w.written)
	}
	t.Logf("%d rounds: %d transactions acknowledged, %d plain records", rounds, len(w.acked), w.written)
}

// work is what the clients of the test have been told.
type work struct {
	addr    string
	next    int          // number of the next transaction
	acked   map[int]bool // commits that were acknowledged
	refused map[int]bool // transactions that were aborted by their owner
	written int          // plain records acknowledged
	sent    int          // plain records sent
}

// transactions commits one after the other, each with one record in every partition, until stop.
func (w *work) transactions(ctx context.Context, stop <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { <-stop; cancel() }()
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.addr), kgo.TransactionalID("job"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return
	}
	defer cl.Close()
	for ctx.Err() == nil {
		n := w.next
		w.next++
		if cl.BeginTransaction() != nil {
			return
		}
		recs := make([]*kgo.Record, killPartitions)
		for p := range recs {
			recs[p] = &kgo.Record{Topic: "txn", Partition: int32(p), Value: strconv.AppendInt(nil, int64(n), 10)}
		}
		if cl.ProduceSync(ctx, recs...).FirstErr() != nil {
			return
		}
		commit := n%5 != 4 // some are aborted on purpose
		if cl.EndTransaction(ctx, kgo.TransactionEndTry(commit)) != nil {
			return
		}
		if commit {
			w.acked[n] = true
		} else {
			w.refused[n] = true
		}
	}
}

// plain writes numbered records through one idempotent producer, which lives through the restart.
func (w *work) plain(ctx context.Context, stop <-chan struct{}) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return
	}
	defer cl.Close()
	for {
		select {
		case <-stop:
			return
		default:
		}
		r := &kgo.Record{Topic: "plain", Partition: int32(w.sent % 4), Value: strconv.AppendInt(nil, int64(w.sent), 10)}
		w.sent++
		if cl.ProduceSync(ctx, r).FirstErr() != nil {
			return
		}
		w.written++
	}
}

// resolve takes the transactional id over, as a restarted job does: that ends what is open.
func (w *work) resolve(t *testing.T, ctx context.Context) {
	t.Helper()
	cl := client(t, w.addr, kgo.TransactionalID("job"))
	if _, _, err := cl.ProducerID(ctx); err != nil {
		t.Fatalf("take over the transactional id: %v", err)
	}
	cl.Close()
}

func (w *work) check(t *testing.T, ctx context.Context, ends map[string]int64) {
	t.Helper()
	seen := map[int]int{}
	for _, v := range w.read(t, ctx, "txn", killPartitions, ends) {
		seen[v]++
	}
	for n := range w.next {
		switch got := seen[n]; {
		case got != 0 && got != killPartitions:
			t.Errorf("transaction %d is torn: %d of %d records", n, got, killPartitions)
		case w.acked[n] && got == 0:
			t.Errorf("transaction %d was acknowledged and is lost", n)
		case w.refused[n] && got != 0:
			t.Errorf("transaction %d was aborted and is there", n)
		}
	}
	seen = map[int]int{}
	for _, v := range w.read(t, ctx, "plain", 4, ends) {
		if seen[v]++; seen[v] > 1 {
			t.Errorf("plain record %d is there twice", v)
		}
	}
	if lost := w.written - len(seen); lost > 0 {
		t.Errorf("%d of %d acknowledged plain records are lost", lost, w.written)
	}
}

// read returns all committed records of a topic, and checks that its partitions have not shrunk.
func (w *work) read(t *testing.T, ctx context.Context, topic string, parts int32, ends map[string]int64) []int {
	t.Helper()
	from := map[int32]kgo.Offset{}
	for p := range parts {
		from[p] = kgo.NewOffset().At(0)
	}
	cl := client(t, w.addr, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	defer cl.Close()
	adm := kadm.NewClient(cl)
	high, err := adm.ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	stable, err := adm.ListCommittedOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	high.Each(func(o kadm.ListedOffset) {
		key := fmt.Sprintf("%s-%d", topic, o.Partition)
		if o.Offset < ends[key] {
			t.Errorf("the end of %s went back from %d to %d", key, ends[key], o.Offset)
		}
		ends[key] = o.Offset
		if s, _ := stable.Lookup(topic, o.Partition); s.Offset != o.Offset {
			t.Errorf("%s: a transaction is still open: stable end %d, end %d", key, s.Offset, o.Offset)
		}
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	var values []int
	for len(left) > 0 {
		fs := cl.PollFetches(ctx)
		if err := errors.Join(fs.Err0(), ctx.Err()); err != nil {
			t.Fatalf("read %s: %v; left %v", topic, err, left)
		}
		fs.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				n, err := strconv.Atoi(string(r.Value))
				if err != nil {
					t.Errorf("record %s-%d@%d reads %q", topic, r.Partition, r.Offset, r.Value)
				}
				values = append(values, n)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return values
}
