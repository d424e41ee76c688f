package store

import (
	"fmt"
	"math/big"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// plain turns a value of the driver into one that JSON can tell; see Result.Rows.
func plain(v any) any {
	switch v := v.(type) {
	case nil, bool, string, int64:
		return v
	case float64:
		return finite(v)
	case float32:
		return finite(float64(v))
	case time.Time:
		return v.UTC()
	case []byte:
		return string(appendUTF8(nil, v))
	case *big.Int:
		if v.IsInt64() {
			return v.Int64()
		}
		return v.String()
	case duckdb.Decimal:
		return finite(v.Float64())
	case duckdb.UUID:
		return v.String()
	case duckdb.Interval:
		return interval(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = plain(x)
		}
		return out
	case map[string]any:
		return plainMap(v)
	case duckdb.Map:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[fmt.Sprint(plain(k))] = plain(x)
		}
		return out
	case duckdb.Union:
		return plain(v.Value)
	}
	return plainInt(v)
}

func plainMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, x := range m {
		out[k] = plain(x)
	}
	return out
}

func plainInt(v any) any {
	switch v := v.(type) {
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case int:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		if v>>63 == 0 {
			return int64(v)
		}
	}
	return fmt.Sprint(v)
}

// interval is an INTERVAL as text: "1 months 2 days 3h0m0s".
func interval(v duckdb.Interval) string {
	rest := (time.Duration(v.Micros) * time.Microsecond).String()
	switch {
	case v.Months != 0:
		return fmt.Sprintf("%d months %d days %s", v.Months, v.Days, rest)
	case v.Days != 0:
		return fmt.Sprintf("%d days %s", v.Days, rest)
	}
	return rest
}
