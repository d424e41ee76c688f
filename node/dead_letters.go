package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/api"
	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
)

// deadLetters gives access to the topics of records that could not be read. A replay of all notes how far it
// has come in positionTopic, in the transaction of the records that it sends, so that none is sent twice.
type deadLetters struct {
	bus   *bus.Bus
	pipes *pipelines
}

// headerReplayed says which dead letter a replayed record was.
const headerReplayed = "millrace.replayed"

const (
	reasonsOf   = 1000 // dead letters that are looked at for their reasons
	countUpto   = 20_000
	replayBatch = 1000
)

// names are the topics of dead letters that there are.
func (d deadLetters) names(ctx context.Context) ([]bus.Topic, error) {
	topics, err := d.bus.Topics(ctx)
	if err != nil {
		return nil, err
	}
	other := d.pipes.deadTopics()
	return slices.DeleteFunc(topics, func(t bus.Topic) bool {
		return !strings.HasSuffix(t.Name, connector.DeadSuffix) && !other[t.Name]
	}), nil
}

// deadTopics are the topics that pipelines send dead letters to.
func (p *pipelines) deadTopics() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]bool{}
	for _, one := range p.list {
		for _, o := range one.catalog.List() {
			for topic := range strings.SplitSeq(o.Options["topic"], ";") {
				out[strings.ReplaceAll(one.DeadLetters, "{topic}", topic)] = true
			}
		}
	}
	return out
}

// Topics implements api.DeadLetters.
func (d deadLetters) Topics(ctx context.Context) ([]api.DeadLetterTopic, error) {
	names, err := d.names(ctx)
	if err != nil {
		return nil, err
	}
	out := []api.DeadLetterTopic{}
	for _, t := range names {
		one, err := d.topic(ctx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (d deadLetters) topic(ctx context.Context, t bus.Topic) (api.DeadLetterTopic, error) {
	one := api.DeadLetterTopic{Topic: t.Name, Origin: strings.TrimSuffix(t.Name, connector.DeadSuffix), Records: t.Records()}
	recs, err := d.bus.Last(ctx, t.Name, reasonsOf)
	if err != nil {
		return one, err
	}
	sortByAge(recs)
	if len(recs) < reasonsOf { // offsets also count the ends of transactions
		one.Records = int64(len(recs))
	}
	counts := map[string]int64{}
	for i, r := range recs {
		if i >= reasonsOf {
			break
		}
		counts[headerOf(&r, connector.HeaderError)]++
		if origin := headerOf(&r, connector.HeaderTopic); i == 0 && origin != "" {
			one.Origin = origin
		}
	}
	if len(recs) > 0 {
		one.NewestAt = &recs[0].Timestamp
	}
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		one.Reasons = append(one.Reasons, api.DeadLetterReason{Reason: reason, Count: counts[reason]})
	}
	slices.SortStableFunc(one.Reasons, func(a, b api.DeadLetterReason) int { return int(b.Count - a.Count) })
	one.Pending, err = d.pending(ctx, t)
	return one, err
}

// pending counts the records behind the last replay of all; from countUpto on it is an estimate by offsets.
func (d deadLetters) pending(ctx context.Context, t bus.Topic) (int64, error) {
	from, err := d.replayed(ctx, t.Name)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, p := range t.Partitions {
		n += max(0, p.End-max(p.Start, from[p.ID]))
	}
	if n > countUpto {
		return n, nil
	}
	n = 0
	err = d.bus.Each(ctx, t.Name, from, func(bus.Record) error { n++; return nil })
	return n, err
}

func headerOf(r *bus.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// sortByAge puts the newest first.
func sortByAge(recs []bus.Record) {
	slices.SortStableFunc(recs, func(a, b bus.Record) int {
		if c := b.Timestamp.Compare(a.Timestamp); c != 0 {
			return c
		}
		return int(b.Offset - a.Offset)
	})
}

func replayKey(topic string) string { return "replay/" + topic }

// replayed is how far replays of all have come.
func (d deadLetters) replayed(ctx context.Context, topic string) (map[int32]int64, error) {
	last, found, err := d.bus.LastCommitted(ctx, positionTopic, replayKey(topic))
	if err != nil && !errors.Is(err, fault.NotFound) {
		return nil, err
	}
	at := map[int32]int64{}
	if found {
		if err := json.Unmarshal(last.Value, &at); err != nil {
			return nil, fault.New(fault.Corrupt, "read how far %s was replayed: %w", topic, err)
		}
	}
	return at, nil
}

// Records implements api.DeadLetters. The position is the offset before which to go on, of each partition.
func (d deadLetters) Records(ctx context.Context, topic, before string, limit int) ([]api.DeadLetter, string, error) {
	if err := d.known(ctx, topic); err != nil {
		return nil, "", err
	}
	at, err := parsePlace(before)
	if err != nil {
		return nil, "", err
	}
	recs, err := d.bus.LastBefore(ctx, topic, at, limit)
	if err != nil {
		return nil, "", err
	}
	done, err := d.replayed(ctx, topic)
	if err != nil {
		return nil, "", err
	}
	sortByAge(recs)
	more := len(recs) > limit
	var out []api.DeadLetter
	for i := range recs[:min(limit, len(recs))] {
		r := &recs[i]
		one := api.DeadLetter{Record: apiRecord(r), Replayed: r.Offset < done[r.Partition]}
		out = append(out, one)
		at[r.Partition] = r.Offset
	}
	if len(out) == limit && !more {
		older, err := d.bus.LastBefore(ctx, topic, at, 1)
		if err != nil {
			return nil, "", err
		}
		more = len(older) > 0
	}
	if !more {
		return out, "", nil
	}
	return out, placeText(at), nil
}

func (d deadLetters) known(ctx context.Context, topic string) error {
	names, err := d.names(ctx)
	if err != nil {
		return err
	}
	var all []string
	for _, t := range names {
		if t.Name == topic {
			return nil
		}
		all = append(all, t.Name)
	}
	return fault.New(fault.NotFound, "there is no topic %q of dead letters", topic).WithHint("there are: %s", strings.Join(all, ", "))
}

// placeText is a place in a topic as text: "0-12.1-5".
func placeText(at map[int32]int64) string {
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(at)) {
		parts = append(parts, fmt.Sprintf("%d-%d", id, at[id]))
	}
	return strings.Join(parts, ".")
}

func parsePlace(text string) (map[int32]int64, error) {
	at := map[int32]int64{}
	if text == "" {
		return at, nil
	}
	for part := range strings.SplitSeq(text, ".") {
		id, offset, ok := strings.Cut(part, "-")
		p, err := strconv.ParseInt(id, 10, 32)
		o, err2 := strconv.ParseInt(offset, 10, 64)
		if !ok || err != nil || err2 != nil || p < 0 || o < 0 {
			return nil, fault.New(fault.Invalid, "position %q is none", text).WithHint("give the next of an earlier answer")
		}
		at[int32(p)] = o
	}
	return at, nil
}

// Replay implements api.DeadLetters.
func (d deadLetters) Replay(ctx context.Context, topic string, r api.Replay) (api.Replayed, error) {
	if err := d.known(ctx, topic); err != nil {
		return api.Replayed{}, err
	}
	run := &replay{deadLetters: d, topic: topic, dry: r.DryRun, partitions: map[string]int{}, to: map[string]bool{}}
	if !r.All {
		return run.some(ctx, r.Records)
	}
	return run.all(ctx)
}

// replay is one Replay under way.
type replay struct {
	deadLetters
	topic      string
	dry        bool
	partitions map[string]int // of topics to send to
	to         map[string]bool
	result     api.Replayed
	batch      []bus.Record
	upto       map[int32]int64
	txn        *bus.Transaction
}

// all sends what is behind the last replay of all.
func (r *replay) all(ctx context.Context) (api.Replayed, error) {
	if !r.dry {
		if err := ensurePositions(ctx, r.bus); err != nil {
			return r.result, err
		}
		// Two replays of a topic at a time: the later one fences the earlier.
		txn, err := r.bus.OpenTransaction(ctx, "millrace-replay-"+r.topic, bus.TransactionConfig{Timeout: time.Minute})
		if err != nil {
			return r.result, err
		}
		defer txn.Close()
		r.txn = txn
	}
	var err error
	if r.upto, err = r.replayed(ctx, r.topic); err != nil {
		return r.result, err
	}
	from := maps.Clone(r.upto)
	err = r.bus.Each(ctx, r.topic, from, func(rec bus.Record) error {
		if err := r.add(ctx, &rec); err != nil {
			return err
		}
		r.upto[rec.Partition] = rec.Offset + 1
		if len(r.batch) < replayBatch {
			return nil
		}
		return r.send(ctx)
	})
	if err == nil {
		err = r.send(ctx)
	}
	return r.done(), err
}

func (r *replay) done() api.Replayed {
	r.result.To = slices.Sorted(maps.Keys(r.to))
	return r.result
}

// add takes a dead letter in, to be sent where it came from.
func (r *replay) add(ctx context.Context, rec *bus.Record) error {
	topic := headerOf(rec, connector.HeaderTopic)
	if topic == "" {
		r.result.Skipped++
		return nil
	}
	if _, ok := r.partitions[topic]; !ok {
		parts, err := r.bus.Partitions(ctx, topic)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		r.partitions[topic] = len(parts)
	}
	if r.partitions[topic] == 0 {
		r.result.Skipped++
		return nil
	}
	out := bus.Record{Topic: topic, Key: rec.Key, Value: rec.Value}
	for _, h := range rec.Headers {
		if !strings.HasPrefix(h.Key, "millrace.") {
			out.Headers = append(out.Headers, h)
		}
	}
	out.Headers = append(out.Headers, bus.Header{Key: headerReplayed, Value: fmt.Appendf(nil, "%s/%d/%d", rec.Topic, rec.Partition, rec.Offset)})
	if p, err := strconv.Atoi(headerOf(rec, connector.HeaderPartition)); err == nil && p >= 0 && p < r.partitions[topic] {
		bus.ToPartition(&out, int32(p))
	}
	r.batch = append(r.batch, out)
	r.to[topic] = true
	r.result.Replayed++
	return nil
}

// send commits what was added and how far it came.
func (r *replay) send(ctx context.Context) error {
	if r.dry || len(r.batch) == 0 {
		r.batch = r.batch[:0]
		return nil
	}
	text, err := json.Marshal(r.upto)
	if err != nil {
		return err
	}
	recs := append(r.batch, bus.Record{Topic: positionTopic, Key: []byte(replayKey(r.topic)), Value: text})
	if err := commit(ctx, r.txn, recs); err != nil {
		return fmt.Errorf("replay dead letters of %s: %w", r.topic, err)
	}
	r.batch = nil
	return nil
}

// some sends the named dead letters again, whether they were sent before or not.
func (r *replay) some(ctx context.Context, records []api.RecordAt) (api.Replayed, error) {
	for _, at := range records {
		recs, err := r.bus.LastBefore(ctx, r.topic, map[int32]int64{at.Partition: at.Offset + 1}, 1)
		if err != nil {
			return r.result, err
		}
		i := slices.IndexFunc(recs, func(rec bus.Record) bool { return rec.Partition == at.Partition && rec.Offset == at.Offset })
		if i < 0 {
			r.result.Skipped++
			continue
		}
		if err := r.add(ctx, &recs[i]); err != nil {
			return r.result, err
		}
	}
	if r.dry || len(r.batch) == 0 {
		return r.done(), nil
	}
	return r.done(), r.bus.Append(ctx, r.batch)
}
