package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"millrace/blob"
	"millrace/blob/blobtest"
	"millrace/fault"
)

// spread makes a store with rows in the head, on disk and in the bucket: 5 of each, of three days.
func spread(t *testing.T, opts Options) *Store {
	t.Helper()
	opts.Now = func() time.Time { return noon }
	opts.BucketAfter = 30 * time.Hour
	s, err := Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx := context.Background()
	for day := range int64(3) {
		mustAppend(t, s, day*5, day*5+5, cpu("a", int(day-2)*24*3600, 1, 2, 3, 4, 5))
		if day < 2 {
			mustFlush(t, s)
		}
	}
	mustRepeat(t, s.RollUp)
	if n := mustRepeat(t, s.Move); n != 1 {
		t.Fatalf("%d parts moved", n)
	}
	st := s.Storage(ctx)
	for i, name := range []string{"head", "disk", "bucket"} {
		tier := st.Tiers[i]
		if tier.Name != name || tier.Rows != 5 || !tier.From.Equal(noon.AddDate(0, 0, -i)) || tier.Upto.Sub(tier.From) != 4*time.Second {
			t.Fatalf("%+v", st.Tiers)
		}
	}
	return s
}

func mustRepeat(t *testing.T, one func(context.Context) (bool, error)) (n int) {
	t.Helper()
	for {
		did, err := one(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !did {
			return n
		}
		n++
	}
}

func folderBucket(t *testing.T) (b *blob.Bucket, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "cold")
	return openBucket(t, "file://"+dir), dir
}

func openBucket(t *testing.T, url string) *blob.Bucket {
	t.Helper()
	b, err := blob.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// everywhere checks that all ways of asking give the rows of all tiers, once.
func everywhere(t *testing.T, s *Store, rows int) {
	t.Helper()
	ctx := context.Background()
	partial := rows < 15
	res, err := s.Query(ctx, "SELECT count(*), sum(value) FROM cpu_usage", QueryLimits{})
	if err != nil || res.Rows[0][0] != int64(rows) || res.Rows[0][1] != float64(rows*3) || res.Partial != partial || len(res.Warnings) > 0 != partial {
		t.Errorf("query: %+v, %v", res, err)
	}
	ps, err := s.Select(ctx, Query{Measurement: "cpu_usage"})
	if err != nil || len(ps.Points) != rows || ps.Partial != partial || len(ps.Warnings) > 0 != partial {
		t.Errorf("select: %d points, %v %v, %v", len(ps.Points), ps.Partial, ps.Warnings, err)
	}
	if partial && !strings.Contains(ps.Warnings[0], `5 rows of "cpu_usage" in 1 parts between 2026-11-21T12:00:00Z`) {
		t.Error(ps.Warnings)
	}
	// Its rollups are here.
	q := AggregateQuery{Measurement: "cpu_usage", Aggregation: Sum, Interval: time.Hour, GroupBy: []string{"host"}}
	agg, err := s.Aggregate(ctx, q)
	if err != nil || agg.Series[0].Total != 45 || agg.Series[0].Count != 15 || agg.Partial || agg.Rollup != "1h" {
		t.Errorf("aggregate: %+v, %v", agg, err)
	}
	q.Aggregation = P50
	agg, err = s.Aggregate(ctx, q)
	if err != nil || agg.Series[0].Count != int64(rows) || agg.Partial != partial || agg.Rollup != "" {
		t.Errorf("percentile: %+v, %v", agg, err)
	}
	// What needs nothing of the bucket is whole.
	res, err = s.Query(ctx, "SELECT count(*) FROM cpu_usage WHERE time >= $1::TIMESTAMP", QueryLimits{}, "2026-11-22 00:00:00")
	if err != nil || res.Rows[0][0] != int64(10) || res.Partial {
		t.Errorf("query of two days: %+v, %v", res, err)
	}
}

func TestBucketAwayMakesAnswersPartial(t *testing.T) {
	b, dir := folderBucket(t)
	s := spread(t, Options{Bucket: b})
	away := func() {
		t.Helper()
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		s.cold.makeNothing()
	}
	away()
	if st := s.Storage(context.Background()); st.Bucket.Error == nil || st.Bucket.URL != "file://"+dir {
		t.Errorf("%+v", st.Bucket)
	}
	everywhere(t, s, 10)
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	s.cold.retry = time.Time{}
	everywhere(t, s, 15)
	// What was fetched is still there while the bucket is away.
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	everywhere(t, s, 15)
	if s.Storage(context.Background()).BucketCache.Hits == 0 {
		t.Error("not from the cache")
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
}

// makeNothing empties the cache.
func (c *coldCache) makeNothing() {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := c.max
	c.max = 0
	c.makeRoom(1)
	c.max = keep
}

func TestStoreWithoutItsBucketSaysSo(t *testing.T) {
	b, _ := folderBucket(t)
	s := spread(t, Options{Bucket: b})
	dir := s.dir
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	everywhere(t, s, 10)
}

func TestDamagedObjectIsNotRead(t *testing.T) {
	b, dir := folderBucket(t)
	s := spread(t, Options{Bucket: b})
	var path string
	for info, err := range b.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, info.Key)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	everywhere(t, s, 10)
	data[len(data)/2] ^= 4
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	everywhere(t, s, 15)
	// Nor is damage in the cache, after a restart.
	root := s.dir
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	cached, _ := filepath.Glob(filepath.Join(root, coldDir, "0*.parquet"))
	if len(cached) != 1 {
		t.Fatal(cached)
	}
	bad := bytes.Clone(data)
	bad[len(bad)/3] ^= 1
	if err := os.WriteFile(cached[0], bad, 0o644); err != nil {
		t.Fatal(err)
	}
	opts := testOptions()
	opts.Bucket = b
	if s, err = Open(root, opts); err != nil {
		t.Fatal(err)
	}
	everywhere(t, s, 15)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestRetentionReachesTheBucket(t *testing.T) {
	b, _ := folderBucket(t)
	ctx := context.Background()
	s := spread(t, Options{Bucket: b, Retention: map[string]time.Duration{"cpu_*": 36 * time.Hour, "c*": time.Hour, "": time.Minute}})
	if d := s.opts.RetentionOf("cpu_usage"); d != 36*time.Hour {
		t.Fatal(d)
	}
	if err := errors.Join(s.retain(ctx), s.Sweep(ctx)); err != nil {
		t.Fatal(err)
	}
	for info, err := range b.List(ctx, "") {
		t.Errorf("%v is left, %v", info, err)
	}
	if st := s.Stats(); st.Rows != 10 || st.ObjectsRemoved != 1 || len(s.garbage) != 0 {
		t.Errorf("%+v", st)
	}
	// The rollups still know.
	agg, err := s.Aggregate(ctx, AggregateQuery{Measurement: "cpu_usage", Aggregation: Sum, Interval: 24 * time.Hour})
	if err != nil || agg.Series[0].Total != 45 || len(agg.Warnings) > 0 {
		t.Errorf("%+v, %v", agg, err)
	}
	agg, err = s.Aggregate(ctx, AggregateQuery{Measurement: "cpu_usage", Aggregation: P95, Interval: 24 * time.Hour})
	if err != nil || agg.Series[0].Count != 10 || len(agg.Warnings) != 1 || !strings.Contains(agg.Warnings[0], "rollups only") {
		t.Errorf("%+v, %v", agg, err)
	}
	tags, err := s.TagValues(ctx, "cpu_usage", time.Time{}, noon.AddDate(0, 0, -1), 0)
	if err != nil || len(tags.Values["host"]) != 1 {
		t.Errorf("%+v, %v", tags, err)
	}
}

func TestBucketCacheIsBoundedAndFetchesOnce(t *testing.T) {
	b, _ := folderBucket(t)
	ctx := context.Background()
	opts := testOptions()
	opts.Bucket, opts.BucketAfter = b, time.Hour
	s, err := Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(6) {
		mustAppend(t, s, i, i+1, cpu("a", -int(i+1)*24*3600, float64(i)))
		mustFlush(t, s)
	}
	mustRepeat(t, s.RollUp)
	if n := mustRepeat(t, s.Move); n != 6 {
		t.Fatalf("%d moved", n)
	}
	size := s.measurements["cpu_usage"].parts[0].Bytes
	s.cold.max = 2*size + size/2
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			release, err := s.cold.fetch(ctx, s.measurements["cpu_usage"].parts[0].raw)
			if err != nil {
				t.Error(err)
				return
			}
			release()
		})
	}
	wg.Wait()
	if st := s.Stats(); st.BucketMisses != 1 || st.BucketHits != 7 || st.BucketCached != size {
		t.Errorf("%+v", st)
	}
	// One at a time fits; all at once, as DuckDB needs them, does not.
	ps, err := s.Select(ctx, Query{Measurement: "cpu_usage"})
	if err != nil || len(ps.Points) != 6 || ps.Partial {
		t.Errorf("%+v, %v", ps, err)
	}
	if st := s.Stats(); st.BucketCached > s.cold.max {
		t.Errorf("%d bytes in the cache", st.BucketCached)
	}
	res, err := s.Query(ctx, "SELECT count(*) FROM cpu_usage", QueryLimits{})
	if err != nil || !res.Partial || res.Rows[0][0] != int64(2) || !strings.Contains(res.Warnings[0], "narrow the time range") {
		t.Errorf("%+v, %v", res, err)
	}
	res, err = s.Query(ctx, "SELECT count(*) FROM cpu_usage WHERE time BETWEEN '2026-11-20' AND '2026-11-21'", QueryLimits{})
	if err != nil || res.Partial || res.Rows[0][0] != int64(1) {
		t.Errorf("%+v, %v", res, err)
	}
	if files, _ := os.ReadDir(s.cold.dir); len(files) > 3 {
		t.Errorf("%d files", len(files))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestFailedMoveLeavesThePartHere(t *testing.T) {
	b, dir := folderBucket(t)
	ctx := context.Background()
	opts := testOptions()
	opts.Bucket, opts.BucketAfter = b, time.Hour
	s, err := Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, 0, 2, cpu("a", -24*3600, 1, 2))
	mustFlush(t, s)
	mustRepeat(t, s.RollUp)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o644); err != nil { // nothing can be put there
		t.Fatal(err)
	}
	if did, err := s.Move(ctx); did || !errors.Is(err, fault.Unavailable) {
		t.Errorf("%v, %v", did, err)
	}
	if got := mustQuery(t, s, "SELECT count(*) FROM cpu_usage"); got[0][0] != int64(2) {
		t.Error(got)
	}
	if st := s.Stats(); st.BucketParts != 0 || st.MoveErrors != 1 || len(s.garbage) != 1 {
		t.Errorf("%+v", st)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if n := mustRepeat(t, s.Move); n != 1 {
		t.Errorf("%d moved", n)
	}
	if err := s.Sweep(ctx); err != nil {
		t.Error(err)
	}
	if got := mustQuery(t, s, "SELECT count(*) FROM cpu_usage"); got[0][0] != int64(2) {
		t.Error(got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestMinIOAsBucket(t *testing.T) {
	m := blobtest.StartMinIO(t)
	s := spread(t, Options{Bucket: m.Open("replica-1"), BucketTimeout: 5 * time.Second})
	everywhere(t, s, 15)
	s.cold.makeNothing()
	m.Stop()
	s.results = newResultCache(1 << 20) // else they are given again, and rightly
	everywhere(t, s, 10)
	m.Start()
	s.cold.retry = time.Time{}
	everywhere(t, s, 15)
}

func TestRangesOfAPlan(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse("2006-01-02", s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMicro()
	}
	all := filtered("")
	f := func(from, upto string, filters any) {
		t.Helper()
		want := all
		if from != "" {
			want.from = at(from)
		}
		if upto != "" {
			want.upto = at(upto)
		}
		if got := filtered(filters); got != want {
			t.Errorf("%v: %v, want %v", filters, got, want)
		}
	}
	f("2026-01-01", "2026-02-01", "time>='2026-01-01 00:00:00'::TIMESTAMP AND time<'2026-02-01 00:00:00'::TIMESTAMP")
	f("2026-01-01", "", []any{"host='a'", "(CAST(time AS TIMESTAMP WITH TIME ZONE) > '2026-01-01 00:00:00+00'::TIMESTAMP WITH TIME ZONE)"})
	f("2026-01-01", "2026-01-01", "time='2026-01-01 00:00:00'::TIMESTAMP")
	f("", "", "time<'2026-01-01 00:00:00'::TIMESTAMP OR time>'2026-02-01 00:00:00'::TIMESTAMP")
	f("", "", "host=' AND time>''2026-01-01 00:00:00''::TIMESTAMP AND '")
	f("", "", "((time >= '2026-01-01 00:00:00'::TIMESTAMP) OR (v = 1.0))")
	f("", "", "optional: time>'2026-01-01 00:00:00'::TIMESTAMP")
	f("", "", nil)
}
