package sources

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ledger reads a topic of the platform as any Kafka client does, committed records only, through its restarts, and
// counts how often each record is there.
type ledger struct {
	t      *testing.T
	topic  string
	client *kgo.Client
	number func(*kgo.Record) (int, error)
	upto   map[int32]int64 // behind what was read, by partition
	seen   map[int]int     // by the record's number
	total  int
}

func openLedger(t *testing.T, p *platform, topic string, number func(*kgo.Record) (int, error)) *ledger {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(p.kafka), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.UnknownTopicRetries(-1),
		kgo.MetadataMinAge(100*time.Millisecond), kgo.MetadataMaxAge(time.Second), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &ledger{t: t, topic: topic, client: client, number: number, upto: map[int32]int64{}, seen: map[int]int{}}
}

// numbered reads the number of a record from its field id.
func numbered(r *kgo.Record) (int, error) {
	var v struct{ ID json.RawMessage }
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return 0, err
	}
	text := string(v.ID)
	if s, err := strconv.Unquote(text); err == nil {
		text = s
	}
	return strconv.Atoi(text)
}

// read takes what there is, and waits a moment if there is none.
func (l *ledger) read() {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	l.client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
		l.upto[r.Partition] = r.Offset + 1
		if r.Attrs.IsControl() {
			return
		}
		l.total++
		id, err := l.number(r)
		if err != nil {
			l.t.Fatalf("topic %s: record %.200q: %v", l.topic, r.Value, err)
		}
		l.seen[id]++
	})
}

// await reads until n different records were seen, or fails once the publisher has failed or nothing came for long.
func (l *ledger) await(n int, failed func() error) {
	l.t.Helper()
	before := 0
	for deadline := time.Now().Add(settle); len(l.seen) < n; {
		if l.read(); len(l.seen) > before {
			before, deadline = len(l.seen), time.Now().Add(settle)
		}
		if err := failed(); err != nil {
			l.t.Fatal(err)
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("topic %s: %d different records and none for %s, want %d; missing: %v", l.topic, len(l.seen), settle, n, l.missing(n))
		}
	}
}

// missing are the first numbers below upto that were not seen.
func (l *ledger) missing(upto int) (out []int) {
	for id := range upto {
		if l.seen[id] == 0 {
			if out = append(out, id); len(out) == 10 {
				break
			}
		}
	}
	return out
}

// finish reads to the end of the topic as it is now.
func (l *ledger) finish() {
	l.t.Helper()
	deadline := time.Now().Add(settle)
	for {
		ends, err := kadm.NewClient(l.client).ListCommittedOffsets(context.Background(), l.topic)
		if err == nil {
			err = ends.Error()
		}
		behind := false
		ends.Each(func(o kadm.ListedOffset) { behind = behind || o.Offset > l.upto[o.Partition] })
		if err == nil && !behind {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("topic %s: not at its end after %s: %v", l.topic, settle, err)
		}
		l.read()
	}
}

// settle wants each of n records to be there, and returns how many are there more than once.
func (l *ledger) settle(n int) (doubled int) {
	l.t.Helper()
	l.finish()
	if lost := l.missing(n); len(lost) > 0 {
		l.t.Errorf("topic %s: %d different records, want %d; missing: %v", l.topic, len(l.seen), n, lost)
	}
	for id, times := range l.seen {
		if id < 0 || id >= n {
			l.t.Errorf("topic %s: record %d was never sent", l.topic, id)
		}
		doubled += times - 1
	}
	return doubled
}

// line is the record of a number.
func line(id int) string {
	return fmt.Sprintf(`{"id":%d,"device":"d%02d","temperature":%d.%d,"note":"a reading of some length, as they come"}`, id, id%40, 15+id%20, id%10)
}

// lines are the records of some numbers, each with its end.
func lines(from, upto int) string {
	var b []byte
	for id := from; id < upto; id++ {
		b = append(append(b, line(id)...), '\n')
	}
	return string(b)
}
