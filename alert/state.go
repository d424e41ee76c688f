package alert

import (
	"maps"
	"slices"
	"strings"
	"time"

	"millrace/notify"
)

// State is where an alert stands.
type State string

// The states. An alert is inactive when its condition does not hold; it has no row then. Pending is a condition that
// holds, but not for as long as the rule says; resolved is one that is over, kept for a while to be seen and told.
const (
	Inactive State = "inactive"
	Pending  State = "pending"
	Firing   State = "firing"
	Resolved State = "resolved"
)

// resolvedKept is how long an alert that is over is shown.
const resolvedKept = 15 * time.Minute

// Event is a change of an alert: of its state, or of its level while it fires.
type Event struct {
	At        time.Time         `json:"at"`
	ID        string            `json:"id"`
	Rule      string            `json:"rule"`
	Labels    map[string]string `json:"labels"`
	From      State             `json:"from"`
	To        State             `json:"to"`
	Level     notify.Level      `json:"level"`
	Value     float64           `json:"value"`
	Threshold float64           `json:"threshold"`
	Reason    string            `json:"reason,omitempty"` // why, if not by the value
}

// alert is a condition of a rule and where it stands, as it is kept.
type alert struct {
	ID         string            `json:"id"`
	Rule       string            `json:"rule"`
	Labels     map[string]string `json:"labels,omitempty"`
	State      State             `json:"state"`
	Level      notify.Level      `json:"level"`
	Value      float64           `json:"value"`
	Threshold  float64           `json:"threshold"`
	Op         string            `json:"op,omitempty"`
	Since      time.Time         `json:"since"`
	FiredAt    time.Time         `json:"fired_at,omitzero"`
	GoneAt     time.Time         `json:"gone_at,omitzero"` // while it is kept firing
	ResolvedAt time.Time         `json:"resolved_at,omitzero"`
	Summary    string            `json:"summary,omitempty"`
	Absent     bool              `json:"absent,omitempty"` // it says that there is no data
	Identity   string            `json:"identity"`         // of the rule that found it
}

// label returns the value of a label, among them rule and level.
func (a *alert) label(name string) (string, bool) {
	switch name {
	case "rule":
		return a.Rule, true
	case "level":
		return string(a.Level), true
	}
	v, ok := a.Labels[name]
	return v, ok
}

// ruleState is what is kept about a rule: its alerts, and how its evaluation fares.
type ruleState struct {
	Rule        string    `json:"rule"`
	EvaluatedAt time.Time `json:"evaluated_at,omitzero"`
	TookMS      float64   `json:"took_ms"`
	Error       string    `json:"error,omitempty"`
	FailingFrom time.Time `json:"failing_from,omitzero"`
	Alerts      []*alert  `json:"alerts,omitempty"`
}

func (st *ruleState) find(id string) *alert {
	for _, a := range st.Alerts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (st *ruleState) count(s State) int {
	n := 0
	for _, a := range st.Alerts {
		if a.State == s {
			n++
		}
	}
	return n
}

// advance moves the alerts of a rule by what an evaluation found, and returns what changed. It is called only for
// evaluations that succeeded: nothing else but end may change the state of an alert.
//
// settled is false for a while after a start, when sources may not be complete yet: what is absent then says nothing.
func (st *ruleState) advance(r Rule, found []reading, now time.Time, settled bool) []Event {
	var events []Event
	seen := map[string]bool{}
	identity := r.identity()
	for _, f := range found {
		if f.absent && !settled {
			continue
		}
		seen[f.id] = true
		a := st.find(f.id)
		switch {
		case f.holds:
			if a == nil {
				a = &alert{ID: f.id, Rule: r.Name, State: Inactive}
				st.Alerts = append(st.Alerts, a)
			}
			a.Identity, a.Labels, a.Absent = identity, f.labels, f.absent
			events = append(events, a.hold(r, f, now)...)
		case a == nil:
		case a.State == Firing && r.Recover != nil && holds(r.Op, f.value, *r.Recover):
			// Between threshold and recover: it goes on as it was.
			a.Value, a.GoneAt = f.value, time.Time{}
			a.Summary = summarize(r, a)
		default:
			a.take(r, f)
			events = append(events, a.wane(r, now)...)
		}
	}
	for _, a := range st.Alerts {
		if seen[a.ID] {
			continue
		}
		switch {
		case a.Identity != identity:
			events = append(events, a.over(now, "the rule was changed")...)
		case !settled, r.Metric != "" && r.NoData != NoDataOK && !a.Absent:
			// No data is not a recovery.
		default:
			events = append(events, a.wane(r, now)...)
		}
	}
	st.Alerts = slices.DeleteFunc(st.Alerts, func(a *alert) bool { return a.State == Inactive })
	return events
}

// take notes what was found, of an alert whose state is looked at next.
func (a *alert) take(r Rule, f reading) {
	if a.State == Resolved {
		return // it shows the value at its end
	}
	a.Value, a.Threshold, a.Op = f.value, f.threshold, f.op
	a.Summary = summarize(r, a)
}

// hold notes that the condition holds.
func (a *alert) hold(r Rule, f reading, now time.Time) []Event {
	from, fromLevel := a.State, a.Level
	if a.State == Resolved {
		from = Inactive
		*a = alert{ID: a.ID, Rule: a.Rule, Labels: a.Labels, State: Inactive, Absent: a.Absent, Identity: a.Identity}
	}
	if a.State == Inactive {
		a.State, a.Since = Pending, now
	}
	a.GoneAt, a.Level = time.Time{}, f.level
	if a.State == Pending && now.Sub(a.Since) >= r.For.Std() {
		a.State, a.FiredAt = Firing, now
	}
	a.take(r, f)
	if a.State == from && (a.State != Firing || a.Level == fromLevel) {
		return nil
	}
	return []Event{a.event(from, now, "")}
}

// wane notes that the condition does not hold.
func (a *alert) wane(r Rule, now time.Time) []Event {
	switch a.State {
	case Pending:
		a.State = Inactive
		return []Event{a.event(Pending, now, "")}
	case Firing:
		if a.GoneAt.IsZero() {
			a.GoneAt = now
		}
		if now.Sub(a.GoneAt) >= r.KeepFiringFor.Std() {
			return a.over(now, "")
		}
	}
	return nil
}

// over ends an alert at once. A reason is given where the condition did not end it.
func (a *alert) over(now time.Time, reason string) []Event {
	from := a.State
	switch from {
	case Pending:
		a.State = Inactive
	case Firing:
		a.State, a.ResolvedAt, a.GoneAt = Resolved, now, time.Time{}
		if reason != "" {
			a.Summary += " (" + reason + ")"
		}
	default:
		return nil
	}
	return []Event{a.event(from, now, reason)}
}

// end resolves all alerts of a rule that is gone or off.
func (st *ruleState) end(now time.Time, reason string) []Event {
	var events []Event
	for _, a := range st.Alerts {
		events = append(events, a.over(now, reason)...)
	}
	st.Alerts = slices.DeleteFunc(st.Alerts, func(a *alert) bool { return a.State == Inactive })
	return events
}

// prune forgets alerts that were resolved a while ago and that nobody waits to hear of. It reports whether it did.
func (st *ruleState) prune(now time.Time, awaited func(*alert) bool) bool {
	before := len(st.Alerts)
	st.Alerts = slices.DeleteFunc(st.Alerts, func(a *alert) bool {
		return a.State == Resolved && now.Sub(a.ResolvedAt) > resolvedKept && !awaited(a)
	})
	return len(st.Alerts) != before
}

func (a *alert) event(from State, now time.Time, reason string) Event {
	return Event{
		At: now, ID: a.ID, Rule: a.Rule, Labels: maps.Clone(a.Labels), From: from, To: a.State, Level: a.Level, Value: a.Value, Threshold: a.Threshold,
		Reason: reason,
	}
}

// failures is the reading of the platform's own alert: one, however many rules cannot be evaluated.
func failures(states map[string]*ruleState, rules map[string]Rule) (Rule, []reading) {
	r := Rule{
		Name: EvaluationFailed, Metric: EvaluationFailed, Level: notify.Error, For: Duration(time.Minute), NoData: NoDataOK,
		Doc: "Rules cannot be evaluated; their alerts stay as they were.",
	}.complete()
	var names []string
	for name, st := range states {
		if rule, ok := rules[name]; ok && rule.On() && st.Error != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return r, nil
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 3 {
			r.Summary += "; …"
			break
		}
		if i > 0 {
			r.Summary += "; "
		}
		// Braces would be placeholders.
		r.Summary += name + ": " + strings.NewReplacer("{", "(", "}", ")").Replace(notify.Cut(states[name].Error, 200))
	}
	f := reading{id: fingerprint(EvaluationFailed, nil), value: float64(len(names)), holds: true, level: notify.Error}
	return r, []reading{f}
}
