package ast

import "strconv"

// Match is X MATCH_RECOGNIZE (…) in FROM: the rows that a pattern of rows of X makes.
type Match struct {
	Span
	X           Relation
	PartitionBy []Expr
	OrderBy     []OrderItem
	Measures    []SelectItem
	AllRows     bool       // ALL ROWS PER MATCH instead of one
	Skip        *MatchSkip // nil: to the next row
	Pattern     []PatternVariable
	Within      Expr // nil: without a bound
	Define      []MatchDefinition
	Alias       *Alias
}

// MatchSkip is AFTER MATCH SKIP: To is NEXT ROW, LAST ROW (past it), FIRST or LAST, the last two of Variable.
type MatchSkip struct {
	Span
	To       string
	Variable Ident
}

// PatternVariable is one item of PATTERN with its quantifier: Min to Max rows, without an upper bound if Max is -1.
type PatternVariable struct {
	Span
	Name      Ident
	Min, Max  int
	Reluctant bool
}

// MatchDefinition is one item of DEFINE.
type MatchDefinition struct {
	Span
	Name Ident
	Cond Expr
}

func (*Match) relation() {}

func (p *printer) match(m *Match) {
	_, joined := m.X.(*Join)
	p.flag(joined, "(")
	p.relation(m.X)
	p.flag(joined, ")")
	p.text(" MATCH_RECOGNIZE (")
	if len(m.PartitionBy) > 0 {
		p.text("PARTITION BY ")
		p.exprs(m.PartitionBy)
		p.text(" ")
	}
	if len(m.OrderBy) > 0 {
		p.text("ORDER BY ")
		list(p, m.OrderBy, p.orderItem)
		p.text(" ")
	}
	if len(m.Measures) > 0 {
		p.text("MEASURES ")
		list(p, m.Measures, func(i SelectItem) {
			p.expr(i.X)
			p.text(" AS ")
			p.ident(*i.Alias)
		})
		p.text(" ")
	}
	p.flag(m.AllRows, "ALL ROWS PER MATCH ")
	p.matchSkip(m.Skip)
	p.text("PATTERN (")
	for i, v := range m.Pattern {
		p.flag(i > 0, " ")
		p.ident(v.Name)
		p.text(v.Quantifier())
	}
	p.text(")")
	if m.Within != nil {
		p.text(" WITHIN ")
		p.expr(m.Within)
	}
	p.text(" DEFINE ")
	list(p, m.Define, func(d MatchDefinition) {
		p.ident(d.Name)
		p.text(" AS ")
		p.expr(d.Cond)
	})
	p.text(")")
	p.alias(m.Alias)
}

func (p *printer) matchSkip(s *MatchSkip) {
	if s == nil {
		return
	}
	p.text("AFTER MATCH SKIP ")
	switch s.To {
	case "LAST ROW":
		p.text("PAST LAST ROW ")
	case "NEXT ROW":
		p.text("TO NEXT ROW ")
	default:
		p.text("TO ", s.To, " ")
		p.ident(s.Variable)
		p.text(" ")
	}
}

// Quantifier returns what stands behind the variable's name, empty for exactly one row.
func (v PatternVariable) Quantifier() string {
	text := quantifier(v.Min, v.Max)
	if v.Reluctant {
		if text == "" {
			text = "{1}"
		}
		text += "?"
	}
	return text
}

func quantifier(least, most int) string {
	switch {
	case least == 1 && most == 1:
		return ""
	case least == 0 && most == 1:
		return "?"
	case least == 0 && most < 0:
		return "*"
	case least == 1 && most < 0:
		return "+"
	case most < 0:
		return "{" + strconv.Itoa(least) + ",}"
	case least == most:
		return "{" + strconv.Itoa(least) + "}"
	case least == 0:
		return "{," + strconv.Itoa(most) + "}"
	}
	return "{" + strconv.Itoa(least) + "," + strconv.Itoa(most) + "}"
}
