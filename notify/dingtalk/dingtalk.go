// Package dingtalk tells a DingTalk group through its custom robot.
//
// A robot takes 20 messages a minute and then nothing for ten, so a notice is one message however many alerts it
// has. Success is errcode 0 in the body, never the status alone. People are mentioned only if their number stands
// in the text and in the list beside it.
package dingtalk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

const (
	maxText    = 18_000 // bytes; a robot refuses messages of more than 20,000
	maxEntries = 15
	penalty    = 10 * time.Minute // how long a robot is blocked that sent too much
)

// Spec returns the kind of channel.
func Spec() notify.Spec {
	return notify.Spec{
		Name:      "dingtalk",
		Doc:       "A DingTalk group, through its custom robot (钉钉群机器人).",
		PerMinute: 20,
		Options: []option.Option{
			{Name: "url", Required: true, Secret: true, Doc: "The webhook address that DingTalk shows for the robot, with its access_token."},
			{Name: "secret", Secret: true, Doc: "The key of the robot's signature (加签), SEC…; empty if the robot checks keywords or addresses."},
			{Name: "keyword", Doc: "A word to put into each message, if the robot checks keywords."},
			{Name: "mobiles", Doc: "The mobile numbers of those to mention, with commas."},
			{Name: "user_ids", Doc: "The user ids of those to mention, with commas."},
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
	address *url.URL
	secret  string
	keyword string
	at      at
}

type at struct {
	Mobiles []string `json:"atMobiles"`
	UserIDs []string `json:"atUserIds"`
	All     bool     `json:"isAtAll"`
}

type message struct {
	Type     string   `json:"msgtype"`
	Markdown markdown `json:"markdown"`
	At       at       `json:"at"`
}

type markdown struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	address, err := url.Parse(v.String("url"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "option %q is no address", "url")
	}
	return &robot{
		web:     notify.NewWeb(d, "send to DingTalk", v.String("url"), v.String("secret")),
		deps:    d,
		text:    notify.NewText(v, d),
		address: address,
		secret:  v.String("secret"),
		keyword: v.String("keyword"),
		at:      at{Mobiles: list(v, "mobiles"), UserIDs: list(v, "user_ids"), All: v.Bool("at_all")},
	}, nil
}

// list is never nil: the robot wants an empty list, not null.
func list(v option.Values, name string) []string {
	return append([]string{}, notify.Separated(v.String(name))...)
}

// Notify sends a notice as one message.
func (r *robot) Notify(ctx context.Context, n notify.Notice) error {
	page := r.text.Page(n, maxEntries)
	msg := message{Type: "markdown", Markdown: markdown{Title: notify.Calm(page.Title), Text: r.body(page)}, At: r.at}
	address := r.signed(r.deps.Clock())
	answer, err := r.web.PostJSON(ctx, address, msg)
	if err != nil {
		return err
	}
	req := notify.Request{URL: address}
	if err := r.web.Refused(req, answer); err != nil {
		return err
	}
	return r.judge(req, answer)
}

// body puts the mentions behind the text, since what is cut off is cut at the end of the text before them.
func (r *robot) body(page notify.Page) string {
	var tail strings.Builder
	if r.keyword != "" {
		tail.WriteString("\n" + r.keyword + "\n")
	}
	var people []string
	for _, p := range append(append([]string{}, r.at.Mobiles...), r.at.UserIDs...) {
		people = append(people, "@"+p)
	}
	if len(people) > 0 {
		tail.WriteString("\n" + strings.Join(people, " ") + "\n")
	}
	return notify.Cut(page.Markdown(notify.Calm), maxText-tail.Len()) + tail.String()
}

// signed is the address with time and signature.
func (r *robot) signed(now time.Time) string {
	if r.secret == "" {
		return r.address.String()
	}
	u := *r.address
	ms := strconv.FormatInt(now.UnixMilli(), 10)
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "timestamp=" + ms + "&sign=" + sign(r.secret, ms)
	return u.String()
}

// sign is the signature over a time in milliseconds, ready for a query.
func sign(secret, ms string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(ms + "\n" + secret))
	return url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// judge reads the code in an answer.
func (r *robot) judge(req notify.Request, answer notify.Answer) error {
	var said struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal(answer.Body, &said); err != nil || said.Code == nil {
		return fault.New(fault.Invalid, "send to DingTalk: no errcode in the answer%s", r.web.Said(req, answer)).
			WithHint("see whether the address is a DingTalk robot's")
	}
	text := notify.Cut(r.web.Hide(req, said.Text), 300)
	switch *said.Code {
	case 0:
		return nil
	case -1:
		return fault.New(fault.Unavailable, "send to DingTalk: busy: %s", text)
	case 130101, 410100, 90018:
		return notify.Later(penalty, "send to DingTalk: too many messages: errcode %d: %s", *said.Code, text)
	case 310000:
		return fault.New(fault.Denied, "send to DingTalk: errcode %d: %s", *said.Code, text).
			WithHint("see the robot's security settings: secret and clock (an hour at most) for a signature, keyword, or this machine's address")
	case 300001, 300005, 40035, 101002:
		return fault.New(fault.Denied, "send to DingTalk: errcode %d: %s", *said.Code, text).
			WithHint("see whether the robot exists and its access_token is right")
	}
	return fault.New(fault.Invalid, "send to DingTalk: errcode %d: %s", *said.Code, text)
}
