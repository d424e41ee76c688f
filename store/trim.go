package store

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"millrace/fault"
)

// freeBytes is how much room the disk of dir has for us.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// Trim forgets the rows of the parts of a measurement whose rows are all older than before, wherever they
// are, and returns how many those were. A part that reaches beyond stays whole, and so do rows in the
// head. Rollups are kept by their own retention, see Options.
func (s *Store) Trim(measurement string, before time.Time) (rows int64, err error) {
	old := s.pickOld(measurement, before)
	if len(old) == 0 {
		return 0, nil
	}
	defer s.unpin(old)
	var from, made []*part
	now := s.opts.Now()
	for _, p := range old {
		left := s.leftOf(p, p.Upto < before.UnixMicro(), now)
		if left == nil && p.raw != nil || left != nil && left.Trimmed && !p.Trimmed {
			rows += p.Rows
		}
		from = append(from, p)
		if left != nil {
			made = append(made, newPart(s.dir, *left, p))
		}
	}
	err = s.replace(from, made)
	if errors.Is(err, errGone) {
		return 0, nil // a merge took some of them; the next round sees its result
	}
	if err != nil {
		return 0, fmt.Errorf("trim measurement %q: %w", measurement, err)
	}
	s.mu.Lock()
	s.counters.rowsTrimmed += rows
	s.mu.Unlock()
	return rows, nil
}

// pickOld returns the parts that have something to be forgotten, pinned.
func (s *Store) pickOld(measurement string, before time.Time) []*part {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.measurements[measurement]
	if m == nil {
		return nil
	}
	now := s.opts.Now()
	var old []*part
	for _, p := range m.parts {
		left := s.leftOf(p, p.Upto < before.UnixMicro(), now)
		if left == nil || left.Trimmed != p.Trimmed || len(left.Rollups) != len(p.Rollups) {
			old = append(old, p)
		}
	}
	pin(old)
	return old
}

// leftOf returns what is left of a part without its rows, if those are to go, and without the rollups that
// are too old; nil if nothing is.
func (s *Store) leftOf(p *part, noRows bool, now time.Time) *partRecord {
	left := p.partRecord
	left.Rollups = nil
	for _, r := range p.Rollups {
		if !s.expired(p.Upto, r.Step*microsPerSecond, now) {
			left.Rollups = append(left.Rollups, r)
		}
	}
	if noRows && !p.Trimmed {
		left.Trimmed, left.fileRecord = true, fileRecord{}
	}
	if left.Trimmed && len(left.Rollups) == 0 {
		return nil
	}
	return &left
}

// expired reports whether rollups of rows up to a time are not kept any more.
func (s *Store) expired(upto, step int64, now time.Time) bool {
	keep := s.opts.keepRollup(step)
	return keep != forEver && upto < now.Add(-keep).UnixMicro()
}

// retain applies the retention of rows and of rollups.
func (s *Store) retain(ctx context.Context) error {
	s.mu.Lock()
	var names []string
	for name := range s.measurements {
		names = append(names, name)
	}
	s.mu.Unlock()
	now := s.opts.Now()
	for _, name := range names {
		var before time.Time // nothing is older
		if keep := s.opts.RetentionOf(name); keep > 0 {
			before = now.Add(-keep)
			switch err := s.rollUpBefore(ctx, name, before); {
			case errors.Is(err, fault.Limit), errors.Is(err, fault.Corrupt):
				// The disk is full, or the part is damaged: its rows go all the same.
				s.opts.Log.Warn("rows go without being rolled up", "measurement", name, "error", err)
			case err != nil:
				return err
			}
		}
		if _, err := s.Trim(name, before); err != nil {
			return err
		}
	}
	return nil
}
