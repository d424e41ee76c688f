package store

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Storage says where the rows are.
type Storage struct {
	Tiers        []Tier // head, disk, and bucket if there is one or was
	Measurements []MeasurementStorage
	// Cache is of answers, Groups of decoded rows, BucketCache of files of the bucket.
	Cache, Groups, BucketCache CacheStorage
	// Bucket is nil if none is configured.
	Bucket *BucketStorage
}

// Tier is one place where rows are.
type Tier struct {
	Name  string // "head", "disk" or "bucket"
	Rows  int64
	Bytes int64 // of rollups too, which are always on disk
	Parts int
	// From and Upto are the times of the oldest and the newest row; zero if it has none.
	From, Upto time.Time
}

// MeasurementStorage is how a measurement is kept.
type MeasurementStorage struct {
	Name      string
	Rows      int64
	Bytes     int64
	Retention time.Duration // of its rows; 0: for ever
	Rollups   []string      // the resolutions that some of its parts have: "1m", "1h"
}

// CacheStorage is a cache.
type CacheStorage struct {
	Bytes, Limit, Hits, Misses int64
}

// BucketStorage is the bucket.
type BucketStorage struct {
	URL   string // has no secrets
	Error error  // why it cannot be reached; nil if it can
}

// Storage returns how things are now. It asks the bucket, which may take some seconds.
func (s *Store) Storage(ctx context.Context) Storage {
	var out Storage
	out.Cache = s.results.figures()
	s.cache.mu.Lock()
	out.Groups = CacheStorage{s.cache.bytes, s.cache.max, s.cache.hits, s.cache.misses}
	s.cache.mu.Unlock()
	cold := s.cold.figures()
	out.BucketCache = CacheStorage{cold.bytes, s.cold.max, cold.hits, cold.misses}
	if b := s.opts.Bucket; b != nil {
		out.Bucket = &BucketStorage{URL: b.URL(), Error: s.cold.ping(ctx)}
	}
	s.tiers(&out)
	return out
}

// tierTally adds up a tier.
type tierTally struct {
	Tier
	span timeRange
}

func (t *tierTally) add(rows, from, upto int64) {
	if rows > 0 {
		t.Rows += rows
		t.span.include(from, upto)
	}
}

func (s *Store) tiers(out *Storage) {
	none := newAggNotes().gone
	head, disk, bucket := tierTally{Tier{Name: "head"}, none}, tierTally{Tier{Name: "disk"}, none}, tierTally{Tier{Name: "bucket"}, none}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, head.Bytes = s.held()
	for _, name := range slices.Sorted(maps.Keys(s.measurements)) {
		m := s.measurements[name]
		d := s.describe(m)
		kept := MeasurementStorage{Name: name, Rows: d.Rows, Bytes: d.Bytes, Retention: s.opts.RetentionOf(name), Rollups: []string{}}
		has := map[int64]bool{}
		for _, p := range m.parts {
			tier := &disk
			if p.raw != nil && p.raw.Object != "" {
				tier = &bucket
			}
			if p.raw != nil {
				tier.add(p.Rows, p.From, p.Upto)
				tier.Parts++
				tier.Bytes += p.Bytes
			}
			for _, f := range p.rollups {
				disk.Bytes += f.Bytes
				has[f.step] = true
			}
		}
		for _, b := range s.headBlocks(name) {
			head.add(int64(b.rows), b.from, b.upto)
		}
		for _, step := range []int64{minuteStep, hourStep} {
			if has[step] {
				kept.Rollups = append(kept.Rollups, stepName(step))
			}
		}
		out.Measurements = append(out.Measurements, kept)
	}
	for _, t := range []*tierTally{&head, &disk, &bucket} {
		if t.Rows > 0 {
			t.From, t.Upto = instant(t.span.from), instant(t.span.upto)
		}
		if t != &bucket || t.Parts > 0 || s.opts.Bucket != nil {
			out.Tiers = append(out.Tiers, t.Tier)
		}
	}
}

// headBlocks are the rows of a measurement in memory. The caller holds mu.
func (s *Store) headBlocks(name string) []*block {
	var out []*block
	for _, h := range append(slices.Clone(s.frozen), s.head) {
		if r := h.of[name]; r != nil {
			out = append(out, r.blocks()...)
		}
	}
	return out
}

// stepName is the name of a resolution.
func stepName(step int64) string {
	switch step {
	case minuteStep:
		return "1m"
	case hourStep:
		return "1h"
	}
	return ""
}
