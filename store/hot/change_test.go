package hot

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestChangesAgainstModel takes changes between random updates and compares them with plain lists of
// what arrived since.
func TestChangesAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	h, _ := newTest(Options{MaxPoints: 5, Keep: time.Hour, Track: true})
	arrived := map[string][]int64{}
	var missed int64
	var got []Change
	for step := range 2000 {
		name := fmt.Sprint("m", rng.IntN(4))
		at := noon.Add(-time.Duration(rng.IntN(3000)) * time.Second)
		h.Update(name, []Tag{{"host", "a"}}, at, float64(step))
		arrived[name] = append(arrived[name], at.UnixMicro())
		if len(arrived[name]) > 5 {
			arrived[name] = arrived[name][1:]
			missed++
		}
		if rng.IntN(10) > 0 {
			continue
		}
		got = h.Changes(got, 2, 3)
		for _, c := range got {
			want := arrived[c.Metric]
			if diff := cmp.Diff(want[max(0, len(want)-3):], c.Times); diff != "" || len(c.Values) != len(c.Times) {
				t.Fatalf("step %d: %s", step, diff)
			}
			delete(arrived, c.Metric)
		}
		if st := h.Stats(); st.Changed != len(arrived) || st.Missed != missed {
			t.Fatalf("step %d: %d changed, want %d; %d missed, want %d", step, st.Changed, len(arrived), st.Missed, missed)
		}
	}
	h.MarkAll()
	if got = h.Changes(got, 100, 100); len(got) != 4 || len(got[0].Times) != 5 {
		t.Errorf("%d series are marked, the first with %d points", len(got), len(got[0].Times))
	}
	if got = h.Changes(got, 100, 100); len(got) != 0 {
		t.Errorf("taken twice: %v", got)
	}
}

func TestTrackingAllocatesNothing(t *testing.T) {
	h, _ := newTest(Options{Track: true})
	tags := []Tag{{"host", "a"}, {"core", "1"}}
	var changes []Change
	round := func() {
		h.Update("m", tags, noon, 1)
		changes = h.Changes(changes, 10, 10)
	}
	for range 1000 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
