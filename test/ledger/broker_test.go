package ledger

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestBroker kills the embedded broker, alone, at its points and at random moments while many clients use it: idempotent
// producers, transactions over 64 partitions, and a group that consumes, transforms and produces with its offsets in
// the transaction.
func TestBroker(t *testing.T) {
	t.Parallel()
	b, l := openLoad(t, seed)
	names := pointsOf(t, brokerParts...)
	b.quiet(names)
	b.eachStart = func() { _, _ = l.look(t.Context()) } // it may have been killed again
	b.killAt(names)
	b.endLoad(l, 90*time.Second)
	if left := unhit(names, b.p.hits()); len(left) > 0 {
		t.Errorf("no process has come to %v", left)
	}
	b.f.report(t)
}

// openLoad starts a platform without pipelines, and clients of its broker.
func openLoad(t *testing.T, seed uint64, env ...string) (*books, *load) {
	t.Helper()
	t.Logf("seed %d", seed)
	b := &books{t: t, f: &findings{}, p: prepare(t, "broker", env...), rnd: rand.New(rand.NewPCG(seed, 4)), dropOneOf: 3}
	b.p.configure()
	b.p.mustStart()
	createTopics(t, b.p.kafka,
		topicOf{loadIn, loadParts, set("segment.ms", "5000")}, topicOf{loadOut, loadParts, nil}, topicOf{loadWhole, loadParts, nil},
		topicOf{loadKeys, 1, set("cleanup.policy", "compact", "segment.ms", "1000", "min.cleanable.dirty.ratio", "0", "max.compaction.lag.ms", "1000")},
		topicOf{loadOld, 1, set("segment.ms", "1000", "retention.bytes", "2000")})
	l := startLoad(b.p.kafka, b.f)
	b.drop = l.drop
	t.Cleanup(func() { l.stop(); l.wg.Wait() })
	return b, l
}

func (b *books) endLoad(l *load, patience time.Duration) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience+readFor)
	defer cancel()
	if err := l.end(ctx, patience); err != nil {
		b.t.Fatal(err)
	}
	b.t.Log(l)
}

// TestPlantedBrokerFault lets the broker write markers before it has decided: a kill in between tears transactions.
func TestPlantedBrokerFault(t *testing.T) {
	t.Parallel()
	b, l := openLoad(t, seed, "MILLRACE_PLANT=commit-before-decision")
	// Clients that come back would ask for the same commit again, which mends it.
	b.dropOneOf = 1
	<-time.After(time.Second)
	var todo []kill
	for range 6 {
		todo = append(todo, kill{"txn.marker.before", 30 + b.rnd.IntN(400)})
	}
	missed := b.through(slices.Clone(todo), reachSoon)
	b.endLoad(l, 20*time.Second)
	if !b.f.any() {
		t.Errorf("the planted fault was not found, with kills at %v (not come to: %v)", todo, missed)
	}
	t.Logf("found:\n%s", b.f)
}
