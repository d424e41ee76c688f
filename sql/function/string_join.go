package function

import (
	"bytes"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// joinFunctions put texts together, search in them and replace parts.
func joinFunctions() []Scalar {
	str := stringType()
	return []Scalar{
		{Name: "||", Doc: "One text behind the other.", Example: "'a' || 'b' = 'ab'", Bind: bindAppend},
		{Name: "CONCAT", Doc: "The texts one behind the other; NULL if one is.", Example: "CONCAT('a', 'b', 'c') = 'abc'", Bind: bindConcat},
		{Name: "CONCAT_WS", Doc: "The texts one behind the other, a separator between them. NULLs are left out.", Example: "CONCAT_WS('-', 'a', 'b') = 'a-b'", Bind: bindConcatWS},
		simple("REPLACE", "The text with every occurrence of one text replaced by another.", "REPLACE('abab', 'b', 'x') = 'axax'", texts(3), str, replaceKernel),
		{Name: "TRANSLATE", Doc: "The text with each character of the second argument replaced by the one in its place in the third, or left out if there is none.", Example: "TRANSLATE('abc', 'ab', 'x') = 'xc'", Bind: bindTranslate},
		{Name: "POSITION", Doc: "Where the first text stands in the second, counted from 1; 0 if nowhere: POSITION(text IN text).", Example: "POSITION('b' IN 'abc') = 2", Bind: bindLocate("POSITION")},
		{Name: "LOCATE", Doc: "Where the first text stands in the second, perhaps from a position on, counted from 1; 0 if nowhere.", Example: "LOCATE('b', 'abcb', 3) = 4", Bind: bindLocate("LOCATE")},
		{Name: "INSTR", Doc: "Where the second text stands in the first, counted from 1; 0 if nowhere. The third argument is where to begin (from the end if negative), the fourth which occurrence is meant.", Example: "INSTR('abcb', 'b', 1, 2) = 4", Bind: bindInstr},
		{Name: "STARTSWITH", Doc: "Whether the first text or binary begins with the second.", Example: "STARTSWITH('abc', 'ab') = TRUE", Bind: bindAffix("STARTSWITH", bytes.HasPrefix)},
		{Name: "ENDSWITH", Doc: "Whether the first text or binary ends with the second.", Example: "ENDSWITH('abc', 'bc') = TRUE", Bind: bindAffix("ENDSWITH", bytes.HasSuffix)},
		{Name: "PRINTF", Doc: "Values put into a format, that of java.util.Formatter; NULL if they do not fit it.", Example: "PRINTF('%05d %s %.1f', 12, 'a', 1.25e0) = '00012 a 1.3'", Bind: bindPrintf},
		{Name: "ELT", Doc: "The argument with the given number, counted from 1; NULL if there is none.", Example: "ELT(2, 'a', 'b') = 'b'", Bind: bindElt},
	}
}

func bindAppend(args []Arg) (*Overload, error) {
	if err := arity("||", args, 2, 2); err != nil {
		return nil, err
	}
	a, b := untyped(args[0], args[1])
	fixed, varying := schema.Char, schema.VarChar
	switch {
	case a.IsBinary() && b.IsBinary():
		fixed, varying = schema.Binary, schema.VarBinary
	case !a.IsString() || !b.IsString():
		return nil, wrong("||", args, "two texts").(*fault.Error).WithHint("write CAST(… AS STRING): values are not turned into text by themselves")
	}
	id := varying
	if a.ID == fixed && b.ID == fixed {
		id = fixed
	}
	length := min(int64(a.Precision)+int64(b.Precision), schema.MaxLength)
	return &Overload{
		Args: []schema.Type{as(a, args[0]), as(b, args[1])}, Result: like(schema.Of(id).WithPrecision(int32(length)), args), Kernel: concatKernel,
	}, nil
}

func bindConcat(args []Arg) (*Overload, error) {
	if len(args) == 0 {
		return nil, wrong("CONCAT", args, "texts")
	}
	types, err := conform("CONCAT", args, texts(len(args)))
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: like(stringType(), args), Kernel: concatKernel}, nil
}

func concatKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		for _, a := range args {
			out = append(out, a.Bytes(i)...)
		}
		return out, nil
	})
}

func bindConcatWS(args []Arg) (*Overload, error) {
	if len(args) < 2 {
		return nil, wrong("CONCAT_WS", args, "a separator and texts")
	}
	types, err := conform("CONCAT_WS", args, texts(len(args)))
	if err != nil {
		return nil, err
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		copyValid(c, cols[0], dst)
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			first := true
			for _, a := range cols[1:] {
				if a.IsNull(i) {
					continue
				}
				if !first {
					out = append(out, cols[0].Bytes(i)...)
				}
				first = false
				out = append(out, a.Bytes(i)...)
			}
			return out, nil
		})
	}
	return &Overload{Args: types, Result: as(stringType(), args[0]), Kernel: kernel, Lenient: true}, nil
}

func replaceKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		s, from, to := args[0].Bytes(i), args[1].Bytes(i), args[2].Bytes(i)
		if len(from) == 0 {
			return append(out, s...), nil
		}
		for {
			at := bytes.Index(s, from)
			if at < 0 {
				return append(out, s...), nil
			}
			out = append(append(out, s[:at]...), to...)
			s = s[at+len(from):]
		}
	})
}

// bindTranslate takes NULL for an empty text in all but the first argument, as Flink does.
func bindTranslate(args []Arg) (*Overload, error) {
	if err := arity("TRANSLATE", args, 3, 3); err != nil {
		return nil, err
	}
	types, err := conform("TRANSLATE", args, texts(3))
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: as(stringType(), args[0]), Kernel: translateKernel, Lenient: true}, nil
}

func translateKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	copyValid(c, args[0], dst)
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		s := args[0].Bytes(i)
		var from, to []byte
		if !args[1].IsNull(i) {
			from = args[1].Bytes(i)
		}
		if !args[2].IsNull(i) {
			to = args[2].Bytes(i)
		}
		for len(s) > 0 {
			n := runeOffset(s, 1)
			at := bytes.Index(from, s[:n])
			if at < 0 {
				out = append(out, s[:n]...)
			} else {
				rest := to[runeOffset(to, runes(from[:at])):]
				out = append(out, rest[:runeOffset(rest, 1)]...)
			}
			s = s[n:]
		}
		return out, nil
	})
}

// position returns where needle stands in s from character start on, both counted from 1; 0 if
// nowhere.
func position(s, needle []byte, start int) int {
	if start < 1 {
		return 0
	}
	skip := runeOffset(s, start-1)
	at := bytes.Index(s[skip:], needle)
	if at < 0 {
		return 0
	}
	return runes(s[:skip+at]) + 1
}

func positionKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return each(c, dst, func(i int) error {
		start := 1
		if len(args) == 3 {
			start = int(args[2].I32[i])
		}
		dst.I32[i] = int32(position(args[1].Bytes(i), args[0].Bytes(i), start))
		return nil
	})
}

func bindLocate(name string) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 3); err != nil {
			return nil, err
		}
		types, err := conform(name, args, []schema.TypeID{schema.VarChar, schema.VarChar, schema.Int})
		if err != nil {
			return nil, err
		}
		return &Overload{Args: types, Result: like(schema.Of(schema.Int), args), Kernel: positionKernel}, nil
	}
}

func bindInstr(args []Arg) (*Overload, error) {
	if err := arity("INSTR", args, 2, 4); err != nil {
		return nil, err
	}
	types, err := conform("INSTR", args, []schema.TypeID{schema.VarChar, schema.VarChar, schema.Int, schema.Int})
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: like(schema.Of(schema.Int), args), Kernel: instrKernel}, nil
}

func instrKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return each(c, dst, func(i int) error {
		start, nth := 1, 1
		if len(args) > 2 {
			start = int(args[2].I32[i])
		}
		if len(args) > 3 {
			nth = int(args[3].I32[i])
		}
		if nth < 1 {
			return fault.New(fault.Invalid, "INSTR: occurrence %d: they count from 1", nth)
		}
		dst.I32[i] = int32(instr(args[0].Bytes(i), args[1].Bytes(i), start, nth))
		return nil
	})
}

func instr(s, needle []byte, start, nth int) int {
	if start > 0 {
		at := 0
		for range nth {
			if at = position(s, needle, start); at == 0 {
				return 0
			}
			start = at + 1
		}
		return at
	}
	if start == 0 {
		return 0
	}
	from := runes(s) + start // the last character where a match may begin, from 0
	for ; from >= 0; from-- {
		if bytes.HasPrefix(s[runeOffset(s, from):], needle) {
			if nth--; nth == 0 {
				return from + 1
			}
		}
	}
	return 0
}

func bindAffix(name string, has func(s, affix []byte) bool) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 2); err != nil {
			return nil, err
		}
		params := texts(2)
		if args[0].Type.IsBinary() {
			params = []schema.TypeID{schema.VarBinary, schema.VarBinary}
		}
		types, err := conform(name, args, params)
		if err != nil {
			return nil, err
		}
		kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return each(c, dst, func(i int) error { dst.Bits.Put(i, has(cols[0].Bytes(i), cols[1].Bytes(i))); return nil })
		}
		return &Overload{Args: types, Result: like(schema.Of(schema.Boolean), args), Kernel: kernel}, nil
	}
}

func bindElt(args []Arg) (*Overload, error) {
	if len(args) < 2 || !CanCastImplicitly(args[0].Type, schema.Of(schema.BigInt)) {
		return nil, wrong("ELT", args, "a number and texts or binaries")
	}
	t, ok := CommonType(typesOf(args[1:])...)
	if !ok || !t.IsString() && !t.IsBinary() {
		return nil, wrong("ELT", args, "a number and texts or binaries")
	}
	if n, ok := constInt(args[0]); ok && n < 0 {
		return nil, fault.New(fault.Invalid, "ELT: there is no argument %d", n)
	}
	types := []schema.Type{as(schema.Of(schema.BigInt), args[0])}
	for _, a := range args[1:] {
		types = append(types, as(t, a))
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		n := c.Rows.N
		for i := range n {
			k := cols[0].I64[i]
			if cols[0].IsNull(i) || k <= 0 || k >= int64(len(cols)) || cols[k].IsNull(i) {
				dst.SetNull(i, n)
			}
		}
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			return append(out, cols[cols[0].I64[i]].Bytes(i)...), nil
		})
	}
	return &Overload{Args: types, Result: t.Nullable(), Kernel: kernel, Lenient: true}, nil
}
