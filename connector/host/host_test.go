package host

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"

	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

// dataPoint is a record as a reader of the topic sees it.
type dataPoint struct {
	Timestamp time.Time         `json:"timestamp"`
	Metric    string            `json:"metric"`
	Value     *float64          `json:"value"`
	Tags      map[string]string `json:"tags"`
}

// tick is one Append: its points by metric and tags ("disk_read device=sda").
type tick struct {
	at     time.Time // when it came
	stamp  time.Time
	points map[string]float64
}

// taken is an Out that keeps what it gets, and ends the collector after so many ticks.
type taken struct {
	connector.Site // only Append is used

	t      *testing.T
	ticks  []tick
	enough int
	stop   context.CancelFunc
	fail   error
}

func (o *taken) Append(_ context.Context, topic string, records []connector.Record) error {
	if o.fail != nil {
		return o.fail
	}
	if topic != "metrics.host" {
		o.t.Errorf("topic %q", topic)
	}
	tk := tick{at: time.Now(), points: map[string]float64{}}
	for _, r := range records {
		var p dataPoint
		if err := json.Unmarshal(r.Value, &p); err != nil || p.Value == nil || p.Metric != string(r.Key) {
			o.t.Errorf("key %s of %s: %v", r.Key, r.Value, err)
			continue
		}
		if p.Tags["host"] == "" {
			o.t.Errorf("without a host: %s", r.Value)
		}
		name := p.Metric
		for _, tag := range []string{"core", "device", "interface", "mountpoint", "pid", "name"} {
			if v, ok := p.Tags[tag]; ok {
				name += " " + tag + "=" + v
			}
		}
		tk.stamp, tk.points[name] = p.Timestamp, *p.Value
	}
	o.ticks = append(o.ticks, tk)
	if len(o.ticks) == o.enough {
		o.stop()
	}
	return nil
}

// bench is a machine whose counters grow by a fixed amount each second of its virtual clock.
type bench struct {
	start    time.Time
	procList []int32
	missing  error // what each question about the system answers with
}

func (b *bench) seconds() float64 { return time.Since(b.start).Seconds() }

func (b *bench) machine() machine {
	return machine{
		cpus: func(context.Context, bool) ([]cpu.TimesStat, error) {
			s := b.seconds()
			return []cpu.TimesStat{
				{CPU: "cpu0", User: 0.5 * s, System: 0.25 * s, Idle: 0.25 * s},
				{CPU: "cpu1", User: 0.25 * s, Idle: 0.75 * s},
			}, b.missing
		},
		memory: func(context.Context) (*mem.VirtualMemoryStat, error) {
			return &mem.VirtualMemoryStat{Total: 1000, Used: 250, UsedPercent: 25}, b.missing
		},
		swap: func(context.Context) (*mem.SwapMemoryStat, error) {
			return &mem.SwapMemoryStat{UsedPercent: 1.23456}, b.missing
		},
		disks: func(context.Context, ...string) (map[string]disk.IOCountersStat, error) {
			n := uint64(1000 * b.seconds())
			return map[string]disk.IOCountersStat{
				"sda":   {ReadBytes: 10 * n, WriteBytes: 20 * n},
				"sda1":  {ReadBytes: 10 * n, WriteBytes: 20 * n},
				"loop0": {ReadBytes: 99 * n},
			}, b.missing
		},
		nets: func(context.Context, bool) ([]net.IOCountersStat, error) {
			n := uint64(1000 * b.seconds())
			return []net.IOCountersStat{
				{Name: "lo", BytesRecv: 9 * n}, {Name: "eth0", BytesRecv: 3 * n, BytesSent: n}, {Name: "veth12", BytesSent: n},
			}, b.missing
		},
		load: func(context.Context) (*load.AvgStat, error) {
			return &load.AvgStat{Load1: 1.5, Load5: 0.25, Load15: 0}, b.missing
		},
		uptime: func(context.Context) (uint64, error) { return 3600, b.missing },
		mounts: func(context.Context, bool) ([]disk.PartitionStat, error) { return nil, b.missing },
		usage: func(context.Context, string) (*disk.UsageStat, error) {
			return &disk.UsageStat{Total: 100, Used: 40, UsedPercent: 40}, b.missing
		},
		pids: func(context.Context) ([]int32, error) { return b.procList, b.missing },
		cpuTime: func(_ context.Context, pid int32) (float64, error) {
			return float64(pid) / 100 * b.seconds(), b.missing
		},
		process: func(_ context.Context, pid int32) (string, uint64, error) {
			return `a "b"`, uint64(pid) * 10, b.missing
		},
	}
}

func (b *bench) collector(log io.Writer) *collector {
	return &collector{
		interval: time.Second, topic: "metrics.host", top: 2, machine: b.machine(),
		hostname: func() (string, error) { return `h"1`, nil }, now: time.Now,
		log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func collectTicks(t *testing.T, c *collector, enough int) []tick {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &taken{t: t, enough: enough, stop: cancel}
	if err := c.Collect(ctx, out); err != nil {
		t.Fatal(err)
	}
	return out.ticks
}

func TestCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ticks := collectTicks(t, (&bench{start: start, procList: []int32{1, 7, 30, 20}}).collector(io.Discard), 8)
		want := map[string]float64{
			"cpu_usage": 50, "cpu_core_usage core=0": 75, "cpu_core_usage core=1": 25,
			"memory_usage": 25, "memory_used_bytes": 250, "memory_total_bytes": 1000, "swap_usage": 1.23,
			"disk_io": 30000, "disk_read device=sda": 10000, "disk_write device=sda": 20000,
			"network_traffic": 4000, "net_received interface=eth0": 3000, "net_sent interface=eth0": 1000,
			"load1": 1.5, "load5": 0.25, "load15": 0, "uptime_seconds": 3600,
			"filesystem_usage mountpoint=/": 40, "filesystem_used_bytes mountpoint=/": 40,
			"process_count":                 4,
			`process_cpu pid=30 name=a "b"`: 30, `process_memory_bytes pid=30 name=a "b"`: 300,
			`process_cpu pid=20 name=a "b"`: 20, `process_memory_bytes pid=20 name=a "b"`: 200,
		}
		for i, tk := range ticks {
			if diff := cmp.Diff(want, tk.points); diff != "" {
				t.Errorf("tick %d:\n%s", i, diff)
			}
			due := start.Add(time.Duration(i) * time.Second)
			if i == 0 {
				due = start.Add(firstSample)
			}
			if !tk.at.Equal(due) || !tk.stamp.Equal(due) {
				t.Errorf("tick %d came at %s as of %s, want %s", i, tk.at, tk.stamp, due)
			}
		}
	})
}

// TestNothingToRead is a container that hides everything.
func TestNothingToRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		b := &bench{start: time.Now(), missing: &os.PathError{Op: "open", Path: "/proc/x", Err: syscall.EACCES}}
		for i, tk := range collectTicks(t, b.collector(&log), 20) {
			if len(tk.points) != 0 {
				t.Errorf("tick %d: %v", i, tk.points)
			}
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		for _, line := range lines {
			if !strings.Contains(line, "level=DEBUG") || strings.Count(log.String(), line) > 1 {
				t.Errorf("logged: %s", line)
			}
		}
		if len(lines) != 10 {
			t.Errorf("%d lines, want one for each part:\n%s", len(lines), log.String())
		}

		b.missing = nil
		if tk := collectTicks(t, b.collector(&log), 1)[0]; len(tk.points) < 10 {
			t.Errorf("when it can be read again: %v", tk.points)
		}
	})
}

func TestCollectEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := (&bench{start: time.Now()}).collector(io.Discard)
		down := errors.New("bus is away")
		if err := c.Collect(t.Context(), &taken{t: t, fail: down}); !errors.Is(err, down) {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Collect(ctx, &taken{t: t, fail: down}); err != nil {
			t.Errorf("after cancel: %v", err)
		}
	})
}

func TestCountersThatGoBack(t *testing.T) {
	f := func(last, next traffic, wantIn, wantOut float64, wantKnown bool) {
		t.Helper()
		p := newPoints("h")
		total, known := rates(map[string]traffic{"x": last}, map[string]traffic{"x": next, "new": {5, 5}}, 2, p, "in", "out", "d")
		if total != wantIn+wantOut || known != wantKnown || wantKnown != (len(p.spans) == 2) {
			t.Errorf("%v to %v: %v, %v, %d points", last, next, total, known, len(p.spans))
		}
	}
	f(traffic{100, 10}, traffic{300, 10}, 100, 0, true)
	f(traffic{100, 10}, traffic{100, 10}, 0, 0, true)
	f(traffic{100, 10}, traffic{5, 20}, 0, 0, false)
	f(traffic{100, 10}, traffic{200, 5}, 0, 0, false)

	busy, total := worked(&cpu.TimesStat{User: 10, Idle: 100}, &cpu.TimesStat{User: 12, Idle: 99})
	if busy != 2 || total != 2 {
		t.Errorf("idle time that goes back: busy %v of %v", busy, total)
	}
}

// TestClockSetBack wants no rates over no time, and rates again afterwards.
func TestClockSetBack(t *testing.T) {
	b := &bench{start: time.Now()}
	m := newMeter(b.machine(), 2, slog.New(slog.DiscardHandler))
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	m.prime(t.Context(), at)
	for _, step := range []time.Duration{time.Second, -time.Hour, 0} {
		at = at.Add(step)
		p := newPoints("h")
		p.begin(at)
		m.measure(t.Context(), at, p)
		for _, r := range p.records() {
			if strings.Contains(string(r.Value), `"value":-`) {
				t.Errorf("after %s: %s", step, r.Value)
			}
		}
	}
}

func TestProcessNumbersAreUsedAgain(t *testing.T) {
	seconds := map[int32]float64{1: 100, 2: 50}
	m := machine{
		pids:    func(context.Context) ([]int32, error) { return []int32{1, 2, 3, 4}, nil },
		process: func(context.Context, int32) (string, uint64, error) { return "x", 1, nil },
		cpuTime: func(_ context.Context, pid int32) (float64, error) {
			if s, ok := seconds[pid]; ok {
				return s, nil
			}
			return 0, os.ErrNotExist
		},
	}
	ps := newProcesses(m, 5)
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	if err := ps.measure(t.Context(), at, &readings{}); err != nil {
		t.Fatal(err)
	}
	seconds[1], seconds[2], seconds[3] = 102, 1, 0.5
	var got readings
	if err := ps.measure(t.Context(), at.Add(10*time.Second), &got); err != nil {
		t.Fatal(err)
	}
	shares := map[string]float64{}
	for _, r := range got {
		if r.metric == "process_cpu" {
			shares[r.tags[1]] = r.value
		}
	}
	if diff := cmp.Diff(map[string]float64{"1": 20, "2": 10, "3": 5}, shares); diff != "" {
		t.Error(diff)
	}
}

func TestPhysical(t *testing.T) {
	f := func(names, want string) {
		t.Helper()
		counters := map[string]disk.IOCountersStat{}
		for name := range strings.FieldsSeq(names) {
			counters[name] = disk.IOCountersStat{}
		}
		if got := strings.Join(physical(counters), " "); got != want {
			t.Errorf("of %s: %s, want %s", names, got, want)
		}
	}
	f("sda sda1 sda2 sdb", "sda sdb")
	f("nvme0n1 nvme0n1p1 nvme0n1p12 nvme1n1 dm-0 dm-1", "nvme0n1 nvme1n1")
	f("vda zram0 loop0 loop12 ram1 sr0", "vda")
	f("mmcblk0 mmcblk0p1", "mmcblk0")
	f("xvda1", "xvda1")
	f("dm-0 md127 loop0", "dm-0 md127")
	f("disk0 disk2", "disk0 disk2")
	f("", "")
}

func TestOutward(t *testing.T) {
	for _, name := range []string{"lo", "lo0", "veth1a2b", "docker0", "br-5e6f", "virbr0"} {
		if outward(name) {
			t.Errorf("%s leads out", name)
		}
	}
	for _, name := range []string{"eth0", "enp3s0", "wlan0", "en0", "bond0", "br0", "tun0", "loop-net"} {
		if !outward(name) {
			t.Errorf("%s does not lead out", name)
		}
	}
}

func TestStored(t *testing.T) {
	long, short := t.TempDir()+"/long", t.TempDir()
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	file := short + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(mounts []disk.PartitionStat, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, stored(mounts)); diff != "" {
			t.Error(diff)
		}
	}
	f(nil, "/")
	f([]disk.PartitionStat{
		{Device: "/dev/sda2", Mountpoint: "/", Fstype: "ext4"},
		{Device: "/dev/sda2", Mountpoint: short, Fstype: "ext4"},
		{Device: "/dev/sdb1", Mountpoint: file, Fstype: "ext4"},
		{Device: "/dev/loop3", Mountpoint: short, Fstype: "squashfs"},
	}, "/")
	f([]disk.PartitionStat{
		{Device: "/dev/sdb1", Mountpoint: long, Fstype: "xfs"},
		{Device: "/dev/sdb1", Mountpoint: short, Fstype: "xfs"},
	}, "/", short)
}

func TestSpec(t *testing.T) {
	f := func(vals option.Values, wantKind fault.Kind) {
		t.Helper()
		spec := Spec(slog.New(slog.DiscardHandler))
		v, err := option.Check("connector host", spec.Options, vals)
		if err == nil {
			_, err = spec.Collect(v)
		}
		if fault.KindOf(err) != wantKind {
			t.Errorf("%v: %v", vals, err)
		}
	}
	f(nil, 0)
	f(option.Values{"interval": "5 s", "processes": "0", "topic": "x"}, 0)
	f(option.Values{"interval": "1 ms"}, fault.Invalid)
	f(option.Values{"processes": "-1"}, fault.Invalid)
}

// TestThisMachine asks the system that the test runs on.
func TestThisMachine(t *testing.T) {
	spec := Spec(slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	v, err := option.Check("connector host", spec.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := spec.Collect(v)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ticks := collectTicks(t, c.(*collector), 2)
	t.Logf("first figures after %s: %v", ticks[0].at.Sub(began), ticks[0].points)
	for i, tk := range ticks {
		for _, metric := range []string{"cpu_usage", "memory_usage", "network_traffic", "uptime_seconds", "process_count", "filesystem_usage mountpoint=/"} {
			if value, ok := tk.points[metric]; !ok || value < 0 || strings.HasSuffix(metric, "usage") && value > 100 {
				t.Errorf("tick %d: %s is %v", i, metric, value)
			}
		}
	}
}

// BenchmarkTick is what one second costs; 15 ms would be 1.5 % of a core. Every fifth tick looks at the
// processes.
func BenchmarkTick(b *testing.B) {
	m := newMeter(thisMachine(), 5, slog.New(slog.DiscardHandler))
	p := newPoints("h")
	now := time.Now()
	m.prime(b.Context(), now)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		p.begin(now)
		m.measure(b.Context(), now, p)
		p.records()
	}
}
