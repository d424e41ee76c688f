package kafka_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/bus"
	"millrace/catalog"
	"millrace/connector"
	"millrace/connector/kafka"
	"millrace/engine"
	"millrace/format"
	"millrace/format/json"
	"millrace/format/json/cdc"
	"millrace/format/raw"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// script runs a script of SQL over the bench's bus and returns the rows of its SELECTs.
func (b *bench) script(text string) (rows []string) {
	b.Helper()
	connectors := []connector.Spec{kafka.Spec(b.bus), kafka.UpsertSpec(b.bus)}
	formats := []format.Spec{json.Spec(), raw.Spec(), cdc.Debezium()}
	env := &engine.Env{
		Connectors: map[string]connector.Spec{}, Formats: map[string]format.Spec{}, Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return engine.MemoryLedger{}, nil },
	}
	for _, c := range connectors {
		env.Connectors[c.Name] = c
	}
	for _, f := range formats {
		env.Formats[f.Name] = f
	}
	p := plan.NewPlanner(catalog.New(), connectors, formats)
	b.must(p.Script(text, func(_ ast.Statement, r *plan.Result) error {
		if r.Job == nil {
			return nil
		}
		spec := engine.SpecOf("job", r.Job)
		spec.Collect = func(out *vec.Batch) error {
			for k := range out.Rows().Len() {
				i := out.Rows().At(k)
				cells := []string{out.Kind(i).String()}
				for c := range out.Cols {
					cells = append(cells, string(function.AppendText(nil, &out.Cols[c], i, time.UTC)))
				}
				rows = append(rows, strings.Join(cells, " "))
			}
			return nil
		}
		return engine.NewJob(env, spec).RunOnce(b.Context())
	}))
	return rows
}

// TestUpserts writes counts as upserts, deletes some, and reads the topic back as the table that it is.
func TestUpserts(t *testing.T) {
	b := newBench(t)
	b.topic("clicks", 1, `{"who":"ann"}`, `{"who":"bob"}`, `{"who":"ann"}`, `{"who":"ann"}`)
	const tables = `
CREATE TABLE clicks (who STRING) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
CREATE TABLE counts (n BIGINT, k_who STRING, PRIMARY KEY (k_who) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'counts',
  'key.format' = 'json', 'key.fields-prefix' = 'k_', 'value.format' = 'json', 'value.fields-include' = 'EXCEPT_KEY', 'scan.bounded.mode' = 'latest-offset');
`
	b.script(tables + "INSERT INTO counts SELECT COUNT(*), who FROM clicks GROUP BY who;")
	var records []string
	for _, r := range b.records("counts") {
		records = append(records, fmt.Sprintf("%s %s", r.Key, r.Value))
	}
	slices.Sort(records)
	want := []string{`{"who":"ann"} {"n":1}`, `{"who":"ann"} {"n":2}`, `{"who":"ann"} {"n":3}`, `{"who":"bob"} {"n":1}`}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Error(diff)
	}
	b.must(b.bus.Append(t.Context(), []bus.Record{{Topic: "counts", Key: []byte(`{"who":"bob"}`)}, {Topic: "counts", Key: []byte(`{"who":"eve"}`)}}))
	got := map[string]int{}
	for _, row := range b.script(tables + "SELECT k_who, n FROM counts;") {
		kind, cells, _ := strings.Cut(row, " ")
		if got[cells]++; kind == "-U" || kind == "-D" {
			got[cells] -= 2
		}
		if got[cells] == 0 {
			delete(got, cells)
		}
	}
	if diff := cmp.Diff(map[string]int{"ann 3": 1}, got); diff != "" {
		t.Error(diff)
	}
}

// TestHeadersAndKeys goes there and back with headers in a map and several columns in the key.
func TestHeadersAndKeys(t *testing.T) {
	b := newBench(t)
	const table = `
CREATE TABLE t (a STRING, b INT, c STRING, h MAP<STRING, BYTES> METADATA FROM 'headers') WITH ('connector' = 'kafka', 'topic' = 't',
  'key.format' = 'json', 'key.fields' = 'b;a', 'value.format' = 'raw', 'value.fields-include' = 'EXCEPT_KEY',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
`
	b.script(table + "INSERT INTO t VALUES ('x', 1, 'one', MAP['trace', x'01', 'span', x'02']), ('y', 2, 'two', CAST(NULL AS MAP<STRING, BYTES>));")
	for _, r := range b.records("t") {
		if want := map[string]string{"one": `{"b":1,"a":"x"}`, "two": `{"b":2,"a":"y"}`}[string(r.Value)]; string(r.Key) != want {
			t.Errorf("key of %s is %s, want %s", r.Value, r.Key, want)
		}
	}
	got := b.script(table + "SELECT a, b, c, CAST(h['span'] AS STRING) = CAST(x'02' AS STRING), CARDINALITY(h) FROM t;")
	slices.Sort(got)
	if diff := cmp.Diff([]string{"+I x 1 one TRUE 2", "+I y 2 two NULL 0"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestValueMetadata reads what Debezium tells of its rows, beside what Kafka does and a column in the key.
func TestValueMetadata(t *testing.T) {
	b := newBench(t)
	b.topic("changes", 1)
	for _, v := range []string{
		`{"before":null,"after":{"name":"nut"},"op":"c","ts_ms":1589362330904,"source":{"db":"shop","ts_ms":1589362330000,"table":"parts"}}`,
		`{"before":{"name":"nut"},"after":{"name":"bolt"},"op":"u","ts_ms":1589362331904,"source":{"db":"shop","table":"parts"}}`,
	} {
		b.must(b.bus.Append(t.Context(), []bus.Record{{Topic: "changes", Key: []byte(`{"id":7}`), Value: []byte(v)}}))
	}
	const table = `
CREATE TABLE t (told TIMESTAMP(3) METADATA FROM 'value.ingestion-timestamp' VIRTUAL, id INT, name STRING, pos BIGINT METADATA FROM 'offset' VIRTUAL,
  source MAP<STRING, STRING> METADATA FROM 'value.source.properties' VIRTUAL, db STRING METADATA FROM 'value.source.database' VIRTUAL)
WITH ('connector' = 'kafka', 'topic' = 'changes', 'key.format' = 'json', 'key.fields' = 'id', 'value.format' = 'debezium-json',
  'value.fields-include' = 'EXCEPT_KEY', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
`
	want := []string{
		"+I 7 nut 2020-05-13 09:32:10.904 0 shop parts", "-U 7 nut 2020-05-13 09:32:11.904 1 shop parts", "+U 7 bolt 2020-05-13 09:32:11.904 1 shop parts",
	}
	if diff := cmp.Diff(want, b.script(table+"SELECT id, name, told, pos, db, source['table'] FROM t;")); diff != "" {
		t.Error(diff)
	}
	// The physical columns alone, and what is told alone.
	if diff := cmp.Diff([]string{"+I 7 nut", "-U 7 nut", "+U 7 bolt"}, b.script(table+"SELECT id, name FROM t;")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"+I shop", "-U shop", "+U shop"}, b.script(table+"SELECT db FROM t;")); diff != "" {
		t.Error(diff)
	}
}

// records returns all records of a topic.
func (b *bench) records(topic string) []bus.Record {
	b.Helper()
	var out []bus.Record
	b.must(b.bus.Each(b.Context(), topic, nil, func(r bus.Record) error {
		out = append(out, r)
		return nil
	}))
	return out
}
