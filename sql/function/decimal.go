package function

import (
	"math"
	"math/bits"
	"strconv"

	"millrace/vec"
)

// Arithmetic on DECIMAL: magnitudes as unsigned integers of 128 bits, intermediate results of 512,
// rounding half up (away from zero), as java.math.BigDecimal with RoundingMode.HALF_UP. What has
// more digits than its type allows is NULL.

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

// magnitude splits d into its absolute value and whether it is negative.
func magnitude(d vec.Decimal128) (u128, bool) {
	if d.Hi >= 0 {
		return u128{d.Lo, uint64(d.Hi)}, false
	}
	lo, borrow := bits.Sub64(0, d.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.Hi), borrow)
	return u128{lo, hi}, true
}

// signed is the number with the given absolute value, below 2^127, and sign.
func signed(m u128, negative bool) vec.Decimal128 {
	if negative {
		return negated(vec.Decimal128{Lo: m.lo, Hi: int64(m.hi)})
	}
	return vec.Decimal128{Lo: m.lo, Hi: int64(m.hi)}
}

func negated(d vec.Decimal128) vec.Decimal128 {
	lo, borrow := bits.Sub64(0, d.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.Hi), borrow)
	return vec.Decimal128{Lo: lo, Hi: int64(hi)}
}

func plus(a, b vec.Decimal128) vec.Decimal128 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), carry)
	return vec.Decimal128{Lo: lo, Hi: int64(hi)}
}

func decimalFromInt(v int64) vec.Decimal128 { return vec.Decimal128{Lo: uint64(v), Hi: v >> 63} }

func isZero(d vec.Decimal128) bool { return d.Lo|uint64(d.Hi) == 0 }

func (a u128) less(b u128) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// fits reports whether m has at most precision digits.
func (a u128) fits(precision int32) bool { return a.less(pow10[precision]) }

// compareInts orders two unscaled values of one scale.
func compareInts(a, b vec.Decimal128) int {
	switch {
	case a.Hi != b.Hi:
		if a.Hi < b.Hi {
			return -1
		}
		return 1
	case a.Lo == b.Lo:
		return 0
	case a.Lo < b.Lo:
		return -1
	}
	return 1
}

// compareDecimals orders a with scale sa and b with scale sb, exactly.
func compareDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32) int {
	if sa == sb {
		return compareInts(a, b)
	}
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	wa, wb := ma.wide(), mb.wide()
	if sa < sb {
		wa.shift10(sb - sa)
	} else {
		wb.shift10(sa - sb)
	}
	c := wa.compare(&wb)
	switch {
	case na != nb && (wa != wide{} || wb != wide{}):
		if na {
			return -1
		}
		return 1
	case na:
		return -c
	}
	return c
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

// rescale brings d from one scale to another. False means that it has more than precision digits.
func rescale(d vec.Decimal128, from, to, precision int32, r rounding) (vec.Decimal128, bool) {
	m, negative := magnitude(d)
	if from == to {
		return d, m.fits(precision)
	}
	w := m.wide()
	if to > from {
		w.shift10(to - from)
	} else {
		w.drop(from-to, r, negative)
	}
	m, ok := w.narrow(precision)
	return signed(m, negative), ok
}

// shape is the precision and scale of a DECIMAL.
type shape struct{ precision, scale int32 }

func addDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	if sa == sb && out.scale == sa {
		// Two numbers below 10^38 stay below 2^127 when added.
		sum := plus(a, b)
		m, _ := magnitude(sum)
		return sum, m.fits(out.precision)
	}
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	wa, wb := ma.wide(), mb.wide()
	scale := max(sa, sb)
	wa.shift10(scale - sa)
	wb.shift10(scale - sb)
	negative := na
	switch c := wa.compare(&wb); {
	case na == nb:
		wa.combine(&wb, bits.Add64)
	case c >= 0:
		wa.combine(&wb, bits.Sub64)
	default:
		wb.combine(&wa, bits.Sub64)
		wa, negative = wb, nb
	}
	if out.scale < scale {
		wa.drop(scale-out.scale, halfUp, negative)
	}
	m, ok := wa.narrow(out.precision)
	return signed(m, negative), ok
}

func (w *wide) combine(o *wide, f func(x, y, c uint64) (uint64, uint64)) {
	var c uint64
	for i := range w {
		w[i], c = f(w[i], o[i], c)
	}
}

func multiplyDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	w := multiply(ma, mb)
	negative := na != nb
	switch s := sa + sb; {
	case s > out.scale:
		w.drop(s-out.scale, halfUp, negative)
	case s < out.scale:
		w.shift10(out.scale - s)
	}
	m, ok := w.narrow(out.precision)
	return signed(m, negative), ok
}

// divideDecimals rounds the exact quotient once, at the result's scale. (Flink rounds it to 38
// digits first; the two differ only where that first rounding makes a tie.) b is not 0.
func divideDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	w := ma.wide()
	if s := out.scale + sb - sa; s >= 0 {
		w.shift10(s)
	} else {
		w.drop(-s, towardZero, false)
	}
	w.dropRounded(mb, halfUp, false)
	m, ok := w.narrow(out.precision)
	return signed(m, na != nb), ok
}

// remainderDecimals has the sign of a. b is not 0.
func remainderDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	ma, na := magnitude(a)
	mb, _ := magnitude(b)
	wa, wb := ma.wide(), mb.wide()
	scale := max(sa, sb)
	wa.shift10(scale - sa)
	wb.shift10(scale - sb)
	if wb[2]|wb[3]|wb[4] == 0 {
		_, r := wa.divide(u128{wb[0], wb[1]})
		wa = r.wide()
	} else if wa.compare(&wb) >= 0 {
		return vec.Decimal128{}, false // more than 38 digits on both sides
	}
	if out.scale < scale {
		wa.drop(scale-out.scale, halfUp, na)
	}
	m, ok := wa.narrow(out.precision)
	return signed(m, na), ok
}

// decimalFromFloat rounds the shortest decimal text of v, as Java's BigDecimal.valueOf.
func decimalFromFloat(v float64, out shape) (vec.Decimal128, bool) {
	var buf [32]byte
	d, ok, _ := parseDecimal(strconv.AppendFloat(buf[:0], v, 'e', -1, 64), out)
	return d, ok
}

func decimalToFloat(d vec.Decimal128, scale int32) float64 {
	m, negative := magnitude(d)
	if m.hi == 0 && m.lo < 1<<53 && scale <= 22 {
		f := float64(m.lo) / math.Pow10(int(scale)) // both exact, so the quotient is rounded once
		if negative {
			return -f
		}
		return f
	}
	var buf [64]byte
	text := AppendDecimal(buf[:0], d, scale)
	f, _ := strconv.ParseFloat(string(text), 64)
	return f
}

// decimalToInt cuts the fraction off and keeps the low 64 bits, as Java's longValue.
func decimalToInt(d vec.Decimal128, scale int32) int64 {
	whole, _ := rescale(d, scale, 0, maxPrecision, towardZero)
	return int64(whole.Lo)
}
