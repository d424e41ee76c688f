// Package port finds ports for servers that a test or a benchmark starts.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// The ports to choose from lie below those that systems give to outgoing connections (32768 and up on
// Linux, 49152 elsewhere): a port that was free on ":0" and is let go of may be the local end of a
// connection of somebody else by the time its server starts.
const first, last = 10_000, 32_000

// Free returns the address 127.0.0.1:PORT of a port that nobody listens on, and that no other test on
// this machine gets from here until this one has ended.
func Free(t testing.TB) string {
	t.Helper()
	addr, release, err := Take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return addr
}

// Number returns the port of Free alone.
func Number(t testing.TB) string {
	t.Helper()
	return Of(Free(t))
}

// Of returns the port of an address HOST:PORT, "" if it has none.
func Of(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	return port
}

// Take is Free for programs: the port is theirs until release.
func Take() (addr string, release func(), err error) {
	dir := filepath.Join(os.TempDir(), "millrace-ports")
	// A fixed folder, so that tests with a TMPDIR of their own see each other's ports.
	if fixed, err := os.Stat("/tmp"); err == nil && fixed.IsDir() {
		dir = "/tmp/millrace-ports"
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", nil, fmt.Errorf("find a free port: %w", err)
	}
	for range 1000 {
		n := strconv.Itoa(first + rand.IntN(last-first))
		lock, err := lockPort(filepath.Join(dir, n))
		if err != nil {
			continue
		}
		addr := net.JoinHostPort("127.0.0.1", n)
		l, err := net.Listen("tcp", addr)
		if err != nil {
			lock.Close()
			continue
		}
		l.Close()
		return addr, func() { lock.Close() }, nil
	}
	return "", nil, fmt.Errorf("find a free port: none of 1000 between %d and %d is", first, last)
}

// lockPort holds a port for this process until the file is closed, or the process ends.
func lockPort(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
