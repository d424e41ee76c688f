package function

import (
	"bytes"
	"unicode/utf8"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

func patterns() []Scalar {
	return []Scalar{
		{
			Name: "LIKE", Example: "'abcdef' LIKE 'ab%' = TRUE", Bind: bindLike("LIKE"),
			Doc: "Whether a text matches a pattern, in which % stands for any characters and _ for one. The character after ESCAPE, a backslash if none is written, takes their meaning away.",
		},
	}
}

func bindLike(name string) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 3); err != nil {
			return nil, err
		}
		params := []schema.TypeID{schema.VarChar, schema.VarChar, schema.VarChar}
		types, err := conform(name, args, params)
		if err != nil {
			return nil, err
		}
		o := &Overload{Args: types, Result: like(schema.Of(schema.Boolean), args), Kernel: likeRows}
		text, ok := constText(args[1])
		if !ok || len(args) == 3 && args[2].Const == nil {
			return o, nil
		}
		escape := `\`
		if len(args) == 3 {
			if escape, ok = constText(args[2]); !ok {
				return o, nil
			}
		}
		p, err := parsePattern([]byte(text), []byte(escape))
		if err != nil {
			return nil, err
		}
		o.Args = types[:1]
		o.Kernel = p.kernel
		return o, nil
	}
}

// likeRows matches patterns that differ from row to row.
func likeRows(c *Call, args []*vec.Column, dst *vec.Column) error {
	return each(c, dst, func(i int) error {
		escape := []byte{'\\'}
		if len(args) == 3 {
			escape = args[2].Bytes(i)
		}
		p, err := parsePattern(args[1].Bytes(i), escape)
		if err != nil {
			return err
		}
		dst.Bits.Put(i, p.match(args[0].Bytes(i)))
		return nil
	})
}

// pattern is a LIKE pattern cut at its percent signs. It is read-only and may be shared.
type pattern struct {
	parts    []part // between the percent signs
	anywhere bool   // there is a percent sign; else the only part is the whole text
}

// part is a run of characters to be matched: as bytes, with any set where an underscore stands.
type part struct {
	text []byte
	any  []bool // nil without underscores
}

func parsePattern(text, escape []byte) (*pattern, error) {
	esc, size := utf8.DecodeRune(escape)
	if size != len(escape) || size == 0 {
		return nil, fault.New(fault.Invalid, "escape %q of LIKE is not one character", escape)
	}
	p := &pattern{parts: []part{{}}}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		last := &p.parts[len(p.parts)-1]
		switch {
		case r == esc:
			next, m := utf8.DecodeRune(text[n:])
			if m == 0 || next != '%' && next != '_' && next != esc {
				return nil, fault.New(fault.Invalid, "pattern of LIKE: escape character %q must stand before %%, _ or itself", escape)
			}
			last.add(text[n:n+m], false)
			n += m
		case r == '%':
			p.anywhere = true
			p.parts = append(p.parts, part{})
		default:
			last.add(text[:n], r == '_')
		}
		text = text[n:]
	}
	return p, nil
}

func (p *part) add(char []byte, any bool) {
	if any && p.any == nil {
		p.any = make([]bool, len(p.text))
	}
	p.text = append(p.text, char...)
	if p.any != nil {
		for range char {
			p.any = append(p.any, any)
		}
	}
}

// prefix returns how many bytes at the start of s the part takes, or -1 if it does not match there.
func (p *part) prefix(s []byte) int {
	if p.any == nil {
		if bytes.HasPrefix(s, p.text) {
			return len(p.text)
		}
		return -1
	}
	at := 0
	for i, c := range p.text {
		switch {
		case at >= len(s):
			return -1
		case p.any[i]:
			_, n := utf8.DecodeRune(s[at:])
			at += n
		case s[at] != c:
			return -1
		default:
			at++
		}
	}
	return at
}

// suffix reports whether s ends with the part.
func (p *part) suffix(s []byte) bool {
	if p.any == nil {
		return bytes.HasSuffix(s, p.text)
	}
	at := len(s)
	for i := len(p.text) - 1; i >= 0; i-- {
		switch {
		case at == 0:
			return false
		case p.any[i]:
			_, n := utf8.DecodeLastRune(s[:at])
			at -= n
		case s[at-1] != p.text[i]:
			return false
		default:
			at--
		}
	}
	return true
}

// find returns where in s, behind its first match, the part ends, or -1.
func (p *part) find(s []byte) int {
	if p.any == nil {
		if i := bytes.Index(s, p.text); i >= 0 {
			return i + len(p.text)
		}
		return -1
	}
	for at := 0; at <= len(s); {
		if n := p.prefix(s[at:]); n >= 0 {
			return at + n
		}
		_, n := utf8.DecodeRune(s[at:])
		at += max(n, 1)
	}
	return -1
}

// match takes each part at its first place, which is right because what is between parts may be
// anything: no backtracking, time grows with len(s) times the longest part.
func (p *pattern) match(s []byte) bool {
	first := &p.parts[0]
	n := first.prefix(s)
	if !p.anywhere {
		return n == len(s)
	}
	if n < 0 {
		return false
	}
	s = s[n:]
	last := len(p.parts) - 1
	for i := 1; i < last; i++ {
		n := p.parts[i].find(s)
		if n < 0 {
			return false
		}
		s = s[n:]
	}
	return p.parts[last].suffix(s)
}

func (p *pattern) kernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	in := args[0]
	for k := range c.Rows.Len() {
		i := c.Rows.At(k)
		if !dst.IsNull(i) {
			dst.Bits.Put(i, p.match(in.Bytes(i)))
		}
	}
	return nil
}
