package function

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
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
