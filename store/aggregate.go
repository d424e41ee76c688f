package store

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Aggregate answers q over all rows, wherever they are, each counted once. It reads rollups instead of rows
// where they give the same answer, and rows where they do not. What it knows of times in which nothing
// has changed since it was asked last it does not read again.
func (s *Store) Aggregate(ctx context.Context, q AggregateQuery) (*Aggregated, error) {
	out, err := s.aggregate(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("aggregate %q: %w", q.Measurement, err)
	}
	return out, nil
}

func (s *Store) aggregate(ctx context.Context, q AggregateQuery) (*Aggregated, error) {
	snap, err := s.find(q.Measurement)
	if err != nil {
		return nil, err
	}
	defer s.release([]*snapshot{snap})
	p, err := s.planAggregate(snap, q)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("a%s %v %d %d %d", p.text, p.group, p.from, p.upto, p.limit)
	if kept := s.results.get(s, key); kept != nil {
		return kept.(*Aggregated), nil
	}
	notes := newAggNotes()
	table := newAggTable(p)
	if err := s.fillTable(ctx, table, snap, notes); err != nil {
		return nil, err
	}
	out := table.answer()
	notes.tell(p, out)
	if !out.Partial {
		s.results.put(key, out, int64(len(out.Series)*(p.n*8+200)+24*p.n), dependence{p.name, snap.version, p.upto + 1})
	}
	return out, nil
}

// chunkIntervals is how many intervals are kept together for the next time.
const chunkIntervals = 32

// fillTable fills the table, with what was kept from before as far as nothing changed in it.
func (s *Store) fillTable(ctx context.Context, t *aggTable, snap *snapshot, notes *aggNotes) error {
	p := t.p
	if p.agg.sampled() {
		return s.readRanges(ctx, t, snap, []timeRange{{p.from, p.upto}}, notes)
	}
	size := p.step * chunkIntervals
	first, end := -floorDiv(-p.from, size), floorDiv(p.upto+1, size)
	if first >= end || end-first > 4096 {
		return s.readRanges(ctx, t, snap, []timeRange{{p.from, p.upto}}, notes)
	}
	key := func(k int64) string { return fmt.Sprintf("c%s %d", p.text, k) }
	todo := []timeRange{{p.from, first*size - 1}}
	var fresh []int64
	var hits []*aggTable
	var at []int
	for k := first; k < end; k++ {
		if kept := s.results.get(s, key(k)); kept != nil {
			hits = append(hits, kept.(*aggTable))
			at = append(at, int((k*size-p.origin)/p.step))
			continue
		}
		fresh = append(fresh, k)
		todo = appendRange(todo, timeRange{k * size, (k+1)*size - 1})
	}
	todo = appendRange(todo, timeRange{end * size, p.upto})
	todo = slices.DeleteFunc(todo, timeRange.empty)
	before := *notes
	if err := s.readRanges(ctx, t, snap, todo, notes); err != nil {
		return err
	}
	if notes.whole() {
		for _, k := range fresh {
			chunk := t.cut(int((k*size-p.origin)/p.step), chunkIntervals)
			chunk.p.coarse = max(before.coarse, notes.coarse)
			s.results.put(key(k), chunk, int64(chunk.held*32+chunk.series.len()*100), dependence{p.name, snap.version, (k + 1) * size})
		}
	}
	for i, hit := range hits {
		if err := t.take(hit, at[i]); err != nil {
			return err
		}
		notes.coarse = max(notes.coarse, hit.p.coarse)
	}
	return nil
}

// appendRange adds a range that is not before the others, and makes one of two that touch.
func appendRange(ranges []timeRange, r timeRange) []timeRange {
	if last := &ranges[len(ranges)-1]; !last.empty() && last.upto+1 == r.from {
		last.upto = r.upto
		return ranges
	}
	return append(ranges, r)
}

// readRanges reads the rows in ranges, on as many cores as it may.
func (s *Store) readRanges(ctx context.Context, t *aggTable, snap *snapshot, ranges []timeRange, notes *aggNotes) error {
	tasks := t.p.tasks(snap, ranges, notes)
	workers := min(s.opts.QueryThreads, runtime.GOMAXPROCS(0), len(tasks))
	budget := s.cold.budget(ctx)
	defer budget.end()
	var next atomic.Int64
	var joining sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	for range workers {
		g.Go(func() error {
			mine := newAggTable(t.p)
			var lost missing
			for gctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(tasks) {
					break
				}
				if err := s.runTask(gctx, mine, &tasks[i], budget, &lost); err != nil {
					return err
				}
			}
			joining.Lock()
			defer joining.Unlock()
			notes.lost.join(lost)
			return t.take(mine, 0)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// runTask reads one task into t.
func (s *Store) runTask(ctx context.Context, t *aggTable, task *aggTask, budget *budget, lost *missing) error {
	if task.block != nil {
		return t.scan(task.block, 0, task.ranges)
	}
	release, err := budget.fetch(task.file)
	if err != nil {
		if excusable(ctx, task.file) {
			lost.add(task.part, err)
			return nil
		}
		return err
	}
	defer release()
	cols := t.p.columns()
	if task.file.step != 0 {
		cols = t.p.rollupColumns()
	}
	return s.eachGroup(ctx, task, cols, func(b *block) error { return t.scan(b, task.file.step, task.ranges) })
}

// eachGroup gives the row groups of a task's file that may have rows of its times, with the given columns.
func (s *Store) eachGroup(ctx context.Context, task *aggTask, cols []Column, do func(*block) error) error {
	hull := timeRange{math.MaxInt64, math.MinInt64}
	for _, r := range task.ranges {
		hull.include(r.from, r.upto)
	}
	f := task.file
	var in *partReader
	defer func() {
		if in != nil {
			_ = in.close() // only read
		}
	}()
	groups := int((f.Rows + groupRows - 1) / groupRows)
	for g := 0; g < groups; g++ { // groups is what the file says as soon as it is open
		if err := ctx.Err(); err != nil {
			return err
		}
		key := groupKey{task.part.ID, f.step, g}
		if b := s.cache.get(key, cols); b != nil {
			if err := do(b); err != nil {
				return err
			}
			continue
		}
		if in == nil {
			var err error
			if in, err = openPart(f); err != nil {
				return err
			}
			groups = in.groups()
		}
		if from, upto := in.span(g); from > hull.upto || upto < hull.from {
			continue
		}
		b, err := s.readGroup(in, key, cols)
		if err != nil {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
	}
	return nil
}

// readGroup reads the columns of a row group that are not in the cache, and puts all into it.
func (s *Store) readGroup(in *partReader, key groupKey, cols []Column) (*block, error) {
	kept, need := s.cache.lacks(key, cols)
	b, err := in.read(key.group, need)
	if err != nil {
		return nil, err
	}
	if kept != nil {
		b = kept.with(b)
	}
	s.cache.put(key, b, cols)
	return b, nil
}
