// Package schema describes rows: the types of Flink SQL, the fields of a row, and which of them are
// time attributes.
//
// Everything that handles rows uses it; it imports nothing of ours but fault. Types and schemas are
// values that nobody changes once made: they may be shared freely.
package schema

import (
	"fmt"
	"strings"
)

// TypeID is the root of a type: DECIMAL, whatever its precision.
type TypeID uint8

// The types of Flink SQL. Null is the type of a bare NULL before it is coerced.
const (
	Null TypeID = iota
	Boolean
	TinyInt
	SmallInt
	Int
	BigInt
	Float
	Double
	Decimal
	Char
	VarChar
	Binary
	VarBinary
	Date
	Time
	Timestamp
	TimestampLTZ
	IntervalMonth // YEAR TO MONTH
	IntervalDay   // DAY TO SECOND
	Array
	Map
	Multiset
	Row
)

// MaxLength is the length of STRING and BYTES, which are VARCHAR(MaxLength) and VARBINARY(MaxLength).
const MaxLength = 1<<31 - 1

// Type is a type of Flink SQL. The zero Type is a nullable NULL.
type Type struct {
	ID TypeID
	// Precision is the length of CHAR, VARCHAR, BINARY and VARBINARY, the digits of DECIMAL, the
	// fractional digits of TIME, TIMESTAMP, TIMESTAMP_LTZ and of IntervalDay's seconds.
	Precision int32
	Scale     int32 // DECIMAL
	NotNull   bool
	// Fields are a ROW's; ARRAY and MULTISET have one without a name, MAP has key and value.
	Fields []Field
}

// Of returns the nullable type with Flink's default precision: DECIMAL(10, 0), TIMESTAMP(6),
// CHAR(1); VarChar and VarBinary are STRING and BYTES.
func Of(id TypeID) Type {
	t := Type{ID: id}
	switch id {
	case Decimal:
		t.Precision = 10
	case Char, Binary:
		t.Precision = 1
	case VarChar, VarBinary:
		t.Precision = MaxLength
	case Timestamp, TimestampLTZ:
		t.Precision = 6
	case IntervalDay:
		t.Precision = 3
	}
	return t
}

// WithPrecision returns t with precision p.
func (t Type) WithPrecision(p int32) Type { t.Precision = p; return t }

// Required returns t as NOT NULL.
func (t Type) Required() Type { t.NotNull = true; return t }

// Nullable returns t as NULL.
func (t Type) Nullable() Type { t.NotNull = false; return t }

// Same reports whether a and b are the same type, their NOT NULL apart.
func Same(a, b Type) bool {
	if a.ID != b.ID || a.Precision != b.Precision || a.Scale != b.Scale || len(a.Fields) != len(b.Fields) {
		return false
	}
	for i := range a.Fields {
		if a.Fields[i].Name != b.Fields[i].Name || !Same(a.Fields[i].Type, b.Fields[i].Type) {
			return false
		}
	}
	return true
}

// IsInteger reports whether t is TINYINT, SMALLINT, INT or BIGINT.
func (t Type) IsInteger() bool { return t.ID >= TinyInt && t.ID <= BigInt }

// IsNumeric reports whether t is an integer, FLOAT, DOUBLE or DECIMAL.
func (t Type) IsNumeric() bool { return t.ID >= TinyInt && t.ID <= Decimal }

// IsString reports whether t is CHAR or VARCHAR.
func (t Type) IsString() bool { return t.ID == Char || t.ID == VarChar }

// IsBinary reports whether t is BINARY or VARBINARY.
func (t Type) IsBinary() bool { return t.ID == Binary || t.ID == VarBinary }

// IsInstant reports whether t is TIMESTAMP or TIMESTAMP_LTZ.
func (t Type) IsInstant() bool { return t.ID == Timestamp || t.ID == TimestampLTZ }

// IsInterval reports whether t is an interval.
func (t Type) IsInterval() bool { return t.ID == IntervalMonth || t.ID == IntervalDay }

// PerSecond is how many units of an instant's stored integer make a second: 1e3 for a precision up
// to 3, 1e6 up to 6, 1e9 up to 9, as in Arrow.
func (t Type) PerSecond() int64 {
	switch {
	case t.Precision <= 3:
		return 1e3
	case t.Precision <= 6:
		return 1e6
	default:
		return 1e9
	}
}

// String returns the type as Flink prints it: "TIMESTAMP(3) NOT NULL", "ROW<`a` INT, `b` STRING>".
func (t Type) String() string {
	s := t.base()
	if t.NotNull {
		s += " NOT NULL"
	}
	return s
}

func (t Type) base() string {
	switch t.ID {
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d, %d)", t.Precision, t.Scale)
	case Char, Binary, Time, Timestamp, TimestampLTZ:
		return fmt.Sprintf("%s(%d)", names[t.ID], t.Precision)
	case VarChar, VarBinary:
		if t.Precision == MaxLength {
			return map[TypeID]string{VarChar: "STRING", VarBinary: "BYTES"}[t.ID]
		}
		return fmt.Sprintf("%s(%d)", names[t.ID], t.Precision)
	case IntervalMonth:
		return "INTERVAL YEAR TO MONTH"
	case IntervalDay:
		return fmt.Sprintf("INTERVAL DAY TO SECOND(%d)", t.Precision)
	case Array, Multiset, Map, Row:
		return t.nested()
	}
	return names[t.ID]
}

func (t Type) nested() string {
	var parts []string
	for _, f := range t.Fields {
		if t.ID == Row {
			parts = append(parts, "`"+f.Name+"` "+f.Type.String())
		} else {
			parts = append(parts, f.Type.String())
		}
	}
	return names[t.ID] + "<" + strings.Join(parts, ", ") + ">"
}

var names = [...]string{
	Null: "NULL", Boolean: "BOOLEAN", TinyInt: "TINYINT", SmallInt: "SMALLINT", Int: "INT", BigInt: "BIGINT",
	Float: "FLOAT", Double: "DOUBLE", Decimal: "DECIMAL", Char: "CHAR", VarChar: "VARCHAR", Binary: "BINARY",
	VarBinary: "VARBINARY", Date: "DATE", Time: "TIME", Timestamp: "TIMESTAMP", TimestampLTZ: "TIMESTAMP_LTZ",
	IntervalMonth: "INTERVAL MONTH", IntervalDay: "INTERVAL DAY", Array: "ARRAY", Map: "MAP", Multiset: "MULTISET", Row: "ROW",
}
