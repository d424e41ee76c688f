package logline

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"millrace/fault"
	"millrace/option"
)

// csvLine reads one line of values (RFC 4180).
type csvLine struct {
	fields    *fields
	columns   [][]byte
	delimiter byte
	quote     byte // 0: none
	values    [][]byte
	scratch   []byte
}

func newCSV(f *fields, v option.Values) (*csvLine, error) {
	p := &csvLine{fields: f}
	for name := range strings.SplitSeq(v.String(optColumns), ",") {
		p.columns = append(p.columns, []byte(strings.TrimSpace(name)))
	}
	if len(p.columns) > maxFields {
		return nil, fault.New(fault.Limit, "option %q has %d names, more than %d", optColumns, len(p.columns), maxFields)
	}
	used := map[string]bool{}
	for _, c := range p.columns {
		if len(c) > 0 && used[string(c)] {
			return nil, fault.New(fault.Invalid, "option %q names %q twice", optColumns, c)
		}
		used[string(c)] = true
	}
	if delete(used, ""); len(used) == 0 {
		return nil, fault.New(fault.Invalid, "option %q is missing", optColumns).WithHint("the log format csv needs names for its columns: time,level,message")
	}
	var err error
	if p.delimiter, err = oneByte(optDelimiter, v.String(optDelimiter), ","); err != nil {
		return nil, err
	}
	if quote := v.String(optQuote); quote != "none" {
		if p.quote, err = oneByte(optQuote, quote, `"`); err != nil {
			return nil, err
		}
	}
	if p.quote == p.delimiter {
		return nil, fault.New(fault.Invalid, "options %q and %q are the same", optDelimiter, optQuote)
	}
	return p, nil
}

func oneByte(opt, text, unset string) (byte, error) {
	switch text {
	case "":
		text = unset
	case "tab", `\t`:
		text = "\t"
	}
	if len(text) != 1 || text[0] >= utf8.RuneSelf || text[0] == '\n' || text[0] == '\r' {
		return 0, fault.New(fault.Invalid, "option %q: %q is not one ASCII character", opt, text)
	}
	return text[0], nil
}

func (p *csvLine) Append(dst, line []byte) ([]byte, time.Time, error) {
	var at time.Time
	if len(line) == 0 {
		return dst, at, nil
	}
	if err := p.split(line); err != nil {
		return dst, at, err
	}
	if len(p.values) != len(p.columns) {
		return dst, at, refuse("", fmt.Sprintf("there are %d values for %d columns: %s", len(p.values), len(p.columns), shown(line)))
	}
	if p.isHeader() {
		return dst, at, nil
	}
	o := begin(dst)
	for i, name := range p.columns {
		if len(name) == 0 {
			continue
		}
		if err := p.fields.append(&o, name, p.values[i], &at); err != nil {
			return dst, time.Time{}, err
		}
	}
	return o.end(), at, nil
}

func (p *csvLine) isHeader() bool {
	for i, name := range p.columns {
		if len(name) > 0 && !bytes.Equal(bytes.TrimSpace(p.values[i]), name) {
			return false
		}
	}
	return true
}

// split fills values, up to one more than there are columns.
func (p *csvLine) split(line []byte) error {
	p.values, p.scratch = p.values[:0], p.scratch[:0]
	if cap(p.scratch) < len(line) {
		p.scratch = make([]byte, 0, len(line)) // never grows then: values point into it
	}
	for i := 0; len(p.values) <= len(p.columns); {
		value, end, err := p.value(line, i)
		if err != nil {
			return err
		}
		p.values = append(p.values, value)
		if end == len(line) {
			return nil
		}
		i = end + 1
	}
	return nil
}

// value reads one value and returns the position of the delimiter behind it.
func (p *csvLine) value(line []byte, i int) ([]byte, int, error) {
	if p.quote == 0 || i == len(line) || line[i] != p.quote {
		if n := bytes.IndexByte(line[i:], p.delimiter); n >= 0 {
			return line[i : i+n], i + n, nil
		}
		return line[i:], len(line), nil
	}
	from := len(p.scratch)
	for i++; ; {
		n := bytes.IndexByte(line[i:], p.quote)
		if n < 0 {
			return nil, 0, refuse("", "a quote is not closed: "+shown(line))
		}
		p.scratch = append(p.scratch, line[i:i+n]...)
		if i += n + 1; i == len(line) || line[i] != p.quote {
			break
		}
		p.scratch = append(p.scratch, p.quote)
		i++
	}
	if i < len(line) && line[i] != p.delimiter {
		return nil, 0, refuse("", fmt.Sprintf("byte %d: the delimiter should follow the quote", i))
	}
	return p.scratch[from:len(p.scratch):len(p.scratch)], i, nil
}
