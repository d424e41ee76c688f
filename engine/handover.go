package engine

import (
	"context"
	"fmt"
	"time"
)

// AwayHash is the plan hash of the last epoch of a job that somebody else runs now: no run of ours starts from it.
const AwayHash = "away"

// HandOver fences whoever runs a job and gives next its last epoch, nil if there is none. The epoch that next returns is
// committed behind it; with nil, or the same one, nothing is. A job that is exactly once can then write nothing more
// as it was: what it had not committed is aborted.
func HandOver(ctx context.Context, env *Env, spec *Spec, next func(last *Epoch) (*Epoch, error)) (err error) {
	ledger, err := env.OpenLedger(ctx, LedgerOf{Job: spec.Name, ExactlyOnce: exactlyOnce(spec), Every: spec.Settings.Checkpoint})
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
	e, err := next(last)
	if err != nil || e == nil || e == last {
		return err
	}
	e.Job, e.At, e.Number = spec.Name, time.Now().UTC(), 1
	if last != nil {
		e.Number, e.Asked = last.Number+1, last.Asked
	}
	if err := ledger.Commit(ctx, e); err != nil {
		return fmt.Errorf("hand job %s over: %w", spec.Name, err)
	}
	return nil
}

// NoWatermark is the watermark of a split, in milliseconds, that has none yet.
const NoWatermark = startWatermark
