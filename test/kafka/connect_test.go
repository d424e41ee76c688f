package kafka

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"millrace/internal/port"
)

// worker is one of Kafka Connect, in distributed mode.
type worker struct {
	*server
	url string
}

// startWorker starts a worker of the group of a test, and returns when its REST interface answers.
func startWorker(t *testing.T, addr, group string) *worker {
	t.Helper()
	listen := port.Free(t)
	file := filepath.Join(t.TempDir(), "worker.properties")
	text := fmt.Sprintf(`bootstrap.servers=%s
group.id=%s
listeners=http://%s
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
config.storage.topic=%[2]s.config
offset.storage.topic=%[2]s.offsets
status.storage.topic=%[2]s.status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=3
exactly.once.source.support=enabled
offset.flush.interval.ms=500
scheduled.rebalance.max.delay.ms=1000
session.timeout.ms=6000
heartbeat.interval.ms=1000
plugin.discovery=only_scan
consumer.auto.offset.reset=earliest
consumer.session.timeout.ms=6000
consumer.heartbeat.interval.ms=1000
`, addr, group, listen)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &worker{url: "http://" + listen}
	command := append(java(t, t.TempDir()), "org.apache.kafka.connect.cli.ConnectDistributed", file)
	w.server = startProcess(t, func() error { return w.get("/connectors", nil) }, command[0], command[1:]...)
	return w
}

func (w *worker) get(path string, into any) error {
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.Get(w.url + path)
	return answered(resp, err, into)
}

// put makes a connector, or changes it.
func (w *worker) put(connector string, config map[string]string) error {
	body, err := json.Marshal(config)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPut, w.url+"/connectors/"+connector+"/config", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 90 * time.Second}
	resp, err := client.Do(req)
	return answered(resp, err, nil)
}

// answered reads the answer of a REST interface; a status of 300 and more is an error.
func answered(resp *http.Response, err error, into any) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", resp.Request.Method, resp.Request.URL, resp.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// runs wants a connector and its task to be running, and says on which worker the task is.
func (w *worker) runs(connector string) (on string, err error) {
	var s struct {
		Connector struct{ State string }
		Tasks     []struct {
			State    string
			WorkerID string `json:"worker_id"`
			Trace    string
		}
	}
	if err := w.get("/connectors/"+connector+"/status", &s); err != nil {
		return "", err
	}
	if s.Connector.State != "RUNNING" || len(s.Tasks) != 1 || s.Tasks[0].State != "RUNNING" {
		return "", fmt.Errorf("connector %s: %+v", connector, s)
	}
	return s.Tasks[0].WorkerID, nil
}

// TestHeavyConnect carries lines from a file to a topic, each exactly once, and on to a file, by two workers of which the
// one with the source is killed.
func TestHeavyConnect(t *testing.T) {
	onEach(t, func(t *testing.T, addr string) {
		topic := createTopic(t, addr, "lines", 3)
		group := strings.ReplaceAll(t.Name(), "/", ".")
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
				fmt.Fprintf(f, `{"id": %d}`+"\n", id)
			}
		}
		write(0, 1000)
		workers := []*worker{startWorker(t, addr, group), startWorker(t, addr, group)}
		ask := workers[0]
		// While workers find each other they refuse changes.
		put := func(name string, config map[string]string) {
			t.Helper()
			eventually(t, settle, func() error { return ask.put(name, config) })
		}
		put("source", map[string]string{
			"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": "1", "file": in, "topic": topic,
			"exactly.once.support": "required", "transaction.boundary": "interval", "transaction.boundary.interval.ms": "200",
		})
		put("sink", map[string]string{
			"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "1", "file": out, "topics": topic,
		})
		arrived := func(ids int) {
			t.Helper()
			eventually(t, settle, func() error { return inFile(out, ids) })
		}
		arrived(1000)
		on, err := ask.runs("source")
		if err != nil {
			t.Fatal(err)
		}
		write(1000, 1000)
		for i, w := range workers {
			if w.url == "http://"+on {
				w.end(syscall.SIGKILL)
				ask = workers[1-i]
			}
		}
		write(2000, 1000)
		eventually(t, settle, func() error {
			_, err := ask.runs("source")
			return err
		})
		arrived(3000)
		if err := newLedger().ids(0, 3000).holds(t, addr, topic); err != nil {
			t.Error(err)
		}
	})
}

// inFile wants each id in a file once or more, as {"id": N} a line: sinks of files promise no more.
func inFile(path string, ids int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		seen[strings.TrimSpace(line)] = true
	}
	for id := range ids {
		if !seen[fmt.Sprintf(`{"id": %d}`, id)] {
			return fmt.Errorf("id %d of %d is not in %s, which has %d lines", id, ids, path, len(seen))
		}
	}
	return nil
}
