package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/alert"
	"millrace/fault"
)

// Silence keeps matching alerts from being sent for some time.
type Silence struct {
	ID       string            `json:"id"`
	Matchers map[string]string `json:"matchers" nullable:"false" doc:"By label, rule and level among them; * stands for any text. All must match."`
	StartsAt time.Time         `json:"starts_at"`
	EndsAt   time.Time         `json:"ends_at"`
	Comment  string            `json:"comment"`
	By       string            `json:"by" doc:"Who made it"`
}

// SilenceList are the silences that there are.
type SilenceList struct {
	Silences []Silence `json:"silences" nullable:"false" doc:"Those in force, those to come, and those that ended within a day"`
}

// SilenceRequest makes a silence.
type SilenceRequest struct {
	ID       string            `json:"id,omitempty" maxLength:"100" doc:"The silence to change; a new one is made if it is left out"`
	Matchers map[string]string `json:"matchers" minProperties:"1" maxProperties:"32" nullable:"false" doc:"By label, rule and level among them; * stands for any text. All must match."`
	StartsAt *time.Time        `json:"starts_at,omitempty" doc:"Now, if it is left out"`
	EndsAt   *time.Time        `json:"ends_at,omitempty" doc:"Or duration"`
	Duration alert.Duration    `json:"duration,omitempty" maxLength:"32" doc:"Instead of ends_at" example:"2h"`
	Comment  string            `json:"comment,omitempty" maxLength:"2000" example:"disks are being changed"`
	By       string            `json:"by,omitempty" maxLength:"200" doc:"Who makes it; the name of the token if it is left out"`
}

// SilenceID names a silence.
type SilenceID struct {
	ID string `json:"id"`
}

func (s *Server) addSilences(api huma.API) {
	p := part{s, api, s.deps.Alerts != nil, "alerts"}
	tags := []string{"alerts"}
	type listOutput struct{ Body SilenceList }
	registerPart(p, huma.Operation{
		OperationID: "silences", Method: http.MethodGet, Path: "/api/alerts/silences", Tags: tags, Summary: "Which alerts are not sent",
	}, func(context.Context, *struct{}) (*listOutput, error) {
		found := s.deps.Alerts.Silences()
		list := make([]Silence, len(found))
		for i, one := range found {
			one.Matchers = orNone(one.Matchers)
			list[i] = Silence(one)
		}
		return &listOutput{SilenceList{list}}, nil
	})
	type putInput struct{ Body SilenceRequest }
	type putOutput struct{ Body SilenceID }
	registerPart(p, huma.Operation{
		OperationID: "put-silence", Method: http.MethodPost, Path: "/api/alerts/silences", Tags: tags, Summary: "Do not send some alerts for some time",
		RequestBody: sample(map[string]any{"matchers": map[string]any{"rule": "cpu*", "host": "a"}, "duration": "2h", "comment": "disks are being changed"}),
	}, func(ctx context.Context, in *putInput) (*putOutput, error) {
		silence, err := in.Body.silence(time.Now().UTC(), callerOf(ctx).name)
		if err != nil {
			return nil, err
		}
		id, err := s.deps.Alerts.PutSilence(ctx, silence)
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "silence put", "silence", id, "matchers", silence.Matchers, "ends_at", silence.EndsAt)
		return &putOutput{SilenceID{id}}, nil
	})
	type idInput struct {
		ID string `path:"id" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" doc:"The silence"`
	}
	registerPart(p, huma.Operation{
		OperationID: "drop-silence", Method: http.MethodDelete, Path: "/api/alerts/silences/{id}", Tags: tags,
		Summary: "End a silence", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *idInput) (*struct{}, error) {
		if err := s.deps.Alerts.DeleteSilence(ctx, in.ID); err != nil {
			return nil, err
		}
		s.audit(ctx, "silence dropped", "silence", in.ID)
		return nil, nil
	})
}

// silence is the request with its times understood.
func (r *SilenceRequest) silence(now time.Time, who string) (alert.Silence, error) {
	one := alert.Silence{ID: r.ID, Matchers: r.Matchers, StartsAt: now, Comment: r.Comment, By: cmp.Or(r.By, who)}
	if (r.EndsAt == nil) == (r.Duration == 0) {
		return one, fault.New(fault.Invalid, "give the silence ends_at or a duration, one of them")
	}
	if r.StartsAt != nil {
		one.StartsAt = r.StartsAt.UTC()
	}
	one.EndsAt = one.StartsAt.Add(r.Duration.Std())
	if r.EndsAt != nil {
		one.EndsAt = r.EndsAt.UTC()
	}
	return one, nil
}
