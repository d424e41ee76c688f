// Package wecom tells a WeCom (企业微信) group through its robot.
//
// A message has at most 4096 bytes, and is cut there at the end of a character, the mentions kept. Success is
// errcode 0 in the body.
package wecom

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
	maxText    = 4096
	maxEntries = 10
)

// Spec returns the kind of channel.
func Spec() notify.Spec {
	return notify.Spec{
		Name:      "wecom",
		Doc:       "A WeCom group, through its robot (企业微信群机器人).",
		PerMinute: 20,
		Options: []option.Option{
			{Name: "url", Required: true, Secret: true, Doc: "The webhook address that WeCom shows for the robot, with its key."},
			{Name: "user_ids", Doc: "The user ids of those to mention, with commas."},
			notify.Language(),
		},
		New: open,
	}
}

type robot struct {
	web     *notify.Web
	text    notify.Text
	address string
	mention string
}

type message struct {
	Type     string   `json:"msgtype"`
	Markdown markdown `json:"markdown"`
}

type markdown struct {
	Content string `json:"content"`
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	r := &robot{web: notify.NewWeb(d, "send to WeCom", v.String("url")), text: notify.NewText(v, d), address: v.String("url")}
	for _, id := range notify.Separated(v.String("user_ids")) {
		r.mention += "<@" + strings.Trim(id, "<@>") + ">"
	}
	if len(r.mention) > maxText/2 {
		return nil, fault.New(fault.Invalid, "option %q names too many people", "user_ids")
	}
	return r, nil
}

// Notify sends a notice as one message.
func (r *robot) Notify(ctx context.Context, n notify.Notice) error {
	msg := message{Type: "markdown", Markdown: markdown{r.body(r.text.Page(n, maxEntries))}}
	answer, err := r.web.PostJSON(ctx, r.address, msg)
	if err != nil {
		return err
	}
	req := notify.Request{URL: r.address}
	if err := r.web.Refused(req, answer); err != nil {
		return err
	}
	return r.judge(req, answer)
}

func (r *robot) body(p notify.Page) string {
	tail := ""
	if r.mention != "" {
		tail = "\n" + r.mention
	}
	return notify.Cut(p.Markdown(notify.Calm), maxText-len(tail)) + tail
}

func (r *robot) judge(req notify.Request, answer notify.Answer) error {
	var said struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal(answer.Body, &said); err != nil || said.Code == nil {
		return fault.New(fault.Invalid, "send to WeCom: no errcode in the answer%s", r.web.Said(req, answer)).
			WithHint("see whether the address is a WeCom robot's")
	}
	text := notify.Cut(r.web.Hide(req, said.Text), 300)
	switch *said.Code {
	case 0:
		return nil
	case -1:
		return fault.New(fault.Unavailable, "send to WeCom: busy: %s", text)
	case 45009, 45033:
		return notify.Later(time.Minute, "send to WeCom: too many messages: errcode %d: %s", *said.Code, text)
	case 93000, 93004, 93008:
		return fault.New(fault.Denied, "send to WeCom: errcode %d: %s", *said.Code, text).
			WithHint("see whether the robot is still in the group and its key is right")
	}
	return fault.New(fault.Invalid, "send to WeCom: errcode %d: %s", *said.Code, text)
}
