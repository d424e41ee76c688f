package json

import (
	"encoding/base64"

	"millrace/vec"
)

// target is where a value goes: column c of dst's current row or, inside of another value, row n of the
// growing column col.
type target struct {
	dst *vec.Builder
	c   int
	col *vec.Column
	n   int
}

func (t target) setNull() {
	if t.col != nil {
		t.col.AppendNull(t.n)
	} else {
		t.dst.SetNull(t.c)
	}
}

func (t target) setBool(v bool) {
	if t.col != nil {
		t.col.GrowBool(t.n, v)
	} else {
		t.dst.SetBool(t.c, v)
	}
}

func (t target) setInt(v int64) {
	if t.col != nil {
		t.col.GrowInt(t.n, v)
	} else {
		t.dst.SetInt(t.c, v)
	}
}

func (t target) setF32(v float32) {
	if t.col != nil {
		t.col.GrowF32(t.n, v)
	} else {
		t.dst.SetF32(t.c, v)
	}
}

func (t target) setF64(v float64) {
	if t.col != nil {
		t.col.GrowF64(t.n, v)
	} else {
		t.dst.SetF64(t.c, v)
	}
}

func (t target) setDecimal(v vec.Decimal128) {
	if t.col != nil {
		t.col.GrowDecimal(t.n, v)
	} else {
		t.dst.SetDecimal(t.c, v)
	}
}

func (t target) setBytes(v []byte) {
	if t.col != nil {
		t.col.GrowBytes(t.n, v)
	} else {
		t.dst.SetBytes(t.c, v)
	}
}

// setBase64 sets binary from its text, and reports whether that is base64.
func (t target) setBase64(text []byte) bool {
	decode := func(to []byte) ([]byte, error) { return base64.StdEncoding.AppendDecode(to, text) }
	if t.col != nil {
		return t.col.GrowBytesBy(t.n, decode) == nil
	}
	return t.dst.GrowBytes(t.c, decode) == nil
}
