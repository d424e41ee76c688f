package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"millrace/api"
	"millrace/fault"
	"millrace/flink"
)

func levelOf(phase flinkPhase) slog.Level {
	if phase == flinkFailed {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// jobViews are the jobs as they are shown, as far as they are known here.
func (f *flinkPipeline) jobViews() []api.Job {
	s := f.load()
	if len(s.Jobs) == 0 && !f.Dropped {
		s = f.begin(s)
	}
	c, err := f.jobs(&s)
	if err != nil {
		c = f.client
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []api.Job
	for _, j := range s.Jobs {
		status, known := f.figures[j.Name]
		view := api.Job{
			Name: j.Name, Engine: api.EngineFlink, FlinkJob: j.ID, Link: c.Link(j.ID), Savepoint: j.Restore, Lag: -1,
		}
		view.State, view.Error = f.stateOf(j, status, known)
		if known {
			showFigures(&view, status)
		}
		out = append(out, view)
	}
	return out
}

// stateOf is a job's state in our words, and why it does not run; f.mu is held.
func (f *flinkPipeline) stateOf(j flinkJob, status flink.Status, known bool) (state, why string) {
	switch j.Phase {
	case flinkNew, flinkSubmitting:
		if f.Paused {
			return "paused", j.Error
		}
		state, why = "starting", f.away
	case flinkStopped:
		state, why = "paused", j.Error
		if !f.Paused {
			state, why = "starting", f.away
		}
	case flinkStopping:
		state, why = "stopping", j.Error
	case flinkFinished:
		return "finished", ""
	case flinkFailed:
		return "failed", j.Error
	case flinkRunning:
		state, why = runningState(f, status, known)
	}
	if f.Dropped || f.Paused && j.Phase == flinkRunning {
		state = "stopping"
	}
	if why == "" && state == "stopping" {
		why = f.away
	}
	return state, why
}

func runningState(f *flinkPipeline, status flink.Status, known bool) (state, why string) {
	switch {
	case f.away != "":
		return "unknown", f.away
	case !known:
		return "starting", ""
	case status.State == flink.Running && status.Ready:
		return "running", ""
	case status.State == flink.Restarting || status.State == flink.Failing || status.State == flink.Suspended:
		return "restarting", f.script.Hide(status.Error)
	}
	return "starting", ""
}

func showFigures(view *api.Job, status flink.Status) {
	f := status.Figures
	view.Restarts, view.RecordsIn, view.RecordsOut, view.Late, view.Lag = status.Restarts, max(0, f.In), max(0, f.Out), max(0, f.Late), f.Lag
	if view.State == "running" {
		view.RecordsPerSecond = f.Rate
	}
	if !f.Watermark.IsZero() {
		view.Watermark = &f.Watermark
	}
	if c := status.Last; c != nil {
		view.LastCheckpoint.Checkpoint = &api.Checkpoint{
			Epoch: c.ID, At: c.At, DurationMS: float64(c.Duration) / float64(time.Millisecond), Bytes: c.Bytes,
		}
	}
}

// How long an answer of the API waits for Flink to do what it was told.
const flinkPatience = 20 * time.Second

// await waits until something holds for a pipeline on Flink, or is clear to fail; not longer than flinkPatience, for the
// replica that runs it goes on in any case.
func (p *pipelines) await(ctx context.Context, name string, over func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, flinkPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := over(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "pipeline %q: Flink has not done it yet; it is tried until it has", name)
		}
	}
}

// halted waits until the jobs of a pipeline that was paused stand still.
func (p *pipelines) halted(ctx context.Context, name string) error {
	return p.await(ctx, name, func() (bool, error) {
		for _, j := range p.flinkState(name).Jobs {
			switch j.Phase {
			case flinkStopping:
				if j.Error != "" {
					return false, fault.New(fault.Unavailable, "pause pipeline %q: job %s: %s", name, j.Name, j.Error).WithHint("it is tried until it can be stopped; resume lets it run on")
				}
				return false, nil
			case flinkRunning, flinkSubmitting:
				return false, nil
			default:
			}
		}
		return true, nil
	})
}

// dropFlink drops a pipeline on Flink: the replica that runs it cancels its jobs. Dropped again, it is forgotten with
// jobs that Flink may still run.
func (p *pipelines) dropFlink(ctx context.Context, e pipelineEntry) error {
	if e.Dropped {
		if err := p.forgetFlink(ctx, e.Name); err != nil {
			return err
		}
		p.take(ctx, e.Name)
		return nil
	}
	e.Dropped = true
	if err := p.put(ctx, e); err != nil {
		return err
	}
	err := p.await(ctx, e.Name, func() (bool, error) {
		_, ok := p.table.Get(pipelinePrefix + e.Name)
		return !ok, nil
	})
	if err != nil {
		return fault.New(fault.Unavailable, "drop pipeline %q: its jobs are not cancelled yet: %s", e.Name, p.awayOf(e.Name)).
			WithHint("it is gone when they are; drop it again to forget it while they may run on")
	}
	p.take(ctx, e.Name)
	return nil
}

// awayOf is why nothing is known of a pipeline's jobs.
func (p *pipelines) awayOf(name string) string {
	p.mu.Lock()
	one := p.list[name]
	p.mu.Unlock()
	if one == nil || one.flink == nil {
		return ""
	}
	one.flink.mu.Lock()
	defer one.flink.mu.Unlock()
	return one.flink.away
}

// checkFlink asks Flink whether a script is right, before it is taken.
func (p *pipelines) checkFlink(ctx context.Context, one *pipeline) error {
	ctx, cancel := context.WithTimeout(ctx, submitTime)
	defer cancel()
	if _, err := one.flink.client.Check(ctx, one.flink.script); err != nil {
		return fmt.Errorf("pipeline %q: %w", one.Name, err)
	}
	return nil
}
