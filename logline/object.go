package logline

import (
	"unicode/utf8"

	"millrace/format/json/scan"
)

// object is a JSON object that is being written.
type object struct {
	dst   []byte
	start int
}

func begin(dst []byte) object { return object{dst: append(dst, '{'), start: len(dst)} }

func (o *object) name(name string) {
	if len(o.dst) > o.start+1 {
		o.dst = append(o.dst, ',')
	}
	o.dst = append(appendQuoted(o.dst, name), ':')
}

func (o *object) text(name string, value []byte) {
	o.name(name)
	o.dst = appendQuoted(o.dst, value)
}

func (o *object) end() []byte { return append(o.dst, '}') }

// AddField appends a text to an object, as a Parser writes it, unless the object has a field of that name.
func AddField(object []byte, name, value string) []byte {
	if _, found := member(object, name); found {
		return object
	}
	object = object[:len(object)-1]
	if last := len(object) - 1; object[last] != '{' {
		object = append(object, ',')
	}
	object = append(appendQuoted(object, name), ':')
	return append(appendQuoted(object, value), '}')
}

// member returns the JSON text of a member of a valid object.
func member(object []byte, name string) (value []byte, found bool) {
	var s scan.Scanner
	for i := scan.Space(object, 1); i < len(object) && object[i] == '"'; {
		end, plain := s.Text(object, i+1)
		key := object[i+1 : end]
		same := plain && string(key) == name || !plain && string(scan.AppendUnescaped(nil, key)) == name
		start := s.Colon(object, end+1)
		i = s.Skip(object, start, 1)
		if same {
			value, found = object[start:i], true // of several the last counts, as for most readers
		}
		if i = scan.Space(object, i); i < len(object) && object[i] == ',' {
			i = scan.Space(object, i+1)
		}
	}
	return value, found
}

// appendQuoted appends text as a JSON string. What is no UTF-8 becomes U+FFFD.
func appendQuoted[T string | []byte](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			n := runeLength(text[i:min(len(text), i+utf8.UTFMax)])
			if n > 0 {
				i += n
				continue
			}
			dst = append(append(dst, text[start:i]...), "\ufffd"...)
			i++
			start = i
			continue
		}
		dst = append(append(dst, text[start:i]...), '\\')
		switch c {
		case '"', '\\':
			dst = append(dst, c)
		case '\n':
			dst = append(dst, 'n')
		case '\t':
			dst = append(dst, 't')
		case '\r':
			dst = append(dst, 'r')
		default:
			dst = append(dst, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}

// runeLength is how many bytes the first rune takes, 0 if it is none.
func runeLength[T string | []byte](text T) int {
	var b [utf8.UTFMax]byte
	n := copy(b[:], text)
	r, size := utf8.DecodeRune(b[:n])
	if r == utf8.RuneError && size == 1 {
		return 0
	}
	return size
}
