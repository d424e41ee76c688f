package protobuf

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"millrace/fault"
	"millrace/format"
	"millrace/schema"
)

// message is the plan to read or write messages of one kind as rows.
type message struct {
	fields   []*field
	byNumber map[protowire.Number]int
}

// field is a field of a message and its column. Fields without a column are there for their oneof.
type field struct {
	name   string
	number protowire.Number
	kind   protoreflect.Kind
	wire   protowire.Type // of one value
	at     int            // the column of the rows' schema, or the field of a ROW; -1: none
	column schema.Type
	of     schema.Type // of one value: the element's of an ARRAY

	repeated, packed, presence, required bool

	sub        *message // of a message
	key, value *field   // of a map
	order      format.MapOrder
	names      map[protoreflect.EnumNumber][]byte
	numbers    map[string]protoreflect.EnumNumber
	first      protoreflect.EnumNumber // of an enum
	siblings   []int                   // the other fields of its oneof

	integer int64 // its default
	float   float64
	bytes   []byte
}

func planMessage(d protoreflect.MessageDescriptor, columns []schema.Field) (*message, error) {
	m := &message{byNumber: map[protowire.Number]int{}}
	for at, c := range columns {
		fd := d.Fields().ByName(protoreflect.Name(c.Name))
		if fd == nil {
			return nil, fault.New(fault.Invalid, "message %s has no field %q", d.FullName(), c.Name)
		}
		f, err := planField(fd, c.Type)
		if err != nil {
			return nil, err
		}
		f.at = at
		m.add(f)
	}
	for i := range len(m.fields) {
		m.planOneof(d, i)
	}
	return m, nil
}

func (m *message) add(f *field) int {
	m.byNumber[f.number] = len(m.fields)
	m.fields = append(m.fields, f)
	return len(m.fields) - 1
}

// planOneof links the i-th field to the others of its oneof, those without a column too.
func (m *message) planOneof(d protoreflect.MessageDescriptor, i int) {
	one := d.Fields().ByNumber(m.fields[i].number).ContainingOneof()
	if one == nil || one.IsSynthetic() {
		return
	}
	for k := range one.Fields().Len() {
		fd := one.Fields().Get(k)
		if fd.Number() == m.fields[i].number {
			continue
		}
		sibling, ok := m.byNumber[fd.Number()]
		if !ok {
			sibling = m.add(&field{number: fd.Number(), kind: fd.Kind(), wire: wireOf(fd.Kind()), at: -1})
			m.planOneof(d, sibling)
		}
		m.fields[i].siblings = append(m.fields[i].siblings, sibling)
	}
}

func planField(fd protoreflect.FieldDescriptor, t schema.Type) (*field, error) {
	f := &field{name: string(fd.Name()), number: fd.Number(), kind: fd.Kind(), wire: wireOf(fd.Kind()), column: t, of: t, presence: fd.HasPresence(), required: fd.Cardinality() == protoreflect.Required}
	unlike := func() error {
		return fault.New(fault.Invalid, "field %q is %s, which is no %s", fd.FullName(), describe(fd), t.Nullable())
	}
	switch {
	case fd.IsMap():
		if t.ID != schema.Map {
			return nil, unlike()
		}
		f.repeated = true
		var err error
		if f.key, err = planField(fd.MapKey(), t.Fields[0].Type); err == nil {
			f.value, err = planField(fd.MapValue(), t.Fields[1].Type)
		}
		return f, err
	case fd.IsList():
		if t.ID != schema.Array {
			return nil, unlike()
		}
		f.repeated, f.packed, f.of = true, fd.IsPacked(), t.Fields[0].Type
	}
	if fd.Kind() == protoreflect.MessageKind && f.of.ID == schema.Row {
		var err error
		f.sub, err = planMessage(fd.Message(), f.of.Fields)
		return f, err
	}
	if !fits(fd.Kind(), f.of) {
		return nil, unlike()
	}
	f.planEnum(fd)
	f.planDefault(fd)
	return f, nil
}

func describe(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsMap():
		return "a map"
	case fd.IsList():
		return "repeated " + fd.Kind().String()
	}
	return fd.Kind().String()
}

// fits reports whether values of a kind can be those of a type, by Flink's table.
func fits(k protoreflect.Kind, t schema.Type) bool {
	switch k {
	case protoreflect.BoolKind:
		return t.ID == schema.Boolean
	case protoreflect.EnumKind:
		return t.IsString() || t.IsInteger()
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Uint32Kind, protoreflect.Sfixed32Kind, protoreflect.Fixed32Kind:
		return t.ID == schema.Int
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Uint64Kind, protoreflect.Sfixed64Kind, protoreflect.Fixed64Kind:
		return t.ID == schema.BigInt
	case protoreflect.FloatKind:
		return t.ID == schema.Float
	case protoreflect.DoubleKind:
		return t.ID == schema.Double
	case protoreflect.StringKind:
		return t.IsString()
	case protoreflect.BytesKind:
		return t.IsBinary()
	}
	return false
}

func wireOf(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Sfixed32Kind, protoreflect.Fixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Sfixed64Kind, protoreflect.Fixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}

func (f *field) planEnum(fd protoreflect.FieldDescriptor) {
	if f.kind != protoreflect.EnumKind {
		return
	}
	values := fd.Enum().Values()
	f.names, f.numbers = map[protoreflect.EnumNumber][]byte{}, map[string]protoreflect.EnumNumber{}
	f.first = values.Get(0).Number()
	for i := range values.Len() {
		v := values.Get(i)
		f.numbers[string(v.Name())] = v.Number()
		if f.names[v.Number()] == nil { // the first of aliases
			f.names[v.Number()] = []byte(v.Name())
		}
	}
}

func (f *field) planDefault(fd protoreflect.FieldDescriptor) {
	if f.repeated {
		if f.kind == protoreflect.EnumKind {
			f.integer = int64(f.first)
		}
		return
	}
	v := fd.Default()
	switch f.kind {
	case protoreflect.BoolKind:
		if v.Bool() {
			f.integer = 1
		}
	case protoreflect.EnumKind:
		f.integer = int64(v.Enum())
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		f.float = v.Float()
	case protoreflect.StringKind:
		f.bytes = []byte(v.String())
	case protoreflect.BytesKind:
		f.bytes = v.Bytes()
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		f.integer = int64(int32(uint32(v.Uint())))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		f.integer = int64(v.Uint())
	default:
		f.integer = v.Int()
	}
}

// integerOf turns the bits of a varint or a fixed value into an integer of the column.
func (f *field) integerOf(bits uint64) int64 {
	switch f.kind {
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		v := protowire.DecodeZigZag(bits)
		if f.kind == protoreflect.Sint32Kind {
			v = protowire.DecodeZigZag(bits & math.MaxUint32)
		}
		return v
	case protoreflect.Int64Kind, protoreflect.Uint64Kind, protoreflect.Sfixed64Kind, protoreflect.Fixed64Kind:
		return int64(bits)
	}
	return int64(int32(bits)) // as Java: what is above 32 bits is cut off, uint32 is signed
}
