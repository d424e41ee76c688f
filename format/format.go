// Package format is the border between the bytes of a record and rows: what a decoder and an encoder
// must do, and how a format declares itself.
//
// Each format is a folder below; the list of them is in builtin. Connectors, and node for what is
// stored, are handed decoders and encoders; they know no format by name. A record is one message:
// where files hold several, filesystem ends a record at the end of a line.
package format

import (
	"errors"
	"fmt"

	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// Decoder appends the rows of one record to a builder: none for a tombstone, two for an update.
// It decodes only the fields of the schema that it was made for.
//
// dst may have more columns than the decoder's schema, such as metadata: a decoder finds its own by
// name in dst.Schema().
//
// An error says why the record cannot be read (use *Error to name the field); dst then holds what it
// held before. A full builder is ErrFull, with dst as before: the caller empties it and tries again.
// An error with a fault.Kind is not the record's: something that decoding needs is away, or denied; the
// caller stops, and the record is read again.
// msg is not kept. A Decoder belongs to one goroutine and allocates nothing per record.
type Decoder interface {
	Decode(msg []byte, dst *vec.Builder) error
}

// MetadataDecoder is a Decoder that can also fill columns with what a record says about its rows. What the
// caller has set in the first row of a record it repeats in the others.
type MetadataDecoder interface {
	Decoder
	// ReadMetadata says which columns of dst are filled, by name, each with its key of Spec.Metadata and of the
	// type there. It is called before the first Decode, or not at all.
	ReadMetadata(columns map[string]string) error
}

// Encoder appends the bytes of one row to dst and returns the longer slice. It belongs to one
// goroutine and allocates nothing but dst's growth. An error leaves dst's content as it was.
type Encoder interface {
	Append(dst []byte, b *vec.Batch, row int) ([]byte, error)
}

// Changes says which row kinds a stream has (Flink's ChangelogMode).
type Changes uint8

// The modes of a stream of rows.
const (
	// Inserts: +I alone.
	Inserts Changes = iota
	// Upserts: +I or +U for the row that a primary key has now, -D for a key that has none any more; no -U.
	Upserts
	// All: +I, -U, +U and -D.
	All
)

// ErrFull is returned by a Decoder whose rows do not fit into the builder.
var ErrFull = errors.New("batch is full")

// Error says which field of a record cannot be read, and why. It is what the dead-letter topic shows.
type Error struct {
	Field  string // "" if the record as a whole is broken
	Reason string
}

// Error returns the field and the reason.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return fmt.Sprintf("field %q: %s", e.Field, e.Reason)
}

// Spec is a format as SQL sees it: 'format' = 'name', with its options as 'name.option'. A nil
// constructor means that this direction does not exist.
type Spec struct {
	Name    string
	Doc     string
	Options []option.Option
	// Positional: a decoder matches fields by their place, so it is made for all physical columns of a
	// table, also those that a query does not need.
	Positional bool
	// Binary says whether a record may hold any bytes, also line ends; nil: it is text in one line.
	Binary func(option.Values) bool
	// Decodes says which rows the decoder gives, Encodes which the encoder takes; zero is Inserts.
	Decodes, Encodes Changes
	// Metadata are the keys of what records say about their rows, with their types. The decoders of a format
	// that has any are MetadataDecoders.
	Metadata map[string]schema.Type
	// NewDecoder makes a decoder of the given fields, matched by name unless Positional. A field that is NOT NULL and
	// absent or null in a record is an error of that record.
	NewDecoder func(*schema.Schema, option.Values) (Decoder, error)
	// NewEncoder makes an encoder of rows with the given fields.
	NewEncoder func(*schema.Schema, option.Values) (Encoder, error)
}
