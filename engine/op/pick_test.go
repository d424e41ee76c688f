package op

import (
	"slices"
	"testing"

	"millrace/vec"
)

// TestPicked takes rows that lie beside each other, and others whose first and last ones look as if they did.
func TestPicked(t *testing.T) {
	col := vec.Column{Type: number()}
	for i := range 300 {
		col.I64 = append(col.I64, int64(i))
	}
	var p picked
	for _, rows := range [][]int32{{64, 65, 66}, {64, 70, 66}, {0}, {1, 2, 3}, {64, 66, 65, 67}, {128, 5, 130}} {
		var want []int64
		for _, row := range rows {
			want = append(want, int64(row))
		}
		if got := p.of(rows, []vec.Column{col}); !slices.Equal(got[0].I64[:len(rows)], want) {
			t.Errorf("rows %v are %v", rows, got[0].I64[:len(rows)])
		}
	}
}
