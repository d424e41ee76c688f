package store

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"millrace/schema"
	"millrace/vec"
)

// chunkRows is how many rows a block of the head has at most: small enough that a reader skips by
// time what it does not need, large enough that a block costs nothing.
const chunkRows = 8192

// chunkBytes bounds the strings of one column of a block, far below what its 32-bit offsets reach.
const chunkBytes = 64 << 20

// head is the rows that are not in a part yet, and the offsets they were read up to. Store.mu guards
// the one that is appended to; a frozen one does not change.
type head struct {
	of     map[string]*rows
	covers map[partition]int64
	rows   int64
	bytes  int64
}

func newHead() *head { return &head{of: map[string]*rows{}, covers: map[partition]int64{}} }

func (h *head) empty() bool { return h.rows == 0 && len(h.covers) == 0 }

// rows are the rows of one measurement in a head: full blocks, and one that grows.
type rows struct {
	full []*block
	last *block
	cols []Column // of last
	dict []map[string]uint32
	low  int64 // earliest time of what the last append appended
}

// blocks returns what is there now, in a form that later appends do not touch.
func (r *rows) blocks() []*block {
	out := r.full[:len(r.full):len(r.full)]
	if r.last == nil || r.last.rows == 0 {
		return out
	}
	last := *r.last
	last.cols = make([]values, len(r.last.cols))
	for i := range last.cols {
		last.cols[i] = r.last.cols[i].cut(last.rows)
	}
	return append(out, &last)
}

// begin starts a block of the given columns.
func (r *rows) begin(cols []Column) {
	if r.last != nil && r.last.rows > 0 {
		r.full = append(r.full, r.last)
	}
	r.cols = cols
	r.last = &block{cols: make([]values, len(cols))}
	r.dict = make([]map[string]uint32, len(cols))
	for i, c := range cols {
		r.last.cols[i] = values{id: c.ID, typ: c.Type, tag: c.Tag}
		if c.Tag {
			r.dict[i] = map[string]uint32{}
		}
	}
}

// fits reports whether the growing block has room and the measurement's columns.
func (r *rows) fits(m *measurement) bool {
	if r.last == nil || !same(r.cols, m.cols) || r.last.rows >= chunkRows {
		return false
	}
	for i := range r.last.cols {
		if len(r.last.cols[i].data) >= chunkBytes {
			return false
		}
	}
	return true
}

// apply appends the live rows of g that are not below offset from. The caller holds mu and has checked
// that everything fits.
func (s *Store) apply(p *planned, g *Group, from int64) {
	live := g.Batch.Rows()
	if g.Offsets != nil {
		live = after(live, g.Offsets, from)
	}
	r := s.head.of[p.m.name]
	if r == nil {
		r = &rows{}
		s.head.of[p.m.name] = r
	}
	for k := 0; k < live.Len(); {
		if !r.fits(p.m) {
			r.begin(p.m.cols)
		}
		n := min(live.Len()-k, chunkRows-r.last.rows)
		s.head.bytes += r.append(p, g.Batch, live, k, n)
		p.m.touch(r.low)
		k += n
	}
	s.head.rows += int64(live.Len())
	s.counters.rowsAppended += int64(live.Len())
}

// after returns the rows at offset from or behind it.
func after(live vec.Rows, offsets []int64, from int64) vec.Rows {
	sel := make([]int32, 0, live.Len())
	for k := range live.Len() {
		if r := live.At(k); offsets[r] >= from {
			sel = append(sel, int32(r))
		}
	}
	return vec.Rows{N: live.N, Sel: sel}
}

// append copies rows k to k+n of b and returns about how many bytes that took.
func (r *rows) append(p *planned, b *vec.Batch, live vec.Rows, k, n int) int64 {
	blk := r.last
	var size int64
	for i := range b.Cols {
		to := p.to[i]
		if i == p.time {
			to = 0
		}
		dst := &blk.cols[to]
		before := len(dst.data) + len(dst.dict)*32
		dst.appendVec(&b.Cols[i], live, k, n, blk.rows, r.dict[to])
		size += int64(len(dst.data)+len(dst.dict)*32-before) + int64(n)*8
	}
	for i := range blk.cols {
		if dst := &blk.cols[i]; dst.len() < blk.rows+n {
			dst.copyNulls(nil, 0, n, blk.rows)
			dst.pad(n)
		}
	}
	times := blk.times()[blk.rows:]
	if blk.rows == 0 {
		blk.from, blk.upto = times[0], times[0]
	}
	r.low = times[0]
	for _, t := range times {
		r.low, blk.upto = min(r.low, t), max(blk.upto, t)
	}
	blk.from = min(blk.from, r.low)
	blk.rows += n
	return size
}

// appendVec appends rows k to k+n of src to a column that has rows rows.
func (v *values) appendVec(src *vec.Column, live vec.Rows, k, n, rows int, dict map[string]uint32) {
	v.appendNulls(src, live, k, n, rows)
	switch {
	case v.tag:
		v.appendTags(src, live, k, n, dict)
	case v.typ == VarChar:
		v.appendTexts(src, live, k, n)
	case v.typ == Boolean:
		for j := k; j < k+n; j++ {
			v.bits = append(v.bits, src.Bits.Get(live.At(j)))
		}
	case v.typ == Double:
		v.appendFloats(src, live, k, n)
	case v.typ == Timestamp:
		v.appendInstants(src, live, k, n)
	default:
		v.appendInts(src, live, k, n)
	}
}

func (v *values) appendNulls(src *vec.Column, live vec.Rows, k, n, rows int) {
	if src.Valid == nil && v.null == nil {
		return
	}
	if v.null == nil {
		v.null = make([]bool, rows, rows+n)
	}
	for j := k; j < k+n; j++ {
		v.null = append(v.null, src.IsNull(live.At(j)))
	}
}

func (v *values) appendFloats(src *vec.Column, live vec.Rows, k, n int) {
	switch src.Layout() {
	case vec.LayoutF64:
		if live.Sel == nil {
			v.f64 = append(v.f64, src.F64[k:k+n]...)
			return
		}
		for _, r := range live.Sel[k : k+n] {
			v.f64 = append(v.f64, src.F64[r])
		}
	case vec.LayoutF32:
		for j := k; j < k+n; j++ {
			v.f64 = append(v.f64, float64(src.F32[live.At(j)]))
		}
	case vec.LayoutD128:
		for j := k; j < k+n; j++ {
			v.f64 = append(v.f64, src.D128[live.At(j)].Float64(src.Type.Scale))
		}
	default:
		for j := k; j < k+n; j++ {
			v.f64 = append(v.f64, float64(integer(src, live.At(j))))
		}
	}
}

func (v *values) appendInts(src *vec.Column, live vec.Rows, k, n int) {
	if src.Layout() == vec.LayoutI64 && live.Sel == nil {
		v.i64 = append(v.i64, src.I64[k:k+n]...)
		return
	}
	for j := k; j < k+n; j++ {
		v.i64 = append(v.i64, integer(src, live.At(j)))
	}
}

func integer(src *vec.Column, r int) int64 {
	switch src.Layout() {
	case vec.LayoutI8:
		return int64(src.I8[r])
	case vec.LayoutI16:
		return int64(src.I16[r])
	case vec.LayoutI32:
		return int64(src.I32[r])
	}
	return src.I64[r]
}

const microsPerDay = 24 * 3600 * 1_000_000

func (v *values) appendInstants(src *vec.Column, live vec.Rows, k, n int) {
	if src.Type.ID == schema.Date {
		for j := k; j < k+n; j++ {
			v.i64 = append(v.i64, int64(src.I32[live.At(j)])*microsPerDay)
		}
		return
	}
	switch per := src.Type.PerSecond(); per {
	case 1e6:
		v.appendInts(src, live, k, n)
	case 1e3:
		for j := k; j < k+n; j++ {
			v.i64 = append(v.i64, src.I64[live.At(j)]*1000)
		}
	default:
		for j := k; j < k+n; j++ {
			v.i64 = append(v.i64, floorDiv(src.I64[live.At(j)], 1000))
		}
	}
}

// floorDiv divides towards minus infinity, so that an instant before 1970 is not moved forward.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (v *values) appendTexts(src *vec.Column, live vec.Rows, k, n int) {
	for j := k; j < k+n; j++ {
		if r := live.At(j); !src.IsNull(r) {
			v.data = appendUTF8(v.data, src.Bytes(r))
		}
		v.end = append(v.end, uint32(len(v.data)))
	}
}

// appendUTF8 appends s with what is not UTF-8 replaced: Parquet's strings and JSON's must be.
func appendUTF8(dst, s []byte) []byte {
	if utf8.Valid(s) {
		return append(dst, s...)
	}
	return append(dst, bytes.ToValidUTF8(s, []byte("\uFFFD"))...)
}

func (v *values) appendTags(src *vec.Column, live vec.Rows, k, n int, dict map[string]uint32) {
	var last []byte // rows of one series often stand together
	var code uint32
	var num []byte
	for j := k; j < k+n; j++ {
		r := live.At(j)
		if src.IsNull(r) {
			if len(v.dict) == 0 {
				v.dict = append(v.dict, "")
			}
			v.code = append(v.code, 0)
			continue
		}
		var text []byte
		switch src.Layout() {
		case vec.LayoutBytes:
			text = src.Bytes(r)
		case vec.LayoutBits:
			num = strconv.AppendBool(num[:0], src.Bits.Get(r))
			text = num
		default:
			num = strconv.AppendInt(num[:0], integer(src, r), 10)
			text = num
		}
		if last == nil || !bytes.Equal(last, text) {
			var ok bool
			if code, ok = dict[string(text)]; !ok {
				code = v.encode(dict, string(appendUTF8(nil, text)))
			}
			last = append(last[:0], text...)
			if len(text) == 0 {
				last = nil
			}
		}
		v.code = append(v.code, code)
	}
}
