package protobuf

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"millrace/fault"
	"millrace/format"
	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// descriptors are what protoc makes of two files, one of each syntax.
const descriptors = `
file {
  name: "dir/user_event.proto" package: "com.example" syntax: "proto3"
  options { java_package: "org.example.pb" }
  enum_type { name: "Color" value { name: "RED" number: 0 } value { name: "BLUE" number: 2 } }
  message_type {
    name: "User"
    field { name: "b" number: 1 label: LABEL_OPTIONAL type: TYPE_BOOL proto3_optional: true oneof_index: 1 }
    field { name: "i" number: 2 label: LABEL_OPTIONAL type: TYPE_INT32 proto3_optional: true oneof_index: 2 }
    field { name: "l" number: 3 label: LABEL_OPTIONAL type: TYPE_SINT64 proto3_optional: true oneof_index: 3 }
    field { name: "f" number: 4 label: LABEL_OPTIONAL type: TYPE_FLOAT proto3_optional: true oneof_index: 4 }
    field { name: "d" number: 5 label: LABEL_OPTIONAL type: TYPE_DOUBLE proto3_optional: true oneof_index: 5 }
    field { name: "s" number: 16 label: LABEL_OPTIONAL type: TYPE_STRING proto3_optional: true oneof_index: 6 }
    field { name: "y" number: 200 label: LABEL_OPTIONAL type: TYPE_BYTES proto3_optional: true oneof_index: 7 }
    field { name: "color" number: 8 label: LABEL_OPTIONAL type: TYPE_ENUM type_name: ".com.example.Color" }
    field { name: "plain" number: 9 label: LABEL_OPTIONAL type: TYPE_UINT32 }
    field { name: "name" number: 10 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "x" number: 11 label: LABEL_OPTIONAL type: TYPE_INT32 oneof_index: 0 }
    field { name: "z" number: 12 label: LABEL_OPTIONAL type: TYPE_STRING oneof_index: 0 }
    field { name: "list" number: 13 label: LABEL_REPEATED type: TYPE_INT64 }
    field { name: "texts" number: 14 label: LABEL_REPEATED type: TYPE_STRING }
    field { name: "m" number: 15 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".com.example.User.MEntry" }
    field { name: "at" number: 17 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".com.example.User.At" }
    field { name: "ats" number: 18 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".com.example.User.At" }
    nested_type { name: "MEntry" options { map_entry: true }
      field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
      field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".com.example.User.At" } }
    nested_type { name: "At"
      field { name: "n" number: 1 label: LABEL_OPTIONAL type: TYPE_FIXED32 }
      field { name: "colors" number: 2 label: LABEL_REPEATED type: TYPE_ENUM type_name: ".com.example.Color" }
      field { name: "next" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".com.example.User.At" } }
    oneof_decl { name: "which" } oneof_decl { name: "_b" } oneof_decl { name: "_i" } oneof_decl { name: "_l" } oneof_decl { name: "_f" } oneof_decl { name: "_d" } oneof_decl { name: "_s" } oneof_decl { name: "_y" }
  }
}
file {
  name: "old.proto" package: "legacy"
  options { java_outer_classname: "OldProtos" }
  message_type {
    name: "Thing"
    field { name: "id" number: 1 label: LABEL_REQUIRED type: TYPE_INT64 }
    field { name: "size" number: 2 label: LABEL_OPTIONAL type: TYPE_INT32 default_value: "7" }
    field { name: "title" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING default_value: "none" }
    field { name: "inside" number: 4 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".legacy.Thing" }
    field { name: "nums" number: 5 label: LABEL_REPEATED type: TYPE_INT32 }
  }
}`

func options(t testing.TB, class string, more ...string) option.Values {
	t.Helper()
	var set descriptorpb.FileDescriptorSet
	if err := prototext.Unmarshal([]byte(descriptors), &set); err != nil {
		t.Fatal(err)
	}
	text, err := proto.Marshal(&set)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "set.pb")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	v := option.Values{"message-class-name": class, "descriptor-file": file}
	for i := 0; i < len(more); i += 2 {
		v[more[i]] = more[i+1]
	}
	v, err = option.Check("format protobuf", Spec().Options, v)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func column(name string, t schema.Type) schema.Field { return schema.Field{Name: name, Type: t} }
func array(t schema.Type) schema.Type {
	return schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: t}}}
}

func at() schema.Type {
	return schema.Type{ID: schema.Row, Fields: []schema.Field{column("n", schema.Of(schema.Int)), column("colors", array(schema.Of(schema.VarChar)))}}
}

func users() *schema.Schema {
	text := schema.Of(schema.VarChar)
	return schema.New(column("b", schema.Of(schema.Boolean)), column("i", schema.Of(schema.Int)), column("l", schema.Of(schema.BigInt)), column("f", schema.Of(schema.Float)), column("d", schema.Of(schema.Double)),
		column("s", text), column("y", schema.Of(schema.VarBinary)))
}

func everyUser() *schema.Schema {
	text := schema.Of(schema.VarChar)
	s := users()
	s.Fields = append(s.Fields, column("color", text), column("plain", schema.Of(schema.Int)), column("name", text), column("x", schema.Of(schema.Int)), column("z", text),
		column("list", array(schema.Of(schema.BigInt))), column("texts", array(text)), column("m", schema.Type{ID: schema.Map, Fields: []schema.Field{{Type: text}, {Type: at()}}}), column("at", at()), column("ats", array(at())))
	return s
}

func TestConformance(t *testing.T) {
	b := vec.NewBuilder(users())
	row := func(values ...vec.Value) {
		for c, v := range values {
			b.SetValue(c, v)
		}
		b.EndRow(vec.Insert)
	}
	row(vec.Value{I: 1}, vec.Value{I: math.MinInt32}, vec.Value{I: math.MinInt64}, vec.Value{F: 1.5}, vec.Value{F: -0.1}, vec.Value{S: "größe 温度"}, vec.Value{S: "\x00\xff"})
	row(vec.Value{I: 0}, vec.Value{I: math.MaxInt32}, vec.Value{I: math.MaxInt64}, vec.Value{F: math.MaxFloat32}, vec.Value{F: math.NaN()}, vec.Value{S: ""}, vec.Value{S: ""})
	row(vec.Value{I: 0}, vec.Value{I: 0}, vec.Value{I: 0}, vec.Value{F: 0}, vec.Value{F: 0}, vec.Value{S: strings.Repeat("x", 300)}, vec.Value{S: "b"})
	b.EndRow(vec.Insert)
	broken := []string{"\x08", "\x82\x01\x05ab", "\x82\x01\x01\xff", "\x00", "\x0f", "\x25\x01", "\x0c", "\x0b\x08\x01", strings.Repeat("\xff", 11)}
	formattest.Run(t, formattest.Suite{Spec: Spec(), Options: options(t, "com.example.User"), Rows: b.Batch(), Broken: broken})
}

func made(t testing.TB, s *schema.Schema, v option.Values) (format.Decoder, format.Encoder) {
	t.Helper()
	d, err := newDecoder(s, v)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEncoder(s, v)
	if err != nil {
		t.Fatal(err)
	}
	return d, e
}

// through reads a message given as text, and gives what the library reads when it is written again.
func through(t *testing.T, s *schema.Schema, v option.Values, message string) (again proto.Message, b *vec.Batch) {
	t.Helper()
	md, err := findMessage(v)
	if err != nil {
		t.Fatal(err)
	}
	m := dynamicpb.NewMessage(md)
	if err := (prototext.UnmarshalOptions{AllowPartial: true}).Unmarshal([]byte(message), m); err != nil {
		t.Fatal(err)
	}
	record, err := proto.MarshalOptions{AllowPartial: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d, e := made(t, s, v)
	dst := vec.NewBuilder(s)
	if err := d.Decode(append([]byte{}, record...), dst); err != nil {
		t.Fatalf("decode %s: %v", message, err)
	}
	b = dst.Batch()
	out, err := e.Append(nil, b, 0)
	if err != nil {
		t.Fatal(err)
	}
	back := dynamicpb.NewMessage(md)
	if err := (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(out, back); err != nil {
		t.Fatalf("the library does not read what was written: %v", err)
	}
	return back, b
}

func TestAgainstLibrary(t *testing.T) {
	v := options(t, "com.example.User")
	f := func(message, want string) {
		t.Helper()
		again, _ := through(t, everyUser(), v, message)
		m := dynamicpb.NewMessage(again.ProtoReflect().Descriptor())
		if err := prototext.Unmarshal([]byte(want), m); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(m, again) {
			t.Errorf("%s became\n%s\nwant\n%s", message, prototext.Format(again), want)
		}
	}
	same := func(message string) {
		t.Helper()
		f(message, message)
	}
	same(``)
	same(`b: true i: -1 l: -300 f: 1.5 d: 2.5 s: "x" y: "\xff" color: BLUE plain: 4000000000 name: "n"`)
	same(`i: 0 s: "" list: [1, -2, 300] texts: ["a", ""] x: 5`)
	same(`at { n: 5 colors: [BLUE, RED, BLUE] } ats { n: 1 } ats { } ats { colors: RED } z: ""`)
	same(`m { key: "a" value { n: 1 } } m { key: "" value { colors: [BLUE] } }`)
	f(`at { n: 5 next { n: 6 } }`, `at { n: 5 }`)
}

func TestAbsent(t *testing.T) {
	_, b := through(t, everyUser(), options(t, "com.example.User"), ``)
	for i, f := range b.Schema.Fields {
		null := b.Cols[i].IsNull(0)
		if want := f.Name != "color" && f.Name != "plain" && f.Name != "name"; null != want {
			t.Errorf("%s is NULL: %v, want %v", f.Name, null, want)
		}
	}
	things := schema.New(column("id", schema.Of(schema.BigInt)), column("size", schema.Of(schema.Int)), column("title", schema.Of(schema.VarChar)), column("nums", array(schema.Of(schema.Int))),
		column("inside", schema.Type{ID: schema.Row, Fields: []schema.Field{column("size", schema.Of(schema.Int)), column("title", schema.Of(schema.VarChar))}}))
	read := func(more ...string) *vec.Batch {
		d, err := newDecoder(things, options(t, "legacy.Thing", more...))
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(things)
		if err := d.Decode([]byte{0x08, 5}, dst); err != nil {
			t.Fatal(err)
		}
		return dst.Batch()
	}
	b = read()
	for i := 1; i < 5; i++ {
		if !b.Cols[i].IsNull(0) {
			t.Errorf("column %d is not NULL", i)
		}
	}
	b = read("read-default-values", "true")
	if diff := cmp.Diff([]vec.Value{{I: 5}, {I: 7}, {S: "none"}}, formattest.Row(b, 0)[:3]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if b.Cols[3].IsNull(0) || b.Cols[3].Off[1] != 0 || b.Cols[4].IsNull(0) || b.Cols[4].Kids[0].I32[0] != 7 || string(b.Cols[4].Kids[1].Bytes(0)) != "none" {
		t.Errorf("nested defaults: %+v", b.Cols[3:])
	}
}

func TestWireForms(t *testing.T) {
	s := everyUser()
	v := options(t, "com.example.User")
	d, e := made(t, s, v)
	f := func(name, record, want string) {
		t.Helper()
		dst := vec.NewBuilder(s)
		if err := d.Decode([]byte(record), dst); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		out, err := e.Append(nil, dst.Batch(), 0)
		if err != nil || string(out) != want {
			t.Errorf("%s: %q, %v, want %q", name, out, err, want)
		}
	}
	f("the last of a scalar counts", "\x10\x01\x10\x02", "\x10\x02")
	f("the last of a oneof counts", "\x58\x05\x62\x01a", "\x62\x01a")
	f("the last of a oneof counts", "\x62\x01a\x58\x05", "\x58\x05")
	f("messages that stand twice are merged", "\x8a\x01\x05\x0d\x01\x00\x00\x00\x8a\x01\x03\x12\x01\x02", "\x8a\x01\x08\x0d\x01\x00\x00\x00\x12\x01\x02")
	f("lists are packed or not, and in pieces", "\x68\x01\x10\x09\x6a\x02\x02\x03\x68\x04", "\x10\x09\x6a\x04\x01\x02\x03\x04")
	f("a wrong wire type is an unknown field", "\x15\x01\x00\x00\x00\xf8\x07\x01", "")
	f("entries without key and value", "\x7a\x00", "\x7a\x04\x0a\x00\x12\x00")
	var bad *format.Error
	for _, record := range []string{"\x40\x05", "\x7a\x00\x7a\x00", "\x6a\x01\xff", "\x8a\x01\x01\x0d", "\x7a\x02\x0a\x01", "\x72\x01\xff"} {
		dst := vec.NewBuilder(s)
		if err := d.Decode([]byte(record), dst); !errors.As(err, &bad) || dst.Len() > 0 {
			t.Errorf("%q: %v", record, err)
		}
	}
	ignoring, _ := made(t, s, options(t, "com.example.User", "ignore-parse-errors", "true"))
	dst := vec.NewBuilder(s)
	if err := ignoring.Decode([]byte("\x40\x05"), dst); err != nil || dst.Len() != 0 {
		t.Errorf("errors ignored: %v", err)
	}
	if err := d.Decode(nil, dst); err != nil || dst.Len() != 0 {
		t.Errorf("a tombstone: %v", err)
	}
}

// TestMapOrder reads a map in the order of Flink.
func TestMapOrder(t *testing.T) {
	s := schema.New(column("m", schema.Type{ID: schema.Map, Fields: []schema.Field{{Type: schema.Of(schema.VarChar)}, {Type: at()}}}))
	d, _ := made(t, s, options(t, "com.example.User"))
	var msg []byte
	for i, key := range []string{"zeta", "alpha", "mid", "k1", "k2", "k10"} {
		value := protowire.AppendFixed32(protowire.AppendTag(nil, 1, protowire.Fixed32Type), uint32(i))
		entry := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
		entry = protowire.AppendBytes(protowire.AppendTag(entry, 2, protowire.BytesType), value)
		msg = protowire.AppendBytes(protowire.AppendTag(msg, 15, protowire.BytesType), entry)
	}
	dst := vec.NewBuilder(s)
	if err := d.Decode(msg, dst); err != nil {
		t.Fatal(err)
	}
	var keys []string
	var values []int32
	m := dst.Col(0)
	for i := range int(m.Off[1]) {
		keys, values = append(keys, string(m.Kids[0].Bytes(i))), append(values, m.Kids[1].Kids[0].I32[i])
	}
	if diff := cmp.Diff([]string{"zeta", "alpha", "k1", "k2", "mid", "k10"}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int32{0, 1, 3, 4, 2, 5}, values); diff != "" {
		t.Error(diff)
	}
}

func TestNullsInLists(t *testing.T) {
	s := schema.New(column("texts", array(schema.Of(schema.VarChar))), column("list", array(schema.Of(schema.BigInt))), column("x", schema.Of(schema.Int)), column("z", schema.Of(schema.VarChar)), column("color", schema.Of(schema.VarChar)))
	_, e := made(t, s, options(t, "com.example.User", "write-null-string-literal", "nil"))
	b := vec.NewBuilder(s)
	for c := range 2 {
		col, n := b.Nested(c)
		col.Kids[0].AppendNull(0)
		col.GrowList(n, 1)
		b.NestedDone(c)
	}
	b.SetInt(2, 5)
	b.SetString(3, "later")
	b.SetString(4, "PINK")
	b.EndRow(vec.Insert)
	out, err := e.Append(nil, b.Batch(), 0)
	if want := "\x62\x05later\x6a\x01\x00\x72\x03nil"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}

func TestClassNames(t *testing.T) {
	for _, class := range []string{"com.example.User", "org.example.pb.User", "org.example.pb.UserEvent$User", "org.example.pb.UserEventOuterClass.User", "legacy.Thing", "legacy.OldProtos$Thing", "com.example.User.At", "org.example.pb.UserEvent$User$At"} {
		if _, err := findMessage(options(t, class)); err != nil {
			t.Errorf("%s: %v", class, err)
		}
	}
	if _, err := findMessage(options(t, "com.example.Usr")); fault.KindOf(err) != fault.NotFound || !strings.Contains(fault.HintOf(err), "com.example.User") {
		t.Errorf("%v, %s", err, fault.HintOf(err))
	}
	if _, err := findMessage(option.Values{"message-class-name": "x"}); !strings.Contains(fault.HintOf(err), "protoc") {
		t.Errorf("without a file: %v", err)
	}
	f := func(class string, fields ...schema.Field) {
		t.Helper()
		if _, err := newEncoder(schema.New(fields...), options(t, class)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s %v: %v", class, fields, err)
		}
	}
	f("com.example.User", column("nope", schema.Of(schema.Int)))
	f("com.example.User", column("i", schema.Of(schema.BigInt)))
	f("com.example.User", column("list", schema.Of(schema.BigInt)))
	f("com.example.User", column("m", array(schema.Of(schema.Int))))
	f("com.example.User", column("at", schema.Of(schema.VarChar)))
	f("legacy.Thing", column("size", schema.Of(schema.Int)))
}

func TestNestedAllocatesNothing(t *testing.T) {
	s := everyUser()
	v := options(t, "com.example.User")
	d, e := made(t, s, v)
	record := protowire.AppendBytes([]byte("\x10\x01\x6a\x03\x01\x02\x03\x7a\x05\x0a\x01a\x12\x00\x8a\x01\x03\x12\x01\x02\x92\x01"), []byte("\x12\x02\x00\x02"))
	dst := vec.NewBuilder(s)
	out := make([]byte, 0, 1<<12)
	run := func() {
		dst.Reset()
		for range 20 {
			if err := d.Decode(record, dst); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Append(out, dst.Batch(), 19); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("allocates %v times", n)
	}
}

// FuzzDecode holds that no bytes break the decoder, that it takes what the library takes, and that what it
// read can be written and read again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x10\x01\x6a\x03\x01\x02\x03\x7a\x05\x0a\x01a\x12\x00\x8a\x01\x03\x12\x01\x02\x92\x01\x04\x12\x02\x00\x02"))
	f.Add([]byte("\x0b\x0c\x58\x05\x62\x01a\x40\x02\x48\xff\xff\xff\xff\x0f"))
	s := everyUser()
	v := options(f, "com.example.User")
	md, err := findMessage(v)
	if err != nil {
		f.Fatal(err)
	}
	defaults := v.Under("")
	defaults["read-default-values"] = "true"
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, v := range []option.Values{v, defaults} {
			d, e := made(t, s, v)
			dst := vec.NewBuilder(s)
			if err := d.Decode(append([]byte{}, msg...), dst); err != nil {
				if dst.Len() > 0 {
					t.Fatalf("%q: %v leaves a row", msg, err)
				}
				continue
			}
			if err := (proto.UnmarshalOptions{AllowPartial: true}).Unmarshal(msg, dynamicpb.NewMessage(md)); err != nil && !strings.Contains(err.Error(), "UTF-8") {
				// Only what is inside fields that are not read may be broken.
				if !strings.Contains(string(msg), "\x1a") {
					t.Fatalf("the library refuses %q: %v", msg, err)
				}
			}
			b := dst.Batch()
			out, err := e.Append([]byte{}, b, 0)
			if err != nil {
				t.Fatal(err)
			}
			back := vec.NewBuilder(s)
			if err := d.Decode(out, back); err != nil {
				t.Fatalf("wrote %q: %v", out, err)
			}
			got := back.Batch()
			for c := range b.Cols {
				if !b.Cols[c].Equal(0, &got.Cols[c], 0) {
					// A list that is empty, but not NULL, cannot be told from one that is.
					if n := b.Schema.Fields[c].Type.ID; n == schema.Array || n == schema.Map || n == schema.Row {
						continue
					}
					if b.Schema.Fields[c].Name == "x" && v.Bool("read-default-values") {
						continue // z, of the same oneof, has its default and is written instead
					}
					t.Fatalf("%q: column %s differs", msg, b.Schema.Fields[c].Name)
				}
			}
		}
	})
}
