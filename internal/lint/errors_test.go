package lint

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// emptyStarts are first words that the position of the text says already: it is an error.
var emptyStarts = regexp.MustCompile(`^(?i:failed to|failure|error|errors|unable|cannot|can't|could not|couldn't)\b`)

// errorMakers are the calls whose first argument is the text of an error.
var errorMakers = [][2]string{{"fmt", "Errorf"}, {"errors", "New"}}

func TestErrorTextsNameTheOperation(t *testing.T) {
	tr := load(t)
	tr.each(func(f *file, n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 || !f.makesError(call.Fun) {
			return
		}
		text, ok := literal(call.Args[0])
		if !ok {
			return
		}
		if complaint := judgeErrorText(text); complaint != "" {
			t.Errorf("%s: error text %q %s", tr.at(call.Pos()), text, complaint)
		}
	})
}

func (f *file) makesError(fun ast.Expr) bool {
	for _, m := range errorMakers {
		if f.isSelector(fun, m[0], m[1]) {
			return true
		}
	}
	return false
}

// judgeErrorText says what is wrong with a text and what to write, or "".
func judgeErrorText(text string) string {
	if m := emptyStarts.FindString(text); m != "" {
		return "begins with \"" + m + "\": begin with the operation and its object: \"open table clicks: %w\""
	}
	first, size := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[size:])
	// Two capitals are an acronym or an SQL keyword: HTTP, GROUP BY.
	if unicode.IsUpper(first) && unicode.IsLower(second) {
		return "begins with a capital: begin in lower case, it will stand after a colon"
	}
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "\n") {
		return "ends like a sentence: leave the end off, a cause may follow"
	}
	return ""
}

func TestJudgeErrorText(t *testing.T) {
	f := func(text string, good bool) {
		t.Helper()
		if got := judgeErrorText(text); (got == "") != good {
			t.Errorf("judgeErrorText(%q) = %q, want good: %v", text, got, good)
		}
	}
	f("open table clicks: %w", true)
	f("GROUP BY needs a window", true)
	f("%q: no such table", true)
	f("", true)
	f("errored rows: %d", true)
	f("failed to open %s", false)
	f("Error opening %s", false)
	f("cannot open %s", false)
	f("Open %s", false)
	f("open %s.", false)
}

// literal is the value of a string literal, or of the first of several put together with +.
func literal(e ast.Expr) (string, bool) {
	for {
		sum, ok := e.(*ast.BinaryExpr)
		if !ok || sum.Op != token.ADD {
			break
		}
		e = sum.X
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	return unquote(lit.Value), true
}
