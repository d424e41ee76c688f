package logline

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxFields is how many fields a line may have. Each is compared with those behind it.
const maxFields = 500

// logfmt reads name=value pairs: level=info msg="it works" cached. A name alone is true; of several values of
// one name the last counts.
type logfmt struct {
	fields  *fields
	pairs   []pair
	scratch []byte // values whose escapes were resolved
}

// pair is a name and its value in the line or in scratch.
type pair struct {
	name, value []byte
	alone       bool
}

func (p *logfmt) Append(dst, line []byte) ([]byte, time.Time, error) {
	var at time.Time
	if len(bytes.TrimSpace(line)) == 0 {
		return dst, at, nil
	}
	if err := p.split(line); err != nil {
		return dst, at, err
	}
	o := begin(dst)
	for i := range p.pairs {
		pr := &p.pairs[i]
		if p.repeated(i) {
			continue
		}
		if pr.alone {
			o.name(string(pr.name))
			o.dst = append(o.dst, "true"...)
			continue
		}
		if err := p.fields.append(&o, pr.name, pr.value, &at); err != nil {
			return dst, time.Time{}, err
		}
	}
	return o.end(), at, nil
}

func (p *logfmt) repeated(i int) bool {
	for j := i + 1; j < len(p.pairs); j++ {
		if bytes.Equal(p.pairs[i].name, p.pairs[j].name) {
			return true
		}
	}
	return false
}

// split fills pairs.
func (p *logfmt) split(line []byte) error {
	p.pairs, p.scratch = p.pairs[:0], p.scratch[:0]
	if cap(p.scratch) < len(line) {
		p.scratch = make([]byte, 0, len(line)) // never grows then: pairs point into it
	}
	values := false
	for i := 0; ; {
		for i < len(line) && line[i] <= ' ' {
			i++
		}
		if i == len(line) {
			break
		}
		if len(p.pairs) == maxFields {
			return refuse("", "there are more than "+strconv.Itoa(maxFields)+" fields")
		}
		start := i
		for i < len(line) && line[i] > ' ' && line[i] != '=' && line[i] != '"' {
			i++
		}
		pr := pair{name: line[start:i]}
		if len(pr.name) == 0 {
			return refuse("", "byte "+strconv.Itoa(i)+": here should stand a name")
		}
		if i < len(line) && line[i] == '"' {
			return refuse("", "byte "+strconv.Itoa(i)+": a name has a quote in it")
		}
		if pr.alone = i == len(line) || line[i] != '='; !pr.alone {
			var err error
			if pr.value, i, err = p.value(line, i+1); err != nil {
				return err
			}
			values = true
		}
		p.pairs = append(p.pairs, pr)
	}
	if !values {
		return refuse("", "there is no name=value in the line: "+shown(line))
	}
	return nil
}

// value reads a value and returns the position behind it.
func (p *logfmt) value(line []byte, i int) ([]byte, int, error) {
	start := i
	if i == len(line) || line[i] != '"' {
		for i < len(line) && line[i] > ' ' {
			i++
		}
		return line[start:i], i, nil
	}
	for i++; i < len(line) && line[i] != '"'; i++ {
		if line[i] == '\\' {
			i++
		}
	}
	if i >= len(line) {
		return nil, i, refuse("", "byte "+strconv.Itoa(start)+": the quote is not closed")
	}
	inner := line[start+1 : i]
	if i++; i < len(line) && line[i] > ' ' {
		return nil, i, refuse("", "byte "+strconv.Itoa(i)+": a blank should follow the quote")
	}
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, i, nil
	}
	from := len(p.scratch)
	p.scratch = appendPlain(p.scratch, inner)
	return p.scratch[from:], i, nil
}

// appendPlain resolves the escapes of Go and JSON strings, as loggers write them; others stay as they are. What it
// appends is never longer than text.
func appendPlain(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\\' || i+1 == len(text) {
			dst = append(dst, c)
			continue
		}
		i++
		switch text[i] {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case '"', '\\', '/', '\'':
			dst = append(dst, text[i])
		case 'x', 'u':
			digits := 2
			if text[i] == 'u' {
				digits = 4
			}
			if i+digits >= len(text) {
				dst = append(dst, '\\', text[i])
				continue
			}
			code, err := strconv.ParseUint(string(text[i+1:i+1+digits]), 16, 32)
			if err != nil {
				dst = append(dst, '\\', text[i])
				continue
			}
			if text[i] == 'x' {
				dst = append(dst, byte(code))
			} else {
				dst = utf8.AppendRune(dst, rune(code))
			}
			i += digits
		default:
			dst = append(dst, '\\', text[i])
		}
	}
	return dst
}
