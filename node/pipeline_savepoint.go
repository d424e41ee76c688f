package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"millrace/api"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/flink"
)

// A savepoint of a pipeline is an entry of the table that all replicas share, and files beside the snapshots: each
// replica makes the parts of the jobs that it runs, and says in the table that it has.
const (
	savepointPrefix = "savepoint/"      // + pipeline / id
	savedPartPrefix = "savepoint-part/" // + pipeline / id / job
)

const (
	// saveWait is how long a job may take to write its part, and how long after it was asked for a part is begun at
	// most: who asked has gone by then.
	saveWait = 10 * time.Minute
	// answerWait is how long a request waits for a savepoint to become whole.
	answerWait = 30 * time.Second
	// maxSavepoints bounds those of a pipeline: each keeps all its state.
	maxSavepoints = 100
)

// savepointEntry is a savepoint as the table has it.
type savepointEntry struct {
	At   time.Time `json:"at"`
	SQL  string    `json:"sql"`
	Jobs []string  `json:"jobs"`
}

// savedPlace is where the part of a job is, whose name is without that of its pipeline.
func savedPlace(saved, job string) string { return "savepoints/" + saved + "/" + job }

// Save implements api.Moves.
func (p *pipelines) Save(ctx context.Context, name string) (api.Savepoint, error) {
	e, err := p.runsHere(name)
	if err != nil {
		return api.Savepoint{}, err
	}
	if len(p.table.List(savepointPrefix+name+"/")) >= maxSavepoints {
		return api.Savepoint{}, fault.New(fault.Limit, "pipeline %q has %d savepoints, and may have no more", name, maxSavepoints).WithHint("delete some")
	}
	p.mu.Lock()
	entry := savepointEntry{At: time.Now().UTC(), SQL: e.SQL}
	if one := p.list[name]; one != nil {
		for _, spec := range one.specs {
			entry.Jobs = append(entry.Jobs, spec.Name)
		}
	}
	p.mu.Unlock()
	value, err := json.Marshal(entry)
	if err != nil {
		return api.Savepoint{}, fmt.Errorf("encode savepoint: %w", err)
	}
	id := entry.At.Format("20060102T150405.000")
	if err := p.table.Put(ctx, savepointPrefix+name+"/"+id, value); err != nil {
		return api.Savepoint{}, err
	}
	view, err := p.whole(ctx, name, id)
	if err != nil || view.State != "failed" {
		return view, err
	}
	_ = p.Forget(context.WithoutCancel(ctx), name, id) // half a savepoint is of no use
	return view, fault.New(fault.Unavailable, "save pipeline %q: %s", name, view.Error)
}

// whole waits until a savepoint is whole or has failed, or until it has waited long enough.
func (p *pipelines) whole(ctx context.Context, name, id string) (api.Savepoint, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		view, err := p.savepoint(name, id)
		if err != nil || view.State != "pending" {
			return view, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return view, nil
		}
	}
}

// savepoint is a savepoint as the table has it now.
func (p *pipelines) savepoint(name, id string) (api.Savepoint, error) {
	value, ok := p.table.Get(savepointPrefix + name + "/" + id)
	if !ok {
		return api.Savepoint{}, fault.New(fault.NotFound, "pipeline %q has no savepoint %q", name, id).WithHint("see `millrace pipeline savepoints %s`", name)
	}
	var e savepointEntry
	if err := json.Unmarshal(value, &e); err != nil {
		return api.Savepoint{}, fault.New(fault.Corrupt, "read savepoint %s of pipeline %q: %w", id, name, err)
	}
	v := api.Savepoint{ID: id, At: e.At, State: "complete", SQL: flink.Redacted(e.SQL)}
	for _, job := range e.Jobs {
		part := api.SavedJob{Name: job}
		value, ok := p.table.Get(savedPartPrefix + name + "/" + id + "/" + job)
		switch {
		case !ok && time.Since(e.At) > saveWait:
			part.Error = "nobody has written it"
		case !ok:
			v.State = "pending"
			continue
		default:
			if err := json.Unmarshal(value, &part); err != nil {
				part.Error = err.Error()
			}
		}
		if v.Bytes += part.Bytes; part.Error != "" && v.Error == "" {
			v.Error = fmt.Sprintf("job %s: %s", job, part.Error)
		}
		v.Jobs = append(v.Jobs, part)
	}
	if v.Error != "" {
		v.State = "failed"
	}
	return v, nil
}

// Savepoints implements api.Moves.
func (p *pipelines) Savepoints(_ context.Context, name string) ([]api.Savepoint, error) {
	prefix := savepointPrefix + name + "/"
	keys := slices.Sorted(maps.Keys(p.table.List(prefix)))
	if len(keys) == 0 {
		if _, err := p.find(name); err != nil {
			return nil, err
		}
	}
	var out []api.Savepoint
	for _, key := range slices.Backward(keys) {
		v, err := p.savepoint(name, strings.TrimPrefix(key, prefix))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// savedFor is the savepoint that a pipeline is to begin from, with its pipeline; it must be whole.
func (p *pipelines) savedFor(name, saved string) (string, error) {
	if saved == "" {
		return "", fault.New(fault.Invalid, "no savepoint is named").WithHint("see `millrace pipeline savepoints %s`", name)
	}
	if of, id, ok := strings.Cut(saved, "/"); ok {
		name, saved = of, id
	}
	v, err := p.savepoint(name, saved)
	if err == nil && v.State != "complete" {
		err = fault.New(fault.Conflict, "savepoint %s of pipeline %q is not whole: it is %s", saved, name, v.State)
	}
	return name + "/" + saved, err
}

// Forget implements api.Moves: it deletes a savepoint.
func (p *pipelines) Forget(ctx context.Context, name, id string) error {
	key := name + "/" + id
	value, ok := p.table.Get(savepointPrefix + key)
	if !ok {
		return fault.New(fault.NotFound, "pipeline %q has no savepoint %q", name, id)
	}
	var e savepointEntry
	if err := json.Unmarshal(value, &e); err != nil {
		return fault.New(fault.Corrupt, "read savepoint %s of pipeline %q: %w", id, name, err)
	}
	if err := p.table.Put(ctx, savepointPrefix+key, nil); err != nil {
		return err
	}
	for _, job := range e.Jobs {
		if err := state.Clear(ctx, p.env.Snapshots(savedPlace(key, strings.TrimPrefix(job, name+".")))); err != nil {
			return err
		}
		if err := p.table.Put(ctx, savedPartPrefix+key+"/"+job, nil); err != nil {
			return err
		}
	}
	return nil
}

// dropSavepoints deletes those of a pipeline.
func (p *pipelines) dropSavepoints(ctx context.Context, name string) error {
	prefix := savepointPrefix + name + "/"
	for key := range p.table.List(prefix) {
		if err := p.Forget(ctx, name, strings.TrimPrefix(key, prefix)); err != nil {
			return err
		}
	}
	return nil
}

// saveWhatIsAsked writes the parts of savepoints whose jobs run here, until ctx ends.
func (p *pipelines) saveWhatIsAsked(ctx context.Context) error {
	var parts sync.WaitGroup
	defer parts.Wait()
	return p.table.Watch(ctx, savepointPrefix, func(key string, value []byte) error {
		var e savepointEntry
		key = strings.TrimPrefix(key, savepointPrefix)
		name, _, _ := strings.Cut(key, "/")
		if value == nil || json.Unmarshal(value, &e) != nil || time.Since(e.At) > saveWait {
			return nil
		}
		for _, job := range e.Jobs {
			if _, done := p.table.Get(savedPartPrefix + key + "/" + job); !done && p.work.owns(jobPrefix+job) {
				parts.Go(func() { p.savePart(ctx, name, key, job) })
			}
		}
		return nil
	})
}

// savePart writes the part of one job, and says so in the table.
func (p *pipelines) savePart(ctx context.Context, name, key, job string) {
	ctx, cancel := context.WithTimeout(ctx, saveWait)
	defer cancel()
	part := api.SavedJob{Name: job}
	saved, err := p.saveJob(ctx, name, job, p.env.Snapshots(savedPlace(key, strings.TrimPrefix(job, name+"."))))
	part.Epoch, part.At, part.Plan, part.Bytes = saved.Epoch.Number, saved.Epoch.At, saved.Epoch.PlanHash, saved.Bytes
	if err != nil {
		part.Error = err.Error()
	}
	value, err := json.Marshal(part)
	if err == nil {
		err = p.table.Put(ctx, savedPartPrefix+key+"/"+job, value)
	}
	if err != nil && ctx.Err() == nil {
		p.log.Error("savepoint is not known to be written", "job", job, "error", err)
	}
}

// saveJob saves a job that runs at its next checkpoint, one that does not as its last checkpoint was.
func (p *pipelines) saveJob(ctx context.Context, name, job string, to state.Place) (engine.Saved, error) {
	p.mu.Lock()
	one := p.list[name]
	var running *engine.Job
	var spec *engine.Spec
	if one != nil {
		for i := range one.specs {
			if one.specs[i].Name == job {
				spec = &one.specs[i]
			}
		}
		for _, j := range one.jobs {
			if j.Status().Name == job {
				running = j
			}
		}
	}
	p.mu.Unlock()
	if spec == nil {
		return engine.Saved{}, fault.New(fault.NotFound, "save job %s: there is no such job", job)
	}
	if running != nil {
		switch running.Status().State {
		case engine.Running, engine.Starting, engine.Restarting:
			return running.Savepoint(ctx, to)
		}
	}
	return engine.SaveLast(ctx, p.bus, p.env.Snapshots(job), to, spec)
}
