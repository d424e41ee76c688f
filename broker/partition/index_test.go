package partition

import "testing"

// TestIndexIsBounded: however many batches a segment has, its index stays small, and still finds them.
func TestIndexIsBounded(t *testing.T) {
	const base, size, n = 1000, 100, 20 * maxEntries
	x := newIndex(1)
	for i := range int64(n) {
		x.add(base, &header{base: base + 2*i, lastDelta: 1, size: size, maxTime: i})
	}
	if len(x.entries) > maxEntries || len(x.entries) < maxEntries/4 {
		t.Fatalf("%d entries", len(x.entries))
	}
	for i := int64(0); i < n; i += 777 {
		if pos := x.floor(2*i + 1); pos > i*size || i*size-pos > 2*x.every {
			t.Fatalf("batch %d at %d: look from %d", i, i*size, pos)
		}
		if pos := x.before(i); pos > i*size || i*size-pos > 2*x.every {
			t.Fatalf("time %d at %d: look from %d", i, i*size, pos)
		}
	}
	y, err := decodeIndex(x.encode())
	if err != nil || len(y.entries) != len(x.entries) || y.covers != n*size || y.maxTime != n-1 {
		t.Fatalf("%+v, %v", y, err)
	}
}
