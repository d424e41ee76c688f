package node

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/api"
	"millrace/config"
	"millrace/fault"
	"millrace/flink"
	"millrace/flink/flinktest"
	"millrace/sql/parse"
	"millrace/telemetry"
)

const flinkScript = `
CREATE TABLE source (n INT NOT NULL) WITH ('connector' = 'kafka', 'topic' = 'numbers', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE doubled (n INT) WITH ('connector' = 'kafka', 'topic' = 'doubled', 'format' = 'json');
CREATE TABLE plain (n INT) WITH ('connector' = 'kafka', 'topic' = 'plain', 'format' = 'json');
INSERT INTO doubled SELECT n * 2 FROM source;
INSERT INTO plain SELECT n FROM source;`

// onFlink is a platform whose pipelines a Flink runs.
type onFlink struct {
	*pipelines
	t      *testing.T
	server *flinktest.Server
	again  func() // restarts the platform
}

func newOnFlink(t *testing.T) *onFlink {
	t.Helper()
	b, dir := openTestBus(t), t.TempDir()
	o := &onFlink{t: t, server: flinktest.Start(t)}
	set := func(p *pipelines) {
		p.flink = flinkSettings{
			gateway: telemetry.Secret(o.server.URL), every: 10 * time.Millisecond, bus: flink.Bus{Servers: "kafka:9092"},
		}
	}
	stop := func() {}
	o.again = func() {
		stop()
		o.pipelines, stop = newPipelines(t, b, dir, set)
	}
	o.again()
	t.Cleanup(func() { stop() })
	return o
}

func (o *onFlink) request(name string) api.PipelineRequest {
	return api.PipelineRequest{Name: name, SQL: flinkScript, Engine: config.EngineFlink}
}

func (o *onFlink) one() api.Pipeline {
	o.t.Helper()
	list, err := o.List(o.t.Context())
	if err != nil || len(list) != 1 {
		o.t.Fatalf("%d pipelines, %v", len(list), err)
	}
	return list[0]
}

func (o *onFlink) becomes(state string) api.Pipeline {
	o.t.Helper()
	var one api.Pipeline
	until(o.t, "pipeline is "+state, func() bool { one = o.one(); return one.State == state })
	return one
}

// flinkStep is a look at the jobs beside those of the unit.
func (o *onFlink) flinkStep() error {
	o.mu.Lock()
	f := o.list["far"].flink
	o.mu.Unlock()
	_, err := f.step(o.t.Context())
	return err
}

func TestPipelineOnFlink(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	if err := o.Apply(ctx, o.request("far")); err != nil {
		t.Fatal(err)
	}
	if err := o.Apply(ctx, o.request("far")); err != nil {
		t.Errorf("the same again: %v", err)
	}
	here := o.request("far")
	here.Engine = ""
	if err := o.Apply(ctx, here); !errors.Is(err, fault.Conflict) {
		t.Errorf("the same elsewhere: %v", err)
	}
	one := o.becomes("running")
	if one.Engine != "flink" || one.Gateway != o.server.URL || len(one.Jobs) != 2 {
		t.Fatalf("%+v", one)
	}
	running := o.server.Running()
	mark := time.UnixMilli(flinktest.Watermark).UTC()
	want := api.Job{
		Name: "far.insert-into_doubled", State: "running", RecordsIn: flinktest.In, RecordsOut: flinktest.Out, RecordsPerSecond: flinktest.Rate,
		Late: flinktest.Late, Lag: flinktest.Lag, Watermark: &mark, Engine: "flink",
		LastCheckpoint: api.LastCheckpoint{Checkpoint: &api.Checkpoint{
			Epoch: flinktest.Checkpoints, At: time.UnixMilli(flinktest.CheckpointAt).UTC(), DurationMS: 17, Bytes: 875,
		}},
		FlinkJob: one.Jobs[0].FlinkJob, Link: o.server.URL + "/#/job/running/" + one.Jobs[0].FlinkJob + "/overview",
	}
	if diff := cmp.Diff(want, one.Jobs[0]); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"doubled": true, "plain": true}, o.outputs()); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}

	// A restart of the platform leaves the jobs alone.
	o.again()
	until(t, "the pipeline after a restart", func() bool { list, _ := o.List(ctx); return len(list) == 1 && list[0].State == "running" })
	if diff := cmp.Diff(running, o.server.Jobs()); diff != "" {
		t.Errorf("jobs after a restart (-want +got):\n%s", diff)
	}

	// Paused, there are savepoints; resumed, after a restart in between, it goes on from them.
	if err := o.Pause(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	if n := len(o.server.Running()); n != 0 {
		t.Errorf("%d jobs run after a pause", n)
	}
	one = o.becomes("paused")
	savepoints := []string{one.Jobs[0].Savepoint, one.Jobs[1].Savepoint}
	o.again()
	until(t, "the pipeline after a restart", func() bool { list, _ := o.List(ctx); return len(list) == 1 })
	if err := o.Resume(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	o.becomes("running")
	running = o.server.Running()
	if len(running) != 2 || !cmp.Equal([]string{running[0].Restore, running[1].Restore}, savepoints) && !cmp.Equal([]string{running[1].Restore, running[0].Restore}, savepoints) {
		t.Errorf("resumed: %+v, want from %v", running, savepoints)
	}
	// The next savepoints replace the first.
	if err := o.Pause(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	until(t, "old savepoints are deleted", func() bool { return len(o.server.Disposed()) == 2 })
	if err := o.Resume(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	o.becomes("running")
	if err := o.Drop(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	if list, _ := o.List(ctx); len(list) != 0 || len(o.server.Running()) != 0 || o.server.Sessions() != 0 {
		t.Errorf("dropped: %+v, %d jobs, %d sessions", list, len(o.server.Running()), o.server.Sessions())
	}
	if _, known := o.table.Get(flinkPrefix + "far"); known {
		t.Error("the table still knows its jobs")
	}
}

func TestFlinkRefusesAPipeline(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	const trace = "org.apache.flink.table.api.ValidationException: From line 1, column %d to line 1, column %d: no such thing"
	o.server.Refuse(func(statement string) string {
		if at := strings.Index(statement, "n * 2"); at >= 0 {
			return strings.ReplaceAll(fmt.Sprintf(trace, at-len("EXPLAIN\n")+1, at-len("EXPLAIN\n")+5), "line 1", "line 2")
		}
		return ""
	})
	err := o.Apply(ctx, o.request("far"))
	var refused *parse.Error
	if !errors.As(err, &refused) || refused.Pos.Line != 5 || refused.Pos.Column != 28 {
		t.Errorf("refused: %v", err)
	}
	o.server.Refuse(nil)
	o.server.Down()
	if err := o.Apply(ctx, o.request("far")); !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "is away") {
		t.Errorf("away: %v", err)
	}
	if list, _ := o.List(ctx); len(list) != 0 {
		t.Errorf("it was taken: %+v", list)
	}
	local := o.request("far")
	local.Engine, local.Gateway = "millrace", "http://flink:8083"
	if err := o.Apply(ctx, local); !errors.Is(err, fault.Invalid) {
		t.Errorf("a gateway without Flink: %v", err)
	}
}

func TestFlinkIsAwayAndComesBack(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	o.server.Down()
	// A pipeline of the configuration waits for its Flink.
	one, err := o.planned(pipelineEntry{Name: "far", SQL: flinkScript, Engine: config.EngineFlink})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.configure(ctx, one); err != nil {
		t.Fatal(err)
	}
	until(t, "it says that Flink is away", func() bool { return strings.Contains(o.one().Jobs[0].Error, "is away") })
	if got := o.one(); got.State != "starting" {
		t.Errorf("before Flink was ever there: %s", got.State)
	}
	o.server.Up()
	o.becomes("running")
	o.server.Down()
	if got := o.becomes("unknown"); !strings.Contains(got.Jobs[0].Error, "is away") || got.Jobs[0].RecordsIn != flinktest.In {
		t.Errorf("away: %+v", got.Jobs[0])
	}
	o.server.Up()
	o.becomes("running")
	if n := len(o.server.Jobs()); n != 2 {
		t.Errorf("%d jobs, want 2", n)
	}
}

func TestJobOnFlinkFailsAndIsResumed(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	if err := o.Apply(ctx, o.request("far")); err != nil {
		t.Fatal(err)
	}
	first := o.becomes("running").Jobs[0].FlinkJob
	o.server.Change(first, func(j *flinktest.Job) {
		j.State, j.Restarts, j.Trace = "RESTARTING", 3, "java.io.IOException: no space left"
	})
	if got := o.becomes("restarting").Jobs[0]; got.Restarts != 3 || got.Error != "no space left" {
		t.Errorf("restarting: %+v", got)
	}
	o.server.Change(first, func(j *flinktest.Job) { j.State = "FAILED" })
	if got := o.becomes("failed"); got.Jobs[0].Error != "no space left" || got.Jobs[1].State != "running" {
		t.Errorf("failed: %+v", got.Jobs)
	}
	if err := o.Resume(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	o.becomes("running")
	running := o.server.Running()
	if len(running) != 2 || len(o.server.Jobs()) != 3 || running[0].Restore+running[1].Restore != "file:/checkpoints/"+first+"/chk-11" {
		t.Errorf("resumed from its last checkpoint: %+v", running)
	}

	// The other one was not meant: when it fails, it stays so.
	o.server.Change(o.one().Jobs[1].FlinkJob, func(j *flinktest.Job) { j.State, j.Trace = "FAILED", "java.io.IOException: another" })
	o.becomes("failed")
	for range 5 { // looks at the jobs
		sent := len(o.server.Statements())
		if err := o.flinkStep(); err != nil || len(o.server.Statements()) != sent {
			t.Fatalf("it is submitted again unasked: %v, %v", err, o.server.Statements()[sent:])
		}
	}
	if err := o.Resume(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	o.becomes("running")

	// A JobManager that forgets its jobs is told apart from one that is away; nothing runs again unasked.
	o.server.Forget()
	until(t, "both are known to be forgotten", func() bool {
		jobs := o.one().Jobs
		return strings.Contains(jobs[0].Error, "no longer knows") && strings.Contains(jobs[1].Error, "no longer knows")
	})
	if err := o.Resume(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	o.becomes("running")
	if n := len(o.server.Running()); n != 2 {
		t.Errorf("%d jobs, want 2", n)
	}
	for _, j := range o.server.Running() {
		o.server.Change(j.ID, func(j *flinktest.Job) { j.State = "FINISHED" })
	}
	o.becomes("finished")
}

func TestFlinkWithoutAPlaceForSavepoints(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	o.flink.savepoints = "file:///proc/none"
	if err := o.Apply(ctx, o.request("far")); err != nil {
		t.Fatal(err)
	}
	o.becomes("running")
	if err := o.Pause(ctx, "far"); err == nil || !strings.Contains(err.Error(), "savepoint directory") {
		t.Errorf("pause: %v", err)
	}
	if got := o.becomes("stopping"); !strings.Contains(got.Jobs[0].Error, "flink.savepoints") {
		t.Errorf("stopping: %+v", got.Jobs[0])
	}
	if err := o.Resume(ctx, "far"); err != nil {
		t.Fatal(err)
	}
	o.becomes("running")
	o.server.Down()
	until(t, "it is away", func() bool { return o.one().State == "unknown" })
	// Dropped while Flink is away, it is dropped when that is back.
	dropped := make(chan error, 1)
	go func() { dropped <- o.Drop(ctx, "far") }()
	until(t, "it is being dropped", func() bool { return o.one().State == "stopping" })
	o.server.Up()
	if err := <-dropped; err != nil {
		t.Error(err)
	}
	if n := len(o.server.Running()); n != 0 {
		t.Errorf("%d jobs run", n)
	}
}

func TestScriptOnFlinkChanges(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	for _, sql := range []string{flinkScript, strings.Replace(flinkScript, "n * 2", "n + n", 1)} {
		one, err := o.planned(pipelineEntry{Name: "far", SQL: sql, Engine: config.EngineFlink})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.configure(ctx, one); err != nil {
			t.Fatal(err)
		}
		until(t, "the script runs", func() bool {
			running := o.server.Running()
			text := ""
			for _, j := range running {
				text += j.Statement
			}
			return len(running) == 2 && strings.Contains(text, "n + n") == strings.Contains(sql, "n + n")
		})
	}
	for _, j := range o.server.Running() {
		if !strings.HasPrefix(j.Restore, "file:/savepoints/") {
			t.Errorf("the new script begins from %q", j.Restore)
		}
	}
}

func TestKafkaProperties(t *testing.T) {
	k := config.Kafka{Bootstrap: []string{"k:1"}, TLS: config.KafkaTLS{Enabled: true}, SASL: config.SASL{Mechanism: "PLAIN", User: "ann", Password: `a"b\`}}
	want := map[string]string{
		"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN",
		"sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="a\"b\\";`,
	}
	if diff := cmp.Diff(want, kafkaProperties(k)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := kafkaProperties(config.Kafka{Bootstrap: []string{"k:1"}}); got != nil {
		t.Errorf("a plain cluster: %v", got)
	}
}
