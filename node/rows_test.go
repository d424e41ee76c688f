package node

import (
	"testing"
	"time"

	"millrace/config"
	"millrace/format"
	"millrace/format/json"
	"millrace/option"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/store/hot"
)

func sensorRows(t *testing.T) *tableRows {
	t.Helper()
	s := schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.VarChar).Required()},
		schema.Field{Name: "celsius", Type: schema.Of(schema.Double)},
		schema.Field{Name: "at", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
	)
	spec := json.Spec()
	opts, err := option.Check("json", spec.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := newTableRows(config.Stored{Topic: "sensors", Time: "at", Tags: []string{"id"}}, &plan.Scan{Read: s, FormatName: spec.Name, FormatOptions: opts}, map[string]format.Spec{spec.Name: spec})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTableRowsKeepTheGoodAndRefuseTheBad(t *testing.T) {
	rows := sensorRows(t)
	add := func(offset int64, text string) error { return rows.add(offset, time.UnixMilli(1), nil, []byte(text)) }
	for offset, text := range []string{
		`{"id": "a", "celsius": 21.5, "at": "2026-11-20 10:00:00.5"}`,
		`{"id": "a", "celsius": "warm", "at": "2026-11-20 10:00:01"}`,
		`{"id": "b", "celsius": 20, "at": null}`,
		``,
		`{"id": "b", "celsius": null, "at": "2026-11-20 10:00:02"}`,
	} {
		err := add(int64(offset), text)
		if bad := offset == 1 || offset == 2; bad != (err != nil) {
			t.Errorf("record %d: error %v", offset, err)
		}
	}
	groups := rows.groups()
	if len(groups) != 1 || groups[0].Measurement != "sensors" || groups[0].Batch.N != 2 {
		t.Fatalf("groups: %+v", groups)
	}
	want := time.Date(2026, 11, 20, 10, 0, 0, 500_000_000, time.UTC).UnixMicro()
	if got := groups[0].Batch.Cols[0].I64[0]; got != want {
		t.Errorf("time %d, want %d", got, want)
	}
	if offset, raw := rows.origin(0, 1); offset != 4 || string(raw) != `{"id": "b", "celsius": null, "at": "2026-11-20 10:00:02"}` {
		t.Errorf("origin of row 1: %d %s", offset, raw)
	}
	h := hot.New(hot.Options{Keep: 100 * 365 * 24 * time.Hour})
	rows.hot(h)
	if latest := h.Latest("sensors.celsius"); len(latest) != 1 || latest[0].Value != 21.5 || latest[0].Tags["id"] != "a" {
		t.Errorf("hot: %+v", latest)
	}
	rows.reset()
	if rows.groups() != nil {
		t.Error("reset left rows")
	}
}

func TestTableRowsReadKeys(t *testing.T) {
	s := schema.New(
		schema.Field{Name: "k_id", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "offset", Type: schema.Of(schema.BigInt)},
		schema.Field{Name: "celsius", Type: schema.Of(schema.Double)},
	)
	spec := json.Spec()
	opts, err := option.Check("json", spec.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	scan := &plan.Scan{
		Read: s, Meta: map[int]string{1: "offset"}, FormatName: spec.Name, FormatOptions: opts,
		KeyFormat: &plan.KeyFormat{Name: spec.Name, Options: opts, Columns: []string{"k_id"}, Prefix: "k_", Only: true},
	}
	rows, err := newTableRows(config.Stored{Topic: "sensors"}, scan, map[string]format.Spec{spec.Name: spec})
	if err != nil {
		t.Fatal(err)
	}
	for offset, r := range [][2]string{{`{"id":"a"}`, `{"celsius":1,"id":"x"}`}, {`{"id`, `{"celsius":2}`}, {`{"id":"b"}`, `{"celsius":"?"}`}, {"", `{"celsius":4}`}} {
		var key []byte
		if r[0] != "" {
			key = []byte(r[0])
		}
		err := rows.add(int64(offset), time.UnixMilli(1), key, []byte(r[1]))
		if bad := offset == 1 || offset == 2; bad != (err != nil) {
			t.Errorf("record %d: error %v", offset, err)
		}
	}
	got := rows.groups()[0].Batch
	if got.N != 2 || got.Schema.Names()[1] != "k_id" || string(got.Cols[1].Bytes(0)) != "a" || !got.Cols[1].IsNull(1) || got.Cols[2].F64[1] != 4 {
		t.Errorf("rows: %+v", got)
	}
}

func TestPointRowsSortPointsByMeasurement(t *testing.T) {
	p := newPointRows()
	at := time.UnixMilli(1_700_000_000_000)
	for offset, text := range []string{
		`{"metric": "cpu", "value": 1.5, "tags": {"host": "a"}}`,
		`{"metric": "mem", "value": 2}`,
		`{"metric": "cpu"}`,
		`{"metric": "cpu", "value": 3, "tags": {"host": "b"}, "timestamp": "2026-11-20T10:00:00Z"}`,
	} {
		err := p.add(int64(offset), at, nil, []byte(text))
		if bad := offset == 2; bad != (err != nil) {
			t.Errorf("record %d: error %v", offset, err)
		}
	}
	groups := p.groups()
	if len(groups) != 2 || groups[0].Measurement != "cpu" || groups[0].Batch.N != 2 || groups[1].Measurement != "mem" {
		t.Fatalf("groups: %+v", groups)
	}
	if got := groups[0].Batch.Cols[0].I64[0]; got != at.UnixMicro() {
		t.Errorf("a point without a time got %d, want the record's %d", got, at.UnixMicro())
	}
	if offset, raw := p.origin(0, 1); offset != 3 || string(raw[:20]) != `{"metric": "cpu", "v` {
		t.Errorf("origin: %d %s", offset, raw)
	}
	h := hot.New(hot.Options{Keep: 100 * 365 * 24 * time.Hour})
	p.hot(h)
	if latest := h.Latest(); len(latest) != 3 {
		t.Errorf("hot: %+v", latest)
	}
}
