package parse

import (
	"strings"
	"unicode/utf8"

	"millrace/sql/ast"
)

// maxParams bounds the parameters of a function.
const maxParams = 64

// atFunction says whether [TEMPORARY [SYSTEM]] FUNCTION follows the next word. Only TEMPORARY makes SYSTEM right,
// which system says at its place.
func (p *parser) atFunction() bool {
	verb := p.peek().word
	return verb != "" && (p.at(verb, "FUNCTION") || p.at(verb, "SYSTEM", "FUNCTION") || p.at(verb, "TEMPORARY", "FUNCTION") ||
		p.at(verb, "TEMPORARY", "SYSTEM", "FUNCTION"))
}

// function reads CREATE, ALTER, DROP or DESCRIBE FUNCTION.
func (p *parser) function() ast.Statement {
	start := p.start()
	verb := p.take().word
	temporary := p.accept("TEMPORARY")
	if at := p.peek(); at.word == "SYSTEM" && !temporary {
		p.fail(at.Span, "write "+verb+" TEMPORARY SYSTEM FUNCTION", "system functions of a script are temporary")
	}
	system := p.accept("SYSTEM")
	p.expect("FUNCTION")
	switch verb {
	case "CREATE":
		f := &ast.CreateFunction{Temporary: temporary, System: system, IfNotExists: p.accept("IF", "NOT", "EXISTS")}
		p.functionAfter(start, f)
		return f
	case "ALTER":
		a := &ast.AlterFunction{IfExists: p.accept("IF", "EXISTS"), To: &ast.CreateFunction{Temporary: temporary, System: system}}
		p.functionAfter(start, a.To)
		a.Span = a.To.Span
		return a
	case "DROP":
		d := &ast.DropFunction{Temporary: temporary, System: system, IfExists: p.accept("IF", "EXISTS")}
		d.Name = p.functionName(system)
		d.Span = p.since(start)
		return d
	case "DESCRIBE", "DESC":
		d := &ast.DescribeFunction{Extended: p.accept("EXTENDED"), Name: p.objectName("function")}
		d.Span = p.since(start)
		return d
	}
	p.fail(p.since(start), "", "%s FUNCTION is no statement", verb)
	return nil
}

// showCreateFunction reads SHOW CREATE FUNCTION.
func (p *parser) showCreateFunction() ast.Statement {
	start := p.start()
	p.expect("SHOW", "CREATE", "FUNCTION")
	d := &ast.DescribeFunction{Create: true, Name: p.objectName("function")}
	d.Span = p.since(start)
	return d
}

func (p *parser) functionName(system bool) ast.ObjectName {
	name := p.objectName("function")
	if system && len(name.Parts) > 1 {
		p.fail(name.Span, "leave the database out", "system functions are in no database")
	}
	return name
}

// functionAfter reads what stands behind FUNCTION [IF …].
func (p *parser) functionAfter(start ast.Pos, f *ast.CreateFunction) {
	f.Name = p.functionName(f.System)
	p.signature(f)
	var as *token
	var language ast.Span
	for {
		at := p.peek()
		switch {
		case as == nil && f.Body == nil && p.accept("AS"):
			t := p.peek()
			f.As = ast.Text{Span: t.Span, Text: p.text("a definition")}
			as = &t
		case as == nil && f.Body == nil && p.accept("RETURN"):
			f.Body = p.expr()
		case f.Language == "" && p.accept("LANGUAGE"):
			f.Language, language = p.language()
		case len(f.Using) == 0 && p.accept("USING"):
			f.Using = p.using()
		case !p.property(f):
			f.Span = p.since(start)
			if at.word != ";" && at.kind != endOfInput && as == nil && f.Body == nil {
				p.unexpected("AS, RETURN, RETURNS, LANGUAGE or USING")
			}
			p.defined(f, as, language)
			return
		}
	}
}

// property reads what a function is said to be.
func (p *parser) property(f *ast.CreateFunction) bool {
	switch {
	case p.accept("DETERMINISTIC"):
	case p.accept("NOT", "DETERMINISTIC"):
		f.NotDeterministic = true
	case p.accept("CALLED", "ON", "NULL", "INPUT"):
		f.OnNull = true
	case p.accept("RETURNS", "NULL", "ON", "NULL", "INPUT"):
	default:
		return false
	}
	return true
}

func (p *parser) language() (string, ast.Span) {
	t := p.peek()
	switch t.word {
	case "SQL", "WASM", "JAVA", "SCALA", "PYTHON":
		return p.take().word, t.Span
	}
	p.unexpected("SQL, WASM, JAVA, SCALA or PYTHON")
	return "", ast.Span{}
}

func (p *parser) using() []ast.Text {
	return commas(p, func() ast.Text {
		if !p.acceptAny("JAR", "FILE", "ARTIFACT") {
			p.unexpected("JAR or FILE")
		}
		at := p.peek()
		return ast.Text{Span: at.Span, Text: p.text("a path")}
	})
}

// signature reads (a INT, …) RETURNS type, if it is there.
func (p *parser) signature(f *ast.CreateFunction) {
	if !p.accept("(") {
		return
	}
	if !p.accept(")") {
		f.Params = commas(p, p.param)
		p.closeParen()
	}
	seen := make(map[string]bool, len(f.Params))
	for _, a := range f.Params {
		if a.Name.Name != "" && seen[a.Name.Name] {
			p.fail(a.Name.Span, "", "parameter %q is there twice", a.Name.Name)
		}
		seen[a.Name.Name] = true
	}
	if len(f.Params) > maxParams {
		p.fail(f.Params[maxParams].Span, "", "a function has %d parameters at most", maxParams)
	}
	p.expect("RETURNS")
	f.Returns = p.dataType()
}

// param reads a INT, or a type alone.
func (p *parser) param() ast.Param {
	start := p.start()
	var a ast.Param
	switch next := p.second(); {
	case !isName(p.peek()), next.kind == symbol, next.kind == endOfInput, next.word == "NOT", next.word == "NULL":
	case p.peek().kind == word && parameterless(p.peek().word) && next.word == "ARRAY":
	default:
		a.Name = p.ident("a parameter")
	}
	a.Type = p.dataType()
	a.Span = p.since(start)
	return a
}

func parameterless(word string) bool {
	n, known := parameters[word]
	return known && n == 0
}

// defined checks that all is there, and takes apart what stands in quotes.
func (p *parser) defined(f *ast.CreateFunction, as *token, language ast.Span) {
	if f.Language == "" && f.Body != nil {
		f.Language = "SQL"
	}
	switch f.Language {
	case "SQL":
		if as != nil {
			p.within(*as, func(inner *parser) {
				if f.Returns == nil {
					inner.signature(f)
				}
				if f.Returns == nil {
					inner.unexpected(`"(", the parameters of the function`)
				}
				inner.accept("RETURN")
				f.Body = inner.expr()
			})
			f.As = ast.Text{}
		}
		if f.Body == nil {
			p.unexpected("RETURN and an expression")
		}
		p.checkSQL(f)
	case "WASM":
		if as == nil {
			p.fail(f.Span, "write AS 'export(BIGINT, STRING) RETURNS BIGINT' LANGUAGE WASM USING JAR 'module.wasm'", "the function does not say which export of the module it is")
		}
		if f.Returns == nil {
			p.within(*as, func(inner *parser) {
				f.As.Text = inner.ident("the name of an export").Name
				inner.signature(f)
				if f.Returns == nil {
					inner.unexpected(`"(", the types of the parameters`)
				}
			})
		}
		if len(f.Using) != 1 {
			p.fail(f.Span, "write USING JAR 'module.wasm'", "a function of WebAssembly has one module")
		}
	default:
		p.noClass(f, as, language)
	}
}

func (p *parser) noClass(f *ast.CreateFunction, as *token, language ast.Span) {
	at := language
	switch {
	case as == nil:
		p.unexpected("AS or RETURN")
	case f.Language == "":
		f.Language, at = "JAVA", as.Span
	}
	p.fail(at, "write it in SQL (RETURN and an expression) or in any language that compiles to WebAssembly (LANGUAGE WASM); a pipeline with engine: flink can call it",
		"functions in %s are not run here", f.Language)
}

// checkSQL checks a function of SQL.
func (p *parser) checkSQL(f *ast.CreateFunction) {
	if f.Returns == nil {
		p.fail(f.Name.Span, "write "+f.Name.String()+" (a INT, b STRING) RETURNS STRING RETURN ...", "a function of SQL says what it takes and returns")
	}
	for _, a := range f.Params {
		if a.Name.Name == "" {
			p.fail(a.Span, "write a name before the type", "a parameter of a function of SQL has no name")
		}
	}
	if len(f.Using) > 0 {
		p.fail(f.Using[0].Span, "leave USING out", "a function of SQL has no module")
	}
	if f.OnNull {
		// The expression says itself what becomes of NULL: that is what every function of SQL does.
		f.OnNull = false
	}
	f.NotDeterministic = false // the expression says that, too
}

// within reads all of the text in quotes that t is. Positions are those in the script, so that errors point there.
func (p *parser) within(t token, rule func(*parser)) {
	p.enter()
	defer p.leave()
	places := p.placesIn(t)
	tokens := lex(t.text)
	for i := range tokens {
		tokens[i].Pos, tokens[i].End = places[tokens[i].Pos.Offset], places[tokens[i].End.Offset]
	}
	inner := &parser{source: p.source, tokens: tokens, depth: p.depth}
	rule(inner)
	if !inner.done() {
		inner.unexpected("the end of the text")
	}
}

// placesIn returns where in the script each byte of a text in quotes stands, and the quote behind it.
func (p *parser) placesIn(t token) []ast.Pos {
	places := make([]ast.Pos, 0, len(t.text)+1)
	at := t.Pos
	raw := p.source[t.Pos.Offset:t.End.Offset]
	open := strings.IndexByte(raw, '\'') + 1 // N'…' has a letter before
	at.Offset += open
	at.Column += open
	for n := open; n < len(raw) && len(places) < len(t.text); {
		r, size := utf8.DecodeRuneInString(raw[n:])
		for range size {
			places = append(places, at)
		}
		if r == '\'' {
			size++ // it is doubled
			at.Column++
		}
		n += size
		at.Offset += size
		at.Column++
		if r == '\n' {
			at.Line++
			at.Column = 1
		}
	}
	for len(places) <= len(t.text) {
		places = append(places, at)
	}
	return places
}
