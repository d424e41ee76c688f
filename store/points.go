package store

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// ValueField is the field that the number of a point is stored as.
const ValueField = "value"

// Tag is a name and a value.
type Tag struct {
	Name, Value string
}

// PointBuffer sorts points, rows of one number each, into the groups that Append takes. It is reused
// from one Append to the next, and keeps what it made for measurements that it has met. One goroutine
// uses it. The zero PointBuffer is empty.
type PointBuffer struct {
	sets map[string]*tagSet
	used []*tagSet
	key  []byte
	rows int
	made []Group // by Groups since the last Add
}

// tagSet is the points of one measurement that have tags of the same names.
type tagSet struct {
	measurement string
	tags        []string
	schema      *schema.Schema
	batches     []*vec.Builder
	offsets     [][]int64
	n           int // batches in use
}

const (
	// firstRows is small, as most measurements have few rows in one Append.
	firstRows = 32
	// maxSets is how many sets are kept for reuse.
	maxSets = 20_000
)

// Add takes a point that was read from the given offset. tags may be reused afterwards; they are
// sorted in place. An error is a fault.Invalid: the point cannot be stored.
func (p *PointBuffer) Add(measurement string, at time.Time, value float64, tags []Tag, offset int64) error {
	if err := checkName(measurement); err != nil {
		return err
	}
	byName := func(a, b Tag) int { return cmp.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(tags, byName) {
		slices.SortFunc(tags, byName)
	}
	set, err := p.set(measurement, tags)
	if err != nil {
		return err
	}
	b := set.row()
	b.SetI64(0, at.UnixMicro())
	b.SetF64(1, value)
	for i, t := range tags {
		b.SetString(2+i, t.Value)
	}
	b.EndRow(vec.Insert)
	set.offsets[set.n-1] = append(set.offsets[set.n-1], offset)
	p.rows++
	p.made = p.made[:0]
	return nil
}

// Len is the number of points taken.
func (p *PointBuffer) Len() int { return p.rows }

// Groups returns the points. They are valid until the next Reset or Add; until then the same groups are
// returned, with what the caller changed in them, as its selection of rows.
func (p *PointBuffer) Groups() []Group {
	if len(p.made) > 0 {
		return p.made
	}
	for _, s := range p.used {
		for i := range s.n {
			p.made = append(p.made, Group{Measurement: s.measurement, Tags: s.tags, Batch: s.batches[i].Batch(), Offsets: s.offsets[i]})
		}
	}
	return p.made
}

// Reset forgets the points.
func (p *PointBuffer) Reset() {
	for _, s := range p.used {
		for i := range s.n {
			s.batches[i].Reset()
			s.offsets[i] = s.offsets[i][:0]
		}
		s.n = 0
	}
	p.used, p.rows, p.made = p.used[:0], 0, p.made[:0]
	if len(p.sets) > maxSets {
		clear(p.sets)
	}
}

// set finds or makes the set of a point.
func (p *PointBuffer) set(measurement string, tags []Tag) (*tagSet, error) {
	p.key = append(append(p.key[:0], measurement...), 0)
	for _, t := range tags {
		p.key = append(append(p.key, t.Name...), 0)
	}
	s := p.sets[string(p.key)]
	if s == nil {
		var err error
		if s, err = newTagSet(measurement, tags); err != nil {
			return nil, err
		}
		if p.sets == nil {
			p.sets = map[string]*tagSet{}
		}
		p.sets[string(p.key)] = s
	}
	if s.n == 0 {
		p.used = append(p.used, s)
	}
	return s, nil
}

func newTagSet(measurement string, tags []Tag) (*tagSet, error) {
	s := &tagSet{measurement: strings.Clone(measurement)}
	fields := []schema.Field{
		{Name: timeName, Type: schema.Of(schema.TimestampLTZ)},
		{Name: ValueField, Type: schema.Of(schema.Double)},
	}
	seen := map[string]bool{timeName: true, ValueField: true}
	for _, t := range tags {
		if err := checkName(t.Name); err != nil {
			return nil, err
		}
		if seen[fold(t.Name)] {
			return nil, fault.New(fault.Invalid, "tag %q stands twice, or is a name that is taken: %q, %q", t.Name, timeName, ValueField)
		}
		seen[fold(t.Name)] = true
		name := strings.Clone(t.Name)
		s.tags = append(s.tags, name)
		fields = append(fields, schema.Field{Name: name, Type: schema.Of(schema.VarChar)})
	}
	s.schema = schema.New(fields...)
	return s, nil
}

// row returns a builder with room for a row.
func (s *tagSet) row() *vec.Builder {
	if s.n > 0 && !s.batches[s.n-1].Full() {
		return s.batches[s.n-1]
	}
	if s.n == len(s.batches) {
		size := vec.MaxRows
		if s.n == 0 {
			size = firstRows
		}
		s.batches = append(s.batches, vec.NewBuilderSize(s.schema, size))
		s.offsets = append(s.offsets, nil)
	}
	s.n++
	return s.batches[s.n-1]
}
