package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"millrace/bus"
	"millrace/fault"
)

// recordLine is a record as one line of JSON: what tail prints and produce reads. Keys, values and headers are text,
// base64 where they are not UTF-8, and null where there is none.
type recordLine struct {
	Topic       string       `json:"topic,omitempty"`
	Partition   *int32       `json:"partition,omitempty"`
	Offset      *int64       `json:"offset,omitempty"`
	Timestamp   *time.Time   `json:"timestamp,omitempty"`
	Key         *string      `json:"key"`
	KeyBase64   *string      `json:"key_base64,omitempty"`
	Value       *string      `json:"value"`
	ValueBase64 *string      `json:"value_base64,omitempty"`
	Headers     []headerLine `json:"headers,omitempty"`
}

// headerLine is a header of a recordLine.
type headerLine struct {
	Key         string  `json:"key"`
	Value       *string `json:"value"`
	ValueBase64 *string `json:"value_base64,omitempty"`
}

// lineOf is a record as it is printed.
func lineOf(r *bus.Record) recordLine {
	at := r.Timestamp.UTC()
	l := recordLine{Topic: r.Topic, Partition: &r.Partition, Offset: &r.Offset, Timestamp: &at}
	l.Key, l.KeyBase64 = texts(r.Key)
	l.Value, l.ValueBase64 = texts(r.Value)
	for _, h := range r.Headers {
		one := headerLine{Key: h.Key}
		one.Value, one.ValueBase64 = texts(h.Value)
		l.Headers = append(l.Headers, one)
	}
	return l
}

// texts is bytes as text, or in base64.
func texts(b []byte) (text, encoded *string) {
	switch {
	case b == nil:
		return nil, nil
	case utf8.Valid(b):
		s := string(b)
		return &s, nil
	}
	s := base64.StdEncoding.EncodeToString(b)
	return nil, &s
}

// bytesOf is the other way.
func bytesOf(field string, text, encoded *string) ([]byte, error) {
	switch {
	case encoded != nil && text != nil:
		return nil, fault.New(fault.Invalid, "%s is both text and base64", field)
	case encoded != nil:
		b, err := base64.StdEncoding.DecodeString(*encoded)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s_base64: %w", field, err)
		}
		return b, nil
	case text != nil:
		return []byte(*text), nil
	}
	return nil, nil
}

// record is the record of a line, for a topic. Its partition and time are taken over when keep says so: its offset
// cannot be.
func (l *recordLine) record(topic string, keep bool) (r bus.Record, err error) {
	r.Topic = topic
	if r.Key, err = bytesOf("key", l.Key, l.KeyBase64); err != nil {
		return r, err
	}
	if r.Value, err = bytesOf("value", l.Value, l.ValueBase64); err != nil {
		return r, err
	}
	for _, h := range l.Headers {
		value, err := bytesOf("value of header "+h.Key, h.Value, h.ValueBase64)
		if err != nil {
			return r, err
		}
		r.Headers = append(r.Headers, bus.Header{Key: h.Key, Value: value})
	}
	if keep && l.Timestamp != nil {
		r.Timestamp = *l.Timestamp
	}
	if keep && l.Partition != nil {
		bus.ToPartition(&r, *l.Partition)
	}
	return r, nil
}

// parseLine reads a line of JSON.
func parseLine(text []byte) (l recordLine, err error) {
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("no record as JSON: %w", err)
	}
	return l, nil
}
