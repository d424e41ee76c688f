package vec

import (
	"fmt"
	"testing"

	"millrace/schema"
)

func TestHashesTellKeysApart(t *testing.T) {
	f := func(name string, typ schema.Type, set func(b *Builder, i int)) {
		t.Helper()
		const n = 10_000
		b := NewBuilderSize(schema.New(schema.Field{Name: "k", Type: typ}), n)
		for i := range n {
			set(b, i)
			b.EndRow(Insert)
		}
		batch := b.Batch()
		hashes := NewHasher().Rows(nil, batch.Cols, batch.Rows())
		whole, low := map[uint64]bool{}, map[uint64]int{}
		for _, h := range hashes {
			whole[h] = true
			low[h%64]++
		}
		if len(whole) < n-1 {
			t.Errorf("%s: %d keys have %d hashes", name, n, len(whole))
		}
		for cell, c := range low {
			if c > 2*n/64 {
				t.Errorf("%s: %d of %d keys share the low bits %d", name, c, n, cell)
			}
		}
	}
	f("strings", schema.Of(schema.VarChar), func(b *Builder, i int) { b.SetString(0, fmt.Sprintf("s%05d", i)) })
	f("integers", schema.Of(schema.BigInt), func(b *Builder, i int) { b.SetI64(0, int64(i)) })
	f("doubles", schema.Of(schema.Double), func(b *Builder, i int) { b.SetF64(0, float64(i)) })
}
