package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/telemetry"
)

// Level is the least level that is logged.
type Level struct {
	Level string `json:"level" enum:"debug,info,warn,error" example:"info"`
}

// EffectiveConfig are the settings that are in force.
type EffectiveConfig struct {
	YAML string `json:"yaml" doc:"Secrets are ******"`
}

func (s *Server) addSettings(api huma.API) {
	p := part{s, api, s.deps.LogLevel != nil, "log level that can be changed"}
	tags := []string{"node"}
	type levelOutput struct{ Body Level }
	registerPart(p, huma.Operation{
		OperationID: "log-level", Method: http.MethodGet, Path: "/api/log-level", Tags: tags, Summary: "What is logged",
	}, func(context.Context, *struct{}) (*levelOutput, error) {
		return &levelOutput{Level{levelName(s.deps.LogLevel.Level())}}, nil
	})
	type levelInput struct{ Body Level }
	registerPart(p, huma.Operation{
		OperationID: "set-log-level", Method: http.MethodPut, Path: "/api/log-level", Tags: tags,
		Summary: "Log more or less, until the node is started anew", RequestBody: sample(map[string]any{"level": "info"}),
	}, func(ctx context.Context, in *levelInput) (*levelOutput, error) {
		level, ok := telemetry.ParseLevel(in.Body.Level)
		if !ok {
			return nil, fault.New(fault.Invalid, "level %q is none of debug, info, warn, error", cut(in.Body.Level))
		}
		before := s.deps.LogLevel.Level()
		// Either before or after the change the line is let through, unless both levels are above it.
		if before <= slog.LevelInfo {
			s.audit(ctx, "log level changed", "from", levelName(before), "to", levelName(level))
			s.deps.LogLevel.Set(level)
		} else {
			s.deps.LogLevel.Set(level)
			s.audit(ctx, "log level changed", "from", levelName(before), "to", levelName(level))
		}
		return &levelOutput{Level{levelName(level)}}, nil
	})
	type configOutput struct{ Body EffectiveConfig }
	registerPart(part{s, api, s.deps.Config != nil, "settings to show"}, huma.Operation{
		OperationID: "config", Method: http.MethodGet, Path: "/api/config", Tags: tags, Summary: "The settings that are in force",
	}, func(context.Context, *struct{}) (*configOutput, error) {
		text, err := s.deps.Config()
		if err != nil {
			return nil, err
		}
		return &configOutput{EffectiveConfig{withoutPassword(string(text))}}, nil
	})
}

// levelName is the name of the level that lets through what l does.
func levelName(l slog.Level) string {
	switch {
	case l <= slog.LevelDebug:
		return "debug"
	case l <= slog.LevelInfo:
		return "info"
	case l <= slog.LevelWarn:
		return "warn"
	}
	return "error"
}
