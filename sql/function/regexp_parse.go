package function

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"millrace/fault"
)

// javaReader translates a pattern of java.util.regex (Java 17) into one for regexp2 and, as long as it
// has nothing that RE2 lacks, one for Go's own regexp. The two differ in a few places only, so they are
// written side by side. What the letters of a class or a flag stand for is written out, so that no flag is
// left in either.
type javaReader struct {
	in    []javaRune
	at    int
	bad   string
	depth int

	slow, fast strings.Builder
	noFast     bool
	dollar     bool // fast says \z for $: right but for texts that end with a line's end
	ascii      bool // fast has \b: right for ASCII only

	groups int
	names  map[string]int
	flags  javaFlags
}

// javaRune is a character of a pattern; one from \Q…\E stands for itself.
type javaRune struct {
	r       rune
	literal bool
}

// javaFlags are Java's: i, s, m, x, u, d, U.
type javaFlags struct{ fold, dotAll, multi, comments, unicodeCase, unixLines, unicodeClass bool }

// maxGroups is how deep groups and classes may be nested.
const maxGroups = 200

func newJavaReader(pattern string) *javaReader {
	r := &javaReader{names: map[string]int{}}
	for pattern != "" {
		if quoted, ok := strings.CutPrefix(pattern, `\Q`); ok {
			text, rest, _ := strings.Cut(quoted, `\E`)
			for _, c := range text {
				r.in = append(r.in, javaRune{c, true})
			}
			pattern = rest
			continue
		}
		c, n := utf8.DecodeRuneInString(pattern)
		r.in = append(r.in, javaRune{r: c})
		pattern = pattern[n:]
		if c == '\\' && pattern != "" {
			c, n = utf8.DecodeRuneInString(pattern)
			r.in = append(r.in, javaRune{r: c})
			pattern = pattern[n:]
		}
	}
	return r
}

func (r *javaReader) fail(why string) {
	if r.bad == "" {
		r.bad = why
	}
	r.at = len(r.in)
}

// both writes the same for both engines.
func (r *javaReader) both(text string) {
	r.slow.WriteString(text)
	r.fast.WriteString(text)
}

// only writes what RE2 has not.
func (r *javaReader) only(text string) {
	r.slow.WriteString(text)
	r.noFast = true
}

func (r *javaReader) more() bool { return r.at < len(r.in) }

// is reports whether a character with a meaning is next.
func (r *javaReader) is(c rune) bool {
	return r.at < len(r.in) && r.in[r.at].r == c && !r.in[r.at].literal
}

func (r *javaReader) has(text string) bool {
	for i, c := range text {
		if r.at+i >= len(r.in) || r.in[r.at+i].r != c || r.in[r.at+i].literal {
			return false
		}
	}
	return true
}

func (r *javaReader) accept(text string) bool {
	if !r.has(text) {
		return false
	}
	r.at += len(text)
	return true
}

// read translates the whole pattern.
func (r *javaReader) read() error {
	r.alternatives()
	if r.bad == "" && r.more() {
		r.fail("a parenthesis is closed that is not open")
	}
	if r.bad != "" {
		return fault.New(fault.Invalid, "%s", r.bad)
	}
	return nil
}

func (r *javaReader) alternatives() {
	if r.depth++; r.depth > maxGroups {
		r.fail("it is nested too deeply")
	}
	for r.more() && !r.is(')') {
		if r.accept("|") {
			r.both("|")
			continue
		}
		r.piece()
	}
	r.depth--
}

// piece reads an atom and its quantifier.
func (r *javaReader) piece() {
	if r.flags.comments && r.skipComment() {
		return
	}
	slow, fast := r.slow.Len(), r.fast.Len()
	if !r.atom() {
		return
	}
	for r.flags.comments && r.skipComment() {
	}
	q, ok := r.quantifier()
	switch {
	case !ok:
	case r.accept("+"):
		text := r.slow.String()
		r.slow.Reset()
		r.slow.WriteString(text[:slow] + "(?>" + "(?:" + text[slow:] + ")" + q + ")")
		r.noFast = true
	default:
		if r.accept("?") {
			q += "?"
		}
		wrap(&r.slow, slow, q)
		wrap(&r.fast, fast, q)
	}
}

// wrap puts what was written since from into a group with a quantifier.
func wrap(b *strings.Builder, from int, quantifier string) {
	text := b.String()
	b.Reset()
	b.WriteString(text[:from] + "(?:" + text[from:] + ")" + quantifier)
}

// skipComment skips blanks and comments of (?x).
func (r *javaReader) skipComment() bool {
	if !r.more() || r.in[r.at].literal {
		return false
	}
	switch c := r.in[r.at].r; {
	case c < 0x80 && (c == ' ' || c >= '\t' && c <= '\r'):
		r.at++
		return true
	case c == '#':
		for r.more() && r.in[r.at].r != '\n' && r.in[r.at].r != '\r' {
			r.at++
		}
		return true
	}
	return false
}

func (r *javaReader) quantifier() (string, bool) {
	switch {
	case r.accept("*"):
		return "*", true
	case r.accept("+"):
		return "+", true
	case r.accept("?"):
		return "?", true
	case !r.is('{'):
		return "", false
	}
	r.at++
	least, ok := r.count()
	if !ok {
		r.fail("a number is missing in {}")
		return "", false
	}
	text := "{" + strconv.Itoa(least)
	if r.accept(",") {
		text += ","
		if most, ok := r.count(); ok {
			if most < least {
				r.fail("the numbers in {} are in the wrong order")
			}
			text += strconv.Itoa(most)
		}
	}
	if !r.accept("}") {
		r.fail("a brace is not closed")
	}
	return text + "}", true
}

// maxCount is the largest number in {}, which bounds what an engine makes of it.
const maxCount = 100_000

func (r *javaReader) count() (int, bool) {
	n, ok := 0, false
	for r.more() && r.in[r.at].r < 0x80 && isDigit(byte(r.in[r.at].r)) {
		n, ok = n*10+int(r.in[r.at].r-'0'), true
		if n > maxCount {
			r.fail("a number in {} is too large")
		}
		if r.more() {
			r.at++
		}
	}
	return n, ok
}

// atom reads one thing that a quantifier may follow; false after one that none may follow.
func (r *javaReader) atom() bool {
	c := r.in[r.at]
	if c.literal {
		r.at++
		r.literal(c.r)
		return true
	}
	switch c.r {
	case '(':
		return r.group()
	case '[':
		r.at++
		r.set(r.class(true))
	case '\\':
		r.escape()
	case '.':
		r.at++
		r.dot()
	case '^':
		r.at++
		r.caret()
	case '$':
		r.at++
		r.end(r.flags.multi)
	case '*', '+', '?':
		r.fail("a quantifier follows nothing")
	case '{': // Java repeats nothing then
	default:
		r.at++
		r.literal(c.r)
	}
	return true
}

func (r *javaReader) set(s runeSet) {
	if len(s) == 0 {
		r.only("(?!)")
		return
	}
	r.both(s.text())
}

func (r *javaReader) literal(c rune) {
	if !r.flags.fold {
		r.both(quoteRune(c))
		return
	}
	r.set(setOf(c, c).folded(r.flags.unicodeCase))
}

func (r *javaReader) dot() {
	switch {
	case r.flags.dotAll:
		r.both("(?s:.)")
	case r.flags.unixLines:
		r.both(`[^\n]`)
	default:
		r.set(setOf('\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029).complement())
	}
}

const (
	lineEndSet = "[\n\r\u0085\u2028\u2029]"
	// notInside says that the place is not between a carriage return and a line feed.
	notInside = `(?<!\r(?=\n))`
)

func (r *javaReader) caret() {
	switch {
	case !r.flags.multi:
		r.both(`\A`)
	case r.flags.unixLines:
		r.only(`(?!\z)(?:\A|(?<=\n))`)
	default:
		r.only(`(?!\z)(?:\A|(?<=` + lineEndSet + `))` + notInside)
	}
}

// end writes $: the end of the text or, if multi, of a line; also before the last end of a line.
func (r *javaReader) end(multi bool) {
	ends, inside := lineEndSet, notInside
	if r.flags.unixLines {
		ends, inside = "\n", ""
	}
	if multi {
		r.only(`(?=` + ends + `|\z)` + inside)
		return
	}
	r.dollar = true
	r.slow.WriteString(`(?=(?:` + "\r\n|" + ends + `)?\z)` + inside)
	r.fast.WriteString(`\z`)
}

// group reads a parenthesis of any kind; false for one that only sets flags.
func (r *javaReader) group() bool {
	r.at++
	outer := r.flags
	switch {
	case !r.accept("?"):
		r.groups++
		r.both("(")
	case r.accept(":"):
		r.both("(?:")
	case r.accept("="), r.accept("!"), r.accept(">"), r.accept("<="), r.accept("<!"):
		kind := ""
		for i := r.at - 1; r.in[i].r != '?'; i-- {
			kind = string(r.in[i].r) + kind
		}
		r.only("(?" + kind)
	case r.accept("<"):
		r.groups++
		name := r.name('>')
		if _, twice := r.names[name]; twice || name == "" {
			r.fail("a group has no name, or one that another has")
		}
		r.names[name] = r.groups
		r.both("(")
	default:
		if !r.setFlags() {
			return false // they hold up to the end of the group around
		}
		r.both("(?:")
	}
	r.alternatives()
	if !r.accept(")") {
		r.fail("a parenthesis is not closed")
	}
	r.both(")")
	r.flags = outer
	return true
}

// name reads a name up to a closing sign.
func (r *javaReader) name(end rune) string {
	var b strings.Builder
	for r.more() && !r.is(end) {
		b.WriteRune(r.in[r.at].r)
		r.at++
	}
	if !r.more() {
		r.fail("a name is not closed")
		return ""
	}
	r.at++
	name := b.String()
	for i, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return ""
		}
	}
	return name
}

// setFlags reads flags; true if a colon follows them, false after the closing parenthesis.
func (r *javaReader) setFlags() bool {
	on := true
	for r.more() {
		c := r.in[r.at].r
		r.at++
		switch c {
		case '-':
			on = false
		case 'i':
			r.flags.fold = on
		case 's':
			r.flags.dotAll = on
		case 'm':
			r.flags.multi = on
		case 'x':
			r.flags.comments = on
		case 'u':
			r.flags.unicodeCase = on
		case 'd':
			r.flags.unixLines = on
		case 'U':
			r.flags.unicodeClass, r.flags.unicodeCase = on, on
		case ':':
			return true
		case ')':
			return false
		default:
			r.fail("a group begins with an unknown sign")
		}
	}
	r.fail("a group is not closed")
	return false
}
