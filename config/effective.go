package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// YAML returns the settings that are in force as a configuration file, with secrets hidden.
func (c Config) YAML() ([]byte, error) {
	connect := make([]Source, len(c.Sources.Connect))
	for i, s := range c.Sources.Connect {
		s.Options = hidden(s.Options)
		connect[i] = s
	}
	c.Sources.Connect = connect
	channels := make([]AlertChannel, len(c.Alerts.Channels))
	for i, ch := range c.Alerts.Channels {
		ch.Options = hidden(ch.Options)
		channels[i] = ch
	}
	c.Alerts.Channels = channels
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write settings as YAML: %w", err)
	}
	return text, nil
}

// hidden replaces values whose names say that they are secret: the settings do not know the connectors'
// own lists of options.
func hidden(o SourceOptions) SourceOptions {
	out := SourceOptions{}
	for name, value := range o {
		lower := strings.ToLower(name)
		for _, mark := range []string{"password", "secret", "token", "credential", "key", "header", "url", "auth", "bearer"} {
			if strings.Contains(lower, mark) && value != "" {
				value = "******"
				break
			}
		}
		out[name] = value
	}
	return out
}
