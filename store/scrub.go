package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"millrace/fault"
)

const (
	// scrubRate is how many bytes are checked a second: little for a disk, and 8 TB a day.
	scrubRate = 100 << 20
	// scrubEvery is how often every part is checked again.
	scrubEvery = 24 * time.Hour
)

// runScrub compares all parts with their CRCs, the newest first: once after the start, so that queries
// need not wait for it and damage is known before someone asks, and then once a day.
func (s *Store) runScrub(ctx context.Context) error {
	for again := false; ; again = true {
		s.scrub(ctx, again)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(scrubEvery):
		}
	}
}

func (s *Store) scrub(ctx context.Context, again bool) {
	for _, p := range s.listed() {
		s.scrubPart(p, again)
		var bytes int64
		for _, f := range p.files() {
			bytes += f.Bytes
		}
		pause := time.Duration(float64(bytes) / scrubRate * float64(time.Second))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// listed returns all parts, the newest first. They are not pinned: a round takes long.
func (s *Store) listed() []*part {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*part
	for _, m := range s.measurements {
		all = append(all, m.parts...)
	}
	slices.SortFunc(all, func(a, b *part) int { return cmp.Compare(b.Upto, a.Upto) })
	return all
}

// scrubPart checks the files of a part that are here. Those in the bucket are checked when they were put
// there, and whenever they are fetched.
func (s *Store) scrubPart(p *part, again bool) {
	s.mu.Lock()
	gone := p.removed
	if !gone {
		pin([]*part{p})
	}
	s.mu.Unlock()
	if gone {
		return
	}
	defer s.unpin([]*part{p})
	for _, f := range p.files() {
		if f.Object == "" {
			s.scrubFile(f, again)
		}
	}
}

func (s *Store) scrubFile(f *stored, again bool) {
	check := f.check
	if again {
		check = f.verify
	}
	err := check()
	if err == nil {
		return
	}
	s.opts.Log.Error("check part", "part", f.File, "measurement", f.part.Measurement, "error", err)
	s.noteDamage(f, err)
}

// noteDamage remembers a file that does not check.
func (s *Store) noteDamage(f *stored, err error) {
	if !errors.Is(err, fault.Corrupt) {
		return
	}
	f.checked.Store(false) // queries refuse it from here on
	s.mu.Lock()
	s.counters.damaged[f.File] = true
	if m := s.measurements[f.part.Measurement]; m != nil {
		m.touch(f.part.From) // answers that were kept would hide it
	}
	s.mu.Unlock()
}

// Ready tells what is wrong with the store, if anything is: the last flush failed, or parts are damaged.
// Reading and appending may go on all the same.
func (s *Store) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return fault.New(fault.Unavailable, "the store is closed")
	case s.flushErr != nil:
		return fault.New(fault.Unavailable, "the last flush failed: %w", s.flushErr)
	case len(s.counters.damaged) > 0:
		files := slices.Sorted(maps.Keys(s.counters.damaged))
		return fault.New(fault.Corrupt, "%d parts are damaged, the first is %q", len(files), files[0])
	}
	return nil
}
