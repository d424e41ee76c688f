package function

import (
	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// collectors are the aggregates whose answer holds all values.
func collectors() []Aggregate {
	return []Aggregate{
		{Name: "LISTAGG", Doc: "The texts one behind the other, with a separator between them: a comma, or the second argument; NULL without one. NULLs are left out.", Example: "LISTAGG(x) over ('a'), (NULL), ('b') = a,b", Bind: bindListAgg},
		{Name: "COLLECT", Doc: "The values as a MULTISET; NULLs are left out.", Example: "COLLECT(x) over (1), (1), (NULL) = {1=2}", Bind: bindCollect},
		{Name: "ARRAY_AGG", Doc: "The values as an ARRAY, in the order of arrival, with IGNORE NULLS those that are not NULL; NULL without one.", Example: "ARRAY_AGG(x) over (1), (NULL), (2) = [1, NULL, 2]", Bind: bindArrayAgg},
		{Name: "SINGLE_VALUE", Doc: "The only value; NULL without one, an error if there are more.", Example: "SINGLE_VALUE(x) over (1) = 1", Bind: bindSingleValue},
	}
}

// keeping is an aggregate that keeps its values.
func keeping(args []schema.Type, result schema.Type, k Keep) *AggregateOverload {
	return &AggregateOverload{Args: args, Result: result, Keep: &k}
}

func bindListAgg(args []Arg) (*AggregateOverload, error) {
	if err := arity("LISTAGG", args, 1, 2); err != nil {
		return nil, err
	}
	separator := ","
	if len(args) == 2 {
		text, ok := constText(args[1])
		if !ok {
			return nil, fault.New(fault.Invalid, "the separator of LISTAGG must be a constant text")
		}
		separator = text
	}
	of := args[0].Type
	if !of.IsString() && of.ID != schema.Null {
		if !CanCastImplicitly(of, stringType()) {
			return nil, wrong("LISTAGG", args, "a text and a constant separator")
		}
		of = as(stringType(), args[0])
	}
	if of.ID == schema.Null {
		of = stringType()
	}
	return keeping([]schema.Type{of}, stringType(), Keep{Make: func(v Kept, dst *vec.Column, k int) error {
		if len(v.Rows) == 0 {
			dst.AppendNull(k)
			return nil
		}
		return dst.GrowBytesBy(k, func(out []byte) ([]byte, error) {
			for n, i := range v.Rows {
				if n > 0 {
					out = append(out, separator...)
				}
				out = append(out, v.Cols[0].Bytes(int(i))...)
			}
			return out, nil
		})
	}}), nil
}

func bindCollect(args []Arg) (*AggregateOverload, error) {
	if err := arity("COLLECT", args, 1, 1); err != nil {
		return nil, err
	}
	of := args[0].Type
	result := schema.Type{ID: schema.Multiset, NotNull: true, Fields: []schema.Field{{Type: of}}}
	return keeping([]schema.Type{of}, result, Keep{Bag: true, Make: func(v Kept, dst *vec.Column, k int) error {
		at := int(dst.Off[k])
		for _, i := range v.Rows {
			dst.Kids[0].Append(at, &v.Cols[0], int(i))
			dst.Kids[1].GrowInt(at, v.Counts[i])
			at++
		}
		dst.GrowList(k, at)
		return nil
	}}), nil
}

func bindArrayAgg(args []Arg) (*AggregateOverload, error) {
	if err := arity("ARRAY_AGG", args, 1, 1); err != nil {
		return nil, err
	}
	of := args[0].Type
	return keeping([]schema.Type{of}, listOf(of), Keep{Nulls: true, Make: func(v Kept, dst *vec.Column, k int) error {
		if len(v.Rows) == 0 {
			dst.AppendNull(k)
			return nil
		}
		at := int(dst.Off[k])
		for _, i := range v.Rows {
			dst.Kids[0].Append(at, &v.Cols[0], int(i))
			at++
		}
		dst.GrowList(k, at)
		return nil
	}}), nil
}

func bindSingleValue(args []Arg) (*AggregateOverload, error) {
	if err := arity("SINGLE_VALUE", args, 1, 1); err != nil {
		return nil, err
	}
	of := args[0].Type.Nullable()
	return keeping([]schema.Type{of}, of, Keep{Nulls: true, Make: func(v Kept, dst *vec.Column, k int) error {
		switch len(v.Rows) {
		case 0:
			dst.AppendNull(k)
		case 1:
			dst.Append(k, &v.Cols[0], int(v.Rows[0]))
		default:
			return fault.New(fault.Invalid, "SINGLE_VALUE received more than one element").WithHint("a query in the place of a value must have one row: aggregate it, or add LIMIT 1")
		}
		return nil
	}}), nil
}

// jsonAggregates make JSON of all values.
func jsonAggregates() []Aggregate {
	return []Aggregate{
		{Name: "JSON_OBJECTAGG", Doc: "A JSON object of keys and values: JSON_OBJECTAGG(KEY k VALUE v [NULL|ABSENT ON NULL]).", Example: "JSON_OBJECTAGG(x) over ('a', 1), ('b', 2) = {\"a\":1,\"b\":2}", BindJSON: bindObjectAgg},
		{Name: "JSON_ARRAYAGG", Doc: "A JSON array of the values: JSON_ARRAYAGG(v [NULL|ABSENT ON NULL]); those that are NULL are left out unless it is said otherwise.", Example: "JSON_ARRAYAGG(x) over (1), (NULL), (2) = [1,2]", BindJSON: bindJSONArrayAgg},
	}
}

func bindObjectAgg(args []Arg, c JSONClauses) (*AggregateOverload, error) {
	if err := arity("JSON_OBJECTAGG", args, 2, 2); err != nil {
		return nil, err
	}
	if !args[0].Type.IsString() {
		return nil, wrong("JSON_OBJECTAGG", args[:1], "texts as keys")
	}
	types, writers, err := jsonWriters("JSON_OBJECTAGG", args, c.Nested)
	if err != nil {
		return nil, err
	}
	return keeping(types, stringType().Required(), Keep{Nulls: true, Make: func(v Kept, dst *vec.Column, k int) error {
		list := make(jsonMembers, 0, len(v.Rows))
		for _, row := range v.Rows {
			i := int(row)
			if v.Cols[0].IsNull(i) {
				return fault.New(fault.Invalid, "JSON_OBJECTAGG: a key is NULL").WithHint("leave such rows out: FILTER (WHERE … IS NOT NULL)")
			}
			m := jsonMember{name: string(v.Cols[0].Bytes(i)), json: []byte(jsonNull)}
			null := jsonIsNull(&v.Cols[1], i, nestingOf(c.Nested, 1))
			if null && c.OnNull == "ABSENT" {
				continue
			}
			if !null {
				var err error
				if m.json, err = writers[1](nil, &v.Cols[1], i); err != nil {
					return err
				}
			}
			list = append(list, m)
		}
		if name, twice := list.repeated(); twice {
			return fault.New(fault.Invalid, "JSON_OBJECTAGG: key %q is already present, duplicate keys are not allowed", name)
		}
		return dst.GrowBytesBy(k, func(out []byte) ([]byte, error) { return list.append(out), nil })
	}}), nil
}

// repeated returns a name that two members have.
func (l jsonMembers) repeated() (string, bool) {
	seen := make(map[string]bool, len(l))
	for _, m := range l {
		if seen[m.name] {
			return m.name, true
		}
		seen[m.name] = true
	}
	return "", false
}

func bindJSONArrayAgg(args []Arg, c JSONClauses) (*AggregateOverload, error) {
	if err := arity("JSON_ARRAYAGG", args, 1, 1); err != nil {
		return nil, err
	}
	types, writers, err := jsonWriters("JSON_ARRAYAGG", args, c.Nested)
	if err != nil {
		return nil, err
	}
	return keeping(types, stringType().Required(), Keep{Nulls: c.OnNull == "NULL", Make: func(v Kept, dst *vec.Column, k int) error {
		return dst.GrowBytesBy(k, func(out []byte) (_ []byte, err error) {
			out = append(out, '[')
			for n, row := range v.Rows {
				if n > 0 {
					out = append(out, ',')
				}
				if jsonIsNull(&v.Cols[0], int(row), nestingOf(c.Nested, 0)) {
					out = append(out, jsonNull...)
				} else if out, err = writers[0](out, &v.Cols[0], int(row)); err != nil {
					return nil, err
				}
			}
			return append(out, ']'), nil
		})
	}}), nil
}
