package plan

import (
	"fmt"
	"slices"

	"millrace/format"
	"millrace/schema"
)

// TopN keeps the rows of each group whose place in an order is between From and To, counted from 1, and gives a
// changelog of them: ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) with a condition on the number, and ORDER BY … LIMIT.
type TopN struct {
	Input    Node
	Keys     []int
	Order    []SortKey // none: the order in which rows come
	From, To int64
	// Number says that the row's number is behind the input's columns.
	Number bool
	Schema *schema.Schema
}

// Strategy is how much a TopN must keep, which depends on what its input does.
type Strategy uint8

// The strategies of a TopN.
const (
	// TopAppend: rows only come; the best To of each group are kept.
	TopAppend Strategy = iota
	// TopFirst: rows only come, and in order; the first To of each group stay.
	TopFirst
	// TopUpsert: rows come and get better only, and are known by their RowKey; the best To are kept.
	TopUpsert
	// TopRetract: rows come and go; all are kept.
	TopRetract
)

// Deduplicate keeps one row of each key: the first or the last by a time attribute.
type Deduplicate struct {
	Input Node
	Keys  []int
	Time  int // column of the time attribute
	Last  bool
}

// WindowTopN gives the first rows of each group and window, once the watermark has passed the window's end.
type WindowTopN struct {
	Input      Node
	Keys       []int       // of the group, with the start and end of the window
	Start, End int         // columns of the window
	Time       schema.Type // of the time that the windows cut: says what clock shows their bounds
	Order      []SortKey
	// Last: of rows that are equal by Order the last one counts first (deduplication by time, descending).
	Last     bool
	From, To int64
	Number   bool
	Schema   *schema.Schema
}

// Out implements Node.
func (n *TopN) Out() *schema.Schema { return n.Schema }

// Out implements Node.
func (n *Deduplicate) Out() *schema.Schema { return n.Input.Out() }

// Out implements Node.
func (n *WindowTopN) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *TopN) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *Deduplicate) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *WindowTopN) Inputs() []Node { return []Node{n.Input} }

func (n *TopN) text() string {
	strategy, key := n.Strategy()
	text := "TopN" + rankText(n.Input.Out(), n.Keys, n.Order, n.From, n.To, n.Number)
	text += [...]string{"", " first", " upsert", " retract"}[strategy]
	if strategy == TopUpsert {
		text += fmt.Sprintf(" key=[%s]", columnNames(n.Input.Out(), key))
	}
	return text
}

func (n *WindowTopN) text() string {
	text := "WindowTopN" + rankText(n.Input.Out(), n.Keys, n.Order, n.From, n.To, n.Number) +
		fmt.Sprintf(" end=%s", n.Input.Out().Fields[n.End].Name)
	if n.Last {
		text += " last"
	}
	return text
}

func rankText(in *schema.Schema, keys []int, order []SortKey, from, to int64, number bool) string {
	text := fmt.Sprintf(" keys=[%s] order=[%s] rows=%d-%d", columnNames(in, keys), sortText(order, in), from, to)
	if number {
		text += " number"
	}
	return text
}

func (n *Deduplicate) text() string {
	in := n.Out()
	which := "first"
	if n.Last {
		which = "last"
	}
	return fmt.Sprintf("Deduplicate keys=[%s] %s by %s", columnNames(in, n.Keys), which, in.Fields[n.Time].Name)
}

func (n *TopN) updates() bool {
	strategy, _ := n.Strategy()
	return strategy != TopFirst
}
func (n *Deduplicate) updates() bool { return n.Last }
func (n *WindowTopN) updates() bool  { return false }

// Strategy says how the rows of the input come, and by which columns they are known for TopUpsert.
func (n *TopN) Strategy() (Strategy, []int) {
	if !n.Input.updates() {
		if len(n.Order) == 0 || n.byArrival() {
			return TopFirst, nil
		}
		return TopAppend, nil
	}
	for _, key := range upsertKeys(n.Input) {
		if containsAll(key, n.Keys) && n.onlyBetter() {
			return TopUpsert, key
		}
	}
	return TopRetract, nil
}

// byArrival says whether the order is that in which rows come.
func (n *TopN) byArrival() bool {
	return len(n.Order) == 1 && !n.Order[0].Desc && n.Input.Out().Fields[n.Order[0].Column].Time == schema.ProcTime
}

// onlyBetter says whether no change of a row makes it worse.
func (n *TopN) onlyBetter() bool {
	for _, k := range n.Order {
		switch moves := movement(n.Input, k.Column); {
		case moves == still, moves == rising && k.Desc, moves == falling && !k.Desc:
		default:
			return false
		}
	}
	return len(n.Order) > 0
}

func containsAll(set, of []int) bool {
	for _, c := range of {
		if !slices.Contains(set, c) {
			return false
		}
	}
	return true
}

// direction is which way the value of a column goes as a row is updated.
type direction uint8

const (
	anywhere direction = iota
	still
	rising
	falling
)

// movement says how column i of a row of n may change.
func movement(n Node, i int) direction {
	switch n := n.(type) {
	case *Filter:
		// A row that the filter lets go without letting its successor through is gone: only what never changes
		// may be filtered by.
		fixed := !volatile(n.Cond)
		columns(n.Cond, func(c *Column) { fixed = fixed && movement(n.Input, c.Index) == still })
		if fixed {
			return movement(n.Input, i)
		}
	case *Project:
		switch e := n.Exprs[i].(type) {
		case *Column:
			return movement(n.Input, e.Index)
		case *Literal:
			return still
		}
	case *GroupAggregate:
		if n.Input.updates() {
			return anywhere
		}
		if i < len(n.Keys) {
			return still
		}
		if a := i - len(n.Keys); a < len(n.Aggs) {
			switch n.Aggs[a].Func.Name {
			case "COUNT", "MAX":
				return rising
			case "MIN":
				return falling
			}
		}
	case *Scan:
		if n.Changes == format.Inserts {
			return still
		}
	case *Deduplicate:
		if slices.Contains(n.Keys, i) {
			return still
		}
		if i == n.Time && n.Last {
			return rising
		}
	}
	return anywhere
}

func (n *TopN) with(in []Node) Node        { c := *n; c.Input = in[0]; return &c }
func (n *Deduplicate) with(in []Node) Node { c := *n; c.Input = in[0]; return &c }
func (n *WindowTopN) with(in []Node) Node  { c := *n; c.Input = in[0]; return &c }

func (n *TopN) merge() Node        { return mergeInputs(n) }
func (n *Deduplicate) merge() Node { return mergeInputs(n) }
func (n *WindowTopN) merge() Node  { return mergeInputs(n) }

func (n *TopN) push(conds []Expr) Node        { return pushKeys(n, n.Keys, conds) }
func (n *Deduplicate) push(conds []Expr) Node { return pushKeys(n, n.Keys, conds) }
func (n *WindowTopN) push(conds []Expr) Node  { return pushKeys(n, n.Keys, conds) }

// pushKeys is push for a node whose groups do not know of each other: conditions over the columns of the groups go
// below it. Its columns begin with those of its input.
func pushKeys(n Node, keys []int, conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		if slices.Contains(keys, c.Index) {
			return c
		}
		return nil
	})
	return filtered(n.with([]Node{n.Inputs()[0].push(below)}), above)
}

func (n *TopN) windowColumns() *WindowColumns        { return windowColumns(n.Input) }
func (n *Deduplicate) windowColumns() *WindowColumns { return windowColumns(n.Input) }
func (n *WindowTopN) windowColumns() *WindowColumns  { return windowColumns(n.Input) }

func (n *Deduplicate) upsertKeys() [][]int { return [][]int{n.Keys} }

func (n *TopN) upsertKeys() [][]int {
	if n.From == n.To {
		return [][]int{n.Keys}
	}
	var all [][]int
	if n.Number {
		all = append(all, append(slices.Clone(n.Keys), n.Schema.Len()-1))
	}
	for _, key := range upsertKeys(n.Input) {
		if containsAll(key, n.Keys) {
			all = append(all, key)
		}
	}
	return all
}

func (n *WindowTopN) upsertKeys() [][]int {
	if n.From == n.To {
		return [][]int{n.Keys}
	}
	return nil
}

func (n *TopN) prune(need []bool) (Node, []int) {
	c := *n
	below := slices.Clone(need[:n.Input.Out().Len()])
	if strategy, key := n.Strategy(); strategy == TopUpsert {
		for _, k := range key {
			below[k] = true
		}
	}
	at := pruneRank(&c.Input, &c.Keys, &c.Order, below)
	c.Number = n.Number && need[len(need)-1]
	c.Schema, at = numbered(c.Input, n.Schema, n.Number, c.Number, at)
	return &c, at
}

// pruneRank prunes the input of a rank and moves its keys and its order.
func pruneRank(input *Node, keys *[]int, order *[]SortKey, below []bool) []int {
	for _, k := range *keys {
		below[k] = true
	}
	requireKeys(below, *order)
	in, at := (*input).prune(atLeastOne(below))
	*input, *keys, *order = in, places(*keys, at), movedKeys(*order, at)
	return at
}

// numbered returns the schema of a rank over in, with a number behind it or not, and where its columns are. was is
// the schema before, had whether that ended with a number.
func numbered(in Node, was *schema.Schema, had, has bool, at []int) (*schema.Schema, []int) {
	s := &schema.Schema{Fields: slices.Clone(in.Out().Fields)}
	at = slices.Clone(at)
	switch {
	case has:
		at = append(at, s.Len())
		s.Fields = append(s.Fields, was.Fields[was.Len()-1])
	case had:
		at = append(at, -1)
	}
	return s, at
}

func (n *WindowTopN) prune(need []bool) (Node, []int) {
	c := *n
	below := slices.Clone(need[:n.Input.Out().Len()])
	below[n.Start], below[n.End] = true, true
	at := pruneRank(&c.Input, &c.Keys, &c.Order, below)
	c.Start, c.End = at[n.Start], at[n.End]
	c.Number = n.Number && need[len(need)-1]
	c.Schema, at = numbered(c.Input, n.Schema, n.Number, c.Number, at)
	return &c, at
}

func (n *Deduplicate) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	need[n.Time] = true
	for _, k := range n.Keys {
		need[k] = true
	}
	input, at := n.Input.prune(need)
	return &Deduplicate{Input: input, Keys: places(n.Keys, at), Time: at[n.Time], Last: n.Last}, at
}
