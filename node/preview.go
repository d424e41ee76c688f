package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"millrace/api"
	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/sql/wasm"
	"millrace/vec"
)

// A preview is a job like any other, but that its rows go to whoever asked, its epochs to nowhere, and what cannot be
// read is only counted. It has no snapshots, takes part in no transaction and commits no offsets.

// previewEvery is how often operators let go of what they hold back only to save work.
const previewEvery = 200 * time.Millisecond

// maxPreviewBytes bounds the text of the rows of a preview.
const maxPreviewBytes = 4 << 20

// errEnough ends a preview that has all its rows.
var errEnough = errors.New("the preview has its rows")

// Preview implements api.Previews.
func (p *pipelines) Preview(ctx context.Context, q api.StatementPreview) (api.StatementRows, error) {
	node, settings, err := p.previewed(q)
	if err != nil {
		return api.StatementRows{}, err
	}
	if err := p.readsWhatIs(ctx, node); err != nil {
		return api.StatementRows{}, err
	}
	startAt(node, q.From)
	rows := &previewRows{limit: q.Rows, zone: settings.Zone()}
	for _, f := range node.Out().Fields {
		rows.answer.Columns = append(rows.answer.Columns, api.Column{Name: f.Name, Type: f.Type.String()})
	}
	spec := engine.SpecOf("preview", &plan.Job{Name: "preview", Sinks: []*plan.Sink{{Input: node, Schema: node.Out(), Takes: format.All}}, Settings: settings})
	spec.Settings.Checkpoint, spec.Settings.Parallelism, spec.DeadLetters = previewEvery, 1, true
	spec.Collect = rows.take
	ledger := &previewLedger{}
	env := p.env
	env.Snapshots = nil
	env.OpenLedger = func(context.Context, engine.LedgerOf) (engine.Ledger, error) { return ledger, nil }
	job := engine.NewJob(&env, spec)
	err = job.RunOnce(ctx)
	if err != nil && !errors.Is(err, errEnough) && ctx.Err() == nil {
		return api.StatementRows{}, fmt.Errorf("preview: %w", err)
	}
	return rows.done(job, ledger), nil
}

// previewed plans what is asked for: the node whose rows are wanted.
func (p *pipelines) previewed(q api.StatementPreview) (plan.Node, plan.Settings, error) {
	if (q.SQL == "") == (q.Pipeline == "") {
		return nil, plan.Settings{}, fault.New(fault.Invalid, "preview: give either a script or a pipeline")
	}
	planner := plan.NewPlanner(catalog.New(), p.connectors, p.formats)
	planner.WASM = wasm.NewHost(p.functions.limits)
	text := q.SQL
	if q.Pipeline != "" {
		e, err := p.find(q.Pipeline)
		if err != nil {
			return nil, plan.Settings{}, err
		}
		modules, err := p.modulesOf(e)
		if err != nil {
			return nil, plan.Settings{}, err
		}
		planner.Modules, text = modules.read, e.SQL
	}
	var jobs []*plan.Job
	each := func(_ ast.Statement, r *plan.Result) error {
		if r.Job != nil {
			jobs = append(jobs, r.Job)
		}
		return nil
	}
	if err := planner.Script(text, each); err != nil {
		return nil, plan.Settings{}, err
	}
	if q.View != "" {
		if err := planner.Script("SELECT * FROM `"+strings.ReplaceAll(q.View, "`", "``")+"`", each); err != nil {
			return nil, plan.Settings{}, err
		}
		q.Job, q.Node = "", 0
	}
	if q.Job != "" {
		own := strings.TrimPrefix(q.Job, q.Pipeline+".")
		jobs = slices.DeleteFunc(jobs, func(j *plan.Job) bool { return j.Name != own })
	}
	if len(jobs) == 0 {
		return nil, plan.Settings{}, fault.New(fault.NotFound, "preview: there is no query, or no job of that name").WithHint("end the script with a SELECT, or name a view")
	}
	job := jobs[len(jobs)-1]
	node, err := nodeAt(job.Sinks, q.Node)
	return node, job.Settings, err
}

// nodeAt finds a node as EXPLAIN counts them; for a sink it is what would be written.
func nodeAt(sinks []*plan.Sink, at int) (plan.Node, error) {
	left := at
	var find func(n plan.Node) plan.Node
	find = func(n plan.Node) plan.Node {
		if left == 0 {
			return n
		}
		left--
		for _, in := range n.Inputs() {
			if found := find(in); found != nil {
				return found
			}
		}
		return nil
	}
	for _, s := range sinks {
		switch n := find(s).(type) {
		case nil:
		case *plan.Sink:
			return n.Input, nil
		default:
			return n, nil
		}
	}
	return nil, fault.New(fault.NotFound, "preview: the plan has no node %d", at)
}

// scansOf are the tables that a node reads.
func scansOf(n plan.Node) []*plan.Scan {
	if s, ok := n.(*plan.Scan); ok {
		return []*plan.Scan{s}
	}
	var out []*plan.Scan
	for _, in := range n.Inputs() {
		out = append(out, scansOf(in)...)
	}
	return out
}

// readsWhatIs refuses topics that there are not: to read them would make them.
func (p *pipelines) readsWhatIs(ctx context.Context, n plan.Node) error {
	var known []string
	for _, s := range scansOf(n) {
		if !s.Options.Has("topic") || s.Options.Has("properties.bootstrap.servers") {
			continue
		}
		if known == nil {
			var err error
			if known, err = p.bus.TopicNames(ctx); err != nil {
				return err
			}
		}
		for topic := range strings.SplitSeq(s.Options.String("topic"), ";") {
			if topic = strings.TrimSpace(topic); topic != "" && !slices.Contains(known, topic) {
				return fault.New(fault.NotFound, "preview: table %q reads topic %q, which does not exist", s.Table, topic)
			}
		}
	}
	return nil
}

// startAt lets the topics that a node reads begin at their oldest or newest records.
func startAt(n plan.Node, from string) {
	for _, s := range scansOf(n) {
		if s.Options.Has("scan.startup.mode") {
			s.Options = maps.Clone(s.Options)
			s.Options["scan.startup.mode"] = cmp.Or(from, "latest") + "-offset"
			delete(s.Options, "scan.startup.specific-offsets")
			delete(s.Options, "scan.startup.timestamp-millis")
		}
	}
}

// previewRows keeps the rows of a preview as text.
type previewRows struct {
	limit, bytes int
	zone         *time.Location
	answer       api.StatementRows
	buf          []byte
}

// take is engine.Spec.Collect.
func (r *previewRows) take(b *vec.Batch) error {
	rows := b.Rows()
	for k := range rows.Len() {
		if len(r.answer.Rows) == r.limit || r.bytes > maxPreviewBytes {
			r.answer.Truncated = true
			return errEnough
		}
		i := rows.At(k)
		row := api.StatementRow{Op: b.Kind(i).String(), Values: make([]*string, len(b.Cols))}
		for c := range b.Cols {
			if b.Cols[c].IsNull(i) {
				continue
			}
			r.buf = function.AppendPrinted(r.buf[:0], &b.Cols[c], i, r.zone)
			text := string(r.buf)
			r.bytes += len(text)
			row.Values[c] = &text
		}
		r.answer.Rows = append(r.answer.Rows, row)
	}
	if len(r.answer.Rows) == r.limit {
		return errEnough
	}
	return nil
}

// done is the answer when the job has ended.
func (r *previewRows) done(job *engine.Job, l *previewLedger) api.StatementRows {
	status := job.Plan()
	r.answer.RecordsIn, r.answer.Refused, r.answer.Refusal, r.answer.Plan = status.RecordsIn-status.DeadLetters, l.refused.Load(), status.Refusal, status.Text
	if len(r.answer.Rows) == 0 {
		for _, reason := range status.Why {
			r.answer.Why = append(r.answer.Why, api.PlanReason(reason))
		}
	}
	return r.answer
}

// previewLedger commits nothing and counts what could not be read.
type previewLedger struct {
	engine.MemoryLedger
	refused atomic.Int64
}

// Refuse implements engine.Ledger.
func (l *previewLedger) Refuse(_ context.Context, _ *plan.Scan, bad []connector.Refused) error {
	l.refused.Add(int64(len(bad)))
	return nil
}
