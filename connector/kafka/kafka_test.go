package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/broker"
	"millrace/bus"
	"millrace/connector"
	"millrace/connector/kafka"
	"millrace/fault"
	"millrace/format"
	"millrace/format/raw"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// text is a format for the tests: a record "ann 3" is a row (who, n); "x 1|y 2" is two; "bad" none.
type text struct{}

func (text) Decode(msg []byte, dst *vec.Builder) error {
	if msg == nil {
		return nil
	}
	rows := strings.Split(string(msg), "|")
	if len(rows) > dst.Free() {
		return format.ErrFull
	}
	for _, row := range rows {
		who, n, _ := strings.Cut(row, " ")
		v, err := strconv.Atoi(n)
		if err != nil {
			return &format.Error{Field: "n", Reason: "not a number"}
		}
		dst.SetString(0, who)
		dst.SetInt(1, int64(v))
		dst.EndRow(vec.Insert)
	}
	return nil
}

func (text) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	return fmt.Appendf(dst, "%s %d", b.Cols[0].Bytes(row), b.Cols[1].I64[row]), nil
}

// bench is a broker, its bus and the connector.
type bench struct {
	*testing.T
	bus  *bus.Bus
	spec connector.Spec
}

func newBench(t *testing.T) *bench {
	t.Helper()
	br, err := broker.Open(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { br.Close() })
	b, err := bus.Open(t.Context(), bus.Config{Seeds: []string{br.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	return &bench{t, b, kafka.Spec(b)}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) topic(name string, partitions int, values ...string) {
	b.Helper()
	_, err := b.bus.Ensure(b.Context(), name, partitions, nil)
	b.must(err)
	b.append(name, 0, values...)
}

func (b *bench) append(topic string, partition int32, values ...string) {
	b.Helper()
	recs := make([]bus.Record, len(values))
	for i, v := range values {
		recs[i] = bus.Record{Topic: topic, Value: []byte(v), Timestamp: time.UnixMilli(int64(1000 + i))}
		bus.ToPartition(&recs[i], partition)
	}
	b.must(b.bus.Append(b.Context(), recs))
}

var people = schema.New(
	schema.Field{Name: "who", Type: schema.Of(schema.VarChar)},
	schema.Field{Name: "n", Type: schema.Of(schema.BigInt)},
)

// table makes a table with options "key=value".
func (b *bench) table(opts ...string) connector.Table {
	b.Helper()
	vals := option.Values{}
	for _, o := range opts {
		k, v, _ := strings.Cut(o, "=")
		vals[k] = v
	}
	vals, err := option.Check(`connector "kafka"`, b.spec.Options, vals)
	b.must(err)
	return connector.Table{Name: "people", Schema: people, Options: vals}
}

func (b *bench) source(opts ...string) connector.Source {
	b.Helper()
	s, err := b.spec.Source(b.table(opts...))
	b.must(err)
	b.Cleanup(func() { b.must(s.Close()) })
	return s
}

func newRows(size int) *connector.Rows {
	return &connector.Rows{Builder: vec.NewBuilderSize(people, size)}
}

// read reads a split until it has n rows or ends, in batches of size rows, and returns them as text.
func (b *bench) read(r connector.Reader, n, size int) (rows []string, bad []string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	dst := newRows(size)
	for len(rows) < n {
		dst.Reset()
		dst.Refused = dst.Refused[:0]
		err := r.Read(ctx, dst)
		batch := dst.Batch()
		for i := range batch.N {
			rows = append(rows, fmt.Sprintf("%s %d", batch.Cols[0].Bytes(i), batch.Cols[1].I64[i]))
		}
		for _, x := range dst.Refused {
			bad = append(bad, fmt.Sprintf("%s@%s %s: %v", x.Split, x.Offset, x.Value, x.Reason))
		}
		if errors.Is(err, io.EOF) {
			return rows, bad
		}
		b.must(err)
		b.must(ctx.Err())
	}
	return rows, bad
}

func (b *bench) open(s connector.Source, split connector.Split, from connector.Offset) connector.Reader {
	b.Helper()
	r, err := s.Open(b.Context(), split, from, text{})
	b.must(err)
	b.Cleanup(func() { b.must(r.Close()) })
	return r
}

func TestReadInAnyBatchSize(t *testing.T) {
	b := newBench(t)
	b.topic("people", 1, "ann 1", "bob 2", "bad", "cid 3", "dan 4|eve 5", "x bad", "fay 6")
	want := []string{"ann 1", "bob 2", "cid 3", "dan 4", "eve 5", "fay 6"}
	wantBad := []string{`people/0@2 bad: field "n": not a number`, `people/0@5 x bad: field "n": not a number`}
	for _, size := range []int{2, 3, 4, 1024} {
		s := b.source("topic=people", "scan.startup.mode=earliest-offset", "scan.bounded.mode=latest-offset")
		splits, err := s.Splits(t.Context())
		b.must(err)
		if !slices.Equal(splits, []connector.Split{"people/0"}) {
			t.Fatalf("splits %v", splits)
		}
		rows, bad := b.read(b.open(s, splits[0], ""), 100, size)
		if diff := cmp.Diff(want, rows) + cmp.Diff(wantBad, bad); diff != "" {
			t.Errorf("batches of %d: %s", size, diff)
		}
	}
}

// TestRestartFromAnyOffset: whatever the offset at which a reader stopped, the next one goes on there.
func TestRestartFromAnyOffset(t *testing.T) {
	b := newBench(t)
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprintf("p %d", i))
	}
	b.topic("people", 1, want[:20]...)
	b.append("people", 0, want[20:]...)
	s := b.source("topic=people", "scan.startup.mode=earliest-offset", "scan.bounded.mode=latest-offset")
	var got []string
	from := connector.Offset("")
	for range 100 {
		r := b.open(s, "people/0", from)
		rows, _ := b.read(r, 1, 7)
		if len(rows) == 0 {
			break
		}
		got = append(got, rows...)
		from = r.Offset()
		b.must(r.Close())
		b.append("people", 0, "late 1") // behind the end that the first reader has set
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if from != "50..50" {
		t.Errorf("offset at the end: %q", from)
	}
}

func TestStartupAndBoundedModes(t *testing.T) {
	b := newBench(t)
	b.topic("people", 1, "a 0", "b 1", "c 2", "d 3", "e 4") // at 1000 to 1004 ms
	b.must(b.bus.CommitOffsets(t.Context(), "readers", []bus.Position{{Topic: "people", Partition: 0, Offset: 3}}))
	f := func(want string, opts ...string) {
		t.Helper()
		s := b.source(append(opts, "topic=people")...)
		r, err := s.Open(t.Context(), "people/0", "", text{})
		if err != nil {
			if want != "NotFound" || !errors.Is(err, fault.NotFound) {
				t.Errorf("%v: %v", opts, err)
			}
			return
		}
		defer r.Close()
		rows, _ := b.read(r, 100, 100)
		got := ""
		for _, row := range rows {
			got += row[:1]
		}
		if got != want {
			t.Errorf("%v: %q, want %q", opts, got, want)
		}
	}
	end := "scan.bounded.mode=latest-offset"
	f("abcde", end, "scan.startup.mode=earliest-offset")
	f("", end, "scan.startup.mode=latest-offset")
	f("cde", end, "scan.startup.mode=timestamp", "scan.startup.timestamp-millis=1002")
	f("bcde", end, "scan.startup.mode=specific-offsets", "scan.startup.specific-offsets=partition:0,offset:1")
	f("de", end, "properties.group.id=readers")
	f("NotFound", end, "properties.group.id=others")
	f("abcde", end, "properties.group.id=others", "properties.auto.offset.reset=earliest")
	f("", end, "properties.group.id=others", "properties.auto.offset.reset=latest")
	start := "scan.startup.mode=earliest-offset"
	f("ab", start, "scan.bounded.mode=timestamp", "scan.bounded.timestamp-millis=1002")
	f("abcd", start, "scan.bounded.mode=specific-offsets", "scan.bounded.specific-offsets=partition:0,offset:4")
	f("abc", start, "scan.bounded.mode=group-offsets", "properties.group.id=readers")
}

func TestSplitsFollowTopicsAndPartitions(t *testing.T) {
	b := newBench(t)
	b.topic("metrics.cpu", 2)
	b.topic("metrics.disk", 1)
	b.topic("other", 1)
	f := func(s connector.Source, want ...connector.Split) {
		t.Helper()
		got, err := s.Splits(t.Context())
		b.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	f(b.source("topic=metrics.cpu;other"), "metrics.cpu/0", "metrics.cpu/1", "other/0")
	s := b.source(`topic-pattern=metrics\..*`, "scan.startup.mode=latest-offset")
	f(s, "metrics.cpu/0", "metrics.cpu/1", "metrics.disk/0")
	b.topic("metrics.net", 1, "new 1")
	f(s, "metrics.cpu/0", "metrics.cpu/1", "metrics.disk/0", "metrics.net/0")
	if rows, _ := b.read(b.open(s, "metrics.net/0", ""), 1, 10); !slices.Equal(rows, []string{"new 1"}) {
		t.Errorf("a topic that came later: %v", rows)
	}
	f(b.source("topic=made.on.reading"), "made.on.reading/0", "made.on.reading/1", "made.on.reading/2", "made.on.reading/3")
}

func TestMetadataColumns(t *testing.T) {
	b := newBench(t)
	b.topic("people", 2)
	b.append("people", 1, "ann 1", "bob 2|cid 3", "dan 4")
	table := b.table("topic=people", "scan.startup.mode=earliest-offset", "scan.bounded.mode=latest-offset")
	fields, meta := slices.Clone(people.Fields), map[string]int{}
	for _, key := range []string{"topic", "partition", "offset", "timestamp", "timestamp-type", "leader-epoch"} {
		meta[key] = len(fields)
		fields = append(fields, schema.Field{Name: key, Type: b.spec.Metadata[key]})
	}
	table.Schema = schema.New(fields...)
	s, err := b.spec.Source(table)
	b.must(err)
	defer s.Close()
	dst := &connector.Rows{Builder: vec.NewBuilder(table.Schema), Meta: meta}
	err = b.open(s, "people/1", "").Read(t.Context(), dst)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	var got []string
	batch := dst.Batch()
	for i := range batch.N {
		c := batch.Cols[2:]
		got = append(got, fmt.Sprintf("%s %s %d %d %d %s %d", batch.Cols[0].Bytes(i), c[0].Bytes(i), c[1].I32[i], c[2].I64[i], c[3].I64[i], c[4].Bytes(i), c[5].I32[i]))
	}
	want := []string{"ann people 1 0 1000 CreateTime 0", "dan people 1 2 1002 CreateTime 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(dst.Refused) != 1 || dst.Newest != time.UnixMilli(1002) {
		t.Errorf("refused %v, newest %v", dst.Refused, dst.Newest)
	}
}

func TestReadWaitsShortAndTellsLag(t *testing.T) {
	b := newBench(t)
	b.topic("people", 1, "ann 1")
	r := b.open(b.source("topic=people", "scan.startup.mode=earliest-offset"), "people/0", "")
	if rows, _ := b.read(r, 1, 10); len(rows) != 1 || r.Lag() != 0 || r.Offset() != "1" {
		t.Errorf("%v, lag %d, offset %s", rows, r.Lag(), r.Offset())
	}
	dst := newRows(10)
	began := time.Now()
	b.must(r.Read(t.Context(), dst))
	if d := time.Since(began); dst.Len() != 0 || d < connector.MaxWait/2 || d > 10*connector.MaxWait {
		t.Errorf("%d rows after %v", dst.Len(), d)
	}
	b.append("people", 0, "bob 2", "cid 3")
	dst = newRows(1)
	for dst.Len() == 0 {
		b.must(r.Read(t.Context(), dst))
	}
	if r.Lag() != 1 {
		t.Errorf("lag %d with one record waiting", r.Lag())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if rows, _ := b.read(r, 1, 10); !slices.Equal(rows, []string{"cid 3"}) {
		t.Errorf("%v", rows)
	}
	if err := r.Read(ctx, newRows(10)); !errors.Is(err, context.Canceled) {
		t.Errorf("read after the end of its context: %v", err)
	}
}

func batchOf(rows ...string) *vec.Batch {
	dst := vec.NewBuilder(people)
	for _, row := range rows {
		if err := (text{}).Decode([]byte(row), dst); err != nil {
			panic(err)
		}
	}
	return dst.Batch()
}

func (b *bench) writer(task connector.Task, opts ...string) connector.Writer {
	b.Helper()
	s, err := b.spec.Sink(b.table(opts...))
	b.must(err)
	b.Cleanup(func() { b.must(s.Close()) })
	w, err := s.Open(b.Context(), task, text{})
	b.must(err)
	b.Cleanup(func() { b.must(w.Close()) })
	return w
}

// keyed is a writer whose records have who as their key.
func (b *bench) keyed(opts ...string) connector.Writer {
	b.Helper()
	s, err := b.spec.Sink(b.table(opts...))
	b.must(err)
	b.Cleanup(func() { b.must(s.Close()) })
	key, err := raw.Spec().NewEncoder(people.Select([]int{0}), option.Values{"charset": "UTF-8", "endianness": "big-endian"})
	b.must(err)
	w, err := s.Open(b.Context(), connector.Task{}, format.WithKeyEncoder(text{}, key, []int{0, 1}, []int{0}))
	b.must(err)
	b.Cleanup(func() { b.must(w.Close()) })
	return w
}

// stored returns what readers of committed records see, by partition.
func (b *bench) stored(topic string) map[int32][]string {
	b.Helper()
	s := b.source("topic="+topic, "scan.startup.mode=earliest-offset", "scan.bounded.mode=latest-offset")
	splits, err := s.Splits(b.Context())
	b.must(err)
	all := map[int32][]string{}
	for id, split := range splits {
		if rows, _ := b.read(b.open(s, split, ""), 1<<30, 100); rows != nil {
			all[int32(id)] = rows
		}
	}
	return all
}

func TestSinkWritesLiveRows(t *testing.T) {
	b := newBench(t)
	b.topic("out", 1)
	w := b.writer(connector.Task{}, "topic=out")
	batch := batchOf("ann 1", "bob 2", "cid 3")
	batch.Sel = []int32{0, 2}
	b.must(w.Write(t.Context(), batch))
	b.must(w.Write(t.Context(), batchOf("dan 4")))
	b.must(w.Flush(t.Context()))
	if diff := cmp.Diff(map[int32][]string{0: {"ann 1", "cid 3", "dan 4"}}, b.stored("out")); diff != "" {
		t.Error(diff)
	}
}

func TestSinkPartitioners(t *testing.T) {
	b := newBench(t)
	for _, topic := range []string{"fixed", "turns", "keyed"} {
		b.topic(topic, 3)
	}
	for task := range 4 {
		w := b.writer(connector.Task{Index: task, Of: 4}, "topic=fixed", "sink.partitioner=fixed")
		b.must(w.Write(t.Context(), batchOf(fmt.Sprintf("task %d", task))))
		b.must(w.Flush(t.Context()))
	}
	want := map[int32][]string{0: {"task 0", "task 3"}, 1: {"task 1"}, 2: {"task 2"}}
	if diff := cmp.Diff(want, b.stored("fixed")); diff != "" {
		t.Error(diff)
	}
	w := b.writer(connector.Task{}, "topic=turns", "sink.partitioner=round-robin")
	b.must(w.Write(t.Context(), batchOf("a 1", "b 2", "c 3", "d 4")))
	b.must(w.Flush(t.Context()))
	want = map[int32][]string{0: {"a 1", "d 4"}, 1: {"b 2"}, 2: {"c 3"}}
	if diff := cmp.Diff(want, b.stored("turns")); diff != "" {
		t.Error(diff)
	}
	w = b.keyed("topic=keyed")
	b.must(w.Write(t.Context(), batchOf("ann 1", "bob 2", "ann 3", "bob 4")))
	b.must(w.Flush(t.Context()))
	for id, rows := range b.stored("keyed") {
		for _, row := range rows {
			if !slices.Equal(rows, slices.DeleteFunc(slices.Clone(rows), func(r string) bool { return r[:3] != row[:3] })) && len(rows) == 2 {
				t.Errorf("partition %d has %v", id, rows)
			}
		}
	}
}

func TestExactlyOnceSinkIsPartOfTheTransaction(t *testing.T) {
	b := newBench(t)
	b.topic("out", 1)
	txn, err := b.bus.OpenTransaction(t.Context(), "job", bus.TransactionConfig{})
	b.must(err)
	defer txn.Close()
	w := b.writer(connector.Task{Txn: txn}, "topic=out", "sink.delivery-guarantee=exactly-once", "sink.transactional-id-prefix=x")
	for _, end := range []func() error{
		func() error { _, err := txn.Commit(t.Context()); return err },
		func() error { return txn.Abort(t.Context()) },
	} {
		b.must(txn.Begin())
		b.must(w.Write(t.Context(), batchOf("ann 1", "bob 2")))
		b.must(w.Flush(t.Context()))
		b.must(end())
	}
	if diff := cmp.Diff(map[int32][]string{0: {"ann 1", "bob 2"}}, b.stored("out")); diff != "" {
		t.Error(diff)
	}
}

func TestRefusesWhatCannotBe(t *testing.T) {
	b := newBench(t)
	f := func(hint string, make func(connector.Table) error, opts ...string) {
		t.Helper()
		if err := make(b.table(opts...)); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error()+fault.HintOf(err), hint) {
			t.Errorf("%v: %v", opts, err)
		}
	}
	source := func(t connector.Table) error { _, err := b.spec.Source(t); return err }
	sink := func(t connector.Table) error { _, err := b.spec.Sink(t); return err }
	f("exactly one", source)
	f("exactly one", source, "topic=a", "topic-pattern=b")
	f("topic-pattern", source, "topic-pattern=(")
	f("specific-offsets", source, "topic=a", "scan.startup.mode=specific-offsets")
	f("partition:P", source, "topic=a", "scan.startup.mode=specific-offsets", "scan.startup.specific-offsets=0:1")
	f("timestamp-millis", source, "topic=a", "scan.startup.mode=timestamp")
	f("auto.offset.reset", source, "topic=a", "properties.auto.offset.reset=soon")
	f("security.protocol", source, "topic=a", "properties.bootstrap.servers=k:1", "properties.security.protocol=MAGIC")
	f("sasl.mechanism", source, "topic=a", "properties.bootstrap.servers=k:1", "properties.security.protocol=SASL_SSL")
	f("one topic", sink, "topic=a;b")
	f("at-least-once", sink, "topic=a", "properties.bootstrap.servers=k:1", "sink.delivery-guarantee=exactly-once")

	w, err := b.spec.Sink(b.table("topic=a", "sink.delivery-guarantee=exactly-once"))
	b.must(err)
	if _, err := w.Open(t.Context(), connector.Task{}, text{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("exactly once without a transaction: %v", err)
	}
}

// TestOwnAddressIsThePlatform: a table that names the address of the bus is on the bus, so its sink can
// be exactly once; another address is another cluster, with connections of its own.
func TestOwnAddressIsThePlatform(t *testing.T) {
	b, other := newBench(t), newBench(t)
	own := strings.Replace(b.bus.Seeds()[0], "127.0.0.1", "LOCALHOST", 1)
	if _, err := b.spec.Sink(b.table("topic=a", "properties.bootstrap.servers="+own, "sink.delivery-guarantee=exactly-once")); err != nil {
		t.Error(err)
	}
	other.topic("there", 1, "ann 1")
	s := b.source("topic=there", "properties.bootstrap.servers="+other.bus.Seeds()[0], "scan.startup.mode=earliest-offset")
	if rows, _ := b.read(b.open(s, "there/0", ""), 1, 10); !slices.Equal(rows, []string{"ann 1"}) {
		t.Errorf("read %v", rows)
	}
	if _, err := b.source("topic=nowhere", "properties.bootstrap.servers="+other.bus.Seeds()[0]).Splits(t.Context()); !errors.Is(err, fault.NotFound) {
		t.Errorf("a topic that another cluster does not have: %v", err)
	}
}
