package vec

import "math/bits"

// Bitmap is one bit a row, the least significant bit first: Arrow's layout on a little-endian
// machine, in words. As a validity, 1 is "not NULL".
type Bitmap []uint64

// Words is how many words hold n bits.
func Words(n int) int { return (n + 63) >> 6 }

// Get returns bit i.
func (b Bitmap) Get(i int) bool { return b[i>>6]&(1<<(uint(i)&63)) != 0 }

// Set sets bit i to 1.
func (b Bitmap) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Clear sets bit i to 0.
func (b Bitmap) Clear(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

// Put sets bit i to v.
func (b Bitmap) Put(i int, v bool) {
	if v {
		b.Set(i)
	} else {
		b.Clear(i)
	}
}

// Count returns how many of the first n bits are 1.
func (b Bitmap) Count(n int) int {
	c, full := 0, n>>6
	for _, w := range b[:full] {
		c += bits.OnesCount64(w)
	}
	if rest := uint(n) & 63; rest != 0 {
		c += bits.OnesCount64(b[full] & (1<<rest - 1))
	}
	return c
}

// Resize returns a bitmap of n bits that reuses b's memory. Its content is undefined.
func (b Bitmap) Resize(n int) Bitmap {
	w := Words(n)
	if cap(b) < w {
		return make(Bitmap, w)
	}
	return b[:w]
}

// Fill sets every word of b to all ones or all zeros.
func (b Bitmap) Fill(v bool) {
	var w uint64
	if v {
		w = ^w
	}
	for i := range b {
		b[i] = w
	}
}

// And sets dst to a AND b for n rows, where a nil operand is all ones, and returns it; nil if both
// are. dst's memory is reused; it may be a or b.
func And(dst, a, b Bitmap, n int) Bitmap {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil:
		a = b
	case b == nil:
		b = a
	}
	dst = dst.Resize(n)
	for i := range dst {
		dst[i] = a[i] & b[i]
	}
	return dst
}

// AppendOnes appends to dst the positions, from base on and below n, of the bits of word that are 1.
func AppendOnes(dst []int32, word uint64, base, n int) []int32 {
	if rest := n - base; rest < 64 {
		word &= 1<<uint(rest) - 1
	}
	for word != 0 {
		dst = append(dst, int32(base+bits.TrailingZeros64(word)))
		word &= word - 1
	}
	return dst
}
