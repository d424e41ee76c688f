// Package function holds what SQL expressions can call: the scalar and aggregate functions of Flink
// SQL with Flink's types and answers, one file per family.
//
// The planner binds a call to an Overload; the engine calls its Kernel once per batch. A Scalar or an
// Aggregate is a constant table entry. Kernels keep no state of their own, so that one Overload
// serves many goroutines; memory they need between calls belongs to the Call.
package function

import (
	"time"

	"millrace/schema"
	"millrace/vec"
)

// Arg is an argument as the planner knows it: its type and, if it is constant, its value.
type Arg struct {
	Type  schema.Type
	Const *vec.Value // nil unless constant
}

// Scalar is a function of one row. The documentation and the first test are its Example.
type Scalar struct {
	Name    string // upper case; operators by their symbol: "+", "=", "||", "AND", "IS NULL"
	Doc     string
	Example string // SQL and answer: "UPPER('ab') = 'AB'"
	// Bind picks the overload for the arguments. Its error is text for the user: what was given,
	// what is expected.
	Bind func(args []Arg) (*Overload, error)
	// Volatile functions give another answer at another time; they are never folded.
	Volatile bool
}

// Overload is a function bound to types.
type Overload struct {
	// Args are the types that the arguments must be cast to before the call. An argument beyond them
	// is a constant that the overload holds already (a pattern, a unit, the list of IN, the type
	// of CAST): it is shown in plans, but neither computed nor passed to the kernel.
	Args   []schema.Type
	Result schema.Type
	// Identity says that the result is the first argument's values as they are, only under another
	// type: the engine may pass the argument on instead of calling the kernel.
	Identity bool
	// Kernel computes the result for the named rows.
	Kernel Kernel
	// Lenient kernels are told about NULLs and decide the result's validity themselves. For the
	// others NULL in is NULL out: the caller sets dst.Valid before the call, and a kernel that can
	// fail skips the rows that are NULL there.
	Lenient bool
	// Open stands in the place of Kernel for functions that keep something of a task between calls: it makes the
	// kernel of one.
	Open func() (Kernel, error)
}

// Task returns the kernel for one task.
func (o *Overload) Task() (Kernel, error) {
	if o.Open != nil {
		return o.Open()
	}
	return o.Kernel, nil
}

// Kernel computes dst, already Reset to the result type and c.Rows.N rows, for the rows c.Rows from
// args, whose columns have at least that many rows. It may write rows that are not named, but must
// not fail because of them. Strings are appended for every physical row in order.
type Kernel func(c *Call, args []*vec.Column, dst *vec.Column) error

// Call is the surroundings of a kernel call. It belongs to one goroutine.
type Call struct {
	Rows vec.Rows
	// Zone is the session's time zone.
	Zone *time.Location
	// Now is the processing time of the batch.
	Now time.Time
	// Watermark is how far event time has come where the rows are, in ms; it counts only if Timed.
	Watermark int64
	Timed     bool
	// Scratch is memory that kernels may use during a call.
	Scratch []byte
}

// Aggregate is a function of many rows. Accumulators are columns, one row a group, so that they can
// be sent to another task, stored in a snapshot and merged.
type Aggregate struct {
	Name    string
	Doc     string
	Example string
	Bind    func(args []Arg) (*AggregateOverload, error)
	// BindJSON stands in the place of Bind for those that take the clauses of JSON functions.
	BindJSON func(args []Arg, c JSONClauses) (*AggregateOverload, error)
	// Distinct says that it takes each value once, as if DISTINCT was written.
	Distinct bool
	// Streams says why the function is refused over streams, "" for one that is not.
	Streams string
}

// AggregateOverload is an aggregate bound to types.
type AggregateOverload struct {
	Args   []schema.Type
	Result schema.Type
	// State are the types of the accumulator's columns.
	State []schema.Type
	// Grow makes room for n groups; new ones are at the neutral element (mostly NULL or 0).
	Grow func(state []vec.Column, from, n int)
	// Add adds row rows.At(k) of args to group groups[k], for every k.
	Add func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error
	// Retract takes row rows.At(k) of args, which was added before, out of group groups[k] again, for every k:
	// the answer is then as if it had never been added. It is nil where that needs more than State holds.
	Retract func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error
	// Retracting is the overload to use in place of this one where rows are retracted, because its state holds
	// more (SUM must know when the last value has gone). Nil: this one, by Retract or by Keep.
	Retracting *AggregateOverload
	// Keep is how the values themselves make the answer. Where Add is nil they always must be kept (State is
	// empty, Merge and Finish are nil, too). Where it is not, they must only where rows are retracted.
	Keep *Keep
	// Merge adds row rows.At(k) of other, a state, to group groups[k], for every k.
	Merge func(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error
	// Finish writes the answers of the groups named by rows, in order, to rows 0.. of dst,
	// already Reset to Result with rows.Len() rows.
	Finish func(state []vec.Column, rows vec.Rows, dst *vec.Column) error
}

// Keep says what an operator keeps of the values of a group, and how they make its answer. A value is what the
// overload's Args say: one or more columns.
type Keep struct {
	// Nulls says that values whose first column is NULL are kept, too.
	Nulls bool
	// Bag says that equal values may be kept once, with how often they came: their order is that of the
	// first. Else each is kept for itself, in the order in which they came; one that is retracted is
	// the first of those equal to it.
	Bag bool
	// Pick is not Make for aggregates whose answer is one of the values as it is (the first column).
	Pick Pick
	// Better says, for PickBest, whether row j of in, which came later, takes the place of row i of kept.
	// Neither is NULL.
	Better func(kept *vec.Column, i int, in *vec.Column, j int) bool
	// Make adds row k to dst, a growing column (vec.NewColumn) of k rows, from the values of a group, for PickNone.
	Make func(v Kept, dst *vec.Column, k int) error
}

// Pick says which of its values is the answer of an aggregate; NULL if there is none.
type Pick uint8

// Which value is picked: none, as the answer is made of all; the one that is better than the others; the first or last.
const (
	PickNone Pick = iota
	PickBest
	PickFirst
	PickLast
)

// Kept are the values of one group: Rows of Cols, in order.
type Kept struct {
	Cols   []vec.Column
	Rows   []int32
	Counts []int64 // by row of Cols, how often the value is there
}
