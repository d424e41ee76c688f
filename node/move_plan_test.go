package node

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/api"
	"millrace/bus"
	"millrace/config"
	"millrace/engine"
	"millrace/flink"
)

// movable are the tables of the scripts below.
const movable = `
CREATE TABLE readings (id STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND) WITH (
  'connector' = 'kafka', 'topic' = 'readings', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE others (id STRING, n BIGINT, ts TIMESTAMP_LTZ(3), seen AS PROCTIME(), WATERMARK FOR ts AS ts) WITH (
  'connector' = 'kafka', 'topic' = 'others', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE two (id STRING) WITH ('connector' = 'kafka', 'topic' = 'a;b', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE bounded (id STRING) WITH ('connector' = 'kafka', 'topic' = 'a', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'json');
CREATE TABLE cdc (id STRING) WITH ('connector' = 'kafka', 'topic' = 'cdc', 'scan.startup.mode' = 'earliest-offset', 'format' = 'debezium-json');
CREATE TABLE foreign_table (id STRING) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'elsewhere:9092', 'topic' = 'a', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE made (id STRING) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TABLE ids (id STRING) WITH ('connector' = 'kafka', 'topic' = 'ids', 'format' = 'json');
CREATE TABLE counts (id STRING, n BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'counts', 'key.format' = 'json', 'value.format' = 'json');
CREATE TABLE windows (id STRING, up TIMESTAMP(3), n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'windows', 'format' = 'json');
CREATE TABLE blind (id STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'blind', 'format' = 'json');
CREATE TABLE files (id STRING) WITH ('connector' = 'filesystem', 'path' = '/tmp/never', 'format' = 'json');
`

const tumble = "TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '10' SECOND))"

// TestWhatCanBeMoved holds what is refused, and why, against a list.
func TestWhatCanBeMoved(t *testing.T) {
	o := newOnFlink(t)
	f := func(statement, to string, wants ...string) {
		t.Helper()
		one := &pipeline{pipelineEntry: pipelineEntry{Name: "x", SQL: movable + statement, DeadLetters: "{topic}.dead"}}
		if err := o.planHere(one); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		_, err := o.routes(one, to)
		switch {
		case len(wants) == 0 && err != nil:
			t.Errorf("to %s: %s\n%v", to, statement, err)
		case len(wants) > 0 && err == nil:
			t.Errorf("to %s: it is taken: %s", to, statement)
		}
		for _, want := range wants {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("to %s: %s\nwant %q in: %v", to, statement, want, err)
			}
		}
	}
	both := func(statement string, wants ...string) {
		t.Helper()
		f(statement, config.EngineFlink, wants...)
		f(statement, api.EngineMillrace, wants...)
	}
	both("INSERT INTO ids SELECT id FROM readings WHERE n > 3;")
	both("INSERT INTO ids SELECT id FROM readings UNION ALL SELECT id FROM others;")
	both("INSERT INTO windows SELECT id, window_end, COUNT(*) FROM " + tumble + " GROUP BY id, window_start, window_end;")
	both("INSERT INTO windows SELECT id, window_start, COUNT(*) FROM TABLE(HOP(TABLE readings, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) GROUP BY id, window_start, window_end;")
	both("INSERT INTO windows SELECT id, window_end, COUNT(*) FROM TABLE(CUMULATE(TABLE readings, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) GROUP BY id, window_start, window_end;")
	both("INSERT INTO windows SELECT id, window_end, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY n DESC) AS r FROM (" +
		"SELECT id, window_start, window_end, COUNT(*) AS n FROM " + tumble + " GROUP BY id, window_start, window_end)) WHERE r <= 3;")
	both("INSERT INTO ids SELECT id FROM " + tumble + " WHERE n > 3;") // each row is given at once

	// There, but not back: nobody could tell which windows were given.
	f("INSERT INTO blind SELECT id, COUNT(*) FROM "+tumble+" GROUP BY id, window_start, window_end;", config.EngineFlink)
	f("INSERT INTO blind SELECT id, COUNT(*) FROM "+tumble+" GROUP BY id, window_start, window_end;", api.EngineMillrace, "no column with window_end")
	f("INSERT INTO windows SELECT id, window_start, COUNT(*) FROM TABLE(CUMULATE(TABLE readings, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) GROUP BY id, window_start, window_end;",
		api.EngineMillrace, "no column with window_end")

	both("INSERT INTO counts SELECT id, COUNT(*) FROM readings GROUP BY id;", "x.insert-into_counts: GroupAggregate", "remembers all that ever came")
	both("INSERT INTO ids SELECT a.id FROM readings a JOIN others b ON a.id = b.id;", "a join remembers all rows of both sides")
	both("INSERT INTO ids SELECT id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts) AS r FROM readings) WHERE r = 1;", "remembers")
	both("INSERT INTO counts SELECT id, n FROM (SELECT id, n, ROW_NUMBER() OVER (PARTITION BY id ORDER BY n DESC) AS r FROM readings) WHERE r <= 3;", "Top-N")
	both("INSERT INTO windows SELECT id, ts, SUM(n) OVER (PARTITION BY id ORDER BY ts) FROM readings;", "OVER remembers")
	both("INSERT INTO windows SELECT id, window_end, COUNT(*) FROM TABLE(SESSION(TABLE readings PARTITION BY id, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY id, window_start, window_end;",
		"a session may have begun long ago")
	both("INSERT INTO blind SELECT id, COUNT(*) FROM TABLE(TUMBLE(TABLE others, DESCRIPTOR(seen), INTERVAL '10' SECOND)) GROUP BY id, window_start, window_end;", "processing time")
	both("INSERT INTO windows SELECT id, window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE others, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY id, window_start, window_end;", "table.local-time-zone")
	both("SET 'table.local-time-zone' = 'Europe/Berlin'; INSERT INTO windows SELECT id, window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE others, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY id, window_start, window_end;")
	both("INSERT INTO ids SELECT id FROM two;", "more than one topic")
	both("INSERT INTO ids SELECT id FROM bounded;", "it is bounded")
	both("INSERT INTO counts SELECT id, 1 FROM cdc;", "table cdc: format debezium-json")
	both("INSERT INTO ids SELECT id FROM foreign_table;", "another Kafka")
	both("INSERT INTO ids SELECT id FROM made;", "table made: connector datagen")
	both("INSERT INTO files SELECT id FROM readings;", "INSERT INTO files: connector filesystem")
	both("INSERT INTO ids SELECT id FROM readings UNION ALL SELECT id FROM readings;", "reads it twice")
	both("EXECUTE STATEMENT SET BEGIN INSERT INTO ids SELECT id FROM readings; INSERT INTO blind SELECT id, n FROM others; END;")
	both("EXECUTE STATEMENT SET BEGIN INSERT INTO ids SELECT id FROM others; INSERT INTO windows SELECT id, window_end, COUNT(*) FROM "+tumble+" GROUP BY id, window_start, window_end; END;",
		"write one INSERT for each")
}

// TestWhereAMovedJobGoesOn holds the offsets and the windows of a job that moves against what was read.
func TestWhereAMovedJobGoesOn(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	begin := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	const count = 20_000 // a reading each 10 ms: 200 seconds
	if _, err := o.bus.Ensure(ctx, "readings", 1, nil); err != nil {
		t.Fatal(err)
	}
	var recs []bus.Record
	for i := range count {
		at := begin.Add(time.Duration(i) * 10 * time.Millisecond)
		recs = append(recs, bus.Record{Topic: "readings", Value: fmt.Appendf(nil, `{"id": "a", "n": %d, "ts": %q}`, i, at.Format(ends))})
	}
	if err := o.bus.Append(ctx, recs); err != nil {
		t.Fatal(err)
	}
	one := &pipeline{pipelineEntry: pipelineEntry{
		Name: "x", DeadLetters: "{topic}.dead",
		SQL: movable + "INSERT INTO windows SELECT id, window_end, COUNT(*) FROM " + tumble + " GROUP BY id, window_start, window_end;" +
			"INSERT INTO ids SELECT id FROM readings;",
	}}
	if err := o.planHere(one); err != nil {
		t.Fatal(err)
	}
	routes, err := o.routes(one, config.EngineFlink)
	if err != nil {
		t.Fatal(err)
	}
	env := o.envOf(one)
	clock := begin.Add(193 * time.Second).UnixMilli()
	epoch := &engine.Epoch{Sources: map[string]engine.SplitState{"readings/readings/0": {Offset: "19500"}}, Clock: &clock}
	got, err := o.placeOf(ctx, &env, &routes[0], epoch)
	if err != nil {
		t.Fatal(err)
	}
	// The window from 190 s on is open; its first row is at 19,000, and rows may be 2 s out of order.
	if at := got.Tables["readings"][0]; at > 18_800 || at < 10_000 {
		t.Errorf("it goes on at %d", at)
	}
	if got.After != "2026-11-20 10:03:13.001" || *got.Closed != clock {
		t.Errorf("windows after %q, %v", got.After, got.Closed)
	}
	plain, err := o.placeOf(ctx, &env, &routes[1], epoch)
	if want := (place{Job: "x.insert-into_ids", Tables: map[string]map[int32]int64{"readings": {0: 19_500}}}); err != nil || !cmp.Equal(plain, want) {
		t.Errorf("%+v, %v", plain, err)
	}
	// What is gone from the topic may have been in open windows.
	if err := o.bus.DeleteRecords(ctx, "readings", 0, 19_200); err != nil {
		t.Fatal(err)
	}
	if _, err := o.placeOf(ctx, &env, &routes[0], epoch); err == nil || !strings.Contains(err.Error(), "may be gone") {
		t.Errorf("records are gone: %v", err)
	}
	early := *epoch
	none := engine.NoWatermark
	early.Clock = &none
	if _, err := o.placeOf(ctx, &env, &routes[0], &early); err == nil || !strings.Contains(err.Error(), "no watermark yet") {
		t.Errorf("without a watermark: %v", err)
	}
}

// TestMoveToFlink moves a pipeline to a Flink that does as a real one was seen to, and looks at what that is told.
func TestMoveToFlink(t *testing.T) {
	o, ctx := newOnFlink(t), t.Context()
	o.pipelines.flink.bus.Own = func(string) bool { return true }
	sql := movable + "INSERT INTO windows SELECT id, window_end, COUNT(*) FROM " + tumble + " GROUP BY id, window_start, window_end;"
	if err := o.Apply(ctx, api.PipelineRequest{Name: "far", SQL: sql}); err != nil {
		t.Fatal(err)
	}
	if err := o.Move(ctx, "far", api.MoveRequest{To: config.EngineFlink}); err == nil || !strings.Contains(err.Error(), "first checkpoint") {
		t.Errorf("moved before its first checkpoint: %v", err)
	}
	begin := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, seconds := range []int{1, 5, 13, 18} {
		var recs []bus.Record
		for part := range int32(2) {
			rec := bus.Record{Topic: "readings", Value: fmt.Appendf(nil, `{"id": "a", "n": 1, "ts": %q}`, begin.Add(time.Duration(seconds)*time.Second).Format(ends))}
			bus.ToPartition(&rec, part)
			recs = append(recs, rec)
		}
		if err := o.bus.Append(ctx, recs); err != nil {
			t.Fatal(err)
		}
	}
	var last *engine.Epoch
	until(t, "all is committed", func() bool {
		var err error
		last, err = engine.LastEpoch(ctx, o.bus, "far.insert-into_windows")
		return err == nil && last != nil && last.Clock != nil && *last.Clock == begin.Add(16*time.Second).UnixMilli()
	})
	if err := o.Move(ctx, "far", api.MoveRequest{To: config.EngineFlink}); err != nil {
		t.Fatal(err)
	}
	if err := o.Pause(context.WithoutCancel(ctx), "far"); err == nil && o.one().Engine != config.EngineFlink {
		t.Error("it was paused while it moved")
	}
	until(t, "it is on Flink", func() bool { one := o.one(); return one.Engine == config.EngineFlink && one.Move == nil })
	if one := o.becomes("running"); one.SQL != flink.Redacted(sql) {
		t.Errorf("the script has changed:\n%s", one.SQL)
	}
	all := strings.Join(o.server.Statements(), "\n")
	for _, want := range []string{
		"ALTER TABLE readings SET ('scan.startup.mode' = 'specific-offsets', 'scan.startup.specific-offsets' = 'partition:0,offset:0;partition:1,offset:0'",
		"FROM (SELECT * FROM " + tumble + " WHERE window_end > TIMESTAMP '2026-11-20 10:00:16.001') GROUP BY",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("Flink was not told %q, but\n%s", want, all)
		}
	}
	away, err := engine.LastEpoch(ctx, o.bus, "far.insert-into_windows")
	if err != nil || away.PlanHash != engine.AwayHash {
		t.Errorf("the job could still run here: %+v, %v", away, err)
	}
	// The same again after a restart of the platform: it stays there.
	o.again()
	until(t, "it is still on Flink", func() bool {
		list, err := o.List(ctx)
		return err == nil && len(list) == 1 && list[0].Engine == config.EngineFlink && list[0].State == "running"
	})
}
