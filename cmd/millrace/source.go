package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"

	"millrace/fault"
)

type sourceCommands struct {
	List    sourceListCommand    `cmd:"" help:"List sources and how they fare."`
	Apply   sourceApplyCommand   `cmd:"" help:"Make sources of a YAML or JSON file, or replace those of their names."`
	Test    sourceTestCommand    `cmd:"" help:"Try whether a source works, without collecting."`
	Preview sourcePreviewCommand `cmd:"" help:"Print what a source would bring, without keeping or acknowledging it."`
	Pause   sourcePauseCommand   `cmd:"" help:"Stop a source; it keeps its place."`
	Resume  sourceResumeCommand  `cmd:"" help:"Go on with a paused source."`
	Drop    sourceDropCommand    `cmd:"" help:"Stop a source and forget it."`
}

// source is one as the platform tells of it.
type source struct {
	Name, Connector, Origin, State, Replica string
	Options                                 map[string]string
	RecordsTotal                            int64   `json:"records_total"`
	RecordsPerSecond                        float64 `json:"records_per_second"`
	RefusedTotal                            int64   `json:"refused_total"`
	Lag, Restarts                           int64
	LastError                               string `json:"last_error"`
}

type sourceListCommand struct{ shown }

// Run prints a line for each source.
func (c *sourceListCommand) Run(w *world) error {
	var answer struct{ Sources []source }
	return c.get(w, "/api/sources", &answer, func(t *tabwriter.Writer) {
		line(t, "SOURCE", "CONNECTOR", "STATE", "RECORDS", "PER S", "REFUSED", "LAG", "RESTARTS", "REPLICA", "FROM", "ERROR")
		for _, s := range answer.Sources {
			line(t, s.Name, s.Connector, s.State, s.RecordsTotal, fmt.Sprintf("%.1f", s.RecordsPerSecond), s.RefusedTotal, s.Lag, s.Restarts,
				orDash(s.Replica), s.Origin, orDash(s.LastError))
		}
	})
}

type sourceApplyCommand struct {
	shown
	File string `arg:"" help:"YAML or JSON: one source (name, connector, options), a list, or a list under sources; - is standard input."`
}

// Run applies each source of the file.
func (c *sourceApplyCommand) Run(w *world) error {
	things, err := readSources(c.File, w)
	if err != nil {
		return err
	}
	for _, one := range things {
		var answer source
		err := c.show(w, http.MethodPost, "/api/sources", one, &answer, func(t *tabwriter.Writer) {
			fmt.Fprintf(t, "source %s is %s\n", answer.Name, answer.State)
		})
		if err != nil {
			return fmt.Errorf("apply source %v: %w", one["name"], err)
		}
	}
	return nil
}

func readSources(file string, w *world) ([]thing, error) {
	found, err := readThings(file, w, func(thing) string { return "sources" }, "sources")
	return found["sources"], err
}

// triedSource is a source to be tried: of a file, or one that there is.
type triedSource struct {
	shown
	Source string `arg:"" help:"A YAML or JSON file with a source, - for standard input, or the name of a source that there is."`
}

// settings are the body of a trial.
func (c *triedSource) settings(w *world) (thing, error) {
	if isFile(c.Source) {
		things, err := readSources(c.Source, w)
		if err != nil {
			return nil, err
		}
		if len(things) > 1 {
			return nil, fault.New(fault.Invalid, "%s has %d sources: try one at a time", c.Source, len(things))
		}
		return things[0], nil
	}
	var answer struct{ Sources []source }
	if err := c.call(w.ctx, http.MethodGet, "/api/sources", nil, &answer); err != nil {
		return nil, err
	}
	for _, s := range answer.Sources {
		if s.Name == c.Source {
			return thing{"name": s.Name, "connector": s.Connector, "options": s.Options}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "%q is neither a file nor a source that there is", c.Source)
}

type sourceTestCommand struct{ triedSource }

// Run says whether it works.
func (c *sourceTestCommand) Run(w *world) error {
	body, err := c.settings(w)
	if err != nil {
		return err
	}
	var answer trial
	var text json.RawMessage
	if err := c.call(w.ctx, http.MethodPost, "/api/sources/test", body, &text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return c.tell(w, text, &answer, fmt.Sprintf("source %v", body["name"]))
}

type sourcePreviewCommand struct {
	triedSource
	Limit   int `short:"n" default:"10" help:"How many records at most."`
	Seconds int `default:"10" help:"How long to wait for them."`
}

// Run prints a line for each record.
func (c *sourcePreviewCommand) Run(w *world) error {
	body, err := c.settings(w)
	if err != nil {
		return err
	}
	body["limit"], body["seconds"] = c.Limit, c.Seconds
	var answer struct {
		Records []struct {
			Key   *string
			Value json.RawMessage
		}
		Refused     []struct{ Value, Error string }
		Error, Hint string
	}
	err = c.show(w, http.MethodPost, "/api/sources/preview", body, &answer, func(t *tabwriter.Writer) {
		line(t, "KEY", "VALUE")
		for _, r := range answer.Records {
			key := "-"
			if r.Key != nil {
				key = *r.Key
			}
			line(t, key, string(r.Value))
		}
		for _, r := range answer.Refused {
			line(t, "refused", r.Error+": "+r.Value)
		}
	})
	if err == nil && answer.Error != "" {
		return fault.New(fault.Invalid, "source %v: %s", body["name"], answer.Error).WithHint("%s", answer.Hint)
	}
	return err
}

// namedSource is a source of a running platform.
type namedSource struct {
	remote
	Name string `arg:"" help:"Name of the source."`
}

func (c *namedSource) send(w *world, method, suffix, done string) error {
	if err := c.call(w.ctx, method, "/api/sources/"+url.PathEscape(c.Name)+suffix, nil, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w.out, "source %s %s\n", c.Name, done)
	return err
}

type sourcePauseCommand struct{ namedSource }

// Run pauses the source.
func (c *sourcePauseCommand) Run(w *world) error {
	return c.send(w, http.MethodPost, "/pause", "is paused")
}

type sourceResumeCommand struct{ namedSource }

// Run resumes the source.
func (c *sourceResumeCommand) Run(w *world) error {
	return c.send(w, http.MethodPost, "/resume", "runs")
}

type sourceDropCommand struct{ namedSource }

// Run drops the source.
func (c *sourceDropCommand) Run(w *world) error {
	return c.send(w, http.MethodDelete, "", "is dropped")
}
