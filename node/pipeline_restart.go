package node

import (
	"context"
	"slices"
	"strings"
	"time"

	"millrace/api"
	"millrace/config"
	"millrace/engine"
	"millrace/fault"
)

// poisonFails is the setting of a pipeline whose jobs fail at records that they cannot process.
const poisonFails = "fail"

// entryOf is the entry that a request asks for.
func entryOf(r api.PipelineRequest) pipelineEntry {
	e := pipelineEntry{Name: r.Name, SQL: r.SQL, DeadLetters: r.DeadLetters, Engine: r.Engine, Gateway: r.Gateway}
	if r.Poison == poisonFails {
		e.Poison = poisonFails
	}
	return e
}

// newStart is a wish that is newer than every other: jobs obey each once.
func newStart(old engine.Start, from engine.From) engine.Start {
	return engine.Start{ID: max(time.Now().UnixMilli(), old.ID+1), From: from}
}

// Restart implements api.Moves. The wish is in the table that all replicas follow; the one that runs a job commits it
// as an epoch of the job.
func (p *pipelines) Restart(ctx context.Context, name string, r api.RestartRequest) error {
	e, err := p.runsHere(name)
	if err != nil {
		return err
	}
	s := newStart(e.Start, engine.From(r.From))
	s.AllowFresh, s.DropState = r.AllowFresh, r.FreshState
	switch s.From {
	case engine.FromTime:
		if r.Time.IsZero() {
			return fault.New(fault.Invalid, "restart pipeline %q: no time is given", name).WithHint("say which, as 2006-01-02T15:04:05Z")
		}
		s.Millis = r.Time.UnixMilli()
	case engine.FromSavepoint:
		if s.Saved, err = p.savedFor(name, r.Savepoint); err != nil {
			return err
		}
	}
	e.Start, e.Paused = s, false
	one := &pipeline{pipelineEntry: e}
	if err := p.planHere(one); err != nil {
		return err
	}
	if err := p.fits(ctx, one); err != nil {
		return err
	}
	return p.put(ctx, e)
}

// runsHere finds a pipeline that runs on this platform itself.
func (p *pipelines) runsHere(name string) (pipelineEntry, error) {
	e, err := p.find(name)
	if err == nil && e.Engine == config.EngineFlink {
		return e, fault.New(fault.Conflict, "pipeline %q runs on Flink, which keeps its positions and its state", name).
			WithHint("pause and resume it: that takes a savepoint of Flink's and goes on from it")
	}
	if err == nil {
		err = e.atRest()
	}
	return e, err
}

// fits refuses to begin from a savepoint of which something would be lost unasked.
func (p *pipelines) fits(ctx context.Context, one *pipeline) error {
	if one.Start.From != engine.FromSavepoint || one.Start.AllowFresh {
		return nil
	}
	var lost []string
	for i := range one.specs {
		spec := &one.specs[i]
		saved, err := engine.ReadSaved(ctx, spec.SavedIn)
		if err != nil {
			return err
		}
		if saved.Epoch.PlanHash == spec.Hash || one.Start.DropState {
			continue
		}
		layout, err := engine.LayoutOf(spec)
		if err != nil {
			return err
		}
		for _, c := range engine.Lost(engine.Compare(saved.Layout, layout)) {
			lost = append(lost, c.String())
		}
	}
	return unfit(one.Name, lost)
}

// unfit says what of a pipeline's memory another script does not take over; nil if that is nothing.
func unfit(name string, lost []string) error {
	if len(lost) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "the script does not take over all that pipeline %q has in mind: %s", name, strings.Join(lost, "; ")).
		WithHint("let these begin fresh (--allow-fresh), or keep the positions and forget all state (--fresh-state)")
}

// Changes implements api.Moves.
func (p *pipelines) Changes(_ context.Context, name string, r api.ChangesRequest) ([]api.PipelineChange, error) {
	e, err := p.runsHere(name)
	if err != nil {
		return nil, err
	}
	e.SQL, e.Modules = r.SQL, ""
	one := &pipeline{pipelineEntry: e}
	if err := p.planHere(one); err != nil {
		return nil, err
	}
	return p.changes(one)
}

// changes says what another script of a pipeline takes over of the memory of the one that runs.
func (p *pipelines) changes(one *pipeline) ([]api.PipelineChange, error) {
	p.mu.Lock()
	var old []engine.Spec
	if running := p.list[one.Name]; running != nil {
		old = running.specs
	}
	p.mu.Unlock()
	var out []api.PipelineChange
	for i := range one.specs {
		at := slices.IndexFunc(old, func(s engine.Spec) bool { return s.Name == one.specs[i].Name })
		var was engine.Layout
		var err error
		if at >= 0 {
			if was, err = engine.LayoutOf(&old[at]); err != nil {
				return nil, err
			}
		}
		now, err := engine.LayoutOf(&one.specs[i])
		if err != nil {
			return nil, err
		}
		for _, c := range engine.Compare(was, now) {
			view := changeView(one.specs[i].Name, c)
			if at < 0 {
				view.Blocks, view.Reason = false, "the job is new"
			}
			out = append(out, view)
		}
	}
	for i := range old {
		if slices.ContainsFunc(one.specs, func(s engine.Spec) bool { return s.Name == old[i].Name }) {
			continue
		}
		was, err := engine.LayoutOf(&old[i])
		if err != nil {
			return nil, err
		}
		for _, c := range engine.Compare(was, engine.Layout{}) {
			c.Reason = "the changed script has no such job"
			out = append(out, changeView(old[i].Name, c))
		}
	}
	return out, nil
}

func changeView(job string, c engine.Change) api.PipelineChange {
	return api.PipelineChange{Job: job, Kind: c.Kind, Text: c.Text, Fate: c.Fate, Reason: c.Reason, Blocks: c.Fate != engine.FateKept}
}

// replace lets another script take the place of the one that runs, if nothing is lost unasked. The same plan with other
// settings, such as another parallelism, goes on from its checkpoint as it is.
func (p *pipelines) replace(one *pipeline, r api.PipelineRequest) error {
	old, err := p.runsHere(one.Name)
	if err != nil {
		return err
	}
	if one.flink != nil {
		return fault.New(fault.Conflict, "pipeline %q runs here, and is not replaced by one on Flink", one.Name).WithHint("move it there, or drop it first")
	}
	one.Paused = old.Paused
	if one.Start.ID != 0 {
		return nil // from a savepoint, which has been looked at
	}
	changes, err := p.changes(one)
	if err != nil {
		return err
	}
	var lost []string
	for _, c := range changes {
		if c.Blocks && !r.AllowFresh && !r.FreshState {
			lost = append(lost, c.Fate+": "+c.Text+" ("+c.Reason+")")
		}
	}
	if err := unfit(one.Name, lost); err != nil {
		return err
	}
	one.Start = newStart(old.Start, engine.FromCheckpoint)
	one.Start.AllowFresh, one.Start.DropState = r.AllowFresh || r.FreshState, r.FreshState
	return nil
}

// beginSaved makes a pipeline begin from a savepoint, if the request names one.
func (p *pipelines) beginSaved(ctx context.Context, one *pipeline, r api.PipelineRequest) (err error) {
	if r.Savepoint == "" {
		return nil
	}
	if one.flink != nil {
		return fault.New(fault.Invalid, "pipeline %q runs on Flink, which cannot read a savepoint of this platform", one.Name)
	}
	one.Start = newStart(engine.Start{}, engine.FromSavepoint)
	one.Start.AllowFresh, one.Start.DropState = r.AllowFresh || r.FreshState, r.FreshState
	if one.Start.Saved, err = p.savedFor(one.Name, r.Savepoint); err != nil {
		return err
	}
	if err := p.planHere(one); err != nil { // its jobs begin there
		return err
	}
	return p.fits(ctx, one)
}

// forgetGone removes the positions and the state of jobs that a changed script does not have.
func (p *pipelines) forgetGone(ctx context.Context, old, changed *pipeline) {
	if changed.flink != nil || old.flink != nil {
		return
	}
	p.forgetJobs(ctx, slices.DeleteFunc(slices.Clone(old.specs), func(s engine.Spec) bool {
		return slices.ContainsFunc(changed.specs, func(n engine.Spec) bool { return n.Name == s.Name })
	}))
}

// DropKeeping implements api.Moves.
func (p *pipelines) DropKeeping(ctx context.Context, name string) error {
	if _, err := p.runsHere(name); err != nil {
		return err
	}
	if err := p.table.Put(ctx, pipelinePrefix+name, nil); err != nil {
		return err
	}
	p.take(ctx, name)
	return p.forgetModules(ctx)
}

var _ api.Moves = (*pipelines)(nil)
