package connector

import (
	"errors"

	"millrace/format"
)

// DeadSuffix makes the name of the topic of a topic's dead letters, unless a pipeline names another.
const DeadSuffix = ".dead"

// The headers of a dead letter. Its key and value are those of the record that could not be read.
const (
	HeaderError     = "millrace.error"
	HeaderField     = "millrace.field"
	HeaderTopic     = "millrace.topic"
	HeaderPartition = "millrace.partition"
	HeaderOffset    = "millrace.offset"
	HeaderPipeline  = "millrace.pipeline"
)

// DeadLetter says why a record could not be read, and where it came from or should have gone. Everyone who refuses
// records writes it the same way, so that they can be listed and replayed.
type DeadLetter struct {
	Reason error  // a *format.Error where a field is known
	By     string // who could not read it: a job, a store, a source, a protocol
	Topic  string
	// Read: it was read from Topic, at Partition and Offset, as its source counts. Otherwise it never got there.
	Read              bool
	Partition, Offset string
}

// Headers returns the headers that say so.
func (d DeadLetter) Headers() []Header {
	h := func(name, value string) Header { return Header{name, []byte(value)} }
	reason := "unknown"
	if d.Reason != nil {
		reason = d.Reason.Error()
	}
	headers := []Header{h(HeaderError, reason), h(HeaderTopic, d.Topic)}
	if d.Read {
		headers = append(headers, h(HeaderPartition, d.Partition))
	}
	headers = append(headers, h(HeaderOffset, d.Offset), h(HeaderPipeline, d.By))
	var f *format.Error
	if errors.As(d.Reason, &f) && f.Field != "" {
		headers = append(headers, h(HeaderField, f.Field))
	}
	return headers
}
