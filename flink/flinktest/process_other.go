//go:build !linux

package flinktest

import "syscall"

// boundToTest makes a process end with the tests where the system can do that.
func boundToTest() *syscall.SysProcAttr { return nil }
