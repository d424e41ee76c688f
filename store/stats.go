package store

import (
	"maps"
	"slices"
	"time"
)

// counters are what has happened since Open. Store.mu guards them.
type counters struct {
	rowsAppended, rangesSkipped, refused, waits int64
	flushes, flushErrors, merges, mergeErrors   int64
	flushTime, mergeTime                        time.Duration
	rowsTrimmed, filesCollected                 int64
	moves, moveErrors, objectsRemoved           int64
	rollups, rollupErrors                       int64
	queries, queryErrors                        int64
	queryTime                                   time.Duration
	damaged                                     map[string]bool // files that do not check
}

// Stats are the figures of a store: first what it holds, then what has happened since Open.
type Stats struct {
	Measurements int
	Rows         int64 // in parts and head
	Parts        int   // with rows, here and in the bucket
	PartBytes    int64 // of all files, rollups too
	BucketParts  int   // of Parts, those in the bucket
	BucketBytes  int64 // of PartBytes
	Rollups      int   // files
	HeadRows     int64 // not yet in a part
	HeadBytes    int64
	CacheBytes   int64
	// Damaged are the files of parts that do not check. Queries of their measurements fail.
	Damaged []string

	RowsAppended   int64
	RangesSkipped  int64 // replayed ranges that were covered already
	AppendsRefused int64
	AppendWaits    int64 // times that an Append waited because the head was full
	Flushes        int64
	FlushErrors    int64
	FlushTime      time.Duration
	Merges         int64
	MergeErrors    int64
	MergeTime      time.Duration
	RowsTrimmed    int64
	FilesCollected int64 // unlisted files removed at the start
	Moves          int64 // parts put into the bucket
	MoveErrors     int64
	ObjectsRemoved int64 // from the bucket
	RollUps        int64 // parts that got their rollups
	RollUpErrors   int64
	BucketHits     int64 // files wanted that were in the bucket's cache
	BucketMisses   int64
	BucketErrors   int64
	BucketCached   int64 // bytes in that cache
	CacheHits      int64
	CacheMisses    int64
	Queries        int64
	QueryErrors    int64
	QueryTime      time.Duration
}

// Stats returns the figures of now.
func (s *Store) Stats() Stats {
	s.cache.mu.Lock()
	cacheBytes, hits, misses := s.cache.bytes, s.cache.hits, s.cache.misses
	s.cache.mu.Unlock()
	cold := s.cold.figures()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.counters
	st := Stats{
		Moves: c.moves, MoveErrors: c.moveErrors, ObjectsRemoved: c.objectsRemoved, RollUps: c.rollups, RollUpErrors: c.rollupErrors,
		Measurements: len(s.measurements), CacheBytes: cacheBytes, CacheHits: hits, CacheMisses: misses,
		RowsAppended: c.rowsAppended, RangesSkipped: c.rangesSkipped, AppendsRefused: c.refused, AppendWaits: c.waits,
		Flushes: c.flushes, FlushErrors: c.flushErrors, FlushTime: c.flushTime,
		Merges: c.merges, MergeErrors: c.mergeErrors, MergeTime: c.mergeTime,
		RowsTrimmed: c.rowsTrimmed, FilesCollected: c.filesCollected,
		Queries: c.queries, QueryErrors: c.queryErrors, QueryTime: c.queryTime,
	}
	st.Damaged = slices.Sorted(maps.Keys(c.damaged))
	st.BucketHits, st.BucketMisses, st.BucketErrors, st.BucketCached = cold.hits, cold.misses, cold.errors, cold.bytes
	st.HeadRows, st.HeadBytes = s.held()
	st.Rows = st.HeadRows
	for _, m := range s.measurements {
		for _, p := range m.parts {
			st.count(p)
		}
	}
	return st
}

// count adds a part.
func (st *Stats) count(p *part) {
	st.Rollups += len(p.rollups)
	for _, f := range p.files() {
		st.PartBytes += f.Bytes
		if f.Object != "" {
			st.BucketParts++
			st.BucketBytes += f.Bytes
		}
	}
	if p.raw != nil {
		st.Parts++
		st.Rows += p.Rows
	}
}

// Measurement describes a measurement.
type Measurement struct {
	Name   string
	Tags   []string
	Fields []Field
	Rows   int64
	Parts  int
	Bytes  int64 // of its parts and their rollups
	// From and Upto are the times of its oldest and newest row; zero if it has none.
	From, Upto time.Time
}

// Field is a field of a measurement.
type Field struct {
	Name string
	Type Type
}

// Measurements lists what the store holds, by name.
func (s *Store) Measurements() []Measurement {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Measurement, 0, len(s.measurements))
	for _, name := range slices.Sorted(maps.Keys(s.measurements)) {
		out = append(out, s.describe(s.measurements[name]))
	}
	return out
}

// describe sums up a measurement. The caller holds mu.
func (s *Store) describe(m *measurement) Measurement {
	d := Measurement{Name: m.name, Tags: []string{}, Fields: []Field{}}
	for _, c := range m.cols[1:] {
		if c.Tag {
			d.Tags = append(d.Tags, c.Name)
		} else {
			d.Fields = append(d.Fields, Field{c.Name, c.Type})
		}
	}
	var from, upto int64
	widen := func(lo, hi, rows int64) {
		if rows == 0 {
			return
		}
		if d.Rows == 0 {
			from, upto = lo, hi
		}
		from, upto = min(from, lo), max(upto, hi)
		d.Rows += rows
	}
	for _, p := range m.parts {
		for _, f := range p.files() {
			d.Bytes += f.Bytes
		}
		if p.raw != nil {
			d.Parts++
			widen(p.From, p.Upto, p.Rows)
		}
	}
	for _, h := range append(slices.Clone(s.frozen), s.head) {
		r := h.of[m.name]
		if r == nil {
			continue
		}
		for _, b := range r.full {
			widen(b.from, b.upto, int64(b.rows))
		}
		if r.last != nil {
			widen(r.last.from, r.last.upto, int64(r.last.rows))
		}
	}
	if d.Rows > 0 {
		d.From, d.Upto = instant(from), instant(upto)
	}
	return d
}
