package function

import (
	"strconv"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// collections make arrays, maps and rows and look into them.
func collections() []Scalar {
	return []Scalar{
		{Name: "ARRAY", Doc: "An array of the values, which are brought to one type: ARRAY[1, 2].", Example: "CARDINALITY(ARRAY[1, 2]) = 2", Bind: bindArray},
		{Name: "MAP", Doc: "A map of keys and values in turn: MAP['a', 1]. Of equal keys the last stands.", Example: "MAP['a', 1]['a'] = 1", Bind: bindMap},
		{Name: "ROW", Doc: "A row of the values.", Example: "CAST(ROW(1, 'a') AS STRING) = '(1, a)'", Bind: bindRow},
		{Name: "FIELD", Doc: "A field of a row, written as a name behind a point.", Example: "CAST(ROW(1, 'a') AS ROW<x INT, field STRING>).field = 'a'", Bind: bindField},
		{Name: "ITEM", Doc: "The element of an array with a number, counted from 1, or the value of a map under a key; NULL if there is none.", Example: "ARRAY['a', 'item'][2] = 'item'", Bind: bindItem},
		{Name: "TYPEOF", Doc: "The type of the value as text.", Example: "TYPEOF(1) = 'INT NOT NULL'", Bind: bindTypeOf},
		{Name: "CARDINALITY", Doc: "How many elements an array, or entries a map has.", Example: "CARDINALITY(ARRAY[1, 2]) = 2", Bind: bindCardinality},
		{Name: "ELEMENT", Doc: "The only element of an array; NULL of an empty one, an error of a longer.", Example: "ELEMENT(ARRAY[7]) = 7", Bind: bindElement},
	}
}

// bindTypeOf binds TYPEOF, which is known at planning.
func bindTypeOf(args []Arg) (*Overload, error) {
	if len(args) == 2 && args[1].Type.ID == schema.Boolean && args[1].Const != nil {
		args = args[:1]
	}
	if err := arity("TYPEOF", args, 1, 1); err != nil {
		return nil, err
	}
	text := args[0].Type.String()
	return &Overload{Args: typesOf(args), Result: stringType(), Lenient: true, Kernel: func(c *Call, _ []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, _ int) ([]byte, error) { return append(out, text...), nil })
	}}, nil
}

// listOf is an ARRAY.
func listOf(element schema.Type) schema.Type {
	return schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: element}}}
}

func mapOf(key, value schema.Type) schema.Type {
	return schema.Type{ID: schema.Map, Fields: []schema.Field{{Name: "key", Type: key}, {Name: "value", Type: value}}}
}

// lister fills a column of lists, row by row.
type lister struct {
	dst *vec.Column
	n   int // rows of the kids
}

// add appends row i of each source to the kid of the same position.
func (l *lister) add(i int, sources ...*vec.Column) {
	for k, s := range sources {
		l.dst.Kids[k].Append(l.n, s, i)
	}
	l.n++
}

// text appends a text to an array of texts.
func (l *lister) text(s []byte) {
	kid := &l.dst.Kids[0]
	kid.AppendNull(l.n)
	kid.Data = append(kid.Data, s...)
	kid.Off[l.n+1] = int32(len(kid.Data))
	kid.Valid.Set(l.n)
	l.n++
}

// null appends a NULL to an array.
func (l *lister) null() {
	l.dst.Kids[0].AppendNull(l.n)
	l.n++
}

// eachList builds the column of lists dst: f adds the elements of row i. It is called for the named rows
// that are not NULL in dst.
func eachList(c *Call, dst *vec.Column, f func(l *lister, i int) error) error {
	l := &lister{dst: dst}
	next := 0
	skip := func(to int) {
		for ; next < to; next++ {
			dst.Off[next+1] = int32(l.n)
		}
	}
	for k := range c.Rows.Len() {
		i := c.Rows.At(k)
		skip(i)
		if !dst.IsNull(i) {
			if err := f(l, i); err != nil {
				return err
			}
		}
		skip(i + 1)
	}
	skip(c.Rows.N)
	return nil
}

// bounds returns which rows of the kids row i of a list has.
func bounds(c *vec.Column, i int) (from, to int) { return int(c.Off[i]), int(c.Off[i+1]) }

func bindArray(args []Arg) (*Overload, error) {
	element := schema.Type{}
	if len(args) > 0 {
		var ok bool
		if element, ok = LeastRestrictive(typesOf(args)...); !ok {
			return nil, wrong("ARRAY", args, "values of one type")
		}
	}
	types := make([]schema.Type, len(args))
	for i, a := range args {
		types[i] = as(element, a)
	}
	return &Overload{Args: types, Result: listOf(element).Required(), Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachList(c, dst, func(l *lister, i int) error {
			for _, col := range cols {
				l.add(i, col)
			}
			return nil
		})
	}}, nil
}

func bindMap(args []Arg) (*Overload, error) {
	if len(args) == 0 || len(args)%2 != 0 {
		return nil, wrong("MAP", args, "keys and values in turn")
	}
	var keys, values []schema.Type
	for i := 0; i < len(args); i += 2 {
		keys, values = append(keys, args[i].Type), append(values, args[i+1].Type)
	}
	key, ok := LeastRestrictive(keys...)
	value, both := LeastRestrictive(values...)
	if !ok || !both {
		return nil, wrong("MAP", args, "keys of one type and values of one type")
	}
	types := make([]schema.Type, len(args))
	for i, a := range args {
		types[i] = as(key, a)
		if i%2 == 1 {
			types[i] = as(value, a)
		}
	}
	return &Overload{Args: types, Result: mapOf(key, value).Required(), Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachList(c, dst, func(l *lister, i int) error {
			for k := 0; k < len(cols); k += 2 {
				if !keyAgain(cols, k, i) {
					l.add(i, cols[k], cols[k+1])
				}
			}
			return nil
		})
	}}, nil
}

// keyAgain reports whether the key of column k comes again behind it.
func keyAgain(cols []*vec.Column, k, i int) bool {
	for later := k + 2; later < len(cols); later += 2 {
		if cols[k].Equal(i, cols[later], i) {
			return true
		}
	}
	return false
}

func bindRow(args []Arg) (*Overload, error) {
	t := schema.Type{ID: schema.Row, NotNull: true}
	for i, a := range args {
		t.Fields = append(t.Fields, schema.Field{Name: "EXPR$" + strconv.Itoa(i), Type: a.Type})
	}
	return &Overload{Args: typesOf(args), Result: t, Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		for k, col := range cols {
			copyColumn(&dst.Kids[k], col, c.Rows.N)
		}
		return nil
	}}, nil
}

// copyColumn makes dst, whose type is known, a copy of n rows of another column of that layout.
func copyColumn(dst, src *vec.Column, n int) {
	dst.Reset(dst.Type, 0)
	for i := range n {
		dst.Append(i, src, i)
	}
}

// bindField binds the access to a field of a ROW, by a constant: its name or its number from 1.
func bindField(args []Arg) (*Overload, error) {
	if err := arity("FIELD", args, 2, 2); err != nil {
		return nil, err
	}
	row := args[0].Type
	at := -1
	if n, ok := constInt(args[1]); ok && n >= 1 && n <= int64(len(row.Fields)) {
		at = int(n) - 1
	}
	name, _ := constText(args[1])
	for i, f := range row.Fields {
		if args[1].Type.IsString() && f.Name == name {
			at = i
		}
	}
	if row.ID != schema.Row || at < 0 {
		return nil, wrong("FIELD", args, "a ROW and the name of one of its fields")
	}
	t := row.Fields[at].Type
	t.NotNull = t.NotNull && row.NotNull
	return &Overload{Args: []schema.Type{row}, Result: t, Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		in := cols[0]
		dst.Reset(dst.Type, 0)
		for i := range c.Rows.N {
			if in.IsNull(i) {
				dst.AppendNull(i)
			} else {
				dst.Append(i, &in.Kids[at], i)
			}
		}
		return nil
	}}, nil
}

func bindItem(args []Arg) (*Overload, error) {
	if err := arity("ITEM", args, 2, 2); err != nil {
		return nil, err
	}
	switch t := args[0].Type; {
	case t.ID == schema.Array && CanCastImplicitly(args[1].Type, schema.Of(schema.Int)):
		if n, ok := constInt(args[1]); ok && n < 1 {
			return nil, fault.New(fault.Invalid, "there is no element %d: they count from 1", n)
		}
		return &Overload{
			Args: []schema.Type{t, as(schema.Of(schema.Int), args[1])}, Result: t.Fields[0].Type.Nullable(),
			Kernel: pick(func(_ *Call, cols []*vec.Column, i int) (int, error) {
				from, to := bounds(cols[0], i)
				n := int(cols[1].I32[i])
				if n < 1 || n > to-from {
					return -1, nil
				}
				return from + n - 1, nil
			}, 0),
		}, nil
	case t.ID == schema.Map:
		if key := t.Fields[0].Type; CanCastImplicitly(args[1].Type, key) {
			return &Overload{
				Args: []schema.Type{t, as(key, args[1])}, Result: t.Fields[1].Type.Nullable(),
				Kernel: pick(func(_ *Call, cols []*vec.Column, i int) (int, error) { return cols[0].Find(i, cols[1], i), nil }, 1),
			}, nil
		}
	}
	return nil, wrong("ITEM", args, "an array and a number, or a map and a key")
}

// pick is the kernel whose answer is a row of a kid of the first argument; -1 is NULL.
func pick(at func(c *Call, cols []*vec.Column, i int) (int, error), kid int) Kernel {
	return func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		valid := dst.Valid
		t := dst.Type
		dst.Reset(t, 0)
		from := &cols[0].Kids[kid]
		next := 0
		null := func(to int) {
			for ; next < to; next++ {
				dst.AppendNull(next)
			}
		}
		for k := range c.Rows.Len() {
			i := c.Rows.At(k)
			null(i)
			if valid != nil && !valid.Get(i) {
				continue
			}
			row, err := at(c, cols, i)
			if err != nil {
				return err
			}
			if row >= 0 {
				dst.Append(next, from, row)
				next++
			}
		}
		null(c.Rows.N)
		return nil
	}
}

func bindCardinality(args []Arg) (*Overload, error) {
	if err := arity("CARDINALITY", args, 1, 1); err != nil {
		return nil, err
	}
	if vec.LayoutOf(args[0].Type.ID) != vec.LayoutList {
		return nil, wrong("CARDINALITY", args, "an array or a map")
	}
	return &Overload{Args: typesOf(args), Result: as(schema.Of(schema.Int), args[0]), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error {
			from, to := bounds(cols[0], i)
			dst.I32[i] = int32(to - from)
			return nil
		})
	}}, nil
}

func bindElement(args []Arg) (*Overload, error) {
	if err := arity("ELEMENT", args, 1, 1); err != nil {
		return nil, err
	}
	if args[0].Type.ID != schema.Array {
		return nil, wrong("ELEMENT", args, "an array")
	}
	return &Overload{Args: typesOf(args), Result: args[0].Type.Fields[0].Type.Nullable(), Kernel: pick(func(_ *Call, cols []*vec.Column, i int) (int, error) {
		from, to := bounds(cols[0], i)
		if to-from > 1 {
			return 0, fault.New(fault.Invalid, "ELEMENT: the array has %d elements", to-from)
		}
		if to == from {
			return -1, nil
		}
		return from, nil
	}, 0)}, nil
}
