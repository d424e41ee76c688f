package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/api"
	"millrace/broker"
	"millrace/builtin"
	"millrace/bus"
	"millrace/connector"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/wasm"
	"millrace/vec"
)

// newPipelines is what a node has, on a broker of its own, in a folder that may have been used before.
func newPipelines(t *testing.T, b *bus.Bus, dir string, set ...func(*pipelines)) (p *pipelines, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	connectors, formats := builtin.Connectors(b, io.Discard, io.Discard), builtin.Formats()
	log := slog.New(slog.DiscardHandler)
	table, err := b.OpenTable(ctx, objectTopic, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := newWork(b, true, log)
	p = &pipelines{
		bus: b, table: table, work: w, partitions: 2, connectors: connectors, formats: formats, log: log,
		functions: functions{limits: wasm.DefaultLimits()},
		elsewhere: (&replicas{}).job, list: map[string]*pipeline{}, rates: map[string]*jobRate{},
		env: engine.Env{
			Connectors: byName(connectors, func(s connector.Spec) string { return s.Name }),
			Formats:    byName(formats, func(s format.Spec) string { return s.Name }),
			Log:        log, Hasher: vec.NewHasher(), Snapshots: state.Folders(filepath.Join(dir, "state")),
		},
	}
	for _, change := range set {
		change(p)
	}
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{table.Run, w.run, p.run} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	return p, func() { cancel(); running.Wait() }
}

func openTestBus(t *testing.T) *bus.Bus {
	t.Helper()
	br, err := broker.Open(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { br.Close() })
	b, err := bus.Open(t.Context(), bus.Config{Seeds: []string{br.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	return b
}

const copyScript = `
CREATE TABLE source (n INT NOT NULL) WITH ('connector' = 'kafka', 'topic' = 'numbers', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE target (n INT) WITH ('connector' = 'kafka', 'topic' = 'doubled', 'format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'copy');
SET 'execution.checkpointing.interval' = '50 ms';
INSERT INTO target SELECT n * 2 FROM source;`

// until polls what is true sooner or later.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after 20 s", what)
		}
	}
}

func TestPipelineLivesPausesAndComesBack(t *testing.T) {
	b, dir, ctx := openTestBus(t), t.TempDir(), t.Context()
	p, stop := newPipelines(t, b, dir)
	if err := p.Apply(ctx, api.PipelineRequest{Name: "copy", SQL: copyScript}); err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(ctx, api.PipelineRequest{Name: "copy", SQL: copyScript}); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if err := p.Apply(ctx, api.PipelineRequest{Name: "copy", SQL: copyScript + "\n"}); !errors.Is(err, fault.Conflict) {
		t.Errorf("another script under the name: %v", err)
	}
	send := func(values ...string) {
		t.Helper()
		var recs []bus.Record
		for _, v := range values {
			recs = append(recs, bus.Record{Topic: "numbers", Value: []byte(v)})
		}
		if err := b.Append(ctx, recs); err != nil {
			t.Fatal(err)
		}
	}
	got := func(topic string) string {
		recs, err := b.Last(ctx, topic, 100)
		if err != nil {
			return err.Error()
		}
		var all []string
		for _, r := range recs {
			all = append(all, string(r.Value))
		}
		return strings.Join(all, " ")
	}
	send(`{"n":1}`, `{"n":"one"}`)
	until(t, "a row and a dead letter", func() bool { return got("doubled") == `{"n":2}` && got("numbers.dead") == `{"n":"one"}` })

	if err := p.Pause(ctx, "copy"); err != nil {
		t.Fatal(err)
	}
	send(`{"n":2}`)
	stop()
	p, stop = newPipelines(t, b, dir)
	defer func() { stop() }()
	until(t, "the paused pipeline after a restart", func() bool { list, _ := p.List(ctx); return len(list) == 1 && list[0].State == "paused" })
	if err := p.Resume(ctx, "copy"); err != nil {
		t.Fatal(err)
	}
	until(t, "the row sent while it was paused, once", func() bool { return strings.Count(got("doubled"), "n") == 2 })
	if list, _ := p.List(ctx); list[0].State != "running" || len(list[0].Jobs) != 1 {
		t.Errorf("running: %+v", list)
	}
	if err := p.Drop(ctx, "copy"); err != nil {
		t.Fatal(err)
	}
	if err := p.Pause(ctx, "copy"); !errors.Is(err, fault.NotFound) {
		t.Errorf("pause what was dropped: %v", err)
	}
	// Dropped and applied anew, it begins at the beginning.
	if err := p.Apply(ctx, api.PipelineRequest{Name: "copy", SQL: copyScript}); err != nil {
		t.Fatal(err)
	}
	until(t, "both rows again", func() bool { return strings.Count(got("doubled"), "n") == 4 })
}

func TestPipelineRefusesWhatCannotRun(t *testing.T) {
	p, stop := newPipelines(t, openTestBus(t), t.TempDir())
	defer stop()
	f := func(name, sql, want string) {
		t.Helper()
		if err := p.Apply(t.Context(), api.PipelineRequest{Name: name, SQL: sql}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", sql, err, want)
		}
	}
	f("../x", copyScript, "name")
	f("x", "CREATE TABLE t (n INT) WITH ('connector' = 'blackhole');", "no INSERT")
	f("x", "SELECT 1;", "SELECT")
	f("x", "INSERT INTO nowhere SELECT 1;", "nowhere")
}
