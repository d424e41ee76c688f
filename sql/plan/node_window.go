package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"millrace/schema"
)

// WindowKind is the shape of a window.
type WindowKind uint8

// The windows of Flink's table-valued functions.
const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

// Window says how time is cut. All are milliseconds.
type Window struct {
	Kind   WindowKind
	Time   int   // column of the input: the time attribute
	Size   int64 // Session: the gap
	Slide  int64 // Hop: the slide; Cumulate: the step; Tumble: Size
	Offset int64
	// Partition are the columns of the input whose values have sessions of their own, in a WindowTVF.
	Partition []int
	// Attached says that rows come with their windows, made below: Start and End are the columns of the input
	// that hold them, and Time means nothing; By is their window_time as a field, whether there is a column or not.
	Attached   bool
	Start, End int
	By         schema.Field
}

// moved returns the window where column i of its input is at its new place at[i].
func (w Window) moved(at []int) Window {
	if w.Attached {
		w.Start, w.End = at[w.Start], at[w.End]
		return w
	}
	w.Time, w.Partition = at[w.Time], places(w.Partition, at)
	return w
}

// require marks the columns that the window is made from.
func (w Window) require(need []bool) {
	if w.Attached {
		need[w.Start], need[w.End] = true, true
		return
	}
	need[w.Time] = true
	for _, p := range w.Partition {
		need[p] = true
	}
}

// time is the field by which rows of the given schema are cut.
func (w Window) time(in *schema.Schema) schema.Field {
	if w.Attached {
		return w.By
	}
	return in.Fields[w.Time]
}

// WindowCol is one of the columns that a window adds.
type WindowCol uint8

// The columns of a window: its start, its end, and its time attribute, end - 1 ms.
const (
	WindowStart WindowCol = iota
	WindowEnd
	WindowTime
)

// WindowTVF adds the window columns to every row, once per window that the row is in, for
// queries that use a window without aggregating. Out is the input, then start, end, time.
type WindowTVF struct {
	Input  Node
	Window Window
	Schema *schema.Schema
}

// WindowAggregate groups rows by window and keys and emits each group once, when the watermark has
// passed the window's end. Out is Keys, then Aggs, then the window columns asked for, as Columns says.
type WindowAggregate struct {
	Input  Node
	Window Window
	Keys   []int // columns of the input
	Aggs   []Agg
	// WindowCols are the window columns that follow keys and aggregates in Out.
	WindowCols []WindowCol
	Schema     *schema.Schema
}

// Changing says whether rows of the input change, so that values must be taken out of the aggregates again.
func (n *WindowAggregate) Changing() bool { return n.Input.updates() }

// Time is the field by which time is cut: its type says whether by the clock of the session's zone, its
// attribute whether windows end by the watermark.
func (n *WindowAggregate) Time() schema.Field { return n.Window.time(n.Input.Out()) }

// ByPanes says whether windows can be put together from what is aggregated before, pane by pane: they are of fixed
// sizes, and all there is to know of the values is in the state of the aggregates.
func (n *WindowAggregate) ByPanes() bool {
	if n.Window.Kind == Session || n.Window.Attached || n.Changing() {
		return false
	}
	return !slices.ContainsFunc(n.Aggs, func(a Agg) bool { return a.Distinct || a.Overload.Add == nil })
}

// Out implements Node.
func (n *WindowTVF) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *WindowTVF) Inputs() []Node { return []Node{n.Input} }

func (n *WindowTVF) updates() bool { return n.Input.updates() }

func (n *WindowTVF) with(in []Node) Node {
	return &WindowTVF{Input: in[0], Window: n.Window, Schema: n.Schema}
}

func (n *WindowTVF) text() string {
	return fmt.Sprintf("Window %s", describeWindow(n.Window, n.Input.Out()))
}

func (n *WindowTVF) push(conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		// Rows that are left out of a session may part it.
		if n.Window.Kind == Session && !slices.Contains(n.Window.Partition, c.Index) {
			return nil
		}
		if c.Index < n.Input.Out().Len() {
			return c
		}
		return nil
	})
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *WindowTVF) merge() Node { return mergeInputs(n) }

func (n *WindowTVF) prune(need []bool) (Node, []int) {
	width := n.Input.Out().Len()
	below := slices.Clone(need[:width])
	n.Window.require(below)
	input, inputAt := n.Input.prune(below)
	fields := slices.Clone(input.Out().Fields)
	at := slices.Clone(inputAt)
	for i, f := range n.Schema.Fields[width:] {
		at = append(at, input.Out().Len()+i)
		fields = append(fields, f)
	}
	// The window function ends the time attribute of its input.
	for i, to := range inputAt {
		if to >= 0 {
			fields[to] = n.Schema.Fields[i]
		}
	}
	return &WindowTVF{Input: input, Window: n.Window.moved(inputAt), Schema: schema.New(fields...)}, at
}

func (n *WindowTVF) windowColumns() *WindowColumns {
	at := n.Schema.Len() - 3
	return &WindowColumns{Window: n.Window, Time: n.Schema.Fields[at+2], At: [3][]int{{at}, {at + 1}, {at + 2}}}
}

// Out implements Node.
func (n *WindowAggregate) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *WindowAggregate) Inputs() []Node { return []Node{n.Input} }

func (n *WindowAggregate) updates() bool { return false }

func (n *WindowAggregate) with(in []Node) Node { c := *n; c.Input = in[0]; return &c }

func (n *WindowAggregate) text() string {
	in := n.Input.Out()
	text := fmt.Sprintf("WindowAggregate %s keys=[%s] aggs=[%s]", describeWindow(n.Window, in), columnNames(in, n.Keys), describeAggs(n.Aggs, in))
	var cols []string
	for _, c := range n.WindowCols {
		cols = append(cols, [...]string{"start", "end", "time"}[c])
	}
	return text + " window=[" + strings.Join(cols, ", ") + "]"
}

func (n *WindowAggregate) push(conds []Expr) Node {
	below, above := split(conds, keyOf(n.Input, n.Keys))
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *WindowAggregate) merge() Node {
	agg := *n
	input, at := throughColumns(n.Input.merge())
	agg.Input, agg.Keys, agg.Aggs = input, places(n.Keys, at), slices.Clone(n.Aggs)
	agg.Window = n.Window.moved(at)
	moveAggs(agg.Aggs, at)
	return &agg
}

func (n *WindowAggregate) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	keys, first := len(n.Keys), len(n.Keys)+len(n.Aggs)
	// Keys make the groups, whether they are shown or not.
	for i := range n.Keys {
		need[i] = true
	}
	if keys == 0 && len(n.Aggs) == 0 && !slices.Contains(need, true) {
		need[first] = true
	}
	at, old := kept(need)
	below := make([]bool, n.Input.Out().Len())
	n.Window.require(below)
	for _, k := range n.Keys {
		below[k] = true
	}
	agg := &WindowAggregate{Window: n.Window, Schema: n.Schema.Select(old)}
	agg.Aggs = pruneAggs(n.Aggs, need[keys:], below)
	for i, c := range n.WindowCols {
		if need[first+i] {
			agg.WindowCols = append(agg.WindowCols, c)
		}
	}
	input, inputAt := n.Input.prune(below)
	agg.Input = input
	agg.Window = n.Window.moved(inputAt)
	agg.Keys = places(n.Keys, inputAt)
	moveAggs(agg.Aggs, inputAt)
	return agg, at
}

func (n *WindowAggregate) windowColumns() *WindowColumns {
	out := &WindowColumns{Window: n.Window, Time: windowField(WindowTime, n.Time())}
	first := len(n.Keys) + len(n.Aggs)
	for i, kind := range n.WindowCols {
		out.At[kind] = append(out.At[kind], first+i)
	}
	return out
}

func describeWindow(w Window, in *schema.Schema) string {
	ms := func(n int64) string {
		text := (time.Duration(n) * time.Millisecond).String()
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		if strings.HasSuffix(text, "h0m") {
			text = strings.TrimSuffix(text, "0m")
		}
		return text
	}
	kind := [...]string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}[w.Kind]
	text := kind + "(" + w.time(in).Name
	if w.Attached {
		text = fmt.Sprintf("of rows %s(%s, %s", kind, in.Fields[w.Start].Name, in.Fields[w.End].Name)
	}
	switch w.Kind {
	case Hop, Cumulate:
		text += ", " + ms(w.Slide)
	}
	text += ", " + ms(w.Size)
	if w.Offset != 0 {
		text += ", offset " + ms(w.Offset)
	}
	if len(w.Partition) > 0 {
		text += ", by " + columnNames(in, w.Partition)
	}
	return text + ")"
}
