package flink

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/bus/bustest"
	"millrace/flink/flinktest"
)

// stack is a real Kafka, a real Flink, and a platform that knows both.
type stack struct {
	*platform
	kafka *bustest.Cluster
	flink *flinktest.Cluster
}

func startStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{kafka: bustest.StartKafka(t), flink: flinktest.StartCluster(t)}
	// One partition: with several, what Flink drops as late depends on which of them it happens to read first.
	s.platform = prepare(t, "KAFKA_BOOTSTRAP_SERVERS="+s.kafka.Addr, "MILLRACE_FLINK_GATEWAY="+s.flink.Gateway, "MILLRACE_KAFKA_PARTITIONS=1")
	s.start()
	return s
}

// example is the file of an example, and the same for topics and transactions of another name.
func example(t *testing.T, name, kafka, prefix string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", name, "pipeline.sql"))
	if err != nil {
		t.Fatal(err)
	}
	// Where the bus is, is the only thing that a file says of the place that it runs at.
	sql := strings.ReplaceAll(string(text), "127.0.0.1:9092", kafka)
	sql = strings.ReplaceAll(sql, "'topic' = 'sensors.", "'topic' = '"+prefix+"sensors.")
	sql = strings.ReplaceAll(sql, "'sink.transactional-id-prefix' = '", "'sink.transactional-id-prefix' = '"+prefix)
	file := filepath.Join(t.TempDir(), "pipeline.sql")
	if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// readings are lines of 20 sensors, 12 ms apart and out of order by 1.9 s at most; one in fifty is broken. Degrees are
// such that a float64 holds sums exactly: they do not depend on the order.
func readings(seed uint64, from, count int) []string {
	rnd := rand.New(rand.NewPCG(seed, uint64(from)))
	begin := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	lines := make([]string, count)
	for i := range lines {
		at := begin.Add(time.Duration(from+i)*12*time.Millisecond - time.Duration(rnd.IntN(1900))*time.Millisecond)
		lines[i] = fmt.Sprintf(`{"id": "s%03d", "temperature": %v, "humidity": 40, "value": %d, "event_time": %q}`,
			1+rnd.IntN(20), 32+9*float64(30+rnd.IntN(80))/16, from+i, at.Format("2006-01-02 15:04:05.000"))
		if rnd.IntN(50) == 0 {
			lines[i] = lines[i][:len(lines[i])-3]
		}
	}
	return lines
}

// rows are the records of a topic without processed_at, which is the time of the run, in an order that depends on nothing.
func rows(kafka, topic string) ([]string, error) {
	values, err := consume(kafka, topic)
	if err != nil {
		return nil, err
	}
	for i, text := range values {
		var row map[string]any
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		if _, ok := row["processed_at"]; !ok {
			return nil, fmt.Errorf("%s: no processed_at", text)
		}
		delete(row, "processed_at")
		canonical, err := json.Marshal(row)
		if err != nil {
			return nil, err
		}
		values[i] = string(canonical)
	}
	slices.Sort(values)
	return values, nil
}

// TestExampleOnBoth runs one file here and on a real Flink, over the same Kafka, and wants the same output. On
// Flink it is stopped with a savepoint and goes on from it while data come, the platform is killed and Flink's gateway is
// restarted: none of that may be seen in the output.
func TestExampleOnBoth(t *testing.T) {
	s := startStack(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	feed := func(from, count int) {
		t.Helper()
		lines := readings(seed, from, count)
		for _, prefix := range []string{"here.", "far."} {
			produce(t, s.kafka.Addr, prefix+"sensors.raw", lines)
		}
	}
	if out, err := s.command("pipeline", "apply", example(t, "sensors", s.kafka.Addr, "here."), "--name", "here"); err != nil {
		t.Fatalf("apply here: %v\n%s", err, out)
	}
	// What Flink is told to read is where the platform's bus is, though the file says nothing of it.
	file := example(t, "sensors", s.kafka.Addr, "far.")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bare := strings.ReplaceAll(string(text), "  'properties.bootstrap.servers' = '"+s.kafka.Addr+"',\n", "")
	if bare == string(text) {
		t.Fatal("the example names no servers")
	}
	if err := os.WriteFile(file, []byte(bare), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := s.command("pipeline", "apply", file, "--name", "far", "--engine", "flink", "--gateway", s.flink.Gateway); err != nil {
		t.Fatalf("apply on Flink: %v\n%s", err, out)
	}
	s.becomes("here", "running")
	one := s.becomes("far", "running")
	if one.Engine != "flink" || one.Gateway != s.flink.Gateway || len(one.Jobs) != 2 || one.Jobs[0].Link == "" {
		t.Errorf("on Flink: %+v", one)
	}
	feed(0, 4000)
	eventually(t, settle, "the figures of the jobs on Flink", func() error { return s.figures(4000) })

	s.kill() // the jobs go on without us
	feed(4000, 2000)
	s.start()
	again := s.becomes("far", "running")
	if again.Jobs[0].FlinkJob != one.Jobs[0].FlinkJob {
		t.Errorf("after a restart of the platform there is another job: %+v", again.Jobs[0])
	}
	if out, err := s.command("pipeline", "pause", "far"); err != nil {
		t.Fatalf("pause: %v\n%s", err, out)
	}
	one = s.becomes("far", "paused")
	for _, j := range one.Jobs {
		if !strings.Contains(j.Savepoint, "/savepoint-") {
			t.Errorf("paused: %+v", j)
		}
		s.ends(j.FlinkJob, "FINISHED")
	}
	feed(6000, 2000)
	s.flink.Stop(flinktest.Gateway) // a gateway keeps nothing that we need
	s.flink.Start(flinktest.Gateway)
	s.flink.AwaitReady()
	if out, err := s.command("pipeline", "resume", "far"); err != nil {
		t.Fatalf("resume: %v\n%s", err, out)
	}
	one = s.becomes("far", "running")
	if again.Jobs[0].FlinkJob == one.Jobs[0].FlinkJob {
		t.Errorf("resumed, but it is the same job: %+v", one.Jobs[0])
	}
	feed(8000, 2000)
	// A record an hour later ends all windows before it.
	for _, prefix := range []string{"here.", "far."} {
		produce(t, s.kafka.Addr, prefix+"sensors.raw", []string{`{"id": "end", "temperature": 50, "event_time": "2026-11-20 11:00:00.000"}`})
	}
	eventually(t, settle, "the outputs are equal", s.equal)

	if out, err := s.command("pipeline", "drop", "far"); err != nil {
		t.Fatalf("drop: %v\n%s", err, out)
	}
	for _, j := range one.Jobs {
		s.ends(j.FlinkJob, "CANCELED")
	}
}

// equal holds what Flink wrote against what the platform wrote.
func (s *stack) equal() error {
	for _, topic := range []string{"sensors.clean", "sensors.stats"} {
		here, err := rows(s.kafka.Addr, "here."+topic)
		if err != nil {
			return err
		}
		far, err := rows(s.kafka.Addr, "far."+topic)
		if err != nil {
			return err
		}
		if len(here) < 100 || len(here) != len(far) {
			return fmt.Errorf("%s: %d rows here, %d on Flink", topic, len(here), len(far))
		}
		if diff := cmp.Diff(here, far); diff != "" {
			return fmt.Errorf("%s (-here +Flink):\n%s", topic, diff)
		}
		if want := map[string]int{"sensors.clean": 9000, "sensors.stats": 12 * 20}[topic]; len(here) < want {
			return fmt.Errorf("%s: only %d rows, want %d", topic, len(here), want)
		}
	}
	return nil
}

// figures wants the API to say of the jobs on Flink what Flink does.
func (s *stack) figures(records int64) error {
	one, err := s.pipeline("far")
	if err != nil {
		return err
	}
	clean, stats := one.Jobs[0], one.Jobs[1]
	switch {
	case clean.RecordsIn < records*9/10 || clean.RecordsIn > records || clean.RecordsOut < records*9/10:
		return fmt.Errorf("records of %+v", clean)
	case clean.Lag != 0 || clean.LastCheckpoint == nil || clean.LastCheckpoint.Epoch < 1:
		return fmt.Errorf("lag and checkpoint of %+v", clean)
	case stats.RecordsIn == 0 || stats.RecordsOut == 0 || stats.Watermark == nil || stats.Watermark.Year() != 2026:
		return fmt.Errorf("records and watermark of %+v", stats)
	}
	return nil
}

// ends waits until a job has a state; the JobManager remembers what it answered for three seconds.
func (s *stack) ends(id, state string) {
	s.t.Helper()
	eventually(s.t, settle, "job "+id+" is "+state, func() error {
		if is := s.onFlink(id); is != state {
			return fmt.Errorf("it is %s", is)
		}
		return nil
	})
}

// onFlink is the state of a job as the JobManager says.
func (s *stack) onFlink(id string) string {
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Get(s.flink.JobManager + "/jobs/" + id)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var answer struct{ State string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err.Error()
	}
	return answer.State
}

// TestFlinkRefuses wants what Flink refuses to be told with its place, and a Flink that is away to be told as such.
func TestFlinkRefuses(t *testing.T) {
	s := startStack(t)
	apply := func(sql string) (string, error) {
		file := filepath.Join(t.TempDir(), "refused.sql")
		if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
			t.Fatal(err)
		}
		return s.command("pipeline", "apply", file, "--engine", "flink")
	}
	f := func(sql string, wants ...string) {
		t.Helper()
		out, err := apply(sql)
		if err == nil {
			t.Errorf("it is taken:\n%s\n%s", sql, out)
		}
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s: want %q in\n%s", sql, want, out)
			}
		}
		if strings.Contains(out, "hunter2") || strings.Contains(out, "\tat ") {
			t.Errorf("it shows too much:\n%s", out)
		}
	}
	const tables = "CREATE TABLE a (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '5');\nCREATE TABLE b (n INT) WITH ('connector' = 'blackhole');\n"
	f(tables+"INSERT INTO b SELECT 1;\n\nINSERT INTO b\n  SELECT nope FROM a;", "line 6, column 10", "Column 'nope' not found")
	f(tables+"INSERT INTO nowhere SELECT n FROM a;", "line 3, column", "nowhere")
	f("SET 'parallelism.default' = 'many';\n"+tables+"INSERT INTO b SELECT n FROM a;", "line 1, column", "parallelism.default")
	f(tables+"CREATE TABLE c (n INT) WITH ('connector' = 'mqtt', 'password' = 'hunter2');\nINSERT INTO b SELECT n FROM c;", "line 4", "mqtt", "jar")
	s.flink.Stop(flinktest.Gateway)
	f(tables+"INSERT INTO b SELECT n FROM a;", "is away")
}

// TestJobOnFlinkFails has a job that cannot go on, and shows why.
func TestJobOnFlinkFails(t *testing.T) {
	s := startStack(t)
	file := filepath.Join(t.TempDir(), "failing.sql")
	sql := "SET 'restart-strategy.type' = 'fixed-delay';\nSET 'restart-strategy.fixed-delay.attempts' = '2';\nSET 'restart-strategy.fixed-delay.delay' = '100 ms';\n" +
		"CREATE TABLE a (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '5', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '1000');\n" +
		"CREATE TABLE b (n INT) WITH ('connector' = 'blackhole');\nINSERT INTO b SELECT 1 / n FROM a;"
	if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := s.command("pipeline", "apply", file, "--engine", "flink"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	one := s.becomes("failing", "failed")
	if j := one.Jobs[0]; !strings.Contains(j.Error, "by zero") || j.Restarts != 2 {
		t.Errorf("%+v", j)
	}
	out, err := s.command("pipeline", "list")
	if err != nil || !strings.Contains(out, "flink") || !strings.Contains(out, "by zero") {
		t.Errorf("%v\n%s", err, out)
	}
}
