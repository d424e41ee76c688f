package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/flink/flinktest"
	"millrace/sql/parse"
	"millrace/telemetry"
)

const twoJobs = `SET 'table.local-time-zone' = 'UTC';
CREATE TABLE a (n INT) WITH ('connector' = 'kafka', 'topic' = 'a', 'format' = 'json');
CREATE TABLE b (n INT) WITH ('connector' = 'blackhole');
INSERT INTO b SELECT n FROM a;
INSERT INTO b
SELECT nope FROM a;`

func newClient(t *testing.T, s *flinktest.Server) *Client {
	t.Helper()
	c, err := New(Config{Gateway: telemetry.Secret(s.URL), Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read(t *testing.T, source string) *Script {
	t.Helper()
	s, err := Read(source, Bus{Servers: "kafka:9092"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// jobsOf are all jobs of a script, for the first time.
func jobsOf(s *Script, restore string) (jobs []Job) {
	for n, at := range s.Jobs() {
		jobs = append(jobs, Job{Statement: at, ID: fmt.Sprintf("%032x", n+1), Name: "p." + s.Statements[at].Name, Restore: restore})
	}
	return jobs
}

func noErrors(t *testing.T) func(Job, error) error {
	return func(j Job, err error) error {
		if err != nil {
			t.Errorf("%s: %v", j.Name, err)
		}
		return nil
	}
}

func TestSubmit(t *testing.T) {
	f := func(version string) {
		t.Helper()
		server := flinktest.Start(t)
		server.Version(version)
		c, script := newClient(t, server), read(t, twoJobs)
		jobs := jobsOf(script, "")
		jobs[1].Restore = "file:/savepoints/o'ne"
		target, err := c.Submit(t.Context(), script, jobs, noErrors(t))
		if err != nil {
			t.Fatal(err)
		}
		if target.JobManager.Reveal() != server.URL {
			t.Errorf("the JobManager is at %s, want %s", target.JobManager.Reveal(), server.URL)
		}
		want := []flinktest.Job{
			{ID: jobs[0].ID, Name: "p.insert-into_b", Statement: "INSERT INTO b SELECT n FROM a", State: "RUNNING"},
			{ID: jobs[1].ID, Name: "p.insert-into_b-2", Statement: "INSERT INTO b\nSELECT nope FROM a", State: "RUNNING", Restore: "file:/savepoints/o'ne"},
		}
		if diff := cmp.Diff(want, server.Jobs()); diff != "" {
			t.Errorf("Flink %s, jobs (-want +got):\n%s", version, diff)
		}
		if !strings.Contains(server.Statements()[0], "'properties.bootstrap.servers' = 'kafka:9092'") {
			t.Errorf("the bus is not filled in: %s", server.Statements()[0])
		}
		if server.Sessions() != 0 {
			t.Error("the session is still open")
		}
		// Again, as after a crash: Flink has the jobs already, and that is well.
		if _, err := c.Submit(t.Context(), script, jobs, noErrors(t)); err != nil || len(server.Jobs()) != 2 {
			t.Errorf("again: %v, %d jobs", err, len(server.Jobs()))
		}
	}
	f("2.3.0")
	f("1.20.1")
	f("1.18.0")
}

// noColumn is what Flink 2.3 answers for a column that does not exist.
const noColumn = "org.apache.flink.table.api.ValidationException: SQL validation failed. From line %d, column %d to line %d, column %d: Column 'nope' not found in any table\n\tat a.B.c(B.java:1)\n" +
	"Caused by: org.apache.calcite.runtime.CalciteContextException: From line %[1]d, column %[2]d to line %[3]d, column %[4]d: Column 'nope' not found in any table\n\tat a.B.c(B.java:1)\n\t... 9 more\n" +
	"Caused by: org.apache.calcite.sql.validate.SqlValidatorException: Column 'nope' not found in any table"

func TestRefusedStatementsHaveAPlace(t *testing.T) {
	server := flinktest.Start(t)
	server.Refuse(func(statement string) string {
		if !strings.Contains(statement, "nope") {
			return ""
		}
		line := 2 + strings.Count(statement, "EXPLAIN")
		return fmt.Sprintf(noColumn, line, 8, line, 11)
	})
	c, script := newClient(t, server), read(t, twoJobs)
	_, err := c.Check(t.Context(), script)
	var refused *parse.Error
	want := "SELECT nope FROM a;\n       ^^^^"
	if !errors.As(err, &refused) || refused.Pos.Line != 6 || refused.Pos.Column != 8 || refused.Snippet() != want {
		t.Fatalf("check: %v", err)
	}
	if refused.Message != "Flink refuses it: Column 'nope' not found in any table" {
		t.Errorf("message %q", refused.Message)
	}
	if len(server.Jobs()) != 0 {
		t.Error("a check ran a job")
	}
	// Submitted all the same, the job before it runs.
	var told []string
	_, err = c.Submit(t.Context(), script, jobsOf(script, ""), func(j Job, err error) error {
		told = append(told, fmt.Sprint(j.Name, " ", err != nil))
		if err != nil && (!errors.As(err, &refused) || refused.Pos.Line != 6) {
			t.Errorf("submit: %v", err)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"p.insert-into_b false", "p.insert-into_b-2 true"}, told); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	server := flinktest.Start(t)
	server.Protect("ann:s3cret")
	server.Refuse(func(statement string) string {
		return "org.apache.flink.table.api.ValidationException: 'sasl.jaas.config' is x password=\"hunter2\"; and hunter2 again"
	})
	c, err := New(Config{Gateway: telemetry.Secret(strings.Replace(server.URL, "//", "//ann:s3cret@", 1)), Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	source := strings.Replace(twoJobs, "'topic' = 'a'", `'topic' = 'a', 'properties.sasl.jaas.config' = 'x password="hunter2";'`, 1)
	_, err = c.Check(t.Context(), read(t, source))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), hidden) {
		t.Errorf("check: %v", err)
	}
	if text := Redacted(source); strings.Contains(text, "hunter2") || !strings.Contains(text, "'properties.sasl.jaas.config' = '[redacted]'") {
		t.Errorf("shown as %s", text)
	}
	server.Protect("ann:another")
	_, err = c.Check(t.Context(), read(t, source))
	if fault.KindOf(err) != fault.Denied || strings.Contains(fmt.Sprint(err, fault.HintOf(err)), "s3cret") {
		t.Errorf("with a wrong password: %v", err)
	}
	server.Down()
	_, err = c.Check(t.Context(), read(t, source))
	if fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "is away") {
		t.Errorf("away: %v", err)
	}
}

func TestFlinkBehindTheGatewayIsAway(t *testing.T) {
	server := flinktest.Start(t)
	server.Refuse(func(string) string {
		return "org.apache.flink.util.FlinkException: Failed to execute job 'x'.\n" +
			"Caused by: org.apache.flink.util.concurrent.FutureUtils$RetryException: Could not complete the operation. Number of retries has been exhausted.\n" +
			"Caused by: java.net.ConnectException: Connection refused"
	})
	_, err := newClient(t, server).Submit(t.Context(), read(t, twoJobs), nil, noErrors(t))
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "Connection refused") {
		t.Errorf("%v", err)
	}
}

func TestStatusStopAndRestore(t *testing.T) {
	server, ctx := flinktest.Start(t), t.Context()
	c, script := newClient(t, server), read(t, twoJobs)
	jobs := jobsOf(script, "")
	target, err := c.Submit(ctx, script, jobs, noErrors(t))
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.At(target); err != nil {
		t.Fatal(err)
	}
	server.Change(jobs[0].ID, func(j *flinktest.Job) {
		j.Restarts, j.Trace = 2, "org.apache.flink.util.FlinkException: Global failure.\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: no space left"
	})
	got, err := c.Status(ctx, jobs[0].ID)
	want := Status{
		State: Running, Ready: true, Error: "Global failure: no space left", Restarts: 2, Checkpoints: flinktest.Checkpoints,
		Last: &Checkpoint{
			ID: flinktest.Checkpoints, At: time.UnixMilli(flinktest.CheckpointAt).UTC(), Duration: 17 * time.Millisecond, Bytes: 875,
			Path: "file:/checkpoints/" + jobs[0].ID + "/chk-11",
		},
		Figures: Figures{In: flinktest.In, Out: flinktest.Out, Lag: flinktest.Lag, Late: flinktest.Late, Rate: flinktest.Rate, Watermark: time.UnixMilli(flinktest.Watermark).UTC()},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if want := server.URL + "/#/job/running/" + jobs[0].ID + "/overview"; c.Link(jobs[0].ID) != want {
		t.Errorf("link %s, want %s", c.Link(jobs[0].ID), want)
	}

	if _, err := c.Stop(ctx, jobs[0].ID, "file:///proc/x"); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "Failed to create savepoint directory") {
		t.Errorf("stop into nowhere: %v", err)
	}
	path, err := c.Stop(ctx, jobs[0].ID, "s3://bucket/savepoints")
	if err != nil || !strings.HasPrefix(path, "s3://bucket/savepoints/savepoint-") {
		t.Fatalf("stop: %q, %v", path, err)
	}
	if got, err := c.Status(ctx, jobs[0].ID); err != nil || got.State != Finished || got.Savepoint != path {
		t.Errorf("stopped: %+v, %v", got, err)
	}
	if _, err := c.Stop(ctx, jobs[0].ID, ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("stop again: %v", err)
	}
	server.Change(jobs[1].ID, func(j *flinktest.Job) { j.State = "RESTARTING" })
	if _, err := c.Stop(ctx, jobs[1].ID, ""); fault.KindOf(err) != fault.Conflict {
		t.Errorf("stop what restarts: %v", err)
	}
	if err := c.Cancel(ctx, jobs[1].ID); err != nil {
		t.Error(err)
	}
	if err := c.Cancel(ctx, jobs[1].ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("cancel again: %v", err)
	}
	if _, err := c.Status(ctx, "00"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown: %v", err)
	}
	if err := c.Dispose(ctx, path); err != nil || !cmp.Equal(server.Disposed(), []string{path}) {
		t.Errorf("dispose: %v, %v", err, server.Disposed())
	}
}

func TestNewRefusesWhatIsNoURL(t *testing.T) {
	for _, url := range []string{"flink:8083", "ftp://flink", "http://", "http://a b", "http://u:pass word@h:1:2"} {
		if _, err := New(Config{Gateway: telemetry.Secret(url)}); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestCancelledSubmitEndsItsSession(t *testing.T) {
	server := flinktest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.Refuse(func(statement string) string {
		cancel()
		return ""
	})
	if _, err := newClient(t, server).Submit(ctx, read(t, twoJobs), nil, noErrors(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if server.Sessions() != 0 {
		t.Error("the session is still open")
	}
}

func FuzzReason(f *testing.F) {
	f.Add(fmt.Sprintf(noColumn, 2, 8, 2, 11))
	f.Add("Internal server error.\n<Exception on server side:\njava.lang.Exception: java.lang.Exception: x\n\tat a\nCaused by: b.C\n\nEnd of exception on server side>")
	f.Fuzz(func(t *testing.T, trace string) {
		if reasonOf(trace) == "" || len(reasonOf(trace)) > 2*maxReason {
			t.Errorf("%q", reasonOf(trace))
		}
		placeIn(trace)
		isTransient(trace)
		body, err := json.Marshal(map[string]any{"errors": []string{trace}})
		if err != nil {
			t.Fatal(err)
		}
		errorsIn(body)
	})
}
