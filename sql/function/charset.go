package function

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// charsetFunctions turn text into bytes and back.
func charsetFunctions() []Scalar {
	const sets = " in US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE or UTF-16."
	return []Scalar{
		simple("ENCODE", "The bytes of a text"+sets, "CAST(ENCODE('abc', 'UTF-8') AS STRING) = 'abc'", texts(2), schema.Of(schema.VarBinary), charsetKernel("ENCODE", appendEncoded)),
		simple("DECODE", "The text of bytes"+sets, "DECODE(ENCODE('abc', 'UTF-16LE'), 'UTF-16LE') = 'abc'", []schema.TypeID{schema.VarBinary, schema.VarChar}, stringType(), charsetKernel("DECODE", appendDecoded)),
	}
}

func charsetKernel(name string, f func(out, in []byte, set string) ([]byte, bool)) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			set := strings.ToUpper(string(args[1].Bytes(i)))
			out, ok := f(out, args[0].Bytes(i), set)
			if !ok {
				return nil, fault.New(fault.Invalid, "%s: there is no character set %q", name, set)
			}
			return out, nil
		})
	}
}

// lastOf is the greatest character of a one-byte set.
func lastOf(set string) (rune, bool) {
	switch set {
	case "US-ASCII", "ASCII":
		return 0x7F, true
	case "ISO-8859-1":
		return 0xFF, true
	}
	return 0, false
}

func appendEncoded(out, in []byte, set string) ([]byte, bool) {
	if last, ok := lastOf(set); ok {
		for _, r := range string(in) {
			if r > last {
				r = '?'
			}
			out = append(out, byte(r))
		}
		return out, true
	}
	little := set == "UTF-16LE"
	switch set {
	case "UTF-8":
		return append(out, in...), true
	case "UTF-16":
		out = append(out, 0xFE, 0xFF)
	case "UTF-16BE", "UTF-16LE":
	default:
		return out, false
	}
	for _, u := range utf16.Encode([]rune(string(in))) {
		if little {
			out = append(out, byte(u), byte(u>>8))
		} else {
			out = append(out, byte(u>>8), byte(u))
		}
	}
	return out, true
}

func appendDecoded(out, in []byte, set string) ([]byte, bool) {
	if last, ok := lastOf(set); ok {
		for _, b := range in {
			r := rune(b)
			if r > last {
				r = utf8.RuneError
			}
			out = utf8.AppendRune(out, r)
		}
		return out, true
	}
	little := set == "UTF-16LE"
	switch set {
	case "UTF-8":
		return append(out, bytes.ToValidUTF8(in, []byte("\uFFFD"))...), true
	case "UTF-16":
		little = bytes.HasPrefix(in, []byte{0xFF, 0xFE})
		if little || bytes.HasPrefix(in, []byte{0xFE, 0xFF}) {
			in = in[2:]
		}
	case "UTF-16BE", "UTF-16LE":
	default:
		return out, false
	}
	units := make([]uint16, len(in)/2)
	for i := range units {
		units[i] = uint16(in[2*i])<<8 | uint16(in[2*i+1])
		if little {
			units[i] = uint16(in[2*i+1])<<8 | uint16(in[2*i])
		}
	}
	return append(out, string(utf16.Decode(units))...), true
}
