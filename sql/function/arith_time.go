package function

import (
	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

const (
	msPerSecond = 1000
	msPerDay    = 86_400_000
)

// bindShift binds time + sign*interval. at is the position of the time among the arguments.
//
// A DATE moved by a constant part of a day becomes TIMESTAMP(6), as Flink does for INTERVAL HOUR to
// SECOND; by anything else it stays a DATE.
func bindShift(args []Arg, t, interval schema.Type, by Arg, at int, sign int64) (*Overload, error) {
	if t.ID == schema.Date && interval.ID == schema.IntervalDay && by.Const != nil && by.Const.I%msPerDay != 0 {
		t = schema.Of(schema.Timestamp)
	}
	if t.ID == schema.Time && interval.ID == schema.IntervalMonth {
		return nil, wrong("+", args, "a TIME and an INTERVAL DAY TO SECOND")
	}
	types := []schema.Type{as(t, args[at]), as(interval, args[1-at])}
	if at == 1 {
		types[0], types[1] = types[1], types[0]
	}
	return &Overload{Args: types, Result: like(t, args), Kernel: shiftKernel(t, interval, at, sign)}, nil
}

func shiftKernel(t, interval schema.Type, at int, sign int64) Kernel {
	perMs := max(1, t.PerSecond()/msPerSecond)
	month := interval.ID == schema.IntervalMonth
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		x, by := args[at], args[1-at]
		switch {
		case t.IsInstant() && !month:
			shiftAll(dst.I64[:c.Rows.N], x.I64, by.I64, sign*perMs, cheap(c.Rows))
			return nil
		case t.IsInstant():
			return each(c, dst, func(i int) error {
				dst.I64[i] = addMonths(x.I64[i], perMs*msPerDay, int64(by.I32[i])*sign)
				return nil
			})
		case t.ID == schema.Date && month:
			return each(c, dst, func(i int) error {
				dst.I32[i] = int32(addMonths(int64(x.I32[i]), 1, int64(by.I32[i])*sign))
				return nil
			})
		case t.ID == schema.Date:
			return each(c, dst, func(i int) error {
				dst.I32[i] = x.I32[i] + int32(sign*by.I64[i]/msPerDay)
				return nil
			})
		}
		return each(c, dst, func(i int) error {
			dst.I32[i] = int32(floorMod(int64(x.I32[i])+sign*by.I64[i], msPerDay))
			return nil
		})
	}
}

func shiftAll(dst, x, by []int64, unit int64, sel []int32) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = x[i] + by[i]*unit
		}
		return
	}
	x, by = x[:len(dst)], by[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + by[i]*unit
	}
}

// addMonths moves v, which has perDay units a day, by months; a day that the month does not have
// becomes its last.
func addMonths(v, perDay, months int64) int64 {
	days := floorDiv(v, perDay)
	y, m, d := format.DateOf(days)
	at := y*12 + int64(m-1) + months
	y, m = floorDiv(at, 12), int(floorMod(at, 12))+1
	return format.DayOf(y, m, min(d, format.DaysIn(y, m)))*perDay + v - days*perDay
}

func bindIntervals(op byte, args []Arg, a, b schema.Type) *Overload {
	a.Precision = max(a.Precision, b.Precision)
	t := like(a, args)
	o := &Overload{Args: []schema.Type{as(a, args[0]), as(a, args[1])}, Result: t}
	if t.ID == schema.IntervalMonth {
		o.Kernel = loopKernel(op, i32s)
	} else {
		o.Kernel = loopKernel(op, i64s)
	}
	return o
}

// bindScaled binds interval * number and interval / number. at is the position of the interval.
func bindScaled(args []Arg, interval schema.Type, at int, divide bool) *Overload {
	by := args[1-at].Type
	if !by.IsInteger() && by.ID != schema.Null {
		by = schema.Of(schema.Double)
	} else {
		by = schema.Of(schema.BigInt)
	}
	types := []schema.Type{as(interval, args[at]), as(by, args[1-at])}
	if at == 1 {
		types[0], types[1] = types[1], types[0]
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		x, y := cols[at], cols[1-at]
		return each(c, dst, func(i int) error {
			v := intAt(x, i)
			switch {
			case by.ID == schema.BigInt && divide:
				if y.I64[i] == 0 {
					return divisionByZero()
				}
				v /= y.I64[i]
			case by.ID == schema.BigInt:
				v *= y.I64[i]
			case divide:
				v = int64(float64(v) / y.F64[i])
			default:
				v = int64(float64(v) * y.F64[i])
			}
			setInt(dst, i, v)
			return nil
		})
	}
	return &Overload{Args: types, Result: like(interval, args), Kernel: kernel}
}
