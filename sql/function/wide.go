package function

import (
	"math"
	"math/bits"
)

// u128 is an unsigned integer of 128 bits.
type u128 struct{ lo, hi uint64 }

// wide is an unsigned integer of 512 bits, the least significant word first.
type wide [8]uint64

// pow10 are the powers of ten that fit 128 bits.
var pow10 = powersOfTen()

func powersOfTen() [maxPrecision + 1]u128 {
	var p [maxPrecision + 1]u128
	p[0] = u128{lo: 1}
	for i := 1; i < len(p); i++ {
		hi, lo := bits.Mul64(p[i-1].lo, 10)
		p[i] = u128{lo: lo, hi: hi + p[i-1].hi*10}
	}
	return p
}

func (a u128) wide() wide { return wide{a.lo, a.hi} }

func (w *wide) compare(o *wide) int {
	for i := len(w) - 1; i >= 0; i-- {
		if w[i] != o[i] {
			if w[i] < o[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// shift10 multiplies w by ten to the n.
func (w *wide) shift10(n int32) {
	for n > 0 {
		step := min(n, 19)
		w.scale(pow10[step].lo)
		n -= step
	}
}

func (w *wide) scale(by uint64) {
	var carry uint64
	for i := range w {
		hi, lo := bits.Mul64(w[i], by)
		var c uint64
		w[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
}

func multiply(a, b u128) wide {
	var w wide
	hi, lo := bits.Mul64(a.lo, b.lo)
	w[0], w[1] = lo, hi
	if a.hi|b.hi == 0 {
		return w
	}
	w.addAt(1, a.lo, b.hi)
	w.addAt(1, a.hi, b.lo)
	w.addAt(2, a.hi, b.hi)
	return w
}

// addAt adds x*y at word i.
func (w *wide) addAt(i int, x, y uint64) {
	hi, lo := bits.Mul64(x, y)
	var c uint64
	w[i], c = bits.Add64(w[i], lo, 0)
	w[i+1], c = bits.Add64(w[i+1], hi, c)
	for j := i + 2; c != 0 && j < len(w); j++ {
		w[j], c = bits.Add64(w[j], 0, c)
	}
}

// divide returns w/d and the remainder. d is not 0.
func (w *wide) divide(d u128) (wide, u128) {
	top := len(w) - 1
	for top > 0 && w[top] == 0 {
		top--
	}
	var q wide
	if d.hi == 0 {
		var r uint64
		for i := top; i >= 0; i-- {
			q[i], r = bits.Div64(r, w[i], d.lo)
		}
		return q, u128{lo: r}
	}
	s := uint(bits.LeadingZeros64(d.hi))
	dh, dl := d.hi<<s|d.lo>>(64-s), d.lo<<s
	var r1, r0 uint64
	if s > 0 {
		r0 = w[top] >> (64 - s)
	}
	for i := top; i >= 0; i-- {
		next := w[i] << s
		if i > 0 && s > 0 {
			next |= w[i-1] >> (64 - s)
		}
		q[i], r1, r0 = divide3by2(r1, r0, next, dh, dl)
	}
	return q, u128{lo: r0>>s | r1<<(64-s), hi: r1 >> s}
}

// divide3by2 divides three words by two, of which the highest bit is set (Knuth's algorithm D). The
// upper two words are less than the divisor.
func divide3by2(u2, u1, u0, dh, dl uint64) (q, r1, r0 uint64) {
	var rhat, c uint64
	if u2 == dh {
		q = math.MaxUint64
		rhat, c = bits.Add64(u1, dh, 0)
	} else {
		q, rhat = bits.Div64(u2, u1, dh)
	}
	for c == 0 {
		hi, lo := bits.Mul64(q, dl)
		if hi < rhat || hi == rhat && lo <= u0 {
			break
		}
		q--
		rhat, c = bits.Add64(rhat, dh, 0)
	}
	hi, lo := bits.Mul64(q, dl)
	hi += q * dh
	var b uint64
	r0, b = bits.Sub64(u0, lo, 0)
	r1, _ = bits.Sub64(u1, hi, b)
	return q, r1, r0
}

// narrow returns w if it has at most precision digits.
func (w *wide) narrow(precision int32) (u128, bool) {
	for _, v := range w[2:] {
		if v != 0 {
			return u128{}, false
		}
	}
	m := u128{w[0], w[1]}
	return m, m.fits(precision)
}

func (w *wide) increment() {
	for i := range w {
		w[i]++
		if w[i] != 0 {
			return
		}
	}
}

// rounding says what becomes of digits that are cut off.
type rounding uint8

const (
	halfUp rounding = iota
	towardZero
	towardFloor
	towardCeiling
)

// drop divides w, the magnitude of a number of the given sign, by ten to the n and rounds.
func (w *wide) drop(n int32, r rounding, negative bool) {
	for n > 0 {
		// In more than one step only the last may round; what came before leaves its trace in sticky.
		if n > maxPrecision {
			q, rest := w.divide(pow10[maxPrecision])
			*w = q
			if rest != (u128{}) {
				w[0] |= 1 // far below the digit that decides; enough for floor and ceiling
			}
			n -= maxPrecision
			continue
		}
		w.dropRounded(pow10[n], r, negative)
		return
	}
}

func (w *wide) dropRounded(by u128, r rounding, negative bool) {
	q, rest := w.divide(by)
	*w = q
	if rest == (u128{}) {
		return
	}
	switch r {
	case halfUp:
		double := u128{lo: rest.lo << 1, hi: rest.hi<<1 | rest.lo>>63}
		if !double.less(by) {
			w.increment()
		}
	case towardFloor:
		if negative {
			w.increment()
		}
	case towardCeiling:
		if !negative {
			w.increment()
		}
	}
}

func (w *wide) combine(o *wide, f func(x, y, c uint64) (uint64, uint64)) {
	var c uint64
	for i := range w {
		w[i], c = f(w[i], o[i], c)
	}
}
