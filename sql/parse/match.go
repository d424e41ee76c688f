package parse

import (
	"strconv"

	"millrace/sql/ast"
)

// maxRepeats bounds the numbers of a quantifier: each of them is a state of the automaton.
const maxRepeats = 1000

// matchAfter reads MATCH_RECOGNIZE (…) after an item of FROM, if it is there.
func (p *parser) matchAfter(x ast.Relation) ast.Relation {
	if !p.accept("MATCH_RECOGNIZE") {
		return x
	}
	p.enter()
	defer p.leave()
	m := &ast.Match{X: x}
	p.expect("(")
	if p.accept("PARTITION", "BY") {
		m.PartitionBy = commas(p, p.expr)
	}
	if p.at("ORDER", "BY") {
		m.OrderBy = p.orderBy()
	}
	if p.accept("MEASURES") {
		m.Measures = commas(p, p.measure)
	}
	m.AllRows = p.rowsPerMatch()
	if p.accept("AFTER", "MATCH", "SKIP") {
		m.Skip = p.matchSkip()
	}
	p.expect("PATTERN", "(")
	m.Pattern = p.pattern(nil)
	p.expect(")")
	if p.accept("WITHIN") {
		m.Within = p.expr()
	}
	if at := p.peek(); at.word == "SUBSET" {
		p.fail(at.Span, "", "SUBSET is not supported, as in Flink")
	}
	p.expect("DEFINE")
	m.Define = commas(p, p.definition)
	p.closeParen()
	m.Alias = p.alias()
	m.Span = p.since(x.Extent().Pos)
	return m
}

// measure reads [FINAL] expression AS name. All measures are final where a match gives one row.
func (p *parser) measure() ast.SelectItem {
	start := p.start()
	if at := p.peek(); at.word == "RUNNING" {
		p.fail(at.Span, "leave it out", "RUNNING is not supported in MEASURES, as in Flink")
	}
	if next := p.second(); p.at("FINAL") && next.kind == word && next.word != "AS" {
		p.take()
	}
	x := p.expr()
	p.expect("AS")
	name := p.ident("the name of a measure")
	return ast.SelectItem{Span: p.since(start), X: x, Alias: &name}
}

// rowsPerMatch reads [ONE ROW PER MATCH | ALL ROWS PER MATCH] and says whether it is the second.
func (p *parser) rowsPerMatch() bool {
	if p.accept("ONE", "ROW", "PER", "MATCH") {
		return false
	}
	all := p.accept("ALL", "ROWS", "PER", "MATCH")
	if at := p.peek(); all && p.atAny("SHOW", "OMIT", "WITH") {
		p.fail(at.Span, "", "%s … is not supported, as in Flink", at.word)
	}
	return all
}

// matchSkip reads what follows AFTER MATCH SKIP.
func (p *parser) matchSkip() *ast.MatchSkip {
	start := p.start()
	s := &ast.MatchSkip{To: "LAST"}
	switch {
	case p.accept("PAST", "LAST", "ROW"):
		s.To = "LAST ROW"
	case p.accept("TO", "NEXT", "ROW"):
		s.To = "NEXT ROW"
	default:
		p.expect("TO")
		// A variable may be called first: SKIP TO FIRST is then the last row of it, SKIP TO FIRST a the first of a.
		if p.atAny("FIRST", "LAST") && isName(p.second()) {
			s.To = p.take().word
		}
		s.Variable = p.patternName()
	}
	s.Span = p.since(start)
	return s
}

func (p *parser) patternName() ast.Ident { return p.ident("a pattern variable") }

// pattern reads variables with quantifiers and adds them to list. Parentheses without a quantifier change nothing.
func (p *parser) pattern(list []ast.PatternVariable) []ast.PatternVariable {
	p.enter()
	defer p.leave()
	for first := true; first || !p.at(")"); first = false {
		p.refusePattern()
		if !p.at("(") {
			list = append(list, p.patternVariable())
			continue
		}
		start := p.start()
		p.expect("(")
		list = p.pattern(list)
		p.expect(")")
		if p.atAny("*", "+", "?") || p.at("{") && p.second().word != "-" {
			p.fail(p.since(start), "give each variable a quantifier of its own", "a quantifier of several variables is not supported, as in Flink")
		}
	}
	return list
}

// refusePattern stops at what patterns may hold elsewhere.
func (p *parser) refusePattern() {
	at := p.peek()
	sign := ""
	if at.kind == badToken {
		sign = p.source[at.Pos.Offset:at.End.Offset]
	}
	switch {
	case sign == "|" || at.word == "||":
		p.fail(at.Span, "", "alternatives in a pattern are not supported, as in Flink: CEP doesn't support branching patterns")
	case at.word == "PERMUTE":
		p.fail(at.Span, "", "PERMUTE is not supported, as in Flink")
	case p.at("{", "-"):
		p.fail(at.Span, "", "excluding rows from a match ({- -}) is not supported, as in Flink")
	case sign == "^" || sign == "$":
		p.fail(at.Span, "", "the anchors ^ and $ are not supported, as in Flink: a stream has no ends")
	}
}

func (p *parser) patternVariable() ast.PatternVariable {
	start := p.start()
	v := ast.PatternVariable{Name: p.patternName(), Min: 1, Max: 1}
	quantified := true
	switch {
	case p.accept("*"):
		v.Min, v.Max = 0, -1
	case p.accept("+"):
		v.Max = -1
	case p.accept("?"):
		v.Min = 0
	case p.at("{") && p.second().word != "-":
		p.repeats(&v)
	default:
		quantified = false
	}
	v.Reluctant = quantified && p.accept("?")
	v.Span = p.since(start)
	return v
}

// repeats reads {n}, {n,}, {n,m} or {,m}.
func (p *parser) repeats(v *ast.PatternVariable) {
	start := p.start()
	p.expect("{")
	v.Min, v.Max = 0, -1
	if !p.at(",") {
		v.Min = p.repeat()
		v.Max = v.Min
	}
	if p.accept(",") {
		v.Max = -1
		if !p.at("}") {
			v.Max = p.repeat()
		} else if p.tokens[p.next-2].word == "{" {
			p.unexpected("a number")
		}
	}
	p.expect("}")
	if v.Max == 0 || v.Max > 0 && v.Max < v.Min {
		p.fail(p.since(start), "", "a quantifier {%d,%d} lets no rows through", v.Min, v.Max)
	}
}

func (p *parser) repeat() int {
	t := p.peek()
	if t.kind != integerNumber {
		p.unexpected("a number")
	}
	n, err := strconv.Atoi(t.text)
	if err != nil || n > maxRepeats {
		p.fail(t.Span, "", "a quantifier of more than %d rows is not supported", maxRepeats)
	}
	p.take()
	return n
}

func (p *parser) definition() ast.MatchDefinition {
	start := p.start()
	name := p.patternName()
	p.expect("AS")
	cond := p.expr()
	return ast.MatchDefinition{Span: p.since(start), Name: name, Cond: cond}
}
