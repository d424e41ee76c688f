package json

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"testing"
	"unicode/utf8"

	"millrace/schema"
	"millrace/vec"
)

// FuzzAccepts holds the scanner against encoding/json: it accepts what is valid JSON in UTF-8 and not
// nested too deeply, and nothing else.
func FuzzAccepts(f *testing.F) {
	for _, seed := range []string{
		`{"id": "s001", "temperature": 77.0, "event_time": "2026-11-20 10:00:00.123"}`, `[{"a":[1,{"b":null}]},{}]`, `{"a":"\ud83c\udf21\n"}`, `{"a":-1.5e-7,"b":true}`, `{"a":[[[]]]}`,
		`{"a":01}`, `{"a":"\x"}`, `{"a":[1,]}`, "{\"a\":\"\x01\"}", `null`, ` `, `{}}`,
	} {
		f.Add([]byte(seed))
	}
	s := schema.New()
	f.Fuzz(func(t *testing.T, msg []byte) {
		d, err := newDecoder(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(msg) || !utf8.Valid(msg) {
			if len(bytes.Trim(msg, " \t\r\n")) == 0 {
				return
			}
			if err := d.Decode(msg, vec.NewBuilder(s)); err == nil {
				t.Fatalf("accepted %q", msg)
			}
			return
		}
		rows, rest := rowsIn(msg)
		if rest {
			return
		}
		dst := vec.NewBuilder(s)
		for i, form := range forms(msg) { // each by the shape that the one before left behind
			dst.Reset()
			if err := d.Decode(form, dst); err != nil {
				t.Fatalf("form %d: refused %q: %v", i, form, err)
			}
			if dst.Len() != rows {
				t.Fatalf("%q: %d rows, want %d", form, dst.Len(), rows)
			}
		}
	})
}

// forms are a valid text with the blanks that it has, twice, and with fewer and more.
func forms(msg []byte) [][]byte {
	var compact, wide bytes.Buffer
	if json.Compact(&compact, msg) != nil || json.Indent(&wide, msg, " ", "\t") != nil {
		return [][]byte{msg, msg}
	}
	return [][]byte{msg, msg, compact.Bytes(), wide.Bytes(), compact.Bytes(), msg}
}

// rowsIn is how many rows valid JSON has, and whether it is something that is refused for what it is.
func rowsIn(msg []byte) (rows int, refused bool) {
	depth, most := 0, 0
	dec := json.NewDecoder(bytes.NewReader(msg))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, true
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			depth++
			most = max(most, depth)
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	var v any
	if most > MaxDepth || json.Unmarshal(msg, &v) != nil {
		return 0, true
	}
	switch v := v.(type) {
	case nil:
		return 0, false
	case map[string]any:
		return 1, false
	case []any:
		for _, e := range v {
			switch e.(type) {
			case nil:
			case map[string]any:
				rows++
			default:
				return 0, true
			}
		}
		return rows, rows > vec.MaxRows
	}
	return 0, true
}

// FuzzValues holds what is decoded against encoding/json.
func FuzzValues(f *testing.F) {
	f.Add(`s001`, 77.25, int64(40), `,"x":{"id":[1,2]}`)
	f.Add("\u00e9\"\\\n\x00\U0001F321", -1e-300, int64(math.MinInt64), ` , "y" : "z"`)
	f.Add(``, 9007199254740993.0, int64(-1), ``)
	s := schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "temperature", Type: schema.Of(schema.Double)},
		schema.Field{Name: "n", Type: schema.Of(schema.BigInt)},
	)
	f.Fuzz(func(t *testing.T, id string, temperature float64, n int64, more string) {
		if math.IsNaN(temperature) || math.IsInf(temperature, 0) {
			return
		}
		var row struct {
			ID          string  `json:"id"`
			Temperature float64 `json:"temperature"`
			N           int64   `json:"n"`
		}
		row.ID, row.Temperature, row.N = id, temperature, n
		msg, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		msg = append(append(msg[:len(msg)-1], more...), '}')
		if !json.Valid(msg) || !utf8.Valid(msg) || json.Unmarshal(msg, &row) != nil {
			return
		}
		if bytes.ContainsAny([]byte(more), `iItTnN\`) { // may name the fields again, in another case
			return
		}
		d, err := newDecoder(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		dst := vec.NewBuilder(s)
		for i, form := range forms(msg) {
			if err := d.Decode(form, dst); err != nil {
				if _, deep := rowsIn(msg); deep {
					return
				}
				t.Fatalf("refused %q: %v", msg, err)
			}
			b := dst.Batch()
			if got := string(b.Cols[0].Bytes(i)); got != row.ID {
				t.Errorf("%q: id %q, want %q", msg, got, row.ID)
			}
			if got := b.Cols[1].F64[i]; math.Float64bits(got) != math.Float64bits(row.Temperature) {
				t.Errorf("%q: temperature %v, want %v", msg, got, row.Temperature)
			}
			if got := b.Cols[2].I64[i]; got != row.N {
				t.Errorf("%q: n %d, want %d", msg, got, row.N)
			}
		}
		out, err := newEncoder(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := out.Append(nil, dst.Batch(), 0)
		if err != nil || !json.Valid(text) {
			t.Fatalf("wrote %q, %v", text, err)
		}
		back := row
		if err := json.Unmarshal(text, &back); err != nil || back != row {
			t.Errorf("wrote %q, which reads %+v, want %+v", text, back, row)
		}
	})
}
