// Package json reads and writes rows as JSON objects, as Flink's json format does.
//
// The decoder is the first thing that every record meets: it parses the bytes once, keeps only the
// fields it was made for and writes them straight into columns. It still reads all of the record: one
// that is not exactly one valid JSON value (RFC 8259, in valid UTF-8, at most MaxDepth deep and
// MaxRecord long) is refused as a whole, whichever fields are wanted. Flink, which stops at the end of
// the object and lets control characters stand in strings, passes over some of that.
//
// Values are converted as leniently as Flink does: "12" is an INT, 12 is a STRING, an object is a
// STRING with its JSON text, any text but true is the BOOLEAN false. Beyond that:
//
//   - A name that stands twice counts as it stands last.
//   - Half of a surrogate pair reads as U+FFFD.
//   - An array of objects is a row each, in one batch or not at all; null and blank text are no rows.
//   - VARCHAR(n) is not enforced, and a DECIMAL with too many digits is NULL.
//   - A part of a ROW, ARRAY or MAP that cannot be read is NULL where errors are ignored; so is all around it that
//     must not have a NULL there. Without ignoring, what is NOT NULL must be there at any depth.
//   - Of two entries of a MAP with one key the last counts. Entries come in the order of Flink's hashes.
package json

import (
	"millrace/format"
	"millrace/format/json/scan"
	"millrace/option"
)

// Limits of one record. A batch of records addresses its text with 31 bits.
const (
	MaxDepth  = scan.MaxDepth
	MaxRecord = 16 << 20
)

// Spec returns the format as SQL sees it.
func Spec() format.Spec {
	return format.Spec{
		Name:       "json",
		Doc:        "JSON objects, one a record; the fields are matched by name.",
		Options:    options(),
		NewDecoder: newDecoder,
		NewEncoder: newEncoder,
	}
}

func options() []option.Option {
	return []option.Option{
		{Name: "fail-on-missing-field", Kind: option.Bool, Default: "false", Doc: "Refuse a record in which a field is missing; else it is NULL."},
		{Name: "ignore-parse-errors", Kind: option.Bool, Default: "false", Doc: "A field that cannot be read is NULL and a broken record is skipped, instead of being refused."},
		{Name: "timestamp-format.standard", Default: "SQL", OneOf: []string{"SQL", "ISO-8601"}, Doc: "How times are written: 2026-11-20 10:00:00.123 (SQL) or 2026-11-20T10:00:00.123 (ISO-8601)."},
		{Name: "map-null-key.mode", Default: "FAIL", OneOf: []string{"FAIL", "DROP", "LITERAL"}, Doc: "What to do with a NULL key of a MAP when writing."},
		{Name: "map-null-key.literal", Default: "null", Doc: "What is written for a NULL key when map-null-key.mode is LITERAL."},
		{Name: "encode.decimal-as-plain-number", Kind: option.Bool, Default: "false", Doc: "Write a DECIMAL without an exponent, 0.000000027 for 2.7E-8."},
		{Name: "encode.ignore-null-fields", Kind: option.Bool, Default: "false", Doc: "Leave fields that are NULL out when writing."},
		{Name: "decode.json-parser.enabled", Kind: option.Bool, Default: "true", Doc: "Which of Flink's two parsers to use; there is one here, and it makes no difference."},
	}
}

func timeStyle(v option.Values) format.TimeStyle {
	if v.String("timestamp-format.standard") == "ISO-8601" {
		return format.ISOTime
	}
	return format.SQLTime
}
