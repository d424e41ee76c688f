// Package slack tells a Slack channel, or whatever understands Slack's incoming webhooks (Mattermost, Rocket.Chat).
package slack

import (
	"context"
	"strings"

	"millrace/notify"
	"millrace/option"
)

const (
	maxEntries = 10   // a message has at most 50 blocks
	maxHeader  = 150  // characters of a header; bytes are never fewer
	maxSection = 2900 // characters of a section, at most 3000
)

// Spec returns the kind of channel.
func Spec() notify.Spec {
	return notify.Spec{
		Name:      "slack",
		Doc:       "A Slack channel, through an incoming webhook.",
		PerMinute: 60,
		Options: []option.Option{
			{Name: "url", Required: true, Secret: true, Doc: "The address of the incoming webhook."},
			{Name: "mention", Doc: "Whom to mention, as Slack writes it: <!here>, <!channel>, <@U012AB3CD>."},
			notify.Language(),
		},
		New: open,
	}
}

type hook struct {
	web     *notify.Web
	text    notify.Text
	address string
	mention string
}

type message struct {
	Text        string       `json:"text"` // what notifications of the system show
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	Color  string  `json:"color"`
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string    `json:"type"`
	Text     *text     `json:"text,omitempty"`
	Elements []element `json:"elements,omitempty"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type element struct {
	Type string `json:"type"`
	Text text   `json:"text"`
	URL  string `json:"url"`
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	return &hook{notify.NewWeb(d, "send to Slack", v.String("url")), notify.NewText(v, d), v.String("url"), v.String("mention")}, nil
}

// Notify sends a notice as one message.
func (h *hook) Notify(ctx context.Context, n notify.Notice) error {
	answer, err := h.web.PostJSON(ctx, h.address, h.message(h.text.Page(n, maxEntries)))
	if err != nil {
		return err
	}
	return h.web.Refused(notify.Request{URL: h.address}, answer)
}

func (h *hook) message(p notify.Page) message {
	blocks := []block{{Type: "header", Text: &text{"plain_text", notify.Cut(p.Title, maxHeader)}}}
	section := func(s string) {
		blocks = append(blocks, block{Type: "section", Text: &text{"mrkdwn", s}})
	}
	for _, e := range p.Entries {
		section(lines(p, e))
	}
	if p.More != "" {
		section(escape(p.More))
	}
	if h.mention != "" {
		section(h.mention)
	}
	if p.Link != "" {
		blocks = append(blocks, block{Type: "actions", Elements: []element{{"button", text{"plain_text", p.Open}, p.Link}}})
	}
	return message{escape(notify.Cut(p.Title, maxHeader)), []attachment{{color(p), blocks}}}
}

func lines(p notify.Page, e notify.Entry) string {
	var out []string
	if len(p.Entries) > 1 || e.Heading != p.Title {
		out = append(out, "*"+escape(notify.Cut(e.Heading, maxSection/4))+"*")
	}
	for _, f := range e.Fields {
		out = append(out, f.Name+": "+escape(notify.Cut(f.Value, maxSection/8)))
	}
	return notify.Cut(strings.Join(out, "\n"), maxSection)
}

// escape is all that Slack asks for: with these three, no label can mention or link.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func color(p notify.Page) string {
	if p.Status == notify.Resolved {
		return "#2eb67d"
	}
	switch p.Level {
	case notify.Info:
		return "#36c5f0"
	case notify.Warning:
		return "#ecb22e"
	case notify.Error:
		return "#e8912d"
	}
	return "#e01e5a"
}
