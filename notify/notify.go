// Package notify is the border with the ways people are told about alerts: e-mail, DingTalk, Feishu and so
// on, one folder each below this one. alert decides who is told what and when; a Notifier only says it.
//
// A Notifier sends one Notice once. It neither waits nor tries again: the kind of its error tells the one
// loop in alert what to do (see Notifier). What people read is written here, in Chinese or English, so that
// all channels say the same; HTTP goes through Web, which bounds time and answers and keeps secrets out of
// errors.
package notify

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/option"
)

// Notifier tells people about a group of alerts. It may be used by several goroutines.
type Notifier interface {
	// Notify sends n and returns nil once the other side has taken it. An error that is fault.Unavailable
	// or fault.Limit is worth another try, after RetryAfter if it says so; any other is not, until somebody
	// mends the settings. The notice must not be kept or changed.
	Notify(ctx context.Context, n Notice) error
}

// Spec is a kind of channel as users see it; the docs, the form of the screen and the check of options are made
// from it.
type Spec struct {
	Name    string
	Doc     string
	Options []option.Option
	// PerMinute is how many messages a minute the other side takes from one sender; 0 if it does not say.
	PerMinute int
	// Levels are those that a channel of this kind gets if its settings name none; empty is all.
	Levels []Level
	New    func(option.Values, Deps) (Notifier, error)
}

// Deps are what the node lends to notifiers.
type Deps struct {
	// Client makes all HTTP requests; NewClient makes one that is fit for it.
	Client *http.Client
	// Now is the clock of signatures; nil is the machine's.
	Now func() time.Time
	// Zone is the time zone of what people read; nil is the machine's.
	Zone *time.Location
}

// Clock returns the time.
func (d Deps) Clock() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

// Status says whether something is wrong now or is over.
type Status string

// The states of a notice and of each alert in it.
const (
	Firing   Status = "firing"
	Resolved Status = "resolved"
)

// Level is how bad an alert is.
type Level string

// The levels, mildest first.
const (
	Info     Level = "info"
	Warning  Level = "warning"
	Error    Level = "error"
	Critical Level = "critical"
)

// Levels returns all levels, mildest first.
func Levels() []Level { return []Level{Info, Warning, Error, Critical} }

// Rank returns the place of a level among Levels, from 0, or -1 if it is none.
func (l Level) Rank() int { return slices.Index(Levels(), l) }

// Notice is one message: a group of alerts at one moment.
type Notice struct {
	ID      string            // of this notice; the same when it is tried again
	Group   string            // of the group; the same in all its notices
	Channel string            // the channel's name
	Status  Status            // Firing while any alert fires
	Labels  map[string]string // what the alerts of the group have in common
	Alerts  []Alert           // at least one
	Link    string            // to the screen; may be empty
	At      time.Time
}

// Alert is one alert of a notice.
type Alert struct {
	ID         string
	Rule       string
	Labels     map[string]string
	Status     Status
	Level      Level
	Value      float64
	Threshold  float64
	Op         string // how the value compares with the threshold: >, >=, <, <=; empty if it does not
	Since      time.Time
	ResolvedAt time.Time // zero while it fires
	Summary    string
	Doc        string // what the rule is about and what to do; may be empty
	Link       string // to the alert on the screen; may be empty
}

// Level returns the worst level of the alerts that fire, or of all if none does.
func (n Notice) Level() Level {
	worst := Info
	for _, a := range n.Alerts {
		if (a.Status == Firing || n.Status == Resolved) && a.Level.Rank() > worst.Rank() {
			worst = a.Level
		}
	}
	return worst
}

// Count returns how many alerts have a status.
func (n Notice) Count(s Status) int {
	count := 0
	for _, a := range n.Alerts {
		if a.Status == s {
			count++
		}
	}
	return count
}

// Sort puts the alerts in the order people read them: what fires first, the worst first, the oldest first.
func (n Notice) Sort() {
	slices.SortFunc(n.Alerts, func(a, b Alert) int {
		return cmp.Or(strings.Compare(string(a.Status), string(b.Status)), cmp.Compare(b.Level.Rank(), a.Level.Rank()),
			a.Since.Compare(b.Since), strings.Compare(a.Rule, b.Rule), strings.Compare(a.ID, b.ID))
	})
}

// later is a refusal that says when to come again.
type later struct {
	after time.Duration
	err   error
}

func (l *later) Error() string { return l.err.Error() }
func (l *later) Unwrap() error { return l.err }

// Later returns a fault.Limit that asks for a pause. The other arguments are those of fault.New.
func Later(after time.Duration, format string, args ...any) error {
	return &later{after, fault.New(fault.Limit, format, args...)}
}

// RetryAfter returns the pause that an error asks for, or 0.
func RetryAfter(err error) time.Duration {
	var l *later
	if errors.As(err, &l) {
		return l.after
	}
	return 0
}

// Retryable reports whether an error of Notify is worth another try with the same settings.
func Retryable(err error) bool {
	return errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Limit)
}

// Separated returns the parts of a list written with commas, semicolons or white space.
func Separated(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '，' || r == '；'
	})
}
