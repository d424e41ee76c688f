package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
)

// Unnest gives each row once for every element of a collection: its columns Keep, then the element (the
// fields of a ROW, key and value of a MAP), then its place from 1 on if Ordinality.
type Unnest struct {
	Input      Node
	Expr       Expr // ARRAY, MAP or MULTISET over the input
	Keep       []int
	Outer      bool // a row whose collection is empty or NULL is given once, with NULLs
	Ordinality bool
	Schema     *schema.Schema
}

// Out implements Node.
func (n *Unnest) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *Unnest) Inputs() []Node { return []Node{n.Input} }

func (n *Unnest) text() string {
	kind := ""
	if n.Outer {
		kind = "left "
	}
	return fmt.Sprintf("Unnest %s%s [%s]", kind, n.Expr, strings.Join(n.Schema.Names(), ", "))
}

func (n *Unnest) updates() bool           { return n.Input.updates() }
func (n *Unnest) with(inputs []Node) Node { c := *n; c.Input = inputs[0]; return &c }
func (n *Unnest) merge() Node             { return mergeInputs(n) }

func (n *Unnest) push(conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		if c.Index >= len(n.Keep) {
			return nil
		}
		i := n.Keep[c.Index]
		f := n.Input.Out().Fields[i]
		return &Column{Index: i, Name: f.Name, Of: f.Type}
	})
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *Unnest) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	for i := len(n.Keep); i < len(need); i++ {
		need[i] = true
	}
	at, old := kept(need)
	below := make([]bool, n.Input.Out().Len())
	require(below, n.Expr)
	var keep []int
	for i, k := range n.Keep {
		if need[i] {
			keep, below[k] = append(keep, k), true
		}
	}
	input, to := n.Input.prune(below)
	out := *n
	out.Input, out.Expr, out.Keep, out.Schema = input, moved(n.Expr, to), places(keep, to), n.Schema.Select(old)
	return &out, at
}
