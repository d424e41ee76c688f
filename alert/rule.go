package alert

import (
	"cmp"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// Duration is a time span that is written as text: "10s", "5 min".
type Duration time.Duration

// Std returns the span as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the shortest text of the span: "5m", not "5m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText returns the text of the span.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text of a span.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := option.ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// Origin says who made a rule or channel.
type Origin string

// The origins: Default comes with the program, Config stands in the configuration, API was made by the interface.
const (
	Default Origin = "default"
	Config  Origin = "config"
	API     Origin = "api"
)

// Rule says what is watched and when it is wrong.
type Rule struct {
	Name    string `json:"name" yaml:"name"`
	Enabled *bool  `json:"enabled,omitempty" yaml:"enabled"` // nil is true
	Doc     string `json:"doc,omitempty" yaml:"doc"`
	// Metric and SQL are what is watched, one of them. Each row of the SQL is a condition that holds: column value,
	// perhaps column threshold; the others are labels.
	Metric        string            `json:"metric,omitempty" yaml:"metric"`
	Aggregate     string            `json:"aggregate,omitempty" yaml:"aggregate"` // over the series of a metric: avg, max, min, last
	SQL           string            `json:"sql,omitempty" yaml:"sql"`
	Op            string            `json:"op,omitempty" yaml:"op"`
	Threshold     *float64          `json:"threshold,omitempty" yaml:"threshold"`
	For           Duration          `json:"for" yaml:"for"`
	KeepFiringFor Duration          `json:"keep_firing_for" yaml:"keep_firing_for"`
	Recover       *float64          `json:"recover,omitempty" yaml:"recover"` // a firing alert is over only beyond it
	Interval      Duration          `json:"interval" yaml:"interval"`
	Level         notify.Level      `json:"level,omitempty" yaml:"level"` // empty: by the ratio of value and threshold
	Labels        map[string]string `json:"labels,omitempty" yaml:"labels"`
	GroupBy       []string          `json:"group_by,omitempty" yaml:"group_by"`
	Channels      []string          `json:"channels,omitempty" yaml:"channels"` // empty: all whose levels match
	NoData        string            `json:"no_data,omitempty" yaml:"no_data"`
	StaleAfter    Duration          `json:"stale_after,omitempty" yaml:"stale_after"` // a point that is older is no data
	Summary       string            `json:"summary,omitempty" yaml:"summary"`
	Origin        Origin            `json:"origin,omitempty" yaml:"-"`
}

// The values of NoData, for metrics: keep the state of alerts (what a rule does that says nothing), raise an alert of
// its own, or take it as well. A row of SQL that is gone is a condition that no longer holds.
const (
	NoDataKeep  = "keep"
	NoDataAlert = "alert"
	NoDataOK    = "ok"
)

// Bounds of what a rule may say.
const (
	defaultInterval = 10 * time.Second
	minInterval     = time.Second // an evaluation is a query
	maxInterval     = 24 * time.Hour
	maxFor          = 31 * 24 * time.Hour
	defaultStale    = 5 * time.Minute // as Prometheus looks back
	maxText         = 2000            // bytes of doc and summary
	maxSQL          = 100_000
	maxLabels       = 32
	maxLabelName    = 128
	maxLabelValue   = 256
	maxListed       = 32 // channels, labels to group by
)

// namePattern is fit for addresses, keys and labels alike.
var namePattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$`)

// EvaluationFailed is the name of the one alert that says that rules cannot be evaluated. No rule may have it.
const EvaluationFailed = "RuleEvaluationFailed"

// DefaultRules returns the rules of the article.
func DefaultRules() []Rule {
	rule := func(name string, threshold float64, doc, summary string) Rule {
		return Rule{Name: name, Metric: name, Op: ">", Threshold: &threshold, Doc: doc, Summary: summary, Origin: Default}
	}
	rules := []Rule{
		rule("cpu_usage", 80, "The processor of a machine is busy.", "CPU {value} % > {threshold} %"),
		rule("memory_usage", 85, "The memory of a machine is used up.", "Memory {value} % > {threshold} %"),
		rule("processing_latency", 1000, "Records take long from their arrival to their being served.", "Latency {value} ms > {threshold} ms"),
		rule("error_rate", 5, "Many of the records that arrive cannot be read or processed.", "Error rate {value} % > {threshold} %"),
	}
	for i := range rules {
		rules[i] = rules[i].complete()
	}
	return rules
}

// ParseRule reads a rule written as JSON and checks it.
func ParseRule(text []byte) (Rule, error) {
	var r Rule
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Rule{}, fault.New(fault.Invalid, "read rule: %w", err)
	}
	r = r.complete()
	return r, r.check()
}

// On reports whether the rule is evaluated.
func (r Rule) On() bool { return r.Enabled == nil || *r.Enabled }

// complete returns the rule with what it leaves out.
func (r Rule) complete() Rule {
	on := r.On()
	r.Enabled = &on
	r.Op = cmp.Or(r.Op, ">")
	r.Interval = cmp.Or(r.Interval, Duration(defaultInterval))
	r.StaleAfter = cmp.Or(r.StaleAfter, Duration(max(defaultStale, 3*r.Interval.Std())))
	r.NoData = cmp.Or(r.NoData, NoDataKeep)
	if len(r.GroupBy) == 0 {
		r.GroupBy = []string{"rule"}
	}
	// None and empty are one thing, also after having been kept.
	if len(r.Labels) == 0 {
		r.Labels = nil
	}
	if len(r.Channels) == 0 {
		r.Channels = nil
	}
	return r
}

// check says what is wrong with a complete rule: field, value, and how to mend it.
func (r Rule) check() error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, "rule %q: %s: "+format, append([]any{notify.Cut(r.Name, 100), field}, args...)...)
	}
	oneOf := func(field, value string, known ...string) error {
		if slices.Contains(known, value) {
			return nil
		}
		return bad(field, "%q is none of %s", notify.Cut(value, 100), strings.Join(known, ", ")).WithHint("write one of %s", strings.Join(known, ", "))
	}
	within := func(field string, d Duration, low, high time.Duration) error {
		if d.Std() >= low && d.Std() <= high {
			return nil
		}
		return bad(field, "%s is not between %s and %s", d, Duration(low), Duration(high)).WithHint("write a duration such as 30s or 5m")
	}
	switch {
	case !namePattern.MatchString(r.Name):
		return bad("name", "%q is no name", notify.Cut(r.Name, 100)).WithHint("letters, digits, dot, dash and underscore, 100 at most, beginning with a letter or digit")
	case r.Name == EvaluationFailed:
		return bad("name", "it is the platform's own").WithHint("take another name")
	case (r.Metric == "") == (r.SQL == ""):
		return bad("metric", "a rule watches a metric or SQL, one of them").WithHint("set metric or sql, and leave the other out")
	case r.Metric != "" && r.Threshold == nil:
		return bad("threshold", "it is missing").WithHint("set the number that %s is compared with", r.Metric)
	case r.SQL != "" && r.Aggregate != "":
		return bad("aggregate", "it is for a metric").WithHint("aggregate in the SQL")
	case r.SQL != "" && r.NoData == NoDataAlert:
		return bad("no_data", "a row that is gone is a condition that no longer holds").WithHint("write a query that gives a row when there is no data")
	case r.SQL != "" && r.Recover != nil:
		return bad("recover", "the rows of SQL are not compared").WithHint("use keep_firing_for, or a metric")
	case len(r.SQL) > maxSQL || len(r.Metric) > 512 || len(r.Doc) > maxText || len(r.Summary) > maxText:
		return bad("sql, metric, doc or summary", "it is too long").WithHint("%d bytes of SQL, %d of a text at most", maxSQL, maxText)
	case strings.ContainsRune(r.SQL+r.Metric, 0):
		return bad("sql or metric", "there is a NUL in it")
	}
	if r.Recover != nil && r.Threshold != nil && holds(r.Op, *r.Recover, *r.Threshold) {
		return bad("recover", "%s is on the wrong side of threshold %s", notify.Number(*r.Recover), notify.Number(*r.Threshold)).
			WithHint("with %s an alert is over when the value is back at recover, on the good side of threshold", r.Op)
	}
	return cmp.Or(
		oneOf("op", r.Op, ">", ">=", "<", "<="), oneOf("aggregate", r.Aggregate, "", "avg", "max", "min", "last"),
		oneOf("no_data", r.NoData, NoDataKeep, NoDataAlert, NoDataOK), oneOf("level", string(r.Level), "", "info", "warning", "error", "critical"),
		within("for", r.For, 0, maxFor), within("keep_firing_for", r.KeepFiringFor, 0, maxFor),
		within("interval", r.Interval, minInterval, maxInterval), within("stale_after", r.StaleAfter, r.Interval.Std(), maxFor),
		r.checkNumbers(bad), r.checkLabels(bad), checkSummary(r.Summary, bad),
	)
}

type complaint = func(field, format string, args ...any) *fault.Error

func (r Rule) checkNumbers(bad complaint) error {
	for name, v := range map[string]*float64{"threshold": r.Threshold, "recover": r.Recover} {
		if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
			return bad(name, "%v is no number to compare with", *v)
		}
	}
	return nil
}

func (r Rule) checkLabels(bad complaint) error {
	if len(r.Labels) > maxLabels || len(r.GroupBy) > maxListed || len(r.Channels) > maxListed {
		return bad("labels, group_by or channels", "there are too many").WithHint("%d at most", maxListed)
	}
	for name, value := range r.Labels {
		if name == "" || len(name) > maxLabelName || len(value) > maxLabelValue {
			return bad("labels", "%q is no label", notify.Cut(name, 40)).WithHint("a name has 1 to %d bytes, a value %d at most", maxLabelName, maxLabelValue)
		}
		if reserved(name) {
			return bad("labels", "%q is every alert's own", name).WithHint("take another name")
		}
	}
	for _, name := range r.GroupBy {
		if name == "" || len(name) > maxLabelName {
			return bad("group_by", "%q is no label", notify.Cut(name, 40)).WithHint("write names of labels, or rule or level")
		}
	}
	return nil
}

// reserved reports whether a label is one that every alert has without being told.
func reserved(name string) bool { return name == "rule" || name == "level" }

// identity tells whether two versions of a rule watch the same things, so that their alerts are the same.
func (r Rule) identity() string {
	text, err := json.Marshal([]any{r.Metric, r.Aggregate, r.SQL, r.Labels})
	if err != nil { // texts always encode
		return ""
	}
	return digest(text)
}
