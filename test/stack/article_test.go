package stack

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"millrace/blob/blobtest"
	"millrace/bus/bustest"
	"millrace/store/influx/influxtest"
)

// neighbour is a server beside the platform.
type neighbour interface {
	Start()
	Stop()
}

// articleStack is the article's stack and one platform, set up by variables alone.
type articleStack struct {
	*node
	kafka  *bustest.Cluster
	redis  *redisServer
	influx *influxtest.Server
	minio  *blobtest.MinIO
}

func startArticle(t *testing.T) *articleStack {
	t.Helper()
	s := &articleStack{redis: startRedis(t), influx: influxtest.Start(t), minio: blobtest.StartMinIO(t), kafka: bustest.StartKafka(t)}
	s.node = prepare(t, "article", s.settings()...)
	s.start()
	s.awaitReady()
	return s
}

// settings are the names that the article's own deployment has, and the bucket.
func (s *articleStack) settings() []string {
	host, port, _ := strings.Cut(s.redis.addr, ":")
	return []string{
		"KAFKA_BOOTSTRAP_SERVERS=" + s.kafka.Addr, "REDIS_HOST=" + host, "REDIS_PORT=" + port,
		"INFLUXDB_URL=" + s.influx.URL, "INFLUXDB_TOKEN=" + influxtest.Token, "INFLUXDB_ORG=" + influxtest.Org, "INFLUXDB_BUCKET=" + influxtest.Bucket,
		"MILLRACE_BUCKET_URL=" + s.minio.URL("article"), "MILLRACE_BUCKET_AFTER=5 s",
	}
}

// TestArticleStack runs the article's stack on real servers. Every API of the article is right, stays as
// right as it can while each of the four servers is away under load, and is right again when it is back.
func TestArticleStack(t *testing.T) {
	s := startArticle(t)
	facts := factsOf(t, s.node)
	eventually(t, settle, "the APIs are right at first", func() error { return facts.right(s.node) })

	kept := newBook(t, "stack_book")
	kept.write(s.node, "steady")
	eventually(t, settle, "the points are there at first", func() error { return s.complete(kept) })
	for _, away := range []struct {
		name    string
		server  neighbour
		refuses bool // writes
	}{
		{"Redis", s.redis, false}, {"InfluxDB", s.influx, false}, {"MinIO", s.minio, false}, {"Kafka", s.kafka, true},
	} {
		stopped := time.Now()
		away.server.Stop()
		watchOutage(t, s.node, away.name, away.refuses, stopped.Add(outage()))
		away.server.Start()
		back := time.Now()
		eventually(t, settle, "the APIs are right after "+away.name+" was away", func() error {
			return errors.Join(facts.right(s.node), s.complete(kept))
		})
		t.Logf("%s: away for %s, all right %s after its start", away.name, back.Sub(stopped).Round(time.Second), time.Since(back).Round(100*time.Millisecond))
	}
	kept.close()
	eventually(t, settle, "all points are there at last", func() error { return errors.Join(s.complete(kept), kept.inStore(s.node)) })
	t.Log(kept)
}

// complete holds query, hot values and Redis against what was acknowledged.
func (s *articleStack) complete(kept *book) error {
	before := kept.account()
	if err := kept.inQuery(s.node); err != nil {
		return err
	}
	for name, w := range before {
		if w.newest < 0 {
			return fmt.Errorf("nothing of %s was acknowledged yet", name)
		}
		hot, err := s.node.hot(kept.metric, "writer", name)
		if err != nil {
			return err
		}
		if int(hot) < w.newest {
			return fmt.Errorf("the newest value of %s is %v, want at least %d", name, hot, w.newest)
		}
		if err := s.inRedis(kept.metric, "writer="+name, w.newest); err != nil {
			return err
		}
	}
	return nil
}

// inRedis holds what another replica would read against what was acknowledged.
func (s *articleStack) inRedis(metric, tags string, newest int) error {
	answer, err := s.redis.do("HGET", "millrace:hot:latest:{"+metric+"}", tags)
	if err != nil {
		return err
	}
	text, err := answer.ToString()
	if err != nil {
		return fmt.Errorf("newest value in Redis: %w", err)
	}
	_, value, _ := strings.Cut(text, " ")
	if v, err := strconv.ParseFloat(value, 64); err != nil || int(v) < newest {
		return fmt.Errorf("the newest value in Redis is %q, want at least %d", text, newest)
	}
	return nil
}

// watchOutage asks everything again and again until a time. Each answer comes in time, with yes or a clear no; only
// writes may be refused, if writes has it so, and what is made of values that are too old.
func watchOutage(t *testing.T, n *node, name string, writes bool, until time.Time) {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	refused := map[string]int{}
	asked, slowest := 0, time.Duration(0)
	for time.Now().Before(until) {
		for _, q := range []struct {
			method, path, body string
			may                bool // be refused
		}{
			{"GET", "/api/metrics/latest", "", writes},
			{"GET", "/api/statistics/summary", "", false},
			{"POST", "/api/query", `{"measurement":"stack_facts","time_range":"-1h","filters":{"room":"a"}}`, false},
			{"POST", "/api/sql", `{"sql":"SELECT count(*) FROM stack_facts"}`, false},
			{"POST", "/api/analyze", `{"measurement":"stack_facts","fields":["value"],"aggregation":"count","time_range":"-1h"}`, false},
			{"POST", "/api/write", `{"timestamp":"` + time.Now().UTC().Format(time.RFC3339Nano) + `","metric":"stack_probe","value":1,"tags":{}}`, writes},
			{"GET", "/api/storage", "", false},
			{"GET", "/api/alerts", "", false},
			{"GET", "/api/pipelines", "", false},
			{"GET", "/healthz", "", false},
		} {
			began := time.Now()
			status, answer, err := n.try(q.method, q.path, "application/json", []byte(q.body))
			took := time.Since(began)
			asked++
			slowest = max(slowest, took)
			switch {
			case err != nil:
				t.Errorf("%s away: %s %s: %v after %s", name, q.method, q.path, err, took)
			case status == http.StatusOK:
			case !q.may:
				t.Errorf("%s away: %s %s: status %d after %s: %s", name, q.method, q.path, status, took, answer)
			case status != http.StatusServiceUnavailable || !strings.Contains(string(answer), `"detail"`):
				t.Errorf("%s away: %s %s: status %d is no clear answer: %s", name, q.method, q.path, status, answer)
			default:
				refused[q.path]++
			}
		}
		<-tick.C
	}
	t.Logf("%s away: %d requests, the slowest %s, refused %v", name, asked, slowest.Round(time.Millisecond), refused)
}
