package plan

import (
	"fmt"
	"strings"

	"millrace/schema"
)

// Explain returns plans as text: a node a line, its inputs below it, two spaces further in. Equal plans
// give equal texts; plans whose state differs in shape give different ones. Options are not shown.
func Explain(sinks ...*Sink) string {
	var b strings.Builder
	for _, s := range sinks {
		explain(&b, s, 0)
	}
	return b.String()
}

func explain(b *strings.Builder, n Node, depth int) {
	fmt.Fprintf(b, "%s%s\n", strings.Repeat("  ", depth), n.text())
	for _, in := range n.Inputs() {
		explain(b, in, depth+1)
	}
}

// Count returns how many nodes a plan has: as many as Explain has lines for it.
func Count(n Node) int {
	count := 1
	for _, in := range n.Inputs() {
		count += Count(in)
	}
	return count
}

// Text returns the line of a node in Explain, without its inputs.
func Text(n Node) string { return n.text() }

func (n *Filter) text() string  { return fmt.Sprintf("Filter %s", n.Cond) }
func (n *Project) text() string { return fmt.Sprintf("Project [%s]", namedExprs(n.Exprs, n.Schema)) }
func (n *Union) text() string   { return "Union" }
func (n *Limit) text() string   { return fmt.Sprintf("Limit %d offset %d", n.Count, n.Offset) }

func (n *Values) text() string {
	return fmt.Sprintf("Values [%s] %s", strings.Join(n.Schema.Names(), ", "), valuesText(n))
}

// valuesShown bounds the rows of VALUES in a plan's text.
const valuesShown = 10

func valuesText(n *Values) string {
	var rows []string
	for i, row := range n.Rows {
		if i == valuesShown {
			rows = append(rows, fmt.Sprintf("and %d more", len(n.Rows)-i))
			break
		}
		rows = append(rows, "("+exprList(row)+")")
	}
	return strings.Join(rows, ", ")
}

func (n *Sink) text() string {
	if n.Table == "" {
		return fmt.Sprintf("Collect [%s]", strings.Join(n.Schema.Names(), ", "))
	}
	over := ""
	if n.Overwrite {
		over = " overwrite"
	}
	return fmt.Sprintf("Sink %s (%s)%s [%s]", n.Table, system(n.Connector, n.FormatName), over, strings.Join(n.Schema.Names(), ", "))
}

func system(connector, format string) string {
	if format == "" {
		return connector
	}
	return connector + ", " + format
}

func (n *Scan) text() string {
	read := n.Read.Names()
	for i, key := range n.Meta {
		read[i] += " METADATA " + key
	}
	text := fmt.Sprintf("Scan %s (%s) read=[%s]", n.Table, system(n.Connector, n.FormatName), strings.Join(read, ", "))
	if !identity(n.Exprs, n.Read) {
		text += fmt.Sprintf(" columns=[%s]", namedExprs(n.Exprs, n.Schema))
	}
	if n.updates() {
		text += [...]string{"", " upserts", " changelog"}[n.Changes]
		if len(n.Key) > 0 {
			text += fmt.Sprintf(" key=[%s]", columnNames(n.Schema, n.Key))
		}
	}
	if w := n.Watermark; w != nil {
		text += fmt.Sprintf(" watermark=%s FOR %s", w.Expr, n.Schema.Fields[w.Column].Name)
	}
	return text
}

func columnNames(s *schema.Schema, at []int) string {
	return strings.Join(s.Select(at).Names(), ", ")
}

func exprList(exprs []Expr) string {
	texts := make([]string, len(exprs))
	for i, e := range exprs {
		texts[i] = e.String()
	}
	return strings.Join(texts, ", ")
}

// namedExprs returns "a, b + 1 AS c".
func namedExprs(exprs []Expr, s *schema.Schema) string {
	texts := make([]string, len(exprs))
	for i, e := range exprs {
		texts[i] = e.String()
		if name := s.Fields[i].Name; name != texts[i] {
			texts[i] += " AS " + name
		}
	}
	return strings.Join(texts, ", ")
}
