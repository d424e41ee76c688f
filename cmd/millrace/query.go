package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
)

type queryCommand struct {
	remote
	SQL    string `arg:"" name:"sql" help:"One SELECT in DuckDB's SQL."`
	Output string `enum:"table,json,tsv" default:"table" help:"How rows are printed: table, json (one object a row) or tsv."`
	Limit  int    `help:"The most rows to print." default:"1000"`
}

// Run asks the store and prints the rows.
func (c *queryCommand) Run(w *world) error {
	var answer struct {
		Columns   []struct{ Name, Type string }
		Rows      [][]any
		Truncated bool
	}
	if err := c.call(w.ctx, http.MethodPost, "/api/sql", map[string]any{"sql": c.SQL, "limit": c.Limit}, &answer); err != nil {
		return err
	}
	names := make([]string, len(answer.Columns))
	for i, col := range answer.Columns {
		names[i] = col.Name
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	switch c.Output {
	case "tsv":
		fmt.Fprintln(w.out, strings.Join(names, "\t"))
	case "table":
		fmt.Fprintln(t, strings.Join(names, "\t"))
	}
	for _, row := range answer.Rows {
		switch c.Output {
		case "json":
			if err := printObject(w, names, row); err != nil {
				return err
			}
		case "tsv":
			fmt.Fprintln(w.out, strings.Join(cells(row), "\t"))
		default:
			fmt.Fprintln(t, strings.Join(cells(row), "\t"))
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print rows: %w", err)
	}
	if answer.Truncated {
		fmt.Fprintf(w.errs, "only the first %d rows are shown; --limit shows more\n", len(answer.Rows))
	}
	return nil
}

func cells(row []any) []string {
	out := make([]string, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			out[i] = "NULL"
		case string:
			out[i] = tsvEscapes.Replace(v)
		case float64:
			out[i] = strings.TrimSuffix(fmt.Sprintf("%v", v), ".0")
		default:
			data, err := json.Marshal(v)
			if err != nil {
				data = []byte("?")
			}
			out[i] = string(data)
		}
	}
	return out
}

func printObject(w *world, names []string, row []any) error {
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range row {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(names[i])
		if err != nil {
			return fmt.Errorf("print row: %w", err)
		}
		value, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("print row: %w", err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	_, err := fmt.Fprintln(w.out, b.String())
	return err
}
