package function

import (
	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// jsonFunctions look into JSON. What the clauses of a call say is bound by JSON; without them a function
// is bound as it is by default.
func jsonFunctions() []Scalar {
	plain := func(name string) func([]Arg) (*Overload, error) {
		return func(args []Arg) (*Overload, error) { return JSON(name, args, JSONClauses{}) }
	}
	all := []Scalar{
		{Name: "JSON_EXISTS", Doc: "Whether a path leads to something in a JSON text. " + jsonPaths, Example: "JSON_EXISTS('{\"a\":1}', '$.a') = TRUE", Bind: plain("JSON_EXISTS")},
		{Name: "JSON_VALUE", Doc: "The scalar that a path leads to in a JSON text, as STRING or the type behind RETURNING; ON EMPTY and ON ERROR say what stands for none. " + jsonPaths, Example: "JSON_VALUE('{\"a\":{\"b\":1.5}}', '$.a.b') = '1.5'", Bind: plain("JSON_VALUE")},
		{Name: "JSON_QUERY", Doc: "The object or array that a path leads to in a JSON text, as JSON; WRAPPER makes arrays of others. " + jsonPaths, Example: "JSON_QUERY('{\"a\":{\"b\": 1}}', '$.a') = '{\"b\":1}'", Bind: plain("JSON_QUERY")},
		{Name: "JSON_OBJECT", Doc: "A JSON object of keys and values, sorted by key; ABSENT ON NULL leaves NULLs out.", Example: "JSON_OBJECT('a' VALUE 1) = '{\"a\":1}'", Bind: plain("JSON_OBJECT")},
		{Name: "JSON_ARRAY", Doc: "A JSON array of values, without those that are NULL, unless NULL ON NULL.", Example: "JSON_ARRAY(1, 'a') = '[1,\"a\"]'", Bind: plain("JSON_ARRAY")},
		{Name: "JSON", Doc: "A JSON text as a value of JSON_ARRAY or JSON_OBJECT, where it is not quoted.", Example: "JSON_ARRAY(JSON('{}')) = '[{}]'", Bind: bindMisplacedJSON},
		{Name: "JSON_STRING", Doc: "The value as JSON.", Example: "JSON_STRING('a') = '\"a\"'", Bind: bindJSONString},
		{Name: "JSON_QUOTE", Doc: "The text as a JSON string, all but ASCII escaped.", Example: "JSON_QUOTE('a') = '\"a\"'", Bind: bindJSONText("JSON_QUOTE", appendJSONQuote)},
		{Name: "JSON_UNQUOTE", Doc: "What a JSON string stands for; a text that is none is left as it is.", Example: "JSON_UNQUOTE('\"a\"') = 'a'", Bind: bindJSONText("JSON_UNQUOTE", appendJSONUnquote)},
	}
	for _, kind := range []string{"", " VALUE", " SCALAR", " ARRAY", " OBJECT"} {
		for _, not := range []string{"", "NOT "} {
			name := "IS " + not + "JSON" + kind
			all = append(all, Scalar{Name: name, Doc: "Whether the text is JSON, or a kind of it, or not; NULL is none.", Example: jsonTestExample(not, kind), Bind: bindIsJSON(name, kind, not != "")})
		}
	}
	return all
}

const jsonPaths = "Paths are lax or, if they do not say, strict: then a path that leads nowhere is an error."

func jsonTestExample(not, kind string) string {
	holds := map[string]string{"": "TRUE", " VALUE": "TRUE", " SCALAR": "FALSE", " ARRAY": "TRUE", " OBJECT": "FALSE"}[kind]
	if not != "" {
		holds = map[string]string{"TRUE": "FALSE", "FALSE": "TRUE"}[holds]
	}
	return "'[]' IS " + not + "JSON" + kind + " = " + holds
}

// JSONBehavior is what a JSON function gives ON EMPTY or ON ERROR: NULL, ERROR, TRUE, FALSE, UNKNOWN,
// EMPTY ARRAY, EMPTY OBJECT or DEFAULT with a constant.
type JSONBehavior struct {
	Kind    string // "": the default
	Default Arg
}

// JSONClauses are what a call of a JSON function says beside its arguments.
type JSONClauses struct {
	Returning        schema.Type // NULL: not said
	Wrapper          string      // WITHOUT ARRAY, WITH CONDITIONAL ARRAY, WITH UNCONDITIONAL ARRAY or ""
	OnEmpty, OnError JSONBehavior
	OnNull           string // NULL, ABSENT or ""
	// Nested says which arguments of JSON_OBJECT and JSON_ARRAY are JSON already.
	Nested []JSONNesting
}

// JSONNesting says whether an argument of JSON_OBJECT or JSON_ARRAY is JSON.
type JSONNesting uint8

// The ways a value goes into an object or array: quoted as it needs, as the JSON that another function has
// made, as JSON that must be read first (the argument of the function JSON).
const (
	NotJSON JSONNesting = iota
	MadeJSON
	ReadJSON
)

// JSON binds a call of the JSON function called name.
func JSON(name string, args []Arg, c JSONClauses) (*Overload, error) {
	switch name {
	case "JSON_EXISTS":
		return bindJSONExists(args, c)
	case "JSON_VALUE":
		return bindJSONValue(args, c)
	case "JSON_QUERY":
		return bindJSONQuery(args, c)
	case "JSON_OBJECT":
		return bindJSONObject(args, c)
	}
	return bindJSONArray(args, c)
}

func bindMisplacedJSON([]Arg) (*Overload, error) {
	return nil, fault.New(fault.Invalid, "JSON() can only be a value of JSON_ARRAY or JSON_OBJECT")
}

// jsonPathArg gives the path of a row: that of a constant, or the one read last.
type jsonPathArg struct{ fixed *jsonPath }

type lastJSONPath struct {
	text string
	path *jsonPath
}

func (a *jsonPathArg) at(last *lastJSONPath, cols []*vec.Column, i int) *jsonPath {
	if a.fixed != nil {
		return a.fixed
	}
	if text := cols[1].Bytes(i); last.path == nil || last.text != string(text) {
		last.text = string(text)
		last.path = parseJSONPath(last.text)
	}
	return last.path
}

// conformJSON checks the arguments (json, path) and takes a constant path away from those computed.
func conformJSON(name string, args []Arg) ([]schema.Type, *jsonPathArg, error) {
	if err := arity(name, args, 2, 2); err != nil {
		return nil, nil, err
	}
	types, err := conform(name, args, texts(2))
	if err != nil {
		return nil, nil, err
	}
	if text, ok := constText(args[1]); ok {
		return types[:1], &jsonPathArg{parseJSONPath(text)}, nil
	}
	return types, &jsonPathArg{}, nil
}

// notFound is the error of ERROR ON ERROR and ERROR ON EMPTY.
func notFound(name string, p *jsonPath, why string) error {
	if p.bad != "" {
		why = "the path is wrong: " + p.bad
	}
	return fault.New(fault.Invalid, "%s: %s", name, why)
}

func refuseBehavior(name, clause string, b JSONBehavior, allowed ...string) error {
	if b.Kind == "" {
		return nil
	}
	for _, kind := range allowed {
		if kind == b.Kind {
			return nil
		}
	}
	return fault.New(fault.Invalid, "%s knows no %s ON %s", name, b.Kind, clause)
}

func bindJSONExists(args []Arg, c JSONClauses) (*Overload, error) {
	const name = "JSON_EXISTS"
	types, path, err := conformJSON(name, args)
	if err == nil {
		err = refuseBehavior(name, "ERROR", c.OnError, "TRUE", "FALSE", "UNKNOWN", "ERROR")
	}
	switch {
	case err != nil:
		return nil, err
	case c.OnEmpty.Kind != "" || c.Wrapper != "" || c.Returning.ID != schema.Null:
		return nil, fault.New(fault.Invalid, "%s takes an ON ERROR clause only", name)
	}
	return &Overload{Args: types, Result: schema.Of(schema.Boolean), Kernel: func(call *Call, cols []*vec.Column, dst *vec.Column) error {
		var last lastJSONPath
		return each(call, dst, func(i int) error {
			p := path.at(&last, cols, i)
			v, ok := p.read(cols[0].Bytes(i))
			switch {
			case ok:
				dst.Bits.Put(i, v != nil)
			case c.OnError.Kind == "ERROR":
				return notFound(name, p, "the path leads nowhere, or the text is no JSON")
			case c.OnError.Kind == "UNKNOWN":
				dst.SetNull(i, call.Rows.N)
			default:
				dst.Bits.Put(i, c.OnError.Kind == "TRUE")
			}
			return nil
		})
	}}, nil
}

func bindIsJSON(name, kind string, not bool) func([]Arg) (*Overload, error) {
	test := map[string]func(jsonText) bool{
		" SCALAR": jsonText.isScalar, " ARRAY": jsonText.isArray, " OBJECT": jsonText.isObject,
	}[kind]
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		types, err := conform(name, args, texts(1))
		if err != nil {
			return nil, err
		}
		return &Overload{Args: types, Result: schema.Of(schema.Boolean).Required(), Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			for k := range c.Rows.Len() {
				i := c.Rows.At(k)
				holds := false
				if !cols[0].IsNull(i) {
					var v jsonText
					v, holds = firstJSON(cols[0].Bytes(i))
					holds = holds && (test == nil || test(v))
				}
				dst.Bits.Put(i, holds != not)
			}
			return nil
		}}, nil
	}
}
