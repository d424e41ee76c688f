package json

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/format"
	"millrace/format/formattest"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

func TestConformance(t *testing.T) {
	broken := []string{
		`{`, `{"ca"`, `{"ca":`, `{"ca":1`, `{"ca":1,`, `{"ca":1,}`, `{,}`, `{"ca" 1}`, `{ca:1}`, `{"ca":1}}`, `{"ca":1} x`, `{"ca":1}{"ca":2}`,
		`{"zz":tru}`, `{"zz":nul}`, `{"zz":01}`, `{"zz":1.}`, `{"zz":.5}`, `{"zz":+1}`, `{"zz":1e}`, `{"zz":-}`, `{"zz":"a}`, `{"zz":"\x"}`, `{"zz":"\u12g4"}`, "{\"zz\":\"a\nb\"}",
		`{"zz":[1,2}`, `{"zz":{"a":[}}`, `{"zz":[1 2]}`, `{"zz":{"a" 1}}`, `{"zz":[1,]}`, `{"zz":{"a":1,}}`, "{\"zz\":\"\xff\"}", "{\"\xc3\x28\":1}", `{"zz":NaN}`,
		`{"zz":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
		`5`, `"text"`, `true`, `nope`, `nul`, `[1]`, `[{"ca":"x"},5]`, `[{"ca":"x"},]`, `[{"ca":"x"}`, `[{"ca":"x"} {}]`, `[[]]`,
		`{"ce":99999}`, `{"cd":128}`, `{"cf":3000000000}`, `{"cg":"9223372036854775808"}`, `{"cf":"12a"}`, `{"cf":""}`, `{"cf":true}`, `{"cf":{}}`, `{"ci":"warm"}`, `{"ci":[]}`,
		`{"cj":"x"}`, `{"cl":"?"}`, `{"cl":5}`, `{"cm":"2026-02-30"}`, `{"cn":"25:00:00"}`, `{"co":"2026-11-20T10:00:00"}`, `{"co":1795168800}`, `{"cr":"2026-11-20 10:00:00"}`,
	}
	for _, v := range []option.Values{nil, {"timestamp-format.standard": "ISO-8601"}, {"encode.ignore-null-fields": "true", "encode.decimal-as-plain-number": "true"}} {
		if v != nil {
			broken = broken[:30]
		}
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			formattest.Run(t, formattest.Suite{Spec: Spec(), Options: v, Rows: formattest.Everything(), Broken: broken})
		})
	}
	broken = []string{
		`{"ca":5}`, `{"ca":"[1]"}`, `{"ca":{"a":1}}`, `{"ca":[1,"x"]}`, `{"ca":[1`, `{"ca":[1,]}`, `{"ca":[1 2]}`, `{"ca":[1,2}`, `{"ca":[nul]}`, `{"ca":`, `{"ca":[`,
		`{"cc":[1]}`, `{"cc":{"a":1,}}`, `{"cc":{"a" 1}}`, `{"cc":{a:1}}`, `{"cc":{"a":"x"}}`, `{"cc":{"a":{}}}`, `{"cc":{"a`, `{"cc":{"a":`, `{"cd":{"x":null}}`, `{"cd":{"x":"y"}}`,
		`{"ce":[]}`, `{"ce":{"cf":"x"}}`, `{"ce":{"zz":}}`, `{"ce":{"zz":1,}}`, `{"ce":{"cf":1`, `{"ce":{"cf":1 "cg":2}}`, `{"cf":[{"cf":1},{"cf":"x"}]}`, `{"cf":[{"cf":1},5]}`,
		`{"cg":[[1],[2,{}]]}`, `{"ch":{"a":{"b":[]}}}`, `{"ci":{"fb":{"fa":{"a":1.5e30}}}}`, `{"ci":{"fc":[{"fb":{"x":[]}}]}}`,
		`{"cg":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, `{"cb":[` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `]}`,
	}
	for _, v := range []option.Values{nil, {"timestamp-format.standard": "ISO-8601"}, {"encode.ignore-null-fields": "true", "encode.decimal-as-plain-number": "true"}} {
		t.Run(fmt.Sprint("nested", v), func(t *testing.T) {
			formattest.Run(t, formattest.Suite{Spec: Spec(), Options: v, Rows: formattest.EverythingNested(), Broken: broken})
		})
	}
}

// decode returns the rows of a record with one column x of the given type, as text.
func decode(t *testing.T, typ schema.Type, v option.Values, msg string) (string, error) {
	t.Helper()
	s := schema.New(schema.Field{Name: "x", Type: typ})
	d, err := newDecoder(s, v)
	if err != nil {
		t.Fatal(err)
	}
	dst := vec.NewBuilder(s)
	if err := d.Decode([]byte(msg), dst); err != nil {
		return "", err
	}
	e, err := newEncoder(s, option.Values{"encode.decimal-as-plain-number": "true"})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range dst.Len() {
		text, err := e.Append(nil, dst.Batch(), i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(string(text), `{"x":`), "}"))
	}
	return strings.Join(out, " "), nil
}

func TestValuesAreConvertedAsFlinkDoes(t *testing.T) {
	text, boolean, integer, bigint, small := schema.Of(schema.VarChar), schema.Of(schema.Boolean), schema.Of(schema.Int), schema.Of(schema.BigInt), schema.Of(schema.SmallInt)
	double, decimal := schema.Of(schema.Double), schema.Type{ID: schema.Decimal, Precision: 5, Scale: 2}
	f := func(typ schema.Type, value, want string) {
		t.Helper()
		if got, err := decode(t, typ, nil, `{"a": [1, {"b": "}"}], "x": `+value+` , "z": null}`); err != nil || got != want {
			t.Errorf("%s as %s: %s, %v; want %s", value, typ, got, err, want)
		}
	}
	refused := func(typ schema.Type, value, want string) {
		t.Helper()
		_, err := decode(t, typ, nil, `{"x":`+value+`}`)
		if bad := (*format.Error)(nil); !errors.As(err, &bad) || bad.Field != "x" || bad.Reason != want {
			t.Errorf("%s as %s: %v, want %s", value, typ, err, want)
		}
		if got, err := decode(t, typ, option.Values{"ignore-parse-errors": "true"}, `{"x":`+value+`}`); err != nil || got != "null" {
			t.Errorf("%s as %s, errors ignored: %s, %v", value, typ, got, err)
		}
	}

	f(text, `12`, `"12"`)
	f(text, `1.50`, `"1.50"`)
	f(text, `true`, `"true"`)
	f(text, `null`, `null`)
	f(text, `{ "a" : [ 1, 2.50, "\u0041\/\n" ] }`, `"{\"a\":[1,2.5,\"A/\\n\"]}"`)
	f(text, `"\ud83c\udf21 \ud800 \u00e9"`, "\"\U0001F321 � é\"")

	f(boolean, `true`, `true`)
	f(boolean, `" TRUE "`, `true`)
	f(boolean, `"yes"`, `false`)
	f(boolean, `1`, `false`)
	f(boolean, `{}`, `false`)

	f(integer, `"12"`, `12`)
	f(integer, `" +12 "`, `12`)
	f(integer, `3.99`, `3`)
	f(integer, `-3.99`, `-3`)
	f(integer, `1e3`, `1000`)
	f(bigint, `9223372036854775807`, `9223372036854775807`)
	f(bigint, `-9223372036854775808`, `-9223372036854775808`)
	f(bigint, `1.5e3`, `1500`)
	refused(integer, `2147483648`, `2147483648 does not fit INT`)
	refused(integer, `1e10`, `1e10 does not fit INT`)
	refused(integer, `"3.5"`, `"3.5" is no INT`)
	refused(small, `3.5`, `"3.5" is no SMALLINT`)
	refused(small, `40000`, `40000 does not fit SMALLINT`)
	refused(bigint, `9223372036854775808`, `9223372036854775808 does not fit BIGINT`)
	refused(bigint, `1e19`, `1e19 does not fit BIGINT`)
	refused(integer, `false`, `"false" is no INT`)

	f(double, `77.0`, `77.0`)
	f(double, `"77.5"`, `77.5`)
	f(double, `-0`, `-0.0`)
	f(double, `1E400`, `"Infinity"`)
	f(double, `"NaN"`, `"NaN"`)
	f(double, `"-Infinity"`, `"-Infinity"`)
	f(double, `123456789.125`, `1.23456789125E8`)
	f(double, `0.00001`, `1.0E-5`)
	refused(double, `"77,5"`, `"77,5" is no DOUBLE`)
	refused(double, `""`, `"" is no DOUBLE`)
	refused(double, `true`, `"true" is no DOUBLE`)
	refused(double, `{"a":1}`, `"{\"a\":1}" is no DOUBLE`)
	refused(double, `"`+strings.Repeat("é", 40)+`"`, `"`+strings.Repeat("é", 32)+`..." is no DOUBLE`)

	f(decimal, `1.005`, `1.01`)
	f(decimal, `"-1.005"`, `-1.01`)
	f(decimal, `12e1`, `120.00`)
	f(decimal, `999.999`, `null`)
	f(decimal, `12345678901234567890123456789012345678901234567890`, `null`)
	refused(decimal, `"1,5"`, `"1,5" is no DECIMAL(5, 2)`)
}

func TestInstants(t *testing.T) {
	sql, iso := option.Values{}, option.Values{"timestamp-format.standard": "ISO-8601"}
	ts, ltz := schema.Of(schema.Timestamp).WithPrecision(3), schema.Of(schema.TimestampLTZ).WithPrecision(3)
	f := func(typ schema.Type, v option.Values, value, want string) {
		t.Helper()
		got, err := decode(t, typ, v, `{"x":"`+value+`"}`)
		if err != nil {
			got = "refused"
		}
		if got = strings.Trim(got, `"`); got != want {
			t.Errorf("%q as %s is %s, %v; want %s", value, typ, got, err, want)
		}
	}
	f(ts, sql, "2026-11-20 10:00:00.123", "2026-11-20 10:00:00.123")
	f(ts, sql, "2026-11-20 10:00:00.123999", "2026-11-20 10:00:00.123")
	f(ts, sql, "2026-11-20 10:00:00", "2026-11-20 10:00:00")
	f(ts, sql, "2026-11-20 10:00:00.1", "2026-11-20 10:00:00.1")
	f(ts, sql, "1969-12-31 23:59:59.999", "1969-12-31 23:59:59.999")
	f(ts, sql, "2024-02-30 10:00:00", "2024-02-29 10:00:00")
	f(ts, sql, "2024-12-31 24:00:00", "2025-01-01 00:00:00")
	f(ts, sql, "0001-01-01 00:00:00", "0001-01-01 00:00:00")
	f(ts, sql, "+12026-11-20 10:00:00", "+12026-11-20 10:00:00")
	for _, bad := range []string{
		"", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20 10:00", "2026-11-20 10:00:00Z", "2026-11-20 10:00:00.1234567890", "2026-13-01 10:00:00", "2026-11-32 10:00:00",
		"2026-00-01 10:00:00", "2026-11-00 10:00:00", "2026-11-20 24:00:01", "2026-11-20 10:60:00", "2026-11-20 10:00:60", "2026-11-20 10:00:00.", "26-11-20 10:00:00",
		"2026-11-20 10:00:00.12a", "2026/11/20 10:00:00", "2026-11-2O 10:00:00", " 2026-11-20 10:00:00", "2026-11-20 1\\u0030:00:0x",
	} {
		if bad == "2026-11-20 10:00:00." {
			f(ts, sql, bad, "2026-11-20 10:00:00") // Java's formatters take a point without digits
			continue
		}
		f(ts, sql, bad, "refused")
	}
	f(ltz, sql, "2026-11-20 10:00:00.5Z", "2026-11-20 10:00:00.5Z")
	f(ltz, sql, "2026-11-20 10:00:00", "refused")
	f(ts, iso, "2026-11-20T10:00:00.123", "2026-11-20 10:00:00.123")
	f(ts, iso, "2026-11-20T10:00", "2026-11-20 10:00:00")
	f(ts, iso, "2026-11-20 10:00:00", "refused")
	f(ts, iso, "2026-02-30T10:00:00", "refused")
	f(ts, iso, "2026-02-20T24:00:00", "refused")
	f(ts, iso, "2026-11-20T10:00.5", "refused")
	f(ltz, iso, "2026-11-20T10:00:00.123Z", "2026-11-20 10:00:00.123Z")
	f(ltz, iso, "2026-11-20T10:00:00+01:00", "refused")
	f(schema.Of(schema.Timestamp).WithPrecision(9), sql, "2026-11-20 10:00:00.123456789", "2026-11-20 10:00:00.123456789")
	f(schema.Of(schema.Timestamp).WithPrecision(9), sql, "2300-11-20 10:00:00", "refused")
	f(schema.Of(schema.Date), sql, "2024-02-29", "2024-02-29")
	f(schema.Of(schema.Date), sql, "2023-02-29", "refused")
	f(schema.Of(schema.Time), sql, "10:00:00.5", "10:00:00.5")
	f(schema.Of(schema.Time), sql, "10:00", "refused")
}

func TestRecordsWithoutAndWithSeveralRows(t *testing.T) {
	typ := schema.Of(schema.Int)
	f := func(msg, want string) {
		t.Helper()
		if got, err := decode(t, typ, nil, msg); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", msg, got, err, want)
		}
	}
	f("", "")
	f(" \n", "")
	f("null", "")
	f(" null ", "")
	f("[]", "")
	f(`{}`, "null")
	f(` { } `, "null")
	f(`[{"x":1}, null, {"x":2},{}]`, "1 2 null")
	f(`{"x":1,"x":2}`, "2")
	f(`{"x":1,"x":null}`, "null")
	f(`{"\u0078":5}`, "5")
	f(`{"y":{"x":1},"x":2,"z":[{"x":3}]}`, "2")
}

func TestArrayTooLongForBatch(t *testing.T) {
	s := schema.New(schema.Field{Name: "x", Type: schema.Of(schema.Int)})
	d, err := newDecoder(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	dst := vec.NewBuilderSize(s, 2)
	two, three := []byte(`[{"x":1},{"x":2}]`), []byte(`[{"x":1},{"x":2},{"x":3}]`)
	if err := d.Decode([]byte(`{"x":0}`), dst); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(two, dst); !errors.Is(err, format.ErrFull) || dst.Len() != 1 {
		t.Errorf("two rows into one place: %v, %d rows", err, dst.Len())
	}
	dst.Reset()
	if err := d.Decode(two, dst); err != nil || dst.Len() != 2 {
		t.Errorf("two rows into two places: %v, %d rows", err, dst.Len())
	}
	dst.Reset()
	if err := d.Decode(three, dst); err == nil || errors.Is(err, format.ErrFull) {
		t.Errorf("more rows than any batch takes: %v", err)
	}
}

func TestMissingFields(t *testing.T) {
	s := sensorSchema("id", "temperature", "event_time")
	f := func(v option.Values, msg, want string) {
		t.Helper()
		d, err := newDecoder(s, v)
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		got := fmt.Sprint(d.Decode([]byte(msg), dst))
		if got != want || dst.Len() > 0 && want != "<nil>" {
			t.Errorf("%s: %s, want %s", msg, got, want)
		}
	}
	strict, lenient := option.Values{"fail-on-missing-field": "true"}, option.Values{"ignore-parse-errors": "true"}
	f(nil, `{"id":"a","event_time":"2026-11-20 10:00:00"}`, "<nil>")
	f(nil, `{"id":null,"event_time":"2026-11-20 10:00:00"}`, `field "id": is NOT NULL, but null`)
	f(nil, `{"id":"a","temperature":1}`, `field "event_time": is NOT NULL, but missing`)
	f(nil, `{"id":"a"`, `invalid JSON at byte 9: the text ends where a comma or the end of the object should stand`)
	f(strict, `{"id":"a","event_time":"2026-11-20 10:00:00"}`, `field "temperature": is missing`)
	f(strict, `{"id":"a","temperature":null,"event_time":"2026-11-20 10:00:00"}`, "<nil>")
	f(lenient, `{"id":"a","temperature":"warm","event_time":"2026-11-20 10:00:00"}`, "<nil>")
	if _, err := newDecoder(s, option.Values{"fail-on-missing-field": "true", "ignore-parse-errors": "true"}); err == nil {
		t.Error("both options at once are accepted")
	}
	d, err := newDecoder(s, lenient)
	if err != nil {
		t.Fatal(err)
	}
	dst := vec.NewBuilder(s)
	for _, msg := range []string{`{"id":`, `{"id":null,"event_time":"2026-11-20 10:00:00"}`, `{"id":"a","event_time":"soon"}`} {
		if err := d.Decode([]byte(msg), dst); err != nil || dst.Len() != 0 {
			t.Errorf("%s, errors ignored: %v, %d rows", msg, err, dst.Len())
		}
	}
}

// TestShapeChanges feeds records whose members come, go and move, so that what is remembered of the last
// record is often wrong.
func TestShapeChanges(t *testing.T) {
	s := schema.New(schema.Field{Name: "a", Type: schema.Of(schema.Int)}, schema.Field{Name: "b", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "c", Type: schema.Of(schema.Double)})
	d, err := newDecoder(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	members := []string{`"a":1`, `"b": "x"`, `"b":   "x"`, ` "c" : 2.5`, "\"a\":\t1", `"other":{"a":9}`, `"a b":[1]`}
	dst := vec.NewBuilder(s)
	state := uint32(1)
	for range 5000 {
		dst.Reset()
		var parts []string
		want := []vec.Value{{Null: true}, {Null: true}, {Null: true}}
		for range state >> 8 & 7 {
			state = state*1664525 + 1013904223
			k := int(state>>16) % len(members)
			parts = append(parts, members[k])
			if field := []int{0, 1, 1, 2, 0, -1, -1}[k]; field >= 0 {
				want[field] = []vec.Value{{I: 1}, {S: "x"}, {F: 2.5}}[field]
			}
		}
		state = state*1664525 + 1013904223
		msg := "{" + strings.Join(parts, []string{",", ", "}[state>>20&1]) + "}"
		if err := d.Decode([]byte(msg), dst); err != nil {
			t.Fatalf("%s: %v", msg, err)
		}
		if diff := cmp.Diff(want, formattest.Row(dst.Batch(), 0)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", msg, diff)
		}
	}
}

func TestDoublesAreExact(t *testing.T) {
	for _, text := range []string{
		"0", "0.1", "0.3", "77.0", "9007199254740992", "9007199254740993", "0.30000000000000004", "1.7976931348623157e308", "4.9e-324", "123456789012345678", "0.0000000000000000001",
		"1234567890.123456789", "8.5e-5", "25.555555555555557", "-12.625", "1e22", "1e23", "3.14159265358979323846264338327950288419716939937510",
	} {
		var want float64
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		s := schema.New(schema.Field{Name: "x", Type: schema.Of(schema.Double)})
		d, err := newDecoder(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		if err := d.Decode([]byte(`{"x":`+text+`}`), dst); err != nil {
			t.Fatal(err)
		}
		if got := dst.Batch().Cols[0].F64[0]; math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}
