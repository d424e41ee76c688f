package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// Tags are the values that tags have.
type Tags struct {
	// Values are sorted, by the name of the tag; a tag without any in the range is there too.
	Values map[string][]string
	// Truncated names the tags that have more.
	Truncated map[string]bool
	// Partial means that rows are missing which are in the bucket; Warnings say which.
	Partial  bool
	Warnings []string
}

// TagValues returns the values that the tags of a measurement have in rows between from (inclusive) and upto
// (exclusive), to the hour where it reads rollups; zero means unbounded. limit is how many values of a tag
// to return at most; 0 means 1000.
func (s *Store) TagValues(ctx context.Context, measurement string, from, upto time.Time, limit int) (*Tags, error) {
	out, err := s.tagValues(ctx, measurement, from, upto, limit)
	if err != nil {
		return nil, fmt.Errorf("tags of %q: %w", measurement, err)
	}
	return out, nil
}

func (s *Store) tagValues(ctx context.Context, measurement string, from, upto time.Time, limit int) (*Tags, error) {
	snap, err := s.find(measurement)
	if err != nil {
		return nil, err
	}
	defer s.release([]*snapshot{snap})
	if limit <= 0 {
		limit = 1000
	}
	r := timeRange{math.MinInt64, math.MaxInt64}
	if !from.IsZero() {
		r.from = ceilMicro(from)
	}
	if !upto.IsZero() {
		r.upto = ceilMicro(upto) - 1
	}
	c := tagCollector{seen: map[int]map[string]bool{}}
	cols := []Column{timeColumn()}
	for _, col := range snap.cols {
		if col.Tag {
			c.tags = append(c.tags, col)
			c.seen[col.ID] = map[string]bool{}
			cols = append(cols, col)
		}
	}
	var lost missing
	if len(c.tags) > 0 {
		if err := s.collectTags(ctx, &c, snap, cols, r, &lost); err != nil {
			return nil, err
		}
	}
	out := c.answer(limit)
	lost.warn(measurement, &out.Partial, &out.Warnings)
	return out, nil
}

func (s *Store) collectTags(ctx context.Context, c *tagCollector, snap *snapshot, cols []Column, r timeRange, lost *missing) error {
	for _, b := range snap.blocks {
		c.add(b, r)
	}
	budget := s.cold.budget(ctx)
	defer budget.end()
	for _, p := range snap.parts {
		if p.From > r.upto || p.Upto < r.from {
			continue
		}
		file, in := p.raw, r
		if n := len(p.rollups); n > 0 {
			file = p.rollups[n-1] // the coarsest has the fewest rows
			if in.from != math.MinInt64 {
				in.from = floorDiv(in.from, file.step) * file.step
			}
		}
		if file == nil {
			continue
		}
		release, err := budget.fetch(file)
		if err != nil {
			if !excusable(ctx, file) {
				return err
			}
			lost.add(p, err)
			continue
		}
		err = s.eachGroup(ctx, &aggTask{part: p, file: file, ranges: []timeRange{in}}, cols, func(b *block) error {
			c.add(b, in)
			return nil
		})
		release()
		if err != nil {
			return err
		}
	}
	return nil
}

// tagCollector gathers the values of tags.
type tagCollector struct {
	tags []Column
	seen map[int]map[string]bool // by the ID of the tag
}

// add takes the rows of b in r.
func (c *tagCollector) add(b *block, r timeRange) {
	if b.from > r.upto || b.upto < r.from {
		return
	}
	times := b.times()[:b.rows]
	for _, tag := range c.tags {
		v := b.column(tag.ID)
		if v == nil {
			continue
		}
		used := make([]bool, len(v.dict))
		for i, t := range times {
			if t >= r.from && t <= r.upto && !v.isNull(i) {
				used[v.code[i]] = true
			}
		}
		for code, yes := range used {
			if yes {
				c.seen[tag.ID][v.dict[code]] = true
			}
		}
	}
}

func (c *tagCollector) answer(limit int) *Tags {
	out := &Tags{Values: map[string][]string{}, Truncated: map[string]bool{}}
	for _, tag := range c.tags {
		values := make([]string, 0, len(c.seen[tag.ID]))
		for v := range c.seen[tag.ID] {
			values = append(values, v)
		}
		slices.Sort(values)
		if len(values) > limit {
			values = values[:limit]
			out.Truncated[tag.Name] = true
		}
		out.Values[tag.Name] = values
	}
	return out
}
