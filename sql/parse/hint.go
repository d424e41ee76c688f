package parse

import (
	"slices"
	"strings"

	"millrace/option"
	"millrace/sql/ast"
)

// hintKind is what one of Flink's hints takes.
type hintKind struct {
	onTable bool // behind a table, else behind SELECT
	tables  bool // BROADCAST(t, u), else 'key' = 'value', …
	keys    []option.Option
	value   *option.Option // of any key
}

// lookupKeys are what the LOOKUP hint knows.
var lookupKeys = []option.Option{
	{Name: "table", Required: true, Doc: "name the table, or its alias, as FROM does: LOOKUP('table' = 'c')"},
	{Name: "async", Kind: option.Bool},
	{Name: "output-mode", OneOf: []string{"ordered", "allow_unordered", "ORDERED", "ALLOW_UNORDERED"}},
	{Name: "capacity", Kind: option.Int},
	{Name: "timeout", Kind: option.Duration},
	{Name: "retry-predicate", OneOf: []string{"lookup_miss"}},
	{Name: "retry-strategy", OneOf: []string{"fixed_delay"}},
	{Name: "fixed-delay", Kind: option.Duration},
	{Name: "max-attempts", Kind: option.Int},
}

func hintKindOf(name string) (hintKind, bool) {
	switch name {
	case "OPTIONS":
		return hintKind{onTable: true}, true
	case "STATE_TTL":
		return hintKind{value: &option.Option{Kind: option.Duration}}, true
	case "LOOKUP":
		return hintKind{keys: lookupKeys}, true
	case "BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN":
		return hintKind{tables: true}, true
	}
	return hintKind{}, false
}

var hintNames = []string{"OPTIONS", "STATE_TTL", "LOOKUP", "BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"}

// hints reads /*+ … */, if there are any.
func (p *parser) hints(onTable bool) []ast.Hint {
	if !p.accept("/*+") {
		return nil
	}
	hints := commas(p, p.hint)
	p.expect("*/")
	if at := p.peek(); at.word == "/*+" {
		p.fail(at.Span, "put all hints into one", "hints stand in one comment")
	}
	for _, h := range hints {
		p.checkHint(h, onTable)
	}
	return hints
}

func (p *parser) hint() ast.Hint {
	start := p.start()
	h := ast.Hint{Name: p.ident("a hint").Name}
	if p.accept("(") {
		for !p.at(")") {
			p.hintArg(&h)
			if !p.accept(",") {
				break
			}
		}
		p.closeParen()
	}
	h.Span = p.since(start)
	return h
}

func (p *parser) hintArg(h *ast.Hint) {
	start := p.start()
	t := p.take()
	switch t.kind {
	case stringText, quotedName, word, integerNumber, decimalNumber:
	default:
		p.next--
		p.unexpected("an argument of the hint")
	}
	if !p.accept("=") {
		h.Args = append(h.Args, ast.Text{Span: t.Span, Text: t.text})
		return
	}
	value := p.text("a value")
	h.Options = append(h.Options, ast.Option{Span: p.since(start), Key: t.text, Value: value})
}

// checkHint refuses a hint that Flink does not know, or knows in another form or place.
func (p *parser) checkHint(h ast.Hint, onTable bool) {
	name := strings.ToUpper(h.Name)
	kind, known := hintKindOf(name)
	switch {
	case !known:
		hint := "it is one of " + strings.Join(hintNames, ", ")
		if near := nearest(name, hintNames); near != "" {
			hint = "did you mean " + near + "?"
		}
		p.fail(h.Span, hint, "hint %s is not known", h.Name)
	case kind.onTable && !onTable:
		p.fail(h.Span, "write it behind the table that it is about", "hint %s does not stand behind SELECT", name)
	case onTable && !kind.onTable:
		p.fail(h.Span, "write it behind SELECT", "hint %s does not stand behind a table", name)
	case kind.tables && (len(h.Args) == 0 || len(h.Options) > 0):
		p.fail(h.Span, "write "+name+"(t)", "hint %s wants the names of tables", name)
	case !kind.tables && (len(h.Options) == 0 || len(h.Args) > 0):
		p.fail(h.Span, "write "+name+"('key' = 'value')", "hint %s wants keys and values", name)
	}
	p.checkHintOptions(name, kind, h)
}

func (p *parser) checkHintOptions(name string, kind hintKind, h ast.Hint) {
	given := option.Values{}
	for _, o := range h.Options {
		keys := kind.keys
		if kind.value != nil {
			value := *kind.value
			value.Name = o.Key
			keys = []option.Option{value}
		}
		given[o.Key] = o.Value
		if len(keys) == 0 {
			continue
		}
		// One at a time, so that the error stands where the option does. What is missing is seen below.
		if _, err := option.Check("hint "+name, optional(keys), option.Values{o.Key: o.Value}); err != nil {
			p.failWith(o.Span, err)
		}
	}
	if _, err := option.Check("hint "+name, kind.keys, given); err != nil && len(kind.keys) > 0 {
		p.failWith(h.Span, err)
	}
	if name != "LOOKUP" {
		return
	}
	for _, key := range []string{"retry-predicate", "retry-strategy", "fixed-delay", "max-attempts"} {
		if given.Has("retry-predicate") != given.Has(key) {
			p.fail(h.Span, "give retry-predicate, retry-strategy, fixed-delay and max-attempts, or none of them",
				"hint LOOKUP says only in part how to try again")
		}
	}
}

// optional returns the options without insisting on any.
func optional(options []option.Option) []option.Option {
	out := make([]option.Option, len(options))
	for i, o := range options {
		o.Required = false
		out[i] = o
	}
	return out
}

// checkHintTables refuses hints about tables that FROM does not have.
func (p *parser) checkHintTables(s *ast.Select) {
	if len(s.Hints) == 0 {
		return
	}
	names := tableNames(s.From, nil)
	check := func(at ast.Span, name string) {
		last := name[strings.LastIndexByte(name, '.')+1:]
		if !slices.Contains(names, name) && !slices.Contains(names, last) {
			hint := "use the alias, if the table has one"
			if near := nearest(name, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			p.fail(at, hint, "there is no table %q in FROM", name)
		}
	}
	for _, h := range s.Hints {
		name := strings.ToUpper(h.Name)
		for _, a := range h.Args {
			check(a.Span, a.Text)
		}
		for _, o := range h.Options {
			switch {
			case name == "STATE_TTL":
				check(o.Span, o.Key)
			case name == "LOOKUP" && o.Key == "table":
				check(o.Span, o.Value)
			}
		}
	}
}

// tableNames adds what the items of FROM are called to names.
func tableNames(r ast.Relation, names []string) []string {
	alias := func(a *ast.Alias, otherwise string) []string {
		if a != nil {
			otherwise = a.Name.Name
		}
		return append(names, otherwise)
	}
	switch r := r.(type) {
	case *ast.Table:
		return alias(r.Alias, r.Name.Last())
	case *ast.Derived:
		return alias(r.Alias, "")
	case *ast.TableCall:
		return alias(r.Alias, "")
	case *ast.Unnest:
		return alias(r.Alias, "")
	case *ast.Match:
		return tableNames(r.X, alias(r.Alias, ""))
	case *ast.Join:
		return tableNames(r.Y, tableNames(r.X, names))
	}
	return names
}
