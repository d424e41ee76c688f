package parse

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"millrace/sql/ast"
)

type tokenKind uint8

const (
	endOfInput    tokenKind = iota
	badToken                // text is the message
	word                    // an unquoted word
	quotedName              // text is the name without back-ticks
	symbol                  // an operator or punctuation
	integerNumber           // 12
	decimalNumber           // 1.5
	floatNumber             // 1e0
	stringText              // text is unescaped
	unicodeText             // U&'…': text is unescaped but for the code points
	binaryText              // X'…': text is the digits
)

// A token is one word of the source. Word is what the grammar compares with: upper case for
// an unquoted word, the sign itself for a symbol, empty for names in back-ticks and constants.
type token struct {
	ast.Span
	kind tokenKind
	text string
	word string
}

// A lexer cuts source into tokens. It keeps line and column while it goes, so that
// positions cost nothing per token.
type lexer struct {
	source string
	at     ast.Pos
	inHint bool
	tokens []token
}

// lex returns the tokens of source. The last one is endOfInput; a badToken is the last but one.
func lex(source string) []token {
	l := &lexer{source: source, at: ast.Pos{Line: 1, Column: 1}}
	for l.token() {
	}
	l.tokens = append(l.tokens, token{Span: ast.Span{Pos: l.at, End: l.at}})
	return l.tokens
}

func (l *lexer) rest() string { return l.source[l.at.Offset:] }

// skip moves over n bytes.
func (l *lexer) skip(n int) {
	for _, r := range l.rest()[:n] {
		l.at.Column++
		if r == '\n' {
			l.at.Line++
			l.at.Column = 1
		}
	}
	l.at.Offset += n
}

func (l *lexer) emit(kind tokenKind, bytes int, text string) {
	t := token{kind: kind, text: text}
	t.Pos = l.at
	l.skip(bytes)
	t.End = l.at
	switch kind {
	case word:
		t.word = strings.ToUpper(text)
	case symbol:
		t.word = text
	}
	l.tokens = append(l.tokens, t)
}

// bad ends the tokens with an error about the next n bytes.
func (l *lexer) bad(n int, message string) bool {
	l.emit(badToken, n, message)
	return false
}

// token reads one token and says whether to go on.
func (l *lexer) token() bool {
	if !l.space() {
		return false
	}
	rest := l.rest()
	if rest == "" {
		return false
	}
	c := rest[0]
	switch {
	case c == '\'':
		return l.quoted(stringText, 0, '\'', "string")
	case c == '`':
		return l.quoted(quotedName, 0, '`', "name")
	case c == '"':
		return l.bad(1, `a string stands in single quotes, a name in back-ticks: unexpected "`)
	case (c == 'x' || c == 'X') && strings.HasPrefix(rest[1:], "'"):
		return l.quoted(binaryText, 1, '\'', "binary string")
	case (c == 'n' || c == 'N') && strings.HasPrefix(rest[1:], "'"):
		// All text is Unicode: the N says nothing.
		return l.quoted(stringText, 1, '\'', "string")
	case (c == 'u' || c == 'U') && strings.HasPrefix(rest[1:], "&'"):
		return l.quoted(unicodeText, 2, '\'', "string")
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]):
		kind, n := number(rest)
		l.emit(kind, n, rest[:n])
	default:
		return l.wordOrSymbol(rest)
	}
	return true
}

func (l *lexer) wordOrSymbol(rest string) bool {
	if n := wordLength(rest); n > 0 {
		l.emit(word, n, rest[:n])
		return true
	}
	for _, s := range [...]string{"/*+", "*/", "<>", "!=", "<=", ">=", "||", "=>"} {
		// Outside a hint, */ is the sign of a product and a division.
		if strings.HasPrefix(rest, s) && (s != "*/" || l.inHint) {
			l.inHint = s == "/*+" || l.inHint && s != "*/"
			l.emit(symbol, len(s), s)
			return true
		}
	}
	if strings.IndexByte("()[]{},.;:+-*/%=<>?", rest[0]) >= 0 {
		l.emit(symbol, 1, rest[:1])
		return true
	}
	r, n := utf8.DecodeRuneInString(rest)
	if r == utf8.RuneError && n == 1 {
		return l.bad(1, "the text is not UTF-8")
	}
	return l.bad(n, "unexpected character "+quoteRune(r))
}

func quoteRune(r rune) string {
	if unicode.IsPrint(r) {
		return `"` + string(r) + `"`
	}
	return fmt.Sprintf("%U", r)
}

// space skips blanks and comments; it says false after a comment that does not end.
func (l *lexer) space() bool {
	for {
		rest := l.rest()
		switch {
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.skip(n)
		case strings.HasPrefix(rest, "/*") && !strings.HasPrefix(rest, "/*+"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return l.bad(len(rest), "the comment does not end")
			}
			l.skip(n + 4)
		default:
			n := len(rest) - len(strings.TrimLeftFunc(rest, isSpace))
			if n == 0 {
				return true
			}
			l.skip(n)
		}
	}
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func wordLength(s string) int {
	for i, r := range s {
		first := r == '_' || unicode.IsLetter(r)
		if !first && (i == 0 || r != '$' && !unicode.IsDigit(r) && !unicode.IsMark(r)) {
			return i
		}
	}
	return len(s)
}

// number returns the kind and length of the number that s begins with.
func number(s string) (tokenKind, int) {
	digits := func(from int) int {
		for from < len(s) && isDigit(s[from]) {
			from++
		}
		return from
	}
	kind, n := integerNumber, digits(0)
	if n < len(s) && s[n] == '.' {
		kind, n = decimalNumber, digits(n+1)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		exponent := n + 1
		if exponent < len(s) && (s[exponent] == '+' || s[exponent] == '-') {
			exponent++
		}
		// 9else is the number 9 and the word else.
		if end := digits(exponent); end > exponent {
			return floatNumber, end
		}
	}
	return kind, n
}

// quoted reads text in quotes after a prefix; a doubled quote stands for itself.
func (l *lexer) quoted(kind tokenKind, prefix int, quote byte, what string) bool {
	rest := l.rest()
	body := rest[prefix+1:]
	for n := 0; ; n += 2 {
		next := strings.IndexByte(body[n:], quote)
		if next < 0 {
			line, _, _ := strings.Cut(rest, "\n")
			return l.bad(len(line), "the "+what+" does not end")
		}
		n += next
		if n+1 < len(body) && body[n+1] == quote {
			continue
		}
		single := string(quote)
		text := strings.ReplaceAll(body[:n], single+single, single)
		if !utf8.ValidString(text) {
			return l.bad(prefix+n+2, "the text is not UTF-8")
		}
		l.emit(kind, prefix+n+2, text)
		return true
	}
}
