//go:build unix

package serve

import (
	"syscall"
	"time"
)

// processorTime is what this process has used, the system's part included.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
