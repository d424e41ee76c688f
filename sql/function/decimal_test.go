package function

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"millrace/format"
	"millrace/vec"
)

func toBig(d vec.Decimal128) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(d.Lo))
}

func fromBig(v *big.Int) vec.Decimal128 {
	m := new(big.Int).Abs(v)
	lo := new(big.Int).And(m, new(big.Int).SetUint64(^uint64(0))).Uint64()
	return signed(u128{lo, new(big.Int).Rsh(m, 64).Uint64()}, v.Sign() < 0)
}

func tenTo(n int32) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// ratio rounds a/b half away from zero, b > 0.
func ratio(a, b *big.Int) *big.Int {
	double := new(big.Int).Mul(new(big.Int).Abs(a), big.NewInt(2))
	q := new(big.Int).Quo(double.Add(double, b), new(big.Int).Mul(b, big.NewInt(2)))
	if a.Sign() < 0 {
		q.Neg(q)
	}
	return q
}

func randomDecimal(r *rand.Rand, digits int) *big.Int {
	v := new(big.Int)
	for range 1 + r.IntN(digits) {
		v.Mul(v, big.NewInt(10)).Add(v, big.NewInt(int64(r.IntN(10))))
	}
	if r.IntN(2) == 0 {
		v.Neg(v)
	}
	return v
}

// TestDecimalsAgreeWithBig compares all operations with math/big.
func TestDecimalsAgreeWithBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	same := func(what string, got vec.Decimal128, ok bool, want *big.Int, precision int32) {
		t.Helper()
		fits := new(big.Int).Abs(want).Cmp(tenTo(precision)) < 0
		if ok != fits || ok && toBig(got).Cmp(want) != 0 {
			t.Fatalf("%s: got %v %v, want %v", what, toBig(got), ok, want)
		}
	}
	for range 20000 {
		x, y := randomDecimal(r, 38), randomDecimal(r, 38)
		a, b := fromBig(x), fromBig(y)
		if toBig(a).Cmp(x) != 0 {
			t.Fatalf("%v became %v", x, toBig(a))
		}
		sa, sb := r.Int32N(20), r.Int32N(20)
		scale := max(sa, sb)
		xs, ys := new(big.Int).Mul(x, tenTo(scale-sa)), new(big.Int).Mul(y, tenTo(scale-sb))
		if got := compareDecimals(a, sa, b, sb); got != xs.Cmp(ys) {
			t.Fatalf("compare %v/%d %v/%d = %d", x, sa, y, sb, got)
		}
		sum := new(big.Int).Add(xs, ys)
		got, ok := addDecimals(a, sa, b, sb, shape{38, scale})
		same("sum", got, ok, sum, 38)
		out := shape{1 + r.Int32N(38), r.Int32N(scale + 1)}
		got, ok = addDecimals(a, sa, b, sb, out)
		same("rounded sum", got, ok, ratio(sum, tenTo(scale-out.scale)), out.precision)
		product := new(big.Int).Mul(x, y)
		out.scale = r.Int32N(sa + sb + 1)
		got, ok = multiplyDecimals(a, sa, b, sb, out)
		same("product", got, ok, ratio(product, tenTo(sa+sb-out.scale)), out.precision)
		if y.Sign() != 0 {
			testQuotient(t, same, x, y, sa, sb, shape{38, r.Int32N(30)})
		}
		to := r.Int32N(30)
		want := new(big.Int).Mul(x, tenTo(max(0, to-sa)))
		got, ok = rescale(a, sa, to, 38, halfUp)
		same("rescale", got, ok, ratio(want, tenTo(max(0, sa-to))), 38)
	}
}

func testQuotient(t *testing.T, same func(string, vec.Decimal128, bool, *big.Int, int32), x, y *big.Int, sa, sb int32, out shape) {
	t.Helper()
	if out.scale+sb-sa >= 0 {
		n := new(big.Int).Mul(x, tenTo(out.scale+sb-sa))
		d := new(big.Int).Abs(y)
		if y.Sign() < 0 {
			n.Neg(n)
		}
		got, ok := divideDecimals(fromBig(x), sa, fromBig(y), sb, out)
		same("quotient", got, ok, ratio(n, d), out.precision)
	}
	scale := max(sa, sb)
	xs, ys := new(big.Int).Mul(x, tenTo(scale-sa)), new(big.Int).Mul(y, tenTo(scale-sb))
	if got, ok := remainderDecimals(fromBig(x), sa, fromBig(y), sb, shape{38, scale}); ok || new(big.Int).Abs(ys).Cmp(tenTo(38)) < 0 {
		same("remainder", got, ok, new(big.Int).Rem(xs, ys), 38)
	}
}

func TestDecimalText(t *testing.T) {
	f := func(text string, precision, scale int32, want string) {
		t.Helper()
		d, ok, valid := parseDecimal([]byte(text), shape{precision, scale})
		got := "invalid"
		switch {
		case valid && ok:
			got = string(format.AppendDecimal(nil, d, scale))
		case valid:
			got = "too long"
		}
		if got != want {
			t.Errorf("%q as DECIMAL(%d, %d) = %s, want %s", text, precision, scale, got, want)
		}
	}
	f("1.1", 10, 2, "1.10")
	f("-0.005", 10, 2, "-0.01")
	f("0.004", 10, 2, "0.00")
	f(".5", 3, 0, "1")
	f("5.", 3, 1, "5.0")
	f("1e3", 10, 0, "1000")
	f("1.5E-3", 10, 4, "0.0015")
	f("999.5", 3, 0, "too long")
	f("12345678901234567890123456789012345678", 38, 0, "12345678901234567890123456789012345678")
	f("123456789012345678901234567890123456789", 38, 0, "too long")
	f("0.12345678901234567890123456789012345678", 38, 38, "0.12345678901234567890123456789012345678")
	f("1e-99999999999", 10, 2, "0.00")
	f("1e99999999999", 10, 2, "too long")
	f("0e99999999999", 10, 2, "0.00")
	f("", 10, 2, "invalid")
	f(".", 10, 2, "invalid")
	f("1e", 10, 2, "invalid")
	f("1 2", 10, 2, "invalid")
	f("--1", 10, 2, "invalid")
}

func FuzzDecimalText(f *testing.F) {
	for _, s := range []string{"1.5", "-1e3", "00012.3400", "1e-30", "9999999999.99999", "+.5e+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok, valid := parseDecimal([]byte(s), shape{20, 4})
		if !valid || !ok {
			return
		}
		text := format.AppendDecimal(nil, d, 4)
		again, ok, valid := parseDecimal(text, shape{20, 4})
		if !ok || !valid || again != d {
			t.Fatalf("%q is %s, which reads as %v", s, text, again)
		}
		if n, _ := format.ScanNumber([]byte(s)); n.Exp > 100 || n.Exp < -100 {
			return // big.Rat takes long over great exponents
		}
		if r, ok := new(big.Rat).SetString(s); ok {
			n := new(big.Int).Mul(r.Num(), tenTo(4))
			if want := ratio(n, r.Denom()); want.Cmp(toBig(d)) != 0 {
				t.Fatalf("%q = %v, want %v", s, toBig(d), want)
			}
		}
	})
}
