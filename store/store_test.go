package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// noon is when the tests happen.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testOptions() Options {
	return Options{Now: func() time.Time { return noon }}
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// cpu makes rows {time, host, value}, one second apart from noon on.
func cpu(host string, from int, xs ...float64) Group {
	b := vec.NewBuilder(schema.New(
		schema.Field{Name: "time", Type: schema.Of(schema.TimestampLTZ).WithPrecision(3)},
		schema.Field{Name: "host", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "value", Type: schema.Of(schema.Double)},
	))
	for i, x := range xs {
		b.SetI64(0, noon.Add(time.Duration(from+i)*time.Second).UnixMilli())
		b.SetString(1, host)
		b.SetF64(2, x)
		b.EndRow(vec.Insert)
	}
	return Group{Measurement: "cpu_usage", Tags: []string{"host"}, Batch: b.Batch()}
}

func mustAppend(t *testing.T, s *Store, from, upto int64, groups ...Group) {
	t.Helper()
	if err := s.Append(context.Background(), Range{"metrics", 0, from, upto}, groups); err != nil {
		t.Fatal(err)
	}
}

func mustQuery(t *testing.T, s *Store, text string, args ...any) [][]any {
	t.Helper()
	res, err := s.Query(context.Background(), text, QueryLimits{}, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return res.Rows
}

func mustFlush(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestRowsAreSeenOnceInHeadPartsAndAfterRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	check := func(s *Store, n int64, sum float64) {
		t.Helper()
		got := mustQuery(t, s, "SELECT count(*), sum(value) FROM cpu_usage")
		if diff := cmp.Diff([][]any{{n, sum}}, got); diff != "" {
			t.Error(diff)
		}
		points, err := s.Select(context.Background(), Query{Measurement: "cpu_usage"})
		if err != nil || int64(len(points.Points)) != n {
			t.Errorf("%d points, %v; want %d", len(points.Points), err, n)
		}
	}
	mustAppend(t, s, 0, 3, cpu("a", 0, 1, 2, 3))
	check(s, 3, 6)
	mustFlush(t, s)
	check(s, 3, 6)
	mustAppend(t, s, 3, 5, cpu("b", 3, 4, 5))
	check(s, 5, 15)
	mustAppend(t, s, 0, 3, cpu("a", 0, 1, 2, 3)) // replayed
	check(s, 5, 15)
	if upto, ok := s.Covered("metrics", 0); upto != 3 || !ok {
		t.Errorf("covered %d, %v", upto, ok)
	}
	mustFlush(t, s)
	check(s, 5, 15)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if upto, ok := s.Covered("metrics", 0); upto != 5 || !ok {
		t.Errorf("covered %d, %v after a restart", upto, ok)
	}
	check(s, 5, 15)
	rows := mustQuery(t, s, "SELECT time, host, value FROM cpu_usage WHERE host = $1 ORDER BY time DESC LIMIT 1", "b")
	if diff := cmp.Diff([][]any{{noon.Add(4 * time.Second), "b", 5.0}}, rows); diff != "" {
		t.Error(diff)
	}
}

func TestPartlyCoveredRangeNeedsOffsets(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 3, cpu("a", 0, 1, 2, 3))
	g := cpu("a", 2, 3, 4)
	err := s.Append(context.Background(), Range{"metrics", 0, 2, 4}, []Group{g})
	if !errors.Is(err, fault.Conflict) {
		t.Fatalf("%v", err)
	}
	g.Offsets = []int64{2, 3}
	mustAppend(t, s, 2, 4, g)
	mustAppend(t, s, 9, 10, cpu("a", 4, 5)) // a gap
	if got := mustQuery(t, s, "SELECT list(value ORDER BY time) FROM cpu_usage"); !cmp.Equal(got, [][]any{{[]any{1.0, 2.0, 3.0, 4.0, 5.0}}}) {
		t.Errorf("%v", got)
	}
}

func TestSelectFilters(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 3, cpu("a", 0, 1, 2, 3))
	mustFlush(t, s)
	mustAppend(t, s, 3, 6, cpu("b", 3, 4, 5, 6))
	f := func(q Query, truncated bool, want ...float64) {
		t.Helper()
		q.Measurement = "cpu_usage"
		got, err := s.Select(context.Background(), q)
		if err != nil {
			t.Error(err)
			return
		}
		var xs []float64
		for _, p := range got.Points {
			xs = append(xs, p.Value.(float64))
		}
		if diff := cmp.Diff(want, xs); diff != "" || got.Truncated != truncated {
			t.Errorf("%+v: truncated %v, %s", q, got.Truncated, diff)
		}
	}
	f(Query{}, false, 1, 2, 3, 4, 5, 6)
	f(Query{Limit: 2}, true, 5, 6)
	f(Query{Limit: 4}, true, 3, 4, 5, 6)
	f(Query{From: noon.Add(time.Second), Upto: noon.Add(4 * time.Second)}, false, 2, 3, 4)
	f(Query{From: noon.Add(1)}, false, 2, 3, 4, 5, 6)
	f(Query{Filters: []Filter{{"host", In, []any{"a", "z"}}}}, false, 1, 2, 3)
	f(Query{Filters: []Filter{{"value", Gt, []any{2}}, {"value", Lte, []any{4.0}}}}, false, 3, 4)
	f(Query{Filters: []Filter{{"host", Ne, []any{"a"}}, {"value", Eq, []any{"5"}}}}, false, 5)
	f(Query{Fields: []string{"value"}, Filters: []Filter{{"host", Eq, []any{"q"}}}}, false)
	_, err := s.Select(context.Background(), Query{Measurement: "cpu_usag"})
	if !errors.Is(err, fault.NotFound) || fault.HintOf(err) != `did you mean "cpu_usage"?` {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
	_, err = s.Select(context.Background(), Query{Measurement: "cpu_usage", Filters: []Filter{{"hots", Eq, []any{"a"}}}})
	if !errors.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
