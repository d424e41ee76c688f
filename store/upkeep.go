package store

import (
	"context"
	"path"
	"time"
)

// runUpkeep keeps the parts in order until ctx ends: few, rolled up, where they belong, and not longer than
// they should be.
func (s *Store) runUpkeep(ctx context.Context) error {
	tick := time.NewTicker(s.opts.MergeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		steps := []struct {
			what string
			do   func(context.Context) error
		}{
			{"apply retention", s.retain},
			{"merge parts", repeat(s.Merge)},
			{"roll up parts", repeat(s.RollUp)},
			{"move parts to the bucket", repeat(s.Move)},
			{"remove objects from the bucket", s.Sweep},
		}
		for _, step := range steps {
			// One that fails, as the bucket may, does not keep the others.
			if err := step.do(ctx); err != nil && ctx.Err() == nil {
				s.opts.Log.Error(step.what, "error", err)
			}
		}
	}
}

// turns is how often a step is repeated before the others get their turn: where rows come faster than
// their parts are merged, retention is applied all the same.
const turns = 32

// repeat does one thing after another until there is none, or it is the turn of another step.
func repeat(one func(context.Context) (bool, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		for range turns {
			if did, err := one(ctx); !did || err != nil || ctx.Err() != nil {
				return err
			}
		}
		return nil
	}
}

// RetentionOf says how long rows of a measurement are kept; 0 is for ever.
func (o *Options) RetentionOf(measurement string) time.Duration {
	if keep, ok := o.Retention[measurement]; ok {
		return keep
	}
	best, keep := "", o.Retention[""]
	for pattern, d := range o.Retention {
		if ok, err := path.Match(pattern, measurement); err != nil || !ok {
			continue // what is no pattern fits nothing
		}
		if len(pattern) > len(best) || len(pattern) == len(best) && pattern < best {
			best, keep = pattern, d
		}
	}
	return keep
}

// Resolutions of rollups.
const (
	minuteStep = 60 * microsPerSecond
	hourStep   = 3600 * microsPerSecond
)

// steps are the resolutions that are kept, the finest first.
func (o *Options) steps() []int64 {
	var out []int64
	for _, step := range []int64{minuteStep, hourStep} {
		if o.keepRollup(step) >= 0 {
			out = append(out, step)
		}
	}
	return out
}

// keepRollup says how long rollups of a resolution are kept; negative: there are none.
func (o *Options) keepRollup(step int64) time.Duration {
	if keep, ok := o.RollupRetention[time.Duration(step)*time.Microsecond]; ok {
		if keep == 0 {
			return forEver
		}
		return keep
	}
	if step == minuteStep {
		return 90 * 24 * time.Hour
	}
	return 5 * 365 * 24 * time.Hour
}

// forEver is longer than anything is kept.
const forEver = 1<<63 - 1
