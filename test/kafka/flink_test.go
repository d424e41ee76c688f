package kafka

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"millrace/flink/flinktest"
)

// gateway is a session of Flink's SQL Gateway.
type gateway struct {
	t       *testing.T
	session string // URL
}

func openGateway(t *testing.T, url string) gateway {
	t.Helper()
	g := gateway{t: t}
	var opened struct{ SessionHandle string }
	if err := g.post(url+"/v1/sessions", map[string]any{}, &opened); err != nil {
		t.Fatal(err)
	}
	g.session = url + "/v1/sessions/" + opened.SessionHandle
	return g
}

func (g gateway) post(url string, what, into any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Post(url, "application/json", bytes.NewReader(body))
	return answered(resp, err, into)
}

// run runs a statement; one that is a job is running then.
func (g gateway) run(statement string) {
	g.t.Helper()
	var begun struct{ OperationHandle string }
	if err := g.post(g.session+"/statements", map[string]any{"statement": statement}, &begun); err != nil {
		g.t.Fatalf("%s: %v", statement, err)
	}
	client := http.Client{Timeout: time.Minute}
	for deadline := time.Now().Add(settle); ; {
		var result struct{ ResultType string }
		resp, err := client.Get(g.session + "/operations/" + begun.OperationHandle + "/result/0")
		if err := answered(resp, err, &result); err != nil {
			g.t.Fatalf("%s: %v", statement, err)
		}
		if result.ResultType != "NOT_READY" {
			return
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("%s: not done after %s", statement, settle)
		}
	}
}

// TestHeavyFlink lets a real Flink carry records from topic to topic, exactly once, while a part of it is taken away.
func TestHeavyFlink(t *testing.T) {
	onEach(t, func(t *testing.T, addr string) {
		s := settings{Addr: addr, Topic: createTopic(t, addr, "in", partitions), Partitions: partitions, Count: 5000}
		out := createTopic(t, addr, "out", partitions)
		cluster := flinktest.StartCluster(t)
		g := openGateway(t, cluster.Gateway)
		table := func(name, topic, more string) {
			t.Helper()
			g.run(fmt.Sprintf(`CREATE TABLE %s (id INT, pad STRING) WITH ('connector' = 'kafka', 'topic' = '%s',
  'properties.bootstrap.servers' = '%s', 'format' = 'json', %s)`, name, topic, addr, more))
		}
		table("source_table", s.Topic, `'properties.group.id' = '`+out+`', 'scan.startup.mode' = 'earliest-offset', 'properties.isolation.level' = 'read_committed'`)
		table("sink_table", out, `'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '`+out+`', 'properties.transaction.timeout.ms' = '60000'`)
		for _, set := range []string{"'execution.checkpointing.interval' = '500 ms'", "'parallelism.default' = '2'"} {
			g.run("SET " + set)
		}
		g.run("INSERT INTO sink_table SELECT id, pad FROM source_table")

		sent := newLedger()
		more := func() {
			t.Helper()
			sent.add(franz().play(t, "produce", s).done().said("sent")...)
			s.First += s.Count
		}
		some := func(n int) {
			t.Helper()
			eventually(t, 2*settle, func() error {
				if is := len(inTopic(t, addr, out, false)); is < n {
					return fmt.Errorf("%d of %d records are committed", is, n)
				}
				return nil
			})
		}
		more()
		some(s.Count)
		more()
		cluster.Stop(flinktest.TaskManager) // the job goes back to its last checkpoint
		more()
		cluster.Start(flinktest.TaskManager)
		some(s.First)
		clear(sent.at) // they are elsewhere now
		if err := sent.holds(t, addr, out); err != nil {
			t.Error(err)
		}
	})
}
