// Package telegram tells a Telegram chat through a bot.
//
// A message has at most 4096 characters, and is plain text: nothing in a label can be markup.
package telegram

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

const (
	maxText    = 4000 // bytes, never more characters than that
	maxEntries = 10
)

// Spec returns the kind of channel.
func Spec() notify.Spec {
	return notify.Spec{
		Name:      "telegram",
		Doc:       "A Telegram chat, through a bot.",
		PerMinute: 20,
		Options: []option.Option{
			{Name: "bot_token", Required: true, Secret: true, Doc: "The bot's token, as BotFather gives it."},
			{Name: "chat_id", Required: true, Doc: "The chat's number, or @name of a public channel."},
			{Name: "url", Default: "https://api.telegram.org", Doc: "The address of the Bot API."},
			notify.Language(),
		},
		New: open,
	}
}

type bot struct {
	web     *notify.Web
	text    notify.Text
	address string
	chat    string
}

type message struct {
	Chat    string  `json:"chat_id"`
	Text    string  `json:"text"`
	Preview preview `json:"link_preview_options"`
}

type preview struct {
	Off bool `json:"is_disabled"`
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	token := v.String("bot_token")
	if strings.ContainsAny(token, "/?#% ") {
		return nil, fault.New(fault.Invalid, "option %q is no token of a bot", "bot_token").WithHint("it is a number, a colon, and letters and digits")
	}
	return &bot{
		notify.NewWeb(d, "send to Telegram", token), notify.NewText(v, d),
		strings.TrimSuffix(v.String("url"), "/") + "/bot" + token + "/sendMessage", v.String("chat_id"),
	}, nil
}

// Notify sends a notice as one message.
func (b *bot) Notify(ctx context.Context, n notify.Notice) error {
	text := notify.Cut(b.text.Page(n, maxEntries).Plain(), maxText)
	answer, err := b.web.PostJSON(ctx, b.address, message{b.chat, text, preview{true}})
	if err != nil {
		return err
	}
	var said struct {
		OK         bool   `json:"ok"`
		Text       string `json:"description"`
		Parameters struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	req := notify.Request{URL: b.address}
	known := json.Unmarshal(answer.Body, &said) == nil
	if s := said.Parameters.RetryAfter; known && s > 0 && s < 3600 {
		return notify.Later(time.Duration(s)*time.Second, "send to Telegram: %s", notify.Cut(b.web.Hide(req, said.Text), 300))
	}
	if err := b.web.Refused(req, answer); err != nil {
		return err
	}
	if !known || !said.OK {
		return fault.New(fault.Invalid, "send to Telegram: not taken%s", b.web.Said(req, answer))
	}
	return nil
}
