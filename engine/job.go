package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"millrace/bus"
	"millrace/engine/state"
	"millrace/fault"
)

// Job runs one Spec until it finishes, is stopped, or fails for a reason that trying again cannot
// mend. Run is called once; Status may be called from any goroutine at any time.
type Job struct {
	env   *Env
	spec  Spec
	stats counters
	log   *slog.Logger
	hunt  hunt // for a record that the job fails at
	// hunting: the last life has failed at a record, or may have.
	hunting bool
	asks    chan ask // for savepoints; taken by the run at hand
}

// NewJob returns a job that does not run yet.
func NewJob(env *Env, spec Spec) *Job {
	j := &Job{env: env, spec: spec, log: env.Log.With("logger", "engine", "job", spec.Name), asks: make(chan ask)}
	if j.spec.Settings.Zone == nil {
		j.spec.Settings.Zone = time.UTC
	}
	j.stats.state = Starting
	return j
}

// Status returns what the job shows of itself now.
func (j *Job) Status() Status { return j.stats.status(j.spec.Name) }

// Run runs the job. It returns nil when the job has finished or ctx has ended, and the reason
// otherwise. A panic of a task, a dependency that is away, a lost transaction: all restart the job
// from its last committed epoch. A bad request (fault.Invalid, Conflict, …) or damaged state does not.
func (j *Job) Run(ctx context.Context) error {
	waits := backoff{RestartStrategy: j.spec.Settings.Restarts}
	for {
		began := time.Now()
		j.hunting = false
		err := j.once(ctx)
		switch {
		case err == nil:
			j.stats.setState(Finished, nil)
			j.log.Info("job finished")
			return nil
		case ctx.Err() != nil:
			j.stats.setState(Paused, nil)
			return nil
		case errors.Is(err, errNewSplits):
			j.log.Info("job restarts to read new splits")
			continue
		case errors.Is(err, errCareful):
			j.log.Info("job goes on at full speed: the record that it failed at is in the dead letters")
			continue
		case j.hunting:
			j.stats.restarts.Add(1)
			j.stats.setState(Restarting, err)
			j.log.Warn("job restarts to find the record that it fails at", "error", err, "batch", j.hunt.limit)
			continue
		case final(err):
			j.stats.setState(Failed, err)
			j.log.Error("job failed", "error", err)
			return err
		}
		wait, again := waits.next(time.Since(began))
		if !again {
			j.stats.setState(Failed, err)
			j.log.Error("job failed: its restart strategy allows no other try", "error", err)
			return err
		}
		j.stats.restarts.Add(1)
		j.stats.setState(Restarting, err)
		j.log.Warn("job restarts", "error", err, "wait", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			j.stats.setState(Paused, nil)
			return nil
		}
	}
}

// RunOnce runs the job without trying again: for scripts, where whatever breaks is the user's to see.
func (j *Job) RunOnce(ctx context.Context) error { return j.once(ctx) }

// final reports whether trying again cannot help.
func final(err error) bool {
	if errors.Is(err, bus.ErrFenced) {
		// By its own timeout after a pause as likely as by another owner.
		return false
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.Corrupt:
		return true
	}
	return false
}

// once opens the ledger and lives one run.
func (j *Job) once(ctx context.Context) (err error) {
	ledger, err := j.env.OpenLedger(ctx, LedgerOf{Job: j.spec.Name, ExactlyOnce: exactlyOnce(&j.spec), Every: j.spec.Settings.Checkpoint})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := ledger.Close(); err == nil {
			err = closeErr
		}
	}()
	last, err := ledger.Last(ctx)
	if err != nil {
		return err
	}
	if last, err = j.begin(ctx, ledger, last); err != nil {
		return err
	}
	finished := last != nil && last.Finished && last.PlanHash == j.spec.Hash
	if finished && len(last.Staged) == 0 {
		return nil
	}
	j.stats.begin()
	r := &run{env: j.env, spec: &j.spec, ledger: ledger, stats: &j.stats, wrote: j.stats.written(), read: j.stats.rowsIn.Load(), asks: j.asks}
	if j.hunt.limit > 0 {
		r.careful = &careful{hunt: &j.hunt, ask: make(chan chan error)}
	}
	defer func() { j.hunting = err != nil && ctx.Err() == nil && j.spec.Poison && j.hunt.failed(err, r) }()
	if j.env.Snapshots != nil {
		r.snapshots = j.env.Snapshots(j.spec.Name)
		r.chain = state.NewChain(r.snapshots, j.env.Chains)
	}
	defer func() {
		if closeErr := r.close(); err == nil {
			err = closeErr
		}
	}()
	if finished {
		// All is written, but maybe not all published: the crash may have come between.
		return r.start(ctx, last)
	}
	return r.live(ctx, last)
}
