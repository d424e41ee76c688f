package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/api"
	"millrace/blob"
	"millrace/bus"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/sql/wasm/wasmtest"
)

// board is a bus with a few words for tests.
type board struct {
	t   *testing.T
	bus *bus.Bus
}

func (b board) send(topic string, values ...string) {
	b.t.Helper()
	var recs []bus.Record
	for _, v := range values {
		recs = append(recs, bus.Record{Topic: topic, Value: []byte(v)})
	}
	if err := b.bus.Append(b.t.Context(), recs); err != nil {
		b.t.Fatal(err)
	}
}

// got are the committed values of a topic, sorted.
func (b board) got(topic string) string {
	recs, err := b.bus.Last(b.t.Context(), topic, 1000)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, r := range recs {
		all = append(all, string(r.Value))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (b board) want(topic, values string) {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(40 * time.Second); b.got(topic) != values; <-tick.C {
		if time.Now().After(deadline) {
			b.t.Fatalf("topic %s has %q, want %q", topic, b.got(topic), values)
		}
	}
}

func (b board) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// sumScript sums by key; what stands for the select list and the rest of the query may be changed.
func sumScript(query string, set ...string) string {
	var more strings.Builder
	for _, s := range set {
		more.WriteString("SET " + s + ";\n")
	}
	return more.String() + `
CREATE TABLE source (k STRING, n INT) WITH ('connector' = 'kafka', 'topic' = 'numbers', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE target (k STRING, s BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'sums',
  'key.format' = 'json', 'value.format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'sum');
SET 'execution.checkpointing.interval' = '50 ms';
INSERT INTO target ` + query + ";"
}

func TestRestartFromElsewhere(t *testing.T) {
	b, ctx := board{t, openTestBus(t)}, t.Context()
	p, stop := newPipelines(t, b.bus, t.TempDir())
	defer func() { stop() }()
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "copy", SQL: copyScript}))
	b.send("numbers", `{"n":1}`)
	b.want("doubled", `{"n":2}`)
	b.must(p.Restart(ctx, "copy", api.RestartRequest{From: "earliest"}))
	b.want("doubled", `{"n":2} {"n":2}`)

	b.must(p.Pause(ctx, "copy"))
	b.send("numbers", `{"n":2}`)
	b.must(p.Restart(ctx, "copy", api.RestartRequest{From: "latest"}))
	until(t, "it runs", func() bool { list, _ := p.List(ctx); return list[0].State == "running" })
	since := time.Now()
	until(t, "the clock moves", func() bool { return time.Now().UnixMilli() > since.UnixMilli()+1 })
	since = time.Now()
	b.send("numbers", `{"n":3}`)
	b.want("doubled", `{"n":2} {"n":2} {"n":6}`)
	b.must(p.Restart(ctx, "copy", api.RestartRequest{From: "time", Time: since}))
	b.want("doubled", `{"n":2} {"n":2} {"n":6} {"n":6}`)

	// A wish is obeyed once: what comes after it is in the epochs.
	stop()
	p, stop = newPipelines(t, b.bus, t.TempDir())
	b.send("numbers", `{"n":4}`)
	b.want("doubled", `{"n":2} {"n":2} {"n":6} {"n":6} {"n":8}`)
	if err := p.Restart(ctx, "copy", api.RestartRequest{From: "time"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("no time is given: %v", err)
	}
	if err := p.Restart(ctx, "copy", api.RestartRequest{From: "savepoint", Savepoint: "none"}); !errors.Is(err, fault.NotFound) {
		t.Errorf("no such savepoint: %v", err)
	}
}

func TestSavepoints(t *testing.T) {
	b, dir, ctx := board{t, openTestBus(t)}, t.TempDir(), t.Context()
	p, stop := newPipelines(t, b.bus, dir)
	defer func() { stop() }()
	sums := sumScript("SELECT k, SUM(n) FROM source GROUP BY k")
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "sum", SQL: sums}))
	b.send("numbers", `{"k":"a","n":1}`, `{"k":"b","n":10}`)
	b.want("sums", `{"k":"a","s":1} {"k":"b","s":10}`)
	one, err := p.Save(ctx, "sum")
	b.must(err)
	if one.State != "complete" || len(one.Jobs) != 1 || one.Bytes == 0 || one.Jobs[0].Epoch == 0 {
		t.Fatalf("the savepoint is %+v", one)
	}
	b.send("numbers", `{"k":"a","n":2}`)
	b.want("sums", `{"k":"a","s":1} {"k":"a","s":3} {"k":"b","s":10}`)

	// Back to it: the same record comes again upon the same state.
	b.must(p.Restart(ctx, "sum", api.RestartRequest{From: "savepoint", Savepoint: one.ID}))
	b.want("sums", `{"k":"a","s":1} {"k":"a","s":3} {"k":"a","s":3} {"k":"b","s":10}`)

	// A paused one is saved as its last checkpoint was.
	b.must(p.Pause(ctx, "sum"))
	two, err := p.Save(ctx, "sum")
	b.must(err)
	if two.State != "complete" || two.Jobs[0].Epoch <= one.Jobs[0].Epoch {
		t.Errorf("the savepoint of the paused one is %+v, after %+v", two, one)
	}
	list, err := p.Savepoints(ctx, "sum")
	b.must(err)
	if len(list) != 2 || list[0].ID != two.ID {
		t.Errorf("the list is %+v", list)
	}
	b.must(p.Forget(ctx, "sum", two.ID))

	// It outlives its pipeline, whose state goes.
	b.must(p.DropKeeping(ctx, "sum"))
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "again", SQL: sums, Savepoint: "sum/" + one.ID}))
	b.want("sums", `{"k":"a","s":1} {"k":"a","s":3} {"k":"a","s":3} {"k":"a","s":3} {"k":"b","s":10}`)
	b.must(p.Drop(ctx, "again"))
	b.must(p.Forget(ctx, "sum", one.ID))
	left, err := filepath.Glob(filepath.Join(dir, "state", "savepoints", "*", "*", "*", "*"))
	b.must(err)
	if len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
}

func TestChangedQuery(t *testing.T) {
	b, ctx := board{t, openTestBus(t)}, t.Context()
	p, stop := newPipelines(t, b.bus, t.TempDir())
	defer stop()
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "sum", SQL: sumScript("SELECT k, SUM(n) FROM source GROUP BY k", "'parallelism.default' = '2'")}))
	b.send("numbers", `{"k":"a","n":1}`)
	b.want("sums", `{"k":"a","s":1}`)

	// Another parallelism is the same plan.
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "sum", Replace: true, SQL: sumScript("SELECT k, SUM(n) FROM source GROUP BY k", "'parallelism.default' = '3'")}))
	b.send("numbers", `{"k":"a","n":2}`)
	b.want("sums", `{"k":"a","s":1} {"k":"a","s":3}`)

	// What comes behind the aggregate may change: its state stays.
	negated := sumScript("SELECT k, -s FROM (SELECT k, SUM(n) AS s FROM source GROUP BY k)")
	changes, err := p.Changes(ctx, "sum", api.ChangesRequest{SQL: negated})
	b.must(err)
	for _, c := range changes {
		if c.Fate != "kept" || c.Blocks {
			t.Errorf("%+v", c)
		}
	}
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "sum", Replace: true, SQL: negated}))
	b.send("numbers", `{"k":"a","n":3}`)
	b.want("sums", `{"k":"a","s":-6} {"k":"a","s":1} {"k":"a","s":3}`)

	// Another aggregate is another state: refused, with the reason, until it may begin fresh.
	counted := api.PipelineRequest{Name: "sum", Replace: true, SQL: sumScript("SELECT k, COUNT(*) FROM source GROUP BY k")}
	if err = p.Apply(ctx, counted); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "GroupAggregate") {
		t.Fatalf("another aggregate: %v", err)
	}
	counted.AllowFresh = true
	b.must(p.Apply(ctx, counted))
	b.send("numbers", `{"k":"a","n":4}`)
	b.want("sums", `{"k":"a","s":-6} {"k":"a","s":1} {"k":"a","s":1} {"k":"a","s":3}`)
}

func TestPoisonRecords(t *testing.T) {
	const tables = `
CREATE TABLE source (n INT, t STRING, p AS PROCTIME()) WITH ('connector' = 'kafka', 'topic' = 'numbers', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE target (n INT) WITH ('connector' = 'kafka', 'topic' = 'results', 'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'p');
SET 'execution.checkpointing.interval' = '50 ms';
SET 'parallelism.default' = '2';
`
	for name, f := range map[string]struct{ more, query, bad string }{
		"division by zero":   {"", "SELECT 100 / n FROM source", `{"n":0,"t":"1"}`},
		"a cast":             {"", "SELECT CAST(t AS INT) + 100 / n - CAST(t AS INT) FROM source", `{"n":100,"t":"one"}`},
		"behind an exchange": {"", "SELECT 100 / n FROM (SELECT n, ROW_NUMBER() OVER (PARTITION BY t ORDER BY p) AS r FROM source) WHERE r = 1", `{"n":0,"t":"x"}`},
		"a function that traps": {
			"CREATE FUNCTION f AS 'div(BIGINT, BIGINT) RETURNS BIGINT' LANGUAGE WASM USING JAR '" + trapping() + "';\n",
			"SELECT CAST(f(CAST(100 AS BIGINT), CAST(n AS BIGINT)) AS INT) FROM source", `{"n":0,"t":"1"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, ctx := board{t, openTestBus(t)}, t.Context()
			p, stop := newPipelines(t, b.bus, t.TempDir())
			defer stop()
			var values []string
			var want []string
			for i := range 40 {
				values = append(values, fmt.Sprintf(`{"n":%d,"t":"%d"}`, 1+i%2*49, i))
				want = append(want, fmt.Sprintf(`{"n":%d}`, 100/(1+i%2*49)))
			}
			b.send("numbers", append(append(values[:20:20], f.bad, f.bad), values[20:]...)...)
			b.must(p.Apply(ctx, api.PipelineRequest{Name: "poison", SQL: tables + f.more + "INSERT INTO target " + f.query + ";"}))
			b.want("numbers.dead", f.bad+" "+f.bad)
			slices.Sort(want)
			b.want("results", strings.Join(want, " "))
			until(t, "the job runs, with its dead letters counted", func() bool {
				list, _ := p.List(ctx)
				return list[0].State == "running" && list[0].Jobs[0].DeadLetters >= 2
			})
			recs, err := b.bus.Last(ctx, "numbers.dead", 1)
			b.must(err)
			if !slices.ContainsFunc(recs[0].Headers, func(h bus.Header) bool { return strings.Contains(string(h.Value), "failed at this record") }) {
				t.Errorf("headers are %s", recs[0].Headers)
			}
		})
	}
}

func TestPoisonMayFail(t *testing.T) {
	b, ctx := board{t, openTestBus(t)}, t.Context()
	p, stop := newPipelines(t, b.bus, t.TempDir())
	defer stop()
	b.send("numbers", `{"n":0}`)
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "copy", Poison: "fail", SQL: strings.Replace(copyScript, "n * 2", "1 / n", 1)}))
	until(t, "it fails", func() bool {
		list, _ := p.List(ctx)
		return list[0].State == "failed" && strings.Contains(list[0].Jobs[0].Error, "by zero")
	})
	if got := b.got("numbers.dead"); got != "" && !strings.Contains(got, "numbers.dead") {
		t.Errorf("there are dead letters: %s", got)
	}
}

// TestGuaranteesOfEachSink runs one job with a sink of either kind: what one writes is seen with the checkpoint, what
// the other writes at once.
func TestGuaranteesOfEachSink(t *testing.T) {
	b, ctx := board{t, openTestBus(t)}, t.Context()
	p, stop := newPipelines(t, b.bus, t.TempDir())
	defer stop()
	b.must(p.Apply(ctx, api.PipelineRequest{Name: "both", SQL: `
CREATE TABLE source (n INT) WITH ('connector' = 'kafka', 'topic' = 'numbers', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE soon (n INT) WITH ('connector' = 'kafka', 'topic' = 'soon', 'format' = 'json');
CREATE TABLE once (n INT) WITH ('connector' = 'kafka', 'topic' = 'once', 'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'b');
SET 'execution.checkpointing.interval' = '4 min';
EXECUTE STATEMENT SET BEGIN
INSERT INTO soon SELECT n FROM source;
INSERT INTO once SELECT n FROM source;
END;`}))
	b.send("numbers", `{"n":1}`)
	b.want("soon", `{"n":1}`)
	b.want("once", "")
	one, err := p.Save(ctx, "both") // a checkpoint
	b.must(err)
	if one.State != "complete" {
		t.Errorf("the savepoint is %+v", one)
	}
	b.want("once", `{"n":1}`)
	b.want("soon", `{"n":1}`)
	// What is not committed comes again at least once in the one, and exactly once in the other.
	b.send("numbers", `{"n":2}`)
	b.want("soon", `{"n":1} {"n":2}`)
	b.must(p.Restart(ctx, "both", api.RestartRequest{From: "checkpoint"}))
	b.want("soon", `{"n":1} {"n":2} {"n":2}`)
	_, err = p.Save(ctx, "both")
	b.must(err)
	b.want("once", `{"n":1} {"n":2}`)
}

// TestTakesOverFromTheBucket runs a job on one replica, and then on another that shares nothing with it but the bus
// and the bucket: it goes on from chains of snapshots, also after the first has gone without a word.
func TestTakesOverFromTheBucket(t *testing.T) {
	b, ctx := board{t, openTestBus(t)}, t.Context()
	bucket, err := blob.Open(ctx, "file://"+t.TempDir())
	b.must(err)
	defer func() { _ = bucket.Close() }()
	shared := func(p *pipelines) {
		p.env.Snapshots = state.Buckets(bucket, "snapshots/")
		p.env.Chains = state.Limits{Small: -1, Files: 2} // so that snapshots build on each other and are merged
	}
	first, stop := newPipelines(t, b.bus, t.TempDir(), shared)
	b.must(first.Apply(ctx, api.PipelineRequest{Name: "sum", SQL: sumScript("SELECT k, SUM(n) FROM source GROUP BY k", "'parallelism.default' = '2'")}))
	sums := func(upto int) string {
		var all []string
		for i := 1; i <= upto; i++ {
			for k := range 3 {
				all = append(all, fmt.Sprintf(`{"k":"%d","s":%d}`, k, i))
			}
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	round := 0
	for range 5 {
		for range 3 {
			b.send("numbers", `{"k":"0","n":1}`, `{"k":"1","n":1}`, `{"k":"2","n":1}`)
			round++
			b.want("sums", sums(round))
		}
		stop()
		_, stop = newPipelines(t, b.bus, t.TempDir(), shared)
	}
	defer stop()
	b.send("numbers", `{"k":"0","n":1}`, `{"k":"1","n":1}`, `{"k":"2","n":1}`)
	b.want("sums", sums(round+1))
	names, err := state.Buckets(bucket, "snapshots/")("sum.insert-into_target").List(context.WithoutCancel(ctx))
	b.must(err)
	if len(names) == 0 || len(names) > 8 {
		t.Errorf("the bucket has %v", names)
	}
}

// trapping is a module whose function div traps at a division by zero.
func trapping() string {
	return wasmtest.Inline(wasmtest.Module{Pages: 1, Funcs: []wasmtest.Func{
		{Name: "div", Params: []byte{wasmtest.I64, wasmtest.I64}, Results: []byte{wasmtest.I64}, Code: []byte{0x20, 0, 0x20, 1, 0x7f}},
	}}.Bytes())
}
