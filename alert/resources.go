package alert

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// List are the alerts there are.
type List struct {
	Alerts      []Alert    `json:"alerts"`
	EvaluatedAt *time.Time `json:"evaluated_at"` // of the rule that was evaluated last; nil: none was
	Error       string     `json:"error,omitempty"`
}

// Alert is an alert to look at.
type Alert struct {
	ID         string            `json:"id"`
	Rule       string            `json:"rule"`
	Labels     map[string]string `json:"labels"`
	Level      notify.Level      `json:"level"`
	State      string            `json:"state"` // pending, firing, resolved-recently
	Value      float64           `json:"value"`
	Threshold  float64           `json:"threshold"`
	Since      time.Time         `json:"since"`
	FiredAt    *time.Time        `json:"fired_at,omitempty"`
	ResolvedAt *time.Time        `json:"resolved_at,omitempty"`
	SilencedBy []string          `json:"silenced_by"`
	Summary    string            `json:"summary"`
}

// RuleState is how a rule fares.
type RuleState struct {
	LastEvaluatedAt *time.Time `json:"last_evaluated_at"`
	TookMS          float64    `json:"took_ms"`
	Error           string     `json:"error,omitempty"`
	Firing          int        `json:"firing"`
	Pending         int        `json:"pending"`
}

// RuleStatus is a rule and how it fares.
type RuleStatus struct {
	Rule
	State RuleState `json:"state"`
}

// ChannelStatus is a channel, its secrets hidden, and how it fares.
type ChannelStatus struct {
	Channel
	State ChannelState `json:"state"`
}

// Bounds of what users may make.
const (
	maxRules    = 1000
	maxChannels = 100
)

// states returns what is known of rules: where they are evaluated from memory, elsewhere as it was kept.
func (e *Evaluator) states() map[string]*ruleState {
	e.mu.Lock()
	if e.mem == nil {
		e.mu.Unlock()
		return e.keptStates()
	}
	defer e.mu.Unlock()
	out := map[string]*ruleState{}
	for name, st := range e.mem.states {
		one := *st
		one.Alerts = copies(st.Alerts)
		out[name] = &one
	}
	return out
}

// Alerts returns the alerts that are pending, firing, or were resolved a short time ago: what fires first, the worst first.
func (e *Evaluator) Alerts() List {
	now := utcNow()
	silences := e.allSilences()
	list := List{Alerts: []Alert{}}
	rules := e.allRules()
	for name, st := range e.states() {
		if at := st.EvaluatedAt; !at.IsZero() && (list.EvaluatedAt == nil || at.After(*list.EvaluatedAt)) {
			list.EvaluatedAt = &at
		}
		if _, ok := rules[name]; ok && st.Error != "" && (list.Error == "" || name+": " < list.Error) {
			list.Error = name + ": " + st.Error
		}
		for _, a := range st.Alerts {
			if a.State != Resolved || now.Sub(a.ResolvedAt) <= resolvedKept {
				list.Alerts = append(list.Alerts, a.shown(silences, now))
			}
		}
	}
	order := []string{string(Firing), string(Pending), shownResolved}
	slices.SortFunc(list.Alerts, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)), cmp.Compare(b.Level.Rank(), a.Level.Rank()),
			a.Since.Compare(b.Since), strings.Compare(a.Rule, b.Rule), strings.Compare(a.ID, b.ID))
	})
	return list
}

// shownResolved is the state of an alert that is over, which will not be listed for long.
const shownResolved = "resolved-recently"

func (a *alert) shown(silences []Silence, now time.Time) Alert {
	out := Alert{
		ID: a.ID, Rule: a.Rule, Labels: joined(a.Labels, nil), Level: a.Level, State: string(a.State), Value: a.Value, Threshold: a.Threshold,
		Since: a.Since, SilencedBy: append([]string{}, silencedBy(silences, a, now)...), Summary: a.Summary,
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	if at := a.FiredAt; !at.IsZero() {
		out.FiredAt = &at
	}
	if at := a.ResolvedAt; a.State == Resolved {
		out.State, out.ResolvedAt = shownResolved, &at
	}
	return out
}

// History returns at most limit changes of alerts, the newest first; rule "" is all.
func (e *Evaluator) History(rule string, limit int) []Event {
	keep := func(ev Event) bool { return rule == "" || ev.Rule == rule }
	return listed(e, func(m *memory) *ring[Event] { return m.history }, historyKey, limit, keep)
}

// Notices returns at most limit notices that were sent or were to be sent, the newest first.
func (e *Evaluator) Notices(limit int) []NoticeRecord {
	return listed(e, func(m *memory) *ring[NoticeRecord] { return m.notices }, noticeKey, limit, func(NoticeRecord) bool { return true })
}

func listed[T any](e *Evaluator, of func(*memory) *ring[T], prefix string, limit int, keep func(T) bool) []T {
	e.mu.Lock()
	if e.mem == nil {
		e.mu.Unlock()
		return readRing[T](prefix, e.deps.Table.List(prefix)).newest(limit, keep)
	}
	defer e.mu.Unlock()
	return of(e.mem).newest(limit, keep)
}

// Rules returns all rules by name.
func (e *Evaluator) Rules() []RuleStatus {
	states := e.states()
	var out []RuleStatus
	for _, r := range e.allRules() {
		one := RuleStatus{Rule: r}
		if st := states[r.Name]; st != nil {
			one.State = RuleState{TookMS: st.TookMS, Error: st.Error, Firing: st.count(Firing), Pending: st.count(Pending)}
			if at := st.EvaluatedAt; !at.IsZero() {
				one.State.LastEvaluatedAt = &at
			}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b RuleStatus) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// PutRule makes a rule or replaces the one of that name. SQL is run once, to see that it works.
func (e *Evaluator) PutRule(ctx context.Context, r Rule) (RuleStatus, error) {
	r = r.complete()
	r.Origin = API
	if err := r.check(); err != nil {
		return RuleStatus{}, err
	}
	old, exists := e.allRules()[r.Name]
	if exists && old.Origin == Config {
		return RuleStatus{}, fault.New(fault.Conflict, "rule %q stands in the configuration", r.Name).WithHint("change it there, or make one of another name")
	}
	if !exists && len(e.deps.Table.List(ruleKey)) >= maxRules {
		return RuleStatus{}, fault.New(fault.Limit, "there are %d rules already", maxRules).WithHint("delete some; one rule watches all series of a metric")
	}
	channels := e.allChannels()
	for _, name := range r.Channels {
		if _, ok := channels[name]; ok {
			continue
		}
		err := fault.New(fault.Invalid, "rule %q: channels: there is no channel %q", r.Name, notify.Cut(name, 100))
		if near := fault.Near(name, slices.Collect(maps.Keys(channels))); near != "" {
			return RuleStatus{}, err.WithHint("did you mean %q?", near)
		}
		return RuleStatus{}, err.WithHint("make the channel first, or leave channels out: all whose levels match are told")
	}
	if r.SQL != "" && r.On() {
		if _, err := e.TestRule(ctx, r); err != nil {
			return RuleStatus{}, err
		}
	}
	if err := e.put(ctx, ruleKey+r.Name, r); err != nil {
		return RuleStatus{}, err
	}
	if exists && old.Origin == Default {
		r.Origin = Default
	}
	return RuleStatus{Rule: r}, nil
}

// DeleteRule deletes a rule that was made with PutRule. A default rule that was changed becomes what it was.
func (e *Evaluator) DeleteRule(ctx context.Context, name string) error {
	if _, ok := e.deps.Table.Get(ruleKey + name); ok {
		return e.put(ctx, ruleKey+name, nil)
	}
	r, ok := e.allRules()[name]
	switch {
	case !ok:
		return e.unknownRule(name)
	case r.Origin == Config:
		return fault.New(fault.Conflict, "rule %q stands in the configuration", name).WithHint("take it out there")
	}
	return fault.New(fault.Conflict, "rule %q is a default one", name).WithHint("disable it: put it with enabled false")
}

func (e *Evaluator) unknownRule(name string) error {
	err := fault.New(fault.NotFound, "there is no rule %q", notify.Cut(name, 100))
	if near := fault.Near(name, slices.Collect(maps.Keys(e.allRules()))); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err
}

// TestRule evaluates a rule once, without keeping it, and returns the conditions that hold.
func (e *Evaluator) TestRule(ctx context.Context, r Rule) ([]Condition, error) {
	r = r.complete()
	if err := r.check(); err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, minQueryTime)
	defer cancel()
	found, err := evaluate(within, e.deps.Source, r, utcNow())
	if err != nil {
		refused := fault.New(cmp.Or(fault.KindOf(err), fault.Invalid), "evaluate rule %q: %w", r.Name, err)
		if hint := fault.HintOf(err); hint != "" {
			return nil, refused.WithHint("%s", hint)
		}
		return nil, refused
	}
	out := []Condition{}
	for _, f := range found {
		if f.holds {
			out = append(out, Condition{Labels: f.labels, Value: f.value, Threshold: f.threshold, Level: f.level})
		}
	}
	return out, nil
}

// Silences returns the silences in force, to come, and over for a short time.
func (e *Evaluator) Silences() []Silence {
	now := utcNow()
	return slices.DeleteFunc(e.allSilences(), func(s Silence) bool { return now.Sub(s.EndsAt) > silenceKept })
}

// PutSilence makes a silence and returns its id. One that has an id replaces the silence of that id.
func (e *Evaluator) PutSilence(ctx context.Context, s Silence) (string, error) {
	now := utcNow()
	if s.StartsAt.IsZero() {
		s.StartsAt = now
	}
	if err := s.check(now); err != nil {
		return "", err
	}
	if s.ID == "" {
		if len(e.deps.Table.List(silenceKey)) >= maxSilences {
			return "", fault.New(fault.Limit, "there are %d silences already", maxSilences).WithHint("use patterns: one silence matches many alerts")
		}
		s.ID = strings.ToLower(rand.Text())
	} else if _, ok := e.deps.Table.Get(silenceKey + s.ID); !ok {
		return "", fault.New(fault.NotFound, "there is no silence %q", notify.Cut(s.ID, 100))
	}
	return s.ID, e.put(ctx, silenceKey+s.ID, s)
}

// DeleteSilence ends a silence now.
func (e *Evaluator) DeleteSilence(ctx context.Context, id string) error {
	if _, ok := e.deps.Table.Get(silenceKey + id); !ok {
		return fault.New(fault.NotFound, "there is no silence %q", notify.Cut(id, 100))
	}
	return e.put(ctx, silenceKey+id, nil)
}

// Channels returns all channels by name, their secrets hidden.
func (e *Evaluator) Channels() []ChannelStatus {
	e.mu.Lock()
	counts := map[string]*ChannelState{}
	running := e.mem != nil
	if running {
		for name, c := range e.mem.counts {
			one := *c
			counts[name] = &one
		}
	}
	e.mu.Unlock()
	if !running {
		for name, c := range readAll[ChannelState](e, countKey) {
			counts[name] = &c
		}
	}
	var out []ChannelStatus
	for _, c := range e.allChannels() {
		one := ChannelStatus{Channel: e.shown(c)}
		if s := counts[c.Name]; s != nil {
			one.State = *s
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b ChannelStatus) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// shown is a channel without its secrets; of a kind that is not known, nothing is shown.
func (e *Evaluator) shown(c Channel) Channel {
	spec, err := e.spec(c.Kind)
	if err != nil {
		c.Options = c.Options.Shown(nil)
		return c
	}
	c.Options = c.Options.Shown(spec.Options)
	return c
}

func checkChannelName(name string) error {
	if !namePattern.MatchString(name) {
		return fault.New(fault.Invalid, "channel name %q is no name", notify.Cut(name, 100)).
			WithHint("letters, digits, dot, dash and underscore, 100 at most, beginning with a letter or digit")
	}
	return nil
}

// PutChannel makes a channel or replaces the one of that name. A secret that is Hidden stays what it was.
func (e *Evaluator) PutChannel(ctx context.Context, c Channel) (ChannelStatus, error) {
	if err := checkChannelName(c.Name); err != nil {
		return ChannelStatus{}, err
	}
	all := e.allChannels()
	old, exists := all[c.Name]
	if exists && old.Origin == Config {
		return ChannelStatus{}, fault.New(fault.Conflict, "channel %q stands in the configuration", c.Name).WithHint("change it there, or make one of another name")
	}
	if !exists && len(all) >= maxChannels {
		return ChannelStatus{}, fault.New(fault.Limit, "there are %d channels already", maxChannels)
	}
	c, _, err := e.settle(c, e.secretsOf(c.Name, c.Kind))
	if err != nil {
		return ChannelStatus{}, err
	}
	c.Origin = API
	if err := e.put(ctx, channelKey+c.Name, c); err != nil {
		return ChannelStatus{}, err
	}
	return ChannelStatus{Channel: e.shown(c)}, nil
}

// secretsOf returns the options of a channel, if it is of that kind: a secret must not go to another sort of service.
func (e *Evaluator) secretsOf(name, kind string) option.Values {
	if old, ok := e.allChannels()[name]; ok && old.Kind == kind {
		return old.Options
	}
	return nil
}

// DeleteChannel deletes a channel that was made with PutChannel.
func (e *Evaluator) DeleteChannel(ctx context.Context, name string) error {
	c, ok := e.allChannels()[name]
	switch {
	case !ok:
		return e.unknownChannel(name)
	case c.Origin == Config:
		return fault.New(fault.Conflict, "channel %q stands in the configuration", name).WithHint("take it out there")
	}
	return e.put(ctx, channelKey+name, nil)
}

func (e *Evaluator) unknownChannel(name string) error {
	err := fault.New(fault.NotFound, "there is no channel %q", notify.Cut(name, 100))
	if near := fault.Near(name, slices.Collect(maps.Keys(e.allChannels()))); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err
}

// TestChannel sends a notice that says it is a test. With no kind it is the channel of that name, else one with these
// settings, whose hidden secrets are those of the channel of that name.
func (e *Evaluator) TestChannel(ctx context.Context, c Channel) error {
	if c.Kind == "" {
		known, ok := e.allChannels()[c.Name]
		if !ok {
			return e.unknownChannel(c.Name)
		}
		c = known
	}
	c, n, err := e.settle(c, e.secretsOf(c.Name, c.Kind))
	if err != nil {
		return err
	}
	return e.try(ctx, n, c)
}

// Notifiers returns the kinds of channels there are.
func (e *Evaluator) Notifiers() []notify.Spec { return e.deps.Notifiers }

// put writes what a user made and has it looked at. nil deletes.
func (e *Evaluator) put(ctx context.Context, key string, v any) error {
	var value []byte
	if v != nil {
		var err error
		if value, err = json.Marshal(v); err != nil {
			return fault.New(fault.Invalid, "encode %s: %w", key, err)
		}
	}
	if err := e.deps.Table.Put(ctx, key, value); err != nil {
		return err
	}
	e.wake()
	return nil
}

// Counts are figures for metrics.
type Counts struct {
	Firing, Pending map[notify.Level]int
	Failing         int // rules that cannot be evaluated
	Channels        map[string]ChannelState
}

// Counts returns the figures of this moment.
func (e *Evaluator) Counts() Counts {
	c := Counts{Firing: map[notify.Level]int{}, Pending: map[notify.Level]int{}, Channels: map[string]ChannelState{}}
	for name, st := range e.states() {
		if st.Error != "" && name != EvaluationFailed {
			c.Failing++
		}
		for _, a := range st.Alerts {
			switch a.State {
			case Firing:
				c.Firing[a.Level]++
			case Pending:
				c.Pending[a.Level]++
			}
		}
	}
	for _, ch := range e.Channels() {
		c.Channels[ch.Name] = ch.State
	}
	return c
}
