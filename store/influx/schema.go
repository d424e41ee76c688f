package influx

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"millrace/fault"
	"millrace/store"
)

// schemas remembers the columns of measurements for a while, so that a query is one request.
type schemas struct {
	mu    sync.Mutex // guards known
	known map[string]*schemaEntry
}

// maxSchemas bounds them, as names come from outside.
const maxSchemas = 10_000

type schemaEntry struct {
	*layout
	at time.Time
}

// layout is the columns of a measurement: tags, then fields.
type layout struct {
	name    string
	columns []columnType
}

type columnType struct {
	name string
	tag  bool
	typ  store.Type
	cast string // how InfluxQL names the type
}

func (s *schemas) get(name string, within time.Duration) *layout {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.known[name]
	if e == nil || time.Since(e.at) > within {
		return nil
	}
	return e.layout
}

func (s *schemas) put(l *layout) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxSchemas {
		clear(s.known)
	}
	s.known[l.name] = &schemaEntry{l, time.Now()}
}

// touch forgets the columns of a measurement to which a group adds some.
func (s *schemas) touch(g *store.Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.known[g.Measurement]
	if e == nil {
		return
	}
	at := cmp.Or(g.Time, "time")
	for _, f := range g.Batch.Schema.Fields {
		if f.Name == at {
			continue
		}
		if !slices.ContainsFunc(e.columns, func(c columnType) bool { return c.name == f.Name }) {
			delete(s.known, g.Measurement)
			return
		}
	}
}

// layout finds the columns of a measurement.
func (db *DB) layout(ctx context.Context, name string, within time.Duration) (*layout, error) {
	if l := db.schemas.get(name, within); l != nil {
		return l, nil
	}
	if strings.ContainsRune(name, 0) || !utf8.ValidString(name) {
		return nil, fault.New(fault.NotFound, "measurement %q does not exist", name)
	}
	from := " FROM " + quoteName(name)
	results, err := db.ask(ctx, statement{text: "SHOW FIELD KEYS" + from + "; SHOW TAG KEYS" + from})
	if err != nil {
		return nil, err
	}
	list, err := layouts(results)
	if err != nil {
		return nil, err
	}
	for _, l := range list {
		if l.name == name {
			db.schemas.put(l)
			return l, nil
		}
	}
	return nil, db.unknown(ctx, name)
}

// unknown is the fault for a measurement that does not exist.
func (db *DB) unknown(ctx context.Context, name string) error {
	err := fault.New(fault.NotFound, "measurement %q does not exist", name)
	list, failed := db.Measurements(ctx)
	if failed != nil {
		return err
	}
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	if near := fault.Near(name, names); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err
}

// Measurements lists what there is, by name, with tags and fields. How many rows there are and of which
// times InfluxDB does not know without reading them: these figures are zero.
func (db *DB) Measurements(ctx context.Context) ([]store.Measurement, error) {
	results, err := db.ask(ctx, statement{text: "SHOW FIELD KEYS; SHOW TAG KEYS"})
	if err != nil {
		return nil, err
	}
	list, err := layouts(results)
	if err != nil {
		return nil, err
	}
	out := make([]store.Measurement, 0, len(list))
	for _, l := range list {
		db.schemas.put(l)
		m := store.Measurement{Name: l.name, Tags: []string{}, Fields: []store.Field{}}
		for _, c := range l.columns {
			if c.tag {
				m.Tags = append(m.Tags, c.name)
			} else {
				m.Fields = append(m.Fields, store.Field{Name: c.name, Type: c.typ})
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// layouts reads the answers to SHOW FIELD KEYS and SHOW TAG KEYS.
func layouts(results []result) ([]*layout, error) {
	if len(results) != 2 {
		return nil, fault.New(fault.Unavailable, "influxdb: %d answers to two questions", len(results))
	}
	byName := map[string]*layout{}
	of := func(name string) *layout {
		if byName[name] == nil {
			byName[name] = &layout{name: name}
		}
		return byName[name]
	}
	for _, s := range results[1].Series {
		for _, row := range s.Values {
			if key, ok := text(row, 0); ok {
				l := of(s.Name)
				l.columns = append(l.columns, columnType{key, true, store.VarChar, "tag"})
			}
		}
	}
	for _, s := range results[0].Series {
		for _, row := range s.Values {
			key, ok1 := text(row, 0)
			typ, ok2 := text(row, 1)
			if !ok1 || !ok2 {
				return nil, fault.New(fault.Unavailable, "influxdb: a field key is no text")
			}
			of(s.Name).field(key, typ)
		}
	}
	out := make([]*layout, 0, len(byName))
	for _, l := range byName {
		if slices.ContainsFunc(l.columns, func(c columnType) bool { return !c.tag }) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *layout) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

// field adds a field. One that has several types, in several shards, is what the others can be cast to.
func (l *layout) field(name, typ string) {
	types := []columnType{
		{name, false, store.Double, "float"},
		{name, false, store.BigInt, "integer"},
		{name, false, store.BigInt, "unsigned"},
		{name, false, store.VarChar, "string"},
		{name, false, store.Boolean, "boolean"},
	}
	rank := func(cast string) int {
		return slices.IndexFunc(types, func(c columnType) bool { return c.cast == cast })
	}
	n := rank(typ)
	if n < 0 {
		return // of a later InfluxDB
	}
	for i := range l.columns {
		if c := &l.columns[i]; c.name == name && !c.tag {
			if n < rank(c.cast) {
				*c = types[n]
			}
			return
		}
	}
	l.columns = append(l.columns, types[n])
}

// column finds a column by name: as it is written, or else in any case.
func (l *layout) column(name string) (columnType, error) {
	exact := func(a, b string) bool { return a == b }
	for _, same := range []func(a, b string) bool{exact, strings.EqualFold} {
		for _, c := range l.columns {
			if same(c.name, name) {
				return c, nil
			}
		}
	}
	if strings.EqualFold(name, timeColumn) {
		return columnType{name: timeColumn, typ: store.Timestamp}, nil
	}
	names := []string{timeColumn}
	for _, c := range l.columns {
		names = append(names, c.name)
	}
	err := fault.New(fault.Invalid, "column %q does not exist", name)
	if near := fault.Near(name, names); near != "" {
		return columnType{}, err.WithHint("did you mean %q?", near)
	}
	return columnType{}, err
}

// timeColumn is what InfluxQL calls the time of a row.
const timeColumn = "time"
