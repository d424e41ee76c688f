package node

import (
	"slices"
	"time"

	"millrace/ingest/json"
	"millrace/store"
	"millrace/store/hot"
)

// pointRows makes rows of DataPoint records: each is a row of the measurement named by its metric, with
// its tags and the field "value".
type pointRows struct {
	dec    json.PointDecoder
	points store.PointBuffer
	names  interned
	tags   []store.Tag
	raw    arena
	offset []int64
	values []hotPoint
	shared []hot.Tag // of values
}

// hotPoint is a point on its way to the hot values; its tags are shared[from:upto].
type hotPoint struct {
	metric     string
	at         time.Time
	value      float64
	from, upto int
}

// maxPointRows is how many points are collected between two appends.
const maxPointRows = 16 << 10

func newPointRows() *pointRows { return &pointRows{names: interned{}} }

func (p *pointRows) add(offset int64, at time.Time, value []byte) error {
	if len(value) == 0 {
		return nil // a tombstone
	}
	point, err := p.dec.Decode(value, at)
	if err != nil {
		return err
	}
	p.tags = p.tags[:0]
	for i := range point.Tags {
		p.tags = append(p.tags, store.Tag{Name: p.names.text(point.Tags[i].Key), Value: p.names.text(point.Tags[i].Value)})
	}
	when := time.UnixMicro(point.TimeMicros)
	metric := p.names.text(point.Metric)
	if err := p.points.Add(metric, when, point.Value, p.tags, offset); err != nil {
		return err
	}
	h := hotPoint{metric: metric, at: when, value: point.Value, from: len(p.shared)}
	for _, t := range p.tags {
		p.shared = append(p.shared, hot.Tag(t))
	}
	h.upto = len(p.shared)
	p.values = append(p.values, h)
	p.raw.add(value)
	p.offset = append(p.offset, offset)
	return nil
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
