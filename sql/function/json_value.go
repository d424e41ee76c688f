package function

import (
	"strconv"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// jsonDefault is the value behind DEFAULT, as the answer's type.
func jsonDefault(name string, b JSONBehavior, t schema.Type) (vec.Value, error) {
	if b.Kind != "DEFAULT" {
		return vec.Value{Null: true}, nil
	}
	if b.Default.Const == nil {
		return vec.Value{}, fault.New(fault.Invalid, "%s: the value behind DEFAULT must be a constant", name)
	}
	if b.Default.Const.Null {
		return vec.Value{Null: true}, nil
	}
	return Convert(*b.Default.Const, b.Default.Type, t)
}

func bindJSONValue(args []Arg, c JSONClauses) (*Overload, error) {
	const name = "JSON_VALUE"
	types, path, err := conformJSON(name, args)
	if err != nil {
		return nil, err
	}
	result := stringType()
	if c.Returning.ID != schema.Null {
		result = c.Returning.Nullable()
	}
	put := jsonScalar(result)
	if put == nil || c.Wrapper != "" {
		return nil, fault.New(fault.Invalid, "%s cannot return %s", name, result).WithHint("it returns STRING, BOOLEAN, INT or DOUBLE")
	}
	f := &jsonValue{path: path, onEmpty: c.OnEmpty.Kind, onError: c.OnError.Kind, put: put}
	for _, b := range []struct {
		clause string
		given  JSONBehavior
		value  *vec.Value
	}{{"EMPTY", c.OnEmpty, &f.empty}, {"ERROR", c.OnError, &f.failed}} {
		if err := refuseBehavior(name, b.clause, b.given, "NULL", "ERROR", "DEFAULT"); err != nil {
			return nil, err
		}
		if *b.value, err = jsonDefault(name, b.given, result); err != nil {
			return nil, err
		}
	}
	return &Overload{Args: types, Result: result, Kernel: f.kernel}, nil
}

// jsonValue is a bound JSON_VALUE.
type jsonValue struct {
	path             *jsonPathArg
	onEmpty, onError string
	empty, failed    vec.Value // what stands for no value, and for an error
	put              func(dst *vec.Column, i int, v jsonText) bool
}

func (f *jsonValue) kernel(c *Call, cols []*vec.Column, dst *vec.Column) error {
	var last lastJSONPath
	row := func(i int) error {
		p := f.path.at(&last, cols, i)
		v, ok := p.read(cols[0].Bytes(i))
		instead := &f.failed
		switch {
		case ok && v != nil && v.isScalar():
			if !f.put(dst, i, v) {
				return fault.New(fault.Invalid, "JSON_VALUE: %s is no %s", v[:min(len(v), maxShown)], dst.Type)
			}
			return nil
		case ok && p.lax:
			if instead = &f.empty; f.onEmpty == "ERROR" {
				return notFound("JSON_VALUE", p, "the path leads to no value")
			}
		case f.onError == "ERROR":
			return notFound("JSON_VALUE", p, "the path leads to no value, or the text is no JSON")
		}
		if instead.Null {
			dst.SetNull(i, c.Rows.N)
			return nil
		}
		putValue(dst, i, *instead)
		return nil
	}
	if dst.Layout() != vec.LayoutBytes {
		return each(c, dst, row)
	}
	return eachText(c, dst, func(_ []byte, i int) ([]byte, error) {
		err := row(i)
		return dst.Data, err
	})
}

// maxShown is how much of a bad value an error shows.
const maxShown = 100

// putValue sets row i of a column to a value; a text is appended.
func putValue(dst *vec.Column, i int, v vec.Value) {
	switch dst.Layout() {
	case vec.LayoutBits:
		dst.Bits.Put(i, v.I != 0)
	case vec.LayoutF64:
		dst.F64[i] = v.F
	case vec.LayoutBytes:
		dst.Data = append(dst.Data, v.S...)
	default:
		setInt(dst, i, v.I)
	}
}

// jsonScalar returns what sets a row to a JSON scalar, as Flink converts it; nil for types that
// JSON_VALUE does not return. An INT is no DOUBLE there, nor the other way round.
func jsonScalar(t schema.Type) func(dst *vec.Column, i int, v jsonText) bool {
	switch {
	case t.IsString() && t.Precision == schema.MaxLength:
		return func(dst *vec.Column, _ int, v jsonText) bool {
			dst.Data = v.appendPlain(dst.Data)
			return true
		}
	case t.ID == schema.Boolean:
		return func(dst *vec.Column, i int, v jsonText) bool {
			dst.Bits.Put(i, v[0] == 't')
			return v[0] == 't' || v[0] == 'f'
		}
	case t.ID == schema.Int:
		return func(dst *vec.Column, i int, v jsonText) bool {
			n, err := strconv.ParseInt(string(v), 10, 32)
			dst.I32[i] = int32(n)
			return err == nil
		}
	case t.ID == schema.Double:
		return func(dst *vec.Column, i int, v jsonText) bool {
			f, err := strconv.ParseFloat(string(v), 64)
			dst.F64[i] = f
			_, whole := strconv.ParseInt(string(v), 10, 64)
			return v.isNumber() && (err == nil || f != 0) && whole != nil
		}
	}
	return nil
}

func bindJSONQuery(args []Arg, c JSONClauses) (*Overload, error) {
	const name = "JSON_QUERY"
	types, path, err := conformJSON(name, args)
	if err != nil {
		return nil, err
	}
	if t := c.Returning; t.ID != schema.Null && (t.ID != schema.VarChar || t.Precision != schema.MaxLength) {
		if t.ID != schema.Array || !t.Fields[0].Type.IsString() {
			return nil, fault.New(fault.Invalid, "%s cannot return %s", name, t).WithHint("it returns STRING or ARRAY<STRING>")
		}
		if c.OnEmpty.Kind == "EMPTY OBJECT" || c.OnError.Kind == "EMPTY OBJECT" {
			return nil, fault.New(fault.Invalid, "%s: an empty object is no %s", name, t)
		}
	}
	for clause, b := range map[string]JSONBehavior{"EMPTY": c.OnEmpty, "ERROR": c.OnError} {
		if err := refuseBehavior(name, clause, b, "NULL", "ERROR", "EMPTY ARRAY", "EMPTY OBJECT"); err != nil {
			return nil, err
		}
	}
	f := &jsonQuery{path: path, wrapper: c.Wrapper, onEmpty: c.OnEmpty.Kind, onError: c.OnError.Kind}
	if c.Returning.ID == schema.Array {
		return &Overload{Args: types, Result: c.Returning.Nullable(), Kernel: f.arrays}, nil
	}
	return &Overload{Args: types, Result: stringType(), Kernel: f.kernel}, nil
}

// jsonQuery is a bound JSON_QUERY.
type jsonQuery struct {
	path                      *jsonPathArg
	wrapper, onEmpty, onError string
}

// find returns the object or array that stands for row i, appended to out, or nil and what to do then: NULL,
// ERROR, EMPTY ARRAY or EMPTY OBJECT.
func (f *jsonQuery) find(out []byte, last *lastJSONPath, cols []*vec.Column, i int) (_ []byte, instead string, err error) {
	p := f.path.at(last, cols, i)
	v, ok := p.read(cols[0].Bytes(i))
	if ok && v != nil {
		switch {
		case f.wrapper == "WITH UNCONDITIONAL ARRAY", f.wrapper == "WITH CONDITIONAL ARRAY" && !v.isArray():
			return append(v.appendJSON(append(out, '[')), ']'), "", nil
		case !v.isScalar():
			return v.appendJSON(out), "", nil
		}
	}
	instead, why := f.onError, "the path leads to no object or array, or the text is no JSON"
	if ok && p.lax {
		instead, why = f.onEmpty, "the path leads to no object or array"
	}
	if instead == "ERROR" {
		return nil, "", notFound("JSON_QUERY", p, why)
	}
	if instead == "" {
		instead = "NULL"
	}
	return nil, instead, nil
}

func (f *jsonQuery) kernel(c *Call, cols []*vec.Column, dst *vec.Column) error {
	var last lastJSONPath
	return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
		text, instead, err := f.find(out, &last, cols, i)
		switch instead {
		case "EMPTY ARRAY":
			return append(out, "[]"...), nil
		case "EMPTY OBJECT":
			return append(out, "{}"...), nil
		case "NULL":
			dst.SetNull(i, c.Rows.N)
			return out, nil
		}
		return text, err
	})
}

// arrays is the kernel of RETURNING ARRAY<STRING>.
func (f *jsonQuery) arrays(c *Call, cols []*vec.Column, dst *vec.Column) error {
	var last lastJSONPath
	return eachList(c, dst, func(l *lister, i int) error {
		text, instead, err := f.find(nil, &last, cols, i)
		if err != nil {
			return err
		}
		if v := jsonText(text); instead == "" && v.isArray() {
			v.items(func(item jsonText) {
				switch {
				case item.isNull():
					l.null()
				case item.isScalar():
					l.text(item.appendPlain(nil))
				default:
					l.text(item)
				}
			})
			return nil
		}
		if instead == "" { // an object is no array
			if instead = f.onError; instead == "ERROR" {
				return fault.New(fault.Invalid, "JSON_QUERY: the path leads to an object, not to an array")
			}
		}
		if instead != "EMPTY ARRAY" {
			dst.SetNull(i, c.Rows.N)
		}
		return nil
	})
}
