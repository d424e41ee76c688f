// Package plan turns statements into what the engine runs: names and types bound, views inlined,
// filters and projections pushed to where they cost least.
//
// The SQL client, the engine and lineage use it. It relies on the catalog for tables and on
// sql/function for calls. A plan is a tree of Nodes, read-only once made and safe to share; its
// text (Explain) is stable, because a job's checkpoint remembers the hash of it.
package plan

import (
	"time"

	"millrace/option"
	"millrace/schema"
	"millrace/sql/function"
)

// Node is one step of a plan; its rows have the schema Out.
type Node interface {
	// Out describes the rows that the node gives.
	Out() *schema.Schema
	// Inputs are the nodes that it takes rows from.
	Inputs() []Node
}

// Scan reads a table. Rows come as: the connector reads the physical and metadata columns Read
// (only what the query needs), then Computed are evaluated over them; Out is Cols of both.
type Scan struct {
	Table     string
	Connector string // name of the connector's Spec
	// Options are the connector's, checked and filled in; FormatName and FormatOptions the
	// value format's ("" for a connector without one).
	Options       option.Values
	FormatName    string
	FormatOptions option.Values
	// AllColumns: the format finds columns by their place, so that none can be left out of Read.
	AllColumns bool
	// Read are the columns that the connector delivers; Meta says which of them are metadata.
	Read *schema.Schema
	Meta map[int]string
	// Exprs make Out's columns from Read's, one each.
	Exprs []Expr
	// Watermark is nil without one.
	Watermark *Watermark
	Schema    *schema.Schema
}

// Watermark is WATERMARK FOR: the value of Expr over Out's columns is the watermark so far, in
// milliseconds once cast to TIMESTAMP(3).
type Watermark struct {
	Column      int  // in Out
	Expr        Expr // over Out; TIMESTAMP(3) or TIMESTAMP_LTZ(3)
	IdleTimeout time.Duration
	// OnEvent emits at each row instead of at the end of each batch read (Flink's emit.strategy).
	OnEvent bool
}

// Filter keeps the rows for which Cond is TRUE.
type Filter struct {
	Input Node
	Cond  Expr
}

// Project computes each column of Out from the input's.
type Project struct {
	Input  Node
	Exprs  []Expr
	Schema *schema.Schema
}

// WindowKind is the shape of a window.
type WindowKind uint8

// The windows of Flink's table-valued functions.
const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

// Window says how event time is cut. All are milliseconds.
type Window struct {
	Kind   WindowKind
	Time   int   // column of the input: the time attribute
	Size   int64 // Session: the gap
	Slide  int64 // Hop: the slide; Cumulate: the step; Tumble: Size
	Offset int64
}

// WindowAggregate groups rows by window and keys and emits each group once, when the watermark has
// passed the window's end. Out is Keys, then Aggs, then the window columns asked for, as Columns says.
type WindowAggregate struct {
	Input  Node
	Window Window
	Keys   []int // columns of the input
	Aggs   []Agg
	// WindowCols are the window columns that follow keys and aggregates in Out.
	WindowCols []WindowCol
	Schema     *schema.Schema
}

// WindowCol is one of the columns that a window adds.
type WindowCol uint8

// The columns of a window: its start, its end, and its time attribute, end - 1 ms.
const (
	WindowStart WindowCol = iota
	WindowEnd
	WindowTime
)

// WindowTVF adds the window columns to every row, once per window that the row is in, for
// queries that use a window without aggregating. Out is the input, then start, end, time.
type WindowTVF struct {
	Input  Node
	Window Window
	Schema *schema.Schema
}

// Agg is one call of an aggregate.
type Agg struct {
	Func     *function.Aggregate
	Overload *function.AggregateOverload
	Args     []int // columns of the input, of the overload's types already
	Filter   int   // BOOLEAN column of the input that must be TRUE; -1 without
	Distinct bool
	Name     string
}

// GroupAggregate groups rows by keys without a window and emits a changelog: each change of a
// group's answer as -U and +U.
type GroupAggregate struct {
	Input  Node
	Keys   []int
	Aggs   []Agg
	Schema *schema.Schema // Keys, then Aggs
}

// Union gives the rows of all inputs, which have the same schema.
type Union struct {
	Sources []Node
	Schema  *schema.Schema
}

// Values gives constant rows.
type Values struct {
	Rows   [][]Expr // without columns
	Schema *schema.Schema
}

// Limit gives the first Count rows after Offset.
type Limit struct {
	Input         Node
	Count, Offset int64
}

// Sink writes a table; its input has the table's physical (and writable metadata) columns.
type Sink struct {
	Input         Node
	Table         string // "" for the result of a SELECT
	Connector     string
	Options       option.Values
	FormatName    string
	FormatOptions option.Values
	Schema        *schema.Schema
	Meta          map[int]string
	// Key are the columns of the table's PRIMARY KEY.
	Key []int
	// NotNull are the columns that must not be NULL, for table.exec.sink.not-null-enforcer.
	NotNull []int
}

// Out implements Node.
func (n *Scan) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *Filter) Out() *schema.Schema { return n.Input.Out() }

// Out implements Node.
func (n *Project) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *WindowAggregate) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *WindowTVF) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *GroupAggregate) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *Union) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *Values) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *Limit) Out() *schema.Schema { return n.Input.Out() }

// Out implements Node.
func (n *Sink) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *Scan) Inputs() []Node { return nil }

// Inputs implements Node.
func (n *Filter) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *Project) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *WindowAggregate) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *WindowTVF) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *GroupAggregate) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *Union) Inputs() []Node { return n.Sources }

// Inputs implements Node.
func (n *Values) Inputs() []Node { return nil }

// Inputs implements Node.
func (n *Limit) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *Sink) Inputs() []Node { return []Node{n.Input} }
