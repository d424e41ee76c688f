package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep a value may be nested, and so the recursion of skip.
const maxDepth = 64

// scanner steps over JSON and notes where and why it is none. Its methods take the text and a position
// and return the position behind what they read, or -1.
type scanner struct {
	at  int
	why string
}

func (s *scanner) fail(at int, why string) int {
	s.at, s.why = at, why
	return -1
}

// expected notes that the text goes on wrongly at i.
func (s *scanner) expected(b []byte, i int, what string) int {
	if i >= len(b) {
		return s.fail(len(b), "the text ends where "+what+" should stand")
	}
	return s.fail(i, "here should stand "+what)
}

func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// open reads the bracket of an object or array. more says whether a member follows, at end; if not, end
// is behind the container.
func (s *scanner) open(b []byte, i int, first, last byte) (end int, more bool) {
	if i >= len(b) || b[i] != first {
		return s.expected(b, i, "an object or array"), false
	}
	i = space(b, i+1)
	if i < len(b) && b[i] == last {
		return i + 1, false
	}
	return i, true
}

// next reads what follows a member: a comma and the space before the next one, or the end.
func (s *scanner) next(b []byte, i int, last byte) (end int, more bool) {
	i = space(b, i)
	if i < len(b) {
		switch b[i] {
		case ',':
			return space(b, i+1), true
		case last:
			return i + 1, false
		}
	}
	return s.expected(b, i, "a comma or the end of the object or array"), false
}

// colon reads the colon behind a name, and the space around it.
func (s *scanner) colon(b []byte, i int) int {
	i = space(b, i)
	if i >= len(b) || b[i] != ':' {
		return s.expected(b, i, "a colon")
	}
	return space(b, i+1)
}

// skip reads any value. depth is how many containers are open around it.
func (s *scanner) skip(b []byte, i, depth int) int {
	if i >= len(b) {
		return s.expected(b, i, "a value")
	}
	switch c := b[i]; {
	case c == '{':
		return s.container(b, i, depth, '{', '}')
	case c == '[':
		return s.container(b, i, depth, '[', ']')
	case c == '"':
		return s.quoted(b, i)
	case c == 't':
		return s.word(b, i, "true")
	case c == 'f':
		return s.word(b, i, "false")
	case c == 'n':
		return s.word(b, i, "null")
	case c == '-' || c-'0' <= 9:
		return s.numeral(b, i)
	}
	return s.fail(i, "this is no JSON value")
}

func (s *scanner) container(b []byte, i, depth int, first, last byte) int {
	if depth == maxDepth {
		return s.fail(i, "it is nested too deeply")
	}
	i, more := s.open(b, i, first, last)
	for more {
		if first == '{' {
			if i >= len(b) || b[i] != '"' {
				return s.expected(b, i, "a name in quotes")
			}
			if i = s.quoted(b, i); i < 0 {
				return -1
			}
			if i = s.colon(b, i); i < 0 {
				return -1
			}
		}
		if i = s.skip(b, i, depth+1); i < 0 {
			return -1
		}
		i, more = s.next(b, i, last)
	}
	return i
}

func (s *scanner) word(b []byte, i int, word string) int {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word)
	}
	return s.fail(i, "this is no JSON value")
}

// numeral reads a number.
func (s *scanner) numeral(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b) || b[i]-'0' > 9:
		return s.expected(b, i, "a digit")
	case b[i] == '0':
		i++
	default:
		i = digits(b, i)
	}
	if i < len(b) && b[i] == '.' {
		start := i + 1
		if i = digits(b, start); i == start {
			return s.expected(b, i, "a digit")
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = digits(b, start); i == start {
			return s.expected(b, i, "a digit")
		}
	}
	return i
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// quoted reads a string with its quotes.
func (s *scanner) quoted(b []byte, i int) int {
	end, _ := s.text(b, i+1)
	if end < 0 {
		return -1
	}
	return end + 1
}

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

// text reads a string from behind its opening quote and returns the position of the closing one. plain
// is false if there are escapes to resolve.
func (s *scanner) text(b []byte, i int) (end int, plain bool) {
	plain = true
	for {
		for i+8 <= len(b) {
			if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return s.fail(len(b), "the text ends inside a string"), false
		}
		switch c := b[i]; {
		case c == '"':
			return i, plain
		case c == '\\':
			plain = false
			if i = s.escape(b, i); i < 0 {
				return -1, false
			}
		case c < ' ':
			return s.fail(i, "a string has a control character"), false
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return s.fail(i, "a string is not UTF-8"), false
			}
			i += n
		}
	}
}

func (s *scanner) escape(b []byte, i int) int {
	if i+1 >= len(b) {
		return s.fail(i, "the text ends inside a string")
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if i+6 > len(b) {
			return s.fail(i, "the text ends inside a string")
		}
		if _, ok := hex4(b[i+2:]); ok {
			return i + 6
		}
	}
	return s.fail(i, "a string has an unknown escape")
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

// appendUnescaped appends what a string that the scanner has accepted stands for. Half a surrogate pair
// becomes U+FFFD.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			i++
			continue
		}
		c := raw[i+1]
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

// double reads a number whose digits fit 53 bits and that has no exponent: both the digits and the
// power of ten are then exact, so that one division rounds right (W. D. Clinger, 1990). end is 0 for
// all else.
func double(b []byte, i int) (f float64, end int) {
	negative := b[i] == '-'
	if negative {
		i++
	}
	start, n := i, uint64(0)
	for i < len(b) && b[i]-'0' <= 9 {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	length := i - start
	if length == 0 || length > 1 && b[start] == '0' {
		return 0, 0
	}
	fraction := 0
	if i < len(b) && b[i] == '.' {
		i++
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			n = n*10 + uint64(b[i]-'0')
			i++
		}
		if fraction = i - from; fraction == 0 {
			return 0, 0
		}
	}
	if length+fraction > 18 || n > 1<<53 || i < len(b) && b[i]|0x20 == 'e' {
		return 0, 0
	}
	f = float64(int64(n))
	if fraction > 0 {
		f /= powersOfTen[fraction]
	}
	if negative {
		f = -f
	}
	return f, i
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}
