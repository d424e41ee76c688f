package parse

import (
	"fmt"
	"strings"

	"millrace/sql/ast"
)

// Error is what is wrong with a script, and where.
type Error struct {
	Pos     ast.Pos
	End     ast.Pos
	Message string
	Hint    string // how to mend it, or empty
	Line    string // the source line of Pos
}

// Error returns the position and the message on one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("line %d, column %d: %s", e.Pos.Line, e.Pos.Column, e.Message)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Snippet returns the source line with carets under the part that is wrong.
func (e *Error) Snippet() string {
	var pad strings.Builder
	before := 0
	for _, r := range e.Line {
		if before++; before >= e.Pos.Column {
			break
		}
		// A tab stays a tab, so that the caret stands right at any tab width.
		if r == '\t' {
			pad.WriteRune(r)
		} else {
			pad.WriteByte(' ')
		}
	}
	carets := 1
	if e.End.Line == e.Pos.Line {
		carets = max(1, e.End.Column-e.Pos.Column)
	}
	return e.Line + "\n" + pad.String() + strings.Repeat("^", carets)
}

// NewError returns an error about a part of source, for those who bind what was parsed.
func NewError(source string, at ast.Span, message, hint string) *Error {
	return &Error{Pos: at.Pos, End: at.End, Message: message, Hint: hint, Line: lineAt(source, at.Pos.Offset)}
}

// Errors are the first errors of each statement, in order.
type Errors []*Error

// Error returns all of them, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single errors.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// maxLine bounds what an error shows of a source line.
const maxLine = 400

func lineAt(source string, offset int) string {
	offset = min(offset, len(source))
	from := strings.LastIndexByte(source[:offset], '\n') + 1
	line, _, _ := strings.Cut(source[from:], "\n")
	line = strings.TrimSuffix(line, "\r")
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "")
	}
	return line
}
