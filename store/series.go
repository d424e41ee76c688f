package store

import (
	"encoding/binary"
	"strings"
)

// tagValue is the value of a tag in a row; NULL is another than "".
type tagValue struct {
	text string
	null bool
}

// seriesTable numbers the combinations of tag values as they appear.
type seriesTable struct {
	byKey map[string]uint32
	tags  [][]tagValue // by number
	num   []byte
}

func newSeriesTable() *seriesTable { return &seriesTable{byKey: map[string]uint32{}} }

func (t *seriesTable) len() int { return len(t.tags) }

// number returns the number of a combination.
func (t *seriesTable) number(tags []tagValue) uint32 {
	var key strings.Builder
	for _, v := range tags {
		if v.null {
			key.WriteByte(0)
			continue
		}
		t.num = binary.AppendUvarint(t.num[:0], uint64(len(v.text))+1)
		key.Write(t.num)
		key.WriteString(v.text)
	}
	n, ok := t.byKey[key.String()]
	if !ok {
		n = uint32(len(t.tags))
		t.byKey[key.String()] = n
		t.tags = append(t.tags, append([]tagValue{}, tags...))
	}
	return n
}

// directCodes is up to how many combinations of codes a block's series are looked up in an array.
const directCodes = 1 << 16

// index returns the series of rows [from, upto) of b by the given tags. into is used again.
func (t *seriesTable) index(b *block, tags []Column, from, upto int, into []uint32) []uint32 {
	into = into[:0]
	cols := make([]*values, len(tags))
	combinations := 1.0
	for i, c := range tags {
		if cols[i] = b.column(c.ID); cols[i] == nil {
			continue
		}
		combinations *= float64(len(cols[i].dict) + 1)
	}
	row := make([]tagValue, len(tags))
	numberOf := func(r int) uint32 {
		for i, v := range cols {
			if row[i] = (tagValue{null: true}); !v.isNull(r) {
				row[i] = tagValue{text: v.text(r)}
			}
		}
		return t.number(row)
	}
	if combinations == 1 {
		n := numberOf(from)
		for range upto - from {
			into = append(into, n)
		}
		return into
	}
	if combinations > 1<<62 {
		for r := from; r < upto; r++ { // no number says which it is
			into = append(into, numberOf(r))
		}
		return into
	}
	// Each combination is looked up once; 0 stands for one that was not met yet.
	var direct []uint32
	var sparse map[uint64]uint32
	if combinations <= directCodes {
		direct = make([]uint32, int(combinations))
	} else {
		sparse = map[uint64]uint32{}
	}
	for r := from; r < upto; r++ {
		var code uint64
		for _, v := range cols {
			if v == nil {
				continue
			}
			code *= uint64(len(v.dict) + 1)
			if v.null == nil || !v.null[r] {
				code += uint64(v.code[r]) + 1
			}
		}
		var n uint32
		if direct != nil {
			n = direct[code]
		} else {
			n = sparse[code]
		}
		if n == 0 {
			n = numberOf(r) + 1
			if direct != nil {
				direct[code] = n
			} else {
				sparse[code] = n
			}
		}
		into = append(into, n-1)
	}
	return into
}
