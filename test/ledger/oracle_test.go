package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"millrace/connector"
)

// The topics of the pipelines.
const (
	evenTopic   = "ledger.even"
	tumbleTopic = "ledger.tumble"
	hopTopic    = "ledger.hop"
	joinTopic   = "ledger.join"
	topTopic    = "ledger.top"
	firstTopic  = "ledger.first"
	deadTopic   = inTopic + ".dead"
	epochsTopic = "__millrace_epochs"
)

var outTopics = []string{evenTopic, tumbleTopic, hopTopic, joinTopic, topTopic, firstTopic, deadTopic}

// script is the pipeline under test: a filter, two kinds of window, a join, a Top-N and a deduplication.
func script(kafka string) string {
	const sink = `'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '%s'`
	const watermark = `, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND`
	table := func(name, columns, connector, topic, rest string) string {
		return fmt.Sprintf("CREATE TABLE %s (%s) WITH ('connector' = '%s', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', %s);\n",
			name, columns, connector, topic, kafka, rest)
	}
	source := `'properties.isolation.level' = 'read_committed', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json', 'properties.group.id' = '%s'`
	insertInto := func(name, columns, topic string) string {
		return table(name, columns, "kafka", topic, "'format' = 'json', "+fmt.Sprintf(sink, name))
	}
	return "SET 'execution.checkpointing.interval' = '200 ms';\n" +
		table("rows_in", "id BIGINT NOT NULL, k STRING NOT NULL, v BIGINT, ts TIMESTAMP(3) NOT NULL"+watermark, "kafka", inTopic, fmt.Sprintf(source, "ledger")) +
		table("more", "id BIGINT NOT NULL, w BIGINT", "kafka", moreTopic, fmt.Sprintf(source, "ledger-more")) +
		insertInto("even", "id BIGINT, k STRING, v BIGINT, ts TIMESTAMP(3)", evenTopic) +
		insertInto("tumble", "k STRING, s TIMESTAMP(3), n BIGINT, v BIGINT, m BIGINT", tumbleTopic) +
		insertInto("hop", "k STRING, s TIMESTAMP(3), n BIGINT, v BIGINT", hopTopic) +
		insertInto("joined", "id BIGINT, k STRING, w BIGINT", joinTopic) +
		insertInto("firsts", "g BIGINT, id BIGINT, ts TIMESTAMP(3)", firstTopic) +
		table("top", "k STRING, n BIGINT, id BIGINT, v BIGINT, PRIMARY KEY (k, n) NOT ENFORCED", "upsert-kafka", topTopic,
			"'key.format' = 'json', 'value.format' = 'json', "+fmt.Sprintf(sink, "top")) + `
INSERT INTO even SELECT id, k, v, ts FROM rows_in WHERE MOD(v, 2) = 0;
INSERT INTO tumble SELECT k, window_start, COUNT(*), SUM(v), MAX(id)
  FROM TABLE(TUMBLE(TABLE rows_in, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;
INSERT INTO hop SELECT k, window_start, COUNT(*), SUM(v)
  FROM TABLE(HOP(TABLE rows_in, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND)) GROUP BY k, window_start, window_end;
INSERT INTO joined SELECT a.id, a.k, b.w FROM rows_in AS a JOIN more AS b ON a.id = b.id;
INSERT INTO top SELECT k, n, id, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC, id) AS n FROM rows_in) WHERE n <= 3;
INSERT INTO firsts SELECT MOD(v, 300), id, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY MOD(v, 300) ORDER BY ts) AS n FROM rows_in) WHERE n = 1;
`
}

// jobNames are the jobs of the script.
var jobNames = []string{
	"ledger.insert-into_even", "ledger.insert-into_tumble", "ledger.insert-into_hop", "ledger.insert-into_joined",
	"ledger.insert-into_top", "ledger.insert-into_firsts",
}

// answer is what topics hold, as text by topic: each line with how often it is there.
type answer map[string]map[string]int

func (a answer) add(topic, format string, args ...any) {
	if a[topic] == nil {
		a[topic] = map[string]int{}
	}
	a[topic][fmt.Sprintf(format, args...)]++
}

// expect computes from the input, read committed, what the pipelines are to have written at the end: in batch, by maps.
func expect(in, more []record) (answer, error) {
	want := answer{}
	var rows []row
	for _, r := range in {
		id, bad, err := idOf(r.value)
		if err != nil {
			return nil, err
		}
		if bad {
			for _, job := range jobNames { // each reads it, and each says so
				want.add(deadTopic, "bad %d by %s", id, job)
			}
			continue
		}
		var one row
		if err := json.Unmarshal(r.value, &one); err != nil {
			return nil, err
		}
		rows = append(rows, one)
	}
	expectWindows(want, rows)
	expectRanks(want, rows)
	byID := map[int64]row{}
	for _, r := range rows {
		byID[r.ID] = r
		if r.V%2 == 0 {
			want.add(evenTopic, "%d %s %d", r.ID, r.K, r.V)
		}
	}
	for _, m := range more {
		var b struct{ ID, W int64 }
		if err := json.Unmarshal(m.value, &b); err != nil {
			return nil, err
		}
		if r, ok := byID[b.ID]; ok {
			want.add(joinTopic, "%d %s %d", b.ID, r.K, b.W)
		}
	}
	return want, nil
}

func expectWindows(want answer, rows []row) {
	type window struct {
		k     string
		start time.Time
	}
	type sums struct{ n, v, m int64 }
	tumble, hop := map[window]sums{}, map[window]sums{}
	note := func(to map[window]sums, w window, r row) {
		s := to[w]
		to[w] = sums{s.n + 1, s.v + r.V, max(s.m, r.ID)}
	}
	for _, r := range rows {
		if r.V == endValue {
			continue // their windows stay open
		}
		note(tumble, window{r.K, r.TS.Truncate(10 * time.Second)}, r)
		for at := r.TS.Truncate(5 * time.Second); r.TS.Sub(at) < 15*time.Second; at = at.Add(-5 * time.Second) {
			note(hop, window{r.K, at}, r)
		}
	}
	for w, s := range tumble {
		want.add(tumbleTopic, "%s %s %d %d %d", w.k, w.start.Format(stampLayout), s.n, s.v, s.m)
	}
	for w, s := range hop {
		want.add(hopTopic, "%s %s %d %d", w.k, w.start.Format(stampLayout), s.n, s.v)
	}
}

func expectRanks(want answer, rows []row) {
	byKey, first := map[string][]row{}, map[int64]row{}
	for _, r := range rows {
		byKey[r.K] = append(byKey[r.K], r)
		if f, ok := first[r.V%300]; r.V != endValue && (!ok || r.TS.Before(f.TS.Time)) {
			first[r.V%300] = r
		}
	}
	for k, of := range byKey {
		slices.SortFunc(of, func(a, b row) int { return cmp.Or(cmp.Compare(b.V, a.V), cmp.Compare(a.ID, b.ID)) })
		for n, r := range of[:min(3, len(of))] {
			want.add(topTopic, "%s %d: %d %d", k, n+1, r.ID, r.V)
		}
	}
	for g, r := range first { // of two at one time either is the first
		want.add(firstTopic, "%d %s", g, r.TS.Format(stampLayout))
	}
}

// gather reads what the pipelines have written into the same form: a changelog by its last word on each key.
func gather(out map[string][]record) (answer, error) {
	got := answer{}
	read := func(topic string, into any, line func()) error {
		for _, r := range out[topic] {
			if err := json.Unmarshal(r.value, into); err != nil {
				return fmt.Errorf("topic %s, record %q: %w", topic, r.value, err)
			}
			line()
		}
		return nil
	}
	var e row
	var w struct {
		K       string
		S       stamp
		N, V, M int64
	}
	var j struct {
		ID, W int64
		K     string
	}
	var f struct {
		G  int64
		TS stamp
	}
	for _, err := range []error{
		read(evenTopic, &e, func() { got.add(evenTopic, "%d %s %d", e.ID, e.K, e.V) }),
		read(tumbleTopic, &w, func() { got.add(tumbleTopic, "%s %s %d %d %d", w.K, w.S.Format(stampLayout), w.N, w.V, w.M) }),
		read(hopTopic, &w, func() { got.add(hopTopic, "%s %s %d %d", w.K, w.S.Format(stampLayout), w.N, w.V) }),
		read(joinTopic, &j, func() { got.add(joinTopic, "%d %s %d", j.ID, j.K, j.W) }),
		read(firstTopic, &f, func() { got.add(firstTopic, "%d %s", f.G, f.TS.Format(stampLayout)) }),
		gatherTop(got, out[topTopic]),
	} {
		if err != nil {
			return nil, err
		}
	}
	for _, r := range out[deadTopic] {
		by := ""
		for _, h := range r.headers {
			if h.Key == connector.HeaderPipeline {
				by = string(h.Value)
			}
		}
		got.add(deadTopic, "%s by %s", r.value, by)
	}
	return got, nil
}

func gatherTop(got answer, recs []record) error {
	last := map[string][]byte{}
	for _, r := range recs {
		last[string(r.key)] = r.value
	}
	for key, value := range last {
		if len(value) == 0 {
			continue // deleted
		}
		var k struct {
			K string
			N int64
		}
		var v struct{ ID, V int64 }
		if err := json.NewDecoder(bytes.NewReader([]byte(key))).Decode(&k); err != nil {
			return fmt.Errorf("topic %s, key %q: %w", topTopic, key, err)
		}
		if err := json.Unmarshal(value, &v); err != nil {
			return fmt.Errorf("topic %s, record %q: %w", topTopic, value, err)
		}
		got.add(topTopic, "%s %d: %d %d", k.K, k.N, v.ID, v.V)
	}
	return nil
}

// doubled are the lines that are there more often than they are to be, or are not to be there: what never mends. Top-N is
// left out, which changes until the end.
func (a answer) doubled(want answer) (out []string) {
	for _, topic := range outTopics {
		if topic == topTopic {
			continue
		}
		for line, n := range a[topic] {
			if n > want[topic][line] {
				out = append(out, fmt.Sprintf("%s: %q is there %d times, not %d", topic, line, n, want[topic][line]))
			}
		}
	}
	slices.Sort(out)
	return out
}

// differs says what is not the same.
func (a answer) differs(want answer) (out []string) {
	for _, topic := range outTopics {
		for line, n := range want[topic] {
			if got := a[topic][line]; got != n {
				out = append(out, fmt.Sprintf("%s: %q is there %d times, not %d", topic, line, got, n))
			}
		}
		for line, n := range a[topic] {
			if want[topic][line] == 0 {
				out = append(out, fmt.Sprintf("%s: %q is there %d times, not 0", topic, line, n))
			}
		}
	}
	slices.Sort(out)
	return out
}

// epoch is what a job says in its epoch record.
type epoch struct {
	Job      string
	Epoch    int64
	Snapshot string
	Sources  map[string]struct {
		Offset    json.RawMessage
		Watermark int64
	}
}

// judgeEpochs holds I5, I8 and I9: epochs are numbered without a gap, their offsets and watermarks never go back. It
// returns the last of each job.
func judgeEpochs(recs []record, f *findings) (map[string]epoch, error) {
	last := map[string]epoch{}
	for _, r := range recs {
		if len(r.value) == 0 {
			continue
		}
		var e epoch
		if err := json.Unmarshal(r.value, &e); err != nil {
			return nil, fmt.Errorf("epoch record %q: %w", r.value, err)
		}
		before, known := last[e.Job]
		last[e.Job] = e
		if !known {
			continue
		}
		if e.Epoch != before.Epoch+1 {
			f.add("I9: job %s: epoch %d follows %d", e.Job, e.Epoch, before.Epoch)
		}
		for split, s := range before.Sources {
			now, ok := e.Sources[split]
			if !ok || now.Watermark < s.Watermark || offsetOf(now.Offset) < offsetOf(s.Offset) {
				f.add("I5, I8: job %s, epoch %d: split %s was at %s, watermark %d, and is at %s, %d", e.Job, e.Epoch, split, s.Offset, s.Watermark, now.Offset, now.Watermark)
			}
		}
	}
	return last, nil
}

// offsetOf is the offset of a split of Kafka, 0 before the first.
func offsetOf(raw json.RawMessage) (n int64) {
	text := strings.Trim(string(raw), `"`)
	_, _ = fmt.Sscan(text, &n) // "" is the beginning
	return n
}
