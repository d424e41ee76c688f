package bustest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/bus"
	"millrace/fault"
)

func (s *suite) begin(id string) *bus.Transaction {
	s.Helper()
	t, err := s.bus.OpenTransaction(s.ctx, id, bus.TransactionConfig{})
	s.must(err)
	s.Cleanup(t.Close)
	s.must(t.Begin())
	return t
}

func (s *suite) produce(t *bus.Transaction, topic string, values ...string) {
	s.Helper()
	recs := make([]bus.Record, len(values))
	for i, v := range values {
		recs[i] = bus.Record{Topic: topic, Value: []byte(v)}
	}
	s.must(t.Produce(s.ctx, recs))
}

func (s *suite) commit(t *bus.Transaction) {
	s.Helper()
	if o, err := t.Commit(s.ctx); err != nil || o != bus.Committed {
		s.Fatalf("commit: %s, %v", o, err)
	}
}

func (s *suite) transactions() {
	topic := s.topic(1)
	t := s.begin(topic)
	s.produce(t, topic, "a", "b")
	s.must(t.Flush(s.ctx))
	s.produce(t, topic, "c")
	s.commit(t)

	s.must(t.Begin())
	s.produce(t, topic, "x", "y")
	s.must(t.Flush(s.ctx))
	s.must(t.Abort(s.ctx))

	s.append(topic, "d") // not in a transaction

	s.must(t.Begin())
	s.produce(t, topic, "z") // buffered only
	s.must(t.Abort(s.ctx))

	s.must(t.Begin())
	s.commit(t) // empty

	s.must(t.Begin())
	s.produce(t, topic, "e")
	s.commit(t)

	if got := strings.Join(s.read(topic, true, 0), ""); got != "abcde" {
		s.Errorf("committed: %q", got)
	}
	if got := strings.ReplaceAll(strings.Join(s.read(topic, false, 0), ""), "z", ""); got != "abcxyde" {
		s.Errorf("uncommitted: %q", got)
	}
	if err := t.Produce(s.ctx, nil); err == nil {
		s.Error("produce without a transaction")
	}
	if o, err := t.Commit(s.ctx); err == nil || o == bus.Committed {
		s.Errorf("commit without a transaction: %s, %v", o, err)
	}

	// What cannot be written is not committed, and the next one can be.
	s.must(t.Begin())
	s.produce(t, topic, "lost")
	_ = t.Produce(s.ctx, []bus.Record{{Topic: topic, Value: make([]byte, 2<<20)}}) // Commit tells
	if o, err := t.Commit(s.ctx); o != bus.Aborted || !errors.Is(err, fault.Limit) {
		s.Errorf("commit with a record that is too large: %s, %v", o, err)
	}
	s.must(t.Begin())
	s.produce(t, topic, "f")
	s.commit(t)
	if got := strings.Join(s.read(topic, true, 0), ""); got != "abcdef" {
		s.Errorf("committed: %q", got)
	}
}

// transactionHolds: an open transaction holds readers of committed records at its first record, and
// what others write behind it appears when it ends, in the order of offsets.
func (s *suite) transactionHolds() {
	topic := s.topic(1)
	s.append(topic, "a")
	t := s.begin(topic)
	s.produce(t, topic, "b")
	s.must(t.Flush(s.ctx))
	s.append(topic, "c")
	if got := strings.Join(s.read(topic, true, 0), ""); got != "a" {
		s.Errorf("while the transaction is open: %q", got)
	}
	p := s.reader(bus.ReaderConfig{Committed: true}).Add(topic, 0, 1)
	short, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
	defer cancel()
	if f, err := p.Poll(short); err == nil && f.Next() {
		s.Errorf("read %q", f.Raw.Value)
	}
	s.commit(t)
	got := ""
	for len(got) < 2 {
		f, err := p.Poll(s.ctx)
		s.must(err)
		for f.Next() {
			got += string(f.Raw.Value)
		}
	}
	if got != "bc" {
		s.Errorf("after the commit: %q", got)
	}
}

// transactionFencing: who opens an id ends what its old owner had open, and the old owner is told.
func (s *suite) transactionFencing() {
	topic := s.topic(1)
	old := s.begin(topic)
	s.produce(old, topic, "old")
	s.must(old.Flush(s.ctx))
	next := s.begin(topic)
	s.produce(next, topic, "next")
	s.commit(next)
	if o, err := old.Commit(s.ctx); o == bus.Committed || !errors.Is(err, bus.ErrFenced) {
		s.Errorf("commit of the old owner: %s, %v", o, err)
	}
	if got := s.read(topic, true, 0); !slices.Equal(got, []string{"next"}) {
		s.Errorf("committed: %v", got)
	}

	// The old owner also learns of it when it writes.
	s.must(next.Begin())
	s.produce(next, topic, "again")
	s.must(next.Flush(s.ctx))
	last := s.begin(topic)
	s.produce(next, topic, "late")
	if err := next.Flush(s.ctx); !errors.Is(err, bus.ErrFenced) {
		s.Errorf("flush of the old owner: %v", err)
	}
	if o, err := next.Commit(s.ctx); o == bus.Committed || !errors.Is(err, bus.ErrFenced) {
		s.Errorf("commit of the old owner: %s, %v", o, err)
	}
	s.produce(last, topic, "last")
	s.commit(last)
	if got := s.read(topic, true, 0); !slices.Equal(got, []string{"next", "last"}) {
		s.Errorf("committed: %v", got)
	}
}

// randomTransactions mixes several owners, commits, aborts and plain records in one partition. The
// Reader must see what was committed, and what franz-go's own consumer sees, from any offset on.
func (s *suite) randomTransactions() {
	topic := s.topic(1)
	seed := rand.Uint64()
	s.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	owners := make([]*bus.Transaction, 3)
	open := make([][]string, len(owners))
	for i := range owners {
		owners[i] = s.begin(fmt.Sprintf("%s-%d", topic, i))
	}
	committed := map[string]bool{}
	for n := range 300 {
		i, value := rnd.IntN(len(owners)+1), fmt.Sprint(n)
		if i == len(owners) {
			s.append(topic, value)
			committed[value] = true
			continue
		}
		s.produce(owners[i], topic, value)
		s.must(owners[i].Flush(s.ctx))
		open[i] = append(open[i], value)
		switch rnd.IntN(6) {
		case 0:
			s.commit(owners[i])
			for _, v := range open[i] {
				committed[v] = true
			}
		case 1:
			s.must(owners[i].Abort(s.ctx))
		default:
			continue
		}
		open[i] = nil
		s.must(owners[i].Begin())
	}
	for i := range owners {
		s.must(owners[i].Abort(s.ctx))
	}
	var want []string
	for _, v := range s.read(topic, false, 0) {
		if committed[v] {
			want = append(want, v)
		}
	}
	if len(want) != len(committed) {
		s.Fatalf("%d of %d committed records are there", len(want), len(committed))
	}
	if diff := cmp.Diff(want, s.read(topic, true, 0)); diff != "" {
		s.Error(diff)
	}
	end, err := s.bus.EndOffsets(s.ctx, topic)
	s.must(err)
	for range 10 {
		from := rnd.Int64N(end[0])
		if diff := cmp.Diff(s.consume(topic, from, end[0]), s.read(topic, true, from)); diff != "" {
			s.Errorf("from offset %d, franz-go and we differ: %s", from, diff)
		}
	}
}

// consume reads committed records with franz-go's consumer.
func (s *suite) consume(topic string, from, upto int64) []string {
	s.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.bus.Seeds()...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(from)}}))
	s.must(err)
	defer cl.Close()
	var values []string
	for at := from; at < upto; {
		fs := cl.PollFetches(s.ctx)
		s.must(fs.Err0())
		fs.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				values = append(values, string(r.Value))
			}
			at = r.Offset + 1
		})
	}
	return values
}

func (s *suite) latest() {
	topic := s.topic(2)
	if _, found, err := s.bus.LastCommitted(s.ctx, topic, "job"); err != nil || found {
		s.Errorf("in an empty topic: %v, %v", found, err)
	}
	t := s.begin(topic)
	put := func(values ...string) {
		s.Helper()
		for _, v := range values {
			key, value, _ := strings.Cut(v, "=")
			r := bus.Record{Topic: topic, Key: []byte(key), Value: []byte(value)}
			if value == "" {
				r.Value = nil
			}
			s.must(t.Produce(s.ctx, []bus.Record{r}))
		}
	}
	put("job=1", "other=1", "gone=1")
	s.commit(t)
	s.must(t.Begin())
	put("job=2", "gone=")
	s.commit(t)
	s.must(t.Begin())
	put("job=3", "other=3", "gone=3")
	s.must(t.Flush(s.ctx))
	s.must(t.Abort(s.ctx))
	last, found, err := s.bus.LastCommitted(s.ctx, topic, "job")
	s.must(err)
	if !found || string(last.Value) != "2" {
		s.Errorf("last of job: %v %q", found, last.Value)
	}
	all, err := s.bus.ReadLatest(s.ctx, topic)
	s.must(err)
	got := map[string]string{}
	for k, v := range all {
		got[k] = string(v.Value)
	}
	if diff := cmp.Diff(map[string]string{"job": "2", "other": "1"}, got); diff != "" {
		s.Error(diff)
	}

	// What is open is waited for: it may be committed by the time that we read.
	s.must(t.Begin())
	put("job=4")
	s.must(t.Flush(s.ctx))
	read := make(chan string, 1)
	go func() {
		last, _, err := s.bus.LastCommitted(s.ctx, topic, "job")
		read <- fmt.Sprintf("%s %v", last.Value, err)
	}()
	s.commit(t)
	if got := <-read; got != "4 <nil>" && got != "2 <nil>" {
		s.Errorf("read around a commit: %s", got)
	}
	if _, _, err := s.bus.LastCommitted(s.ctx, topic+"-none", "job"); !errors.Is(err, fault.NotFound) {
		s.Errorf("in no topic: %v", err)
	}
}
