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

// FieldKind is the type of a field of a point.
type FieldKind uint8

// The kinds of fields: DOUBLE, VARCHAR and BOOLEAN in the store.
const (
	NumberField FieldKind = iota
	TextField
	TruthField
)

// PointField is a named value of a point. Text may be reused after Add.
type PointField struct {
	Name   string
	Kind   FieldKind
	Number float64
	Text   []byte
	Truth  bool
}

// PointBuffer sorts points, rows of one number or of several named fields, into the groups that Append takes. It is reused
// from one Append to the next, and keeps what it made for measurements that it has met. One goroutine
// uses it. The zero PointBuffer is empty.
type PointBuffer struct {
	sets    map[string]*pointSet
	used    []*pointSet
	key     []byte
	rows    int
	columns int     // of all sets
	made    []Group // by Groups since the last Add
}

// pointSet is the points of one measurement that have fields and tags of the same names and types.
type pointSet struct {
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
	// maxPointColumns is how many columns the sets may have together that are kept for reuse.
	maxPointColumns = 100_000
)

// Add takes a point that was read from the given offset. tags may be reused afterwards; they are
// sorted in place. An error is a fault.Invalid: the point cannot be stored.
func (p *PointBuffer) Add(measurement string, at time.Time, value float64, tags []Tag, offset int64) error {
	set, err := p.set(measurement, nil, tags)
	if err != nil {
		return err
	}
	b := set.row()
	b.SetI64(0, at.UnixMicro())
	b.SetF64(1, value)
	p.end(set, b, 2, tags, offset)
	return nil
}

// AddFields is Add for a point of named fields, at least one, which are sorted in place, too.
func (p *PointBuffer) AddFields(measurement string, at time.Time, fields []PointField, tags []Tag, offset int64) error {
	if len(fields) == 0 {
		return fault.New(fault.Invalid, "a point of measurement %q has no field", measurement)
	}
	set, err := p.set(measurement, fields, tags)
	if err != nil {
		return err
	}
	b := set.row()
	b.SetI64(0, at.UnixMicro())
	for i := range fields {
		switch f := &fields[i]; f.Kind {
		case TextField:
			b.SetBytes(1+i, f.Text)
		case TruthField:
			b.SetBool(1+i, f.Truth)
		default:
			b.SetF64(1+i, f.Number)
		}
	}
	p.end(set, b, 1+len(fields), tags, offset)
	return nil
}

// end completes a row: its tags begin at column first.
func (p *PointBuffer) end(set *pointSet, b *vec.Builder, first int, tags []Tag, offset int64) {
	for i, t := range tags {
		b.SetString(first+i, t.Value)
	}
	b.EndRow(vec.Insert)
	set.offsets[set.n-1] = append(set.offsets[set.n-1], offset)
	p.rows++
	p.made = p.made[:0]
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
	if p.columns > maxPointColumns {
		clear(p.sets)
		p.columns = 0
	}
}

// set finds or makes the set of a point, whose tags and fields it sorts.
func (p *PointBuffer) set(measurement string, fields []PointField, tags []Tag) (*pointSet, error) {
	byName := func(a, b Tag) int { return cmp.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(tags, byName) {
		slices.SortFunc(tags, byName)
	}
	// A zero ends a name, and those of a set that was made have none: only names that were never checked,
	// and are fewer, can have the key of another set.
	p.key = append(append(p.key[:0], measurement...), 0)
	for _, t := range tags {
		p.key = append(append(p.key, t.Name...), 0)
	}
	if len(fields) > 0 {
		p.sortFields(fields)
		for i := range fields {
			p.key = append(append(p.key, 0, byte(fields[i].Kind)), fields[i].Name...)
		}
	}
	s := p.sets[string(p.key)]
	if s == nil || len(s.tags) != len(tags) {
		var err error
		if s, err = newPointSet(measurement, fields, tags); err != nil {
			return nil, err
		}
		if p.sets == nil {
			p.sets = map[string]*pointSet{}
		}
		p.sets[string(p.key)] = s
		p.columns += s.schema.Len()
	}
	if s.n == 0 {
		p.used = append(p.used, s)
	}
	return s, nil
}

func (p *PointBuffer) sortFields(fields []PointField) {
	byName := func(a, b PointField) int { return cmp.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(fields, byName) {
		slices.SortFunc(fields, byName)
	}
}

func newPointSet(measurement string, fields []PointField, tags []Tag) (*pointSet, error) {
	if err := checkName(measurement); err != nil {
		return nil, err
	}
	s := &pointSet{measurement: strings.Clone(measurement)}
	columns := []schema.Field{{Name: timeName, Type: schema.Of(schema.TimestampLTZ)}}
	seen := map[string]bool{timeName: true}
	add := func(what, name string, t schema.TypeID) error {
		if err := checkName(name); err != nil {
			return err
		}
		if seen[fold(name)] {
			return fault.New(fault.Invalid, "%s %q stands twice, or is a name that is taken", what, name).
				WithHint("a point has a column %q, one for each field and one for each tag; names do not differ by case", timeName)
		}
		seen[fold(name)] = true
		columns = append(columns, schema.Field{Name: strings.Clone(name), Type: schema.Of(t)})
		return nil
	}
	if len(fields) == 0 {
		fields = []PointField{{Name: ValueField}}
	}
	for i := range fields {
		if err := add("field", fields[i].Name, fields[i].Kind.column()); err != nil {
			return nil, err
		}
	}
	for _, t := range tags {
		if err := add("tag", t.Name, schema.VarChar); err != nil {
			return nil, err
		}
		s.tags = append(s.tags, columns[len(columns)-1].Name)
	}
	s.schema = schema.New(columns...)
	return s, nil
}

// column is the type of a column of such fields.
func (k FieldKind) column() schema.TypeID {
	switch k {
	case TextField:
		return schema.VarChar
	case TruthField:
		return schema.Boolean
	default:
		return schema.Double
	}
}

// row returns a builder with room for a row.
func (s *pointSet) row() *vec.Builder {
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
