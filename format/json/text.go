package json

import (
	"unicode/utf16"
	"unicode/utf8"

	"millrace/format"
)

// appendUnescaped appends what a string that the scanner has accepted stands for.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			start := i
			for i < len(raw) && raw[i] != '\\' {
				i++
			}
			dst = append(dst, raw[start:i]...)
			continue
		}
		c = raw[i+1]
		i += 2
		switch c {
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
		case 'u':
			r, _ := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				var n int
				r, n = surrogatePair(r, raw[i:])
				i += n
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// surrogatePair joins the half r with the one that follows it, if it does.
func surrogatePair(r rune, next []byte) (rune, int) {
	if len(next) >= 6 && next[0] == '\\' && next[1] == 'u' {
		if low, ok := hex4(next[2:]); ok {
			if joined := utf16.DecodeRune(r, low); joined != utf8.RuneError {
				return joined, 6
			}
		}
	}
	return utf8.RuneError, 0
}

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
	var s scanner
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			end, plain := s.text(raw, i+1)
			if plain {
				dst = append(dst, raw[i:end+1]...)
			} else {
				scratch = appendUnescaped(scratch[:0], raw[i+1:end])
				dst = appendQuoted(dst, scratch)
			}
			i = end + 1
		case c == '-' || c-'0' <= 9:
			end, whole := s.number(raw, i)
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
