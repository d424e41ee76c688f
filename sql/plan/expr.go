package plan

import (
	"fmt"
	"strings"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/vec"
)

// Expr is a bound expression: every name is a column position, every call an overload, every type
// known. It is read-only once made.
type Expr interface {
	// Type is the type of the answer.
	Type() schema.Type
	// String is the expression as EXPLAIN shows it.
	String() string
}

// Column is column Index of the input row.
type Column struct {
	Index int
	Name  string
	Of    schema.Type
}

// Literal is a constant.
type Literal struct {
	Value vec.Value
	Of    schema.Type
}

// Call is a call of a scalar function or operator; its arguments have the overload's types already.
// Casts are calls too ("CAST", "TRY_CAST").
type Call struct {
	Func     *function.Scalar
	Overload *function.Overload
	Args     []Expr
	// Body, if not nil, computes the answer in the place of a kernel, over the arguments as its columns: a function
	// of SQL with an argument that is used more than once, but must be computed once.
	Body Expr
}

// Logic is AND or OR over two or more BOOLEANs, in three-valued logic. Later operands are evaluated
// only for the rows that earlier ones leave undecided, so that they can guard each other.
type Logic struct {
	Or   bool
	Args []Expr
}

// Case is CASE WHEN …; each branch is evaluated only for the rows that reach it. Branches have the
// type Of already. COALESCE, IF, NULLIF and IFNULL are planned as Case.
type Case struct {
	When []Expr // BOOLEAN
	Then []Expr
	Else Expr // never nil: a NULL literal if there was none
	Of   schema.Type
}

// Type implements Expr.
func (e *Column) Type() schema.Type { return e.Of }

// Type implements Expr.
func (e *Literal) Type() schema.Type { return e.Of }

// Type implements Expr.
func (e *Call) Type() schema.Type { return e.Overload.Result }

// Type implements Expr.
func (e *Logic) Type() schema.Type {
	t := schema.Of(schema.Boolean).Required()
	for _, a := range e.Args {
		if !a.Type().NotNull {
			return t.Nullable()
		}
	}
	return t
}

// Type implements Expr.
func (e *Case) Type() schema.Type { return e.Of }

// String implements Expr.
func (e *Column) String() string { return e.Name }

// String implements Expr.
func (e *Literal) String() string { return FormatValue(e.Of, e.Value) }

// String implements Expr.
func (e *Call) String() string {
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = a.String()
	}
	name := e.Func.Name
	switch {
	case name == "CAST" || name == "TRY_CAST":
		return fmt.Sprintf("%s(%s AS %s)", name, args[0], e.Overload.Result.Nullable())
	case len(args) == 2 && strings.Trim(name, "+-*/%=<>|") == "":
		return fmt.Sprintf("(%s %s %s)", args[0], name, args[1])
	case strings.HasPrefix(name, "IS "):
		return fmt.Sprintf("%s %s", args[0], name)
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// String implements Expr.
func (e *Logic) String() string {
	word := " AND "
	if e.Or {
		word = " OR "
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = a.String()
	}
	return "(" + strings.Join(args, word) + ")"
}

// String implements Expr.
func (e *Case) String() string {
	var b strings.Builder
	b.WriteString("CASE")
	for i := range e.When {
		fmt.Fprintf(&b, " WHEN %s THEN %s", e.When[i], e.Then[i])
	}
	fmt.Fprintf(&b, " ELSE %s END", e.Else)
	return b.String()
}
