package function

import (
	"millrace/schema"
	"millrace/vec"
)

// clocks are the functions that ask for the time: that of the batch, Call.Now.
func clocks() []Scalar {
	ltz3 := schema.Of(schema.TimestampLTZ).WithPrecision(3).Required()
	ts3 := schema.Of(schema.Timestamp).WithPrecision(3).Required()
	const now = "The present instant; in a stream it is asked for at every batch of rows."
	return []Scalar{
		clock("CURRENT_TIMESTAMP", now, "CURRENT_TIMESTAMP = CURRENT_TIMESTAMP = TRUE", ltz3, instantNow),
		clock("CURRENT_ROW_TIMESTAMP", now, "CURRENT_ROW_TIMESTAMP() IS NOT NULL = TRUE", ltz3, instantNow),
		clock("NOW", now, "NOW() IS NOT NULL = TRUE", ltz3, instantNow),
		clock("PROCTIME", "The processing time, as a time attribute.", "PROCTIME() IS NOT NULL = TRUE", ltz3, instantNow),
		clock("LOCALTIMESTAMP", "The present date and time of the session's zone.", "LOCALTIMESTAMP IS NOT NULL = TRUE", ts3, localNow),
		clock("CURRENT_DATE", "The present date of the session's zone.", "CURRENT_DATE IS NOT NULL = TRUE", schema.Of(schema.Date).Required(), dateNow),
		clock("LOCALTIME", "The present time of day of the session's zone, in seconds.", "LOCALTIME IS NOT NULL = TRUE", schema.Of(schema.Time).Required(), timeNow),
		clock("CURRENT_TIME", "The present time of day of the session's zone, in seconds.", "CURRENT_TIME IS NOT NULL = TRUE", schema.Of(schema.Time).Required(), timeNow),
	}
}

func instantNow(c *Call) int64 { return c.Now.UnixMilli() }

func localNow(c *Call) int64 { return toLocal(c.Now.UnixMilli(), msPerSecond, c.Zone) }

func dateNow(c *Call) int64 { return floorDiv(localNow(c), msPerDay) }

func timeNow(c *Call) int64 {
	ms := floorMod(localNow(c), msPerDay)
	return ms - ms%msPerSecond
}

func clock(name, doc, example string, t schema.Type, read func(*Call) int64) Scalar {
	kernel := func(c *Call, _ []*vec.Column, dst *vec.Column) error {
		v := read(c)
		for i := range c.Rows.N {
			setInt(dst, i, v)
		}
		return nil
	}
	return Scalar{Name: name, Doc: doc, Example: example, Volatile: true, Bind: func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 0, 0); err != nil {
			return nil, err
		}
		return &Overload{Result: t, Kernel: kernel}, nil
	}}
}
