package function

import (
	"regexp"
	"regexp/syntax"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"

	"millrace/fault"
)

// expression is a pattern of java.util.regex. Go's engine runs it where the two agree, whose time is
// linear in the text; all else (look-around, back-references, possessive quantifiers, a few corners) runs on
// one that tries alternatives as Java's does, for a bounded time. It is safe to share.
type expression struct {
	fast          *regexp.Regexp // nil if there is none
	slow          *regexp2.Regexp
	groups        int
	blank         bool // the pattern is the empty text
	dollar, ascii bool // fast is right only for texts that do not end a line, for ASCII
	empty         bool // it can match nothing at all, and then Go counts fewer matches
}

// matchTime bounds one search.
const matchTime = 2 * time.Second

// compileExpression translates and compiles a pattern.
func compileExpression(pattern string) (*expression, error) {
	r := newJavaReader(pattern)
	if err := r.read(); err != nil {
		return nil, fault.New(fault.Invalid, "regular expression %q: %w", pattern, err)
	}
	e := &expression{groups: r.groups, blank: pattern == "", dollar: r.dollar, ascii: r.ascii}
	if !r.noFast {
		// A pattern that is too large for it is left to the other.
		e.fast, _ = regexp.Compile(r.fast.String())
		if tree, err := syntax.Parse(r.fast.String(), syntax.Perl); err == nil {
			e.empty = canBeEmpty(tree)
		}
		if e.fast != nil && !e.dollar && !e.ascii && !e.empty {
			return e, nil
		}
	}
	slow, err := regexp2.Compile(r.slow.String(), regexp2.None)
	if err != nil {
		return nil, fault.New(fault.Invalid, "regular expression %q: %w", pattern, err)
	}
	slow.MatchTimeout = matchTime
	e.slow = slow
	return e, nil
}

// canBeEmpty reports whether an expression matches the empty text, or may.
func canBeEmpty(x *syntax.Regexp) bool {
	switch x.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return canBeEmpty(x.Sub[0])
	case syntax.OpRepeat:
		return x.Min == 0 || canBeEmpty(x.Sub[0])
	case syntax.OpConcat:
		for _, sub := range x.Sub {
			if !canBeEmpty(sub) {
				return false
			}
		}
	case syntax.OpAlternate:
		for _, sub := range x.Sub {
			if canBeEmpty(sub) {
				return true
			}
		}
		return false
	}
	return true
}

// agrees reports whether Go's engine answers as Java's would.
func (e *expression) agrees(s []byte) bool {
	switch {
	case e.fast == nil:
		return false
	case e.dollar && endsLine(s):
		return false
	}
	return !e.ascii || runes(s) == len(s)
}

func endsLine(s []byte) bool {
	switch r, _ := utf8.DecodeLastRune(s); r {
	case '\n', '\r', 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

func outOfTime(err error) error {
	return fault.New(fault.Invalid, "regular expression: %w", err).WithHint("it tries too many ways: make its repetitions narrower")
}

// matches reports whether a part of s matches.
func (e *expression) matches(s []byte) (bool, error) {
	if e.agrees(s) {
		return e.fast.Match(s), nil
	}
	m, err := e.slow.FindStringMatch(string(s))
	if err != nil {
		return false, outOfTime(err)
	}
	return m != nil, nil
}

// first returns where the first match and its groups begin and end, -1 for groups that took no part; nil
// if there is none.
func (e *expression) first(s []byte) ([]int, error) {
	if e.agrees(s) {
		return e.fast.FindSubmatchIndex(s), nil
	}
	var at []int
	err := e.search(s, func(found []int) bool { at = found; return false })
	return at, err
}

// all calls f with each match, until it says false.
func (e *expression) all(s []byte, f func(at []int)) error {
	if !e.empty && e.agrees(s) {
		for _, at := range e.fast.FindAllSubmatchIndex(s, -1) {
			f(at)
		}
		return nil
	}
	return e.search(s, func(at []int) bool { f(at); return true })
}

func (e *expression) search(s []byte, f func(at []int) bool) error {
	text := string(s)
	offsets := make([]int, 0, len(s)+1)
	for i := range text {
		offsets = append(offsets, i)
	}
	offsets = append(offsets, len(s))
	m, err := e.slow.FindStringMatch(text)
	for ; err == nil && m != nil; m, err = e.slow.FindNextMatch(m) {
		at := make([]int, 0, 2*(e.groups+1))
		for n := range e.groups + 1 {
			g := m.GroupByNumber(n)
			if g == nil || len(g.Captures) == 0 {
				at = append(at, -1, -1)
				continue
			}
			at = append(at, offsets[g.Index], offsets[g.Index+g.Length])
		}
		if !f(at) {
			return nil
		}
	}
	if err != nil {
		return outOfTime(err)
	}
	return nil
}
