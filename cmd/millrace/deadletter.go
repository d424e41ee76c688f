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

type deadLetterCommands struct {
	List   deadLetterListCommand   `cmd:"" help:"List topics of records that could not be read."`
	Show   deadLetterShowCommand   `cmd:"" help:"Print the newest dead letters of a topic."`
	Replay deadLetterReplayCommand `cmd:"" help:"Send dead letters again to the topics that they came from."`
}

type deadLetterListCommand struct{ shown }

// Run prints a line for each topic.
func (c *deadLetterListCommand) Run(w *world) error {
	var answer struct {
		Topics []struct {
			Topic, Origin    string
			Records, Pending int64
			NewestAt         string `json:"newest_at"`
			Reasons          []struct {
				Reason string
				Count  int64
			}
		}
	}
	return c.get(w, "/api/dead-letters", &answer, func(t *tabwriter.Writer) {
		line(t, "TOPIC", "FROM", "RECORDS", "PENDING", "NEWEST", "MOST FREQUENT REASON")
		for _, one := range answer.Topics {
			reason := "-"
			if len(one.Reasons) > 0 {
				reason = fmt.Sprintf("%d × %s", one.Reasons[0].Count, one.Reasons[0].Reason)
			}
			line(t, one.Topic, orDash(one.Origin), one.Records, one.Pending, orDash(one.NewestAt), reason)
		}
	})
}

type deadLetterShowCommand struct {
	shown
	Topic string `arg:"" help:"The topic of dead letters."`
	Last  int    `short:"n" default:"20" help:"How many, the newest first."`
}

// deadLetterPage is how many dead letters one call asks for.
const deadLetterPage = 500

// Run prints a line for each dead letter, or an object each as JSON.
func (c *deadLetterShowCommand) Run(w *world) error {
	t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	if c.Output == "table" {
		line(t, "RECORD", "TIME", "ERROR", "FIELD", "BY", "FROM", "REPLAYED", "VALUE")
	}
	for left, before := c.Last, ""; left > 0; {
		var page struct {
			Records []json.RawMessage
			Next    string
		}
		path := fmt.Sprintf("/api/dead-letters/%s/records?limit=%d", url.PathEscape(c.Topic), min(left, deadLetterPage))
		if before != "" {
			path += "&before=" + url.QueryEscape(before)
		}
		if err := c.call(w.ctx, http.MethodGet, path, nil, &page); err != nil {
			return err
		}
		for _, text := range page.Records {
			if c.Output == "json" {
				fmt.Fprintf(w.out, "%s\n", text)
			} else if err := printDeadLetter(t, text); err != nil {
				return err
			}
		}
		if left, before = left-len(page.Records), page.Next; before == "" || len(page.Records) == 0 {
			break
		}
	}
	return t.Flush()
}

func printDeadLetter(t *tabwriter.Writer, text []byte) error {
	var one struct {
		Partition, Offset                   int64
		Time, Error, Field, Pipeline, Topic string
		SourcePartition                     string `json:"source_partition"`
		SourceOffset                        string `json:"source_offset"`
		Value                               json.RawMessage
		Encoding                            string
		Replayed                            bool
	}
	if err := json.Unmarshal(text, &one); err != nil {
		return fmt.Errorf("read a dead letter: %w", err)
	}
	value := string(one.Value)
	if one.Encoding == "text" {
		if err := json.Unmarshal(one.Value, &value); err != nil {
			return fmt.Errorf("read a dead letter: %w", err)
		}
	}
	from := one.Topic
	if one.SourceOffset != "" {
		from += " " + one.SourcePartition + ":" + one.SourceOffset
	}
	line(t, fmt.Sprintf("%d:%d", one.Partition, one.Offset), one.Time, one.Error, orDash(one.Field), orDash(one.Pipeline), orDash(from), one.Replayed, value)
	return nil
}

type deadLetterReplayCommand struct {
	shown
	Topic  string   `arg:"" help:"The topic of dead letters."`
	All    bool     `help:"All that are newer than the last replay of all." xor:"which"`
	Record []string `help:"A dead letter, as show names it; may be given several times." placeholder:"PARTITION:OFFSET" xor:"which"`
	DryRun bool     `help:"Only count."`
}

// Run sends the request and says what came of it.
func (c *deadLetterReplayCommand) Run(w *world) error {
	body := map[string]any{"dry_run": c.DryRun}
	switch {
	case c.All:
		body["all"] = true
	case len(c.Record) > 0:
		var records []map[string]int64
		for _, text := range c.Record {
			partition, offset, ok := parseRecordAt(text)
			if !ok {
				return fault.New(fault.Invalid, "--record %q is no PARTITION:OFFSET", text)
			}
			records = append(records, map[string]int64{"partition": partition, "offset": offset})
		}
		body["records"] = records
	default:
		return fault.New(fault.Invalid, "which dead letters?").WithHint("--all, or --record PARTITION:OFFSET")
	}
	var answer struct {
		Replayed, Skipped int64
		To                []string
	}
	done := "sent again"
	if c.DryRun {
		done = "would be sent again"
	}
	return c.show(w, http.MethodPost, "/api/dead-letters/"+url.PathEscape(c.Topic)+"/replay", body, &answer, func(t *tabwriter.Writer) {
		fmt.Fprintf(t, "%d %s to %s, %d skipped\n", answer.Replayed, done, orDash(strings.Join(answer.To, ", ")), answer.Skipped)
	})
}

// parseRecordAt reads PARTITION:OFFSET.
func parseRecordAt(text string) (partition, offset int64, ok bool) {
	p, o, found := strings.Cut(text, ":")
	partition, err := strconv.ParseInt(p, 10, 32)
	offset, err2 := strconv.ParseInt(o, 10, 64)
	return partition, offset, found && err == nil && err2 == nil && partition >= 0 && offset >= 0
}
