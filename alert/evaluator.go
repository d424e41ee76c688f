package alert

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"millrace/fault"
	"millrace/notify"
)

const (
	tick            = time.Second // how often it is seen what is due
	defaultSettle   = 30 * time.Second
	parallel        = 4                // evaluations at once: each may be a query
	minQueryTime    = 10 * time.Second // for an evaluation, if its interval is shorter
	maxQueryTime    = time.Minute
	keptAfter       = time.Minute      // state that says nothing new is written again after so long
	valuesKeptAfter = 10 * time.Second // values that changed without a change of state
	farewell        = 5 * time.Second  // for the last writes when Run ends
)

// The keys of the table.
const (
	ruleKey    = "rule/"
	channelKey = "channel/"
	silenceKey = "silence/"
	stateKey   = "state/"
	toldKey    = "told/"
	countKey   = "count/"
	historyKey = "history/"
	noticeKey  = "notice/"
)

// Evaluator evaluates rules and tells channels. Its methods may be called from any goroutine, Run once at a time.
type Evaluator struct {
	deps     Deps
	settings Settings
	timing   Timing
	rules    map[string]Rule    // default and configured, complete
	channels map[string]Channel // configured, complete
	kick     chan struct{}      // something may be due

	mu  sync.Mutex // guards what follows, and what memory points to
	mem *memory    // nil while Run is not running
}

// memory is the state while Run is running. What stands above the line is kept in the table.
type memory struct {
	states  map[string]*ruleState // by rule
	told    map[string]*told      // by key
	counts  map[string]*ChannelState
	history *ring[Event]
	notices *ring[NoticeRecord]
	// ---
	started  time.Time
	rules    map[string]Rule
	channels map[string]Channel
	silences []Silence
	due      map[string]time.Time // of rules
	busy     map[string]bool      // rules that are being evaluated
	seen     map[string]bool      // rules that were evaluated since the start, or failed
	written  map[string]time.Time // of states
	lines    map[string]*line     // by channel
	dirty    map[string]bool      // keys to write
}

// New checks the settings and returns an Evaluator.
func New(d Deps, s Settings) (*Evaluator, error) {
	e := &Evaluator{
		deps: d, settings: s, timing: DefaultTiming(), rules: map[string]Rule{}, channels: map[string]Channel{},
		kick: make(chan struct{}, 1),
	}
	for _, f := range []struct{ given, to *Duration }{
		{&s.GroupWait, &e.timing.GroupWait}, {&s.GroupInterval, &e.timing.GroupInterval}, {&s.RepeatInterval, &e.timing.RepeatInterval},
	} {
		if *f.given != 0 {
			*f.to = *f.given
		}
	}
	if e.settings.Settle == 0 {
		e.settings.Settle = defaultSettle
	}
	errs := []error{e.timing.check("alerts")}
	if !s.NoDefaults {
		for _, r := range DefaultRules() {
			e.rules[r.Name] = r
		}
	}
	for _, i := range s.Inhibit {
		errs = append(errs, i.check())
	}
	for _, c := range s.Channels {
		errs = append(errs, e.addChannel(c))
	}
	for _, r := range s.Rules {
		errs = append(errs, e.addRule(r))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Evaluator) addChannel(c Channel) error {
	if _, ok := e.channels[c.Name]; ok {
		return fault.New(fault.Invalid, "channel %q: there are two of that name", c.Name)
	}
	if err := checkChannelName(c.Name); err != nil {
		return err
	}
	c, _, err := e.settle(c, nil)
	c.Origin = Config
	e.channels[c.Name] = c
	return err
}

func (e *Evaluator) addRule(r Rule) error {
	if old, ok := e.rules[r.Name]; ok && old.Origin == Config {
		return fault.New(fault.Invalid, "rule %q: there are two of that name", r.Name)
	}
	r = r.complete()
	r.Origin = Config
	e.rules[r.Name] = r
	return r.check()
}

// Run evaluates rules and tells channels until ctx ends, and returns nil then. It first reads how things stood.
func (e *Evaluator) Run(ctx context.Context) error {
	now := utcNow()
	m := e.load(now)
	e.mu.Lock()
	if e.mem != nil {
		e.mu.Unlock()
		return fault.New(fault.Conflict, "evaluate rules: they are being evaluated already")
	}
	e.mem = m
	e.mu.Unlock()
	group, inner := errgroup.WithContext(ctx)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for inner.Err() == nil {
		e.step(inner, group)
		select {
		case <-inner.Done():
		case <-ticker.C:
		case <-e.kick:
		}
	}
	err := group.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	e.flush(last) // what was told a moment ago must not be told again
	e.mu.Lock()
	e.mem = nil
	e.mu.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// step does what is due now.
func (e *Evaluator) step(ctx context.Context, group *errgroup.Group) {
	now := utcNow()
	e.refresh(now)
	for _, r := range e.dueRules(now) {
		group.Go(func() error {
			e.evaluate(ctx, r)
			e.wake()
			return nil
		})
	}
	e.flush(ctx) // what is told must be known after a crash
	for _, c := range e.dueChannels(now) {
		group.Go(func() error {
			e.tell(ctx, c)
			e.wake()
			return nil
		})
	}
	e.flush(ctx)
}

// utcNow is the time as it is kept.
func utcNow() time.Time { return time.Now().UTC() }

func (e *Evaluator) wake() {
	select {
	case e.kick <- struct{}{}:
	default: // it is awake
	}
}

// load reads how things stood.
func (e *Evaluator) load(now time.Time) *memory {
	m := &memory{
		told: map[string]*told{}, counts: map[string]*ChannelState{}, started: now,
		history: readRing[Event](historyKey, e.deps.Table.List(historyKey)), notices: readRing[NoticeRecord](noticeKey, e.deps.Table.List(noticeKey)),
		due: map[string]time.Time{}, busy: map[string]bool{}, seen: map[string]bool{}, written: map[string]time.Time{}, lines: map[string]*line{}, dirty: map[string]bool{},
	}
	m.states = e.keptStates()
	for name, c := range readAll[ChannelState](e, countKey) {
		m.counts[name] = &c
	}
	for name, t := range readAll[told](e, toldKey) {
		m.told[toldKey+name] = &t
	}
	return m
}

// keptStates returns what the table knows of rules.
func (e *Evaluator) keptStates() map[string]*ruleState {
	out := map[string]*ruleState{}
	for name, st := range readAll[ruleState](e, stateKey) {
		st.Alerts = slices.DeleteFunc(st.Alerts, func(a *alert) bool { return a == nil })
		out[name] = &st
	}
	return out
}

// readAll reads the values under a prefix, by the rest of their keys. One that does not decode is said and left out: the
// others must go on.
func readAll[T any](e *Evaluator, prefix string) map[string]T {
	out := map[string]T{}
	for key, value := range e.deps.Table.List(prefix) {
		var v T
		if err := json.Unmarshal(value, &v); err != nil {
			e.deps.Log.Warn("kept state of alerts is not readable", "key", key, "error", err)
			continue
		}
		out[strings.TrimPrefix(key, prefix)] = v
	}
	return out
}

// allRules returns the rules that there are, those of the table over the default ones, but not over the configured.
func (e *Evaluator) allRules() map[string]Rule {
	out := maps.Clone(e.rules)
	for name, r := range readAll[Rule](e, ruleKey) {
		old, ok := e.rules[name]
		if ok && old.Origin == Config {
			continue
		}
		if r.Origin = API; ok {
			r.Origin = Default
		}
		if r = r.complete(); r.Name == name && r.check() == nil {
			out[name] = r
		}
	}
	return out
}

// allChannels returns the channels that there are, with their secrets.
func (e *Evaluator) allChannels() map[string]Channel {
	out := maps.Clone(e.channels)
	for name, c := range readAll[Channel](e, channelKey) {
		if _, ok := e.channels[name]; !ok && c.Name == name {
			c.Origin = API
			out[name] = c
		}
	}
	return out
}

func (e *Evaluator) allSilences() []Silence {
	return slices.SortedFunc(maps.Values(readAll[Silence](e, silenceKey)), func(a, b Silence) int {
		if c := a.StartsAt.Compare(b.StartsAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// refresh takes in what users changed, and does what depends on time alone.
func (e *Evaluator) refresh(now time.Time) {
	rules, channels, silences := e.allRules(), e.allChannels(), e.allSilences()
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.mem
	m.rules, m.channels, m.silences = rules, channels, silences
	for name, st := range m.states {
		if name == EvaluationFailed {
			continue
		}
		r, ok := rules[name]
		if ok && r.On() {
			continue
		}
		reason := "the rule was deleted"
		if ok {
			reason = "the rule was disabled"
		}
		m.note(st.end(now, reason), name)
		if st.Error != "" {
			st.Error, st.FailingFrom = "", time.Time{}
			m.dirty[stateKey+name] = true
		}
	}
	m.forget(now)
	m.fail(now)
}

// note takes events of a rule in.
func (m *memory) note(events []Event, rule string) {
	for _, ev := range events {
		m.dirty[m.history.add(ev)] = true
	}
	if len(events) > 0 {
		m.dirty[stateKey+rule] = true
	}
}

// fail raises and ends the platform's own alert. Errors are kept with the rules, so a rule that failed before a start
// counts until it is evaluated again.
func (m *memory) fail(now time.Time) {
	r, found := failures(m.states, m.rules)
	st := m.states[EvaluationFailed]
	if st == nil {
		if len(found) == 0 {
			return
		}
		st = &ruleState{Rule: EvaluationFailed}
		m.states[EvaluationFailed] = st
	}
	m.note(st.advance(r, found, now, true), EvaluationFailed)
}

// forget drops what nobody asks for any more.
func (m *memory) forget(now time.Time) {
	awaited := map[string]bool{}
	for _, t := range m.told {
		for id := range t.Firing {
			awaited[id] = true
		}
	}
	for name, st := range m.states {
		if st.prune(now, func(a *alert) bool { return awaited[a.ID] }) {
			m.dirty[stateKey+name] = true
		}
		if _, ok := m.rules[name]; !ok && len(st.Alerts) == 0 && !m.busy[name] && name != EvaluationFailed {
			delete(m.states, name)
			m.dirty[stateKey+name] = true
		}
	}
	for key, t := range m.told {
		if _, ok := m.channels[t.Channel]; !ok {
			delete(m.told, key)
			m.dirty[key] = true
		}
	}
	for name := range m.counts {
		if _, ok := m.channels[name]; !ok {
			delete(m.counts, name)
			m.dirty[countKey+name] = true
		}
	}
	for name := range m.lines {
		if _, ok := m.channels[name]; !ok && !m.lines[name].busy {
			delete(m.lines, name)
		}
	}
	for _, s := range m.silences {
		if now.Sub(s.EndsAt) > silenceKept {
			m.dirty[silenceKey+s.ID] = true // encodes to nothing
		}
	}
}

// dueRules returns the rules to evaluate now, and marks them as busy.
func (e *Evaluator) dueRules(now time.Time) []Rule {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.mem
	var out []Rule
	for _, name := range slices.Sorted(maps.Keys(m.rules)) {
		r := m.rules[name]
		if !r.On() || m.busy[name] || now.Before(m.due[name]) || len(m.busy) >= parallel {
			continue
		}
		m.busy[name] = true
		// The beat is kept, however long it takes, but nothing is made up for.
		next := m.due[name].Add(r.Interval.Std())
		if next.Before(now) {
			next = now.Add(r.Interval.Std())
		}
		m.due[name] = next
		out = append(out, r)
	}
	return out
}

// complete reports whether all rules have been looked at since the start. Nothing is told before, so that what mutes others
// is known, and groups are whole; but not for long, as one slow rule must not hold up the others.
func (m *memory) complete(now time.Time, settle time.Duration) bool {
	if now.Sub(m.started) >= settle {
		return true
	}
	for name, r := range m.rules {
		if r.On() && !m.seen[name] {
			return false
		}
	}
	return true
}

// evaluate looks at what a rule watches and moves its alerts.
func (e *Evaluator) evaluate(ctx context.Context, r Rule) {
	begin := utcNow()
	within, cancel := context.WithTimeout(ctx, min(max(r.Interval.Std(), minQueryTime), maxQueryTime))
	found, err := evaluate(within, e.deps.Source, r, begin)
	cancel()
	now := utcNow()
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.mem
	delete(m.busy, r.Name)
	m.seen[r.Name] = true
	current, ok := m.rules[r.Name]
	if ctx.Err() != nil || !ok || !current.On() || current.identity() != r.identity() {
		delete(m.due, r.Name)
		return
	}
	st := m.states[r.Name]
	if st == nil {
		st = &ruleState{Rule: r.Name}
		m.states[r.Name] = st
	}
	st.EvaluatedAt, st.TookMS = begin, float64(now.Sub(begin).Microseconds())/1000
	if err != nil {
		if st.Error == "" {
			e.deps.Log.Warn("rule cannot be evaluated", "rule", r.Name, "error", err)
			st.FailingFrom = now
			m.dirty[stateKey+r.Name] = true
		}
		st.Error = notify.Cut(err.Error(), maxSummary)
		m.keep(r.Name, st, now)
		return
	}
	if st.Error != "" {
		e.deps.Log.Info("rule is evaluated again", "rule", r.Name)
		st.Error, st.FailingFrom = "", time.Time{}
		m.dirty[stateKey+r.Name] = true
	}
	m.note(st.advance(current, found, now, now.Sub(m.started) >= e.settings.Settle), r.Name)
	m.keep(r.Name, st, now)
}

// keep writes a state that changed only in values or times, but not at each evaluation.
func (m *memory) keep(rule string, st *ruleState, now time.Time) {
	after := keptAfter
	if len(st.Alerts) > 0 {
		after = valuesKeptAfter
	}
	if now.Sub(m.written[rule]) >= after {
		m.dirty[stateKey+rule] = true
	}
}
