package differ

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// gen makes one script.
type gen struct {
	*rand.Rand
	script    *Script
	tables    []*table
	zonedTime bool // event time is TIMESTAMP_LTZ
	names     int
}

// Generate gives the script of a seed: always the same.
func Generate(seed uint64) *Script {
	g := &gen{Rand: rand.New(rand.NewPCG(seed, 20)), script: &Script{Seed: seed, Order: Sorted, Wide: Sorted}}
	zone := g.pick("UTC", "UTC", "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York")
	g.script.Settings = []string{"SET 'table.local-time-zone' = '" + zone + "'"}
	if g.zonedTime = g.chance(25); g.zonedTime && zone == "Asia/Shanghai" {
		// Flink loses rows of windows that are no divisors of such a zone's distance to UTC: its local aggregation
		// hands them on at the ends of windows as they are in UTC, where a zone has no daylight saving.
		g.script.Settings[0] = "SET 'table.local-time-zone' = 'Europe/Berlin'"
	}
	g.script.Batch = g.chance(22)
	if g.script.Batch {
		g.script.Settings = append(g.script.Settings, "SET 'execution.runtime-mode' = 'batch'")
	}
	s := g.shape()
	g.script.Shape = s.name
	g.script.Query = s.query(g)
	if g.script.Batch && g.script.Order == Folded {
		g.script.Order = Sorted
	}
	return g.script
}

func (g *gen) chance(percent int) bool     { return g.IntN(100) < percent }
func (g *gen) pick(of ...string) string    { return of[g.IntN(len(of))] }
func (g *gen) pickKind(of ...kind) kind    { return of[g.IntN(len(of))] }
func (g *gen) name(prefix string) string   { g.names++; return fmt.Sprintf("%s%d", prefix, g.names) }
func (g *gen) column(s scope) column       { return s[g.IntN(len(s))] }
func (g *gen) folded()                     { g.script.Order, g.script.Wide = Folded, Folded }
func (g *gen) cascaded()                   { g.script.Wide = Folded }
func (g *gen) updates(percent int) bool    { return !g.script.Batch && g.chance(percent) }
func (g *gen) stream() bool                { return !g.script.Batch }
func (g *gen) where(s scope, p int) string { return g.clause("WHERE", s, p) }
func (g *gen) clause(word string, s scope, percent int) string {
	if !g.chance(percent) {
		return ""
	}
	return "\n" + word + " " + g.condition(s, 2)
}

// relation is what stands in a FROM clause.
type relation struct {
	from    string // without an alias
	table   *table // behind it
	cols    []column
	rowtime string
}

// relation gives a table, or a query, a view or a common table expression over one that keeps its columns.
func (g *gen) relation(w traits) relation {
	t := g.table(w)
	r := relation{t.name, t, t.cols, t.rowtime}
	if !g.chance(25) {
		return r
	}
	s := qualified("x", t.cols)
	k := simple[g.IntN(len(simple))]
	extra := column{name: g.name("e"), kind: k}
	q := fmt.Sprintf("SELECT x.*, %s AS %s FROM %s AS x%s", g.expr(s, k, 2), extra.name, t.name, g.where(s, 60))
	r.cols = append(append([]column{}, t.cols...), extra)
	if g.chance(50) {
		r.from = g.name("v")
		g.script.Creates = append(g.script.Creates, fmt.Sprintf("CREATE TEMPORARY VIEW %s AS %s", r.from, q))
	} else {
		r.from = "(" + q + ")"
	}
	return r
}

// items is a select list of n expressions over a scope, or of plain columns.
func (g *gen) items(s scope, n, depth int) string {
	var all []string
	for i := range n {
		c := g.column(s)
		e := c.name
		if g.chance(70) {
			k := c.kind
			if g.chance(50) {
				k = kind(g.IntN(int(kinds)))
			}
			e = g.expr(s, k, depth)
		}
		all = append(all, fmt.Sprintf("%s AS o%d", e, i))
	}
	return strings.Join(all, ", ")
}

// shape is a family of queries.
type shape struct {
	name   string
	weight int
	query  func(g *gen) string
}

func shapes() []shape {
	return []shape{
		{"projection", 12, (*gen).projection},
		{"groups", 12, (*gen).groups},
		{"grouping sets", 4, (*gen).groupingSets},
		{"windows", 14, (*gen).windows},
		{"window rows", 3, (*gen).windowRows},
		{"join", 10, (*gen).join},
		{"semi join", 6, (*gen).semiJoin},
		{"interval join", 5, (*gen).intervalJoin},
		{"temporal join", 4, (*gen).temporalJoin},
		{"window join", 4, (*gen).windowJoin},
		{"over", 6, (*gen).over},
		{"top n", 6, (*gen).topN},
		{"deduplication", 4, (*gen).dedup},
		{"window top n", 4, (*gen).windowTopN},
		{"set operation", 5, (*gen).setOperation},
		{"scalar sub-query", 4, (*gen).scalar},
		{"unnest", 4, (*gen).unnest},
		{"sort", 5, (*gen).sort},
		{"groups of groups", 4, (*gen).groupsOfGroups},
	}
}

func (g *gen) shape() shape {
	all := shapes()
	total := 0
	for _, s := range all {
		total += s.weight
	}
	n := g.IntN(total)
	for _, s := range all {
		if n -= s.weight; n < 0 {
			return s
		}
	}
	return all[0]
}
