package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"millrace/schema"
	"millrace/sql/function"
)

// Agg is one call of an aggregate.
type Agg struct {
	Func     *function.Aggregate
	Overload *function.AggregateOverload
	Args     []int // columns of the input, of the overload's types already
	Filter   int   // BOOLEAN column of the input that must be TRUE; -1 without
	Distinct bool
	Name     string
	With     string // what else the call says, as text: constant arguments that the overload holds, clauses
}

// GroupAggregate groups rows by keys without a window and emits a changelog: each change of a
// group's answer as -U and +U.
type GroupAggregate struct {
	Input  Node
	Keys   []int
	Aggs   []Agg
	Schema *schema.Schema // Keys, then Aggs
	// AtEnd: each group is given once, at the end of the input (batch mode).
	AtEnd bool
	// TTL is how long a group is remembered after it last changed; 0 for ever.
	TTL time.Duration
}

// Changing says whether rows of the input change, so that values must be taken out of the aggregates again.
func (n *GroupAggregate) Changing() bool { return n.Input.updates() }

// Out implements Node.
func (n *GroupAggregate) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *GroupAggregate) Inputs() []Node { return []Node{n.Input} }

func (n *GroupAggregate) updates() bool { return !n.AtEnd }

func (n *GroupAggregate) with(in []Node) Node { c := *n; c.Input = in[0]; return &c }

func (n *GroupAggregate) text() string {
	in := n.Input.Out()
	return fmt.Sprintf("GroupAggregate keys=[%s] aggs=[%s]", columnNames(in, n.Keys), describeAggs(n.Aggs, in))
}

func (n *GroupAggregate) push(conds []Expr) Node {
	below, above := split(conds, keyOf(n.Input, n.Keys))
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *GroupAggregate) merge() Node {
	agg := *n
	input, at := throughColumns(n.Input.merge())
	agg.Input, agg.Keys, agg.Aggs = input, places(n.Keys, at), slices.Clone(n.Aggs)
	moveAggs(agg.Aggs, at)
	return &agg
}

func (n *GroupAggregate) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	for i := range n.Keys {
		need[i] = true
	}
	need = atLeastOne(need)
	at, old := kept(need)
	below := make([]bool, n.Input.Out().Len())
	for _, k := range n.Keys {
		below[k] = true
	}
	agg := *n
	agg.Schema, agg.Aggs = n.Schema.Select(old), pruneAggs(n.Aggs, need[len(n.Keys):], below)
	input, inputAt := n.Input.prune(below)
	agg.Input = input
	agg.Keys = places(n.Keys, inputAt)
	moveAggs(agg.Aggs, inputAt)
	return &agg, at
}

func describeAggs(aggs []Agg, in *schema.Schema) string {
	texts := make([]string, len(aggs))
	for i, a := range aggs {
		args := columnNames(in, a.Args)
		switch {
		case len(a.Args) == 0:
			args = "*"
		case a.Distinct:
			args = "DISTINCT " + args
		}
		texts[i] = a.Func.Name + "(" + args + a.With + ")"
		if a.Filter >= 0 {
			texts[i] += " FILTER " + in.Fields[a.Filter].Name
		}
	}
	return strings.Join(texts, ", ")
}

// keyOf gives a grouping key of an aggregate as the column of its input, and nil for the other columns.
func keyOf(input Node, keys []int) func(*Column) Expr {
	return func(c *Column) Expr {
		if c.Index >= len(keys) {
			return nil
		}
		f := input.Out().Fields[keys[c.Index]]
		return &Column{Index: keys[c.Index], Name: f.Name, Of: f.Type}
	}
}

// throughColumns returns what is below a Project that only picks columns, as an aggregation does so
// itself, and where its columns are there.
func throughColumns(n Node) (Node, []int) {
	p, ok := n.(*Project)
	if !ok {
		return n, everything(n)
	}
	at := make([]int, len(p.Exprs))
	for i, e := range p.Exprs {
		c, ok := e.(*Column)
		if !ok {
			return n, everything(n)
		}
		at[i] = c.Index
	}
	return p.Input, at
}

// pruneAggs drops the aggregates nobody needs; need begins with that of the first aggregate.
func pruneAggs(aggs []Agg, need, below []bool) []Agg {
	var out []Agg
	for i, a := range aggs {
		if !need[i] {
			continue
		}
		out = append(out, a)
		for _, c := range a.Args {
			below[c] = true
		}
		if a.Filter >= 0 {
			below[a.Filter] = true
		}
	}
	return out
}

// moveAggs puts the aggregates' columns to their new places.
func moveAggs(aggs []Agg, at []int) {
	for i := range aggs {
		aggs[i].Args = places(aggs[i].Args, at)
		if aggs[i].Filter >= 0 {
			aggs[i].Filter = at[aggs[i].Filter]
		}
	}
}
