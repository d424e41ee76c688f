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

	"millrace/bus"
	"millrace/catalog"
	"millrace/connector"
	"millrace/engine"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/ast"
	"millrace/sql/plan"
)

// pipelines are the Flink SQL scripts that the node runs: each is planned in a planner of its own,
// and every INSERT of it is a job. They are kept as files, so that they come back after a restart.
type pipelines struct {
	ctx        context.Context // of the node: jobs end with it
	bus        *bus.Bus
	env        engine.Env
	connectors []connector.Spec
	formats    []format.Spec
	dir        string
	partitions int // of topics that are made
	log        *slog.Logger

	mu    sync.Mutex // guards what follows; not held while jobs end
	list  map[string]*pipeline
	rates map[string]*jobRate // by job
}

// pipeline is one script and its jobs.
type pipeline struct {
	Name        string `json:"name"`
	SQL         string `json:"sql"`
	DeadLetters string `json:"dead_letters"` // pattern with {topic}; "off"
	Paused      bool   `json:"paused"`

	specs   []engine.Spec
	catalog *catalog.Catalog
	jobs    []*engine.Job
	stop    context.CancelFunc
	running sync.WaitGroup
}

var pipelineName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$`)

// load reads the pipelines of an earlier life. Nothing is started.
func (p *pipelines) load() error {
	entries, err := os.ReadDir(p.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list pipelines: %w", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(p.dir, e.Name()))
		if err != nil {
			return fmt.Errorf("read pipeline: %w", err)
		}
		one := &pipeline{}
		if err := json.Unmarshal(data, one); err != nil {
			return fault.New(fault.Corrupt, "read pipeline %s: %w", e.Name(), err).WithHint("mend or remove the file in %s", p.dir)
		}
		if err := p.plan(one); err != nil {
			return fmt.Errorf("plan pipeline %q: %w", one.Name, err)
		}
		p.list[one.Name] = one
	}
	return nil
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
	return p.apply(ctx, name, sql, deadLetters, true)
}

// add is Apply for the pipelines of the configuration, before anything runs. One that is known already
// stays as it is, paused or not; its script may have changed.
func (p *pipelines) add(ctx context.Context, name, sql, deadLetters string) error {
	return p.apply(ctx, name, sql, deadLetters, false)
}

func (p *pipelines) apply(ctx context.Context, name, sql, deadLetters string, start bool) error {
	if !pipelineName.MatchString(name) {
		return fault.New(fault.Invalid, "pipeline name %q is none", name).WithHint("use letters, digits, '.', '_' and '-', 100 at most")
	}
	if deadLetters == "" {
		deadLetters = "{topic}.dead"
	}
	one := &pipeline{Name: name, SQL: sql, DeadLetters: deadLetters}
	if err := p.plan(one); err != nil {
		return err
	}
	if err := p.ensureTopics(ctx, one); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.list[name]; old != nil {
		if old.SQL == sql && old.DeadLetters == deadLetters {
			return nil
		}
		if !start {
			// The configuration has the last word; jobs whose plan it changes say so themselves.
			one.Paused = old.Paused
			p.list[name] = one
			return p.save(one)
		}
		return fault.New(fault.Conflict, "a pipeline %q runs another script", name).WithHint("drop it first: that forgets its state, too")
	}
	if err := p.save(one); err != nil {
		return err
	}
	p.list[name] = one
	if start {
		p.start(one)
	}
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

func (p *pipelines) save(one *pipeline) error {
	data, err := json.MarshalIndent(one, "", "  ")
	if err != nil {
		return fmt.Errorf("encode pipeline: %w", err)
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return fmt.Errorf("save pipeline %q: %w", one.Name, err)
	}
	return writeFile(filepath.Join(p.dir, one.Name+".json"), data)
}

// start runs the jobs of a pipeline; p.mu is held.
func (p *pipelines) start(one *pipeline) {
	ctx, stop := context.WithCancel(p.ctx)
	one.stop = stop
	one.jobs = nil
	env := p.env
	env.OpenLedger = engine.BusLedgers(p.bus, func(topic string) string {
		return strings.ReplaceAll(one.DeadLetters, "{topic}", topic)
	})
	for _, spec := range one.specs {
		j := engine.NewJob(&env, spec)
		one.jobs = append(one.jobs, j)
		one.running.Add(1)
		go func() {
			defer one.running.Done()
			_ = j.Run(ctx) // the job keeps and logs why it ended
		}()
	}
}

// startAll runs what is not paused.
func (p *pipelines) startAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.list {
		if !one.Paused {
			p.start(one)
		}
	}
}

// wait returns when the jobs of all pipelines have ended, after the node's context has.
func (p *pipelines) wait() {
	p.mu.Lock()
	all := slices.Collect(maps.Values(p.list))
	p.mu.Unlock()
	for _, one := range all {
		one.running.Wait()
	}
}

func (p *pipelines) find(name string) (*pipeline, error) {
	one := p.list[name]
	if one == nil {
		return nil, fault.New(fault.NotFound, "there is no pipeline %q", name).WithHint("it knows: %s", strings.Join(slices.Sorted(maps.Keys(p.list)), ", "))
	}
	return one, nil
}

// Pause stops the jobs of a pipeline; Resume goes on from their last checkpoint.
func (p *pipelines) Pause(_ context.Context, name string) error {
	p.mu.Lock()
	one, err := p.find(name)
	if err != nil || one.Paused {
		p.mu.Unlock()
		return err
	}
	one.Paused = true
	err = p.save(one)
	stop := one.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
	one.running.Wait()
	return err
}

// Resume runs a paused pipeline on.
func (p *pipelines) Resume(_ context.Context, name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, err := p.find(name)
	if err != nil || !one.Paused {
		return err
	}
	one.running.Wait()
	one.Paused = false
	if err := p.save(one); err != nil {
		return err
	}
	p.start(one)
	return nil
}

// Drop stops a pipeline and forgets it, its positions and its state. What it wrote stays.
func (p *pipelines) Drop(ctx context.Context, name string) error {
	p.mu.Lock()
	one, err := p.find(name)
	if err != nil {
		p.mu.Unlock()
		return err
	}
	delete(p.list, name)
	p.mu.Unlock()
	if one.stop != nil {
		one.stop()
	}
	one.running.Wait()
	for _, spec := range one.specs {
		if err := engine.Forget(ctx, p.bus, spec.Name); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(p.env.StateDir, spec.Name)); err != nil {
			return fmt.Errorf("drop pipeline %q: %w", name, err)
		}
	}
	if err := os.Remove(filepath.Join(p.dir, name+".json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("drop pipeline %q: %w", name, err)
	}
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
