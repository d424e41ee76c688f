package function

import (
	"testing"

	"millrace/schema"
	"millrace/vec"
)

var (
	tinyint, smallint, integer32, bigint = schema.Of(schema.TinyInt), schema.Of(schema.SmallInt), schema.Of(schema.Int), schema.Of(schema.BigInt)
	float32s, double, varchar            = schema.Of(schema.Float), schema.Of(schema.Double), schema.Of(schema.VarChar)
	timestamp3                           = schema.Of(schema.Timestamp).WithPrecision(3)
)

func char(n int32) schema.Type { return schema.Of(schema.Char).WithPrecision(n) }

func TestCommonType(t *testing.T) {
	f := func(want string, types ...schema.Type) {
		t.Helper()
		got, ok := CommonType(types...)
		text := "none"
		if ok {
			text = got.String()
		}
		if text != want {
			t.Errorf("%v have %s, want %s", types, text, want)
		}
	}
	f("BIGINT", integer32, bigint)
	f("SMALLINT NOT NULL", tinyint.Required(), smallint.Required())
	f("DOUBLE", float32s, double)
	f("FLOAT", float32s, integer32)
	f("DOUBLE", decimalType(10, 2), float32s)
	f("DECIMAL(12, 2)", integer32, decimalType(5, 2))
	f("DECIMAL(38, 6)", decimalType(38, 6), decimalType(10, 2))
	f("DECIMAL(38, 18)", decimalType(38, 18), decimalType(10, 2))
	f("CHAR(2)", char(2), char(2))
	f("VARCHAR(3)", char(2), char(3))
	f("STRING", char(2), varchar)
	f("INT", schema.Type{}, integer32)
	f("TIMESTAMP(3)", schema.Of(schema.Date), timestamp3)
	f("TIMESTAMP_LTZ(6)", timestamp3, schema.Of(schema.TimestampLTZ))
	f("none", integer32, varchar)
	f("none", schema.Of(schema.Time), timestamp3)
	f("none", schema.Of(schema.Boolean), integer32)
	f("none")
}

func TestOperatorTypes(t *testing.T) {
	set := NewSet()
	f := func(name, want string, types ...schema.Type) {
		t.Helper()
		args := make([]Arg, len(types))
		for i := range types {
			args[i].Type = types[i]
		}
		fn, ok := set.Scalar(name)
		if !ok {
			t.Fatalf("no function %s", name)
		}
		got := "refused"
		if o, err := fn.Bind(args); err == nil {
			got = o.Result.String()
		}
		if got != want {
			t.Errorf("%s%v is %s, want %s", name, types, got, want)
		}
	}
	d := func(p, s int32) schema.Type { return decimalType(p, s) }
	f("+", "INT NOT NULL", integer32.Required(), integer32.Required())
	f("+", "TINYINT", tinyint, tinyint.Required())
	f("+", "FLOAT", float32s, double)
	f("+", "DOUBLE", double, float32s)
	f("*", "FLOAT", float32s, integer32)
	f("*", "DOUBLE", d(10, 2), float32s)
	f("+", "DECIMAL(20, 0)", d(19, 0), integer32)
	f("+", "DECIMAL(13, 2)", integer32, d(5, 2))
	f("*", "DECIMAL(21, 4)", d(10, 2), d(10, 2))
	f("/", "DECIMAL(23, 13)", d(10, 2), d(10, 2))
	f("*", "DECIMAL(38, 6)", d(38, 18), d(38, 18))
	f("/", "DECIMAL(30, 11)", d(19, 0), integer32)
	f("%", "INT", bigint, integer32)
	f("%", "DECIMAL(3, 1)", d(10, 1), d(3, 1))
	f("-", "TIMESTAMP(3)", timestamp3, schema.Of(schema.IntervalDay))
	f("+", "DATE", schema.Of(schema.Date), schema.Of(schema.IntervalMonth))
	f("*", "INTERVAL DAY TO SECOND(3)", integer32, schema.Of(schema.IntervalDay))
	f("+", "refused", timestamp3, timestamp3)
	f("+", "refused", varchar, integer32)
	f("=", "refused", varchar, integer32)
	f("=", "BOOLEAN", varchar, timestamp3)
	f("=", "BOOLEAN NOT NULL", integer32.Required(), d(10, 2).Required())
	f("<", "BOOLEAN", schema.Type{}, integer32)
	f("||", "CHAR(5)", char(2), char(3))
	f("||", "STRING", char(2), varchar)
	f("ROUND", "DECIMAL(9, 0)", d(10, 2))
	f("FLOOR", "DECIMAL(10, 0)", d(10, 2))
	f("CEIL", "INT", integer32)
	f("POWER", "DOUBLE", integer32, d(3, 1))
	f("SUBSTRING", "VARCHAR(5)", char(5).Required(), integer32)
	f("UPPER", "CHAR(3) NOT NULL", char(3).Required())
	f("SQRT", "refused", varchar)
}

func TestAggregateTypes(t *testing.T) {
	set := NewSet()
	f := func(name string, arg schema.Type, want string) {
		t.Helper()
		a, ok := set.Aggregate(name)
		if !ok {
			t.Fatalf("no aggregate %s", name)
		}
		got := "refused"
		if o, err := a.Bind([]Arg{{Type: arg}}); err == nil {
			got = o.Result.String()
		}
		if got != want {
			t.Errorf("%s(%s) is %s, want %s", name, arg, got, want)
		}
	}
	f("COUNT", varchar, "BIGINT NOT NULL")
	f("SUM", tinyint.Required(), "TINYINT")
	f("SUM", decimalType(10, 2), "DECIMAL(38, 2)")
	f("SUM", varchar, "refused")
	f("AVG", integer32, "INT")
	f("AVG", decimalType(10, 2), "DECIMAL(38, 6)")
	f("AVG", decimalType(20, 8), "DECIMAL(38, 8)")
	f("MIN", varchar, "STRING")
	f("MAX", timestamp3.Required(), "TIMESTAMP(3)")
	f("VAR_POP", decimalType(10, 2), "DECIMAL(38, 6)")
	f("STDDEV_POP", integer32, "INT")
}

func TestCanStore(t *testing.T) {
	f := func(from, to schema.Type, implicit, store bool) {
		t.Helper()
		if got := CanCastImplicitly(from, to); got != implicit {
			t.Errorf("%s to %s implicitly: %v", from, to, got)
		}
		if got := CanStore(from, to); got != store {
			t.Errorf("%s into %s: %v", from, to, got)
		}
	}
	f(integer32, bigint, true, true)
	f(bigint, integer32, false, true)
	f(integer32, double, true, true)
	f(double, float32s, false, true)
	f(char(3), varchar, true, true)
	f(varchar, integer32, false, false)
	f(integer32, varchar, false, false)
	f(schema.Of(schema.Date), timestamp3, true, true)
	f(timestamp3, schema.Of(schema.TimestampLTZ), true, true)
	f(schema.Type{}, varchar, true, true)
}

func TestConvert(t *testing.T) {
	v, err := Convert(vec.Value{S: "12.5"}, varchar, decimalType(10, 2))
	if err != nil || v.D.Lo != 1250 {
		t.Errorf("got %v, %v", v, err)
	}
	if _, err := Convert(vec.Value{S: "x"}, varchar, integer32); err == nil {
		t.Error("x became an INT")
	}
}

func TestSetFindsAndSuggests(t *testing.T) {
	s := NewSet()
	if _, ok := s.Scalar("upper"); !ok {
		t.Error("upper is not found")
	}
	if _, ok := s.Aggregate("Sum"); !ok {
		t.Error("Sum is not found")
	}
	if got := s.Near("char_lenght"); got != "CHAR_LENGTH" {
		t.Errorf("char_lenght is near %q", got)
	}
	seen := map[string]bool{}
	for _, name := range s.Names() {
		if seen[name] {
			t.Errorf("%s stands twice", name)
		}
		seen[name] = true
	}
}
