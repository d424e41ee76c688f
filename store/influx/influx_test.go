package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/schema"
	"millrace/store"
	"millrace/store/influx/influxtest"
	"millrace/telemetry"
	"millrace/vec"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// open opens a DB that runs until the test ends.
func open(t *testing.T, cfg Config) *DB {
	t.Helper()
	setDefault(&cfg.Token, influxtest.Token)
	db := openAs(t, cfg)
	eventually(t, "influxdb is reached", func() bool { return db.Reachable() == nil })
	return db
}

func openAs(t *testing.T, cfg Config) *DB {
	t.Helper()
	setDefault(&cfg.LongestWait, time.Second)
	db, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return db
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not within 30 s: %s", what)
		case <-tick.C:
		}
	}
}

// table makes a group of rows; a nil is NULL. The first column is the time.
func table(t *testing.T, measurement string, tags []string, fields []schema.Field, rows ...[]any) store.Group {
	t.Helper()
	b := vec.NewBuilderSize(schema.New(fields...), max(1, len(rows)))
	for _, row := range rows {
		for i, v := range row {
			switch v := v.(type) {
			case nil:
			case time.Time:
				b.SetInt(i, v.UnixMicro())
			case int:
				b.SetInt(i, int64(v))
			case float64:
				b.SetF64(i, v)
			case string:
				b.SetString(i, v)
			case bool:
				b.SetBool(i, v)
			default:
				t.Fatalf("%T", v)
			}
		}
		b.EndRow(vec.Insert)
	}
	return store.Group{Measurement: measurement, Tags: tags, Batch: b.Batch()}
}

func field(name string, id schema.TypeID) schema.Field {
	return schema.Field{Name: name, Type: schema.Of(id)}
}

func times() schema.Field { return field("time", schema.TimestampLTZ) }

// put writes and returns what is refused, as group/row.
func put(t *testing.T, db *DB, groups ...store.Group) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	refused, err := db.Write(ctx, groups)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range refused {
		if !errors.Is(r.Err, fault.Invalid) {
			t.Errorf("%v is no fault.Invalid", r.Err)
		}
		for _, row := range r.Rows {
			out = append(out, fmt.Sprintf("%d/%d", r.Group, row))
		}
		if r.Rows == nil {
			out = append(out, fmt.Sprintf("%d/*", r.Group))
		}
	}
	slices.Sort(out)
	return out
}

// found are the points of an answer as text, sorted, as fields of one row have no order.
func found(ps *store.Points) []string {
	var out []string
	for _, p := range ps.Points {
		out = append(out, fmt.Sprintf("%s %s=%v %T %v", p.Time.Format(time.RFC3339Nano), p.Field, p.Value, p.Value, p.Tags))
	}
	slices.Sort(out)
	return out
}

func TestAgainstRealServer(t *testing.T) {
	srv := influxtest.Start(t)
	run := func(name string, f func(t *testing.T, db *DB)) {
		t.Run(name, func(t *testing.T) {
			bucket := "bucket " + name
			srv.NewBucket(bucket, 0)
			f(t, open(t, Config{URL: srv.URL, Org: influxtest.Org, Bucket: bucket}))
		})
	}
	run("same as the built-in store", testSameAsStore)
	run("escapes", testEscapes)
	run("conflicts", testConflicts)
	run("refusals", testRefusals)
	run("both types in shards", testBothTypes)
	run("many", testMany)
	run("measurements", testMeasurements)
	t.Run("sign in", func(t *testing.T) { testSignIn(t, srv) })
	t.Run("token of little power", func(t *testing.T) { testSmallToken(t, srv) })
	t.Run("retention", func(t *testing.T) { testRetention(t, srv) })
}

// testSameAsStore writes random rows to both and compares the answers to random queries.
func testSameAsStore(t *testing.T, db *DB) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	local, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := local.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := context.Background()
	texts := []string{"", "a", "ab", "abc", "b", "ü", "\U0001F600x", "x'y\"z\\w", "line\nbreak", "z"}
	fields := []schema.Field{times(), field("tag", schema.VarChar), field("core", schema.Int), field("num", schema.Double), field("n", schema.BigInt), field("text", schema.VarChar), field("flag", schema.Boolean)}
	some := func(v any) any {
		if rng.IntN(4) == 0 {
			return nil
		}
		return v
	}
	at := noon
	for offset := range 20 {
		var rows [][]any
		for range 60 {
			at = at.Add(time.Duration(1+rng.IntN(20_000_000)) * time.Microsecond)
			tag := some(texts[1+rng.IntN(7)])
			rows = append(rows, []any{at, tag, some(rng.IntN(3)), some(float64(rng.IntN(100)) / 4), some(rng.IntN(50) - 25), some(texts[rng.IntN(len(texts))]), some(rng.IntN(2) == 0)})
		}
		g := table(t, "m", []string{"tag", "core"}, fields, rows...)
		if err := local.Append(ctx, store.Range{Topic: "t", From: int64(offset), Upto: int64(offset + 1)}, []store.Group{g}); err != nil {
			t.Fatal(err)
		}
		if refused := put(t, db, g); refused != nil {
			t.Fatal(refused)
		}
	}
	ops := []store.Op{store.In, store.Eq, store.Ne, store.Gt, store.Gte, store.Lt, store.Lte}
	for range 300 {
		q := store.Query{Measurement: "m"}
		if rng.IntN(2) == 0 {
			q.From = noon.Add(time.Duration(rng.Int64N(int64(at.Sub(noon)))))
		}
		if rng.IntN(2) == 0 {
			q.Upto = noon.Add(time.Duration(rng.Int64N(int64(at.Sub(noon)))))
		}
		if rng.IntN(2) == 0 {
			q.Fields = []string{[]string{"num", "n", "text", "flag"}[rng.IntN(4)]}
			q.Limit = 1 + rng.IntN(100)
		}
		for range rng.IntN(3) {
			f := store.Filter{Op: ops[rng.IntN(len(ops))]}
			n := 1
			if f.Op == store.In {
				n = rng.IntN(3)
			}
			f.Column = []string{"tag", "num", "n", "text", "flag", "core", "time"}[rng.IntN(7)]
			for range n {
				f.Values = append(f.Values, map[string]any{
					"tag": texts[1+rng.IntN(9)], "num": float64(rng.IntN(100)) / 4, "n": float64(rng.IntN(100))/2 - 25,
					"text": texts[rng.IntN(len(texts))], "flag": rng.IntN(2) == 0, "core": rng.IntN(3), "time": at.Add(-time.Duration(rng.IntN(10000)) * time.Second),
				}[f.Column])
			}
			if f.Column == "time" && (f.Op == store.Ne || f.Op == store.In) {
				continue
			}
			q.Filters = append(q.Filters, f)
		}
		want, err := local.Select(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.Select(ctx, q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		if diff := gocmp.Diff(found(want), found(got)); diff != "" || want.Truncated != got.Truncated {
			t.Fatalf("%+v: truncated %v, want %v: %s", q, got.Truncated, want.Truncated, diff)
		}
		if !slices.IsSortedFunc(got.Points, func(a, b store.Point) int { return cmp.Compare(a.Time.UnixMicro(), b.Time.UnixMicro()) }) {
			t.Fatal("not in order of time")
		}
	}
	sameFaults(t, local, db)
}

// sameFaults compares what is refused.
func sameFaults(t *testing.T, local *store.Store, db *DB) {
	for _, q := range []store.Query{
		{Measurement: "nn"},
		{Measurement: "M"},
		{Measurement: `"; DROP MEASUREMENT "m`},
		{Measurement: "m", Fields: []string{"tag"}},
		{Measurement: "m", Fields: []string{"nums"}},
		{Measurement: "m", Filters: []store.Filter{{Column: "tagg", Op: store.Eq, Values: []any{"a"}}}},
		{Measurement: "m", Filters: []store.Filter{{Column: "tag", Op: store.Eq, Values: []any{"a", "b"}}}},
		{Measurement: "m", Filters: []store.Filter{{Column: "num", Op: "like", Values: []any{"a"}}}},
		{Measurement: "m", Filters: []store.Filter{{Column: "num", Op: store.Eq, Values: []any{"a"}}}},
		{Measurement: "m", Filters: []store.Filter{{Column: "flag", Op: store.Eq, Values: []any{5.0}}}},
	} {
		_, err1 := local.Select(context.Background(), q)
		_, err2 := db.Select(context.Background(), q)
		if err2 == nil || fault.KindOf(err1) != fault.KindOf(err2) || fault.HintOf(err1) != fault.HintOf(err2) {
			t.Errorf("%+v: %v; the store says %v", q, err2, err1)
		}
	}
}

// testEscapes writes names and values made of what must be escaped, and finds each again.
func testEscapes(t *testing.T, db *DB) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	alphabet := []string{",", "=", " ", `\`, `"`, "'", "a", "n", "ü", "#", "$p0", "/", "\t", "\r", "\x01", ";", "\U0001F600", "%"}
	word := func(more ...string) string {
		all := slices.Concat(alphabet, more)
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			b.WriteString(all[rng.IntN(len(all))])
		}
		return b.String()
	}
	name := func(also func(string) error) string {
		for {
			if w := word(); checkName(w) == nil && also(w) == nil {
				return w
			}
		}
	}
	for i := range 60 {
		m := name(checkMeasurement)
		key, col := name(checkName), name(checkName)
		if strings.EqualFold(key, col) {
			continue
		}
		m += fmt.Sprint(i)
		value, content := name(func(s string) error { return checkTag([]byte(s)) }), word("\n", "\x00")
		g := table(t, m, []string{key}, []schema.Field{times(), field(key, schema.VarChar), field(col, schema.VarChar)}, []any{noon, value, content})
		if refused := put(t, db, g); refused != nil {
			t.Fatalf("%q %q %q %q %q: refused", m, key, value, col, content)
		}
		want := []string{fmt.Sprintf("%s %s=%v string %v", noon.Format(time.RFC3339Nano), col, content, map[string]string{key: value})}
		for _, f := range []store.Filter{
			{Column: key, Op: store.Eq, Values: []any{value}},
			{Column: col, Op: store.In, Values: []any{content, "other"}},
			{Column: key, Op: store.Gte, Values: []any{value}},
			{Column: col, Op: store.Lte, Values: []any{content}},
		} {
			got, err := db.Select(context.Background(), store.Query{Measurement: m, Filters: []store.Filter{f}})
			if err != nil {
				t.Fatalf("%q %+v: %v", m, f, err)
			}
			if diff := gocmp.Diff(want, found(got)); diff != "" {
				t.Fatalf("%q %+v: %s", m, f, diff)
			}
		}
		got, err := db.Select(context.Background(), store.Query{Measurement: m, Filters: []store.Filter{{Column: key, Op: store.Ne, Values: []any{value}}}})
		if err != nil || len(got.Points) > 0 {
			t.Fatalf("%q: %v %v", m, got, err)
		}
	}
}

// testConflicts writes fields of types that InfluxDB has otherwise: numbers are mended where nothing is
// lost by it, and only the rows that cannot be are refused.
func testConflicts(t *testing.T, db *DB) {
	ints := []schema.Field{times(), field("id", schema.VarChar), field("v", schema.BigInt)}
	floats := []schema.Field{times(), field("id", schema.VarChar), field("v", schema.Double)}
	texts := []schema.Field{times(), field("id", schema.VarChar), field("v", schema.VarChar)}
	tags := []string{"id"}
	if got := put(t, db, table(t, "i", tags, ints, []any{noon, "0", 1}), table(t, "f", tags, floats, []any{noon, "0", 1.5})); got != nil {
		t.Fatal(got)
	}
	var mixed, whole, words [][]any
	for i := range 1000 {
		mixed = append(mixed, []any{noon, fmt.Sprint("m", i), float64(i) / 2})
		whole = append(whole, []any{noon, fmt.Sprint("w", i), i})
		words = append(words, []any{noon, fmt.Sprint("x", i), "word"})
	}
	other := table(t, "other", tags, texts, words...)
	refused := put(t, db, table(t, "i", tags, floats, mixed...), other, table(t, "f", tags, ints, whole...), table(t, "f", tags, texts, words[:3]...))
	if len(refused) != 503 || !slices.Contains(refused, "0/1") || slices.Contains(refused, "0/2") || !slices.Contains(refused, "3/2") {
		t.Fatalf("%d rows are refused: %.200v", len(refused), refused)
	}
	count := func(m string) int {
		got, err := db.Select(context.Background(), store.Query{Measurement: m})
		if err != nil {
			t.Fatal(err)
		}
		return len(got.Points)
	}
	if i, f, o := count("i"), count("f"), count("other"); i != 501 || f != 1001 || o != 1000 {
		t.Errorf("%d rows in i, %d in f, %d in other", i, f, o)
	}
	if n := db.Stats().Requests; n > 40 {
		t.Errorf("%d requests", n)
	}
	before := db.Stats().Requests
	if got := put(t, db, table(t, "f", tags, ints, whole...)); got != nil || db.Stats().Requests != before+1 {
		t.Errorf("integers of a field that is a float: %v, %d requests", got, db.Stats().Requests-before)
	}
}

// testBothTypes has a field that is an integer in one shard and a float in another.
func testBothTypes(t *testing.T, db *DB) {
	ints := []schema.Field{times(), field("v", schema.BigInt)}
	floats := []schema.Field{times(), field("v", schema.Double)}
	early, late := noon.AddDate(0, -2, 0), noon
	if got := put(t, db, table(t, "m", nil, ints, []any{early, 1}), table(t, "m", nil, floats, []any{late, 1.5})); got != nil {
		t.Fatal(got)
	}
	var a, b [][]any
	for i := range 100 {
		at := early
		if i%2 == 0 {
			at = late
		}
		a = append(a, []any{at.Add(time.Duration(1+i) * time.Second), i})
		b = append(b, []any{at.Add(time.Duration(1000+i) * time.Second), float64(i)})
	}
	if got := put(t, db, table(t, "m", nil, ints, a...), table(t, "m", nil, floats, b...)); got != nil {
		t.Fatal(got)
	}
	got, err := db.Select(context.Background(), store.Query{Measurement: "m", Filters: []store.Filter{{Column: "v", Op: store.Gte, Values: []any{50}}}})
	if err != nil || len(got.Points) != 100 {
		t.Fatalf("%d points, %v", len(got.Points), err)
	}
	if _, ok := got.Points[0].Value.(float64); !ok {
		t.Errorf("%T", got.Points[0].Value)
	}
	if n := db.Stats().Requests; n > 40 {
		t.Errorf("%d requests", n)
	}
}

// testRefusals writes what cannot be kept beside what can.
func testRefusals(t *testing.T, db *DB) {
	fields := []schema.Field{times(), field("tag", schema.VarChar), field("v", schema.Double)}
	g := table(t, "m", []string{"tag"}, fields,
		[]any{noon, "a", 1.0},
		[]any{noon, `ends in \`, 1.0},
		[]any{noon, "line\nbreak", 1.0},
		[]any{nil, "a", 1.0},
		[]any{time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC), "a", 1.0},
		[]any{noon, "b", math.NaN()},
		[]any{noon, "c", nil},
		[]any{noon.Add(time.Second), "", 2.0},
		[]any{noon, "bad \xff utf-8", 3.0},
	)
	reserved := table(t, "m", []string{"_field"}, []schema.Field{times(), field("_field", schema.VarChar), field("v", schema.Double)}, []any{noon, "x", 1.0}, []any{noon, nil, 4.0})
	comment := table(t, "#m", nil, fields, []any{noon, "a", 1.0})
	noTime := table(t, "m", nil, []schema.Field{field("at", schema.TimestampLTZ), field("v", schema.Double)}, []any{noon, 1.0})
	row := table(t, "m", nil, []schema.Field{times(), field("b", schema.VarBinary)}, []any{noon, "x"})
	got := put(t, db, g, reserved, comment, noTime, row)
	want := []string{"0/1", "0/2", "0/3", "0/4", "0/5", "1/0", "2/*", "3/*", "4/*"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	ans, err := db.Select(context.Background(), store.Query{Measurement: "m"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]string{"2026-11-23T12:00:00Z v=1 float64 map[tag:a]", "2026-11-23T12:00:00Z v=3 float64 map[tag:bad \uFFFD utf-8]", "2026-11-23T12:00:00Z v=4 float64 map[]", "2026-11-23T12:00:01Z v=2 float64 map[]"}, found(ans)); diff != "" {
		t.Error(diff)
	}
	if st := db.Stats(); st.Refused != 9 || st.Pending != 0 {
		t.Errorf("%+v", st)
	}
}

// testMany writes and reads more rows than an answer of InfluxDB has at a time.
func testMany(t *testing.T, db *DB) {
	const rows = 30_000
	fields := []schema.Field{times(), field("id", schema.VarChar), field("v", schema.Double)}
	var all [][]any
	for i := range rows {
		all = append(all, []any{noon.Add(time.Duration(i) * time.Millisecond), fmt.Sprint(i % 100), float64(i)})
	}
	if got := put(t, db, table(t, "m", []string{"id"}, fields, all...)); got != nil {
		t.Fatal(got)
	}
	got, err := db.Select(context.Background(), store.Query{Measurement: "m", Limit: 25_000})
	if err != nil || len(got.Points) != 25_000 || !got.Truncated || got.Points[0].Value != 5000.0 {
		t.Fatalf("%v", err)
	}
	got, err = db.Select(context.Background(), store.Query{Measurement: "m", Limit: rows})
	if err != nil || len(got.Points) != rows || got.Truncated {
		t.Fatalf("%d points, %v", len(got.Points), err)
	}
}

func testMeasurements(t *testing.T, db *DB) {
	if list, err := db.Measurements(context.Background()); err != nil || len(list) != 0 {
		t.Fatalf("%v %v", list, err)
	}
	fields := []schema.Field{times(), field("id", schema.VarChar), field("v", schema.Double), field("n", schema.Int), field("on", schema.Boolean), field("at", schema.Timestamp)}
	g := table(t, "m", []string{"id"}, fields, []any{noon, "x", 1.0, 2, true, noon.Add(time.Millisecond)})
	if got := put(t, db, g, table(t, "k", nil, []schema.Field{times(), field("text", schema.VarChar)}, []any{noon, "x"})); got != nil {
		t.Fatal(got)
	}
	want := []store.Measurement{
		{Name: "k", Tags: []string{}, Fields: []store.Field{{Name: "text", Type: store.VarChar}}},
		{Name: "m", Tags: []string{"id"}, Fields: []store.Field{{Name: "at", Type: store.VarChar}, {Name: "n", Type: store.BigInt}, {Name: "on", Type: store.Boolean}, {Name: "v", Type: store.Double}}},
	}
	list, err := db.Measurements(context.Background())
	if diff := gocmp.Diff(want, list); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	got, err := db.Select(context.Background(), store.Query{Measurement: "m", Fields: []string{"at", "N"}})
	if diff := gocmp.Diff([]string{"2026-11-23T12:00:00Z at=2026-11-23T12:00:00.001Z string map[id:x]", "2026-11-23T12:00:00Z n=2 int64 map[id:x]"}, found(got)); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	// A column that comes later is found at once.
	late := table(t, "m", []string{"id", "zone"}, []schema.Field{times(), field("id", schema.VarChar), field("zone", schema.VarChar), field("late", schema.Double)}, []any{noon, "x", "z", 3.0})
	if got := put(t, db, late); got != nil {
		t.Fatal(got)
	}
	if got, err := db.Select(context.Background(), store.Query{Measurement: "m"}); err != nil || len(got.Points) != 5 {
		t.Fatal(got, err)
	}
}

func testSignIn(t *testing.T, srv *influxtest.Server) {
	host := strings.TrimPrefix(srv.URL, "http://")
	for range 2 {
		db := openAs(t, Config{URL: "http://" + influxtest.User + ":" + influxtest.Password + "@" + host, Bucket: "made by sign in"})
		eventually(t, "influxdb is reached", func() bool { return db.Reachable() == nil })
		if got := put(t, db, table(t, "m", nil, []schema.Field{times(), field("v", schema.Double)}, []any{noon, 1.0})); got != nil {
			t.Fatal(got)
		}
		if got, err := db.Select(context.Background(), store.Query{Measurement: "m"}); err != nil || len(got.Points) != 1 {
			t.Fatal(got, err)
		}
	}
	made := 0
	for _, a := range srv.Do("GET", "/api/v2/authorizations", "")["authorizations"].([]any) {
		if a.(map[string]any)["description"] == tokenName {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d tokens were made", made)
	}
	wrong := openAs(t, Config{URL: "http://" + influxtest.User + ":guessed-wrong@" + host})
	eventually(t, "the password is refused", func() bool { return strings.Contains(fmt.Sprint(wrong.Reachable()), "HTTP 401") })
	if strings.Contains(fmt.Sprint(wrong.Reachable()), "guessed") {
		t.Error("the password is shown")
	}
}

// testSmallToken has a token for one bucket, and no name of an organisation.
func testSmallToken(t *testing.T, srv *influxtest.Server) {
	srv.NewBucket("small & not alone", 0)
	b := srv.Do("GET", "/api/v2/buckets?name=small+%26+not+alone", "")["buckets"].([]any)[0].(map[string]any)
	resource := map[string]any{"type": "buckets", "id": b["id"], "orgID": b["orgID"]}
	made := srv.Post("/api/v2/authorizations", map[string]any{"orgID": b["orgID"], "permissions": []any{
		map[string]any{"action": "read", "resource": resource}, map[string]any{"action": "write", "resource": resource},
	}})
	db := openAs(t, Config{URL: srv.URL + "?token=" + url.QueryEscape(made["token"].(string))})
	eventually(t, "influxdb is reached", func() bool { return db.Reachable() == nil })
	if got := put(t, db, table(t, "m", nil, []schema.Field{times(), field("v", schema.Double)}, []any{noon, 1.0})); got != nil {
		t.Fatal(got)
	}
	if got, err := db.Select(context.Background(), store.Query{Measurement: "m"}); err != nil || len(got.Points) != 1 {
		t.Fatal(got, err)
	}
	other := openAs(t, Config{URL: srv.URL, Token: telemetry.Secret(made["token"].(string)), Bucket: "not there"})
	eventually(t, "it is said what is missing", func() bool {
		return fault.HintOf(other.Reachable()) != "" && !strings.Contains(fmt.Sprint(other.Reachable()), "not connected")
	})
}

// testRetention writes rows older than the bucket keeps: they are refused, the others are not.
func testRetention(t *testing.T, srv *influxtest.Server) {
	srv.NewBucket("short", 3600)
	db := open(t, Config{URL: srv.URL, Org: influxtest.Org, Bucket: "short"})
	now := time.Now().UTC()
	g := table(t, "m", nil, []schema.Field{times(), field("v", schema.Double)}, []any{now, 1.0}, []any{now.AddDate(0, -1, 0), 2.0}, []any{now.Add(-time.Minute), 3.0})
	if got := put(t, db, g); !slices.Equal(got, []string{"0/1"}) {
		t.Error(got)
	}
}
