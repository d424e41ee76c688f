package function

import (
	"math"
	"time"

	"millrace/schema"
	"millrace/vec"
)

// timeTexts read times from text and numbers, and write them.
func timeTexts() []Scalar {
	return []Scalar{
		{Name: "TO_TIMESTAMP", Doc: "The text as a TIMESTAMP(3), by a pattern of Java's DateTimeFormatter (yyyy-MM-dd HH:mm:ss, if none is given); NULL if it is none.", Example: "TO_TIMESTAMP('2024-05-01 12:00:00') = TIMESTAMP '2024-05-01 12:00:00.000'", Bind: bindToTimestamp},
		{Name: "TO_TIMESTAMP_LTZ", Doc: "A number of seconds (precision 0) or milliseconds (3, as if none is given) since 1970 as a TIMESTAMP_LTZ(3); or a text, by a pattern, in a time zone (UTC, if none is given).", Example: "CAST(TO_TIMESTAMP_LTZ(0, 3) AS STRING) = '1970-01-01 00:00:00.000'", Bind: bindToTimestampLTZ},
		{Name: "TO_DATE", Doc: "The text as a DATE, by a pattern; NULL if it is none.", Example: "TO_DATE('2024-05-01') = DATE '2024-05-01'", Bind: bindToDate},
		{Name: "DATE_FORMAT", Doc: "The time as text, by a pattern of Java's DateTimeFormatter.", Example: "DATE_FORMAT(TIMESTAMP '2024-05-01 12:34:56', 'yyyy/MM/dd HH:mm') = '2024/05/01 12:34'", Bind: bindDateFormat},
		{Name: "UNIX_TIMESTAMP", Doc: "Seconds since 1970 of now, or of a text, by a pattern, in the session's time zone.", Example: "UNIX_TIMESTAMP('1970-01-01 00:01:00') = 60", Volatile: true, Bind: bindUnixTimestamp},
		{Name: "FROM_UNIXTIME", Doc: "Seconds since 1970 as text, by a pattern, in the session's time zone.", Example: "FROM_UNIXTIME(60) = '1970-01-01 00:01:00'", Bind: bindFromUnixtime},
		{Name: "CONVERT_TZ", Doc: "The time yyyy-MM-dd HH:mm:ss of one time zone as text in another; NULL if it is none.", Example: "CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'Asia/Shanghai') = '1970-01-01 08:00:00'", Bind: bindConvertTZ},
	}
}

// layouts gives the pattern of a row: that of a constant argument, or none for Flink's default forms.
type layouts struct {
	at    int // position of the pattern among the arguments
	fixed layout
	given bool // there is a pattern
	bad   bool // the constant is no pattern
}

// newLayouts looks at argument at, if there is one, and takes it away from types if it is constant and
// the last.
func newLayouts(args []Arg, types []schema.Type, at int) (*layouts, []schema.Type) {
	l := &layouts{at: at, given: at < len(args)}
	if !l.given {
		return l, types
	}
	text, ok := constText(args[at])
	if !ok {
		return l, types
	}
	fixed, err := parseLayout(text)
	l.fixed, l.bad = fixed, err != nil
	if fixed == nil {
		l.fixed = layout{}
	}
	if at == len(args)-1 {
		types = types[:at]
	}
	return l, types
}

// lastLayout remembers the pattern of the row before, during one call.
type lastLayout struct {
	text   string
	parsed layout
	ok     bool
}

// of returns the pattern of row i.
func (l *layouts) of(last *lastLayout, cols []*vec.Column, i int) (layout, bool) {
	if l.fixed != nil {
		return l.fixed, !l.bad
	}
	if p := cols[l.at].Bytes(i); last.parsed == nil || last.text != string(p) {
		last.text = string(p)
		parsed, err := parseLayout(last.text)
		last.parsed, last.ok = append(layout{}, parsed...), err == nil
	}
	return last.parsed, last.ok
}

// read reads a local time in units of which per make a second.
func (l *layouts) read(last *lastLayout, cols []*vec.Column, i int, per int64) (int64, bool) {
	text := cols[0].Bytes(i)
	if !l.given {
		return ParseTimestamp(text, per)
	}
	pattern, ok := l.of(last, cols, i)
	if !ok {
		return 0, false
	}
	s, ok := pattern.parse(text)
	return s.local(per), ok
}

func bindToTimestamp(args []Arg) (*Overload, error) {
	if err := arity("TO_TIMESTAMP", args, 1, 2); err != nil {
		return nil, err
	}
	types, err := conform("TO_TIMESTAMP", args, texts(2))
	if err != nil {
		return nil, err
	}
	l, types := newLayouts(args, types, 1)
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastLayout
		return each(c, dst, func(i int) error {
			v, ok := l.read(&last, cols, i, msPerSecond)
			dst.I64[i] = v
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: schema.Of(schema.Timestamp).WithPrecision(3), Kernel: kernel}, nil
}

func bindToTimestampLTZ(args []Arg) (*Overload, error) {
	if err := arity("TO_TIMESTAMP_LTZ", args, 1, 3); err != nil {
		return nil, err
	}
	if args[0].Type.IsNumeric() {
		return bindEpoch(args)
	}
	types, err := conform("TO_TIMESTAMP_LTZ", args, texts(3))
	if err != nil {
		return nil, err
	}
	l, types := newLayouts(args, types, 1)
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastLayout
		return each(c, dst, func(i int) error {
			v, ok := l.read(&last, cols, i, msPerSecond)
			if ok && len(cols) == 3 {
				var zone *time.Location
				if zone, ok = zoneOf(cols[2].Bytes(i)); ok {
					v = toInstant(v, msPerSecond, zone)
				}
			}
			dst.I64[i] = v
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: schema.Of(schema.TimestampLTZ).WithPrecision(3), Kernel: kernel}, nil
}

// bindEpoch binds TO_TIMESTAMP_LTZ of a number.
func bindEpoch(args []Arg) (*Overload, error) {
	const want = "a number, and 0 for seconds or 3 for milliseconds"
	if len(args) > 2 || len(args) == 2 && !args[1].Type.IsInteger() && args[1].Type.ID != schema.Null {
		return nil, wrong("TO_TIMESTAMP_LTZ", args, want)
	}
	unit := int64(1)
	if len(args) == 2 {
		p, ok := constInt(args[1])
		switch {
		case !ok && args[1].Const != nil && args[1].Const.Null:
			unit = 0
		case !ok || p != 0 && p != 3:
			return nil, wrong("TO_TIMESTAMP_LTZ", args, want)
		case p == 0:
			unit = msPerSecond
		}
	}
	t := args[0].Type
	if !t.IsInteger() {
		t = as(schema.Of(schema.Double), args[0])
	} else {
		t = as(schema.Of(schema.BigInt), args[0])
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error {
			ms, ok := int64(0), false
			if t.ID == schema.BigInt {
				ms, ok = cols[0].I64[i]*unit, unit > 0 && inRange(float64(cols[0].I64[i])*float64(unit))
			} else {
				f := cols[0].F64[i] * float64(unit)
				ms, ok = saturate(math.Round(f), math.MinInt64, math.MaxInt64), unit > 0 && inRange(f)
			}
			dst.I64[i] = ms
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return nil
		})
	}
	return &Overload{Args: []schema.Type{t}, Result: schema.Of(schema.TimestampLTZ).WithPrecision(3), Kernel: kernel}, nil
}

// inRange reports whether milliseconds since 1970 are in the years 0001 to 9999, the only ones that
// Flink answers for.
func inRange(ms float64) bool { return ms >= -62135596800000 && ms <= 253402300799999 }

func bindToDate(args []Arg) (*Overload, error) {
	if err := arity("TO_DATE", args, 1, 2); err != nil {
		return nil, err
	}
	types, err := conform("TO_DATE", args, texts(2))
	if err != nil {
		return nil, err
	}
	l, types := newLayouts(args, types, 1)
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastLayout
		return each(c, dst, func(i int) error {
			days, ok := int32(0), false
			if l.given {
				var v int64
				v, ok = l.read(&last, cols, i, msPerSecond)
				days = int32(floorDiv(v, msPerDay))
			} else {
				days, ok = ParseDate(cols[0].Bytes(i))
			}
			dst.I32[i] = days
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: schema.Of(schema.Date), Kernel: kernel}, nil
}

func bindDateFormat(args []Arg) (*Overload, error) {
	const want = "a TIMESTAMP, a TIMESTAMP_LTZ or a text, and a pattern"
	if err := arity("DATE_FORMAT", args, 2, 2); err != nil {
		return nil, err
	}
	t := args[0].Type
	if t.ID == schema.Date || t.IsString() || t.ID == schema.Null {
		t = as(schema.Of(schema.Timestamp).WithPrecision(9), args[0])
		if args[0].Type.ID == schema.Date {
			t.Precision = 3
		}
	}
	if !t.IsInstant() || !args[1].Type.IsString() {
		return nil, wrong("DATE_FORMAT", args, want)
	}
	l, types := newLayouts(args, []schema.Type{t, args[1].Type}, 1)
	if l.bad {
		_, err := parseLayout(args[1].Const.S)
		return nil, err
	}
	per := t.PerSecond()
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastLayout
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			pattern, ok := l.of(&last, cols, i)
			if !ok {
				_, err := parseLayout(last.text)
				return nil, err
			}
			return pattern.append(out, stampAt(cols[0], i, per, c.Zone)), nil
		})
	}
	return &Overload{Args: types, Result: like(stringType(), args), Kernel: kernel}, nil
}

// stampAt takes row i of a TIMESTAMP, or TIMESTAMP_LTZ in zone, apart.
func stampAt(col *vec.Column, i int, per int64, zone *time.Location) stamp {
	v := col.I64[i]
	if col.Type.ID != schema.TimestampLTZ {
		return stampOf(v, per)
	}
	local := toLocal(v, per, zone)
	s := stampOf(local, per)
	s.offset = (local - v) / per
	if zone != nil {
		s.zone = zone.String()
	}
	return s
}

// standardLayout is the pattern that Flink's functions use when none is given.
const standardLayout = "yyyy-MM-dd HH:mm:ss"

func bindUnixTimestamp(args []Arg) (*Overload, error) {
	if err := arity("UNIX_TIMESTAMP", args, 0, 2); err != nil {
		return nil, err
	}
	types, err := conform("UNIX_TIMESTAMP", args, texts(2))
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return &Overload{Result: schema.Of(schema.BigInt).Required(), Kernel: func(c *Call, _ []*vec.Column, dst *vec.Column) error {
			for i := range c.Rows.N {
				dst.I64[i] = c.Now.Unix()
			}
			return nil
		}}, nil
	}
	l, types := newLayouts(args, types, 1)
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastLayout
		return each(c, dst, func(i int) error {
			v, ok := l.read(&last, cols, i, msPerSecond)
			dst.I64[i] = floorDiv(toInstant(v, msPerSecond, c.Zone), msPerSecond)
			if !ok {
				dst.I64[i] = math.MinInt64 // Flink's answer for what is no time
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: like(schema.Of(schema.BigInt), args), Kernel: kernel}, nil
}

func bindFromUnixtime(args []Arg) (*Overload, error) {
	if err := arity("FROM_UNIXTIME", args, 1, 2); err != nil {
		return nil, err
	}
	types, err := conform("FROM_UNIXTIME", args, []schema.TypeID{schema.BigInt, schema.VarChar})
	if err != nil {
		return nil, err
	}
	l, types := newLayouts(args, types, 1)
	if !l.given {
		l.fixed, _ = parseLayout(standardLayout)
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastLayout
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			pattern, ok := l.of(&last, cols, i)
			if !ok {
				dst.SetNull(i, c.Rows.N)
				return out, nil
			}
			return pattern.append(out, stampOf(toLocal(cols[0].I64[i], 1, c.Zone), 1)), nil
		})
	}
	return &Overload{Args: types, Result: stringType(), Kernel: kernel}, nil
}

func bindConvertTZ(args []Arg) (*Overload, error) {
	if err := arity("CONVERT_TZ", args, 3, 3); err != nil {
		return nil, err
	}
	types, err := conform("CONVERT_TZ", args, texts(3))
	if err != nil {
		return nil, err
	}
	pattern, err := parseLayout(standardLayout)
	if err != nil {
		return nil, err
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			v, ok := ParseTimestamp(cols[0].Bytes(i), 1000)
			from, known := zoneOf(cols[1].Bytes(i))
			to, both := zoneOf(cols[2].Bytes(i))
			if !ok || !known || !both {
				dst.SetNull(i, c.Rows.N)
				return out, nil
			}
			return pattern.append(out, stampOf(toLocal(toInstant(v, 1000, from), 1000, to), 1000)), nil
		})
	}
	return &Overload{Args: types, Result: stringType(), Kernel: kernel}, nil
}

// zoneOf returns a time zone by name or offset: Asia/Shanghai, UTC, GMT+05:30.
func zoneOf(name []byte) (*time.Location, bool) {
	zone, err := Zone(string(name))
	return zone, err == nil
}
