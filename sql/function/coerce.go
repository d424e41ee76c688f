package function

import "millrace/schema"

// maxPrecision is the most digits a DECIMAL has.
const maxPrecision = 38

// CommonType returns the type that values of all given types can be cast to implicitly without loss
// of meaning (Flink's LogicalTypeMerging): that of COALESCE, IN, GREATEST. It is NOT NULL if all are. False
// means that there is none.
func CommonType(types ...schema.Type) (schema.Type, bool) {
	if len(types) == 0 {
		return schema.Type{}, false
	}
	out := types[0]
	for _, t := range types[1:] {
		var ok bool
		if out, ok = commonType(out, t); !ok {
			return schema.Type{}, false
		}
	}
	return out, true
}

// LeastRestrictive is CommonType by Calcite's rule, which knows no order between FLOAT and DOUBLE: the first of them
// stays. It is the type of CASE, IF, UNION, VALUES, ARRAY and MAP.
func LeastRestrictive(types ...schema.Type) (schema.Type, bool) {
	if len(types) == 0 {
		return schema.Type{}, false
	}
	out := types[0]
	for _, t := range types[1:] {
		if out.IsNumeric() && t.IsNumeric() && (isApproximate(out) || isApproximate(t)) {
			required := out.NotNull && t.NotNull
			out = arithmeticType(out, t)
			out.NotNull = required
			continue
		}
		var ok bool
		if out, ok = commonType(out, t); !ok {
			return schema.Type{}, false
		}
	}
	return out, true
}

func commonType(a, b schema.Type) (schema.Type, bool) {
	required := a.NotNull && b.NotNull
	t, ok := commonRoot(a, b)
	t.NotNull = required
	return t, ok
}

func commonRoot(a, b schema.Type) (schema.Type, bool) {
	switch {
	case schema.Same(a, b):
		return a, true
	case a.ID == schema.Null:
		return b, true
	case b.ID == schema.Null:
		return a, true
	case a.IsNumeric() && b.IsNumeric():
		return commonNumeric(a, b), true
	case a.IsString() && b.IsString():
		return commonText(a, b, schema.Char, schema.VarChar), true
	case a.IsBinary() && b.IsBinary():
		return commonText(a, b, schema.Binary, schema.VarBinary), true
	case isDatetime(a) && isDatetime(b):
		return commonTime(a, b)
	case a.ID == b.ID && (a.ID == schema.IntervalDay || a.ID == schema.IntervalMonth):
		a.Precision = max(a.Precision, b.Precision)
		return a, true
	case a.ID == b.ID && len(a.Fields) == len(b.Fields) && len(a.Fields) > 0:
		return commonNested(a, b)
	}
	return schema.Type{}, false
}

func commonNested(a, b schema.Type) (schema.Type, bool) {
	out := a
	out.Fields = make([]schema.Field, len(a.Fields))
	for i := range a.Fields {
		t, ok := commonType(a.Fields[i].Type, b.Fields[i].Type)
		if !ok {
			return schema.Type{}, false
		}
		out.Fields[i] = schema.Field{Name: a.Fields[i].Name, Type: t}
	}
	return out, true
}

// commonNumeric is Flink's LogicalTypeMerging: DECIMAL with FLOAT or DOUBLE is DOUBLE, FLOAT with
// DOUBLE is DOUBLE, two DECIMALs keep all digits before and behind the point as far as 38 allow.
func commonNumeric(a, b schema.Type) schema.Type {
	if isApproximate(a) || isApproximate(b) {
		if a.ID == schema.Double || b.ID == schema.Double || a.ID == schema.Decimal || b.ID == schema.Decimal {
			return schema.Of(schema.Double)
		}
		return schema.Of(schema.Float)
	}
	if a.ID != schema.Decimal && b.ID != schema.Decimal {
		return schema.Of(max(a.ID, b.ID))
	}
	a, b = DecimalOf(a), DecimalOf(b)
	scale := max(a.Scale, b.Scale)
	digits := max(a.Precision-a.Scale, b.Precision-b.Scale)
	return decimalType(min(digits+scale, maxPrecision), min(scale, maxPrecision-min(digits, maxPrecision)))
}

// arithmeticType is the type of a sum of numbers that are not both DECIMAL: Calcite's least
// restrictive type, which knows no order between FLOAT and DOUBLE and takes the first.
func arithmeticType(a, b schema.Type) schema.Type {
	switch {
	case isApproximate(a) && isApproximate(b):
		return schema.Of(a.ID)
	case isApproximate(a) || isApproximate(b):
		if a.ID == schema.Decimal || b.ID == schema.Decimal {
			return schema.Of(schema.Double)
		}
		if isApproximate(a) {
			return schema.Of(a.ID)
		}
		return schema.Of(b.ID)
	}
	return schema.Of(max(a.ID, b.ID))
}

func commonText(a, b schema.Type, fixed, varying schema.TypeID) schema.Type {
	id := varying
	if a.ID == fixed && b.ID == fixed && a.Precision == b.Precision {
		id = fixed
	}
	return schema.Of(id).WithPrecision(max(a.Precision, b.Precision))
}

func commonTime(a, b schema.Type) (schema.Type, bool) {
	switch {
	case a.ID == schema.Time && b.ID == schema.Time, a.ID == b.ID:
		return a.WithPrecision(max(a.Precision, b.Precision)), true
	case a.ID == schema.Time || b.ID == schema.Time:
		return schema.Type{}, false
	case a.ID == schema.Date:
		return b, true
	case b.ID == schema.Date:
		return a, true
	}
	return schema.Of(schema.TimestampLTZ).WithPrecision(max(a.Precision, b.Precision)), true
}

// ComparisonType returns the type that both sides of =, <, IN and BETWEEN are cast to. To what
// CommonType allows it adds text compared with a time, which is read as one, and text compared with
// a BOOLEAN. DECIMALs are compared exactly and keep their own scales.
func ComparisonType(a, b schema.Type) (schema.Type, bool) {
	if t, ok := CommonType(a, b); ok {
		return t, true
	}
	text, other := a, b
	if b.IsString() {
		text, other = b, a
	}
	if text.IsString() && (isDatetime(other) || other.ID == schema.Boolean) {
		other.NotNull = a.NotNull && b.NotNull
		return other, true
	}
	return schema.Type{}, false
}

// CanCastImplicitly reports whether a value of type from may stand where type to is wanted without a
// CAST: as an argument, or in INSERT INTO.
func CanCastImplicitly(from, to schema.Type) bool {
	switch {
	case from.ID == schema.Null || from.ID == to.ID && len(from.Fields) == 0:
		return true
	case from.IsNumeric() && to.IsNumeric():
		return canWiden(from.ID, to.ID)
	case from.IsString() && to.IsString(), from.IsBinary() && to.IsBinary():
		return true
	case isDatetime(from) && isDatetime(to):
		return from.ID != schema.Time && to.ID != schema.Time && (from.ID == schema.Date || to.IsInstant())
	case from.ID == to.ID && len(from.Fields) == len(to.Fields):
		for i := range from.Fields {
			if !CanCastImplicitly(from.Fields[i].Type, to.Fields[i].Type) {
				return false
			}
		}
		return true
	}
	return false
}

// canWiden follows Flink's LogicalTypeCasts.supportsImplicitCast for numbers.
func canWiden(from, to schema.TypeID) bool {
	switch {
	case from == to:
		return true
	case to == schema.Decimal, to == schema.Float, to == schema.Double:
		return to != schema.Float || from != schema.Double
	case from > schema.BigInt:
		return false
	}
	return from <= to
}

// CanStore reports whether INSERT INTO may put a value of type from into a column of type to by
// itself: Flink's sinks take any cast between numbers, and between texts, implicitly.
func CanStore(from, to schema.Type) bool {
	return CanCastImplicitly(from, to) || from.IsNumeric() && to.IsNumeric()
}

// DecimalOf returns the DECIMAL that holds every value of an integer type; a DECIMAL is itself.
func DecimalOf(t schema.Type) schema.Type {
	digits := int32(0)
	switch t.ID {
	case schema.TinyInt:
		digits = 3
	case schema.SmallInt:
		digits = 5
	case schema.Int:
		digits = 10
	case schema.BigInt:
		digits = 19
	default:
		return t
	}
	d := decimalType(digits, 0)
	d.NotNull = t.NotNull
	return d
}

func decimalType(precision, scale int32) schema.Type {
	return schema.Type{ID: schema.Decimal, Precision: precision, Scale: scale}
}

// adjusted brings a result of more than 38 digits down to 38: the digits before the point stay, and
// at least six behind it.
func adjusted(precision, scale int32) schema.Type {
	if precision <= maxPrecision {
		return decimalType(precision, scale)
	}
	return decimalType(maxPrecision, max(maxPrecision-(precision-scale), min(scale, 6)))
}

func isApproximate(t schema.Type) bool { return t.ID == schema.Float || t.ID == schema.Double }

// isDatetime reports whether t is DATE, TIME or an instant.
func isDatetime(t schema.Type) bool { return t.ID >= schema.Date && t.ID <= schema.TimestampLTZ }
