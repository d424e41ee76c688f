// Package fault names the ways a request can be refused, so that every layer above can treat
// them alike: the API turns a kind into a status code, the command line into an exit text, the
// engine into "retry" or "stop".
//
// Everyone may use it; it imports nothing of ours. Faults are values: safe to share, compare with
// errors.Is against the kinds. A broken invariant is not a fault; it is a panic.
package fault

import (
	"errors"
	"fmt"
)

// Kind is why something was refused.
type Kind uint8

// The kinds. Invalid, NotFound, Conflict, Denied and Limit are the caller's to mend; Unavailable is
// a dependency that may come back, and is what retry loops look for; Corrupt is stored data that
// does not check, which is never retried and never passed over in silence.
const (
	Invalid Kind = iota + 1
	NotFound
	Conflict
	Denied
	Limit
	Unavailable
	Corrupt
)

// String returns the kind in lower case, as logs and answers show it.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case NotFound:
		return "not found"
	case Conflict:
		return "conflict"
	case Denied:
		return "denied"
	case Limit:
		return "limit"
	case Unavailable:
		return "unavailable"
	case Corrupt:
		return "corrupt"
	}
	return "unknown"
}

// Error lets a Kind be the target of errors.Is: errors.Is(err, fault.NotFound).
func (k Kind) Error() string { return k.String() }

// Error is a refusal: its kind, what happened, and how to mend it.
type Error struct {
	Kind Kind
	Text string // operation, object, cause
	Hint string // what to do about it; may be empty

	cause error // already part of Text; may be nil
}

// Error returns the text, without the hint.
func (e *Error) Error() string { return e.Text }

// Unwrap returns the cause that New was given with %w, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is this fault's kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// New returns a fault of kind k. The arguments are those of fmt.Errorf; a %w cause is kept.
func New(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Text: err.Error(), cause: errors.Unwrap(err)}
}

// WithHint returns a copy of the fault with a hint that tells how to mend it.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// KindOf returns the kind of the first fault in err's chain, or 0 if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	var k Kind
	if errors.As(err, &k) {
		return k
	}
	return 0
}

// HintOf returns the first hint in err's chain, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.cause
	}
	return ""
}
