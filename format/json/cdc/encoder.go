package cdc

import (
	"millrace/format"
	"millrace/format/json"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// envelope is what stands around a row that is added or removed; short are both where NULLs are left out.
type envelope struct {
	add, remove [2]string
	short       [2][2]string
}

type encoder struct {
	row format.Encoder
	envelope
}

func newEncoder(e envelope, s *schema.Schema, v option.Values) (format.Encoder, error) {
	row, err := json.Spec().NewEncoder(s, v)
	if err != nil {
		return nil, err
	}
	if v.Bool("encode.ignore-null-fields") {
		e.add, e.remove = e.short[0], e.short[1]
	}
	return &encoder{row: row, envelope: e}, nil
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	around := &e.add
	if k := b.Kind(row); k == vec.UpdateBefore || k == vec.Delete {
		around = &e.remove
	}
	n := len(dst)
	out, err := e.row.Append(append(dst, around[0]...), b, row)
	if err != nil {
		return out[:n], err
	}
	return append(out, around[1]...), nil
}
