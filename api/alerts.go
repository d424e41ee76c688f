package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

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

// AlertEventList is the history of alerts.
type AlertEventList struct {
	Events []AlertEvent `json:"events" nullable:"false" doc:"The newest first"`
}

// NoticeList is what was sent.
type NoticeList struct {
	Notices []Notice `json:"notices" nullable:"false" doc:"The newest first"`
}

func (s *Server) addAlerts(api huma.API) {
	p := part{s, api, s.deps.Alerts != nil, "alerts"}
	tags := []string{"alerts"}
	type listOutput struct{ Body AlertList }
	registerPart(p, huma.Operation{
		OperationID: "alerts", Method: http.MethodGet, Path: "/api/alerts", Tags: tags, Summary: "What is wrong now",
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.deps.Alerts.Active(ctx)
		if err != nil {
			return nil, err
		}
		list.Alerts = orEmpty(list.Alerts)
		for i := range list.Alerts {
			a := &list.Alerts[i]
			a.Labels, a.SilencedBy = orNone(a.Labels), orEmpty(a.SilencedBy)
			a.Value, a.Threshold = finite(a.Value), finite(a.Threshold)
		}
		return &listOutput{list}, nil
	})

	type historyInput struct {
		Rule  string `query:"rule" maxLength:"100" example:"cpu_high" doc:"Only of this rule"`
		Limit int    `query:"limit" default:"200" minimum:"1" maximum:"1000" doc:"How many at most"`
	}
	type historyOutput struct{ Body AlertEventList }
	registerPart(p, huma.Operation{
		OperationID: "alert-history", Method: http.MethodGet, Path: "/api/alerts/history", Tags: tags, Summary: "Alerts that came and went",
	}, func(ctx context.Context, in *historyInput) (*historyOutput, error) {
		list, err := s.deps.Alerts.History(ctx, in.Rule, in.Limit)
		if err != nil {
			return nil, err
		}
		list = orEmpty(list)
		for i := range list {
			list[i].Labels, list[i].Value, list[i].Threshold = orNone(list[i].Labels), finite(list[i].Value), finite(list[i].Threshold)
		}
		return &historyOutput{AlertEventList{list}}, nil
	})

	type noticesInput struct {
		Limit int `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"How many at most"`
	}
	type noticesOutput struct{ Body NoticeList }
	registerPart(p, huma.Operation{
		OperationID: "alert-notices", Method: http.MethodGet, Path: "/api/alerts/notices", Tags: tags, Summary: "What was sent to channels",
	}, func(ctx context.Context, in *noticesInput) (*noticesOutput, error) {
		list, err := s.deps.Alerts.Notices(ctx, in.Limit)
		return &noticesOutput{NoticeList{orEmpty(list)}}, err
	})
}

// orNone makes {} of nil, which JSON would show as null.
func orNone[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// finite is v, or 0 where JSON has no number for it.
func finite(v float64) float64 {
	if number(v) == nil {
		return 0
	}
	return v
}
