package json

import (
	"millrace/format"
	"millrace/format/json/scan"
)

// appendQuoted appends text as a JSON string, with the escapes that Jackson writes.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(append(dst, text[start:i]...), '\\')
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, c)
		case '\b':
			dst = append(dst, 'b')
		case '\f':
			dst = append(dst, 'f')
		case '\n':
			dst = append(dst, 'n')
		case '\r':
			dst = append(dst, 'r')
		case '\t':
			dst = append(dst, 't')
		default:
			const hex = "0123456789ABCDEF"
			dst = append(dst, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}

// appendCompact appends a container that the scanner has accepted as Jackson prints its tree: without
// blanks, with its own escapes and its own form of fractions.
func appendCompact(dst, raw, scratch []byte) (out, grown []byte) {
	var s scan.Scanner
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			end, plain := s.Text(raw, i+1)
			if plain {
				dst = append(dst, raw[i:end+1]...)
			} else {
				scratch = scan.AppendUnescaped(scratch[:0], raw[i+1:end])
				dst = appendQuoted(dst, scratch)
			}
			i = end + 1
		case c == '-' || c-'0' <= 9:
			end, whole := s.Number(raw, i)
			if whole {
				dst = append(dst, raw[i:end]...)
			} else {
				f, _ := format.ParseDouble(raw[i:end], 64)
				dst = appendDouble(dst, f)
			}
			i = end
		case c <= ' ':
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst, scratch
}
