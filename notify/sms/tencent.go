package sms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// Tencent returns the kind of channel that sends by Tencent Cloud's short message service (腾讯云短信).
func Tencent() notify.Spec {
	return notify.Spec{
		Name:      "sms-tencent",
		Doc:       "Short messages by Tencent Cloud (腾讯云短信).",
		PerMinute: 60,
		Options: []option.Option{
			{Name: "secret_id", Required: true, Doc: "The SecretId of a user who may send short messages."},
			{Name: "secret_key", Required: true, Secret: true, Doc: "Its SecretKey."},
			{Name: "sdk_app_id", Required: true, Doc: "The application's SdkAppId."},
			{Name: "sign_name", Required: true, Doc: "The approved signature (签名)."},
			{Name: "template_id", Required: true, Doc: "The number of the approved template."},
			{Name: "template_params", Default: `["{{rule}}","{{level}}","{{value}}"]`, Doc: "The template's variables as a JSON list, with placeholders."},
			{Name: "phones", Required: true, Doc: "The numbers to send to, as +8613800000000, with commas; 200 at most."},
			{Name: "max_length", Kind: option.Int, Default: "12", Doc: "The most characters of a variable; Tencent takes 12 from those who verified a person, more from companies."},
			{Name: "region", Default: "ap-guangzhou", Doc: "The region of the service."},
			{Name: "url", Default: "https://sms.tencentcloudapi.com", Doc: "The address of the API."},
			notify.Language(),
		},
		New: openTencent,
	}
}

type tencent struct {
	web      *notify.Web
	deps     notify.Deps
	text     notify.Text
	v        option.Values
	params   template
	phones   []string
	progress progress
}

func openTencent(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	t := &tencent{
		web: notify.NewWeb(d, "send short message by Tencent", v.String("secret_key")), deps: d, text: notify.NewText(v, d), v: v,
		phones: notify.Separated(v.String("phones")),
	}
	var err error
	if t.params, err = variables(v, "template_params"); err != nil {
		return nil, err
	}
	var list []string
	if json.Unmarshal([]byte(t.params.fill(nil, inJSON)), &list) != nil {
		return nil, fault.New(fault.Invalid, "option %q is no JSON list of texts", "template_params")
	}
	if len(t.phones) == 0 || len(t.phones) > 200 {
		return nil, fault.New(fault.Invalid, "option %q has %d numbers, of 1 to 200", "phones", len(t.phones))
	}
	return t, nil
}

// Notify sends a notice to all numbers that did not have it yet, in one request.
func (t *tencent) Notify(ctx context.Context, n notify.Notice) error {
	phones := t.progress.left(n.ID, t.phones)
	if len(phones) == 0 {
		return nil
	}
	body, err := notify.JSON(map[string]any{
		"PhoneNumberSet": phones, "SmsSdkAppId": t.v.String("sdk_app_id"), "SignName": t.v.String("sign_name"), "TemplateId": t.v.String("template_id"),
		"TemplateParamSet": json.RawMessage(t.params.fill(values(t.text, n, phones, int(t.v.Int("max_length"))), inJSON)),
	})
	if err != nil {
		return fault.New(fault.Invalid, "send short message by Tencent: %w", err)
	}
	req := t.request("sms", "SendSms", "2021-01-11", body)
	answer, err := t.web.Send(ctx, req)
	if err != nil {
		return err
	}
	return t.judge(n.ID, req, answer)
}

func (t *tencent) judge(notice string, req notify.Request, answer notify.Answer) error {
	if err := t.web.Refused(req, answer); err != nil {
		return err
	}
	var said struct {
		Response *struct {
			Error         *struct{ Code, Message string }
			SendStatusSet []struct{ PhoneNumber, Code, Message string }
		}
	}
	if json.Unmarshal(answer.Body, &said) != nil || said.Response == nil || said.Response.Error == nil && len(said.Response.SendStatusSet) == 0 {
		return fault.New(fault.Invalid, "send short message by Tencent: no Response in the answer%s", t.web.Said(req, answer))
	}
	if e := said.Response.Error; e != nil {
		return t.refused(req, e.Code, e.Message)
	}
	var errs []error
	for _, s := range said.Response.SendStatusSet {
		if s.Code == "Ok" {
			t.progress.note(notice, s.PhoneNumber)
			continue
		}
		errs = append(errs, t.refused(req, s.Code, s.Message))
	}
	return worst(errs)
}

func (t *tencent) refused(req notify.Request, code, message string) error {
	text := notify.Cut(t.web.Hide(req, message), 300)
	switch {
	case strings.HasPrefix(code, "LimitExceeded"), strings.HasPrefix(code, "RequestLimitExceeded"):
		return notify.Later(time.Minute, "send short message by Tencent: %s: %s", code, text)
	case strings.HasPrefix(code, "InternalError"):
		return fault.New(fault.Unavailable, "send short message by Tencent: %s: %s", code, text)
	case strings.HasPrefix(code, "AuthFailure"), strings.HasPrefix(code, "UnauthorizedOperation"):
		return fault.New(fault.Denied, "send short message by Tencent: %s: %s", code, text).
			WithHint("see SecretId and SecretKey, whether their user may send short messages, and this machine's clock")
	}
	return fault.New(fault.Invalid, "send short message by Tencent: %s: %s", code, text)
}

// request is a call of the API, signed with TC3-HMAC-SHA256.
func (t *tencent) request(service, action, version string, body []byte) notify.Request {
	u, err := url.Parse(t.v.String("url"))
	if err != nil { // was checked by openTencent
		u = &url.URL{}
	}
	const kind = "application/json; charset=utf-8"
	now := t.deps.Clock().UTC()
	seconds, date := strconv.FormatInt(now.Unix(), 10), now.Format("2006-01-02")
	payload := sha256.Sum256(body)
	canonical := sha256.Sum256([]byte("POST\n/\n\ncontent-type:" + kind + "\nhost:" + u.Host + "\n\ncontent-type;host\n" + hex.EncodeToString(payload[:])))
	scope := date + "/" + service + "/tc3_request"
	key := []byte("TC3" + t.v.String("secret_key"))
	for _, part := range strings.Split(scope, "/") {
		key = digest(key, part)
	}
	signature := hex.EncodeToString(digest(key, "TC3-HMAC-SHA256\n"+seconds+"\n"+scope+"\n"+hex.EncodeToString(canonical[:])))
	header := http.Header{}
	header.Set("Authorization", "TC3-HMAC-SHA256 Credential="+t.v.String("secret_id")+"/"+scope+", SignedHeaders=content-type;host, Signature="+signature)
	header.Set("Content-Type", kind)
	header.Set("X-TC-Action", action)
	header.Set("X-TC-Version", version)
	header.Set("X-TC-Timestamp", seconds)
	header.Set("X-TC-Region", t.v.String("region"))
	return notify.Request{URL: u.Scheme + "://" + u.Host + "/", Header: header, Body: body}
}
