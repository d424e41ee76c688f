package store

import (
	"os"

	"millrace/fault"
	"millrace/internal/failpoint"
)

// snapshot is what one reader sees of a measurement: the columns, the rows in memory and the parts at
// one moment. The files of its parts stay until release.
type snapshot struct {
	name    string
	cols    []Column
	blocks  []*block
	parts   []*part
	version uint64 // of what a query can see; see measurement
	// files are the files with rows that a query of DuckDB reads: those of parts that are here, and
	// those that were fetched for it.
	files []*stored
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
		snap := &snapshot{name: name, cols: m.cols, parts: m.parts, version: m.version}
		snap.blocks = s.headBlocks(name)
		pin(m.parts)
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

// pin keeps the files of parts. The caller holds mu.
func pin(parts []*part) {
	for _, p := range parts {
		for _, f := range p.files() {
			f.pins++
		}
	}
}

// unpin lets go of parts, and removes the files that are not listed any more.
func (s *Store) unpin(parts []*part) {
	var dead []*stored
	s.mu.Lock()
	for _, p := range parts {
		for _, f := range p.files() {
			f.pins--
			if f.removed && f.pins == 0 {
				dead = append(dead, f)
				delete(s.counters.damaged, f.File)
				if _, ok := s.garbage[f.Object]; ok {
					s.garbage[f.Object] = true // the next sweep removes it
				}
			}
		}
	}
	s.mu.Unlock()
	for _, f := range dead {
		s.cache.drop(f.part.ID, f.step)
		if f.Object != "" {
			s.cold.forget(f)
			continue
		}
		s.opts.trip("part to be removed")
		failpoint.Hit("store.part.remove.before")
		if err := os.Remove(f.path); err != nil {
			s.opts.Log.Warn("remove part", "part", f.File, "error", err) // the next start removes it
		}
	}
}
