package function

import (
	"encoding/base64"
	"math"

	"millrace/fault"
	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// jsonWriter appends row i of a column, which is not NULL, as JSON.
type jsonWriter func(dst []byte, c *vec.Column, i int) ([]byte, error)

// writerOf returns the writer of a type, nil if Flink writes no JSON of it.
func writerOf(t schema.Type) jsonWriter {
	switch {
	case t.IsString():
		return func(dst []byte, c *vec.Column, i int) ([]byte, error) { return appendQuoted(dst, c.Bytes(i)), nil }
	case t.IsBinary():
		return func(dst []byte, c *vec.Column, i int) ([]byte, error) {
			return append(base64.StdEncoding.AppendEncode(append(dst, '"'), c.Bytes(i)), '"'), nil
		}
	case t.ID == schema.Boolean:
		return func(dst []byte, c *vec.Column, i int) ([]byte, error) {
			if c.Bits.Get(i) {
				return append(dst, "true"...), nil
			}
			return append(dst, "false"...), nil
		}
	case t.IsInteger(), t.ID == schema.Decimal, isApproximate(t):
		return appendJSONNumber
	case t.IsInstant():
		return appendJSONTime
	case t.ID == schema.Array:
		return arrayWriter(writerOf(t.Fields[0].Type))
	case t.ID == schema.Map && t.Fields[0].Type.IsString():
		return mapWriter(writerOf(t.Fields[1].Type))
	case t.ID == schema.Row:
		return rowWriter(t)
	}
	return nil
}

// appendJSONItem appends a value that may be NULL.
func appendJSONItem(dst []byte, w jsonWriter, c *vec.Column, i int) ([]byte, error) {
	if c.IsNull(i) {
		return append(dst, jsonNull...), nil
	}
	return w(dst, c, i)
}

func arrayWriter(item jsonWriter) jsonWriter {
	if item == nil {
		return nil
	}
	return func(dst []byte, c *vec.Column, i int) (_ []byte, err error) {
		dst = append(dst, '[')
		from, to := bounds(c, i)
		for j := from; j < to && err == nil; j++ {
			if j > from {
				dst = append(dst, ',')
			}
			dst, err = appendJSONItem(dst, item, &c.Kids[0], j)
		}
		return append(dst, ']'), err
	}
}

func mapWriter(value jsonWriter) jsonWriter {
	if value == nil {
		return nil
	}
	return func(dst []byte, c *vec.Column, i int) ([]byte, error) {
		var list jsonMembers
		for j, to := bounds(c, i); j < to; j++ {
			text, err := appendJSONItem(nil, value, &c.Kids[1], j)
			if err != nil {
				return nil, err
			}
			name := jsonNull
			if !c.Kids[0].IsNull(j) {
				name = string(c.Kids[0].Bytes(j))
			}
			list = append(list, jsonMember{name, text})
		}
		return list.append(dst), nil
	}
}

func rowWriter(t schema.Type) jsonWriter {
	fields := make([]jsonWriter, len(t.Fields))
	for k, f := range t.Fields {
		if fields[k] = writerOf(f.Type); fields[k] == nil {
			return nil
		}
	}
	return func(dst []byte, c *vec.Column, i int) ([]byte, error) {
		var list jsonMembers
		for k, w := range fields {
			text, err := appendJSONItem(nil, w, &c.Kids[k], i)
			if err != nil {
				return nil, err
			}
			list = append(list, jsonMember{t.Fields[k].Name, text})
		}
		return list.append(dst), nil
	}
}

func appendJSONNumber(dst []byte, c *vec.Column, i int) ([]byte, error) {
	switch {
	case c.Type.ID == schema.Decimal:
		var buf [64]byte
		return appendJavaNumber(dst, format.AppendDecimal(buf[:0], c.D128[i], c.Type.Scale)), nil
	case !isApproximate(c.Type):
		return AppendText(dst, c, i, nil), nil
	}
	f := floatAt(c, i)
	text := format.AppendDouble(nil, f)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendQuoted(dst, text), nil
	}
	return appendJavaNumber(dst, text), nil
}

// appendJSONTime appends Java's ISO_LOCAL_DATE_TIME, with a Z behind instants, which are in UTC.
func appendJSONTime(dst []byte, c *vec.Column, i int) ([]byte, error) {
	days, seconds, nanos := format.SplitTime(c.I64[i], c.Type.PerSecond())
	dst = append(AppendDate(append(dst, '"'), int32(days)), 'T')
	dst = format.AppendClock(dst, seconds)
	if nanos > 0 {
		dst = appendFraction(append(dst, '.'), nanos, 9)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	if c.Type.ID == schema.TimestampLTZ {
		dst = append(dst, 'Z')
	}
	return append(dst, '"'), nil
}

// appendMadeJSON appends JSON that another function has made.
func appendMadeJSON(dst []byte, c *vec.Column, i int) ([]byte, error) {
	return append(dst, c.Bytes(i)...), nil
}

// appendReadJSON appends JSON of the user, which must be some.
func appendReadJSON(dst []byte, c *vec.Column, i int) ([]byte, error) {
	text := c.Bytes(i)
	v, ok := firstJSON(text)
	if !ok {
		return nil, fault.New(fault.Invalid, "JSON(%q): it is no JSON", text[:min(len(text), maxShown)])
	}
	return v.appendJSON(dst), nil
}

// jsonWriters returns the types that values are given as, and their writers.
func jsonWriters(name string, args []Arg, nested []JSONNesting) ([]schema.Type, []jsonWriter, error) {
	types, writers := typesOf(args), make([]jsonWriter, len(args))
	for i, a := range args {
		nesting := NotJSON
		if i < len(nested) {
			nesting = nested[i]
		}
		switch {
		case a.Type.ID == schema.Null:
			types[i] = stringType()
			writers[i] = appendMadeJSON
		case nesting == NotJSON:
			writers[i] = writerOf(a.Type)
		case !a.Type.IsString():
			return nil, nil, wrong("JSON", args[i:i+1], "a text")
		case nesting == MadeJSON:
			writers[i] = appendMadeJSON
		default:
			writers[i] = appendReadJSON
		}
		if writers[i] == nil {
			return nil, nil, fault.New(fault.Invalid, "%s: there is no JSON of %s", name, a.Type.Nullable()).WithHint("cast it to STRING")
		}
	}
	return types, writers, nil
}

func bindJSONArray(args []Arg, c JSONClauses) (*Overload, error) {
	types, writers, err := jsonWriters("JSON_ARRAY", args, c.Nested)
	if err != nil {
		return nil, err
	}
	kernel := func(call *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(call, dst, func(out []byte, i int) ([]byte, error) {
			out = append(out, '[')
			first := true
			for k, col := range cols {
				null := jsonIsNull(col, i, nestingOf(c.Nested, k))
				if null && c.OnNull != "NULL" {
					continue
				}
				if !first {
					out = append(out, ',')
				}
				first = false
				if null {
					out = append(out, jsonNull...)
					continue
				}
				var err error
				if out, err = writers[k](out, col, i); err != nil {
					return nil, err
				}
			}
			return append(out, ']'), nil
		})
	}
	return &Overload{Args: types, Result: stringType().Required(), Kernel: kernel, Lenient: true}, nil
}

func nestingOf(nested []JSONNesting, i int) JSONNesting {
	if i < len(nested) {
		return nested[i]
	}
	return NotJSON
}

// jsonIsNull reports whether a value is NULL: JSON of blanks is, too.
func jsonIsNull(c *vec.Column, i int, n JSONNesting) bool {
	if c.IsNull(i) {
		return true
	}
	if n != ReadJSON {
		return false
	}
	for _, b := range c.Bytes(i) {
		if b > ' ' {
			return false
		}
	}
	return true
}

func bindJSONObject(args []Arg, c JSONClauses) (*Overload, error) {
	if len(args)%2 != 0 {
		return nil, wrong("JSON_OBJECT", args, "keys and values in turn")
	}
	for i := 0; i < len(args); i += 2 {
		if !args[i].Type.IsString() || !args[i].Type.NotNull {
			return nil, wrong("JSON_OBJECT", args[i:i+1], "texts that are not NULL as keys")
		}
	}
	types, writers, err := jsonWriters("JSON_OBJECT", args, c.Nested)
	if err != nil {
		return nil, err
	}
	kernel := func(call *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(call, dst, func(out []byte, i int) ([]byte, error) {
			list := make(jsonMembers, 0, len(cols)/2)
			for k := 0; k < len(cols); k += 2 {
				m := jsonMember{name: string(cols[k].Bytes(i)), json: []byte(jsonNull)}
				null := jsonIsNull(cols[k+1], i, nestingOf(c.Nested, k+1))
				if null && c.OnNull == "ABSENT" {
					continue
				}
				if !null {
					var err error
					if m.json, err = writers[k+1](nil, cols[k+1], i); err != nil {
						return nil, err
					}
				}
				list = append(list, m)
			}
			return list.append(out), nil
		})
	}
	return &Overload{Args: types, Result: stringType().Required(), Kernel: kernel, Lenient: true}, nil
}

func bindJSONString(args []Arg) (*Overload, error) {
	if err := arity("JSON_STRING", args, 1, 1); err != nil {
		return nil, err
	}
	types, writers, err := jsonWriters("JSON_STRING", args, nil)
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: as(stringType(), args[0]), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) { return writers[0](out, cols[0], i) })
	}}, nil
}
