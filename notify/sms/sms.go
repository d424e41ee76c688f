// Package sms sends short messages: by Aliyun, by Tencent Cloud, or by any service with an HTTP API, which a template
// describes, so that a new one needs no code.
//
// A template has placeholders, {{phone}} or {{title}}, whose values are escaped for where they stand: in the address,
// a header, JSON or a form. With {{phone}} each number gets a request of its own; a number that had its message is not
// sent it again when another one's is tried again. {{phones}} are all numbers with commas, {{phones_json}} as a JSON
// list.
package sms

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// Spec returns the kind of channel that a template describes.
func Spec() notify.Spec {
	return notify.Spec{
		Name: "sms",
		Doc:  "Short messages by any service with an HTTP API, described by a template.",
		Options: []option.Option{
			{Name: "url", Required: true, Secret: true, Doc: "The address of the API; placeholders are escaped for a query."},
			{Name: "method", OneOf: []string{"POST", "PUT", "GET"}, Default: "POST", Doc: "The method."},
			{Name: "headers.*", Secret: true, Doc: "Headers to send, as headers.Authorization, with placeholders."},
			{Name: "content_type", Default: "application/json", Doc: "The type of the body; placeholders are escaped for JSON or a form accordingly."},
			{Name: "body", Secret: true, Doc: `The body with placeholders, as {"to":"{{phone}}","text":"{{text}}"}. There are ` + strings.Join(placeholders(), ", ") + "."},
			{Name: "phones", Required: true, Doc: "The numbers to send to, with commas."},
			{Name: "success_pointer", Doc: "Where the answer says how it went, as a JSON pointer: /code. Empty: any status 2xx is good."},
			{Name: "success_value", Doc: "What stands there when it went well: 0, OK."},
			{Name: "max_length", Kind: option.Int, Default: "200", Doc: "The most characters of a placeholder's value; 0 is no limit."},
			notify.Language(),
		},
		PerMinute: 60,
		New:       open,
	}
}

type gateway struct {
	web      *notify.Web
	text     notify.Text
	method   string
	address  template
	headers  map[string]template
	kind     string
	body     template
	escape   func(string) string
	phones   []string
	each     bool // a request for each number
	pointer  string
	good     string
	most     int
	progress progress
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	g := &gateway{
		text: notify.NewText(v, d), method: v.String("method"), headers: map[string]template{}, kind: v.String("content_type"), escape: asIs,
		phones: notify.Separated(v.String("phones")), pointer: v.String("success_pointer"), good: v.String("success_value"), most: int(v.Int("max_length")),
	}
	switch {
	case strings.Contains(g.kind, "json"):
		g.escape = inJSON
	case strings.Contains(g.kind, "form"):
		g.escape = inURL
	}
	secrets, err := g.parse(v)
	if err != nil {
		return nil, err
	}
	g.web = notify.NewWeb(d, "send short message", secrets...)
	return g, g.check()
}

// parse reads the templates, and returns the texts that are secret.
func (g *gateway) parse(v option.Values) (secrets []string, err error) {
	names := placeholders()
	read := func(name string) template {
		t, parseErr := parse(v.String(name), names)
		if parseErr != nil && err == nil {
			err = fault.New(fault.Invalid, "option %q: %w", name, parseErr)
		}
		g.each = g.each || t.uses("phone")
		for _, p := range t {
			if len(p.text) >= 8 {
				secrets = append(secrets, p.text)
			}
		}
		return t
	}
	g.address, g.body = read("url"), read("body")
	for name := range v.Under("headers.") {
		if name == "" || strings.ContainsAny(name, "\r\n: ") {
			return nil, fault.New(fault.Invalid, "option %q is no header", "headers."+name)
		}
		g.headers[name] = read("headers." + name)
	}
	return secrets, err
}

// check fills in an example, to find what would go wrong with the first alert.
func (g *gateway) check() error {
	if len(g.phones) == 0 {
		return fault.New(fault.Invalid, "option %q has no number", "phones")
	}
	if g.pointer != "" && !strings.HasPrefix(g.pointer, "/") {
		return fault.New(fault.Invalid, "option %q: %q is no JSON pointer", "success_pointer", g.pointer).WithHint("it begins with /, as /code")
	}
	if !g.each && !g.body.uses("phones") && !g.body.uses("phones_json") && !g.address.uses("phones") {
		return fault.New(fault.Invalid, "no template says where the number goes").WithHint("put {{phone}}, {{phones}} or {{phones_json}} into the body or the address")
	}
	example := values(g.text, notify.Notice{Alerts: []notify.Alert{{Rule: `"\`, Summary: "\n"}}}, g.phones, g.most)
	if err := notify.Address("url", g.address.fill(example, inURL)); err != nil {
		return err
	}
	if strings.Contains(g.kind, "json") && len(g.body) > 0 && !json.Valid([]byte(g.body.fill(example, g.escape))) {
		return fault.New(fault.Invalid, "option %q is not JSON with its placeholders filled in", "body").
			WithHint(`placeholders stand inside quotes, but for {{phones_json}}: {"to":{{phones_json}},"text":"{{text}}"}`)
	}
	return nil
}

// Notify sends a notice to all numbers that did not have it yet.
func (g *gateway) Notify(ctx context.Context, n notify.Notice) error {
	v := values(g.text, n, g.phones, g.most)
	if !g.each {
		return g.send(ctx, v)
	}
	var errs []error
	for _, phone := range g.progress.left(n.ID, g.phones) {
		v["phone"] = phone
		if err := g.send(ctx, v); err != nil {
			errs = append(errs, err)
			continue
		}
		g.progress.note(n.ID, phone)
	}
	return worst(errs)
}

// worst returns the error that decides about another try: one that is worth it, if there is one.
func worst(errs []error) error {
	for _, err := range errs {
		if notify.Retryable(err) {
			return err
		}
	}
	return errors.Join(errs[:min(len(errs), 1)]...)
}

func (g *gateway) send(ctx context.Context, v map[string]string) error {
	req := notify.Request{Method: g.method, URL: g.address.fill(v, inURL), Header: http.Header{}}
	for name, t := range g.headers {
		req.Header.Set(name, t.fill(v, inHeader))
	}
	if len(g.body) > 0 {
		req.Header.Set("Content-Type", g.kind)
		req.Body = []byte(g.body.fill(v, g.escape))
	}
	answer, err := g.web.Send(ctx, req)
	if err != nil {
		return err
	}
	if err := g.web.Refused(req, answer); err != nil {
		return err
	}
	if g.pointer == "" {
		return nil
	}
	if got, ok := find(answer.Body, g.pointer); !ok || got != g.good {
		return fault.New(fault.Invalid, "send short message: the answer has %q at %s, not %q%s", notify.Cut(got, 40), g.pointer, g.good, g.web.Said(req, answer))
	}
	return nil
}

// find returns the scalar at a JSON pointer (RFC 6901) as text.
func find(body []byte, pointer string) (string, bool) {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return "", false
	}
	for _, key := range strings.Split(pointer, "/")[1:] {
		key = strings.ReplaceAll(strings.ReplaceAll(key, "~1", "/"), "~0", "~")
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[key]
			if !ok {
				return "", false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) {
				return "", false
			}
			v = at[i]
		default:
			return "", false
		}
	}
	switch at := v.(type) {
	case string:
		return at, true
	case json.Number:
		return at.String(), true
	case bool:
		return strconv.FormatBool(at), true
	case nil:
		return "null", true
	}
	return "", false
}
