package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// rowPrinter prints the rows of a query as they come.
type rowPrinter struct {
	out    *bufio.Writer
	form   string
	schema *schema.Schema
	zone   *time.Location
	buf    []byte
	table  [][]string // kept until the end, up to maxTable rows, to learn how wide columns are
	widths []int
}

// maxTable is how many rows a table is measured by; those behind are printed with the widths so far.
const maxTable = 1000

func newRowPrinter(out *bufio.Writer, form string, s *schema.Schema, zone *time.Location) *rowPrinter {
	return &rowPrinter{out: out, form: form, schema: s, zone: zone}
}

func (p *rowPrinter) begin() error {
	if p.form != "tsv" {
		return nil
	}
	_, err := fmt.Fprintf(p.out, "op\t%s\n", strings.Join(p.schema.Names(), "\t"))
	return err
}

// rows prints the live rows of a batch.
func (p *rowPrinter) rows(b *vec.Batch) error {
	rows := b.Rows()
	for k := range rows.Len() {
		if err := p.row(b, rows.At(k)); err != nil {
			return err
		}
	}
	if p.form == "table" && len(p.table) > 0 {
		return nil
	}
	return p.out.Flush()
}

func (p *rowPrinter) row(b *vec.Batch, i int) error {
	switch p.form {
	case "json":
		return p.json(b, i)
	case "tsv":
		return p.tsv(b, i)
	}
	cells := []string{b.Kind(i).String()}
	for c := range b.Cols {
		cells = append(cells, p.text(&b.Cols[c], i))
	}
	p.table = append(p.table, cells)
	if len(p.table) == maxTable {
		return p.flushTable()
	}
	return nil
}

// text is a cell as Flink's SQL client prints it.
func (p *rowPrinter) text(c *vec.Column, i int) string {
	if c.IsNull(i) {
		return "<NULL>"
	}
	p.buf = function.AppendPrinted(p.buf[:0], c, i, p.zone)
	return string(p.buf)
}

var tsvEscapes = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n")

func (p *rowPrinter) tsv(b *vec.Batch, i int) error {
	p.out.WriteString(b.Kind(i).String())
	for c := range b.Cols {
		p.out.WriteByte('\t')
		p.out.WriteString(tsvEscapes.Replace(p.text(&b.Cols[c], i)))
	}
	return p.out.WriteByte('\n')
}

// json prints {"op":"+I","row":{…}} with the columns in order: numbers and booleans as such, all else
// as text.
func (p *rowPrinter) json(b *vec.Batch, i int) error {
	fmt.Fprintf(p.out, `{"op":%q,"row":{`, b.Kind(i).String())
	for c := range b.Cols {
		if c > 0 {
			p.out.WriteByte(',')
		}
		name, err := json.Marshal(p.schema.Fields[c].Name)
		if err != nil {
			return fmt.Errorf("print row: %w", err)
		}
		p.out.Write(name)
		p.out.WriteByte(':')
		value, err := p.jsonValue(&b.Cols[c], i)
		if err != nil {
			return fmt.Errorf("print row: %w", err)
		}
		p.out.Write(value)
	}
	_, err := p.out.WriteString("}}\n")
	return err
}

func (p *rowPrinter) jsonValue(c *vec.Column, i int) ([]byte, error) {
	v := vec.At(c, i)
	switch {
	case v.Null:
		return []byte("null"), nil
	case c.Type.ID == schema.Boolean:
		return json.Marshal(v.I != 0)
	case c.Type.IsInteger():
		return json.Marshal(v.I)
	case c.Type.ID == schema.Decimal:
		return []byte(p.text(c, i)), nil
	case c.Type.ID == schema.Float:
		if !math.IsNaN(v.F) && !math.IsInf(v.F, 0) {
			return json.Marshal(float32(v.F))
		}
	case c.Type.ID == schema.Double:
		if !math.IsNaN(v.F) && !math.IsInf(v.F, 0) {
			return json.Marshal(v.F)
		}
	}
	return json.Marshal(p.text(c, i))
}

func (p *rowPrinter) end() {
	if p.form == "table" {
		_ = p.flushTable() // the flush of the writer says so, too
	}
}

// flushTable prints the rows kept, with a header above the first.
func (p *rowPrinter) flushTable() error {
	header := append([]string{"op"}, p.schema.Names()...)
	first := p.widths == nil
	if first {
		p.widths = make([]int, len(header))
	}
	for _, row := range append([][]string{header}, p.table...) {
		for c, cell := range row {
			p.widths[c] = max(p.widths[c], min(utf8.RuneCountInString(cell), 40))
		}
	}
	if first {
		printCells(p.out, header, p.widths)
		for c, w := range p.widths {
			if c > 0 {
				p.out.WriteString("-+-")
			}
			p.out.WriteString(strings.Repeat("-", w))
		}
		p.out.WriteByte('\n')
	}
	for _, row := range p.table {
		printCells(p.out, row, p.widths)
	}
	p.table = p.table[:0]
	return p.out.Flush()
}

func printCells(w io.Writer, cells []string, widths []int) {
	for c, cell := range cells {
		if c > 0 {
			fmt.Fprint(w, " | ")
		}
		pad := widths[c] - utf8.RuneCountInString(cell)
		if c == len(cells)-1 {
			pad = 0
		}
		fmt.Fprint(w, cell, strings.Repeat(" ", max(0, pad)))
	}
	fmt.Fprintln(w)
}

// printResult prints what SHOW, DESCRIBE or EXPLAIN answer.
func printResult(out *bufio.Writer, form string, r *plan.Result) error {
	if len(r.Columns) == 0 {
		return nil
	}
	s := &schema.Schema{}
	for _, c := range r.Columns {
		s.Fields = append(s.Fields, schema.Field{Name: c, Type: schema.Of(schema.VarChar)})
	}
	if len(r.Columns) == 1 && (form == "table" || form == "tsv" && r.Columns[0] == "result") {
		for _, row := range r.Rows {
			fmt.Fprintln(out, row[0])
		}
		return out.Flush()
	}
	b := vec.NewBuilderSize(s, max(1, len(r.Rows)))
	for _, row := range r.Rows {
		for c, cell := range row {
			b.SetString(c, cell)
		}
		b.EndRow(vec.Insert)
	}
	p := newRowPrinter(out, form, s, time.UTC)
	if err := p.begin(); err != nil {
		return err
	}
	if err := p.rows(b.Batch()); err != nil {
		return err
	}
	p.end()
	return out.Flush()
}

// readAll reads at most limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read standard input: it is longer than %d bytes", limit)
	}
	return data, nil
}
