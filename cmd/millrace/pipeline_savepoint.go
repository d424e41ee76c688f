package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"millrace/fault"
)

func (c *named) path(suffix string) string {
	return "/api/pipelines/" + url.PathEscape(c.Name) + suffix
}

// savepointView is a savepoint as the API shows it.
type savepointView struct {
	ID, State, Error string
	At               time.Time
	Bytes            int64
	Jobs             []struct {
		Name  string
		Epoch int64
		Plan  string
	}
}

type savepointCommand struct{ named }

// Run makes a savepoint and prints its id.
func (c *savepointCommand) Run(w *world) error {
	var s savepointView
	if err := c.call(w.ctx, http.MethodPost, c.path("/savepoints"), nil, &s); err != nil {
		return err
	}
	if s.State == "pending" {
		_, err := fmt.Fprintf(w.out, "savepoint %s is being written: see `millrace pipeline savepoints %s`\n", s.ID, c.Name)
		return err
	}
	_, err := fmt.Fprintln(w.out, s.ID)
	return err
}

type savepointsCommand struct {
	named
	Delete string `help:"Delete the savepoint with this id." placeholder:"ID"`
}

// Run lists the savepoints of a pipeline, or deletes one.
func (c *savepointsCommand) Run(w *world) error {
	if c.Delete != "" {
		if err := c.call(w.ctx, http.MethodDelete, c.path("/savepoints/"+url.PathEscape(c.Delete)), nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w.out, "savepoint %s is deleted\n", c.Delete)
		return err
	}
	var answer struct{ Savepoints []savepointView }
	if err := c.call(w.ctx, http.MethodGet, c.path("/savepoints"), nil, &answer); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "SAVEPOINT\tSTATE\tBYTES\tJOB\tCHECKPOINT\tPLAN\tERROR")
	for _, s := range answer.Savepoints {
		if len(s.Jobs) == 0 {
			fmt.Fprintf(t, "%s\t%s\t%d\t\t\t\t%s\n", s.ID, s.State, s.Bytes, s.Error)
		}
		for _, j := range s.Jobs {
			fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%s\t%s\n", s.ID, s.State, s.Bytes, j.Name, j.Epoch, j.Plan, s.Error)
		}
	}
	return t.Flush()
}

type restartCommand struct {
	named
	From       string `help:"Where to go on: checkpoint, earliest, latest, a time such as 2026-01-02T15:04:05Z, or savepoint:ID." default:"checkpoint"`
	AllowFresh bool   `help:"Let what is new begin fresh, and forget what nothing takes over."`
	FreshState bool   `help:"Keep the positions, forget all state."`
}

// Run restarts the pipeline from another place.
func (c *restartCommand) Run(w *world) error {
	body, err := restartBody(c.From)
	if err != nil {
		return err
	}
	body["allow_fresh"], body["fresh_state"] = c.AllowFresh, c.FreshState
	if err := c.call(w.ctx, http.MethodPost, c.path("/restart"), body, nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "pipeline %s goes on from %s\n", c.Name, c.From)
	return err
}

// restartBody is the request to go on from a place.
func restartBody(from string) (map[string]any, error) {
	if id, ok := strings.CutPrefix(from, "savepoint:"); ok {
		return map[string]any{"from": "savepoint", "savepoint": id}, nil
	}
	switch from {
	case "checkpoint", "earliest", "latest":
		return map[string]any{"from": from}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, from)
	if err != nil {
		return nil, fault.New(fault.Invalid, "--from %q is no place to go on from", from).
			WithHint("say checkpoint, earliest, latest, savepoint:ID, or a time such as 2026-01-02T15:04:05Z")
	}
	return map[string]any{"from": "time", "time": at}, nil
}

// moves are the flags of apply that say what becomes of what a pipeline has in mind.
type moves struct {
	Replace    bool   `help:"Take the place of the pipeline of that name, with what of its positions and state fits; says what does."`
	DryRun     bool   `help:"With --replace: only say what fits."`
	AllowFresh bool   `help:"With --replace or --savepoint: let what is new begin fresh, and forget what nothing takes over."`
	FreshState bool   `help:"With --replace or --savepoint: keep the positions, forget all state."`
	Savepoint  string `help:"Begin from this savepoint; behind the name of its pipeline and / if that is another." placeholder:"ID"`
	Poison     string `help:"What becomes of a record that fails a job twice: it goes to the dead letters, where there are any (dead-letters), or the job fails (fail)." enum:"dead-letters,fail" default:"dead-letters"`
}

// tell adds the flags to a request and prints what of a running pipeline fits the script. It reports whether that is
// all that was wanted.
func (m *moves) tell(w *world, r *remote, name, sql string, body map[string]any) (done bool, err error) {
	body["replace"], body["allow_fresh"], body["fresh_state"], body["savepoint"], body["poison"] = m.Replace, m.AllowFresh, m.FreshState, m.Savepoint, m.Poison
	if !m.Replace || m.Savepoint != "" {
		return false, nil
	}
	var answer struct {
		Changes []struct{ Job, Kind, Text, Fate, Reason string }
	}
	one := named{remote: *r, Name: name}
	if err := one.call(w.ctx, http.MethodPost, one.path("/changes"), map[string]any{"sql": sql}, &answer); err != nil {
		if m.DryRun {
			return true, err
		}
		return false, nil // none of that name runs: apply says what else is wrong
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	for _, c := range answer.Changes {
		fate := c.Fate
		if m.FreshState && c.Kind != "Scan" && fate == "kept" {
			fate = "dropped"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", fate, c.Job, c.Text, c.Reason)
	}
	return m.DryRun, t.Flush()
}
