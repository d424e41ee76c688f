// Package pagerduty opens and closes incidents by PagerDuty's Events API v2: one incident a group, which stays the
// same while alerts join and leave it.
package pagerduty

import (
	"context"
	"time"

	"millrace/notify"
	"millrace/option"
)

const (
	maxSummary = 1024
	maxEntries = 20
)

// Spec returns the kind of channel.
func Spec() notify.Spec {
	return notify.Spec{
		Name:      "pagerduty",
		Doc:       "Incidents of PagerDuty, or of what takes its events (Events API v2).",
		PerMinute: 120,
		Options: []option.Option{
			{Name: "routing_key", Required: true, Secret: true, Doc: "The integration key of the service."},
			{Name: "url", Default: "https://events.pagerduty.com/v2/enqueue", Doc: "The address of the API; the EU has its own."},
			notify.Language(),
		},
		New: open,
	}
}

type service struct {
	web     *notify.Web
	text    notify.Text
	address string
	key     string
}

type event struct {
	Key     string   `json:"routing_key"`
	Action  string   `json:"event_action"`
	Dedup   string   `json:"dedup_key"`
	Payload *payload `json:"payload,omitempty"`
	Links   []link   `json:"links,omitempty"`
}

type payload struct {
	Summary  string  `json:"summary"`
	Source   string  `json:"source"`
	Severity string  `json:"severity"`
	Time     string  `json:"timestamp"`
	Group    string  `json:"group"`
	Details  details `json:"custom_details"`
}

type details struct {
	Alerts []string `json:"alerts"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	return &service{notify.NewWeb(d, "send to PagerDuty", v.String("routing_key")), notify.NewText(v, d), v.String("url"), v.String("routing_key")}, nil
}

// Notify triggers or resolves the incident of the group.
func (s *service) Notify(ctx context.Context, n notify.Notice) error {
	answer, err := s.web.PostJSON(ctx, s.address, s.event(n))
	if err != nil {
		return err
	}
	return s.web.Refused(notify.Request{URL: s.address}, answer)
}

func (s *service) event(n notify.Notice) event {
	e := event{Key: s.key, Action: "resolve", Dedup: n.Group}
	if n.Status == notify.Resolved {
		return e
	}
	page := s.text.Page(n, maxEntries)
	e.Action = "trigger"
	// Their severities have our names.
	e.Payload = &payload{
		Summary: notify.Cut(page.Title, maxSummary), Source: "millrace", Severity: string(page.Level), Time: n.At.UTC().Format(time.RFC3339),
		Group: notify.Labels(n.Labels),
	}
	for _, entry := range page.Entries {
		e.Payload.Details.Alerts = append(e.Payload.Details.Alerts, notify.Cut(entry.Heading+": "+entry.Alert.Summary, maxSummary))
	}
	if page.More != "" {
		e.Payload.Details.Alerts = append(e.Payload.Details.Alerts, page.More)
	}
	if page.Link != "" {
		e.Links = []link{{page.Link, page.Open}}
	}
	return e
}
