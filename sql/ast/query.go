package ast

// Query is a query with what surrounds its body. As a Statement it is a SELECT to be shown.
type Query struct {
	Span
	With    []CTE
	Body    Body
	OrderBy []OrderItem
	Limit   Expr // also FETCH FIRST n ROWS ONLY; nil: all
	Offset  Expr
}

// CTE is one named query of WITH.
type CTE struct {
	Span
	Name    Ident
	Columns []Ident
	Query   *Query
}

// Select is SELECT … FROM … and its clauses.
type Select struct {
	Span
	Hints    []Hint
	Distinct bool
	Items    []SelectItem
	From     Relation // nil: one row without columns
	Where    Expr
	Group    *GroupBy // nil: no GROUP BY
	Having   Expr
	Windows  []NamedWindow
	Qualify  Expr
}

// SelectItem is an expression, or a Star, with an optional name.
type SelectItem struct {
	Span
	X     Expr
	Alias *Ident
}

// GroupBy is GROUP BY; Items may hold Groupings. GROUP BY () has one empty Row.
type GroupBy struct {
	Span
	Items []Expr
}

// NamedWindow is one definition of WINDOW.
type NamedWindow struct {
	Span
	Name   Ident
	Window *Window
}

// SetOperation is X UNION|INTERSECT|EXCEPT [ALL] Y.
type SetOperation struct {
	Span
	Op   string
	All  bool
	X, Y Body
}

// Values is VALUES (…), (…).
type Values struct {
	Span
	Rows []Row
}

// ExplicitTable is TABLE t in the place of a query.
type ExplicitTable struct {
	Span
	Name ObjectName
}

func (*Query) statement()    {}
func (*Query) body()         {}
func (*Select) body()        {}
func (*SetOperation) body()  {}
func (*Values) body()        {}
func (*ExplicitTable) body() {}
func (*Table) relation()     {}
func (*Derived) relation()   {}
func (*TableCall) relation() {}
func (*Unnest) relation()    {}
func (*Join) relation()      {}

// Alias is [AS] name [(column, …)] after an item of FROM.
type Alias struct {
	Span
	Name    Ident
	Columns []Ident
}

// Table is a table, view or CTE in FROM.
type Table struct {
	Span
	Name       ObjectName
	Hints      []Hint
	SystemTime Expr // FOR SYSTEM_TIME AS OF x, or nil
	Alias      *Alias
}

// Derived is a query in FROM.
type Derived struct {
	Span
	Lateral bool
	Query   *Query
	Alias   *Alias
}

// TableCall is TABLE(f(…)) or LATERAL TABLE(f(…)) in FROM.
type TableCall struct {
	Span
	Lateral bool
	Call    *Call
	Alias   *Alias
}

// Unnest is UNNEST(x, …) [WITH ORDINALITY] in FROM.
type Unnest struct {
	Span
	Items      []Expr
	Ordinality bool
	Alias      *Alias
}

// Join is X kind JOIN Y. A comma is the kind COMMA.
type Join struct {
	Span
	Kind    string // INNER, LEFT, RIGHT, FULL, CROSS, COMMA
	Natural bool
	X, Y    Relation
	On      Expr
	Using   []Ident
}
