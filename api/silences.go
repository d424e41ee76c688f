package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/option"
)

// Silence keeps matching alerts from being sent for some time.
type Silence struct {
	ID       string            `json:"id"`
	Matchers map[string]string `json:"matchers" nullable:"false" doc:"By label, rule among them; * stands for any text. All must match."`
	StartsAt time.Time         `json:"starts_at"`
	EndsAt   time.Time         `json:"ends_at"`
	Comment  string            `json:"comment"`
	By       string            `json:"by" doc:"Who made it"`
}

// SilenceList are the silences that there are.
type SilenceList struct {
	Silences []Silence `json:"silences" nullable:"false"`
}

// SilenceRequest makes a silence.
type SilenceRequest struct {
	Matchers map[string]string `json:"matchers" minProperties:"1" maxProperties:"32" nullable:"false" doc:"By label, rule among them; * stands for any text. All must match."`
	StartsAt *time.Time        `json:"starts_at,omitempty" doc:"Now, if it is left out"`
	EndsAt   *time.Time        `json:"ends_at,omitempty" doc:"Or duration"`
	Duration string            `json:"duration,omitempty" maxLength:"32" doc:"Instead of ends_at" example:"2h"`
	Comment  string            `json:"comment,omitempty" maxLength:"2000" example:"disks are being changed"`
	By       string            `json:"by,omitempty" maxLength:"200" doc:"Who makes it; the name of the token if it is left out"`
}

// SilenceID names a silence.
type SilenceID struct {
	ID string `json:"id"`
}

// maxSilence bounds how long a silence is: one that is forgotten must end.
const maxSilence = 366 * 24 * time.Hour

func (s *Server) addSilences(api huma.API) {
	p := part{s, api, s.deps.Silences != nil, "alerts"}
	tags := []string{"alerts"}
	type listOutput struct{ Body SilenceList }
	registerPart(p, huma.Operation{
		OperationID: "silences", Method: http.MethodGet, Path: "/api/alerts/silences", Tags: tags, Summary: "Which alerts are not sent",
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.deps.Silences.List(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i].Matchers = orNone(list[i].Matchers)
		}
		return &listOutput{SilenceList{orEmpty(list)}}, nil
	})
	type addInput struct{ Body SilenceRequest }
	type addOutput struct{ Body SilenceID }
	registerPart(p, huma.Operation{
		OperationID: "add-silence", Method: http.MethodPost, Path: "/api/alerts/silences", Tags: tags, Summary: "Do not send some alerts for some time",
		RequestBody: sample(map[string]any{"matchers": map[string]any{"rule": "cpu*", "host": "a"}, "duration": "2h", "comment": "disks are being changed"}),
	}, func(ctx context.Context, in *addInput) (*addOutput, error) {
		silence, err := in.Body.silence(time.Now(), callerOf(ctx).name)
		if err != nil {
			return nil, err
		}
		id, err := s.deps.Silences.Add(ctx, silence)
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "silence added", "silence", id, "matchers", silence.Matchers, "ends_at", silence.EndsAt)
		return &addOutput{SilenceID{id}}, nil
	})
	type idInput struct {
		ID string `path:"id" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" doc:"The silence"`
	}
	registerPart(p, huma.Operation{
		OperationID: "drop-silence", Method: http.MethodDelete, Path: "/api/alerts/silences/{id}", Tags: tags,
		Summary: "End a silence", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *idInput) (*struct{}, error) {
		if err := s.deps.Silences.Drop(ctx, in.ID); err != nil {
			return nil, err
		}
		s.audit(ctx, "silence dropped", "silence", in.ID)
		return nil, nil
	})
}

// silence is the request with its times understood.
func (r *SilenceRequest) silence(now time.Time, who string) (Silence, error) {
	one := Silence{Matchers: r.Matchers, StartsAt: now.UTC(), Comment: r.Comment, By: cmp.Or(r.By, who)}
	for label, pattern := range r.Matchers {
		if label == "" || len(label) > 512 || len(pattern) > 2000 {
			return one, fault.New(fault.Invalid, "matcher %q: a label has 1 to 512 bytes, what it matches 2000 at most", cut(label))
		}
	}
	if r.StartsAt != nil {
		one.StartsAt = r.StartsAt.UTC()
	}
	switch {
	case (r.EndsAt == nil) == (r.Duration == ""):
		return one, fault.New(fault.Invalid, "give the silence ends_at or a duration, one of them")
	case r.EndsAt != nil:
		one.EndsAt = r.EndsAt.UTC()
	default:
		d, err := option.ParseDuration(r.Duration)
		if err != nil {
			return one, fault.New(fault.Invalid, "duration of the silence: %w", err)
		}
		one.EndsAt = one.StartsAt.Add(d)
	}
	switch {
	case !one.EndsAt.After(one.StartsAt) || !one.EndsAt.After(now):
		return one, fault.New(fault.Invalid, "the silence ends (%s) before it starts, or in the past", one.EndsAt.Format(time.RFC3339))
	case one.EndsAt.Sub(one.StartsAt) > maxSilence:
		return one, fault.New(fault.Invalid, "a silence is at most a year long")
	}
	return one, nil
}
