package function

import (
	"bytes"
	"cmp"
	"slices"

	"millrace/schema"
	"millrace/vec"
)

// arrays are the functions of arrays.
func arrays() []Scalar {
	return []Scalar{
		{Name: "ARRAY_CONTAINS", Doc: "Whether a value is in an array; NULL can be.", Example: "ARRAY_CONTAINS(ARRAY[1, 2], 2) = TRUE", Bind: bindArrayContains},
		{Name: "ARRAY_POSITION", Doc: "Where a value stands first in an array, counted from 1; 0 if nowhere.", Example: "ARRAY_POSITION(ARRAY['a', 'b'], 'b') = 2", Bind: bindArrayPosition},
		{Name: "ARRAY_APPEND", Doc: "The array with a value behind it.", Example: "CARDINALITY(ARRAY_APPEND(ARRAY[1], 2)) = 2", Bind: bindArrayAdd("ARRAY_APPEND", false)},
		{Name: "ARRAY_PREPEND", Doc: "The array with a value before it.", Example: "ARRAY_PREPEND(ARRAY[1], 2)[1] = 2", Bind: bindArrayAdd("ARRAY_PREPEND", true)},
		{Name: "ARRAY_REMOVE", Doc: "The array without the elements that are equal to a value.", Example: "CARDINALITY(ARRAY_REMOVE(ARRAY[1, 2, 1], 1)) = 1", Bind: bindArrayRemove},
		{Name: "ARRAY_DISTINCT", Doc: "The array with the first of equal elements only.", Example: "CARDINALITY(ARRAY_DISTINCT(ARRAY[1, 1])) = 1", Bind: bindArrayWhole("ARRAY_DISTINCT", nil)},
		{Name: "ARRAY_REVERSE", Doc: "The array from its end.", Example: "ARRAY_REVERSE(ARRAY[1, 2])[1] = 2", Bind: bindArrayWhole("ARRAY_REVERSE", slices.Reverse[[]int])},
		{Name: "ARRAY_CONCAT", Doc: "The arrays one behind the other.", Example: "CARDINALITY(ARRAY_CONCAT(ARRAY[1], ARRAY[2, 3])) = 3", Bind: bindArraySet("ARRAY_CONCAT", 1, addAllOf)},
		{Name: "ARRAY_UNION", Doc: "The elements of two arrays, each once.", Example: "CARDINALITY(ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3])) = 3", Bind: bindArraySet("ARRAY_UNION", 2, addUnion)},
		{Name: "ARRAY_INTERSECT", Doc: "The elements that are in both arrays, each once.", Example: "CARDINALITY(ARRAY_INTERSECT(ARRAY[1, 2], ARRAY[2, 3])) = 1", Bind: bindArraySet("ARRAY_INTERSECT", 2, addBoth(true))},
		{Name: "ARRAY_EXCEPT", Doc: "The elements of the first array that are not in the second, each once.", Example: "CARDINALITY(ARRAY_EXCEPT(ARRAY[1, 2], ARRAY[2, 3])) = 1", Bind: bindArraySet("ARRAY_EXCEPT", 2, addBoth(false))},
		{Name: "ARRAY_MAX", Doc: "The greatest element; NULLs do not count.", Example: "ARRAY_MAX(ARRAY[1, 3, 2]) = 3", Bind: bindArrayExtreme("ARRAY_MAX", 1)},
		{Name: "ARRAY_MIN", Doc: "The least element; NULLs do not count.", Example: "ARRAY_MIN(ARRAY[2, 1, 3]) = 1", Bind: bindArrayExtreme("ARRAY_MIN", -1)},
		{Name: "ARRAY_SORT", Doc: "The array in order: upward unless FALSE is given; a third argument says whether NULLs come first, as they do upward if it is not given.", Example: "ARRAY_SORT(ARRAY[2, 1])[1] = 1", Bind: bindArraySort},
		{Name: "ARRAY_SLICE", Doc: "The elements from one position to another, counted from 1 or, if negative, from the end.", Example: "CARDINALITY(ARRAY_SLICE(ARRAY[1, 2, 3], 2)) = 2", Bind: bindArraySlice},
		{Name: "ARRAY_JOIN", Doc: "The texts of an array with a delimiter between them; NULLs are left out unless a third argument stands for them.", Example: "ARRAY_JOIN(ARRAY['a', 'b'], '-') = 'a-b'", Bind: bindArrayJoin},
	}
}

const anArray = "an array and a value of its type"

// conformElement brings (array, value) to one element type.
func conformElement(name string, args []Arg) ([]schema.Type, error) {
	if err := arity(name, args, 2, 2); err != nil {
		return nil, err
	}
	if args[0].Type.ID != schema.Array {
		return nil, wrong(name, args, anArray)
	}
	element := args[0].Type.Fields[0].Type
	common, ok := CommonType(element, args[1].Type)
	if !ok || element.ID == schema.Null {
		return nil, wrong(name, args, anArray)
	}
	common.NotNull = element.NotNull && args[1].Type.NotNull
	return []schema.Type{as(listOf(common), args[0]), as(common, args[1])}, nil
}

// nullWith makes the rows NULL whose first argument is, for lenient kernels.
func nullWith(c *Call, cols []*vec.Column, dst *vec.Column, kernel Kernel) error {
	copyValid(c, cols[0], dst)
	return kernel(c, cols, dst)
}

func bindArrayContains(args []Arg) (*Overload, error) {
	types, err := conformElement("ARRAY_CONTAINS", args)
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: as(schema.Of(schema.Boolean), args[0]), Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		copyValid(c, cols[0], dst)
		return each(c, dst, func(i int) error { dst.Bits.Put(i, cols[0].Find(i, cols[1], i) >= 0); return nil })
	}}, nil
}

func bindArrayPosition(args []Arg) (*Overload, error) {
	types, err := conformElement("ARRAY_POSITION", args)
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: like(schema.Of(schema.Int), args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error {
			dst.I32[i] = 0
			if at := cols[0].Find(i, cols[1], i); at >= 0 {
				dst.I32[i] = int32(at) - cols[0].Off[i] + 1
			}
			return nil
		})
	}}, nil
}

func bindArrayAdd(name string, before bool) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		types, err := conformElement(name, args)
		if err != nil {
			return nil, err
		}
		kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return eachList(c, dst, func(l *lister, i int) error {
				if before {
					l.add(i, cols[1])
				}
				for j, to := bounds(cols[0], i); j < to; j++ {
					l.add(j, &cols[0].Kids[0])
				}
				if !before {
					l.add(i, cols[1])
				}
				return nil
			})
		}
		return &Overload{Args: types, Result: types[0], Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return nullWith(c, cols, dst, kernel)
		}}, nil
	}
}

func bindArrayRemove(args []Arg) (*Overload, error) {
	types, err := conformElement("ARRAY_REMOVE", args)
	if err != nil {
		return nil, err
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachList(c, dst, func(l *lister, i int) error {
			for j, to := bounds(cols[0], i); j < to; j++ {
				if kid := &cols[0].Kids[0]; !kid.Equal(j, cols[1], i) {
					l.add(j, kid)
				}
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: types[0], Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return nullWith(c, cols, dst, kernel)
	}}, nil
}

// positions are the rows of the kids of row i.
func positions(c *vec.Column, i int) []int {
	from, to := bounds(c, i)
	at := make([]int, to-from)
	for k := range at {
		at[k] = from + k
	}
	return at
}

// bindArrayWhole binds a function of the elements of one array: reverse puts them in another order; nil takes
// each once.
func bindArrayWhole(name string, reverse func([]int)) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		if args[0].Type.ID != schema.Array {
			return nil, wrong(name, args, "an array")
		}
		return &Overload{Args: typesOf(args), Result: args[0].Type, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			kid := &cols[0].Kids[0]
			return eachList(c, dst, func(l *lister, i int) error {
				if reverse == nil {
					u := uniques{l: l, from: l.n}
					for _, j := range positions(cols[0], i) {
						u.add(kid, j)
					}
					return nil
				}
				at := positions(cols[0], i)
				reverse(at)
				for _, j := range at {
					l.add(j, kid)
				}
				return nil
			})
		}}, nil
	}
}

// uniques adds elements to a list that are not in it yet.
type uniques struct {
	l    *lister
	from int // where the list begins
}

func (u *uniques) add(kid *vec.Column, j int) {
	have := &u.l.dst.Kids[0]
	for k := u.from; k < u.l.n; k++ {
		if have.Equal(k, kid, j) {
			return
		}
	}
	u.l.add(j, kid)
}

// bindArraySet binds a function of two arrays, or of any number if at least one is enough.
func bindArraySet(name string, least int, f func(l *lister, cols []*vec.Column, i int)) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		most := least
		if least == 1 {
			most = len(args)
		}
		if err := arity(name, args, least, max(most, 1)); err != nil {
			return nil, err
		}
		common, ok := CommonType(typesOf(args)...)
		if !ok || common.ID != schema.Array {
			return nil, wrong(name, args, "arrays of one type")
		}
		types := make([]schema.Type, len(args))
		for i, a := range args {
			types[i] = as(common, a)
		}
		return &Overload{Args: types, Result: like(common, args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return eachList(c, dst, func(l *lister, i int) error { f(l, cols, i); return nil })
		}}, nil
	}
}

func addAllOf(l *lister, cols []*vec.Column, i int) {
	for _, col := range cols {
		for j, to := bounds(col, i); j < to; j++ {
			l.add(j, &col.Kids[0])
		}
	}
}

func addUnion(l *lister, cols []*vec.Column, i int) {
	u := uniques{l: l, from: l.n}
	for _, col := range cols {
		for j, to := bounds(col, i); j < to; j++ {
			u.add(&col.Kids[0], j)
		}
	}
}

// addBoth adds the elements of the first array that are in the second, or are not.
func addBoth(in bool) func(l *lister, cols []*vec.Column, i int) {
	return func(l *lister, cols []*vec.Column, i int) {
		u := uniques{l: l, from: l.n}
		for j, to := bounds(cols[0], i); j < to; j++ {
			if (cols[1].Find(i, &cols[0].Kids[0], j) >= 0) == in {
				u.add(&cols[0].Kids[0], j)
			}
		}
	}
}

// isOrdered reports whether values of a type can be sorted.
func isOrdered(t schema.Type) bool {
	switch vec.LayoutOf(t.ID) {
	case vec.LayoutList, vec.LayoutRow, vec.LayoutNone:
		return false
	}
	return true
}

// compareAt orders rows i and j of a column, neither of which is NULL.
func compareAt(c *vec.Column, i, j int) int {
	switch c.Layout() {
	case vec.LayoutBits:
		return cmp.Compare(vec.At(c, i).I, vec.At(c, j).I)
	case vec.LayoutF32, vec.LayoutF64:
		return cmp.Compare(floatAt(c, i), floatAt(c, j))
	case vec.LayoutD128:
		return compareInts(c.D128[i], c.D128[j])
	case vec.LayoutBytes:
		return bytes.Compare(c.Bytes(i), c.Bytes(j))
	}
	return cmp.Compare(intAt(c, i), intAt(c, j))
}

func bindArrayExtreme(name string, sign int) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		if args[0].Type.ID != schema.Array || !isOrdered(args[0].Type.Fields[0].Type) {
			return nil, wrong(name, args, "an array of values that have an order")
		}
		return &Overload{Args: typesOf(args), Result: args[0].Type.Fields[0].Type.Nullable(), Kernel: pick(func(_ *Call, cols []*vec.Column, i int) (int, error) {
			best, kid := -1, &cols[0].Kids[0]
			for j, to := bounds(cols[0], i); j < to; j++ {
				if !kid.IsNull(j) && (best < 0 || sign*compareAt(kid, j, best) > 0) {
					best = j
				}
			}
			return best, nil
		}, 0)}, nil
	}
}

func bindArraySort(args []Arg) (*Overload, error) {
	if err := arity("ARRAY_SORT", args, 1, 3); err != nil {
		return nil, err
	}
	if args[0].Type.ID != schema.Array || !isOrdered(args[0].Type.Fields[0].Type) {
		return nil, wrong("ARRAY_SORT", args, "an array of values that have an order")
	}
	types := typesOf(args)
	for i, a := range args[1:] {
		if a.Type.ID != schema.Boolean && a.Type.ID != schema.Null {
			return nil, wrong("ARRAY_SORT", args, "an array and two BOOLEANs")
		}
		types[i+1] = as(schema.Of(schema.Boolean), a)
	}
	return &Overload{Args: types, Result: like(args[0].Type, args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		kid := &cols[0].Kids[0]
		return eachList(c, dst, func(l *lister, i int) error {
			up := len(cols) < 2 || cols[1].Bits.Get(i)
			first := up
			if len(cols) == 3 {
				first = cols[2].Bits.Get(i)
			}
			at := positions(cols[0], i)
			slices.SortStableFunc(at, func(a, b int) int {
				switch x, y := kid.IsNull(a), kid.IsNull(b); {
				case x && y:
					return 0
				case x == first && x || y != first && y:
					return -1
				case x || y:
					return 1
				case up:
					return compareAt(kid, a, b)
				}
				return compareAt(kid, b, a)
			})
			for _, j := range at {
				l.add(j, kid)
			}
			return nil
		})
	}}, nil
}

func bindArraySlice(args []Arg) (*Overload, error) {
	if err := arity("ARRAY_SLICE", args, 2, 3); err != nil {
		return nil, err
	}
	types := typesOf(args)
	for i, a := range args[1:] {
		if !CanCastImplicitly(a.Type, schema.Of(schema.Int)) {
			return nil, wrong("ARRAY_SLICE", args, "an array and numbers")
		}
		types[i+1] = as(schema.Of(schema.Int), a)
	}
	if args[0].Type.ID != schema.Array {
		return nil, wrong("ARRAY_SLICE", args, "an array and numbers")
	}
	return &Overload{Args: types, Result: like(args[0].Type, args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachList(c, dst, func(l *lister, i int) error {
			from, to := bounds(cols[0], i)
			n := to - from
			start, end := sliceAt(int(cols[1].I32[i]), n), n-1
			if len(cols) == 3 {
				end = sliceAt(int(cols[2].I32[i]), n)
			}
			for j := max(start, 0); j <= min(end, n-1); j++ {
				l.add(from+j, &cols[0].Kids[0])
			}
			return nil
		})
	}}, nil
}

// sliceAt is a position counted from 1, or from the end, as one counted from 0.
func sliceAt(v, n int) int {
	if v < 0 {
		return n + v
	}
	return max(v-1, 0)
}

func bindArrayJoin(args []Arg) (*Overload, error) {
	if err := arity("ARRAY_JOIN", args, 2, 3); err != nil {
		return nil, err
	}
	if t := args[0].Type; t.ID != schema.Array || !t.Fields[0].Type.IsString() {
		return nil, wrong("ARRAY_JOIN", args, "an array of texts and a delimiter")
	}
	rest, err := conform("ARRAY_JOIN", args[1:], texts(2))
	if err != nil {
		return nil, err
	}
	types := append([]schema.Type{args[0].Type}, rest...)
	return &Overload{Args: types, Result: like(stringType(), args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		kid := &cols[0].Kids[0]
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			first := true
			for j, to := bounds(cols[0], i); j < to; j++ {
				null := kid.IsNull(j)
				if null && len(cols) < 3 {
					continue
				}
				if !first {
					out = append(out, cols[1].Bytes(i)...)
				}
				first = false
				if null {
					out = append(out, cols[2].Bytes(i)...)
				} else {
					out = append(out, kid.Bytes(j)...)
				}
			}
			return out, nil
		})
	}}, nil
}
