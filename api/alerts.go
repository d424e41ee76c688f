package api

import "time"

// AlertList is what is wrong now.
type AlertList struct {
	Alerts      []Alert    `json:"alerts" nullable:"false"`
	EvaluatedAt *time.Time `json:"evaluated_at" doc:"When rules were looked at last; null: not yet"`
	Error       string     `json:"error,omitempty" doc:"Why rules cannot be evaluated, if that is so"`
}

// Alert is a condition of a rule that holds, or held a short time ago.
type Alert struct {
	ID         string            `json:"id"`
	Rule       string            `json:"rule"`
	Labels     map[string]string `json:"labels" nullable:"false"`
	Level      string            `json:"level" enum:"info,warning,error,critical"`
	State      string            `json:"state" enum:"pending,firing,resolved-recently"`
	Value      float64           `json:"value"`
	Threshold  float64           `json:"threshold"`
	Since      time.Time         `json:"since" doc:"Since when the condition holds"`
	FiredAt    *time.Time        `json:"fired_at,omitempty"`
	SilencedBy []string          `json:"silenced_by" nullable:"false" doc:"Ids of silences"`
	Summary    string            `json:"summary"`
}

// AlertEvent is a change of an alert's state.
type AlertEvent struct {
	At        time.Time         `json:"at"`
	Rule      string            `json:"rule"`
	Labels    map[string]string `json:"labels" nullable:"false"`
	From      string            `json:"from" doc:"The state before"`
	To        string            `json:"to" doc:"The state after"`
	Level     string            `json:"level"`
	Value     float64           `json:"value"`
	Threshold float64           `json:"threshold"`
}

// Notice is what was sent, or was to be sent, to a channel.
type Notice struct {
	At       time.Time `json:"at"`
	Channel  string    `json:"channel"`
	Group    string    `json:"group" doc:"What the alerts in it have in common"`
	Status   string    `json:"status" enum:"firing,resolved"`
	Alerts   int       `json:"alerts" doc:"How many are in it"`
	Outcome  string    `json:"outcome" enum:"sent,failed,dropped,retrying"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"`
}
