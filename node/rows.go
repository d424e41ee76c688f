package node

import (
	"fmt"
	"time"

	"millrace/bus"
	"millrace/config"
	"millrace/connector"
	"millrace/engine"
	"millrace/fault"
	"millrace/format"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/store"
	"millrace/store/hot"
	"millrace/vec"
)

// timeColumn is what the store calls the time of a row.
const timeColumn = "time"

// tableRows makes rows of the records of a topic that a table stands for: the table's columns, and the
// time.
type tableRows struct {
	stored config.Stored
	dec    format.Decoder
	keys   format.KeyDecoder // dec, if some columns are in the keys; nil otherwise
	b      *vec.Builder
	time   int // column of the event time; -1: the record's own time
	out    []vec.Column
	schema *schema.Schema
	raw    arena
	offset []int64
	group  [1]store.Group

	metrics []hotMetric
	tags    []hot.Tag
}

// hotMetric is a column whose values are kept hot.
type hotMetric struct {
	name   string
	column int
	tags   []hotTag
}

type hotTag struct {
	name   string
	column int
}

// hotMetrics are the numbers of a table, each with the table's tags.
func hotMetrics(measurement string, s *schema.Schema, tags []string) []hotMetric {
	var at []hotTag
	for _, name := range tags {
		if c := s.Index(name); c >= 0 && s.Fields[c].Type.IsString() {
			at = append(at, hotTag{name, c})
		}
	}
	var out []hotMetric
	for c, f := range s.Fields {
		if f.Type.IsNumeric() && f.Type.ID != schema.Decimal {
			out = append(out, hotMetric{measurement + "." + f.Name, c, at})
		}
	}
	return out
}

func newTableRows(stored config.Stored, scan *plan.Scan, formats map[string]format.Spec) (*tableRows, error) {
	physical := &schema.Schema{}
	for i, field := range scan.Read.Fields {
		if _, meta := scan.Meta[i]; !meta {
			physical.Fields = append(physical.Fields, field)
		}
	}
	kept := *scan
	kept.Read, kept.Meta = physical, nil
	dec, err := engine.NewDecoder(formats, &kept)
	if err != nil {
		return nil, fmt.Errorf("keep topic %q: %w", stored.Topic, err)
	}
	at := -1
	if stored.Time != "" {
		if at = physical.Index(stored.Time); at < 0 || !physical.Fields[at].Type.IsInstant() {
			return nil, fault.New(fault.Invalid, "keep topic %q: its table has no TIMESTAMP column %q", stored.Topic, stored.Time)
		}
	}
	full := &schema.Schema{Fields: append([]schema.Field{{Name: timeColumn, Type: schema.Of(schema.Timestamp)}}, physical.Fields...)}
	name := stored.Measurement
	if name == "" {
		name = stored.Topic
	}
	keys, _ := dec.(format.KeyDecoder)
	return &tableRows{
		metrics: hotMetrics(name, physical, stored.Tags),
		stored:  stored, dec: dec, keys: keys, b: vec.NewBuilder(physical), time: at, schema: full, out: make([]vec.Column, full.Len()),
		group: [1]store.Group{{Measurement: name, Time: timeColumn, Tags: stored.Tags}},
	}, nil
}

func (t *tableRows) add(offset int64, at time.Time, key, value []byte) error {
	before := t.b.Len()
	if len(value) == 0 {
		return nil // a tombstone
	}
	if err := t.decode(key, value); err != nil {
		t.b.AbortRow()
		return err
	}
	for i := before; i < t.b.Len(); i++ {
		if t.time >= 0 && t.b.Col(t.time).IsNull(i) {
			t.b.Truncate(before)
			return &format.Error{Field: t.stored.Time, Reason: "a row needs a time"}
		}
		t.raw.add(value)
		t.offset = append(t.offset, offset)
		t.times(i, at)
	}
	return nil
}

func (t *tableRows) decode(key, value []byte) error {
	if t.keys == nil {
		return t.dec.Decode(value, t.b)
	}
	if err := t.keys.DecodeKey(key, t.b); err != nil {
		return err
	}
	before := t.b.Len()
	if err := t.dec.Decode(value, t.b); err != nil {
		return err
	}
	if _, repeats := t.dec.(format.MetadataDecoder); !repeats && t.b.Len() > before+1 {
		t.b.Truncate(before)
		return &format.Error{Reason: "a record of several rows cannot be read with columns in its key"}
	}
	return nil
}

// times sets the time of row i in microseconds.
func (t *tableRows) times(i int, at time.Time) {
	c := &t.out[0]
	if len(c.I64) < i+1 {
		c.Type = t.schema.Fields[0].Type
		c.I64 = append(c.I64[:i], 0)
	}
	if t.time < 0 {
		c.I64[i] = at.UnixMicro()
		return
	}
	per := t.schema.Fields[t.time+1].Type.PerSecond()
	v := t.b.Col(t.time).I64[i]
	if per <= 1e6 {
		c.I64[i] = v * (1e6 / per)
	} else {
		c.I64[i] = v / (per / 1e6)
	}
}

func (t *tableRows) full() bool { return t.b.Free() < 16 }

func (t *tableRows) groups() []store.Group {
	if t.b.Len() == 0 {
		return nil
	}
	src := t.b.Batch()
	copy(t.out[1:], src.Cols)
	t.group[0].Batch = &vec.Batch{Schema: t.schema, Cols: t.out, N: src.N}
	t.group[0].Offsets = t.offset
	return t.group[:]
}

// hot hands every number of every row to the hot values, as metric "measurement.field".
func (t *tableRows) hot(h *hot.Hot) {
	n := t.b.Len()
	for c := range t.metrics {
		m := &t.metrics[c]
		col := t.b.Col(m.column)
		for i := range n {
			v, ok := number(col, i)
			if !ok {
				continue
			}
			t.tags = t.tags[:0]
			for _, tag := range m.tags {
				if tc := t.b.Col(tag.column); !tc.IsNull(i) {
					t.tags = append(t.tags, hot.Tag{Name: tag.name, Value: string(tc.Bytes(i))})
				}
			}
			h.Update(m.name, t.tags, time.UnixMicro(t.out[0].I64[i]), v)
		}
	}
}

func number(c *vec.Column, i int) (float64, bool) {
	if c.IsNull(i) {
		return 0, false
	}
	switch c.Layout() {
	case vec.LayoutF64:
		return c.F64[i], true
	case vec.LayoutF32:
		return float64(c.F32[i]), true
	case vec.LayoutI64:
		return float64(c.I64[i]), true
	case vec.LayoutI32:
		return float64(c.I32[i]), true
	}
	return 0, false
}

func (t *tableRows) reset() {
	t.b.Reset()
	t.raw.reset()
	t.offset = t.offset[:0]
	t.out[0].I64 = t.out[0].I64[:0]
}

func (t *tableRows) origin(_, row int) (int64, []byte) { return t.offset[row], t.raw.at(row) }

// arena keeps the bytes of records until their rows are appended.
type arena struct {
	data []byte
	ends []int
}

func (a *arena) add(b []byte) {
	a.data = append(a.data, b...)
	a.ends = append(a.ends, len(a.data))
}

func (a *arena) at(i int) []byte {
	from := 0
	if i > 0 {
		from = a.ends[i-1]
	}
	return a.data[from:a.ends[i]]
}

func (a *arena) reset() { a.data, a.ends = a.data[:0], a.ends[:0] }

// deadLetter is a record that tells of one that could not be kept, with the headers that pipelines
// write, too.
func deadLetter(by, topic string, partition int32, offset int64, value []byte, why error) bus.Record {
	letter := connector.DeadLetter{Reason: why, By: by, Topic: topic, Read: true, Partition: fmt.Sprint(partition), Offset: fmt.Sprint(offset)}
	return bus.Record{Topic: topic + connector.DeadSuffix, Value: append([]byte{}, value...), Headers: busHeaders(letter.Headers())}
}
