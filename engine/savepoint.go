package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"millrace/bus"
	"millrace/engine/state"
	"millrace/fault"
)

// A savepoint of a job is a checkpoint with files of its own: those of the snapshot, and savedFile, which is written
// last and says which epoch it is. Nothing removes it but its owner.

// savedFile is the file that makes the others a savepoint.
const savedFile = "epoch.json"

// maxSaved bounds that file: the positions of some 100,000 splits.
const maxSaved = 16 << 20

// Saved is the savepoint of one job.
type Saved struct {
	Epoch  Epoch  `json:"epoch"`
	Layout Layout `json:"layout"`
	// Bytes is the size of the files of the state.
	Bytes int64 `json:"bytes"`
}

// ask is the wish for a savepoint, on its way to the run of a job.
type ask struct {
	ctx  context.Context
	to   state.Place
	done chan answer // has room for the answer
}

type answer struct {
	saved Saved
	err   error
}

// Savepoint commits a checkpoint and copies it to a place, which has no savepoint yet. It waits until the job runs.
func (j *Job) Savepoint(ctx context.Context, to state.Place) (Saved, error) {
	a := ask{ctx: ctx, to: to, done: make(chan answer, 1)}
	select {
	case j.asks <- a:
	case <-ctx.Done():
		return Saved{}, fault.New(fault.Unavailable, "save job %s: it has not come to a checkpoint in time", j.spec.Name).WithHint("see why it does not run")
	}
	select {
	case got := <-a.done:
		return got.saved, got.err
	case <-ctx.Done():
		return Saved{}, fault.New(fault.Unavailable, "save job %s: it was not written in time", j.spec.Name)
	}
}

// savepoint commits a checkpoint and begins to copy it, while the job goes on: the files are kept until that is done.
func (r *run) savepoint(ctx context.Context, a ask) error {
	r.must = r.epoch.Number == 0
	if err := r.checkpoint(ctx, false); err != nil {
		a.done <- answer{err: err}
		return err
	}
	epoch, release := r.epoch, func() {}
	if epoch.Snapshot != "" {
		names, err := state.Needs(ctx, r.snapshots, epoch.Snapshot)
		if err != nil {
			a.done <- answer{err: err}
			return err
		}
		release = r.chain.Pin(names...)
	}
	r.saving.Go(func() {
		defer release()
		saved, err := Save(ctx, r.snapshots, a.to, epoch, r.layout)
		a.done <- answer{saved, err}
	})
	return nil
}

// Save copies an epoch of a job, whose state is in one place, to another. Nothing may remove its files meanwhile.
func Save(ctx context.Context, from, to state.Place, e Epoch, l Layout) (Saved, error) {
	s := Saved{Epoch: e, Layout: l}
	s.Epoch.Staged = nil
	if e.Snapshot != "" {
		names, err := state.Needs(ctx, from, e.Snapshot)
		if err != nil {
			return s, err
		}
		for _, name := range names {
			n, err := state.Copy(ctx, from, to, name)
			if err != nil {
				return s, fmt.Errorf("save job %s: %w", e.Job, err)
			}
			s.Bytes += n
		}
	}
	text, err := json.Marshal(&s)
	if err != nil {
		return s, fmt.Errorf("save job %s: %w", e.Job, err)
	}
	return s, state.Put(ctx, to, savedFile, text)
}

// ReadSaved reads what the savepoint of a job in a place says. A place without one is a fault.NotFound.
func ReadSaved(ctx context.Context, in state.Place) (Saved, error) {
	var s Saved
	text, err := state.Get(ctx, in, savedFile, maxSaved)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fault.New(fault.NotFound, "read savepoint: it is not there, or was not written to its end")
	}
	if err != nil {
		return s, fmt.Errorf("read savepoint: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fault.New(fault.Corrupt, "read savepoint: %w", err)
	}
	return s, nil
}

// takeSavepoint copies the savepoint that the job begins with to where its snapshots are, and returns its epoch. The
// next checkpoint takes its place, as it does that of any other snapshot.
func (j *Job) takeSavepoint(ctx context.Context) (*Epoch, error) {
	if j.spec.SavedIn == nil || j.env.Snapshots == nil {
		return nil, fault.New(fault.Invalid, "start job %s: there is no savepoint", j.spec.Name)
	}
	s, err := ReadSaved(ctx, j.spec.SavedIn)
	if errors.Is(err, fault.NotFound) && j.spec.Start.AllowFresh {
		return &Epoch{Sources: map[string]SplitState{}, PlanHash: j.spec.Hash}, nil // a job that the pipeline did not have then
	}
	if err != nil {
		return nil, fmt.Errorf("start job %s: %w", j.spec.Name, err)
	}
	if s.Epoch.Snapshot == "" || j.spec.Start.DropState {
		return &s.Epoch, nil
	}
	names, err := state.Needs(ctx, j.spec.SavedIn, s.Epoch.Snapshot)
	if err != nil {
		return nil, fmt.Errorf("start job %s from savepoint %s: %w", j.spec.Name, j.spec.Start.Saved, err)
	}
	for _, name := range names {
		if _, err := state.Copy(ctx, j.spec.SavedIn, j.env.Snapshots(j.spec.Name), name); err != nil {
			return nil, fmt.Errorf("start job %s from savepoint %s: %w", j.spec.Name, j.spec.Start.Saved, err)
		}
	}
	return &s.Epoch, nil
}

// LastEpoch returns the last epoch that a job has committed, nil if there is none. It fences nobody: the job should not
// run.
func LastEpoch(ctx context.Context, b *bus.Bus, job string) (*Epoch, error) {
	if _, err := b.Ensure(ctx, EpochTopic, 1, map[string]string{"cleanup.policy": "compact"}); err != nil {
		return nil, err
	}
	rec, found, err := b.LastCommitted(ctx, EpochTopic, job)
	if err != nil || !found || len(rec.Value) == 0 {
		return nil, err
	}
	return decodeEpoch(job, rec.Offset, rec.Value)
}

// SaveLast makes a savepoint of the last checkpoint of a job that does not run.
func SaveLast(ctx context.Context, b *bus.Bus, from, to state.Place, spec *Spec) (Saved, error) {
	e, err := LastEpoch(ctx, b, spec.Name)
	if err != nil {
		return Saved{}, err
	}
	if e == nil {
		return Saved{}, fault.New(fault.Conflict, "save job %s: it has no checkpoint", spec.Name).WithHint("let it run until its first one")
	}
	if e.PlanHash != spec.Hash {
		return Saved{}, fault.New(fault.Conflict, "save job %s: its last checkpoint, %d, belongs to another plan", spec.Name, e.Number).WithHint("let it run until its next one")
	}
	l, err := LayoutOf(spec)
	if err != nil {
		return Saved{}, err
	}
	return Save(ctx, from, to, *e, l)
}
