package parse

import (
	"fmt"
	"maps"
	"slices"

	"millrace/sql/ast"
)

// A parameterized type takes this many numbers in parentheses.
var parameters = map[string]int{
	"CHAR": 1, "VARCHAR": 1, "BINARY": 1, "VARBINARY": 1, "DECIMAL": 2, "TIME": 1, "TIMESTAMP": 1, "TIMESTAMP_LTZ": 1,
	"STRING": 0, "BYTES": 0, "BOOLEAN": 0, "TINYINT": 0, "SMALLINT": 0, "INT": 0, "BIGINT": 0, "FLOAT": 0,
	"DOUBLE": 0, "DATE": 0, "NULL": 0, "VARIANT": 0,
}

// dataType reads a type and [NOT] NULL after it.
func (p *parser) dataType() *ast.Type {
	p.enter()
	defer p.leave()
	start := p.start()
	t := p.typeBody()
	p.nullability(t)
	t.Span = p.since(start)
	for levels := 0; p.atAny("ARRAY", "MULTISET"); levels++ {
		if levels > MaxDepth {
			p.fail(p.since(start), "", "nested more than %d levels deep", MaxDepth)
		}
		t = &ast.Type{Name: p.take().word, Elems: []*ast.Type{t}}
		p.nullability(t)
		t.Span = p.since(start)
	}
	return t
}

func (p *parser) nullability(t *ast.Type) {
	switch {
	case p.accept("NOT", "NULL"):
		t.NotNull = true
	case p.at("NULL", "ON"):
		// RETURNING INT NULL ON EMPTY: the NULL is not the type's.
	default:
		p.accept("NULL")
	}
}

func (p *parser) typeBody() *ast.Type {
	name := p.peek()
	if name.kind != word {
		p.unexpected("a data type")
	}
	t := &ast.Type{Name: mainName(name.word)}
	switch t.Name {
	case "INTERVAL":
		p.take()
		t.Unit = p.unit()
		t.Params = p.optionalNumbers(1)
		if p.accept("TO") {
			t.To = p.unit()
			p.optionalNumbers(1)
		}
	case "ARRAY", "MULTISET":
		p.take()
		p.expect("<")
		t.Elems = []*ast.Type{p.dataType()}
		p.closeAngle()
	case "MAP":
		p.take()
		p.expect("<")
		key := p.dataType()
		p.expect(",")
		t.Elems = []*ast.Type{key, p.dataType()}
		p.closeAngle()
	case "ROW", "STRUCTURED":
		p.take()
		p.fields(t)
	case "RAW":
		p.take()
		t.Text = parenthesized(p, func() string { return p.text("a class") })
	default:
		p.simpleType(t)
	}
	return t
}

// mainName returns the name that stands for a word and its synonyms.
func mainName(word string) string {
	switch word {
	case "CHARACTER":
		return "CHAR"
	case "INTEGER":
		return "INT"
	case "DEC", "NUMERIC":
		return "DECIMAL"
	case "REAL":
		return "FLOAT"
	}
	return word
}

func (p *parser) simpleType(t *ast.Type) {
	name := p.peek()
	numbers, known := parameters[t.Name]
	if !known {
		p.unknownType(name)
	}
	p.take()
	switch t.Name {
	case "CHAR", "BINARY":
		if p.accept("VARYING") {
			t.Name = "VAR" + t.Name
		}
	case "DOUBLE":
		p.accept("PRECISION")
	}
	if at := p.peek(); at.word == "(" && numbers == 0 {
		p.fail(at.Span, "", "%s takes no length or precision", t.Name)
	}
	t.Params = p.optionalNumbers(numbers)
	if t.Name == "TIME" || t.Name == "TIMESTAMP" {
		p.timeZone(t)
	}
}

func (p *parser) timeZone(t *ast.Type) {
	switch {
	case p.accept("WITHOUT", "TIME", "ZONE"):
	case t.Name == "TIME":
	case p.accept("WITH", "LOCAL", "TIME", "ZONE"):
		t.Name = "TIMESTAMP_LTZ"
	case p.accept("WITH", "TIME", "ZONE"):
		t.Name = "TIMESTAMP WITH TIME ZONE"
	}
}

// closeAngle takes the > of a type; in ARRAY<ARRAY<INT>>= and the like none is glued to another sign.
func (p *parser) closeAngle() {
	if !p.accept(">") {
		p.unexpected(`"," or ">"`)
	}
}

// fields reads <name type ['comment'], …> or the same in parentheses; of STRUCTURED the class comes first.
func (p *parser) fields(t *ast.Type) {
	end := ">"
	if p.accept("<>") {
		return
	}
	if t.Name == "ROW" && p.accept("(") {
		end = ")"
	} else {
		p.expect("<")
	}
	if t.Name == "STRUCTURED" {
		t.Text = []string{p.text("a class")}
		if p.at(">") {
			p.take()
			return
		}
		p.expect(",")
	}
	if !p.at(end) {
		t.Fields = commas(p, p.rowField)
	}
	if !p.accept(end) {
		p.unexpected(fmt.Sprintf(`"," or %q`, end))
	}
}

func (p *parser) rowField() ast.RowField {
	start := p.start()
	f := ast.RowField{Name: p.ident("a field name")}
	f.Type = p.dataType()
	if p.peek().kind == stringText {
		f.Comment = p.take().text
	}
	f.Span = p.since(start)
	return f
}

func (p *parser) unknownType(name token) {
	hint := ""
	for other, flink := range map[string]string{
		"TEXT": "STRING", "LONG": "BIGINT", "BOOL": "BOOLEAN", "DATETIME": "TIMESTAMP", "INT64": "BIGINT", "INT32": "INT",
		"FLOAT8": "DOUBLE", "FLOAT64": "DOUBLE", "TIMESTAMPTZ": "TIMESTAMP_LTZ", "JSON": "STRING", "BLOB": "BYTES", "NUMBER": "DECIMAL",
	} {
		if name.word == other {
			hint = "Flink's name is " + flink
		}
	}
	if hint == "" {
		if near := nearest(name.word, slices.Sorted(maps.Keys(parameters))); near != "" {
			hint = "did you mean " + near + "?"
		}
	}
	if ast.Reserved(name.text) && hint == "" {
		p.unexpected("a data type")
	}
	p.fail(name.Span, hint, "unknown data type %s", abridge(name.text))
}
