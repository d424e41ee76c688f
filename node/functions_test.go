package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"millrace/api"
	"millrace/bus"
	"millrace/sql/wasm"
	"millrace/sql/wasm/wasmtest"
)

const functionScript = `
CREATE FUNCTION plus AS 'add(BIGINT, BIGINT) RETURNS BIGINT' LANGUAGE WASM USING JAR 'm.wasm';
CREATE TABLE source (n BIGINT NOT NULL) WITH ('connector' = 'kafka', 'topic' = 'numbers', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
CREATE TABLE target (n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'sums', 'format' = 'json',
  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = 'sums');
SET 'execution.checkpointing.interval' = '50 ms';
INSERT INTO target SELECT plus(n, 10) FROM source;`

func TestFunctionsOutliveTheirFile(t *testing.T) {
	b, dir, folder, ctx := openTestBus(t), t.TempDir(), t.TempDir(), t.Context()
	file := filepath.Join(folder, "m.wasm")
	if err := os.WriteFile(file, wasmtest.Sample(), 0o600); err != nil {
		t.Fatal(err)
	}
	withFolder := func(p *pipelines) { p.functions.read = wasm.Within(folder, 1<<20) }
	p, stop := newPipelines(t, b, dir, withFolder)
	if err := p.Apply(ctx, api.PipelineRequest{Name: "sums", SQL: functionScript}); err != nil {
		t.Fatal(err)
	}
	outside := strings.Replace(functionScript, "m.wasm", "../m.wasm", 1)
	if err := p.Apply(ctx, api.PipelineRequest{Name: "other", SQL: outside}); err == nil {
		t.Error("a file outside of the folder is read")
	}
	sums := func() string {
		recs, err := b.Last(ctx, "sums", 100)
		if err != nil {
			return err.Error()
		}
		var all []string
		for _, r := range recs {
			all = append(all, string(r.Value))
		}
		return strings.Join(all, " ")
	}
	send := func(value string) {
		t.Helper()
		if err := b.Append(ctx, []bus.Record{{Topic: "numbers", Value: []byte(value)}}); err != nil {
			t.Fatal(err)
		}
	}
	send(`{"n":1}`)
	until(t, "a sum", func() bool { return sums() == `{"n":11}` })
	stop()

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p, stop = newPipelines(t, b, dir, withFolder)
	defer stop()
	send(`{"n":2}`)
	until(t, "a sum after a restart", func() bool { return strings.Contains(sums(), `{"n":12}`) })
	if err := p.Apply(ctx, api.PipelineRequest{Name: "sums", SQL: functionScript}); err != nil {
		t.Errorf("the same again without the file: %v", err)
	}
	if err := p.Drop(context.WithoutCancel(ctx), "sums"); err != nil {
		t.Fatal(err)
	}
	if left := p.table.List(modulePrefix); len(left) > 0 {
		t.Errorf("%d pieces of modules are left in the table", len(left))
	}
}
