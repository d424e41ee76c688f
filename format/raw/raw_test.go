package raw

import (
	"bytes"
	"testing"

	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// TestConformance takes each column of the suite's rows that raw supports as a table of its own.
func TestConformance(t *testing.T) {
	all := formattest.Everything()
	for c, f := range all.Schema.Fields {
		if _, err := newCodec(schema.New(f), nil); err != nil {
			continue
		}
		b := vec.NewBuilder(schema.New(f))
		for i := range all.N - 1 { // the last is NULL, which raw cannot tell from an empty text
			b.CopyValue(0, &all.Cols[c], i)
			b.EndRow(vec.Insert)
		}
		var broken []string
		if f.Type.IsString() {
			broken = []string{"\xff"}
		} else if f.Type.IsNumeric() {
			broken = []string{"", "123"}
		}
		for _, order := range []string{"big-endian", "little-endian"} {
			t.Run(f.Type.String()+" "+order, func(t *testing.T) {
				formattest.Run(t, formattest.Suite{Spec: Spec(), Options: option.Values{"endianness": order}, Rows: b.Batch(), Broken: broken})
			})
		}
	}
}

func TestOneColumn(t *testing.T) {
	two := schema.New(schema.Field{Name: "a", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "b", Type: schema.Of(schema.VarChar)})
	if _, err := Spec().NewDecoder(two, nil); err == nil {
		t.Error("two columns are accepted")
	}
	if _, err := Spec().NewEncoder(schema.New(schema.Field{Name: "a", Type: schema.Of(schema.Date)}), nil); err == nil {
		t.Error("a DATE is accepted")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("text"))
	s := schema.New(schema.Field{Name: "line", Type: schema.Of(schema.VarBinary)})
	f.Fuzz(func(t *testing.T, msg []byte) {
		c, err := newCodec(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		if err := c.Decode(msg, dst); err != nil {
			t.Fatal(err)
		}
		if got, _ := c.Append(nil, dst.Batch(), 0); !bytes.Equal(got, msg) {
			t.Fatalf("%q came back as %q", msg, got)
		}
	})
}
