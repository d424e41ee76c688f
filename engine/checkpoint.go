package engine

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/internal/failpoint"
	"millrace/sql/plan"
)

// A checkpoint, step by step:
//
//  1. take the gate: no source task is between two batches;
//  2. send a barrier through every chain, so that operators let go of what they hold back, and wait
//     until it has passed every exchange: now every task stands still;
//  3. write what has changed in the operators with state to a file, under a name never used before;
//  4. flush the writers: everything is in the transaction;
//  5. commit the transaction together with the epoch record;
//  6. let the tasks go on, publish what committers staged, and forget the files
//     that the snapshot does not need.
//
// Before 5 has succeeded the epoch does not exist; its snapshot is garbage that a later one removes.

// coordinate takes checkpoints until the input has ended and the last one is committed.
func (r *run) coordinate(ctx context.Context, ended <-chan struct{}) error {
	var tick <-chan time.Time
	if every := r.spec.Settings.Checkpoint; every > 0 && !r.overwrites() {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	discover := time.NewTicker(discoverEvery)
	defer discover.Stop()
	for {
		select {
		case <-ctx.Done():
			return r.stopped(ctx)
		case <-tick:
			if err := r.checkpoint(ctx, false); err != nil {
				return err
			}
		case <-discover.C:
			if err := r.discover(ctx); err != nil {
				return err
			}
		case done := <-r.careful.asked():
			err := r.checkpoint(ctx, false)
			done <- err
			if err != nil {
				return err
			}
		case a := <-r.asks:
			if err := r.savepoint(ctx, a); err != nil {
				return err
			}
		case <-r.enough:
			return r.checkpoint(ctx, true)
		case <-ended:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return r.checkpoint(ctx, true)
		}
	}
}

// overwrites reports whether a sink replaces what is there, which it does once, at the end.
func (r *run) overwrites() bool {
	return slices.ContainsFunc(r.spec.Sinks, func(s *plan.Sink) bool { return s.Overwrite })
}

func (r *run) stopped(ctx context.Context) error { return context.Cause(ctx) }

// discoverEvery is how often a source is asked for new splits.
const discoverEvery = 10 * time.Second

// errNewSplits ends a run so that the next one reads splits that have come since.
var errNewSplits = fmt.Errorf("there are new splits to read")

func (r *run) discover(ctx context.Context) error {
	for _, o := range r.open {
		if o.scan == nil || r.overwrites() {
			continue
		}
		splits, err := o.source.Splits(ctx)
		if err != nil {
			return fmt.Errorf("list splits of table %q: %w", o.scan.Table, err)
		}
		if len(splits) > len(o.splits) {
			if err := r.checkpoint(ctx, false); err != nil {
				return err
			}
			return errNewSplits
		}
	}
	return nil
}

// checkpoint commits one epoch, unless nothing has been read or written since the last. An idle split
// lets windows fire without anything being read.
func (r *run) checkpoint(ctx context.Context, last bool) error {
	parts := newCheckpointParts()
	r.gate.Lock()
	parts.next(waitPart)
	next := r.position()
	next.Finished = last
	if !last && !r.must && !r.moved(next) {
		r.gate.Unlock()
		return nil
	}
	size, err := r.commit(ctx, &next, parts)
	r.wrote = r.stats.written()
	r.gate.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			r.stats.checkpoints.failed(next.Number, parts, err)
		}
		return fmt.Errorf("checkpoint %d of job %s: %w", next.Number, r.spec.Name, err)
	}
	failpoint.Hit("engine.commit.after")
	r.epoch, r.must, r.read = next, false, r.stats.rowsIn.Load()
	r.stats.checkpoints.done(next.Number, parts, size, r.stats.rolling.state())
	if err := r.publish(ctx, next.Staged); err != nil {
		return err
	}
	failpoint.Hit("engine.collect.before")
	r.ended = next.Finished
	if r.chain != nil && next.Snapshot != "" {
		return r.chain.Committed(ctx)
	}
	return nil
}

// position is the epoch that the tasks have reached; the gate is held.
func (r *run) position() Epoch {
	e := Epoch{Job: r.spec.Name, Number: r.epoch.Number + 1, PlanHash: r.spec.Hash, Asked: r.epoch.Asked, At: time.Now().UTC(), Sources: map[string]SplitState{}}
	for _, t := range r.sources {
		s := SplitState{Offset: t.offset, Done: t.done}
		if t.marks != nil {
			s.Watermark = t.marks.sent
		}
		e.Sources[t.id] = s
	}
	return e
}

func (r *run) moved(next Epoch) bool {
	if r.stats.written() != r.wrote {
		return true
	}
	for id, s := range next.Sources {
		if s != r.epoch.Sources[id] {
			return true
		}
	}
	return len(next.Sources) != len(r.epoch.Sources)
}

// commit does steps 2 to 5 and returns the size of the snapshot.
func (r *run) commit(ctx context.Context, next *Epoch, parts *checkpointParts) (int64, error) {
	for _, t := range r.sources {
		if err := barrierOf(t.chain); err != nil {
			return 0, err
		}
	}
	for range r.merges {
		select {
		case <-r.acks:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	parts.next(drainPart)
	next.Clock = r.clock()
	failpoint.Hit("engine.aligned")
	size, err := r.snapshot(ctx, next)
	if err != nil {
		return 0, err
	}
	parts.next(snapshotPart)
	failpoint.Hit("engine.flush.before")
	if next.Staged, err = r.flush(ctx, next.Number); err != nil {
		return 0, err
	}
	parts.next(flushPart)
	failpoint.Hit("engine.commit.before")
	err = r.ledger.Commit(ctx, next)
	parts.next(commitPart)
	return size, err
}

// snapshot writes the state of all operators, those parts of it that have changed, and returns how many bytes these are.
func (r *run) snapshot(ctx context.Context, next *Epoch) (int64, error) {
	if r.chain == nil || !slices.ContainsFunc(r.open, func(o *openStage) bool { return len(o.stateful) > 0 }) {
		return 0, nil
	}
	name := fmt.Sprintf("%09d-%x.snap", next.Number, time.Now().UnixNano())
	w, err := r.chain.Begin(ctx, name)
	if err != nil {
		return 0, err
	}
	for i, o := range r.open {
		for task, s := range o.stateful {
			w.Part(fmt.Sprintf("%s/%d", r.layout.idOf(i), task))
			if err := s.Snapshot(w); err != nil {
				w.Discard()
				return 0, fmt.Errorf("write snapshot: %w", err)
			}
			o.merges[task].measureState(s)
		}
	}
	next.Snapshot = name
	failpoint.Hit("engine.snapshot.before")
	return r.chain.Save(w)
}

// oldStage is what snapshots called the parts of a stage before operators had ids.
func oldStage(i int) string { return fmt.Sprintf("stage %d", i) }

// flush makes what the writers hold durable, or stages it, and returns what is staged.
func (r *run) flush(ctx context.Context, epoch int64) (map[string][]byte, error) {
	var staged map[string][]byte
	for i, w := range r.writers {
		if err := w.Flush(ctx); err != nil {
			return nil, fmt.Errorf("flush sink: %w", err)
		}
		c, ok := w.(connector.Committer)
		if !ok {
			continue
		}
		s, err := c.Prepare(ctx, epoch)
		if err != nil {
			return nil, fmt.Errorf("prepare sink: %w", err)
		}
		if len(s) > 0 {
			if staged == nil {
				staged = map[string][]byte{}
			}
			staged[r.places[i]] = s
		}
	}
	return staged, nil
}

// publish makes visible what committers staged in a committed epoch. It may repeat itself after a crash, which
// committers allow. What a task staged that is no more, as the job has fewer now, another of its table publishes.
func (r *run) publish(ctx context.Context, staged map[string][]byte) error {
	for place, s := range staged {
		c := r.committer(place)
		if c == nil {
			// Of a table that a changed query does not write: it was published when its epoch was committed, but for a
			// crash at just that moment.
			r.env.Log.Warn("nobody publishes what a sink had staged", "job", r.spec.Name, "sink", place)
			continue
		}
		if err := c.Commit(ctx, s); err != nil {
			return fmt.Errorf("commit sink: %w", err)
		}
	}
	return nil
}

// committer is the writer that publishes what was staged at a place: that of the task, or any of its table.
func (r *run) committer(place string) (found connector.Committer) {
	table := ownerOf(place)
	for i, w := range r.writers {
		c, ok := w.(connector.Committer)
		switch {
		case !ok:
		case r.places[i] == place, fmt.Sprint(i) == place: // as epochs named it before
			return c
		case found == nil && ownerOf(r.places[i]) == table:
			found = c
		}
	}
	return found
}

// restore loads the snapshot of the epoch that the run begins with.
func (r *run) restore(ctx context.Context) error {
	if r.epoch.Snapshot == "" {
		return nil
	}
	name := r.epoch.Snapshot
	if failpoint.Planted("state-not-rolled-back") {
		name = newest(ctx, r.snapshots)
	}
	s, err := state.Load(ctx, r.snapshots, name)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	parts := map[*openStage][]int{}
	for i, name := range s.Parts() {
		o := r.stageOf(name)
		if o == nil && r.epoch.Partial {
			continue
		}
		if o == nil || len(o.stateful) == 0 {
			return fault.New(fault.Corrupt, "load snapshot %s: it has a part %q that the job has no place for", r.epoch.Snapshot, name)
		}
		parts[o] = append(parts[o], i)
	}
	tasks, _ := errgroup.WithContext(ctx)
	tasks.SetLimit(runtime.GOMAXPROCS(0))
	for o, written := range parts {
		for i, to := range o.stateful {
			tasks.Go(guard(func() error { return restoreTask(s, written, to, o.shelves[i], shareOf(i, len(o.stateful))) }))
		}
	}
	return tasks.Wait()
}

// newest names the snapshot written last, whether its epoch was committed or not: what is planted as a fault.
func newest(ctx context.Context, in state.Place) (name string) {
	names, _ := in.List(ctx) // none: the snapshot is not found
	for _, n := range names {
		if strings.HasSuffix(n, ".snap") && !strings.HasSuffix(n, "-merged.snap") {
			name = max(name, n)
		}
	}
	return name
}

func (r *run) stageOf(part string) *openStage {
	name := ownerOf(part)
	for i, o := range r.open {
		if name == r.layout.idOf(i) || name == oldStage(i) {
			return o
		}
	}
	return nil
}

// restoreTask gives an operator the parts that the tasks of its stage have written, of which it takes its share.
func restoreTask(s *state.Snapshot, parts []int, to op.Stateful, on *shelf, share op.Share) error {
	for _, i := range parts {
		part := s.Part(i)
		part.Between = on.tidy
		if err := to.Restore(part, share); err != nil {
			return err
		}
	}
	return nil
}
