package ast

// How tightly operators bind, with Calcite's numbers. Notable: || binds as tightly as *.
const (
	PrecedenceOr         = 22
	PrecedenceAnd        = 24
	PrecedenceNot        = 26
	PrecedenceIs         = 28
	PrecedenceComparison = 30
	PrecedenceBetween    = 32 // and IN, LIKE
	PrecedenceSum        = 40
	PrecedenceProduct    = 60
	PrecedenceSign       = 80
	PrecedencePrimary    = 100
)

// BinaryPrecedence returns how tightly a Binary's operator binds, 0 if there is no such operator.
// All of them are left associative.
func BinaryPrecedence(op string) int {
	switch op {
	case "OR":
		return PrecedenceOr
	case "AND":
		return PrecedenceAnd
	case "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM", "OVERLAPS":
		return PrecedenceComparison
	case "+", "-":
		return PrecedenceSum
	case "*", "/", "%", "||":
		return PrecedenceProduct
	}
	return 0
}

// Precedence returns how tightly the outermost operator of x binds.
func Precedence(x Expr) int {
	switch x := x.(type) {
	case *Binary:
		return BinaryPrecedence(x.Op)
	case *Unary:
		if x.Op == "NOT" {
			return PrecedenceNot
		}
		return PrecedenceSign
	case *Is:
		return PrecedenceIs
	case *Between, *In, *Like:
		return PrecedenceBetween
	case *Quantified:
		return PrecedenceComparison
	}
	return PrecedencePrimary
}
