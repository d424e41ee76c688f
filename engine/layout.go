package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
	"millrace/sql/plan"
)

// Layout is what of a plan has a memory: the operators with state and the tables that are read. State and positions
// of one plan fit another where the ids are the same, whatever else has changed and at whatever parallelism.
type Layout struct {
	Operators []Operator `json:"operators,omitempty"`
	Sources   []Operator `json:"sources,omitempty"`
}

// Operator is a step of a plan that has a memory.
type Operator struct {
	// ID is made of the kind of the operator, its keys, what it computes, the types of its input and its place among
	// those that are the same in all this (Flink's uid, which its SQL makes up from the place in the plan alone). That
	// of a source is the name of its table.
	ID string `json:"id"`
	// Kind is GroupAggregate, Join, … or Scan.
	Kind string `json:"kind"`
	// Text is its line in EXPLAIN.
	Text string `json:"text"`

	stage int
}

// LayoutOf returns the layout of a job.
func LayoutOf(spec *Spec) (Layout, error) {
	stages, err := lowerAll(spec.Sinks)
	if err != nil {
		return Layout{}, err
	}
	return layoutOf(spec.Sinks, stages), nil
}

// lowerAll turns the plans of a job into stages, inputs first.
func lowerAll(sinks []*plan.Sink) ([]*stage, error) {
	var all []*stage
	at := 0
	for _, s := range sinks {
		stages, err := lower(s, at)
		if err != nil {
			return nil, err
		}
		at += plan.Count(s)
		all = append(all, stages...)
	}
	return all, nil
}

func layoutOf(sinks []*plan.Sink, stages []*stage) Layout {
	var nodes []plan.Node
	for _, s := range sinks {
		nodes = appendNodes(nodes, s)
	}
	var l Layout
	seen := map[string]int{}
	unique := func(id string) string {
		if seen[id]++; seen[id] > 1 {
			return fmt.Sprintf("%s#%d", id, seen[id])
		}
		return id
	}
	for i, s := range stages {
		switch {
		case s.scan != nil:
			l.Sources = append(l.Sources, Operator{ID: unique(s.scan.Table), Kind: "Scan", Text: plan.Text(s.scan), stage: i})
		case s.values != nil:
			l.Sources = append(l.Sources, Operator{ID: unique("VALUES"), Kind: "Values", Text: plan.Text(s.values), stage: i})
		default:
			n := nodes[s.nodes[0]]
			kind := strings.TrimPrefix(fmt.Sprintf("%T", n), "*plan.")
			sum := sha256.New()
			fmt.Fprintln(sum, plan.Text(n))
			for _, p := range s.ports {
				fmt.Fprintln(sum, p.keys, typesOf(p.in))
			}
			l.Operators = append(l.Operators, Operator{ID: unique(kind + "-" + hex.EncodeToString(sum.Sum(nil)[:6])), Kind: kind, Text: plan.Text(n), stage: i})
		}
	}
	return l
}

// appendNodes lists the nodes of a plan as plan.Explain does, a line each.
func appendNodes(to []plan.Node, n plan.Node) []plan.Node {
	to = append(to, n)
	for _, in := range n.Inputs() {
		to = appendNodes(to, in)
	}
	return to
}

func typesOf(s *schema.Schema) []string {
	types := make([]string, s.Len())
	for i, f := range s.Fields {
		types[i] = f.Type.String()
	}
	return types
}

// idOf is the id of the operator or the source that a stage begins with.
func (l *Layout) idOf(stage int) string {
	for _, list := range [][]Operator{l.Operators, l.Sources} {
		for _, o := range list {
			if o.stage == stage {
				return o.ID
			}
		}
	}
	return ""
}

// The fates of an operator or a source when a query is changed.
const (
	FateKept    = "kept"    // it goes on with its state or its positions
	FateFresh   = "fresh"   // it begins without any: it does not know what has gone by
	FateDropped = "dropped" // nothing takes its state or its positions over
)

// Change is what becomes of one operator or source.
type Change struct {
	Operator
	Fate   string `json:"fate"`
	Reason string `json:"reason,omitempty"` // for all but those that are kept
}

// Compare says what becomes of the memory of a job when its plan is changed.
func Compare(old, changed Layout) []Change {
	return append(compare(old.Sources, changed.Sources), compare(old.Operators, changed.Operators)...)
}

func compare(old, changed []Operator) (out []Change) {
	has := func(list []Operator, id string) bool {
		return slices.ContainsFunc(list, func(o Operator) bool { return o.ID == id })
	}
	for _, o := range changed {
		c := Change{Operator: o, Fate: FateKept}
		if !has(old, o.ID) {
			c.Fate, c.Reason = FateFresh, "the query that ran before has no such step"
			if was := sibling(old, changed, o); was != nil {
				c.Reason = "it was " + was.Text
			}
		}
		out = append(out, c)
	}
	for _, o := range old {
		if has(changed, o.ID) {
			continue
		}
		c := Change{Operator: o, Fate: FateDropped, Reason: "the changed query has no such step"}
		if now := sibling(changed, old, o); now != nil {
			c.Reason = "it is now " + now.Text + ", for which what is kept does not do"
			if now.Text == o.Text {
				c.Reason = "its input has columns of other types now"
			}
		}
		out = append(out, c)
	}
	return out
}

// sibling is an operator of the same kind in the other plan that is not in this one: what o was, or has become.
func sibling(in, other []Operator, o Operator) *Operator {
	for i := range in {
		if in[i].Kind == o.Kind && !slices.ContainsFunc(other, func(x Operator) bool { return x.ID == in[i].ID }) {
			return &in[i]
		}
	}
	return nil
}

// Lost returns the changes by which something is forgotten or begins without what has gone by.
func Lost(changes []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Fate == FateKept })
}

// String says it in a line.
func (c Change) String() string {
	if c.Reason == "" {
		return fmt.Sprintf("%s: %s", c.Fate, c.Text)
	}
	return fmt.Sprintf("%s: %s (%s)", c.Fate, c.Text, c.Reason)
}
