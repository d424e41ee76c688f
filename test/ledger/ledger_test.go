package ledger

import (
	"slices"
	"testing"
	"time"
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
		missed = b.through(missed, reachLate)
	}
	b.t.Logf("%d kills, %d of them at points", len(todo), b.lifted)
	if everyKill && len(missed) > 0 {
		b.t.Errorf("no process has died at %v", missed)
	}
}
