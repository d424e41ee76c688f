package prometheus

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"millrace/format"
	"millrace/point"
)

// staleMarker is the not-a-number that says that a series has ended.
const staleMarker = 0x7ff0000000000002

// Numbers of fields that are alike in both versions.
const (
	seriesSamples   = 2
	sampleValue     = 1
	sampleTimestamp = 2

	histogramCountInt   = 1
	histogramCountFloat = 2
	histogramSum        = 3
	histogramTimestamp  = 15
)

// batch is what one request sends, on its way to the bus. It is used again by later requests.
type batch struct {
	sent   []byte
	body   message
	points point.Batch

	symbols [][]byte
	point   point.Point
	name    []byte // of the series at hand
	tags    []point.Tag
	scratch []byte
	size    int           // of its labels
	wrong   *format.Error // with it

	samples, histograms    int // that were taken, or passed over on purpose
	stale, nan, infinite   int
	firstWrong, firstWhere string
}

// refusal says why nothing, or not all, of a request was written.
type refusal struct {
	status int
	text   string
}

func broken(what string) *refusal {
	return &refusal{http.StatusBadRequest, "decode request: broken " + what}
}

// version1 reads a prometheus.WriteRequest.
func (b *batch) version1() *refusal {
	const timeseries, labels, histograms = 1, 1, 4
	for m := b.body; len(m) > 0; {
		f, ok := m.next()
		switch {
		case !ok:
			return broken("WriteRequest")
		case !f.is(timeseries, delimited):
			continue
		}
		b.begin()
		for m := f.data; len(m) > 0; {
			f, ok := m.next()
			if !ok || f.is(labels, delimited) && !b.label1(f.data) {
				return broken("TimeSeries")
			}
		}
		if why := b.values(f.data, histograms); why != nil {
			return why
		}
	}
	return nil
}

// label1 takes a Label message.
func (b *batch) label1(m message) bool {
	const labelName, labelValue = 1, 2
	var name, value []byte
	for len(m) > 0 {
		f, ok := m.next()
		switch {
		case !ok:
			return false
		case f.is(labelName, delimited):
			name = f.data
		case f.is(labelValue, delimited):
			value = f.data
		}
	}
	b.label(name, value)
	return true
}

// version2 reads an io.prometheus.write.v2.Request: labels are pairs of references to its symbols.
func (b *batch) version2() *refusal {
	const timeseries, histograms = 5, 3
	if why := b.readSymbols(); why != nil {
		return why
	}
	for m := b.body; len(m) > 0; {
		f, ok := m.next()
		switch {
		case !ok:
			return broken("Request")
		case !f.is(timeseries, delimited):
			continue
		}
		b.begin()
		if !b.labels2(f.data) {
			return broken("TimeSeries: labels_refs are pairs of numbers of symbols")
		}
		if why := b.values(f.data, histograms); why != nil {
			return why
		}
	}
	return nil
}

func (b *batch) readSymbols() *refusal {
	const symbols = 4
	b.symbols = b.symbols[:0]
	for m := b.body; len(m) > 0; {
		f, ok := m.next()
		switch {
		case !ok:
			return broken("Request")
		case !f.is(symbols, delimited):
		case len(b.symbols) == maxSymbols:
			return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request has more than %d symbols", maxSymbols)}
		default:
			b.symbols = append(b.symbols, f.data)
		}
	}
	return nil
}

// labels2 takes the labels of a TimeSeries message.
func (b *batch) labels2(m message) bool {
	const labelsRefs = 1
	refs := references{b: b}
	for len(m) > 0 {
		f, ok := m.next()
		switch {
		case !ok:
			return false
		case f.is(labelsRefs, varint):
			if !refs.take(f.n) {
				return false
			}
		case f.is(labelsRefs, delimited):
			for packed := f.data; len(packed) > 0; {
				n, size := binary.Uvarint(packed)
				if size <= 0 || !refs.take(n) {
					return false
				}
				packed = packed[size:]
			}
		}
	}
	return !refs.odd
}

// references makes labels of the numbers of symbols, two and two.
type references struct {
	b    *batch
	name []byte
	odd  bool
}

func (r *references) take(n uint64) bool {
	if n >= uint64(len(r.b.symbols)) {
		return false
	}
	if r.odd {
		r.b.label(r.name, r.b.symbols[n])
	} else {
		r.name = r.b.symbols[n]
	}
	r.odd = !r.odd
	return true
}

// begin starts a series.
func (b *batch) begin() {
	b.name, b.tags, b.scratch, b.wrong, b.size = nil, b.tags[:0], b.scratch[:0], nil, 0
}

// label takes a label of the series. An empty one is as good as none.
func (b *batch) label(name, value []byte) {
	b.size += len(name) + len(value)
	switch {
	case b.wrong != nil, len(value) == 0 && len(name) > 0:
		return
	case b.size > point.MaxBytes:
		b.wrong = &format.Error{Field: "tags", Reason: fmt.Sprintf("the labels have more than %d bytes", point.MaxBytes)}
	case !utf8.Valid(name) || !utf8.Valid(value):
		b.wrong = &format.Error{Field: "tags", Reason: "a label is not UTF-8"}
	case string(name) == "__name__":
		b.name = value
	case len(b.tags) == point.MaxTags:
		b.wrong = &format.Error{Field: "tags", Reason: fmt.Sprintf("has more than %d", point.MaxTags)}
	default:
		if slices.ContainsFunc(b.tags, func(t point.Tag) bool { return string(t.Key) == string(name) }) {
			b.wrong = &format.Error{Field: "tags", Reason: fmt.Sprintf("label %q stands twice", name)}
			return
		}
		b.tags = append(b.tags, point.Tag{Key: b.key(name), Value: value})
	}
}

// key is the name of a label as that of a tag.
func (b *batch) key(name []byte) []byte {
	if point.IsColumn(name) {
		from := len(b.scratch)
		b.scratch = append(append(b.scratch, "exported_"...), name...)
		return b.scratch[from:len(b.scratch):len(b.scratch)]
	}
	return name
}

// values takes the samples and histograms of the series whose labels are known. histograms is the
// number of their field.
func (b *batch) values(series message, histograms int) *refusal {
	if b.wrong == nil && len(b.name) == 0 {
		b.wrong = &format.Error{Field: "metric", Reason: "is missing: the series has no label __name__"}
	}
	for len(series) > 0 {
		f, ok := series.next()
		var why *refusal
		switch {
		case !ok:
			return broken("TimeSeries")
		case f.is(seriesSamples, delimited):
			why = b.sample(f.data)
		case f.is(histograms, delimited):
			why = b.histogram(f.data)
		}
		if why != nil {
			return why
		}
	}
	return nil
}

func (b *batch) sample(m message) *refusal {
	var value float64
	var millis int64
	for len(m) > 0 {
		f, ok := m.next()
		switch {
		case !ok:
			return broken("Sample")
		case f.is(sampleValue, fixed64):
			value = f.double()
		case f.is(sampleTimestamp, varint):
			millis = int64(f.n)
		}
	}
	taken, why := b.add(b.name, value, nil, millis)
	if taken {
		b.samples++
	}
	return why
}

// histogram takes the count and the sum of a native histogram.
func (b *batch) histogram(m message) *refusal {
	var count, sum float64
	var digits []byte
	var millis int64
	var from int
	for len(m) > 0 {
		f, ok := m.next()
		switch {
		case !ok:
			return broken("Histogram")
		case f.is(histogramCountInt, varint):
			count, from = float64(f.n), len(b.scratch)
			b.scratch = strconv.AppendUint(b.scratch, f.n, 10)
			digits = b.scratch[from:len(b.scratch):len(b.scratch)]
		case f.is(histogramCountFloat, fixed64):
			count, digits = f.double(), nil
		case f.is(histogramSum, fixed64):
			sum = f.double()
		case f.is(histogramTimestamp, varint):
			millis = int64(f.n)
		}
	}
	if math.Float64bits(sum) == staleMarker {
		b.stale++
		b.histograms++
		return nil
	}
	counted, why := b.add(b.suffixed("_count"), count, digits, millis)
	if why != nil {
		return why
	}
	summed, why := b.add(b.suffixed("_sum"), sum, nil, millis)
	if counted && summed {
		b.histograms++
	}
	return why
}

// suffixed is the name of the series with something behind it, if it has one.
func (b *batch) suffixed(suffix string) []byte {
	if len(b.name) == 0 || len(b.name) > point.MaxNameBytes {
		return b.name // it is refused
	}
	from := len(b.scratch)
	b.scratch = append(append(b.scratch, b.name...), suffix...)
	return b.scratch[from:len(b.scratch):len(b.scratch)]
}

// add takes a point of the series. It is not taken if it is refused.
func (b *batch) add(metric []byte, value float64, digits []byte, millis int64) (taken bool, why *refusal) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		switch {
		case math.Float64bits(value) == staleMarker:
			b.stale++
		case math.IsNaN(value):
			b.nan++
		default:
			b.infinite++
		}
		return true, nil
	}
	if b.points.Len() == maxSamples || b.points.Bytes() > maxPointsBytes {
		return false, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"the request has more than %d samples, or more than %d bytes of points", maxSamples, maxPointsBytes)}
	}
	p := &b.point
	*p = point.Point{Metric: metric, Value: value, Digits: digits, Tags: b.tags, TimeMicros: millis}
	wrong := b.wrong
	if most := int64(math.MaxInt64 / 1000); millis <= most && millis >= -most {
		p.TimeMicros = millis * 1000
	}
	if wrong == nil {
		wrong = p.Finish()
	}
	if wrong == nil {
		b.points.Add(nil, p)
		return true, nil
	}
	if b.firstWrong == "" {
		b.firstWrong, b.firstWhere = wrong.Error(), string(metric)
	}
	b.points.Refuse(p.AppendJSON(nil), wrong)
	return false, nil
}

// reset empties the batch and lets go of what it points at.
func (b *batch) reset() {
	clear(b.symbols)
	clear(b.tags[:cap(b.tags)])
	b.points.Reset()
	*b = batch{
		sent: b.sent[:0], body: b.body[:0], points: b.points, symbols: b.symbols[:0], tags: b.tags[:0], scratch: b.scratch[:0],
	}
}
