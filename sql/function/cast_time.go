package function

import (
	"millrace/fault"
	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// precisionUnit is how many stored units the last digit of an instant's precision is: TIMESTAMP(1),
// stored in milliseconds, has 100.
func precisionUnit(t schema.Type) int64 {
	unit := t.PerSecond()
	for range t.Precision {
		unit /= 10
	}
	return max(unit, 1)
}

// timeUnit is how many milliseconds the last digit of a TIME's precision is.
func timeUnit(t schema.Type) int64 { return precisionUnit(schema.Type{Precision: min(t.Precision, 3)}) }

// cutTo drops what is finer than unit, toward the past.
func cutTo(v, unit int64) int64 {
	if unit == 1 {
		return v
	}
	return v - floorMod(v, unit)
}

// castTime is the cast between DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ; nil if there is none.
func castTime(from, to schema.Type) Kernel {
	switch {
	case from.IsInstant() && to.IsInstant():
		return castInstant(from, to)
	case from.IsInstant():
		return castFromInstant(from, to)
	case from.ID == schema.Time && to.ID == schema.Time:
		unit := timeUnit(to)
		return each1(i32s, i32s, func(v int32) int32 { return int32(cutTo(int64(v), unit)) })
	case to.IsInstant():
		perUnit := to.PerSecond() * 86400
		if from.ID == schema.Time {
			perUnit = to.PerSecond() / msPerSecond
		}
		return func(c *Call, args []*vec.Column, dst *vec.Column) error {
			return each(c, dst, func(i int) error {
				dst.I64[i] = int64(args[0].I32[i]) * perUnit
				if to.ID == schema.TimestampLTZ {
					dst.I64[i] = toInstant(dst.I64[i], to.PerSecond(), c.Zone)
				}
				return nil
			})
		}
	}
	return nil
}

// castInstant changes the precision, and between TIMESTAMP and TIMESTAMP_LTZ the zone.
func castInstant(from, to schema.Type) Kernel {
	fromPer, toPer, unit := from.PerSecond(), to.PerSecond(), precisionUnit(to)
	scale := func(v int64) int64 {
		if toPer >= fromPer {
			return cutTo(v*(toPer/fromPer), unit)
		}
		return cutTo(floorDiv(v, fromPer/toPer), unit)
	}
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0].I64
		return each(c, dst, func(i int) error {
			v := in[i]
			switch {
			case from.ID == schema.TimestampLTZ && to.ID == schema.Timestamp:
				v = toLocal(v, fromPer, c.Zone)
			case from.ID == schema.Timestamp && to.ID == schema.TimestampLTZ:
				v = toInstant(v, fromPer, c.Zone)
			}
			if _, ok := format.JoinTime(0, v/fromPer, 0, toPer); toPer > fromPer && !ok {
				return fault.New(fault.Invalid, "cast %s to %s: it holds the years 1678 to 2261 only", AppendTimestamp(nil, v, from), to.Nullable())
			}
			dst.I64[i] = scale(v)
			return nil
		})
	}
}

// castFromInstant is the cast to DATE and TIME.
func castFromInstant(from, to schema.Type) Kernel {
	per, unit := from.PerSecond(), timeUnit(to)
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0].I64
		return each(c, dst, func(i int) error {
			v := in[i]
			if from.ID == schema.TimestampLTZ {
				v = toLocal(v, per, c.Zone)
			}
			days := floorDiv(v, per*86400)
			if to.ID == schema.Date {
				dst.I32[i] = int32(days)
			} else {
				ms := (v - days*per*86400) / (per / msPerSecond)
				dst.I32[i] = int32(cutTo(ms, unit))
			}
			return nil
		})
	}
}
