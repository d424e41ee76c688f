package telegram

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/notify"
	"millrace/notify/notifytest"
	"millrace/option"
)

const token = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"

func settings(url string) option.Values {
	return option.Values{"url": url, "bot_token": token, "chat_id": "-100200300", "language": "en"}
}

func TestContract(t *testing.T) {
	notifytest.Run(t, notifytest.Channel{Spec: Spec(), Options: settings, OK: `{"ok":true}`, Secrets: []string{token}})
}

func TestMessage(t *testing.T) {
	server := notifytest.NewServer(t, `{"ok":true}`)
	n := notifytest.New(t, Spec(), settings(server.URL))
	if err := n.Notify(context.Background(), notifytest.Notice()); err != nil {
		t.Fatal(err)
	}
	want := `{"chat_id":"-100200300","text":"[CRITICAL] cpu_usage host=a\n\nSummary: cpu_usage 128 > 80\nLevel: CRITICAL\nValue: 128\nThreshold: > 80\n` +
		`Since: 2023-11-14 22:11:50 +00:00\n\nOpen the alerts page: http://millrace.test/alerts\n","link_preview_options":{"is_disabled":true}}`
	if diff := cmp.Diff(want, server.Last(t).Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if got, want := server.Last(t).URL, "/bot"+token+"/sendMessage"; got != want {
		t.Errorf("address %s, want %s", got, want)
	}
}

func TestRefusals(t *testing.T) {
	server := notifytest.NewServer(t, "")
	n := notifytest.New(t, Spec(), settings(server.URL))
	server.Answer(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}`)
	if err := n.Notify(context.Background(), notifytest.Notice()); notify.RetryAfter(err) != 35*time.Second {
		t.Errorf("%v", err)
	}
	server.Answer(200, `{"ok":false,"description":"chat not found"}`)
	if err := n.Notify(context.Background(), notifytest.Notice()); err == nil || notify.Retryable(err) || !strings.Contains(err.Error(), "chat not found") {
		t.Errorf("%v", err)
	}
}
