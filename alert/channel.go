package alert

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// Channel is where alerts are told: a notifier with its settings.
type Channel struct {
	Name    string        `json:"name" yaml:"name"`
	Kind    string        `json:"kind" yaml:"kind"`
	Options option.Values `json:"options" yaml:"options"`
	// Levels are those it gets; none: those that its kind is for, mostly all.
	Levels       []notify.Level `json:"levels" yaml:"levels"`
	SendResolved *bool          `json:"send_resolved" yaml:"send_resolved"` // nil is true
	// The times of its groups; zero: those of all channels.
	GroupWait      *Duration `json:"group_wait,omitempty" yaml:"group_wait"`
	GroupInterval  *Duration `json:"group_interval,omitempty" yaml:"group_interval"`
	RepeatInterval *Duration `json:"repeat_interval,omitempty" yaml:"repeat_interval"`
	// PerMinute is the most messages a minute; 0: what its kind takes.
	PerMinute int    `json:"per_minute,omitempty" yaml:"per_minute"`
	Origin    Origin `json:"origin,omitempty" yaml:"-"`
}

// ChannelState is how a channel fares.
type ChannelState struct {
	Sent        int64      `json:"sent"`
	Failed      int64      `json:"failed"`  // attempts
	Dropped     int64      `json:"dropped"` // notices that were over before they could be sent
	Queued      int        `json:"queued"`  // groups that wait to be told
	LastError   string     `json:"last_error,omitempty"`
	LastErrorAt *time.Time `json:"last_error_at,omitempty"`
	LastSentAt  *time.Time `json:"last_sent_at,omitempty"`
}

// Hidden is what stands for a secret that is set: read it, and send it back to keep the secret.
const Hidden = "******"

const (
	defaultPerMinute = 120
	maxPerMinute     = 6000
	maxOptionBytes   = 64 << 10
)

// Timing says when groups of alerts are told.
type Timing struct {
	// GroupWait is how long the first notice of a group waits for more alerts.
	GroupWait Duration `json:"group_wait" yaml:"group_wait"`
	// GroupInterval is the least time between two notices of a group, but that a worse level than told before is told at once.
	GroupInterval Duration `json:"group_interval" yaml:"group_interval"`
	// RepeatInterval is when a group that did not change is told again.
	RepeatInterval Duration `json:"repeat_interval" yaml:"repeat_interval"`
}

// DefaultTiming returns the times that are used where nothing is said.
func DefaultTiming() Timing {
	return Timing{GroupWait: Duration(10 * time.Second), GroupInterval: Duration(5 * time.Minute), RepeatInterval: Duration(4 * time.Hour)}
}

func (t Timing) check(owner string) error {
	for _, f := range []struct {
		name      string
		d         Duration
		low, high time.Duration
	}{
		{"group_wait", t.GroupWait, 0, time.Hour},
		{"group_interval", t.GroupInterval, time.Second, 24 * time.Hour},
		{"repeat_interval", t.RepeatInterval, time.Second, maxFor},
	} {
		if f.d.Std() < f.low || f.d.Std() > f.high {
			return fault.New(fault.Invalid, "%s: %s: %s is not between %s and %s", owner, f.name, f.d, Duration(f.low), Duration(f.high)).
				WithHint("write a duration such as 30s or 5m")
		}
	}
	return nil
}

// timing is the channel's own, filled up from that of all.
func (c Channel) timing(all Timing) Timing {
	for _, f := range []struct{ own, to *Duration }{{c.GroupWait, &all.GroupWait}, {c.GroupInterval, &all.GroupInterval}, {c.RepeatInterval, &all.RepeatInterval}} {
		if f.own != nil {
			*f.to = *f.own
		}
	}
	return all
}

func (c Channel) resolved() bool { return c.SendResolved == nil || *c.SendResolved }

// takes reports whether an alert of a rule is told by the channel.
func (c Channel) takes(r Rule, level notify.Level) bool {
	if len(r.Channels) > 0 {
		return slices.Contains(r.Channels, c.Name)
	}
	return len(c.Levels) == 0 || slices.Contains(c.Levels, level)
}

// version tells settings apart.
func (c Channel) version() string {
	text, err := json.Marshal(c)
	if err != nil { // texts and numbers always encode
		return ""
	}
	return digest(text)
}

// spec finds the kind of a channel.
func (e *Evaluator) spec(kind string) (notify.Spec, error) {
	var names []string
	for _, s := range e.deps.Notifiers {
		if s.Name == kind {
			return s, nil
		}
		names = append(names, s.Name)
	}
	err := fault.New(fault.Invalid, "channel kind %q is not known", notify.Cut(kind, 100))
	if near := fault.Near(kind, names); near != "" {
		return notify.Spec{}, err.WithHint("did you mean %q?", near)
	}
	return notify.Spec{}, err.WithHint("there are %s", strings.Join(names, ", "))
}

// settle returns a channel with what it leaves out, its options checked and its secrets those of before where they are
// Hidden, and a notifier made of it.
func (e *Evaluator) settle(c Channel, before option.Values) (Channel, notify.Notifier, error) {
	spec, err := e.spec(c.Kind)
	if err != nil {
		return c, nil, err
	}
	owner := "channel " + strconv.Quote(notify.Cut(c.Name, 100))
	size := 0
	given := maps.Clone(c.Options)
	moved := false // a secret must not follow to an address that somebody else names
	for _, name := range []string{"url", "host", "port", "tls", "ca_file"} {
		if given[name] != Hidden && before[name] != given[name] && (before.Has(name) || given.Has(name)) {
			moved = true
		}
	}
	for name, value := range given {
		size += len(name) + len(value)
		if value != Hidden {
			continue
		}
		old, ok := before[name]
		if ok && moved {
			return c, nil, fault.New(fault.Invalid, "option %q of %s is hidden, but the address has changed", notify.Cut(name, 100), owner).
				WithHint("write the secrets again for another address")
		}
		if !ok {
			return c, nil, fault.New(fault.Invalid, "option %q of %s is hidden, and there is none to keep", notify.Cut(name, 100), owner).WithHint("write the secret itself")
		}
		given[name] = old
	}
	if size > maxOptionBytes {
		return c, nil, fault.New(fault.Limit, "options of %s have %d bytes, %d at most", owner, size, maxOptionBytes)
	}
	if c.Options, err = option.Check(owner, spec.Options, given); err != nil {
		return c, nil, err
	}
	if len(c.Levels) == 0 {
		c.Levels = spec.Levels
	}
	for _, l := range c.Levels {
		if l.Rank() < 0 {
			return c, nil, fault.New(fault.Invalid, "%s: levels: %q is no level", owner, notify.Cut(string(l), 40)).WithHint("there are info, warning, error, critical")
		}
	}
	if c.PerMinute < 0 || c.PerMinute > maxPerMinute {
		return c, nil, fault.New(fault.Invalid, "%s: per_minute: %d is not between 0 and %d", owner, c.PerMinute, maxPerMinute)
	}
	if err := c.timing(e.timing).check(owner); err != nil {
		return c, nil, err
	}
	yes := c.resolved()
	c.SendResolved = &yes
	n, err := spec.New(c.Options, e.deps.Notify)
	if err != nil {
		return c, nil, fault.New(cmp.Or(fault.KindOf(err), fault.Invalid), "%s: %w", owner, err)
	}
	return c, n, nil
}

// pace keeps a channel within so many messages in any minute.
type pace struct {
	times []time.Time // of the newest messages, the oldest first
	most  int
}

// wait returns how long the next message must wait.
func (p *pace) wait(now time.Time) time.Duration {
	if len(p.times) < p.most {
		return 0
	}
	return max(0, p.times[len(p.times)-p.most].Add(time.Minute).Sub(now))
}

// note says that a message is sent.
func (p *pace) note(now time.Time) {
	p.times = append(p.times, now)
	if len(p.times) > p.most {
		p.times = slices.Delete(p.times, 0, len(p.times)-p.most)
	}
}
