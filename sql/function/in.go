package function

import (
	"millrace/schema"
	"millrace/vec"
)

// bindIn binds x IN (constants). A list with something that is not constant is refused: the planner
// makes a chain of = of it.
func bindIn(args []Arg) (*Overload, error) {
	if len(args) < 2 {
		return nil, wrong("IN", args, "a value and a list")
	}
	t := args[0].Type
	for _, a := range args[1:] {
		if a.Const == nil {
			return nil, wrong("IN", args, "a list of constants")
		}
		var ok bool
		if t, ok = ComparisonType(t, a.Type); !ok || len(t.Fields) > 0 {
			return nil, wrong("IN", args, "a list of values of the same type")
		}
	}
	set := &constants{}
	nullable := args[0].Type
	for _, a := range args[1:] {
		v, err := Convert(*a.Const, a.Type, t)
		if err != nil {
			return nil, err
		}
		if v.Null {
			set.null = true
			nullable.NotNull = false
			continue
		}
		set.list = append(set.list, v)
	}
	return &Overload{
		Args:   []schema.Type{as(t, args[0])},
		Result: as(schema.Of(schema.Boolean), Arg{Type: nullable}), Kernel: set.kernel(t),
	}, nil
}

// constants is the list of an IN.
type constants struct {
	list []vec.Value
	null bool // NULL is in the list
}

// fewConstants is up to how many constants a search through them is faster than a hash.
const fewConstants = 8

func (s *constants) kernel(t schema.Type) Kernel {
	switch vec.LayoutOf(t.ID) {
	case vec.LayoutBytes:
		return inTexts(s)
	case vec.LayoutF32, vec.LayoutF64:
		return inSet(s, func(v vec.Value) float64 { return v.F }, floatAt)
	case vec.LayoutD128:
		return inSet(s, func(v vec.Value) vec.Decimal128 { return v.D }, func(c *vec.Column, i int) vec.Decimal128 { return c.D128[i] })
	case vec.LayoutBits:
		return inSet(s, func(v vec.Value) int64 { return v.I }, func(c *vec.Column, i int) int64 { return vec.At(c, i).I })
	}
	return inSet(s, func(v vec.Value) int64 { return v.I }, intAt)
}

func floatAt(c *vec.Column, i int) float64 {
	if c.Layout() == vec.LayoutF32 {
		return float64(c.F32[i])
	}
	return c.F64[i]
}

// inSet is the kernel for values that are their own keys.
func inSet[K comparable](s *constants, key func(vec.Value) K, at func(*vec.Column, int) K) Kernel {
	list := make([]K, len(s.list))
	for i, v := range s.list {
		list[i] = key(v)
	}
	set := make(map[K]struct{}, len(list))
	for _, k := range list {
		set[k] = struct{}{}
	}
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error {
			k, found := at(args[0], i), false
			if len(list) <= fewConstants {
				for _, l := range list {
					found = found || l == k
				}
			} else {
				_, found = set[k]
			}
			s.put(c, dst, i, found)
			return nil
		})
	}
}

// inTexts is the kernel for strings and binaries.
func inTexts(s *constants) Kernel {
	set := make(map[string]struct{}, len(s.list))
	for _, v := range s.list {
		set[v.S] = struct{}{}
	}
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0]
		return each(c, dst, func(i int) error {
			_, found := set[string(in.Bytes(i))]
			s.put(c, dst, i, found)
			return nil
		})
	}
}

func (s *constants) put(c *Call, dst *vec.Column, i int, found bool) {
	dst.Bits.Put(i, found)
	if !found && s.null {
		dst.SetNull(i, c.Rows.N)
	}
}
