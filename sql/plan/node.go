// Package plan turns statements into what the engine runs: names and types bound, views inlined,
// filters and projections pushed to where they cost least.
//
// The SQL client, the engine and lineage use it. It relies on the catalog for tables and on
// sql/function for calls. A plan is a tree of Nodes, read-only once made and safe to share; its
// text (Explain) is stable, because a job's checkpoint remembers the hash of it.
package plan

import (
	"slices"
	"time"

	"millrace/format"
	"millrace/option"
	"millrace/schema"
)

// Node is one step of a plan; its rows have the schema Out. A kind of node is at home in one file:
// what it is, its text, and how the optimizer may change it. Those that leave the rewriting to the
// functions named for it (pushNothing, mergeInputs, pruneNothing) are right, though not fast.
type Node interface {
	// Out describes the rows that the node gives.
	Out() *schema.Schema
	// Inputs are the nodes that it takes rows from.
	Inputs() []Node

	// text is the node's line in EXPLAIN, without its inputs. It is in the hash of a plan: two nodes
	// whose state differs must not look alike.
	text() string
	// updates says whether its rows change or withdraw others that it gave before.
	updates() bool
	// with returns the node over other inputs of the same schemas.
	with(inputs []Node) Node
	// push returns the node under the given conditions over its columns, each as far down as it can go.
	push(conds []Expr) Node
	// merge returns the node with the projections below it merged.
	merge() Node
	// prune returns the node without the columns that nobody needs, and where each old column is among
	// those of the new node, -1 for one that is gone. There may be more columns than were asked for.
	prune(need []bool) (Node, []int)
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
	KeyFormat     *KeyFormat // nil: the keys of records are not read
	// AllColumns: the format finds columns by their place, so that none can be left out of Read.
	AllColumns bool
	// Read are the columns that the connector delivers; Meta says which of them are metadata: those whose keys
	// begin with ValueMetadata are the format's.
	Read *schema.Schema
	Meta map[int]string
	// Partition are the columns of PARTITIONED BY, if the connector has partitions; in Read they are metadata.
	Partition []string
	// Exprs make Out's columns from Read's, one each.
	Exprs []Expr
	// Watermark is nil without one.
	Watermark *Watermark
	Schema    *schema.Schema
	// Changes says which row kinds come. Key are the columns of the primary key in Schema, nil without one.
	Changes format.Changes
	Key     []int
}

// ValueMetadata is what the keys of metadata begin with that the format of the values tells.
const ValueMetadata = "value."

// KeyFormat says how the keys of a table's records are read and written.
type KeyFormat struct {
	Name    string
	Options option.Values
	// Columns are the table's columns that are in the key, in order. Prefix is what their names begin with in
	// the table, but not in the key.
	Columns []string
	Prefix  string
	// Only: they are not in the value (value.fields-include = EXCEPT_KEY).
	Only bool
	// AllColumns: the format finds columns by their place.
	AllColumns bool
}

// Watermark is WATERMARK FOR: the value of Expr over Out's columns is the watermark so far, in
// milliseconds once cast to TIMESTAMP(3).
type Watermark struct {
	Column      int  // in Out
	Expr        Expr // over Out; TIMESTAMP(3) or TIMESTAMP_LTZ(3)
	IdleTimeout time.Duration
	// OnEvent emits at each row instead of at the end of each batch read (Flink's emit.strategy).
	OnEvent bool
	// Eager is by how much it must advance, with OnEvent, to be sent on at once.
	Eager time.Duration
	// Group names the splits of a job that are aligned with each other: none goes further ahead of the lowest than
	// MaxDrift. Empty: none.
	Group    string
	MaxDrift time.Duration
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
	KeyFormat     *KeyFormat // nil: records have no keys
	Schema        *schema.Schema
	Meta          map[int]string
	// Partition are the columns of PARTITIONED BY, if the connector has partitions; in Schema they are metadata.
	Partition []string
	// Overwrite: the rows take the place of what is there.
	Overwrite bool
	// Key are the columns of the table's PRIMARY KEY.
	Key []int
	// Takes says which rows can be written; those of other kinds that the input gives are left out.
	Takes format.Changes
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
func (n *Union) Inputs() []Node { return n.Sources }

// Inputs implements Node.
func (n *Values) Inputs() []Node { return nil }

// Inputs implements Node.
func (n *Limit) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *Sink) Inputs() []Node { return []Node{n.Input} }

func (n *Scan) updates() bool    { return n.Changes != format.Inserts }
func (n *Filter) updates() bool  { return n.Input.updates() }
func (n *Project) updates() bool { return n.Input.updates() }
func (n *Union) updates() bool   { return slices.ContainsFunc(n.Sources, Node.updates) }
func (n *Values) updates() bool  { return false }
func (n *Limit) updates() bool   { return n.Input.updates() }
func (n *Sink) updates() bool    { return n.Input.updates() }

func (n *Scan) with([]Node) Node      { return n }
func (n *Values) with([]Node) Node    { return n }
func (n *Filter) with(in []Node) Node { return &Filter{Input: in[0], Cond: n.Cond} }
func (n *Project) with(in []Node) Node {
	return &Project{Input: in[0], Exprs: n.Exprs, Schema: n.Schema}
}

func (n *Limit) with(in []Node) Node { return &Limit{Input: in[0], Count: n.Count, Offset: n.Offset} }
func (n *Union) with(in []Node) Node { return &Union{Sources: in, Schema: n.Schema} }

func (n *Sink) with(in []Node) Node { c := *n; c.Input = in[0]; return &c }
