package flinktest

import "syscall"

// boundToTest makes a process end with the tests, however they end.
func boundToTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
