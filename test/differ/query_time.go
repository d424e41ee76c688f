package differ

import (
	"fmt"
	"strings"
)

// window is a windowing of a relation that is a table or a view.
func (g *gen) window(from, rowtime string, sessions bool) string {
	offset := ""
	if g.chance(25) {
		offset = fmt.Sprintf(", INTERVAL '%d' SECOND", 1+g.IntN(4))
	}
	switch n := g.IntN(10); {
	case n < 4:
		return fmt.Sprintf("TUMBLE(TABLE %s, DESCRIPTOR(%s), INTERVAL '%d' SECOND%s)", from, rowtime, 5+g.IntN(20), offset)
	case n < 6:
		slide := 1 + g.IntN(6)
		return fmt.Sprintf("HOP(TABLE %s, DESCRIPTOR(%s), INTERVAL '%d' SECOND, INTERVAL '%d' SECOND%s)", from, rowtime, slide, slide*(1+g.IntN(4)), offset)
	case n < 8 || !sessions:
		step := 1 + g.IntN(6)
		return fmt.Sprintf("CUMULATE(TABLE %s, DESCRIPTOR(%s), INTERVAL '%d' SECOND, INTERVAL '%d' SECOND%s)", from, rowtime, step, step*(1+g.IntN(4)), offset)
	case n == 8:
		return fmt.Sprintf("SESSION(TABLE %s, DESCRIPTOR(%s), INTERVAL '%d' SECOND)", from, rowtime, 1+g.IntN(6))
	default:
		return fmt.Sprintf("SESSION(TABLE %s PARTITION BY k, DESCRIPTOR(%s), INTERVAL '%d' SECOND)", from, rowtime, 1+g.IntN(6))
	}
}

// timed is a table with a time attribute, or a view of one.
func (g *gen) timed(w traits) relation {
	w.rowtime = true
	r := g.relation(w)
	if strings.HasPrefix(r.from, "(") {
		v := g.name("v")
		g.script.Creates = append(g.script.Creates, fmt.Sprintf("CREATE TEMPORARY VIEW %s AS %s", v, r.from[1:len(r.from)-1]))
		r.from = v
	}
	return r
}

// untimed are the columns but for the time attribute, which not every operator takes.
func untimed(s scope) scope {
	var some scope
	for _, c := range s {
		if !strings.HasSuffix(c.name, ".ts") {
			some = append(some, c)
		}
	}
	return some
}

func (g *gen) windows() string {
	r := g.timed(traits{})
	s := untimed(qualified("a", r.cols))
	w := g.window(r.from, r.rowtime, g.stream())
	keys := []string{}
	partitioned, session := strings.Contains(w, "PARTITION BY"), strings.HasPrefix(w, "SESSION")
	if partitioned || !session && g.chance(60) {
		keys = append(keys, "a.k")
	}
	aggs := g.aggregates(s, 1+g.IntN(3), false)
	if g.chance(20) {
		return g.legacyWindow(r, s, keys, aggs)
	}
	if g.chance(10) && !session {
		return fmt.Sprintf("SELECT a.window_start, a.window_end, a.k, a.n, %s\nFROM TABLE(%s) AS a%s\nGROUP BY a.window_start, a.window_end, %s",
			named(aggs), w, g.where(s, 20), g.pick("GROUPING SETS ((a.k), (a.n))", "GROUPING SETS ((a.k), ())", "ROLLUP (a.k, a.n)", "CUBE (a.k, a.n)"))
	}
	by := append([]string{"a.window_start", "a.window_end"}, keys...)
	inner := fmt.Sprintf("SELECT %s, %s\nFROM TABLE(%s) AS a%s\nGROUP BY %s%s",
		strings.Join(by, ", "), named(aggs), w, g.where(s, 20), strings.Join(by, ", "), g.having(s))
	if g.chance(15) && (partitioned || !session) {
		g.cascaded()
		inner = fmt.Sprintf("SELECT a.window_start, a.window_end, a.window_time AS wt, a.k, COUNT(*) AS c, SUM(a.n) AS s FROM TABLE(%s) AS a GROUP BY a.window_start, a.window_end, a.window_time, a.k", w)
		v := g.name("v")
		g.script.Creates = append(g.script.Creates, fmt.Sprintf("CREATE TEMPORARY VIEW %s AS SELECT wt, k, c, s FROM (%s)", v, inner))
		return fmt.Sprintf("SELECT b.window_start, b.window_end, SUM(b.c) AS o0, MAX(b.s) AS o1, COUNT(DISTINCT b.k) AS o2\nFROM TABLE(TUMBLE(TABLE %s, DESCRIPTOR(wt), INTERVAL '%d' SECOND)) AS b\nGROUP BY b.window_start, b.window_end",
			v, 10+g.IntN(30))
	}
	return inner
}

// legacyWindow is a window of the older syntax.
func (g *gen) legacyWindow(r relation, s scope, keys, aggs []string) string {
	word, size := g.pick("TUMBLE", "TUMBLE", "HOP", "SESSION"), fmt.Sprintf("INTERVAL '%d' SECOND", 1+g.IntN(12))
	args := "a.ts, " + size
	if word == "HOP" {
		n := 1 + g.IntN(5)
		args = fmt.Sprintf("a.ts, INTERVAL '%d' SECOND, INTERVAL '%d' SECOND", n, n*(1+g.IntN(4)))
	}
	by := append([]string{word + "(" + args + ")"}, keys...)
	list := append([]string{word + "_START(" + args + ")", word + "_END(" + args + ")"}, append(keys, aggs...)...)
	return fmt.Sprintf("SELECT %s\nFROM %s AS a%s\nGROUP BY %s%s", named(list), r.from, g.where(s, 20), strings.Join(by, ", "), g.having(s))
}

func (g *gen) windowRows() string {
	r := g.timed(traits{})
	s := untimed(qualified("a", r.cols))
	w := g.window(r.from, r.rowtime, g.stream())
	return fmt.Sprintf("SELECT a.id, a.window_start, a.window_end, a.window_time, %s\nFROM TABLE(%s) AS a%s", g.items(s, 2, 2), w, g.where(s, 40))
}

func (g *gen) windowJoin() string {
	g.folded()
	r, q := g.timed(traits{ordered: true}), g.timed(traits{ordered: true})
	w := g.window("?", "ts", false)
	both := append(untimed(qualified("a", r.cols)), untimed(qualified("b", q.cols))...)
	on := "a.window_start = b.window_start AND a.window_end = b.window_end AND " + g.pick("a.k = b.k", "a.n = b.n", "a.k = b.k AND a.n < b.n")
	l, m := strings.Replace(w, "?", r.from, 1), strings.Replace(w, "?", q.from, 1)
	if g.chance(25) {
		return fmt.Sprintf("SELECT a.id, a.window_start, a.k\nFROM (SELECT * FROM TABLE(%s)) AS a\nWHERE %sEXISTS (SELECT * FROM (SELECT * FROM TABLE(%s)) AS b WHERE %s)", l, g.pick("", "NOT "), m, on)
	}
	kind := g.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
	return fmt.Sprintf("SELECT a.id AS aid, b.id AS bid, COALESCE(a.window_start, b.window_start) AS ws, %s\nFROM (SELECT * FROM TABLE(%s)) AS a %s (SELECT * FROM TABLE(%s)) AS b ON %s", g.items(both, 2, 2), l, kind, m, on)
}

func (g *gen) intervalJoin() string {
	g.folded()
	r, q := g.timed(traits{ordered: true}), g.timed(traits{ordered: true})
	both := append(untimed(qualified("a", r.cols)), untimed(qualified("b", q.cols))...)
	on := fmt.Sprintf("%s AND a.ts BETWEEN b.ts - INTERVAL '%d' SECOND AND b.ts + INTERVAL '%d' SECOND", g.pick("a.k = b.k", "a.n = b.n", "a.k = b.k AND a.n = b.n"), g.IntN(10), g.IntN(10))
	if g.chance(25) {
		on = fmt.Sprintf("a.k = b.k AND a.ts >= b.ts AND a.ts < b.ts + INTERVAL '%d' SECOND AND a.n <> b.n", 1+g.IntN(9))
	}
	kind := g.pick("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
	return fmt.Sprintf("SELECT a.id AS aid, b.id AS bid, a.ts AS ats, b.ts AS bts, %s\nFROM %s AS a %s %s AS b ON %s", g.items(both, 2, 2), r.from, kind, q.from, on)
}

func (g *gen) temporalJoin() string {
	g.folded()
	g.streaming()
	r := g.timed(traits{ordered: true})
	versions := g.table(traits{rowtime: true, ordered: true, changes: true, key: true}).name
	if g.chance(40) {
		v := g.table(traits{rowtime: true, ordered: true})
		versions = g.name("v")
		var names []string
		for _, c := range v.cols {
			names = append(names, c.name)
		}
		list := strings.Join(names, ", ")
		g.script.Creates = append(g.script.Creates, fmt.Sprintf("CREATE TEMPORARY VIEW %s AS SELECT %s FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS rn FROM %s WHERE k IS NOT NULL) WHERE rn = 1", versions, list, v.name))
	}
	s := untimed(qualified("a", r.cols))
	return fmt.Sprintf("SELECT a.id AS aid, b.id AS bid, a.ts AS ats, b.ts AS bts, b.n AS bn, %s\nFROM %s AS a %s %s FOR SYSTEM_TIME AS OF a.ts AS b ON a.k = b.k", g.items(s, 2, 2), r.from, g.pick("JOIN", "LEFT JOIN"), versions)
}

// streaming takes back that a script runs in batch mode.
func (g *gen) streaming() {
	g.script.Batch = false
	g.script.Settings = g.script.Settings[:1]
}

func (g *gen) over() string {
	r := g.timed(traits{})
	s := untimed(qualified("a", r.cols))
	partition := g.pick("PARTITION BY a.k ", "PARTITION BY a.k ", "PARTITION BY a.n ", "PARTITION BY a.k, a.n ", "")
	since := g.pick("UNBOUNDED", fmt.Sprintf("INTERVAL '%d' SECOND", 1+g.IntN(15)))
	if g.script.Batch && g.zonedTime {
		since = "UNBOUNDED" // Flink has no intervals of TIMESTAMP_LTZ here
	}
	frame := g.pick("ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", fmt.Sprintf("ROWS BETWEEN %d PRECEDING AND CURRENT ROW", 1+g.IntN(4)),
		"RANGE BETWEEN "+since+" PRECEDING AND CURRENT ROW", "RANGE BETWEEN "+since+" PRECEDING AND CURRENT ROW")
	order := "a.ts"
	if g.script.Batch && strings.HasPrefix(frame, "ROWS") {
		order = g.pick("a.id", "a.ts, a.id", "a.n DESC, a.id")
	}
	over := fmt.Sprintf(" OVER (%sORDER BY %s %s)", partition, order, frame)
	var list []string
	for range 1 + g.IntN(3) {
		list = append(list, g.pick("COUNT(*)", "COUNT("+g.column(s).name+")", "SUM("+g.wholeColumn(s)+")", "AVG("+g.wholeColumn(s)+")",
			"MIN("+g.ordinary(s)+")", "MAX("+g.ordinary(s)+")", g.pick("MAX(", map[bool]string{true: "MIN(", false: "COUNT(DISTINCT "}[g.script.Batch])+g.wholeColumn(s)+")")+over)
	}
	switch ranks := fmt.Sprintf(" OVER (%sORDER BY %s)", partition, order); {
	case g.script.Batch && g.chance(40):
		list = append(list, g.pick("RANK()", "DENSE_RANK()", "COUNT(*)")+ranks)
	case !g.script.Batch && g.chance(20):
		list = []string{g.pick("LAG(a.id)", "LAG(a.k, 2)", "LAG(a.n, 1, 7)", "ROW_NUMBER()", "LAST_VALUE(a.k)", "SUM(a.n)") + ranks}
	}
	if strings.HasPrefix(frame, "ROWS") && g.chance(30) {
		list = append(list, g.pick("FIRST_VALUE", "LAST_VALUE")+"("+g.ordinary(s)+")"+over)
	}
	return fmt.Sprintf("SELECT a.id, a.ts AS ats, %s\nFROM %s AS a%s", named(list), r.from, g.where(s, 20))
}

// ordinary is a column of a kind that has an order.
func (g *gen) ordinary(s scope) string { return g.column(s.of(kind.ordered)).name }

// sortKeys is an order in which no two rows are alike.
func (g *gen) sortKeys(s scope) string {
	first := g.column(s.of(kind.ordered))
	return g.pick(first.name+g.pick("", " DESC", " ASC")+", ", "") + "a.n" + g.pick("", " DESC") + ", a.id" + g.pick("", " DESC")
}

func (g *gen) topN() string {
	r := g.relation(traits{changes: g.updates(30)})
	s := qualified("a", r.cols)
	partition := g.pick("PARTITION BY a.k ", "PARTITION BY a.n ", "PARTITION BY a.k, a.n ", "")
	list, bound := "id, k, n", fmt.Sprintf("rn <= %d", 1+g.IntN(4))
	if g.chance(50) {
		list += ", rn"
	}
	if g.chance(10) {
		bound = "rn BETWEEN 2 AND 4"
	}
	if g.chance(20) {
		g.cascaded()
		return fmt.Sprintf("SELECT %s FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY a.c DESC, a.k) AS rn FROM (SELECT k, COUNT(*) AS c, MAX(n) AS n, MIN(id) AS id FROM %s GROUP BY k) AS a) WHERE rn <= %d", list, r.from, 1+g.IntN(3))
	}
	return fmt.Sprintf("SELECT %s\nFROM (SELECT a.*, ROW_NUMBER() OVER (%sORDER BY %s) AS rn FROM %s AS a%s)\nWHERE %s", list, partition, g.sortKeys(s), r.from, g.where(s, 25), bound)
}

func (g *gen) dedup() string {
	r := g.timed(traits{})
	s := untimed(qualified("a", r.cols))
	direction := g.pick("ASC", "DESC")
	order := "a.ts " + direction
	if g.script.Batch {
		order += ", a.id " + direction
	}
	return fmt.Sprintf("SELECT id, k, n, ts\nFROM (SELECT a.*, ROW_NUMBER() OVER (PARTITION BY %s ORDER BY %s) AS rn FROM %s AS a%s)\nWHERE rn = 1", g.pick("a.k", "a.n", "a.k, a.n"), order, r.from, g.where(s, 25))
}

func (g *gen) windowTopN() string {
	r := g.timed(traits{})
	w := g.window(r.from, r.rowtime, false)
	partition := "a.window_start, a.window_end" + g.pick("", ", a.k", ", a.n")
	if g.chance(40) {
		g.cascaded()
		return fmt.Sprintf("SELECT window_start, window_end, k, c, s, rn\nFROM (SELECT a.*, ROW_NUMBER() OVER (PARTITION BY a.window_start, a.window_end ORDER BY a.c DESC, a.k) AS rn FROM (SELECT window_start, window_end, k, COUNT(*) AS c, SUM(n) AS s FROM TABLE(%s) GROUP BY window_start, window_end, k) AS a)\nWHERE rn <= %d", w, 1+g.IntN(3))
	}
	s := untimed(qualified("a", r.cols))
	if g.chance(30) {
		return fmt.Sprintf("SELECT id, k, n, window_start, window_end\nFROM (SELECT a.*, ROW_NUMBER() OVER (PARTITION BY %s ORDER BY a.ts %s) AS rn FROM TABLE(%s) AS a)\nWHERE rn = 1", partition, g.pick("ASC", "DESC"), w)
	}
	return fmt.Sprintf("SELECT id, k, n, window_start, window_end, rn\nFROM (SELECT a.*, ROW_NUMBER() OVER (PARTITION BY %s ORDER BY %s) AS rn FROM TABLE(%s) AS a)\nWHERE rn <= %d", partition, g.sortKeys(s), w, 1+g.IntN(3))
}

func (g *gen) sort() string {
	if g.stream() && g.chance(50) {
		r := g.timed(traits{})
		s := untimed(qualified("a", r.cols))
		g.script.Order = InOrder
		return fmt.Sprintf("SELECT a.id, a.n, a.ts\nFROM %s AS a%s\nORDER BY a.ts%s", r.from, g.where(s, 30), g.pick("", ", a.n DESC", ", a.id"))
	}
	r := g.relation(traits{changes: g.updates(30)})
	s := qualified("a", r.cols)
	limit := fmt.Sprintf("\nLIMIT %d", 1+g.IntN(6))
	if g.chance(20) {
		limit += fmt.Sprintf(" OFFSET %d", 1+g.IntN(3))
	}
	if g.script.Batch {
		g.script.Order = InOrder
		if g.chance(50) {
			limit = ""
		}
	}
	return fmt.Sprintf("SELECT a.id, a.n, %s\nFROM %s AS a%s\nORDER BY %s%s", g.column(s).name, r.from, g.where(s, 30), g.sortKeys(s), limit)
}
