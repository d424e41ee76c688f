package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// FormatValue returns a literal as SQL text, for plans and messages.
func FormatValue(t schema.Type, v vec.Value) string {
	if v.Null {
		return "NULL"
	}
	switch vec.LayoutOf(t.ID) {
	case vec.LayoutBits:
		return strings.ToUpper(strconv.FormatBool(v.I != 0))
	case vec.LayoutF32, vec.LayoutF64:
		return strconv.FormatFloat(v.F, 'E', -1, 64)
	case vec.LayoutBytes:
		if t.IsBinary() {
			return fmt.Sprintf("X'%X'", v.S)
		}
		return "'" + strings.ReplaceAll(v.S, "'", "''") + "'"
	case vec.LayoutD128:
		return string(format.AppendDecimal(nil, v.D, t.Scale))
	}
	return formatInteger(t, v.I)
}

// formatInteger formats what is kept as an integer.
func formatInteger(t schema.Type, n int64) string {
	switch t.ID {
	case schema.Date:
		return time.Unix(n*86400, 0).UTC().Format("DATE '2006-01-02'")
	case schema.Time:
		return time.UnixMilli(n).UTC().Format("TIME '15:04:05.999'")
	case schema.Timestamp, schema.TimestampLTZ:
		per := t.PerSecond()
		whole := n / per
		if n%per < 0 {
			whole--
		}
		at := time.Unix(whole, (n-whole*per)*(1e9/per)).UTC()
		// As nothing writes TIMESTAMP_LTZ literals in SQL, the type stands before the UTC time.
		return strings.Split(t.Nullable().String(), "(")[0] + at.Format(" '2006-01-02 15:04:05.999999999'")
	case schema.IntervalDay:
		text := strconv.FormatFloat(float64(n)/1000, 'f', -1, 64)
		return "INTERVAL '" + text + "' SECOND"
	case schema.IntervalMonth:
		return fmt.Sprintf("INTERVAL '%d' MONTH", n)
	}
	return strconv.FormatInt(n, 10)
}
