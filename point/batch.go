package point

import (
	"bytes"
	"context"
	"fmt"

	"millrace/connector"
	"millrace/format"
)

// Batch is the points of one request on their way to the bus: the good ones as records keyed by their
// metric, the others as dead letters. It is used again by later requests and belongs to one goroutine.
// The zero Batch is empty.
type Batch struct {
	text    []byte // the canonical points one behind the other, and keys that differ from their quoted form
	spans   []span
	records []connector.Record
	refused []Refusal
	dead    []connector.Record

	refusedBytes int
}

// span is where a point and its key stand in the text.
type span struct {
	from, upto       int
	keyFrom, keyUpto int
}

// Refusal is a point that was not accepted.
type Refusal struct {
	Index int    // among the points of the request
	Raw   []byte // as it came, or its beginning
	Why   *format.Error
}

// Good is the number of points that were accepted.
func (b *Batch) Good() int { return len(b.spans) }

// Refused are the points that were not accepted. They are valid until Reset.
func (b *Batch) Refused() []Refusal { return b.refused }

// Len is the number of points.
func (b *Batch) Len() int { return len(b.spans) + len(b.refused) }

// Bytes is the size of all points.
func (b *Batch) Bytes() int { return len(b.text) + b.refusedBytes }

// Add takes a point that is Finished and was read from raw, nil if that is no text. It is refused if it
// is too large; its JSON is the dead letter where there is no raw.
func (b *Batch) Add(raw []byte, p *Point) {
	from := len(b.text)
	size, keyFrom := len(raw), 0
	if size <= MaxBytes {
		b.text, keyFrom = p.appendJSON(b.text)
		size = len(b.text) - from
	}
	if size > MaxBytes {
		if raw == nil {
			raw = bytes.Clone(b.text[from:min(len(b.text), from+MaxBytes)])
		}
		b.text = b.text[:from]
		b.refuse(raw, tooLarge(size))
		return
	}
	s := span{from: from, upto: len(b.text), keyFrom: keyFrom, keyUpto: keyFrom + len(p.Metric)}
	if string(b.text[s.keyFrom:s.keyUpto]) != string(p.Metric) || b.text[s.keyUpto] != '"' { // it has escapes there
		s.keyFrom = len(b.text)
		b.text = append(b.text, p.Metric...)
		s.keyUpto = len(b.text)
	}
	b.spans = append(b.spans, s)
}

func tooLarge(size int) *format.Error {
	return &format.Error{Reason: fmt.Sprintf("it has %d bytes, more than the %d of a point; the rest was cut off", size, MaxBytes)}
}

// Refuse takes a point that cannot be accepted. raw must stay as it is until Reset.
func (b *Batch) Refuse(raw []byte, why *format.Error) {
	if len(raw) > MaxBytes {
		why = tooLarge(len(raw))
	}
	b.refuse(raw, why)
}

func (b *Batch) refuse(raw []byte, why *format.Error) {
	raw = raw[:min(len(raw), MaxBytes)]
	b.refusedBytes += len(raw)
	b.refused = append(b.refused, Refusal{b.Len(), raw, why})
}

// Send hands all points to out: the good ones to topic, the others to its dead letters, in the name of
// by. It returns nil once the bus has all of them. The dead letters go first: if the bus fails between
// the two, the client sends all again, and a letter twice does less harm than a point twice.
func (b *Batch) Send(ctx context.Context, out connector.Out, topic, by string) error {
	if len(b.refused) > 0 {
		if err := out.Append(ctx, topic+connector.DeadSuffix, b.letters(topic, by)); err != nil {
			return fmt.Errorf("append dead letters: %w", err)
		}
	}
	if len(b.spans) == 0 {
		return nil
	}
	if err := out.Append(ctx, topic, b.Records()); err != nil {
		return fmt.Errorf("append points: %w", err)
	}
	return nil
}

// Records are the good points. They are valid until Reset.
func (b *Batch) Records() []connector.Record {
	b.records = b.records[:0]
	for _, s := range b.spans {
		b.records = append(b.records, connector.Record{
			Key: b.text[s.keyFrom:s.keyUpto:s.keyUpto], Value: b.text[s.from:s.upto:s.upto],
		})
	}
	return b.records
}

func (b *Batch) letters(topic, by string) []connector.Record {
	b.dead = b.dead[:0]
	for i := range b.refused {
		r := &b.refused[i]
		headers := connector.DeadLetter{Reason: r.Why, By: by, Topic: topic}.Headers()
		b.dead = append(b.dead, connector.Record{Value: r.Raw, Headers: headers})
	}
	return b.dead
}

// Reset empties the batch and lets go of what it points at.
func (b *Batch) Reset() {
	clear(b.records)
	clear(b.refused)
	clear(b.dead)
	b.text, b.spans, b.refusedBytes = b.text[:0], b.spans[:0], 0
	b.records, b.refused, b.dead = b.records[:0], b.refused[:0], b.dead[:0]
}
