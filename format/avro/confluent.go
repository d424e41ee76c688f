package avro

import (
	"encoding/binary"
	"errors"
	"fmt"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
)

// headerSize is the magic byte, 0, and the id of the schema.
const headerSize = 5

// maxPlans is how many schemas a decoder remembers; with more it begins anew.
const maxPlans = 1000

// registryPlans finds the plan of a record by the id of its schema.
type registryPlans struct {
	registry *registry
	schema   *schema.Schema
	legacy   bool
	known    map[uint32]knownPlan
	last     uint32 // the id that was asked for last
	lastPlan knownPlan
}

// knownPlan is a plan, or why the records of its schema cannot be read.
type knownPlan struct {
	r       *reader
	refused error
}

func newConfluentDecoder(s *schema.Schema, v option.Values) (format.Decoder, error) {
	legacy := v.Bool("timestamp_mapping.legacy")
	if !v.Has("schema") {
		if _, err := derivedOf("avro-confluent", s, v); err != nil {
			return nil, err
		}
	}
	r, err := openRegistry(v)
	if err != nil {
		return nil, err
	}
	return &decoder{schema: s, plans: &registryPlans{registry: r, schema: s, legacy: legacy, known: map[uint32]knownPlan{}}}, nil
}

func (p *registryPlans) plan(msg []byte) (*reader, []byte, error) {
	if len(msg) < headerSize || msg[0] != 0 {
		return nil, nil, &format.Error{Reason: "the record does not begin with a zero byte and the id of a schema"}
	}
	id := binary.BigEndian.Uint32(msg[1:headerSize])
	if p.lastPlan == (knownPlan{}) || id != p.last {
		k, ok := p.known[id]
		if !ok {
			var err error
			if k, err = p.fetch(id); err != nil {
				return nil, nil, err
			}
		}
		p.last, p.lastPlan = id, k
	}
	return p.lastPlan.r, msg[headerSize:], p.lastPlan.refused
}

// fetch gets a schema and remembers the plan for it. One that the registry does not have may come later, so
// that it is asked for again.
func (p *registryPlans) fetch(id uint32) (k knownPlan, err error) {
	s, err := p.registry.schema(int(id))
	switch {
	case errors.Is(err, errUnknownSchema):
		return k, &format.Error{Reason: fmt.Sprintf("schema %d: %v", id, err)}
	case fault.KindOf(err) != 0:
		return k, err
	case err == nil:
		k.r, err = planRows(s, p.schema, p.legacy)
	}
	if err != nil {
		k = knownPlan{refused: &format.Error{Reason: fmt.Sprintf("schema %d: %v", id, err)}}
	}
	if len(p.known) >= maxPlans {
		clear(p.known)
	}
	p.known[id] = k
	return k, nil
}

func newConfluentEncoder(s *schema.Schema, v option.Values) (format.Encoder, error) {
	subject := v.String("subject")
	if subject == "" {
		return nil, fault.New(fault.Invalid, "format avro-confluent: a table that is written needs a subject").
			WithHint("set 'avro-confluent.subject', to <topic>-value as a rule")
	}
	p, err := writtenSchema(s, v)
	if err != nil {
		return nil, err
	}
	w, err := planWriter(p, s, v.Bool("timestamp_mapping.legacy"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "format avro-confluent: %w", err)
	}
	r, err := openRegistry(v)
	if err != nil {
		return nil, err
	}
	h := &header{registry: r, subject: subject, text: p.text}
	return &encoder{row: w, header: h.append}, nil
}

// writtenSchema is the schema of the options, or that of the table.
func writtenSchema(s *schema.Schema, v option.Values) (*parsed, error) {
	if !v.Has("schema") {
		return derivedOf("avro-confluent", s, v)
	}
	p, err := parse(v.String("schema"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "format avro-confluent: option %q: %w", "schema", err)
	}
	return p, nil
}

// header is what every record begins with. The schema is registered when the first one is written.
type header struct {
	registry      *registry
	subject, text string
	bytes         []byte
}

func (h *header) append(dst []byte) ([]byte, error) {
	if h.bytes == nil {
		id, err := h.registry.register(h.subject, h.text)
		if err != nil {
			return dst, err
		}
		h.bytes = binary.BigEndian.AppendUint32([]byte{0}, uint32(id))
	}
	return append(dst, h.bytes...), nil
}
