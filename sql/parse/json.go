package parse

import "millrace/sql/ast"

// jsonArgs reads the arguments of the JSON functions that have a syntax of their own.
func (p *parser) jsonArgs(c *ast.Call, word string) bool {
	start := p.start()
	j := &ast.JSONClause{}
	switch word {
	case "JSON_EXISTS", "JSON_VALUE", "JSON_QUERY":
		c.Args = commas(p, p.expr)
		if p.accept("RETURNING") {
			j.Returning = p.dataType()
		}
		p.jsonWrapper(j)
		p.jsonBehaviors(j)
	case "JSON_OBJECT", "JSON_OBJECTAGG":
		if !p.at(")") && !p.at("NULL", "ON") && !p.at("ABSENT", "ON") {
			for _, pair := range commas(p, p.jsonPair) {
				c.Args = append(c.Args, pair...)
			}
		}
		p.jsonOnNull(j)
	case "JSON_ARRAY", "JSON_ARRAYAGG":
		if !p.at(")") && !p.at("NULL", "ON") && !p.at("ABSENT", "ON") {
			p.plainArgs(c)
		}
		p.jsonOnNull(j)
	default:
		return false
	}
	if *j != (ast.JSONClause{}) {
		j.Span = p.since(start)
		c.JSON = j
	}
	return true
}

// jsonPair reads [KEY] name VALUE value, or name : value.
func (p *parser) jsonPair() []ast.Expr {
	named := p.second().word == "VALUE" || p.second().word == ":"
	if !named {
		p.accept("KEY")
	}
	key := p.expr()
	if !p.accept(":") {
		p.expect("VALUE")
	}
	return []ast.Expr{key, p.expr()}
}

func (p *parser) jsonOnNull(j *ast.JSONClause) {
	if p.at("NULL", "ON") || p.at("ABSENT", "ON") {
		j.OnNull = p.take().word
		p.expect("ON", "NULL")
	}
}

func (p *parser) jsonWrapper(j *ast.JSONClause) {
	switch {
	case p.accept("WITHOUT"):
		j.Wrapper = "WITHOUT ARRAY"
	case p.accept("WITH"):
		j.Wrapper = "WITH UNCONDITIONAL ARRAY"
		if p.accept("CONDITIONAL") {
			j.Wrapper = "WITH CONDITIONAL ARRAY"
		} else {
			p.accept("UNCONDITIONAL")
		}
	default:
		return
	}
	p.accept("ARRAY")
	p.expect("WRAPPER")
}

// jsonBehaviors reads NULL ON EMPTY, DEFAULT x ON ERROR and the like.
func (p *parser) jsonBehaviors(j *ast.JSONClause) {
	for !p.at(")") {
		start := p.start()
		b := &ast.JSONBehavior{Kind: p.peek().word}
		switch b.Kind {
		case "NULL", "ERROR", "TRUE", "FALSE", "UNKNOWN":
			p.take()
		case "DEFAULT":
			p.take()
			b.Default = p.expr()
		case "EMPTY":
			p.take()
			if !p.atAny("ARRAY", "OBJECT") {
				p.unexpected("ARRAY or OBJECT")
			}
			b.Kind += " " + p.take().word
		default:
			p.unexpected("NULL, ERROR, DEFAULT, EMPTY or RETURNING")
		}
		b.Span = p.since(start)
		p.expect("ON")
		at := p.peek()
		target := &j.OnEmpty
		if at.word == "ERROR" {
			target = &j.OnError
		} else if at.word != "EMPTY" {
			p.unexpected("EMPTY or ERROR")
		}
		if *target != nil {
			p.fail(at.Span, "", "ON %s is given twice", at.word)
		}
		*target = b
		p.take()
	}
}
