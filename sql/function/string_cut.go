package function

import (
	"bytes"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// cutFunctions take parts of a text or fill it up.
func cutFunctions() []Scalar {
	str := stringType()
	return []Scalar{
		{Name: "SUBSTRING", Doc: "The text from a position on, which counts from 1, or from the end if it is negative; at most so many characters.", Example: "SUBSTRING('abcdef', 2, 3) = 'bcd'", Bind: bindSubstring("SUBSTRING")},
		{Name: "SUBSTR", Doc: "The text from a position on, which counts from 1, or from the end if it is negative; at most so many characters.", Example: "SUBSTR('abcdef', -3, 2) = 'de'", Bind: bindSubstring("SUBSTR")},
		simple("LEFT", "The first characters of the text.", "LEFT('abcdef', 2) = 'ab'", []schema.TypeID{schema.VarChar, schema.Int}, str, leftKernel),
		simple("RIGHT", "The last characters of the text.", "RIGHT('abcdef', 2) = 'ef'", []schema.TypeID{schema.VarChar, schema.Int}, str, rightKernel),
		nullable(simple("LPAD", "The text filled up at its start to a length, or cut to it.", "LPAD('ab', 4, 'xy') = 'xyab'", []schema.TypeID{schema.VarChar, schema.Int, schema.VarChar}, str, padKernel(true))),
		nullable(simple("RPAD", "The text filled up at its end to a length, or cut to it.", "RPAD('ab', 4, 'xy') = 'abxy'", []schema.TypeID{schema.VarChar, schema.Int, schema.VarChar}, str, padKernel(false))),
		{Name: "OVERLAY", Doc: "The text with another one in the place of some of its characters: OVERLAY(text PLACING other FROM position FOR length).", Example: "OVERLAY('abcdef' PLACING 'XY' FROM 2 FOR 3) = 'aXYef'", Bind: bindOverlay},
		{Name: "SPLIT_INDEX", Doc: "The part with the given number, counted from 0, of a text that a separator divides; NULL if there is none.", Example: "SPLIT_INDEX('a,b,c', ',', 1) = 'b'", Bind: bindSplitIndex},
	}
}

// nullable is a function whose answer may be NULL though no argument is.
func nullable(f Scalar) Scalar {
	bind := f.Bind
	f.Bind = func(args []Arg) (*Overload, error) {
		o, err := bind(args)
		if err == nil {
			o.Result.NotNull = false
		}
		return o, err
	}
	return f
}

func tooLong(name string) error {
	return fault.New(fault.Limit, "%s: the text has more than %d bytes", name, maxText)
}

func bindSubstring(name string) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 3); err != nil {
			return nil, err
		}
		types, err := conform(name, args, []schema.TypeID{schema.VarChar, schema.Int, schema.Int})
		if err != nil {
			return nil, err
		}
		return &Overload{Args: types, Result: stringType().WithPrecision(types[0].Precision), Kernel: substringKernel}, nil
	}
}

func substringKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		s, length := args[0].Bytes(i), len(args[0].Bytes(i))
		if len(args) == 3 {
			if length = int(args[2].I32[i]); length < 0 {
				dst.SetNull(i, c.Rows.N)
				return out, nil
			}
		}
		return append(out, substring(s, int(args[1].I32[i]), length)...), nil
	})
}

// substring is Flink's substringSQL: positions count from 1, 0 is 1, negative ones count from the end.
func substring(s []byte, pos, length int) []byte {
	start := max(pos-1, 0)
	if pos < 0 {
		if start = runes(s) + pos; start < 0 {
			return nil
		}
	}
	s = s[runeOffset(s, start):]
	return s[:runeOffset(s, length)]
}

func leftKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		s := args[0].Bytes(i)
		return append(out, s[:runeOffset(s, int(args[1].I32[i]))]...), nil
	})
}

func rightKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		s, n := args[0].Bytes(i), int(args[1].I32[i])
		if n <= 0 {
			return out, nil
		}
		return append(out, s[runeOffset(s, runes(s)-n):]...), nil
	})
}

func padKernel(left bool) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			s, n, pad := args[0].Bytes(i), int(args[1].I32[i]), args[2].Bytes(i)
			if n < 0 || len(pad) == 0 {
				dst.SetNull(i, c.Rows.N)
				return out, nil
			}
			if n > maxText/4 {
				return nil, tooLong("LPAD or RPAD")
			}
			s = s[:runeOffset(s, n)]
			missing := n - runes(s)
			if !left {
				out = append(out, s...)
			}
			for size := runes(pad); missing > 0; missing -= size {
				out = append(out, pad[:runeOffset(pad, missing)]...)
			}
			if left {
				out = append(out, s...)
			}
			return out, nil
		})
	}
}

func bindOverlay(args []Arg) (*Overload, error) {
	if err := arity("OVERLAY", args, 3, 4); err != nil {
		return nil, err
	}
	types, err := conform("OVERLAY", args, []schema.TypeID{schema.VarChar, schema.VarChar, schema.Int, schema.Int})
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: like(stringType(), args), Kernel: overlayKernel}, nil
}

func overlayKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		s, r, start := args[0].Bytes(i), args[1].Bytes(i), int(args[2].I32[i])
		length, chars := runes(r), runes(s)
		if len(args) == 4 {
			length = int(args[3].I32[i])
		}
		if start <= 0 || start > chars {
			return append(out, s...), nil
		}
		out = append(out, s[:runeOffset(s, start-1)]...)
		out = append(out, r...)
		if length > 0 && start+length <= chars {
			out = append(out, s[runeOffset(s, start-1+length):]...)
		}
		return out, nil
	})
}

// bindSplitIndex also takes the separator as the number of a character.
func bindSplitIndex(args []Arg) (*Overload, error) {
	if err := arity("SPLIT_INDEX", args, 3, 3); err != nil {
		return nil, err
	}
	params := []schema.TypeID{schema.VarChar, schema.VarChar, schema.Int}
	code := args[1].Type.IsInteger()
	if code {
		params[1] = schema.Int
	}
	types, err := conform("SPLIT_INDEX", args, params)
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: stringType(), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			var char [4]byte
			var separator []byte
			if code {
				separator = append(char[:0], string(rune(cols[1].I32[i]&255))...)
			} else {
				separator = cols[1].Bytes(i)
			}
			part, ok := splitIndex(cols[0].Bytes(i), separator, int(cols[2].I32[i]))
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return append(out, part...), nil
		})
	}}, nil
}

func splitIndex(s, separator []byte, n int) ([]byte, bool) {
	if n < 0 || len(s) == 0 {
		return nil, false
	}
	if len(separator) == 0 { // Java's StringUtils then splits at blanks
		parts := bytes.Fields(s)
		if n >= len(parts) {
			return nil, false
		}
		return parts[n], true
	}
	for ; ; n-- {
		at := bytes.Index(s, separator)
		switch {
		case n == 0 && at >= 0:
			return s[:at], true
		case n == 0:
			return s, true
		case at < 0:
			return nil, false
		}
		s = s[at+len(separator):]
	}
}
