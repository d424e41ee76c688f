package ast

// LiteralKind says how a Literal's text is to be read.
type LiteralKind uint8

// The kinds of literals.
const (
	NullLiteral      LiteralKind = iota
	UnknownLiteral               // the boolean NULL
	BoolLiteral                  // TRUE or FALSE
	IntegerLiteral               // 12
	DecimalLiteral               // 1.5, exact
	FloatLiteral                 // 1e0, a DOUBLE
	StringLiteral                // unescaped text
	BinaryLiteral                // an even number of hexadecimal digits, upper case
	DateLiteral                  // the text between the quotes
	TimeLiteral                  // the text between the quotes
	TimestampLiteral             // the text between the quotes
)

// Literal is a constant.
type Literal struct {
	Span
	Kind LiteralKind
	Text string
}

// Interval is INTERVAL '1 02' DAY TO HOUR. To is empty for a single unit; a precision not written is -1.
type Interval struct {
	Span
	Negative       bool
	Text           string
	Unit, To       string // YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND
	Precision      int
	FractionDigits int
}

// Column is a reference to a column, a field within it, or a table: a, t.a, t.a.b.
type Column struct {
	Span
	Parts []Ident
}

// Name returns the last part: the name a select item gets from a plain column.
func (c *Column) Name() string { return c.Parts[len(c.Parts)-1].Name }

// Star is * or t.*, as a select item or the argument of COUNT.
type Star struct {
	Span
	Qualifier []Ident
}

// Unary is -x, +x or NOT x.
type Unary struct {
	Span
	Op string
	X  Expr
}

// Binary is x Op y. Op is upper case, one of the keys of BinaryPrecedence.
type Binary struct {
	Span
	Op   string
	X, Y Expr
}

// Is is x IS [NOT] What: NULL, TRUE, FALSE, UNKNOWN, JSON, JSON VALUE, JSON SCALAR, JSON ARRAY, JSON OBJECT.
type Is struct {
	Span
	X    Expr
	Not  bool
	What string
}

// Between is x [NOT] BETWEEN [SYMMETRIC] low AND high.
type Between struct {
	Span
	X         Expr
	Not       bool
	Symmetric bool
	Low, High Expr
}

// In is x [NOT] IN (list) or x [NOT] IN (query): exactly one of List and Query is set.
type In struct {
	Span
	X     Expr
	Not   bool
	List  []Expr
	Query *Query
}

// Like is x [NOT] Op pattern [ESCAPE escape]; Op is LIKE or SIMILAR TO.
type Like struct {
	Span
	X       Expr
	Not     bool
	Op      string
	Pattern Expr
	Escape  Expr // nil if not written
}

// Quantified is x Op SOME|ALL (list or query); ANY is SOME.
type Quantified struct {
	Span
	X     Expr
	Op    string
	All   bool
	List  []Expr
	Query *Query
}

// Exists is EXISTS (query).
type Exists struct {
	Span
	Query *Query
}

// Subquery is a query in the place of a value.
type Subquery struct {
	Span
	Query *Query
}

// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	Span
	Operand Expr // nil for the searched form
	Whens   []When
	Else    Expr // nil if not written
}

// When is one branch of a Case.
type When struct {
	Span
	Cond, Then Expr
}

// Cast is CAST(x AS type) or TRY_CAST(x AS type).
type Cast struct {
	Span
	X    Expr
	Type *Type
	Try  bool
}

// Call is a function call. The name is as written; special forms have their name in upper case
// and plain arguments: EXTRACT(DAY FROM x) is EXTRACT(Symbol DAY, x), TRIM(BOTH c FROM x) is
// TRIM(Symbol BOTH, c, x), POSITION(a IN b) is POSITION(a, b), JSON_OBJECT(KEY k VALUE v) is JSON_OBJECT(k, v).
type Call struct {
	Span
	Name        ObjectName
	Args        []Expr
	Distinct    bool
	JSON        *JSONClause // nil but for JSON functions with clauses
	OrderBy     []OrderItem // inside the parentheses or WITHIN GROUP
	IgnoreNulls string      // IGNORE NULLS, RESPECT NULLS or empty
	Filter      Expr        // FILTER (WHERE …), or nil
	Over        *Window     // OVER (…), or nil
}

// JSONClause is what the JSON functions take beside their arguments; unset parts are empty.
type JSONClause struct {
	Span
	Returning *Type
	Wrapper   string // WITHOUT ARRAY, WITH CONDITIONAL ARRAY, WITH UNCONDITIONAL ARRAY
	OnEmpty   *JSONBehavior
	OnError   *JSONBehavior
	OnNull    string // NULL or ABSENT
}

// JSONBehavior is NULL, ERROR, EMPTY ARRAY, EMPTY OBJECT, TRUE, FALSE, UNKNOWN or DEFAULT with a value.
type JSONBehavior struct {
	Span
	Kind    string
	Default Expr
}

// Symbol is a keyword in the place of an argument: a time unit, BOTH, LEADING, TRAILING.
type Symbol struct {
	Span
	Name string
}

// NamedArg is name => value.
type NamedArg struct {
	Span
	Name  Ident
	Value Expr
}

// DefaultArg is DEFAULT in the place of an argument or of a value to insert.
type DefaultArg struct {
	Span
}

// Row is ROW(a, b) or (a, b). An empty one occurs in GROUPING SETS only.
type Row struct {
	Span
	Items []Expr
}

// Array is ARRAY[a, b].
type Array struct {
	Span
	Items []Expr
}

// Map is MAP[k, v, …]: Items holds keys and values in turn.
type Map struct {
	Span
	Items []Expr
}

// Index is x[i]: of an array from 1, of a map by its key.
type Index struct {
	Span
	X, I Expr
}

// Field is a field of a row that is not a plain column: (x).name, a[1].name.
type Field struct {
	Span
	X    Expr
	Name Ident
}

// Descriptor is DESCRIPTOR(a, b), columns as the argument of a table function.
type Descriptor struct {
	Span
	Columns []Ident
}

// TableArg is TABLE t [PARTITION BY …] [ORDER BY …], or a query, as the argument of a table function.
type TableArg struct {
	Span
	Name        ObjectName
	Query       *Query // nil if named
	PartitionBy []Expr
	OrderBy     []OrderItem
}

// Grouping is GROUPING SETS, CUBE or ROLLUP in GROUP BY. An item of several columns is a Row.
type Grouping struct {
	Span
	Kind  string
	Items []Expr
}

// OrderItem is x [ASC|DESC] [NULLS FIRST|LAST].
type OrderItem struct {
	Span
	X          Expr
	Desc       bool
	NullsFirst *bool // nil: the dialect's default
}

// Window is what OVER and WINDOW hold.
type Window struct {
	Span
	Name        string // of a window defined by WINDOW; the rest may extend it
	PartitionBy []Expr
	OrderBy     []OrderItem
	Frame       *Frame
}

// Frame is ROWS or RANGE, BETWEEN start AND end. End is nil if only a start was written.
type Frame struct {
	Span
	Rows       bool
	Start, End *Bound
}

// Bound is one end of a Frame: UNBOUNDED PRECEDING, CURRENT ROW, or Offset PRECEDING or FOLLOWING.
type Bound struct {
	Span
	Kind   string // CURRENT ROW, PRECEDING, FOLLOWING
	Offset Expr   // nil: unbounded
}

func (*Literal) expr()    {}
func (*Interval) expr()   {}
func (*Column) expr()     {}
func (*Star) expr()       {}
func (*Unary) expr()      {}
func (*Binary) expr()     {}
func (*Is) expr()         {}
func (*Between) expr()    {}
func (*In) expr()         {}
func (*Like) expr()       {}
func (*Quantified) expr() {}
func (*Exists) expr()     {}
func (*Subquery) expr()   {}
func (*Case) expr()       {}
func (*Cast) expr()       {}
func (*Call) expr()       {}
func (*Symbol) expr()     {}
func (*NamedArg) expr()   {}
func (*DefaultArg) expr() {}
func (*Row) expr()        {}
func (*Array) expr()      {}
func (*Map) expr()        {}
func (*Index) expr()      {}
func (*Field) expr()      {}
func (*Descriptor) expr() {}
func (*TableArg) expr()   {}
func (*Grouping) expr()   {}
