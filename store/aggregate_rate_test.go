package store

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
)

func TestRateCountsResetsFromZeroAndAddsSeriesUp(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 5, cpu("a", 0, 10, 12, 14, 3, 5))
	mustFlush(t, s)
	mustAppend(t, s, 5, 8, cpu("a", 5, 6, 7, 8), cpu("b", 4, 100, 110, 120))
	q := AggregateQuery{Measurement: "cpu_usage", Aggregation: Rate, From: noon, Upto: noon.Add(8 * time.Second), Interval: 2 * time.Second}
	got, err := s.Aggregate(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	// a: 2 2 3 2 1 1 1, b: 10 10.
	want := []float64{2, 2.5, 1.5 + 10, 1 + 10}
	if diff := cmp.Diff(want, got.Series[0].Values); diff != "" || len(got.Series) != 1 {
		t.Error(diff)
	}
	if total := got.Series[0].Total; math.Abs(total-(12.0/7+10)) > 1e-9 {
		t.Error(total)
	}
	q.GroupBy, q.Limit = []string{"host"}, 1
	got, err = s.Aggregate(context.Background(), q)
	if err != nil || got.Series[0].Tags["host"] != "b" || !got.Truncated || got.SeriesTotal != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAggregateRefusesWhatItCannotAnswer(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 2, cpu("a", 0, 10, 12))
	good := AggregateQuery{Measurement: "cpu_usage", Aggregation: Avg}
	f := func(want string, change func(q *AggregateQuery)) {
		t.Helper()
		q := good
		change(&q)
		_, err := s.Aggregate(context.Background(), q)
		if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.NotFound || !strings.Contains(err.Error()+fault.HintOf(err), want) {
			t.Errorf("%v (%s), want %s", err, fault.HintOf(err), want)
		}
	}
	f(`did you mean "cpu_usage"`, func(q *AggregateQuery) { q.Measurement = "cpu_usages" })
	f("it knows: avg, min", func(q *AggregateQuery) { q.Aggregation = "mean" })
	f(`did you mean "value"`, func(q *AggregateQuery) { q.Fields = []string{"valeu"} })
	f("is no field", func(q *AggregateQuery) { q.Fields = []string{"host"} })
	f("is no tag", func(q *AggregateQuery) { q.GroupBy = []string{"value"} })
	f("ends before it begins", func(q *AggregateQuery) { q.From, q.Upto = noon, noon })
	f("are more than", func(q *AggregateQuery) {
		q.From, q.Upto, q.Interval = noon, noon.AddDate(1, 0, 0), time.Second
	})
	f("milliseconds", func(q *AggregateQuery) { q.Interval = time.Microsecond })
	f("comparison", func(q *AggregateQuery) { q.Filters = []Filter{{"value", "like", []any{1}}} })
	got, err := s.Aggregate(context.Background(), good)
	if err != nil || got.Series[0].Total != 11 || got.Interval != time.Second || len(got.Series[0].Values) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	good.From, good.Upto = noon.Add(-time.Hour), noon.Add(-time.Minute)
	if got, err = s.Aggregate(context.Background(), good); err != nil || len(got.Series) != 0 || got.SeriesTotal != 0 {
		t.Errorf("no rows: %+v, %v", got, err)
	}
}

func TestTagValues(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 2, cpu("c", 0, 10), cpu("a", 10, 1))
	mustFlush(t, s)
	mustAppend(t, s, 2, 3, cpu("b", 20, 10))
	f := func(from, upto, limit int, truncated bool, want ...string) {
		t.Helper()
		at := func(n int) time.Time {
			if n < 0 {
				return time.Time{}
			}
			return noon.Add(time.Duration(n) * time.Second)
		}
		got, err := s.TagValues(context.Background(), "cpu_usage", at(from), at(upto), limit)
		if err != nil || got.Truncated["host"] != truncated {
			t.Errorf("%+v, %v", got, err)
			return
		}
		if diff := cmp.Diff(map[string][]string{"host": append([]string{}, want...)}, got.Values); diff != "" {
			t.Error(diff)
		}
	}
	f(-1, -1, 0, false, "a", "b", "c")
	f(-1, -1, 2, true, "a", "b")
	f(5, 20, 0, false, "a")
	f(5, 21, 0, false, "a", "b")
	f(100, 200, 0, false)
	if _, err := s.TagValues(context.Background(), "nothing", noon, noon, 1); !errors.Is(err, fault.NotFound) {
		t.Error(err)
	}
}
