package store

import (
	"os"
	"slices"

	"millrace/fault"
)

// snapshot is what one reader sees of a measurement: the columns, the rows in memory and the parts at
// one moment. Its parts stay on disk until release.
type snapshot struct {
	name   string
	cols   []Column
	blocks []*block
	parts  []*part
}

// snapshot returns the named measurements as they are at one moment. The caller must release them.
func (s *Store) snapshot(names ...string) ([]*snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fault.New(fault.Unavailable, "the store is closed")
	}
	out := make([]*snapshot, 0, len(names))
	for _, name := range names {
		m := s.measurements[name]
		if m == nil {
			continue // the caller found it a moment ago, and only an Append that was refused takes one back
		}
		snap := &snapshot{name: name, cols: m.cols, parts: m.parts}
		for _, h := range append(slices.Clone(s.frozen), s.head) {
			if r := h.of[name]; r != nil {
				snap.blocks = append(snap.blocks, r.blocks()...)
			}
		}
		for _, p := range m.parts {
			p.pins++
		}
		out = append(out, snap)
	}
	return out, nil
}

// release lets go of the parts of snapshots.
func (s *Store) release(snaps []*snapshot) {
	for _, snap := range snaps {
		s.unpin(snap.parts)
	}
}

// unpin lets go of parts, and unlinks those that are not listed any more.
func (s *Store) unpin(parts []*part) {
	var dead []*part
	s.mu.Lock()
	for _, p := range parts {
		p.pins--
		if p.removed && p.pins == 0 {
			dead = append(dead, p)
		}
	}
	s.mu.Unlock()
	for _, p := range dead {
		s.cache.drop(p.ID)
		s.mu.Lock()
		delete(s.counters.damaged, p.File)
		s.mu.Unlock()
		s.opts.trip("part to be removed")
		if err := os.Remove(p.path); err != nil {
			s.opts.Log.Warn("remove part", "part", p.File, "error", err) // the next start removes it
		}
	}
}
