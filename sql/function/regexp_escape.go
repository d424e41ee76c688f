package function

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// escape reads a backslash and what follows it, outside a class.
func (r *javaReader) escape() {
	if r.at+1 >= len(r.in) {
		r.fail("it ends with a backslash")
		return
	}
	c := r.in[r.at+1].r
	if c >= '1' && c <= '9' {
		r.at++
		r.backReference()
		return
	}
	switch c {
	case 'b', 'B':
		r.at += 2
		r.ascii = true
		r.both(`\` + string(c))
		if r.is('{') {
			r.fail(`\b{} is not supported`)
		}
	case 'A', 'z':
		r.at += 2
		r.both(`\` + string(c))
	case 'Z':
		r.at += 2
		r.end(false)
	case 'G':
		r.at += 2
		r.only(`\G`)
	case 'R':
		r.at += 2
		r.both("(?:\\r\\n|[\n\v\f\r\u0085\u2028\u2029])")
	case 'X':
		r.at += 2
		r.only(`(?>\r\n|\P{M}\p{M}*|\p{M}+)`)
	case 'k':
		r.at += 2
		if !r.accept("<") {
			r.fail(`\k wants the name of a group`)
			return
		}
		n, ok := r.names[r.name('>')]
		if !ok {
			r.fail(`\k names no group before it`)
		}
		r.reference(n)
	default:
		if s, single, ok := r.escaped(); ok && single {
			r.literal(s[0])
		} else if ok {
			r.set(s)
		}
	}
}

// backReference reads a number: of as many digits as there are groups.
func (r *javaReader) backReference() {
	n := int(r.in[r.at].r - '0')
	r.at++
	for r.more() && r.in[r.at].r >= '0' && r.in[r.at].r <= '9' && n*10+int(r.in[r.at].r-'0') <= r.groups {
		n = n*10 + int(r.in[r.at].r-'0')
		r.at++
	}
	r.reference(n)
}

func (r *javaReader) reference(n int) {
	text := `(?:\` + strconv.Itoa(n) + `)`
	switch {
	case n > r.groups:
		text = "(?!)" // Java's never matches
	case r.flags.fold:
		text = "(?i" + text[2:]
	}
	r.only(text)
}

// escaped reads an escape that stands for one character (single) or a set of them.
func (r *javaReader) escaped() (s runeSet, single, ok bool) {
	r.at++
	if !r.more() {
		r.fail("it ends with a backslash")
		return nil, false, false
	}
	c := r.in[r.at].r
	r.at++
	one := func(c rune) (runeSet, bool, bool) { return setOf(c, c), true, true }
	switch c {
	case 't':
		return one('\t')
	case 'n':
		return one('\n')
	case 'r':
		return one('\r')
	case 'f':
		return one('\f')
	case 'a':
		return one('\a')
	case 'e':
		return one(0x1B)
	case 'c':
		if !r.more() {
			r.fail(`\c wants a sign`)
			return nil, false, false
		}
		r.at++
		return one(r.in[r.at-1].r ^ 64)
	case '0', 'x', 'u':
		code, ok := r.code(c)
		if !ok {
			r.fail(`\` + string(c) + " names no character")
		}
		s, single, _ = one(code)
		return s, single, ok
	case 'd', 'w', 's', 'h', 'v', 'D', 'W', 'S', 'H', 'V':
		lower := unicode.ToLower(c)
		s := letterSet(lower)
		if r.flags.unicodeClass {
			s = unicodeLetterSet(lower)
		}
		if lower != c {
			s = s.complement()
		}
		return s, false, true
	case 'p', 'P':
		s, ok := r.property()
		if c == 'P' {
			s = s.complement()
		}
		return s, false, ok
	}
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '1' && c <= '9' {
		r.fail(`\` + string(c) + " means nothing")
		return nil, false, false
	}
	return one(c)
}

func (r *javaReader) property() (runeSet, bool) {
	name := ""
	switch {
	case !r.more():
	case r.accept("{"):
		for r.more() && !r.is('}') {
			name += string(r.in[r.at].r)
			r.at++
		}
		if r.more() {
			r.at++
		} else {
			name = ""
		}
	default:
		name = string(r.in[r.at].r)
		r.at++
	}
	s, ok := propertySet(name)
	if ok && r.flags.fold {
		switch name {
		case "Lower", "Upper":
			s = setOf('A', 'Z', 'a', 'z')
		case "Ll", "Lu", "Lt":
			s, _ = categorySet("LC")
		}
	}
	if !ok {
		r.fail(`\p{` + name + "} is not known")
	}
	return s, ok
}

// digits takes up to most digits that ok accepts.
func (r *javaReader) digits(most int, ok func(c rune) bool) string {
	text := ""
	for len(text) < most && r.more() && ok(r.in[r.at].r) {
		text += string(r.in[r.at].r)
		r.at++
	}
	return text
}

func isHex(c rune) bool { return c < 0x80 && strings.ContainsRune("0123456789abcdefABCDEF", c) }

// code reads the number behind \0, \x or \u.
func (r *javaReader) code(kind rune) (rune, bool) {
	switch kind {
	case '0':
		octal := r.digits(3, func(c rune) bool { return c >= '0' && c <= '7' })
		if len(octal) == 3 && octal[0] > '3' {
			octal = octal[:2]
			r.at--
		}
		n, err := strconv.ParseUint(octal, 8, 32)
		return rune(n), err == nil
	case 'x':
		if r.accept("{") {
			hex := r.digits(6, isHex)
			code, ok := parseHex(hex)
			return code, ok && r.accept("}")
		}
		hex := r.digits(2, isHex)
		code, ok := parseHex(hex)
		return code, ok && len(hex) == 2
	case 'u':
		hex := r.digits(4, isHex)
		high, ok := parseHex(hex)
		if !ok || len(hex) != 4 {
			return 0, false
		}
		if utf16.IsSurrogate(high) && r.has(`\u`) {
			before := r.at
			r.at += 2
			low, ok := parseHex(r.digits(4, isHex))
			if joined := utf16.DecodeRune(high, low); ok && joined != utf8.RuneError {
				return joined, true
			}
			r.at = before
		}
		return high, true
	}
	return 0, false
}

// class reads a class from behind its opening bracket; outer says that one has opened it.
func (r *javaReader) class(outer bool) runeSet {
	if r.depth++; r.depth > maxGroups {
		r.fail("it is nested too deeply")
	}
	defer func() { r.depth-- }()
	not := outer && r.accept("^")
	var s runeSet
	some := false // there is something in it
	for {
		for r.flags.comments && r.skipComment() {
		}
		switch {
		case !r.more():
			r.fail("a class is not closed")
			return nil
		case r.is(']') && some:
			if outer {
				r.at++
			}
			return r.closed(s, not)
		case r.accept("["):
			s = union(s, r.class(true))
		case r.accept("&&"):
			for r.accept("&") {
			}
			if r.is(']') {
				break
			}
			right := r.class(false)
			if some {
				right = s.intersect(right)
			}
			s = right
		default:
			s = union(s, r.item())
		}
		some = true
	}
}

func (r *javaReader) closed(s runeSet, not bool) runeSet {
	if not {
		return s.complement()
	}
	return s
}

// item reads a character, a range or an escape within a class.
func (r *javaReader) item() runeSet {
	first, single := r.single()
	if !single || !r.is('-') || r.at+1 >= len(r.in) {
		return first
	}
	if next := r.in[r.at+1]; !next.literal && (next.r == ']' || next.r == '[') {
		return first
	}
	r.at++
	last, single := r.single()
	if !single || len(last) == 0 {
		r.fail("a range ends with no character")
		return nil
	}
	if last[0] < first[0] && r.bad == "" {
		r.fail("a range is in the wrong order")
		return nil
	}
	first = runeSet{first[0], last[0]}
	if r.flags.fold {
		return first.folded(r.flags.unicodeCase)
	}
	return first
}

func (r *javaReader) single() (runeSet, bool) {
	c := r.in[r.at]
	if c.r == '\\' && !c.literal {
		s, single, ok := r.escaped()
		if !ok {
			return nil, false
		}
		if single && r.flags.fold && !r.is('-') {
			s = s.folded(r.flags.unicodeCase)
			single = false
		}
		return s, single
	}
	r.at++
	s := setOf(c.r, c.r)
	if r.flags.fold && !r.is('-') {
		return s.folded(r.flags.unicodeCase), false
	}
	return s, true
}
