package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The topics of benchPeers: all records, and the first tenth of them, on which each peer is checked and warmed up and
// the slow ones are measured.
const (
	peersTopic      = "peers.raw"
	peersSmallTopic = "peers.raw.small"
	peersPartitions = 4
	peersWindow     = 10_000 // ms
)

// tally sums up the rows of an output whatever their order, so that outputs can be compared.
type tally struct {
	rows  int64
	names uint64  // sum of hashes of what must be equal
	sum   float64 // of what may differ in the last digit
}

func (t *tally) add(sum float64, names ...any) {
	h := fnv.New64a()
	fmt.Fprintln(h, names...)
	t.rows++
	t.names += h.Sum64()
	t.sum += sum
}

// differs says how the output of a peer is another one than it should be.
func (t tally) differs(want tally) error {
	const tolerance = 1e-9
	if t.rows != want.rows || t.names != want.names || math.Abs(t.sum-want.sum) > tolerance*math.Abs(want.sum) {
		return fmt.Errorf("the output has %d rows with checksum %016x and sum %f, want %d, %016x and %f", t.rows, t.names, t.sum, want.rows, want.names, want.sum)
	}
	return nil
}

// reading is a row of both outputs, as peers write it. Times are text as Flink writes it or milliseconds.
type reading struct {
	ID          string          `json:"id"`
	C           float64         `json:"c"`
	EventTime   json.RawMessage `json:"event_time"`
	WindowStart json.RawMessage `json:"window_start"`
	Count       int64           `json:"cnt"`
	Avg         float64         `json:"a"`
	Min         float64         `json:"lo"`
	Max         float64         `json:"hi"`
}

// lastID begins the names of the records that let the windows before them close. Their own windows do not count: what
// becomes of a window at the end of a topic is up to each peer.
const lastID = "end-"

// count adds a row of an output.
func (t *tally) count(value []byte) error {
	var r reading
	if err := json.Unmarshal(value, &r); err != nil {
		return fmt.Errorf("output %q: %w", value, err)
	}
	if strings.HasPrefix(r.ID, lastID) {
		return nil
	}
	text, sums := r.EventTime, r.C
	if text == nil {
		text, sums = r.WindowStart, r.Avg+r.Min+r.Max
	}
	at, err := millis(text)
	if err != nil {
		return fmt.Errorf("output %q: %w", value, err)
	}
	t.add(sums, r.ID, at, r.Count)
	return nil
}

func millis(text json.RawMessage) (int64, error) {
	var ms int64
	if json.Unmarshal(text, &ms) == nil {
		return ms, nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return 0, err
	}
	at, err := time.Parse("2006-01-02 15:04:05", s)
	return at.UnixMilli(), err
}

// expected is what each workload must give, worked out from the records as they are made.
type expected struct {
	filtered, windows tally
	open              map[paneOf]*paneSums
}

type paneOf struct {
	id    string
	start int64
}

type paneSums struct {
	count       int64
	sum, lo, hi float64
}

func newExpected() *expected { return &expected{open: map[paneOf]*paneSums{}} }

func (e *expected) take(id string, temperature float64, at int64) {
	if temperature <= 40 {
		return
	}
	c := (temperature - 32) * 5 / 9
	e.filtered.add(c, id, at, 0)
	key := paneOf{id, at - at%peersWindow}
	p := e.open[key]
	if p == nil {
		p = &paneSums{lo: c, hi: c}
		e.open[key] = p
	}
	p.count++
	p.sum += c
	p.lo, p.hi = min(p.lo, c), max(p.hi, c)
}

func (e *expected) close() {
	for k, p := range e.open {
		e.windows.add(p.sum/float64(p.count)+p.lo+p.hi, k.id, k.start, p.count)
	}
	e.open = nil
}

// fillPeers produces the records: as those of fill, but with their id as key, so that a key is in one partition in the
// order of time and Kafka Streams needs no topic in between. At the end of each partition is a record an hour later.
func fillPeers(ctx context.Context, cl *kgo.Client, records int) (small *expected, bytes int64, err error) {
	for _, topic := range []string{peersTopic, peersSmallTopic} {
		if err := createTopic(ctx, cl, topic, peersPartitions); err != nil {
			return nil, 0, err
		}
	}
	small = newExpected()
	rng := rand.New(rand.NewPCG(1, 2))
	began := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	var failed error
	send := func(topic string, partition int, id string, value []byte) {
		cl.Produce(ctx, &kgo.Record{Topic: topic, Partition: int32(partition), Key: []byte(id), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil && failed == nil {
				failed = err // one goroutine calls it
			}
		})
	}
	for i := range records {
		key := rng.IntN(benchKeys)
		id, at := fmt.Sprintf("s%05d", key), began.Add(time.Duration(i)*time.Millisecond)
		// The reader sees the temperature as it is written.
		temperature := math.Round((30+rng.Float64()*70)*10) / 10
		v := peerRecord(id, temperature, rng.IntN(100), rng.Float64()*10, at, key%8)
		bytes += int64(len(v))
		send(peersTopic, key%peersPartitions, id, v)
		if i < records/smallShare {
			small.take(id, temperature, at.UnixMilli())
			send(peersSmallTopic, key%peersPartitions, id, v)
		}
	}
	for p := range peersPartitions {
		id, at := fmt.Sprintf("%s%d", lastID, p), began.Add(time.Duration(records)*time.Millisecond+time.Hour)
		v := peerRecord(id, 50, 50, 5, at, p)
		send(peersTopic, p, id, v)
		send(peersSmallTopic, p, id, v)
	}
	small.close()
	return small, bytes, errors.Join(cl.Flush(ctx), failed)
}

// smallShare is which part of the records the small topic has.
const smallShare = 10

func peerRecord(id string, temperature float64, humidity int, value float64, at time.Time, hall int) []byte {
	return fmt.Appendf(nil, `{"id": %q, "temperature": %.1f, "humidity": %d, "value": %.3f, "event_time": "%s", "site": "hall-%d"}`,
		id, temperature, humidity, value, at.Format("2006-01-02 15:04:05.000"), hall)
}

// tallyTopic reads all that a topic has.
func tallyTopic(ctx context.Context, addr, topic string) (t tally, err error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return t, err
	}
	defer cl.Close()
	ends, err := topicEnds(ctx, cl, topic)
	if err != nil {
		return t, err
	}
	from := map[int32]kgo.Offset{}
	for p, end := range ends {
		if end > 0 {
			from[p] = kgo.NewOffset().AtStart()
		}
	}
	in, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	if err != nil {
		return t, err
	}
	defer in.Close()
	for len(from) > 0 {
		found := in.PollFetches(ctx)
		if err := found.Err(); err != nil {
			return t, err
		}
		found.EachRecord(func(r *kgo.Record) {
			if bad := t.count(r.Value); bad != nil {
				err = bad
			}
			if r.Offset+1 == ends[r.Partition] {
				delete(from, r.Partition)
			}
		})
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

// topicEnds are the offsets after the last records, by partition.
func topicEnds(ctx context.Context, cl *kgo.Client, topic string) (map[int32]int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	one := kmsg.NewListOffsetsRequestTopic()
	one.Topic = topic
	for p := range peersPartitions {
		part := kmsg.NewListOffsetsRequestTopicPartition()
		part.Partition, part.Timestamp = int32(p), -1
		one.Partitions = append(one.Partitions, part)
	}
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return nil, fmt.Errorf("list the ends of %s: %w", topic, err)
	}
	ends := map[int32]int64{}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return nil, fmt.Errorf("list the end of %s-%d: error code %d", topic, p.Partition, p.ErrorCode)
			}
			ends[p.Partition] = p.Offset
		}
	}
	return ends, nil
}
