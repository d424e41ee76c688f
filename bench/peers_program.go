package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is a peer that is a program of ours over somebody's library. It is started with the address of Kafka and the
// name of the workload. Each line that it is given names a topic and an output; when it has done all records that the
// topic has, it prints a line that begins with done. At the end of its input it ends.
type program struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	said *os.File
}

const programs = "bench/peers"

func startProgram(cmd *exec.Cmd) (*program, error) {
	p := &program{cmd: cmd}
	var err error
	if p.said, err = os.CreateTemp("", "millrace-bench-log-"); err != nil {
		return nil, err
	}
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out, cmd.Stderr = bufio.NewScanner(out), p.said
	return p, cmd.Start()
}

// run implements engineRun.
func (p *program) run(ctx context.Context, topic, out string) (s peerSample, err error) {
	cancel := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer cancel()
	cpu, err := treeCPU(p.cmd.Process.Pid)
	if err != nil {
		return s, err
	}
	began := time.Now()
	if _, err := fmt.Fprintf(p.in, "%s %s\n", topic, out); err != nil {
		return s, errors.Join(err, p.last())
	}
	for p.out.Scan() {
		if !strings.HasPrefix(p.out.Text(), "done") {
			continue
		}
		s.wall = time.Since(began)
		after, err := treeCPU(p.cmd.Process.Pid)
		s.cpu = after - cpu
		return s, err
	}
	return s, errors.Join(errEnded, p.last())
}

// last is what the program said last.
func (p *program) last() error {
	const most = 2000
	text, _ := os.ReadFile(p.said.Name())
	return errors.New(string(text[max(0, len(text)-most):]))
}

// peak implements engineRun.
func (p *program) peak() (int64, error) { return peakOf(p.cmd.Process.Pid) }

// stop implements engineRun.
func (p *program) stop() {
	_ = p.in.Close()
	const patience = 10 * time.Second
	kill := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	kill.Stop()
	p.said.Close()
	os.Remove(p.said.Name())
}

// startStreams starts the program over Kafka Streams, from its source.
func startStreams(_ context.Context, addr string, w workload) (engineRun, error) {
	home, err := exec.Command(filepath.Join(kafkaScripts, "install.sh")).Output()
	if err != nil {
		return nil, fmt.Errorf("install Kafka's libraries: %w", err)
	}
	jars := filepath.Join(strings.TrimSpace(string(home)), "jars", "*")
	classes, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return nil, err
	}
	javac := exec.Command("javac", "-nowarn", "-cp", jars, "-d", classes, filepath.Join(programs, "streams", "StreamsPeer.java"))
	if out, err := javac.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("compile: %w\n%s", err, out), os.RemoveAll(classes))
	}
	p, err := startProgram(exec.Command("java", "-Xmx1g", "-cp", classes+string(os.PathListSeparator)+jars, "StreamsPeer", addr, w.id))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(classes))
	}
	return &withFolder{p, classes}, nil
}

// withFolder is a program that leaves a folder.
type withFolder struct {
	*program
	dir string
}

// stop implements engineRun.
func (w *withFolder) stop() {
	w.program.stop()
	_ = os.RemoveAll(w.dir)
}

// startPython starts a program of Python in an environment that has what it needs.
func startPython(file string) func(context.Context, string, workload) (engineRun, error) {
	return func(_ context.Context, addr string, w workload) (engineRun, error) {
		install := exec.Command(filepath.Join(programs, "install.sh"))
		install.Stderr = os.Stderr
		venv, err := install.Output()
		if err != nil {
			return nil, fmt.Errorf("install Python's libraries: %w", err)
		}
		return startProgram(exec.Command(filepath.Join(strings.TrimSpace(string(venv)), "bin", "python"), filepath.Join(programs, file), addr, w.id))
	}
}

// treeCPU is the user and system time of a process and those below it, ended ones included, in ticks of 10 ms.
func treeCPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	total := time.Duration(0)
	const first, last, tick = 11, 14, 10 * time.Millisecond // utime, stime, cutime, cstime
	for _, f := range fields[first : last+1] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		total += time.Duration(n) * tick
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return total, nil // the system does not say
	}
	for _, f := range strings.Fields(string(children)) {
		child, err := strconv.Atoi(f)
		if err != nil {
			return 0, err
		}
		if n, err := treeCPU(child); err == nil { // it may have ended
			total += n
		}
	}
	return total, nil
}

// peakOf is the most memory that a process had resident, in bytes.
func peakOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if size, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(size)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status: no VmHWM", pid)
}

// endProcess ends a process in its own way, or after a while in ours.
func endProcess(cmd *exec.Cmd) {
	if cmd == nil || cmd.Process == nil {
		return
	}
	const patience = 20 * time.Second
	_ = cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	kill.Stop()
}
