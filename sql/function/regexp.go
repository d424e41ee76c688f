package function

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// regexpFunctions use Go's regular expressions (RE2), not Java's, as Flink does: there is no
// look-around, no back-reference and no possessive quantifier; a pattern with one is refused. What
// both know means the same, but for the order in which alternatives are tried, which is the same too.
func regexpFunctions() []Scalar {
	integer := schema.Of(schema.Int)
	return []Scalar{
		{Name: "REGEXP", Doc: "Whether a part of the text matches a regular expression. " + re2, Example: "REGEXP('foobar', 'o+b') = TRUE", Bind: bindRegexp("REGEXP", schema.Of(schema.Boolean), regexpTest)},
		{Name: "SIMILAR TO", Doc: "Whether the text matches an SQL regular expression, in which % stands for any characters and _ for one.", Example: "'abc' SIMILAR TO 'a(b|x)%' = TRUE", Bind: bindSimilar},
		{Name: "REGEXP_EXTRACT", Doc: "What a group of a regular expression matched first, the whole match if none is named; NULL without a match. " + re2, Example: "REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2) = 'bar'", Bind: bindRegexpExtract},
		{Name: "REGEXP_REPLACE", Doc: "The text with every match of a regular expression replaced by another text, which is taken as it is. " + re2, Example: "REGEXP_REPLACE('foobar', 'oo|ar', '') = 'fb'", Bind: bindRegexpReplace},
		{Name: "REGEXP_COUNT", Doc: "How often a regular expression matches. " + re2, Example: "REGEXP_COUNT('a.b.c', '[.]') = 2", Bind: bindRegexp("REGEXP_COUNT", integer, regexpCount)},
		{Name: "REGEXP_INSTR", Doc: "Where a regular expression matches first, counted from 1; 0 if nowhere. " + re2, Example: "REGEXP_INSTR('abc', 'b') = 2", Bind: bindRegexp("REGEXP_INSTR", integer, regexpInstr)},
		{Name: "REGEXP_SUBSTR", Doc: "What a regular expression matches first; NULL if nothing. " + re2, Example: "REGEXP_SUBSTR('abc', '[b-c]+') = 'bc'", Bind: bindRegexpSubstr},
	}
}

const re2 = "Expressions are those of RE2: look-around and back-references are not supported."

// expressions compiles the pattern argument: once if it is constant, else for each row that differs from
// the one before.
type expressions struct {
	fixed *regexp.Regexp
	bad   bool // the constant pattern is no expression: Flink answers NULL
}

func newExpressions(a Arg) (*expressions, error) {
	text, ok := constText(a)
	if !ok {
		return &expressions{}, nil
	}
	re, err := regexp.Compile(text)
	if err == nil {
		return &expressions{fixed: re}, nil
	}
	if strings.Contains(text, "(?=") || strings.Contains(text, "(?!") || strings.Contains(text, "(?<=") || strings.Contains(text, "(?<!") || strings.Contains(err.Error(), "invalid escape sequence") {
		return nil, fault.New(fault.Invalid, "regular expression %q: %w", text, err).WithHint("look-around and back-references are not supported")
	}
	return &expressions{bad: true}, nil
}

// lastExpression remembers the pattern of the row before, during one call.
type lastExpression struct {
	text string
	re   *regexp.Regexp
}

// at returns the expression for a row, nil if there is none.
func (e *expressions) at(last *lastExpression, pattern func() []byte) *regexp.Regexp {
	if e.fixed != nil || e.bad {
		return e.fixed
	}
	if p := pattern(); last.re == nil || last.text != string(p) {
		last.text = string(p)
		last.re, _ = regexp.Compile(last.text)
	}
	return last.re
}

// bindRegexp binds a function of text and pattern with a fixed-width answer. An expression that
// cannot be read gives NULL, as in Flink.
func bindRegexp(name string, result schema.Type, put func(re *regexp.Regexp, s []byte, dst *vec.Column, i int)) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 2); err != nil {
			return nil, err
		}
		types, err := conform(name, args, texts(2))
		if err != nil {
			return nil, err
		}
		exprs, err := newExpressions(args[1])
		if err != nil {
			return nil, err
		}
		kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			var last lastExpression
			return each(c, dst, func(i int) error {
				re := exprs.at(&last, func() []byte { return cols[1].Bytes(i) })
				if re == nil {
					dst.SetNull(i, c.Rows.N)
					return nil
				}
				put(re, cols[0].Bytes(i), dst, i)
				return nil
			})
		}
		return &Overload{Args: types, Result: result, Kernel: kernel}, nil
	}
}

func regexpTest(re *regexp.Regexp, s []byte, dst *vec.Column, i int) { dst.Bits.Put(i, re.Match(s)) }

func regexpCount(re *regexp.Regexp, s []byte, dst *vec.Column, i int) {
	dst.I32[i] = int32(len(re.FindAllIndex(s, -1)))
}

func regexpInstr(re *regexp.Regexp, s []byte, dst *vec.Column, i int) {
	dst.I32[i] = 0
	if at := re.FindIndex(s); at != nil {
		dst.I32[i] = int32(runes(s[:at[0]])) + 1
	}
}

// bindRegexpText binds a function whose answer is a text made from text, expression and row.
func bindRegexpText(name string, args []Arg, params []schema.TypeID, f func(out []byte, re *regexp.Regexp, cols []*vec.Column, i int) ([]byte, bool)) (*Overload, error) {
	types, err := conform(name, args, params)
	if err != nil {
		return nil, err
	}
	exprs, err := newExpressions(args[1])
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: stringType(), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastExpression
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			re := exprs.at(&last, func() []byte { return cols[1].Bytes(i) })
			if re != nil {
				if text, ok := f(out, re, cols, i); ok {
					return text, nil
				}
			}
			dst.SetNull(i, c.Rows.N)
			return out, nil
		})
	}}, nil
}

func bindRegexpExtract(args []Arg) (*Overload, error) {
	if err := arity("REGEXP_EXTRACT", args, 2, 3); err != nil {
		return nil, err
	}
	params := []schema.TypeID{schema.VarChar, schema.VarChar, schema.Int}
	return bindRegexpText("REGEXP_EXTRACT", args, params, func(out []byte, re *regexp.Regexp, cols []*vec.Column, i int) ([]byte, bool) {
		group := 0
		if len(cols) == 3 {
			group = int(cols[2].I32[i])
		}
		s := cols[0].Bytes(i)
		at := re.FindSubmatchIndex(s)
		if at == nil || group < 0 || 2*group >= len(at) || at[2*group] < 0 {
			return out, false
		}
		return append(out, s[at[2*group]:at[2*group+1]]...), true
	})
}

func bindRegexpSubstr(args []Arg) (*Overload, error) {
	if err := arity("REGEXP_SUBSTR", args, 2, 2); err != nil {
		return nil, err
	}
	return bindRegexpText("REGEXP_SUBSTR", args, texts(2), func(out []byte, re *regexp.Regexp, cols []*vec.Column, i int) ([]byte, bool) {
		at := re.Find(cols[0].Bytes(i))
		return append(out, at...), at != nil
	})
}

func bindRegexpReplace(args []Arg) (*Overload, error) {
	if err := arity("REGEXP_REPLACE", args, 3, 3); err != nil {
		return nil, err
	}
	return bindRegexpText("REGEXP_REPLACE", args, texts(3), func(out []byte, re *regexp.Regexp, cols []*vec.Column, i int) ([]byte, bool) {
		return append(out, re.ReplaceAllLiteral(cols[0].Bytes(i), cols[2].Bytes(i))...), true
	})
}

func bindSimilar(args []Arg) (*Overload, error) {
	if err := arity("SIMILAR TO", args, 2, 3); err != nil {
		return nil, err
	}
	text, ok := constText(args[1])
	if !ok {
		return nil, wrong("SIMILAR TO", args, "a pattern that is constant")
	}
	escape := ""
	if len(args) == 3 {
		if escape, ok = constText(args[2]); !ok || utf8.RuneCountInString(escape) != 1 {
			return nil, wrong("SIMILAR TO", args, "an escape of one character")
		}
	}
	types, err := conform("SIMILAR TO", args, texts(3))
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(similarPattern(text, escape))
	if err != nil {
		return nil, fault.New(fault.Invalid, "pattern of SIMILAR TO %q: %w", text, err)
	}
	return &Overload{Args: types[:1], Result: like(schema.Of(schema.Boolean), args), Kernel: testKernel(re.Match)}, nil
}

// similarPattern turns an SQL regular expression into one of ours.
func similarPattern(text, escape string) string {
	var b bytes.Buffer
	b.WriteString("^(?s:")
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(r)))
			escaped = false
		case escape != "" && string(r) == escape:
			escaped = true
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteByte('.')
		case r == '^' || r == '$':
			b.WriteString(regexp.QuoteMeta(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(")$")
	return b.String()
}
