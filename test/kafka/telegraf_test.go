package kafka

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// telegraf starts one with a configuration; it ends with the test.
func telegraf(t *testing.T, config string) *server {
	t.Helper()
	path, err := exec.Command(filepath.Join(root(), "test", "real", "telegraf", "install.sh")).Output()
	if err != nil {
		t.Fatalf("install Telegraf: %v: run make deps", err)
	}
	file := filepath.Join(t.TempDir(), "telegraf.conf")
	agent := "[agent]\n  interval = \"1s\"\n  flush_interval = \"200ms\"\n  omit_hostname = true\n  quiet = false\n"
	if err := os.WriteFile(file, []byte(agent+config), 0o600); err != nil {
		t.Fatal(err)
	}
	return startProcess(t, func() error { return nil }, strings.TrimSpace(string(path)), "--config", file)
}

// TestTelegraf carries points from a file to a topic and, by a group of which the member is replaced, to another file. It is
// told a version: what it takes by itself is older than what Kafka 4 answers.
func TestTelegraf(t *testing.T) {
	onEach(t, func(t *testing.T, addr string) {
		topic, group := createTopic(t, addr, "points", partitions), strings.ReplaceAll(t.Name(), "/", ".")
		dir := t.TempDir()
		in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		write := func(first, count int) {
			t.Helper()
			f, err := os.OpenFile(in, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for id := first; id < first+count; id++ {
				fmt.Fprintf(f, "points,host=h%d id=%di %d\n", id%17, id, 1700000000000000000+int64(id))
			}
		}
		write(0, 1000)
		telegraf(t, fmt.Sprintf(`[[inputs.tail]]
  files = [%q]
  initial_read_offset = "beginning"
  data_format = "influx"
[[outputs.kafka]]
  brokers = [%q]
  version = "3.8.0"
  topic = %q
  routing_tag = "host"
  required_acks = -1
  compression_codec = 4
  idempotent_writes = true
  data_format = "influx"
`, in, addr, topic))
		reader := func() *server {
			return telegraf(t, fmt.Sprintf(`[[inputs.kafka_consumer]]
  brokers = [%q]
  version = "3.8.0"
  topics = [%q]
  consumer_group = %q
  offset = "oldest"
  balance_strategy = "sticky"
  data_format = "influx"
[[outputs.file]]
  files = [%q]
  data_format = "influx"
`, addr, topic, group, out))
		}
		first := reader()
		eventually(t, settle, func() error { return points(out, 1000) })
		first.end(syscall.SIGTERM)
		write(1000, 1000)
		reader()
		eventually(t, settle, func() error { return points(out, 2000) })
		eventually(t, settle, func() error { return caughtUp(t, addr, group) })
		seen := map[int]int{}
		for _, r := range values(t, addr, topic, false) {
			seen[pointID(string(r.Value))]++
		}
		for id := range 2000 {
			if seen[id] != 1 {
				t.Errorf("point %d is %d times in the topic", id, seen[id])
			}
		}
	})
}

// pointID is the id of a point in line protocol, or -1.
func pointID(line string) int {
	m := regexp.MustCompile(` id=(\d+)i `).FindStringSubmatch(line)
	if m == nil {
		return -1
	}
	id, err := strconv.Atoi(m[1])
	if err != nil {
		return -1
	}
	return id
}

// points wants each id in a file of line protocol, once or more.
func points(path string, ids int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	seen := map[int]bool{}
	for line := range strings.Lines(string(text)) {
		seen[pointID(line)] = true
	}
	for id := range ids {
		if !seen[id] {
			return fmt.Errorf("point %d of %d is not in %s, which has %d", id, ids, path, len(seen))
		}
	}
	return nil
}

// caughtUp wants a group to have committed all that there is.
func caughtUp(t *testing.T, addr, group string) error {
	lags, err := kadm.NewClient(connect(t, addr)).Lag(t.Context(), group)
	if err == nil {
		err = lags.Error()
	}
	if err != nil {
		return err
	}
	if lag := lags[group].Lag.Total(); lag != 0 {
		return fmt.Errorf("group %s is %d records behind", group, lag)
	}
	return nil
}
