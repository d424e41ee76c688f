package influx

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The escapes of line protocol as InfluxDB 2.7 reads them. A backslash is an escape only before a
// character that needs one, and there is none for the backslash itself: what ends in one cannot be
// written as a name or a tag. Nor can a line break.

func appendMeasurement(dst []byte, name string) []byte { return appendEscaped(dst, name, ", ") }

func appendKey(dst []byte, name string) []byte { return appendEscaped(dst, name, ",= ") }

func appendEscaped[T string | []byte](dst []byte, text T, special string) []byte {
	from := 0
	for i := range len(text) {
		// Letters are never special: they need not be looked for.
		if c := text[i]; (c <= '=' || c == '\\') && strings.IndexByte(special, c) >= 0 {
			dst = append(append(dst, text[from:i]...), '\\')
			from = i
		}
	}
	return append(dst, text[from:]...)
}

// appendText writes the value of a text field.
func appendText(dst, text []byte) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, text, `"\`)
	return append(dst, '"')
}

// checkName refuses names that a line cannot tell.
func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a name is empty")
	case !utf8.ValidString(name):
		return fmt.Errorf("name %q is not UTF-8", name)
	case strings.HasSuffix(name, `\`):
		return fmt.Errorf("name %q ends in a backslash, which InfluxDB has no writing for", name)
	}
	for _, lost := range []string{`\=`, `\,`, `\ `, `\"`} {
		if strings.Contains(name, lost) {
			return fmt.Errorf("name %q has %q in it, which InfluxDB has no writing for", name, lost)
		}
	}
	if i := strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return fmt.Errorf("name %q has a control character", name)
	}
	return nil
}

func checkMeasurement(name string) error {
	if strings.HasPrefix(name, "#") {
		return fmt.Errorf("name %q begins a comment in line protocol", name)
	}
	return checkName(name)
}

// checkTag refuses values that a line cannot tell.
func checkTag(value []byte) error {
	switch {
	case bytes.IndexByte(value, '\n') >= 0:
		return fmt.Errorf("tag value %q has a line break, which InfluxDB has no writing for", value)
	case bytes.HasSuffix(value, []byte(`\`)):
		return fmt.Errorf("tag value %q ends in a backslash, which InfluxDB has no writing for", value)
	}
	return nil
}
