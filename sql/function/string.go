package function

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// textFunctions change or measure one text.
func textFunctions() []Scalar {
	str, integer := stringType(), schema.Of(schema.Int)
	return []Scalar{
		{Name: "UPPER", Doc: "The text in upper case.", Example: "UPPER('ab') = 'AB'", Bind: bindFold("UPPER", appendUpper)},
		{Name: "LOWER", Doc: "The text in lower case.", Example: "LOWER('AB') = 'ab'", Bind: bindFold("LOWER", appendLower)},
		{Name: "TRIM", Doc: "The text without certain characters (blanks, if none are written) at its start (LEADING), end (TRAILING) or both.", Example: "TRIM(BOTH 'ab' FROM 'abcba') = 'c'", Bind: bindTrim},
		sided("LTRIM", "The text without certain characters, blanks if none are written, at its start.", "LTRIM('  a ') = 'a '", true, false),
		sided("RTRIM", "The text without certain characters, blanks if none are written, at its end.", "RTRIM(' a  ') = ' a'", false, true),
		sided("BTRIM", "The text without certain characters, blanks if none are written, at both ends.", "BTRIM('  a ') = 'a'", true, true),
		simple("CHAR_LENGTH", "How many characters the text has.", "CHAR_LENGTH('abc') = 3", texts(1), integer, lengthKernel),
		simple("CHARACTER_LENGTH", "How many characters the text has.", "CHARACTER_LENGTH('abc') = 3", texts(1), integer, lengthKernel),
		simple("OCTET_LENGTH", "How many bytes the text has in UTF-8.", "OCTET_LENGTH('abc') = 3", texts(1), integer, octetKernel),
		simple("REVERSE", "The characters of the text in reverse order.", "REVERSE('abc') = 'cba'", texts(1), str, text1(appendReverse)),
		simple("INITCAP", "The text with the first letter of each word in upper case and the others in lower case. Letters beyond ASCII stay as they are.", "INITCAP('hello WORLD') = 'Hello World'", texts(1), str, text1(appendInitcap)),
		simple("REPEAT", "The text so many times in a row.", "REPEAT('ab', 2) = 'abab'", []schema.TypeID{schema.VarChar, schema.Int}, str, repeatKernel),
		simple("ASCII", "The first byte of the text, 0 if it is empty.", "ASCII('abc') = 97", texts(1), integer, asciiKernel),
		simple("CHR", "The character with a number of 0 to 255; greater numbers are taken modulo 256.", "CHR(65) = 'A'", []schema.TypeID{schema.BigInt}, str, chrKernel),
		textTest("IS_ALPHA", "Whether the text is made of letters.", "IS_ALPHA('abc') = TRUE", func(s []byte) bool { return allRunes(s, unicode.IsLetter) }),
		textTest("IS_DIGIT", "Whether the text is made of digits.", "IS_DIGIT('123') = TRUE", func(s []byte) bool { return allRunes(s, unicode.IsDigit) }),
		textTest("IS_DECIMAL", "Whether the text is a number.", "IS_DECIMAL('1.5') = TRUE", isNumber),
	}
}

// texts are n parameters that take text.
func texts(n int) []schema.TypeID {
	ids := make([]schema.TypeID, n)
	for i := range ids {
		ids[i] = schema.VarChar
	}
	return ids
}

// bindFold binds UPPER and LOWER, whose answer has the type of the argument, and so at most its
// length: UPPER('ß'), a CHAR(1), is 'S'.
func bindFold(name string, f func(out, in []byte) []byte) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		types, err := conform(name, args, texts(1))
		if err != nil {
			return nil, err
		}
		length := int(types[0].Precision)
		fold := func(out, in []byte) []byte {
			at := len(out)
			out = f(out, in)
			if len(out)-at > length {
				out = out[:at+runeOffset(out[at:], length)]
			}
			return out
		}
		return &Overload{Args: types, Result: types[0], Kernel: text1(fold)}, nil
	}
}

func appendUpper(out, in []byte) []byte {
	for i, c := range in {
		switch {
		case c >= utf8.RuneSelf:
			return appendFolded(out, in[i:], unicode.ToUpper)
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		out = append(out, c)
	}
	return out
}

func appendLower(out, in []byte) []byte {
	for i, c := range in {
		switch {
		case c >= utf8.RuneSelf:
			return appendFolded(out, in[i:], unicode.ToLower)
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return out
}

func appendFolded(out, in []byte, fold func(rune) rune) []byte {
	for len(in) > 0 {
		r, n := utf8.DecodeRune(in)
		if r == 'ß' && fold(r) == r && fold('a') == 'A' {
			out = append(out, "SS"...)
		} else {
			out = utf8.AppendRune(out, fold(r))
		}
		in = in[n:]
	}
	return out
}

func bindTrim(args []Arg) (*Overload, error) {
	if err := arity("TRIM", args, 1, 3); err != nil {
		return nil, err
	}
	if len(args) == 1 {
		return bindSided("TRIM", args, true, true)
	}
	side, ok := constText(args[0])
	if !ok || len(args) != 3 {
		return nil, wrong("TRIM", args, "([BOTH | LEADING | TRAILING] [characters] FROM text)")
	}
	types, err := conform("TRIM", args, texts(3))
	if err != nil {
		return nil, err
	}
	start, end := side != "TRAILING", side != "LEADING"
	return &Overload{
		Args: types, Result: like(stringType().WithPrecision(types[2].Precision), args[1:]),
		Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return trimRows(c, cols[2], cols[1], dst, start, end)
		},
	}, nil
}

func sided(name, doc, example string, start, end bool) Scalar {
	return Scalar{Name: name, Doc: doc, Example: example, Bind: func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 2); err != nil {
			return nil, err
		}
		return bindSided(name, args, start, end)
	}}
}

func bindSided(name string, args []Arg, start, end bool) (*Overload, error) {
	types, err := conform(name, args, texts(2))
	if err != nil {
		return nil, err
	}
	return &Overload{
		Args: types, Result: like(stringType(), args),
		Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			var chars *vec.Column
			if len(cols) == 2 {
				chars = cols[1]
			}
			return trimRows(c, cols[0], chars, dst, start, end)
		},
	}, nil
}

func trimRows(c *Call, in, chars, dst *vec.Column, start, end bool) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		set := blank
		if chars != nil {
			set = chars.Bytes(i)
		}
		return append(out, trimmed(in.Bytes(i), set, start, end)...), nil
	})
}

// blank is the character that the TRIM functions take away by themselves.
var blank = []byte{' '}

func trimmed(s, set []byte, start, end bool) []byte {
	for start && len(s) > 0 {
		_, n := utf8.DecodeRune(s)
		if !bytes.Contains(set, s[:n]) {
			break
		}
		s = s[n:]
	}
	for end && len(s) > 0 {
		_, n := utf8.DecodeLastRune(s)
		if !bytes.Contains(set, s[len(s)-n:]) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

func lengthKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return each(c, dst, func(i int) error { dst.I32[i] = int32(runes(args[0].Bytes(i))); return nil })
}

func octetKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return each(c, dst, func(i int) error { dst.I32[i] = int32(len(args[0].Bytes(i))); return nil })
}

func asciiKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return each(c, dst, func(i int) error {
		dst.I32[i] = 0
		if s := args[0].Bytes(i); len(s) > 0 {
			dst.I32[i] = int32(int8(s[0])) // a Java byte
		}
		return nil
	})
}

func appendReverse(out, in []byte) []byte {
	for len(in) > 0 {
		_, n := utf8.DecodeLastRune(in)
		out = append(out, in[len(in)-n:]...)
		in = in[:len(in)-n]
	}
	return out
}

func appendInitcap(out, in []byte) []byte {
	start := true
	for _, c := range in {
		lower, upper := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z'
		switch {
		case start && lower:
			c -= 'a' - 'A'
		case !start && upper:
			c += 'a' - 'A'
		}
		out = append(out, c)
		start = !lower && !upper && !isDigit(c)
	}
	return out
}

// maxText bounds what REPEAT, LPAD and RPAD make of one row.
const maxText = 64 << 20

func repeatKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		s, n := args[0].Bytes(i), int(args[1].I32[i])
		if n > 0 && len(s) > maxText/n {
			return nil, tooLong("REPEAT")
		}
		for range n {
			out = append(out, s...)
		}
		return out, nil
	})
}

func chrKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		if v := args[0].I64[i]; v >= 0 {
			out = utf8.AppendRune(out, rune(v&255))
		}
		return out, nil
	})
}

// textTest is a function from text to BOOLEAN that is FALSE for NULL.
func textTest(name, doc, example string, f func([]byte) bool) Scalar {
	kernel := func(c *Call, args []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error { dst.Bits.Put(i, !args[0].IsNull(i) && f(args[0].Bytes(i))); return nil })
	}
	return Scalar{Name: name, Doc: doc, Example: example, Bind: func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		types, err := conform(name, args, texts(1))
		if err != nil {
			return nil, err
		}
		return &Overload{Args: types, Result: schema.Of(schema.Boolean).Required(), Kernel: kernel, Lenient: true}, nil
	}}
}

func allRunes(s []byte, f func(rune) bool) bool {
	for _, r := range string(s) {
		if !f(r) {
			return false
		}
	}
	return len(s) > 0
}

func isNumber(s []byte) bool {
	n, ok := format.ScanNumber(s)
	return ok && n.Exp == 0 && len(n.Whole) > 0
}
