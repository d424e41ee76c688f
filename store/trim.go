package store

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// freeBytes is how much room the disk of dir has for us.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// Trim forgets the parts of a measurement whose rows are all older than before, and returns how many
// rows those were. A part that reaches beyond stays whole, and so do rows in the head.
func (s *Store) Trim(measurement string, before time.Time) (rows int64, err error) {
	s.mu.Lock()
	var old []*part
	if m := s.measurements[measurement]; m != nil {
		for _, p := range m.parts {
			if p.Upto < before.UnixMicro() {
				p.pins++
				old = append(old, p)
				rows += p.Rows
			}
		}
	}
	s.mu.Unlock()
	if len(old) == 0 {
		return 0, nil
	}
	defer s.unpin(old)
	err = s.replace(old, nil)
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

// retain applies Options.Retention.
func (s *Store) retain() error {
	if len(s.opts.Retention) == 0 {
		return nil
	}
	s.mu.Lock()
	var names []string
	for name := range s.measurements {
		names = append(names, name)
	}
	s.mu.Unlock()
	now := s.opts.Now()
	for _, name := range names {
		keep, ok := s.opts.Retention[name]
		if !ok {
			keep = s.opts.Retention[""]
		}
		if keep <= 0 {
			continue
		}
		if _, err := s.Trim(name, now.Add(-keep)); err != nil {
			return err
		}
	}
	return nil
}
