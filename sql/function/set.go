package function

import (
	"fmt"
	"slices"
	"strings"

	"millrace/fault"
	"millrace/schema"
)

// Set is the functions that a query may call, by name. It is read-only and safe to share.
type Set struct {
	scalars    map[string]*Scalar
	aggregates map[string]*Aggregate
	names      []string
}

// NewSet returns the set of all functions of this package.
func NewSet() *Set {
	s := &Set{scalars: map[string]*Scalar{}, aggregates: map[string]*Aggregate{}}
	for _, f := range All() {
		s.scalars[f.Name] = &f
		s.names = append(s.names, f.Name)
	}
	for _, f := range Aggregates() {
		s.aggregates[f.Name] = &f
		s.names = append(s.names, f.Name)
	}
	slices.Sort(s.names)
	return s
}

// Scalar returns the scalar function or operator called name, in any case.
func (s *Set) Scalar(name string) (*Scalar, bool) {
	f, ok := s.scalars[strings.ToUpper(name)]
	return f, ok
}

// Aggregate returns the aggregate function called name, in any case.
func (s *Set) Aggregate(name string) (*Aggregate, bool) {
	f, ok := s.aggregates[strings.ToUpper(name)]
	return f, ok
}

// Near returns the name of a function that looks like name, or "".
func (s *Set) Near(name string) string { return fault.Near(strings.ToUpper(name), s.names) }

// Names returns the names of all functions and operators, sorted.
func (s *Set) Names() []string { return slices.Clone(s.names) }

// All returns the scalar functions and operators, family by family.
func All() []Scalar {
	return slices.Concat(
		arithmetic(), comparisons(), predicates(), casts(), patterns(),
		textFunctions(), cutFunctions(), joinFunctions(), hashFunctions(), regexpFunctions(), urlFunctions(), charsetFunctions(), jsonFunctions(), collections(), arrays(), maps(),
		mathFunctions(), roundFunctions(), extremes(),
		clocks(), timeTexts(), timeParts(), timeSteps(),
	)
}

// Aggregates returns the aggregate functions.
func Aggregates() []Aggregate {
	return slices.Concat(counts(), sums(), averages(), extremeValues(), ends(), variances(), collectors(), jsonAggregates(), percentiles())
}

// wrong is the error of a call whose arguments fit no overload.
func wrong(name string, args []Arg, want string) error {
	given := make([]string, len(args))
	for i, a := range args {
		given[i] = a.Type.Nullable().String()
	}
	return fault.New(fault.Invalid, "%s does not take (%s)", name, strings.Join(given, ", ")).WithHint("%s", "it takes "+want)
}

// typesOf returns the types of the arguments.
func typesOf(args []Arg) []schema.Type {
	types := make([]schema.Type, len(args))
	for i, a := range args {
		types[i] = a.Type
	}
	return types
}

// like returns t as NOT NULL if every argument is.
func like(t schema.Type, args []Arg) schema.Type {
	t.NotNull = true
	for _, a := range args {
		t.NotNull = t.NotNull && a.Type.NotNull
	}
	return t
}

// as returns t with the nullability of arg.
func as(t schema.Type, arg Arg) schema.Type {
	t.NotNull = arg.Type.NotNull
	return t
}

// stringType is STRING.
func stringType() schema.Type { return schema.Of(schema.VarChar) }

// constText returns the value of a constant string argument: a keyword, a unit, a pattern.
func constText(a Arg) (string, bool) {
	if a.Const == nil || a.Const.Null || !a.Type.IsString() {
		return "", false
	}
	return a.Const.S, true
}

// constInt returns the value of a constant integer argument.
func constInt(a Arg) (int64, bool) {
	if a.Const == nil || a.Const.Null || !a.Type.IsInteger() {
		return 0, false
	}
	return a.Const.I, true
}

func arity(name string, args []Arg, least, most int) error {
	if len(args) >= least && len(args) <= most {
		return nil
	}
	want := fmt.Sprintf("%d arguments", least)
	if most != least {
		want = fmt.Sprintf("%d to %d arguments", least, most)
	}
	if least == 1 && most == 1 {
		want = "one argument"
	}
	return wrong(name, args, want)
}
