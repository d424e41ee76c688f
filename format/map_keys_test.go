package format

import (
	"fmt"
	"testing"

	"millrace/schema"
	"millrace/vec"
)

func TestMapKeys(t *testing.T) {
	var m MapKeys
	for _, n := range []int{0, 1, 2, 8, 9, 1000} {
		text, number := vec.NewColumn(schema.Of(schema.VarChar)), vec.NewColumn(schema.Of(schema.BigInt))
		text.GrowString(0, "0")
		number.GrowInt(0, 0)
		for i := range n {
			text.GrowString(i+1, fmt.Sprint(i))
			number.GrowInt(i+1, int64(i))
		}
		for _, c := range []*vec.Column{&text, &number} {
			if !m.Differ(c, 1, n+1) {
				t.Errorf("%d keys that differ do not", n)
			}
			if n > 0 && m.Differ(c, 0, n+1) {
				t.Errorf("one of %d keys stands twice", n)
			}
		}
	}
}
