package ast

// Set is SET 'key' = 'value'; with an empty key it lists the settings.
type Set struct {
	Span
	Key, Value string
	KeySpan    Span // of the key
	ValueSpan  Span // of the value
}

// Reset is RESET ['key']; with an empty key it resets all settings.
type Reset struct {
	Span
	Key string
}

// CreateTable is CREATE TABLE with all its clauses.
type CreateTable struct {
	Span
	OrReplace     bool
	Replace       bool // REPLACE TABLE, of one that exists
	Temporary     bool
	IfNotExists   bool
	Name          ObjectName
	Columns       []ColumnDef
	Watermark     *Watermark
	PrimaryKey    *PrimaryKey
	Comment       string
	Distribution  *Distribution
	PartitionedBy []Ident
	Options       []Option
	Like          *LikeClause
	As            *Query
	// Names are the columns of CREATE TABLE t (a, b) AS SELECT, which pick and reorder those of the query.
	Names []Ident
}

// ColumnDef is a column of CREATE TABLE: physical (Type), metadata (Type and Metadata) or computed (Computed).
type ColumnDef struct {
	Span
	Name       Ident
	Type       *Type  // nil if computed
	PrimaryKey bool   // PRIMARY KEY NOT ENFORCED beside the column
	Constraint string // the name of that key, or empty
	Metadata   *Metadata
	Computed   Expr
	Comment    string
}

// Metadata is METADATA [FROM 'key'] [VIRTUAL].
type Metadata struct {
	Span
	From    string // empty: the column's own name
	Virtual bool
}

// Watermark is WATERMARK FOR column AS x. Column has several parts if it is a nested field.
type Watermark struct {
	Span
	Column []Ident
	X      Expr
}

// PrimaryKey is [CONSTRAINT name] PRIMARY KEY (…) NOT ENFORCED.
type PrimaryKey struct {
	Span
	Constraint  string
	Columns     []Ident
	NotEnforced bool
}

// Distribution is DISTRIBUTED [BY [HASH|RANGE] (…)] [INTO n BUCKETS].
type Distribution struct {
	Span
	Kind    string // HASH, RANGE or empty
	Columns []Ident
	Buckets string // a number, or empty
}

// LikeClause is LIKE t (INCLUDING ALL, OVERWRITING OPTIONS, …).
type LikeClause struct {
	Span
	Name    ObjectName
	Options []LikeOption
}

// LikeOption is one option of a LikeClause, such as EXCLUDING WATERMARKS.
type LikeOption struct {
	Span
	Merge   string // INCLUDING, EXCLUDING, OVERWRITING
	Feature string // ALL, CONSTRAINTS, DISTRIBUTION, GENERATED, METADATA, OPTIONS, PARTITIONS, WATERMARKS
}

// CreateView is CREATE VIEW.
type CreateView struct {
	Span
	OrReplace   bool
	Temporary   bool
	IfNotExists bool
	Name        ObjectName
	Columns     []Ident
	Comment     string
	Query       *Query
}

// Drop is DROP TABLE or DROP VIEW.
type Drop struct {
	Span
	View      bool
	Temporary bool
	IfExists  bool
	Name      ObjectName
}

// Insert is INSERT INTO or INSERT OVERWRITE.
type Insert struct {
	Span
	Overwrite bool
	Table     ObjectName
	Hints     []Hint
	Partition []PartitionValue
	Columns   []Ident // empty: all, in the table's order
	Query     *Query
}

// PartitionValue is column [= literal] of PARTITION (…).
type PartitionValue struct {
	Span
	Column Ident
	Value  Expr // nil if not written
}

// StatementSet is EXECUTE STATEMENT SET BEGIN … END or BEGIN STATEMENT SET; … END: one job of several inserts.
type StatementSet struct {
	Span
	Inserts []*Insert
}

// Execute is EXECUTE statement, which runs it as if EXECUTE were not there.
type Execute struct {
	Span
	Statement Statement
}

// Explain is EXPLAIN [details] statement.
type Explain struct {
	Span
	Details   []string // ESTIMATED_COST, CHANGELOG_MODE, PLAN_ADVICE, JSON_EXECUTION_PLAN, AST, PLAN
	Statement Statement
}

// Describe is DESCRIBE [EXTENDED] table.
type Describe struct {
	Span
	Extended bool
	Name     ObjectName
}

// Show is SHOW TABLES, VIEWS, JOBS, FUNCTIONS, USER FUNCTIONS, COLUMNS FROM t, CREATE TABLE t, CREATE VIEW v,
// CURRENT DATABASE and the like.
type Show struct {
	Span
	What    string
	Name    *ObjectName // of CREATE TABLE, CREATE VIEW, COLUMNS; or the database of FROM
	Not     bool
	LikeOp  string // LIKE, ILIKE or empty
	Pattern string
}

func (*Set) statement()          {}
func (*Reset) statement()        {}
func (*CreateTable) statement()  {}
func (*CreateView) statement()   {}
func (*Drop) statement()         {}
func (*Insert) statement()       {}
func (*StatementSet) statement() {}
func (*Execute) statement()      {}
func (*Explain) statement()      {}
func (*Describe) statement()     {}
func (*Show) statement()         {}
