//go:build unix && !linux

package ledger

import "syscall"

// boundToTest makes a process lead a group of its own if it starts others that have to be ended with
// it. Only Linux can make it end when the tests are killed.
func boundToTest(leader bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: leader}
}
