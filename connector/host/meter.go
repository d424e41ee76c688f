package host

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/net"
)

// meter turns readings into points. It remembers the counters of the tick before.
type meter struct {
	machine machine
	log     *slog.Logger
	said    map[string]bool // parts that could not be read, and that was logged

	at    time.Time // of the counters
	cpus  map[string]cpu.TimesStat
	disks map[string]traffic
	nets  map[string]traffic
	spare map[string]traffic // an empty map, to be filled at the next tick

	slowAt    time.Time
	slow      readings
	processes *processes
}

// traffic are the bytes of one device in both directions: read and written, received and sent.
type traffic struct{ in, out uint64 }

func newMeter(m machine, top int, log *slog.Logger) *meter {
	return &meter{
		machine:   m,
		log:       log,
		said:      map[string]bool{},
		cpus:      map[string]cpu.TimesStat{},
		disks:     map[string]traffic{},
		nets:      map[string]traffic{},
		spare:     map[string]traffic{},
		processes: newProcesses(m, top),
	}
}

// missing notes that a part cannot be read, once.
func (m *meter) missing(part string, err error) {
	if m.said[part] {
		return
	}
	m.said[part] = true
	m.log.Debug("host not measured in part", "part", part, "error", err)
}

// prime reads all counters, so that the next measure has rates.
func (m *meter) prime(ctx context.Context, now time.Time) {
	none := &points{}
	m.counters(ctx, 1, none)
	if err := m.processes.read(ctx); err != nil {
		m.missing("processes", err)
	}
	m.at, m.processes.at = now, now
}

// measure adds the points of one tick.
func (m *meter) measure(ctx context.Context, now time.Time, p *points) {
	// A clock that stands still or was set back must not make rates infinite or negative.
	if seconds := now.Sub(m.at).Seconds(); seconds > 0 {
		m.counters(ctx, seconds, p)
	}
	m.at = now
	m.levels(ctx, p)
	if due := now.Sub(m.slowAt); due >= slowInterval-slowInterval/20 || due < 0 {
		m.slowAt = now
		m.slow = m.slow[:0]
		m.filesystems(ctx, &m.slow)
		if err := m.processes.measure(ctx, now, &m.slow); err != nil {
			m.missing("processes", err)
		}
	}
	m.slow.addTo(p)
}

// counters reads what grows.
func (m *meter) counters(ctx context.Context, seconds float64, p *points) {
	if times, err := m.machine.cpus(ctx, true); err != nil {
		m.missing("cpu", err)
	} else {
		m.cpu(times, p)
	}
	if counters, err := m.machine.disks(ctx); err != nil {
		m.missing("disk", err)
	} else {
		m.disk(counters, seconds, p)
	}
	if counters, err := m.machine.nets(ctx, true); err != nil {
		m.missing("network", err)
	} else {
		m.network(counters, seconds, p)
	}
}

func (m *meter) cpu(times []cpu.TimesStat, p *points) {
	var allBusy, all float64
	for i := range times {
		t := &times[i]
		last, known := m.cpus[t.CPU]
		m.cpus[t.CPU] = *t
		busy, total := worked(&last, t)
		if !known || total <= 0 {
			continue
		}
		allBusy += busy
		all += total
		p.add("cpu_core_usage", 100*busy/total, percentDigits, "core", strings.TrimPrefix(t.CPU, "cpu"))
	}
	if all > 0 {
		p.add("cpu_usage", 100*allBusy/all, percentDigits)
	}
}

// worked is how long a core was busy between two readings, and how long there was. Guests are part of
// user and nice already; time that the hypervisor took away is time that was wanted.
func worked(last, now *cpu.TimesStat) (busy, total float64) {
	idle := grown(last.Idle, now.Idle) + grown(last.Iowait, now.Iowait)
	busy = grown(last.User, now.User) + grown(last.Nice, now.Nice) + grown(last.System, now.System) +
		grown(last.Irq, now.Irq) + grown(last.Softirq, now.Softirq) + grown(last.Steal, now.Steal)
	return busy, busy + idle
}

// grown is how much a counter has grown. Times of idling and waiting may go back a little on Linux,
// and all of them do when a core is switched off and on.
func grown(last, now float64) float64 { return max(0, now-last) }

func (m *meter) disk(counters map[string]disk.IOCountersStat, seconds float64, p *points) {
	next := m.spare
	for _, name := range physical(counters) {
		c := counters[name]
		next[name] = traffic{in: c.ReadBytes, out: c.WriteBytes}
	}
	total, known := rates(m.disks, next, seconds, p, "disk_read", "disk_write", "device")
	if known || len(next) == 0 {
		p.add("disk_io", total, bytesDigits)
	}
	m.disks, m.spare = m.swap(m.disks, next)
}

func (m *meter) network(counters []net.IOCountersStat, seconds float64, p *points) {
	next := m.spare
	for i := range counters {
		if c := &counters[i]; outward(c.Name) {
			next[c.Name] = traffic{in: c.BytesRecv, out: c.BytesSent}
		}
	}
	total, known := rates(m.nets, next, seconds, p, "net_received", "net_sent", "interface")
	if known || len(next) == 0 {
		p.add("network_traffic", total, bytesDigits)
	}
	m.nets, m.spare = m.swap(m.nets, next)
}

// swap returns next, and last emptied for the next tick.
func (m *meter) swap(last, next map[string]traffic) (kept, spare map[string]traffic) {
	clear(last)
	return next, last
}

// rates adds the bytes per second of each device, by name, and returns their sum. known is false if no
// device was there before.
func rates(last, next map[string]traffic, seconds float64, p *points, in, out, tag string) (total float64, known bool) {
	for _, name := range sortedNames(next) {
		before, there := last[name]
		after := next[name]
		if !there || after.in < before.in || after.out < before.out {
			continue
		}
		known = true
		perSecondIn := float64(after.in-before.in) / seconds
		perSecondOut := float64(after.out-before.out) / seconds
		total += perSecondIn + perSecondOut
		p.add(in, perSecondIn, bytesDigits, tag, name)
		p.add(out, perSecondOut, bytesDigits, tag, name)
	}
	return total, known
}

// levels reads what is as it is.
func (m *meter) levels(ctx context.Context, p *points) {
	if v, err := m.machine.memory(ctx); err != nil {
		m.missing("memory", err)
	} else {
		p.add("memory_usage", v.UsedPercent, percentDigits)
		p.add("memory_used_bytes", float64(v.Used), bytesDigits)
		p.add("memory_total_bytes", float64(v.Total), bytesDigits)
	}
	if v, err := m.machine.swap(ctx); err != nil {
		m.missing("swap", err)
	} else {
		p.add("swap_usage", v.UsedPercent, percentDigits)
	}
	if v, err := m.machine.load(ctx); err != nil {
		m.missing("load", err)
	} else {
		p.add("load1", v.Load1, percentDigits)
		p.add("load5", v.Load5, percentDigits)
		p.add("load15", v.Load15, percentDigits)
	}
	if v, err := m.machine.uptime(ctx); err != nil {
		m.missing("uptime", err)
	} else {
		p.add("uptime_seconds", float64(v), bytesDigits)
	}
}
