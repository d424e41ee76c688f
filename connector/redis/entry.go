package redis

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/redis/rueidis"

	"millrace/connector"
	"millrace/format"
)

// shape says what becomes of the fields of an entry.
type shape struct {
	field, key string
	numbers    bool
}

// Ids may be given by who adds entries: only those of this century are times.
const (
	earliestTime = 946684800000  // 2000-01-01 in milliseconds
	latestTime   = 4102444800000 // 2100-01-01
)

// record makes a record of an entry. An error says why it cannot; the record then has what there is.
func (s shape) record(source, stream string, e rueidis.XRangeSlice) (connector.Record, error) {
	r := connector.Record{
		Key: []byte(stream),
		Headers: []connector.Header{
			{Name: "millrace.source", Value: []byte(source)},
			{Name: "redis.stream", Value: []byte(stream)},
			{Name: "redis.id", Value: []byte(e.ID)},
		},
	}
	if ms, _ := parseID(e.ID); ms >= earliestTime && ms < latestTime {
		r.Time = time.UnixMilli(int64(ms))
	}
	if s.key != "" {
		if key, ok := fieldOf(e, s.key); ok {
			r.Key = []byte(key)
		}
	}
	if s.field == "" {
		r.Value = s.object(e)
		return r, nil
	}
	value, ok := fieldOf(e, s.field)
	if !ok {
		r.Value = s.object(e)
		return r, &format.Error{Field: s.field, Reason: fmt.Sprintf("entry %s of stream %s has no such field", e.ID, stream)}
	}
	r.Value = []byte(value)
	return r, nil
}

func fieldOf(e rueidis.XRangeSlice, name string) (string, bool) {
	i := slices.IndexFunc(e.FieldValues, func(f rueidis.XRangeFieldValue) bool { return f.Field == name })
	if i < 0 {
		return "", false
	}
	return e.FieldValues[i].Value, true
}

// object writes the fields as a JSON object, in their order. Of fields with one name the last counts.
func (s shape) object(e rueidis.XRangeSlice) []byte {
	size := 2
	for _, f := range e.FieldValues {
		size += len(f.Field) + len(f.Value) + 6
	}
	dst := append(make([]byte, 0, size), '{')
	for i, f := range e.FieldValues {
		if slices.ContainsFunc(e.FieldValues[i+1:], func(g rueidis.XRangeFieldValue) bool { return g.Field == f.Field }) {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, f.Field), ':')
		if s.numbers && isNumber(f.Value) {
			dst = append(dst, f.Value...)
		} else {
			dst = appendText(dst, f.Value)
		}
	}
	return append(dst, '}')
}

// isNumber says whether text is a number as JSON writes it.
func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && text[len(text)-1] >= '0' && json.Valid([]byte(text))
}

// appendText writes a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always has a form
			}
			return append(dst, text...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
