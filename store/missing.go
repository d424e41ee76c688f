package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"millrace/fault"
)

// missing is what one answer lacks, because it is in the bucket and did not come. It is safe for use by one
// goroutine.
type missing struct {
	rows       int64
	parts      int
	from, upto int64
	err        error
}

func (m *missing) add(p *part, err error) {
	if m.parts == 0 {
		m.from, m.upto, m.err = p.From, p.Upto, err
	}
	m.from, m.upto = min(m.from, p.From), max(m.upto, p.Upto)
	m.parts++
	m.rows += p.Rows
}

func (m *missing) join(other missing) {
	if other.parts == 0 {
		return
	}
	if m.parts == 0 {
		*m = other
		return
	}
	m.from, m.upto = min(m.from, other.from), max(m.upto, other.upto)
	m.parts += other.parts
	m.rows += other.rows
}

// warn adds to an answer what it lacks of a measurement.
func (m *missing) warn(measurement string, partial *bool, warnings *[]string) {
	if m.parts == 0 {
		return
	}
	*partial = true
	text := fmt.Sprintf("%d rows of %q in %d parts between %s and %s are missing: they are in the bucket, and could not be read: %v",
		m.rows, measurement, m.parts, instant(m.from).Format(time.RFC3339), instant(m.upto).Format(time.RFC3339), m.err)
	if hint := fault.HintOf(m.err); hint != "" {
		text += " (" + hint + ")"
	}
	if !slices.Contains(*warnings, text) {
		*warnings = append(*warnings, text)
	}
}

// excusable reports whether an answer may go on without a file of the bucket that could not be fetched
// for err: always, unless whoever asked has gone, or the file is broken here.
func excusable(ctx context.Context, f *stored) bool { return f.Object != "" && ctx.Err() == nil }
