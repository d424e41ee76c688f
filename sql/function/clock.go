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
		{
			Name: "CURRENT_WATERMARK", Doc: "How far event time has come, for a column that is the event time of its rows; NULL before the first watermark.",
			Example: "CURRENT_WATERMARK(LOCALTIMESTAMP) = NULL", Volatile: true, Bind: bindWatermark,
		},
	}
}

func bindWatermark(args []Arg) (*Overload, error) {
	const name = "CURRENT_WATERMARK"
	if err := arity(name, args, 1, 1); err != nil {
		return nil, err
	}
	if !args[0].Type.IsInstant() {
		return nil, wrong(name, args, "TIMESTAMP or TIMESTAMP_LTZ")
	}
	kernel := func(c *Call, _ []*vec.Column, dst *vec.Column) error {
		if !c.Timed {
			dst.NeedValid(c.Rows.N).Fill(false)
			return nil
		}
		for i := range c.Rows.N {
			dst.I64[i] = c.Watermark
		}
		return nil
	}
	return &Overload{Args: []schema.Type{args[0].Type}, Result: schema.Of(args[0].Type.ID).WithPrecision(3), Lenient: true, Kernel: kernel}, nil
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
