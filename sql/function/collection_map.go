package function

import (
	"bytes"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// maps are the functions of maps, and those that cut a text into a collection.
func maps() []Scalar {
	return []Scalar{
		{Name: "MAP_KEYS", Doc: "The keys of a map.", Example: "MAP_KEYS(MAP['a', 1])[1] = 'a'", Bind: bindMapPart("MAP_KEYS", 0)},
		{Name: "MAP_VALUES", Doc: "The values of a map.", Example: "MAP_VALUES(MAP['a', 1])[1] = 1", Bind: bindMapPart("MAP_VALUES", 1)},
		{Name: "MAP_ENTRIES", Doc: "The entries of a map, each a ROW of key and value.", Example: "CARDINALITY(MAP_ENTRIES(MAP['a', 1])) = 1", Bind: bindMapEntries},
		{Name: "MAP_FROM_ARRAYS", Doc: "A map of an array of keys and one of as many values.", Example: "MAP_FROM_ARRAYS(ARRAY['a'], ARRAY[1])['a'] = 1", Bind: bindMapFromArrays},
		{Name: "MAP_UNION", Doc: "The entries of all maps; of equal keys the last stands.", Example: "CARDINALITY(MAP_UNION(MAP['a', 1], MAP['b', 2])) = 2", Bind: bindMapUnion},
		{Name: "STR_TO_MAP", Doc: "The map that a text is: a=1,b=2. The delimiters between and within entries may be given, as regular expressions.", Example: "STR_TO_MAP('a=1,b=2')['b'] = '2'", Bind: bindStrToMap},
		{Name: "SPLIT", Doc: "The parts of a text between delimiters; its characters, if the delimiter is empty.", Example: "SPLIT('a,b', ',')[2] = 'b'", Bind: bindSplit},
		{Name: "REGEXP_EXTRACT_ALL", Doc: "What a group of a regular expression (the first, if none is named; 0 is the whole) matched each time. " + javas, Example: "CARDINALITY(REGEXP_EXTRACT_ALL('a1b2', '[0-9]', 0)) = 2", Bind: bindRegexpExtractAll},
	}
}

func bindMapPart(name string, part int) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		t := args[0].Type
		if t.ID != schema.Map {
			return nil, wrong(name, args, "a map")
		}
		return &Overload{Args: typesOf(args), Result: as(listOf(t.Fields[part].Type), args[0]), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			return eachList(c, dst, func(l *lister, i int) error {
				for j, to := bounds(cols[0], i); j < to; j++ {
					l.add(j, &cols[0].Kids[part])
				}
				return nil
			})
		}}, nil
	}
}

func bindMapEntries(args []Arg) (*Overload, error) {
	if err := arity("MAP_ENTRIES", args, 1, 1); err != nil {
		return nil, err
	}
	t := args[0].Type
	if t.ID != schema.Map {
		return nil, wrong("MAP_ENTRIES", args, "a map")
	}
	entry := schema.Type{ID: schema.Row, Fields: t.Fields, NotNull: true}
	return &Overload{Args: typesOf(args), Result: as(listOf(entry), args[0]), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		rows := vec.Column{Type: entry, Kids: cols[0].Kids}
		return eachList(c, dst, func(l *lister, i int) error {
			for j, to := bounds(cols[0], i); j < to; j++ {
				l.add(j, &rows)
			}
			return nil
		})
	}}, nil
}

func bindMapFromArrays(args []Arg) (*Overload, error) {
	if err := arity("MAP_FROM_ARRAYS", args, 2, 2); err != nil {
		return nil, err
	}
	k, v := args[0].Type, args[1].Type
	if k.ID != schema.Array || v.ID != schema.Array {
		return nil, wrong("MAP_FROM_ARRAYS", args, "two arrays")
	}
	return &Overload{Args: typesOf(args), Result: like(mapOf(k.Fields[0].Type, v.Fields[0].Type), args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachList(c, dst, func(l *lister, i int) error {
			from, to := bounds(cols[0], i)
			values, end := bounds(cols[1], i)
			if to-from != end-values {
				return fault.New(fault.Invalid, "MAP_FROM_ARRAYS: there are %d keys and %d values", to-from, end-values)
			}
			keys := &cols[0].Kids[0]
			for j := from; j < to; j++ {
				if !followed(keys, j, to) {
					l.dst.Kids[0].Append(l.n, keys, j)
					l.dst.Kids[1].Append(l.n, &cols[1].Kids[0], values+j-from)
					l.n++
				}
			}
			return nil
		})
	}}, nil
}

// followed reports whether row j of a column comes again before row end.
func followed(c *vec.Column, j, end int) bool {
	for k := j + 1; k < end; k++ {
		if c.Equal(j, c, k) {
			return true
		}
	}
	return false
}

func bindMapUnion(args []Arg) (*Overload, error) {
	if len(args) == 0 {
		return nil, wrong("MAP_UNION", args, "maps of one type")
	}
	common, ok := CommonType(typesOf(args)...)
	if !ok || common.ID != schema.Map {
		return nil, wrong("MAP_UNION", args, "maps of one type")
	}
	types := make([]schema.Type, len(args))
	for i, a := range args {
		types[i] = as(common, a)
	}
	return &Overload{Args: types, Result: like(common, args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachList(c, dst, func(l *lister, i int) error {
			for k, col := range cols {
			entries:
				for j, to := bounds(col, i); j < to; j++ {
					for _, later := range cols[k+1:] {
						if later.Find(i, &col.Kids[0], j) >= 0 {
							continue entries
						}
					}
					l.add(j, &col.Kids[0], &col.Kids[1])
				}
			}
			return nil
		})
	}}, nil
}

// bindStrToMap binds STR_TO_MAP(text[, between, within]).
func bindStrToMap(args []Arg) (*Overload, error) {
	if len(args) != 1 && len(args) != 3 {
		return nil, wrong("STR_TO_MAP", args, "a text and perhaps two delimiters")
	}
	types, err := conform("STR_TO_MAP", args, texts(3))
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: like(mapOf(stringType(), stringType()), args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var between, within lastExpression
		return eachList(c, dst, func(l *lister, i int) error {
			list, pair := []byte(","), []byte("=")
			if len(cols) == 3 {
				list, pair = cols[1].Bytes(i), cols[2].Bytes(i)
			}
			read := &expressions{}
			a, b := read.at(&between, list), read.at(&within, pair)
			if a == nil || b == nil {
				return fault.New(fault.Invalid, "STR_TO_MAP: %q or %q is no regular expression", list, pair)
			}
			parts, err := splitBy(a, cols[0].Bytes(i), 0)
			if err != nil {
				return err
			}
			var entries [][2][]byte
			for _, part := range parts {
				halves, err := splitBy(b, part, 2)
				if err != nil {
					return err
				}
				entry := [2][]byte{halves[0]}
				if len(halves) > 1 {
					entry[1] = halves[1]
				}
				entries = putEntry(entries, entry, len(halves) > 1)
			}
			for _, e := range entries {
				l.entry(e)
			}
			return nil
		})
	}}, nil
}

// putEntry adds an entry, or replaces that of the same key; a nil value is NULL.
func putEntry(entries [][2][]byte, e [2][]byte, has bool) [][2][]byte {
	if has && e[1] == nil {
		e[1] = []byte{}
	}
	for i := range entries {
		if bytes.Equal(entries[i][0], e[0]) {
			entries[i] = e
			return entries
		}
	}
	return append(entries, e)
}

// entry appends two texts to a map of texts.
func (l *lister) entry(e [2][]byte) {
	for k, s := range e {
		kid := &l.dst.Kids[k]
		kid.AppendNull(l.n)
		if s == nil {
			continue
		}
		kid.Data = append(kid.Data, s...)
		kid.Off[l.n+1] = int32(len(kid.Data))
		kid.Valid.Set(l.n)
	}
	l.n++
}

// splitBy is Java's String.split: limit 0 takes all parts and drops empty ones at the end.
func splitBy(e *expression, s []byte, limit int) ([][]byte, error) {
	var parts [][]byte
	done := 0
	err := e.all(s, func(at []int) {
		switch {
		case limit > 0 && len(parts) == limit-1:
		case at[1] == 0, at[0] == len(s) && at[1] == at[0]: // nothing is cut off by an empty match at either end
		default:
			parts = append(parts, s[done:at[0]])
			done = at[1]
		}
	})
	parts = append(parts, s[done:])
	for limit == 0 && len(parts) > 1 && len(parts[len(parts)-1]) == 0 {
		parts = parts[:len(parts)-1]
	}
	return parts, err
}

func bindSplit(args []Arg) (*Overload, error) {
	if err := arity("SPLIT", args, 2, 2); err != nil {
		return nil, err
	}
	types, err := conform("SPLIT", args, texts(2))
	if err != nil {
		return nil, err
	}
	return &Overload{Args: types, Result: like(listOf(stringType()), args), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return eachList(c, dst, func(l *lister, i int) error {
			s, delimiter := cols[0].Bytes(i), cols[1].Bytes(i)
			for len(delimiter) == 0 && len(s) > 0 {
				n := runeOffset(s, 1)
				l.text(s[:n])
				s = s[n:]
			}
			if len(s) == 0 {
				return nil
			}
			for {
				part, rest, more := bytes.Cut(s, delimiter)
				l.text(part)
				if !more {
					return nil
				}
				s = rest
			}
		})
	}}, nil
}

func bindRegexpExtractAll(args []Arg) (*Overload, error) {
	if err := arity("REGEXP_EXTRACT_ALL", args, 2, 3); err != nil {
		return nil, err
	}
	types, err := conform("REGEXP_EXTRACT_ALL", args, []schema.TypeID{schema.VarChar, schema.VarChar, schema.BigInt})
	if err != nil {
		return nil, err
	}
	exprs := newExpressions(args[1])
	return &Overload{Args: types, Result: listOf(stringType()), Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastExpression
		return eachList(c, dst, func(l *lister, i int) error {
			group := int64(1)
			if len(cols) == 3 {
				group = cols[2].I64[i]
			}
			e := exprs.at(&last, cols[1].Bytes(i))
			if e == nil || group < 0 || group > int64(e.groups) {
				dst.SetNull(i, c.Rows.N)
				return nil
			}
			s := cols[0].Bytes(i)
			return e.all(s, func(at []int) {
				if from := at[2*group]; from >= 0 {
					l.text(s[from:at[2*group+1]])
				} else {
					l.null()
				}
			})
		})
	}}, nil
}
