package store

import (
	"slices"
	"unicode/utf8"

	"millrace/fault"
	"millrace/schema"
)

// measurement is a table as the catalog knows it. Store.mu guards it.
type measurement struct {
	name string
	shape
	parts []*part
	history
	// last is the plan of the last batch, which mostly fits the next one too.
	last struct {
		schema *schema.Schema
		time   string
		tags   []string
		cols   []Column // the measurement's at that time
		planned
	}
}

// shape is the columns of a measurement. The slice is replaced, never written, so that readers may
// keep it.
type shape struct {
	cols   []Column
	byName map[string]int // folded name to index; replaced together with cols
	dirty  bool           // the manifest does not have it yet
}

func (s *Store) newMeasurement(name string) (*measurement, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if len(s.measurements) >= maxMeasurements {
		return nil, fault.New(fault.Limit, "the store has %d measurements already", maxMeasurements)
	}
	m := &measurement{name: name}
	m.setColumns([]Column{timeColumn()})
	m.dirty = true
	return m, nil
}

// checkName refuses names that cannot be shown, or be told apart.
func checkName(name string) error {
	switch {
	case name == "":
		return fault.New(fault.Invalid, "a name is empty")
	case len(name) > maxNameBytes:
		return fault.New(fault.Invalid, "name %.20q… is longer than %d bytes", name, maxNameBytes)
	case !utf8.ValidString(name):
		return fault.New(fault.Invalid, "name %q is not UTF-8", name)
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return fault.New(fault.Invalid, "name %q has a control character", name)
		}
	}
	return nil
}

func (m *shape) setColumns(cols []Column) {
	m.cols = cols
	m.byName = make(map[string]int, len(cols))
	for i, c := range cols {
		m.byName[fold(c.Name)] = i
	}
}

// remembered returns the last plan if it holds for g as well.
func (m *measurement) remembered(g *Group) (planned, bool) {
	l := &m.last
	ok := l.m != nil && l.schema == g.Batch.Schema && l.time == g.Time && same(l.cols, m.cols) && slices.Equal(l.tags, g.Tags)
	return l.planned, ok
}

// fit gives the measurement the columns of g that it lacks, widens those that need it, and returns
// where each column goes. On an error, column is the one that does not fit, and the caller puts the
// shape back.
func (m *measurement) fit(g *Group) (p planned, column string, err error) {
	timeCol := g.Time
	if timeCol == "" {
		timeCol = timeName
	}
	p = planned{m: m, to: make([]int, g.Batch.Schema.Len()), time: g.Batch.Schema.Index(timeCol)}
	if p.time < 0 {
		return p, timeCol, fault.New(fault.Invalid, "it is to be the time and does not exist")
	}
	if !g.Batch.Schema.Fields[p.time].Type.IsInstant() {
		return p, timeCol, fault.New(fault.Invalid, "it is to be the time and is %s", g.Batch.Schema.Fields[p.time].Type)
	}
	for _, tag := range g.Tags {
		if g.Batch.Schema.Index(tag) < 0 {
			return p, tag, fault.New(fault.Invalid, "it is to be a tag and does not exist")
		}
	}
	taken := map[int]bool{0: true}
	for i, f := range g.Batch.Schema.Fields {
		if i == p.time {
			continue
		}
		to, err := m.place(f, slices.Contains(g.Tags, f.Name))
		if err == nil && taken[to] {
			err = fault.New(fault.Invalid, "another column of this batch is stored under this name")
		}
		if err != nil {
			return p, f.Name, err
		}
		taken[to] = true
		p.to[i] = to
	}
	m.last.schema, m.last.time, m.last.tags = g.Batch.Schema, g.Time, slices.Clone(g.Tags)
	m.last.cols, m.last.planned = m.cols, p
	return p, "", nil
}

// place returns the index of the column for field f, made or widened as needed.
func (m *shape) place(f schema.Field, tag bool) (int, error) {
	typ, ok := storedType(f.Type)
	if tag && (f.Type.IsInteger() || f.Type.ID == schema.Boolean) {
		typ = VarChar
	}
	switch {
	case !ok:
		return 0, fault.New(fault.Invalid, "%s is not stored", f.Type)
	case tag && typ != VarChar:
		return 0, fault.New(fault.Invalid, "%s is no type for a tag", f.Type)
	}
	at, exists := m.byName[fold(f.Name)]
	if !exists {
		return m.add(Column{Name: f.Name, Type: typ, Tag: tag})
	}
	has := m.cols[at]
	switch {
	case has.Type == typ, has.Type == Double && typ == BigInt:
		return at, nil
	case has.Type == BigInt && typ == Double:
		m.widen(at)
		return at, nil
	}
	return 0, fault.New(fault.Invalid, "it is %s, not %s", has.Type, typ)
}

func (m *shape) add(c Column) (int, error) {
	if err := checkName(c.Name); err != nil {
		return 0, err
	}
	if len(m.cols) >= maxColumns {
		return 0, fault.New(fault.Limit, "the measurement has %d columns already", maxColumns)
	}
	c.ID = m.cols[len(m.cols)-1].ID + 1
	m.setColumns(append(slices.Clone(m.cols), c))
	m.dirty = true
	return len(m.cols) - 1, nil
}

func (m *shape) widen(at int) {
	cols := slices.Clone(m.cols)
	cols[at].Type = Double
	m.setColumns(cols)
	m.dirty = true
}

// same reports whether two column lists are one: they are replaced as a whole when they change.
func same(a, b []Column) bool { return len(a) > 0 && len(a) == len(b) && &a[0] == &b[0] }
