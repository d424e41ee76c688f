package host

import (
	"cmp"
	"context"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"
)

func sortedNames[V any](byName map[string]V) []string {
	return slices.Sorted(maps.Keys(byName))
}

// physical picks the disks whose bytes are to be counted, so that none is counted twice: no images and
// memory, no partition of a disk that is there itself, and no mapped or joined device if there is
// anything that it can lie on.
func physical(counters map[string]disk.IOCountersStat) []string {
	var disks, mapped []string
	for name := range counters {
		switch {
		case hasAnyPrefix(name, "loop", "ram", "zram", "sr", "fd", "nbd"), isPartition(name, counters):
		case hasAnyPrefix(name, "dm-", "md", "bcache", "drbd"):
			mapped = append(mapped, name)
		default:
			disks = append(disks, name)
		}
	}
	if len(disks) == 0 {
		disks = mapped
	}
	slices.Sort(disks)
	return disks
}

// isPartition reports whether name is a disk of counters with a number behind it: sda1 of sda, and
// nvme0n1p1 of nvme0n1, whose own name ends with a digit.
func isPartition(name string, counters map[string]disk.IOCountersStat) bool {
	whole := strings.TrimRight(name, "0123456789")
	if whole == name || whole == "" {
		return false
	}
	if p, ok := strings.CutSuffix(whole, "p"); ok && p != "" && p[len(p)-1]-'0' <= 9 {
		whole = p
	}
	_, there := counters[whole]
	return there
}

// outward reports whether a network interface leads out of the machine.
func outward(name string) bool {
	return name != "lo" && name != "lo0" &&
		!hasAnyPrefix(name, "veth", "docker", "br-", "virbr", "cni", "flannel", "cali", "dummy", "ifb", "vnet")
}

func hasAnyPrefix(name string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// filesystems adds how full they are.
func (m *meter) filesystems(ctx context.Context, out *readings) {
	mounts, err := m.machine.mounts(ctx, false)
	if err != nil {
		m.missing("mounts", err)
	}
	for _, mount := range stored(mounts) {
		u, err := m.machine.usage(ctx, mount)
		if err != nil {
			m.missing("filesystem "+mount, err)
			continue
		}
		if u.Total == 0 {
			continue
		}
		out.add("filesystem_usage", u.UsedPercent, percentDigits, "mountpoint", mount)
		out.add("filesystem_used_bytes", float64(u.Used), bytesDigits, "mountpoint", mount)
	}
}

// stored picks the mount points of file systems that keep something: each device once, at its
// shortest path. The root is always one: in a container it is a layer, which does not count as a
// device.
func stored(mounts []disk.PartitionStat) []string {
	shortest := map[string]string{"": "/"}
	for i := range mounts {
		m := &mounts[i]
		// Images of packages are full by nature; single files are mounted into containers.
		if hasAnyPrefix(m.Fstype, "squashfs", "iso9660", "erofs", "udf") || m.Mountpoint == "/" || !isFolder(m.Mountpoint) {
			continue
		}
		if known, ok := shortest[m.Device]; !ok || len(m.Mountpoint) < len(known) {
			shortest[m.Device] = m.Mountpoint
		}
	}
	for i := range mounts { // what the root is on is not shown again
		if m := &mounts[i]; m.Mountpoint == "/" {
			delete(shortest, m.Device)
		}
	}
	shortest[""] = "/"
	paths := slices.Collect(maps.Values(shortest))
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(a, b) })
	return paths
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
