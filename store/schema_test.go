package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// group makes rows of the given fields; the first is the time, in seconds after noon.
func group(name string, fields []schema.Field, rows ...[]any) Group {
	b := vec.NewBuilder(schema.New(fields...))
	for _, row := range rows {
		for c, v := range row {
			switch v := v.(type) {
			case nil:
			case string:
				b.SetString(c, v)
			case float64:
				b.SetF64(c, v)
			case bool:
				b.SetBool(c, v)
			case time.Time:
				b.SetInt(c, v.UnixMicro())
			case int:
				if c == 0 {
					b.SetInt(c, noon.Add(time.Duration(v)*time.Second).UnixMicro())
				} else {
					b.SetInt(c, int64(v))
				}
			}
		}
		b.EndRow(vec.Insert)
	}
	return Group{Measurement: name, Time: fields[0].Name, Batch: b.Batch()}
}

func field(name string, id schema.TypeID) schema.Field {
	return schema.Field{Name: name, Type: schema.Of(id)}
}

func TestColumnsAppearAndWiden(t *testing.T) {
	s := open(t, t.TempDir())
	at := field("ts", schema.Timestamp)
	appendOne := func(from int64, g Group) {
		t.Helper()
		mustAppend(t, s, from, from+1, g)
	}
	want := [][]any{
		{noon, nil, 1.0, nil, nil, nil},
		{noon.Add(time.Second), "x", 2.0, true, nil, nil},
		{noon.Add(2 * time.Second), nil, 2.5, nil, nil, nil},
		{noon.Add(3 * time.Second), nil, 4.0, nil, "text", noon},
	}
	look := func() {
		t.Helper()
		got := mustQuery(t, s, `SELECT time, tag, n, ok, s, t FROM m ORDER BY time`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		points, err := s.Select(context.Background(), Query{Measurement: "m", Filters: []Filter{{"n", Gt, []any{1.5}}}, Fields: []string{"N"}})
		if err != nil {
			t.Fatal(err)
		}
		var xs []any
		for _, p := range points.Points {
			xs = append(xs, p.Value)
		}
		if diff := cmp.Diff([]any{2.0, 2.5, 4.0}, xs); diff != "" {
			t.Error(diff)
		}
	}
	appendOne(0, group("m", []schema.Field{at, field("n", schema.BigInt)}, []any{0, 1}))
	mustFlush(t, s)
	g := group("m", []schema.Field{at, field("tag", schema.VarChar), field("N", schema.Int), field("ok", schema.Boolean)}, []any{1, "x", 2, true})
	g.Tags = []string{"tag"}
	appendOne(1, g)
	appendOne(2, group("m", []schema.Field{at, field("n", schema.Double)}, []any{2, 2.5}))
	appendOne(3, group("m", []schema.Field{at, field("n", schema.TinyInt), field("s", schema.VarChar), field("t", schema.TimestampLTZ)}, []any{3, 4, "text", noon}))
	look()
	mustFlush(t, s)
	look()
	dir := s.dir
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	look()
	mustMergeAll(t, s, 2)
	look()
	m := s.Measurements()
	wantM := []Measurement{{
		Name: "m", Tags: []string{"tag"}, Rows: 4, Parts: 1, Bytes: m[0].Bytes, From: noon, Upto: noon.Add(3 * time.Second),
		Fields: []Field{{"n", Double}, {"ok", Boolean}, {"s", VarChar}, {"t", Timestamp}},
	}}
	if diff := cmp.Diff(wantM, m); diff != "" {
		t.Error(diff)
	}
}

// mustMergeAll merges all parts of each measurement into one, whatever the tiers say.
func mustMergeAll(t *testing.T, s *Store, parts int) {
	t.Helper()
	for _, m := range s.measurements {
		if len(m.parts) != parts {
			t.Fatalf("measurement %q has %d parts, want %d", m.name, len(m.parts), parts)
		}
		from := append([]*part(nil), m.parts...)
		pin(from)
		if err := s.merge(context.Background(), from); err != nil {
			t.Fatal(err)
		}
		s.unpin(from)
	}
}

func TestRefusedRowsLeaveNoTrace(t *testing.T) {
	s := open(t, t.TempDir())
	at := field("time", schema.Timestamp)
	good := group("good", []schema.Field{at, field("x", schema.Double)}, []any{0, 1.0})
	mustAppend(t, s, 0, 1, group("m", []schema.Field{at, field("x", schema.Double), field("b", schema.Boolean)}, []any{0, 1.0, true}))
	f := func(g Group, column, text string, rows ...int) {
		t.Helper()
		err := s.Append(context.Background(), Range{"metrics", 0, 1, 2}, []Group{good, g})
		var r *Refused
		if !errors.As(err, &r) || r.Group != 1 || r.Column != column || !cmp.Equal(r.Rows, rows) || !errors.Is(err, fault.Invalid) {
			t.Errorf("error %v, refused %+v; want column %q, rows %v", err, r, column, rows)
			return
		}
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q, want %q in it", err, text)
		}
		if m := s.Measurements(); len(m) != 1 || m[0].Rows != 1 || len(m[0].Fields) != 2 {
			t.Errorf("something was left: %+v", m)
		}
	}
	f(group("m", []schema.Field{at, field("n", schema.Int), field("x", schema.VarChar)}, []any{0, 1, "x"}), "x", "it is DOUBLE, not VARCHAR")
	f(group("m", []schema.Field{at, field("b", schema.Int)}, []any{0, 1}), "b", "it is BOOLEAN, not BIGINT")
	f(group("m", []schema.Field{at, field("raw", schema.VarBinary)}, []any{0, "x"}), "raw", "BYTES is not stored")
	f(group("m", []schema.Field{at, field("X", schema.Double), field("x", schema.Double)}, []any{0, 1.0, 1.0}), "x", "another column")
	f(group("n", []schema.Field{field("when", schema.BigInt)}, []any{0}), "when", "it is to be the time")
	f(group("n", []schema.Field{at, field("x", schema.Double)}, []any{0, 1.0}, []any{nil, 1.0}, []any{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), 1.0}), "time", "no time", 1, 2)
	f(group("", []schema.Field{at, field("x", schema.Double)}, []any{0, 1.0}), "", "empty")
	f(group("a\nb", []schema.Field{at, field("x", schema.Double)}, []any{0, 1.0}), "", "control character")
	g := group("m", []schema.Field{at, field("x", schema.Double)}, []any{0, 1.0})
	g.Batch.Kinds = []vec.RowKind{vec.Delete}
	f(g, "", "only inserts", 0)
	// What is left after all rows of a group were taken out is appended.
	empty := group("m", []schema.Field{at, field("b", schema.Int)}, []any{0, 1})
	empty.Batch.Sel = []int32{}
	mustAppend(t, s, 1, 2, good, empty)
	if m := s.Measurements(); len(m) != 2 || m[0].Rows != 1 || m[1].Rows != 1 {
		t.Errorf("%+v", m)
	}
}

func TestDottedNamesAndCase(t *testing.T) {
	s := open(t, t.TempDir())
	at := field("time", schema.Timestamp)
	x := field("x", schema.Double)
	for i, name := range []string{"sensors.stats", "sensors.raw", "a.b.c", `it's "q"`, "Mixed", "main.x", "select"} {
		mustAppend(t, s, int64(i), int64(i)+1, group(name, []schema.Field{at, x}, []any{0, float64(i)}))
	}
	f := func(from string, want float64) {
		t.Helper()
		if diff := cmp.Diff([][]any{{want}}, mustQuery(t, s, "SELECT x FROM "+from)); diff != "" {
			t.Errorf("%s: %s", from, diff)
		}
	}
	f(`sensors.stats`, 0)
	f(`"sensors.stats"`, 0)
	f(`SENSORS.Stats`, 0)
	f(`sensors.raw`, 1)
	f(`"a.b.c"`, 2)
	f(`"it's ""q"""`, 3)
	f(`mixed`, 4)
	f(`"main.x"`, 5)
	f(`"select"`, 6)
	f(`main.mixed`, 4)
	if diff := cmp.Diff([][]any{{0.0, 1.0}}, mustQuery(t, s, `WITH raw AS (FROM sensors.raw) SELECT s.x, raw.x FROM sensors.stats s, raw`)); diff != "" {
		t.Error(diff)
	}
	mustAppend(t, s, 10, 11, group("mixed", []schema.Field{at, x}, []any{0, 9.0}))
	f(`mixed`, 9)
	f(`"Mixed"`, 4)
	if _, err := s.Query(context.Background(), `FROM mixed, "Mixed"`, QueryLimits{}); !errors.Is(err, fault.Conflict) {
		t.Error(err)
	}
}
