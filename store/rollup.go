package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// A rollup is the rows of one part, and of no other, summed up: one row for each series and minute (or
// hour) that has the aggregates of every numeric field. It is made of an immutable part and listed with
// it, so a row is in a rollup once because its part is listed once; see docs/decisions/0008.

// rollupRows is how many rows a part of today must have to be rolled up: scanning fewer is as fast.
const rollupRows = tierRows / 2

// RollUp makes the rollups of one part that has none yet and should, and reports whether it did. Run calls
// it until there is none.
func (s *Store) RollUp(ctx context.Context) (bool, error) {
	return s.rollUpFirst(ctx, func(m *measurement, p *part, today string) bool {
		if p.Rows >= rollupRows || p.Span < today {
			return true
		}
		return s.opts.Bucket != nil && s.opts.BucketAfter > 0 && p.Upto < s.opts.Now().Add(-s.opts.BucketAfter).UnixMicro()
	})
}

// rollUpBefore makes the rollups of all parts of a measurement that are about to lose their rows.
func (s *Store) rollUpBefore(ctx context.Context, name string, before time.Time) error {
	for {
		did, err := s.rollUpFirst(ctx, func(m *measurement, p *part, _ string) bool {
			return m.name == name && p.Upto < before.UnixMicro()
		})
		if err != nil || !did {
			return err
		}
	}
}

// needsRollup reports whether a part has rows here and no rollups of them. The caller holds mu.
func (s *Store) needsRollup(p *part) bool {
	return p.local() && !p.Rolled && len(s.opts.steps()) > 0 && !s.counters.damaged[p.File]
}

// rollUpFirst rolls up the first part that due is true for.
func (s *Store) rollUpFirst(ctx context.Context, due func(m *measurement, p *part, today string) bool) (bool, error) {
	s.merging.Lock() // what is merged meanwhile would be rolled up in vain
	defer s.merging.Unlock()
	s.mu.Lock()
	today := s.opts.Now().UTC().Format("2006-01-02")
	var found *part
	var cols []Column
search:
	for _, m := range s.measurements {
		for _, p := range m.parts {
			if s.needsRollup(p) && due(m, p, today) {
				found, cols = p, m.cols
				pin([]*part{p})
				break search
			}
		}
	}
	s.mu.Unlock()
	if found == nil {
		return false, nil
	}
	defer s.unpin([]*part{found})
	err := s.rollUp(ctx, found, cols)
	s.noteDamage(found.raw, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, errGone) {
		return true, nil
	}
	if err != nil {
		s.counters.rollupErrors++
		return false, fmt.Errorf("roll up part %s: %w", found.File, err)
	}
	s.counters.rollups++
	return true, nil
}

// rollUp writes the rollups of p and puts p with them in its place.
func (s *Store) rollUp(ctx context.Context, p *part, cols []Column) error {
	if err := s.checkSpace(p.Bytes); err != nil {
		return err
	}
	rec := p.partRecord
	rec.Rolled, rec.Rollups = true, nil
	var writers []*rollupWriter
	defer func() {
		for _, w := range writers {
			w.abandon()
		}
	}()
	for _, step := range s.opts.steps() {
		if s.expired(p.Upto, step, s.opts.Now()) {
			continue
		}
		path := filepath.Join(s.dir, partsDir, rollupFile(p.File, step))
		w, err := newRollupWriter(path, step, cols)
		if err != nil {
			return err
		}
		writers = append(writers, w)
	}
	if err := s.rollRows(ctx, p, cols, writers); err != nil {
		return err
	}
	for _, w := range writers {
		made, err := w.finish(p)
		if err != nil {
			return err
		}
		if made != nil {
			rec.Rollups = append(rec.Rollups, *made)
		}
	}
	s.opts.trip("rollup written")
	if err := syncDir(filepath.Join(s.dir, partsDir)); err != nil {
		return err
	}
	made := newPart(s.dir, rec, p)
	made.since = p.since
	for _, f := range made.rollups {
		f.checked.Store(true) // its CRC was made from what was written
	}
	if err := s.replace([]*part{p}, []*part{made}); err != nil {
		return err
	}
	s.opts.trip("part rolled up")
	return nil
}

// rollupFile is the name of the rollup of a part's file.
func rollupFile(file string, step int64) string {
	return strings.TrimSuffix(file, ".parquet") + "." + stepName(step) + ".parquet"
}

// rollRows gives the rows of p to the writers.
func (s *Store) rollRows(ctx context.Context, p *part, cols []Column, writers []*rollupWriter) error {
	if len(writers) == 0 {
		return nil
	}
	in, err := openPart(p.raw)
	if err != nil {
		return err
	}
	defer func() { _ = in.close() }() // only read
	need := rolledColumns(cols)
	for g := range in.groups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := in.read(g, need)
		if err != nil {
			return err
		}
		for _, w := range writers {
			if err := w.add(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// rolledColumns are those of a measurement that a rollup is made of: time, tags, numbers.
func rolledColumns(cols []Column) []Column {
	var out []Column
	for _, c := range cols {
		if c.ID == timeID || c.Tag || numeric(c) {
			out = append(out, c)
		}
	}
	return out
}

// numeric reports whether a column is a field of numbers.
func numeric(c Column) bool { return !c.Tag && (c.Type == Double || c.Type == BigInt) }
