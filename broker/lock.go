package broker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"millrace/fault"
)

// lockFile is what one process holds.
const lockFile = "lock"

// lockDir takes the folder for this process. The kernel lets go of the lock when the process ends,
// however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock broker folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fault.New(fault.Conflict, "open broker folder %s: another process is using it", dir).
			WithHint("stop the other millrace, or give this one a folder of its own with --data DIR")
	}
	return nil, fmt.Errorf("lock broker folder %s: %w", dir, err)
}
