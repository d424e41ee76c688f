package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// somePoints is how many points a short run kills at.
const somePoints = 8

// TestPipelines kills the platform, broker and all, at points of the engine and its neighbours and at random moments,
// while six pipelines run.
func TestPipelines(t *testing.T) {
	t.Parallel()
	b := openBooks(t, "embedded", seed)
	names := pointsOf(t, pipelineParts...)
	end := b.chores()
	b.quiet(names)
	b.killAt(names)
	end()
	b.settle()
	if left := unhit(names, b.p.hits()); len(left) > 0 {
		t.Errorf("no process has come to %v", left)
	}
	b.f.report(t)
}

// quietFor is how long nothing is killed at most.
const quietFor = 25 * time.Second

// quiet lets the platform run until it has come to all points, for a while.
func (b *books) quiet(names []string) {
	for end := time.Now().Add(quietFor); time.Now().Before(end) && len(unhit(names, b.p.hits())) > 0; {
		<-time.After(pollEvery)
	}
}

// killAt kills at some of the points, or at all, and at random moments.
func (b *books) killAt(names []string) {
	n := somePoints
	if everyKill {
		n = -1
	}
	todo := slices.Concat(b.some(names, b.p.hits(), n), atRandom(kills))
	b.rnd.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	missed := b.through(todo, reachSoon)
	if everyKill {
		missed = b.fresh(b.through(missed, reachLate))
	}
	b.t.Logf("%d kills, %d of them at points", len(todo), b.lifted)
	if everyKill && len(missed) > 0 {
		b.t.Errorf("no process has died at %v", missed)
	}
}

// fresh kills where a platform comes only when its folder is new, and wants it to start then. It returns the points that it
// did not die at.
func (b *books) fresh(todo []kill) (missed []kill) {
	for i, k := range todo {
		p := prepare(b.t, fmt.Sprintf("fresh-%d", i))
		p.configure()
		if p.start(fmt.Sprintf("MILLRACE_FAILPOINT=%s:%d", k.point, k.n)) {
			missed = append(missed, k)
		} else {
			p.mustStart()
			b.lifted++
		}
		p.kill()
	}
	return missed
}

// TestDiskFull lets the disk be too full for the embedded broker for a while, as its setting broker.min_free says: records
// are refused, jobs wait, and when there is room again all goes on, with nothing lost or doubled. That a write fails in the
// middle is tested byte by byte in broker/partition and broker/keyed, on a disk made for it.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	b := openBooks(t, "full", seed)
	createTopics(t, b.p.kafka, topicOf{"full.test", 1, nil})
	<-time.After(time.Second)
	for range 2 {
		b.p.kill()
		b.p.configureFloor("4000tb")
		b.p.launch()
		eventually(t, startUp, func() error { return refused(t, b.p.kafka) })
		<-time.After(time.Second)
		b.p.kill()
		b.p.configure()
		b.p.mustStart()
		<-time.After(time.Second)
	}
	b.settle()
	b.f.report(t)
}

// refused wants the broker to refuse a record.
func refused(t *testing.T, kafka string) error {
	cl, err := connect(kafka, kgo.RecordRetries(1), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := kadm.NewClient(cl).ListTopics(ctx, inTopic); err != nil {
		return err
	}
	// One that nobody else writes to.
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "full.test", Value: []byte("x")}).FirstErr(); err == nil {
		return errors.New("a record was taken though the disk is too full")
	}
	return nil
}
