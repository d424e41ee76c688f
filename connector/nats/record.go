package nats

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"millrace/connector"
)

// recordOf makes a record of a message; meta is nil for one that is of no stream.
func recordOf(source, subject string, data []byte, header nats.Header, meta *jetstream.MsgMetadata) connector.Record {
	r := connector.Record{Key: []byte(subject), Value: data, Headers: []connector.Header{
		{Name: "millrace.source", Value: []byte(source)},
		{Name: "nats.subject", Value: []byte(subject)},
	}}
	if data == nil {
		r.Value = []byte{} // no tombstone
	}
	if meta != nil {
		r.Time = meta.Timestamp
		r.Headers = append(r.Headers,
			connector.Header{Name: "nats.stream", Value: []byte(meta.Stream)},
			connector.Header{Name: "nats.sequence", Value: strconv.AppendUint(nil, meta.Sequence.Stream, 10)})
	}
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range header[name] {
			r.Headers = connector.AddHeader(r.Headers, name, []byte(value))
		}
	}
	return r
}

// stored is a message as it lies in a stream, without a consumer.
func stored(source, stream string, m *jetstream.RawStreamMsg) connector.Record {
	meta := &jetstream.MsgMetadata{Stream: stream, Timestamp: m.Time, Sequence: jetstream.SequencePair{Stream: m.Sequence}}
	return recordOf(source, m.Subject, m.Data, m.Header, meta)
}

// covers says whether a subject is meant by a filter, of which * stands for one token and > for the rest.
func covers(filter, subject string) bool {
	f, s := strings.Split(filter, "."), strings.Split(subject, ".")
	for i, token := range f {
		switch {
		case i >= len(s):
			return false
		case token == ">":
			return true
		case token != "*" && token != s[i]:
			return false
		}
	}
	return len(f) == len(s)
}

// coversAny says whether a subject is meant by one of the filters, or there is none.
func coversAny(filters []string, subject string) bool {
	return len(filters) == 0 || slices.ContainsFunc(filters, func(f string) bool { return covers(f, subject) })
}
