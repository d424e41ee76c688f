package alert

import (
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
)

// Silence keeps matching alerts from being told for some time.
type Silence struct {
	ID string `json:"id"`
	// Matchers are patterns by label, rule and level among them; * stands for any text. All must match.
	Matchers map[string]string `json:"matchers"`
	StartsAt time.Time         `json:"starts_at"`
	EndsAt   time.Time         `json:"ends_at"`
	Comment  string            `json:"comment"`
	By       string            `json:"by"`
}

const (
	silenceKept = 24 * time.Hour // how long one that is over is listed
	maxSilence  = 366 * 24 * time.Hour
	maxSilences = 1000
)

// active reports whether the silence is in force.
func (s Silence) active(now time.Time) bool { return !now.Before(s.StartsAt) && now.Before(s.EndsAt) }

// check says what is wrong with a silence.
func (s Silence) check(now time.Time) error {
	switch {
	case len(s.Matchers) == 0:
		return fault.New(fault.Invalid, "silence: matchers: there are none").WithHint(`say which alerts, as {"rule":"cpu*"}`)
	case len(s.Matchers) > maxLabels:
		return fault.New(fault.Invalid, "silence: matchers: there are %d, %d at most", len(s.Matchers), maxLabels)
	case !s.EndsAt.After(s.StartsAt) || !s.EndsAt.After(now):
		return fault.New(fault.Invalid, "silence: ends_at: %s is not after its start, or is over", s.EndsAt.Format(time.RFC3339)).WithHint("set an end that is to come")
	case s.EndsAt.Sub(s.StartsAt) > maxSilence:
		return fault.New(fault.Invalid, "silence: ends_at: it is more than a year long").WithHint("one that is forgotten must end; disable the rule instead")
	case len(s.Comment) > maxText || len(s.By) > maxLabelValue:
		return fault.New(fault.Invalid, "silence: comment or by: it is too long").WithHint("%d bytes at most", maxText)
	}
	for name, pattern := range s.Matchers {
		if name == "" || len(name) > maxLabelName || len(pattern) > maxLabelValue {
			return fault.New(fault.Invalid, "silence: matchers: %q is no label", notify.Cut(name, 40)).WithHint("a name has 1 to %d bytes, a pattern %d at most", maxLabelName, maxLabelValue)
		}
	}
	return nil
}

// matches reports whether all patterns match the labels of an alert. A label that it does not have matches nothing.
func matches(patterns map[string]string, a *alert) bool {
	for name, pattern := range patterns {
		value, ok := a.label(name)
		if !ok || !glob(pattern, value) {
			return false
		}
	}
	return true
}

// glob reports whether a text has the form of a pattern, in which * stands for any text. It takes time in proportion
// to the product of the lengths at most, whatever the pattern.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}

// Inhibition mutes alerts while a worse one about the same thing fires.
type Inhibition struct {
	Source map[string]string `json:"source" yaml:"source"` // patterns of the alert that mutes
	Target map[string]string `json:"target" yaml:"target"` // patterns of those that are muted
	Equal  []string          `json:"equal" yaml:"equal"`   // labels that both must have alike
}

func (i Inhibition) check() error {
	if len(i.Source) == 0 || len(i.Target) == 0 {
		return fault.New(fault.Invalid, "inhibition: source or target is missing").
			WithHint(`say which alert mutes which: {"source":{"level":"critical"},"target":{"level":"warning"},"equal":["host"]}`)
	}
	return nil
}

// muting are the alerts that mute others, by inhibition. One that is source and target at once mutes nothing, so that two
// never mute each other.
func muting(rules []Inhibition, firing []*alert) [][]*alert {
	out := make([][]*alert, len(rules))
	for i, rule := range rules {
		for _, a := range firing {
			if matches(rule.Source, a) && !matches(rule.Target, a) {
				out[i] = append(out[i], a)
			}
		}
	}
	return out
}

// inhibited reports whether one of the alerts that mute mutes a.
func inhibited(rules []Inhibition, sources [][]*alert, a *alert) bool {
	for i, rule := range rules {
		if len(sources[i]) == 0 || !matches(rule.Target, a) {
			continue
		}
		if slices.ContainsFunc(sources[i], func(b *alert) bool { return alike(rule.Equal, a, b) }) {
			return true
		}
	}
	return false
}

func alike(names []string, a, b *alert) bool {
	for _, name := range names {
		v, ok := a.label(name)
		w, has := b.label(name)
		if !ok || !has || v != w {
			return false
		}
	}
	return true
}
