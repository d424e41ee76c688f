package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/notify/notifytest"
	"millrace/option"
)

func settings(url string) option.Values {
	return option.Values{"url": url + "/hook/long-token-1234", "secret": "sign-me", "headers.Authorization": "Bearer abcdefgh"}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, Secrets: []string{"long-token-1234", "sign-me", "abcdefgh"}})
}

func TestMessage(t *testing.T) {
	server := notifytest.NewServer(t, "")
	if err := notifytest.New(t, Spec(), settings(server.URL)).Notify(context.Background(), notifytest.Recovered()); err != nil {
		t.Fatal(err)
	}
	got := server.Last(t)
	want := `{"receiver":"ops","status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"cpu_usage","host":"a","severity":"critical"},` +
		`"annotations":{"summary":"cpu_usage 128 > 80","threshold":"80","value":"128"},"startsAt":"2023-11-14T22:11:50Z","endsAt":"2023-11-14T22:13:20Z",` +
		`"generatorURL":"","fingerprint":"id-a","value":128,"threshold":80}],"groupLabels":{"alertname":"cpu_usage"},` +
		`"commonLabels":{"alertname":"cpu_usage","host":"a","severity":"critical"},` +
		`"commonAnnotations":{"summary":"cpu_usage 128 > 80","threshold":"80","value":"128"},` +
		`"externalURL":"http://millrace.test/alerts","version":"4","groupKey":"g1","truncatedAlerts":0}`
	if diff := cmp.Diff(want, got.Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if got.Header.Get("Authorization") != "Bearer abcdefgh" || got.Header.Get("X-Millrace-Notice") != "n2" {
		t.Errorf("headers %v", got.Header)
	}
	if sum := got.Header.Get("X-Millrace-Signature"); got.Header.Get("X-Millrace-Timestamp") != "1700000000" ||
		sum != sign("sign-me", "1700000000", []byte(got.Body)) {
		t.Errorf("signature %q", sum)
	}
	// printf '1700000000.{}' | openssl dgst -sha256 -hmac sign-me
	if got, want := sign("sign-me", "1700000000", []byte("{}")), vector; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

const vector = "sha256=5f23b5806474215fe0229cda5a144c47e66e5943c667dd8e80af0b727dd6e9f2"

func TestCommonLabelsAndTruncation(t *testing.T) {
	server := notifytest.NewServer(t, "")
	v := settings(server.URL)
	v["max_alerts"] = "2"
	if err := notifytest.New(t, Spec(), v).Notify(context.Background(), notifytest.Crowd(5)); err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal([]byte(server.Last(t).Body), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Alerts) != 2 || m.Truncated != 3 {
		t.Errorf("%d alerts, %d truncated", len(m.Alerts), m.Truncated)
	}
	if diff := cmp.Diff(map[string]string{"alertname": "cpu_usage", "severity": "critical"}, m.CommonLabels); diff != "" {
		t.Errorf("common labels (-want +got):\n%s", diff)
	}
}

func TestBadSettings(t *testing.T) {
	f := func(name, value, want string) {
		t.Helper()
		v := option.Values{"url": "http://x.test/"}
		v[name] = value
		if _, err := Spec().New(v, notifytest.Deps()); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	f("url", "ftp://x", "url")
	f("url", "nothing", "url")
	f("headers.X", "a\r\nB: c", "headers.X")
	f("max_alerts", "-1", "max_alerts")
}
