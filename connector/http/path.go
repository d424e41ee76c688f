package http

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"millrace/format/json/scan"
)

// path leads to values in a JSON text. It is safe for concurrent use.
type path []step

// step goes from a value to one in it.
type step struct {
	name  string // of a member; for a step of a pointer also an index
	index int    // of an element; -1: none
	each  bool   // all elements
}

// maxSteps is how many steps a path may have; values are not nested deeper.
const maxSteps = scan.MaxDepth

// parsePath reads a JSON pointer (RFC 6901), or names with dots between them, [n] for an element and [*] for all.
func parsePath(text string) (path, error) {
	var p path
	var err error
	if strings.HasPrefix(text, "/") {
		p, err = parsePointer(text)
	} else {
		p, err = parseDotted(text)
	}
	if err == nil && len(p) > maxSteps {
		err = fmt.Errorf("it has more than %d steps", maxSteps)
	}
	return p, err
}

func parsePointer(text string) (path, error) {
	var p path
	for token := range strings.SplitSeq(text[1:], "/") {
		for i := range len(token) {
			if token[i] == '~' && (i+1 == len(token) || token[i+1] != '0' && token[i+1] != '1') {
				return nil, fmt.Errorf("%q: a ~ is written ~0", token)
			}
		}
		s := step{name: strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~"), index: -1}
		if n, err := strconv.Atoi(token); err == nil && n >= 0 && strconv.Itoa(n) == token {
			s.index = n
		}
		p = append(p, s)
	}
	return p, nil
}

func parseDotted(text string) (path, error) {
	rest := strings.TrimPrefix(text, "$")
	var p path
	for first := true; rest != ""; first = false {
		if rest[0] == '[' {
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, errors.New("a bracket is not closed")
			}
			s, err := parseBracket(rest[1:end])
			if err != nil {
				return nil, err
			}
			p, rest = append(p, s), rest[end+1:]
			continue
		}
		if rest[0] == '.' {
			rest = rest[1:]
		} else if !first {
			return nil, fmt.Errorf("a dot should stand before %q", rest)
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, errors.New("a name is empty")
		}
		p, rest = append(p, step{name: rest[:end], index: -1}), rest[end:]
	}
	return p, nil
}

func parseBracket(text string) (step, error) {
	if text == "*" {
		return step{index: -1, each: true}, nil
	}
	if n := len(text); n >= 2 && (text[0] == '\'' || text[0] == '"') && text[n-1] == text[0] {
		return step{name: text[1 : n-1], index: -1}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return step{}, fmt.Errorf("[%s] is neither [*] nor a number nor a name in quotes", text)
	}
	return step{index: n}, nil
}

// several reports whether the path may lead to more than one value.
func (p path) several() bool {
	for _, s := range p {
		if s.each {
			return true
		}
	}
	return false
}

// find calls found with the values that the path leads to from a valid JSON value, and missing with those from
// which it leads no further, and why. Both get a part of b.
func (p path) find(b []byte, found func(value []byte), missing func(value []byte, why string)) {
	if len(p) == 0 {
		found(b)
		return
	}
	s := p[0]
	if s.each {
		if !elements(b, func(_ int, value []byte) bool { p[1:].find(value, found, missing); return true }) {
			missing(b, "here should be an array")
		}
		return
	}
	if value, why := s.from(b); why == "" {
		p[1:].find(value, found, missing)
	} else {
		missing(b, why)
	}
}

// from goes one step.
func (s step) from(b []byte) (value []byte, why string) {
	switch {
	case b[0] == '[' && s.index >= 0:
		elements(b, func(i int, v []byte) bool {
			if i == s.index {
				value = v
			}
			return i < s.index
		})
		if value == nil {
			return nil, fmt.Sprintf("there is no element %d", s.index)
		}
	case b[0] == '{' && (s.name != "" || s.index < 0):
		members(b, func(name, v []byte, plain bool) bool {
			if plain && string(name) == s.name || !plain && string(scan.AppendUnescaped(nil, name)) == s.name {
				value = v
			}
			return value == nil
		})
		if value == nil {
			return nil, fmt.Sprintf("there is no member %q", s.name)
		}
	case s.name == "":
		return nil, "here should be an array"
	default:
		return nil, fmt.Sprintf("there is no object with %q here", s.name)
	}
	return value, ""
}

// elements visits the elements of an array until visit says no. It reports whether b is one.
func elements(b []byte, visit func(i int, value []byte) bool) bool {
	if b[0] != '[' {
		return false
	}
	var s scan.Scanner
	for i, n := scan.Space(b, 1), 0; i < len(b) && b[i] != ']'; n++ {
		end := s.Skip(b, i, 1)
		if end < 0 || !visit(n, b[i:end]) {
			break
		}
		if i = scan.Space(b, end); i < len(b) && b[i] == ',' {
			i = scan.Space(b, i+1)
		}
	}
	return true
}

// members visits the members of an object until visit says no; plain names have no escapes.
func members(b []byte, visit func(name, value []byte, plain bool) bool) {
	var s scan.Scanner
	for i := scan.Space(b, 1); i < len(b) && b[i] == '"'; {
		end, plain := s.Text(b, i+1)
		start := s.Colon(b, end+1)
		stop := s.Skip(b, start, 1)
		if stop < 0 || !visit(b[i+1:end], b[start:stop], plain) {
			return
		}
		if i = scan.Space(b, stop); i < len(b) && b[i] == ',' {
			i = scan.Space(b, i+1)
		}
	}
}

// scalar returns the text of the value that the path leads to in a row; ok is false if it leads to none, or to
// an object, array or null.
func (p path) scalar(row []byte) (text []byte, ok bool) {
	p.find(row, func(v []byte) {
		switch v[0] {
		case '{', '[', 'n':
		case '"':
			text, ok = scan.AppendUnescaped(nil, v[1:len(v)-1]), true
		default:
			text, ok = v, true
		}
	}, func([]byte, string) {})
	return text, ok
}

// texts checks a body and returns the JSON values in it: one, or several behind each other.
func texts(body []byte) (values [][]byte, err error) {
	var s scan.Scanner
	for i := scan.Space(body, 0); i < len(body); i = scan.Space(body, i) {
		end := s.Skip(body, i, 0)
		if end < 0 {
			return nil, fmt.Errorf("byte %d: %s", s.At, s.Why)
		}
		values = append(values, body[i:end])
		i = end
	}
	if len(values) == 0 {
		return nil, errors.New("it is empty")
	}
	return values, nil
}
