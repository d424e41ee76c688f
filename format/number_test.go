package format

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"millrace/vec"
)

func TestDoublesAreWrittenAsJavaDoes(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := string(AppendDouble(nil, v)); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
	f(25, "25.0")
	f(-25.125, "-25.125")
	f(0.001, "0.001")
	f(0.0009, "9.0E-4")
	f(25.01, "25.01")
	f(25.10, "25.1")
	f(1e7, "1.0E7")
	f(9999999, "9999999.0")
	f(9999999.999, "9999999.999")
	f(1e10, "1.0E10")
	f(1.5e-5, "1.5E-5")
	f(0.30000000000000004, "0.30000000000000004")
	f(25.555555555555557, "25.555555555555557")
	f(0, "0.0")
	f(math.Copysign(0, -1), "-0.0")
	f(math.NaN(), "NaN")
	f(math.Inf(-1), "-Infinity")
	f(math.MaxFloat64, "1.7976931348623157E308")
	if got := string(AppendFloat(nil, 1.1)); got != "1.1" {
		t.Errorf("float 1.1 is %s", got)
	}
}

func FuzzAppendDouble(f *testing.F) {
	f.Add(uint64(0x4039000000000000))
	f.Add(math.Float64bits(123456.789))
	f.Fuzz(func(t *testing.T, bits uint64) {
		for _, v := range []float64{math.Float64frombits(bits), float64(int64(bits)) / 1000, float64(bits%1e10) / 1e3} {
			text := AppendDouble(nil, v)
			back, ok := ParseDouble(text, 64)
			if !ok || back != v && !math.IsNaN(v) {
				t.Fatalf("%v is %s, which is %v, %v", v, text, back, ok)
			}
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			// As few digits as Go finds.
			short := strconv.FormatFloat(v, 'e', -1, 64)
			if want := digitsOf(short); digitsOf(string(text)) != want {
				t.Fatalf("%v is %s, which has not the digits of %s", v, text, short)
			}
		}
	})
}

func digitsOf(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(s), "e")
	return strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(s), "0")
}

func TestDecimals(t *testing.T) {
	f := func(text string, precision, scale int32, plain, stripped, java string) {
		t.Helper()
		d, fits, ok := ParseDecimal([]byte(text), precision, scale)
		if !ok || !fits {
			t.Errorf("%s: %v, %v", text, fits, ok)
		}
		if got := string(AppendDecimal(nil, d, scale)); got != plain {
			t.Errorf("%s is %s, want %s", text, got, plain)
		}
		if got := string(AppendStrippedDecimal(nil, d, scale, false)); got != stripped {
			t.Errorf("%s is %s stripped, want %s", text, got, stripped)
		}
		if got := string(AppendJavaDecimal(nil, d, scale)); got != java {
			t.Errorf("%s is %s in Java, want %s", text, got, java)
		}
	}
	f("1.1", 10, 2, "1.10", "1.1", "1.10")
	f("1000", 10, 0, "1000", "1E+3", "1000")
	f("-1000.00", 10, 2, "-1000.00", "-1E+3", "-1000.00")
	f("0.000000027", 20, 9, "0.000000027", "2.7E-8", "2.7E-8")
	f("454621864049246170", 18, 0, "454621864049246170", "4.5462186404924617E+17", "454621864049246170")
	f("0", 10, 2, "0.00", "0", "0.00")
	f("-0.004", 10, 2, "0.00", "0", "0.00")
	f("0", 10, 8, "0.00000000", "0", "0E-8")
	f("0.0000001", 10, 8, "0.00000010", "1E-7", "1.0E-7")
	f("2.5", 3, 0, "3", "3", "3")
	f("-2.5", 3, 0, "-3", "-3", "-3")
	f("9.995", 5, 2, "10.00", "1E+1", "10.00")
	f("1e-400", 5, 2, "0.00", "0", "0.00")
	f("99999999999999999999999999999999999999", 38, 0, "99999999999999999999999999999999999999", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999")
	f("-12345678901234567890123456789012345678", 38, 0, "-12345678901234567890123456789012345678", "-12345678901234567890123456789012345678", "-12345678901234567890123456789012345678")
	f("0.5", 1, 0, "1", "1", "1")

	over := func(text string, precision, scale int32) {
		t.Helper()
		if _, fits, ok := ParseDecimal([]byte(text), precision, scale); fits || !ok {
			t.Errorf("%s as DECIMAL(%d, %d): fits %v, ok %v", text, precision, scale, fits, ok)
		}
	}
	over("1000", 3, 0)
	over("999.5", 3, 0)
	over("1e400", 38, 0)
	over("100000000000000000000000000000000000000", 38, 0)
	for _, bad := range []string{"", ".", "-", "e5", "1e", "1e+", "1.2.3", "1 ", "0x1", "NaN", "1e99999999999"} {
		if _, _, ok := ParseDecimal([]byte(bad), 10, 2); ok {
			t.Errorf("%q is read", bad)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	f.Add(int64(5), uint64(7), int32(3))
	f.Add(int64(-1), ^uint64(0), int32(38))
	f.Fuzz(func(t *testing.T, hi int64, lo uint64, scale int32) {
		if scale < 0 || scale > 38 || hi > 0x4b3b4ca85a86c47a>>1 || hi < -0x4b3b4ca85a86c47a>>1 {
			return
		}
		d := vec.Decimal128{Lo: lo, Hi: hi}
		want := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(hi), 64), new(big.Int).SetUint64(lo))
		plain := string(AppendDecimal(nil, d, scale))
		rat, ok := new(big.Rat).SetString(plain)
		if !ok || rat.Mul(rat, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))).Cmp(new(big.Rat).SetInt(want)) != 0 {
			t.Fatalf("%v with scale %d is %s", want, scale, plain)
		}
		for _, text := range []string{plain, string(AppendStrippedDecimal(nil, d, scale, false)), string(AppendStrippedDecimal(nil, d, scale, true)), string(AppendJavaDecimal(nil, d, scale))} {
			if back, fits, ok := ParseDecimal([]byte(text), 38, scale); !ok || !fits || back != d {
				t.Fatalf("%v with scale %d is %s, which is %v, %v, %v", want, scale, text, back, fits, ok)
			}
		}
	})
}
