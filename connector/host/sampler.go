package host

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	gohost "github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"

	"millrace/connector"
)

// sampler reads the machine's counters and remembers the last readings, from which rates follow.
type sampler struct {
	host   string
	points points

	last    time.Time // of the previous sample; zero before the first
	cores   []cpu.TimesStat
	rates   map[string]counter
	disks   disks
	volumes volumes
	tasks   tasks
	booted  uint64
}

func newSampler(host string, slow time.Duration) *sampler {
	return &sampler{host: host, rates: map[string]counter{}, volumes: volumes{every: slow}, tasks: tasks{every: slow}}
}

// sample takes all readings. Each part leaves out what it cannot read.
func (s *sampler) sample(ctx context.Context, now time.Time) {
	s.points = s.points[:0]
	elapsed := time.Duration(0)
	if !s.last.IsZero() {
		elapsed = now.Sub(s.last)
	}
	s.last = now
	s.sampleCPU(ctx)
	s.sampleMemory(ctx)
	s.sampleDisks(ctx, elapsed)
	s.sampleNetwork(ctx, elapsed)
	s.sampleLoad(ctx, now)
	s.volumes.sample(ctx, now, &s.points)
	s.tasks.sample(ctx, now, &s.points)
	s.forget()
}

func (s *sampler) sampleCPU(ctx context.Context) {
	cores, err := cpu.TimesWithContext(ctx, true)
	if err != nil || len(cores) == 0 {
		return
	}
	last := s.cores
	s.cores = cores
	if len(last) != len(cores) { // the first reading, or a core came or went
		return
	}
	var busy, total float64
	for i := range cores {
		b, t := cpuTime(last[i], cores[i])
		busy, total = busy+b, total+t
		s.points.add("cpu_core_usage", percent(b, t), "core", strconv.Itoa(i))
	}
	s.points.add("cpu_usage", percent(busy, total))
}

// cpuTime is the time a core was busy, and the time there was, between two readings. Guests are counted
// in user and nice already; time stolen by the hypervisor is time that was wanted.
func cpuTime(last, now cpu.TimesStat) (busy, total float64) {
	idle := grown(last.Idle, now.Idle) + grown(last.Iowait, now.Iowait)
	busy = grown(last.User, now.User) + grown(last.Nice, now.Nice) + grown(last.System, now.System) +
		grown(last.Irq, now.Irq) + grown(last.Softirq, now.Softirq) + grown(last.Steal, now.Steal)
	return busy, busy + idle
}

// grown is how much a counter has grown; one that goes back, as idle times do on Linux, has not.
func grown(last, now float64) float64 { return max(0, now-last) }

func percent(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * part / whole
}

func (s *sampler) sampleMemory(ctx context.Context) {
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil && m.Total > 0 {
		s.points.add("memory_usage", m.UsedPercent)
		s.points.add("memory_used_bytes", float64(m.Used))
		s.points.add("memory_total_bytes", float64(m.Total))
	}
	if m, err := mem.SwapMemoryWithContext(ctx); err == nil {
		s.points.add("swap_usage", percent(float64(m.Used), float64(m.Total)))
	}
}

// virtualInterfaces begin with these names; what passes them is counted at another interface, too.
var virtualInterfaces = []string{"veth", "ifb", "cali", "cni", "flannel"}

func (s *sampler) sampleNetwork(ctx context.Context, elapsed time.Duration) {
	counters, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return
	}
	total, known := 0.0, false
	for _, c := range counters {
		loopback := c.Name == "lo" || c.Name == "lo0"
		if loopback || slices.ContainsFunc(virtualInterfaces, func(p string) bool { return strings.HasPrefix(c.Name, p) }) {
			continue
		}
		sent, ok1 := s.rate("net_sent/"+c.Name, c.BytesSent, elapsed)
		received, ok2 := s.rate("net_received/"+c.Name, c.BytesRecv, elapsed)
		if !ok1 || !ok2 {
			continue
		}
		known = true
		total += sent + received
		s.points.add("net_sent", sent, "interface", c.Name)
		s.points.add("net_received", received, "interface", c.Name)
	}
	// A machine with no network but its own has no traffic, which is a value.
	if known || elapsed > 0 {
		s.points.add("network_traffic", total)
	}
}

func (s *sampler) sampleLoad(ctx context.Context, now time.Time) {
	if l, err := load.AvgWithContext(ctx); err == nil {
		s.points.add("load1", l.Load1)
		s.points.add("load5", l.Load5)
		s.points.add("load15", l.Load15)
	}
	if s.booted == 0 {
		s.booted, _ = gohost.BootTimeWithContext(ctx)
	}
	if s.booted > 0 {
		s.points.add("uptime_seconds", math.Max(0, float64(now.Unix())-float64(s.booted)))
	}
}

// counter is a counter that only grows, as last read.
type counter struct {
	value uint64
	fresh bool // read since forget
}

// rate returns by how much a counter grows in a second. It is unknown at the first reading. A counter
// that goes back was reset, as when an interface is made anew: it has grown from zero at the least.
func (s *sampler) rate(name string, value uint64, elapsed time.Duration) (float64, bool) {
	last, ok := s.rates[name]
	s.rates[name] = counter{value: value, fresh: true}
	if !ok || elapsed <= 0 {
		return 0, false
	}
	delta := value
	if value >= last.value {
		delta = value - last.value
	}
	return float64(delta) / elapsed.Seconds(), true
}

// forget drops the counters of what is gone.
func (s *sampler) forget() {
	maps.DeleteFunc(s.rates, func(_ string, c counter) bool { return !c.fresh })
	for name, c := range s.rates {
		c.fresh = false
		s.rates[name] = c
	}
}

// point is one metric; tags come as name, value, name, value.
type point struct {
	metric string
	value  float64
	tags   []string
}

type points []point

func (p *points) add(metric string, value float64, tags ...string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	*p = append(*p, point{metric, value, tags})
}

// records are the points as DataPoints, keyed by metric.
func (s *sampler) records(at time.Time) []connector.Record {
	stamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	slices.SortStableFunc(s.points, func(a, b point) int { return cmp.Compare(a.metric, b.metric) })
	out := make([]connector.Record, 0, len(s.points))
	for _, p := range s.points {
		value := append(make([]byte, 0, 160), `{"timestamp":"`...)
		value = append(append(value, stamp...), `","metric":"`...)
		value = append(append(value, p.metric...), `","value":`...)
		value = strconv.AppendFloat(value, math.Round(p.value*1000)/1000, 'f', -1, 64)
		value = appendString(append(value, `,"tags":{"host":`...), s.host)
		for i := 0; i < len(p.tags); i += 2 {
			value = append(append(value, `,"`...), p.tags[i]...)
			value = appendString(append(value, `":`...), p.tags[i+1])
		}
		out = append(out, connector.Record{Key: []byte(p.metric), Value: append(value, "}}"...), Time: at})
	}
	return out
}
