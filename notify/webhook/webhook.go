// Package webhook posts notices as JSON to an address of the user's: the form is that of Prometheus Alertmanager's
// webhook, version 4, so that what receives those receives ours.
//
// With a secret each request is signed: X-Millrace-Signature is "sha256=" and the hexadecimal HMAC-SHA256, with the
// secret as key, of X-Millrace-Timestamp (seconds), a full stop, and the body. X-Millrace-Notice names the notice, and
// is the same when it is sent again.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"millrace/fault"
	"millrace/notify"
	"millrace/option"
)

const version = "4"

// Spec returns the kind of channel.
func Spec() notify.Spec {
	return notify.Spec{
		Name: "webhook",
		Doc:  "An address of yours, with JSON in the form of Alertmanager's webhook.",
		Options: []option.Option{
			{Name: "url", Required: true, Secret: true, Doc: "The address to post to."},
			{Name: "secret", Secret: true, Doc: "A key to sign requests with (header X-Millrace-Signature); empty: they are not signed."},
			{Name: "headers.*", Secret: true, Doc: "Headers to send, as headers.Authorization."},
			{Name: "max_alerts", Kind: option.Int, Default: "0", Doc: "The most alerts in one request; 0 is all."},
		},
		New: open,
	}
}

type hook struct {
	web     *notify.Web
	deps    notify.Deps
	address string
	secret  string
	headers http.Header
	most    int
}

func open(v option.Values, d notify.Deps) (notify.Notifier, error) {
	if err := notify.Address("url", v.String("url")); err != nil {
		return nil, err
	}
	secrets := []string{v.String("url"), v.String("secret")}
	headers := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for name, value := range v.Under("headers.") {
		if strings.ContainsAny(value, "\r\n") || strings.ContainsAny(name, "\r\n: ") || name == "" {
			return nil, fault.New(fault.Invalid, "option %q is no header", "headers."+name)
		}
		headers.Set(name, value)
		secrets = append(secrets, value)
	}
	most := int(v.Int("max_alerts"))
	if most < 0 {
		return nil, fault.New(fault.Invalid, "option %q: %d is less than nothing", "max_alerts", most)
	}
	return &hook{notify.NewWeb(d, "post to webhook", secrets...), d, v.String("url"), v.String("secret"), headers, most}, nil
}

// message has the fields of Alertmanager's, in its order.
type message struct {
	Receiver          string            `json:"receiver"`
	Status            notify.Status     `json:"status"`
	Alerts            []alert           `json:"alerts"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	Truncated         int               `json:"truncatedAlerts"`
}

type alert struct {
	Status       notify.Status     `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // zero while it fires
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
	// Beyond Alertmanager's, since there they stand in annotations as text.
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
}

// Notify posts a notice.
func (h *hook) Notify(ctx context.Context, n notify.Notice) error {
	body, err := notify.JSON(h.message(n))
	if err != nil {
		return fault.New(fault.Invalid, "post to webhook: %w", err)
	}
	req := notify.Request{URL: h.address, Header: h.headers.Clone(), Body: body}
	req.Header.Set("X-Millrace-Notice", n.ID)
	if h.secret != "" {
		seconds := strconv.FormatInt(h.deps.Clock().Unix(), 10)
		req.Header.Set("X-Millrace-Timestamp", seconds)
		req.Header.Set("X-Millrace-Signature", sign(h.secret, seconds, body))
	}
	answer, err := h.web.Send(ctx, req)
	if err != nil {
		return err
	}
	return h.web.Refused(req, answer)
}

func sign(secret, seconds string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func (h *hook) message(n notify.Notice) message {
	m := message{
		Receiver: n.Channel, Status: n.Status, Alerts: []alert{}, GroupLabels: named(n.Labels), ExternalURL: n.Link,
		Version: version, GroupKey: n.Group,
	}
	alerts := n.Alerts
	if h.most > 0 && len(alerts) > h.most {
		m.Truncated = len(alerts) - h.most
		alerts = alerts[:h.most]
	}
	for _, a := range alerts {
		m.Alerts = append(m.Alerts, convert(a))
	}
	m.CommonLabels = shared(m.Alerts, func(a alert) map[string]string { return a.Labels })
	m.CommonAnnotations = shared(m.Alerts, func(a alert) map[string]string { return a.Annotations })
	return m
}

func convert(a notify.Alert) alert {
	labels := map[string]string{}
	for name, value := range a.Labels {
		labels[name] = value
	}
	labels["alertname"], labels["severity"] = a.Rule, string(a.Level)
	annotations := map[string]string{"value": notify.Number(a.Value), "threshold": notify.Number(a.Threshold)}
	if a.Summary != "" {
		annotations["summary"] = a.Summary
	}
	if a.Doc != "" {
		annotations["description"] = a.Doc
	}
	out := alert{
		Status: a.Status, Labels: labels, Annotations: annotations, StartsAt: a.Since.UTC(), GeneratorURL: a.Link, Fingerprint: a.ID,
		Value: a.Value, Threshold: a.Threshold,
	}
	if a.Status == notify.Resolved {
		out.EndsAt = a.ResolvedAt.UTC()
	}
	return out
}

// named gives our own names of labels those of Prometheus.
func named(labels map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		switch name {
		case "rule":
			name = "alertname"
		case "level":
			name = "severity"
		}
		out[name] = value
	}
	return out
}

// shared is what all alerts have the same.
func shared(alerts []alert, of func(alert) map[string]string) map[string]string {
	out := map[string]string{}
	if len(alerts) == 0 {
		return out
	}
	for name, value := range of(alerts[0]) {
		out[name] = value
	}
	for _, a := range alerts[1:] {
		own := of(a)
		for name, value := range out {
			if v, ok := own[name]; !ok || v != value {
				delete(out, name)
			}
		}
	}
	return out
}
