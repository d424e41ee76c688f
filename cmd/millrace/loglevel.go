package main

import (
	"net/http"
	"text/tabwriter"
)

type logLevelCommand struct {
	shown
	Level string `arg:"" optional:"" enum:",debug,info,warn,error" default:"" help:"What to log from now on: debug, info, warn or error; without it, what is logged is printed."`
}

// Run prints the level, after setting it if one is given.
func (c *logLevelCommand) Run(w *world) error {
	var answer struct{ Level string }
	table := func(t *tabwriter.Writer) { line(t, answer.Level) }
	if c.Level == "" {
		return c.get(w, "/api/log-level", &answer, table)
	}
	return c.show(w, http.MethodPut, "/api/log-level", map[string]string{"level": c.Level}, &answer, table)
}
