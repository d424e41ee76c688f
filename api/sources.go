package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/option"
)

// Source is something that brings records in by itself.
type Source struct {
	Name             string        `json:"name"`
	Connector        string        `json:"connector"`
	Options          option.Values `json:"options" nullable:"false" doc:"As configured; secrets are ******"`
	Origin           string        `json:"origin" enum:"config,api" doc:"Where it is configured; only one of the API can be changed here"`
	State            string        `json:"state" enum:"running,retrying,paused,elsewhere,failed" doc:"elsewhere: another replica runs it and does not tell more"`
	Replica          string        `json:"replica" doc:"Which replica runs it; empty if none does"`
	RecordsTotal     int64         `json:"records_total" doc:"Records brought in since it was started"`
	RecordsPerSecond float64       `json:"records_per_second"`
	RefusedTotal     int64         `json:"refused_total" doc:"Records that could not be read, which are dead letters"`
	Lag              int64         `json:"lag" doc:"Records known to wait outside; -1 if unknown"`
	LastRecordAt     *time.Time    `json:"last_record_at,omitempty"`
	LastError        string        `json:"last_error,omitempty"`
	LastErrorAt      *time.Time    `json:"last_error_at,omitempty"`
	Restarts         int64         `json:"restarts" doc:"How often it broke and was started again"`
}

// SourceList are the sources that there are.
type SourceList struct {
	Sources []Source `json:"sources" nullable:"false"`
}

// SourceRequest makes a source.
type SourceRequest struct {
	Name      string   `json:"name" minLength:"1" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"meters"`
	Connector string   `json:"connector" minLength:"1" maxLength:"100" example:"http" doc:"One of /api/connectors"`
	Options   Settings `json:"options"`
}

// SourceTrial are settings to be tried.
type SourceTrial struct {
	Name      string   `json:"name,omitempty" maxLength:"100" doc:"The source whose secrets ****** stands for"`
	Connector string   `json:"connector" minLength:"1" maxLength:"100" example:"http" doc:"One of /api/connectors"`
	Options   Settings `json:"options"`
}

// PreviewRequest asks what a source would bring.
type PreviewRequest struct {
	SourceTrial
	Limit   int `json:"limit,omitempty" minimum:"1" maximum:"100" nullable:"true" doc:"How many records at most; 10 if it is left out"`
	Seconds int `json:"seconds,omitempty" minimum:"1" maximum:"30" nullable:"true" doc:"How long to wait for them; 10 if it is left out"`
}

// PreviewAnswer is what a source would bring.
type PreviewAnswer struct {
	Records []RecordView `json:"records" nullable:"false"`
	Refused []Refusal    `json:"refused" nullable:"false"`
	Error   string       `json:"error,omitempty" doc:"Why there are no more"`
	Hint    string       `json:"hint,omitempty" doc:"How to mend it"`
}

// Refusal is a record that could not be read.
type Refusal struct {
	Value string `json:"value"`
	Error string `json:"error"`
}

// Bounds of trials: how long a test may take, what a preview has if it does not say, and how many trials run at once.
const (
	testTime       = 30 * time.Second
	previewRecords = 10
	previewSeconds = 10
	maxTrials      = 8
)

func (s *Server) addSources(api huma.API) {
	p := part{s, api, s.deps.Sources != nil, "sources"}
	tags := []string{"sources"}
	type listOutput struct{ Body SourceList }
	registerPart(p, huma.Operation{
		OperationID: "sources", Method: http.MethodGet, Path: "/api/sources", Tags: tags, Summary: "Sources and how they fare",
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.sources(ctx)
		return &listOutput{SourceList{list}}, err
	})
	type applyInput struct{ Body SourceRequest }
	type oneOutput struct{ Body Source }
	body := map[string]any{"name": "meters", "connector": "http", "options": map[string]any{"url": "http://127.0.0.1:8000/api/metrics/latest", "topic": "meters.raw", "interval": "10s"}}
	registerPart(p, huma.Operation{
		OperationID: "apply-source", Method: http.MethodPost, Path: "/api/sources", Tags: tags,
		Summary: "Make a source, or replace the one of that name", RequestBody: sample(body),
	}, func(ctx context.Context, in *applyInput) (*oneOutput, error) {
		draft, _, err := s.draft(ctx, in.Body.Name, in.Body.Connector, in.Body.Options)
		if err == nil {
			err = s.deps.Sources.Apply(ctx, draft)
		}
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "source applied", "source", draft.Name, "connector", draft.Connector)
		one, err := s.source(ctx, draft.Name)
		return &oneOutput{one}, err
	})
	for _, v := range []struct {
		verb, done, summary string
		do                  func(Sources, context.Context, string) error
	}{
		{"pause", "source paused", "Stop a source; it keeps its place", Sources.Pause},
		{"resume", "source resumed", "Let a paused source go on", Sources.Resume},
	} {
		registerPart(p, huma.Operation{
			OperationID: v.verb + "-source", Method: http.MethodPost, Path: "/api/sources/{name}/" + v.verb, Tags: tags, Summary: v.summary,
		}, func(ctx context.Context, in *nameInput) (*oneOutput, error) {
			if err := v.do(s.deps.Sources, ctx, in.Name); err != nil {
				return nil, err
			}
			s.audit(ctx, v.done, "source", in.Name)
			one, err := s.source(ctx, in.Name)
			return &oneOutput{one}, err
		})
	}
	registerPart(p, huma.Operation{
		OperationID: "drop-source", Method: http.MethodDelete, Path: "/api/sources/{name}", Tags: tags,
		Summary: "Stop a source and forget it; what it brought stays", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *nameInput) (*struct{}, error) {
		if err := s.deps.Sources.Drop(ctx, in.Name); err != nil {
			return nil, err
		}
		s.audit(ctx, "source dropped", "source", in.Name)
		return nil, nil
	})
	s.addSourceTrials(p)
}

// addSourceTrials adds what tries settings before they are kept. They reach out to where the settings
// say, so they need the role that could make such a source.
func (s *Server) addSourceTrials(p part) {
	tags := []string{"sources"}
	example := map[string]any{"connector": "http", "options": map[string]any{"url": "http://127.0.0.1:8000/api/metrics/latest", "topic": "meters.raw", "interval": "10s"}}
	type testInput struct{ Body SourceTrial }
	type testOutput struct{ Body Trial }
	registerPart(p, huma.Operation{
		OperationID: "test-source", Method: http.MethodPost, Path: "/api/sources/test", Tags: tags,
		Summary: "Try whether settings work, without collecting", RequestBody: sample(example),
	}, func(ctx context.Context, in *testInput) (*testOutput, error) {
		draft, kind, err := s.draft(ctx, in.Body.Name, in.Body.Connector, in.Body.Options)
		if err != nil {
			return nil, err
		}
		trial, err := s.try(ctx, kind, draft.Options, func(ctx context.Context) error { return s.deps.Sources.Test(ctx, draft) })
		return &testOutput{trial}, err
	})
	type previewInput struct{ Body PreviewRequest }
	type previewOutput struct{ Body PreviewAnswer }
	registerPart(p, huma.Operation{
		OperationID: "preview-source", Method: http.MethodPost, Path: "/api/sources/preview", Tags: tags,
		Summary: "See what settings would bring, without keeping or acknowledging it", RequestBody: sample(example),
	}, func(ctx context.Context, in *previewInput) (*previewOutput, error) {
		draft, kind, err := s.draft(ctx, in.Body.Name, in.Body.Connector, in.Body.Options)
		if err != nil {
			return nil, err
		}
		answer, err := s.preview(ctx, kind, draft, cmp.Or(in.Body.Limit, previewRecords), cmp.Or(in.Body.Seconds, previewSeconds))
		return &previewOutput{answer}, err
	})
}

// sources returns all sources by name, without their secrets.
func (s *Server) sources(ctx context.Context) ([]Source, error) {
	list, err := s.deps.Sources.List(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Source) int { return strings.Compare(a.Name, b.Name) })
	for i := range list {
		one := &list[i]
		kind, err := findKind(s.deps.Connectors, "connector", one.Connector)
		if err != nil {
			kind = Kind{} // nothing of an unknown connector is shown
		}
		one.LastError = kind.censor(one.Options, one.LastError)
		one.Options = kind.shown(one.Options)
		one.RecordsPerSecond = rounded(one.RecordsPerSecond)
	}
	return orEmpty(list), nil
}

func (s *Server) source(ctx context.Context, name string) (Source, error) {
	list, err := s.sources(ctx)
	if err != nil {
		return Source{}, err
	}
	i := slices.IndexFunc(list, func(one Source) bool { return one.Name == name })
	if i < 0 {
		return Source{}, fault.New(fault.NotFound, "source %q does not exist", name)
	}
	return list[i], nil
}

// draft returns the settings of a request, checked, and with the secrets that they keep of the source of that
// name, if it has the same connector.
func (s *Server) draft(ctx context.Context, name, connector string, given Settings) (SourceDraft, Kind, error) {
	kind, err := findKind(s.deps.Connectors, "connector", connector)
	if err != nil {
		return SourceDraft{}, kind, err
	}
	var old option.Values
	if name != "" {
		list, err := s.deps.Sources.List(ctx)
		if err != nil {
			return SourceDraft{}, kind, err
		}
		for _, one := range list {
			if one.Name == name && one.Connector == connector {
				old = one.Options
			}
		}
	}
	vals, err := kind.settled("connector "+strconv.Quote(connector), option.Values(given), old)
	return SourceDraft{name, connector, vals}, kind, err
}

// try runs a test that reaches out, waiting for its turn, and tells what came of it.
func (s *Server) try(ctx context.Context, kind Kind, vals option.Values, test func(context.Context) error) (Trial, error) {
	leave, err := s.gates.trial.enter(ctx)
	if err != nil {
		return Trial{}, err
	}
	defer leave()
	began := time.Now()
	tctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	err = test(tctx)
	t := Trial{OK: err == nil, TookMS: rounded(time.Since(began).Seconds() * 1000)}
	if ctx.Err() != nil {
		return t, ctx.Err()
	}
	t.Error, t.Hint = told(kind, vals, err)
	return t, nil
}

// told is an error and its hint as texts, without secrets.
func told(kind Kind, vals option.Values, err error) (text, hint string) {
	switch {
	case err == nil:
		return "", ""
	case errors.Is(err, context.DeadlineExceeded) && fault.KindOf(err) == 0:
		return "it took too long", "see whether the address is right and can be reached from here"
	}
	return kind.censor(vals, err.Error()), kind.censor(vals, fault.HintOf(err))
}

func (s *Server) preview(ctx context.Context, kind Kind, draft SourceDraft, limit, seconds int) (PreviewAnswer, error) {
	leave, err := s.gates.trial.enter(ctx)
	if err != nil {
		return PreviewAnswer{}, err
	}
	defer leave()
	pctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	found, err := s.deps.Sources.Preview(pctx, draft, limit)
	if ctx.Err() != nil {
		return PreviewAnswer{}, ctx.Err()
	}
	a := PreviewAnswer{Records: []RecordView{}, Refused: []Refusal{}}
	for i := range found.Records[:min(limit, len(found.Records))] {
		a.Records = append(a.Records, found.Records[i].view())
	}
	for _, r := range found.Refused[:min(limit, len(found.Refused))] {
		a.Refused = append(a.Refused, Refusal{printable(r.Value), r.Reason})
	}
	a.Error, a.Hint = told(kind, draft.Options, err)
	return a, nil
}
