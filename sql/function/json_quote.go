package function

import (
	"unicode/utf16"
	"unicode/utf8"

	"millrace/fault"
	"millrace/vec"
)

// bindJSONText binds a function of one text whose answer is a text.
func bindJSONText(name string, f func(out, in []byte) ([]byte, error)) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		types, err := conform(name, args, texts(1))
		if err != nil {
			return nil, err
		}
		return &Overload{Args: types, Result: as(stringType(), args[0]), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return eachText(c, dst, func(out []byte, i int) ([]byte, error) { return f(out, cols[0].Bytes(i)) })
		}}, nil
	}
}

// appendJSONQuote is Flink's own: it escapes the slash, too, writes what is not ASCII as \u and four
// digits or, beyond the basic plane, five and the second half of the pair; control characters stay.
func appendJSONQuote(out, in []byte) ([]byte, error) {
	out = append(out, '"')
	for _, r := range string(in) {
		switch r {
		case '"', '\\', '/':
			out = append(out, '\\', byte(r))
		case '\b':
			out = append(out, `\b`...)
		case '\f':
			out = append(out, `\f`...)
		case '\n':
			out = append(out, `\n`...)
		case '\r':
			out = append(out, `\r`...)
		case '\t':
			out = append(out, `\t`...)
		default:
			if r < utf8.RuneSelf {
				out = append(out, byte(r))
				continue
			}
			out = appendUnicode(out, r)
			if _, low := utf16.EncodeRune(r); low != utf8.RuneError {
				out = appendUnicode(out, low)
			}
		}
	}
	return append(out, '"'), nil
}

func appendUnicode(out []byte, r rune) []byte {
	out = append(out, '\\', 'u')
	shift := 12
	for r>>shift > 15 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		out = append(out, lowerHex[r>>shift&15])
	}
	return out
}

// appendJSONUnquote is Flink's own: a text that begins as JSON and has quotes at both ends loses them and
// its escapes; where an escape is wrong, nothing is changed.
func appendJSONUnquote(out, in []byte) ([]byte, error) {
	if _, ok := firstJSON(in); !ok || in[0] != '"' || in[len(in)-1] != '"' {
		return append(out, in...), nil
	}
	if len(in) == 1 {
		return append(out, in...), nil
	}
	text, ok, err := appendUnescapedLoosely(out, in[1:len(in)-1])
	if err != nil {
		return nil, err
	}
	if !ok {
		return append(out, in...), nil
	}
	return text, nil
}

// appendUnescapedLoosely resolves escapes in what may be more than one JSON string.
func appendUnescapedLoosely(out, in []byte) ([]byte, bool, error) {
	high := rune(0) // first half of a surrogate pair that waits for the second
	for len(in) > 0 {
		if in[0] != '\\' || len(in) == 1 {
			out, high = flushHalf(out, high), 0
			out, in = append(out, in[0]), in[1:]
			continue
		}
		c := in[1]
		in = in[2:]
		if c == 'u' {
			if len(in) < 4 {
				return nil, false, fault.New(fault.Invalid, "JSON_UNQUOTE: the text ends inside an escape")
			}
			r, ok := hexRune(in[:4])
			if !ok {
				return nil, false, nil
			}
			in = in[4:]
			if joined := utf16.DecodeRune(high, r); joined != utf8.RuneError {
				out, high = utf8.AppendRune(out, joined), 0
				continue
			}
			out, high = flushHalf(out, high), 0
			if utf16.IsSurrogate(r) {
				high = r
			} else {
				out = utf8.AppendRune(out, r)
			}
			continue
		}
		out, high = flushHalf(out, high), 0
		switch c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		default:
			return nil, false, nil
		}
		out = append(out, c)
	}
	return flushHalf(out, high), true, nil
}

// flushHalf writes half a surrogate pair as Java does in UTF-8.
func flushHalf(out []byte, half rune) []byte {
	if half != 0 {
		return append(out, '?')
	}
	return out
}

func hexRune(digits []byte) (rune, bool) {
	r := rune(0)
	for _, c := range digits {
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
