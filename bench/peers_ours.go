package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// ours runs the built program, a process each time.
type ours struct {
	binary, addr string
	w            workload
	rss          int64
}

func oursOn(binary string) func(context.Context, string, workload) (engineRun, error) {
	return func(_ context.Context, addr string, w workload) (engineRun, error) {
		return &ours{binary: binary, addr: addr, w: w}, nil
	}
}

// run implements engineRun.
func (o *ours) run(ctx context.Context, topic, out string) (peerSample, error) {
	tables, insert := o.w.script(o.addr, topic, out)
	s, rss, err := runScript(ctx, o.binary, strings.Join(append(tables, insert), ";\n")+";\n")
	o.rss = max(o.rss, rss)
	return s, err
}

// runScript runs a script to its end and says how much memory the process had at most.
func runScript(ctx context.Context, binary, script string) (s peerSample, rss int64, err error) {
	cmd := exec.CommandContext(ctx, binary, "sql", "-f", "-")
	var said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &said, &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return s, 0, fmt.Errorf("%s sql (make build makes it): %w\n%s", binary, err, said.Bytes())
	}
	s = peerSample{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(began)}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		rss = u.Maxrss << 10
	}
	return s, rss, nil
}

// peak implements engineRun.
func (o *ours) peak() (int64, error) { return o.rss, nil }

// stop implements engineRun.
func (o *ours) stop() {}
