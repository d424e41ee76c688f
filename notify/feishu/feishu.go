// Package feishu tells a Feishu or Lark group through its custom robot, with a card that is red while something is
// wrong and green when it is over.
//
// The signature is not DingTalk's: the key is the time and the secret, the message is empty. A wrong one is code
// 19021. All text of the card is plain, so labels cannot mention people or make links.
package feishu

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

const (
	maxEntries = 15
	maxEntry   = 1000 // bytes; a card may have 30 KB
)

// Spec returns the kind of channel.
func Spec() notify.Spec {
	return notify.Spec{
		Name:      "feishu",
		Doc:       "A Feishu or Lark group, through its custom robot (飞书自定义机器人).",
		PerMinute: 100,
		Options: []option.Option{
			{Name: "url", Required: true, Secret: true, Doc: "The webhook address that Feishu shows for the robot."},
			{Name: "secret", Secret: true, Doc: "The key of the robot's signature (签名校验); empty if it checks none."},
			{Name: "keyword", Doc: "A word to put into each message, if the robot checks keywords."},
			{Name: "user_ids", Doc: "The open ids of those to mention, with commas."},
			{Name: "at_all", Kind: option.Bool, Default: "false", Doc: "Whether to mention everyone."},
			notify.Language(),
		},
		New: open,
	}
}

type robot struct {
	web     *notify.Web
	deps    notify.Deps
	text    notify.Text
	address string
	secret  string
	keyword string
	mention string // in Feishu's own markup
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	r := &robot{
		web:     notify.NewWeb(d, "send to Feishu", v.String("url"), v.String("secret")),
		deps:    d,
		text:    notify.NewText(v, d),
		address: v.String("url"),
		secret:  v.String("secret"),
		keyword: v.String("keyword"),
	}
	ids := notify.Separated(v.String("user_ids"))
	if v.Bool("at_all") {
		ids = append(ids, "all")
	}
	for _, id := range ids {
		if strings.ContainsAny(id, `<>"'&`) {
			return nil, fault.New(fault.Invalid, "option %q: %q is no open id", "user_ids", id)
		}
		r.mention += "<at id=" + id + "></at>"
	}
	return r, nil
}

type message struct {
	Timestamp string `json:"timestamp,omitempty"`
	Sign      string `json:"sign,omitempty"`
	Type      string `json:"msg_type"`
	Card      card   `json:"card"`
}

type card struct {
	Config   config    `json:"config"`
	Header   header    `json:"header"`
	Elements []element `json:"elements"`
}

type config struct {
	Wide bool `json:"wide_screen_mode"`
}

type header struct {
	Template string `json:"template"`
	Title    text   `json:"title"`
}

type text struct {
	Tag     string `json:"tag"`
	Content string `json:"content"`
}

type element struct {
	Tag     string   `json:"tag"`
	Text    *text    `json:"text,omitempty"`
	Actions []action `json:"actions,omitempty"`
}

type action struct {
	Tag  string `json:"tag"`
	Text text   `json:"text"`
	Type string `json:"type"`
	URL  string `json:"url"`
}

// Notify sends a notice as one card.
func (r *robot) Notify(ctx context.Context, n notify.Notice) error {
	msg := message{Type: "interactive", Card: r.card(n)}
	if r.secret != "" {
		msg.Timestamp = strconv.FormatInt(r.deps.Clock().Unix(), 10)
		msg.Sign = sign(r.secret, msg.Timestamp)
	}
	answer, err := r.web.PostJSON(ctx, r.address, msg)
	if err != nil {
		return err
	}
	return r.judge(notify.Request{URL: r.address}, answer)
}

func (r *robot) card(n notify.Notice) card {
	page := r.text.Page(n, maxEntries)
	c := card{Config: config{Wide: true}, Header: header{color(page), plain(notify.Cut(page.Title, maxEntry))}}
	div := func(t text) { c.Elements = append(c.Elements, element{Tag: "div", Text: &t}) }
	for i, e := range page.Entries {
		if i > 0 {
			c.Elements = append(c.Elements, element{Tag: "hr"})
		}
		div(plain(lines(page, e)))
	}
	for _, s := range []string{page.More, r.keyword} {
		if s != "" {
			div(plain(s))
		}
	}
	if r.mention != "" {
		div(text{"lark_md", r.mention})
	}
	if page.Link != "" {
		c.Elements = append(c.Elements, element{Tag: "action", Actions: []action{{"button", plain(page.Open), "primary", page.Link}}})
	}
	return c
}

// color is the card's: green when it is over, else the hotter the worse.
func color(p notify.Page) string {
	switch {
	case p.Status == notify.Resolved:
		return "green"
	case p.Level == notify.Warning:
		return "orange"
	case p.Level == notify.Info:
		return "blue"
	}
	return "red"
}

func plain(s string) text { return text{"plain_text", s} }

func lines(p notify.Page, e notify.Entry) string {
	var out []string
	if len(p.Entries) > 1 || e.Heading != p.Title {
		out = append(out, e.Heading)
	}
	for _, f := range e.Fields {
		out = append(out, f.Name+": "+f.Value)
	}
	return notify.Cut(strings.Join(out, "\n"), maxEntry)
}

// sign is the signature over a time in seconds.
func sign(secret, seconds string) string {
	mac := hmac.New(sha256.New, []byte(seconds+"\n"+secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// judge reads the code in an answer, which has one of two forms. A refusal may come with status 400 and a code,
// which says more than the status.
func (r *robot) judge(req notify.Request, answer notify.Answer) error {
	var said struct {
		Code   *int   `json:"code"`
		Text   string `json:"msg"`
		Status *int   `json:"StatusCode"`
	}
	known := json.Unmarshal(answer.Body, &said) == nil && (said.Code != nil || said.Status != nil)
	if !known || answer.Code == 429 || answer.Code >= 500 {
		if err := r.web.Refused(req, answer); err != nil {
			return err
		}
	}
	if !known {
		return fault.New(fault.Invalid, "send to Feishu: no code in the answer%s", r.web.Said(req, answer)).
			WithHint("see whether the address is a Feishu or Lark robot's")
	}
	code := 0
	if said.Code != nil {
		code = *said.Code
	} else {
		code = *said.Status
	}
	words := notify.Cut(r.web.Hide(req, said.Text), 300)
	switch code {
	case 0:
		return nil
	case 11232, 99991400:
		return notify.Later(time.Minute, "send to Feishu: too many messages: code %d: %s", code, words)
	case 19021:
		return fault.New(fault.Denied, "send to Feishu: code 19021: %s", words).
			WithHint("the secret is not the robot's, or this machine's clock is off by more than an hour")
	case 19022, 19024, 19001:
		return fault.New(fault.Denied, "send to Feishu: code %d: %s", code, words).
			WithHint("see the robot's security settings: addresses (19022), keywords (19024), the webhook address itself (19001)")
	}
	return fault.New(fault.Invalid, "send to Feishu: code %d: %s", code, words)
}
