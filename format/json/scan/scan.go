// Package scan steps over JSON text (RFC 8259, in UTF-8) without building anything from it. What decodes
// JSON into columns or points is made of its parts: they take the text and a position, return the position
// behind what they read, and allocate nothing.
package scan

// MaxDepth is how deep values may be nested: the kinds of open containers stand in one word.
const MaxDepth = 64

// Scanner notes where and why a text is no JSON. Its methods take the text and a position and return the
// position behind what they read, or -1. The zero value is ready for use.
type Scanner struct {
	At  int    // the byte at which the last method that returned -1 stopped
	Why string // and what is wrong there
}

// Fail notes that the text is wrong at a position, and returns -1.
func (s *Scanner) Fail(at int, why string) int {
	s.At, s.Why = at, why
	return -1
}

// Expected notes that the text at position i goes on wrongly.
func (s *Scanner) Expected(b []byte, i int, what string) int {
	if i >= len(b) {
		return s.Fail(len(b), "the text ends where "+what+" should stand")
	}
	return s.Fail(i, "here should stand "+what)
}

// Space returns the position of the first byte that is no white space.
func Space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// word reads true, false or null.
func (s *Scanner) word(b []byte, i int, word string) int {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word)
	}
	return s.Fail(i, "this is no JSON value")
}

// Skip reads any value. depth is how many containers are open around it.
func (s *Scanner) Skip(b []byte, i, depth int) int {
	if i >= len(b) {
		return s.Expected(b, i, "a value")
	}
	switch b[i] {
	case '{', '[':
		return s.container(b, i, depth)
	case '"':
		end, _ := s.Text(b, i+1)
		return end + sign(end)
	default:
		return s.scalar(b, i)
	}
}

// sign is 1 for a position, to step over the closing quote there, and 0 for -1.
func sign(end int) int { return 1 + end>>63 }

func (s *Scanner) scalar(b []byte, i int) int {
	switch b[i] {
	case 't':
		return s.word(b, i, "true")
	case 'f':
		return s.word(b, i, "false")
	case 'n':
		return s.word(b, i, "null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		end, _ := s.Number(b, i)
		return end
	}
	return s.Fail(i, "this is no JSON value")
}

// container reads an object or array without recursion: bit n of objects says what is open at depth n.
func (s *Scanner) container(b []byte, i, depth int) int {
	base := depth
	objects := uint64(0)
	for {
		// Here a container opens at i.
		if depth == MaxDepth {
			return s.Fail(i, "it is nested too deeply")
		}
		object := b[i] == '{'
		objects &^= 1 << depth
		if object {
			objects |= 1 << depth
		}
		depth++
		i = Space(b, i+1)
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
func (s *Scanner) members(b []byte, i, base, depth int, objects *uint64, closed bool) (int, int) {
	for {
		if closed {
			for {
				if depth == base {
					return i, depth
				}
				object := *objects>>(depth-1)&1 == 1
				i = Space(b, i)
				if i < len(b) && b[i] == ',' {
					i = Space(b, i+1)
					break
				}
				if i >= len(b) || object && b[i] != '}' || !object && b[i] != ']' {
					return s.Expected(b, i, "a comma or the end of the object or array"), depth
				}
				i++
				depth--
			}
		}
		if *objects>>(depth-1)&1 == 1 {
			if i = s.Name(b, i); i < 0 {
				return i, depth
			}
		}
		if i < len(b) && (b[i] == '{' || b[i] == '[') {
			return i, depth
		}
		if i = s.Skip(b, i, depth); i < 0 {
			return i, depth
		}
		closed = true
	}
}

// Name reads a member's name and colon, and the space behind them.
func (s *Scanner) Name(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return s.Expected(b, i, "a name in quotes")
	}
	end, _ := s.Text(b, i+1)
	if end < 0 {
		return end
	}
	return s.Colon(b, end+1)
}

// Colon reads the colon behind a name, and the space around it.
func (s *Scanner) Colon(b []byte, i int) int {
	i = Space(b, i)
	if i >= len(b) || b[i] != ':' {
		return s.Expected(b, i, "a colon")
	}
	return Space(b, i+1)
}
