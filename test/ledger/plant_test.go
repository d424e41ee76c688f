package ledger

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestPlantedFaults lets the program do one thing wrong, kills it where that matters, and wants the books to show it:
// else the other tests would prove nothing.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		plant  string
		points []string
		upto   int // the points are hit between once and that often before
	}{
		// The epoch record is on the bus before the output is committed.
		{"offsets-before-output", []string{"engine.epoch.produced", "bus.commit.before", "engine.epoch.produced"}, 30},
		// The epoch record comes after the commit, on its own.
		{"epoch-outside-transaction", []string{"bus.commit.after", "bus.commit.after", "bus.commit.after"}, 30},
		// A snapshot is renamed without an fsync; a loss of power takes its bytes.
		{"snapshot-not-synced", []string{"engine.commit.after", "bus.commit.after"}, 30},
		// After a failed epoch a job goes on with the state that it had, not with that of the last epoch.
		{"state-not-rolled-back", []string{"engine.commit.before", "bus.commit.before", "engine.commit.before"}, 30},
		// The snapshot before is removed when the next one is written, not when its epoch is committed.
		{"snapshot-collected-early", []string{"engine.commit.before", "bus.commit.before"}, 30},
	} {
		t.Run(c.plant, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 3))
			b := openBooks(t, "planted", seed, "MILLRACE_PLANT="+c.plant)
			b.patience = 15 * time.Second
			<-time.After(time.Second)
			var todo []kill
			for _, point := range c.points {
				todo = append(todo, kill{point, 10 + rnd.IntN(c.upto)})
			}
			missed := b.through(todo, reachSoon)
			b.settle()
			if !b.f.any() {
				t.Errorf("the planted fault was not found, with kills at %v (not come to: %v)", todo, missed)
			}
			t.Logf("found:\n%s", b.f)
		})
	}
}
