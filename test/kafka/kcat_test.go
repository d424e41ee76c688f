package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outside runs a program that is not ours and returns its standard output; what it has started ends with it.
func outside(t *testing.T, stdin, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settle)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env, cmd.SysProcAttr = plainEnv(), boundToTest(true)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out[max(0, len(out)-2000):], errs.Bytes()[max(0, errs.Len()-2000):])
	}
	return string(out), err
}

// kcat is librdkafka's command line.
type kcat struct {
	t    *testing.T
	addr string
}

func (k kcat) run(stdin string, args ...string) string {
	k.t.Helper()
	out, err := outside(k.t, stdin, "kcat", append([]string{"-b", k.addr}, args...)...)
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

// lines are records for kcat's standard input.
func lines(first, count int) string {
	var out strings.Builder
	for id := first; id < first+count; id++ {
		fmt.Fprintf(&out, "k%d\t{\"id\": %d}\n", id%17, id)
	}
	return out.String()
}

// records reads what kcat writes with -J.
func (k kcat) records(out string) (read []record) {
	k.t.Helper()
	for line := range strings.Lines(out) {
		var m struct {
			Partition int32
			Offset    int64
			Key       string
			Payload   string
			Headers   []string
		}
		var v struct{ ID int }
		err := json.Unmarshal([]byte(line), &m)
		if err == nil {
			err = json.Unmarshal([]byte(m.Payload), &v)
		}
		if err != nil {
			k.t.Fatalf("kcat wrote %q: %v", line, err)
		}
		if want := fmt.Sprintf("k%d", v.ID%17); m.Key != want || !cmp.Equal(m.Headers, []string{"from", "kcat"}) {
			k.t.Errorf("record %d has key %s and headers %q, want %s", v.ID, m.Key, m.Headers, want)
		}
		read = append(read, record{v.ID, m.Partition, m.Offset})
	}
	return read
}

func TestKcat(t *testing.T) {
	onEach(t, func(t *testing.T, addr string) {
		for name, f := range map[string]func(kcat){"Codecs": kcat.codecs, "Group": kcat.group, "Transaction": kcat.transaction} {
			t.Run(name, func(t *testing.T) { t.Parallel(); f(kcat{t, addr}) })
		}
	})
}

// codecs sends with each codec and reads to the end.
func (k kcat) codecs() {
	topic := createTopic(k.t, k.addr, "in", partitions)
	sent := newLedger()
	for i, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		k.run(lines(i*100, 100), "-P", "-t", topic, "-K", "\t", "-H", "from=kcat", "-X", "enable.idempotence=true", "-z", codec)
		sent.ids(i*100, 100)
	}
	out := k.run("", "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J")
	if err := sent.check(k.records(out)); err != nil {
		k.t.Error(err)
	}
	if err := sent.holds(k.t, k.addr, topic); err != nil {
		k.t.Error(err)
	}
	var listed struct {
		Topics []struct {
			Topic      string
			Partitions []struct{ Partition int }
		}
	}
	if err := json.Unmarshal([]byte(k.run("", "-L", "-J", "-t", topic)), &listed); err != nil {
		k.t.Fatal(err)
	}
	if len(listed.Topics) != 1 || listed.Topics[0].Topic != topic || len(listed.Topics[0].Partitions) != partitions {
		k.t.Errorf("kcat lists %+v, want %s with %d partitions", listed, topic, partitions)
	}
}

// group reads a part, ends, and goes on in the same group.
func (k kcat) group() {
	topic := createTopic(k.t, k.addr, "in", partitions)
	k.run(lines(0, 500), "-P", "-t", topic, "-K", "\t", "-H", "from=kcat")
	more := []string{"-G", k.t.Name(), "-q", "-J", "-X", "auto.offset.reset=earliest"}
	first := k.records(k.run("", append(more, "-c", "200", topic)...))
	second := k.records(k.run("", append(more, "-e", topic)...))
	if len(first) != 200 {
		k.t.Errorf("the first member read %d records, want 200", len(first))
	}
	if err := newLedger().ids(0, 500).check(append(first, second...)); err != nil {
		k.t.Error(err)
	}
}

// transaction sends one and lets readers look before and after its end.
func (k kcat) transaction() {
	topic := createTopic(k.t, k.addr, "in", partitions)
	cmd := exec.Command("kcat", "-b", k.addr, "-P", "-t", topic, "-K", "\t", "-H", "from=kcat", "-X", "transactional.id="+k.t.Name(), "-X", "linger.ms=5")
	cmd.SysProcAttr = boundToTest(true)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	if _, err := stdin.Write([]byte(lines(0, 500))); err != nil {
		k.t.Fatal(err)
	}
	eventually(k.t, settle, func() error {
		if len(inTopic(k.t, k.addr, topic, true)) == 0 { // it keeps a part of its input until that has ended
			return errors.New("no record is written")
		}
		return nil
	})
	read := func() []record {
		return k.records(k.run("", "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J", "-X", "isolation.level=read_committed"))
	}
	if n := len(read()); n != 0 {
		k.t.Errorf("%d records are seen before the commit", n)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		k.t.Fatal(err)
	}
	if err := newLedger().ids(0, 500).check(read()); err != nil {
		k.t.Error(err)
	}
}
