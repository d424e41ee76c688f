package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/alert"
	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// Channel is where alerts are sent to.
type Channel struct {
	Name           string          `json:"name"`
	Kind           string          `json:"kind" doc:"Its notifier"`
	Options        option.Values   `json:"options" nullable:"false" doc:"Secrets are ******"`
	Levels         []notify.Level  `json:"levels" nullable:"false" doc:"Which alerts it gets; none: all"`
	SendResolved   *bool           `json:"send_resolved" doc:"It is told when an alert is over, too"`
	GroupWait      *alert.Duration `json:"group_wait,omitempty"`
	GroupInterval  *alert.Duration `json:"group_interval,omitempty"`
	RepeatInterval *alert.Duration `json:"repeat_interval,omitempty"`
	PerMinute      int             `json:"per_minute,omitempty"`
	Origin         alert.Origin    `json:"origin,omitempty" enum:"config,api"`
}

// ChannelView is a channel and how it fares.
type ChannelView struct {
	Channel
	State ChannelState `json:"state"`
}

// ChannelState is how a channel fares.
type ChannelState struct {
	Sent        int64      `json:"sent"`
	Failed      int64      `json:"failed" doc:"Attempts that failed"`
	Dropped     int64      `json:"dropped" doc:"Notices that were over before they could be sent"`
	Queued      int        `json:"queued" doc:"Groups of alerts that wait to be told"`
	LastError   string     `json:"last_error,omitempty"`
	LastErrorAt *time.Time `json:"last_error_at,omitempty"`
	LastSentAt  *time.Time `json:"last_sent_at,omitempty"`
}

// ChannelList are the channels that there are.
type ChannelList struct {
	Channels []ChannelView `json:"channels" nullable:"false"`
}

// ChannelRequest makes a channel.
type ChannelRequest struct {
	Name           string          `json:"name" minLength:"1" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"ops"`
	Kind           string          `json:"kind" minLength:"1" maxLength:"100" example:"webhook" doc:"One of /api/notifiers"`
	Options        Settings        `json:"options"`
	Levels         []notify.Level  `json:"levels,omitempty" maxItems:"4" enum:"info,warning,error,critical" nullable:"false" doc:"Which alerts it gets; those that its kind is for, mostly all, if it is left out"`
	SendResolved   *bool           `json:"send_resolved,omitempty" doc:"Tell it when an alert is over, too; true if it is left out"`
	GroupWait      *alert.Duration `json:"group_wait,omitempty" maxLength:"32" doc:"How long the first notice of a group waits for more alerts" example:"10s"`
	GroupInterval  *alert.Duration `json:"group_interval,omitempty" maxLength:"32" doc:"The least time between two notices of a group" example:"5m"`
	RepeatInterval *alert.Duration `json:"repeat_interval,omitempty" maxLength:"32" doc:"When a group that did not change is told again" example:"4h"`
	PerMinute      int             `json:"per_minute,omitempty" minimum:"0" maximum:"6000" doc:"The most messages a minute; what its kind takes, if it is left out"`
	Origin         alert.Origin    `json:"origin,omitempty" readOnly:"true" enum:"config,api"`
}

// ChannelTrial are settings of a channel to be tried.
type ChannelTrial struct {
	Name    string   `json:"name,omitempty" maxLength:"100" doc:"The channel whose secrets ****** stands for"`
	Kind    string   `json:"kind" minLength:"1" maxLength:"100" example:"webhook" doc:"One of /api/notifiers"`
	Options Settings `json:"options"`
}

func (s *Server) addChannels(api huma.API) {
	p := part{s, api, s.deps.Alerts != nil, "alerts"}
	tags := []string{"alerts"}
	type listOutput struct{ Body ChannelList }
	registerPart(p, huma.Operation{
		OperationID: "channels", Method: http.MethodGet, Path: "/api/alerts/channels", Tags: tags, Summary: "Where alerts are sent to",
	}, func(context.Context, *struct{}) (*listOutput, error) {
		found := s.deps.Alerts.Channels()
		list := make([]ChannelView, len(found))
		for i, c := range found {
			list[i] = viewChannel(c)
		}
		return &listOutput{ChannelList{list}}, nil
	})
	type applyInput struct{ Body ChannelRequest }
	type applyOutput struct{ Body ChannelView }
	registerPart(p, huma.Operation{
		OperationID: "apply-channel", Method: http.MethodPost, Path: "/api/alerts/channels", Tags: tags, Summary: "Make a channel, or replace the one of that name",
		RequestBody: sample(map[string]any{"name": "ops", "kind": "webhook", "options": map[string]any{"url": "http://127.0.0.1:9999/alerts"}, "levels": []string{"error", "critical"}}),
	}, func(ctx context.Context, in *applyInput) (*applyOutput, error) {
		b := in.Body
		kept, err := s.deps.Alerts.PutChannel(ctx, alert.Channel(Channel{
			b.Name, b.Kind, option.Values(b.Options), b.Levels, b.SendResolved, b.GroupWait, b.GroupInterval, b.RepeatInterval, b.PerMinute, "",
		}))
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "channel applied", "channel", kept.Name, "kind", kept.Kind)
		return &applyOutput{viewChannel(kept)}, nil
	})
	registerPart(p, huma.Operation{
		OperationID: "drop-channel", Method: http.MethodDelete, Path: "/api/alerts/channels/{name}", Tags: tags,
		Summary: "Send nothing there any more", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *nameInput) (*struct{}, error) {
		if err := s.deps.Alerts.DeleteChannel(ctx, in.Name); err != nil {
			return nil, err
		}
		s.audit(ctx, "channel dropped", "channel", in.Name)
		return nil, nil
	})
	s.addChannelTrials(p)
}

func viewChannel(c alert.ChannelStatus) ChannelView {
	c.Options, c.Levels = orNone(c.Options), orEmpty(c.Levels)
	c.State.LastError = withoutPassword(c.State.LastError)
	return ChannelView{Channel(c.Channel), ChannelState(c.State)}
}

// addChannelTrials adds what sends a test notice.
func (s *Server) addChannelTrials(p part) {
	tags := []string{"alerts"}
	type trialOutput struct{ Body Trial }
	registerPart(p, huma.Operation{
		OperationID: "test-channel", Method: http.MethodPost, Path: "/api/alerts/channels/{name}/test", Tags: tags, Summary: "Send a test notice to a channel",
	}, func(ctx context.Context, in *nameInput) (*trialOutput, error) {
		trial, err := s.tryChannel(ctx, alert.Channel{Name: in.Name})
		return &trialOutput{trial}, err
	})
	type draftInput struct{ Body ChannelTrial }
	registerPart(p, huma.Operation{
		OperationID: "test-channel-settings", Method: http.MethodPost, Path: "/api/alerts/channels/test", Tags: tags, Summary: "Send a test notice by settings that are not kept",
		RequestBody: sample(map[string]any{"kind": "webhook", "options": map[string]any{"url": "http://127.0.0.1:9999/alerts"}}),
	}, func(ctx context.Context, in *draftInput) (*trialOutput, error) {
		trial, err := s.tryChannel(ctx, alert.Channel{Name: in.Body.Name, Kind: in.Body.Kind, Options: option.Values(in.Body.Options)})
		return &trialOutput{trial}, err
	})
}

// tryChannel sends a test notice. That the channel does not exist is no outcome of a trial.
func (s *Server) tryChannel(ctx context.Context, c alert.Channel) (Trial, error) {
	var refused error
	t, err := s.try(ctx, Kind{}, nil, func(ctx context.Context) error {
		err := s.deps.Alerts.TestChannel(ctx, c)
		if errors.Is(err, fault.NotFound) && c.Kind == "" {
			refused = err
		}
		return err
	})
	if err = cmp.Or(err, refused); err != nil {
		return t, err
	}
	s.audit(ctx, "test notice sent", "channel", c.Name, "kind", c.Kind, "ok", t.OK)
	return t, nil
}
