package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/fault"
)

// fullAt is how many times FlushRows or FlushBytes the head may hold before Append waits.
const fullAt = 4

// flushWriters is how many parts are written at a time: most of the time of a small one is fsync.
const flushWriters = 4

// held is what the head and the frozen heads hold. The caller holds mu.
func (s *Store) held() (rows, bytes int64) {
	rows, bytes = s.head.rows, s.head.bytes
	for _, h := range s.frozen {
		rows, bytes = rows+h.rows, bytes+h.bytes
	}
	return rows, bytes
}

// signalIfDue asks Run for a flush. The caller holds mu.
func (s *Store) signalIfDue() {
	if s.head.rows >= s.opts.FlushRows || s.head.bytes >= s.opts.FlushBytes {
		s.askForFlush()
	}
}

func (s *Store) askForFlush() {
	select {
	case s.due <- struct{}{}:
	default: // asked already
	}
}

// waitForRoom blocks while the head is full. If flushing fails it says so instead.
func (s *Store) waitForRoom(ctx context.Context) error {
	for {
		s.mu.Lock()
		rows, bytes := s.held()
		full := rows >= fullAt*s.opts.FlushRows || bytes >= fullAt*s.opts.FlushBytes
		roomy, flushErr := s.roomy, s.flushErr
		if full {
			s.counters.waits++
		}
		s.mu.Unlock()
		switch {
		case !full:
			return nil
		case flushErr != nil:
			s.askForFlush()
			return fault.New(fault.Unavailable, "the head is full and was not flushed: %w", flushErr)
		}
		s.askForFlush()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-roomy:
		}
	}
}

// Flush makes everything appended before it durable. Run calls it; so may tests and a clean stop.
func (s *Store) Flush(ctx context.Context) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	began := s.opts.Now()
	heads := s.freeze()
	if len(heads) == 0 {
		return nil
	}
	err := s.flush(ctx, heads)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushErr = err
	s.counters.flushes++
	s.counters.flushTime += s.opts.Now().Sub(began)
	close(s.roomy)
	s.roomy = make(chan struct{})
	if err != nil {
		s.counters.flushErrors++
		return fmt.Errorf("flush store: %w", err)
	}
	return nil
}

// freeze puts an empty head in place and returns all that are to be flushed: more than one if an
// earlier flush failed.
func (s *Store) freeze() []*head {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.head.empty() {
		s.frozen = append(s.frozen, s.head)
		s.head = newHead()
	}
	return slices.Clone(s.frozen)
}

// pending is the rows of one measurement to be written, with its columns.
type pending struct {
	measurement string
	cols        []Column
	blocks      []*block
}

// flush writes the rows of heads as parts, commits them together with their offsets, and takes the
// heads out: a reader sees the rows in the heads before, in the parts after, never in both.
func (s *Store) flush(ctx context.Context, heads []*head) error {
	todo, rec := s.prepare(heads)
	shapes := map[string][]Column{}
	for _, p := range todo {
		shapes[p.measurement] = p.cols
	}
	made := make([][]*part, len(todo))
	warm := make([][]*block, len(todo))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(flushWriters)
	for i, p := range todo {
		g.Go(func() (err error) {
			if gctx.Err() != nil {
				return gctx.Err()
			}
			made[i], warm[i], err = s.writeParts(p)
			return err
		})
	}
	err := g.Wait()
	parts := slices.Concat(made...)
	if err == nil && len(parts) > 0 {
		err = syncDir(filepath.Join(s.dir, partsDir))
	}
	if err != nil {
		s.discard(parts)
		return err
	}
	for _, p := range parts {
		rec.Add = append(rec.Add, p.partRecord)
	}
	err = s.commit(rec, func() {
		s.list(parts)
		for _, c := range rec.Covered {
			s.durable[partition{c.Topic, c.Partition}] = c.Upto
		}
		s.frozen = s.frozen[len(heads):]
	})
	if err != nil {
		if s.brokenManifest() == nil {
			s.discard(parts)
		} // else the record may be on disk after all: the next start decides
		return err
	}
	for i, b := range slices.Concat(warm...) {
		s.cache.put(groupKey{parts[i].ID, 0, 0}, b, shapes[parts[i].Measurement])
	}
	return nil
}

// prepare gathers what is to be written, and the record without its parts.
func (s *Store) prepare(heads []*head) (todo []pending, rec record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blocks := map[string][]*block{}
	covers := map[partition]int64{}
	for _, h := range heads {
		for name, r := range h.of {
			blocks[name] = append(blocks[name], r.blocks()...)
		}
		maps.Copy(covers, h.covers)
	}
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		m := s.measurements[name]
		todo = append(todo, pending{name, m.cols, blocks[name]})
		if m.dirty {
			rec.Schemas = append(rec.Schemas, tableShape{name, m.cols})
		}
	}
	for key, upto := range covers {
		rec.Covered = append(rec.Covered, coverage{key.topic, key.index, upto})
	}
	return todo, rec
}

// writeParts writes the rows of one measurement, a part for each span of time. The blocks it returns
// are those rows, one for each part that is a single row group, else nil.
func (s *Store) writeParts(p pending) (parts []*part, warm []*block, err error) {
	a := newAssembler(p.cols)
	for _, b := range p.blocks {
		a.add(b, 0, b.rows)
	}
	all := sorted(a.take(), p.cols)
	if all.rows == 0 {
		return nil, nil, nil
	}
	for _, sp := range spans(all.times()) {
		made, err := s.writePart(p, sp, all)
		if err != nil {
			s.discard(parts)
			return nil, nil, err
		}
		parts = append(parts, made)
		warm = append(warm, whole(all, sp))
	}
	return parts, warm, nil
}

// whole returns b if span sp is all of it and fits a row group: then it is what a reader would decode.
func whole(b *block, sp span) *block {
	if sp.from == 0 && sp.upto == b.rows && b.rows <= groupRows {
		return b
	}
	return nil
}

func (s *Store) writePart(p pending, sp span, all *block) (*part, error) {
	id, path := s.newPartFile(p.measurement)
	w, err := newPartWriter(path, p.cols)
	if err != nil {
		return nil, err
	}
	if err := w.write(all, sp.from, sp.upto); err != nil {
		w.abandon()
		return nil, err
	}
	return s.finishPart(w, id, p.measurement, sp.name)
}

func (s *Store) newPartFile(measurement string) (id uint64, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id = s.nextPart
	s.nextPart++
	return id, filepath.Join(s.dir, partsDir, partFile(id, measurement))
}

func (s *Store) finishPart(w *partWriter, id uint64, measurement, span string) (*part, error) {
	rec, err := w.finish(id, measurement, span)
	if err != nil {
		return nil, err
	}
	made := newPart(s.dir, rec, nil)
	made.raw.checked.Store(true) // its CRC was made from what was written
	s.opts.trip("part renamed")
	return made, nil
}

// discard removes parts that were not committed.
func (s *Store) discard(parts []*part) {
	for _, p := range parts {
		for _, f := range p.files() {
			_ = os.Remove(f.path) // else the next start removes it
		}
	}
}

// commit appends rec to the manifest and, if that is durable, makes its change in memory under mu.
func (s *Store) commit(rec record, apply func()) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	return s.commitLocked(rec, apply)
}

// commitLocked is commit for a caller that holds committing.
func (s *Store) commitLocked(rec record, apply func()) error {
	s.opts.trip("parts synced")
	if err := s.manifest.append(rec); err != nil {
		return err
	}
	s.opts.trip("manifest appended")
	s.mu.Lock()
	for _, t := range rec.Schemas {
		if m := s.measurements[t.Measurement]; same(m.cols, t.Columns) {
			m.dirty = false
		}
	}
	apply()
	s.mu.Unlock()
	s.rewriteIfLong()
	return nil
}

// list adds parts to their measurements. The caller holds mu.
func (s *Store) list(parts []*part) {
	for _, p := range parts {
		m := s.measurements[p.Measurement]
		if p.since.IsZero() {
			p.since = s.opts.Now()
		}
		m.parts = append(m.parts[:len(m.parts):len(m.parts)], p)
		for _, f := range p.files() {
			delete(s.garbage, f.Object)
		}
	}
}

// rewriteAt is the size from which a manifest that is mostly history is written anew.
const rewriteAt = 1 << 20

// rewriteIfLong rewrites a manifest that has grown to many times what it says. The caller holds
// committing. It is housekeeping: the commit before it stands whatever happens here.
func (s *Store) rewriteIfLong() {
	s.mu.Lock()
	live := 0
	for _, m := range s.measurements {
		live += 500*len(m.parts) + 60*len(m.cols)
	}
	s.mu.Unlock()
	if s.manifest.size < rewriteAt || s.manifest.size < int64(8*live) {
		return
	}
	if err := s.rewriteManifest(); err != nil {
		s.opts.Log.Error("rewrite manifest", "error", err)
	}
}

// rewriteManifest replaces the manifest by one record of what is now.
func (s *Store) rewriteManifest() error {
	s.mu.Lock()
	rec := record{Fresh: true, Store: s.id, Drop: slices.Sorted(maps.Keys(s.garbage))}
	for _, name := range slices.Sorted(maps.Keys(s.measurements)) {
		m := s.measurements[name]
		if m.dirty && len(m.parts) == 0 {
			continue // only in the head: its first flush lists it
		}
		rec.Schemas = append(rec.Schemas, tableShape{name, m.cols})
		for _, p := range m.parts {
			rec.Add = append(rec.Add, p.partRecord)
		}
	}
	for key, upto := range s.durable {
		rec.Covered = append(rec.Covered, coverage{key.topic, key.index, upto})
	}
	s.mu.Unlock()
	s.opts.trip("manifest to be rewritten")
	err := s.manifest.rewrite(rec)
	s.opts.trip("manifest rewritten")
	return err
}

// Forget makes the offsets of a topic count from nothing again, for one that was deleted and created
// anew. Its rows stay.
func (s *Store) Forget(ctx context.Context, topic string) error {
	if err := s.Flush(ctx); err != nil {
		return fmt.Errorf("forget topic %s: %w", topic, err)
	}
	err := s.commit(record{Forget: []string{topic}}, func() {
		forget(s.durable, topic)
		forget(s.accepted, topic)
		forget(s.head.covers, topic)
	})
	if err != nil {
		return fmt.Errorf("forget topic %s: %w", topic, err)
	}
	return nil
}

// span is a run of rows that goes into one part.
type span struct {
	name       string
	from, upto int
}

// maxSpans is how many parts one flush makes of a measurement at most. History that comes in order
// stays below it; rows that jump over years are kept in coarser spans instead of a file for each day.
const maxSpans = 16

// spans cuts sorted times by day; by month, by year or not at all if that makes too many.
func spans(times []int64) []span {
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if out := cut(times, layout); out != nil {
			return out
		}
	}
	return []span{{"", 0, len(times)}}
}

func cut(times []int64, layout string) []span {
	var out []span
	for from := 0; from < len(times); {
		if len(out) == maxSpans {
			return nil
		}
		first := instant(times[from])
		end := nextSpan(first, layout).UnixMicro()
		n, _ := slices.BinarySearch(times[from:], end)
		out = append(out, span{first.Format(layout), from, from + n})
		from += n
	}
	return out
}

func nextSpan(t time.Time, layout string) time.Time {
	switch layout {
	case "2006-01-02":
		return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
	case "2006-01":
		return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
}

var errGone = errors.New("a part is not listed any more")
