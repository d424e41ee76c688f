package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"millrace/fault"
)

const (
	// mergeFan is how many parts of a tier become one: fewer rewrite more, more leave more files.
	mergeFan = 8
	// tierRows is where the lowest tier ends; each further one is mergeFan times as large. Up to here
	// parts are rewritten at every merge: that costs nothing, and keeps many small measurements at
	// few files.
	tierRows = 32_768
	// quiet is how long a past day must get no part before what it has is merged into one.
	quiet = 10 * time.Minute
)

// tier is the number of the tier that a part of that many rows is in.
func tier(rows int64) int {
	t := 0
	for limit := int64(tierRows); rows >= limit; limit *= mergeFan {
		t++
	}
	return t
}

// Merge makes one part of several small ones, if there are any to merge, and reports whether it did.
// Run calls it until there are none.
func (s *Store) Merge(ctx context.Context) (bool, error) {
	s.merging.Lock()
	defer s.merging.Unlock()
	from := s.pickMerge()
	if from == nil {
		return false, nil
	}
	defer s.unpin(from)
	began := s.opts.Now()
	err := s.merge(ctx, from)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.mergeTime += s.opts.Now().Sub(began)
	if errors.Is(err, errGone) {
		return true, nil // retention was faster
	}
	if err != nil {
		s.counters.mergeErrors++
		return false, fmt.Errorf("merge %d parts of measurement %q: %w", len(from), from[0].Measurement, err)
	}
	s.counters.merges++
	return true, nil
}

// pickMerge returns parts to merge, pinned, or nil.
func (s *Store) pickMerge() []*part {
	s.mu.Lock()
	defer s.mu.Unlock()
	today := s.opts.Now().UTC().Format("2006-01-02")
	var best []*part
	for _, m := range s.measurements {
		for _, parts := range bySpan(m.parts) { // those here: nothing is fetched to be merged
			if got := s.choose(parts, parts[0].Span < today); len(got) > len(best) {
				best = got
			}
		}
	}
	pin(best)
	return best
}

func bySpan(parts []*part) map[string][]*part {
	out := map[string][]*part{}
	for _, p := range parts {
		if p.local() {
			out[p.Span] = append(out[p.Span], p)
		}
	}
	return out
}

// choose returns which parts of one span should become one.
func (s *Store) choose(parts []*part, past bool) []*part {
	small := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return p.Bytes >= s.opts.MergeBytes })
	slices.SortFunc(small, func(a, b *part) int { return cmp.Compare(a.Rows, b.Rows) })
	for len(small) > 0 {
		n := 0
		for n < len(small) && tier(small[n].Rows) == tier(small[0].Rows) {
			n++
		}
		if n >= mergeFan {
			return s.within(small[:n])
		}
		small = small[n:]
	}
	if past {
		return s.chooseLast(parts)
	}
	return nil
}

// chooseLast merges what a past day has once nothing more comes, as far as no part is rewritten for
// the sake of much smaller ones.
func (s *Store) chooseLast(parts []*part) []*part {
	var newest time.Time
	for _, p := range parts {
		if p.since.After(newest) {
			newest = p.since
		}
	}
	if len(parts) < 2 || s.opts.Now().Sub(newest) < quiet {
		return nil
	}
	small := slices.Clone(parts)
	slices.SortFunc(small, func(a, b *part) int { return cmp.Compare(a.Rows, b.Rows) })
	n, sum := 1, small[0].Rows
	for n < len(small) && small[n].Rows <= mergeFan*sum+tierRows {
		sum += small[n].Rows
		n++
	}
	return s.within(small[:n])
}

// within cuts parts, smallest first, so that the result is not much larger than MergeBytes; nil if
// fewer than two are left.
func (s *Store) within(parts []*part) []*part {
	var bytes int64
	n := 0
	for n < len(parts) && (bytes == 0 || bytes+parts[n].Bytes <= s.opts.MergeBytes) {
		bytes += parts[n].Bytes
		n++
	}
	if n < 2 {
		return nil
	}
	return parts[:n]
}

// merge writes the rows of from as one part and puts it in their place.
func (s *Store) merge(ctx context.Context, from []*part) error {
	var need int64
	for _, p := range from {
		need += p.Bytes
	}
	if err := s.checkSpace(need); err != nil {
		return err
	}
	made, err := s.mergeInto(ctx, from)
	if err != nil {
		return err
	}
	if err := syncDir(filepath.Join(s.dir, partsDir)); err != nil {
		s.discard([]*part{made})
		return err
	}
	return s.replace(from, []*part{made})
}

// checkSpace refuses to start what the disk has no room for.
func (s *Store) checkSpace(need int64) error {
	free, err := freeBytes(s.dir)
	if err != nil {
		return err
	}
	if free < need+64<<20 {
		return fault.New(fault.Limit, "it needs %d bytes and the disk has %d left", need, free)
	}
	return nil
}

func (s *Store) mergeInto(ctx context.Context, from []*part) (*part, error) {
	name := from[0].Measurement
	s.mu.Lock()
	cols := s.measurements[name].cols
	s.mu.Unlock()
	id, path := s.newPartFile(name)
	w, err := newPartWriter(path, cols)
	if err != nil {
		return nil, err
	}
	if err := s.mergeRows(ctx, w, from, cols); err != nil {
		w.abandon()
		return nil, err
	}
	return s.finishPart(w, id, name, from[0].Span)
}

// replace commits that made stand for from, and unlists those. Their files go when the last pin does, the
// caller's at the latest; files that made have as well stay. If one of from is not listed any more, it
// does nothing but remove the new files, and returns errGone.
func (s *Store) replace(from, made []*part) error {
	kept := map[*stored]bool{}
	var rec record
	for _, p := range made {
		rec.Add = append(rec.Add, p.partRecord)
		for _, f := range p.files() {
			kept[f] = true
		}
	}
	old := map[*stored]bool{}
	for _, p := range from {
		rec.Remove = append(rec.Remove, p.ID)
		for _, f := range p.files() {
			old[f] = true
			if f.Object != "" && !kept[f] {
				rec.Drop = append(rec.Drop, f.Object)
			}
		}
	}
	s.mu.Lock()
	m := s.measurements[from[0].Measurement]
	if m.dirty {
		// The part may have columns that the manifest does not know yet.
		rec.Schemas = []tableShape{{m.name, m.cols}}
	}
	s.mu.Unlock()
	s.committing.Lock()
	defer s.committing.Unlock()
	s.mu.Lock()
	gone := slices.ContainsFunc(from, func(p *part) bool { return p.removed })
	s.mu.Unlock()
	err := errGone
	if !gone {
		err = s.commitLocked(rec, func() {
			for _, p := range from {
				unlist(m, p, kept)
			}
			s.list(made)
			if low, changed := forgets(from, made); changed {
				m.touch(low)
			}
			for _, key := range rec.Drop {
				s.garbage[key] = false // true when the last reader is gone
			}
		})
	}
	if err != nil && s.manifest.broken == nil {
		for f := range kept {
			if !old[f] && f.Object == "" {
				_ = os.Remove(f.path) // else the next start removes it
			}
		}
	}
	return err
}

// forgets reports whether made say less than from, and from which time on.
func forgets(from, made []*part) (low int64, changed bool) {
	count := func(parts []*part) (rows int64, rollups int) {
		low = parts[0].From
		for _, p := range parts {
			if low = min(low, p.From); p.raw != nil {
				rows += p.Rows
			}
			rollups += len(p.rollups)
		}
		return rows, rollups
	}
	var rows int64
	var rollups int
	if len(made) > 0 {
		rows, rollups = count(made)
	}
	hadRows, hadRollups := count(from)
	return low, rows < hadRows || rollups < hadRollups
}

// unlist takes p out of the list, and says which of its files are to go. The caller holds mu.
func unlist(m *measurement, p *part, kept map[*stored]bool) {
	m.parts = slices.DeleteFunc(slices.Clone(m.parts), func(q *part) bool { return q == p })
	p.removed = true
	for _, f := range p.files() {
		f.removed = !kept[f]
	}
}
