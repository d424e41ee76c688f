package host

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/disk"
)

// relist is how often it is looked at which disks and file systems there are.
const relist = time.Minute

// disks are the physical disks; what is read and written on partitions and mapped devices is counted there.
type disks struct {
	names  []string
	listed time.Time
}

func (s *sampler) sampleDisks(ctx context.Context, elapsed time.Duration) {
	if s.last.Sub(s.disks.listed) >= relist {
		s.disks.list(ctx)
		s.disks.listed = s.last
	}
	if len(s.disks.names) == 0 {
		if elapsed > 0 {
			s.points.add("disk_io", 0)
		}
		return
	}
	counters, err := disk.IOCountersWithContext(ctx, slices.Clone(s.disks.names)...)
	if err != nil {
		return
	}
	total := 0.0
	for _, name := range s.disks.names {
		c, ok := counters[name]
		if !ok {
			continue
		}
		read, ok1 := s.rate("disk_read/"+name, c.ReadBytes, elapsed)
		written, ok2 := s.rate("disk_write/"+name, c.WriteBytes, elapsed)
		if !ok1 || !ok2 {
			continue
		}
		total += read + written
		s.points.add("disk_read", read, "device", name)
		s.points.add("disk_write", written, "device", name)
	}
	if elapsed > 0 {
		s.points.add("disk_io", total)
	}
}

// list finds the physical disks. Linux has a folder for each whole block device, and a device in it if
// there is hardware behind; elsewhere all that is not plainly virtual counts.
func (d *disks) list(ctx context.Context) {
	counters, err := disk.IOCountersWithContext(ctx)
	if err != nil {
		return
	}
	d.names = d.names[:0]
	_, err = os.Stat("/sys/block")
	linux := err == nil
	for name := range counters {
		switch {
		case linux:
			if _, err := os.Stat(filepath.Join("/sys/block", name, "device")); err != nil {
				continue
			}
		case slices.ContainsFunc([]string{"loop", "ram", "zram", "dm-", "md"}, func(p string) bool { return strings.HasPrefix(name, p) }):
			continue
		}
		d.names = append(d.names, name)
	}
	slices.Sort(d.names)
}

// volumes are the file systems. Their figures are read every so often and repeated in between.
type volumes struct {
	every  time.Duration
	listed time.Time
	read   time.Time
	mounts []string
	points points
}

func (v *volumes) sample(ctx context.Context, now time.Time, out *points) {
	if now.Sub(v.listed) >= relist {
		v.list(ctx)
		v.listed = now
	}
	if now.Sub(v.read) >= v.every {
		v.read = now
		v.points = v.points[:0]
		for _, mount := range v.mounts {
			u, err := disk.UsageWithContext(ctx, mount)
			if err != nil || u.Total == 0 {
				continue
			}
			v.points.add("filesystem_usage", u.UsedPercent, "mountpoint", mount)
			v.points.add("filesystem_used_bytes", float64(u.Used), "mountpoint", mount)
		}
	}
	*out = append(*out, v.points...)
}

// fullAlways are file systems that are as large as what is in them.
var fullAlways = []string{"squashfs", "iso9660", "erofs"}

// list finds a mount point, the shortest, for every device, and always the root, which in a container has
// no device.
func (v *volumes) list(ctx context.Context) {
	parts, err := disk.PartitionsWithContext(ctx, false)
	if err != nil {
		parts = nil
	}
	byDevice := map[string]string{"": "/"}
	for _, p := range parts {
		if slices.Contains(fullAlways, p.Fstype) {
			continue
		}
		if info, err := os.Stat(p.Mountpoint); err != nil || !info.IsDir() { // containers mount single files
			continue
		}
		device := p.Device
		if p.Mountpoint == "/" {
			device = ""
			byDevice[p.Device] = "/"
		}
		if has, ok := byDevice[device]; !ok || len(p.Mountpoint) < len(has) {
			byDevice[device] = p.Mountpoint
		}
	}
	v.mounts = v.mounts[:0]
	for _, mount := range byDevice {
		v.mounts = append(v.mounts, mount)
	}
	slices.Sort(v.mounts)
	v.mounts = slices.Compact(v.mounts)
}
