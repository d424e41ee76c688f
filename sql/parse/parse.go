// Package parse reads Flink SQL: text in, sql/ast out.
//
// It is written by hand, one function a rule, one token ahead as a rule. Errors are data with
// a position: Script collects the first error of each statement and goes on after the next
// semicolon, so that an editor can mark them all. Nothing is looked up: whether a table exists
// and what a name means is for sql/plan.
//
// Input is not trusted: its length, the depth of its nesting and the length of operator chains are
// bounded, and no input makes it panic or loop.
//
// Caveats: a reserved word is a name only in back-ticks, as in Flink (value, at, count, day);
// names are case-sensitive, keywords are not; double quotes are an error.
package parse

import (
	"fmt"
	"slices"
	"strings"

	"millrace/fault"
	"millrace/sql/ast"
)

const (
	// MaxBytes bounds a script; generated ones of a few thousand statements stay below it.
	MaxBytes = 1 << 20
	// MaxDepth bounds nesting, so that recursion over the tree is safe everywhere.
	MaxDepth = 256
	// maxChain bounds a AND b AND c …, which nests to the left without parentheses.
	maxChain = 4096
)

// Script returns the statements of source. If some are wrong, the error is an Errors with
// the first error of each, and the statements that are right are returned all the same.
func Script(source string) ([]ast.Statement, error) {
	p, err := newParser(source)
	if err != nil {
		return nil, Errors{err}
	}
	var statements []ast.Statement
	var errs Errors
	for !p.done() {
		if p.accept(";") {
			continue
		}
		s, err := attempt(p, p.terminated)
		if err != nil {
			errs = append(errs, err)
			p.skipStatement()
			continue
		}
		statements = append(statements, s)
	}
	if len(errs) > 0 {
		return statements, errs
	}
	return statements, nil
}

// Statement returns the only statement of source; a semicolon may follow it.
func Statement(source string) (ast.Statement, error) {
	return whole(source, func(p *parser) ast.Statement {
		s := p.statement()
		p.accept(";")
		return s
	})
}

// Query returns the query that source is, such as the text of a view.
func Query(source string) (*ast.Query, error) {
	return whole(source, (*parser).query)
}

// Expr returns the expression that source is.
func Expr(source string) (ast.Expr, error) {
	return whole(source, (*parser).expr)
}

// Type returns the data type that source is, such as DECIMAL(10, 2) NOT NULL.
func Type(source string) (*ast.Type, error) {
	return whole(source, (*parser).dataType)
}

// whole parses all of source with one rule.
func whole[T any](source string, rule func(*parser) T) (T, error) {
	var zero T
	p, err := newParser(source)
	if err != nil {
		return zero, err
	}
	result, err := attempt(p, func() T {
		r := rule(p)
		if !p.done() {
			p.unexpected("the end")
		}
		return r
	})
	if err != nil {
		return zero, err
	}
	return result, nil
}

// A parser walks over the tokens. Its rules panic with a *Error at the first one that does
// not fit; attempt catches it. Nothing of that leaves the package.
type parser struct {
	source string
	tokens []token
	next   int // index of the token not yet taken
	depth  int
	inSet  bool // within BEGIN … END, where semicolons do not end the statement
}

func newParser(source string) (*parser, *Error) {
	if len(source) > MaxBytes {
		return nil, &Error{
			Pos: ast.Pos{Line: 1, Column: 1}, End: ast.Pos{Line: 1, Column: 1},
			Message: fmt.Sprintf("the script has %d bytes, more than %d", len(source), MaxBytes),
		}
	}
	return &parser{source: source, tokens: lex(source)}, nil
}

// attempt runs a rule and returns the error it stopped with.
func attempt[T any](p *parser, rule func() T) (result T, err *Error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	p.depth, p.inSet = 0, false
	return rule(), nil
}

func (p *parser) fail(at ast.Span, hint, format string, args ...any) {
	panic(NewError(p.source, at, fmt.Sprintf(format, args...), hint))
}

// failWith stops with an error of another package, and its hint.
func (p *parser) failWith(at ast.Span, err error) {
	p.fail(at, fault.HintOf(err), "%s", err)
}

// skipStatement moves after the end of a statement that is wrong.
func (p *parser) skipStatement() {
	for !p.done() {
		t := p.take()
		if t.word == ";" && !p.inSet {
			return
		}
		if t.word == "END" && p.peek().word == ";" {
			p.inSet = false
		}
	}
}

func (p *parser) peek() token { return p.tokens[p.next] }

// second returns the token after the next one.
func (p *parser) second() token { return p.tokens[min(p.next+1, len(p.tokens)-1)] }

func (p *parser) done() bool { return p.peek().kind == endOfInput }

// take moves over the next token and returns it.
func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != endOfInput {
		p.next++
	}
	return t
}

// at says whether the next tokens are these words or signs.
func (p *parser) at(words ...string) bool {
	for i, w := range words {
		if p.next+i >= len(p.tokens) || p.tokens[p.next+i].word != w {
			return false
		}
	}
	return true
}

// atAny says whether the next token is one of these words or signs.
func (p *parser) atAny(words ...string) bool {
	for _, w := range words {
		if p.at(w) {
			return true
		}
	}
	return false
}

// accept moves over the next tokens if they are these words or signs.
func (p *parser) accept(words ...string) bool {
	if !p.at(words...) {
		return false
	}
	p.next += len(words)
	return true
}

// expect moves over the next tokens, which must be these words or signs.
func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			p.unexpected(quoteWord(w))
		}
	}
}

func quoteWord(w string) string {
	if ast.Quote(w) == w || ast.Reserved(w) {
		return w
	}
	return `"` + w + `"`
}

// unexpected stops at the next token; want says what would have been right.
func (p *parser) unexpected(want string) {
	t := p.peek()
	switch {
	case t.kind == badToken:
		p.fail(t.Span, "", "%s", t.text)
	case t.kind == endOfInput:
		p.fail(t.Span, "", "unexpected end: want %s", want)
	case t.kind == word && ast.Reserved(t.text):
		hint := ""
		if !structural(t.word) {
			hint = fmt.Sprintf("%s is a reserved word: as a name it is written `%s`", t.word, t.text)
		}
		p.fail(t.Span, hint, "unexpected %s: want %s", t.word, want)
	default:
		hint := ""
		if near := nearest(t.word, keywordsIn(want)); near != "" {
			hint = "did you mean " + near + "?"
		}
		text := p.source[t.Pos.Offset:t.End.Offset]
		p.fail(t.Span, hint, "unexpected %s: want %s", abridge(text), want)
	}
}

// keywordsIn returns the words in capitals of a text such as "TABLE or VIEW".
func keywordsIn(want string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(want, func(r rune) bool { return r == ' ' || r == ',' || r == '"' }),
		func(w string) bool { return w != strings.ToUpper(w) })
}

// nearest returns the candidate that a word may be a typing error of. One-letter words are names.
func nearest(word string, candidates []string) string {
	if len(word) < 2 || slices.Contains(candidates, word) {
		return ""
	}
	return fault.Near(word, candidates)
}

// structural words begin clauses: nobody means them as names.
func structural(word string) bool {
	switch word {
	case "SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "BY", "UNION", "INTERSECT", "EXCEPT", "JOIN",
		"ON", "AND", "OR", "NOT", "AS", "INTO", "INSERT", "CREATE", "WITH", "LIMIT", "THEN", "WHEN", "ELSE", "END", "IN", "IS":
		return true
	}
	return false
}

func abridge(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:40]) + "..."
	}
	return `"` + text + `"`
}

// start returns where the next token begins.
func (p *parser) start() ast.Pos { return p.peek().Pos }

// since returns the span from a start to the last token taken.
func (p *parser) since(start ast.Pos) ast.Span {
	end := start
	if p.next > 0 && p.tokens[p.next-1].End.Offset > start.Offset {
		end = p.tokens[p.next-1].End
	}
	return ast.Span{Pos: start, End: end}
}

// enter counts a level of nesting; the caller defers leave.
func (p *parser) enter() {
	if p.depth++; p.depth > MaxDepth {
		p.fail(p.peek().Span, "", "nested more than %d levels deep", MaxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

// commas reads one item or several with commas between them.
func commas[T any](p *parser, item func() T) []T {
	items := []T{item()}
	for p.accept(",") {
		items = append(items, item())
	}
	return items
}

// parenthesized reads ( item, … ).
func parenthesized[T any](p *parser, item func() T) []T {
	p.expect("(")
	items := commas(p, item)
	p.closeParen()
	return items
}

func (p *parser) closeParen() {
	if !p.accept(")") {
		p.unexpected(`"," or ")"`)
	}
}

// isName says whether a token can be a name.
func isName(t token) bool {
	return t.kind == quotedName || t.kind == word && !ast.Reserved(t.text)
}

func (p *parser) ident(what string) ast.Ident {
	t := p.peek()
	if !isName(t) {
		p.unexpected(what)
	}
	if t.text == "" {
		p.fail(t.Span, "", "a name in back-ticks is empty")
	}
	p.take()
	return ast.Ident{Span: t.Span, Name: t.text}
}

func (p *parser) columnName() ast.Ident { return p.ident("a column name") }

// dotted reads a.b.c.
func (p *parser) dotted(what string) []ast.Ident {
	parts := []ast.Ident{p.ident(what)}
	for p.accept(".") {
		parts = append(parts, p.ident("a name"))
	}
	return parts
}

func (p *parser) objectName(what string) ast.ObjectName {
	start := p.start()
	parts := p.dotted(what)
	if len(parts) > 3 {
		p.fail(p.since(start), "", "a name has at most three parts: catalog.database.%s", what)
	}
	return ast.ObjectName{Span: p.since(start), Parts: parts}
}

// text reads a string in quotes.
func (p *parser) text(what string) string {
	t := p.peek()
	if t.kind != stringText {
		p.unexpected(what + " in single quotes")
	}
	p.take()
	return t.text
}
