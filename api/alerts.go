package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/alert"
	"millrace/notify"
)

// The types here have the fields of those in package alert, so that one converts into the other; their tags are
// for the document.

// AlertList is what is wrong now.
type AlertList struct {
	Alerts      []Alert    `json:"alerts" nullable:"false" doc:"What fires first, the worst first"`
	EvaluatedAt *time.Time `json:"evaluated_at" doc:"When rules were looked at last; null: not yet"`
	Error       string     `json:"error,omitempty" doc:"Why rules cannot be evaluated, if that is so"`
}

// Alert is a condition of a rule that holds, or held a short time ago.
type Alert struct {
	ID         string            `json:"id"`
	Rule       string            `json:"rule"`
	Labels     map[string]string `json:"labels" nullable:"false"`
	Level      notify.Level      `json:"level" enum:"info,warning,error,critical"`
	State      string            `json:"state" enum:"pending,firing,resolved-recently"`
	Value      float64           `json:"value"`
	Threshold  float64           `json:"threshold"`
	Since      time.Time         `json:"since" doc:"Since when the condition holds"`
	FiredAt    *time.Time        `json:"fired_at,omitempty"`
	ResolvedAt *time.Time        `json:"resolved_at,omitempty"`
	SilencedBy []string          `json:"silenced_by" nullable:"false" doc:"Ids of silences"`
	Summary    string            `json:"summary"`
}

// AlertEvent is a change of an alert: of its state, or of its level while it fires.
type AlertEvent struct {
	At        time.Time         `json:"at"`
	ID        string            `json:"id" doc:"Of the alert"`
	Rule      string            `json:"rule"`
	Labels    map[string]string `json:"labels" nullable:"false"`
	From      alert.State       `json:"from" enum:"inactive,pending,firing,resolved"`
	To        alert.State       `json:"to" enum:"inactive,pending,firing,resolved"`
	Level     notify.Level      `json:"level"`
	Value     float64           `json:"value"`
	Threshold float64           `json:"threshold"`
	Reason    string            `json:"reason,omitempty" doc:"Why, if it is not the value"`
}

// Notice is what was sent, or was to be sent, to a channel.
type Notice struct {
	At       time.Time     `json:"at"`
	Channel  string        `json:"channel"`
	Group    string        `json:"group" doc:"What the alerts in it have in common"`
	Status   notify.Status `json:"status" enum:"firing,resolved"`
	Alerts   int           `json:"alerts" doc:"How many are in it"`
	Outcome  alert.Outcome `json:"outcome" enum:"sent,failed,dropped,retrying"`
	Attempts int           `json:"attempts"`
	Error    string        `json:"error,omitempty"`
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
	}, func(context.Context, *struct{}) (*listOutput, error) {
		found := s.deps.Alerts.Alerts()
		list := AlertList{make([]Alert, len(found.Alerts)), found.EvaluatedAt, withoutPassword(found.Error)}
		for i, a := range found.Alerts {
			a.Labels, a.SilencedBy = orNone(a.Labels), orEmpty(a.SilencedBy)
			list.Alerts[i] = Alert(a)
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
	}, func(_ context.Context, in *historyInput) (*historyOutput, error) {
		found := s.deps.Alerts.History(in.Rule, in.Limit)
		list := make([]AlertEvent, len(found))
		for i, e := range found {
			e.Labels = orNone(e.Labels)
			list[i] = AlertEvent(e)
		}
		return &historyOutput{AlertEventList{list}}, nil
	})

	type noticesInput struct {
		Limit int `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"How many at most"`
	}
	type noticesOutput struct{ Body NoticeList }
	registerPart(p, huma.Operation{
		OperationID: "alert-notices", Method: http.MethodGet, Path: "/api/alerts/notices", Tags: tags, Summary: "What was sent to channels",
	}, func(_ context.Context, in *noticesInput) (*noticesOutput, error) {
		found := s.deps.Alerts.Notices(in.Limit)
		list := make([]Notice, len(found))
		for i, n := range found {
			n.Error = withoutPassword(n.Error)
			list[i] = Notice(n)
		}
		return &noticesOutput{NoticeList{list}}, nil
	})
}

// orNone makes {} of nil, which JSON would show as null.
func orNone[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
