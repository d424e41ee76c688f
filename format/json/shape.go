package json

import (
	"bytes"

	"millrace/format/json/scan"
)

// Bounds of what is remembered of a record's shape.
const (
	maxSlots = 256
	maxLead  = 1 << 10
)

// slot remembers one member of the last record: the bytes from behind the previous value up to its own,
// as in `, "temperature": `, and the field it is.
//
// Records of one topic tend to have the same names in the same order with the same blanks. A member that
// begins with the bytes of its slot needs no scanning, checking or looking up.
type slot struct {
	lead  []byte
	field *field // nil: not wanted
}

func hasLead(b []byte, i int, lead []byte) bool {
	return len(b)-i >= len(lead) && string(b[i:i+len(lead)]) == string(lead)
}

// remember makes lead the k-th slot.
func (d *Decoder) remember(k int, lead []byte, f *field) {
	if k >= maxSlots || len(lead) > maxLead {
		return
	}
	for k >= len(d.slots) {
		d.slots = append(d.slots, slot{lead: []byte{0}}) // a NUL begins no member
	}
	s := &d.slots[k]
	s.lead, s.field = append(s.lead[:0], lead...), f
}

// member reads from behind the previous value, or from the opening brace if k is 0, to the next value, and
// returns the field that it is of, nil if it is not wanted. done says that the object has ended instead.
func (d *Decoder) member(b []byte, i, k int) (next int, f *field, done bool) {
	start := i
	if k == 0 {
		i++
	}
	i = scan.Space(b, i)
	switch {
	case i < len(b) && b[i] == '}':
		return i + 1, nil, true
	case k == 0:
	case i < len(b) && b[i] == ',':
		i = scan.Space(b, i+1)
	default:
		return d.scan.Expected(b, i, "a comma or the end of the object"), nil, false
	}
	from := i
	if i = d.scan.Name(b, i); i < 0 {
		return -1, nil, false
	}
	// The name is valid: what is between the first quote and the one before the colon.
	name := b[from+1 : bytes.LastIndexByte(b[:bytes.LastIndexByte(b[:i], ':')], '"')]
	if bytes.IndexByte(name, '\\') >= 0 {
		d.unescaped = scan.AppendUnescaped(d.unescaped[:0], name)
		name = d.unescaped
	}
	f = d.byName[string(name)]
	d.remember(k, b[start:i], f)
	return i, f, false
}
