package plan

import (
	"fmt"
	"strconv"
	"strings"

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
		return strconv.FormatFloat(v.F, 'g', -1, 64)
	case vec.LayoutBytes:
		return "'" + strings.ReplaceAll(v.S, "'", "''") + "'"
	case vec.LayoutD128:
		return fmt.Sprintf("DECIMAL(%d:%d/%d)", v.D.Hi, v.D.Lo, t.Scale)
	}
	if t.IsInteger() {
		return strconv.FormatInt(v.I, 10)
	}
	return fmt.Sprintf("%s(%d)", t.Nullable(), v.I)
}
