package function

import (
	"time"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// casts are CAST and TRY_CAST. Their second argument only carries the type that is wanted; Cast and
// TryCast bind them without it.
func casts() []Scalar {
	return []Scalar{
		{Name: "CAST", Doc: "The value under another type. One that cannot be converted fails the job.", Example: "CAST('12' AS INT) = 12", Bind: bindCast("CAST", Cast)},
		{Name: "TRY_CAST", Doc: "The value under another type, or NULL if it cannot be converted.", Example: "TRY_CAST('abc' AS INT) = CAST(NULL AS INT)", Bind: bindCast("TRY_CAST", TryCast)},
	}
}

func bindCast(name string, cast func(from, to schema.Type) (*Overload, error)) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 2); err != nil {
			return nil, err
		}
		return cast(args[0].Type, args[1].Type)
	}
}

// Cast binds CAST(x AS to) for x of type from. The result is NOT NULL if x is.
func Cast(from, to schema.Type) (*Overload, error) {
	to.NotNull = from.NotNull
	o := &Overload{Args: []schema.Type{from}, Result: to, Identity: sameValues(from, to)}
	if o.Identity {
		o.Kernel = copyKernel
		return o, nil
	}
	convert := castKernel(from, to, false)
	if convert == nil {
		return nil, fault.New(fault.Invalid, "%s cannot be cast to %s", from.Nullable(), to.Nullable())
	}
	o.Kernel = convert
	return o, nil
}

// TryCast binds TRY_CAST(x AS to): what cannot be converted is NULL.
func TryCast(from, to schema.Type) (*Overload, error) {
	o, err := Cast(from, to)
	if err != nil {
		return nil, err
	}
	o.Result.NotNull = false
	if !o.Identity {
		o.Kernel = castKernel(from, to, true)
	}
	return o, nil
}

// CanCast reports whether CAST from one type to the other exists.
func CanCast(from, to schema.Type) bool {
	_, err := Cast(from, to)
	return err == nil
}

// sameValues reports whether values of type from are values of type to as they are.
func sameValues(from, to schema.Type) bool {
	if schema.Same(from, to) {
		return true
	}
	if from.ID != to.ID {
		switch {
		case from.ID == schema.Char && to.ID == schema.VarChar, from.ID == schema.Binary && to.ID == schema.VarBinary:
			return to.Precision >= from.Precision
		}
		return false
	}
	switch from.ID {
	case schema.VarChar, schema.VarBinary:
		return to.Precision >= from.Precision
	case schema.Time:
		return to.Precision >= from.Precision
	case schema.Timestamp, schema.TimestampLTZ:
		return to.PerSecond() == from.PerSecond() && to.Precision >= from.Precision
	case schema.Decimal:
		return to.Scale == from.Scale && to.Precision >= from.Precision
	case schema.IntervalDay, schema.IntervalMonth:
		return true
	}
	return false
}

func castKernel(from, to schema.Type, try bool) Kernel {
	switch {
	case from.ID == schema.Null:
		return nullKernel
	case to.IsString():
		return castToText(from, to)
	case to.IsBinary():
		return castToBinary(from, to)
	case from.IsString():
		return castFromText(to, try)
	case from.ID == schema.Boolean && to.IsNumeric(), from.IsNumeric() && to.ID == schema.Boolean:
		return castTruth(from, to)
	case from.IsNumeric() && to.IsNumeric():
		return castNumber(from, to, try)
	case isDatetime(from) && isDatetime(to):
		return castTime(from, to)
	case len(to.Fields) > 0 || to.ID == schema.Row:
		return castNested(from, to, try)
	case from.IsInteger() && to.IsInterval(): // not back: Flink refuses intervals of more than one unit
		return func(c *Call, args []*vec.Column, dst *vec.Column) error {
			return each(c, dst, func(i int) error { setInt(dst, i, intAt(args[0], i)); return nil })
		}
	}
	return nil
}

func nullKernel(c *Call, _ []*vec.Column, dst *vec.Column) error {
	dst.FillNull(c.Rows.N)
	return nil
}

// copyKernel copies the values: for those who do not pass the argument on.
func copyKernel(c *Call, args []*vec.Column, dst *vec.Column) error {
	in, n := args[0], c.Rows.N
	switch dst.Layout() {
	case vec.LayoutBits:
		copy(dst.Bits, in.Bits)
	case vec.LayoutI8:
		copy(dst.I8[:n], in.I8)
	case vec.LayoutI16:
		copy(dst.I16[:n], in.I16)
	case vec.LayoutI32:
		copy(dst.I32[:n], in.I32)
	case vec.LayoutI64:
		copy(dst.I64[:n], in.I64)
	case vec.LayoutF32:
		copy(dst.F32[:n], in.F32)
	case vec.LayoutF64:
		copy(dst.F64[:n], in.F64)
	case vec.LayoutD128:
		copy(dst.D128[:n], in.D128)
	case vec.LayoutBytes:
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) { return append(out, in.Bytes(i)...), nil })
	}
	return nil
}

// failed deals with a value that cannot be cast: an error, or NULL for TRY_CAST.
func failed(c *Call, dst *vec.Column, i int, try bool, text []byte) error {
	if try {
		dst.SetNull(i, c.Rows.N)
		return nil
	}
	const most = 100 // characters of a bad value that an error shows
	return fault.New(fault.Invalid, "cast %q to %s: it is no %s", text[:runeOffset(text, most)], dst.Type.Nullable(), dst.Type.Nullable()).
		WithHint("TRY_CAST gives NULL instead of an error")
}

// Convert casts one value, for constants. Text with a time zone's time is read in UTC.
func Convert(v vec.Value, from, to schema.Type) (vec.Value, error) {
	o, err := Cast(from, to)
	if err != nil {
		return vec.Value{}, err
	}
	return o.Evaluate(&Call{Zone: time.UTC}, v)
}

// Evaluate calls the overload for one row of arguments, for constant folding: values are those of
// Args.
func (o *Overload) Evaluate(c *Call, values ...vec.Value) (vec.Value, error) {
	call := *c
	call.Rows = vec.Rows{N: 1}
	args := make([]*vec.Column, len(o.Args))
	null := false
	for i, t := range o.Args {
		args[i] = &vec.Column{}
		args[i].Fill(t, values[i], 1)
		null = null || values[i].Null
	}
	var dst vec.Column
	if null && !o.Lenient {
		return vec.Value{Null: true}, nil
	}
	dst.Reset(o.Result, 1)
	kernel, err := o.Task()
	if err != nil {
		return vec.Value{}, err
	}
	if err := kernel(&call, args, &dst); err != nil {
		return vec.Value{}, err
	}
	return vec.At(&dst, 0), nil
}
