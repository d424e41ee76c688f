package scan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Eight bytes at a time: the highest bit of each byte that ends a run of plain ASCII.
const (
	each = 0x0101010101010101
	high = 0x8080808080808080
)

func special(w uint64) uint64 {
	quote := w ^ each*'"'
	slash := w ^ each*'\\'
	return ((quote - each) | (slash - each) | (w - each*' ') | w) & high
}

// Text reads a string from behind its opening quote and returns the position of the closing one.
// plain is false if there are escapes to resolve.
func (s *Scanner) Text(b []byte, i int) (end int, plain bool) {
	for i+8 <= len(b) {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if b[i] == '"' {
				return i, true
			}
			return s.oddText(b, i)
		}
		i += 8
	}
	return s.oddText(b, i)
}

// oddText goes on with a string that has escapes or more than ASCII, or ends near the end of b.
func (s *Scanner) oddText(b []byte, i int) (end int, plain bool) {
	plain = true
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return i, plain
		case c == '\\':
			plain = false
			if i = s.escape(b, i); i < 0 {
				return -1, false
			}
		case c < ' ':
			return s.Fail(i, "a string has a control character"), false
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return s.Fail(i, "a string is not UTF-8"), false
			}
			i += n
		}
	}
	return s.Fail(i, "the text ends inside a string"), false
}

func (s *Scanner) escape(b []byte, i int) int {
	if i+1 >= len(b) {
		return s.Fail(i, "the text ends inside a string")
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if i+6 > len(b) {
			return s.Fail(i, "the text ends inside a string")
		}
		if _, ok := hex4(b[i+2:]); ok {
			return i + 6
		}
	}
	return s.Fail(i, "a string has an unknown escape")
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (rune, bool) {
	r := rune(0)
	for _, c := range b[:4] {
		switch {
		case c-'0' <= 9:
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

// AppendUnescaped appends what a string that the scanner has accepted stands for.
func AppendUnescaped(dst, raw []byte) []byte {
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
