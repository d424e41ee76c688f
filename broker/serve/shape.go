package serve

import (
	"bytes"
	"reflect"
	"sync"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// shape is how a kind of request of one version is laid out. A request is walked by its shape before kmsg reads it: kmsg believes counts of tagged fields that the
// request cannot hold, and spends minutes on them, and makes room for elements before it has seen them.
//
// Shapes are found out from kmsg itself: its fields are in the order in which they are sent, and whether a version has a field shows in what kmsg writes.
type shape struct {
	fields   []field
	flexible bool
	least    int // bytes of the shortest one
	memory   int // bytes of one in memory
}

// field is a field of a shape.
type field struct {
	kind   fieldKind
	size   int    // of fixed fields
	nested *shape // of structs, and of arrays of structs
}

type fieldKind uint8

const (
	fixedField fieldKind = iota
	textField            // a string: length and bytes
	bytesField
	arrayField    // of fixed fields
	textsField    // an array of strings
	structsField  // an array of structs
	structField   // a struct
	nullableField // a struct that may be missing
)

// walk passes over a struct and returns what it takes in memory. The reader is spoiled where the request ends too early or counts what it cannot hold.
func (s *shape) walk(r *reader) (memory int) {
	for i := range s.fields {
		f := &s.fields[i]
		switch f.kind {
		case fixedField:
			r.Span(f.size)
		case textField:
			memory += len(r.text(s.flexible))
		case bytesField:
			r.bytes(s.flexible) // not copied
		case arrayField:
			n := r.count(s.flexible, f.size)
			memory += n * f.size
			r.Span(n * f.size)
		case textsField:
			for n := r.count(s.flexible, s.leastText()); n > 0 && r.Ok(); n-- {
				memory += len(r.text(s.flexible)) + 16
			}
		case structsField:
			for n := r.count(s.flexible, max(f.nested.least, 1)); n > 0 && r.Ok(); n-- {
				memory += f.nested.memory + f.nested.walk(r)
			}
		case nullableField:
			if r.Int8() >= 0 {
				memory += f.nested.memory + f.nested.walk(r)
			}
		case structField:
			memory += f.nested.walk(r)
		}
		if !r.Ok() {
			return memory
		}
	}
	if s.flexible {
		r.skipTags()
	}
	return memory
}

func (s *shape) leastText() int {
	if s.flexible {
		return 1
	}
	return 2
}

// shapes are those of one kind of request, found out when they are first asked for.
type shapes struct {
	mu        sync.Mutex
	byVersion map[int16]*shape
}

// of returns the shape of a version of a kind.
func (s *shapes) of(key, version int16) *shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byVersion[version]
	if found == nil {
		if s.byVersion == nil {
			s.byVersion = map[int16]*shape{}
		}
		p := newProbe(key, version)
		found = p.shape(p.value)
		s.byVersion[version] = found
	}
	return found
}

// check walks a request, and says what is wrong with it.
func (s *shapes) check(f *frame, limit int) error {
	r := reader{kbin.Reader{Src: f.body}}
	memory := s.of(f.key, f.version).walk(&r)
	if !r.Ok() {
		return errTruncated
	}
	if memory > limit {
		return errSwollen
	}
	return nil
}

// probe is a request whose fields are changed one by one, to see what is sent of them.
type probe struct {
	req   kmsg.Request
	value reflect.Value
}

// newProbe makes a request that has one element in each array.
func newProbe(key, version int16) *probe {
	p := &probe{req: kmsg.RequestForKey(key)}
	p.value = reflect.ValueOf(p.req).Elem()
	fill(p.value)
	p.req.SetVersion(version)
	return p
}

func fill(v reflect.Value) {
	if d, ok := v.Addr().Interface().(interface{ Default() }); ok {
		d.Default()
	}
	for i := range v.NumField() {
		f := v.Field(i)
		switch {
		case !sent(v, i):
		case f.Kind() == reflect.Struct:
			fill(f)
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.New(f.Type().Elem()))
			fill(f.Elem())
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.Uint8:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			if f.Index(0).Kind() == reflect.Struct {
				fill(f.Index(0))
			}
		}
	}
}

// sent says whether a field of kmsg's struct is one of the message.
func sent(v reflect.Value, i int) bool {
	name := v.Type().Field(i).Name
	return name != "Version" && name != "UnknownTags"
}

// shape finds out the shape of a part of the request.
func (p *probe) shape(v reflect.Value) *shape {
	s := &shape{flexible: p.req.IsFlexible(), memory: int(v.Type().Size())}
	for i := range v.NumField() {
		if !sent(v, i) {
			continue
		}
		f := p.field(v.Field(i))
		if f == nil {
			continue
		}
		s.fields = append(s.fields, *f)
		s.least += f.least(s.flexible)
	}
	if s.flexible {
		s.least++
	}
	return s
}

// field finds out how a field is sent; nil: this version has none.
func (p *probe) field(v reflect.Value) *field {
	switch v.Kind() {
	case reflect.Struct:
		return p.nested(structField, v)
	case reflect.Slice:
		if elem := v.Type().Elem(); elem.Kind() != reflect.Uint8 {
			if !p.shows(v, reflect.MakeSlice(v.Type(), 0, 0)) {
				return nil
			}
			switch elem.Kind() {
			case reflect.Struct:
				return &field{kind: structsField, nested: p.shape(v.Index(0))}
			case reflect.String:
				return &field{kind: textsField}
			}
			return &field{kind: arrayField, size: int(elem.Size())}
		}
		return p.leaf(v, reflect.ValueOf([]byte{1}), field{kind: bytesField})
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.Struct {
			return p.nested(nullableField, v.Elem())
		}
		return p.leaf(v, reflect.ValueOf(kmsg.StringPtr("x")), field{kind: textField})
	case reflect.String:
		return p.leaf(v, reflect.ValueOf("x").Convert(v.Type()), field{kind: textField})
	case reflect.Bool:
		return p.leaf(v, reflect.ValueOf(!v.Bool()).Convert(v.Type()), field{kind: fixedField, size: 1})
	case reflect.Array:
		other := reflect.New(v.Type()).Elem()
		other.Index(0).SetUint(v.Index(0).Uint() + 1)
		return p.leaf(v, other, field{kind: fixedField, size: v.Len()})
	case reflect.Uint16:
		return p.leaf(v, reflect.ValueOf(v.Uint()+1).Convert(v.Type()), field{kind: fixedField, size: 2})
	case reflect.Float64:
		return p.leaf(v, reflect.ValueOf(v.Float()+1), field{kind: fixedField, size: 8})
	}
	return p.leaf(v, reflect.ValueOf(v.Int()+1).Convert(v.Type()), field{kind: fixedField, size: int(v.Type().Size())})
}

func (p *probe) nested(kind fieldKind, v reflect.Value) *field {
	s := p.shape(v)
	if len(s.fields) == 0 {
		return nil
	}
	return &field{kind: kind, nested: s}
}

func (p *probe) leaf(v, other reflect.Value, f field) *field {
	if !p.shows(v, other) {
		return nil
	}
	return &f
}

// shows says whether another value of a field is sent otherwise.
func (p *probe) shows(v, other reflect.Value) bool {
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	as := p.req.AppendTo(nil)
	v.Set(other)
	differs := !bytes.Equal(as, p.req.AppendTo(nil))
	v.Set(before)
	return differs
}

func (f *field) least(flexible bool) int {
	switch f.kind {
	case fixedField:
		return f.size
	case structField:
		return f.nested.least
	case nullableField:
		return 1
	}
	switch {
	case flexible:
		return 1
	case f.kind == textField:
		return 2
	}
	return 4
}
