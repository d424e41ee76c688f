package ledger

import "syscall"

// boundToTest makes a process end with the tests, however they end, and lead a group of its own if it
// starts others that have to be ended with it.
func boundToTest(leader bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: leader}
}
