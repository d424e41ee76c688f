package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"millrace/broker"
	"millrace/builtin"
	"millrace/bus"
	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/plan"
	"millrace/vec"
)

// brokerArg makes this program the broker of a run.
const brokerArg = "broker-process"

// serveBroker serves a folder on an address until it is told to stop, and prints the address. The third argument is
// when records are acknowledged, a broker.Flush.
func serveBroker(args []string) {
	b, err := broker.Open(broker.Config{Dir: args[0], Listen: args[1], Flush: broker.Flush(args[2]), RetainBytes: -1})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(b.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	_ = b.Run(ctx)
	_ = b.Close()
}

// startBroker starts the broker process.
func startBroker(dir string) (addr string, cmd *exec.Cmd, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd = exec.Command(self, brokerArg, dir, "127.0.0.1:0", string(broker.System))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), cmd, err
}

func stopProcess(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
}

const (
	benchTopic      = "bench.raw"
	benchPartitions = 4
	benchKeys       = 10_000
)

// benchEngine measures jobs that read the bus and write to a blackhole.
func benchEngine(ctx context.Context, r *report, records int) error {
	dir, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	addr, cmd, err := startBroker(dir)
	if err != nil {
		return err
	}
	defer stopProcess(cmd)
	b, err := bus.Open(ctx, bus.Config{Seeds: []string{addr}})
	if err != nil {
		return err
	}
	defer b.Close(ctx)
	bytes, err := fill(ctx, b, records)
	if err != nil {
		return err
	}
	how := fmt.Sprintf("%d JSON records of %d bytes on average, %d partitions, lz4, broker in another process; CPU of the engine's process, client included", records, bytes/int64(records), benchPartitions)
	jobs := []struct{ name, sql string }{
		{"filter + transform", "INSERT INTO hole SELECT id, (temperature - 32) * 5 / 9, event_time FROM readings WHERE temperature > 40"},
		{"filter + transform + 10 s windows", "INSERT INTO stats SELECT id, window_start, COUNT(*), AVG(c), MIN(c), MAX(c) FROM TABLE(TUMBLE(TABLE clean, DESCRIPTOR(event_time), INTERVAL '10' SECOND)) GROUP BY id, window_start, window_end"},
	}
	for _, j := range jobs {
		best := sample{}
		for range 3 {
			s, err := measure(ctx, b, j.sql, cmd.Process.Pid)
			if err != nil {
				return fmt.Errorf("%s: %w", j.name, err)
			}
			if s.records != int64(records) {
				return fmt.Errorf("%s: read %d of %d records", j.name, s.records, records)
			}
			if best.records == 0 || s.cpu < best.cpu {
				best = s
			}
		}
		r.add(j.name, float64(best.records)/best.cpu.Seconds(), "records/CPU-s", how+"; best of 3")
		r.add(j.name+", with the broker's CPU", float64(best.records)/(best.cpu+best.brokerCPU).Seconds(), "records/CPU-s", "the same run")
		r.add(j.name+", wall", float64(best.records)/best.wall.Seconds(), "records/s", fmt.Sprintf("the same run on %d cores, which engine and broker share", runtime.NumCPU()))
		r.add(j.name+", allocations", float64(best.allocs)/float64(best.records), "per record", "runtime mallocs of the whole process, start and end of the job included")
	}
	return nil
}

// fill produces the records: key i of benchKeys, times that advance 1 ms a record.
func fill(ctx context.Context, b *bus.Bus, records int) (int64, error) {
	if _, err := b.Ensure(ctx, benchTopic, benchPartitions, nil); err != nil {
		return 0, err
	}
	p := b.NewProducer()
	rng := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	total := int64(0)
	const chunk = 10_000
	recs := make([]bus.Record, 0, chunk)
	for i := 0; i < records; i++ {
		key := rng.IntN(benchKeys)
		v := fmt.Appendf(nil, `{"id": "s%05d", "temperature": %.1f, "humidity": %d, "value": %.3f, "event_time": "%s", "site": "hall-%d"}`,
			key, 30+rng.Float64()*70, rng.IntN(100), rng.Float64()*10, at.Add(time.Duration(i)*time.Millisecond).Format("2006-01-02 15:04:05.000"), key%8)
		total += int64(len(v))
		recs = append(recs, bus.Record{Topic: benchTopic, Value: v})
		if len(recs) == chunk || i == records-1 {
			if err := p.Produce(ctx, recs); err != nil {
				return 0, err
			}
			if err := p.Flush(ctx); err != nil {
				return 0, err
			}
			recs = make([]bus.Record, 0, chunk)
		}
	}
	return total, nil
}

// sample is one measured run of a job.
type sample struct {
	records, allocs      int64
	cpu, brokerCPU, wall time.Duration
}

const benchTables = `
CREATE TABLE readings (
  id STRING NOT NULL, temperature DOUBLE, humidity DOUBLE, event_time TIMESTAMP(3) NOT NULL,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH ('connector' = 'kafka', 'topic' = '` + benchTopic + `', 'properties.bootstrap.servers' = 'x:1',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'json');
CREATE VIEW clean AS SELECT id, (temperature - 32) * 5 / 9 AS c, event_time FROM readings WHERE temperature > 40;
CREATE TABLE hole (id STRING, c DOUBLE, event_time TIMESTAMP(3)) WITH ('connector' = 'blackhole');
CREATE TABLE stats (id STRING, window_start TIMESTAMP(3), cnt BIGINT, a DOUBLE, lo DOUBLE, hi DOUBLE) WITH ('connector' = 'blackhole');
`

// measure plans and runs one job over all records.
func measure(ctx context.Context, b *bus.Bus, sql string, brokerPID int) (sample, error) {
	connectors, formats := builtin.Connectors(b, io.Discard, io.Discard), builtin.Formats()
	env := &engine.Env{
		Connectors: map[string]connector.Spec{}, Formats: map[string]format.Spec{}, Log: slog.New(slog.DiscardHandler), Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return engine.MemoryLedger{}, nil },
	}
	for _, c := range connectors {
		env.Connectors[c.Name] = c
	}
	for _, f := range formats {
		env.Formats[f.Name] = f
	}
	var spec engine.Spec
	script := strings.ReplaceAll(benchTables, "x:1", strings.Join(b.Seeds(), ",")) + sql + ";"
	err := plan.NewPlanner(catalog.New(), connectors, formats).Script(script, func(_ ast.Statement, r *plan.Result) error {
		if r.Job != nil {
			spec = engine.SpecOf("bench", r.Job)
		}
		return nil
	})
	if err != nil {
		return sample{}, err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, brokerCPU, began := ownCPU(), cpuOf(brokerPID), time.Now()
	job := engine.NewJob(env, spec)
	if err := job.RunOnce(ctx); err != nil {
		return sample{}, err
	}
	s := sample{wall: time.Since(began), cpu: ownCPU() - cpu, brokerCPU: cpuOf(brokerPID) - brokerCPU, records: job.Status().RecordsIn}
	runtime.ReadMemStats(&after)
	s.allocs = int64(after.Mallocs - before.Mallocs)
	return s, nil
}

// ownCPU is the user and system time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpuOf is the user and system time of another process, in ticks of 10 ms.
func cpuOf(pid int) time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	var user, system int64
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}
