// Package csv reads and writes rows as lines of comma-separated values, as Flink's csv format does.
//
// Fields are matched by position, so a decoder is made for all physical columns of a table, in order. A line with fewer fields ends in NULLs, one with
// more is refused, a blank line has one empty field. Without null-literal an empty field is an empty string,
// which is no number.
//
// ARRAY and ROW columns have plain values only and are one field, with array-element-delimiter between the values,
// which nothing can escape. A blank field is an ARRAY without elements, but a ROW that is NULL; null-literal is looked for
// in each value, so that an ARRAY is never NULL.
package csv

import (
	"fmt"
	"unicode/utf8"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
)

// Spec returns the format as SQL sees it.
func Spec() format.Spec {
	return format.Spec{
		Name:       "csv",
		Doc:        "Comma-separated values, one line a record; the fields are matched by position.",
		Options:    options(),
		Positional: true,
		NewDecoder: newDecoder,
		NewEncoder: newEncoder,
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: "field-delimiter", Default: ",", Doc: "The character between fields; \\t is a tab."},
		{Name: "disable-quote-character", Kind: option.Bool, Default: "false", Doc: "Read and write no quotes around fields."},
		{Name: "quote-character", Default: `"`, Doc: "The character around fields that contain delimiters; doubled it stands for itself."},
		{Name: "allow-comments", Kind: option.Bool, Default: "false", Doc: "Skip lines that begin with #."},
		{Name: "ignore-parse-errors", Kind: option.Bool, Default: "false", Doc: "A field that cannot be read is NULL and a broken line is skipped, instead of being refused."},
		{Name: "array-element-delimiter", Default: ";", Doc: "The character between the elements of an ARRAY and the fields of a ROW."},
		{Name: "escape-character", Doc: "A character that takes the one behind it as it is."},
		{Name: "null-literal", Doc: "The text of a field that is NULL."},
		{Name: "write-bigdecimal-in-scientific-notation", Kind: option.Bool, Default: "true", Doc: "Write a DECIMAL with an exponent where that is shorter, 1E+3 for 1000."},
	}
}

// dialect is how fields are told apart.
type dialect struct {
	delimiter, quote, escape byte // 0: none
	null                     []byte
	element                  []byte // between the values of an ARRAY or ROW
	hasNull                  bool
	comments                 bool
	plain                    bool // DECIMAL without exponent
}

func newDialect(s *schema.Schema, v option.Values) (dialect, error) {
	for _, f := range s.Fields {
		if t := f.Type; !flat(t) && ((t.ID != schema.Array && t.ID != schema.Row) || !flatInside(t)) {
			return dialect{}, fault.New(fault.Invalid, "format csv: column %q has type %s, but only an ARRAY or ROW of plain types fits a field", f.Name, t)
		}
	}
	d := dialect{
		null: []byte(v.String("null-literal")), element: []byte(v.String("array-element-delimiter")), hasNull: v.Has("null-literal"),
		comments: v.Bool("allow-comments"), plain: !v.Bool("write-bigdecimal-in-scientific-notation"),
	}
	if utf8.RuneCount(d.element) != 1 {
		return d, fault.New(fault.Invalid, "format csv: option \"array-element-delimiter\": %q is not one character", d.element)
	}
	var err error
	if d.delimiter, err = character(v, "field-delimiter"); err != nil {
		return d, err
	}
	if d.escape, err = character(v, "escape-character"); err != nil {
		return d, err
	}
	if !v.Bool("disable-quote-character") {
		d.quote, err = character(v, "quote-character")
	}
	return d, err
}

// flat reports whether t has no values inside.
func flat(t schema.Type) bool { return t.ID < schema.Array }

func flatInside(t schema.Type) bool {
	for _, f := range t.Fields {
		if !flat(f.Type) {
			return false
		}
	}
	return true
}

// character reads an option of one ASCII character. Flink takes \t for a tab.
func character(v option.Values, name string) (byte, error) {
	switch s := v.String(name); {
	case s == "":
		return 0, nil
	case s == `\t`:
		return '\t', nil
	case len(s) == 1 && s[0] < 0x80:
		return s[0], nil
	default:
		return 0, fault.New(fault.Invalid, "format csv: option %q: %q is not one ASCII character", name, s)
	}
}

func fieldError(name, why string, args ...any) *format.Error {
	return &format.Error{Field: name, Reason: fmt.Sprintf(why, args...)}
}
