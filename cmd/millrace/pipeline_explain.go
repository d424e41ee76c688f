package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
)

type explainCommand struct {
	remote
	Name string `arg:"" help:"Name of the pipeline."`
}

// planAnswer is what /api/pipelines/{name}/plan tells, as far as it is printed.
type planAnswer struct {
	Jobs []struct {
		Name, State, Text string
		Measured          bool
		Bottleneck        int
		Nodes             []planNode
		Splits            []planSplit
		Checkpoints       []struct {
			Epoch      int64
			At, Error  string
			DurationMS float64 `json:"duration_ms"`
			DrainMS    float64 `json:"drain_ms"`
			SnapshotMS float64 `json:"snapshot_ms"`
			FlushMS    float64 `json:"flush_ms"`
			CommitMS   float64 `json:"commit_ms"`
			Bytes      int64
			StateBytes int64 `json:"state_bytes"`
		}
		Why []struct{ Text, Hint string }
	}
}

type planNode struct {
	ID, Depth           int
	Text, Watermark     string
	Busy, Backpressured float64
	Measured            bool
	In                  float64 `json:"records_in_per_second"`
	Out                 float64 `json:"records_out_per_second"`
	RecordsIn           int64   `json:"records_in"`
	RecordsOut          int64   `json:"records_out"`
	Keys, Late, Dropped int64
}

type planSplit struct {
	Split, Watermark, Because string
	Records, Refused, Lag     int64
	LagSeconds                float64 `json:"lag_seconds"`
	Idle, Waiting, Holds      bool
}

// Run prints the plan of each job with what its steps do, what holds its watermark back, its last checkpoints, and why
// it gives nothing if it does not.
func (c *explainCommand) Run(w *world) error {
	var answer planAnswer
	if err := c.call(w.ctx, http.MethodGet, "/api/pipelines/"+url.PathEscape(c.Name)+"/plan", nil, &answer); err != nil {
		return err
	}
	for i := range answer.Jobs {
		j := &answer.Jobs[i]
		fmt.Fprintf(w.out, "job %s is %s\n", j.Name, j.State)
		if !j.Measured {
			fmt.Fprintf(w.out, "%s\n", j.Text)
			continue
		}
		for _, r := range j.Why {
			fmt.Fprintf(w.out, "  %s\n", r.Text)
			if r.Hint != "" {
				fmt.Fprintf(w.out, "    %s\n", r.Hint)
			}
		}
		if err := printNodes(w.out, j.Nodes, j.Bottleneck); err != nil {
			return err
		}
		if err := printSplits(w.out, j.Splits); err != nil {
			return err
		}
		t := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
		for n, c := range j.Checkpoints {
			if n == 0 {
				fmt.Fprintln(t, "\nCHECKPOINT\tAT\tMS\tDRAIN\tSNAPSHOT\tFLUSH\tCOMMIT\tWRITTEN\tSTATE\tERROR")
			}
			fmt.Fprintf(t, "%d\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%d\t%d\t%s\n", c.Epoch, c.At, c.DurationMS, c.DrainMS, c.SnapshotMS, c.FlushMS, c.CommitMS, c.Bytes, c.StateBytes, c.Error)
		}
		fmt.Fprintln(t)
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printNodes(out io.Writer, nodes []planNode, bottleneck int) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\nIN/S\tOUT/S\tIN\tOUT\tBUSY\tWAITS\tKEYS\tLATE\tDROPPED\tWATERMARK\tSTEP")
	for _, n := range nodes {
		step := strings.Repeat("  ", n.Depth) + n.Text
		if n.ID == bottleneck {
			step += "  <- bottleneck"
		}
		if !n.Measured {
			fmt.Fprintf(t, "\t\t\t\t\t\t\t\t\t\t%s\n", step)
			continue
		}
		fmt.Fprintf(t, "%.1f\t%.1f\t%d\t%d\t%.0f%%\t%.0f%%\t%d\t%d\t%d\t%s\t%s\n", n.In, n.Out, n.RecordsIn, n.RecordsOut, 100*n.Busy, 100*n.Backpressured,
			n.Keys, n.Late, n.Dropped, n.Watermark, step)
	}
	return t.Flush()
}

func printSplits(out io.Writer, splits []planSplit) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\nSPLIT\tREAD\tREFUSED\tLAG\tLAG S\tWATERMARK\t")
	for _, s := range splits {
		note := ""
		switch {
		case s.Idle:
			note = "idle"
		case s.Waiting:
			note = "paused by alignment"
		case s.Holds:
			note = "holds the watermark: " + s.Because
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.1f\t%s\t%s\n", s.Split, s.Records, s.Refused, s.Lag, s.LagSeconds, s.Watermark, note)
	}
	return t.Flush()
}
