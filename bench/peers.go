package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
)

// workload is one thing that all peers do to the same records.
type workload struct {
	name   string
	id     string // as the programs of peers know it
	insert string // INTO out, in SQL
	out    string // columns of out
	want   func(*expected) tally
}

func workloads() []workload {
	return []workload{
		{
			name: "filter + transform", id: "filter",
			insert: "INSERT INTO out_rows SELECT id, (temperature - 32) * 5 / 9, event_time FROM readings WHERE temperature > 40",
			out:    "id STRING, c DOUBLE, event_time TIMESTAMP(3)",
			want:   func(e *expected) tally { return e.filtered },
		},
		{
			name: "filter + transform + 10 s windows", id: "windows",
			insert: "INSERT INTO out_rows SELECT id, window_start, COUNT(*), AVG(c), MIN(c), MAX(c) FROM TABLE(TUMBLE(TABLE clean, DESCRIPTOR(event_time), INTERVAL '10' SECOND)) GROUP BY id, window_start, window_end",
			out:    "id STRING, window_start TIMESTAMP(3), cnt BIGINT, a DOUBLE, lo DOUBLE, hi DOUBLE",
			want:   func(e *expected) tally { return e.windows },
		},
	}
}

// blackhole is the output that keeps nothing, in place of a topic.
const blackhole = "-"

// script is the workload in Flink SQL, over a topic of a Kafka, from its first record to its last.
func (w workload) script(addr, topic, out string) (tables []string, insert string) {
	sink := "'connector' = 'blackhole'"
	if out != blackhole {
		sink = fmt.Sprintf("'connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', 'format' = 'json', 'sink.delivery-guarantee' = 'at-least-once'", out, addr)
	}
	return []string{
		fmt.Sprintf(`CREATE TABLE readings (
  id STRING NOT NULL, temperature DOUBLE, humidity DOUBLE, event_time TIMESTAMP(3) NOT NULL,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH ('connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'json')`, topic, addr),
		"CREATE VIEW clean AS SELECT id, (temperature - 32) * 5 / 9 AS c, event_time FROM readings WHERE temperature > 40",
		fmt.Sprintf("CREATE TABLE out_rows (%s) WITH (%s)", w.out, sink),
	}, w.insert
}

// peer is an engine that does the workloads.
type peer struct {
	name, how string
	slow      bool // it is measured on the small topic
	writes    bool // it is measured while it writes its output, as it is meant to
	runs      int  // the best counts
	start     func(ctx context.Context, addr string, w workload) (engineRun, error)
	// missing is why the peer is not there.
	missing string
}

// engineRun is a peer that is ready to do one workload, again and again.
type engineRun interface {
	// run does it over all records of a topic.
	run(ctx context.Context, topic, out string) (peerSample, error)
	// peak is the most memory that the peer had resident, in bytes.
	peak() (int64, error)
	stop()
}

// peerSample is one run.
type peerSample struct{ cpu, wall time.Duration }

// oursName is what the others are compared with; it comes first.
const oursName = "Millrace"

// peers are all that are compared.
func peers(binary string) []peer {
	flink := "JobManager and TaskManager, parallelism 2, no checkpoints; Flink SQL with the same script; warmed up by the checked run"
	return []peer{
		{name: oursName, how: "the whole process of `millrace sql`, its start included; the same script", runs: 2, start: oursOn(binary)},
		{name: "Flink " + flinkVersion(), how: flink, runs: 2, start: flinkWith(false)},
		{name: "Flink " + flinkVersion() + ", object reuse", how: flink + "; pipeline.object-reuse", runs: 2, start: flinkWith(true)},
		{name: "Kafka Streams " + kafkaVersion(), how: "bench/peers/streams, one process with 2 threads, state in memory without a changelog; warmed up by the checked run", runs: 2, start: startStreams},
		{name: "Bytewax", how: "bench/peers/bytewax_flow.py, one worker, orjson; the first tenth of the records", slow: true, runs: 1, start: startPython("bytewax_flow.py")},
		{name: "Python loop", how: "bench/peers/python_loop.py: kafka-python in, json, kafka-python out, as beginners are taught; its output is written; the first tenth of the records", slow: true, writes: true, runs: 1, start: startPython("python_loop.py")},
		{
			name: "Redpanda Connect, Bento",
			missing: "cannot be had from a package registry: the Go module proxy refuses github.com/redpanda-data/connect/v4 (v4.43.0, v4.106.0: not available) and " +
				"github.com/warpstreamlabs/bento (v1.12.0: not available; v1.7.1: the checksum database does not have it, and unverified code is not run)",
		},
	}
}

// benchPeers measures engines on the same records of the same real Kafka.
func benchPeers(ctx context.Context, r *report, records int, binary, only string) error {
	dir, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := startKafka(ctx, dir, broker.System)
	if err != nil {
		return err
	}
	defer server.stop()
	cl, err := kgo.NewClient(kgo.SeedBrokers(server.addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(100_000),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	want, bytes, err := fillPeers(ctx, cl, records)
	if err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	how := fmt.Sprintf("%d JSON records of %d bytes on average, keyed, %d partitions, lz4, in a real Kafka %s; CPU of the engine's processes, client included; output checked against what it must be on the first tenth", records, bytes/int64(records), peersPartitions, kafkaVersion())
	for _, w := range workloads() {
		t := table{r: r, workload: w.name}
		for _, p := range peers(binary) {
			if only != "" && !strings.Contains(strings.ToLower(p.name), strings.ToLower(only)) {
				continue
			}
			if p.missing != "" {
				r.miss(w.name+": "+p.name, p.missing)
				continue
			}
			if err := t.measure(ctx, cl, server.addr, p, w, records, want, how); err != nil {
				// The others are still of use, and what is missing is named.
				if ctx.Err() != nil {
					return err
				}
				r.miss(w.name+": "+p.name, err.Error())
			}
		}
	}
	return nil
}

// table is the comparison of one workload.
type table struct {
	r        *report
	workload string
	ours     float64 // records per CPU-second
}

// measure checks a peer, measures it and reports it.
func (t *table) measure(ctx context.Context, cl *kgo.Client, addr string, p peer, w workload, records int, want *expected, how string) error {
	e, err := p.start(ctx, addr, w)
	if err != nil {
		return err
	}
	defer e.stop()
	out := topicName("out", w.id, p.name)
	if err := createTopic(ctx, cl, out, peersPartitions); err != nil {
		return err
	}
	best, err := e.run(ctx, peersSmallTopic, out)
	if err != nil {
		return err
	}
	got, err := tallyTopic(ctx, addr, out)
	if err != nil {
		return fmt.Errorf("read the output: %w", err)
	}
	if err := got.differs(w.want(want)); err != nil {
		return err
	}
	topic, n := peersTopic, records+peersPartitions
	if p.slow {
		topic, n = peersSmallTopic, records/smallShare+peersPartitions
	}
	if !p.writes {
		for i := range p.runs {
			s, err := e.run(ctx, topic, blackhole)
			if err != nil {
				return err
			}
			if i == 0 || s.cpu < best.cpu {
				best = s
			}
		}
	}
	peak, err := e.peak()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("peers, %s: %s", t.workload, p.name)
	rate := float64(n) / best.cpu.Seconds()
	t.r.add(name, rate, "records/CPU-s", fmt.Sprintf("%s; %s; best of %d", how, p.how, p.runs))
	t.r.add(name+", wall", float64(n)/best.wall.Seconds(), "records/s", "the same run, which shares the machine with Kafka")
	t.r.add(name+", memory", float64(peak)/(1<<20), "MiB", "most that was resident in its processes")
	switch {
	case p.name == oursName:
		t.ours = rate
	case t.ours > 0:
		t.r.add(name+", times slower than Millrace", t.ours/rate, "", "records per CPU-second of the two")
	}
	return nil
}

// topicName makes the name of a topic of what it is for.
func topicName(parts ...string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' {
			return c
		}
		return '-'
	}, strings.ToLower(strings.Join(parts, ".")))
}

// createTopic creates a topic on a server.
func createTopic(ctx context.Context, cl *kgo.Client, topic string, partitions int32) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 30_000
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = topic, partitions, 1
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, cl)
	if err == nil && len(resp.Topics) == 1 && resp.Topics[0].ErrorCode != 0 {
		err = fmt.Errorf("the server answers code %d", resp.Topics[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// errEnded is a process of a peer that ended by itself.
var errEnded = errors.New("the process ended before it was done")
