package logline

import (
	"bytes"
)

// param is a parameter of structured data.
type param struct {
	name, value []byte
}

// structured reads the structured data of RFC 5424 and returns what follows it: nothing, or a blank and the message. A
// parameter that comes more than once in its element, as the RFC allows, is a list.
func (p *syslog) structured(o *object, b []byte) (message []byte, err error) {
	if len(b) > 0 && b[0] == '-' {
		return p.behind(b[1:])
	}
	if len(b) == 0 || b[0] != '[' {
		return nil, refuse("structured", "here should stand [ or -: "+shown(b))
	}
	if p.values = p.values[:0]; cap(p.values) < len(b) {
		p.values = make([]byte, 0, len(b)) // never grows then: params point into it
	}
	o.name("structured")
	inner := begin(o.dst)
	var seen [][]byte
	for len(b) > 0 && b[0] == '[' {
		var id []byte
		if id, b, err = p.element(b[1:]); err != nil {
			return nil, err
		}
		for _, s := range seen {
			if bytes.Equal(s, id) {
				return nil, refuse("structured", "an element comes twice: "+shown(id))
			}
		}
		if len(seen) == maxFields {
			return nil, refuse("structured", "it has too many elements")
		}
		if len(b) > 0 && b[0] == '[' || len(seen) > 0 { // one element alone, the usual case, needs no list
			seen = append(seen, id)
		}
		inner.name(string(id))
		params := begin(inner.dst)
		p.write(&params)
		inner.dst = params.end()
	}
	o.dst = inner.end()
	return p.behind(b)
}

func (p *syslog) behind(b []byte) ([]byte, error) {
	if len(b) > 0 && b[0] != ' ' {
		return nil, refuse("structured", "a blank should follow it: "+shown(b))
	}
	return b, nil
}

// element reads an element from behind its bracket and returns what follows it; its parameters are in params.
func (p *syslog) element(b []byte) (id, rest []byte, err error) {
	p.params = p.params[:0]
	end := bytes.IndexAny(b, " ]\"=")
	if end <= 0 || b[end] != ' ' && b[end] != ']' {
		return nil, nil, refuse("structured", "an element has no id: "+shown(b))
	}
	id, b = b[:end], b[end:]
	for {
		b = bytes.TrimLeft(b, " ")
		if len(b) > 0 && b[0] == ']' {
			return id, b[1:], nil
		}
		if len(p.params) == maxFields {
			return nil, nil, refuse("structured", "an element has too many parameters")
		}
		end := bytes.IndexAny(b, " ]\"=")
		if end <= 0 || b[end] != '=' || end+1 == len(b) || b[end+1] != '"' {
			return nil, nil, refuse("structured", `here should stand name="value": `+shown(b))
		}
		pr := param{name: b[:end]}
		if pr.value, b, err = p.value(b[end+2:]); err != nil {
			return nil, nil, err
		}
		p.params = append(p.params, pr)
	}
}

// value reads a value from behind its quote. Only quotes, brackets and backslashes are escaped in it.
func (p *syslog) value(b []byte) (value, rest []byte, err error) {
	from := len(p.values)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			return p.values[from:len(p.values):len(p.values)], b[i+1:], nil
		case '\\':
			if i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\\' || b[i+1] == ']') {
				i++
			}
		}
		p.values = append(p.values, b[i])
	}
	return nil, nil, refuse("structured", "a value is not closed")
}

// write writes params, those of one name together.
func (p *syslog) write(o *object) {
	for i := range p.params {
		if p.named(p.params[:i], p.params[i].name) > 0 {
			continue
		}
		name := p.params[i].name
		o.name(string(name))
		if p.named(p.params[i:], name) == 1 {
			o.dst = appendQuoted(o.dst, p.params[i].value)
			continue
		}
		o.dst = append(o.dst, '[')
		for j, pr := range p.params[i:] {
			if !bytes.Equal(pr.name, name) {
				continue
			}
			if j > 0 {
				o.dst = append(o.dst, ',')
			}
			o.dst = appendQuoted(o.dst, pr.value)
		}
		o.dst = append(o.dst, ']')
	}
}

func (p *syslog) named(params []param, name []byte) (n int) {
	for i := range params {
		if bytes.Equal(params[i].name, name) {
			n++
		}
	}
	return n
}
