package stack

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"millrace/blob/blobtest"
)

// tierRows is how many rows are written for each tier: more than the platform's own figures ever make meanwhile.
const tierRows = 2000

// TestTiers has rows of a measurement in memory, on disk and in the bucket, and rolled up. Every way to ask counts
// each once; without the bucket the answers say what is missing; with it again they are whole.
func TestTiers(t *testing.T) {
	minio := blobtest.StartMinIO(t)
	n := prepare(t, "tiers",
		"MILLRACE_BUCKET_URL="+minio.URL("tiers"), "MILLRACE_BUCKET_AFTER=1 h", "MILLRACE_STORE_FLUSH_INTERVAL=10 s",
		"MILLRACE_SOURCES_HOST_ENABLED=false", "MILLRACE_ALERTS_ENABLED=off")
	n.start()
	n.awaitReady()
	now := time.Now().UTC().Truncate(time.Second)
	// Nobody asks for what is unseen before the bucket is gone, so that nothing keeps its parts at hand.
	seen, unseen := newTiers(n, "tiered", now), newTiers(n, "tiered_unseen", now)
	// Hours apart, so that what is old enough to move is never merged with what is not.
	seen.write(t, now.Add(-5*time.Hour))
	unseen.write(t, now.Add(-5*time.Hour))
	eventually(t, settle, "the old rows are in the bucket", func() error { return n.holds("bucket", 2*tierRows) })
	seen.write(t, now.Add(-50*time.Minute))
	unseen.write(t, now.Add(-50*time.Minute))
	eventually(t, settle, "the newer rows are on disk", func() error { return n.holds("disk", 2*tierRows) })
	seen.write(t, now.Add(-40*time.Minute))
	eventually(t, settle, "the newest rows are there", func() error { return seen.count("count(*)", 3*tierRows) })
	for tier, rows := range map[string]int{"head": tierRows, "disk": 2 * tierRows, "bucket": 2 * tierRows} {
		if err := n.holds(tier, rows); err != nil {
			t.Error(err)
		}
	}
	if err := seen.whole(); err != nil {
		t.Error(err)
	}
	for _, f := range []*tiers{seen, unseen} {
		eventually(t, settle, "the figures come from rollups", func() error { return f.rolledUp() })
	}
	if err := seen.whole(); err != nil {
		t.Error("with all rolled up:", err)
	}

	minio.Stop()
	check := func(when string) {
		t.Helper()
		if err := errors.Join(unseen.partial(tierRows), unseen.rolledUp()); err != nil {
			t.Error("without the bucket "+when+":", err)
		}
	}
	check("at first")
	n.restart() // which must not need the bucket
	check("after a restart")
	minio.Start()
	for _, f := range []*tiers{seen, unseen} {
		eventually(t, settle, "all is whole again", f.whole)
	}
}

// tiers is a measurement whose rows are in several tiers.
type tiers struct {
	n      *node
	metric string
	from   time.Time
	next   int // as many rows there are
}

func newTiers(n *node, metric string, now time.Time) *tiers {
	return &tiers{n: n, metric: metric, from: now.Add(-6 * time.Hour)}
}

// write sends tierRows rows from a time on, one a second, with values that go on counting.
func (f *tiers) write(t *testing.T, from time.Time) {
	t.Helper()
	var body bytes.Buffer
	for i := range tierRows {
		fmt.Fprintf(&body, `{"timestamp":%q,"metric":%q,"value":%d,"tags":{"side":"s%d"}}`+"\n",
			from.Add(time.Duration(i)*time.Second).Format(time.RFC3339), f.metric, f.next, f.next%2)
		f.next++
	}
	if status, answer, err := f.n.try("POST", "/api/write", "application/x-ndjson", body.Bytes()); err != nil || status != http.StatusOK {
		t.Fatalf("write: %v, status %d: %s", err, status, answer)
	}
}

// holds says whether a tier has as many rows as were written for it.
func (n *node) holds(tier string, rows int) error {
	var s struct {
		Tiers []struct {
			Tier string
			Rows int
		}
	}
	if err := n.get("/api/storage", &s); err != nil {
		return err
	}
	for _, one := range s.Tiers {
		if one.Tier == tier && one.Rows >= rows {
			return nil
		}
	}
	return fmt.Errorf("tier %s has not %d rows: %+v", tier, rows, s.Tiers)
}

// count asks for one figure in SQL.
func (f *tiers) count(what string, want int) error {
	rows, covers, err := f.n.sql("SELECT " + what + " FROM " + f.metric)
	if err != nil {
		return err
	}
	if covers.Partial || len(rows) != 1 || whole(rows[0][0]) != want {
		return fmt.Errorf("sql %s: %v (%v), want %d", what, rows, covers, want)
	}
	return nil
}

// span is a request for all of the rows.
func (f *tiers) span() map[string]any {
	return map[string]any{
		"measurement": f.metric, "start": f.from.Format(time.RFC3339), "end": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "limit": 100_000,
	}
}

// analyze asks for one figure of all rows, in intervals; the figure is put together from them.
func (f *tiers) analyze(function, interval string) (total float64, rollup string, err error) {
	answer, err := f.analysis(function, interval)
	if err != nil {
		return 0, "", err
	}
	if answer.Partial || len(answer.Series) != 1 {
		return 0, "", fmt.Errorf("analyze: %d series, warnings %v", len(answer.Series), answer.Warnings)
	}
	for _, p := range answer.Series[0].Points {
		if p[1] != nil {
			total += *p[1]
		}
	}
	if all := answer.Series[0].Total; all == nil || *all != total {
		return 0, "", fmt.Errorf("analyze: the total is not that of the points, %v", total)
	}
	return total, answer.Rollup, nil
}

type analysis struct {
	coverage
	Rollup string
	Series []struct {
		Points [][2]*float64
		Total  *float64
	}
}

func (f *tiers) analysis(function, interval string) (analysis, error) {
	request := f.span()
	delete(request, "limit")
	request["fields"], request["aggregation"], request["interval"] = []string{"value"}, function, interval
	var answer analysis
	err := f.n.post("/api/analyze", request, &answer)
	return answer, err
}

// rolledUp wants the figures of all rows from rollups.
func (f *tiers) rolledUp() error {
	total, rollup, err := f.analyze("count", "1h")
	if err == nil && (rollup == "" || total != float64(f.next)) {
		err = fmt.Errorf("analyze from rollups: %v, rollup %q; want %d", total, rollup, f.next)
	}
	return err
}

// whole holds every way to ask against all rows, each counted once.
func (f *tiers) whole() error {
	want := f.next
	points, covers, err := f.n.query(f.span())
	if err != nil {
		return err
	}
	seen := map[int]bool{}
	for _, p := range points {
		seen[whole(p.Value)] = true
	}
	if covers.Partial || len(points) != want || len(seen) != want {
		return fmt.Errorf("query: %d points, %d different, %v; want %d", len(points), len(seen), covers, want)
	}
	sum := want * (want - 1) / 2
	if err := errors.Join(
		f.count("count(*)", want), f.count("count(DISTINCT value)", want), f.count("sum(value)", sum), f.count("count(*) FILTER (side = 's1')", want/2),
	); err != nil {
		return err
	}
	for _, interval := range []string{"1m", "1h", "45s"} {
		for function, value := range map[string]int{"count": want, "sum": sum} {
			total, rollup, err := f.analyze(function, interval)
			if err != nil {
				return err
			}
			if total != float64(value) {
				return fmt.Errorf("%s in intervals of %s (rollup %q): %v, want %d", function, interval, rollup, total, value)
			}
		}
	}
	return nil
}

// partial wants every answer that needs the bucket to say that it is missing, and to have what is left.
func (f *tiers) partial(left int) error {
	points, covers, err := f.n.query(f.span())
	if err != nil || !covers.Partial || len(covers.Warnings) == 0 || len(points) != left {
		return fmt.Errorf("query: %d points, %+v, %v; want %d and a warning", len(points), covers, err, left)
	}
	rows, covers, err := f.n.sql("SELECT count(*) FROM " + f.metric)
	if err != nil || !covers.Partial || len(covers.Warnings) == 0 || whole(rows[0][0]) != left {
		return fmt.Errorf("sql: %v, %+v, %v; want %d and a warning", rows, covers, err, left)
	}
	answer, err := f.analysis("stddev", "45s") // which no rollup has
	if err != nil || !answer.Partial || len(answer.Warnings) == 0 {
		return fmt.Errorf("analyze: %+v, %v; want a warning", answer.coverage, err)
	}
	return nil
}
