package function

import (
	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// timeSteps move times by units and measure between them.
func timeSteps() []Scalar {
	return []Scalar{
		{Name: "TIMESTAMPADD", Doc: "The time moved by so many units: TIMESTAMPADD(unit, number, time).", Example: "TIMESTAMPADD(DAY, 1, DATE '2024-02-28') = DATE '2024-02-29'", Bind: bindTimestampAdd},
		{Name: "TIMESTAMPDIFF", Doc: "How many whole units the second time is after the first: TIMESTAMPDIFF(unit, from, upto).", Example: "TIMESTAMPDIFF(DAY, DATE '2024-02-28', DATE '2024-03-01') = 2", Bind: bindTimestampDiff},
	}
}

// unitMs is the milliseconds of a unit of fixed length, unitMonths the months of the others.
func unitMs(unit string) int64 {
	switch unit {
	case "MILLISECOND":
		return 1
	case "SECOND":
		return msPerSecond
	case "MINUTE":
		return 60 * msPerSecond
	case "HOUR":
		return 3600 * msPerSecond
	case "DAY":
		return msPerDay
	case "WEEK":
		return 7 * msPerDay
	}
	return 0
}

func unitMonths(unit string) int64 {
	switch unit {
	case "MONTH":
		return 1
	case "QUARTER":
		return 3
	case "YEAR":
		return 12
	case "DECADE":
		return 120
	case "CENTURY":
		return 1200
	case "MILLENNIUM":
		return 12000
	}
	return 0
}

func bindTimestampAdd(args []Arg) (*Overload, error) {
	const want = "a unit, a whole number and a time"
	if err := arity("TIMESTAMPADD", args, 3, 3); err != nil {
		return nil, err
	}
	unit, ok := constText(args[0])
	t := args[2].Type
	ms, months := unitMs(unit), unitMonths(unit)
	if !ok || !args[1].Type.IsInteger() && args[1].Type.ID != schema.Null || !isDatetime(t) && !t.IsString() || ms+months == 0 {
		return nil, wrong("TIMESTAMPADD", args, want)
	}
	switch {
	case t.IsString():
		t = as(schema.Of(schema.Timestamp).WithPrecision(3), args[2])
	case t.ID == schema.Date && ms%msPerDay != 0:
		t = as(schema.Of(schema.Timestamp), args[2])
	}
	perMs := max(1, t.PerSecond()/msPerSecond)
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		by, in := cols[1].I64, cols[2]
		return each(c, dst, func(i int) error {
			switch {
			case t.IsInstant() && months > 0:
				dst.I64[i] = addMonths(in.I64[i], perMs*msPerDay, by[i]*months)
			case t.IsInstant():
				dst.I64[i] = in.I64[i] + by[i]*ms*perMs
			case t.ID == schema.Time:
				dst.I32[i] = int32(floorMod(int64(in.I32[i])+by[i]*ms, msPerDay))
			case months > 0:
				dst.I32[i] = int32(addMonths(int64(in.I32[i]), 1, by[i]*months))
			default:
				dst.I32[i] = in.I32[i] + int32(by[i]*ms/msPerDay)
			}
			return nil
		})
	}
	return &Overload{
		Args: []schema.Type{args[0].Type, as(schema.Of(schema.BigInt), args[1]), t}, Result: like(t, args[1:]), Kernel: kernel,
	}, nil
}

func bindTimestampDiff(args []Arg) (*Overload, error) {
	const want = "a unit and two times"
	if err := arity("TIMESTAMPDIFF", args, 3, 3); err != nil {
		return nil, err
	}
	unit, ok := constText(args[0])
	ms, months := unitMs(unit), unitMonths(unit)
	if !ok || ms+months == 0 {
		return nil, wrong("TIMESTAMPDIFF", args, want)
	}
	// Everything is compared as TIMESTAMP(3), an instant as it stands in the session's zone.
	t := schema.Of(schema.Timestamp).WithPrecision(3)
	types := []schema.Type{args[0].Type}
	if x, y := args[1].Type.ID, args[2].Type.ID; (x == schema.TimestampLTZ) != (y == schema.TimestampLTZ) && x != schema.Null && y != schema.Null {
		return nil, wrong("TIMESTAMPDIFF", args, "two TIMESTAMP_LTZ, or two times without a zone")
	}
	for _, a := range args[1:] {
		if !isDatetime(a.Type) && !a.Type.IsString() && a.Type.ID != schema.Null {
			return nil, wrong("TIMESTAMPDIFF", args, want)
		}
		types = append(types, as(t, a))
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		from, upto := cols[1].I64, cols[2].I64
		return each(c, dst, func(i int) error {
			if months > 0 {
				dst.I32[i] = int32(monthsBetween(from[i], upto[i]) / months)
			} else {
				dst.I32[i] = int32((upto[i] - from[i]) / ms)
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: like(schema.Of(schema.Int), args[1:]), Kernel: kernel}, nil
}

// monthsBetween is Calcite's subtractMonths, with its rule that a month moved to a shorter one ends on
// the last day: from January 31 to February 29 is one.
func monthsBetween(from, upto int64) int64 {
	d0, d1 := floorDiv(upto, msPerDay), floorDiv(from, msPerDay)
	months := monthsOfDays(d0, d1)
	if addMonths(d1, 1, months) == d0 && floorMod(upto, msPerDay) < floorMod(from, msPerDay) {
		months--
	}
	return months
}

func monthsOfDays(d0, d1 int64) int64 {
	if d0 < d1 {
		return -monthsOfDays(d1, d0)
	}
	for m := (d0 - d1) / 31; ; m++ { // no month is longer, so this is not too much
		if addMonths(d1, 1, m) >= d0 || addMonths(d1, 1, m+1) > d0 {
			return m
		}
	}
}

// bindTimeFloor binds FLOOR and CEIL of a time to a unit.
func bindTimeFloor(name string, args []Arg, up bool) (*Overload, error) {
	unit, ok := constText(args[1])
	ms, months := unitMs(unit), unitMonths(unit)
	t := args[0].Type
	if !ok || ms+months == 0 {
		return nil, wrong(name, args, "a time TO MILLISECOND, SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR, DECADE, CENTURY or MILLENNIUM")
	}
	per := t.PerSecond()
	round := func(v, perDay int64) int64 {
		switch {
		case unit == "WEEK":
			return floorWeek(v, perDay, up)
		case months > 0:
			return floorMonths(v, perDay, months, up)
		}
		return floorUnit(v, max(1, perDay/(msPerDay/min(ms, msPerDay))), up)
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		in := cols[0]
		return each(c, dst, func(i int) error {
			switch t.ID {
			case schema.Date:
				dst.I32[i] = int32(round(int64(in.I32[i]), 1))
			case schema.Time:
				dst.I32[i] = int32(floorMod(round(int64(in.I32[i]), msPerDay), msPerDay))
			case schema.TimestampLTZ:
				dst.I64[i] = toInstant(round(toLocal(in.I64[i], per, c.Zone), per*86400), per, c.Zone)
			default:
				dst.I64[i] = round(in.I64[i], per*86400)
			}
			return nil
		})
	}
	return &Overload{Args: []schema.Type{t}, Result: t, Kernel: kernel}, nil
}

func floorUnit(v, unit int64, up bool) int64 {
	floor := v - floorMod(v, unit)
	if up && floor != v {
		return floor + unit
	}
	return floor
}

// floorWeek goes to a Sunday. What is on a Sunday stays on it at any hour, upwards too: Calcite's ceiling of
// weeks, months and years is one of days.
func floorWeek(v, perDay int64, up bool) int64 {
	days := floorDiv(v, perDay)
	sunday := (days - int64(weekday(days))) * perDay
	if up && sunday != days*perDay {
		return sunday + 7*perDay
	}
	return sunday
}

// floorMonths goes to the first day of a month, quarter, year, decade, century or millennium; the last
// two begin with the year 1.
func floorMonths(v, perDay, months int64, up bool) int64 {
	day := floorDiv(v, perDay)
	y, m, _ := format.DateOf(day)
	shift := int64(0)
	if months >= 1200 {
		shift = 12
	}
	at := y*12 + int64(m-1) - shift
	at -= floorMod(at, months)
	first := func(at int64) int64 {
		return format.DayOf(floorDiv(at+shift, 12), int(floorMod(at+shift, 12))+1, 1) * perDay
	}
	if floor := first(at); !up || floor == day*perDay {
		return floor
	}
	return first(at + months)
}
