package function

import (
	"strconv"
	"strings"
)

// parseJSONPath reads a path. One that cannot be read is a path too: what it does is the business of ON ERROR.
func parseJSONPath(text string) *jsonPath {
	p := &jsonPath{}
	mode, rest := text, ""
	trimmed := strings.TrimLeft(text, " \t\n\v\f\r")
	if at := strings.IndexAny(trimmed, " \t\n\v\f\r"); at >= 0 {
		mode, rest = trimmed[:at], strings.TrimLeft(trimmed[at:], " \t\n\v\f\r")
	}
	if strict := strings.EqualFold(mode, "strict"); rest != "" && (strict || strings.EqualFold(mode, "lax")) {
		p.lax = !strict
		text = rest
	}
	r := &pathReader{}
	p.steps, p.length, p.bad = r.path(text)
	if p.bad != "" {
		return &jsonPath{bad: p.bad} // strict, whatever was written
	}
	p.definite = true
	for i := range p.steps {
		s := &p.steps[i]
		merged := s.kind == stepNames && i == len(p.steps)-1
		p.definite = p.definite && (s.definite() || merged)
	}
	if p.length && !p.definite {
		return &jsonPath{bad: "a function of many values is not supported"}
	}
	return p
}

// pathReader reads the steps of a path, or of an operand of a filter. Its methods note in bad what is wrong.
type pathReader struct {
	text  string
	at    int
	bad   string
	depth int
}

// maxFilters is how deep filters may stand in each other.
const maxFilters = 8

func (r *pathReader) fail(why string) { r.bad = why; r.at = len(r.text) }

func (r *pathReader) path(text string) (steps []jsonStep, length bool, bad string) {
	if text == "" {
		return nil, false, "it is empty"
	}
	if text[0] != '$' && text[0] != '@' {
		text = "$." + text
	}
	text = strings.Trim(text, " ")
	r.text, r.at = text, 1
	if strings.HasSuffix(text, ".") {
		return nil, false, "it ends with a point"
	}
	for r.at < len(r.text) && !length {
		steps, length = r.step(steps)
	}
	if length && r.at < len(r.text) {
		r.fail("nothing can follow a function")
	}
	return steps, length, r.bad
}

// step reads .name, ..name, .*, [...] or .length().
func (r *pathReader) step(steps []jsonStep) (_ []jsonStep, length bool) {
	switch {
	case strings.HasPrefix(r.text[r.at:], ".."):
		r.at += 2
		steps = append(steps, jsonStep{kind: stepScan})
		if r.at < len(r.text) && r.text[r.at] == '[' {
			return append(steps, r.bracket()), false
		}
	case r.text[r.at] == '.':
		r.at++
		if r.at < len(r.text) && r.text[r.at] == '[' {
			return append(steps, r.bracket()), false
		}
	case r.text[r.at] == '[':
		return append(steps, r.bracket()), false
	default:
		r.fail("a point or bracket should follow")
		return steps, false
	}
	rest := r.text[r.at:]
	if strings.HasPrefix(rest, "*") {
		r.at++
		return append(steps, jsonStep{kind: stepAll}), false
	}
	n := strings.IndexAny(rest, ".[ (")
	if n < 0 {
		n = len(rest)
	}
	name := rest[:n]
	r.at += n
	switch {
	case name == "":
		r.fail("a name is missing")
	case n < len(rest) && rest[n] == ' ':
		r.fail("a name with blanks stands in brackets and quotes")
	case n < len(rest) && rest[n] == '(':
		if name != "length" && name != "size" || !strings.HasPrefix(rest[n:], "()") {
			r.fail("the function " + name + " is not supported")
		}
		r.at += len("()")
		return steps, true
	}
	return append(steps, jsonStep{names: []string{name}}), false
}

// bracket reads ['a', 'b'], [0, 1], [1:2], [*] or [?(...)].
func (r *pathReader) bracket() jsonStep {
	r.at = skipSpace(r.text, r.at+1)
	var s jsonStep
	switch rest := r.text[r.at:]; {
	case rest == "":
		r.fail("a bracket is not closed")
		return s
	case rest[0] == '*':
		r.at++
		s.kind = stepAll
	case rest[0] == '?':
		r.at = skipSpace(r.text, r.at+1)
		s.kind = stepFilter
		s.filter = r.filter()
	case rest[0] == '\'' || rest[0] == '"':
		s.names = r.names()
	default:
		s = r.numbers()
	}
	if r.at = skipSpace(r.text, r.at); r.at >= len(r.text) || r.text[r.at] != ']' {
		if r.bad == "" {
			r.fail("a bracket is not closed")
		}
		return s
	}
	r.at++
	return s
}

func (r *pathReader) names() []string {
	var names []string
	for {
		names = append(names, r.quoted())
		if r.at = skipSpace(r.text, r.at); r.at >= len(r.text) || r.text[r.at] != ',' {
			return names
		}
		if r.at = skipSpace(r.text, r.at+1); r.at >= len(r.text) || r.text[r.at] != '\'' && r.text[r.at] != '"' {
			r.fail("a name should follow the comma")
			return names
		}
	}
}

// quoted reads a text in quotes of either kind.
func (r *pathReader) quoted() string {
	quote := r.text[r.at]
	var b strings.Builder
	for i := r.at + 1; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == quote:
			r.at = i + 1
			return b.String()
		case c == '\\' && i+1 < len(r.text):
			i++
			b.WriteByte(r.text[i])
		default:
			b.WriteByte(c)
		}
	}
	r.fail("a quote is not closed")
	return ""
}

func (r *pathReader) numbers() jsonStep {
	end := strings.IndexByte(r.text[r.at:], ']')
	if end < 0 {
		r.fail("a bracket is not closed")
		return jsonStep{}
	}
	inside := strings.TrimSpace(r.text[r.at : r.at+end])
	r.at += end
	if from, to, ok := strings.Cut(inside, ":"); ok {
		s := jsonStep{kind: stepSlice, indexes: make([]int, 2)}
		s.indexes[0], s.from = r.number(from)
		s.indexes[1], s.to = r.number(to)
		if !s.from && !s.to {
			r.fail("a slice needs a bound")
		}
		return s
	}
	s := jsonStep{kind: stepIndexes}
	for part := range strings.SplitSeq(inside, ",") {
		n, ok := r.number(part)
		if !ok {
			r.fail("here should stand a number")
		}
		s.indexes = append(s.indexes, n)
	}
	return s
}

func (r *pathReader) number(text string) (int, bool) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		r.fail("here should stand a number")
	}
	return int(n), true
}

// filter reads (@.a == 1 && @.b < 'x' || ...).
func (r *pathReader) filter() jsonFilter {
	if r.depth++; r.depth > maxFilters || r.at >= len(r.text) || r.text[r.at] != '(' {
		r.fail("a filter stands in parentheses")
		return nil
	}
	r.at++
	f := jsonFilter{nil}
	for {
		f[len(f)-1] = append(f[len(f)-1], r.comparison())
		r.at = skipSpace(r.text, r.at)
		switch rest := r.text[r.at:]; {
		case strings.HasPrefix(rest, "&&"):
			r.at += 2
		case strings.HasPrefix(rest, "||"):
			r.at += 2
			f = append(f, nil)
		case strings.HasPrefix(rest, ")"):
			r.at++
			return f
		default:
			if r.bad == "" {
				r.fail("this filter is not supported")
			}
			return nil
		}
	}
}

func (r *pathReader) comparison() jsonComparison {
	c := jsonComparison{left: r.operand()}
	r.at = skipSpace(r.text, r.at)
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if strings.HasPrefix(r.text[r.at:], op) {
			c.op = op
			r.at += len(op)
			break
		}
	}
	if c.op == "" && r.bad == "" {
		r.fail("this filter is not supported")
	}
	c.right = r.operand()
	return c
}

// operand reads a path from @, a number, a text, true, false or null.
func (r *pathReader) operand() jsonOperand {
	r.at = skipSpace(r.text, r.at)
	rest := r.text[r.at:]
	switch {
	case rest == "":
		r.fail("a filter ends too early")
	case rest[0] == '@':
		n := strings.IndexAny(rest, " =!<>&|)")
		if n < 0 {
			n = len(rest)
		}
		inner := &pathReader{depth: r.depth}
		p := &jsonPath{lax: true, definite: true}
		p.steps, p.length, p.bad = inner.path(rest[:n])
		for i := range p.steps {
			p.definite = p.definite && p.steps[i].definite()
		}
		r.at += n
		if p.bad != "" || !p.definite {
			r.fail("this filter is not supported")
		}
		return jsonOperand{path: p}
	case rest[0] == '\'' || rest[0] == '"':
		return jsonOperand{value: appendQuoted(nil, []byte(r.quoted()))}
	default:
		n := strings.IndexAny(rest, " =!<>&|)")
		if n < 0 {
			n = len(rest)
		}
		v, ok := firstJSON([]byte(rest[:n]))
		if !ok || !v.isScalar() {
			r.fail("this filter is not supported")
			return jsonOperand{}
		}
		r.at += n
		return jsonOperand{value: v}
	}
	return jsonOperand{}
}
