package api

import (
	"time"

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
