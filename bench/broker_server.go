package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/broker"
	"millrace/internal/port"
)

// brokerServer is a broker in a process of its own.
type brokerServer struct {
	addr    string
	command func() *exec.Cmd
	release []func() // of its ports
	cmd     *exec.Cmd
	ready   time.Duration // from the start of the process until it answered
}

// startOurs starts our broker, and nothing else of the platform.
func startOurs(ctx context.Context, dir string, flush broker.Flush) (*brokerServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, release, err := port.Take()
	if err != nil {
		return nil, err
	}
	b := &brokerServer{addr: addr, release: []func(){release}}
	b.command = func() *exec.Cmd { return exec.Command(self, brokerArg, dir, addr, string(flush)) }
	return b, b.start(ctx)
}

// kafkaScripts is where the scripts are that know how a real Kafka is had.
const kafkaScripts = "test/real/kafka"

// startKafka starts a real Kafka with the heap that it is delivered with.
func startKafka(ctx context.Context, dir string, flush broker.Flush) (*brokerServer, error) {
	if out, err := exec.Command(filepath.Join(kafkaScripts, "install.sh")).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("install Kafka: %w\n%s", err, out)
	}
	addr, release, err := port.Take()
	if err != nil {
		return nil, err
	}
	control, releaseControl, err := port.Take()
	if err != nil {
		release()
		return nil, err
	}
	b := &brokerServer{addr: addr, release: []func(){release, releaseControl}}
	b.command = func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(kafkaScripts, "server.sh"), dir, port.Of(addr), port.Of(control))
		cmd.Env = append(os.Environ(), "KAFKA_HEAP=1g")
		if flush == broker.Always {
			cmd.Env = append(cmd.Env, "KAFKA_SETTINGS=log.flush.interval.messages=1")
		}
		return cmd
	}
	return b, b.start(ctx)
}

// kafkaVersion is the version that the scripts install, as their list says.
func kafkaVersion() string {
	text, err := os.ReadFile(filepath.Join(kafkaScripts, "pom.xml"))
	if err != nil {
		return ""
	}
	if m := regexp.MustCompile(`<kafka.version>(.*)</kafka.version>`).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

// start starts the process and waits until it answers requests.
func (b *brokerServer) start(ctx context.Context) error {
	log, err := os.CreateTemp("", "millrace-bench-log-")
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	b.cmd = b.command()
	b.cmd.Stdout, b.cmd.Stderr = log, log
	const patience, pause = time.Minute, 2 * time.Millisecond
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.RetryBackoffFn(func(int) time.Duration { return pause }))
	if err != nil {
		return err
	}
	defer cl.Close()
	began := time.Now()
	if err := b.cmd.Start(); err != nil {
		return err
	}
	for {
		if err = cl.Ping(ctx); err == nil {
			b.ready = time.Since(began)
			return nil
		}
		if ctx.Err() != nil || time.Since(began) > patience {
			said, _ := os.ReadFile(log.Name())
			b.stop()
			return errors.Join(fmt.Errorf("the server %s was not ready after %s: %w", b.cmd.Path, patience, err), errors.New(string(said)))
		}
		time.Sleep(pause)
	}
}

// restart stops the server well and starts it again.
func (b *brokerServer) restart(ctx context.Context) error {
	stopProcess(b.cmd)
	return b.start(ctx)
}

// stop ends the server and gives its ports back.
func (b *brokerServer) stop() {
	if b.cmd.ProcessState == nil && b.cmd.Process != nil {
		stopProcess(b.cmd)
	}
	for _, f := range b.release {
		f()
	}
	b.release = nil
}

// rssOf is how much memory of a process is resident, in bytes.
func rssOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if size, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(size)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status: no VmRSS", pid)
}

// loadValues makes different JSON records of brokerRecordSize bytes.
func loadValues() [][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, 10_000)
	for i := range out {
		out[i] = padded(fmt.Appendf(nil, `{"id":"s%05d","temperature":%.1f,"humidity":%d,"value":%.3f,"event_time":"2026-11-20 10:00:%02d.%03d","pad":"`,
			rng.IntN(100_000), 30+rng.Float64()*60, 10+rng.IntN(90), rng.Float64()*10, rng.IntN(60), rng.IntN(1000)))
	}
	return out
}

// padded ends a JSON object within a text so that it is brokerRecordSize bytes long.
func padded(v []byte) []byte {
	for len(v) < brokerRecordSize-2 {
		v = append(v, 'x')
	}
	return append(v, `"}`...)
}

const timedPrefix = `{"at":`

// timedValue is a record that names its time.
func timedValue(at time.Time) []byte {
	v := append(make([]byte, 0, brokerRecordSize), timedPrefix...)
	v = strconv.AppendInt(v, at.UnixNano(), 10)
	return padded(append(v, `,"pad":"`...))
}

// timeIn reads what timedValue wrote.
func timeIn(v []byte) (time.Time, error) {
	text, _, found := strings.Cut(strings.TrimPrefix(string(v), timedPrefix), ",")
	nanos, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil || len(v) != brokerRecordSize {
		return time.Time{}, fmt.Errorf("record %q is not one that was sent", v)
	}
	return time.Unix(0, nanos), nil
}
