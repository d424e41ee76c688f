package differ

import (
	"fmt"
	"strings"
	"time"
)

// table is a table of a script: what is created, and what queries may know of it.
type table struct {
	name    string
	cols    []column
	rowtime string // the time attribute, if there is one
	changes bool   // rows are updated and deleted
}

// traits are what a query needs of a table.
type traits struct {
	rowtime bool // it has a time attribute
	ordered bool // no row is older than the one before
	changes bool // rows may be updated and deleted
	nested  bool // columns of nested types
	key     bool // a primary key k, whose versions come in order
}

// table creates a table and its file. Its first columns are id, which is unique, and the keys k and n.
func (g *gen) table(w traits) *table {
	t := &table{name: fmt.Sprintf("t%d", len(g.tables)), changes: w.changes}
	t.cols = []column{{"id", integer, "INT", false}, {"k", text, "STRING", true}, {"n", integer, "INT", true}}
	kindOf := simple
	if w.nested {
		kindOf = append(append([]kind{}, simple...), binary, ints, texts, dict, pair, ints, texts, dict, pair)
	}
	for i := range 1 + g.IntN(4) {
		t.cols = append(t.cols, g.declare(fmt.Sprintf("c%d", i), kindOf[g.IntN(len(kindOf))]))
	}
	constraint := ""
	if w.rowtime {
		t.rowtime = "ts"
		c := column{"ts", stamp, "TIMESTAMP(3)", false}
		if g.zonedTime {
			c.kind, c.sql = zoned, "TIMESTAMP_LTZ(3)"
		}
		t.cols = append(t.cols, c)
		delay := ""
		if !w.key && g.chance(40) {
			delay = fmt.Sprintf(" - INTERVAL '%d' SECOND", 1+g.IntN(6))
		}
		constraint = ",\n  WATERMARK FOR ts AS ts" + delay
	}
	if w.key {
		constraint += ",\n  PRIMARY KEY (k) NOT ENFORCED"
	}
	if w.changes && !w.key && g.chance(40) {
		constraint = ",\n  PRIMARY KEY (id) NOT ENFORCED"
		t.cols[0].sql = "INT NOT NULL"
	}
	format, file := "json", t.name+".json"
	if w.changes {
		format = "debezium-json"
	} else if !w.nested && g.chance(20) {
		format, file = "csv", t.name+".csv"
	}
	var decl []string
	for _, c := range t.cols {
		decl = append(decl, "  "+c.name+" "+c.sql)
	}
	options := ""
	if format == "csv" {
		options = ", 'csv.null-literal' = 'NULL'"
	}
	g.script.Creates = append(g.script.Creates, fmt.Sprintf("CREATE TABLE %s (\n%s%s\n) WITH ('connector' = 'filesystem', 'path' = '${dir}/%s', 'format' = '%s'%s)",
		t.name, strings.Join(decl, ",\n"), constraint, file, format, options))
	g.script.Files = append(g.script.Files, File{file, g.lines(t, w, format)})
	g.tables = append(g.tables, t)
	return t
}

// epoch is when event time begins.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// row gives a row of a table at an event time.
func (g *gen) row(t *table, w traits, id int, at time.Time) []value {
	row := make([]value, len(t.cols))
	for i, c := range t.cols {
		switch {
		case c.name == "id":
			row[i] = same(fmt.Sprint(id))
		case c.name == "k" && w.key:
			row[i] = quoted(g.pick(keys...))
		case c.name == "ts":
			s := at.Format("2006-01-02 15:04:05")
			if c.kind == zoned {
				s += "Z"
			}
			row[i] = quoted(s)
		default:
			row[i] = g.cell(c)
		}
	}
	return row
}

// lines gives the content of a table's file.
func (g *gen) lines(t *table, w traits, format string) []string {
	var lines []string
	var live [][]value
	at := epoch
	newest := at
	rows := g.IntN(40)
	if g.chance(10) {
		rows = g.IntN(3)
	}
	for id := range rows {
		at = newest.Add(time.Duration(g.IntN(5)) * time.Second)
		if w.ordered {
			// Whether two versions of one second are both there in time depends on the other input.
			at = at.Add(time.Second)
		}
		if g.chance(4) {
			at = at.Add(time.Duration(g.IntN(90)) * time.Second)
		}
		newest = at
		if !w.ordered && g.chance(25) {
			at = at.Add(-time.Duration(g.IntN(25)) * time.Second)
		}
		row := g.row(t, w, id, at)
		switch {
		case format == "csv":
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = v.csv
			}
			lines = append(lines, strings.Join(cells, ","))
		case format == "json":
			lines = append(lines, t.object(row))
		case w.key:
			lines, live = g.version(t, lines, live, row)
		default:
			lines, live = g.change(t, lines, live, row)
		}
	}
	return lines
}

// object is a row as JSON. Now and then a NULL is a field that is missing.
func (t *table) object(row []value) string {
	var fields []string
	for i, c := range t.cols {
		fields = append(fields, fmt.Sprintf("%q: %s", c.name, row[i].json))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// change appends an insertion, an update or a deletion of a row that lives.
func (g *gen) change(t *table, lines []string, live [][]value, row []value) ([]string, [][]value) {
	switch n := g.IntN(100); {
	case n < 55 || len(live) == 0:
		live = append(live, row)
		lines = append(lines, fmt.Sprintf(`{"before": null, "after": %s, "op": "c"}`, t.object(row)))
	case n < 80:
		i := g.IntN(len(live))
		row[0] = live[i][0]
		for j := range row {
			if g.chance(50) && t.cols[j].name != t.rowtime {
				row[j] = live[i][j]
			}
		}
		lines = append(lines, fmt.Sprintf(`{"before": %s, "after": %s, "op": "u"}`, t.object(live[i]), t.object(row)))
		live[i] = row
	default:
		i := g.IntN(len(live))
		lines = append(lines, fmt.Sprintf(`{"before": %s, "after": null, "op": "d"}`, t.object(live[i])))
		live = append(live[:i], live[i+1:]...)
	}
	return lines, live
}

// version appends the next version of a key.
func (g *gen) version(t *table, lines []string, live [][]value, row []value) ([]string, [][]value) {
	for i, old := range live {
		if old[1] == row[1] {
			lines = append(lines, fmt.Sprintf(`{"before": %s, "after": %s, "op": "u"}`, t.object(old), t.object(row)))
			live[i] = row
			return lines, live
		}
	}
	return append(lines, fmt.Sprintf(`{"before": null, "after": %s, "op": "c"}`, t.object(row))), append(live, row)
}
