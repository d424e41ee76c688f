package format

import (
	"errors"
	"fmt"

	"millrace/schema"
	"millrace/vec"
)

// KeyDecoder is a Decoder of tables some of whose columns are in the keys of records.
type KeyDecoder interface {
	Decoder
	// DecodeKey sets the columns of the key in dst's current row, which Decode, or EndRow for a record
	// without a value, ends. A nil key is NULL in each. An error leaves the row to be aborted.
	DecodeKey(key []byte, dst *vec.Builder) error
}

// KeyEncoder is an Encoder of tables some of whose columns go to the keys of records.
type KeyEncoder interface {
	Encoder
	// AppendKey is Append for the key.
	AppendKey(dst []byte, b *vec.Batch, row int) ([]byte, error)
}

type keyDecoder struct {
	Decoder
	key     Decoder
	columns []string // of the table
	row     *vec.Builder
	at      []int // where they are in dst
}

// WithKey returns value's decoder with key's beside it, which was made for the schema s; columns are the names that
// its fields have in the table.
func WithKey(value, key Decoder, s *schema.Schema, columns []string) KeyDecoder {
	d := &keyDecoder{Decoder: value, key: key, columns: columns, row: vec.NewBuilderSize(s, 2)}
	if m, ok := value.(MetadataDecoder); ok {
		return &keyedMetadata{d, m}
	}
	return d
}

// keyedMetadata is a keyDecoder whose values tell metadata: it is a MetadataDecoder, too.
type keyedMetadata struct {
	*keyDecoder
	value MetadataDecoder
}

func (d *keyedMetadata) ReadMetadata(columns map[string]string) error {
	return d.value.ReadMetadata(columns)
}

func (d *keyDecoder) DecodeKey(key []byte, dst *vec.Builder) error {
	if d.at == nil {
		for _, name := range d.columns {
			d.at = append(d.at, dst.Schema().Index(name))
		}
	}
	if key == nil {
		return nil
	}
	d.row.Reset()
	if err := d.key.Decode(key, d.row); err != nil && !errors.Is(err, ErrFull) {
		return fmt.Errorf("the key: %w", err)
	} else if n := d.row.Len(); err != nil || n != 1 {
		return &Error{Reason: fmt.Sprintf("the key holds %d rows, not one", n)}
	}
	b := d.row.Batch()
	for i, at := range d.at {
		dst.CopyValue(at, &b.Cols[i], 0)
	}
	return nil
}

type keyEncoder struct {
	value, key     Encoder
	inValue, inKey []int
	part           vec.Batch
}

// WithKeyEncoder returns an encoder of rows of which the columns inValue go to the value, inKey to the key.
func WithKeyEncoder(value, key Encoder, inValue, inKey []int) KeyEncoder {
	return &keyEncoder{value: value, key: key, inValue: inValue, inKey: inKey}
}

func (e *keyEncoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	part := e.only(b, e.inValue)
	part.Kinds = b.Kinds
	return e.value.Append(dst, part, row)
}

func (e *keyEncoder) AppendKey(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	return e.key.Append(dst, e.only(b, e.inKey), row)
}

// only is b with some of its columns. Keys are always inserts: what becomes of the row is the value's to say.
func (e *keyEncoder) only(b *vec.Batch, columns []int) *vec.Batch {
	e.part.N, e.part.Cols, e.part.Kinds = b.N, e.part.Cols[:0], nil
	for _, c := range columns {
		e.part.Cols = append(e.part.Cols, b.Cols[c])
	}
	return &e.part
}
