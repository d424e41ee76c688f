package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
)

func TestQueryAnswersOnlyWhatItMay(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 3, cpu("a", 0, 1, 2, 3))
	mustFlush(t, s)
	parts := filepath.Join(s.dir, partsDir)
	files, err := filepath.Glob(filepath.Join(parts, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	before, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	refused := func(kind fault.Kind, text string) {
		t.Helper()
		_, err := s.Query(context.Background(), text, QueryLimits{})
		if !errors.Is(err, kind) {
			t.Errorf("%s: %v, want %s", text, err, kind)
		}
	}
	part := quoteText(files[0])
	refused(fault.Denied, `COPY (SELECT 1) TO '`+parts+`/evil.parquet'`)
	refused(fault.Denied, `ATTACH '`+parts+`/evil.db'`)
	refused(fault.Denied, `INSTALL httpfs`)
	refused(fault.Denied, `SET threads = 9`)
	refused(fault.Denied, `CREATE TABLE x (a INT)`)
	refused(fault.Denied, `DROP VIEW cpu_usage`)
	refused(fault.Denied, `PRAGMA database_list`)
	refused(fault.Denied, `SELECT 1; SELECT 2`)
	refused(fault.Denied, `SELECT 1; DROP VIEW cpu_usage`)
	refused(fault.Denied, `CALL enable_logging('QueryLog')`)
	refused(fault.Denied, `SELECT * FROM enable_logging('QueryLog', storage='file', storage_path='`+parts+`/x')`)
	refused(fault.Denied, `SELECT * FROM read_parquet(`+part+`)`)
	refused(fault.Denied, `SELECT * FROM parquet_metadata(`+part+`)`)
	refused(fault.Denied, `SELECT * FROM (SELECT * FROM read_text('/etc/passwd'))`)
	refused(fault.Denied, `SELECT (SELECT max(content) FROM read_text('/etc/passwd'))`)
	refused(fault.Denied, `WITH x AS (SELECT * FROM glob('*')) SELECT * FROM x`)
	refused(fault.Denied, `SELECT * FROM arrow_scan(1::UBIGINT, 1::UBIGINT, 1::UBIGINT)`)
	refused(fault.Denied, `SELECT * FROM query('SELECT 1')`)
	refused(fault.Denied, `SELECT * FROM query_table(['cpu_usage'])`)
	refused(fault.Denied, `SELECT * FROM json_execute_serialized_sql('{}')`)
	refused(fault.Denied, `SELECT * FROM millrace_head('cpu_usage')`)
	refused(fault.Denied, `SELECT * FROM sniff_csv('/etc/passwd')`)
	refused(fault.Denied, `SELECT * FROM duckdb_settings()`)
	refused(fault.Denied, `SELECT * FROM information_schema.tables`)
	refused(fault.Denied, `SHOW TABLES`)
	refused(fault.NotFound, `SELECT * FROM `+part)
	refused(fault.NotFound, `SELECT * FROM '/etc/passwd'`)
	refused(fault.NotFound, `SELECT * FROM system.main.duckdb_views`)
	refused(fault.NotFound, `FROM cpu_usag`)
	refused(fault.NotFound, `FROM cpu_usage WHERE value IN (FROM nothing)`)
	refused(fault.Invalid, `SELEC 1`)
	refused(fault.Invalid, ``)
	refused(fault.Invalid, `SELECT valu FROM cpu_usage`)
	refused(fault.Invalid, `SELECT $1`)
	if after, err := os.ReadFile(files[0]); err != nil || string(after) != string(before) {
		t.Error("the part is not what it was")
	}
	if now, _ := filepath.Glob(filepath.Join(parts, "*")); !cmp.Equal(now, files) {
		t.Errorf("files appeared: %v", now)
	}
	f := func(text string, want ...[]any) {
		t.Helper()
		if diff := cmp.Diff(want, mustQuery(t, s, text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	f(`SELECT count(*) FROM cpu_usage WHERE time < now()::TIMESTAMP + INTERVAL 100 YEAR`, []any{int64(3)})
	f("SELECT 1 AS a, 2 AS a -- trailing ; comment", []any{int64(1), int64(2)})
	f("SELECT 1 AS a; ", []any{int64(1)})
	f("FROM range(3) SELECT max(range)", []any{int64(2)})
	f("SELECT value FROM cpu_usage ORDER BY time DESC LIMIT 2", []any{3.0}, []any{2.0})
	f("SELECT NULL, 'a', true, 1.5::DECIMAL(4,2), [1, NULL], {'k': 'v'}, 170141183460469231731687303715884105727::HUGEINT, 'nan'::DOUBLE",
		[]any{nil, "a", true, 1.5, []any{int64(1), nil}, map[string]any{"k": "v"}, "170141183460469231731687303715884105727", nil})
	f("SELECT time_bucket(INTERVAL '1 minute', time) AS t, avg(value) FROM cpu_usage GROUP BY t", []any{noon, 2.0})
	f("SELECT column_name FROM (DESCRIBE cpu_usage)", []any{"time"}, []any{"host"}, []any{"value"})
	f("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) FROM r", []any{int64(6)})
}

func TestQueryLimits(t *testing.T) {
	opts := testOptions()
	opts.QueryMemory = 64 << 20
	s, err := Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	res, err := s.Query(context.Background(), `SELECT range AS n FROM range(1000000000000)`, QueryLimits{Rows: 5})
	if err != nil || len(res.Rows) != 5 || !res.Truncated {
		t.Errorf("%+v, %v", res, err)
	}
	res, err = s.Query(context.Background(), `SELECT range AS n FROM range(5)`, QueryLimits{Rows: 5})
	if err != nil || len(res.Rows) != 5 || res.Truncated {
		t.Errorf("%+v, %v", res, err)
	}
	res, err = s.Query(context.Background(), `SELECT repeat('x', 1000) AS n FROM range(1000)`, QueryLimits{Bytes: 10_000})
	if err != nil || len(res.Rows) > 20 || !res.Truncated {
		t.Errorf("%d rows, %v", len(res.Rows), err)
	}
	began := time.Now()
	_, err = s.Query(context.Background(), `SELECT count(*) FROM range(100000000000) a WHERE sqrt(a.range) < 0`, QueryLimits{Timeout: 200 * time.Millisecond})
	if !errors.Is(err, fault.Limit) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	_, err = s.Query(context.Background(), `SELECT list(range) FROM range(1000000000)`, QueryLimits{})
	if !errors.Is(err, fault.Limit) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = s.Query(ctx, `SELECT 1`, QueryLimits{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// The engines work on after all that.
	if got := mustQuery(t, s, `SELECT 1`); !cmp.Equal(got, [][]any{{int64(1)}}) {
		t.Error(got)
	}
}

// TestReadersSeeEachRowOnceWhileWritten appends, flushes and merges while readers count: a row is never
// missed, never seen twice, and no count goes back.
func TestReadersSeeEachRowOnceWhileWritten(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 1, cpu("a", 0, 0))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(stop)
		for i := 1; i < 300; i++ {
			err := s.Append(context.Background(), Range{"metrics", 0, int64(i), int64(i + 1)}, []Group{cpu("a", i, float64(i))})
			if err == nil && i%5 == 0 {
				err = s.Flush(context.Background())
			}
			if err == nil {
				_, err = s.Merge(context.Background())
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	for r := range 2 {
		wg.Go(func() {
			last := int64(0)
			for done := false; !done; {
				select {
				case <-stop:
					done = true
				default:
				}
				var n, sum int64
				if r == 0 {
					res, err := s.Query(context.Background(), "SELECT count(*), sum(value)::BIGINT FROM cpu_usage", QueryLimits{})
					if err != nil {
						t.Error(err)
						return
					}
					n, sum = res.Rows[0][0].(int64), res.Rows[0][1].(int64)
				} else {
					got, err := s.Select(context.Background(), Query{Measurement: "cpu_usage"})
					if err != nil {
						t.Error(err)
						return
					}
					for _, p := range got.Points {
						n++
						sum += int64(p.Value.(float64))
					}
				}
				if n < last || sum != n*(n-1)/2 {
					t.Errorf("%d rows after %d, sum %d", n, last, sum)
					return
				}
				last = n
			}
		})
	}
	wg.Wait()
	if st := s.Stats(); st.Merges == 0 || st.Rows != 300 || st.Parts > 20 {
		t.Errorf("%+v", st)
	}
}

func TestViewTextQuotes(t *testing.T) {
	snap := &snapshot{name: "it's", cols: []Column{timeColumn(), {ID: 2, Name: `a"b'c`, Type: Double}}}
	if got := viewText(snap); !strings.Contains(got, `"a""b'c"`) || !strings.Contains(got, `('it''s')`) {
		t.Error(got)
	}
}
