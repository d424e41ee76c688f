package function

import (
	"strings"
	"unicode/utf8"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

func regexpFunctions() []Scalar {
	integer := schema.Of(schema.Int)
	return []Scalar{
		{Name: "REGEXP", Doc: "Whether a part of the text matches a regular expression; FALSE for an empty or wrong one. " + javas, Example: "REGEXP('foobar', 'o+b(?=a)') = TRUE", Bind: bindRegexp("REGEXP", schema.Of(schema.Boolean), regexpTest)},
		{Name: "SIMILAR TO", Doc: "Whether the text matches an SQL regular expression, in which % stands for any characters and _ for one.", Example: "'abc' SIMILAR TO 'a(b|x)%' = TRUE", Bind: bindSimilar},
		{Name: "REGEXP_EXTRACT", Doc: "What a group of a regular expression matched first, the whole match if none is named; NULL without a match. " + javas, Example: "REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2) = 'bar'", Bind: bindRegexpExtract},
		{Name: "REGEXP_REPLACE", Doc: "The text with every match of a regular expression replaced by another text, which is taken as it is. " + javas, Example: "REGEXP_REPLACE('foobar', 'oo|ar', '') = 'fb'", Bind: bindRegexpReplace},
		{Name: "REGEXP_COUNT", Doc: "How often a regular expression matches. " + javas, Example: "REGEXP_COUNT('a.b.c', '[.]') = 2", Bind: bindRegexp("REGEXP_COUNT", integer, regexpCount)},
		{Name: "REGEXP_INSTR", Doc: "Where a regular expression matches first, counted from 1; 0 if nowhere. " + javas, Example: "REGEXP_INSTR('abc', 'b') = 2", Bind: bindRegexp("REGEXP_INSTR", integer, regexpInstr)},
		{Name: "REGEXP_SUBSTR", Doc: "What a regular expression matches first; NULL if nothing. " + javas, Example: "REGEXP_SUBSTR('abc', '[b-c]+') = 'bc'", Bind: bindRegexpSubstr},
	}
}

const javas = "Expressions are those of java.util.regex."

// expressions compiles the pattern argument: once if it is constant, else for each row that differs from
// the one before.
type expressions struct {
	fixed *expression
	bad   bool // the constant pattern is no expression: Flink answers NULL
}

func newExpressions(a Arg) *expressions {
	text, ok := constText(a)
	if !ok {
		return &expressions{}
	}
	e, err := compileExpression(text)
	return &expressions{fixed: e, bad: err != nil}
}

// lastExpression remembers the pattern of the row before, during one call.
type lastExpression struct {
	text string
	e    *expression
	read bool
}

// at returns the expression for a row, nil if there is none.
func (e *expressions) at(last *lastExpression, pattern []byte) *expression {
	if e.fixed != nil || e.bad {
		return e.fixed
	}
	if !last.read || last.text != string(pattern) {
		last.text, last.read = string(pattern), true
		last.e, _ = compileExpression(last.text)
	}
	return last.e
}

// bindRegexp binds a function of text and pattern with a fixed-width answer. put is called with no
// expression for one that cannot be read.
func bindRegexp(name string, result schema.Type, put func(e *expression, s []byte, dst *vec.Column, i int) (bool, error)) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 2); err != nil {
			return nil, err
		}
		types, err := conform(name, args, texts(2))
		if err != nil {
			return nil, err
		}
		exprs := newExpressions(args[1])
		kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			var last lastExpression
			return each(c, dst, func(i int) error {
				ok, err := put(exprs.at(&last, cols[1].Bytes(i)), cols[0].Bytes(i), dst, i)
				if !ok {
					dst.SetNull(i, c.Rows.N)
				}
				return err
			})
		}
		return &Overload{Args: types, Result: result, Kernel: kernel}, nil
	}
}

func regexpTest(e *expression, s []byte, dst *vec.Column, i int) (bool, error) {
	if e == nil || e.blank {
		dst.Bits.Put(i, false)
		return true, nil
	}
	found, err := e.matches(s)
	dst.Bits.Put(i, found)
	return true, err
}

func regexpCount(e *expression, s []byte, dst *vec.Column, i int) (bool, error) {
	if e == nil {
		return false, nil
	}
	dst.I32[i] = 0
	return true, e.all(s, func([]int) { dst.I32[i]++ })
}

func regexpInstr(e *expression, s []byte, dst *vec.Column, i int) (bool, error) {
	if e == nil {
		return false, nil
	}
	dst.I32[i] = 0
	at, err := e.first(s)
	if at != nil {
		dst.I32[i] = int32(utf16Length(s[:at[0]])) + 1
	}
	return true, err
}

// utf16Length is the length of a text in Java.
func utf16Length(s []byte) int {
	n := runes(s)
	for _, b := range s {
		if b >= 0xF0 {
			n++
		}
	}
	return n
}

// bindRegexpText binds a function whose answer is a text made from text, expression and row.
func bindRegexpText(name string, args []Arg, params []schema.TypeID, f func(out []byte, e *expression, cols []*vec.Column, i int) ([]byte, bool, error)) (*Overload, error) {
	types, err := conform(name, args, params)
	if err != nil {
		return nil, err
	}
	exprs := newExpressions(args[1])
	return &Overload{Args: types, Result: stringType(), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastExpression
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			if e := exprs.at(&last, cols[1].Bytes(i)); e != nil {
				text, ok, err := f(out, e, cols, i)
				if ok || err != nil {
					return text, err
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
	return bindRegexpText("REGEXP_EXTRACT", args, params, func(out []byte, e *expression, cols []*vec.Column, i int) ([]byte, bool, error) {
		group := 0
		if len(cols) == 3 {
			group = int(cols[2].I32[i])
		}
		s := cols[0].Bytes(i)
		at, err := e.first(s)
		if at == nil || group < 0 || group > e.groups || at[2*group] < 0 {
			return out, false, err
		}
		return append(out, s[at[2*group]:at[2*group+1]]...), true, nil
	})
}

func bindRegexpSubstr(args []Arg) (*Overload, error) {
	if err := arity("REGEXP_SUBSTR", args, 2, 2); err != nil {
		return nil, err
	}
	return bindRegexpText("REGEXP_SUBSTR", args, texts(2), func(out []byte, e *expression, cols []*vec.Column, i int) ([]byte, bool, error) {
		s := cols[0].Bytes(i)
		at, err := e.first(s)
		if at == nil {
			return out, false, err
		}
		return append(out, s[at[0]:at[1]]...), true, nil
	})
}

func bindRegexpReplace(args []Arg) (*Overload, error) {
	if err := arity("REGEXP_REPLACE", args, 3, 3); err != nil {
		return nil, err
	}
	return bindRegexpText("REGEXP_REPLACE", args, texts(3), func(out []byte, e *expression, cols []*vec.Column, i int) ([]byte, bool, error) {
		s, done := cols[0].Bytes(i), 0
		err := e.all(s, func(at []int) {
			out = append(append(out, s[done:at[0]]...), cols[2].Bytes(i)...)
			done = at[1]
		})
		return append(out, s[done:]...), true, err
	})
}

// bindSimilar binds SIMILAR TO; a pattern that is no expression is an error.
func bindSimilar(args []Arg) (*Overload, error) {
	if err := arity("SIMILAR TO", args, 2, 3); err != nil {
		return nil, err
	}
	types, err := conform("SIMILAR TO", args, texts(3))
	if err != nil {
		return nil, err
	}
	o := &Overload{Args: types, Result: like(schema.Of(schema.Boolean), args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastExpression
		return each(c, dst, func(i int) error {
			escape := ""
			if len(cols) == 3 {
				escape = string(cols[2].Bytes(i))
			}
			if text := cols[1].Bytes(i); !last.read || last.text != string(text) || len(cols) == 3 {
				e, err := compileSimilar(string(text), escape)
				if err != nil {
					return err
				}
				last = lastExpression{string(text), e, true}
			}
			found, err := last.e.matches(cols[0].Bytes(i))
			dst.Bits.Put(i, found)
			return err
		})
	}}
	escape, known := "", true
	if len(args) == 3 {
		escape, known = constText(args[2])
	}
	if text, ok := constText(args[1]); ok && known {
		e, err := compileSimilar(text, escape)
		if err != nil {
			return nil, err
		}
		o.Args = types[:1]
		o.Kernel = func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return each(c, dst, func(i int) error {
				found, err := e.matches(cols[0].Bytes(i))
				dst.Bits.Put(i, found)
				return err
			})
		}
	}
	return o, nil
}

func compileSimilar(text, escape string) (*expression, error) {
	if escape != "" && utf8.RuneCountInString(escape) != 1 {
		return nil, fault.New(fault.Invalid, "escape %q of SIMILAR TO is no single character", escape)
	}
	pattern, why := similarPattern([]rune(text), escape)
	if why != "" {
		return nil, fault.New(fault.Invalid, "pattern of SIMILAR TO %q: %s", text, why)
	}
	return compileExpression(`\A(?:` + pattern + `)\z`)
}

const (
	javaSpecials    = `[]()|^-+*?{}$\.`
	similarSpecials = `[]()|^-+*_%?{}`
)

// similarClasses are the names of characters within brackets.
var similarClasses = [...][2]string{
	{"[:ALPHA:]", `\p{Alpha}`},
	{"[:UPPER:]", `\p{Upper}`},
	{"[:LOWER:]", `\p{Lower}`},
	{"[:DIGIT:]", `\d`},
	{"[:SPACE:]", " "},
	{"[:WHITESPACE:]", `\s`},
	{"[:ALNUM:]", `\p{Alnum}`},
}

// similarPattern turns an SQL regular expression into one of Java's, as Calcite does.
func similarPattern(text []rune, escape string) (pattern, why string) {
	var b strings.Builder
	inside := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case escape != "" && string(c) == escape:
			if i++; i == len(text) || !strings.ContainsRune(similarSpecials, text[i]) && string(text[i]) != escape {
				return "", "the escape stands before nothing that needs it"
			}
			if strings.ContainsRune(javaSpecials, text[i]) {
				b.WriteByte('\\')
			}
			b.WriteRune(text[i])
		case inside && c == '[':
			n := 0
			for _, class := range similarClasses {
				if name := class[0]; len(text)-i >= len(name) && strings.EqualFold(string(text[i:i+len(name)]), name) {
					b.WriteString(class[1])
					n = len(name)
				}
			}
			if n == 0 {
				return "", "a bracket within brackets names no class"
			}
			i += n - 1
		case c == ']':
			if !inside {
				return "", "a bracket is closed that is not open"
			}
			inside = false
			b.WriteRune(c)
		case inside && c != '-' && c != '^' && strings.ContainsRune(similarSpecials, c):
			return "", "within brackets " + string(c) + " must be escaped"
		case c == '[':
			inside = true
			b.WriteRune(c)
		case c == '_' && !inside:
			b.WriteByte('.')
		case c == '%' && !inside:
			b.WriteString("(?s:.*)")
		case c == '\\' || c == '$':
			b.WriteByte('\\')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String(), ""
}
