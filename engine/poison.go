package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"millrace/connector"
	"millrace/fault"
	"millrace/format"
	"millrace/vec"
)

// A record that a job fails at must not stop it for ever. The first failure restarts the job as any other does. After
// the second the job goes on carefully: one batch at a time through all its tasks, a checkpoint behind each. The batch
// that breaks is then known; the next lives read smaller ones, until one record is left. It goes to the dead letters,
// as records do that cannot be decoded, and when all that had been read is read again the job goes on at full speed.
//
// Only what happens while rows are processed counts. A failure that comes with the watermark or with the clock, as of
// the result of a window, is no record's: the next record would meet it, too.

const (
	// firstBatch is how many records of a split a careful life begins with; each failure makes it smaller by
	// batchShrinks.
	firstBatch   = 1024
	batchShrinks = 8
)

// rowError is an error that came while rows were processed.
type rowError struct {
	cause    error
	panicked bool
}

// Error implements error.
func (e *rowError) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *rowError) Unwrap() error { return e.cause }

// timeError is an error that came with the watermark, though rows were being processed.
type timeError struct{ error }

// Unwrap returns the cause.
func (e timeError) Unwrap() error { return e.error }

// blame is deferred where rows are processed: an error, or a panic, is theirs. A page of state that cannot be read is
// not.
func blame(err *error) {
	if p := recover(); p != nil {
		if _, page := p.(interface{ Addr() uintptr }); page {
			panic(p)
		}
		*err = &rowError{cause: fmt.Errorf("task panicked: %v\n%s", p, debug.Stack()), panicked: true}
		return
	}
	if *err != nil {
		*err = &rowError{cause: *err}
	}
}

// notRows is deferred where the watermark is passed on: an error is not of the rows that were processed with it.
func notRows(err *error) {
	if p := recover(); p != nil {
		if _, page := p.(interface{ Addr() uintptr }); page {
			panic(p)
		}
		*err = timeError{fmt.Errorf("task panicked: %v\n%s", p, debug.Stack())}
		return
	}
	if *err != nil {
		*err = timeError{*err}
	}
}

// blamesRows says whether some record may be why a job has failed. A dependency that is away is none's fault.
func blamesRows(err error) bool {
	var row *rowError
	var late timeError
	if errors.As(err, &late) || !errors.As(err, &row) {
		return false
	}
	return row.panicked || fault.KindOf(err) == fault.Invalid || fault.KindOf(err) == fault.Limit
}

// errCareful ends a careful life: what broke the job has been passed.
var errCareful = errors.New("the job need not be careful any more")

// hunt is what a job knows, from one life to the next, of a record that it fails at. One goroutine uses it.
type hunt struct {
	failures int
	limit    int   // records of a split in a batch; 0: the job is not careful
	left     int64 // rows to be read carefully
	found    *poison
}

// poison are records that go to the dead letters: so many of a split, from an offset on.
type poison struct {
	split  string
	from   connector.Offset
	count  int
	reason string
}

// failed takes note of a life that has ended in an error, and reports whether the next should begin at once.
func (h *hunt) failed(err error, r *run) bool {
	if !blamesRows(err) {
		return false
	}
	read := r.stats.rowsIn.Load() - r.read
	if h.limit == 0 {
		h.failures++
		h.left = max(h.left, read)
		if h.failures > 1 {
			h.limit = firstBatch
		}
		return true
	}
	s := r.careful.suspect
	switch {
	case s == nil:
		*h = hunt{}
		return false // it failed at nothing that it had read
	case h.limit > 1:
		h.limit = max(1, h.limit/batchShrinks)
		return true
	}
	reason := fmt.Sprintf("job failed at this record again and again: %s", firstLine(err))
	if p := h.found; p != nil && p.split == s.split && p.from == s.from {
		if s.refused < p.count {
			*h = hunt{}
			return false // its source cannot leave a record out
		}
		p.count, p.reason = p.count+1, reason
	} else {
		h.found = &poison{split: s.split, from: s.from, count: 1, reason: reason}
	}
	h.limit, h.left = firstBatch, max(h.left, 1)
	return true
}

func firstLine(err error) string {
	text := err.Error()
	for i := range len(text) {
		if text[i] == '\n' {
			return text[:i]
		}
	}
	return text
}

// careful lets one batch at a time pass.
type careful struct {
	hunt *hunt
	ask  chan chan error // for a checkpoint

	mu      sync.Mutex // held while a batch passes
	suspect *suspect   // the batch that passes; read when all tasks have ended
}

// suspect is a batch that may have the record.
type suspect struct {
	split   string
	from    connector.Offset
	refused int // of its records, because of what they had done before
}

// asked are the wishes for a checkpoint; a job that is not careful has none.
func (c *careful) asked() <-chan chan error {
	if c == nil {
		return nil
	}
	return c.ask
}

// step lets a source task process what it has read, alone, and commits it.
func (c *careful) step(ctx context.Context, t *sourceTask, last bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	n := t.rows.Len()
	if n == 0 && len(t.rows.Refused) == 0 {
		return t.step(ctx, last)
	}
	c.suspect = &suspect{split: t.id, from: t.offset}
	if t.sieve != nil {
		c.suspect.refused = t.sieve.refused
	}
	if err := t.step(ctx, last); err != nil {
		return err
	}
	done := make(chan error, 1)
	for _, wait := range []func() error{
		func() error {
			select {
			case c.ask <- done:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		func() error {
			select {
			case err := <-done:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	} {
		if err := wait(); err != nil {
			return err
		}
	}
	c.suspect = nil
	if c.hunt.left -= int64(n); c.hunt.left <= 0 {
		*c.hunt = hunt{}
		return errCareful
	}
	return nil
}

// sieve lets few records of a split pass at a time, and refuses those that the job has failed at.
type sieve struct {
	format.Decoder
	limit, left int
	poison      *poison // nil: none of the records to come
	refused     int
	keyed       bool // records are counted by their keys
}

// newSieve puts a sieve before a decoder, which stays what it is besides.
func newSieve(d format.Decoder, limit int, p *poison) (format.Decoder, *sieve) {
	s := &sieve{Decoder: d, limit: limit, left: limit, poison: p}
	k, keyed := d.(format.KeyDecoder)
	m, tells := d.(format.MetadataDecoder)
	s.keyed = keyed
	switch {
	case keyed && tells:
		return keyedMetaSieve{keySieve{s, k}, m}, s
	case keyed:
		return keySieve{s, k}, s
	case tells:
		return metaSieve{s, m}, s
	}
	return s, s
}

// admit says whether a record may pass.
func (s *sieve) admit(dst *vec.Builder) error {
	if s.poison != nil && s.refused < s.poison.count {
		s.refused++
		return &format.Error{Reason: s.poison.reason}
	}
	if s.left <= 0 && dst.Len() > 0 {
		return format.ErrFull
	}
	s.left--
	return nil
}

// Decode implements format.Decoder.
func (s *sieve) Decode(msg []byte, dst *vec.Builder) error {
	if !s.keyed {
		if err := s.admit(dst); err != nil {
			return err
		}
	}
	return s.Decoder.Decode(msg, dst)
}

type keySieve struct {
	*sieve
	key format.KeyDecoder
}

// DecodeKey implements format.KeyDecoder.
func (s keySieve) DecodeKey(key []byte, dst *vec.Builder) error {
	if err := s.admit(dst); err != nil {
		return err
	}
	return s.key.DecodeKey(key, dst)
}

type metaSieve struct {
	*sieve
	meta format.MetadataDecoder
}

// ReadMetadata implements format.MetadataDecoder.
func (s metaSieve) ReadMetadata(columns map[string]string) error { return s.meta.ReadMetadata(columns) }

type keyedMetaSieve struct {
	keySieve
	meta format.MetadataDecoder
}

// ReadMetadata implements format.MetadataDecoder.
func (s keyedMetaSieve) ReadMetadata(columns map[string]string) error {
	return s.meta.ReadMetadata(columns)
}
