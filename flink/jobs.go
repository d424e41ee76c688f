package flink

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
)

// State is what Flink says of a job.
type State string

// The states of jobs.
const (
	Initializing State = "INITIALIZING"
	Created      State = "CREATED"
	Running      State = "RUNNING"
	Restarting   State = "RESTARTING"
	Failing      State = "FAILING"
	Failed       State = "FAILED"
	Cancelling   State = "CANCELLING"
	Canceled     State = "CANCELED"
	Finished     State = "FINISHED"
	Suspended    State = "SUSPENDED"
	Reconciling  State = "RECONCILING"
)

// Ended reports whether a job in that state runs no more, for good.
func (s State) Ended() bool { return s == Failed || s == Canceled || s == Finished }

// Status is how a job is doing.
type Status struct {
	State State
	// Ready says that all its tasks run.
	Ready bool
	// Error is why it failed last, if it did.
	Error    string
	Restarts int64
	// Checkpoints is how many were completed, and Last the newest; nil: none.
	Checkpoints int64
	Last        *Checkpoint
	// Savepoint is where the last one lies; empty: none was taken.
	Savepoint string
	Figures   Figures
}

// Checkpoint is one that was completed.
type Checkpoint struct {
	ID       int64
	At       time.Time
	Duration time.Duration
	Bytes    int64
	// Path is where it lies; empty: it was deleted.
	Path string
}

// Figures are what metrics say. They are -1 where no metric says anything.
type Figures struct {
	In, Out, Lag, Late int64
	// Rate is records in, a second.
	Rate float64
	// Watermark is the least of the sources; zero: there is none yet.
	Watermark time.Time
}

// At is the same Flink with another JobManager, that of the jobs in question.
func (c *Client) At(t Target) (*Client, error) {
	u, err := parseURL("JobManager", t.JobManager)
	if err != nil {
		return nil, err
	}
	other := *c
	other.jobManager = u
	return &other, nil
}

// JobManager is its address, as it may be shown; empty: it is not known yet.
func (c *Client) JobManager() string { return shown(c.jobManager) }

// Link is the page of a job in Flink's own screen.
func (c *Client) Link(id string) string {
	if c.jobManager == nil || id == "" {
		return ""
	}
	return c.JobManager() + "/#/job/running/" + url.PathEscape(id) + "/overview"
}

func (c *Client) job(ctx context.Context, method, path string, body, answer any) error {
	if c.jobManager == nil {
		return fault.New(fault.Unavailable, "the JobManager is not known yet")
	}
	err := c.ask(ctx, "JobManager", c.jobManager, method, path, body, answer)
	var r *refusal
	if errors.As(err, &r) {
		kind := fault.Invalid
		switch {
		case r.status == http.StatusNotFound || strings.Contains(r.text, "FlinkJobNotFoundException"):
			kind = fault.NotFound
		case r.status >= http.StatusInternalServerError:
			kind = fault.Unavailable
		}
		return fault.New(kind, "%w", err)
	}
	return err
}

// details are what GET /jobs/:id answers.
type details struct {
	State    State `json:"state"`
	Vertices []struct {
		ID          string         `json:"id"`
		Parallelism int            `json:"parallelism"`
		Tasks       map[string]int `json:"tasks"`
	} `json:"vertices"`
	Plan struct {
		Nodes []struct {
			ID     string            `json:"id"`
			Inputs []json.RawMessage `json:"inputs"`
		} `json:"nodes"`
	} `json:"plan"`
}

// Status asks how a job is doing. A job that Flink does not know is fault.NotFound.
func (c *Client) Status(ctx context.Context, id string) (Status, error) {
	path := "/jobs/" + url.PathEscape(id)
	var d details
	s := Status{Figures: Figures{In: -1, Out: -1, Lag: -1, Late: -1}}
	if err := c.job(ctx, http.MethodGet, path, nil, &d); err != nil {
		return s, err
	}
	s.State = d.State
	running, all := 0, 0
	for _, v := range d.Vertices {
		all += v.Parallelism
		running += v.Tasks["RUNNING"] + v.Tasks["FINISHED"]
	}
	s.Ready = d.State == Running && running == all
	if err := c.checkpoints(ctx, path, &s); err != nil {
		return s, err
	}
	if err := c.failure(ctx, path, &s); err != nil {
		return s, err
	}
	return s, c.figures(ctx, path, d, &s)
}

// completed is a checkpoint or savepoint as Flink describes it.
type completed struct {
	ID           int64  `json:"id"`
	Trigger      int64  `json:"trigger_timestamp"`
	Ack          int64  `json:"latest_ack_timestamp"`
	Duration     int64  `json:"end_to_end_duration"`
	Size         int64  `json:"state_size"`
	ExternalPath string `json:"external_path"`
	Discarded    bool   `json:"discarded"`
}

func (c *Client) checkpoints(ctx context.Context, path string, s *Status) error {
	var answer struct {
		Counts struct {
			Completed int64 `json:"completed"`
		} `json:"counts"`
		Latest struct {
			Completed *completed `json:"completed"`
			Savepoint *completed `json:"savepoint"`
		} `json:"latest"`
	}
	err := c.job(ctx, http.MethodGet, path+"/checkpoints", nil, &answer)
	if fault.KindOf(err) == fault.NotFound {
		return nil // it is not enabled
	}
	if err != nil {
		return err
	}
	s.Checkpoints = answer.Counts.Completed
	if p := answer.Latest.Savepoint; p != nil {
		s.Savepoint = p.ExternalPath
	}
	last := answer.Latest.Completed
	if p := answer.Latest.Savepoint; p != nil && (last == nil || p.Trigger > last.Trigger) {
		last = p
	}
	if last != nil {
		s.Last = &Checkpoint{ID: last.ID, At: time.UnixMilli(last.Ack).UTC(), Duration: time.Duration(last.Duration) * time.Millisecond, Bytes: last.Size}
		if !last.Discarded {
			s.Last.Path = last.ExternalPath
		}
	}
	return nil
}

// failure asks for the last exception.
func (c *Client) failure(ctx context.Context, path string, s *Status) error {
	var answer struct {
		Root    string `json:"root-exception"` // of a Flink before 2.0
		History struct {
			Entries []struct {
				Trace string `json:"stacktrace"`
			} `json:"entries"`
		} `json:"exceptionHistory"`
	}
	most := "1"
	if s.State == Failed || s.State == Restarting {
		most = "16" // as many as are kept
	}
	if err := c.job(ctx, http.MethodGet, path+"/exceptions?maxExceptions="+most, nil, &answer); err != nil {
		return err
	}
	// The metric comes too late for a job that fails at once.
	if s.Restarts = int64(len(answer.History.Entries)); s.Restarts > 0 && s.State == Failed {
		s.Restarts-- // the last one was the end
	}
	trace := answer.Root
	if len(answer.History.Entries) > 0 {
		trace = answer.History.Entries[0].Trace
	}
	if trace != "" {
		s.Error = reasonOf(trace)
	}
	return nil
}

// metric is one, over all tasks of a vertex.
type metric struct {
	ID  string   `json:"id"`
	Sum *float64 `json:"sum"`
	Min *float64 `json:"min"`
}

// figures asks for the metrics that say how far a job has come.
func (c *Client) figures(ctx context.Context, path string, d details, s *Status) error {
	var restarts []struct{ ID, Value string }
	if err := c.job(ctx, http.MethodGet, path+"/metrics?get=numRestarts", nil, &restarts); err != nil {
		return err
	}
	for _, m := range restarts {
		if n, err := strconv.ParseInt(m.Value, 10, 64); err == nil {
			s.Restarts = max(s.Restarts, n)
		}
	}
	inner := map[string]bool{}
	for _, n := range d.Plan.Nodes {
		inner[n.ID] = len(n.Inputs) > 0
	}
	for _, v := range d.Vertices {
		at := path + "/vertices/" + url.PathEscape(v.ID) + "/subtasks/metrics"
		var known, values []metric
		if err := c.job(ctx, http.MethodGet, at, nil, &known); err != nil {
			return err
		}
		var wanted []string
		for _, m := range known {
			if counts(m.ID, !inner[v.ID]) != nil {
				wanted = append(wanted, m.ID)
			}
		}
		// A URL is bounded; the names of operators are long.
		for part := range slices.Chunk(wanted, 20) {
			var some []metric
			if err := c.job(ctx, http.MethodGet, at+"?get="+url.QueryEscape(strings.Join(part, ","))+"&agg=sum,min", nil, &some); err != nil {
				return err
			}
			values = append(values, some...)
		}
		for _, m := range values {
			if add := counts(m.ID, !inner[v.ID]); add != nil && m.Sum != nil && m.Min != nil {
				add(&s.Figures, m)
			}
		}
	}
	return nil
}

// counts is what a metric of a vertex adds to the figures; nil: nothing.
func counts(id string, source bool) func(*Figures, metric) {
	sum := func(to func(*Figures) *int64) func(*Figures, metric) {
		return func(f *Figures, m metric) {
			n := to(f)
			*n = max(0, *n) + int64(*m.Sum)
		}
	}
	switch {
	case strings.Contains(id, ","): // it would be two
		return nil
	case source && id == "numRecordsInPerSecond":
		return func(f *Figures, m metric) { f.Rate += *m.Sum }
	case source && id == "numRecordsIn":
		return sum(func(f *Figures) *int64 { return &f.In })
	case strings.HasSuffix(id, "__Writer.numRecordsIn"), strings.HasPrefix(id, "Sink__") && strings.HasSuffix(id, ".numRecordsIn") && !strings.Contains(id, "__Committer"):
		return sum(func(f *Figures) *int64 { return &f.Out })
	case strings.HasSuffix(id, ".numLateRecordsDropped"):
		return sum(func(f *Figures) *int64 { return &f.Late })
	case source && strings.HasPrefix(id, "Source__") && strings.HasSuffix(id, ".pendingRecords"):
		return sum(func(f *Figures) *int64 { return &f.Lag })
	case source && strings.HasSuffix(id, ".currentOutputWatermark"):
		return func(f *Figures, m metric) {
			// The least and the greatest number mean that there is none yet, and that there comes no more.
			if *m.Min <= math.MinInt64 || *m.Min >= math.MaxInt64 {
				return
			}
			if at := time.UnixMilli(int64(*m.Min)).UTC(); f.Watermark.IsZero() || at.Before(f.Watermark) {
				f.Watermark = at
			}
		}
	}
	return nil
}

// Stop ends a job with a savepoint in a folder of Flink's, or where Flink is configured to put it, and returns
// its path. A job that Flink does not run is fault.NotFound; one that cannot make a savepoint now is fault.Conflict.
func (c *Client) Stop(ctx context.Context, id, folder string) (string, error) {
	path := "/jobs/" + url.PathEscape(id)
	body := map[string]any{"drain": false}
	if folder != "" {
		body["targetDirectory"] = folder
	}
	answer, err := c.operate(ctx, path+"/stop", path+"/savepoints/", body)
	if err != nil {
		return "", err
	}
	return answer.Location, nil
}

// Checkpoint makes a job commit what it has read and written so far, and goes on. It needs Flink 1.17. A job that Flink does
// not run is fault.NotFound; one that cannot make a checkpoint now is fault.Conflict, though it may still make it.
func (c *Client) Checkpoint(ctx context.Context, id string) error {
	path := "/jobs/" + url.PathEscape(id) + "/checkpoints"
	_, err := c.operate(ctx, path, path+"/", map[string]any{"checkpointType": "CONFIGURED"})
	return err
}

// operation is what comes of something that takes a while.
type operation struct {
	Location string `json:"location"`
	Failure  *struct {
		Trace string `json:"stack-trace"`
	} `json:"failure-cause"`
	Checkpoint *struct {
		Trace string `json:"stack-trace"`
	} `json:"failureCause"` // of a checkpoint
}

// operate begins something and waits until it is done.
func (c *Client) operate(ctx context.Context, begin, poll string, body any) (operation, error) {
	var begun struct {
		RequestID string `json:"request-id"`
	}
	if err := c.job(ctx, http.MethodPost, begin, body, &begun); err != nil {
		return operation{}, err
	}
	for {
		var answer struct {
			Status struct {
				ID string `json:"id"`
			} `json:"status"`
			Operation operation `json:"operation"`
		}
		if err := c.job(ctx, http.MethodGet, poll+url.PathEscape(begun.RequestID), nil, &answer); err != nil {
			return operation{}, err
		}
		if answer.Operation.Failure == nil {
			answer.Operation.Failure = answer.Operation.Checkpoint
		}
		if f := answer.Operation.Failure; f != nil {
			return operation{}, operationFault(f.Trace)
		}
		if answer.Status.ID == "COMPLETED" {
			return answer.Operation, nil
		}
		if err := c.pause(ctx); err != nil {
			return operation{}, err
		}
	}
}

func operationFault(trace string) error {
	reason := cmp.Or(reasonOf(trace), "no reason is given")
	switch {
	case strings.Contains(trace, "FlinkJobNotFoundException"):
		return fault.New(fault.NotFound, "Flink does not run the job: %s", reason)
	case strings.Contains(trace, "savepoint directory") || strings.Contains(trace, "IO-problem"):
		return fault.New(fault.Conflict, "Flink makes no savepoint: %s", reason).WithHint("name a folder that Flink can write to: flink.savepoints here, or execution.checkpointing.savepoint-dir in Flink's configuration")
	}
	return fault.New(fault.Conflict, "Flink makes no savepoint: %s", reason)
}

// Cancel ends a job at once, and does not wait for it. A job that Flink does not run is fault.NotFound.
func (c *Client) Cancel(ctx context.Context, id string) error {
	err := c.job(ctx, http.MethodPatch, "/jobs/"+url.PathEscape(id)+"?mode=cancel", nil, nil)
	var r *refusal
	if errors.As(err, &r) && r.status == http.StatusConflict { // it has ended already
		return fault.New(fault.NotFound, "%w", err)
	}
	return err
}

// Dispose deletes a savepoint.
func (c *Client) Dispose(ctx context.Context, path string) error {
	_, err := c.operate(ctx, "/savepoint-disposal", "/savepoint-disposal/", map[string]any{"savepoint-path": path})
	return err
}
