package logline

import (
	"regexp"
	"time"

	"millrace/fault"
)

// pattern reads what the groups of a regular expression catch.
type pattern struct {
	fields *fields
	expr   *regexp.Regexp
	names  [][]byte // of the groups; empty: not a field
	what   string   // for the reason of a refusal
	first  []int    // groups with the same name: the first that took part counts; -1 if it is the first itself
}

func newRegex(f *fields, text string) (*pattern, error) {
	if text == "" {
		return nil, fault.New(fault.Invalid, "option %q is missing", optPattern).WithHint(`the log format regex needs one: ^(?P<level>\w+) (?P<message>.*)$`)
	}
	expr, err := regexp.Compile(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "option %q: %w", optPattern, err).WithHint("regular expressions are those of Go and RE2: no look-around, no back references")
	}
	return newPattern(f, expr, expr.SubexpNames(), "the regular expression")
}

func newPattern(f *fields, expr *regexp.Regexp, names []string, what string) (*pattern, error) {
	p := &pattern{fields: f, expr: expr, names: make([][]byte, len(names)), first: make([]int, len(names)), what: what}
	seen, named := map[string]int{}, 0
	for i, name := range names {
		p.first[i] = -1
		if name == "" {
			continue
		}
		named++
		p.names[i] = []byte(name)
		if before, again := seen[name]; again {
			p.first[i] = before
		} else {
			seen[name] = i
		}
	}
	if named == 0 {
		return nil, fault.New(fault.Invalid, "option %q names no field", optPattern).WithHint("a group with a name is one: (?P<level>\\w+), in grok %%{LOGLEVEL:level}")
	}
	return p, nil
}

func (p *pattern) Append(dst, line []byte) ([]byte, time.Time, error) {
	var at time.Time
	if len(line) == 0 {
		return dst, at, nil
	}
	spans := p.expr.FindSubmatchIndex(line)
	if spans == nil {
		return dst, at, refuse("", p.what+" does not match: "+shown(line))
	}
	o := begin(dst)
	for i, name := range p.names {
		if len(name) == 0 || p.first[i] >= 0 {
			continue
		}
		from, upto := p.caught(spans, i)
		if from < 0 {
			continue
		}
		if err := p.fields.append(&o, name, line[from:upto], &at); err != nil {
			return dst, time.Time{}, err
		}
	}
	return o.end(), at, nil
}

// caught is what the first group of a name caught that took part in the match, from -1 if none did.
func (p *pattern) caught(spans []int, group int) (from, upto int) {
	for i := group; i < len(p.names); i++ {
		if (i == group || p.first[i] == group) && spans[2*i] >= 0 {
			return spans[2*i], spans[2*i+1]
		}
	}
	return -1, -1
}
