package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// influxRows is how many points each client writes.
const influxRows = 50_000

// want compares the answer to a question in SQL.
func (p *platform) want(within time.Duration, sql, want string) {
	p.t.Helper()
	eventually(p.t, within, func() error {
		rows, err := p.sqlRows(sql)
		if err == nil && fmt.Sprint(rows) != want {
			err = fmt.Errorf("%s: %v, want %s", sql, rows, want)
		}
		return err
	})
}

// realProgram returns the path of a program that a script of test/real installs, which it does the first time.
func realProgram(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root(), "test", "real", script))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// background runs a program until the test ends, or stop asks it to, and shows the end of its output if the
// test fails.
func background(t *testing.T, name string, args ...string) (stop func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, boundToTest(true)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	running := true
	t.Cleanup(func() {
		if running {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if text, err := os.ReadFile(path); err == nil && t.Failed() {
			t.Logf("end of what %s said:\n%s", filepath.Base(name), text[max(0, len(text)-4000):])
		}
	})
	return func() {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
			running = false
		case <-time.After(settle):
			t.Fatalf("%s does not end", filepath.Base(name))
		}
	}
}

// telegrafConfig has both outputs as users have them, each for one half of a file's lines.
const telegrafConfig = `
[agent]
  interval = "1s"
  flush_interval = "200ms"
  metric_batch_size = 1000
  metric_buffer_limit = 200000
[[inputs.cpu]]
  percpu = false
[[inputs.tail]]
  files = ["%[1]s"]
  from_beginning = true
  watch_method = "poll"
  max_undelivered_lines = 20000
  data_format = "influx"
[[outputs.influxdb]]
  urls = ["http://%[2]s"]
  database = "telegraf"
  username = "telegraf"
  password = "any"
  namepass = ["tele_one"]
[[outputs.influxdb_v2]]
  urls = ["http://%[2]s"]
  token = "any"
  organization = "o"
  bucket = "b"
  namepass = ["tele_two", "cpu"]
`

// TestTelegraf lets a real Telegraf write by both of InfluxDB's APIs while the platform is killed. It keeps
// what is not acknowledged, so everything arrives; what was, and whose answer was lost, may be there twice.
func TestTelegraf(t *testing.T) {
	t.Parallel()
	telegraf := realProgram(t, "telegraf/install.sh")
	p := start(t, "--demo=off")
	dir := t.TempDir()
	lines, err := os.Create(filepath.Join(dir, "lines"))
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	began := time.Now()
	write := func(from, upto int) {
		t.Helper()
		w := bufio.NewWriter(lines)
		for i := from; i < upto; i++ {
			at := began.Add(time.Duration(i) * time.Microsecond).UnixNano()
			for _, name := range []string{"tele_one", "tele_two"} {
				fmt.Fprintf(w, "%s,room=r\\ %d n=%di,half=%g,even=%t,text=\"a \\\"b\\\"\" %d\n", name, i%5, i, float64(i)/2, i%2 == 0, at)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "telegraf.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, telegrafConfig, lines.Name(), p.listen), 0o600); err != nil {
		t.Fatal(err)
	}
	write(0, influxRows/2)
	background(t, telegraf, "--config", config)
	p.want(settle, `SELECT count(*) > 0 FROM tele_one`, "[[true]]")
	p.kill()
	write(influxRows/2, influxRows)
	p.start()
	p.awaitReady()
	for _, name := range []string{"tele_one", "tele_two"} {
		p.want(2*settle, `SELECT count(DISTINCT n), min(n), max(n) FROM `+name, fmt.Sprintf("[[%d 0 %d]]", influxRows, influxRows-1))
		p.want(settle, `SELECT DISTINCT room, half * 2 - n, even = (n % 2 = 0), text FROM `+name+` WHERE n = 7`, `[[r 2 0 true a "b"]]`)
		rows, err := p.sqlRows(`SELECT count(*) FROM ` + name)
		t.Logf("%s: %v rows for %d lines, %v", name, rows, influxRows, err)
	}
	p.want(settle, `SELECT count(*) > 0, bool_and(usage_idle >= 0) FROM cpu WHERE cpu = 'cpu-total'`, "[[true true]]")
	if _, err := p.tryConsume("metrics.push.dead"); err == nil {
		t.Error("there are dead letters")
	}
}

// TestInfluxClients writes with the client libraries for Python of both versions.
func TestInfluxClients(t *testing.T) {
	t.Parallel()
	p := start(t, "--demo=off")
	host, port, err := net.SplitHostPort(p.listen)
	if err != nil {
		t.Fatal(err)
	}
	got := outside(t, 2*time.Minute, nil, python(t, "python"), "clients/influx_v1.py", host, port, "python_one", fmt.Sprint(influxRows))
	if want := `{"version": "1.8.0-millrace", "written": true, "asked": "400 True"}`; got != want {
		t.Errorf("influxdb saw %s, want %s", got, want)
	}
	p.want(settle, `SELECT count(*), count(DISTINCT n), sum(half) * 2 = sum(n), count_if(even), any_value(text) FROM python_one`,
		fmt.Sprintf(`[[%d %d true %d a "b"]]`, influxRows, influxRows, influxRows/2))

	// The second one tries again by itself while the platform is killed and started.
	cmd := exec.CommandContext(t.Context(), python(t, "python"), "clients/influx_v2.py", p.url(""), "python_two", fmt.Sprint(influxRows))
	cmd.SysProcAttr = boundToTest(true)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	if !said.Scan() || said.Text() != "begun" {
		t.Fatalf("influxdb-client said %q: %s", said.Text(), errs.String())
	}
	p.want(settle, `SELECT count(*) > 0 FROM python_two`, "[[true]]")
	p.restart()
	for said.Scan() {
		if want := `{"ping": true, "health": "pass", "failed": [], "refused": "400 True"}`; said.Text() != want {
			t.Errorf("influxdb-client saw %s, want %s", said.Text(), want)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("influxdb-client: %v: %s", err, errs.String())
	}
	p.want(settle, `SELECT count(DISTINCT n), count(DISTINCT time), any_value(text) FROM python_two`,
		fmt.Sprintf(`[[%d %d a "b"\c]]`, influxRows, influxRows))
	p.want(settle, `SELECT list(n ORDER BY n) FROM python_two_bad`, "[[[1 2]]]")
	dead := p.consume("metrics.push.dead")
	if len(dead) != 1 || dead[0].Payload != "no line protocol" {
		t.Errorf("dead letters: %v", dead)
	}
}
