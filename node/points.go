package node

import (
	"slices"
	"time"

	"millrace/point"
	"millrace/store"
	"millrace/store/hot"
)

// pointRows makes rows of DataPoint records: each is a row of the measurement named by its metric, with
// its tags and its fields, or the field "value".
type pointRows struct {
	dec    point.Decoder
	points store.PointBuffer
	names  interned
	tags   []store.Tag
	fields []store.PointField
	name   []byte
	raw    arena
	offset []int64
	values []hotPoint
	shared []hot.Tag // of values
}

// hotPoint is a number on its way to the hot values; its tags are shared[from:upto].
type hotPoint struct {
	metric     string
	at         time.Time
	value      float64
	from, upto int
}

// maxPointRows is how many points are collected between two appends.
const maxPointRows = 16 << 10

func newPointRows() *pointRows { return &pointRows{names: interned{}} }

func (p *pointRows) add(offset int64, at time.Time, _, value []byte) error {
	if len(value) == 0 {
		return nil // a tombstone
	}
	from, err := p.dec.Decode(value, at)
	if err != nil {
		return err
	}
	p.tags = p.tags[:0]
	for i := range from.Tags {
		p.tags = append(p.tags, store.Tag{Name: p.names.text(from.Tags[i].Key), Value: p.names.text(from.Tags[i].Value)})
	}
	when := time.UnixMicro(from.TimeMicros)
	metric := p.names.text(from.Metric)
	if len(from.Fields) == 0 {
		err = p.points.Add(metric, when, from.Value, p.tags, offset)
	} else {
		err = p.points.AddFields(metric, when, p.named(from.Fields), p.tags, offset)
	}
	if err != nil {
		return err
	}
	h := hotPoint{metric: metric, at: when, value: from.Value, from: len(p.shared)}
	for _, t := range p.tags {
		p.shared = append(p.shared, hot.Tag(t))
	}
	h.upto = len(p.shared)
	if len(from.Fields) == 0 {
		p.values = append(p.values, h)
	} else {
		p.keepHot(h, from)
	}
	p.raw.add(value)
	p.offset = append(p.offset, offset)
	return nil
}

// named are the fields of a point for the store. Their texts are the decoder's.
func (p *pointRows) named(fields []point.Field) []store.PointField {
	p.fields = p.fields[:0]
	for i := range fields {
		f := &fields[i]
		to := store.PointField{Name: p.names.text(f.Name)}
		switch f.Kind {
		case point.Text:
			to.Kind, to.Text = store.TextField, f.Text
		case point.Truth:
			to.Kind, to.Truth = store.TruthField, f.Truth
		default:
			to.Number = f.Number
		}
		p.fields = append(p.fields, to)
	}
	return p.fields
}

// keepHot notes the numbers of a point: the field "value" as the metric itself, as with points that have
// nothing else, and any other as "metric.field". Texts and truth values are not kept hot.
func (p *pointRows) keepHot(h hotPoint, from *point.Point) {
	metric := h.metric
	for i := range from.Fields {
		f := &from.Fields[i]
		if f.Kind != point.Number {
			continue
		}
		h.metric, h.value = metric, f.Number
		if string(f.Name) != store.ValueField {
			p.name = append(append(append(p.name[:0], metric...), '.'), f.Name...)
			h.metric = p.names.text(p.name)
		}
		p.values = append(p.values, h)
	}
}

func (p *pointRows) full() bool { return p.points.Len() >= maxPointRows }

func (p *pointRows) groups() []store.Group { return p.points.Groups() }

func (p *pointRows) hot(h *hot.Hot) {
	for i := range p.values {
		v := &p.values[i]
		h.Update(v.metric, p.shared[v.from:v.upto], v.at, v.value)
	}
}

func (p *pointRows) reset() {
	p.points.Reset()
	p.raw.reset()
	p.offset, p.values, p.shared = p.offset[:0], p.values[:0], p.shared[:0]
}

func (p *pointRows) origin(group, row int) (int64, []byte) {
	offset := p.points.Groups()[group].Offsets[row]
	at, _ := slices.BinarySearch(p.offset, offset)
	return offset, p.raw.at(at)
}

// interned are texts that come again and again: names and values of tags. It starts anew when it has
// grown too large, as they come from outside.
type interned map[string]string

const maxInterned = 20_000

func (m interned) text(b []byte) string {
	if s, ok := m[string(b)]; ok {
		return s
	}
	if len(m) >= maxInterned {
		clear(m)
	}
	s := string(b)
	m[s] = s
	return s
}
