package api

import "time"

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
