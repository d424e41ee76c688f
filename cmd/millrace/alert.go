package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"millrace/fault"
)

type alertCommands struct {
	List        alertListCommand        `cmd:"" help:"List what is wrong now."`
	Rules       alertRulesCommand       `cmd:"" help:"List what is watched."`
	Apply       alertApplyCommand       `cmd:"" help:"Make rules and channels of a YAML or JSON file, or replace those of their names."`
	Drop        alertDropCommand        `cmd:"" help:"Forget a rule."`
	History     alertHistoryCommand     `cmd:"" help:"List alerts that came and went."`
	Silence     silenceCommand          `cmd:"" help:"Do not send some alerts for some time."`
	Silences    silencesCommand         `cmd:"" help:"List silences."`
	Unsilence   unsilenceCommand        `cmd:"" help:"End a silence."`
	Channels    alertChannelsCommand    `cmd:"" help:"List where alerts are sent to."`
	TestChannel alertTestChannelCommand `cmd:"" help:"Send a test notice to a channel."`
}

type alertListCommand struct{ shown }

// Run prints a line for each alert.
func (c *alertListCommand) Run(w *world) error {
	var answer struct {
		Alerts []struct {
			Rule, Level, State, Since, Summary string
			Labels                             labels
			Value, Threshold                   float64
			SilencedBy                         []string `json:"silenced_by"`
		}
		Error string
	}
	err := c.get(w, "/api/alerts", &answer, func(t *tabwriter.Writer) {
		line(t, "RULE", "LEVEL", "STATE", "SINCE", "VALUE", "THRESHOLD", "SILENCED", "LABELS", "SUMMARY")
		for _, a := range answer.Alerts {
			line(t, a.Rule, a.Level, a.State, a.Since, number(a.Value), number(a.Threshold), len(a.SilencedBy) > 0, orDash(a.Labels.String()), a.Summary)
		}
	})
	if err == nil && answer.Error != "" {
		fmt.Fprintln(w.errs, "rules cannot be evaluated:", plain(answer.Error))
	}
	return err
}

// number writes a figure as people do: not 8e+01.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

type alertRulesCommand struct{ shown }

// Run prints a line for each rule.
func (c *alertRulesCommand) Run(w *world) error {
	var answer struct {
		Rules []struct {
			Name, Metric, Aggregate, SQL, Op, For, Interval, Level, Origin string
			Enabled                                                        bool
			Threshold                                                      *float64
			State                                                          struct {
				Error           string
				Firing, Pending int
			}
		}
	}
	return c.get(w, "/api/alerts/rules", &answer, func(t *tabwriter.Writer) {
		line(t, "RULE", "ON", "CONDITION", "FOR", "EVERY", "LEVEL", "FIRING", "PENDING", "FROM", "ERROR")
		for _, r := range answer.Rules {
			condition := r.SQL
			if r.Metric != "" {
				condition = r.Metric + " " + r.Op
				if r.Aggregate != "" {
					condition = r.Aggregate + "(" + r.Metric + ") " + r.Op
				}
			}
			if r.Threshold != nil && r.Metric != "" {
				condition += " " + number(*r.Threshold)
			}
			level := r.Level
			if level == "" {
				level = "by value"
			}
			line(t, r.Name, r.Enabled, condition, r.For, r.Interval, level, r.State.Firing, r.State.Pending, r.Origin, orDash(r.State.Error))
		}
	})
}

type alertApplyCommand struct {
	remote
	File string `arg:"" help:"YAML or JSON: lists under rules and channels, or one rule; - is standard input."`
}

// Run applies the channels of the file, then the rules, which may name them.
func (c *alertApplyCommand) Run(w *world) error {
	found, err := readThings(c.File, w, func(t thing) string {
		if t["kind"] != nil {
			return "channels"
		}
		return "rules"
	}, "rules", "channels")
	if err != nil {
		return err
	}
	for _, part := range []struct{ what, key string }{{"channel", "channels"}, {"rule", "rules"}} {
		for _, one := range found[part.key] {
			if err := c.call(w.ctx, http.MethodPost, "/api/alerts/"+part.key, one, nil); err != nil {
				return fmt.Errorf("apply %s %v: %w", part.what, one["name"], err)
			}
			fmt.Fprintf(w.out, "%s %v is applied\n", part.what, one["name"])
		}
	}
	return nil
}

type alertDropCommand struct {
	remote
	Rule string `arg:"" help:"Name of the rule."`
}

// Run drops the rule.
func (c *alertDropCommand) Run(w *world) error {
	if err := c.call(w.ctx, http.MethodDelete, "/api/alerts/rules/"+url.PathEscape(c.Rule), nil, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w.out, "rule %s is dropped\n", c.Rule)
	return err
}

type alertHistoryCommand struct {
	shown
	Rule string `help:"Only of this rule."`
	Last int    `short:"n" default:"50" help:"How many, the newest first."`
}

// Run prints a line for each change.
func (c *alertHistoryCommand) Run(w *world) error {
	var answer struct {
		Events []struct {
			At, Rule, From, To, Level string
			Labels                    labels
			Value, Threshold          float64
		}
	}
	path := fmt.Sprintf("/api/alerts/history?limit=%d&rule=%s", c.Last, url.QueryEscape(c.Rule))
	return c.get(w, path, &answer, func(t *tabwriter.Writer) {
		line(t, "TIME", "RULE", "FROM", "TO", "LEVEL", "VALUE", "THRESHOLD", "LABELS")
		for _, e := range answer.Events {
			line(t, e.At, e.Rule, e.From, e.To, e.Level, number(e.Value), number(e.Threshold), orDash(e.Labels.String()))
		}
	})
}

type silenceCommand struct {
	shown
	Matchers []string `arg:"" help:"Which alerts: LABEL=PATTERN, rule among the labels; * stands for any text. All must match." placeholder:"LABEL=PATTERN"`
	For      string   `required:"" help:"How long: 30m, 2h, 7d." placeholder:"DURATION"`
	Comment  string   `help:"Why."`
	By       string   `help:"Who; the name of the token by default."`
}

// Run adds the silence and prints its id.
func (c *silenceCommand) Run(w *world) error {
	matchers := map[string]string{}
	for _, m := range c.Matchers {
		label, pattern, ok := strings.Cut(m, "=")
		if !ok || label == "" {
			return fault.New(fault.Invalid, "%q is no LABEL=PATTERN", m)
		}
		matchers[label] = pattern
	}
	body := map[string]any{"matchers": matchers, "duration": c.For, "comment": c.Comment, "by": c.By}
	var answer struct{ ID string }
	return c.show(w, http.MethodPost, "/api/alerts/silences", body, &answer, func(t *tabwriter.Writer) {
		fmt.Fprintf(t, "silence %s lasts %s\n", answer.ID, c.For)
	})
}

type silencesCommand struct{ shown }

// Run prints a line for each silence.
func (c *silencesCommand) Run(w *world) error {
	var answer struct {
		Silences []struct {
			ID, Comment, By string
			Matchers        labels
			StartsAt        string `json:"starts_at"`
			EndsAt          string `json:"ends_at"`
		}
	}
	return c.get(w, "/api/alerts/silences", &answer, func(t *tabwriter.Writer) {
		line(t, "SILENCE", "MATCHES", "FROM", "UNTIL", "BY", "COMMENT")
		for _, s := range answer.Silences {
			line(t, s.ID, s.Matchers, s.StartsAt, s.EndsAt, s.By, s.Comment)
		}
	})
}

type unsilenceCommand struct {
	remote
	ID string `arg:"" help:"The silence, as silences names it."`
}

// Run ends the silence.
func (c *unsilenceCommand) Run(w *world) error {
	if err := c.call(w.ctx, http.MethodDelete, "/api/alerts/silences/"+url.PathEscape(c.ID), nil, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w.out, "silence %s is over\n", c.ID)
	return err
}

type alertChannelsCommand struct{ shown }

// Run prints a line for each channel.
func (c *alertChannelsCommand) Run(w *world) error {
	var answer struct {
		Channels []struct {
			Name, Kind, Origin string
			Levels             []string
			State              struct {
				Sent, Failed, Dropped, Queued int64
				LastError                     string `json:"last_error"`
			}
		}
	}
	return c.get(w, "/api/alerts/channels", &answer, func(t *tabwriter.Writer) {
		line(t, "CHANNEL", "KIND", "LEVELS", "SENT", "FAILED", "DROPPED", "QUEUED", "FROM", "ERROR")
		for _, one := range answer.Channels {
			levels := strings.Join(one.Levels, " ")
			if levels == "" {
				levels = "all"
			}
			line(t, one.Name, one.Kind, levels, one.State.Sent, one.State.Failed, one.State.Dropped, one.State.Queued, one.Origin, orDash(one.State.LastError))
		}
	})
}

type alertTestChannelCommand struct {
	shown
	Name string `arg:"" help:"Name of the channel."`
}

// Run sends the notice and says whether it went out.
func (c *alertTestChannelCommand) Run(w *world) error {
	var text json.RawMessage
	if err := c.call(w.ctx, http.MethodPost, "/api/alerts/channels/"+url.PathEscape(c.Name)+"/test", nil, &text); err != nil {
		return err
	}
	var answer trial
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return c.tell(w, text, &answer, "channel "+c.Name)
}
