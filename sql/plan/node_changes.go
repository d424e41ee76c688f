package plan

import (
	"fmt"
	"slices"

	"millrace/format"
	"millrace/schema"
)

// Normalize turns upserts into a changelog in which every change says what was there before, by keeping
// the row of each key (Flink's ChangelogNormalize).
type Normalize struct {
	Input Node
	Key   []int
}

// Materialize keeps all rows of each key of a sink and gives what the last of them is: +I, +U or -D. It stands
// before a sink whose primary key is not what the changes are known by, so that they may come in the
// wrong order (Flink's SinkUpsertMaterializer).
type Materialize struct {
	Input Node
	Key   []int
}

// Out implements Node.
func (n *Normalize) Out() *schema.Schema { return n.Input.Out() }

// Out implements Node.
func (n *Materialize) Out() *schema.Schema { return n.Input.Out() }

// Inputs implements Node.
func (n *Normalize) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *Materialize) Inputs() []Node { return []Node{n.Input} }

func (n *Normalize) text() string {
	return fmt.Sprintf("Normalize key=[%s]", columnNames(n.Out(), n.Key))
}

func (n *Materialize) text() string {
	return fmt.Sprintf("Materialize key=[%s]", columnNames(n.Out(), n.Key))
}

func (n *Normalize) updates() bool                { return true }
func (n *Materialize) updates() bool              { return true }
func (n *Normalize) with(in []Node) Node          { return &Normalize{Input: in[0], Key: n.Key} }
func (n *Materialize) with(in []Node) Node        { return &Materialize{Input: in[0], Key: n.Key} }
func (n *Materialize) push(conds []Expr) Node     { return pushNothing(n, conds) }
func (n *Normalize) merge() Node                  { return mergeInputs(n) }
func (n *Materialize) merge() Node                { return mergeInputs(n) }
func (n *Normalize) upsertKeys() [][]int          { return [][]int{n.Key} }
func (n *Materialize) upsertKeys() [][]int        { return [][]int{n.Key} }
func (n *Materialize) prune([]bool) (Node, []int) { return pruneNothing(n) }

// push lets conditions over the key through: a key has them for good.
func (n *Normalize) push(conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		if slices.Contains(n.Key, c.Index) {
			return c
		}
		return nil
	})
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *Normalize) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	for _, k := range n.Key {
		need[k] = true
	}
	input, at := n.Input.prune(need)
	return &Normalize{Input: input, Key: places(n.Key, at)}, at
}

// upsertKeys returns the sets of columns that each say which row a change of n is about: of two changes
// with the same values there, the later one stands. It is nil if there is none.
func upsertKeys(n Node) [][]int {
	if k, ok := n.(interface{ upsertKeys() [][]int }); ok {
		return k.upsertKeys()
	}
	return nil
}

func (n *Filter) upsertKeys() [][]int { return upsertKeys(n.Input) }
func (n *Limit) upsertKeys() [][]int  { return upsertKeys(n.Input) }

func (n *Scan) upsertKeys() [][]int {
	if len(n.Key) == 0 {
		return nil
	}
	return [][]int{n.Key}
}

func (n *GroupAggregate) upsertKeys() [][]int {
	keys := make([]int, len(n.Keys))
	for i := range keys {
		keys[i] = i
	}
	return [][]int{keys}
}

func (n *Project) upsertKeys() [][]int {
	var all [][]int
next:
	for _, key := range upsertKeys(n.Input) {
		out := make([]int, len(key))
		for i, k := range key {
			out[i] = slices.IndexFunc(n.Exprs, func(e Expr) bool { return isColumn(e, k) })
			if out[i] < 0 {
				continue next
			}
		}
		all = append(all, out)
	}
	return all
}

// isColumn says whether e is column k, or a cast of it that keeps different values apart.
func isColumn(e Expr, k int) bool {
	switch e := e.(type) {
	case *Column:
		return e.Index == k
	case *Call:
		if e.Func.Name != "CAST" {
			return false
		}
		from, to := e.Args[0].Type(), e.Overload.Result
		wider := from.IsInteger() && to.IsInteger() && from.ID <= to.ID || schema.Same(from, to) ||
			from.IsString() && to.ID == schema.VarChar && from.Precision <= to.Precision
		return wider && isColumn(e.Args[0], k)
	}
	return false
}

// written puts before a sink what its kind needs.
func (b *binder) written(sink *Sink, takes format.Changes) {
	sink.Takes = takes
	if !sink.Input.updates() || takes == format.Inserts || len(sink.Key) == 0 {
		return
	}
	known := slices.ContainsFunc(upsertKeys(sink.Input), func(key []int) bool {
		return !slices.ContainsFunc(key, func(k int) bool { return !slices.Contains(sink.Key, k) })
	})
	rule := b.Settings.UpsertMaterialize()
	if rule == MaterializeForce || rule == MaterializeAuto && !known {
		sink.Input = &Materialize{Input: sink.Input, Key: sink.Key}
	}
}
