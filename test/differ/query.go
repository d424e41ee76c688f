package differ

import (
	"fmt"
	"strings"
)

func (g *gen) projection() string {
	return g.projectionOf(g.relation(traits{changes: g.updates(15), nested: g.chance(50)}))
}

func (g *gen) projectionOf(r relation) string {
	s := qualified("a", r.cols)
	return fmt.Sprintf("SELECT a.id, %s\nFROM %s AS a%s", g.items(s, 3+g.IntN(4), 3), r.from, g.where(s, 60))
}

// aggregates are n aggregate functions. Those that depend on the order of rows are left out where there is none.
func (g *gen) aggregates(s scope, n int, ordered bool) []string {
	var all []string
	for range n {
		all = append(all, g.aggregate(s, ordered))
	}
	return all
}

func (g *gen) aggregate(s scope, ordered bool) string {
	simple := s.of(func(k kind) bool { return k < ints && k != binary })
	c := g.column(simple)
	arg := c.name
	if g.chance(30) {
		arg = g.expr(s, c.kind, 2)
	}
	number := func() string {
		k := g.pickKind(tiny, integer, big, decimal, double, float)
		if nums := s.of(kind.numeric); len(nums) > 0 {
			c := g.column(nums)
			if g.chance(75) {
				return c.name
			}
			k = c.kind
		}
		return g.expr(s, k, 1)
	}
	filter := ""
	if g.chance(20) {
		filter = " FILTER (WHERE " + g.condition(s, 1) + ")"
	}
	switch g.IntN(14) {
	case 0, 1:
		return "COUNT(*)" + filter
	case 2:
		return fmt.Sprintf("COUNT(%s)%s", arg, filter)
	case 3, 4:
		return fmt.Sprintf("COUNT(DISTINCT %s)%s", arg, filter)
	case 5, 6:
		return fmt.Sprintf("SUM(%s)%s", number(), filter)
	case 7:
		return fmt.Sprintf("SUM(DISTINCT %s)%s", g.wholeColumn(s), filter)
	case 8:
		return fmt.Sprintf("AVG(%s)%s", number(), filter)
	case 9, 10:
		return fmt.Sprintf("%s(%s)%s", g.pick("MIN", "MAX"), arg, filter)
	case 11:
		name, of := g.pick("VAR_POP", "STDDEV_POP", "VAR_SAMP", "STDDEV_SAMP"), g.wholeColumn(s)
		if !ordered {
			name = "MAX" // the last digits of a variance depend on the order of the rows
		}
		return fmt.Sprintf("%s(%s)%s", name, of, filter)
	default:
		if !ordered {
			return fmt.Sprintf("MAX(%s)%s", arg, filter)
		}
		t := s.of(func(k kind) bool { return k == text })
		return g.pick(
			fmt.Sprintf("FIRST_VALUE(%s)%s", arg, filter),
			fmt.Sprintf("LAST_VALUE(%s)%s", arg, filter),
			fmt.Sprintf("ARRAY_AGG(%s)%s", g.column(simple).name, filter),
			fmt.Sprintf("LISTAGG(%s)%s", g.column(t).name, filter),
			fmt.Sprintf("LISTAGG(%s, '/')%s", g.column(t).name, filter))
	}
}

// wholeColumn is a column of small whole numbers.
func (g *gen) wholeColumn(s scope) string {
	return g.column(s.of(func(k kind) bool { return k == integer })).name
}

// groupKeys are the columns and expressions to group by.
func (g *gen) groupKeys(s scope) []string {
	some := scope{}
	for _, c := range s {
		if c.some || c.kind == boolean {
			some = append(some, c)
		}
	}
	keys := []string{g.column(some).name}
	if g.chance(40) {
		if k := g.column(some).name; k != keys[0] {
			keys = append(keys, k)
		}
	}
	if g.chance(15) {
		keys = append(keys, g.pick("MOD("+g.wholeColumn(s)+", 3)", "CHAR_LENGTH("+g.column(s.of(func(k kind) bool { return k == text })).name+")"))
	}
	return keys
}

func named(items []string) string {
	all := make([]string, len(items))
	for i, e := range items {
		all[i] = fmt.Sprintf("%s AS o%d", e, i)
	}
	return strings.Join(all, ", ")
}

func (g *gen) having(s scope) string {
	if !g.chance(25) {
		return ""
	}
	return "\nHAVING " + g.pick("COUNT(*) > 1", "COUNT(*) < 4", "MAX("+g.wholeColumn(s)+") > 1", "SUM("+g.wholeColumn(s)+") > 3 AND COUNT(*) > 2", "MIN("+g.wholeColumn(s)+") = 0")
}

func (g *gen) groups() string {
	r := g.relation(traits{changes: g.updates(30)})
	s := qualified("a", r.cols)
	if g.chance(8) {
		return fmt.Sprintf("SELECT DISTINCT %s\nFROM %s AS a%s", named(g.groupKeys(s)), r.from, g.where(s, 30))
	}
	aggs := g.aggregates(s, 1+g.IntN(4), g.stream())
	if g.chance(15) {
		return fmt.Sprintf("SELECT %s\nFROM %s AS a%s", named(aggs), r.from, g.where(s, 30))
	}
	keys := g.groupKeys(s)
	return fmt.Sprintf("SELECT %s\nFROM %s AS a%s\nGROUP BY %s%s", named(append(keys, aggs...)), r.from, g.where(s, 30), strings.Join(keys, ", "), g.having(s))
}

func (g *gen) groupsOfGroups() string {
	g.cascaded()
	r := g.relation(traits{changes: g.updates(30)})
	s := qualified("a", r.cols)
	inner := fmt.Sprintf("SELECT a.k AS k, a.n AS n, COUNT(*) AS c, MAX(a.id) AS m FROM %s AS a%s GROUP BY a.k, a.n", r.from, g.where(s, 30))
	outer := scope{{name: "b.n", kind: integer}, {name: "b.c", kind: big}, {name: "b.m", kind: integer}, {name: "b.k", kind: text}}
	keys := g.pick("b.k", "b.c", "b.n")
	return fmt.Sprintf("WITH b AS (%s)\nSELECT %s, %s\nFROM b\nGROUP BY %s%s", inner, keys, named(g.aggregates(outer, 1+g.IntN(3), false)), keys, g.having(outer))
}

func (g *gen) groupingSets() string {
	r := g.relation(traits{changes: g.updates(20)})
	s := qualified("a", r.cols)
	sets := g.pick("GROUPING SETS ((a.k), (a.n), ())", "GROUPING SETS ((a.k, a.n), (a.k))", "CUBE (a.k, a.n)", "ROLLUP (a.k, a.n)", "GROUPING SETS ((a.n, a.k), ())")
	aggs := g.aggregates(s, 1+g.IntN(3), false)
	if g.chance(50) {
		aggs = append(aggs, g.pick("GROUPING(a.k)", "GROUPING_ID(a.k, a.n)"))
	}
	return fmt.Sprintf("SELECT a.k, a.n, %s\nFROM %s AS a%s\nGROUP BY %s%s", named(aggs), r.from, g.where(s, 30), sets, g.having(s))
}

// some columns of two relations, with a few expressions.
func (g *gen) joined(a, b scope) string {
	both := append(append(scope{}, a...), b...)
	return fmt.Sprintf("a.id AS aid, b.id AS bid, %s", g.items(both, 1+g.IntN(4), 2))
}

func (g *gen) join() string {
	g.folded()
	r, q := g.relation(traits{changes: g.updates(25), nested: g.chance(20)}), g.relation(traits{changes: g.updates(25)})
	a, b := qualified("a", r.cols), qualified("b", q.cols)
	both := append(append(scope{}, a...), b...)
	on := g.pick("a.k = b.k", "a.k = b.k", "a.n = b.n", "a.k = b.k AND a.n = b.n", "a.id = b.id", "a.n = b.id", "a.k = b.k AND a.n < b.n", "a.k = b.k AND a.id <> b.id")
	if g.chance(20) {
		on += " AND " + g.condition(both, 1)
	}
	kind := g.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
	if g.chance(15) {
		third := g.relation(traits{changes: g.updates(25)})
		return fmt.Sprintf("SELECT a.id AS aid, b.id AS bid, c.id AS cid, %s\nFROM %s AS a %s %s AS b ON %s %s %s AS c ON %s", g.items(both, 2, 2),
			r.from, kind, q.from, on, g.pick("JOIN", "LEFT JOIN", "FULL JOIN"), third.from, g.pick("c.id = a.id", "c.k = b.k AND c.n = a.n", "c.id = b.n"))
	}
	if g.chance(15) {
		return fmt.Sprintf("SELECT a.id AS aid, c.k AS ck, c.c AS cc, c.m AS cm\nFROM %s AS a %s (SELECT b.k AS k, COUNT(*) AS c, MAX(b.id) AS m FROM %s AS b%s GROUP BY b.k) AS c ON a.k = c.k%s",
			r.from, kind, q.from, g.where(b, 30), g.pick("", " AND a.n < c.c", " AND a.id <> c.m"))
	}
	if g.chance(30) {
		aggs := g.aggregates(both, 1+g.IntN(2), false)
		for i, e := range aggs {
			if kind != "JOIN" && (strings.HasPrefix(e, "MAX(") || strings.HasPrefix(e, "MIN(")) {
				// Flink's MAX misses the padded row that is taken back if its partner comes later.
				aggs[i] = "COUNT(" + e[len("MAX("):]
			}
		}
		return fmt.Sprintf("SELECT a.k, %s\nFROM %s AS a %s %s AS b ON %s%s\nGROUP BY a.k", named(aggs), r.from, kind, q.from, on, g.where(both, 20))
	}
	return fmt.Sprintf("SELECT %s\nFROM %s AS a %s %s AS b ON %s%s", g.joined(a, b), r.from, kind, q.from, on, g.where(both, 25))
}

func (g *gen) semiJoin() string {
	g.folded()
	r, q := g.relation(traits{changes: g.updates(20)}), g.relation(traits{changes: g.updates(20)})
	a, b := qualified("a", r.cols), qualified("b", q.cols)
	not := g.pick("", "NOT ")
	cond := g.pick(
		fmt.Sprintf("a.n %sIN (SELECT b.n FROM %s AS b%s)", not, q.from, g.where(b, 50)),
		fmt.Sprintf("a.k %sIN (SELECT b.k FROM %s AS b WHERE b.k IS NOT NULL)", not, q.from),
		fmt.Sprintf("%sEXISTS (SELECT 1 FROM %s AS b WHERE b.k = a.k)", not, q.from),
		fmt.Sprintf("%sEXISTS (SELECT 1 FROM %s AS b WHERE b.k = a.k AND b.n < a.n)", not, q.from),
		fmt.Sprintf("%sEXISTS (SELECT * FROM %s AS b WHERE b.n = a.n AND b.id <> a.id)", not, q.from),
		fmt.Sprintf("(a.k, a.n) IN (SELECT b.k, b.n FROM %s AS b)", q.from),
		fmt.Sprintf("a.id > 3 AND a.n IN (SELECT MAX(b.n) FROM %s AS b GROUP BY b.k)", q.from))
	return fmt.Sprintf("SELECT a.id, %s\nFROM %s AS a\nWHERE %s", g.items(a, 2, 2), r.from, cond)
}

func (g *gen) scalar() string {
	g.folded()
	r, q := g.relation(traits{changes: g.updates(20)}), g.relation(traits{changes: g.updates(20)})
	a := qualified("a", r.cols)
	agg := g.pick("MAX(b.n)", "COUNT(*)", "SUM(b.id)", "MIN(b.k)", "AVG(b.n)")
	number := g.pick("MAX(b.n)", "COUNT(*)", "MIN(b.id)", "AVG(b.n)")
	return g.pick(
		fmt.Sprintf("SELECT a.id, (SELECT %s FROM %s AS b) AS s, %s\nFROM %s AS a", agg, q.from, g.items(a, 1, 2), r.from),
		fmt.Sprintf("SELECT a.id, (SELECT %s FROM %s AS b WHERE b.k = a.k) AS s\nFROM %s AS a", agg, q.from, r.from),
		fmt.Sprintf("SELECT a.id, a.n\nFROM %s AS a\nWHERE a.n >= (SELECT %s FROM %s AS b)", r.from, number, q.from),
		fmt.Sprintf("SELECT a.id, a.n\nFROM %s AS a\nWHERE a.n < (SELECT %s FROM %s AS b WHERE b.k = a.k)", r.from, number, q.from))
}

func (g *gen) setOperation() string {
	g.folded()
	r, q := g.relation(traits{changes: g.updates(15)}), g.relation(traits{changes: g.updates(15)})
	op := g.pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL")
	list := g.pick("%[1]s.k, %[1]s.n", "%[1]s.n", "%[1]s.k", "%[1]s.n, CHAR_LENGTH(%[1]s.k) AS l", "UPPER(%[1]s.k) AS u, %[1]s.n + 1 AS m")
	return fmt.Sprintf("SELECT %s FROM %s AS a%s\n%s\nSELECT %s FROM %s AS b%s", fmt.Sprintf(list, "a"), r.from, g.where(qualified("a", r.cols), 40), op,
		fmt.Sprintf(list, "b"), q.from, g.where(qualified("b", q.cols), 40))
}

func (g *gen) unnest() string {
	r := g.relation(traits{changes: g.updates(15), nested: true})
	s := qualified("a", r.cols)
	some := s.of(func(k kind) bool { return k >= ints && k <= dict })
	if len(some) == 0 {
		return g.projectionOf(r)
	}
	arg := g.column(some) // not a constant: that is a second input to Flink
	of := arg.kind
	cols := scope{{name: "u.x", kind: map[kind]kind{ints: integer, texts: text, dict: text}[of]}}
	as, with := "u (x)", ""
	switch {
	case of == dict:
		as = "u (x, y)"
		cols = append(cols, column{name: "u.y", kind: integer})
	case g.chance(25):
		as, with = "u (x, y)", " WITH ORDINALITY"
		cols = append(cols, column{name: "u.y", kind: integer})
	}
	all := append(append(scope{}, s...), cols...)
	join := fmt.Sprintf("CROSS JOIN UNNEST(%s)%s AS %s", arg.name, with, as)
	if g.chance(40) {
		join = fmt.Sprintf("LEFT JOIN UNNEST(%s)%s AS %s ON TRUE", arg.name, with, as)
	}
	if g.chance(25) {
		return fmt.Sprintf("SELECT u.x, COUNT(*) AS c, SUM(a.n) AS s\nFROM %s AS a %s%s\nGROUP BY u.x", r.from, join, g.where(all, 20))
	}
	return fmt.Sprintf("SELECT a.id, u.x, %s\nFROM %s AS a %s%s", g.items(all, 1+g.IntN(2), 2), r.from, join, g.where(all, 25))
}
