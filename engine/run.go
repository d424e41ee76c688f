package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/engine/state"
	"millrace/fault"
	"millrace/format"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// run is one life of a job: from its last committed epoch until its input ends, something breaks or
// its context is cancelled.
type run struct {
	env    *Env
	spec   *Spec
	ledger Ledger
	stats  *counters

	stages  []*stage
	open    []*openStage // beside stages
	sources []*sourceTask
	merges  []*mergeTask
	writers []connector.Writer
	closers []func() error

	collecting sync.Mutex // one SELECT row batch at a time

	gate   sync.RWMutex          // held by the coordinator while the tasks stand still
	acks   chan struct{}         // one for each merge task that a barrier has passed
	groups map[string]*alignment // of splits, by name
	// enough is closed when a LIMIT has all its rows: the job ends, though its input has not.
	enough    chan struct{}
	epoch     Epoch       // the last one committed
	wrote     int64       // stats.written at that time
	ended     bool        // the last epoch was a finished one, and what it staged is published
	snapshots state.Place // nil: none are kept
	chain     *state.Chain
	layout    Layout
	careful   *careful       // nil: the job is not
	read      int64          // stats.rowsIn at the last commit
	asks      <-chan ask     // for savepoints
	must      bool           // the next checkpoint is committed though nothing has moved
	saving    sync.WaitGroup // savepoints that are being copied
	places    []string       // of writers: table and task
}

// openStage is a stage with its tasks.
type openStage struct {
	*stage
	source   connector.Source
	decoder  func() (format.Decoder, error)
	splits   []connector.Split
	tasks    int
	merges   []*mergeTask
	inputs   int           // how many tasks send to this stage
	started  int           // inputs handed out so far
	pools    []*sync.Pool  // by port
	stateful []op.Stateful // by task, merge stages only
	shelves  []*shelf      // beside stateful
}

// start opens everything and restores the last epoch. ctx must last as long as the run.
func (r *run) start(ctx context.Context, last *Epoch) error {
	if last != nil {
		if last.PlanHash != r.spec.Hash {
			return fault.New(fault.Conflict, "start job %s: its checkpoint %d belongs to another plan", r.spec.Name, last.Number).
				WithHint("the query was changed: apply it with --replace, which says what of the state fits, or drop the pipeline, which forgets it")
		}
		r.epoch = *last
	}
	var err error
	if r.stages, err = lowerAll(r.spec.Sinks); err != nil {
		return err
	}
	r.layout = layoutOf(r.spec.Sinks, r.stages)
	if err := r.openStages(ctx); err != nil {
		return err
	}
	if err := r.buildTasks(ctx); err != nil {
		return err
	}
	if err := r.restore(ctx); err != nil {
		return err
	}
	return r.publish(ctx, r.epoch.Staged)
}

func (r *run) openStages(ctx context.Context) error {
	at := map[*stage]*openStage{}
	for _, s := range r.stages {
		o := &openStage{stage: s}
		at[s] = o
		r.open = append(r.open, o)
		if err := r.openStage(ctx, o, at); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) openStage(ctx context.Context, o *openStage, at map[*stage]*openStage) error {
	switch {
	case o.scan != nil:
		src, dec, err := openSource(r.env, o.scan, r.spec.DeadLetters)
		if err != nil {
			return err
		}
		r.closers = append(r.closers, src.Close)
		o.source, o.decoder = src, dec
		if o.splits, err = src.Splits(ctx); err != nil {
			return fmt.Errorf("list splits of table %q: %w", o.scan.Table, err)
		}
		if len(o.splits) == 0 {
			return fault.New(fault.Unavailable, "table %q has nothing to read yet", o.scan.Table)
		}
		o.tasks = len(o.splits)
	case o.values != nil:
		o.splits, o.tasks = []connector.Split{"values"}, 1
		o.source = valuesSource{o.values, r.spec.Settings.Zone}
	default:
		o.tasks = max(1, r.spec.Settings.Parallelism)
		if o.single() {
			o.tasks = 1
		}
		for _, p := range o.ports {
			o.pools = append(o.pools, newPool(p.in))
			for _, in := range p.from {
				o.inputs += at[in].tasks
			}
		}
	}
	return nil
}

// buildTasks makes the tasks, last stages first, as a chain needs to know where it ends.
func (r *run) buildTasks(ctx context.Context) error {
	byStage := map[*stage]*openStage{}
	for _, o := range r.open {
		byStage[o.stage] = o
	}
	for i := len(r.open) - 1; i >= 0; i-- {
		o := r.open[i]
		for task := range o.tasks {
			if err := r.buildTask(ctx, i, o, task, byStage[o.next]); err != nil {
				return err
			}
		}
	}
	r.acks = make(chan struct{}, len(r.merges))
	for _, m := range r.merges {
		m.acks = r.acks
	}
	return nil
}

func (r *run) buildTask(ctx context.Context, index int, o *openStage, task int, next *openStage) error {
	f := newTaskFigures(index, o.endNodes(), o.sink != nil)
	r.stats.rolling.add(f)
	e := &env{ctx: ctx, call: &function.Call{Zone: r.spec.Settings.Zone, Now: time.Now()}, spec: r.spec, env: r.env, stats: r.stats, late: &f.late}
	tail, err := r.tail(ctx, o, task, next, f.end())
	if err != nil {
		return err
	}
	for k := len(o.stage.ops) - 1; k >= 0; k-- {
		made, err := o.stage.ops[k](e)
		if err != nil {
			return err
		}
		if _, ok := made.(op.Stateful); ok {
			// Snapshots ask only the operator behind an exchange, where keys have an owner.
			panic(fmt.Sprintf("engine: operator %T has state, but stands in a chain", made))
		}
		tail = newLink(made, tail).metered(f.meter(k + 1))
	}
	if len(o.ports) > 0 {
		return r.buildMerge(o, e, tail, f)
	}
	return r.buildSource(ctx, index, o, task, e, tail, f)
}

// endNodes are the nodes of the stage's steps, with that of its end, which is the last step's if it is an exchange.
func (s *stage) endNodes() []int {
	if s.sink != nil {
		return s.nodes
	}
	return append(slices.Clip(s.nodes), s.nodes[len(s.nodes)-1])
}

// tail is what a task's chain ends with: the exchange to the next stage, or a writer.
func (r *run) tail(ctx context.Context, o *openStage, task int, next *openStage, m meter) (stream, error) {
	if next != nil {
		x := &exchange{
			ctx: ctx, input: next.started, port: o.into, keys: next.ports[o.into].keys, hasher: r.env.Hasher,
			pool: next.pools[o.into], last: startWatermark, meter: m,
		}
		next.started++
		for _, m := range next.merges {
			x.to = append(x.to, m.queue)
		}
		return x, nil
	}
	w, err := r.openWriter(ctx, o, task)
	if err != nil {
		return nil, err
	}
	r.writers, r.places = append(r.writers, w), append(r.places, fmt.Sprintf("%s/%d", o.sink.Table, r.before(o)+task))
	return &end{ctx: ctx, writer: w, hold: newConstraints(o.sink, &r.spec.Settings), upsert: o.sink.Takes == format.Upserts, stats: r.stats, meter: m}, nil
}

func (r *run) buildMerge(o *openStage, e *env, tail stream, f *taskFigures) error {
	m := newMergeTask(o.inputs)
	m.figures, f.queue = f, m.queue
	var made any
	var err error
	if o.join != nil {
		m.join, err = o.join(e)
		made = m.join
	} else {
		made, err = o.merge(e)
	}
	if err != nil {
		return err
	}
	m.chain, m.tail, m.call, m.gate = newLink(made, tail).metered(f.meter(0)), tail, e.call, &r.gate
	m.clock, _ = made.(op.Clocked)
	if r.epoch.Clock != nil {
		m.begins = *r.epoch.Clock
	}
	if l, ok := made.(*op.Limit); ok && o.sink != nil && len(r.spec.Sinks) == 1 {
		m.limit, m.satisfied = l, sync.OnceFunc(func() { close(r.enough) })
	}
	if s, ok := made.(op.Stateful); ok {
		if m.shelf = newShelf(r.env.Memory, made); m.shelf.of != nil {
			r.closers = append(r.closers, m.shelf.Close)
		}
		o.stateful, o.shelves = append(o.stateful, s), append(o.shelves, &m.shelf)
	}
	o.merges = append(o.merges, m)
	r.merges = append(r.merges, m)
	return nil
}

func (r *run) buildSource(ctx context.Context, index int, o *openStage, task int, e *env, tail stream, f *taskFigures) error {
	split := o.splits[task]
	t := &sourceTask{id: splitID(r.layout.idOf(index), split), split: split, scan: o.scan, gate: &r.gate, call: e.call, stats: r.stats, shown: &splitStats{}, figures: f}
	r.stats.add(t)
	state, known := r.epoch.Sources[t.id]
	if !known { // as epochs named it before sources had ids
		state, known = r.epoch.Sources[fmt.Sprintf("%d/%s", index, split)]
	}
	t.offset, t.done = state.Offset, state.Done
	out := tail
	if o.scan != nil {
		// In batch mode no row is late: event time is at its end when the input is.
		if o.scan.Watermark != nil && !r.spec.Settings.Batch {
			m, err := newWatermarks(o.scan.Watermark, o.scan.Schema, e.call, tail, t.shown)
			if err != nil {
				return err
			}
			if known && state.Watermark != startWatermark {
				m.resume(state.Watermark)
				t.resumed = true
			}
			t.marks, out = m, m
			r.join(o.scan.Watermark, t)
		}
		if !identity(o.scan) {
			p, err := op.NewProject(o.scan.Exprs, o.scan.Schema, e.call)
			if err != nil {
				return err
			}
			out = newLink(p, out)
		}
		if r.spec.DeadLetters {
			t.refuse = r.ledger.Refuse
		}
	}
	t.chain, t.careful = out, r.careful
	if err := r.openReader(ctx, o, t); err != nil {
		return err
	}
	r.sources = append(r.sources, t)
	return nil
}

// join adds a split to the group that its table names.
func (r *run) join(w *plan.Watermark, t *sourceTask) {
	if w.Group == "" || t.done {
		return
	}
	g := r.groups[w.Group]
	if g == nil {
		if r.groups == nil {
			r.groups = map[string]*alignment{}
		}
		g = &alignment{}
		r.groups[w.Group] = g
	}
	t.group = g.join(w.MaxDrift.Milliseconds(), t.marks.sent)
}

func (r *run) openReader(ctx context.Context, o *openStage, t *sourceTask) error {
	size := r.spec.Settings.BatchRows
	if size == 0 {
		size = vec.MaxRows
	}
	var dec format.Decoder
	if o.scan != nil {
		if o.scan.Changes != format.Inserts {
			size = max(size, 8) // so that the rows of an update fit, which come together
		}
		t.rows.Builder = vec.NewBuilderSize(o.scan.Read, size)
		t.rows.Meta = metaColumns(o.scan)
		var err error
		if dec, err = o.decoder(); err != nil {
			return fmt.Errorf("open table %q: %w", o.scan.Table, err)
		}
	} else {
		t.rows.Builder = vec.NewBuilderSize(o.values.Schema, size)
	}
	if t.done {
		return nil
	}
	if r.careful != nil && dec != nil {
		h, p := r.careful.hunt, r.careful.hunt.found
		if p != nil && (p.split != t.id || p.from != t.offset) {
			p = nil
		}
		dec, t.sieve = newSieve(dec, h.limit, p)
	}
	reader, err := o.source.Open(ctx, t.split, t.offset, dec)
	if err != nil {
		return fmt.Errorf("open split %s: %w", t.split, err)
	}
	r.closers = append(r.closers, reader.Close)
	t.reader = reader
	return nil
}

// live starts the run from its last epoch and goes on until it ends. It returns nil when the input has
// ended and everything is committed.
func (r *run) live(ctx context.Context, last *Epoch) error {
	tasks, tctx := errgroup.WithContext(ctx)
	stop, cancel := context.WithCancel(tctx)
	defer cancel()
	r.enough = make(chan struct{})
	if err := r.start(stop, last); err != nil {
		return err
	}
	tasks.Go(func() error { return r.stats.rolling.run(stop) })
	for _, m := range r.merges {
		tasks.Go(guard(func() error { return m.run(stop) }))
	}
	// Only splits that are read to their end count: a task that fails must not look like one that is done.
	ended, left := make(chan struct{}), atomic.Int64{}
	finish := func() {
		if left.Add(-1) == 0 {
			close(ended)
		}
	}
	left.Store(int64(len(r.sources)))
	for _, t := range r.sources {
		live := t.run
		if t.done {
			live = t.replayEnd
		}
		tasks.Go(guard(func() error {
			err := live(stop)
			if err == nil {
				finish()
			}
			return err
		}))
	}
	tasks.Go(guard(func() error {
		err := r.coordinate(stop, ended)
		if err == nil {
			cancel()
		}
		return err
	}))
	r.stats.setState(Running, nil)
	err := tasks.Wait()
	if r.ended {
		return nil
	}
	return err
}

// guard turns a panic of a task into an error: the job restarts, the process lives. A page of state that cannot be read
// from disk is a panic, too.
func guard(f func() error) func() error {
	return func() (err error) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("task panicked: %v\n%s", p, debug.Stack())
			}
		}()
		return f()
	}
}

// close releases what the run has opened, writers first.
func (r *run) close() error {
	r.saving.Wait()
	if r.chain != nil {
		r.chain.Close()
	}
	var first error
	for _, w := range r.writers {
		if err := w.Close(); err != nil && first == nil {
			first = err
		}
	}
	for i := len(r.closers) - 1; i >= 0; i-- {
		if err := r.closers[i](); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// splitID names a split of a source in epochs.
func splitID(source string, s connector.Split) string { return source + "/" + string(s) }

func shareOf(task, of int) op.Share { return op.Share{Index: task, Of: of} }

// identity reports whether a scan's columns are what the connector reads, in that order.
func identity(n *plan.Scan) bool {
	if len(n.Exprs) != n.Read.Len() {
		return false
	}
	for i, e := range n.Exprs {
		if c, ok := e.(*plan.Column); !ok || c.Index != i {
			return false
		}
	}
	return true
}

// metaColumns turns a scan's metadata columns, those of its format apart, into positions by key, as readers want them.
func metaColumns(n *plan.Scan) map[string]int {
	if len(n.Meta) == 0 {
		return nil
	}
	m := make(map[string]int, len(n.Meta))
	for at, key := range n.Meta {
		if !strings.HasPrefix(key, plan.ValueMetadata) {
			m[key] = at
		}
	}
	return m
}

// openWriter opens the sink of a stage for one task.
func (r *run) openWriter(ctx context.Context, o *openStage, task int) (connector.Writer, error) {
	n := o.sink
	if n.Connector == "" {
		return &collector{rows: r.spec.Collect, mu: &r.collecting}, nil
	}
	spec, ok := r.env.Connectors[n.Connector]
	if !ok || spec.Sink == nil {
		return nil, fault.New(fault.Invalid, "write table %q: connector %q cannot be written", n.Table, n.Connector)
	}
	sink, err := spec.Sink(connector.Table{Name: n.Table, Schema: n.Schema, Meta: n.Meta, Partition: n.Partition, Overwrite: n.Overwrite, Options: n.Options})
	if err != nil {
		return nil, fmt.Errorf("open table %q: %w", n.Table, err)
	}
	r.closers = append(r.closers, sink.Close)
	enc, err := encoderOf(r.env.Formats, n)
	if err != nil {
		return nil, fmt.Errorf("open table %q: %w", n.Table, err)
	}
	w, err := sink.Open(ctx, connector.Task{Job: r.spec.Name, Index: r.before(o) + task, Of: r.tasksOf(n), Txn: r.ledger.Txn()}, enc)
	if err != nil {
		return nil, fmt.Errorf("open table %q: %w", n.Table, err)
	}
	return w, nil
}

// tasksOf is how many tasks write a sink; several stages do below a union.
func (r *run) tasksOf(n *plan.Sink) int {
	tasks := 0
	for _, o := range r.open {
		if o.sink == n {
			tasks += o.tasks
		}
	}
	return tasks
}

// before is how many tasks of earlier stages write the sink of o.
func (r *run) before(o *openStage) int {
	tasks := 0
	for _, other := range r.open {
		if other == o {
			break
		}
		if other.sink == o.sink {
			tasks += other.tasks
		}
	}
	return tasks
}

// collector is the writer of a SELECT: it hands rows to the caller of the job.
type collector struct {
	mu   *sync.Mutex
	rows func(*vec.Batch) error
}

func (c *collector) Write(_ context.Context, b *vec.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows(b)
}
func (c *collector) Flush(context.Context) error { return nil }
func (c *collector) Close() error                { return nil }
