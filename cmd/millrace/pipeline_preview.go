package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
)

type previewCommand struct {
	remote
	What    string `arg:"" help:"A script (- is standard input), or the name of a pipeline."`
	View    string `help:"A view or table of it; what is written, or the last query, by default."`
	Job     string `help:"One of its jobs; the last by default."`
	Node    int    `help:"A step of the job, as explain counts them from 0."`
	From    string `help:"Where topics are read from." enum:"latest,earliest" default:"latest"`
	Rows    int    `help:"How many rows at most." default:"50"`
	Seconds int    `help:"How long to wait for them." default:"5"`
}

// Run prints the rows that come, with what each does to those before it.
func (c *previewCommand) Run(w *world) error {
	body := map[string]any{"from": c.From, "rows": c.Rows, "seconds": c.Seconds, "node": c.Node}
	if c.View != "" {
		body["view"] = c.View
	}
	if c.Job != "" {
		body["job"] = c.Job
	}
	if _, err := os.Stat(c.What); c.What != "-" && errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(c.What, os.PathSeparator) {
		body["pipeline"] = c.What
	} else {
		text, err := readFile(c.What, w)
		if err != nil {
			return err
		}
		body["sql"] = string(text)
	}
	var answer struct {
		Columns []struct{ Name string }
		Rows    []struct {
			Op     string
			Values []*string
		}
		RecordsIn int64 `json:"records_in"`
		Refused   int64
		Refusal   string
		Why       []struct{ Text, Hint string }
	}
	if err := c.call(w.ctx, http.MethodPost, "/api/preview", body, &answer); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	fmt.Fprint(t, "op")
	for _, col := range answer.Columns {
		fmt.Fprint(t, "\t", col.Name)
	}
	fmt.Fprintln(t)
	for _, row := range answer.Rows {
		fmt.Fprint(t, row.Op)
		for _, v := range row.Values {
			if v == nil {
				fmt.Fprint(t, "\t<NULL>")
				continue
			}
			fmt.Fprint(t, "\t", strings.NewReplacer("\t", " ", "\n", " ").Replace(*v))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w.errs, "%d rows of %d records; nothing was written\n", len(answer.Rows), answer.RecordsIn)
	if answer.Refused > 0 {
		fmt.Fprintf(w.errs, "%d records could not be read, the last because: %s\n", answer.Refused, answer.Refusal)
	}
	for _, r := range answer.Why {
		fmt.Fprintln(w.errs, strings.TrimSpace(r.Text+" "+r.Hint))
	}
	return nil
}
