package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"millrace/api"
	"millrace/bus"
	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/plan"
)

// pipelines are the Flink SQL scripts that the platform runs: each is planned in a planner of its own,
// and every INSERT of it is a job. They are in the table that all replicas share; each job is a unit of
// work that one of them runs.
type pipelines struct {
	bus        *bus.Bus
	table      *bus.Table
	work       *work
	env        engine.Env
	connectors []connector.Spec
	formats    []format.Spec
	partitions int // of topics that are made
	log        *slog.Logger
	// elsewhere is how another replica sees a job that it runs.
	elsewhere func(job string) (api.Job, bool)

	taking sync.Mutex // one change at a time
	mu     sync.Mutex // guards what follows; not held while jobs end
	list   map[string]*pipeline
	rates  map[string]*jobRate // by job
}

// pipeline is one script and its jobs.
type pipeline struct {
	pipelineEntry

	specs   []engine.Spec
	catalog *catalog.Catalog
	jobs    []*engine.Job // while it is not paused
}

// pipelineEntry is a pipeline as the table has it.
type pipelineEntry struct {
	Name        string `json:"name"`
	SQL         string `json:"sql"`
	DeadLetters string `json:"dead_letters"` // pattern with {topic}; "off"
	Paused      bool   `json:"paused"`
}

// The prefixes of the keys of pipelines in the table, and of the names of their jobs as units of work.
const (
	pipelinePrefix = "pipeline/"
	jobPrefix      = "job/"
)

var pipelineName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$`)

// run follows the table until ctx ends.
func (p *pipelines) run(ctx context.Context) error {
	return p.table.Watch(ctx, pipelinePrefix, func(key string, _ []byte) error {
		p.take(ctx, strings.TrimPrefix(key, pipelinePrefix))
		return nil
	})
}

// take brings a pipeline to what the table says of it now.
func (p *pipelines) take(ctx context.Context, name string) {
	p.taking.Lock()
	defer p.taking.Unlock()
	value, ok := p.table.Get(pipelinePrefix + name)
	p.mu.Lock()
	old := p.list[name]
	p.mu.Unlock()
	if !ok {
		if old != nil {
			p.end(old)
			p.forget(ctx, old)
		}
		return
	}
	one := &pipeline{}
	err := json.Unmarshal(value, &one.pipelineEntry)
	if err == nil {
		if old != nil && old.pipelineEntry == one.pipelineEntry {
			return
		}
		err = p.plan(one)
	}
	if err != nil {
		// Written by a newer release, or by hand.
		p.log.Error("pipeline is off: it cannot be planned", "pipeline", name, "error", err)
		return
	}
	if old != nil {
		p.end(old)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list[name] = one
	if !one.Paused {
		p.start(one)
	}
}

// end stops the jobs of a pipeline here and takes it off the list.
func (p *pipelines) end(one *pipeline) {
	p.mu.Lock()
	delete(p.list, one.Name)
	jobs := one.jobs
	p.mu.Unlock()
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = jobPrefix + j.Status().Name
	}
	p.work.remove(names...)
}

// forget removes the positions and the state of jobs that were dropped. The replica that holds a job's share does it.
func (p *pipelines) forget(ctx context.Context, one *pipeline) {
	for _, spec := range one.specs {
		if !p.work.owns(jobPrefix + spec.Name) {
			continue
		}
		err := engine.Forget(ctx, p.bus, spec.Name)
		if err == nil {
			err = p.env.Snapshots(spec.Name).Keep(ctx, "")
		}
		if err != nil {
			p.log.Error("state of a dropped job is left behind", "job", spec.Name, "error", err)
		}
	}
}

// plan turns the script into jobs.
func (p *pipelines) plan(one *pipeline) error {
	one.catalog = catalog.New()
	planner := plan.NewPlanner(one.catalog, p.connectors, p.formats)
	one.specs = nil
	err := planner.Script(one.SQL, func(_ ast.Statement, r *plan.Result) error {
		if r.Job == nil {
			return nil
		}
		spec := engine.SpecOf(one.Name+"."+r.Job.Name, r.Job)
		for _, s := range r.Job.Sinks {
			if s.Connector == "" {
				return fault.New(fault.Invalid, "a SELECT has nowhere to write to").WithHint("write INSERT INTO a table, or run it with `millrace sql`")
			}
		}
		if spec.Settings.Checkpoint == 0 {
			spec.Settings.Checkpoint = engine.DefaultCheckpoint
		}
		spec.DeadLetters = one.DeadLetters != "off"
		for _, other := range one.specs {
			if other.Name == spec.Name {
				spec.Name = fmt.Sprintf("%s-%d", spec.Name, len(one.specs)+1)
			}
		}
		one.specs = append(one.specs, spec)
		return nil
	})
	if err != nil {
		return err
	}
	if len(one.specs) == 0 {
		return fault.New(fault.Invalid, "the script has no INSERT, so there is nothing to run")
	}
	return nil
}

// Apply implements api.Pipelines: it plans a script and runs it under a name. The same script again
// changes nothing, another one under a name that is taken is a conflict.
func (p *pipelines) Apply(ctx context.Context, name, sql, deadLetters string) error {
	one, err := p.planned(name, sql, deadLetters)
	if err != nil {
		return err
	}
	if old, err := p.find(name); err == nil {
		if old.SQL == one.SQL && old.DeadLetters == one.DeadLetters {
			return nil
		}
		return fault.New(fault.Conflict, "a pipeline %q runs another script", name).WithHint("drop it first: that forgets its state, too")
	}
	if err := p.ensureTopics(ctx, one); err != nil {
		return err
	}
	return p.put(ctx, one.pipelineEntry)
}

// adopt takes over the pipelines that releases before the table kept as files.
func (p *pipelines) adopt(ctx context.Context, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read pipeline: %w", err)
		}
		var e pipelineEntry
		if err := json.Unmarshal(data, &e); err != nil {
			return fault.New(fault.Corrupt, "read pipeline %s: %w", file, err).WithHint("mend or remove the file")
		}
		if _, known := p.table.Get(pipelinePrefix + e.Name); !known {
			if err := p.put(ctx, e); err != nil {
				return err
			}
		}
		if err := os.Rename(file, file+".adopted"); err != nil {
			return fmt.Errorf("adopt pipeline: %w", err)
		}
	}
	return nil
}

// planned checks a pipeline.
func (p *pipelines) planned(name, sql, deadLetters string) (*pipeline, error) {
	if !pipelineName.MatchString(name) {
		return nil, fault.New(fault.Invalid, "pipeline name %q is none", name).WithHint("use letters, digits, '.', '_' and '-', 100 at most")
	}
	if deadLetters == "" {
		deadLetters = "{topic}.dead"
	}
	one := &pipeline{pipelineEntry: pipelineEntry{Name: name, SQL: sql, DeadLetters: deadLetters}}
	return one, p.plan(one)
}

// configure is Apply for a pipeline of the configuration, which has the last word: one that is known already stays
// paused if it is; its script may have changed, and jobs whose plan that changes say so themselves.
func (p *pipelines) configure(ctx context.Context, one *pipeline) error {
	if err := p.ensureTopics(ctx, one); err != nil {
		return err
	}
	e := one.pipelineEntry
	if value, ok := p.table.Get(pipelinePrefix + e.Name); ok {
		var old pipelineEntry
		if err := json.Unmarshal(value, &old); err == nil {
			e.Paused = old.Paused
		}
		if e == old {
			return nil
		}
	}
	return p.put(ctx, e)
}

// put writes an entry to the table; it is in force here when put returns.
func (p *pipelines) put(ctx context.Context, e pipelineEntry) error {
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode pipeline %q: %w", e.Name, err)
	}
	if err := p.table.Put(ctx, pipelinePrefix+e.Name, value); err != nil {
		return err
	}
	p.take(ctx, e.Name)
	return nil
}

// ensureTopics makes the topics that the jobs read and write, so that a reader does not wait for a
// writer to make them.
func (p *pipelines) ensureTopics(ctx context.Context, one *pipeline) error {
	for _, o := range one.catalog.List() {
		for _, topic := range strings.Split(o.Options["topic"], ";") {
			if topic == "" {
				continue
			}
			if _, err := p.bus.Ensure(ctx, topic, p.partitions, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// start hands the jobs of a pipeline to the work; p.mu is held.
func (p *pipelines) start(one *pipeline) {
	env := p.env
	env.OpenLedger = engine.BusLedgers(p.bus, func(topic string) string {
		return strings.ReplaceAll(one.DeadLetters, "{topic}", topic)
	})
	for _, spec := range one.specs {
		j := engine.NewJob(&env, spec)
		one.jobs = append(one.jobs, j)
		p.work.add(jobPrefix+spec.Name, false, func(ctx context.Context) {
			_ = j.Run(ctx) // the job keeps and logs why it ended
		})
	}
}

func (p *pipelines) find(name string) (pipelineEntry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.list[name]
	if one == nil {
		return pipelineEntry{}, fault.New(fault.NotFound, "there is no pipeline %q", name).WithHint("it knows: %s", strings.Join(slices.Sorted(maps.Keys(p.list)), ", "))
	}
	return one.pipelineEntry, nil
}

// Pause stops the jobs of a pipeline; Resume goes on from their last checkpoint.
func (p *pipelines) Pause(ctx context.Context, name string) error { return p.rest(ctx, name, true) }

// Resume runs a paused pipeline on.
func (p *pipelines) Resume(ctx context.Context, name string) error { return p.rest(ctx, name, false) }

func (p *pipelines) rest(ctx context.Context, name string, paused bool) error {
	e, err := p.find(name)
	if err != nil || e.Paused == paused {
		return err
	}
	e.Paused = paused
	return p.put(ctx, e)
}

// Drop stops a pipeline and forgets it, its positions and its state. What it wrote stays.
func (p *pipelines) Drop(ctx context.Context, name string) error {
	if _, err := p.find(name); err != nil {
		return err
	}
	if err := p.table.Put(ctx, pipelinePrefix+name, nil); err != nil {
		return err
	}
	p.take(ctx, name)
	return nil
}

// outputs are the topics that pipelines write: they are derived, not collected.
func (p *pipelines) outputs() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]bool{}
	for _, one := range p.list {
		for _, spec := range one.specs {
			for _, s := range spec.Sinks {
				if t := s.Options.String("topic"); t != "" {
					out[t] = true
				}
			}
		}
	}
	return out
}

// scan finds the table that stands for a topic, in any pipeline, as a plan that reads all of it.
func (p *pipelines) scan(topic string) (*plan.Scan, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(p.list)) {
		for _, o := range p.list[name].catalog.List() {
			if o.Kind != catalog.Table || o.Options["topic"] != topic {
				continue
			}
			planner := plan.NewPlanner(p.list[name].catalog, p.connectors, p.formats)
			query := "SELECT * FROM `" + o.Name + "`"
			var found *plan.Scan
			err := planner.Script(query, func(_ ast.Statement, r *plan.Result) error {
				found = findScan(r.Job.Sinks[0])
				return nil
			})
			if err == nil && found != nil {
				return found, true
			}
		}
	}
	return nil, false
}

func findScan(n plan.Node) *plan.Scan {
	if s, ok := n.(*plan.Scan); ok {
		return s
	}
	for _, in := range n.Inputs() {
		if s := findScan(in); s != nil {
			return s
		}
	}
	return nil
}

func sortedNames(list map[string]*pipeline) []string { return slices.Sorted(maps.Keys(list)) }
