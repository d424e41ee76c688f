package function

import (
	"millrace/schema"
	"millrace/vec"
)

// predicates are the tests of one value, and IN.
func predicates() []Scalar {
	return []Scalar{
		{Name: "NOT", Doc: "The opposite of a BOOLEAN.", Example: "NOT TRUE = FALSE", Bind: bindNot},
		{Name: "IS NULL", Doc: "Whether a value is NULL.", Example: "CAST(NULL AS INT) IS NULL = TRUE", Bind: bindNull("IS NULL", true)},
		{Name: "IS NOT NULL", Doc: "Whether a value is not NULL.", Example: "1 IS NOT NULL = TRUE", Bind: bindNull("IS NOT NULL", false)},
		{Name: "IS TRUE", Doc: "Whether a BOOLEAN is TRUE.", Example: "TRUE IS TRUE = TRUE", Bind: bindTruth("IS TRUE", true, false)},
		{Name: "IS NOT TRUE", Doc: "Whether a BOOLEAN is FALSE or NULL.", Example: "TRUE IS NOT TRUE = FALSE", Bind: bindTruth("IS NOT TRUE", true, true)},
		{Name: "IS FALSE", Doc: "Whether a BOOLEAN is FALSE.", Example: "TRUE IS FALSE = FALSE", Bind: bindTruth("IS FALSE", false, false)},
		{Name: "IS NOT FALSE", Doc: "Whether a BOOLEAN is TRUE or NULL.", Example: "TRUE IS NOT FALSE = TRUE", Bind: bindTruth("IS NOT FALSE", false, true)},
		{Name: "IS UNKNOWN", Doc: "Whether a BOOLEAN is NULL.", Example: "TRUE IS UNKNOWN = FALSE", Bind: bindNull("IS UNKNOWN", true)},
		{Name: "IS NOT UNKNOWN", Doc: "Whether a BOOLEAN is not NULL.", Example: "TRUE IS NOT UNKNOWN = TRUE", Bind: bindNull("IS NOT UNKNOWN", false)},
		{Name: "IN", Doc: "Whether a value is one of a list of constants; NULL if it is not, but the list has a NULL.", Example: "3 IN (1, 3) = TRUE", Bind: bindIn},
	}
}

func bindNot(args []Arg) (*Overload, error) {
	if err := arity("NOT", args, 1, 1); err != nil {
		return nil, err
	}
	if id := args[0].Type.ID; id != schema.Boolean && id != schema.Null {
		return nil, wrong("NOT", args, "a BOOLEAN")
	}
	t := as(schema.Of(schema.Boolean), args[0])
	return &Overload{Args: []schema.Type{t}, Result: t, Kernel: func(_ *Call, cols []*vec.Column, dst *vec.Column) error {
		for i := range dst.Bits {
			dst.Bits[i] = ^cols[0].Bits[i]
		}
		return nil
	}}, nil
}

func bindNull(name string, null bool) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		kernel := func(_ *Call, cols []*vec.Column, dst *vec.Column) error {
			for i := range dst.Bits {
				w := wordOf(cols[0].Valid, i)
				if null {
					w = ^w
				}
				dst.Bits[i] = w
			}
			return nil
		}
		return &Overload{
			Args: []schema.Type{args[0].Type}, Result: schema.Of(schema.Boolean).Required(), Kernel: kernel, Lenient: true,
		}, nil
	}
}

// bindTruth binds IS [NOT] TRUE and IS [NOT] FALSE.
func bindTruth(name string, truth, not bool) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		if id := args[0].Type.ID; id != schema.Boolean && id != schema.Null {
			return nil, wrong(name, args, "a BOOLEAN")
		}
		kernel := func(_ *Call, cols []*vec.Column, dst *vec.Column) error {
			in := cols[0]
			for i := range dst.Bits {
				w := in.Bits[i]
				if !truth {
					w = ^w
				}
				w &= wordOf(in.Valid, i)
				if not {
					w = ^w
				}
				dst.Bits[i] = w
			}
			return nil
		}
		t := as(schema.Of(schema.Boolean), args[0])
		return &Overload{Args: []schema.Type{t}, Result: schema.Of(schema.Boolean).Required(), Kernel: kernel, Lenient: true}, nil
	}
}
