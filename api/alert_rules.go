package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/alert"
	"millrace/notify"
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
	For           alert.Duration    `json:"for" required:"false" maxLength:"32" doc:"How long the condition holds before it fires" example:"30s"`
	KeepFiringFor alert.Duration    `json:"keep_firing_for" required:"false" maxLength:"32" doc:"How long it is firing after the condition has ended" example:"0s"`
	Recover       *float64          `json:"recover,omitempty" doc:"The threshold at which a firing alert is over, so that a value around the threshold does not flap"`
	Interval      alert.Duration    `json:"interval" required:"false" maxLength:"32" doc:"How often it is evaluated; 10s if it is left out" example:"10s"`
	Level         notify.Level      `json:"level,omitempty" enum:"info,warning,error,critical" doc:"By how far the value is beyond the threshold, if it is left out: more than 1.5 times critical, more than 1.2 times error, else warning"`
	Labels        map[string]string `json:"labels,omitempty" nullable:"false" maxProperties:"32" doc:"Put onto every alert"`
	GroupBy       []string          `json:"group_by,omitempty" nullable:"false" maxItems:"32" doc:"Labels whose values tell notices apart; rule if it is left out"`
	Channels      []string          `json:"channels,omitempty" nullable:"false" maxItems:"32" doc:"Where to send; all channels whose levels match, if it is left out"`
	NoData        string            `json:"no_data,omitempty" enum:"keep,alert,ok" doc:"When there is no value: keep the state, alert, or take it as well; keep if it is left out"`
	StaleAfter    alert.Duration    `json:"stale_after,omitempty" maxLength:"32" doc:"A value that is older is none; 5m if it is left out, or three intervals" example:"5m"`
	Summary       string            `json:"summary,omitempty" maxLength:"2000" doc:"The text of an alert, {value}, {threshold} and {label} standing for theirs" example:"CPU of {host} at {value} %"`
	Origin        alert.Origin      `json:"origin,omitempty" readOnly:"true" enum:"default,config,api"`
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

// AlertRuleList are the rules that there are.
type AlertRuleList struct {
	Rules []AlertRuleState `json:"rules" nullable:"false"`
}

// Condition is a row of a rule: something that is wrong at this moment.
type Condition struct {
	Labels    map[string]string `json:"labels" nullable:"false"`
	Value     float64           `json:"value"`
	Threshold float64           `json:"threshold"`
	Level     notify.Level      `json:"level" enum:"info,warning,error,critical"`
}

// RuleTrial is what a rule finds now.
type RuleTrial struct {
	Conditions []Condition `json:"conditions" nullable:"false" doc:"What is wrong by it at this moment"`
	Error      string      `json:"error,omitempty" doc:"Why it cannot be evaluated"`
	Hint       string      `json:"hint,omitempty" doc:"How to mend it"`
}

func (s *Server) addAlertRules(api huma.API) {
	p := part{s, api, s.deps.Alerts != nil, "alerts"}
	tags := []string{"alerts"}
	example := map[string]any{"name": "cpu_high", "metric": "cpu_usage", "op": ">", "threshold": 80, "for": "30s", "summary": "CPU of {host} at {value} %"}
	type listOutput struct{ Body AlertRuleList }
	registerPart(p, huma.Operation{
		OperationID: "alert-rules", Method: http.MethodGet, Path: "/api/alerts/rules", Tags: tags, Summary: "What is watched",
	}, func(context.Context, *struct{}) (*listOutput, error) {
		found := s.deps.Alerts.Rules()
		list := make([]AlertRuleState, len(found))
		for i, r := range found {
			list[i] = viewRule(r)
		}
		return &listOutput{AlertRuleList{list}}, nil
	})
	type ruleInput struct{ Body AlertRule }
	type ruleOutput struct{ Body AlertRuleState }
	registerPart(p, huma.Operation{
		OperationID: "apply-alert-rule", Method: http.MethodPost, Path: "/api/alerts/rules", Tags: tags,
		Summary: "Watch something; a rule of that name is replaced", MaxBodyBytes: maxScriptBytes, RequestBody: sample(example),
	}, func(ctx context.Context, in *ruleInput) (*ruleOutput, error) {
		kept, err := s.deps.Alerts.PutRule(ctx, alert.Rule(in.Body))
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "alert rule applied", "rule", kept.Name)
		return &ruleOutput{viewRule(kept)}, nil
	})
	registerPart(p, huma.Operation{
		OperationID: "drop-alert-rule", Method: http.MethodDelete, Path: "/api/alerts/rules/{name}", Tags: tags,
		Summary: "Watch it no more; a default rule that was replaced comes back", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *nameInput) (*struct{}, error) {
		if err := s.deps.Alerts.DeleteRule(ctx, in.Name); err != nil {
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
		trial, err := s.tryRule(ctx, alert.Rule(in.Body))
		return &testOutput{trial}, err
	})
}

func viewRule(r alert.RuleStatus) AlertRuleState {
	r.State.Error = withoutPassword(r.State.Error)
	return AlertRuleState{AlertRule(r.Rule), RuleState(r.State)}
}

// tryRule evaluates a rule, waiting for its turn as SQL does.
func (s *Server) tryRule(ctx context.Context, r alert.Rule) (RuleTrial, error) {
	leave, err := s.gates.sql.enter(ctx)
	if err != nil {
		return RuleTrial{}, err
	}
	defer leave()
	found, err := s.deps.Alerts.TestRule(ctx, r)
	if ctx.Err() != nil {
		return RuleTrial{}, ctx.Err()
	}
	t := RuleTrial{Conditions: make([]Condition, len(found))}
	for i, c := range found {
		c.Labels = orNone(c.Labels)
		t.Conditions[i] = Condition(c)
	}
	t.Error, t.Hint = told(Kind{}, nil, err)
	return t, nil
}
