package alert

import (
	"maps"
	"slices"
	"strings"
	"time"

	"millrace/notify"
)

// told is what a channel knows about a group of alerts. It is the log that makes notices idempotent: they are the difference
// between it and how things stand.
type told struct {
	Channel string                  `json:"channel"`
	Group   string                  `json:"group"`
	Labels  map[string]string       `json:"labels"`
	Firing  map[string]notify.Level `json:"firing"` // ids of alerts told as firing and not as over
	SentAt  time.Time               `json:"sent_at"`
	Peak    notify.Level            `json:"peak"` // the worst told since the last notice that kept the interval
}

// bundle is a group of alerts as a channel is to see it now.
type bundle struct {
	key    string // of its told
	id     string
	labels map[string]string
	firing []*alert // that the channel takes and nothing mutes
	over   []*alert // that it was told of
	told   *told    // nil: nothing was told
}

// grouped returns the labels that tell the group of an alert apart, and the group's name.
func grouped(r Rule, a *alert) (labels map[string]string, id string) {
	labels = map[string]string{}
	for _, name := range r.GroupBy {
		if v, ok := a.label(name); ok {
			labels[name] = v
		}
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		text.WriteString(name + "\x01" + labels[name] + "\x00")
	}
	return labels, digest([]byte(text.String()))
}

// rule returns the rule of an alert, or what is left to know of one that is gone.
func (m *memory) rule(name string) Rule {
	if r, ok := m.rules[name]; ok {
		return r
	}
	return Rule{Name: name}.complete()
}

// silencedBy returns the ids of the silences in force that match an alert.
func silencedBy(silences []Silence, a *alert, now time.Time) []string {
	var ids []string
	for _, s := range silences {
		if s.active(now) && matches(s.Matchers, a) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// each calls f for every alert.
func (m *memory) each(f func(*alert)) {
	for _, name := range slices.Sorted(maps.Keys(m.states)) {
		for _, a := range m.states[name].Alerts {
			f(a)
		}
	}
}

// bundles returns the groups of a channel by key, and tidies what it was told: what is not to be told as over, or has moved to
// another group, is taken out.
func (m *memory) bundles(c Channel, inhibit []Inhibition, now time.Time) map[string]*bundle {
	out := map[string]*bundle{}
	byID := map[string]*alert{}
	var firing []*alert
	m.each(func(a *alert) {
		byID[a.ID] = a
		if a.State == Firing {
			firing = append(firing, a)
		}
	})
	sources := muting(inhibit, firing)
	for _, a := range firing {
		r := m.rule(a.Rule)
		if !c.takes(r, a.Level) || len(silencedBy(m.silences, a, now)) > 0 || inhibited(inhibit, sources, a) {
			continue
		}
		labels, id := grouped(r, a)
		key := toldKey + c.Name + "/" + id
		if out[key] == nil {
			out[key] = &bundle{key: key, id: id, labels: labels}
		}
		out[key].firing = append(out[key].firing, a)
	}
	for key, t := range m.told {
		if t.Channel != c.Name {
			continue
		}
		if out[key] == nil {
			out[key] = &bundle{key: key, id: t.Group, labels: t.Labels}
		}
		b := out[key]
		b.told = t
		for id := range t.Firing {
			a := byID[id]
			switch {
			case a == nil, a.State == Firing && !m.within(a, t.Group), a.State == Resolved && !c.resolved():
				delete(t.Firing, id)
				m.dirty[key] = true
			case a.State == Resolved && len(silencedBy(m.silences, a, now)) == 0:
				b.over = append(b.over, a)
			}
		}
	}
	return out
}

// within reports whether an alert belongs to a group, which a change of its rule may have ended.
func (m *memory) within(a *alert, group string) bool {
	_, id := grouped(m.rule(a.Rule), a)
	return id == group
}

// due reports whether the channel is to be told now.
func (b *bundle) due(t Timing, now time.Time) bool {
	if b.told == nil || len(b.told.Firing) == 0 && now.Sub(b.told.SentAt) >= t.GroupInterval.Std() {
		return b.waited(t.GroupWait.Std(), now)
	}
	since := now.Sub(b.told.SentAt)
	if !b.changed() {
		return len(b.firing) > 0 && len(b.told.Firing) > 0 && since >= t.RepeatInterval.Std()
	}
	return since >= t.GroupInterval.Std() || worst(b.firing).Rank() > b.told.Peak.Rank()
}

// waited reports whether the first alert of a group has waited for others.
func (b *bundle) waited(wait time.Duration, now time.Time) bool {
	return slices.ContainsFunc(b.firing, func(a *alert) bool { return now.Sub(a.FiredAt) >= wait })
}

// changed reports whether there is something that the channel does not know: an alert, a worse level, a recovery.
func (b *bundle) changed() bool {
	return len(b.over) > 0 || slices.ContainsFunc(b.firing, func(a *alert) bool {
		level, ok := b.told.Firing[a.ID]
		return !ok || a.Level.Rank() > level.Rank()
	})
}

func worst(alerts []*alert) notify.Level {
	var level notify.Level // ranks below all
	for _, a := range alerts {
		if a.Level.Rank() > level.Rank() {
			level = a.Level
		}
	}
	return level
}

// tell notes that the channel was told of alerts.
func (b *bundle) tell(channel string, firing, over []*alert, t Timing, now time.Time) *told {
	out := &told{Channel: channel, Group: b.id, Labels: b.labels, Firing: map[string]notify.Level{}, SentAt: now, Peak: worst(append(slices.Clone(firing), over...))}
	if b.told != nil {
		// What is muted or below the levels of the channel is still known to fire.
		maps.Copy(out.Firing, b.told.Firing)
		if now.Sub(b.told.SentAt) < t.GroupInterval.Std() && b.told.Peak.Rank() > out.Peak.Rank() {
			out.Peak = b.told.Peak
		}
	}
	for _, a := range over {
		delete(out.Firing, a.ID)
	}
	for _, a := range firing {
		out.Firing[a.ID] = a.Level
	}
	return out
}
