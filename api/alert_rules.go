package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/option"
)

// AlertRule says what is watched, and when it is wrong.
type AlertRule struct {
	Name          string            `json:"name" minLength:"1" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"cpu_high"`
	Enabled       *bool             `json:"enabled,omitempty" doc:"true if it is left out"`
	Doc           string            `json:"doc,omitempty" maxLength:"2000" doc:"What it is for, and what to do about it"`
	Metric        string            `json:"metric,omitempty" maxLength:"512" doc:"The metric that is watched; or give sql" example:"cpu_usage"`
	Aggregate     string            `json:"aggregate,omitempty" enum:"avg,max,min,last" doc:"Over the series of the metric; each series by itself if it is left out"`
	SQL           string            `json:"sql,omitempty" maxLength:"100000" doc:"Instead of a metric: a SELECT whose rows are conditions that hold. Column value is the value, threshold its threshold if it has one; the others are labels."`
	Op            string            `json:"op,omitempty" enum:">,>=,<,<=" doc:"> if it is left out"`
	Threshold     *float64          `json:"threshold,omitempty" example:"80"`
	For           string            `json:"for,omitempty" maxLength:"32" doc:"How long the condition holds before it fires" example:"30s"`
	KeepFiringFor string            `json:"keep_firing_for,omitempty" maxLength:"32" doc:"How long it is firing after the condition has ended"`
	Recover       *float64          `json:"recover,omitempty" doc:"The threshold at which a firing alert is over, so that a value around the threshold does not flap"`
	Interval      string            `json:"interval,omitempty" maxLength:"32" doc:"How often it is evaluated; 10s if it is left out"`
	Level         string            `json:"level,omitempty" enum:"info,warning,error,critical" doc:"By how far the value is beyond the threshold, if it is left out: more than 1.5 times critical, more than 1.2 times error, else warning"`
	Labels        map[string]string `json:"labels,omitempty" nullable:"false" maxProperties:"32" doc:"Put onto every alert"`
	GroupBy       []string          `json:"group_by,omitempty" nullable:"false" maxItems:"16" doc:"Labels whose values tell notices apart; rule if it is left out"`
	Channels      []string          `json:"channels,omitempty" nullable:"false" maxItems:"32" doc:"Where to send; all channels whose levels match, if it is left out"`
	NoData        string            `json:"no_data,omitempty" enum:"keep,alert,ok" doc:"When there is no value: keep the state, alert, or take it as well; keep if it is left out"`
	Summary       string            `json:"summary,omitempty" maxLength:"2000" doc:"The text of an alert, {value}, {threshold} and {label} standing for theirs" example:"CPU at {value} %"`
	Origin        string            `json:"origin,omitempty" readOnly:"true" enum:"default,config,api"`
}

// AlertRuleState is a rule and how it fares.
type AlertRuleState struct {
	AlertRule
	State RuleState `json:"state"`
}

// RuleState is how a rule fares.
type RuleState struct {
	LastEvaluatedAt *time.Time `json:"last_evaluated_at"`
	TookMS          float64    `json:"took_ms"`
	Error           string     `json:"error,omitempty" doc:"Why it cannot be evaluated"`
	Firing          int        `json:"firing"`
	Pending         int        `json:"pending"`
}

// Condition is a row of a rule: something that is wrong at this moment.
type Condition struct {
	Labels    map[string]string `json:"labels" nullable:"false"`
	Value     float64           `json:"value"`
	Threshold float64           `json:"threshold"`
	Level     string            `json:"level" enum:"info,warning,error,critical"`
}

// AlertRuleList are the rules that there are.
type AlertRuleList struct {
	Rules []AlertRuleState `json:"rules" nullable:"false"`
}

// RuleTrial is what a rule finds now.
type RuleTrial struct {
	Conditions []Condition `json:"conditions" nullable:"false" doc:"What is wrong by it at this moment"`
	Error      string      `json:"error,omitempty" doc:"Why it cannot be evaluated"`
	Hint       string      `json:"hint,omitempty" doc:"How to mend it"`
}

// Bounds of the times of a rule. An evaluation is a query.
const (
	minRuleInterval = time.Second
	maxRuleInterval = 24 * time.Hour
	maxRuleFor      = 31 * 24 * time.Hour
)

func (s *Server) addAlertRules(api huma.API) {
	p := part{s, api, s.deps.Rules != nil, "alerts"}
	tags := []string{"alerts"}
	example := map[string]any{"name": "cpu_high", "metric": "cpu_usage", "op": ">", "threshold": 80, "for": "30s", "summary": "CPU of {host} at {value} %"}
	type listOutput struct{ Body AlertRuleList }
	registerPart(p, huma.Operation{
		OperationID: "alert-rules", Method: http.MethodGet, Path: "/api/alerts/rules", Tags: tags, Summary: "What is watched",
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.alertRules(ctx)
		return &listOutput{AlertRuleList{list}}, err
	})
	type ruleInput struct{ Body AlertRule }
	type ruleOutput struct{ Body AlertRuleState }
	registerPart(p, huma.Operation{
		OperationID: "apply-alert-rule", Method: http.MethodPost, Path: "/api/alerts/rules", Tags: tags,
		Summary: "Watch something; a rule of that name is replaced", MaxBodyBytes: maxScriptBytes, RequestBody: sample(example),
	}, func(ctx context.Context, in *ruleInput) (*ruleOutput, error) {
		rule, err := in.Body.complete()
		if err == nil {
			err = s.deps.Rules.Apply(ctx, rule)
		}
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "alert rule applied", "rule", rule.Name)
		list, err := s.alertRules(ctx)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(r AlertRuleState) bool { return r.Name == rule.Name })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "rule %q does not exist any more", rule.Name)
		}
		return &ruleOutput{list[i]}, nil
	})
	registerPart(p, huma.Operation{
		OperationID: "drop-alert-rule", Method: http.MethodDelete, Path: "/api/alerts/rules/{name}", Tags: tags,
		Summary: "Watch it no more", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *nameInput) (*struct{}, error) {
		if err := s.deps.Rules.Drop(ctx, in.Name); err != nil {
			return nil, err
		}
		s.audit(ctx, "alert rule dropped", "rule", in.Name)
		return nil, nil
	})
	type testOutput struct{ Body RuleTrial }
	registerPart(p, huma.Operation{
		OperationID: "test-alert-rule", Method: http.MethodPost, Path: "/api/alerts/rules/test", Tags: tags,
		Summary: "See what a rule would find, without keeping it", MaxBodyBytes: maxScriptBytes, RequestBody: sample(example),
	}, func(ctx context.Context, in *ruleInput) (*testOutput, error) {
		rule, err := in.Body.complete()
		if err != nil {
			return nil, err
		}
		leave, err := s.gates.sql.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		found, err := s.deps.Rules.Test(ctx, rule)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out := &testOutput{RuleTrial{Conditions: orEmpty(found)}}
		for i := range out.Body.Conditions {
			c := &out.Body.Conditions[i]
			c.Labels, c.Value, c.Threshold = orNone(c.Labels), finite(c.Value), finite(c.Threshold)
		}
		out.Body.Error, out.Body.Hint = told(Kind{}, nil, err)
		return out, nil
	})
}

// alertRules returns the rules by name.
func (s *Server) alertRules(ctx context.Context) ([]AlertRuleState, error) {
	list, err := s.deps.Rules.List(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b AlertRuleState) int { return strings.Compare(a.Name, b.Name) })
	return orEmpty(list), nil
}

// complete returns the rule with what it leaves out filled in, or says what is wrong with it.
func (r AlertRule) complete() (AlertRule, error) {
	r.Origin = ""
	if (r.Metric == "") == (r.SQL == "") {
		return r, fault.New(fault.Invalid, "rule %q: give it a metric or sql, one of them", r.Name)
	}
	if hasNUL(r.Metric + r.SQL) {
		return r, fault.New(fault.Invalid, "rule %q: there is a NUL in it", r.Name)
	}
	if r.Metric != "" && r.Threshold == nil {
		return r, fault.New(fault.Invalid, "rule %q: threshold is missing", r.Name)
	}
	if r.SQL != "" && r.Aggregate != "" {
		return r, fault.New(fault.Invalid, "rule %q: aggregate is for a metric; aggregate in the SQL", r.Name)
	}
	on := true
	r.Enabled = cmp.Or(r.Enabled, &on)
	r.Op, r.NoData = cmp.Or(r.Op, ">"), cmp.Or(r.NoData, "keep")
	if len(r.GroupBy) == 0 {
		r.GroupBy = []string{"rule"}
	}
	if r.Recover != nil && r.Threshold != nil && (strings.HasPrefix(r.Op, ">") && *r.Recover > *r.Threshold || strings.HasPrefix(r.Op, "<") && *r.Recover < *r.Threshold) {
		return r, fault.New(fault.Invalid, "rule %q: recover is on the wrong side of the threshold", r.Name).
			WithHint("a rule with %s is over when the value is back at recover, on the good side of threshold", r.Op)
	}
	r.For, r.KeepFiringFor, r.Interval = cmp.Or(r.For, "0s"), cmp.Or(r.KeepFiringFor, "0s"), cmp.Or(r.Interval, "10s")
	for _, f := range []struct {
		name, text string
		least      time.Duration
		most       time.Duration
	}{{"for", r.For, 0, maxRuleFor}, {"keep_firing_for", r.KeepFiringFor, 0, maxRuleFor}, {"interval", r.Interval, minRuleInterval, maxRuleInterval}} {
		d, err := option.ParseDuration(f.text)
		if err != nil {
			return r, fault.New(fault.Invalid, "rule %q: %s: %w", r.Name, f.name, err)
		}
		if d < f.least || d > f.most {
			return r, fault.New(fault.Invalid, "rule %q: %s: %s is not between %s and %s", r.Name, f.name, f.text, f.least, f.most)
		}
	}
	return r, nil
}
