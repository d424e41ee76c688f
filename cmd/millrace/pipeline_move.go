package main

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"millrace/fault"
)

type moveCommand struct {
	named
	To      string        `help:"The engine that is to run it: this platform (millrace), or a real Flink (flink)." enum:"millrace,flink" required:""`
	Gateway string        `help:"URL of Flink's SQL Gateway, http://[USER:PASSWORD@]HOST:PORT; that of the platform's configuration by default."`
	Wait    time.Duration `help:"How long to wait until it is there; the move goes on in any case." default:"5m"`
}

// moved is what is to be known of a pipeline on its way.
type moved struct {
	Name, Engine string
	Move         *struct{ To, Step, Error string }
}

// Run begins the move and waits until the pipeline has arrived, or stays.
func (c *moveCommand) Run(w *world) error {
	if c.To != "flink" && c.Gateway != "" {
		return fault.New(fault.Invalid, "--gateway is Flink's, but the pipeline does not move there").WithHint("say --to flink, or leave it out")
	}
	body := map[string]any{"to": c.To}
	if c.Gateway != "" {
		body["gateway"] = c.Gateway
	}
	if err := c.call(w.ctx, http.MethodPost, "/api/pipelines/"+url.PathEscape(c.Name)+"/move", body, nil); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "pipeline %s moves to %s\n", c.Name, c.To)
	deadline := time.After(c.Wait)
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		one, err := c.look(w)
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			return err
		}
		switch {
		case err != nil: // the platform is being restarted
		case one.Move == nil && one.Engine == c.To:
			_, err := fmt.Fprintf(w.out, "pipeline %s runs on %s\n", c.Name, c.To)
			return err
		case one.Move != nil && one.Move.Step == "failed":
			return fault.New(fault.Conflict, "pipeline %s was not moved, and goes on where it was: %s", c.Name, one.Move.Error)
		case one.Move != nil:
			if now := one.Move.Step + " " + one.Move.Error; now != last {
				last = now
				fmt.Fprintf(w.out, "  %s\n", now)
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			return fault.New(fault.Unavailable, "pipeline %s is not there yet after %s", c.Name, c.Wait).
				WithHint("the move goes on; `millrace pipeline list` shows how far it is")
		case <-w.ctx.Done():
			return w.ctx.Err()
		}
	}
}

func (c *moveCommand) look(w *world) (moved, error) {
	var answer struct{ Pipelines []moved }
	if err := c.call(w.ctx, http.MethodGet, "/api/pipelines", nil, &answer); err != nil {
		return moved{}, err
	}
	for _, one := range answer.Pipelines {
		if one.Name == c.Name {
			return one, nil
		}
	}
	return moved{}, fault.New(fault.NotFound, "there is no pipeline %s any more", c.Name)
}
