package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"millrace/api"
	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/option"
)

// sources are the collectors that run: those of the configuration and those that were added by the API,
// which are in the table that all replicas share.
type sources struct {
	bus     *bus.Bus
	table   *bus.Table
	work    *work
	specs   map[string]connector.Spec
	events  *arrivals
	log     *slog.Logger
	replica string
	// elsewhere is how another replica sees a source that it runs.
	elsewhere  func(name string) api.Source
	partitions int // of topics that are made

	taking sync.Mutex // one change at a time
	mu     sync.Mutex // guards what follows; not held while a source ends
	list   map[string]*source
}

// source is one of them.
type source struct {
	sourceEntry
	origin    string // "config" or "api"
	spec      connector.Spec
	collector connector.Collector
	figures   *sourceFigures
}

// sourceEntry is a source as the table has it. A source of the configuration is only there while it is paused,
// without a connector.
type sourceEntry struct {
	Name      string        `json:"name"`
	Connector string        `json:"connector,omitempty"`
	Options   option.Values `json:"options,omitempty"`
	Paused    bool          `json:"paused,omitempty"`
}

const (
	sourcePrefix = "source/" // of keys in the table
	fromConfig   = "config"
	fromAPI      = "api"
)

func newSources(b *bus.Bus, t *bus.Table, w *work, specs []connector.Spec, events *arrivals, replica string, log *slog.Logger) *sources {
	return &sources{
		bus: b, table: t, work: w, specs: byName(specs, func(s connector.Spec) string { return s.Name }),
		events: events, log: log, replica: replica, list: map[string]*source{},
	}
}

// make checks a source and makes what collects.
func (s *sources) make(e sourceEntry, origin string) (*source, error) {
	if !pipelineName.MatchString(e.Name) {
		return nil, fault.New(fault.Invalid, "source name %q is none", e.Name).WithHint("use letters, digits, '.', '_' and '-', 100 at most")
	}
	one := &source{sourceEntry: e, origin: origin, figures: &sourceFigures{lag: -1}}
	var err error
	one.spec, one.Options, one.collector, err = s.collector(e.Connector, e.Options)
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", e.Name, err)
	}
	return one, nil
}

// collector makes a collector from its settings; they come back with the defaults filled in.
func (s *sources) collector(name string, vals option.Values) (connector.Spec, option.Values, connector.Collector, error) {
	spec, ok := s.specs[name]
	if !ok {
		known := slices.Sorted(maps.Keys(s.specs))
		e := fault.New(fault.Invalid, "there is no connector %q", name).WithHint("it knows: %s", strings.Join(known, ", "))
		if near := fault.Near(name, known); near != "" {
			e = e.WithHint("did you mean %q?", near)
		}
		return spec, nil, nil, e
	}
	vals, err := option.Check("connector "+name, spec.Options, vals)
	if err != nil {
		return spec, nil, nil, err
	}
	c, err := spec.Collect(vals)
	return spec, vals, c, err
}

// configure adds the sources of the configuration. One that cannot be made ends the start.
func (s *sources) configure(entries []sourceEntry) error {
	for _, e := range entries {
		one, err := s.make(e, fromConfig)
		if err != nil {
			return err
		}
		s.mu.Lock()
		taken := s.list[e.Name] != nil
		s.list[e.Name] = one
		s.mu.Unlock()
		if taken {
			return fault.New(fault.Invalid, "two sources have the name %q", e.Name)
		}
	}
	return nil
}

// run starts what is not paused, and follows the table, until ctx ends.
func (s *sources) run(ctx context.Context) error {
	s.mu.Lock()
	for name, one := range s.list {
		if _, paused := s.table.Get(sourcePrefix + name); !paused {
			s.start(one)
		}
	}
	s.mu.Unlock()
	return s.table.Watch(ctx, sourcePrefix, func(key string, _ []byte) error {
		s.take(strings.TrimPrefix(key, sourcePrefix))
		return nil
	})
}

// take brings a source to what the table says of it now.
func (s *sources) take(name string) {
	s.taking.Lock()
	defer s.taking.Unlock()
	var want sourceEntry
	value, known := s.table.Get(sourcePrefix + name)
	if known {
		if err := json.Unmarshal(value, &want); err != nil {
			s.log.Error("source is off: its entry cannot be read", "source", name, "error", err)
			return
		}
	}
	s.mu.Lock()
	old := s.list[name]
	configured := old != nil && old.origin == fromConfig
	if configured { // the table only says whether it is paused
		want = sourceEntry{Name: name, Connector: old.Connector, Options: old.Options, Paused: want.Paused}
	}
	gone := !known && !configured
	same := old != nil && !gone && old.Connector == want.Connector && maps.Equal(old.Options, want.Options)
	if same && old.Paused == want.Paused || gone && old == nil {
		s.mu.Unlock()
		return
	}
	delete(s.list, name)
	s.mu.Unlock()
	s.work.remove(sourcePrefix + name)
	if gone {
		return
	}
	one := old
	if !same {
		var err error
		if one, err = s.make(want, fromAPI); err != nil {
			s.log.Error("source is off", "source", name, "error", err)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one.Paused = want.Paused
	s.list[name] = one
	if !one.Paused {
		s.start(one)
	}
}

// start hands a source to the work; s.mu is held.
func (s *sources) start(one *source) {
	at := &site{intake: newIntake(s.bus, one.Name, s.events), label: one.Name, key: s.positionKey(one), figures: one.figures}
	s.work.add(sourcePrefix+one.Name, one.spec.Local, func(ctx context.Context) {
		collect(ctx, s.log, one.collector, at)
	})
}

// positionKey is the key of a source's position; one that every replica runs has a position on each.
func (s *sources) positionKey(one *source) string {
	if one.spec.Local {
		return one.Name + "@" + s.replica
	}
	return one.Name
}

// put checks an entry and writes it to the table; it is in force when put returns.
func (s *sources) put(ctx context.Context, e sourceEntry) error {
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode source %q: %w", e.Name, err)
	}
	if err := s.table.Put(ctx, sourcePrefix+e.Name, value); err != nil {
		return err
	}
	s.take(e.Name)
	return nil
}

// find returns what is known of a source.
func (s *sources) find(name string) (source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.list[name]
	if one == nil {
		return source{}, fault.New(fault.NotFound, "there is no source %q", name).WithHint("it knows: %s", strings.Join(slices.Sorted(maps.Keys(s.list)), ", "))
	}
	return *one, nil
}

// pause sets whether a source rests.
func (s *sources) pause(ctx context.Context, name string, paused bool) error {
	one, err := s.find(name)
	if err != nil || one.Paused == paused {
		return err
	}
	e := sourceEntry{Name: name, Paused: paused}
	if one.origin == fromAPI {
		e.Connector, e.Options = one.Connector, one.Options
	} else if !paused {
		if err := s.table.Put(ctx, sourcePrefix+name, nil); err != nil {
			return err
		}
		s.take(name)
		return nil
	}
	return s.put(ctx, e)
}

// Drop implements api.Sources: it ends a source and forgets it and its position. What it has brought stays.
func (s *sources) Drop(ctx context.Context, name string) error {
	one, err := s.find(name)
	if err != nil {
		return err
	}
	if one.origin == fromConfig {
		return configured(name)
	}
	if err := s.table.Put(ctx, sourcePrefix+name, nil); err != nil {
		return err
	}
	s.take(name)
	err = s.bus.Append(ctx, []bus.Record{{Topic: positionTopic, Key: []byte(s.positionKey(&one))}})
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// List implements api.Sources: a source that another replica runs is shown as that one sees it.
func (s *sources) List(context.Context) ([]api.Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []api.Source{}
	for _, name := range slices.Sorted(maps.Keys(s.list)) {
		one := s.list[name]
		v := one.figures.view()
		switch here := one.spec.Local || s.work.owns(sourcePrefix+name); {
		case one.Paused:
			v.State = "paused"
		case here:
			v.Replica = s.replica
		default:
			v = s.elsewhere(name)
		}
		v.Name, v.Connector, v.Options, v.Origin = name, one.Connector, one.Options, one.origin
		if !addable(one.Connector) {
			v.Options = nil // the API does not know which of them are secret
		}
		out = append(out, v)
	}
	return out, nil
}

func (f *sourceFigures) view() api.Source {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := api.Source{
		RecordsTotal: f.records, RefusedTotal: f.refused, Lag: f.lag, RecordsPerSecond: f.rate.take(f.records),
		LastRecordAt: instant(f.lastRecord), LastErrorAt: instant(f.lastError), LastError: f.err, Restarts: int64(f.restarts), State: "running",
	}
	switch {
	case f.done:
		v.State = "paused" // as the demo once real data has come
	case !f.running:
		v.State = "retrying"
	}
	return v
}

// Apply implements api.Sources.
func (s *sources) Apply(ctx context.Context, d api.SourceDraft) error {
	if one, err := s.find(d.Name); err == nil && one.origin == fromConfig {
		return configured(d.Name)
	}
	e := sourceEntry{Name: d.Name, Connector: d.Connector, Options: d.Options}
	one, err := s.make(e, fromAPI)
	if err != nil {
		return err
	}
	if topic := one.Options.String("topic"); topic != "" {
		if _, err := s.bus.Ensure(ctx, topic, s.partitions, nil); err != nil {
			return err
		}
	}
	return s.put(ctx, e)
}

func configured(name string) error {
	return fault.New(fault.Conflict, "source %q is of the configuration", name).WithHint("change it in the file, or pause it")
}

// Pause implements api.Sources.
func (s *sources) Pause(ctx context.Context, name string) error { return s.pause(ctx, name, true) }

// Resume implements api.Sources.
func (s *sources) Resume(ctx context.Context, name string) error { return s.pause(ctx, name, false) }

// Test implements api.Sources.
func (s *sources) Test(ctx context.Context, d api.SourceDraft) error {
	_, _, c, err := s.collector(d.Connector, d.Options)
	if err != nil {
		return err
	}
	if t, ok := c.(connector.Tester); ok {
		return t.Test(ctx)
	}
	p, err := s.look(ctx, d.Name, c, 1)
	if err != nil {
		return err
	}
	return p.warned
}

// Preview implements api.Sources.
func (s *sources) Preview(ctx context.Context, d api.SourceDraft, limit int) (api.Preview, error) {
	_, _, c, err := s.collector(d.Connector, d.Options)
	if err != nil {
		return api.Preview{}, err
	}
	p, err := s.look(ctx, d.Name, c, limit)
	var out api.Preview
	for i, r := range p.taken {
		rec := api.Record{Partition: -1, Offset: int64(i), Time: r.Time, Key: r.Key, Value: r.Value}
		if rec.Time.IsZero() {
			rec.Time = time.Now()
		}
		for _, h := range r.Headers {
			rec.Headers = append(rec.Headers, api.Header(h))
		}
		out.Records = append(out.Records, rec)
	}
	for _, u := range p.refused {
		out.Refused = append(out.Refused, api.Unreadable{Value: u.Value, Reason: u.Reason.Error()})
	}
	if err == nil && len(p.taken)+len(p.refused) == 0 {
		err = p.warned
	}
	return out, err
}

// look collects up to limit records for a preview, until ctx ends.
func (s *sources) look(ctx context.Context, name string, c connector.Collector, limit int) (*preview, error) {
	pctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &preview{name: name, limit: limit, full: cancel}
	err := c.Collect(pctx, p)
	if err != nil && !errors.Is(err, errSeenEnough) && pctx.Err() == nil {
		return p, err
	}
	return p, nil
}

// topics are those that sources which run here fill.
func (s *sources) topics() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]bool{}
	for _, one := range s.list {
		if topic := one.Options.String("topic"); topic != "" && one.figures.isRunning() {
			out[topic] = true
		}
	}
	return out
}

// addable reports whether a user can make a source of a connector.
func addable(connector string) bool { return connector != platformSource && connector != "demo" }

// kinds are the connectors that a source can be made of by hand.
func (s *sources) kinds() []api.Kind {
	var out []api.Kind
	for _, name := range slices.Sorted(maps.Keys(s.specs)) {
		if spec := s.specs[name]; addable(name) {
			out = append(out, api.Kind{Name: spec.Name, Doc: spec.Doc, Options: spec.Options})
		}
	}
	return out
}
