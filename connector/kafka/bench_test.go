package kafka_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"millrace/broker"
	"millrace/bus"
	"millrace/connector"
	"millrace/connector/kafka"
	"millrace/format/json"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// The test binary runs itself as the broker of the benchmark, so that its CPU time is not counted.
const childDir = "MILLRACE_TEST_BROKER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		b, err := broker.Open(broker.Config{Dir: dir, Listen: "127.0.0.1:0"})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(b.Addr())
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
		return
	}
	os.Exit(m.Run())
}

func otherProcess(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+b.TempDir())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return addr[:len(addr)-1]
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sensor makes the article's record: 127 bytes of JSON.
func sensor(dst []byte, i int) []byte {
	return fmt.Appendf(dst, `{"id": "s%03d", "temperature": %6.2f, "humidity": %d, "value": %8.4f, "event_time": "2026-11-20 10:%02d:%02d.%03d", "pad": "xy"}`,
		i*7919%1000, 60+float64(i*31%4000)/100, 10+i*13%90, float64(i%100000)/7, i/60000%60, i/1000%60, i%1000)
}

// BenchmarkSource reads JSON records of 127 bytes from four partitions into columns: all of the cost
// between the broker's socket and the engine, client included.
func BenchmarkSource(b *testing.B) {
	addr := otherProcess(b)
	for _, codec := range []bus.Codec{bus.None, bus.LZ4, bus.Zstd} {
		bb, err := bus.Open(b.Context(), bus.Config{Seeds: []string{addr}, Compression: codec})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { bb.Close(context.Background()) })
		topic := "sensors-" + string(codec)
		const size, count = 10_000, 1_000_000
		recs, values := make([]bus.Record, size), make([]byte, 0, 2<<20)
		for n := 0; n < count; n += size {
			values = values[:0]
			for i := range recs {
				at := len(values)
				values = sensor(values, n+i)
				recs[i] = bus.Record{Topic: topic, Value: values[at:]}
			}
			if err := bb.Append(b.Context(), recs); err != nil {
				b.Fatal(err)
			}
		}
		for _, fields := range []int{2, 5} {
			b.Run(fmt.Sprintf("%s/%d-fields", codec, fields), func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				began := cpu()
				for n < b.N {
					n += readAll(b, bb, topic, fields)
				}
				b.ReportMetric(float64((cpu()-began).Nanoseconds())/float64(n), "cpu-ns/record")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func readAll(b *testing.B, bb *bus.Bus, topic string, fields int) (n int) {
	all := []schema.Field{
		{Name: "id", Type: schema.Of(schema.VarChar).Required()},
		{Name: "temperature", Type: schema.Of(schema.Double)},
		{Name: "humidity", Type: schema.Of(schema.Double)},
		{Name: "value", Type: schema.Of(schema.Double)},
		{Name: "event_time", Type: schema.Of(schema.Timestamp).WithPrecision(3).Required()},
	}
	table := schema.New(all[:fields]...)
	spec := kafka.Spec(bb)
	opts, err := option.Check("kafka", spec.Options, option.Values{"topic": topic, "scan.startup.mode": "earliest-offset", "scan.bounded.mode": "latest-offset"})
	if err != nil {
		b.Fatal(err)
	}
	src, err := spec.Source(connector.Table{Name: "t", Schema: table, Options: opts})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	splits, err := src.Splits(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	counts := make(chan int)
	for _, split := range splits {
		go func() { counts <- readSplit(b, src, split, table) }()
	}
	for range splits {
		n += <-counts
	}
	if n != 1_000_000 {
		b.Fatalf("read %d records", n)
	}
	return n
}

func readSplit(b *testing.B, src connector.Source, split connector.Split, table *schema.Schema) (n int) {
	opts, _ := option.Check("json", json.Spec().Options, nil)
	dec, err := json.Spec().NewDecoder(table, opts)
	if err != nil {
		b.Error(err)
		return 0
	}
	r, err := src.Open(b.Context(), split, "", dec)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer r.Close()
	rows := &connector.Rows{Builder: vec.NewBuilder(table)}
	for {
		rows.Reset()
		err := r.Read(b.Context(), rows)
		n += rows.Len()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil || len(rows.Refused) > 0 {
			b.Errorf("read: %v, %d records refused: %s: %v", err, len(rows.Refused), rows.Refused[0].Value, rows.Refused[0].Reason)
			return n
		}
	}
}
