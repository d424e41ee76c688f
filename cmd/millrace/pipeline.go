package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"millrace/fault"
)

type pipelineCommands struct {
	Apply      applyCommand      `cmd:"" help:"Run a Flink SQL file as a pipeline."`
	List       listCommand       `cmd:"" help:"List pipelines and their jobs."`
	Explain    explainCommand    `cmd:"" help:"Show the plan of a pipeline with what each step does now, and why there is no output."`
	Preview    previewCommand    `cmd:"" help:"Show the rows of a script, or of a step of a pipeline, on live data; nothing is written."`
	Pause      pauseCommand      `cmd:"" help:"Stop a pipeline; it keeps its place."`
	Resume     resumeCommand     `cmd:"" help:"Go on with a paused pipeline."`
	Savepoint  savepointCommand  `cmd:"" help:"Keep the positions and the state of a pipeline, which goes on."`
	Savepoints savepointsCommand `cmd:"" help:"List the savepoints of a pipeline, or delete one."`
	Restart    restartCommand    `cmd:"" help:"Let a pipeline go on from another place."`
	Move       moveCommand       `cmd:"" help:"Let a Flink cluster run a pipeline, or this platform again."`
	Drop       dropCommand       `cmd:"" help:"Stop a pipeline and forget its place and state."`
}

type applyCommand struct {
	remote
	moves
	File        string `arg:"" help:"The script; - is standard input."`
	Name        string `help:"Name of the pipeline; the file's by default."`
	DeadLetters string `help:"Topic for records that cannot be read, {topic} standing for theirs; off: such a record fails the job." default:"{topic}.dead"`
	Engine      string `help:"What runs it: this platform (millrace), or a real Flink (flink)." enum:"millrace,flink" default:"millrace"`
	Gateway     string `help:"URL of Flink's SQL Gateway, http://[USER:PASSWORD@]HOST:PORT; that of the platform's configuration by default."`
}

// Run sends the script to the platform.
func (c *applyCommand) Run(w *world) error {
	if c.Engine != "flink" && c.Gateway != "" {
		return fault.New(fault.Invalid, "--gateway is Flink's, but the pipeline does not run there").WithHint("say --engine flink, too")
	}
	text, err := readFile(c.File, w)
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		base := filepath.Base(c.File)
		name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	body := map[string]any{"name": name, "sql": string(text), "dead_letters": c.DeadLetters, "engine": c.Engine}
	if c.Engine == "flink" && c.Gateway != "" {
		body["gateway"] = c.Gateway
	}
	if done, err := c.tell(w, &c.remote, name, string(text), body); err != nil || done {
		return err
	}
	if err := c.call(w.ctx, http.MethodPost, "/api/pipelines", body, nil); err != nil {
		return err
	}
	where := "runs"
	if c.Engine == "flink" {
		where = "is taken and goes to Flink"
	}
	_, err = fmt.Fprintf(w.out, "pipeline %s %s\n", name, where)
	return err
}

type listCommand struct{ remote }

// Run prints a line for each job.
func (c *listCommand) Run(w *world) error {
	var answer struct {
		Pipelines []struct {
			Name, State, Engine string
			Jobs                []struct {
				Name, State, Error, Watermark string
				Restarts, Lag, Late           int64
				RecordsIn                     int64   `json:"records_in"`
				RecordsOut                    int64   `json:"records_out"`
				RecordsPerSecond              float64 `json:"records_per_second"`
				DeadLetters                   int64   `json:"dead_letters"`
			}
		}
	}
	if err := c.call(w.ctx, http.MethodGet, "/api/pipelines", nil, &answer); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "PIPELINE\tENGINE\tSTATE\tJOB\tSTATE\tIN\tOUT\tIN/S\tLAG\tLATE\tDEAD\tRESTARTS\tWATERMARK\tERROR")
	for _, p := range answer.Pipelines {
		for _, j := range p.Jobs {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%.1f\t%d\t%d\t%d\t%d\t%s\t%s\n", p.Name, p.Engine, p.State, j.Name, j.State,
				j.RecordsIn, j.RecordsOut, j.RecordsPerSecond, j.Lag, j.Late, j.DeadLetters, j.Restarts, j.Watermark, j.Error)
		}
	}
	return t.Flush()
}

// named is a pipeline of a running platform.
type named struct {
	remote
	Name string `arg:"" help:"Name of the pipeline."`
}

func (c *named) send(w *world, method, suffix, done string) error {
	if err := c.call(w.ctx, method, "/api/pipelines/"+url.PathEscape(c.Name)+suffix, nil, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w.out, "pipeline %s %s\n", c.Name, done)
	return err
}

type pauseCommand struct{ named }

// Run pauses the pipeline.
func (c *pauseCommand) Run(w *world) error {
	return c.send(w, http.MethodPost, "/pause", "is paused")
}

type resumeCommand struct{ named }

// Run resumes the pipeline.
func (c *resumeCommand) Run(w *world) error { return c.send(w, http.MethodPost, "/resume", "runs") }

type dropCommand struct {
	named
	KeepSavepoints bool `help:"Leave its savepoints: another pipeline may begin from them."`
}

// Run drops the pipeline.
func (c *dropCommand) Run(w *world) error {
	suffix := ""
	if c.KeepSavepoints {
		suffix = "?keep_savepoints=true"
	}
	return c.send(w, http.MethodDelete, suffix, "is dropped")
}
