package plan

import (
	"fmt"
	"slices"

	"millrace/schema"
)

// TimeBound is how a join goes by time.
type TimeBound uint8

// The joins that go by time.
const (
	// IntervalBound: the time of the left row is between that of the right one plus Lower and plus Upper.
	IntervalBound TimeBound = iota
	// WindowBound: both rows are in the same window; they are brought together when it ends.
	WindowBound
	// VersionBound: the right side is a table that changes; the left row meets what it was at its own time.
	VersionBound
	// LookupBound: the right side is a table that is asked when a left row comes.
	LookupBound
)

// JoinTime is what a join that goes by time has beside its keys and its condition.
type JoinTime struct {
	Bound TimeBound
	// Left and Right are columns of the two sides: their times (IntervalBound, VersionBound), or the ends of
	// their windows (WindowBound). LookupBound has none.
	Left, Right int
	// Lower and Upper are milliseconds, both included.
	Lower, Upper int64
	// ByClock: rows have the time at which they come.
	ByClock bool
	// Window is the time attribute that the windows cut, for WindowBound.
	Window schema.Field
}

func (t *JoinTime) updates(n *Join) bool {
	return (t.Bound == VersionBound || t.Bound == LookupBound) && n.Left.updates()
}

func (t *JoinTime) text(left, right *schema.Schema) string {
	switch t.Bound {
	case IntervalBound:
		return fmt.Sprintf(" interval %s - %s between %d and %d ms", left.Fields[t.Left].Name, right.Fields[t.Right].Name, t.Lower, t.Upper)
	case WindowBound:
		return fmt.Sprintf(" window %s", left.Fields[t.Left].Name)
	case VersionBound:
		return fmt.Sprintf(" version of %s at %s", right.Fields[t.Right].Name, left.Fields[t.Left].Name)
	}
	return " lookup"
}

// versions says whether a condition on the right side decides about a pair of rows, not about what the right
// side is: it must not be asked before they meet.
func (t *JoinTime) versions() bool {
	return t != nil && (t.Bound == VersionBound || t.Bound == LookupBound)
}

// forget ends the time attributes of the join's rows that tell no order of time any more.
func (t *JoinTime) forget(n *Join) {
	switch {
	case t == nil:
		forgetTime(n.Schema)
	case t.versions():
		for i := n.Left.Out().Len(); i < n.Schema.Len(); i++ {
			n.Schema.Fields[i].Time = schema.NoTime
		}
	}
}

// require marks the columns of both sides that are needed.
func (t *JoinTime) require(both []bool, width int) {
	if t != nil && t.Bound != LookupBound && !t.ByClock {
		both[t.Left], both[width+t.Right] = true, true
	}
}

// moved returns t with its columns at their new places.
func (t *JoinTime) moved(left, right []int) *JoinTime {
	if t == nil || t.Bound == LookupBound || t.ByClock {
		return t
	}
	out := *t
	out.Left, out.Right = left[t.Left], right[t.Right]
	return &out
}

// windowColumns implements windowed: a join of windows keeps them.
func (n *Join) windowColumns() *WindowColumns {
	if n.Time == nil || n.Time.Bound != WindowBound {
		return nil
	}
	left, right := windowColumns(n.Left), windowColumns(n.Right)
	switch {
	case n.leftOnly():
		return left
	case n.Kind == LeftJoin:
		right = nil // NULL for a row without a match
	case n.Kind == RightJoin:
		left = nil
	case n.Kind == FullJoin:
		return nil
	}
	return joinedWindows(left, right, n.Left.Out().Len())
}

// upsertKeys implements the keys of a join: a row is known by what it is made of.
func (n *Join) upsertKeys() [][]int {
	left := upsertKeys(n.Left)
	if n.leftOnly() || n.Time.versions() {
		return left
	}
	var all [][]int
	for _, l := range left {
		for _, r := range upsertKeys(n.Right) {
			key := slices.Clone(l)
			for _, k := range r {
				key = append(key, n.Left.Out().Len()+k)
			}
			all = append(all, key)
		}
	}
	return all
}
