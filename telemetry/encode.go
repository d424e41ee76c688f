package telemetry

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// timestampLayout is ISO 8601 in UTC with milliseconds.
const timestampLayout = "2006-01-02T15:04:05.000Z"

// encodeJSON appends an entry as one line of JSON: the seven fixed keys, then the attributes. A key
// that an attribute shares with a fixed one gets the prefix "field_", as JSON readers keep only one
// of two.
func encodeJSON(buf []byte, e *entry) []byte {
	buf = append(buf, '{')
	if !e.time.IsZero() {
		buf = append(buf, `"timestamp":"`...)
		buf = e.time.UTC().AppendFormat(buf, timestampLayout)
		buf = append(buf, `",`...)
	}
	buf = append(buf, `"level":"`...)
	buf = append(buf, e.level.String()...)
	buf = append(buf, `","logger":`...)
	buf = appendString(buf, e.logger)
	buf = append(buf, `,"message":`...)
	buf = appendString(buf, e.message)
	buf = append(buf, `,"module":`...)
	buf = appendString(buf, e.module)
	buf = append(buf, `,"function":`...)
	buf = appendString(buf, e.function)
	buf = append(buf, `,"line":`...)
	buf = strconv.AppendInt(buf, int64(e.line), 10)
	for _, a := range e.attrs {
		buf = appendAttr(buf, a, true)
	}
	return append(buf, "}\n"...)
}

func isFixedKey(key string) bool {
	switch key {
	case "timestamp", "level", "logger", "message", "module", "function", "line":
		return true
	}
	return false
}

// appendAttr appends `,"key":value`. top says that it stands beside the fixed keys.
func appendAttr(buf []byte, a slog.Attr, top bool) []byte {
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() != slog.KindGroup || isEmptyGroup(v) {
		return buf
	}
	if a.Key == "" { // an inlined group
		for _, m := range v.Group() {
			buf = appendAttr(buf, m, top)
		}
		return buf
	}
	key := a.Key
	if top && isFixedKey(key) {
		key = "field_" + key
	}
	if last := buf[len(buf)-1]; last != '{' {
		buf = append(buf, ',')
	}
	buf = appendString(buf, key)
	buf = append(buf, ':')
	return appendValue(buf, v)
}

func isEmptyGroup(v slog.Value) bool {
	if v.Kind() != slog.KindGroup {
		return false
	}
	for _, a := range v.Group() {
		inner := a.Value.Resolve()
		if !isEmptyGroup(inner) && (a.Key != "" || inner.Kind() == slog.KindGroup) {
			return false
		}
	}
	return true
}

func appendValue(buf []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendString(buf, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(buf, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(buf, v.Uint64(), 10)
	case slog.KindFloat64:
		return appendFloat(buf, v.Float64())
	case slog.KindBool:
		return strconv.AppendBool(buf, v.Bool())
	case slog.KindDuration:
		return appendString(buf, v.Duration().String())
	case slog.KindTime:
		return appendString(buf, v.Time().UTC().Format(time.RFC3339Nano))
	case slog.KindGroup:
		buf = append(buf, '{')
		for _, a := range v.Group() {
			buf = appendAttr(buf, a, false)
		}
		return append(buf, '}')
	}
	return appendAny(buf, v.Any())
}

func appendAny(buf []byte, v any) []byte {
	switch x := v.(type) {
	case json.Marshaler: // before error: a fault may have more to say
	case error:
		return appendString(buf, x.Error())
	case fmt.Stringer:
		return appendString(buf, x.String())
	}
	text, err := json.Marshal(v)
	if err != nil {
		return appendString(buf, fmt.Sprintf("%+v", v))
	}
	return append(buf, text...)
}

// appendFloat writes what JSON has no number for as text.
func appendFloat(buf []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendString(buf, strconv.FormatFloat(f, 'g', -1, 64))
	}
	return strconv.AppendFloat(buf, f, 'g', -1, 64)
}

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString(buf []byte, s string) []byte {
	const hex = "0123456789abcdef"
	buf = append(buf, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			buf = utf8.AppendRune(buf, r)
			i += size
			continue
		}
		switch {
		case c == '"' || c == '\\':
			buf = append(buf, '\\', c)
		case c == '\n':
			buf = append(buf, '\\', 'n')
		case c == '\t':
			buf = append(buf, '\\', 't')
		case c < ' ' || c == 0x7f:
			buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			buf = append(buf, c)
		}
		i++
	}
	return append(buf, '"')
}

// encodeConsole appends an entry for people: time, level, logger, message, key=value.
func encodeConsole(buf []byte, e *entry) []byte { return appendConsole(buf, e, "", "") }

// encodeColor is encodeConsole with the level painted.
func encodeColor(buf []byte, e *entry) []byte {
	paint := "\x1b[36m" // debug: cyan
	switch {
	case e.level >= slog.LevelError:
		paint = "\x1b[31m"
	case e.level >= slog.LevelWarn:
		paint = "\x1b[33m"
	case e.level >= slog.LevelInfo:
		paint = "\x1b[32m"
	}
	return appendConsole(buf, e, paint, "\x1b[0m")
}

func appendConsole(buf []byte, e *entry, paint, plain string) []byte {
	if !e.time.IsZero() {
		buf = e.time.AppendFormat(buf, "15:04:05.000 ")
	}
	buf = append(buf, paint...)
	buf = fmt.Appendf(buf, "%-5s", e.level)
	buf = append(buf, plain...)
	buf = fmt.Appendf(buf, " %-9s %s", e.logger, printable(e.message))
	for _, a := range e.attrs {
		buf = appendPair(buf, "", a)
	}
	return append(buf, '\n')
}

func appendPair(buf []byte, prefix string, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, m := range v.Group() {
			buf = appendPair(buf, prefix, m)
		}
		return buf
	}
	if a.Key == "" {
		return buf
	}
	buf = append(buf, ' ')
	buf = append(buf, prefix...)
	buf = append(buf, a.Key...)
	buf = append(buf, '=')
	text := v.String()
	if text == "" || strings.ContainsAny(text, " \"=") || printable(text) != text {
		return strconv.AppendQuote(buf, text)
	}
	return append(buf, text...)
}

// printable escapes what would break the line or drive the terminal.
func printable(s string) string {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			quoted := strconv.Quote(s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return s
}
