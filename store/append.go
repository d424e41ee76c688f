package store

import (
	"context"
	"fmt"
	"strings"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// Range is a run of records of one topic partition: From (inclusive) to Upto (exclusive). Not every
// offset in between needs to be a record: aborted transactions and control records leave gaps.
type Range struct {
	Topic      string
	Partition  int32
	From, Upto int64
}

// Group is rows of one measurement.
type Group struct {
	Measurement string
	// Time is the name of the column of Batch that is the time of a row: TIMESTAMP or
	// TIMESTAMP_LTZ. Empty means "time".
	Time string
	// Tags names the columns that are tags. All others are fields.
	Tags []string
	// Batch is valid only during the call. Its live rows must be Inserts. Columns that the measurement
	// does not have yet are added to it; those that it has and the batch lacks are NULL.
	Batch *vec.Batch
	// Offsets is the offset of each physical row of Batch. It is needed only for a Range that is covered
	// in part; without it such a Range is refused as a whole.
	Offsets []int64
}

// Appender takes rows in. The Store is one.
type Appender interface {
	// Append adds the rows that were read from src: all of them or, with an error, none. What was
	// appended already is skipped, so that replay is harmless. The rows are visible to readers at once
	// and durable when Covered says so. A *Refused says which rows do not fit; it may be called
	// again without them.
	Append(ctx context.Context, src Range, groups []Group) error
	// Covered says up to which offset a partition is durable, which is where to read on after a
	// restart; ok is false if nothing was ever taken from it.
	Covered(topic string, partition int32) (upto int64, ok bool)
}

// Refused says which rows of an Append do not fit their measurement. It is a fault.Invalid, or a
// fault.Limit if the measurement or the store has too many columns or measurements.
type Refused struct {
	Group int   // index into the groups
	Rows  []int // physical rows of its batch; nil means all of them
	// Column is the column that does not fit; empty if it is none in particular.
	Column string
	Err    error
}

// Error tells the measurement, the column and the reason.
func (r *Refused) Error() string { return r.Err.Error() }

// Unwrap returns the fault.
func (r *Refused) Unwrap() error { return r.Err }

// Limits on what input can make the store grow to: names come from outside.
const (
	maxNameBytes    = 255
	maxColumns      = 1024   // of one measurement; each costs a buffer in the head and in every part
	maxMeasurements = 10_000 // each costs a file per flush
)

// partition is a topic partition.
type partition struct {
	topic string
	index int32
}

// Append implements Appender. It waits while the head is full, until a flush has made room.
func (s *Store) Append(ctx context.Context, src Range, groups []Group) error {
	if src.Topic == "" || src.From > src.Upto || src.From < 0 {
		return fault.New(fault.Invalid, "append %s: no range of offsets", src)
	}
	if err := s.waitForRoom(ctx); err != nil {
		return fmt.Errorf("append %s: %w", src, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fault.New(fault.Unavailable, "append %s: the store is closed", src)
	}
	key := partition{src.Topic, src.Partition}
	accepted := s.accepted[key] // 0 if nothing was taken yet: no offset is below it
	if src.Upto <= accepted {
		s.counters.rangesSkipped++
		return nil
	}
	if src.From < accepted {
		for i := range groups {
			if groups[i].Offsets == nil {
				return fault.New(fault.Conflict, "append %s: covered up to %d, and group %d has no offsets of its rows", src, accepted, i)
			}
		}
	}
	plan, err := s.plan(groups)
	if err != nil {
		s.counters.refused++
		return fmt.Errorf("append %s: %w", src, err)
	}
	for i := range groups {
		if plan[i].m != nil {
			s.apply(&plan[i], &groups[i], accepted)
		}
	}
	s.accepted[key] = src.Upto
	s.head.covers[key] = src.Upto
	s.signalIfDue()
	return nil
}

// String returns the range as "topic/0 [3, 9)".
func (r Range) String() string {
	return fmt.Sprintf("%s/%d [%d, %d)", r.Topic, r.Partition, r.From, r.Upto)
}

// Covered implements Appender.
func (s *Store) Covered(topic string, index int32) (upto int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	upto, ok = s.durable[partition{topic, index}]
	return upto, ok
}

// Accepted says up to which offset a partition was appended, durable or not: where a reader that was
// reassigned in this process may read on.
func (s *Store) Accepted(topic string, index int32) (upto int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	upto, ok = s.accepted[partition{topic, index}]
	return upto, ok
}

// planned is where the columns of a batch go.
type planned struct {
	m *measurement
	// to has for each column of the batch the index of the measurement's column.
	to   []int
	time int // index of the batch's time column
}

// plan finds or makes the measurements and columns of all groups. If one of them does not fit, it
// leaves no trace. The caller holds mu.
func (s *Store) plan(groups []Group) (_ []planned, err error) {
	var undo []func()
	defer func() {
		if err != nil {
			for i := len(undo) - 1; i >= 0; i-- {
				undo[i]()
			}
		}
	}()
	plan := s.plans[:0]
	for i := range groups {
		g := &groups[i]
		if g.Batch.Rows().Len() == 0 {
			// A caller that has taken out all refused rows must not be refused for them again.
			plan = append(plan, planned{})
			continue
		}
		m, ok := s.measurements[g.Measurement]
		if !ok {
			if m, err = s.newMeasurement(g.Measurement); err != nil {
				return nil, refuse(i, g, "", err)
			}
			s.measurements[g.Measurement] = m
			undo = append(undo, func() { delete(s.measurements, g.Measurement) })
		}
		p, ok := m.remembered(g)
		if !ok {
			before := m.shape
			undo = append(undo, func() { m.shape = before })
			var column string
			if p, column, err = m.fit(g); err != nil {
				return nil, refuse(i, g, column, err)
			}
		}
		if err := checkRows(i, g, p.time); err != nil {
			return nil, err
		}
		plan = append(plan, p)
	}
	s.plans = plan
	return plan, nil
}

func refuse(i int, g *Group, column string, err error) *Refused {
	kind := fault.KindOf(err)
	if kind == 0 {
		kind = fault.Invalid
	}
	if column != "" {
		err = fault.New(kind, "measurement %q: column %q: %w", g.Measurement, column, err)
	} else {
		err = fault.New(kind, "measurement %q: %w", g.Measurement, err)
	}
	return &Refused{Group: i, Column: column, Err: err}
}

// checkRows refuses rows without a time that can be stored, and rows that take others back.
func checkRows(i int, g *Group, at int) error {
	col, rows := &g.Batch.Cols[at], g.Batch.Rows()
	var bad []int
	per := col.Type.PerSecond()
	low, high := minTime/1e6*per, maxTime/1e6*per
	if per == 1e9 {
		low, high = -1<<63, 1<<63-1 // the whole range of nanoseconds can be stored
	}
	for k := range rows.Len() {
		r := rows.At(k)
		if col.IsNull(r) || col.I64[r] < low || col.I64[r] >= high {
			bad = append(bad, r)
		}
	}
	if bad != nil {
		err := fault.New(fault.Invalid, "measurement %q: column %q: a row has no time between the years 1 and 9999", g.Measurement, fieldName(g, at))
		return &Refused{Group: i, Rows: bad, Column: fieldName(g, at), Err: err}
	}
	if g.Batch.Kinds == nil {
		return nil
	}
	for k := range rows.Len() {
		if r := rows.At(k); g.Batch.Kinds[r] != vec.Insert {
			bad = append(bad, r)
		}
	}
	if bad != nil {
		err := fault.New(fault.Invalid, "measurement %q: a row is %s: only inserts are stored", g.Measurement, g.Batch.Kinds[bad[0]])
		return &Refused{Group: i, Rows: bad, Err: err}
	}
	return nil
}

func fieldName(g *Group, at int) string { return g.Batch.Schema.Fields[at].Name }

// Times that can be stored: the years 1 to 9999, which every reader of Parquet and JSON can print.
const (
	minTime = -62135596800 * 1_000_000
	maxTime = 253402300800 * 1_000_000
)

// storedType is the type that a column of type t is stored as; ok is false if it cannot be stored.
func storedType(t schema.Type) (as Type, ok bool) {
	switch {
	case t.IsInteger():
		return BigInt, true
	case t.IsNumeric():
		return Double, true
	case t.IsString():
		return VarChar, true
	case t.IsInstant(), t.ID == schema.Date:
		return Timestamp, true
	case t.ID == schema.Boolean:
		return Boolean, true
	}
	return 0, false
}

// fold is the form in which names of columns are compared, as DuckDB does.
func fold(name string) string { return strings.ToLower(name) }
