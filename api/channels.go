package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/option"
)

// Channel is where alerts are sent to.
type Channel struct {
	Name         string        `json:"name"`
	Kind         string        `json:"kind" doc:"Its notifier"`
	Options      option.Values `json:"options" nullable:"false" doc:"Secrets are ******"`
	Levels       []string      `json:"levels" nullable:"false" doc:"Which alerts it gets; none: all"`
	SendResolved bool          `json:"send_resolved" doc:"It is told when an alert is over, too"`
	Origin       string        `json:"origin" enum:"config,api"`
	State        ChannelState  `json:"state"`
}

// ChannelState is how a channel fares.
type ChannelState struct {
	Sent       int64      `json:"sent"`
	Failed     int64      `json:"failed"`
	Dropped    int64      `json:"dropped" doc:"Left out because too many waited"`
	Queued     int64      `json:"queued"`
	LastError  string     `json:"last_error,omitempty"`
	LastSentAt *time.Time `json:"last_sent_at,omitempty"`
}

// ChannelList are the channels that there are.
type ChannelList struct {
	Channels []Channel `json:"channels" nullable:"false"`
}

// ChannelRequest makes a channel.
type ChannelRequest struct {
	Name         string   `json:"name" minLength:"1" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"ops"`
	Kind         string   `json:"kind" minLength:"1" maxLength:"100" example:"webhook" doc:"One of /api/notifiers"`
	Options      Settings `json:"options"`
	Levels       []string `json:"levels,omitempty" maxItems:"4" enum:"info,warning,error,critical" nullable:"false" doc:"Which alerts it gets; all if it is left out"`
	SendResolved *bool    `json:"send_resolved,omitempty" doc:"Tell it when an alert is over, too; true if it is left out"`
}

// ChannelTrial are settings of a channel to be tried.
type ChannelTrial struct {
	Name    string   `json:"name,omitempty" maxLength:"100" doc:"The channel whose secrets ****** stands for"`
	Kind    string   `json:"kind" minLength:"1" maxLength:"100" example:"webhook" doc:"One of /api/notifiers"`
	Options Settings `json:"options"`
}

func (s *Server) addChannels(api huma.API) {
	p := part{s, api, s.deps.Channels != nil, "alerts"}
	tags := []string{"alerts"}
	type listOutput struct{ Body ChannelList }
	registerPart(p, huma.Operation{
		OperationID: "channels", Method: http.MethodGet, Path: "/api/alerts/channels", Tags: tags, Summary: "Where alerts are sent to",
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.channels(ctx)
		return &listOutput{ChannelList{list}}, err
	})
	type applyInput struct{ Body ChannelRequest }
	type applyOutput struct{ Body Channel }
	registerPart(p, huma.Operation{
		OperationID: "apply-channel", Method: http.MethodPost, Path: "/api/alerts/channels", Tags: tags, Summary: "Make a channel, or replace the one of that name",
		RequestBody: sample(map[string]any{"name": "ops", "kind": "webhook", "options": map[string]any{"url": "http://127.0.0.1:9999/alerts"}, "levels": []string{"error", "critical"}}),
	}, func(ctx context.Context, in *applyInput) (*applyOutput, error) {
		c, _, err := s.channelDraft(ctx, in.Body.Name, in.Body.Kind, in.Body.Options)
		if err != nil {
			return nil, err
		}
		c.Levels, c.SendResolved = slices.Compact(slices.Sorted(slices.Values(in.Body.Levels))), in.Body.SendResolved == nil || *in.Body.SendResolved
		if err := s.deps.Channels.Apply(ctx, c); err != nil {
			return nil, err
		}
		s.audit(ctx, "channel applied", "channel", c.Name, "kind", c.Kind)
		list, err := s.channels(ctx)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(one Channel) bool { return one.Name == c.Name })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "channel %q does not exist any more", c.Name)
		}
		return &applyOutput{list[i]}, nil
	})
	registerPart(p, huma.Operation{
		OperationID: "drop-channel", Method: http.MethodDelete, Path: "/api/alerts/channels/{name}", Tags: tags,
		Summary: "Send nothing there any more", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *nameInput) (*struct{}, error) {
		if err := s.deps.Channels.Drop(ctx, in.Name); err != nil {
			return nil, err
		}
		s.audit(ctx, "channel dropped", "channel", in.Name)
		return nil, nil
	})
	s.addChannelTrials(p)
}

// addChannelTrials adds what sends a test notice.
func (s *Server) addChannelTrials(p part) {
	tags := []string{"alerts"}
	type trialOutput struct{ Body Trial }
	registerPart(p, huma.Operation{
		OperationID: "test-channel", Method: http.MethodPost, Path: "/api/alerts/channels/{name}/test", Tags: tags, Summary: "Send a test notice to a channel",
	}, func(ctx context.Context, in *nameInput) (*trialOutput, error) {
		list, err := s.deps.Channels.List(ctx)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(c Channel) bool { return c.Name == in.Name })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "channel %q does not exist", in.Name)
		}
		kind, err := findKind(s.deps.Notifiers, "notifier", list[i].Kind)
		if err != nil {
			return nil, err
		}
		trial, err := s.tryChannel(ctx, kind, list[i])
		return &trialOutput{trial}, err
	})
	type draftInput struct{ Body ChannelTrial }
	registerPart(p, huma.Operation{
		OperationID: "test-channel-settings", Method: http.MethodPost, Path: "/api/alerts/channels/test", Tags: tags, Summary: "Send a test notice by settings that are not kept",
		RequestBody: sample(map[string]any{"kind": "webhook", "options": map[string]any{"url": "http://127.0.0.1:9999/alerts"}}),
	}, func(ctx context.Context, in *draftInput) (*trialOutput, error) {
		c, kind, err := s.channelDraft(ctx, in.Body.Name, in.Body.Kind, in.Body.Options)
		if err != nil {
			return nil, err
		}
		trial, err := s.tryChannel(ctx, kind, c)
		return &trialOutput{trial}, err
	})
}

func (s *Server) tryChannel(ctx context.Context, kind Kind, c Channel) (Trial, error) {
	t, err := s.try(ctx, kind, c.Options, func(ctx context.Context) error { return s.deps.Channels.Test(ctx, c) })
	if err == nil {
		s.audit(ctx, "test notice sent", "channel", c.Name, "kind", c.Kind, "ok", t.OK)
	}
	return t, err
}

// channels returns the channels by name, without their secrets.
func (s *Server) channels(ctx context.Context) ([]Channel, error) {
	list, err := s.deps.Channels.List(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Channel) int { return strings.Compare(a.Name, b.Name) })
	for i := range list {
		c := &list[i]
		kind, err := findKind(s.deps.Notifiers, "notifier", c.Kind)
		if err != nil {
			kind = Kind{} // nothing of an unknown kind is shown
		}
		c.State.LastError = kind.censor(c.Options, c.State.LastError)
		c.Options, c.Levels = kind.shown(c.Options), orEmpty(c.Levels)
	}
	return orEmpty(list), nil
}

// channelDraft returns the settings of a request, checked, and with the secrets that they keep of the
// channel of that name, if it is of the same kind.
func (s *Server) channelDraft(ctx context.Context, name, kindName string, given Settings) (Channel, Kind, error) {
	kind, err := findKind(s.deps.Notifiers, "notifier", kindName)
	if err != nil {
		return Channel{}, kind, err
	}
	var old option.Values
	if name != "" {
		list, err := s.deps.Channels.List(ctx)
		if err != nil {
			return Channel{}, kind, err
		}
		for _, c := range list {
			if c.Name == name && c.Kind == kindName {
				old = c.Options
			}
		}
	}
	vals, err := kind.settled("notifier "+strconv.Quote(kindName), option.Values(given), old)
	return Channel{Name: name, Kind: kindName, Options: vals}, kind, err
}
