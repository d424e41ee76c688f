package sms

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

// Aliyun returns the kind of channel that sends by Aliyun's short message service (阿里云短信).
func Aliyun() notify.Spec {
	return notify.Spec{
		Name:      "sms-aliyun",
		Doc:       "Short messages by Aliyun (阿里云短信服务).",
		PerMinute: 60,
		Options: []option.Option{
			{Name: "access_key_id", Required: true, Doc: "The AccessKey ID of a user who may send short messages."},
			{Name: "access_key_secret", Required: true, Secret: true, Doc: "Its AccessKey Secret."},
			{Name: "sign_name", Required: true, Doc: "The approved signature (签名)."},
			{Name: "template_code", Required: true, Doc: "The code of the approved template, SMS_…."},
			{
				Name: "template_param", Default: `{"rule":"{{rule}}","level":"{{level}}","value":"{{value}}","status":"{{status}}"}`,
				Doc: "The template's variables as JSON, with placeholders.",
			},
			{Name: "phones", Required: true, Doc: "The numbers to send to, with commas; 1000 at most."},
			{Name: "max_length", Kind: option.Int, Default: "35", Doc: "The most characters of a variable; Aliyun takes 35."},
			{Name: "url", Default: "https://dysmsapi.aliyuncs.com", Doc: "The address of the API."},
			notify.Language(),
		},
		New: openAliyun,
	}
}

type aliyun struct {
	web    *notify.Web
	deps   notify.Deps
	text   notify.Text
	v      option.Values
	param  template
	phones []string
}

func openAliyun(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	a := &aliyun{
		web: notify.NewWeb(d, "send short message by Aliyun", v.String("access_key_secret")), deps: d, text: notify.NewText(v, d), v: v,
		phones: notify.Separated(v.String("phones")),
	}
	var err error
	if a.param, err = variables(v, "template_param"); err != nil {
		return nil, err
	}
	if len(a.phones) == 0 || len(a.phones) > 1000 {
		return nil, fault.New(fault.Invalid, "option %q has %d numbers, of 1 to 1000", "phones", len(a.phones))
	}
	return a, nil
}

// variables reads an option that is JSON with placeholders.
func variables(v option.Values, name string) (template, error) {
	t, err := parse(v.String(name), placeholders())
	if err != nil {
		return nil, fault.New(fault.Invalid, "option %q: %w", name, err)
	}
	if !json.Valid([]byte(t.fill(nil, inJSON))) {
		return nil, fault.New(fault.Invalid, "option %q is no JSON", name)
	}
	return t, nil
}

// Notify sends a notice to all numbers in one request.
func (a *aliyun) Notify(ctx context.Context, n notify.Notice) error {
	query := url.Values{
		"PhoneNumbers": {strings.Join(a.phones, ",")}, "SignName": {a.v.String("sign_name")}, "TemplateCode": {a.v.String("template_code")},
		"TemplateParam": {a.param.fill(values(a.text, n, a.phones, int(a.v.Int("max_length"))), inJSON)},
	}
	req := a.request(query, "SendSms", "2017-05-25", rand.Text())
	answer, err := a.web.Send(ctx, req)
	if err != nil {
		return err
	}
	var said struct{ Code, Message string }
	if json.Unmarshal(answer.Body, &said) != nil || said.Code == "" || answer.Code == http.StatusTooManyRequests {
		if err := a.web.Refused(req, answer); err != nil {
			return err
		}
		return fault.New(fault.Invalid, "send short message by Aliyun: no Code in the answer%s", a.web.Said(req, answer))
	}
	text := notify.Cut(a.web.Hide(req, said.Message), 300)
	switch {
	case said.Code == "OK":
		return nil
	case strings.HasPrefix(said.Code, "Throttling"), said.Code == "isv.BUSINESS_LIMIT_CONTROL":
		return notify.Later(time.Minute, "send short message by Aliyun: %s: %s", said.Code, text)
	case said.Code == "isp.SYSTEM_ERROR", said.Code == "ServiceUnavailable", said.Code == "InternalError":
		return fault.New(fault.Unavailable, "send short message by Aliyun: %s: %s", said.Code, text)
	case strings.HasPrefix(said.Code, "InvalidAccessKeyId"), strings.HasPrefix(said.Code, "Forbidden"), said.Code == "SignatureDoesNotMatch", said.Code == "isp.RAM_PERMISSION_DENY":
		return fault.New(fault.Denied, "send short message by Aliyun: %s: %s", said.Code, text).
			WithHint("see the AccessKey, and whether its user may send short messages (AliyunDysmsFullAccess)")
	}
	return fault.New(fault.Invalid, "send short message by Aliyun: %s: %s", said.Code, text)
}

// request is a call of the API, signed with ACS3-HMAC-SHA256.
func (a *aliyun) request(query url.Values, action, version, nonce string) notify.Request {
	u, err := url.Parse(a.v.String("url"))
	if err != nil { // was checked by openAliyun
		u = &url.URL{}
	}
	canonical := percent(query.Encode())
	empty := sha256.Sum256(nil)
	signed := map[string]string{
		"host": u.Host, "x-acs-action": action, "x-acs-version": version, "x-acs-date": a.deps.Clock().UTC().Format("2006-01-02T15:04:05Z"),
		"x-acs-signature-nonce": nonce, "x-acs-content-sha256": hex.EncodeToString(empty[:]),
	}
	header := http.Header{}
	var names []string
	for name, value := range signed {
		names = append(names, name)
		header.Set(name, value)
	}
	slices.Sort(names)
	text := "POST\n/\n" + canonical + "\n"
	for _, name := range names {
		text += name + ":" + signed[name] + "\n"
	}
	text += "\n" + strings.Join(names, ";") + "\n" + signed["x-acs-content-sha256"]
	sum := sha256.Sum256([]byte(text))
	signature := hex.EncodeToString(digest([]byte(a.v.String("access_key_secret")), "ACS3-HMAC-SHA256\n"+hex.EncodeToString(sum[:])))
	header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+a.v.String("access_key_id")+",SignedHeaders="+strings.Join(names, ";")+",Signature="+signature)
	return notify.Request{URL: u.Scheme + "://" + u.Host + "/?" + canonical, Header: header}
}

// percent turns the escapes of forms into those of RFC 3986.
func percent(query string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(query)
}

func digest(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
