package flink

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const moveScript = `
CREATE TABLE readings (id STRING, n BIGINT, event_time TIMESTAMP(3), WATERMARK FOR event_time AS event_time - INTERVAL '2' SECOND) WITH (
  'connector' = 'kafka', 'topic' = 'move.in', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
CREATE TABLE tumbled (id STRING, window_end TIMESTAMP(3), n BIGINT, s BIGINT) WITH (
  'connector' = 'kafka', 'topic' = 'move.tumbled', 'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'move-tumbled');
CREATE TABLE hopped (id STRING, window_start TIMESTAMP(3), n BIGINT, s BIGINT) WITH (
  'connector' = 'kafka', 'topic' = 'move.hopped', 'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'move-hopped');
CREATE TABLE passed (id STRING, n BIGINT) WITH (
  'connector' = 'kafka', 'topic' = 'move.passed', 'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'move-passed');
SET 'execution.checkpointing.interval' = '1 s';
INSERT INTO tumbled SELECT id, window_end, COUNT(*), SUM(n) FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(event_time), INTERVAL '10' SECOND)) GROUP BY id, window_start, window_end;
INSERT INTO hopped SELECT id, window_start, COUNT(*), SUM(n) FROM TABLE(HOP(TABLE readings, DESCRIPTOR(event_time), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) GROUP BY id, window_start, window_end;
INSERT INTO passed SELECT id, n * 2 FROM readings WHERE MOD(n, 3) <> 0;
`

// reading is a record that was sent.
type reading struct {
	id string
	n  int64
	at time.Time
}

// river sends readings to both partitions of a topic until it is told to end, and keeps what it has sent.
type river struct {
	t    *testing.T
	send func(partition int, lines []string)
	rnd  *rand.Rand
	stop chan struct{}
	done sync.WaitGroup
	mu   sync.Mutex // guards what follows
	sent []reading
}

// moveBegin is when the first reading was taken.
var moveBegin = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func (r *river) line(one reading) string {
	return fmt.Sprintf(`{"id": %q, "n": %d, "event_time": %q}`, one.id, one.n, one.at.Format("2006-01-02 15:04:05.000"))
}

// flow sends a block each fifth of a second: 2.4 seconds of event time, out of order by 1.9 seconds at most.
func (r *river) flow() {
	defer r.done.Done()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for i := int64(0); ; {
		var lines [2][]string
		r.mu.Lock()
		for range 200 {
			one := reading{
				fmt.Sprintf("s%02d", r.rnd.IntN(7)), i,
				moveBegin.Add(time.Duration(i)*12*time.Millisecond - time.Duration(r.rnd.IntN(1900))*time.Millisecond),
			}
			r.sent = append(r.sent, one)
			to := r.rnd.IntN(2)
			lines[to] = append(lines[to], r.line(one))
			i++
		}
		r.mu.Unlock()
		for to, some := range lines {
			r.send(to, some)
		}
		select {
		case <-r.stop:
			// A reading a day later ends all windows before it.
			for to := range lines {
				r.send(to, []string{r.line(reading{"end", 3, moveBegin.AddDate(0, 0, 1)})})
			}
			return
		case <-tick.C:
		}
	}
}

// answers are what the outputs must have, computed from all that was sent at once.
func (r *river) answers() map[string][]string {
	type sum struct{ n, s int64 }
	tumbled, hopped := map[string]sum{}, map[string]sum{}
	out := map[string][]string{}
	for _, one := range r.sent {
		add := func(to map[string]sum, bound time.Time) {
			key := one.id + " " + bound.Format("2006-01-02 15:04:05")
			was := to[key]
			to[key] = sum{was.n + 1, was.s + one.n}
		}
		ms := one.at.UnixMilli()
		add(tumbled, time.UnixMilli(ms-ms%10_000+10_000).UTC())
		for start := ms - ms%5000; start > ms-20_000; start -= 5000 {
			add(hopped, time.UnixMilli(start).UTC())
		}
		if one.n%3 != 0 {
			out["move.passed"] = append(out["move.passed"], fmt.Sprintf("%s %d", one.id, one.n*2))
		}
	}
	for topic, sums := range map[string]map[string]sum{"move.tumbled": tumbled, "move.hopped": hopped} {
		for key, s := range sums {
			out[topic] = append(out[topic], fmt.Sprintf("%s %d %d", key, s.n, s.s))
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

// written are the rows of an output in the same form.
func written(kafka, topic string) ([]string, error) {
	values, err := consume(kafka, topic)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, text := range values {
		var row struct {
			ID         string
			N, S       int64
			Start, End string
		}
		var raw map[string]any
		if err := json.Unmarshal([]byte(text), &raw); err != nil {
			return nil, err
		}
		row.ID, _ = raw["id"].(string)
		if row.ID == "end" {
			continue
		}
		line := row.ID
		for _, bound := range []string{"window_start", "window_end"} {
			if v, ok := raw[bound].(string); ok {
				line += " " + strings.TrimSuffix(strings.Replace(v, "T", " ", 1), ".000")
			}
		}
		for _, figure := range []string{"n", "s"} {
			if v, ok := raw[figure].(float64); ok {
				line += " " + strconv.FormatInt(int64(v), 10)
			}
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all, nil
}

// produceTo sends lines to one partition.
func produceTo(t *testing.T, kafka, topic string, partition int, lines []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kcat", "-P", "-b", kafka, "-t", topic, "-p", strconv.Itoa(partition), "-X", "acks=all")
	cmd.SysProcAttr = boundToTest(false)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("elivery failed")) {
		t.Errorf("kcat: %v: %s", err, out)
	}
}

// TestMoveToFlinkAndBack moves a pipeline with windows and without to a real Flink and back, twice, while data come, and
// kills the platform in the middle of moves: each window is given once, and each row.
func TestMoveToFlinkAndBack(t *testing.T) {
	s := startStack(t)
	s.kill()
	s.env = append(s.env, "MILLRACE_KAFKA_PARTITIONS=2")
	s.start()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	file := filepath.Join(t.TempDir(), "moving.sql")
	if err := os.WriteFile(file, []byte(moveScript), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := s.command("pipeline", "apply", file); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	s.becomes("moving", "running")
	r := &river{t: t, rnd: rand.New(rand.NewPCG(seed, 0)), stop: make(chan struct{})}
	r.send = func(partition int, lines []string) { produceTo(t, s.kafka.Addr, "move.in", partition, lines) }
	r.done.Add(1)
	go r.flow()
	flowing := true
	end := func() {
		if flowing {
			flowing = false
			close(r.stop)
			r.done.Wait()
		}
	}
	t.Cleanup(end)
	more := func(topic string, than int) {
		t.Helper()
		eventually(t, settle, fmt.Sprintf("%s has more than %d rows", topic, than), func() error {
			rows, err := written(s.kafka.Addr, topic)
			if err == nil && len(rows) <= than {
				err = fmt.Errorf("it has %d", len(rows))
			}
			return err
		})
	}
	count := func(topic string) int {
		rows, err := written(s.kafka.Addr, topic)
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	goesOn := func() {
		t.Helper()
		for _, topic := range []string{"move.tumbled", "move.hopped", "move.passed"} {
			more(topic, count(topic)+20)
		}
	}
	goesOn()
	for round, kill := range []time.Duration{0, 1500 * time.Millisecond} {
		for _, to := range []string{"flink", "millrace"} {
			s.moves("moving", to, kill*time.Duration(1+round))
			t.Logf("round %d: it runs on %s", round, to)
			goesOn()
		}
	}
	end()
	want := r.answers()
	for topic, rows := range want {
		eventually(t, settle, topic+" is what a batch would give", func() error {
			got, err := written(s.kafka.Addr, topic)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(rows, got); diff != "" {
				return fmt.Errorf("%d rows, want %d (-want +got):\n%s", len(got), len(rows), diff[:min(len(diff), 3000)])
			}
			return nil
		})
	}
}

// moves moves a pipeline, and kills the platform meanwhile unless that is never.
func (s *stack) moves(name, to string, kill time.Duration) {
	s.t.Helper()
	args := []string{"pipeline", "move", name, "--to", to}
	if to == "flink" {
		args = append(args, "--gateway", s.flink.Gateway)
	}
	if kill == 0 {
		if out, err := s.command(args...); err != nil {
			s.t.Fatalf("move to %s: %v\n%s", to, err, out)
		}
	} else {
		body := map[string]string{"to": to}
		if err := s.ask("POST", "/api/pipelines/"+name+"/move", body, nil); err != nil {
			s.t.Fatalf("move to %s: %v", to, err)
		}
		timer := time.NewTimer(kill)
		<-timer.C
		s.kill()
		s.start()
	}
	eventually(s.t, settle, name+" runs on "+to, func() error {
		one, err := s.pipeline(name)
		if err == nil && (one.Engine != to || one.State != "running") {
			err = fmt.Errorf("it is %+v", one)
		}
		return err
	})
}
