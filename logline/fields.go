package logline

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/format/json/scan"
)

// kind is what the text of a field stands for.
type kind uint8

const (
	textKind kind = iota
	intKind
	floatKind
	boolKind
)

func parseKind(s string) (kind, bool) {
	switch strings.ToLower(s) {
	case "string", "text", "keyword":
		return textKind, true
	case "int", "long", "integer":
		return intKind, true
	case "float", "double":
		return floatKind, true
	case "bool", "boolean":
		return boolKind, true
	}
	return textKind, false
}

// fields writes texts as the values that the settings say they are.
type fields struct {
	kinds     map[string]kind
	timeField string
	clock     *Clock
}

// newFields reads a list like "status:int, seconds:float".
func newFields(types, timeField string, clock *Clock) (*fields, error) {
	f := &fields{kinds: map[string]kind{}, timeField: timeField, clock: clock}
	for part := range strings.SplitSeq(types, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		at := strings.LastIndexByte(part, ':')
		if at < 1 {
			return nil, fault.New(fault.Invalid, "option %q: %q is no field and type", optTypes, part).WithHint("write it like this: status:int, seconds:float")
		}
		if err := f.set(strings.TrimSpace(part[:at]), strings.TrimSpace(part[at+1:])); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *fields) set(name, kindName string) error {
	k, ok := parseKind(kindName)
	if !ok {
		return fault.New(fault.Invalid, "type %q of field %q is not known", kindName, name).WithHint("it is one of string, int, float, bool")
	}
	f.kinds[name] = k
	return nil
}

// append writes a field. A number or truth that is empty or a dash is left out. at is set if the field
// says when it happened.
func (f *fields) append(o *object, name, value []byte, at *time.Time) error {
	if f.timeField != "" && string(name) == f.timeField {
		t, ok := f.clock.Parse(value)
		if !ok {
			return refuse(f.timeField, "this is no time: "+shown(value))
		}
		*at = t
		o.name(f.timeField)
		o.dst = appendTime(o.dst, t)
		return nil
	}
	k := f.kinds[string(name)]
	if k != textKind && (len(value) == 0 || len(value) == 1 && value[0] == '-') {
		return nil
	}
	mark := len(o.dst)
	if len(o.dst) > o.start+1 {
		o.dst = append(o.dst, ',')
	}
	o.dst = append(appendQuoted(o.dst, name), ':')
	out, ok := appendKind(o.dst, k, value)
	if !ok {
		o.dst = o.dst[:mark]
		return refuse(string(name), "this is no "+kindNoun(k)+": "+shown(value))
	}
	o.dst = out
	return nil
}

func kindNoun(k kind) string { return [...]string{"text", "whole number", "number", "truth"}[k] }

func appendKind(dst []byte, k kind, value []byte) ([]byte, bool) {
	switch k {
	case intKind:
		n, err := strconv.ParseInt(string(value), 10, 64)
		return strconv.AppendInt(dst, n, 10), err == nil
	case floatKind:
		var s scan.Scanner
		if end, _ := s.Number(value, 0); end == len(value) {
			return append(dst, value...), true // as it was written
		}
		n, err := strconv.ParseFloat(string(value), 64)
		if err != nil || n-n != 0 { // no NaN, no infinity
			return dst, false
		}
		return strconv.AppendFloat(dst, n, 'g', -1, 64), true
	case boolKind:
		switch {
		case oneOf(value, "true", "yes", "on", "1", "t", "y"):
			return append(dst, "true"...), true
		case oneOf(value, "false", "no", "off", "0", "f", "n"):
			return append(dst, "false"...), true
		}
		return dst, false
	}
	return appendQuoted(dst, value), true
}

func oneOf(value []byte, words ...string) bool {
	for _, w := range words {
		if bytes.EqualFold(value, []byte(w)) {
			return true
		}
	}
	return false
}

// shown is a value as an error shows it.
func shown(value []byte) string {
	const most = 64
	if len(value) > most {
		return strconv.Quote(string(value[:most])) + "…"
	}
	return strconv.Quote(string(value))
}
