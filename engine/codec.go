package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/sql/plan"
)

// NewDecoder makes a decoder of all that a scan reads of a record: a format.KeyDecoder if some of it is in the key.
// The scan's table has a format.
func NewDecoder(formats map[string]format.Spec, n *plan.Scan) (format.Decoder, error) {
	decoder, err := decoderOf(formats, n, false)
	if err != nil {
		return nil, err
	}
	return decoder()
}

// decoderOf returns the maker of a scan's decoders; they are nil for a table without a format.
func decoderOf(formats map[string]format.Spec, n *plan.Scan, deadLetters bool) (func() (format.Decoder, error), error) {
	if n.FormatName == "" {
		return func() (format.Decoder, error) { return nil, nil }, nil
	}
	value, ok := formats[n.FormatName]
	if !ok || value.NewDecoder == nil {
		return nil, fault.New(fault.Invalid, "read table %q: format %q cannot be read", n.Table, n.FormatName)
	}
	physical, opts := columnsOf(n.Read, n.Meta), formatOptions(value, n.FormatOptions, deadLetters)
	k := n.KeyFormat
	if k == nil {
		return func() (format.Decoder, error) { return newValueDecoder(value, n, physical, opts) }, nil
	}
	key, ok := formats[k.Name]
	if !ok || key.NewDecoder == nil {
		return nil, fault.New(fault.Invalid, "read table %q: key format %q cannot be read", n.Table, k.Name)
	}
	inValue, inKey := parts(n.Read, physical, k)
	return func() (format.Decoder, error) {
		v, err := newValueDecoder(value, n, inValue, opts)
		if err != nil || len(inKey) == 0 {
			return v, err
		}
		s := keySchema(n.Read, inKey, k)
		d, err := key.NewDecoder(s, formatOptions(key, k.Options, deadLetters))
		if err != nil {
			return nil, err
		}
		return format.WithKey(v, d, s, n.Read.Select(inKey).Names()), nil
	}, nil
}

// newValueDecoder makes the decoder of the columns that are in the values of records, and of what the format tells
// of them.
func newValueDecoder(f format.Spec, n *plan.Scan, inValue []int, opts option.Values) (format.Decoder, error) {
	d, err := f.NewDecoder(n.Read.Select(inValue), opts)
	if err != nil {
		return nil, err
	}
	columns := map[string]string{}
	for at, key := range n.Meta {
		if key, ok := strings.CutPrefix(key, plan.ValueMetadata); ok {
			columns[n.Read.Fields[at].Name] = key
		}
	}
	if len(columns) == 0 {
		return d, nil
	}
	m, ok := d.(format.MetadataDecoder)
	if !ok {
		return nil, fault.New(fault.Invalid, "read table %q: format %q tells no metadata", n.Table, f.Name)
	}
	return m, m.ReadMetadata(columns)
}

// encoderOf returns an encoder for a sink, nil if it has no format.
func encoderOf(formats map[string]format.Spec, n *plan.Sink) (format.Encoder, error) {
	if n.FormatName == "" {
		return nil, nil
	}
	value, ok := formats[n.FormatName]
	if !ok || value.NewEncoder == nil {
		return nil, fault.New(fault.Invalid, "write table %q: format %q cannot be written", n.Table, n.FormatName)
	}
	physical, k := columnsOf(n.Schema, n.Meta), n.KeyFormat
	if k == nil {
		return value.NewEncoder(n.Schema.Select(physical), n.FormatOptions)
	}
	key, ok := formats[k.Name]
	if !ok || key.NewEncoder == nil {
		return nil, fault.New(fault.Invalid, "write table %q: key format %q cannot be written", n.Table, k.Name)
	}
	inValue, inKey := parts(n.Schema, physical, k)
	v, err := value.NewEncoder(n.Schema.Select(inValue), n.FormatOptions)
	if err != nil {
		return nil, err
	}
	enc, err := key.NewEncoder(keySchema(n.Schema, inKey, k), k.Options)
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	return format.WithKeyEncoder(v, enc, inValue, inKey), nil
}

// columnsOf lists the columns of a table that its format reads and writes: all but the metadata.
func columnsOf(all *schema.Schema, meta map[int]string) []int {
	var at []int
	for i := range all.Fields {
		if _, ok := meta[i]; !ok {
			at = append(at, i)
		}
	}
	return at
}

// parts says which of the physical columns are in the value and which, in the key's own order, are in the key.
func parts(all *schema.Schema, physical []int, k *plan.KeyFormat) (inValue, inKey []int) {
	for _, name := range k.Columns {
		if i := all.Index(name); i >= 0 {
			inKey = append(inKey, i)
		}
	}
	for _, i := range physical {
		if !k.Only || !slices.Contains(inKey, i) {
			inValue = append(inValue, i)
		}
	}
	return inValue, inKey
}

// keySchema is the key's columns as the key's format knows them, without their prefix.
func keySchema(all *schema.Schema, inKey []int, k *plan.KeyFormat) *schema.Schema {
	s := &schema.Schema{}
	for _, i := range inKey {
		f := all.Fields[i]
		f.Name = strings.TrimPrefix(f.Name, k.Prefix)
		s.Fields = append(s.Fields, f)
	}
	return s
}

// ignoreErrors is the option by which Flink's formats pass over what they cannot read.
const ignoreErrors = "ignore-parse-errors"

// formatOptions switches a format's own leniency off when there are dead letters: they take what cannot
// be read, instead of NULL or nothing taking its place.
func formatOptions(f format.Spec, opts option.Values, deadLetters bool) option.Values {
	if !deadLetters || !opts.Bool(ignoreErrors) {
		return opts
	}
	out := maps.Clone(opts)
	out[ignoreErrors] = "false"
	return out
}
