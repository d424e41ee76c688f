package format

import (
	"strings"
	"testing"

	"millrace/schema"
	"millrace/vec"
)

// TestMapOrder holds orders that Flink 2.3 printed.
func TestMapOrder(t *testing.T) {
	typ := schema.Type{ID: schema.Map, Fields: []schema.Field{{Type: schema.Of(schema.VarChar)}, {Type: schema.Of(schema.Int)}}}
	var m MapOrder
	f := func(in, want string) {
		t.Helper()
		c := vec.NewColumn(typ)
		c.Kids[0].GrowString(0, "before")
		c.Kids[1].AppendNull(0)
		c.GrowList(0, 1)
		keys := strings.Split(in, " ")
		for i, k := range keys {
			c.Kids[0].GrowString(i+1, k)
			if i%3 == 2 {
				c.Kids[1].AppendNull(i + 1)
			} else {
				c.Kids[1].GrowInt(i+1, int64(i))
			}
		}
		m.Arrange(&c, 1, len(keys)+1)
		c.GrowList(1, len(keys)+1)
		var got []string
		for i := range keys {
			key := string(c.Kids[0].Bytes(i + 1))
			got = append(got, key)
			n := int64(0)
			for keys[n] != key {
				n++
			}
			if c.Kids[1].IsNull(i+1) != (n%3 == 2) || n%3 != 2 && int64(c.Kids[1].I32[i+1]) != n {
				t.Errorf("key %q has the value of another", key)
			}
		}
		if string(c.Kids[0].Bytes(0)) != "before" || strings.Join(got, " ") != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
	f("zeta alpha mid k1 k2 k10", "zeta alpha k1 k2 mid k10")
	f("q b a", "q a b")
	f("x", "x")
}
