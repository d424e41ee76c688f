package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

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

// expected notes that the text at position i goes on wrongly.
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

// text reads a string from behind its opening quote and returns the position of the closing one.
// plain is false if there are escapes to resolve.
func (s *scanner) text(b []byte, i int) (end int, plain bool) {
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
func (s *scanner) oddText(b []byte, i int) (end int, plain bool) {
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
	return s.fail(i, "the text ends inside a string"), false
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

// number reads a number. whole is false if it has a fraction or an exponent.
func (s *scanner) number(b []byte, i int) (end int, whole bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b) || b[i]-'0' > 9:
		return s.expected(b, i, "a digit"), false
	case b[i] == '0':
		i++
	default:
		i = digits(b, i)
	}
	whole = true
	if i < len(b) && b[i] == '.' {
		whole = false
		start := i + 1
		if i = digits(b, start); i == start {
			return s.expected(b, i, "a digit"), false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = digits(b, start); i == start {
			return s.expected(b, i, "a digit"), false
		}
	}
	return i, whole
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// word reads true, false or null.
func (s *scanner) word(b []byte, i int, word string) int {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word)
	}
	return s.fail(i, "this is no JSON value")
}

// skip reads any value. depth is how many containers are open around it.
func (s *scanner) skip(b []byte, i, depth int) int {
	if i >= len(b) {
		return s.expected(b, i, "a value")
	}
	switch b[i] {
	case '{', '[':
		return s.container(b, i, depth)
	case '"':
		end, _ := s.text(b, i+1)
		return end + sign(end)
	default:
		return s.scalar(b, i)
	}
}

// sign is 1 for a position, to step over the closing quote there, and 0 for -1.
func sign(end int) int { return 1 + end>>63 }

func (s *scanner) scalar(b []byte, i int) int {
	switch b[i] {
	case 't':
		return s.word(b, i, "true")
	case 'f':
		return s.word(b, i, "false")
	case 'n':
		return s.word(b, i, "null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		end, _ := s.number(b, i)
		return end
	}
	return s.fail(i, "this is no JSON value")
}

// container reads an object or array without recursion: bit n of objects says what is open at depth n.
func (s *scanner) container(b []byte, i, depth int) int {
	base := depth
	objects := uint64(0)
	for {
		// Here a container opens at i.
		if depth == MaxDepth {
			return s.fail(i, "it is nested too deeply")
		}
		object := b[i] == '{'
		objects &^= 1 << depth
		if object {
			objects |= 1 << depth
		}
		depth++
		i = space(b, i+1)
		empty := i < len(b) && (object && b[i] == '}' || !object && b[i] == ']')
		if empty {
			i++
			depth--
		}
		if i, depth = s.members(b, i, base, depth, &objects, empty); i < 0 || depth == base {
			return i
		}
	}
}

// members reads what follows in the container at depth, closing those that end, up to the next one that
// opens. closed says that one has just been closed.
func (s *scanner) members(b []byte, i, base, depth int, objects *uint64, closed bool) (int, int) {
	for {
		if closed {
			for {
				if depth == base {
					return i, depth
				}
				object := *objects>>(depth-1)&1 == 1
				i = space(b, i)
				if i < len(b) && b[i] == ',' {
					i = space(b, i+1)
					break
				}
				if i >= len(b) || object && b[i] != '}' || !object && b[i] != ']' {
					return s.expected(b, i, "a comma or the end of the object or array"), depth
				}
				i++
				depth--
			}
		}
		if *objects>>(depth-1)&1 == 1 {
			if i = s.name(b, i); i < 0 {
				return i, depth
			}
		}
		if i < len(b) && (b[i] == '{' || b[i] == '[') {
			return i, depth
		}
		if i = s.skip(b, i, depth); i < 0 {
			return i, depth
		}
		closed = true
	}
}

// name reads a member's name and colon, and the space behind them.
func (s *scanner) name(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return s.expected(b, i, "a name in quotes")
	}
	end, _ := s.text(b, i+1)
	if end < 0 {
		return end
	}
	i = space(b, end+1)
	if i >= len(b) || b[i] != ':' {
		return s.expected(b, i, "a colon")
	}
	return space(b, i+1)
}
