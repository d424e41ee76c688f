package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"millrace/api"
	"millrace/bus"
	"millrace/catalog"
	"millrace/config"
	"millrace/connector"
	"millrace/engine"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/plan"
	"millrace/sql/wasm"
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
	flink      flinkSettings
	functions  functions
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
	modules map[string][]byte // what its functions were read from just now, by hash
	catalog *catalog.Catalog
	jobs    []*engine.Job  // while it is not paused
	flink   *flinkPipeline // nil: it runs here
	mover   *mover         // nil: it does not move
}

// pipelineEntry is a pipeline as the table has it.
type pipelineEntry struct {
	Name        string `json:"name"`
	SQL         string `json:"sql"`
	DeadLetters string `json:"dead_letters"` // pattern with {topic}; "off"
	Paused      bool   `json:"paused"`
	Engine      string `json:"engine,omitempty"`  // config.EngineFlink; empty: this program
	Gateway     string `json:"gateway,omitempty"` // of Flink; empty: the configuration's
	Run         int    `json:"run,omitempty"`     // how often jobs that failed on Flink were wanted again
	Dropped     bool   `json:"dropped,omitempty"` // its jobs on Flink are being cancelled
	// Move is a moveWish, in JSON, while it moves between engines; Handover, on Flink, where its jobs began there; Moved
	// says that where it runs was decided so, whatever the configuration says.
	Move     string `json:"move,omitempty"`
	Handover string `json:"handover,omitempty"`
	Moved    bool   `json:"moved,omitempty"`
	Poison   string `json:"poison,omitempty"` // poisonFails, or empty: a record that kills a job twice goes to the dead letters
	// Start is where it was last told to go on.
	Start   engine.Start `json:"start,omitzero"`
	Modules string       `json:"modules,omitempty"` // hashes of the modules of its functions by their names, in JSON
}

// The prefixes of the keys of pipelines in the table, and of the names of their jobs as units of work.
const (
	pipelinePrefix = "pipeline/"
	jobPrefix      = "job/"
)

var pipelineName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$`)

// run follows the table until ctx ends.
func (p *pipelines) run(ctx context.Context) error {
	watches, ctx := errgroup.WithContext(ctx)
	watches.Go(func() error {
		return p.table.Watch(ctx, pipelinePrefix, func(key string, _ []byte) error {
			p.take(ctx, strings.TrimPrefix(key, pipelinePrefix))
			return nil
		})
	})
	watches.Go(func() error { return p.saveWhatIsAsked(ctx) })
	return watches.Wait()
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
		p.forgetGone(ctx, old, one)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list[name] = one
	if !one.Paused || one.flink != nil || one.mover != nil {
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
	switch {
	case one.mover != nil:
		names = append(names, moveUnitPrefix+one.Name)
	case one.flink != nil:
		names = append(names, flinkUnitPrefix+one.Name)
	}
	p.work.remove(names...)
}

// forget removes the positions and the state of jobs that were dropped. The replica that holds a job's share does it.
func (p *pipelines) forget(ctx context.Context, one *pipeline) {
	if one.flink != nil && !one.Moved {
		return // its jobs were cancelled before
	}
	p.forgetJobs(ctx, one.specs)
}

func (p *pipelines) forgetJobs(ctx context.Context, specs []engine.Spec) {
	for _, spec := range specs {
		if !p.work.owns(jobPrefix + spec.Name) {
			continue
		}
		err := engine.Forget(ctx, p.bus, spec.Name)
		if err == nil {
			err = state.Clear(ctx, p.env.Snapshots(spec.Name))
		}
		if err != nil {
			p.log.Error("state of a dropped job is left behind", "job", spec.Name, "error", err)
		}
	}
}

// plan turns the script into jobs.
func (p *pipelines) plan(one *pipeline) error {
	if one.Engine != config.EngineFlink {
		if err := p.planHere(one); err != nil {
			return err
		}
		return p.planMove(one)
	}
	var err error
	if one.flink, err = p.newFlink(one.pipelineEntry); err != nil {
		return err
	}
	// What Flink runs may be more than we know; then only its tables are known here.
	if err := p.planHere(one); err != nil {
		p.log.Debug("a pipeline on Flink is none that could run here", "pipeline", one.Name, "error", err)
	}
	return p.planMove(one)
}

// planHere plans the script in a planner of its own.
func (p *pipelines) planHere(one *pipeline) error {
	one.catalog = catalog.New()
	planner := plan.NewPlanner(one.catalog, p.connectors, p.formats)
	modules, err := p.modulesOf(one.pipelineEntry)
	if err != nil {
		return err
	}
	planner.Modules, planner.WASM = modules.read, wasm.NewHost(p.functions.limits) // what it compiles goes with the pipeline
	one.specs = nil
	err = planner.Script(one.SQL, func(_ ast.Statement, r *plan.Result) error {
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
		spec.Poison = spec.DeadLetters && one.Poison != poisonFails
		spec.Start = one.Start
		for _, other := range one.specs {
			if other.Name == spec.Name {
				spec.Name = fmt.Sprintf("%s-%d", spec.Name, len(one.specs)+1)
			}
		}
		if spec.Start.From == engine.FromSavepoint {
			spec.SavedIn = p.env.Snapshots(savedPlace(spec.Start.Saved, strings.TrimPrefix(spec.Name, one.Name+".")))
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
	one.modules = modules.fresh
	one.Modules, err = modules.entry()
	return err
}

// Apply implements api.Pipelines: it plans a script and runs it under a name. The same script again
// changes nothing, another one under a name that is taken is a conflict.
func (p *pipelines) Apply(ctx context.Context, r api.PipelineRequest) error {
	one, err := p.planned(entryOf(r))
	if err != nil {
		return err
	}
	if err := p.beginSaved(ctx, one, r); err != nil {
		return err
	}
	if old, err := p.find(r.Name); err == nil {
		was := old
		was.Paused, was.Run, was.Start = false, 0, engine.Start{}
		if was == one.pipelineEntry {
			return nil
		}
		if !r.Replace {
			return fault.New(fault.Conflict, "a pipeline %q runs another script, or elsewhere", r.Name).
				WithHint("replace it (--replace), which says what of its state fits, or drop it first: that forgets its state")
		}
		if err := p.replace(one, r); err != nil {
			return err
		}
	}
	if one.flink != nil {
		if err := p.checkFlink(ctx, one); err != nil {
			return err
		}
	}
	if err := p.ensureTopics(ctx, one); err != nil {
		return err
	}
	if err := p.keepModules(ctx, one); err != nil {
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
func (p *pipelines) planned(e pipelineEntry) (*pipeline, error) {
	if !pipelineName.MatchString(e.Name) {
		return nil, fault.New(fault.Invalid, "pipeline name %q is none", e.Name).WithHint("use letters, digits, '.', '_' and '-', 100 at most")
	}
	if e.DeadLetters == "" {
		e.DeadLetters = "{topic}.dead"
	}
	if e.Engine != config.EngineFlink {
		if e.Gateway != "" {
			return nil, fault.New(fault.Invalid, "pipeline %q names a gateway, but does not run on Flink", e.Name).WithHint("say engine flink, too")
		}
		e.Engine = "" // as the table had it before there was another
	}
	one := &pipeline{pipelineEntry: e}
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
			e.Paused, e.Run, e.Start = old.Paused, old.Run, old.Start
			if old.Moved || old.Move != "" {
				return old.stays(e)
			}
			if old.Engine == config.EngineFlink && e.Engine != old.Engine {
				return fault.New(fault.Conflict, "it runs on Flink, and the configuration says it should not").WithHint("drop it there first, with `millrace pipeline drop`")
			}
		}
		if e == old {
			return nil
		}
	}
	if err := p.keepModules(ctx, one); err != nil {
		return err
	}
	if err := p.put(ctx, e); err != nil {
		return err
	}
	return p.forgetModules(ctx)
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
	if one.mover != nil {
		p.work.add(moveUnitPrefix+one.Name, false, one.mover.run)
		return
	}
	if one.flink != nil {
		p.work.add(flinkUnitPrefix+one.Name, false, one.flink.run)
		return
	}
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
	if err != nil {
		return err
	}
	if err := e.atRest(); err != nil {
		return err
	}
	onFlink := e.Engine == config.EngineFlink
	if onFlink && !paused {
		e.Run++ // jobs that failed, too
	}
	if e.Paused == paused && !onFlink {
		return nil
	}
	e.Paused = paused
	if err := p.put(ctx, e); err != nil || !onFlink || !paused {
		return err
	}
	return p.halted(ctx, name)
}

// Drop stops a pipeline and forgets it, its positions and its state. What it wrote stays.
func (p *pipelines) Drop(ctx context.Context, name string) error {
	e, err := p.find(name)
	if err != nil {
		return err
	}
	if err := e.atRest(); err != nil {
		return err
	}
	if _, ok := p.table.Get(movePrefix + name); ok {
		if err := p.table.Put(ctx, movePrefix+name, nil); err != nil {
			return err
		}
	}
	if e.Engine == config.EngineFlink {
		return p.dropFlink(ctx, e)
	}
	if err := p.table.Put(ctx, pipelinePrefix+name, nil); err != nil {
		return err
	}
	p.take(ctx, name)
	return errors.Join(p.forgetModules(ctx), p.dropSavepoints(ctx, name))
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
			planner.WASM = wasm.NewHost(p.functions.limits)
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
