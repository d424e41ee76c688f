package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
)

// The load of benchBroker.
const (
	brokerPartitions = 8
	brokerBatch      = 64 << 10
	brokerRecordSize = 132
	brokerRuns       = 3

	openLoopRate  = 50_000 // records a second
	openLoopWarm  = 3 * time.Second
	openLoopFor   = 15 * time.Second
	openLoopBurst = time.Millisecond // records of so long are sent at once
)

// brokerSample is what was measured of one server.
type brokerSample struct {
	produce, consume loadSample
	latency          []time.Duration // sorted
	latencyCPU       time.Duration
	ready, again     time.Duration // with an empty log, with that of the runs
	rss              int64         // bytes, after everything
}

// loadSample is a number of records in one direction.
type loadSample struct {
	records   int64
	cpu, wall time.Duration // cpu of the server
}

func (l loadSample) perCPU() float64    { return float64(l.records) / l.cpu.Seconds() }
func (l loadSample) perSecond() float64 { return float64(l.records) / l.wall.Seconds() }

// benchBroker measures our broker and a real Kafka on the same disk by the same client.
func benchBroker(ctx context.Context, r *report, records int) error {
	for _, flush := range []broker.Flush{broker.System, broker.Always} {
		if flush == broker.Always {
			records /= 4
		}
		var samples [2]brokerSample
		for i, start := range []func(context.Context, string, broker.Flush) (*brokerServer, error){startOurs, startKafka} {
			s, err := measureBroker(ctx, start, flush, records)
			if err != nil {
				return fmt.Errorf("flush %s: %w", flush, err)
			}
			samples[i] = s
		}
		compare(r, flush, records, samples[0], samples[1])
	}
	return nil
}

// compare reports what was measured of ours and of Kafka side by side.
func compare(r *report, flush broker.Flush, records int, ours, kafka brokerSample) {
	mode := map[broker.Flush]string{broker.System: "no fsync", broker.Always: "fsync before each answer"}[flush]
	add := func(what, unit, how string, of func(brokerSample) float64) {
		a, b := of(ours), of(kafka)
		name := fmt.Sprintf("broker, %s, %s", mode, what)
		r.add(name+": ours", a, unit, how)
		r.add(name+": Kafka "+kafkaVersion(), b, unit, "the same")
		r.add(name+": ours / Kafka", a/b, "", "the two above")
	}
	how := fmt.Sprintf("%d JSON records of %d bytes, %d partitions, acks=all, idempotent, batches of %d KiB, no compression; franz-go, in another process than the server; best of %d",
		records, brokerRecordSize, brokerPartitions, brokerBatch>>10, brokerRuns)
	add("produce", "records/s", how, func(s brokerSample) float64 { return s.produce.perSecond() })
	add("produce, server's CPU", "records/CPU-s", how, func(s brokerSample) float64 { return s.produce.perCPU() })
	add("consume", "records/s", how, func(s brokerSample) float64 { return s.consume.perSecond() })
	add("consume, server's CPU", "records/CPU-s", how, func(s brokerSample) float64 { return s.consume.perCPU() })
	how = fmt.Sprintf("from the intended time of sending to the consumer, open loop at %d records/s for %s after %s of warming up, linger 1 ms; %d and %d records",
		openLoopRate, openLoopFor, openLoopWarm, len(ours.latency), len(kafka.latency))
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}} {
		add("end to end, "+q.name, "ms", how, func(s brokerSample) float64 { return quantile(s.latency, q.at) })
	}
	add("end to end, server's CPU", "CPU-s/s", how, func(s brokerSample) float64 { return s.latencyCPU.Seconds() / openLoopFor.Seconds() })
	add("memory after it all", "MiB", "resident, of the server's process", func(s brokerSample) float64 { return float64(s.rss) / (1 << 20) })
	add("ready, empty log", "ms", fmt.Sprintf("from the start of the process until it answers a request; best of %d", brokerRuns), func(s brokerSample) float64 { return s.ready.Seconds() * 1000 })
	add("ready, log of the runs", "ms", "the same after a clean stop, once", func(s brokerSample) float64 { return s.again.Seconds() * 1000 })
}

// quantile is in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Seconds() * 1000
}

// measureBroker starts a server on an empty folder and puts it through everything.
func measureBroker(ctx context.Context, start func(context.Context, string, broker.Flush) (*brokerServer, error), flush broker.Flush, records int) (s brokerSample, err error) {
	dir, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(dir)
	server, err := start(ctx, dir, flush)
	if err != nil {
		return s, err
	}
	defer server.stop()
	// The first start makes the folder; those after it count.
	for range brokerRuns {
		if err := server.restart(ctx); err != nil {
			return s, err
		}
		if s.ready == 0 || server.ready < s.ready {
			s.ready = server.ready
		}
	}
	for run := range brokerRuns {
		if err := s.load(ctx, server, fmt.Sprintf("load-%d", run), records); err != nil {
			return s, err
		}
	}
	if s.latency, s.latencyCPU, err = server.openLoop(ctx); err != nil {
		return s, fmt.Errorf("end to end: %w", err)
	}
	if s.rss, err = rssOf(server.cmd.Process.Pid); err != nil {
		return s, err
	}
	if err := server.restart(ctx); err != nil {
		return s, err
	}
	s.again = server.ready
	return s, nil
}

// load writes and reads one topic, and keeps the figures if they are the best so far.
func (s *brokerSample) load(ctx context.Context, server *brokerServer, topic string, records int) error {
	p, err := server.produce(ctx, topic, records)
	if err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	c, err := server.consume(ctx, topic, records)
	if err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	if s.produce.records == 0 || p.cpu < s.produce.cpu {
		s.produce = p
	}
	if s.consume.records == 0 || c.cpu < s.consume.cpu {
		s.consume = c
	}
	return nil
}

// produce writes a topic.
func (b *brokerServer) produce(ctx context.Context, topic string, records int) (s loadSample, err error) {
	cl, err := b.client(kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return s, err
	}
	defer cl.Close()
	if err := createBenchTopic(ctx, cl, topic); err != nil {
		return s, err
	}
	values := loadValues()
	var failed error
	done := func(_ *kgo.Record, err error) { // one goroutine calls it
		if err != nil && failed == nil {
			failed = err
		}
	}
	cpu, began := cpuOf(b.cmd.Process.Pid), time.Now()
	for i := range records {
		cl.Produce(ctx, &kgo.Record{Value: values[i%len(values)]}, done)
	}
	if err := cl.Flush(ctx); err != nil {
		return s, err
	}
	return loadSample{int64(records), cpuOf(b.cmd.Process.Pid) - cpu, time.Since(began)}, failed
}

// consume reads a topic from its beginning.
func (b *brokerServer) consume(ctx context.Context, topic string, records int) (s loadSample, err error) {
	cl, err := b.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return s, err
	}
	defer cl.Close()
	cpu, began := cpuOf(b.cmd.Process.Pid), time.Now()
	for s.records < int64(records) {
		found := cl.PollFetches(ctx)
		if err := found.Err(); err != nil {
			return s, err
		}
		s.records += int64(found.NumRecords())
	}
	s.cpu, s.wall = cpuOf(b.cmd.Process.Pid)-cpu, time.Since(began)
	return s, nil
}

// client is the same for all servers.
func (b *brokerServer) client(more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.addr), kgo.ProducerBatchMaxBytes(brokerBatch), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RecordPartitioner(kgo.UniformBytesPartitioner(brokerBatch, false, false, nil)), kgo.MaxBufferedRecords(100_000),
		kgo.FetchMaxBytes(8 << 20), kgo.FetchMaxPartitionBytes(1 << 20), kgo.FetchMinBytes(1),
	}, more...)...)
}

// createBenchTopic creates a topic.
func createBenchTopic(ctx context.Context, cl *kgo.Client, topic string) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 30_000
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = topic, brokerPartitions, 1
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, cl)
	if err == nil && len(resp.Topics) == 1 && resp.Topics[0].ErrorCode != 0 {
		err = kerr.ErrorForCode(resp.Topics[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// openLoop produces at a fixed rate, whatever becomes of it, and returns how late each record reached a consumer.
func (b *brokerServer) openLoop(ctx context.Context) ([]time.Duration, time.Duration, error) {
	const topic = "open-loop"
	out, err := b.client(kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(time.Millisecond))
	if err != nil {
		return nil, 0, err
	}
	defer out.Close()
	if err := createBenchTopic(ctx, out, topic); err != nil {
		return nil, 0, err
	}
	in, err := b.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	ctx, cancel := context.WithTimeout(ctx, openLoopWarm+openLoopFor+time.Minute)
	defer cancel()
	perBurst := int(openLoopBurst * openLoopRate / time.Second)
	bursts := int((openLoopWarm + openLoopFor) / openLoopBurst)
	began := time.Now()
	warm := began.Add(openLoopWarm)
	type answer struct {
		late []time.Duration
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		late, err := lateness(ctx, in, bursts*perBurst, warm)
		got <- answer{late, err}
	}()
	var cpu time.Duration
	for i := range bursts {
		at := began.Add(time.Duration(i) * openLoopBurst)
		time.Sleep(time.Until(at))
		if at.Equal(warm) {
			cpu = cpuOf(b.cmd.Process.Pid)
		}
		for range perBurst {
			out.Produce(ctx, &kgo.Record{Value: timedValue(at)}, func(_ *kgo.Record, err error) {
				if err != nil {
					cancel() // the reader says what is missing
				}
			})
		}
	}
	cpu = cpuOf(b.cmd.Process.Pid) - cpu
	a := <-got
	slices.Sort(a.late)
	return a.late, cpu, a.err
}

// lateness reads a number of records and returns how long after the time that they name they came, of those from warm on.
func lateness(ctx context.Context, in *kgo.Client, records int, warm time.Time) ([]time.Duration, error) {
	late := make([]time.Duration, 0, records)
	for read := 0; read < records; {
		found := in.PollFetches(ctx)
		now := time.Now()
		if err := found.Err(); err != nil {
			return nil, fmt.Errorf("%d of %d records came: %w", read, records, err)
		}
		var bad error
		found.EachRecord(func(rec *kgo.Record) {
			at, err := timeIn(rec.Value)
			if err != nil {
				bad = err
			} else if !at.Before(warm) {
				late = append(late, now.Sub(at))
			}
			read++
		})
		if bad != nil {
			return nil, bad
		}
	}
	return late, nil
}
