package function

import (
	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// timeParts read one part of a time: EXTRACT and the functions named for a unit.
func timeParts() []Scalar {
	return []Scalar{
		{Name: "EXTRACT", Doc: "A part of a time or interval: YEAR, QUARTER, MONTH, WEEK, DAY, DOW, ISODOW, DOY, HOUR, MINUTE, SECOND, EPOCH, and more.", Example: "EXTRACT(DAY FROM DATE '2024-05-17') = 17", Bind: bindExtract},
		partOf("YEAR", "The year.", "YEAR(DATE '2024-05-17') = 2024", "YEAR"),
		partOf("QUARTER", "The quarter of the year, 1 to 4.", "QUARTER(DATE '2024-05-17') = 2", "QUARTER"),
		partOf("MONTH", "The month, 1 to 12.", "MONTH(DATE '2024-05-17') = 5", "MONTH"),
		partOf("WEEK", "The ISO week of the year, 1 to 53.", "WEEK(DATE '2024-05-17') = 20", "WEEK"),
		partOf("DAYOFYEAR", "The day of the year, 1 to 366.", "DAYOFYEAR(DATE '2024-02-01') = 32", "DOY"),
		partOf("DAYOFMONTH", "The day of the month, 1 to 31.", "DAYOFMONTH(DATE '2024-05-17') = 17", "DAY"),
		partOf("DAYOFWEEK", "The day of the week, 1 for Sunday to 7.", "DAYOFWEEK(DATE '2024-05-17') = 6", "DOW"),
		partOf("HOUR", "The hour of the day.", "HOUR(TIMESTAMP '2024-05-17 12:34:56') = 12", "HOUR"),
		partOf("MINUTE", "The minute of the hour.", "MINUTE(TIMESTAMP '2024-05-17 12:34:56') = 34", "MINUTE"),
		partOf("SECOND", "The second of the minute.", "SECOND(TIMESTAMP '2024-05-17 12:34:56') = 56", "SECOND"),
	}
}

func partOf(name, doc, example, unit string) Scalar {
	return Scalar{Name: name, Doc: doc, Example: example, Bind: func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		kernel := partKernel(unit, args[0].Type, 0)
		if kernel == nil {
			return nil, wrong(name, args, "a time that has a "+unit)
		}
		return &Overload{Args: typesOf(args), Result: as(schema.Of(schema.BigInt), args[0]), Kernel: kernel}, nil
	}}
}

func bindExtract(args []Arg) (*Overload, error) {
	if err := arity("EXTRACT", args, 2, 2); err != nil {
		return nil, err
	}
	unit, ok := constText(args[0])
	if !ok {
		return nil, wrong("EXTRACT", args, "(unit FROM time)")
	}
	kernel := partKernel(unit, args[1].Type, 1)
	if kernel == nil {
		return nil, wrong("EXTRACT", args, "a time that has a "+unit)
	}
	return &Overload{Args: typesOf(args), Result: as(schema.Of(schema.BigInt), args[1]), Kernel: kernel}, nil
}

// partKernel computes a unit of argument at, of type t; nil if t has no such part.
func partKernel(unit string, t schema.Type, at int) Kernel {
	if t.ID == schema.Null {
		return nullKernel
	}
	if t.IsInterval() {
		f := intervalPart(unit, t)
		if f == nil {
			return nil
		}
		return func(c *Call, args []*vec.Column, dst *vec.Column) error {
			return each(c, dst, func(i int) error { dst.I64[i] = f(intAt(args[at], i)); return nil })
		}
	}
	day, clock := dayPart(unit), clockPart(unit)
	switch {
	case !isDatetime(t), day == nil && clock == nil, t.ID == schema.Time && clock == nil:
		return nil
	}
	per := t.PerSecond()
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[at]
		return each(c, dst, func(i int) error {
			var s stamp
			switch t.ID {
			case schema.Date:
				s.days = int64(in.I32[i])
			case schema.Time:
				s = stampOf(int64(in.I32[i]), msPerSecond)
			default:
				s = stampAt(in, i, per, c.Zone)
			}
			if day != nil {
				dst.I64[i] = day(s)
			} else {
				dst.I64[i] = clock(s)
			}
			return nil
		})
	}
}

// dayPart returns how to read a unit of days and more, or EPOCH.
func dayPart(unit string) func(stamp) int64 {
	year := func(f func(y int64) int64) func(stamp) int64 {
		return func(s stamp) int64 { y, _, _ := format.DateOf(s.days); return f(y) }
	}
	switch unit {
	case "MILLENNIUM":
		return year(func(y int64) int64 { return floorDiv(y+999, 1000) })
	case "CENTURY":
		return year(func(y int64) int64 { return floorDiv(y+99, 100) })
	case "DECADE":
		return year(func(y int64) int64 { return floorDiv(y, 10) })
	case "YEAR":
		return year(func(y int64) int64 { return y })
	case "ISOYEAR":
		return func(s stamp) int64 { y, _ := isoWeek(s.days); return y }
	case "QUARTER":
		return func(s stamp) int64 { _, m, _ := format.DateOf(s.days); return int64(m+2) / 3 }
	case "MONTH":
		return func(s stamp) int64 { _, m, _ := format.DateOf(s.days); return int64(m) }
	case "WEEK":
		return func(s stamp) int64 { _, w := isoWeek(s.days); return int64(w) }
	case "DAY":
		return func(s stamp) int64 { _, _, d := format.DateOf(s.days); return int64(d) }
	case "DOY":
		return func(s stamp) int64 { return int64(dayOfYear(s.days)) }
	case "DOW":
		return func(s stamp) int64 { return int64(weekday(s.days)) + 1 }
	case "ISODOW":
		return func(s stamp) int64 { return int64(weekday(s.days)+6)%7 + 1 }
	case "EPOCH":
		return func(s stamp) int64 { return s.days*86400 + s.seconds - s.offset }
	}
	return nil
}

// clockPart returns how to read a unit of less than a day.
func clockPart(unit string) func(stamp) int64 {
	switch unit {
	case "HOUR":
		return func(s stamp) int64 { return s.seconds / 3600 }
	case "MINUTE":
		return func(s stamp) int64 { return s.seconds / 60 % 60 }
	case "SECOND":
		return func(s stamp) int64 { return s.seconds % 60 }
	case "MILLISECOND":
		return func(s stamp) int64 { return s.nanos / 1e6 }
	case "MICROSECOND":
		return func(s stamp) int64 { return s.nanos / 1e3 }
	case "NANOSECOND":
		return func(s stamp) int64 { return s.nanos }
	}
	return nil
}

func intervalPart(unit string, t schema.Type) func(int64) int64 {
	if t.ID == schema.IntervalMonth {
		switch unit {
		case "YEAR":
			return func(v int64) int64 { return v / 12 }
		case "QUARTER":
			return func(v int64) int64 { return v%12/3 + 1 }
		case "MONTH":
			return func(v int64) int64 { return v % 12 }
		}
		return nil
	}
	switch unit {
	case "DAY":
		return func(v int64) int64 { return v / msPerDay }
	case "HOUR":
		return func(v int64) int64 { return v / 3600000 % 24 }
	case "MINUTE":
		return func(v int64) int64 { return v / 60000 % 60 }
	case "SECOND":
		return func(v int64) int64 { return v / 1000 % 60 }
	case "MILLISECOND":
		return func(v int64) int64 { return v % 1000 }
	case "EPOCH":
		return func(v int64) int64 { return v / 1000 }
	}
	return nil
}
