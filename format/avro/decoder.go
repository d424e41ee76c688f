package avro

import (
	"fmt"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// Limits of one record, as of the format json: a batch of records addresses its text with 31 bits.
const (
	maxRecord = 16 << 20
	maxHeld   = 1 << 30
)

// plans finds the plan to read a record, and where the record begins in a message.
type plans interface {
	plan(msg []byte) (r *reader, record []byte, err error)
}

// decoder reads records of Avro. It is a format.Decoder.
type decoder struct {
	rowReader
	plans
	schema *schema.Schema
	bound  *schema.Schema
	held   int // bytes of the records in the builder, at most
}

// onePlan reads all records alike.
type onePlan struct{ r *reader }

func (p onePlan) plan(msg []byte) (*reader, []byte, error) { return p.r, msg, nil }

func newPlainDecoder(s *schema.Schema, v option.Values) (format.Decoder, error) {
	p, err := derivedOf("avro", s, v)
	if err != nil {
		return nil, err
	}
	r, err := planRows(p, s, v.Bool("timestamp_mapping.legacy"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "format avro: %w", err)
	}
	if v.String("encoding") == "json" {
		return &decoder{schema: s, plans: &jsonPlan{read: r}}, nil
	}
	return &decoder{schema: s, plans: onePlan{r}}, nil
}

// derivedOf is the schema that rows are read and written with.
func derivedOf(owner string, s *schema.Schema, v option.Values) (*parsed, error) {
	text, err := derive(s, v.Bool("timestamp_mapping.legacy"))
	if err != nil {
		out := fault.New(fault.Invalid, "format %s: %w", owner, err)
		if hint := fault.HintOf(err); hint != "" {
			return nil, out.WithHint("%s", hint)
		}
		return nil, out
	}
	p, err := parse(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "format %s: derive an Avro schema: %w", owner, err)
	}
	return p, nil
}

// Decode implements format.Decoder.
func (d *decoder) Decode(msg []byte, dst *vec.Builder) error {
	if dst.Schema() != d.bound {
		if err := d.bind(dst.Schema()); err != nil {
			return err
		}
	}
	if dst.Len() == 0 {
		d.held = 0
	}
	switch {
	case len(msg) == 0: // a tombstone
		return nil
	case dst.Full() || d.held+len(msg) > maxHeld:
		return format.ErrFull
	case len(msg) > maxRecord:
		return &format.Error{Reason: fmt.Sprintf("the record has %d bytes, more than %d", len(msg), maxRecord)}
	}
	r, record, err := d.plan(msg)
	if err != nil {
		dst.AbortRow()
		return err
	}
	d.start(record)
	d.dst, d.bad, d.expanded = dst, "", 0
	if !d.row(r) {
		dst.AbortRow()
		return &format.Error{Field: d.bad, Reason: d.why}
	}
	dst.EndRow(vec.Insert)
	d.held += len(msg) + d.expanded
	return nil
}

func (d *decoder) bind(s *schema.Schema) error {
	d.cols = d.cols[:0]
	for _, f := range d.schema.Fields {
		c := s.Index(f.Name)
		if c < 0 {
			return fault.New(fault.Invalid, "decode Avro: the rows have no column %q", f.Name)
		}
		d.cols = append(d.cols, c)
	}
	d.bound = s
	return nil
}
