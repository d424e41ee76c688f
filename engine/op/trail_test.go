package op

import (
	"fmt"
	"testing"

	"millrace/engine/state"
)

// trail is the snapshots of a job with one stage: each is what has changed since the one before, from the first of a
// run on. It merges files as soon as it may.
type trail struct {
	place state.Place
	chain *state.Chain
	saved int
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	tr := &trail{place: state.Folders(t.TempDir())("job")}
	t.Cleanup(func() {
		if tr.chain != nil {
			tr.chain.Close()
		}
	})
	return tr
}

func (tr *trail) name() string { return fmt.Sprintf("%09d.snap", tr.saved) }

// save takes a snapshot of the tasks of the stage.
func save[T Stateful](t *testing.T, tr *trail, tasks ...T) {
	t.Helper()
	if tr.chain == nil {
		tr.chain = state.NewChain(tr.place, state.Limits{Small: -1, Files: 2})
	}
	tr.saved++
	w, err := tr.chain.Begin(t.Context(), tr.name())
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range tasks {
		w.Part(fmt.Sprint(i))
		if err := o.Snapshot(w); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tr.chain.Save(w); err != nil {
		t.Fatal(err)
	}
	if err := tr.chain.Committed(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// restored takes a snapshot of tasks and returns n others that begin with it.
func restored[T Stateful](t *testing.T, tr *trail, from []T, make func() T, n int) []T {
	t.Helper()
	save(t, tr, from...)
	var into []T
	for i := range n {
		o := make()
		tr.restore(t, o, Share{Index: i, Of: n})
		into = append(into, o)
	}
	return into
}

// restore gives an operator its shares of the last snapshot, whose run has ended.
func (tr *trail) restore(t *testing.T, o Stateful, shares ...Share) {
	t.Helper()
	if tr.chain != nil {
		tr.chain.Close()
		tr.chain = nil
	}
	s, err := state.Load(t.Context(), tr.place, tr.name())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range s.Parts() {
		for _, share := range shares {
			if err := o.Restore(s.Part(i), share); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// takeOver restores an operator from the snapshot of another, as if one task took the parts of two in.
func takeOver(t *testing.T, tr *trail, from, into Stateful, keyed bool) {
	t.Helper()
	save(t, tr, from)
	shares := []Share{{0, 1}}
	if keyed {
		shares = []Share{{0, 2}, {1, 2}}
	}
	tr.restore(t, into, shares...)
}
