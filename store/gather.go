package store

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// fetchers is how many files one answer fetches at a time.
const fetchers = 4

// gathered is what a query of DuckDB reads.
type gathered struct {
	lost     []missing // by snapshot
	releases []func()
}

func (g *gathered) release() {
	for _, release := range g.releases {
		release()
	}
}

// gather names the files that the snapshots are read from, and fetches those that are in the bucket and may
// have rows of the times that the query asks for.
func (s *Store) gather(ctx context.Context, e *engine, text string, snaps []*snapshot, args []any) (*gathered, error) {
	got := &gathered{lost: make([]missing, len(snaps))}
	far := 0
	for _, snap := range snaps {
		for _, p := range snap.parts {
			if p.local() {
				snap.files = append(snap.files, p.raw)
			} else if p.raw != nil {
				far++
			}
		}
	}
	if far == 0 {
		return got, nil
	}
	probe, err := s.cold.probe()
	if err != nil {
		return nil, err
	}
	ranges, err := e.ranges(ctx, probe, snaps, text, args)
	if err != nil {
		return nil, err
	}
	budget := s.cold.budget(ctx)
	defer budget.end()
	for i, snap := range snaps {
		if err := s.gatherFar(ctx, budget, got, i, snap, ranges[i]); err != nil {
			got.release()
			return nil, err
		}
	}
	return got, nil
}

// gatherFar fetches the files of one snapshot.
func (s *Store) gatherFar(ctx context.Context, budget *budget, got *gathered, i int, snap *snapshot, within timeRange) error {
	var far []*part
	for _, p := range snap.parts {
		if p.raw != nil && !p.local() && p.From <= within.upto && p.Upto >= within.from {
			far = append(far, p)
		}
	}
	releases, errs := make([]func(), len(far)), make([]error, len(far))
	var g errgroup.Group
	g.SetLimit(fetchers)
	for k, p := range far {
		g.Go(func() error {
			releases[k], errs[k] = budget.fetch(p.raw)
			return nil
		})
	}
	_ = g.Wait() // each has an error of its own
	for k, p := range far {
		switch {
		case errs[k] == nil:
			got.releases = append(got.releases, releases[k])
			snap.files = append(snap.files, p.raw)
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			got.lost[i].add(p, errs[k])
		}
	}
	return ctx.Err()
}

// timeRange is a run of time, both ends inclusive.
type timeRange struct{ from, upto int64 }
