package ledger

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"millrace/bus/bustest"
)

// frozenFor is longer than the session of a replica and the timeout of a job's transaction, which is 10 s.
const frozenFor = 16 * time.Second

// TestRealKafka runs the pipelines on two replicas that share a real Kafka and a folder for snapshots. Replicas are killed at
// points and at random moments; the one that runs most jobs is frozen until the other has taken them over, and goes
// on as a zombie, which must be fenced; Kafka itself is killed.
func TestRealKafka(t *testing.T) {
	t.Parallel()
	c := openReplicas(t, seed)
	b := c.books
	names := pointsOf(t, slices.Concat(bucketParts, []string{"engine", "bus"})...)
	<-time.After(5 * time.Second)
	known := c.replicas[0].hits()
	for name, n := range c.replicas[1].hits() {
		known[name] += n
	}
	n := 4
	if everyKill {
		n = -1
	}
	for i, k := range slices.Concat(b.some(names, known, n), atRandom(kills/2)) {
		// The other goes on meanwhile.
		b.p = c.replicas[i%2]
		b.through([]kill{k}, reachSoon)
		if b.f.any() {
			break
		}
	}
	c.freeze()
	c.kafka.Kill()
	c.kafka.Start()
	b.p = c.replicas[0]
	b.settle()
	hits := c.replicas[0].hits()
	for name, n := range c.replicas[1].hits() {
		hits[name] += n
	}
	// Pausing is for the other test.
	left := slices.DeleteFunc(unhit(names, hits), func(name string) bool { return strings.HasPrefix(name, "bus.abort") })
	if len(left) > 0 {
		t.Errorf("no process has come to %v", left)
	}
	b.f.report(t)
}

// replicas are two platforms that share a Kafka.
type replicas struct {
	*books
	kafka    *bustest.Cluster
	replicas []*platform
}

func openReplicas(t *testing.T, seed uint64) *replicas {
	t.Helper()
	t.Logf("seed %d", seed)
	kafka := bustest.StartKafka(t)
	shared := filepath.Join(t.ArtifactDir(), "shared")
	if err := os.MkdirAll(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	c := &replicas{kafka: kafka}
	for i := range 2 {
		p := prepare(t, fmt.Sprintf("replica-%d", i), "KAFKA_BOOTSTRAP_SERVERS="+kafka.Addr,
			"MILLRACE_BUCKET_URL=file://"+shared, fmt.Sprintf("MILLRACE_REPLICA=replica-%d", i))
		p.configure()
		p.mustStart()
		c.replicas = append(c.replicas, p)
	}
	c.books = &books{t: t, f: &findings{}, p: c.replicas[0], rnd: rand.New(rand.NewPCG(seed, 5)), patience: 2 * time.Minute, dropOneOf: 4}
	c.begin(kafka.Addr, seed)
	return c
}

// freeze stops the replica that runs most jobs until the other runs them all, and longer, and lets it go on.
func (c *replicas) freeze() {
	c.t.Helper()
	where := map[string]int{}
	eventually(c.t, startUp, func() (err error) {
		if where, err = c.jobsOf(c.replicas[0]); err == nil && len(where) == 0 {
			err = fmt.Errorf("no replica runs a job")
		}
		return err
	})
	victim, other := c.replicas[0], c.replicas[1]
	if where["replica-1"] > where["replica-0"] {
		victim, other = other, victim
	}
	if err := victim.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	until := time.After(frozenFor)
	c.p = other
	eventually(c.t, time.Minute, func() error {
		now, err := c.jobsOf(other)
		if err == nil && len(now) != 1 {
			err = fmt.Errorf("the jobs are at %v", now)
		}
		return err
	})
	<-until
	if err := victim.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("%v; one was frozen for %s and longer", where, frozenFor)
}

// jobsOf says how many jobs each replica runs, as one of them sees it.
func (c *replicas) jobsOf(p *platform) (map[string]int, error) {
	var list struct {
		Replicas []struct {
			Name   string
			Shares []string
		}
	}
	status, text, err := p.try("GET", "/api/replicas", nil)
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d: %s", status, text)
	}
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	n := map[string]int{}
	for _, r := range list.Replicas {
		for _, share := range r.Shares {
			if strings.HasPrefix(share, "job/") {
				n[r.Name]++
			}
		}
	}
	return n, err
}
