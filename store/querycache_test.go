package store

import (
	"context"
	"testing"
	"time"
)

func TestQueryAnswersAreKeptUntilARowComes(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 2, cpu("a", 0, 1, 2))
	hits := func() int64 { return s.Storage(context.Background()).Cache.Hits }
	f := func(text string, keeps bool, args ...any) {
		t.Helper()
		mustQuery(t, s, text, args...)
		before := hits()
		mustQuery(t, s, text, args...)
		if kept := hits() > before; kept != keeps {
			t.Errorf("%s: kept %v", text, kept)
		}
	}
	f("SELECT sum(value) FROM cpu_usage", true)
	f("SELECT sum(value) FROM cpu_usage WHERE host = $1", true, "a")
	f("SELECT date_trunc('hour', time), avg(value) FROM cpu_usage GROUP BY 1 ORDER BY 1", true)
	f("WITH x AS (FROM cpu_usage) SELECT count(*) FROM x", true)
	f("SELECT count(*) FROM cpu_usage WHERE time > now() - INTERVAL 1 HOUR", false)
	f("SELECT count(*), current_timestamp FROM cpu_usage", false)
	f("SELECT count(*), current_date FROM cpu_usage", false)
	f("SELECT random() FROM cpu_usage", false)
	f("SELECT uuid() FROM cpu_usage", false)
	f("SELECT today()", false)
	f("SELECT localtimestamp", false)
	f("SELECT * FROM cpu_usage USING SAMPLE 1 ROWS", false)
	f("SELECT value FROM cpu_usage TABLESAMPLE 50%", false)
	for i := range int64(20) {
		mustAppend(t, s, 2+i, 3+i, cpu("a", int(2+i), 1))
		for range 2 {
			if got := mustQuery(t, s, "SELECT count(*) FROM cpu_usage")[0][0]; got != 3+i {
				t.Fatalf("%v rows after %d", got, 3+i)
			}
		}
		if i == 10 {
			mustFlush(t, s)
		}
	}
	if _, err := s.Trim("cpu_usage", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := mustQuery(t, s, "SELECT count(*) FROM cpu_usage")[0][0]; got != int64(9) {
		t.Errorf("%v rows after trimming", got)
	}
}

func TestHistory(t *testing.T) {
	var h history
	const second = 1_000_000
	h.touch(100 * second)
	for i := range int64(100) {
		h.touch(200*second + i*second/10)
	}
	v := h.version
	for i := range int64(100) {
		h.touch(300*second + i*second/2)
	}
	if !h.holds(v, 300*second) || h.holds(v, 300*second+1) || !h.holds(h.version, 1<<60) {
		t.Errorf("after rows that come in order: %+v", h.changes[:3])
	}
	for i := range int64(10_000) {
		v = h.version
		h.touch((400 + i) * second)
		if !h.holds(v, (400+i)*second) || h.holds(v, (402+i)*second) {
			t.Fatalf("after %d more", i)
		}
	}
	if len(h.changes) > maxChanges {
		t.Errorf("%d changes", len(h.changes))
	}
	middle := h.version
	h.touch(50)
	if h.holds(middle, 51) || !h.holds(middle, 50) || !h.holds(h.version, 51) {
		t.Error("after a late row")
	}
}
