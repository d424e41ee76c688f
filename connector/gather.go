package connector

import (
	"context"
	"fmt"
	"time"
)

// What a batch of a collector waits for: what comes close behind the record before is taken along, so that one
// record by itself is hardly held up, and many share the cost of an append.
const (
	gatherGap  = 2 * time.Millisecond
	gatherMost = 20 * time.Millisecond
)

// Gather waits for an item of in and takes along what comes close behind it, up to most. It returns none once in is
// closed or ctx has ended.
func Gather[T any](ctx context.Context, in <-chan T, dst []T, most int) []T {
	select {
	case <-ctx.Done():
		return dst
	case item, ok := <-in:
		if !ok {
			return dst
		}
		dst = append(dst, item)
	}
	began := time.Now()
	gap := time.NewTimer(gatherGap)
	defer gap.Stop()
	for len(dst) < most {
		select {
		case item, ok := <-in:
			if !ok {
				return dst
			}
			dst = append(dst, item)
			continue
		default:
		}
		if time.Since(began) > gatherMost {
			return dst
		}
		gap.Reset(gatherGap)
		select {
		case item, ok := <-in:
			if !ok {
				return dst
			}
			dst = append(dst, item)
		case <-gap.C:
			return dst
		case <-ctx.Done():
			return dst
		}
	}
	return dst
}

const (
	// MaxRecord is the largest record, in bytes, that Bounded lets through: with less than Kafka's own limit of a batch,
	// so that one record from outside cannot stop its source for good.
	MaxRecord = 900 << 10

	maxHeaders     = 64
	maxHeaderBytes = 4 << 10
	keptOfTooLarge = 64 << 10
)

// AddHeader adds a header of a message outside. What is beyond the bounds, 64 headers of 4 KiB, is left out.
func AddHeader(dst []Header, name string, value []byte) []Header {
	if name == "" || len(dst) >= maxHeaders || len(name)+len(value) > maxHeaderBytes {
		return dst
	}
	return append(dst, Header{Name: name, Value: value})
}

// Bounded makes a batch of records. Those that are too large for the bus are refused, with the beginning of their
// values.
func Bounded(records []Record) Batch {
	var b Batch
	b.Records = records[:0]
	for _, r := range records {
		size := len(r.Key) + len(r.Value)
		for _, h := range r.Headers {
			size += len(h.Name) + len(h.Value)
		}
		if size <= MaxRecord {
			b.Records = append(b.Records, r)
			continue
		}
		r.Key, r.Value = r.Key[:min(len(r.Key), maxHeaderBytes)], r.Value[:min(len(r.Value), keptOfTooLarge)]
		b.Refused = append(b.Refused, Unread{Record: r, Reason: fmt.Errorf("the record has %d bytes: %d are the most", size, MaxRecord)})
	}
	return b
}
