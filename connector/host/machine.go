package host

import (
	"context"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	hostinfo "github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// machine is where readings come from: a function for each question, so that a test can answer.
type machine struct {
	cpus   func(ctx context.Context, each bool) ([]cpu.TimesStat, error)
	memory func(context.Context) (*mem.VirtualMemoryStat, error)
	swap   func(context.Context) (*mem.SwapMemoryStat, error)
	disks  func(ctx context.Context, names ...string) (map[string]disk.IOCountersStat, error)
	nets   func(ctx context.Context, each bool) ([]net.IOCountersStat, error)
	load   func(context.Context) (*load.AvgStat, error)
	uptime func(context.Context) (uint64, error)
	mounts func(ctx context.Context, all bool) ([]disk.PartitionStat, error)
	usage  func(ctx context.Context, mount string) (*disk.UsageStat, error)

	pids    func(context.Context) ([]int32, error)
	cpuTime func(ctx context.Context, pid int32) (seconds float64, err error)
	process func(ctx context.Context, pid int32) (name string, memory uint64, err error)
}

// thisMachine asks the system. Folders of another root, as a container sees its host, are gopsutil's
// to find, by HOST_PROC and the like.
func thisMachine() machine {
	return machine{
		cpus:    cpu.TimesWithContext,
		memory:  mem.VirtualMemoryWithContext,
		swap:    mem.SwapMemoryWithContext,
		disks:   disk.IOCountersWithContext,
		nets:    net.IOCountersWithContext,
		load:    load.AvgWithContext,
		uptime:  hostinfo.UptimeWithContext,
		mounts:  disk.PartitionsWithContext,
		usage:   disk.UsageWithContext,
		pids:    process.PidsWithContext,
		cpuTime: processorTime,
		process: describe,
	}
}

// processorTime asks without process.NewProcess, which first looks whether there is such a process.
func processorTime(ctx context.Context, pid int32) (float64, error) {
	p := process.Process{Pid: pid}
	t, err := p.TimesWithContext(ctx)
	if err != nil {
		return 0, err
	}
	return t.User + t.System, nil
}

func describe(ctx context.Context, pid int32) (name string, memory uint64, err error) {
	p := process.Process{Pid: pid}
	if name, err = p.NameWithContext(ctx); err != nil {
		return "", 0, err
	}
	info, err := p.MemoryInfoWithContext(ctx)
	if err != nil {
		return "", 0, err
	}
	return name, info.RSS, nil
}
