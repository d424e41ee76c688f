package parse

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"millrace/sql/ast"
)

// constant reads a number or a string.
func (p *parser) constant() ast.Expr {
	t := p.take()
	switch t.kind {
	case integerNumber:
		return &ast.Literal{Span: t.Span, Kind: ast.IntegerLiteral, Text: t.text}
	case decimalNumber:
		return &ast.Literal{Span: t.Span, Kind: ast.DecimalLiteral, Text: t.text}
	case floatNumber:
		return &ast.Literal{Span: t.Span, Kind: ast.FloatLiteral, Text: t.text}
	case binaryText:
		digits := t.text + p.continued(t, stringText)
		if bad := strings.Trim(digits, "0123456789abcdefABCDEF"); bad != "" || len(digits)%2 != 0 {
			p.fail(t.Span, "", "a binary string is an even number of hexadecimal digits")
		}
		return &ast.Literal{Span: p.since(t.Pos), Kind: ast.BinaryLiteral, Text: strings.ToUpper(digits)}
	case unicodeText:
		text := t.text + p.continued(t, stringText)
		return &ast.Literal{Span: p.since(t.Pos), Kind: ast.StringLiteral, Text: p.unescape(t, text)}
	default:
		text := t.text + p.continued(t, stringText)
		return &ast.Literal{Span: p.since(t.Pos), Kind: ast.StringLiteral, Text: text}
	}
}

// continued reads the parts of a string that goes on, in quotes again, on a following line.
func (p *parser) continued(last token, kind tokenKind) string {
	var text strings.Builder
	for p.peek().kind == kind && p.peek().Pos.Line > last.End.Line {
		last = p.take()
		text.WriteString(last.text)
	}
	return text.String()
}

// unescape replaces \0041 and \+01F600 in a U& string; UESCAPE may name another sign than \.
func (p *parser) unescape(t token, text string) string {
	escape := '\\'
	if p.accept("UESCAPE") {
		c := p.text("the escape sign")
		r, n := utf8.DecodeRuneInString(c)
		if n == 0 || n != len(c) || strings.ContainsRune(`0123456789abcdefABCDEF+'" `, r) {
			p.fail(p.since(t.Pos), "", "UESCAPE wants one sign that is no digit, plus, quote or blank")
		}
		escape = r
	}
	var out strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		if r != escape {
			out.WriteRune(r)
			continue
		}
		if strings.HasPrefix(text, string(escape)) {
			out.WriteRune(escape)
			text = text[n:]
			continue
		}
		digits := 4
		if strings.HasPrefix(text, "+") {
			text, digits = text[1:], 6
		}
		if len(text) < digits {
			p.fail(t.Span, "", "a code point in a U& string has 4 digits, or + and 6 digits")
		}
		code, err := strconv.ParseUint(text[:digits], 16, 32)
		if err != nil || !utf8.ValidRune(rune(code)) {
			p.fail(t.Span, "", "%q is not a code point", text[:digits])
		}
		out.WriteRune(rune(code))
		text = text[digits:]
	}
	return out.String()
}

// wordConstant reads NULL, TRUE, FALSE, UNKNOWN or DATE, TIME, TIMESTAMP '...'.
func (p *parser) wordConstant(t token) ast.Expr {
	kind := ast.BoolLiteral
	switch t.word {
	case "NULL":
		p.take()
		return &ast.Literal{Span: t.Span, Kind: ast.NullLiteral}
	case "UNKNOWN":
		p.take()
		return &ast.Literal{Span: t.Span, Kind: ast.UnknownLiteral}
	case "DATE":
		kind = ast.DateLiteral
	case "TIME":
		kind = ast.TimeLiteral
	case "TIMESTAMP":
		kind = ast.TimestampLiteral
	}
	if kind == ast.BoolLiteral {
		p.take()
		return &ast.Literal{Span: t.Span, Kind: kind, Text: t.word}
	}
	if p.second().kind != stringText {
		p.unexpected("an expression")
	}
	p.take()
	text := p.text("a time")
	return &ast.Literal{Span: p.since(t.Pos), Kind: kind, Text: text}
}

// interval reads INTERVAL [-] '...' unit [(p)] [TO unit [(s)]].
func (p *parser) interval() ast.Expr {
	start := p.start()
	p.expect("INTERVAL")
	x := &ast.Interval{Precision: -1, FractionDigits: -1}
	if p.accept("-") {
		x.Negative = true
	} else {
		p.accept("+")
	}
	x.Text = p.text("a number")
	x.Unit = p.unit()
	if params := p.optionalNumbers(2); len(params) > 0 {
		x.Precision = params[0]
		if len(params) == 2 {
			x.FractionDigits = params[1]
		}
	}
	if at := p.peek(); p.accept("TO") {
		x.To = p.unit()
		if !strings.Contains(intervalEnds(x.Unit), x.To) {
			p.fail(p.since(at.Pos), "it is YEAR TO MONTH, or DAY, HOUR or MINUTE TO a smaller one down to SECOND", "there is no interval %s TO %s", x.Unit, x.To)
		}
		if x.To == "SECOND" {
			if params := p.optionalNumbers(1); len(params) > 0 {
				x.FractionDigits = params[0]
			}
		}
	}
	x.Span = p.since(start)
	return x
}

// intervalEnds are the units that may follow TO.
func intervalEnds(unit string) string {
	switch unit {
	case "YEAR":
		return "MONTH"
	case "DAY":
		return "HOUR MINUTE SECOND"
	case "HOUR":
		return "MINUTE SECOND"
	case "MINUTE":
		return "SECOND"
	}
	return ""
}

// unit reads a unit of an interval, which may stand in the plural.
func (p *parser) unit() string {
	singular := strings.TrimSuffix(p.peek().word, "S")
	switch singular {
	case "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND":
	default:
		p.unexpected("YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND")
	}
	p.take()
	return singular
}

// decimalText reads DECIMAL '1.50'.
func (p *parser) decimalText() ast.Expr {
	t := p.take()
	at := p.peek()
	text := strings.TrimSpace(p.text("a number"))
	digits := strings.TrimPrefix(text, "-")
	negative := digits != text
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	if kind, n := number(digits); digits == "" || n != len(digits) || kind == floatNumber || digits == "." {
		p.fail(at.Span, "write digits, and a point among them", "%q is no DECIMAL", text)
	}
	kind := ast.IntegerLiteral
	if strings.Contains(digits, ".") {
		kind = ast.DecimalLiteral
	}
	x := &ast.Literal{Span: p.since(t.Pos), Kind: kind, Text: digits}
	if negative {
		return &ast.Unary{Span: x.Span, Op: "-", X: x}
	}
	return x
}

// escape reads {d '...'}, {t '...'}, {ts '...'} or {fn f(...)}, as JDBC writes them.
func (p *parser) escape() ast.Expr {
	start := p.start()
	p.expect("{")
	var x ast.Expr
	kinds := map[string]ast.LiteralKind{"D": ast.DateLiteral, "T": ast.TimeLiteral, "TS": ast.TimestampLiteral}
	switch t := p.take(); t.word {
	case "D", "T", "TS":
		text := p.text("a time")
		x = &ast.Literal{Span: p.since(start), Kind: kinds[t.word], Text: text}
	case "FN":
		x = p.primary()
	default:
		p.fail(t.Span, "write {d '...'}, {t '...'}, {ts '...'} or {fn f(...)}", "unexpected %s in braces", abridge(t.text))
	}
	p.expect("}")
	return x
}

// optionalNumbers reads (n) or (n, m), if there is a parenthesis.
func (p *parser) optionalNumbers(atMost int) []int {
	if !p.at("(") {
		return nil
	}
	start := p.start()
	numbers := parenthesized(p, func() int { return p.integer("a number") })
	if len(numbers) > atMost {
		p.fail(p.since(start), "", "want %d numbers at most", atMost)
	}
	return numbers
}

func (p *parser) integer(what string) int {
	t := p.peek()
	if t.kind != integerNumber {
		p.unexpected(what)
	}
	n, err := strconv.ParseInt(t.text, 10, 32)
	if err != nil {
		p.fail(t.Span, "", "%s is too large", t.text)
	}
	p.take()
	return int(n)
}
