package ast

import (
	"math"
	"strconv"
	"strings"
)

// Format returns SQL that parses to a tree equal to n. n may be any statement, query, relation,
// expression or type.
func Format(n Node) string {
	p := printer{}
	p.node(n)
	return p.String()
}

// FormatQuoted is Format as Flink shows expressions: all names in back-ticks, functions in upper case.
func FormatQuoted(n Node) string {
	p := printer{quoted: true}
	p.node(n)
	return p.String()
}

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case Statement:
		p.statement(n)
	case Body:
		p.body(n)
	case Relation:
		p.relation(n)
	case Expr:
		p.expr(n)
	case *Type:
		p.dataType(n)
	case *Window:
		p.window(n)
	}
}

// A printer collects SQL text. All its methods write what their argument says, without a space
// before or after.
type printer struct {
	strings.Builder
	quoted bool // all names, not only those that must be
}

// text writes words as they are.
func (p *printer) text(words ...string) {
	for _, w := range words {
		p.WriteString(w)
	}
}

func (p *printer) flag(on bool, words string) {
	if on {
		p.WriteString(words)
	}
}

func (p *printer) quote(s string) {
	p.text("'", strings.ReplaceAll(s, "'", "''"), "'")
}

func (p *printer) ident(id Ident) { p.name(id.Name) }

// name writes a name, in back-ticks where it must be or all are.
func (p *printer) name(name string) {
	if p.quoted {
		p.text(backTicks(name))
	} else {
		p.text(Quote(name))
	}
}

func (p *printer) dotted(parts []Ident) {
	for i, part := range parts {
		p.flag(i > 0, ".")
		p.ident(part)
	}
}

func (p *printer) object(n ObjectName) { p.dotted(n.Parts) }

func (p *printer) number(n int) { p.text(strconv.Itoa(n)) }

// list writes items with commas between them.
func list[T any](p *printer, items []T, write func(T)) {
	for i, item := range items {
		if i > 0 {
			p.text(", ")
		}
		write(item)
	}
}

func (p *printer) idents(ids []Ident) {
	p.text("(")
	list(p, ids, p.ident)
	p.text(")")
}

func (p *printer) exprs(xs []Expr) { list(p, xs, p.expr) }

func (p *printer) option(o Option) {
	p.quote(o.Key)
	p.text(" = ")
	p.quote(o.Value)
}

func (p *printer) hints(hints []Hint) {
	if len(hints) == 0 {
		return
	}
	p.text(" /*+ ")
	list(p, hints, func(h Hint) {
		p.name(h.Name)
		if len(h.Options)+len(h.Args) == 0 {
			return
		}
		p.text("(")
		list(p, h.Options, p.option)
		list(p, h.Args, func(a Text) { p.name(a.Text) })
		p.text(")")
	})
	p.text(" */")
}

func (p *printer) dataType(t *Type) {
	if p.quoted {
		t = inFull(t)
	}
	switch t.Name {
	case "INTERVAL":
		p.text("INTERVAL ", t.Unit)
		p.params(t.Params)
		if t.To != "" {
			p.text(" TO ", t.To)
		}
	case "ARRAY", "MULTISET", "MAP":
		p.text(t.Name, "<")
		list(p, t.Elems, p.dataType)
		p.text(">")
	case "ROW", "STRUCTURED":
		p.text(t.Name, "<")
		list(p, t.Text, p.quote)
		p.flag(len(t.Text) > 0 && len(t.Fields) > 0, ", ")
		list(p, t.Fields, p.rowField)
		p.text(">")
	case "RAW":
		p.text("RAW(")
		list(p, t.Text, p.quote)
		p.text(")")
	case "TIMESTAMP WITH TIME ZONE":
		p.text("TIMESTAMP")
		p.params(t.Params)
		p.text(" WITH TIME ZONE")
	case "TIMESTAMP_LTZ":
		if !p.quoted {
			p.text(t.Name)
			p.params(t.Params)
			break
		}
		p.text("TIMESTAMP")
		p.params(t.Params)
		p.text(" WITH LOCAL TIME ZONE")
	default:
		p.text(t.Name)
		p.params(t.Params)
	}
	p.flag(t.NotNull, " NOT NULL")
}

// inFull returns a type as Flink shows it in statements: with its length or precision.
func inFull(t *Type) *Type {
	out := *t
	number := func(n ...int) {
		if len(t.Params) == 0 {
			out.Params = n
		}
	}
	switch t.Name {
	case "STRING":
		out.Name, out.Params = "VARCHAR", []int{math.MaxInt32}
	case "BYTES":
		out.Name, out.Params = "VARBINARY", []int{math.MaxInt32}
	case "CHAR", "VARCHAR", "BINARY", "VARBINARY":
		number(1)
	case "DECIMAL":
		number(10, 0)
		if len(t.Params) == 1 {
			out.Params = []int{t.Params[0], 0}
		}
	case "TIME":
		number(0)
	case "TIMESTAMP", "TIMESTAMP_LTZ":
		number(6)
	}
	return &out
}

func (p *printer) params(params []int) {
	if len(params) == 0 {
		return
	}
	p.text("(")
	list(p, params, p.number)
	p.text(")")
}

func (p *printer) rowField(f RowField) {
	p.ident(f.Name)
	p.text(" ")
	p.dataType(f.Type)
	if f.Comment != "" {
		p.text(" ")
		p.quote(f.Comment)
	}
}
