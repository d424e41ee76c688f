package stack

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"millrace/blob/blobtest"
	"millrace/bus/bustest"
	"millrace/store/influx/influxtest"
)

// patienceOfSurvivors is how long a request to a replica that was not touched may be refused on end: Kafka's group
// protocol needs longer to notice that a replica is gone, but nothing that is asked for waits for that.
const patienceOfSurvivors = 5 * time.Second

// TestThreeReplicas shares a real Kafka, Redis, InfluxDB and MinIO between three replicas under load. One that runs
// the pipeline is killed, and in a long run another is frozen for a while. No acknowledged record is lost and none is there
// twice, the pipeline's output is that of a batch computation, the others answer all the time, and the killed one
// rejoins.
func TestThreeReplicas(t *testing.T) {
	c := startCluster(t)
	eventually(t, settle, "three replicas share the work", func() error { return c.shared(c.nodes) })
	kept := newBook(t, "replica_book")
	for _, n := range c.nodes {
		kept.write(n, n.name)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	readings := sensorReadings(seed, either(12_000, 60_000))
	fed := c.feed(readings)
	watch := watchNodes(c.nodes)

	<-time.After(either(3*time.Second, 10*time.Second))
	victim := c.runs(t, "job/sensors.insert-into_sensors_stats")
	watch.leave(victim)
	killed := time.Now()
	victim.kill()
	survivors := slices.DeleteFunc(slices.Clone(c.nodes), func(n *node) bool { return n == victim })
	eventually(t, settle, "the others took the work over", func() error { return c.shared(survivors) })
	t.Logf("%s was killed; the others had its work %s later", victim.name, time.Since(killed).Round(100*time.Millisecond))
	victim.start()
	victim.awaitReady()
	eventually(t, settle, "the killed one rejoins", func() error { return c.shared(c.nodes) })
	t.Logf("%s rejoined %s after it was killed", victim.name, time.Since(killed).Round(100*time.Millisecond))
	if under.long {
		c.freeze(t, watch)
	}
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	watch.end(t)
	kept.close()
	t.Log(kept)
	c.settled(t, kept, readings)
}

// cluster is three replicas and what they share.
type cluster struct {
	kafka  *bustest.Cluster
	redis  *redisServer
	influx *influxtest.Server
	nodes  []*node
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{redis: startRedis(t), influx: influxtest.Start(t)}
	minio := blobtest.StartMinIO(t)
	c.kafka = bustest.StartKafka(t)
	for i := range 3 {
		c.nodes = append(c.nodes, prepare(t, fmt.Sprintf("replica-%d", i),
			"KAFKA_BOOTSTRAP_SERVERS="+c.kafka.Addr, "REDIS_HOST="+c.redis.addr, "INFLUXDB_URL="+c.influx.URL, "INFLUXDB_TOKEN="+influxtest.Token,
			"MILLRACE_BUCKET_URL="+minio.URL("replicas")))
	}
	for _, n := range c.nodes { // all at once, as a Deployment does
		n.start()
	}
	for _, n := range c.nodes {
		n.awaitReady()
	}
	// A source that only one of them may run.
	var made any
	options := map[string]any{"servers": c.redis.addr, "streams": "meters", "topic": "meters.raw"}
	if err := c.nodes[0].post("/api/sources", map[string]any{"name": "meters", "connector": "redis", "options": options}, &made); err != nil {
		t.Fatal(err)
	}
	return c
}

// places says which of some nodes runs each unit of work that is not every replica's own, as each of them tells it.
func (c *cluster) places(n *node) (map[string][]string, []string, error) {
	var list struct {
		Replicas []struct {
			Name   string
			Shares []string
		}
	}
	if err := n.get("/api/replicas", &list); err != nil {
		return nil, nil, err
	}
	where := map[string][]string{}
	var names []string
	for _, r := range list.Replicas {
		names = append(names, r.Name)
		for _, share := range r.Shares {
			where[share] = append(where[share], r.Name)
		}
	}
	return where, names, nil
}

// shared wants each of some nodes to know of them all, and each job, source and singleton to run on one of them.
func (c *cluster) shared(nodes []*node) error {
	var want []string
	for _, n := range nodes {
		want = append(want, n.name)
	}
	for _, n := range nodes {
		where, names, err := c.places(n)
		if err != nil {
			return err
		}
		if !slices.Equal(names, want) {
			return fmt.Errorf("%s sees %v, want %v", n.name, names, want)
		}
		jobs := 0
		for unit, at := range where {
			local := unit == "source/host" || unit == "source/platform"
			switch {
			case local && len(at) != len(nodes), !local && len(at) != 1:
				return fmt.Errorf("%s runs on %v", unit, at)
			case strings.HasPrefix(unit, "job/"):
				jobs++
			}
		}
		if jobs != 2 || len(where["alerts"]) != 1 || len(where["source/meters"]) != 1 {
			return fmt.Errorf("%s sees no whole work: %v", n.name, where)
		}
	}
	return nil
}

// runs is the node that runs a unit of work.
func (c *cluster) runs(t *testing.T, unit string) *node {
	t.Helper()
	where, _, err := c.places(c.nodes[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		if slices.Contains(where[unit], n.name) {
			return n
		}
	}
	t.Fatalf("nobody runs %s: %v", unit, where)
	return nil
}

// freeze stops the replica that runs the pipeline for longer than Kafka waits for it, and lets it go on.
func (c *cluster) freeze(t *testing.T, watch *watch) {
	t.Helper()
	victim := c.runs(t, "job/sensors.insert-into_sensors_stats")
	watch.leave(victim)
	victim.signal(syscall.SIGSTOP)
	<-time.After(20 * time.Second)
	victim.signal(syscall.SIGCONT)
	eventually(t, settle, "the frozen one goes on", func() error { return c.shared(c.nodes) })
	t.Logf("%s was frozen for 20 s and shares the work again", victim.name)
}

// feed sends the readings to sensors.raw, a chunk at a time, and at last what closes their windows.
func (c *cluster) feed(readings []reading) <-chan error {
	done := make(chan error, 1)
	go func() {
		for chunk := range slices.Chunk(readings, 1000) {
			lines := make([]string, len(chunk))
			for i, r := range chunk {
				lines[i] = r.line
			}
			if err := produce(c.kafka.Addr, "sensors.raw", lines); err != nil {
				done <- err
				return
			}
			<-time.After(time.Second)
		}
		for i := range 4 {
			last := `{"id": "last", "temperature": 32, "humidity": 1, "value": -1, "event_time": "2027-01-01 00:00:00.000"}`
			if err := produce(c.kafka.Addr, "sensors.raw", []string{last}, "-p", fmt.Sprint(i)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	return done
}

// settled holds all that is kept against what was sent.
func (c *cluster) settled(t *testing.T, kept *book, readings []reading) {
	t.Helper()
	want := batchWindows(readings)
	eventually(t, settle, "sensors.stats is as a batch computation has it", func() error {
		records, err := consume(c.kafka.Addr, "sensors.stats")
		if err != nil {
			return err
		}
		got, err := topicWindows(records)
		return errors.Join(err, compareCounts(got, want))
	})
	dead, wantDead := map[string]int{}, map[string]int{}
	for _, r := range readings {
		if r.bad {
			wantDead[r.line]++
		}
	}
	records, err := consume(c.kafka.Addr, "sensors.raw.dead")
	for _, text := range records {
		dead[text]++
	}
	if err := errors.Join(err, compareCounts(dead, wantDead)); err != nil {
		t.Error("sensors.raw.dead:", err)
	}
	for _, n := range c.nodes {
		eventually(t, settle, n.name+" has all", func() error {
			got, err := n.storedWindows()
			return errors.Join(err, compareCounts(got, want), kept.inStore(n), kept.inQuery(n))
		})
	}
	t.Logf("%d windows of %d readings and %d dead letters, each once", len(want), len(readings), len(wantDead))
}

// watch asks all nodes all the time, and knows how long each was refused on end.
type watch struct {
	stop  chan struct{}
	group sync.WaitGroup

	mu    sync.Mutex // guards what follows
	asked int
	gone  map[*node]bool // not looked at any more
	worst map[string]time.Duration
	last  map[string]string // what was answered at last
}

func watchNodes(nodes []*node) *watch {
	w := &watch{stop: make(chan struct{}), gone: map[*node]bool{}, worst: map[string]time.Duration{}, last: map[string]string{}}
	for _, n := range nodes {
		for _, q := range []struct{ method, path, body string }{
			{"GET", "/api/metrics/latest", ""},
			{"GET", "/api/statistics/summary", ""},
			{"GET", "/api/pipelines", ""},
			{"GET", "/api/replicas", ""},
			{"POST", "/api/query", `{"measurement":"cpu_usage","time_range":"-1m"}`},
			{"POST", "/api/sql", `{"sql":"SELECT count(*) FROM cpu_usage"}`},
		} {
			w.group.Go(func() { w.ask(n, q.method, q.path, q.body) })
		}
	}
	return w
}

// ask asks one thing of one node until the end.
func (w *watch) ask(n *node, method, path, body string) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	well := time.Now()
	for {
		status, answer, err := n.try(method, path, "application/json", []byte(body))
		w.mu.Lock()
		gone := w.gone[n]
		if w.asked++; !gone {
			if err == nil && status == http.StatusOK {
				well = time.Now()
			} else if bad := time.Since(well); bad > w.worst[n.name+" "+path] {
				w.worst[n.name+" "+path], w.last[n.name+" "+path] = bad, fmt.Sprintf("status %d: %s%v", status, answer, err)
			}
		}
		w.mu.Unlock()
		if gone {
			return
		}
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
	}
}

// leave ends the looking at a node that is about to be hurt.
func (w *watch) leave(n *node) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone[n] = true
}

// end judges what was seen.
func (w *watch) end(t *testing.T) {
	t.Helper()
	close(w.stop)
	w.group.Wait()
	for what, bad := range w.worst {
		if bad > patienceOfSurvivors {
			t.Errorf("%s was refused for %s: %s", what, bad.Round(time.Millisecond), w.last[what])
		}
	}
	t.Logf("%d requests to replicas that were not touched, at worst refused for %v", w.asked, w.worst)
}
